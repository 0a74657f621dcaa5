/* Opening a state folder and telling what it says. */
#include "handle.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char DEFAULT_FOLDER[] = "/var/lib/muster/client";

static void copy_text(char *to, size_t room, mu_span text) {
    size_t size = text.size < room ? text.size : room - 1;
    memcpy(to, text.at, size);
    to[size] = '\0';
}

static int locate(muster *handle, const char *folder, const char *fingerprint, const char *edition) {
    size_t size;
    char id[2 * MU_VENDOR_ID_SIZE + 1];
    folder = folder == NULL ? DEFAULT_FOLDER : folder;
    if (sodium_init() < 0)
        return MU_INTERNAL;
    if (fingerprint == NULL || edition == NULL || strlen(fingerprint) != 2 * MU_HASH_SIZE || strlen(edition) >= MU_TEXT_MOST ||
        strlen(folder) > MU_PATH_MOST / 2 ||
        sodium_hex2bin(handle->fingerprint, MU_HASH_SIZE, fingerprint, 2 * MU_HASH_SIZE, NULL, &size, NULL) != 0 ||
        size != MU_HASH_SIZE)
        return MU_USAGE;
    sodium_bin2hex(id, sizeof id, handle->fingerprint, MU_VENDOR_ID_SIZE);
    snprintf(handle->folder, sizeof handle->folder, "%s", folder);
    snprintf(handle->home, sizeof handle->home, "%s/vendors/%s", folder, id);
    snprintf(handle->edition_name, sizeof handle->edition_name, "%s", edition);
    return MU_OK;
}

size_t mu_chain_documents(mu_span file, mu_span *documents) {
    mu_reader from = mu_read(file);
    size_t count = mu_array(&from, 1, MU_LARGEST_CHAIN);
    for (size_t i = 0; i < count; i++)
        documents[i] = mu_bytes(&from, 1, MU_LARGEST_KEYSET);
    return mu_is_end(&from) ? count : 0;
}

/* The chain of the file `keysets` replaces the product file's where it is longer and proves itself. */
static void read_chain(muster *handle) {
    char path[MU_PATH_MOST + 16];
    mu_span documents[MU_LARGEST_CHAIN];
    mu_chain longer;
    handle->chain = handle->product.chain;
    free(handle->chain_file);
    handle->chain_file = NULL;
    snprintf(path, sizeof path, "%s/keysets", handle->home);
    if (mu_file_read(path, MU_LARGEST_CHAIN * (MU_LARGEST_KEYSET + 3) + 2, &handle->chain_file, &handle->chain_size) != MU_OK)
        return;
    size_t count = mu_chain_documents(mu_span_of(handle->chain_file, handle->chain_size), documents);
    if (count > handle->product.keyset_count && mu_chain_walk(documents, count, handle->fingerprint, -1, &longer) == MU_OK)
        handle->chain = longer;
}

static int read_product(muster *handle) {
    char path[MU_PATH_MOST + 16];
    uint8_t *text;
    size_t size;
    snprintf(path, sizeof path, "%s/product.muster", handle->home);
    int error = mu_file_read(path, MU_LARGEST_ARMOUR, &text, &size);
    if (error != MU_OK)
        return error == MU_NOT_FOUND ? MU_NOT_SET_UP : error;
    mu_product_free(&handle->product);
    error = mu_product_open(mu_span_of(text, size), handle->fingerprint, -1, &handle->product);
    free(text);
    if (error != MU_OK)
        return error;
    handle->edition = mu_product_edition(&handle->product, mu_span_of_text(handle->edition_name));
    if (handle->edition == NULL)
        return MU_EDITION_UNKNOWN;
    copy_text(handle->vendor, sizeof handle->vendor, handle->product.vendor);
    copy_text(handle->product_name, sizeof handle->product_name, handle->edition->product);
    mu_reader from = mu_read(handle->edition->features);
    handle->feature_count = mu_array(&from, 0, MU_MOST_FEATURES);
    for (size_t i = 0; i < handle->feature_count; i++)
        copy_text(handle->features[i], MU_TEXT_MOST, mu_text(&from, MU_TEXT_MOST - 1));
    read_chain(handle);
    return MU_OK;
}

static int read_record(muster *handle) {
    static const char *const names[] = {"record", "record.previous"};
    int error = MU_NOT_FOUND;
    mu_record_free(&handle->record);
    handle->has_record = false;
    for (size_t i = 0; i < 2; i++) {
        char path[MU_PATH_MOST + 24];
        uint8_t *bytes;
        size_t size;
        snprintf(path, sizeof path, "%s/%s", handle->home, names[i]);
        int found = mu_file_read(path, (1 << 20) + 64, &bytes, &size);
        if (found == MU_OK) {
            mu_record_free(&handle->record);
            found = mu_record_read(mu_span_of(bytes, size), &handle->record);
            free(bytes);
        }
        handle->has_record = found == MU_OK;
        if (found == MU_OK)
            return MU_OK;
        error = error == MU_NOT_FOUND ? found : error;
    }
    mu_record_free(&handle->record);
    return error == MU_NOT_FOUND ? MU_OK : MU_STATE_CORRUPT;
}

void mu_handle_situation(const muster *handle, mu_situation *situation) {
    *situation = (mu_situation){
        .keyset = &handle->chain.newest,
        .fingerprint = handle->fingerprint,
        .policy = &handle->product.policy,
        .edition = handle->edition,
        .record = &handle->record,
        .sources = &handle->sources,
        .now = handle->clocks.now,
        .used = handle->used,
    };
}

void mu_handle_stand(muster *handle) {
    mu_situation situation;
    mu_handle_situation(handle, &situation);
    mu_stand(&situation, &handle->standing);
}

static int load(muster *handle) {
    int error = read_product(handle);
    if (error == MU_OK)
        error = read_record(handle);
    if (error != MU_OK)
        return error;
    mu_clocks_read(&handle->clocks);
    mu_sources_read("", &handle->sources);
    handle->used = handle->has_record ? mu_used_now(&handle->record, &handle->clocks) : 0;
    mu_handle_stand(handle);
    return MU_OK;
}

int muster_refresh(muster *handle) {
    muster *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL)
        return MU_INTERNAL;
    memcpy(fresh->folder, handle->folder, sizeof fresh->folder);
    memcpy(fresh->home, handle->home, sizeof fresh->home);
    memcpy(fresh->edition_name, handle->edition_name, sizeof fresh->edition_name);
    memcpy(fresh->zone, handle->zone, sizeof fresh->zone);
    memcpy(fresh->dns, handle->dns, sizeof fresh->dns);
    memcpy(fresh->fingerprint, handle->fingerprint, sizeof fresh->fingerprint);
    int error = load(fresh);
    if (error == MU_OK) { /* what cannot be read leaves the handle as it was */
        muster old = *handle;
        *handle = *fresh;
        *fresh = old;
    }
    muster_free(fresh);
    return error;
}

int muster_open(const char *folder, const char *fingerprint, const char *edition, muster **opened) {
    *opened = NULL;
    muster *handle = calloc(1, sizeof *handle);
    if (handle == NULL)
        return MU_INTERNAL;
    int error = locate(handle, folder, fingerprint, edition);
    if (error == MU_OK)
        error = load(handle);
    if (error == MU_OK)
        *opened = handle;
    else
        muster_free(handle);
    return error;
}

void muster_free(muster *handle) {
    if (handle == NULL)
        return;
    mu_product_free(&handle->product);
    mu_record_free(&handle->record);
    free(handle->chain_file);
    free(handle);
}

/* Whether the file that is there is newer than `fresh`. */
static bool is_older(muster *handle, const mu_product *fresh) {
    return read_product(handle) == MU_OK && handle->product.serial > fresh->serial;
}

static int install(muster *handle, mu_span text) {
    char path[MU_PATH_MOST + 16];
    mu_product fresh;
    mu_fresh room;
    mu_product_key key;
    mu_clocks_read(&handle->clocks);
    int error = mu_product_open(text, handle->fingerprint, handle->clocks.now, &fresh);
    if (error == MU_OK && is_older(handle, &fresh))
        error = MU_PRODUCT_TOO_OLD;
    mu_product_free(&fresh);
    if (error != MU_OK)
        return error;
    snprintf(path, sizeof path, "%s/product.muster", handle->home);
    error = mu_folder_make(handle->home);
    if (error == MU_OK)
        error = mu_file_replace(path, NULL, text);
    if (error == MU_OK)
        error = load(handle);
    if (error != MU_OK)
        return error;
    if (!handle->has_record)
        mu_fresh_machine(handle, &room);
    mu_edition_record *mine = mu_handle_edition(handle);
    if (mine == NULL)
        return MU_INTERNAL;
    if (!mine->has_key) {
        mu_product_key_generic(handle->fingerprint, handle->edition->id, &key);
        mine->has_key = true;
        mine->key_kind = MU_GENERIC;
        mine->partial = mu_span_of(key.text + MU_KEY_CHARACTERS - 5, 5);
        mine->reference = mu_span_of(key.reference, sizeof key.reference);
        mine->installed = (mu_moment){(uint32_t)handle->clocks.now, (uint32_t)handle->used};
    }
    return mu_handle_save(handle, false);
}

int muster_install(const char *folder, const char *fingerprint, const char *edition, const char *product) {
    muster *handle = calloc(1, sizeof *handle);
    if (handle == NULL)
        return MU_INTERNAL;
    int error = product == NULL ? MU_USAGE : locate(handle, folder, fingerprint, edition);
    if (error == MU_OK)
        error = mu_folder_make(handle->folder);
    if (error == MU_OK) {
        int lock = mu_folder_lock(handle->folder);
        error = lock < 0 ? -lock : install(handle, mu_span_of_text(product));
        if (lock >= 0)
            mu_folder_unlock(lock);
    }
    muster_free(handle);
    return error;
}
