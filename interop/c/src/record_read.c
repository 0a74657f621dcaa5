/* Reading the record of a vendor (spec/record.md, spec/record.cddl). */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

enum {
    FORMAT = 1,
    LARGEST_BODY = 1 << 20,
    HOST_MOST = 300,
    MESSAGE_MOST = 400,
    PARTIAL = 5,
    INSTALLATION_MOST = 45,
    CONFIRMATION_MOST = 83,
    DIRECTORY_MOST = 64,
    ID_MOST = 0xffffff,
};

static uint32_t u32(mu_reader *from) {
    return mu_uint(from, 0, UINT32_MAX);
}

static uint32_t u16(mu_reader *from) {
    return mu_uint(from, 0, 0xffff);
}

static mu_moment moment(mu_reader *from) {
    mu_moment found;
    mu_array(from, 2, 2);
    found.at = u32(from);
    found.used = u32(from);
    return found;
}

/* An optional element: whether it is there. */
static bool optional(mu_reader *from, size_t elements) {
    size_t found = mu_array(from, 0, elements);
    if (found != 0 && found != elements)
        from->bad = true;
    return found == elements && !from->bad;
}

static mu_lease lease(mu_reader *from) {
    mu_lease found = {.is_there = optional(from, 4)};
    if (found.is_there) {
        found.request = mu_bytes(from, 0, MU_LARGEST_BODY);
        found.reply = mu_bytes(from, 0, MU_LARGEST_BODY);
        found.salt = mu_bytes(from, MU_SALT_SIZE, MU_SALT_SIZE);
        found.received = moment(from);
    }
    return found;
}

static mu_directory_evidence directory(mu_reader *from) {
    mu_directory_evidence found = {.is_there = optional(from, 6)};
    if (found.is_there) {
        found.certificate = mu_bytes(from, 0, MU_LARGEST_CERTIFICATE);
        found.directory = mu_bytes(from, 0, DIRECTORY_MOST);
        found.parts = mu_bytes(from, MU_ID_SIZE, MU_ID_SIZE);
        found.salt = mu_bytes(from, MU_SALT_SIZE, MU_SALT_SIZE);
        found.read = moment(from);
        found.left = mu_uint(from, 0, 1);
    }
    return found;
}

static mu_permanent_evidence permanent(mu_reader *from) {
    mu_permanent_evidence found = {.is_there = optional(from, 5)};
    if (found.is_there) {
        found.installation = mu_bytes(from, 0, INSTALLATION_MOST);
        found.confirmation = mu_bytes(from, 0, CONFIRMATION_MOST);
        found.parts = mu_bytes(from, MU_ID_SIZE, MU_ID_SIZE);
        found.salt = mu_bytes(from, MU_SALT_SIZE, MU_SALT_SIZE);
        found.deposited = moment(from);
    }
    return found;
}

static mu_attempts attempts(mu_reader *from) {
    mu_attempts found;
    mu_array(from, 9, 9);
    found.failures = u16(from);
    found.attempted_at = u32(from);
    found.next_at = u32(from);
    found.code = mu_uint(from, 0, 0xff);
    found.message = mu_text(from, MESSAGE_MOST);
    found.count = u16(from);
    found.host = mu_text(from, HOST_MOST);
    found.retry_minutes = u16(from);
    found.renew_minutes = u16(from);
    return found;
}

static void read_edition(mu_reader *from, mu_edition_record *found) {
    mu_array(from, 9, 9);
    found->edition = mu_uint(from, 0, ID_MOST);
    found->has_key = optional(from, 3);
    if (found->has_key) {
        found->key_kind = mu_uint(from, MU_GENERIC, MU_MULTIPLE);
        found->partial = mu_text(from, PARTIAL);
        found->reference = mu_bytes(from, MU_REFERENCE_SIZE, MU_REFERENCE_SIZE);
        if (found->key_kind == 1 || found->partial.size != PARTIAL)
            from->bad = true;
    }
    found->installed = moment(from);
    found->lease = lease(from);
    found->directory = directory(from);
    found->permanent = permanent(from);
    found->pending = mu_bytes(from, 0, INSTALLATION_MOST);
    found->trouble = moment(from);
    found->attempts = attempts(from);
}

static void read_body(mu_reader *from, mu_record *found) {
    mu_array(from, 13, 13);
    found->client_id = mu_bytes(from, MU_ID_SIZE, MU_ID_SIZE);
    found->salt = mu_bytes(from, MU_SALT_SIZE, MU_SALT_SIZE);
    found->parts = mu_bytes(from, MU_ID_SIZE, MU_ID_SIZE);
    found->high_water = u32(from);
    found->used = u32(from);
    found->boot_id = mu_bytes(from, MU_BOOT_ID_SIZE, MU_BOOT_ID_SIZE);
    found->boot_seconds = u32(from);
    found->graces_reset = mu_uint(from, 0, 0xff);
    found->proof = lease(from);
    found->cached_host = mu_text(from, HOST_MOST);
    found->cached_priority = u16(from);
    found->skip_count = mu_array(from, 0, MU_MOST_SKIPS);
    for (size_t i = 0; i < found->skip_count; i++) {
        mu_array(from, 2, 2);
        found->skips[i].host = mu_text(from, HOST_MOST);
        found->skips[i].until = u32(from);
    }
    size_t editions = mu_array(from, 0, MU_MOST_EDITIONS);
    found->editions = calloc(editions + 1, sizeof *found->editions);
    if (found->editions == NULL)
        from->bad = true;
    for (size_t i = 0; i < editions && !from->bad; i++)
        read_edition(from, &found->editions[i]);
    found->edition_count = from->bad ? 0 : editions;
}

int mu_hashed_body(mu_span file, mu_span *body) {
    uint8_t hash[MU_HASH_SIZE];
    mu_reader from = mu_read(file);
    mu_array(&from, 3, 3);
    mu_uint(&from, FORMAT, FORMAT);
    *body = mu_bytes(&from, 0, LARGEST_BODY);
    mu_span wanted = mu_bytes(&from, MU_HASH_SIZE, MU_HASH_SIZE);
    if (!mu_is_end(&from))
        return MU_STATE_CORRUPT;
    mu_sha256(hash, body, 1);
    return mu_equal(wanted, mu_span_of(hash, sizeof hash)) ? MU_OK : MU_STATE_CORRUPT;
}

int mu_record_read(mu_span file, mu_record *found) {
    *found = (mu_record){.bytes = malloc(file.size + 1)};
    if (found->bytes == NULL)
        return MU_INTERNAL;
    if (file.size > 0)
        memcpy(found->bytes, file.at, file.size);
    mu_span body;
    int error = mu_hashed_body(mu_span_of(found->bytes, file.size), &body);
    if (error != MU_OK)
        return error;
    mu_reader from = mu_read(body);
    read_body(&from, found);
    return mu_is_end(&from) ? MU_OK : MU_STATE_CORRUPT;
}

void mu_record_free(mu_record *record) {
    free(record->bytes);
    free(record->editions);
    *record = (mu_record){0};
}

mu_edition_record *mu_record_edition(const mu_record *record, uint32_t edition) {
    for (size_t i = 0; i < record->edition_count; i++)
        if (record->editions[i].edition == edition)
            return &record->editions[i];
    return NULL;
}

int mu_secrets_read(mu_span file, uint32_t editions[MU_MOST_EDITIONS], size_t *count) {
    mu_span body;
    int error = mu_hashed_body(file, &body);
    if (error != MU_OK)
        return error;
    mu_reader from = mu_read(body);
    *count = mu_array(&from, 0, MU_MOST_EDITIONS);
    for (size_t i = 0; i < *count; i++) {
        mu_array(&from, 2, 2);
        editions[i] = mu_uint(&from, 0, ID_MOST);
        mu_bytes(&from, MU_HASH_SIZE, MU_HASH_SIZE);
        if (i > 0 && editions[i] <= editions[i - 1])
            from.bad = true;
    }
    return mu_is_end(&from) ? MU_OK : MU_STATE_CORRUPT;
}
