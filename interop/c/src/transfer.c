/* Newer keysets from a host (spec/keyset.md §Transfer). */
#include "handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One signed keyset, part by part, into `document`: its size, 0 where the host has none that is newer. */
static size_t fetch_one(const muster *handle, const char *host, uint32_t port, uint32_t have, uint8_t *document) {
    uint8_t answer[MU_LARGEST_BODY];
    size_t size = 0, total = 0;
    do {
        mu_keyset_request request = {mu_span_of(handle->fingerprint, MU_VENDOR_ID_SIZE), have, (uint32_t)size};
        mu_writer body = {0};
        size_t got;
        mu_keyset_part part;
        mu_keyset_request_write(&request, &body);
        int error = body.bad ? MU_INTERNAL : mu_exchange(host, port, mu_written(&body), answer, &got);
        mu_writer_free(&body);
        if (error != MU_OK || mu_keyset_part_read(mu_span_of(answer, got), &part) != MU_OK || part.offset != size ||
            part.data.size == 0 || (size > 0 && part.total != total))
            return 0;
        total = part.total;
        memcpy(document + size, part.data.at, part.data.size);
        size += part.data.size;
    } while (size < total);
    return size;
}

static size_t chain_now(const muster *handle, mu_span *documents) {
    size_t count = handle->chain_file == NULL
                       ? 0
                       : mu_chain_documents(mu_span_of(handle->chain_file, handle->chain_size), documents);
    if (count == handle->chain.newest.version)
        return count;
    memcpy(documents, handle->product.keysets, handle->product.keyset_count * sizeof *documents);
    return handle->product.keyset_count;
}

static void keep(muster *handle, const mu_span *documents, size_t count) {
    char path[MU_PATH_MOST + 16];
    mu_writer file = {0};
    mu_put_array(&file, count);
    for (size_t i = 0; i < count; i++)
        mu_put_bytes(&file, documents[i]);
    snprintf(path, sizeof path, "%s/keysets", handle->home);
    if (file.bad || mu_file_replace(path, NULL, mu_written(&file)) != MU_OK) {
        mu_writer_free(&file); /* the chain holds for this attempt; it is fetched again another time */
        return;
    }
    free(handle->chain_file);
    handle->chain_file = file.at;
    handle->chain_size = file.size;
}

bool mu_handle_fetch(muster *handle, const char *host, uint32_t port) {
    mu_span documents[MU_LARGEST_CHAIN];
    mu_chain longer;
    size_t had = chain_now(handle, documents), count = had, proven = had;
    uint8_t *room = malloc((MU_LARGEST_CHAIN - had) * MU_LARGEST_KEYSET + 1);
    while (room != NULL && count < MU_LARGEST_CHAIN) {
        uint8_t *document = room + (count - had) * MU_LARGEST_KEYSET;
        size_t size = fetch_one(handle, host, port, (uint32_t)count, document);
        if (size == 0)
            break;
        documents[count++] = mu_span_of(document, size);
        /* A keyset that is past its day may stand in between, not at the end. */
        int error = mu_chain_walk(documents, count, handle->fingerprint, handle->clocks.now, &longer);
        if (error == MU_OK) {
            handle->chain = longer;
            proven = count;
        } else if (error != MU_KEYSET_TOO_OLD) {
            break;
        }
    }
    if (proven > had)
        keep(handle, documents, proven);
    free(room);
    return proven > had;
}
