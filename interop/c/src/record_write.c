/* Writing the record of a vendor (spec/record.md, spec/record.cddl). */
#include "machine.h"

static void put_moment(mu_writer *to, mu_moment moment) {
    mu_put_array(to, 2);
    mu_put_uint(to, moment.at);
    mu_put_uint(to, moment.used);
}

static void put_lease(mu_writer *to, const mu_lease *lease) {
    mu_put_array(to, lease->is_there ? 4 : 0);
    if (!lease->is_there)
        return;
    mu_put_bytes(to, lease->request);
    mu_put_bytes(to, lease->reply);
    mu_put_bytes(to, lease->salt);
    put_moment(to, lease->received);
}

static void put_directory(mu_writer *to, const mu_directory_evidence *evidence) {
    mu_put_array(to, evidence->is_there ? 6 : 0);
    if (!evidence->is_there)
        return;
    mu_put_bytes(to, evidence->certificate);
    mu_put_bytes(to, evidence->directory);
    mu_put_bytes(to, evidence->parts);
    mu_put_bytes(to, evidence->salt);
    put_moment(to, evidence->read);
    mu_put_uint(to, evidence->left);
}

static void put_permanent(mu_writer *to, const mu_permanent_evidence *evidence) {
    mu_put_array(to, evidence->is_there ? 5 : 0);
    if (!evidence->is_there)
        return;
    mu_put_bytes(to, evidence->installation);
    mu_put_bytes(to, evidence->confirmation);
    mu_put_bytes(to, evidence->parts);
    mu_put_bytes(to, evidence->salt);
    put_moment(to, evidence->deposited);
}

static void put_attempts(mu_writer *to, const mu_attempts *attempts) {
    mu_put_array(to, 9);
    mu_put_uint(to, attempts->failures);
    mu_put_uint(to, attempts->attempted_at);
    mu_put_uint(to, attempts->next_at);
    mu_put_uint(to, attempts->code);
    mu_put_text(to, attempts->message);
    mu_put_uint(to, attempts->count);
    mu_put_text(to, attempts->host);
    mu_put_uint(to, attempts->retry_minutes);
    mu_put_uint(to, attempts->renew_minutes);
}

static void put_edition(mu_writer *to, const mu_edition_record *edition) {
    mu_put_array(to, 9);
    mu_put_uint(to, edition->edition);
    mu_put_array(to, edition->has_key ? 3 : 0);
    if (edition->has_key) {
        mu_put_uint(to, edition->key_kind);
        mu_put_text(to, edition->partial);
        mu_put_bytes(to, edition->reference);
    }
    put_moment(to, edition->installed);
    put_lease(to, &edition->lease);
    put_directory(to, &edition->directory);
    put_permanent(to, &edition->permanent);
    mu_put_bytes(to, edition->pending);
    put_moment(to, edition->trouble);
    put_attempts(to, &edition->attempts);
}

void mu_record_write(const mu_record *record, mu_writer *to) {
    mu_writer body = {0};
    mu_put_array(&body, 13);
    mu_put_bytes(&body, record->client_id);
    mu_put_bytes(&body, record->salt);
    mu_put_bytes(&body, record->parts);
    mu_put_uint(&body, record->high_water);
    mu_put_uint(&body, record->used);
    mu_put_bytes(&body, record->boot_id);
    mu_put_uint(&body, record->boot_seconds);
    mu_put_uint(&body, record->graces_reset);
    put_lease(&body, &record->proof);
    mu_put_text(&body, record->cached_host);
    mu_put_uint(&body, record->cached_priority);
    mu_put_array(&body, record->skip_count);
    for (size_t i = 0; i < record->skip_count; i++) {
        mu_put_array(&body, 2);
        mu_put_text(&body, record->skips[i].host);
        mu_put_uint(&body, record->skips[i].until);
    }
    mu_put_array(&body, record->edition_count);
    for (size_t i = 0; i < record->edition_count; i++)
        put_edition(&body, &record->editions[i]);
    uint8_t hash[MU_HASH_SIZE];
    mu_span whole = mu_written(&body);
    mu_sha256(hash, &whole, 1);
    mu_put_array(to, 3);
    mu_put_uint(to, 1);
    mu_put_bytes(to, whole);
    mu_put_bytes(to, mu_span_of(hash, sizeof hash));
    to->bad |= body.bad;
    mu_writer_free(&body);
}
