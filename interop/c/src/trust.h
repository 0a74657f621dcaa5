/* Who is believed: signatures, keysets, certificates, product files, answers (spec/trust.md).
 * Functions that return an int return 0, or the number of an error of spec/errors.md. */
#ifndef MUSTER_TRUST_H
#define MUSTER_TRUST_H

#include "bytes.h"
#include "errors.h"

enum {
    MU_KEY_SIZE = 32,
    MU_HASH_SIZE = 32,
    MU_SIGNATURE_SIZE = 64,
    MU_SALT_SIZE = 32,
    MU_ID_SIZE = 16,
    MU_VENDOR_ID_SIZE = 8,
    MU_LARGEST_BODY = 249,
    MU_LARGEST_CERTIFICATE = 160,
    MU_LARGEST_PAYLOAD = 65536,
    MU_LARGEST_ANSWER_PAYLOAD = 32,
    MU_LARGEST_KEYSET = 4096,
    MU_LARGEST_CHAIN = 64,
    MU_MOST_ROOTS = 8,
    MU_MOST_ISSUING = 40,
    MU_MOST_WITHDRAWN = 64,
    MU_MOST_EDITIONS = 512,
    MU_MOST_GROUPS = 256,
    MU_LARGEST_ARMOUR = 2 << 20,
    MU_DAY = 86400,
};

/* SHA-256 of the pieces, one after the other; HMAC-SHA-256 of them. */
void mu_sha256(uint8_t hash[MU_HASH_SIZE], const mu_span *pieces, size_t count);
void mu_hmac(uint8_t hash[MU_HASH_SIZE], mu_span key, const mu_span *pieces, size_t count);

typedef struct {
    mu_span certificate; /* no bytes in the first form */
    bool carries_certificate;
    mu_span payload, signature;
} mu_signed;

int mu_sign1(mu_span message, mu_signed *found);
int mu_point(const uint8_t *key);
int mu_verify(const uint8_t *key, mu_span aad, mu_span payload, mu_span signature);
int mu_verify_raw(const uint8_t *key, mu_span message, mu_span signature);

enum { MU_HOST = 1, MU_OBJECT = 2, MU_PERMANENT = 3, MU_PRODUCT = 4, MU_BUNDLE = 5 };
enum { MU_ACTIVE = 0, MU_RETIRED = 1, MU_REVOKED = 2 };

typedef struct {
    uint8_t number, purpose, status;
    uint8_t key[MU_KEY_SIZE];
    uint16_t not_before_day, not_after_day;
} mu_issuing;

typedef struct {
    uint32_t version, issued_day, expires_day, threshold;
    size_t roots, issuing, withdrawn;
    uint8_t root[MU_MOST_ROOTS][MU_KEY_SIZE];
    mu_issuing issuer[MU_MOST_ISSUING];
    uint32_t serial[MU_MOST_WITHDRAWN];
} mu_keyset;

int mu_keyset_payload(mu_span payload, mu_keyset *found);

/* What a chain came to: its newest keyset, and the vendor. */
typedef struct {
    mu_keyset newest;
    uint8_t fingerprint[MU_HASH_SIZE];
} mu_chain;

/* Walks signed keysets 1 … N. `fingerprint` may be NULL; `now` below 0 where nothing is taken in anew. */
int mu_chain_walk(const mu_span *documents, size_t count, const uint8_t *fingerprint, int64_t now, mu_chain *found);
bool mu_is_withdrawn(const mu_keyset *keyset, uint32_t serial);

typedef struct {
    uint32_t issuing_key, serial, organisation, not_before_day, days, scope, level, released_until_day, lease_until_day;
    mu_span subject;
} mu_certificate;

int mu_certificate_claims(mu_span payload, mu_certificate *found);
/* A certificate of the purpose under the newest keyset; *is_revoked instead of KEY_REVOKED where it is not NULL. */
int mu_certificate_verify(mu_span message, const mu_keyset *keyset, int purpose, bool *is_revoked, mu_certificate *found);

typedef struct {
    uint32_t id, group, level, class_, threshold, released_day;
    mu_span name, product, features; /* features: an encoded array of names */
} mu_edition;

typedef struct {
    /* seconds */
    uint64_t validity, renewal, retry, first_grace, renewal_grace, unproven_grace, warning;
    uint32_t rearms;
    mu_span srv;
} mu_policy;

/* A product file that was read; spans point into `bytes`, which it owns. */
typedef struct {
    uint8_t *bytes;
    mu_span keysets[MU_LARGEST_CHAIN];
    size_t keyset_count;
    mu_chain chain;
    uint32_t serial, issued_day;
    mu_span vendor, service;
    mu_policy policy;
    mu_edition *editions;
    size_t edition_count;
} mu_product;

/* Takes a product file from its armour. Free it whatever came of it. */
int mu_product_open(mu_span text, const uint8_t *fingerprint, int64_t now, mu_product *found);
int mu_product_bytes(mu_span bytes, const uint8_t *fingerprint, int64_t now, mu_product *found);
/* The claims alone, before anything is believed. */
int mu_product_claims(mu_span payload, mu_product *found, uint32_t *issuing_key);
const mu_edition *mu_product_edition(const mu_product *product, mu_span name);
void mu_product_free(mu_product *product);

/* The bytes in the first block of the text: allocated, *size of them. */
int mu_dearmour(mu_span text, const char *title, uint8_t **bytes, size_t *size);

#endif
