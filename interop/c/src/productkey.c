/* Product keys: the alphabet, the Reed-Solomon check, what follows from a key (spec/productkey.md). */
#include "productkey.h"

#include <string.h>

enum { SYMBOLS = 25, CHECK = 2, ORDER = 31, GROUP = 5, TYPED_MOST = 200, VERSION = 1, KIND_MOST = 2 };

static const char ALPHABET[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Multiplication by α = 2 modulo x^5 + x^2 + 1. */
static unsigned doubled(unsigned a) {
    a <<= 1;
    return a & 32 ? a ^ 37 : a;
}

static unsigned power(unsigned exponent) {
    unsigned a = 1;
    for (unsigned i = 0; i < exponent % ORDER; i++)
        a = doubled(a);
    return a;
}

static unsigned logarithm(unsigned a) {
    unsigned exponent = 0;
    for (unsigned b = 1; b != a; b = doubled(b))
        exponent++;
    return exponent;
}

static unsigned times(unsigned a, unsigned b) {
    return a == 0 || b == 0 ? 0 : power(logarithm(a) + logarithm(b));
}

static unsigned value_at(const uint8_t *symbols, unsigned x) {
    unsigned sum = 0;
    for (size_t i = 0; i < SYMBOLS; i++)
        sum = times(sum, x) ^ symbols[i];
    return sum;
}

static size_t dropped_at(mu_span typed, size_t i) {
    const uint8_t *at = typed.at + i;
    if (*at == ' ' || (*at >= '\t' && *at <= '\r') || *at == '-')
        return 1;
    if (typed.size - i >= 2 && at[0] == 0xc2 && at[1] == 0xa0) /* no-break space */
        return 2;
    /* U+2010 … U+2015 dashes, U+2212 minus, U+202F narrow space */
    bool is_dash = typed.size - i >= 3 && at[0] == 0xe2 &&
                   ((at[1] == 0x80 && ((at[2] >= 0x90 && at[2] <= 0x95) || at[2] == 0xaf)) || (at[1] == 0x88 && at[2] == 0x92));
    return is_dash ? 3 : 0;
}

static int symbol_of(uint8_t c) {
    if (c >= 'a' && c <= 'z')
        c = (uint8_t)(c - 'a' + 'A');
    c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
    const char *found = c == 0 ? NULL : strchr(ALPHABET, c);
    return found == NULL ? -1 : (int)(found - ALPHABET);
}

static void derive(mu_product_key *key) {
    mu_span text = mu_span_of(key->text, MU_KEY_CHARACTERS);
    mu_span pieces[] = {mu_span_of_text("muster-key-ref-v1"), text}, label = mu_span_of_text("muster-iid-v1");
    uint8_t hash[MU_HASH_SIZE];
    mu_sha256(hash, pieces, 2);
    memcpy(key->reference, hash, sizeof key->reference);
    mu_hmac(key->secret, text, &label, 1);
}

static uint32_t bits(const uint8_t *symbols, unsigned from, unsigned count) {
    uint32_t value = 0;
    for (unsigned i = from; i < from + count; i++)
        value = value << 1 | (symbols[i / 5] >> (4 - i % 5) & 1U);
    return value;
}

static void spell(const uint8_t *symbols, mu_product_key *key) {
    for (size_t i = 0; i < SYMBOLS; i++)
        key->text[i] = ALPHABET[symbols[i]];
    key->text[SYMBOLS] = '\0';
    key->kind = bits(symbols, 3, 2);
    key->scope = bits(symbols, 5, 24);
    derive(key);
}

int mu_product_key_read(mu_span typed, mu_product_key *found, int *group) {
    uint8_t symbols[SYMBOLS];
    size_t count = 0;
    *group = 0;
    if (typed.size > TYPED_MOST)
        return MU_KEY_MALFORMED;
    for (size_t i = 0, skip; i < typed.size; i += skip) {
        skip = dropped_at(typed, i);
        if (skip > 0)
            continue;
        skip = 1;
        int symbol = symbol_of(typed.at[i]);
        if (symbol < 0 || count == SYMBOLS)
            return MU_KEY_MALFORMED;
        symbols[count++] = (uint8_t)symbol;
    }
    if (count != SYMBOLS)
        return MU_KEY_MALFORMED;
    unsigned first = value_at(symbols, power(1)), second = value_at(symbols, power(2));
    if (first != 0 && second != 0) {
        unsigned place = (logarithm(second) + ORDER - logarithm(first)) % ORDER;
        if (place < SYMBOLS)
            *group = (int)((SYMBOLS - 1 - place) / GROUP) + 1;
    }
    if (first != 0 || second != 0 || bits(symbols, 0, 3) != VERSION || bits(symbols, 3, 2) > KIND_MOST)
        return MU_KEY_MALFORMED;
    spell(symbols, found);
    return MU_OK;
}

void mu_product_key_generic(const uint8_t *fingerprint, uint32_t edition, mu_product_key *found) {
    uint8_t number[4], hash[MU_HASH_SIZE], symbols[SYMBOLS] = {0};
    for (size_t i = 0; i < sizeof number; i++)
        number[i] = (uint8_t)(edition >> (24 - 8 * i));
    mu_span pieces[] = {mu_span_of_text("muster-generic-v1"), mu_span_of(fingerprint, MU_HASH_SIZE),
                        mu_span_of(number, sizeof number)};
    mu_sha256(hash, pieces, 3);
    uint64_t head = (uint64_t)VERSION << 26 | (uint64_t)MU_GENERIC << 24 | edition; /* 29 bits */
    for (unsigned i = 0; i < 115; i++) {
        unsigned bit = i < 29 ? head >> (28 - i) & 1U : hash[(i - 29) / 8] >> (7 - (i - 29) % 8) & 1U;
        symbols[i / 5] = (uint8_t)(symbols[i / 5] | bit << (4 - i % 5));
    }
    /* With check symbols a, b the polynomial is zero at α and α²: solved by trying all 32 of a. */
    for (unsigned a = 0; a < 32; a++) {
        symbols[SYMBOLS - CHECK] = (uint8_t)a;
        symbols[SYMBOLS - 1] = 0;
        unsigned rest = value_at(symbols, power(1));
        if (rest == value_at(symbols, power(2))) {
            symbols[SYMBOLS - 1] = (uint8_t)rest;
            break;
        }
    }
    spell(symbols, found);
}

void mu_product_key_format(const mu_product_key *key, char text[MU_FORMATTED_KEY + 1]) {
    size_t at = 0;
    for (size_t i = 0; i < MU_KEY_CHARACTERS; i++) {
        if (i > 0 && i % GROUP == 0)
            text[at++] = '-';
        text[at++] = key->text[i];
    }
    text[at] = '\0';
}
