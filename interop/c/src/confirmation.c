/* The vendor's answers to installation ids (spec/confirmation.md). */
#include "machine.h"

#include <string.h>

enum { FOR_GOOD = 1, UNTIL = 2, FOR_HOST = 3, FOR_DIRECTORY = 4, SIZE_1 = 65, SIZE_2 = 67, SIZE_3 = 83, SIGNATURE = 64 };

int mu_confirmation_verify(mu_span installation, mu_span confirmation, const mu_keyset *keyset, bool keep_revoked,
                           bool *is_revoked, uint32_t *end_day) {
    uint8_t format = confirmation.size > 0 ? confirmation.at[0] : 0, signed_bytes[128];
    bool is_shaped = (format == FOR_GOOD && confirmation.size == SIZE_1) || (format == UNTIL && confirmation.size == SIZE_2) ||
                     ((format == FOR_HOST || format == FOR_DIRECTORY) && confirmation.size == SIZE_3);
    *end_day = format == UNTIL && is_shaped ? (uint32_t)confirmation.at[1] << 8 | confirmation.at[2] : 0;
    *is_revoked = false;
    if (!is_shaped || (format == UNTIL && *end_day == 0))
        return MU_CONFIRMATION_MALFORMED;
    if (format > UNTIL || installation.size > 45)
        return MU_CONFIRMATION_UNTRUSTED;
    static const char label[] = "muster-permanent-v1";
    size_t size = sizeof label - 1;
    memcpy(signed_bytes, label, size);
    if (installation.size > 0)
        memcpy(signed_bytes + size, installation.at, installation.size);
    size += installation.size;
    signed_bytes[size++] = format;
    signed_bytes[size++] = (uint8_t)(*end_day >> 8);
    signed_bytes[size++] = (uint8_t)*end_day;
    mu_span signature = mu_span_of(confirmation.at + confirmation.size - SIGNATURE, SIGNATURE);
    for (int pass = 0; pass <= keep_revoked; pass++)
        for (size_t i = keyset->issuing; i-- > 0;) {
            const mu_issuing *key = &keyset->issuer[i];
            if (key->purpose != MU_PERMANENT || (key->status == MU_REVOKED) != (pass == 1))
                continue;
            if (mu_verify_raw(key->key, mu_span_of(signed_bytes, size), signature) == MU_OK) {
                *is_revoked = pass == 1;
                return MU_OK;
            }
        }
    return MU_CONFIRMATION_UNTRUSTED;
}
