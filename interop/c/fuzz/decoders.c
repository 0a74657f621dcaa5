/* Whatever arrives, every decoder ends, touches no memory that is not its own, and writes what it read as it was. */
#include "targets.h"

#include "../src/control.h"
#include "../src/ids.h"
#include "../src/system.h"

#include <sodium.h>
#include <stdlib.h>

static void must(bool holds) {
    if (!holds)
        abort();
}

/* A hash around a body, so that what lies behind the hash is reached. */
static mu_writer hashed(mu_span body) {
    uint8_t hash[MU_HASH_SIZE];
    mu_writer file = {0};
    mu_sha256(hash, &body, 1);
    mu_put_array(&file, 3);
    mu_put_uint(&file, 1);
    mu_put_bytes(&file, body);
    mu_put_bytes(&file, mu_span_of(hash, sizeof hash));
    return file;
}

static void read_record(mu_span body) {
    mu_writer file = hashed(body), again = {0};
    mu_record record;
    if (mu_record_read(mu_written(&file), &record) == MU_OK) {
        mu_record_write(&record, &again);
        must(mu_equal(mu_written(&again), mu_written(&file)));
    }
    mu_record_free(&record);
    mu_writer_free(&file);
    mu_writer_free(&again);
}

static void read_secrets(mu_span body) {
    uint32_t editions[MU_MOST_EDITIONS];
    size_t count;
    mu_writer file = hashed(body);
    mu_secrets_read(mu_written(&file), editions, &count);
    mu_writer_free(&file);
}

static void read_request(mu_span body) {
    mu_request request;
    mu_writer again = {0};
    if (mu_request_read(body, &request) == MU_OK) {
        mu_request_write(&request, &again);
        must(mu_equal(mu_written(&again), body));
    }
    mu_writer_free(&again);
}

static void read_product(mu_span bytes, int how) {
    mu_product product = {0};
    uint32_t key;
    if (how == READ_PRODUCT)
        mu_product_bytes(bytes, NULL, -1, &product);
    else if (how == READ_PRODUCT_TEXT)
        mu_product_open(bytes, NULL, -1, &product);
    else
        mu_product_claims(bytes, &product, &key);
    mu_product_free(&product);
}

static void read_answer(mu_span bytes) {
    static mu_keyset none;
    mu_answer answer;
    mu_answer_verify(mu_span_of("", 0), bytes, &none, true, &answer);
}

static void read_digits(mu_span typed) {
    uint8_t packed[MU_LARGEST_CONFIRMATION];
    char text[MU_DIGITS_MOST + 1];
    size_t size;
    int group;
    if (mu_installation_digits(typed, packed, &size, &group) == MU_OK)
        mu_installation_spell(mu_span_of(packed, size), text);
    if (mu_confirmation_digits(typed, packed, &size, &group) == MU_OK)
        mu_confirmation_spell(mu_span_of(packed, size), text);
}

static void read_host(mu_span bytes) {
    char text[512], name[MU_NAME_MOST + 1];
    uint32_t port;
    size_t size = bytes.size < sizeof text - 1 ? bytes.size : sizeof text - 1;
    for (size_t i = 0; i < size; i++)
        text[i] = (char)bytes.at[i];
    text[size] = '\0';
    mu_host_parse(text, name, &port);
    mu_sources sources;
    mu_normalise(bytes, sources.text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static mu_keyset keyset;
    static mu_chain chain;
    mu_span bytes = mu_span_of(data + 1, size == 0 ? 0 : size - 1);
    union {
        mu_signed message;
        mu_certificate certificate;
        mu_claims claims;
        mu_hint hint;
        mu_keyset_part part;
        mu_product_key key;
        mu_installation installation;
    } found;
    mu_span inner;
    bool is_revoked;
    uint32_t end_day;
    int group;
    if (size == 0 || sodium_init() < 0)
        return 0;
    switch (data[0] % TARGETS) {
    case READ_SIGNED: mu_sign1(bytes, &found.message); break;
    case READ_KEYSET: mu_keyset_payload(bytes, &keyset); break;
    case READ_CHAIN: mu_chain_walk(&bytes, 1, NULL, 0, &chain); break;
    case READ_CERTIFICATE: mu_certificate_claims(bytes, &found.certificate); break;
    case READ_PRODUCT:
    case READ_PRODUCT_CLAIMS:
    case READ_PRODUCT_TEXT: read_product(bytes, data[0] % TARGETS); break;
    case READ_REQUEST: read_request(bytes); break;
    case READ_CLAIMS: mu_claims_read(bytes, &found.claims); break;
    case READ_HINT: mu_hint_read(bytes, &found.hint); break;
    case READ_KEYSET_PART: mu_keyset_part_read(bytes, &found.part); break;
    case READ_FRAME: mu_frame_body(bytes, &inner); break;
    case READ_ANSWER: read_answer(bytes); break;
    case READ_RECORD: read_record(bytes); break;
    case READ_SECRETS: read_secrets(bytes); break;
    case READ_PRODUCT_KEY: mu_product_key_read(bytes, &found.key, &group); break;
    case READ_INSTALLATION: mu_installation_read(bytes, &found.installation); break;
    case READ_CONFIRMATION:
        mu_confirmation_verify(mu_span_of("", 0), bytes, &keyset, true, &is_revoked, &end_day);
        break;
    case READ_DIGITS: read_digits(bytes); break;
    case READ_CONTROL: mu_control_judge(bytes); break;
    default: read_host(bytes); break;
    }
    return 0;
}
