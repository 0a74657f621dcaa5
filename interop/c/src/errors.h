/* The numbers of spec/errors.md; the Makefile makes errors.inc from that page. */
#ifndef MUSTER_ERRORS_H
#define MUSTER_ERRORS_H

enum {
    MU_OK = 0,
#define ERROR(number, code, cause, hint) MU_##code = (number),
#include "errors.inc"
#undef ERROR
};

#include <stddef.h>

const char *mu_error_code(int error);
/* The number of a code; INTERNAL for one that is not known. */
int mu_error_number(const char *code, size_t size);
const char *mu_error_cause(int error);
const char *mu_error_hint(int error);

#endif
