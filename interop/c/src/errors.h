/* The numbers of spec/errors.md; the Makefile makes errors.inc from that page. */
#ifndef MUSTER_ERRORS_H
#define MUSTER_ERRORS_H

enum {
    MU_OK = 0,
#define ERROR(number, code, cause, hint) MU_##code = (number),
#include "errors.inc"
#undef ERROR
};

const char *mu_error_code(int error);
const char *mu_error_cause(int error);
const char *mu_error_hint(int error);

#endif
