/* What a handle holds. */
#ifndef MUSTER_HANDLE_H
#define MUSTER_HANDLE_H

#include "../include/muster.h"
#include "system.h"

enum { MU_MOST_FEATURES = 64, MU_TEXT_MOST = 65 };

struct muster {
    char folder[MU_PATH_MOST], home[MU_PATH_MOST]; /* home: vendors/<vendor id> in the folder */
    char edition_name[MU_TEXT_MOST], zone[MU_NAME_MOST + 1], dns[MU_NAME_MOST + 1];
    uint8_t fingerprint[MU_HASH_SIZE];
    mu_product product;
    mu_chain chain;      /* the longest that proves itself */
    uint8_t *chain_file; /* what `chain` came from, where it is longer than the product file's */
    size_t chain_size;
    const mu_edition *edition;
    mu_record record; /* no editions where none was written yet */
    bool has_record;
    mu_sources sources;
    mu_clocks clocks;
    int64_t used;
    mu_standing standing;
    size_t feature_count;
    char features[MU_MOST_FEATURES][MU_TEXT_MOST], vendor[MU_TEXT_MOST], product_name[MU_TEXT_MOST];
};

/* The keysets of a file `keysets`: how many; 0 where it is not one. */
size_t mu_chain_documents(mu_span file, mu_span *documents);
/* Judges the state anew from what the handle holds. */
void mu_handle_stand(muster *handle);
void mu_handle_situation(const muster *handle, mu_situation *situation);
/* A record for a machine that has none. Its spans point into `room`. */
typedef struct {
    uint8_t client_id[MU_ID_SIZE], salt[MU_SALT_SIZE], parts[MU_ID_SIZE], boot_id[MU_BOOT_ID_SIZE];
} mu_fresh;
void mu_fresh_machine(muster *handle, mu_fresh *room);
/* Moves used time and high-water on and saves the record. Needs the lock. STORE_FAILED. */
int mu_handle_save(muster *handle, bool is_clock_proven);
/* Fetches newer keysets from a host as far as they prove themselves; whether the chain is longer now. */
bool mu_handle_fetch(muster *handle, const char *host, uint32_t port);
/* The edition's part of the record, made where there is none. */
mu_edition_record *mu_handle_edition(muster *handle);

#endif
