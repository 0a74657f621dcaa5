/* Changing what the folder keeps: a fresh machine, an edition, the record as a whole. */
#include "handle.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mu_fresh_machine(muster *handle, mu_fresh *room) {
    mu_record *record = &handle->record;
    randombytes_buf(room->client_id, sizeof room->client_id);
    randombytes_buf(room->salt, sizeof room->salt);
    mu_parts(&handle->sources, mu_span_of(room->salt, sizeof room->salt), MU_LEASE_WIDTH, room->parts);
    record->client_id = mu_span_of(room->client_id, sizeof room->client_id);
    record->salt = mu_span_of(room->salt, sizeof room->salt);
    record->parts = mu_span_of(room->parts, sizeof room->parts);
    if (!handle->has_record) {
        memcpy(room->boot_id, handle->clocks.boot_id, sizeof room->boot_id);
        record->boot_id = mu_span_of(room->boot_id, sizeof room->boot_id);
        record->boot_seconds = (uint32_t)handle->clocks.boot_seconds;
        record->cached_host = mu_span_of("", 0);
    }
    handle->has_record = true;
}

/* Where a record has the edition: they ascend. */
mu_edition_record *mu_handle_edition(muster *handle) {
    mu_record *record = &handle->record;
    uint32_t id = handle->edition->id;
    mu_edition_record *found = mu_record_edition(record, id);
    if (found != NULL)
        return found;
    mu_edition_record *grown = realloc(record->editions, (record->edition_count + 2) * sizeof *grown);
    if (grown == NULL || record->edition_count == MU_MOST_EDITIONS)
        return NULL;
    record->editions = grown;
    size_t at = record->edition_count++;
    for (; at > 0 && grown[at - 1].edition > id; at--)
        grown[at] = grown[at - 1];
    mu_span none = mu_span_of("", 0);
    grown[at] = (mu_edition_record){.edition = id, .pending = none, .attempts = {.message = none, .host = none}};
    return &grown[at];
}

/* When trouble began is noted at the first save that sees it, and forgotten when it went. */
static void note_trouble(muster *handle) {
    mu_edition_record *mine = mu_record_edition(&handle->record, handle->edition->id);
    mu_handle_stand(handle);
    bool is_troubled = handle->standing.state == MU_RENEWAL_GRACE || handle->standing.state == MU_NOTIFICATION;
    bool has_evidence = handle->standing.method != MU_BY_NOTHING;
    if (mine == NULL)
        return;
    if (!is_troubled || !has_evidence)
        mine->trouble = (mu_moment){0, 0};
    else if (mine->trouble.at == 0 && mine->trouble.used == 0)
        mine->trouble = (mu_moment){(uint32_t)handle->clocks.now, (uint32_t)handle->used};
}

int mu_handle_save(muster *handle, bool is_clock_proven) {
    char path[MU_PATH_MOST + 24], previous[MU_PATH_MOST + 24];
    mu_record *record = &handle->record;
    uint32_t now = (uint32_t)handle->clocks.now;
    if (is_clock_proven || record->high_water < now)
        record->high_water = now;
    note_trouble(handle);
    record->used = (uint32_t)handle->used;
    record->boot_id = mu_span_of(handle->clocks.boot_id, MU_BOOT_ID_SIZE);
    record->boot_seconds = (uint32_t)handle->clocks.boot_seconds;
    mu_writer file = {0};
    mu_record_write(record, &file);
    snprintf(path, sizeof path, "%s/record", handle->home);
    snprintf(previous, sizeof previous, "%s/record.previous", handle->home);
    int error = file.bad ? MU_INTERNAL : mu_file_replace(path, previous, mu_written(&file));
    mu_writer_free(&file);
    return error;
}
