/* Vectors of activation objects. */
#include "../src/directory.h"
#include "vectors.h"

#include <stdlib.h>
#include <string.h>

enum { VALUES_MOST = 256, OBJECTS_MOST = 16 };

static mu_entry entry_in(const json *attributes, mu_value *values) {
    size_t count = 0;
    for (const json *row = attributes->first; row != NULL; row = row->next)
        for (const json *value = row->first; value != NULL && count < VALUES_MOST; value = value->next)
            values[count++] = (mu_value){row->name, hex_of(value)};
    return (mu_entry){values, count};
}

static int one(const json *given, const json *expect) {
    mu_value values[VALUES_MOST];
    mu_entry entry = entry_in(json_get(given, "attributes"), values);
    mu_object found;
    int error = mu_object_read(&entry, &found);
    if (error == MU_OK && expect != NULL) {
        expect_hex(expect, "vendor_id", mu_span_of(found.vendor_id, sizeof found.vendor_id));
        expect_number(expect, "scope", found.scope);
        expect_hex(expect, "certificate", found.certificate);
        const json *keysets = json_get(expect, "keysets");
        expect_that(json_count(keysets) == found.keyset_count, "keysets");
        for (size_t i = 0; i < found.keyset_count && i < json_count(keysets); i++)
            expect_that(mu_equal(hex_of(json_at(keysets, i)), found.keysets[i]), "keysets");
    }
    free(found.room);
    return error;
}

static int objects(const json *given, const json *expect) {
    LIST_OF_DOCUMENTS(given, "keysets", documents, known);
    mu_object read[OBJECTS_MOST];
    mu_value values[VALUES_MOST];
    mu_chain chain;
    mu_certificate found;
    size_t count = 0;
    const json *of = json_get(given, "edition"), *pinned = json_get(given, "organisation");
    mu_edition edition = {
        .group = (uint32_t)number_in(of, "group"),
        .level = (uint32_t)number_in(of, "level"),
        .released_day = (uint32_t)number_in(of, "released_day"),
    };
    for (const json *row = json_get(given, "objects")->first; row != NULL && count < OBJECTS_MOST; row = row->next) {
        mu_entry entry = entry_in(row, values);
        if (mu_object_read(&entry, &read[count]) == MU_OK)
            count++;
        else
            free(read[count].room);
    }
    int error = mu_chain_walk(documents, known, NULL, -1, &chain);
    if (error == MU_OK)
        error = mu_objects_judge(read, count, hex_in(given, "directory"), &edition, (int64_t)number_in(given, "now"),
                                 pinned->kind == JSON_NUMBER ? (int64_t)pinned->number : -1, documents, &chain, &found);
    if (error == MU_OK) {
        expect_number(expect, "serial", found.serial);
        expect_number(expect, "organisation", found.organisation);
        expect_number(expect, "keyset", chain.newest.version);
    }
    while (count > 0)
        free(read[--count].room);
    return error;
}

const vector_kind DIRECTORY_KINDS[] = {
    {"entry", one},
    {"point", one},
    {"objects", objects},
    {NULL, NULL},
};
