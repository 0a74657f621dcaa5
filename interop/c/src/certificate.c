/* What the vendor signs for a host or a directory (spec/certificate.md, spec/trust.md steps 2 and 3). */
#include "trust.h"

enum { ELEMENTS = 10, DAY_MOST = 0xffff, SCOPE_MOST = 0xffffff, LARGEST = 141 };

int mu_certificate_claims(mu_span payload, mu_certificate *found) {
    mu_reader from = mu_read(payload);
    mu_array(&from, ELEMENTS, ELEMENTS);
    found->issuing_key = mu_uint(&from, 0, 0xff);
    found->serial = mu_uint(&from, 0, UINT32_MAX);
    found->organisation = mu_uint(&from, 0, UINT32_MAX);
    found->not_before_day = mu_uint(&from, 0, DAY_MOST);
    found->days = mu_uint(&from, 0, DAY_MOST);
    found->subject = mu_bytes(&from, MU_KEY_SIZE, MU_KEY_SIZE);
    found->scope = mu_uint(&from, 0, SCOPE_MOST);
    found->level = mu_uint(&from, 0, 0xff);
    found->released_until_day = mu_uint(&from, 0, DAY_MOST);
    found->lease_until_day = mu_uint(&from, 0, DAY_MOST);
    return mu_is_end(&from) ? MU_OK : MU_MESSAGE_MALFORMED;
}

static const mu_issuing *issuer_of(const mu_keyset *keyset, uint32_t number) {
    for (size_t i = 0; i < keyset->issuing; i++)
        if (keyset->issuer[i].number == number)
            return &keyset->issuer[i];
    return NULL;
}

int mu_certificate_verify(mu_span message, const mu_keyset *keyset, int purpose, bool *is_revoked, mu_certificate *found) {
    mu_signed outer;
    if (message.size > LARGEST || mu_sign1(message, &outer) != MU_OK || outer.carries_certificate ||
        mu_certificate_claims(outer.payload, found) != MU_OK)
        return MU_MESSAGE_MALFORMED;
    const mu_issuing *issuer = issuer_of(keyset, found->issuing_key);
    if (issuer == NULL)
        return MU_KEYSET_UNTRUSTED;
    if (issuer->purpose != purpose || found->not_before_day < issuer->not_before_day ||
        found->not_before_day > issuer->not_after_day)
        return MU_SIGNATURE_INVALID;
    const char *label = purpose == MU_HOST ? "muster-host-cert-v1" : "muster-object-v1";
    int error = mu_verify(issuer->key, mu_span_of_text(label), outer.payload, outer.signature);
    if (error != MU_OK)
        return error;
    bool revoked = issuer->status == MU_REVOKED;
    if (is_revoked != NULL)
        *is_revoked = revoked;
    return revoked && is_revoked == NULL ? MU_KEY_REVOKED : MU_OK;
}
