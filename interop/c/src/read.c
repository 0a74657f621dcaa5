/* Reading CBOR: shortest heads, definite lengths, four major types (spec/encoding.md). */
#include "bytes.h"

#include <string.h>

enum { UNSIGNED = 0, BYTES = 2, TEXT = 3, ARRAY = 4 };

mu_span mu_span_of(const void *at, size_t size) {
    return (mu_span){at, size};
}

mu_span mu_span_of_text(const char *text) {
    return (mu_span){(const uint8_t *)text, strlen(text)};
}

bool mu_equal(mu_span one, mu_span other) {
    return one.size == other.size && (one.size == 0 || memcmp(one.at, other.at, one.size) == 0);
}

mu_reader mu_read(mu_span bytes) {
    return (mu_reader){bytes.at, bytes.at + bytes.size, false};
}

static size_t left(const mu_reader *from) {
    return from->bad ? 0 : (size_t)(from->end - from->at);
}

/* One head of the given major type: its number, which takes the fewest bytes that hold it. */
static uint32_t head(mu_reader *from, unsigned major) {
    if (left(from) == 0 || from->at[0] >> 5 != major) {
        from->bad = true;
        return 0;
    }
    unsigned low = *from->at & 0x1f;
    if (low < 24) {
        from->at += 1;
        return low;
    }
    size_t more = low == 24 ? 1 : low == 25 ? 2 : low == 26 ? 4 : 0;
    if (more == 0 || left(from) < 1 + more) {
        from->bad = true;
        return 0;
    }
    uint32_t value = 0;
    for (size_t i = 1; i <= more; i++)
        value = value << 8 | from->at[i];
    uint32_t least = more == 1 ? 24 : more == 2 ? 0x100 : 0x10000;
    if (value < least) {
        from->bad = true;
        return 0;
    }
    from->at += 1 + more;
    return value;
}

static uint32_t bounded(mu_reader *from, unsigned major, size_t low, size_t high) {
    uint32_t value = head(from, major);
    if (value < low || value > high)
        from->bad = true;
    return from->bad ? 0 : value;
}

static mu_span string(mu_reader *from, unsigned major, size_t low, size_t high) {
    size_t size = bounded(from, major, low, high);
    if (size > left(from))
        from->bad = true;
    if (from->bad)
        return mu_span_of("", 0);
    mu_span found = {from->at, size};
    from->at += size;
    return found;
}

uint32_t mu_uint(mu_reader *from, uint32_t low, uint32_t high) {
    return bounded(from, UNSIGNED, low, high);
}

mu_span mu_bytes(mu_reader *from, size_t low, size_t high) {
    return string(from, BYTES, low, high);
}

mu_span mu_text(mu_reader *from, size_t high) {
    mu_span found = string(from, TEXT, 0, high);
    if (!mu_is_printable(found))
        from->bad = true;
    return from->bad ? mu_span_of("", 0) : found;
}

size_t mu_array(mu_reader *from, size_t low, size_t high) {
    size_t elements = bounded(from, ARRAY, low, high);
    if (elements > left(from)) /* each takes a byte at least */
        from->bad = true;
    return from->bad ? 0 : elements;
}

bool mu_is_end(const mu_reader *from) {
    return !from->bad && from->at == from->end;
}
