/* Vectors of installation and confirmation ids. */
#include "../src/ids.h"
#include "vectors.h"

#include <stdlib.h>

static int installation(const json *given, const json *expect) {
    mu_installation found;
    mu_span packed = hex_in(given, "bytes");
    int error = mu_installation_read(packed, &found);
    if (error != MU_OK)
        return error;
    expect_number(expect, "kind", found.kind);
    expect_hex(expect, "reference", found.reference);
    expect_number(expect, "tag_good", mu_installation_tag_holds(packed, hex_in(given, "secret")));
    return MU_OK;
}

typedef int read_digits(mu_span typed, uint8_t *packed, size_t *size, int *group);

static int digits(const json *given, const json *expect, read_digits *read, void (*spell)(mu_span, char *)) {
    uint8_t packed[MU_LARGEST_CONFIRMATION];
    char text[MU_DIGITS_MOST + 1];
    size_t size;
    int group, error = read(text_in(given, "text"), packed, &size, &group);
    if (error != MU_OK) {
        if (expect != NULL && json_get(expect, "group") != NULL)
            expect_number(expect, "group", group);
        return error;
    }
    expect_hex(expect, "bytes", mu_span_of(packed, size));
    spell(mu_span_of(packed, size), text);
    expect_that(mu_equal(text_in(given, "text"), mu_span_of_text(text)), "it is spelled otherwise");
    return MU_OK;
}

static int installation_digits(const json *given, const json *expect) {
    return digits(given, expect, mu_installation_digits, mu_installation_spell);
}

static int confirmation_digits(const json *given, const json *expect) {
    return digits(given, expect, mu_confirmation_digits, mu_confirmation_spell);
}

static int installation_file(const json *given, const json *expect) {
    uint8_t *bytes;
    mu_span found;
    int error = mu_installation_file(text_in(given, "text"), &bytes, &found);
    if (error == MU_OK)
        expect_hex(expect, "bytes", found);
    free(bytes);
    return error;
}

static int confirmation_file(const json *given, const json *expect) {
    uint8_t *bytes;
    mu_span installation_found, confirmation_found;
    int error = mu_confirmation_file(text_in(given, "text"), &bytes, &installation_found, &confirmation_found);
    if (error == MU_OK) {
        expect_hex(expect, "installation", installation_found);
        expect_hex(expect, "confirmation", confirmation_found);
    }
    free(bytes);
    return error;
}

static int permanent(const json *given, const json *expect) {
    LIST_OF_DOCUMENTS(given, "keysets", documents, count);
    mu_chain chain;
    bool is_revoked;
    uint32_t end_day;
    int error = mu_chain_walk(documents, count, NULL, -1, &chain);
    if (error == MU_OK)
        error = mu_confirmation_verify(hex_in(given, "installation"), hex_in(given, "confirmation"), &chain.newest, false,
                                       &is_revoked, &end_day);
    if (error == MU_OK)
        expect_number(expect, "end_day", end_day);
    return error;
}

static int certificate(const json *given, const json *expect) {
    LIST_OF_DOCUMENTS(given, "keysets", documents, count);
    mu_chain chain;
    mu_writer found = {0};
    int error = mu_chain_walk(documents, count, NULL, -1, &chain);
    if (error == MU_OK)
        error = mu_confirmation_certificate(hex_in(given, "confirmation"), hex_in(given, "subject"),
                                            (uint32_t)number_in(given, "scope"), &chain.newest, &found);
    if (error == MU_OK)
        expect_hex(expect, "certificate", mu_written(&found));
    mu_writer_free(&found);
    return error;
}

const vector_kind ID_KINDS[] = {
    {"installation", installation},
    {"installation_digits", installation_digits},
    {"confirmation_digits", confirmation_digits},
    {"installation_file", installation_file},
    {"confirmation_file", confirmation_file},
    {"permanent", permanent},
    {"certificate", certificate},
    {NULL, NULL},
};
