/* Runs the vectors of a folder: vectors FOLDER. Prints what failed and how many passed of each kind of folder. */
#include "vectors.h"

#include <glob.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *memory[4096];
static size_t memories;
static const char *complaint;

void *case_memory(size_t size) {
    if (memories == sizeof memory / sizeof *memory)
        exit(2);
    return memory[memories++] = calloc(1, size + 1);
}

static void forget(void) {
    while (memories > 0)
        free(memory[--memories]);
}

mu_span hex_of(const json *text) {
    size_t size = text == NULL || text->text == NULL ? 0 : strlen(text->text) / 2, got;
    uint8_t *bytes = case_memory(size);
    if (size > 0 && sodium_hex2bin(bytes, size, text->text, 2 * size, NULL, &got, NULL) != 0)
        exit(2);
    return mu_span_of(bytes, size);
}

mu_span hex_in(const json *given, const char *name) {
    return hex_of(json_get(given, name));
}

mu_span text_in(const json *given, const char *name) {
    json *found = json_get(given, name);
    return found == NULL || found->text == NULL ? mu_span_of("", 0) : mu_span_of_text(found->text);
}

double number_in(const json *given, const char *name) {
    json *found = json_get(given, name);
    return found == NULL ? 0 : found->number;
}

size_t documents_in(const json *given, const char *name, mu_span *list) {
    json *documents = json_get(given, name);
    size_t count = json_count(documents);
    if (count > MU_LARGEST_CHAIN + 2)
        exit(2);
    for (size_t i = 0; i < count; i++)
        list[i] = hex_of(json_at(documents, i));
    return count;
}

void expect_that(bool holds, const char *what) {
    if (!holds)
        complaint = what;
}

void expect_number(const json *expect, const char *name, double value) {
    json *wanted = expect == NULL ? NULL : json_get(expect, name);
    if (expect != NULL && (wanted == NULL || wanted->number != value))
        complaint = name;
}

void expect_text(const json *expect, const char *name, mu_span value) {
    json *wanted = expect == NULL ? NULL : json_get(expect, name);
    if (expect != NULL && (wanted == NULL || wanted->text == NULL || !mu_equal(mu_span_of_text(wanted->text), value)))
        complaint = name;
}

void expect_hex(const json *expect, const char *name, mu_span value) {
    json *wanted = expect == NULL ? NULL : json_get(expect, name);
    if (expect != NULL && (wanted == NULL || !mu_equal(hex_of(wanted), value)))
        complaint = name;
}

static vector_reader *reader_of(const char *kind) {
    const vector_kind *const tables[] = {WIRE_KINDS, TRUST_KINDS, MACHINE_KINDS, ID_KINDS, DIRECTORY_KINDS};
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const vector_kind *row = tables[t]; row->kind != NULL; row++)
            if (strcmp(row->kind, kind) == 0)
                return row->read;
    return NULL;
}

static bool is_expected(int error, const char *wanted) {
    return error != MU_OK && (strcmp(wanted, "*") == 0 || strcmp(mu_error_code(error), wanted) == 0);
}

/* Flips one bit after the other; each must be refused as the case says. */
static bool run_flips(const json *given, const json *expect) {
    vector_reader *read = reader_of(json_get(given, "kind")->text);
    const char *wanted = json_get(expect, "error")->text;
    json *target = json_get(given, "given");
    json *path = json_get(given, "path");
    for (json *step = path->first; step != NULL; step = step->next)
        target = step->kind == JSON_TEXT ? json_get(target, step->text) : json_at(target, (size_t)step->number);
    size_t every = (size_t)number_in(given, "every");
    for (size_t bit = 0; bit < 4 * strlen(target->text); bit += every) {
        /* Bit n mod 8 of byte n div 8: the second digit of a byte has the low bits. */
        char *digit = &target->text[bit / 8 * 2 + (bit % 8 < 4)], old = *digit;
        const char *digits = "0123456789abcdef";
        *digit = digits[(size_t)(strchr(digits, old) - digits) ^ 1U << bit % 4];
        int error = read(json_get(given, "given"), NULL);
        forget();
        *digit = old;
        if (!is_expected(error, wanted)) {
            printf("bit %zu: %s ", bit, mu_error_code(error));
            return false;
        }
    }
    return true;
}

static bool run(const json *whole) {
    const char *kind = json_get(whole, "kind")->text;
    const json *given = json_get(whole, "given"), *expect = json_get(whole, "expect");
    if (strcmp(kind, "flips") == 0)
        return run_flips(given, expect);
    json *error = json_get(expect, "error");
    complaint = NULL;
    int found = reader_of(kind)(given, error == NULL ? expect : NULL);
    json *group = json_get(expect, "group");
    if (error != NULL && group != NULL)
        found = reader_of(kind)(given, expect);
    forget();
    if (error == NULL && found == MU_OK && complaint == NULL)
        return true;
    if (error != NULL && is_expected(found, error->text) && complaint == NULL)
        return true;
    printf("%s came to %s %s; ", kind, found == MU_OK ? "success" : mu_error_code(found), complaint ? complaint : "");
    return false;
}

int main(int arguments, char **argument) {
    size_t passed = 0, failed = 0, skipped = 0;
    char pattern[4096];
    glob_t files;
    if (arguments != 2 || sodium_init() < 0)
        return 2;
    snprintf(pattern, sizeof pattern, "%s/*/*.json", argument[1]);
    if (glob(pattern, 0, NULL, &files) != 0)
        return 2;
    for (size_t i = 0; i < files.gl_pathc; i++) {
        json *whole = json_read_file(files.gl_pathv[i]);
        const char *kind = json_get(whole, "kind")->text;
        if (strcmp(kind, "flips") == 0)
            kind = json_get(json_get(whole, "given"), "kind")->text;
        if (reader_of(kind) == NULL) {
            skipped++;
            printf("skipped %s %s\n", kind, files.gl_pathv[i]);
        } else if (run(whole)) {
            passed++;
        } else {
            failed++;
            printf("failed %s\n", files.gl_pathv[i]);
        }
        json_free(whole);
    }
    globfree(&files);
    printf("passed %zu, failed %zu, skipped %zu\n", passed, failed, skipped);
    return failed == 0 && passed > 0 ? 0 : 1;
}
