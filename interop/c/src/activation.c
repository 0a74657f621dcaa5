/* Requests, claims, hints, keysets in parts (spec/activation.md, spec/keyset.md §Transfer). */
#include "activation.h"

enum { REQUEST = 0, KEYSET_REQUEST = 1, ID_MOST = 0xffffff, THRESHOLD_MOST = 1000, STATE_MOST = 4, FLAGS_MOST = 7 };

int mu_frame_body(mu_span frame, mu_span *body) {
    if (frame.size < 2 || frame.at[0] == 0 || frame.at[0] > MU_LARGEST_BODY || frame.size != 1U + frame.at[0])
        return MU_MESSAGE_MALFORMED;
    *body = mu_span_of(frame.at + 1, frame.at[0]);
    return MU_OK;
}

int mu_request_read(mu_span body, mu_request *found) {
    mu_reader from = mu_read(body);
    if (body.size > MU_LARGEST_BODY)
        return MU_MESSAGE_MALFORMED;
    size_t elements = mu_array(&from, 1, 0xff);
    uint32_t version = mu_uint(&from, 0, 0xff);
    if (!from.bad && version != MU_VERSION)
        return MU_VERSION_NOT_SUPPORTED;
    if (elements != 12)
        return MU_MESSAGE_MALFORMED;
    mu_uint(&from, REQUEST, REQUEST);
    found->vendor_id = mu_bytes(&from, MU_VENDOR_ID_SIZE, MU_VENDOR_ID_SIZE);
    found->edition = mu_uint(&from, 0, ID_MOST);
    found->group = mu_uint(&from, 0, ID_MOST);
    found->level = mu_uint(&from, 0, 0xff);
    found->threshold = mu_uint(&from, 1, THRESHOLD_MOST);
    found->client_id = mu_bytes(&from, MU_ID_SIZE, MU_ID_SIZE);
    found->parts = mu_bytes(&from, MU_ID_SIZE, MU_ID_SIZE);
    found->nonce = mu_bytes(&from, MU_ID_SIZE, MU_ID_SIZE);
    found->state = mu_uint(&from, 0, STATE_MOST);
    found->flags = mu_uint(&from, 0, FLAGS_MOST);
    return mu_is_end(&from) ? MU_OK : MU_MESSAGE_MALFORMED;
}

void mu_request_write(const mu_request *request, mu_writer *to) {
    mu_put_array(to, 12);
    mu_put_uint(to, MU_VERSION);
    mu_put_uint(to, REQUEST);
    mu_put_bytes(to, request->vendor_id);
    mu_put_uint(to, request->edition);
    mu_put_uint(to, request->group);
    mu_put_uint(to, request->level);
    mu_put_uint(to, request->threshold);
    mu_put_bytes(to, request->client_id);
    mu_put_bytes(to, request->parts);
    mu_put_bytes(to, request->nonce);
    mu_put_uint(to, request->state);
    mu_put_uint(to, request->flags);
}

int mu_claims_read(mu_span payload, mu_claims *found) {
    mu_reader from = mu_read(payload);
    size_t elements = mu_array(&from, 4, 5);
    *found = (mu_claims){.is_refusal = elements == 4};
    mu_uint(&from, MU_VERSION, MU_VERSION);
    if (found->is_refusal)
        found->code = mu_uint(&from, 0, 0xff);
    else
        found->count = mu_uint(&from, 0, 0xffff);
    found->host_time = mu_uint(&from, 0, UINT32_MAX);
    found->retry_minutes = mu_uint(&from, 0, 0xffff);
    if (!found->is_refusal)
        found->renew_minutes = mu_uint(&from, 0, 0xffff);
    return mu_is_end(&from) ? MU_OK : MU_MESSAGE_MALFORMED;
}

int mu_hint_read(mu_span body, mu_hint *found) {
    mu_reader from = mu_read(body);
    mu_array(&from, 2, 2);
    found->version = mu_uint(&from, 0, 0xff);
    found->code = mu_uint(&from, 0, 0xff);
    return mu_is_end(&from) ? MU_OK : MU_MESSAGE_MALFORMED;
}

int mu_keyset_request_read(mu_span body, mu_keyset_request *found) {
    mu_reader from = mu_read(body);
    mu_array(&from, 5, 5);
    mu_uint(&from, MU_VERSION, MU_VERSION);
    mu_uint(&from, KEYSET_REQUEST, KEYSET_REQUEST);
    found->vendor_id = mu_bytes(&from, MU_VENDOR_ID_SIZE, MU_VENDOR_ID_SIZE);
    found->have_version = mu_uint(&from, 0, 0xffff);
    found->offset = mu_uint(&from, 0, 0xffff);
    return mu_is_end(&from) ? MU_OK : MU_MESSAGE_MALFORMED;
}

void mu_keyset_request_write(const mu_keyset_request *request, mu_writer *to) {
    mu_put_array(to, 5);
    mu_put_uint(to, MU_VERSION);
    mu_put_uint(to, KEYSET_REQUEST);
    mu_put_bytes(to, request->vendor_id);
    mu_put_uint(to, request->have_version);
    mu_put_uint(to, request->offset);
}

int mu_keyset_part_read(mu_span body, mu_keyset_part *found) {
    mu_reader from = mu_read(body);
    mu_array(&from, 5, 5);
    mu_uint(&from, MU_VERSION, MU_VERSION);
    found->newest = mu_uint(&from, 0, 0xffff);
    found->total = mu_uint(&from, 0, MU_LARGEST_KEYSET);
    found->offset = mu_uint(&from, 0, 0xffff);
    found->data = mu_bytes(&from, 0, MU_LARGEST_PART);
    if (!mu_is_end(&from) || found->offset + found->data.size > found->total)
        return MU_MESSAGE_MALFORMED;
    return MU_OK;
}
