#include "vectors.h"
const vector_kind MACHINE_KINDS[] = {{NULL, NULL}};
