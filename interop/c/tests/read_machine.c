/* Vectors of hardware, the record, states, and the order of hosts. */
#include "../src/discovery.h"
#include "../src/machine.h"
#include "vectors.h"

#include <stdio.h>
#include <string.h>

static const char *const SOURCES[] = {"board", "disk", "network", "platform", "machine_id"};
static const char *const STATES[] = {"UNLICENSED", "INITIAL_GRACE", "LICENSED", "RENEWAL_GRACE", "NOTIFICATION"};

static void sources_in(const json *given, const char *name, mu_sources *found) {
    for (size_t i = 0; i < MU_SOURCES; i++)
        mu_normalise(text_in(json_get(given, name), SOURCES[i]), found->text[i]);
}

static int parts(const json *given, const json *expect) {
    mu_sources found;
    uint8_t lease[MU_PARTS * MU_LEASE_WIDTH], installation[MU_PARTS * MU_INSTALLATION_WIDTH];
    sources_in(given, "sources", &found);
    mu_parts(&found, hex_in(given, "salt"), MU_LEASE_WIDTH, lease);
    mu_parts(&found, hex_in(given, "secret"), MU_INSTALLATION_WIDTH, installation);
    expect_hex(expect, "lease_parts", mu_span_of(lease, sizeof lease));
    expect_hex(expect, "installation_parts", mu_span_of(installation, sizeof installation));
    expect_text(expect, "binding", mu_span_of_text(mu_is_bound_weakly(&found) ? "weak" : "hardware"));
    for (size_t i = 0; i < MU_PARTS; i++) {
        const json *wanted = json_at(json_get(expect, "normalised"), i);
        expect_that(strcmp(found.text[i], wanted->text == NULL ? "" : wanted->text) == 0, "normalised");
    }
    return MU_OK;
}

static int same_hardware(const json *given, const json *expect) {
    expect_number(expect, "same", mu_is_same_hardware(hex_in(given, "one").at, hex_in(given, "other").at));
    return MU_OK;
}

static int record(const json *given, const json *expect) {
    mu_record found;
    mu_span bytes = hex_in(given, "bytes");
    int error = mu_record_read(bytes, &found);
    if (error == MU_OK && expect != NULL) {
        expect_hex(expect, "client_id", found.client_id);
        expect_number(expect, "high_water", found.high_water);
        expect_that(json_count(json_get(expect, "editions")) == found.edition_count, "editions");
        for (size_t i = 0; i < found.edition_count; i++)
            expect_that(json_at(json_get(expect, "editions"), i)->number == found.editions[i].edition, "editions");
        mu_writer again = {0};
        mu_record_write(&found, &again);
        expect_that(mu_equal(mu_written(&again), bytes), "it re-encodes to other bytes");
        mu_writer_free(&again);
    }
    mu_record_free(&found);
    return error;
}

static int secrets(const json *given, const json *expect) {
    uint32_t editions[MU_MOST_EDITIONS];
    size_t count;
    int error = mu_secrets_read(hex_in(given, "bytes"), editions, &count);
    if (error != MU_OK || expect == NULL)
        return error;
    expect_that(json_count(json_get(expect, "editions")) == count, "editions");
    for (size_t i = 0; i < count; i++)
        expect_that(json_at(json_get(expect, "editions"), i)->number == editions[i], "editions");
    return MU_OK;
}

/* An instant that only some cases tell; null where nothing ends. */
static void expect_end(const json *expect, const char *name, int64_t instant) {
    const json *wanted = expect == NULL ? NULL : json_get(expect, name);
    if (wanted != NULL && (wanted->kind == JSON_NUMBER ? (int64_t)wanted->number : -1) != instant)
        expect_that(false, name);
}

static int state(const json *given, const json *expect) {
    mu_product product;
    mu_record found = {0};
    mu_sources sources;
    sources_in(given, "normalised_sources", &sources);
    int error = mu_product_open(text_in(given, "product"), NULL, -1, &product);
    if (error == MU_OK)
        error = mu_record_read(hex_in(given, "record"), &found);
    if (error == MU_OK) {
        mu_situation situation = {
            .keyset = &product.chain.newest,
            .fingerprint = product.chain.fingerprint,
            .policy = &product.policy,
            .edition = mu_product_edition(&product, text_in(given, "edition")),
            .record = &found,
            .sources = &sources,
            .now = (int64_t)number_in(given, "now"),
            .used = (int64_t)number_in(given, "used"),
        };
        mu_standing standing;
        mu_stand(&situation, &standing);
        expect_text(expect, "state", mu_span_of_text(STATES[standing.state]));
        expect_end(expect, "expires_at", standing.state == MU_LICENSED ? standing.expires_at : -1);
        expect_end(expect, "grace_ends_at", standing.grace_ends_at);
    }
    mu_record_free(&found);
    mu_product_free(&product);
    return error;
}

typedef struct {
    const json *fractions;
    size_t next;
} drawing;

static uint32_t draw(void *with, uint32_t most) {
    drawing *from = with;
    return (uint32_t)(json_at(from->fractions, from->next++)->number * (most + 1));
}

static int srv_order(const json *given, const json *expect) {
    mu_service records[MU_MOST_SERVICES] = {0};
    size_t count = 0;
    for (const json *row = json_get(given, "records")->first; row != NULL; row = row->next, count++) {
        records[count].priority = (uint32_t)number_in(row, "priority");
        records[count].weight = (uint32_t)number_in(row, "weight");
        records[count].port = (uint32_t)number_in(row, "port");
        snprintf(records[count].target, sizeof records[count].target, "%s", json_get(row, "target")->text);
    }
    drawing from = {json_get(given, "fractions"), 0};
    count = mu_service_order(records, count, draw, &from);
    expect_that(json_count(json_get(expect, "order")) == count, "order");
    for (size_t i = 0; i < count; i++) {
        char address[MU_NAME_MOST + 8];
        snprintf(address, sizeof address, "%s:%u", records[i].target, (unsigned)records[i].port);
        expect_that(strcmp(json_at(json_get(expect, "order"), i)->text, address) == 0, "order");
    }
    return MU_OK;
}

static int zones(const json *given, const json *expect) {
    const char *set[64], *search[64];
    size_t set_count = 0, search_count = 0;
    mu_zones found;
    for (const json *row = json_get(given, "configured")->first; row != NULL; row = row->next)
        set[set_count++] = row->text;
    for (const json *row = json_get(given, "search")->first; row != NULL; row = row->next)
        search[search_count++] = row->text;
    mu_zones_to_ask(set, set_count, json_get(given, "domain")->text, search, search_count, &found);
    expect_that(json_count(json_get(expect, "zones")) == found.count, "zones");
    const json *wanted = json_get(expect, "zones")->first;
    for (size_t i = 0; i < found.count && wanted != NULL; i++, wanted = wanted->next)
        expect_that(strcmp(wanted->text, found.name[i]) == 0, "zones");
    return MU_OK;
}

const vector_kind MACHINE_KINDS[] = {
    {"parts", parts},
    {"same_hardware", same_hardware},
    {"record", record},
    {"secrets", secrets},
    {"state", state},
    {"srv_order", srv_order},
    {"zones", zones},
    {NULL, NULL},
};
