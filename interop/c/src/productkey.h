/* Product keys: 25 characters (spec/productkey.md). */
#ifndef MUSTER_PRODUCTKEY_H
#define MUSTER_PRODUCTKEY_H

#include "trust.h"

enum { MU_KEY_CHARACTERS = 25, MU_FORMATTED_KEY = 29, MU_REFERENCE_SIZE = 8, MU_GENERIC = 0, MU_MULTIPLE = 2 };

typedef struct {
    uint32_t kind, scope;
    char text[MU_KEY_CHARACTERS + 1];
    uint8_t reference[MU_REFERENCE_SIZE], secret[MU_HASH_SIZE];
} mu_product_key;

/* KEY_MALFORMED names the group, 1 to 5, in *group where one is known; else it is 0. */
int mu_product_key_read(mu_span typed, mu_product_key *found, int *group);
void mu_product_key_generic(const uint8_t *fingerprint, uint32_t edition, mu_product_key *found);
void mu_product_key_format(const mu_product_key *key, char text[MU_FORMATTED_KEY + 1]);

#endif
