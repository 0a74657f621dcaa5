/* Installation ids, the files of both ids, certificates that confirmations stand for (spec/installation.md, confirmation.md). */
#include "ids.h"

#include <sodium.h>
#include <string.h>

enum { VERSION = 1, FORMAT = 1, MACHINE = 0, HOST = 3, DIRECTORY = 4, SIZE = 83, LEAST_INSTALLATION = 24, LEAST_CONFIRMATION = 65 };

int mu_installation_read(mu_span packed, mu_installation *found) {
    if (packed.size != MU_INSTALLATION_MACHINE && packed.size != MU_INSTALLATION_OTHER)
        return MU_INSTALLATION_ID_MALFORMED;
    /* Two bits of padding, four of version, two of kind. */
    found->kind = packed.at[0] & 3;
    bool is_machine = packed.size == MU_INSTALLATION_MACHINE;
    if (packed.at[0] >> 2 != VERSION || found->kind == 3 || is_machine != (found->kind == MACHINE))
        return MU_INSTALLATION_ID_MALFORMED;
    found->reference = mu_span_of(packed.at + (is_machine ? 4 : 1), MU_REFERENCE_SIZE);
    found->tag = mu_span_of(packed.at + packed.size - MU_TAG_SIZE, MU_TAG_SIZE);
    return MU_OK;
}

bool mu_installation_tag_holds(mu_span packed, mu_span secret) {
    static const uint8_t zero[MU_TAG_SIZE];
    uint8_t hash[MU_HASH_SIZE];
    mu_span pieces[] = {mu_span_of(packed.at, packed.size - MU_TAG_SIZE), mu_span_of(zero, MU_TAG_SIZE)};
    mu_hmac(hash, secret, pieces, 2);
    return sodium_memcmp(hash, packed.at + packed.size - MU_TAG_SIZE, MU_TAG_SIZE) == 0;
}

int mu_installation_file(mu_span text, uint8_t **bytes, mu_span *installation) {
    size_t size;
    int error = mu_dearmour(text, "INSTALLATION ID", bytes, &size);
    if (error != MU_OK)
        return error;
    mu_reader from = mu_read(mu_span_of(*bytes, size));
    mu_array(&from, 2, 2);
    mu_uint(&from, FORMAT, FORMAT);
    *installation = mu_bytes(&from, LEAST_INSTALLATION, MU_INSTALLATION_OTHER);
    return mu_is_end(&from) ? MU_OK : MU_MESSAGE_MALFORMED;
}

int mu_confirmation_file(mu_span text, uint8_t **bytes, mu_span *installation, mu_span *confirmation) {
    size_t size;
    int error = mu_dearmour(text, "CONFIRMATION", bytes, &size);
    if (error != MU_OK)
        return error;
    mu_reader from = mu_read(mu_span_of(*bytes, size));
    mu_array(&from, 3, 3);
    mu_uint(&from, FORMAT, FORMAT);
    *installation = mu_bytes(&from, LEAST_INSTALLATION, MU_INSTALLATION_OTHER);
    *confirmation = mu_bytes(&from, LEAST_CONFIRMATION, MU_LARGEST_CONFIRMATION);
    return mu_is_end(&from) ? MU_OK : MU_MESSAGE_MALFORMED;
}

static uint32_t number(const uint8_t **at, size_t size) {
    uint32_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | *(*at)++;
    return value;
}

int mu_confirmation_certificate(mu_span confirmation, mu_span subject, uint32_t scope, const mu_keyset *keyset, mu_writer *to) {
    uint8_t format = confirmation.size > 0 ? confirmation.at[0] : 0;
    mu_certificate claims;
    mu_writer payload = {0};
    if ((format != HOST && format != DIRECTORY) || confirmation.size != SIZE)
        return MU_CONFIRMATION_UNTRUSTED;
    const uint8_t *at = confirmation.at + 1;
    mu_put_array(&payload, 10);
    mu_put_uint(&payload, number(&at, 1)); /* issuing key */
    mu_put_uint(&payload, number(&at, 4)); /* serial */
    mu_put_uint(&payload, number(&at, 4)); /* organisation */
    mu_put_uint(&payload, number(&at, 2)); /* not before */
    mu_put_uint(&payload, number(&at, 2)); /* days */
    mu_put_bytes(&payload, subject);
    mu_put_uint(&payload, scope);
    mu_put_uint(&payload, number(&at, 1)); /* level */
    mu_put_uint(&payload, number(&at, 2)); /* released until */
    mu_put_uint(&payload, number(&at, 2)); /* lease until */
    static const uint8_t first_form[] = {0x84, 0x43, 0xa1, 0x01, 0x32, 0xa0};
    mu_put_raw(to, mu_span_of(first_form, sizeof first_form));
    mu_put_bytes(to, mu_written(&payload));
    mu_put_bytes(to, mu_span_of(at, MU_SIGNATURE_SIZE));
    to->bad |= payload.bad;
    mu_writer_free(&payload);
    if (to->bad)
        return MU_INTERNAL;
    int error = mu_certificate_verify(mu_written(to), keyset, format == HOST ? MU_HOST : MU_OBJECT, NULL, &claims);
    return error == MU_OK || error == MU_KEYSET_UNTRUSTED ? error : MU_CONFIRMATION_UNTRUSTED;
}
