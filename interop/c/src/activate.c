/* Request, judgement, lease (spec/trust.md, spec/discovery.md §Attempt, spec/states.md §Timers). */
#include "attempt.h"
#include "control.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { SKIP_SECONDS = 86400, VIRTUAL = 1, RENEWAL = 4, FAILURES_MOST = 0xffff, MINUTE = 60, HOUR = 3600 };
enum { LEAST_MINUTES = 15, MOST_MINUTES = 43200, PATIENT_FAILURES = 12, PATIENT_SECONDS = 12 * HOUR, AMPLE = 30 * MU_DAY };

static bool is_skipped(const muster *handle, const char *host) {
    for (size_t i = 0; i < handle->record.skip_count; i++)
        if (handle->record.skips[i].until > handle->clocks.now && mu_equal(handle->record.skips[i].host, mu_span_of_text(host)))
            return true;
    return false;
}

static void skip(muster *handle, const char *host) {
    mu_record *record = &handle->record;
    size_t kept = 0;
    for (size_t i = 0; i < record->skip_count; i++)
        if (record->skips[i].until > handle->clocks.now && !mu_equal(record->skips[i].host, mu_span_of_text(host)))
            record->skips[kept++] = record->skips[i];
    if (kept < MU_MOST_SKIPS)
        record->skips[kept++] = (mu_skip){mu_span_of_text(host), (uint32_t)(handle->clocks.now + SKIP_SECONDS)};
    record->skip_count = kept;
}

static int write_request(const muster *handle, const mu_edition_record *mine, mu_outcome *to) {
    uint8_t nonce[MU_ID_SIZE], parts[MU_ID_SIZE];
    mu_writer body = {0};
    randombytes_buf(nonce, sizeof nonce);
    mu_parts(&handle->sources, handle->record.salt, MU_LEASE_WIDTH, parts);
    memcpy(to->salt, handle->record.salt.at, MU_SALT_SIZE);
    mu_request request = {
        .vendor_id = mu_span_of(handle->fingerprint, MU_VENDOR_ID_SIZE),
        .client_id = handle->record.client_id,
        .parts = mu_span_of(parts, sizeof parts),
        .nonce = mu_span_of(nonce, sizeof nonce),
        .edition = handle->edition->id,
        .group = handle->edition->group,
        .level = handle->edition->level,
        .threshold = handle->edition->threshold,
        .state = (uint32_t)handle->standing.state,
        .flags = (mine->lease.is_there ? RENEWAL : 0U) | (mu_is_virtual("") ? VIRTUAL : 0U),
    };
    mu_request_write(&request, &body);
    bool is_good = !body.bad && body.size <= MU_LARGEST_BODY;
    if (is_good)
        memcpy(to->request, body.at, to->request_size = body.size);
    mu_writer_free(&body);
    return is_good ? MU_OK : MU_INTERNAL;
}

static int judge(muster *handle, const char *host, uint32_t port, mu_outcome *of) {
    mu_span request = mu_span_of(of->request, of->request_size), reply = mu_span_of(of->reply, of->reply_size);
    mu_hint hint;
    mu_situation situation;
    if (mu_hint_read(reply, &hint) == MU_OK)
        return hint.code == MU_VENDOR_MISMATCH       ? MU_VENDOR_MISMATCH
               : mu_error_cause((int)hint.code)[0] != '\0' ? (int)hint.code
                                                           : MU_HOST_UNTRUSTED;
    int error = mu_answer_verify(request, reply, &handle->chain.newest, false, &of->answer);
    if (error == MU_KEYSET_UNTRUSTED && mu_handle_fetch(handle, host, port))
        error = mu_answer_verify(request, reply, &handle->chain.newest, false, &of->answer);
    if (error != MU_OK)
        return error;
    mu_handle_situation(handle, &situation);
    bool is_suspect = mu_is_clock_suspect(&situation);
    error = mu_answer_judge(&of->answer, handle->edition, &handle->chain.newest, handle->clocks.now, is_suspect, -1);
    bool is_refused = of->answer.claims.is_refusal && (error == (int)of->answer.claims.code || error == MU_INTERNAL);
    of->is_certified = error == MU_OK || is_refused;
    if (error != MU_OK)
        return error;
    of->is_activated = of->answer.claims.count >= handle->edition->threshold;
    return of->is_activated ? MU_OK : MU_COUNT_BELOW_THRESHOLD;
}

/* How much a result tells: counted, what a certified host said, who could not be believed, silence. */
static int rank(const mu_outcome *of) {
    if (of->error == MU_OK)
        return 4;
    if (of->error == MU_COUNT_BELOW_THRESHOLD)
        return 3;
    if (of->is_certified)
        return 2;
    return of->error == MU_HOST_UNREACHABLE || of->error == MU_NO_HOST_FOUND ? 0 : 1;
}

static void ask_all(muster *handle, const mu_candidates *asked, bool has_lease, mu_outcome *best) {
    best->error = MU_HOST_UNREACHABLE;
    const mu_edition_record *mine = mu_record_edition(&handle->record, handle->edition->id);
    for (size_t i = 0; i < asked->count; i++) {
        mu_outcome now = {.priority = asked->of[i].priority, .host = asked->of[i].label};
        const char *name = asked->of[i].name, *at = asked->of[i].address[0] != '\0' ? asked->of[i].address : name;
        if (asked->is_found && is_skipped(handle, now.host))
            continue;
        now.error = write_request(handle, mine, &now);
        if (now.error == MU_OK)
            now.error = mu_exchange(at, asked->of[i].port, mu_span_of(now.request, now.request_size), now.reply, &now.reply_size);
        if (now.error == MU_OK)
            now.error = judge(handle, at, asked->of[i].port, &now);
        if (now.error == MU_VENDOR_MISMATCH && !now.is_certified)
            skip(handle, now.host);
        if (best->host == NULL || rank(&now) > rank(best))
            *best = now;
        if (now.is_activated || (now.error == MU_COUNT_BELOW_THRESHOLD && !has_lease))
            return;
    }
}

/* A host's interval counts as 15 minutes at the least and 30 days at the most; without one the policy's holds. */
static int64_t interval(uint32_t minutes, uint64_t policy) {
    if (minutes == 0)
        return (int64_t)policy;
    return MINUTE * (int64_t)(minutes < LEAST_MINUTES ? LEAST_MINUTES : minutes > MOST_MINUTES ? MOST_MINUTES : minutes);
}

static uint32_t next_at(const muster *handle, const mu_attempts *attempts, const mu_outcome *of) {
    const mu_policy *policy = &handle->product.policy;
    int64_t now = handle->clocks.now, wait = interval(attempts->renew_minutes, policy->renewal);
    if (!of->is_activated) {
        bool was_told = of->is_certified;
        wait = interval(was_told ? of->answer.claims.retry_minutes : attempts->retry_minutes, policy->retry);
        bool is_at_ease = handle->standing.state == MU_LICENSED && handle->standing.expires_at - now > AMPLE;
        for (uint32_t i = PATIENT_FAILURES; is_at_ease && i <= attempts->failures && wait < PATIENT_SECONDS; i++)
            wait = wait * 3 / 2 < PATIENT_SECONDS ? wait * 3 / 2 : PATIENT_SECONDS;
        wait += wait / 10 - (int64_t)randombytes_uniform((uint32_t)(wait / 5) + 1);
    }
    int64_t at = now + wait;
    return at > (int64_t)UINT32_MAX ? 0 : (uint32_t)at;
}

/* A good lease is replaced only by one that ends later. */
static void take_lease(muster *handle, mu_edition_record *mine, const mu_lease *fresh) {
    mu_lease old = mine->lease;
    mu_standing before = handle->standing;
    mine->lease = *fresh;
    mu_handle_stand(handle);
    bool was_better = before.state == MU_LICENSED && before.method == MU_BY_HOST && handle->standing.method == MU_BY_HOST &&
                      handle->standing.expires_at < before.expires_at;
    if (was_better)
        mine->lease = old;
}

static void note(muster *handle, const mu_candidates *asked, mu_outcome *of) {
    mu_edition_record *mine = mu_record_edition(&handle->record, handle->edition->id);
    mu_attempts *attempts = &mine->attempts;
    const mu_claims *claims = &of->answer.claims;
    bool is_reply = of->is_certified && !claims->is_refusal;
    if (is_reply) {
        mu_lease fresh = {
            .is_there = true,
            .request = mu_span_of(of->request, of->request_size),
            .reply = mu_span_of(of->reply, of->reply_size),
            .salt = mu_span_of(of->salt, sizeof of->salt),
            .received = {(uint32_t)handle->clocks.now, (uint32_t)handle->used},
        };
        handle->record.proof = fresh;
        handle->record.high_water = (uint32_t)handle->clocks.now;
        if (of->is_activated)
            take_lease(handle, mine, &fresh);
        attempts->count = claims->count;
        attempts->host = mu_span_of_text(of->host);
        attempts->retry_minutes = claims->retry_minutes;
        attempts->renew_minutes = claims->renew_minutes;
        if (asked->is_found) {
            handle->record.cached_host = mu_span_of_text(of->host);
            handle->record.cached_priority = of->priority;
        }
    }
    attempts->failures = of->is_activated ? 0 : attempts->failures < FAILURES_MOST ? attempts->failures + 1 : FAILURES_MOST;
    attempts->attempted_at = (uint32_t)handle->clocks.now;
    attempts->code = (uint32_t)of->error;
    attempts->message = mu_span_of_text(mu_error_cause(of->error));
    attempts->next_at = next_at(handle, attempts, of);
}

/* A copied folder, or a machine that was rebuilt, is a machine of its own. */
static void become_own_machine(muster *handle, mu_fresh *room) {
    uint8_t here[MU_ID_SIZE];
    mu_parts(&handle->sources, handle->record.salt, MU_LEASE_WIDTH, here);
    if (!mu_does_hardware_hold(handle->record.parts.at, here))
        mu_fresh_machine(handle, room);
}

static int attempt(muster *handle, const char *hosts) {
    mu_candidates asked = {0};
    mu_outcome best = {0};
    mu_fresh room;
    int error = muster_refresh(handle);
    if (error != MU_OK)
        return error;
    const mu_edition_record *mine = mu_record_edition(&handle->record, handle->edition->id);
    if (mine == NULL || !mine->has_key)
        return MU_NO_KEY;
    if (mine->key_kind != MU_GENERIC)
        return MU_KEY_WRONG_KIND;
    become_own_machine(handle, &room);
    best.error = hosts != NULL ? mu_candidates_set(&asked, hosts) : mu_candidates_find(handle, &asked);
    if (best.error == MU_USAGE)
        return MU_USAGE;
    if (best.error == MU_OK)
        ask_all(handle, &asked, mine->lease.is_there, &best);
    note(handle, &asked, &best);
    error = mu_handle_save(handle, best.is_certified && !best.answer.claims.is_refusal);
    return error != MU_OK ? error : best.error;
}

int muster_activate(muster *handle, const char *hosts) {
    int error;
    bool is_its_own = hosts != NULL || handle->zone[0] != '\0' || handle->dns[0] != '\0';
    /* Whom to ask is set for the machine: the service knows. It takes nobody's hosts for one attempt. */
    if (is_its_own || !mu_control_ask(handle->folder, "activate", handle->edition_name, &error)) {
        int lock = mu_folder_lock(handle->folder);
        if (lock < 0)
            return -lock;
        error = attempt(handle, hosts);
        mu_folder_unlock(lock);
    }
    int again = muster_refresh(handle);
    return error != MU_OK ? error : again;
}

static int set(char *to, const char *text) {
    if (text != NULL && strlen(text) > MU_NAME_MOST)
        return MU_USAGE;
    snprintf(to, MU_NAME_MOST + 1, "%s", text == NULL ? "" : text);
    return MU_OK;
}

int muster_set_zone(muster *handle, const char *zone) {
    return set(handle->zone, zone);
}

int muster_set_dns(muster *handle, const char *server) {
    return set(handle->dns, server);
}
