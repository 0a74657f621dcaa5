/* Writing CBOR in its one encoding, and the characters that text may have (spec/encoding.md). */
#include "bytes.h"

#include <stdlib.h>
#include <string.h>

enum { LARGEST_OUTPUT = 2 << 20 };

void mu_put_raw(mu_writer *to, mu_span bytes) {
    if (to->bad || bytes.size > LARGEST_OUTPUT - to->size) {
        to->bad = true;
        return;
    }
    if (to->size + bytes.size > to->room) {
        size_t room = (to->size + bytes.size) * 2 + 64;
        uint8_t *grown = realloc(to->at, room);
        if (grown == NULL) {
            to->bad = true;
            return;
        }
        to->at = grown;
        to->room = room;
    }
    if (bytes.size > 0)
        memcpy(to->at + to->size, bytes.at, bytes.size);
    to->size += bytes.size;
}

static void put_head(mu_writer *to, unsigned major, uint32_t value) {
    uint8_t head[5];
    size_t more = value < 24 ? 0 : value < 0x100 ? 1 : value < 0x10000 ? 2 : 4;
    head[0] = (uint8_t)(major << 5 | (more == 0 ? value : more == 1 ? 24U : more == 2 ? 25U : 26U));
    for (size_t i = 0; i < more; i++)
        head[1 + i] = (uint8_t)(value >> (8 * (more - 1 - i)));
    mu_put_raw(to, mu_span_of(head, 1 + more));
}

void mu_put_uint(mu_writer *to, uint32_t value) {
    put_head(to, 0, value);
}

void mu_put_bytes(mu_writer *to, mu_span bytes) {
    put_head(to, 2, (uint32_t)bytes.size);
    mu_put_raw(to, bytes);
}

void mu_put_text(mu_writer *to, mu_span text) {
    put_head(to, 3, (uint32_t)text.size);
    mu_put_raw(to, text);
}

void mu_put_array(mu_writer *to, size_t elements) {
    put_head(to, 4, (uint32_t)elements);
}

mu_span mu_written(const mu_writer *writer) {
    return mu_span_of(writer->at, writer->bad ? 0 : writer->size);
}

void mu_writer_free(mu_writer *writer) {
    free(writer->at);
    *writer = (mu_writer){0};
}

static bool is_refused(uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
           c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000 || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff;
}

bool mu_is_printable(mu_span text) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    for (size_t i = 0; i < text.size;) {
        uint8_t first = text.at[i];
        size_t size = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
        if (size == 0 || size > text.size - i)
            return false;
        uint32_t c = size == 1 ? first : first & (0x7fU >> size);
        for (size_t k = 1; k < size; k++) {
            if (text.at[i + k] >> 6 != 2)
                return false;
            c = c << 6 | (text.at[i + k] & 0x3f);
        }
        if (c < least[size] || is_refused(c))
            return false;
        i += size;
    }
    return true;
}
