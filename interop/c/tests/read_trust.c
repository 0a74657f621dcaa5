/* Vectors of signatures, keysets, certificates, product files, answers. */
#include "../src/productkey.h"
#include "vectors.h"

#include <string.h>

static int sign1(const json *given, const json *expect) {
    mu_signed found;
    mu_span message = hex_in(given, "message");
    int error = mu_sign1(message, &found);
    if (error != MU_OK)
        return error;
    error = mu_verify(hex_in(given, "public").at, hex_in(given, "aad"), found.payload, found.signature);
    if (error == MU_OK)
        expect_hex(expect, "payload", found.payload);
    return error;
}

static int keyset(const json *given, const json *expect) {
    mu_keyset found;
    int error = mu_keyset_payload(hex_in(given, "payload"), &found);
    if (error != MU_OK || expect == NULL)
        return error;
    expect_number(expect, "version", found.version);
    expect_number(expect, "threshold", found.threshold);
    expect_number(expect, "roots", (double)found.roots);
    expect_number(expect, "issuing", (double)found.issuing);
    expect_that(json_count(json_get(expect, "withdrawn")) == found.withdrawn, "withdrawn");
    for (size_t i = 0; i < found.withdrawn; i++)
        expect_that(mu_is_withdrawn(&found, (uint32_t)json_at(json_get(expect, "withdrawn"), i)->number), "withdrawn");
    return MU_OK;
}

static int chain(const json *given, const json *expect) {
    LIST_OF_DOCUMENTS(given, "documents", documents, count);
    mu_chain found;
    const json *now = json_get(given, "now");
    int64_t at = now->kind == JSON_NUMBER ? (int64_t)now->number : -1;
    int error = mu_chain_walk(documents, count, hex_in(given, "fingerprint").at, at, &found);
    if (error != MU_OK || expect == NULL)
        return error;
    expect_number(expect, "version", found.newest.version);
    expect_hex(expect, "vendor_id", mu_span_of(found.fingerprint, MU_VENDOR_ID_SIZE));
    expect_that(json_count(json_get(expect, "withdrawn")) == found.newest.withdrawn, "withdrawn");
    return MU_OK;
}

static int certificate_claims(const json *given, const json *expect) {
    mu_certificate found;
    int error = mu_certificate_claims(hex_in(given, "payload"), &found);
    if (error != MU_OK || expect == NULL)
        return error;
    const json *fields = json_get(expect, "fields");
    expect_number(fields, "issuing_key", found.issuing_key);
    expect_number(fields, "serial", found.serial);
    expect_number(fields, "organisation", found.organisation);
    expect_number(fields, "not_before_day", found.not_before_day);
    expect_number(fields, "days", found.days);
    expect_hex(fields, "subject", found.subject);
    expect_number(fields, "scope", found.scope);
    expect_number(fields, "level", found.level);
    expect_number(fields, "released_until_day", found.released_until_day);
    expect_number(fields, "lease_until_day", found.lease_until_day);
    return MU_OK;
}

static int object(const json *given, const json *expect) {
    LIST_OF_DOCUMENTS(given, "keysets", documents, count);
    mu_chain chain_found;
    mu_certificate found;
    uint8_t subject[MU_HASH_SIZE];
    int error = mu_chain_walk(documents, count, NULL, -1, &chain_found);
    if (error == MU_OK)
        error = mu_certificate_verify(hex_in(given, "certificate"), &chain_found.newest, MU_OBJECT, NULL, &found);
    if (error != MU_OK)
        return error;
    mu_span pieces[] = {mu_span_of_text("muster-directory-v1"), hex_in(given, "directory")};
    mu_sha256(subject, pieces, 2);
    if (memcmp(subject, found.subject.at, sizeof subject) != 0)
        return MU_NO_ACTIVATION_OBJECT;
    expect_number(expect, "serial", found.serial);
    expect_number(expect, "organisation", found.organisation);
    expect_number(expect, "scope", found.scope);
    expect_number(expect, "level", found.level);
    return MU_OK;
}

static int answer(const json *given, const json *expect) {
    LIST_OF_DOCUMENTS(given, "keysets", documents, count);
    mu_chain chain_found;
    mu_answer found;
    const json *of = json_get(given, "edition"), *pinned = json_get(given, "organisation");
    mu_edition edition = {
        .id = (uint32_t)number_in(of, "id"),
        .group = (uint32_t)number_in(of, "group"),
        .level = (uint32_t)number_in(of, "level"),
        .threshold = (uint32_t)number_in(of, "threshold"),
        .released_day = (uint32_t)number_in(of, "released_day"),
    };
    int error = mu_chain_walk(documents, count, NULL, -1, &chain_found);
    if (error == MU_OK)
        error = mu_answer_verify(hex_in(given, "request"), hex_in(given, "answer"), &chain_found.newest, false, &found);
    int64_t organisation = pinned->kind == JSON_NUMBER ? (int64_t)pinned->number : -1;
    if (error == MU_OK)
        error = mu_answer_judge(&found, &edition, &chain_found.newest, (int64_t)number_in(given, "now"), false, organisation);
    if (error != MU_OK || expect == NULL)
        return error;
    expect_number(expect, "count", found.claims.count);
    expect_number(expect, "host_time", found.claims.host_time);
    expect_number(expect, "serial", found.certificate.serial);
    expect_number(expect, "organisation", found.certificate.organisation);
    return MU_OK;
}

static void expect_product(const json *expect, const mu_product *found) {
    expect_text(expect, "vendor", found->vendor);
    expect_number(expect, "serial", found->serial);
    expect_hex(expect, "fingerprint", mu_span_of(found->chain.fingerprint, MU_HASH_SIZE));
    expect_that(json_count(json_get(expect, "editions")) == found->edition_count, "editions");
    for (const json *row = json_get(expect, "editions")->first; row != NULL; row = row->next) {
        const mu_edition *edition = mu_product_edition(found, mu_span_of_text(row->name));
        expect_that(edition != NULL && edition->id == (uint32_t)row->number, "editions");
        if (edition == NULL)
            continue;
        mu_product_key key;
        char text[MU_FORMATTED_KEY + 1];
        mu_product_key_generic(found->chain.fingerprint, edition->id, &key);
        mu_product_key_format(&key, text);
        expect_text(json_get(expect, "generic_keys"), row->name, mu_span_of_text(text));
    }
}

static int product(const json *given, const json *expect) {
    mu_span pin = hex_in(given, "fingerprint");
    mu_product found;
    int error = mu_product_open(text_in(given, "text"), pin.size == 0 ? NULL : pin.at, (int64_t)number_in(given, "now"), &found);
    if (error == MU_OK && expect != NULL)
        expect_product(expect, &found);
    mu_product_free(&found);
    return error;
}

static int product_bytes(const json *given, const json *expect) {
    mu_span pin = hex_in(given, "fingerprint");
    mu_product found;
    int64_t now = (int64_t)number_in(given, "now");
    int error = mu_product_bytes(hex_in(given, "bytes"), pin.size == 0 ? NULL : pin.at, now, &found);
    if (error == MU_OK && expect != NULL)
        expect_product(expect, &found);
    mu_product_free(&found);
    return error;
}

const vector_kind TRUST_KINDS[] = {
    {"sign1", sign1},
    {"keyset", keyset},
    {"chain", chain},
    {"certificate_claims", certificate_claims},
    {"object", object},
    {"answer", answer},
    {"product", product},
    {"product_bytes", product_bytes},
    {NULL, NULL},
};
