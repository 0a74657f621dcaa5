/* Signed messages: COSE_Sign1 in its two forms, Ed25519, points (spec/sign1.md). */
#include "trust.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t FIRST_FORM[] = {0x84, 0x43, 0xa1, 0x01, 0x32, 0xa0};
static const uint8_t SECOND_FORM[] = {0x84, 0x43, 0xa1, 0x01, 0x32, 0xa1, 0x3a, 0x00, 0x01, 0x00, 0x00};
static const uint8_t STRUCTURE[] = {0x84, 0x6a, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', '1', 0x43, 0xa1, 0x01, 0x32};

void mu_sha256(uint8_t hash[MU_HASH_SIZE], const mu_span *pieces, size_t count) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < count; i++)
        crypto_hash_sha256_update(&state, pieces[i].at, pieces[i].size);
    crypto_hash_sha256_final(&state, hash);
}

void mu_hmac(uint8_t hash[MU_HASH_SIZE], mu_span key, const mu_span *pieces, size_t count) {
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key.at, key.size);
    for (size_t i = 0; i < count; i++)
        crypto_auth_hmacsha256_update(&state, pieces[i].at, pieces[i].size);
    crypto_auth_hmacsha256_final(&state, hash);
}

int mu_sign1(mu_span message, mu_signed *found) {
    mu_span first = mu_span_of(FIRST_FORM, sizeof FIRST_FORM), second = mu_span_of(SECOND_FORM, sizeof SECOND_FORM);
    *found = (mu_signed){.certificate = mu_span_of("", 0)};
    mu_reader from;
    if (message.size > second.size && mu_equal(mu_span_of(message.at, second.size), second)) {
        from = mu_read(mu_span_of(message.at + second.size, message.size - second.size));
        found->certificate = mu_bytes(&from, 0, MU_LARGEST_CERTIFICATE);
        found->carries_certificate = true;
    } else if (message.size > first.size && mu_equal(mu_span_of(message.at, first.size), first)) {
        from = mu_read(mu_span_of(message.at + first.size, message.size - first.size));
    } else {
        return MU_MESSAGE_MALFORMED;
    }
    found->payload = mu_bytes(&from, 0, MU_LARGEST_PAYLOAD);
    found->signature = mu_bytes(&from, MU_SIGNATURE_SIZE, MU_SIGNATURE_SIZE);
    return mu_is_end(&from) ? MU_OK : MU_MESSAGE_MALFORMED;
}

/* A canonical encoding of a point whose order does not divide 8. */
int mu_point(const uint8_t *key) {
    static const uint8_t order_8[2][MU_KEY_SIZE] = {
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
         0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
         0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    };
    uint8_t y[MU_KEY_SIZE], above = 0, ones = 0xff;
    memcpy(y, key, sizeof y);
    y[31] &= 0x7f;
    for (size_t i = 1; i < 31; i++) {
        above |= y[i];
        ones &= y[i];
    }
    if (above == 0 && y[31] == 0 && y[0] <= 1)
        return MU_SIGNATURE_INVALID;
    if (ones == 0xff && y[31] == 0x7f && y[0] >= 0xec) /* 2^255 - 20, and what is 2^255 - 19 or more */
        return MU_SIGNATURE_INVALID;
    if (memcmp(y, order_8[0], sizeof y) == 0 || memcmp(y, order_8[1], sizeof y) == 0)
        return MU_SIGNATURE_INVALID;
    return MU_OK;
}

int mu_verify_raw(const uint8_t *key, mu_span message, mu_span signature) {
    if (mu_point(key) != MU_OK || signature.size != MU_SIGNATURE_SIZE)
        return MU_SIGNATURE_INVALID;
    /* libsodium refuses an S that is not below the order. */
    return crypto_sign_verify_detached(signature.at, message.at, message.size, key) == 0 ? MU_OK : MU_SIGNATURE_INVALID;
}

int mu_verify(const uint8_t *key, mu_span aad, mu_span payload, mu_span signature) {
    mu_writer structure = {0};
    mu_put_raw(&structure, mu_span_of(STRUCTURE, sizeof STRUCTURE));
    mu_put_bytes(&structure, aad);
    mu_put_bytes(&structure, payload);
    int error = structure.bad ? MU_INTERNAL : mu_verify_raw(key, mu_written(&structure), signature);
    mu_writer_free(&structure);
    return error;
}
