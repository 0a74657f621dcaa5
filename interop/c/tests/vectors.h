/* What a vector is read with: one reader for each kind. */
#ifndef VECTORS_H
#define VECTORS_H

#include "../src/activation.h"
#include "json.h"

/* Reads `given`, compares what it comes to with `expect` (skipped where that is NULL), returns 0 or the error's number. */
typedef int vector_reader(const json *given, const json *expect);

typedef struct {
    const char *kind;
    vector_reader *read;
} vector_kind;

extern const vector_kind WIRE_KINDS[], TRUST_KINDS[], MACHINE_KINDS[], ID_KINDS[], DIRECTORY_KINDS[]; /* ends with a kind of NULL */

/* Bytes of hexadecimal text; they live until the case is over. */
mu_span hex_of(const json *text);
mu_span hex_in(const json *given, const char *name);
mu_span text_in(const json *given, const char *name);
double number_in(const json *given, const char *name);
void *case_memory(size_t size);

void expect_number(const json *expect, const char *name, double value);
void expect_hex(const json *expect, const char *name, mu_span value);
void expect_text(const json *expect, const char *name, mu_span value);
void expect_that(bool holds, const char *what);

#define LIST_OF_DOCUMENTS(given, name, list, count) \
    mu_span list[MU_LARGEST_CHAIN + 2];             \
    size_t count = documents_in(given, name, list)
size_t documents_in(const json *given, const char *name, mu_span *list);

#endif
