/* The product file: keysets first, then the signature, then the claims (spec/product.md). */
#include "trust.h"

#include <stdlib.h>
#include <string.h>

enum {
    FORMAT = 1,
    NAME_MOST = 64,
    SERVICE_MOST = 256,
    MINUTES_MOST = 52560000,
    ID_MOST = 0xffffff,
    DAY_MOST = 0xffff,
    THRESHOLD_MOST = 1000,
    FEATURES_MOST = 64,
    EXTENSIONS_MOST = 16,
    EXTENSION_MOST = 4096,
    LARGEST_PRODUCT = 65792,
};

typedef struct {
    uint32_t id;
    mu_span name;
} group;

static uint64_t minutes(mu_reader *from) {
    return (uint64_t)mu_uint(from, 0, MINUTES_MOST) * 60;
}

static void read_policy(mu_reader *from, mu_policy *found) {
    mu_array(from, 9, 9);
    found->validity = minutes(from);
    found->renewal = minutes(from);
    found->retry = minutes(from);
    found->first_grace = minutes(from);
    found->renewal_grace = minutes(from);
    found->unproven_grace = minutes(from);
    found->warning = minutes(from);
    found->rearms = mu_uint(from, 0, 0xff);
    found->srv = mu_text(from, NAME_MOST);
}

static size_t read_groups(mu_reader *from, group *groups) {
    size_t count = mu_array(from, 0, MU_MOST_GROUPS);
    for (size_t i = 0; i < count && !from->bad; i++) {
        mu_array(from, 2, 2);
        groups[i] = (group){.id = mu_uint(from, 0, ID_MOST)};
        groups[i].name = mu_text(from, NAME_MOST);
        for (size_t k = 0; k < i; k++)
            if (groups[k].id == groups[i].id || mu_equal(groups[k].name, groups[i].name))
                from->bad = true;
    }
    return from->bad ? 0 : count;
}

static void read_edition(mu_reader *from, mu_edition *found) {
    mu_array(from, 9, 9);
    found->id = mu_uint(from, 0, ID_MOST);
    found->name = mu_text(from, NAME_MOST);
    found->product = mu_text(from, NAME_MOST);
    found->group = mu_uint(from, 0, ID_MOST);
    found->level = mu_uint(from, 0, 0xff);
    found->class_ = mu_uint(from, 0, 1);
    found->threshold = mu_uint(from, 1, THRESHOLD_MOST);
    found->released_day = mu_uint(from, 0, DAY_MOST);
    const uint8_t *begin = from->at;
    size_t features = mu_array(from, 0, FEATURES_MOST);
    for (size_t i = 0; i < features; i++)
        mu_text(from, NAME_MOST);
    found->features = mu_span_of(begin, from->bad ? 0 : (size_t)(from->at - begin));
}

static void read_editions(mu_reader *from, mu_product *found, const group *groups, size_t group_count) {
    size_t count = mu_array(from, 0, MU_MOST_EDITIONS);
    found->editions = calloc(count + 1, sizeof *found->editions);
    if (found->editions == NULL)
        from->bad = true;
    for (size_t i = 0; i < count && !from->bad; i++) {
        mu_edition *edition = &found->editions[i];
        read_edition(from, edition);
        bool has_group = false;
        for (size_t k = 0; k < group_count; k++)
            has_group |= groups[k].id == edition->group;
        for (size_t k = 0; k < i; k++)
            if (found->editions[k].id == edition->id || mu_equal(found->editions[k].name, edition->name))
                from->bad = true;
        if (!has_group)
            from->bad = true;
    }
    found->edition_count = from->bad ? 0 : count;
}

int mu_product_claims(mu_span payload, mu_product *found, uint32_t *issuing_key) {
    group groups[MU_MOST_GROUPS];
    mu_reader from = mu_read(payload);
    mu_array(&from, 10, 10);
    mu_uint(&from, FORMAT, FORMAT);
    *issuing_key = mu_uint(&from, 0, 0xff);
    found->serial = mu_uint(&from, 0, UINT32_MAX);
    found->issued_day = mu_uint(&from, 0, DAY_MOST);
    found->vendor = mu_text(&from, NAME_MOST);
    found->service = mu_text(&from, SERVICE_MOST);
    read_policy(&from, &found->policy);
    size_t group_count = read_groups(&from, groups);
    read_editions(&from, found, groups, group_count);
    size_t extensions = mu_array(&from, 0, EXTENSIONS_MOST);
    for (size_t i = 0; i < extensions; i++) {
        mu_array(&from, 2, 2);
        mu_uint(&from, 0, 0xffff);
        mu_bytes(&from, 0, EXTENSION_MOST);
    }
    return mu_is_end(&from) ? MU_OK : MU_PRODUCT_MALFORMED;
}

static int verify_claims(const mu_product *product, const mu_signed *outer, uint32_t issuing_key) {
    const mu_keyset *keyset = &product->chain.newest;
    for (size_t i = 0; i < keyset->issuing; i++) {
        const mu_issuing *key = &keyset->issuer[i];
        if (key->number != issuing_key)
            continue;
        if (key->purpose != MU_PRODUCT || product->issued_day < key->not_before_day ||
            product->issued_day > key->not_after_day)
            return MU_SIGNATURE_INVALID;
        int error = mu_verify(key->key, mu_span_of_text("muster-product-v1"), outer->payload, outer->signature);
        return error != MU_OK ? error : key->status == MU_REVOKED ? MU_KEY_REVOKED : MU_OK;
    }
    return MU_SIGNATURE_INVALID;
}

int mu_product_bytes(mu_span bytes, const uint8_t *fingerprint, int64_t now, mu_product *found) {
    *found = (mu_product){.bytes = malloc(bytes.size + 1)};
    if (found->bytes == NULL)
        return MU_INTERNAL;
    if (bytes.size > 0)
        memcpy(found->bytes, bytes.at, bytes.size);
    mu_reader from = mu_read(mu_span_of(found->bytes, bytes.size));
    mu_array(&from, 2, 2);
    found->keyset_count = mu_array(&from, 0, MU_LARGEST_CHAIN);
    for (size_t i = 0; i < found->keyset_count; i++)
        found->keysets[i] = mu_bytes(&from, 1, MU_LARGEST_KEYSET);
    mu_span message = mu_bytes(&from, 1, LARGEST_PRODUCT);
    mu_signed outer;
    uint32_t issuing_key;
    if (!mu_is_end(&from) || mu_sign1(message, &outer) != MU_OK || outer.carries_certificate)
        return MU_PRODUCT_MALFORMED;
    int error = mu_chain_walk(found->keysets, found->keyset_count, fingerprint, now, &found->chain);
    if (error == MU_OK)
        error = mu_product_claims(outer.payload, found, &issuing_key);
    return error != MU_OK ? error : verify_claims(found, &outer, issuing_key);
}

int mu_product_open(mu_span text, const uint8_t *fingerprint, int64_t now, mu_product *found) {
    uint8_t *bytes;
    size_t size;
    *found = (mu_product){0};
    if (mu_dearmour(text, "PRODUCT FILE", &bytes, &size) != MU_OK)
        return MU_PRODUCT_MALFORMED;
    int error = mu_product_bytes(mu_span_of(bytes, size), fingerprint, now, found);
    free(bytes);
    return error;
}

const mu_edition *mu_product_edition(const mu_product *product, mu_span name) {
    for (size_t i = 0; i < product->edition_count; i++)
        if (mu_equal(product->editions[i].name, name))
            return &product->editions[i];
    return NULL;
}

void mu_product_free(mu_product *product) {
    free(product->bytes);
    free(product->editions);
    *product = (mu_product){0};
}
