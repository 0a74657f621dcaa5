/* Prints the normalised sources of the hardware under a root, a line each: sources ROOT. */
#include "../../src/system.h"

#include <stdio.h>

int main(int arguments, char **argument) {
    mu_sources found;
    if (arguments != 2)
        return 2;
    mu_sources_read(argument[1], &found);
    for (size_t i = 0; i < MU_SOURCES; i++)
        printf("%s\n", found.text[i]);
    return 0;
}
