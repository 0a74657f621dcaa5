/* What the first byte of an input chooses; the others are what is read. */
#ifndef TARGETS_H
#define TARGETS_H

enum {
    READ_SIGNED,
    READ_KEYSET,
    READ_CHAIN,
    READ_CERTIFICATE,
    READ_PRODUCT,
    READ_PRODUCT_CLAIMS,
    READ_PRODUCT_TEXT,
    READ_REQUEST,
    READ_CLAIMS,
    READ_HINT,
    READ_KEYSET_PART,
    READ_FRAME,
    READ_ANSWER,
    READ_RECORD,
    READ_SECRETS,
    READ_PRODUCT_KEY,
    READ_INSTALLATION,
    READ_CONFIRMATION,
    READ_DIGITS,
    READ_HOST,
    READ_CONTROL,
    TARGETS
};

#endif
