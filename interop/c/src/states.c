/* The state that follows from evidence, two clocks and hardware (spec/states.md). */
#include "machine.h"

#include <string.h>

enum { CLEARLY = 3600, INSTALLATION = 24 };

/* One piece of evidence as it is judged now. `left` counts the seconds to its end. */
typedef struct {
    int method, trouble, other; /* other: than its end */
    bool has_end, is_by_day; /* by_day: its end is a date alone */
    int64_t left, organisation;
    mu_moment begun;
} evidence;

bool mu_is_clock_suspect(const mu_situation *situation) {
    return situation->now < (int64_t)situation->record->high_water - MU_DAY;
}

/* What is left of a duration: by the wall clock, unless used time says clearly less. */
static int64_t left_of(const mu_situation *situation, mu_moment since, uint64_t duration) {
    int64_t wall = (int64_t)since.at + (int64_t)duration - situation->now;
    int64_t used = (int64_t)since.used + (int64_t)duration - situation->used;
    return mu_is_clock_suspect(situation) || used < wall - CLEARLY ? used : wall;
}

static bool is_hardware_same(const mu_situation *situation, mu_span parts, mu_span salt) {
    uint8_t here[MU_PARTS * MU_LEASE_WIDTH];
    mu_parts(situation->sources, salt, MU_LEASE_WIDTH, here);
    return mu_does_hardware_hold(parts.at, here);
}

static void limit_to(const mu_situation *situation, const mu_certificate *certificate, evidence *found) {
    int64_t limit = mu_lease_limit(certificate);
    if (limit != INT64_MAX && limit - situation->now < found->left) {
        found->left = limit - situation->now;
        found->is_by_day = true;
    }
    found->organisation = certificate->organisation;
}

/* The first trouble that applies; the end of the evidence is told before all others. */
static void trouble(const mu_situation *situation, bool is_revoked, bool is_same, bool is_left, uint32_t key_kind, evidence *found) {
    const mu_edition_record *mine = mu_record_edition(situation->record, situation->edition->id);
    if (!is_same)
        found->other = MU_HARDWARE_CHANGED;
    else if (is_revoked)
        found->other = MU_KEY_REVOKED;
    else if (is_left)
        found->other = MU_NO_DOMAIN;
    else if (mine->key_kind != key_kind)
        found->other = MU_KEY_WRONG_KIND;
    else if (found->has_end && mu_is_clock_suspect(situation))
        found->other = MU_CLOCK_SUSPECT;
    found->trouble = found->has_end && found->left <= 0 ? MU_LEASE_ENDED : found->other;
}

static bool by_lease(const mu_situation *situation, const mu_lease *lease, evidence *found) {
    mu_answer answer;
    mu_request request;
    if (!lease->is_there || mu_request_read(lease->request, &request) != MU_OK ||
        mu_answer_verify(lease->request, lease->reply, situation->keyset, true, &answer) != MU_OK)
        return false;
    bool is_ours = memcmp(request.vendor_id.at, situation->fingerprint, MU_VENDOR_ID_SIZE) == 0 &&
                   request.edition == situation->edition->id;
    if (!is_ours || answer.claims.is_refusal || mu_answer_covers(&answer, situation->edition) != MU_OK ||
        answer.claims.count < situation->edition->threshold)
        return false;
    *found = (evidence){.method = MU_BY_HOST, .has_end = true, .begun = lease->received};
    found->left = left_of(situation, lease->received, situation->policy->validity);
    limit_to(situation, &answer.certificate, found);
    bool is_same = is_hardware_same(situation, request.parts, lease->salt);
    trouble(situation, answer.is_revoked, is_same, false, MU_GENERIC, found);
    return true;
}

static bool by_directory(const mu_situation *situation, const mu_directory_evidence *object, evidence *found) {
    mu_certificate certificate;
    bool is_revoked;
    uint8_t subject[MU_HASH_SIZE];
    if (!object->is_there ||
        mu_certificate_verify(object->certificate, situation->keyset, MU_OBJECT, &is_revoked, &certificate) != MU_OK)
        return false;
    mu_span pieces[] = {mu_span_of_text("muster-directory-v1"), object->directory};
    mu_sha256(subject, pieces, 2);
    /* Judged at the moment it was read: certificate, window, scope, maintenance. */
    mu_answer then = {.claims = {.host_time = object->read.at}, .certificate = certificate};
    if (memcmp(subject, certificate.subject.at, sizeof subject) != 0 || mu_answer_covers(&then, situation->edition) != MU_OK)
        return false;
    *found = (evidence){.method = MU_BY_DIRECTORY, .has_end = true, .begun = object->read};
    found->left = left_of(situation, object->read, situation->policy->validity);
    limit_to(situation, &certificate, found);
    bool is_same = is_hardware_same(situation, object->parts, object->salt);
    trouble(situation, is_revoked, is_same, object->left, MU_GENERIC, found);
    return true;
}

static bool by_confirmation(const mu_situation *situation, const mu_permanent_evidence *deposited, evidence *found) {
    bool is_revoked;
    uint32_t end_day;
    if (!deposited->is_there || deposited->installation.size != INSTALLATION ||
        mu_confirmation_verify(deposited->installation, deposited->confirmation, situation->keyset, true, &is_revoked,
                               &end_day) != MU_OK)
        return false;
    /* 2 bits of padding, version 4 bits, kind 2 bits: the edition is bytes 1 to 3 of the id. */
    const uint8_t *id = deposited->installation.at;
    if (id[0] != 4 || ((uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3]) != situation->edition->id)
        return false;
    *found = (evidence){.method = MU_BY_MAK, .has_end = end_day != 0, .is_by_day = true, .begun = deposited->deposited};
    found->organisation = -1;
    found->left = end_day == 0 ? INT64_MAX : ((int64_t)end_day + 1) * MU_DAY - situation->now;
    bool is_same = is_hardware_same(situation, deposited->parts, deposited->salt);
    trouble(situation, is_revoked, is_same, false, MU_MULTIPLE, found);
    return true;
}

/* What is left of the grace since a trouble was noticed. One that nobody noted was not there at the last save. */
static int64_t grace_of_trouble(const mu_situation *situation, const evidence *judged) {
    const mu_edition_record *mine = mu_record_edition(situation->record, situation->edition->id);
    mu_moment since = mine->trouble;
    if (since.at == 0 && since.used == 0) {
        since = (mu_moment){.at = situation->record->high_water, .used = (uint32_t)situation->used};
        if (since.at < judged->begun.at)
            since.at = judged->begun.at;
    }
    return left_of(situation, since, situation->policy->renewal_grace);
}

/* What is left of the grace that follows a trouble, an end, or the earlier of both. */
static int64_t grace_left(const mu_situation *situation, const evidence *judged) {
    uint64_t grace = situation->policy->renewal_grace;
    int64_t left = INT64_MAX;
    if (judged->trouble == MU_LEASE_ENDED)
        left = judged->is_by_day ? judged->left + (int64_t)grace
                                 : left_of(situation, judged->begun, situation->policy->validity + grace);
    int64_t other = judged->other == MU_OK ? INT64_MAX : grace_of_trouble(situation, judged);
    return other < left ? other : left;
}

static mu_standing stand_on(const mu_situation *situation, const evidence *judged) {
    mu_standing found = {.state = MU_LICENSED, .method = judged->method, .reason = judged->trouble, .expires_at = -1};
    found.grace_ends_at = -1;
    found.organisation = judged->organisation;
    found.is_permanent = !judged->has_end;
    if (judged->has_end)
        found.expires_at = situation->now + judged->left;
    if (judged->trouble != MU_OK) {
        int64_t left = grace_left(situation, judged);
        found.state = left > 0 ? MU_RENEWAL_GRACE : MU_NOTIFICATION;
        found.grace_ends_at = left > 0 ? situation->now + left : -1;
    }
    return found;
}

static bool is_better(const mu_standing *one, const mu_standing *other) {
    static const int rank[] = {[MU_NOTIFICATION] = 0, [MU_INITIAL_GRACE] = 1, [MU_RENEWAL_GRACE] = 1, [MU_LICENSED] = 2};
    if (rank[one->state] != rank[other->state])
        return rank[one->state] > rank[other->state];
    if (one->is_permanent != other->is_permanent)
        return one->is_permanent;
    return one->state == MU_LICENSED ? one->expires_at > other->expires_at : one->grace_ends_at > other->grace_ends_at;
}

/* A certified host answered this very hardware. */
static bool has_proof(const mu_situation *situation) {
    mu_answer answer;
    mu_request request;
    const mu_lease *proof = &situation->record->proof;
    return proof->is_there && mu_request_read(proof->request, &request) == MU_OK &&
           mu_answer_verify(proof->request, proof->reply, situation->keyset, false, &answer) == MU_OK &&
           is_hardware_same(situation, request.parts, proof->salt);
}

void mu_stand(const mu_situation *situation, mu_standing *found) {
    const mu_edition_record *mine = mu_record_edition(situation->record, situation->edition->id);
    *found = (mu_standing){.state = MU_UNLICENSED, .reason = MU_NO_KEY, .expires_at = -1, .grace_ends_at = -1, .organisation = -1};
    if (mine == NULL || !mine->has_key)
        return;
    evidence judged[3];
    size_t count = 0;
    count += by_confirmation(situation, &mine->permanent, &judged[count]);
    count += by_lease(situation, &mine->lease, &judged[count]);
    count += by_directory(situation, &mine->directory, &judged[count]);
    for (size_t i = 0; i < count; i++) {
        mu_standing other = stand_on(situation, &judged[i]);
        if (i == 0 || is_better(&other, found))
            *found = other;
    }
    if (count > 0)
        return;
    const mu_policy *policy = situation->policy;
    uint64_t grace = policy->first_grace;
    if (!has_proof(situation) && policy->unproven_grace < grace)
        grace = policy->unproven_grace;
    int64_t left = left_of(situation, mine->installed, grace);
    found->state = left > 0 ? MU_INITIAL_GRACE : MU_NOTIFICATION;
    found->reason = MU_OK;
    found->grace_ends_at = left > 0 ? situation->now + left : -1;
}
