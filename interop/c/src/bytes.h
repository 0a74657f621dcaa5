/* Bytes in and out: the strict subset of CBOR of spec/encoding.md. */
#ifndef MUSTER_BYTES_H
#define MUSTER_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that belong to somebody else. */
typedef struct {
    const uint8_t *at;
    size_t size;
} mu_span;

/* Reads one element after the other; once something is wrong, `bad` stays and every read gives nothing. */
typedef struct {
    const uint8_t *at, *end;
    bool bad;
} mu_reader;

mu_span mu_span_of(const void *at, size_t size);
mu_span mu_span_of_text(const char *text);
bool mu_equal(mu_span one, mu_span other);

mu_reader mu_read(mu_span bytes);
uint32_t mu_uint(mu_reader *from, uint32_t low, uint32_t high);
mu_span mu_bytes(mu_reader *from, size_t low, size_t high);
mu_span mu_text(mu_reader *from, size_t high);
size_t mu_array(mu_reader *from, size_t low, size_t high);
bool mu_is_end(const mu_reader *from);

/* Whether bytes are UTF-8 of printable characters only. */
bool mu_is_printable(mu_span text);

/* Writes into memory that grows; once memory ran out or a limit was passed, `bad` stays. */
typedef struct {
    uint8_t *at;
    size_t size, room;
    bool bad;
} mu_writer;

void mu_put_raw(mu_writer *to, mu_span bytes);
void mu_put_uint(mu_writer *to, uint32_t value);
void mu_put_bytes(mu_writer *to, mu_span bytes);
void mu_put_text(mu_writer *to, mu_span text);
void mu_put_array(mu_writer *to, size_t elements);
mu_span mu_written(const mu_writer *writer);
void mu_writer_free(mu_writer *writer);

#endif
