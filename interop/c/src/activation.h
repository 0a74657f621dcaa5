/* What goes over the wire, and how an answer is judged (spec/activation.md, spec/trust.md). */
#ifndef MUSTER_ACTIVATION_H
#define MUSTER_ACTIVATION_H

#include "trust.h"

enum { MU_VERSION = 1, MU_LARGEST_FRAME = 1 + MU_LARGEST_BODY, MU_LARGEST_PART = 200 };

typedef struct {
    mu_span vendor_id, client_id, parts, nonce;
    uint32_t edition, group, level, threshold, state, flags;
} mu_request;

int mu_request_read(mu_span body, mu_request *found);
void mu_request_write(const mu_request *request, mu_writer *to);
/* The body of one whole frame. */
int mu_frame_body(mu_span frame, mu_span *body);

/* A reply (is_refusal false: count, renew) or a refusal (code). Durations in minutes, host_time in seconds. */
typedef struct {
    bool is_refusal;
    uint32_t count, code, host_time, retry_minutes, renew_minutes;
} mu_claims;

int mu_claims_read(mu_span payload, mu_claims *found);

typedef struct {
    uint32_t version, code;
} mu_hint;

int mu_hint_read(mu_span body, mu_hint *found);

typedef struct {
    mu_span vendor_id;
    uint32_t have_version, offset;
} mu_keyset_request;

typedef struct {
    uint32_t newest, total, offset;
    mu_span data;
} mu_keyset_part;

int mu_keyset_request_read(mu_span body, mu_keyset_request *found);
void mu_keyset_request_write(const mu_keyset_request *request, mu_writer *to);
int mu_keyset_part_read(mu_span body, mu_keyset_part *found);

typedef struct {
    mu_claims claims;
    mu_certificate certificate;
    bool is_revoked; /* the issuing key, where that is no error */
} mu_answer;

/* Steps 1 to 4. A revoked issuing key is told in the answer, not as an error, where keep_revoked is set. */
int mu_answer_verify(mu_span request, mu_span answer, const mu_keyset *keyset, bool keep_revoked, mu_answer *found);
/* Steps 8 to 10: whether what was signed covers this edition at the host's time. */
int mu_answer_covers(const mu_answer *answer, const mu_edition *edition);
/* Steps 5 to 11. organisation below 0: not pinned. The count is the caller's to compare. */
int mu_answer_judge(const mu_answer *answer, const mu_edition *edition, const mu_keyset *keyset, int64_t now,
                    bool is_clock_suspect, int64_t organisation);
int64_t mu_certificate_end(const mu_certificate *certificate);
/* The first instant after the last lease day; INT64_MAX where there is none. */
int64_t mu_lease_limit(const mu_certificate *certificate);

#endif
