/* The text around files (spec/armour.md). */
#include "trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t *find(const uint8_t *at, const uint8_t *end, const char *words) {
    size_t size = strlen(words);
    for (; (size_t)(end - at) >= size; at++)
        if (memcmp(at, words, size) == 0)
            return at;
    return NULL;
}

static int value_of(uint8_t c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_dropped(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || c == '>';
}

/* Base64 with its padding. Bits that a last group does not need must be zero. */
static bool decode(const uint8_t *at, const uint8_t *end, uint8_t *to, size_t *size) {
    uint32_t group = 0;
    size_t digits = 0, padding = 0;
    *size = 0;
    for (; at < end; at++) {
        if (is_dropped(*at))
            continue;
        int value = *at == '=' ? 0 : value_of(*at);
        if (value < 0 || (padding > 0 && *at != '='))
            return false;
        padding += *at == '=';
        group = group << 6 | (uint32_t)value;
        if (++digits % 4 != 0)
            continue;
        if (padding > 2 || (padding == 1 && (group & 0xff) != 0) || (padding == 2 && (group & 0xffff) != 0))
            return false;
        for (size_t i = 0; i < 3 - padding; i++)
            to[(*size)++] = (uint8_t)(group >> (16 - 8 * i));
        group = 0;
    }
    return digits % 4 == 0 && padding <= 2;
}

int mu_dearmour(mu_span text, const char *title, uint8_t **bytes, size_t *size) {
    char begin[64], last[64];
    snprintf(begin, sizeof begin, "-----BEGIN MUSTER %s-----", title);
    snprintf(last, sizeof last, "-----END MUSTER %s-----", title);
    *bytes = NULL;
    *size = 0;
    if (text.size > MU_LARGEST_ARMOUR)
        return MU_MESSAGE_MALFORMED;
    const uint8_t *end = text.at + text.size, *at = find(text.at, end, "-----BEGIN MUSTER ");
    if (at == NULL || find(at, end, begin) != at)
        return MU_MESSAGE_MALFORMED;
    at += strlen(begin);
    const uint8_t *stop = find(at, end, "-----END MUSTER ");
    if (stop == NULL || find(stop, end, last) != stop)
        return MU_MESSAGE_MALFORMED;
    uint8_t *found = malloc((size_t)(stop - at) / 4 * 3 + 3);
    if (found == NULL)
        return MU_INTERNAL;
    if (!decode(at, stop, found, size)) {
        free(found);
        *size = 0;
        return MU_MESSAGE_MALFORMED;
    }
    *bytes = found;
    return MU_OK;
}
