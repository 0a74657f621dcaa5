/* What a code is called, what happened, what to do. */
#include "errors.h"

#include <string.h>

typedef struct {
    int number;
    const char *code, *cause, *hint;
} row;

static const row ROWS[] = {
#define ERROR(number, code, cause, hint) {number, #code, cause, hint},
#include "errors.inc"
#undef ERROR
};

static const row *row_of(int error) {
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        if (ROWS[i].number == error)
            return &ROWS[i];
    return NULL;
}

const char *mu_error_code(int error) {
    const row *found = row_of(error);
    return found ? found->code : error == MU_OK ? "" : "INTERNAL";
}

int mu_error_number(const char *code, size_t size) {
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        if (strlen(ROWS[i].code) == size && memcmp(ROWS[i].code, code, size) == 0)
            return ROWS[i].number;
    return MU_INTERNAL;
}

const char *mu_error_cause(int error) {
    const row *found = row_of(error);
    return found ? found->cause : "";
}

const char *mu_error_hint(int error) {
    const row *found = row_of(error);
    return found ? found->hint : "";
}
