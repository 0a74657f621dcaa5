/* Inputs to begin with, from the vectors: seeds VECTORS FOLDER. */
#include "targets.h"

#include "../tests/json.h"

#include <glob.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which decoder reads a field of which kind of vector. `skip` and `trim`: what is cut off in front and behind. */
static const struct {
    const char *kind, *field;
    unsigned char target;
    size_t skip, trim;
} FIELDS[] = {
    {"sign1", "message", READ_SIGNED, 0, 0},
    {"keyset", "payload", READ_KEYSET, 0, 0},
    {"certificate_claims", "payload", READ_CERTIFICATE, 0, 0},
    {"product_bytes", "bytes", READ_PRODUCT, 0, 0},
    {"product", "text", READ_PRODUCT_TEXT, 0, 0},
    {"request", "body", READ_REQUEST, 0, 0},
    {"claims", "payload", READ_CLAIMS, 0, 0},
    {"hint", "body", READ_HINT, 0, 0},
    {"keyset_part", "body", READ_KEYSET_PART, 0, 0},
    {"frame", "bytes", READ_FRAME, 0, 0},
    {"answer", "answer", READ_ANSWER, 0, 0},
    {"record", "bytes", READ_RECORD, 5, 34}, /* the body alone, where its head has three bytes */
    {"record", "bytes", READ_RECORD, 4, 34},
    {"secrets", "bytes", READ_SECRETS, 4, 34},
    {"product_key", "text", READ_PRODUCT_KEY, 0, 0},
    {"installation", "bytes", READ_INSTALLATION, 0, 0},
    {"permanent", "confirmation", READ_CONFIRMATION, 0, 0},
    {"installation_digits", "text", READ_DIGITS, 0, 0},
    {"confirmation_digits", "text", READ_DIGITS, 0, 0},
};

static void write_seed(const char *folder, size_t number, unsigned char target, const unsigned char *bytes, size_t size) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%05zu", folder, number);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fputc(target, file) == EOF || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        exit(2);
}

int main(int arguments, char **argument) {
    char pattern[4096];
    glob_t files;
    size_t seeds = 0;
    if (arguments != 3)
        return 2;
    snprintf(pattern, sizeof pattern, "%s/*/*.json", argument[1]);
    if (glob(pattern, 0, NULL, &files) != 0)
        return 2;
    for (size_t i = 0; i < files.gl_pathc; i++) {
        json *whole = json_read_file(files.gl_pathv[i]);
        const char *kind = json_get(whole, "kind")->text;
        for (size_t k = 0; k < sizeof FIELDS / sizeof *FIELDS; k++) {
            json *field = strcmp(FIELDS[k].kind, kind) == 0 ? json_get(json_get(whole, "given"), FIELDS[k].field) : NULL;
            if (field == NULL || field->text == NULL)
                continue;
            size_t size = strlen(field->text), cut = FIELDS[k].skip + FIELDS[k].trim;
            unsigned char *bytes = calloc(1, size + 1);
            bool is_text = strcmp(FIELDS[k].field, "text") == 0;
            if (bytes == NULL)
                return 2;
            if (is_text)
                memcpy(bytes, field->text, size);
            else if (sodium_hex2bin(bytes, size, field->text, size, NULL, &size, NULL) != 0)
                return 2;
            if (size >= cut)
                write_seed(argument[2], seeds++, FIELDS[k].target, bytes + FIELDS[k].skip, size - cut);
            free(bytes);
        }
        json_free(whole);
    }
    globfree(&files);
    printf("%zu seeds\n", seeds);
    return seeds > 0 ? 0 : 1;
}
