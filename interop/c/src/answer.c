/* Judging an answer, step by step as spec/trust.md numbers them. */
#include "activation.h"

int64_t mu_certificate_end(const mu_certificate *certificate) {
    return ((int64_t)certificate->not_before_day + certificate->days) * MU_DAY;
}

int64_t mu_lease_limit(const mu_certificate *certificate) {
    return certificate->lease_until_day == 0 ? INT64_MAX : ((int64_t)certificate->lease_until_day + 1) * MU_DAY;
}

int mu_answer_verify(mu_span request, mu_span answer, const mu_keyset *keyset, bool keep_revoked, mu_answer *found) {
    mu_signed outer;
    *found = (mu_answer){0};
    /* 1 */
    if (answer.size > MU_LARGEST_BODY || mu_sign1(answer, &outer) != MU_OK || !outer.carries_certificate ||
        outer.payload.size > MU_LARGEST_ANSWER_PAYLOAD || mu_claims_read(outer.payload, &found->claims) != MU_OK)
        return MU_MESSAGE_MALFORMED;
    /* 2 and 3 */
    bool *revoked = keep_revoked ? &found->is_revoked : NULL;
    int error = mu_certificate_verify(outer.certificate, keyset, MU_HOST, revoked, &found->certificate);
    if (error != MU_OK)
        return error;
    /* 4 */
    const char *label = found->claims.is_refusal ? "muster-refusal-v1" : "muster-reply-v1";
    uint8_t bound[2][MU_HASH_SIZE];
    mu_sha256(bound[0], &request, 1);
    mu_sha256(bound[1], &outer.certificate, 1);
    mu_writer aad = {0};
    mu_put_raw(&aad, mu_span_of_text(label));
    mu_put_raw(&aad, mu_span_of(bound, sizeof bound));
    error = aad.bad ? MU_INTERNAL
                    : mu_verify(found->certificate.subject.at, mu_written(&aad), outer.payload, outer.signature);
    mu_writer_free(&aad);
    return error;
}

int mu_answer_covers(const mu_answer *answer, const mu_edition *edition) {
    const mu_certificate *certificate = &answer->certificate;
    /* 8 */
    if (answer->claims.host_time < (int64_t)certificate->not_before_day * MU_DAY)
        return MU_CERTIFICATE_NOT_YET_VALID;
    if (answer->claims.host_time >= mu_certificate_end(certificate))
        return MU_CERTIFICATE_EXPIRED;
    /* 9 */
    if (certificate->scope != edition->group || certificate->level < edition->level)
        return MU_EDITION_NOT_COVERED;
    /* 10 */
    if (certificate->released_until_day != 0 && edition->released_day > certificate->released_until_day)
        return MU_MAINTENANCE_ENDED;
    return MU_OK;
}

int mu_answer_judge(const mu_answer *answer, const mu_edition *edition, const mu_keyset *keyset, int64_t now,
                    bool is_clock_suspect, int64_t organisation) {
    const mu_certificate *certificate = &answer->certificate;
    /* 5 */
    if (mu_is_withdrawn(keyset, certificate->serial))
        return MU_CERTIFICATE_WITHDRAWN;
    /* 6 */
    if (!is_clock_suspect && (now >= mu_certificate_end(certificate) + MU_DAY || now >= mu_lease_limit(certificate)))
        return MU_CERTIFICATE_EXPIRED;
    /* 7 */
    if (answer->claims.is_refusal)
        return mu_error_cause((int)answer->claims.code)[0] != '\0' ? (int)answer->claims.code : MU_INTERNAL;
    int error = mu_answer_covers(answer, edition);
    if (error != MU_OK)
        return error;
    /* 11 */
    return organisation >= 0 && organisation != certificate->organisation ? MU_ORGANISATION_MISMATCH : MU_OK;
}
