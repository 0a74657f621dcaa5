/* Vectors of what goes over the wire and of text that people type. */
#include "../src/productkey.h"
#include "vectors.h"

#include <stdlib.h>

static int request(const json *given, const json *expect) {
    mu_span body = hex_in(given, "body");
    mu_request found;
    int error = mu_request_read(body, &found);
    if (error != MU_OK || expect == NULL)
        return error;
    const json *fields = json_get(expect, "fields");
    expect_hex(fields, "vendor_id", found.vendor_id);
    expect_number(fields, "edition", found.edition);
    expect_number(fields, "group", found.group);
    expect_number(fields, "level", found.level);
    expect_number(fields, "threshold", found.threshold);
    expect_hex(fields, "client_id", found.client_id);
    expect_hex(fields, "parts", found.parts);
    expect_hex(fields, "nonce", found.nonce);
    expect_number(fields, "state", found.state);
    expect_number(fields, "flags", found.flags);
    mu_writer again = {0};
    mu_request_write(&found, &again);
    expect_that(mu_equal(mu_written(&again), body), "it re-encodes to other bytes");
    mu_writer_free(&again);
    mu_span inner;
    expect_that(mu_frame_body(hex_in(given, "frame"), &inner) == MU_OK && mu_equal(inner, body), "frame");
    return MU_OK;
}

static int request_kind(const json *given, const json *expect) {
    mu_request found;
    (void)expect;
    return mu_request_read(hex_in(given, "body"), &found);
}

static int frame(const json *given, const json *expect) {
    mu_span body = mu_span_of("", 0);
    int error = mu_frame_body(hex_in(given, "bytes"), &body);
    if (error == MU_OK)
        expect_hex(expect, "body", body);
    return error;
}

static int claims(const json *given, const json *expect) {
    mu_claims found;
    int error = mu_claims_read(hex_in(given, "payload"), &found);
    if (error != MU_OK || expect == NULL)
        return error;
    const json *fields = json_get(expect, "fields");
    if (found.is_refusal)
        expect_number(fields, "code", found.code);
    else
        expect_number(fields, "count", found.count);
    expect_number(fields, "host_time", found.host_time);
    expect_number(fields, "retry_minutes", found.retry_minutes);
    if (!found.is_refusal)
        expect_number(fields, "renew_minutes", found.renew_minutes);
    return MU_OK;
}

static int hint(const json *given, const json *expect) {
    mu_hint found;
    int error = mu_hint_read(hex_in(given, "body"), &found);
    if (error != MU_OK || expect == NULL)
        return error;
    expect_number(json_get(expect, "fields"), "version", found.version);
    expect_number(json_get(expect, "fields"), "code", found.code);
    return MU_OK;
}

static int keyset_request(const json *given, const json *expect) {
    mu_keyset_request found;
    mu_span body = hex_in(given, "body");
    int error = mu_keyset_request_read(body, &found);
    if (error != MU_OK || expect == NULL)
        return error;
    const json *fields = json_get(expect, "fields");
    expect_hex(fields, "vendor_id", found.vendor_id);
    expect_number(fields, "have_version", found.have_version);
    expect_number(fields, "offset", found.offset);
    mu_writer again = {0};
    mu_keyset_request_write(&found, &again);
    expect_that(mu_equal(mu_written(&again), body), "it re-encodes to other bytes");
    mu_writer_free(&again);
    return MU_OK;
}

static int keyset_part(const json *given, const json *expect) {
    mu_keyset_part found;
    int error = mu_keyset_part_read(hex_in(given, "body"), &found);
    if (error != MU_OK || expect == NULL)
        return error;
    const json *fields = json_get(expect, "fields");
    expect_number(fields, "newest", found.newest);
    expect_number(fields, "total", found.total);
    expect_number(fields, "offset", found.offset);
    expect_hex(fields, "data", found.data);
    return MU_OK;
}

static int armour(const json *given, const json *expect) {
    uint8_t *bytes;
    size_t size;
    int error = mu_dearmour(text_in(given, "text"), json_get(given, "title")->text, &bytes, &size);
    if (error == MU_OK)
        expect_hex(expect, "bytes", mu_span_of(bytes, size));
    free(bytes);
    return error;
}

static int product_key(const json *given, const json *expect) {
    mu_product_key found;
    int group;
    int error = mu_product_key_read(text_in(given, "text"), &found, &group);
    if (error != MU_OK) {
        if (expect != NULL && json_get(expect, "group") != NULL)
            expect_number(expect, "group", group);
        return error;
    }
    expect_number(expect, "kind", found.kind);
    expect_number(expect, "scope", found.scope);
    expect_text(expect, "canonical", mu_span_of_text(found.text));
    expect_hex(expect, "reference", mu_span_of(found.reference, sizeof found.reference));
    expect_hex(expect, "secret", mu_span_of(found.secret, sizeof found.secret));
    return MU_OK;
}

static int generic_key(const json *given, const json *expect) {
    mu_product_key found;
    char text[MU_FORMATTED_KEY + 1];
    mu_product_key_generic(hex_in(given, "fingerprint").at, (uint32_t)number_in(given, "edition"), &found);
    mu_product_key_format(&found, text);
    expect_text(expect, "key", mu_span_of_text(text));
    return MU_OK;
}

const vector_kind WIRE_KINDS[] = {
    {"request", request},
    {"request_kind", request_kind},
    {"frame", frame},
    {"claims", claims},
    {"hint", hint},
    {"keyset_request", keyset_request},
    {"keyset_part", keyset_part},
    {"armour", armour},
    {"product_key", product_key},
    {"generic_key", generic_key},
    {NULL, NULL},
};
