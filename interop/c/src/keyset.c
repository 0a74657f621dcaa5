/* A vendor's keys: one keyset, and the chain of them (spec/keyset.md). */
#include "trust.h"

#include <string.h>

enum { FORMAT = 1, DAY_MOST = 0xffff };

static void read_issuing(mu_reader *from, mu_keyset *found) {
    found->issuing = mu_array(from, 0, MU_MOST_ISSUING);
    for (size_t i = 0; i < found->issuing && !from->bad; i++) {
        mu_issuing *key = &found->issuer[i];
        mu_array(from, 6, 6);
        key->number = (uint8_t)mu_uint(from, 0, 0xff);
        key->purpose = (uint8_t)mu_uint(from, MU_HOST, MU_BUNDLE);
        mu_span bytes = mu_bytes(from, MU_KEY_SIZE, MU_KEY_SIZE);
        key->not_before_day = (uint16_t)mu_uint(from, 0, DAY_MOST);
        key->not_after_day = (uint16_t)mu_uint(from, 0, DAY_MOST);
        key->status = (uint8_t)mu_uint(from, MU_ACTIVE, MU_REVOKED);
        if (from->bad || (i > 0 && key->number <= found->issuer[i - 1].number))
            from->bad = true;
        else
            memcpy(key->key, bytes.at, MU_KEY_SIZE);
    }
}

static int check_points(const mu_keyset *keyset) {
    int error = MU_OK;
    for (size_t i = 0; i < keyset->roots && error == MU_OK; i++)
        error = mu_point(keyset->root[i]);
    for (size_t i = 0; i < keyset->issuing && error == MU_OK; i++)
        error = mu_point(keyset->issuer[i].key);
    return error;
}

int mu_keyset_payload(mu_span payload, mu_keyset *found) {
    mu_reader from = mu_read(payload);
    memset(found, 0, sizeof *found);
    mu_array(&from, 8, 8);
    mu_uint(&from, FORMAT, FORMAT);
    found->version = mu_uint(&from, 1, MU_LARGEST_CHAIN);
    found->issued_day = mu_uint(&from, 0, DAY_MOST);
    found->expires_day = mu_uint(&from, 0, DAY_MOST);
    found->threshold = mu_uint(&from, 1, MU_MOST_ROOTS);
    found->roots = mu_array(&from, 1, MU_MOST_ROOTS);
    for (size_t i = 0; i < found->roots && !from.bad; i++) {
        mu_span root = mu_bytes(&from, MU_KEY_SIZE, MU_KEY_SIZE);
        if (from.bad || (i > 0 && memcmp(found->root[i - 1], root.at, MU_KEY_SIZE) >= 0))
            from.bad = true;
        else
            memcpy(found->root[i], root.at, MU_KEY_SIZE);
    }
    read_issuing(&from, found);
    found->withdrawn = mu_array(&from, 0, MU_MOST_WITHDRAWN);
    for (size_t i = 0; i < found->withdrawn && !from.bad; i++) {
        found->serial[i] = mu_uint(&from, 0, UINT32_MAX);
        if (i > 0 && found->serial[i] <= found->serial[i - 1])
            from.bad = true;
    }
    if (!mu_is_end(&from) || found->threshold > found->roots)
        return MU_MESSAGE_MALFORMED;
    return check_points(found);
}

bool mu_is_withdrawn(const mu_keyset *keyset, uint32_t serial) {
    for (size_t i = 0; i < keyset->withdrawn; i++)
        if (keyset->serial[i] == serial)
            return true;
    return false;
}

static bool has_root(const mu_keyset *keyset, const uint8_t *root) {
    for (size_t i = 0; i < keyset->roots; i++)
        if (memcmp(keyset->root[i], root, MU_KEY_SIZE) == 0)
            return true;
    return false;
}

/* One signed keyset, and by how many of its own and of the previous keyset's roots it is signed. */
static int read_signed(mu_span document, const mu_keyset *previous, mu_keyset *found) {
    static const char label[] = "muster-keyset-v1";
    if (document.size > MU_LARGEST_KEYSET)
        return MU_MESSAGE_MALFORMED;
    mu_reader from = mu_read(document);
    mu_array(&from, 2, 2);
    mu_span payload = mu_bytes(&from, 1, MU_LARGEST_KEYSET);
    size_t signatures = mu_array(&from, 0, 2 * MU_MOST_ROOTS), own = 0, old = 0;
    mu_reader again = from;
    mu_span last = mu_span_of("", 0);
    for (size_t i = 0; i < signatures && !from.bad; i++) {
        mu_array(&from, 2, 2);
        mu_span root = mu_bytes(&from, MU_KEY_SIZE, MU_KEY_SIZE);
        mu_bytes(&from, MU_SIGNATURE_SIZE, MU_SIGNATURE_SIZE);
        if (!from.bad && last.size > 0 && memcmp(last.at, root.at, MU_KEY_SIZE) >= 0)
            from.bad = true;
        last = root;
    }
    if (!mu_is_end(&from))
        return MU_MESSAGE_MALFORMED;
    int error = mu_keyset_payload(payload, found);
    if (error != MU_OK)
        return error;
    for (size_t i = 0; i < signatures; i++) {
        mu_array(&again, 2, 2);
        mu_span root = mu_bytes(&again, MU_KEY_SIZE, MU_KEY_SIZE);
        mu_span signature = mu_bytes(&again, MU_SIGNATURE_SIZE, MU_SIGNATURE_SIZE);
        bool is_own = has_root(found, root.at), is_old = previous != NULL && has_root(previous, root.at);
        /* Every signature must hold; a stranger's counts for nothing. */
        if (mu_verify(root.at, mu_span_of_text(label), payload, signature) != MU_OK)
            return MU_KEYSET_UNTRUSTED;
        own += is_own;
        old += is_old;
    }
    bool enough = own >= found->threshold && (previous == NULL || old >= previous->threshold);
    return enough ? MU_OK : MU_KEYSET_UNTRUSTED;
}

int mu_chain_walk(const mu_span *documents, size_t count, const uint8_t *fingerprint, int64_t now, mu_chain *found) {
    if (count == 0 || count > MU_LARGEST_CHAIN)
        return MU_KEYSET_UNTRUSTED;
    mu_span pieces[] = {mu_span_of_text("muster-vendor-v1"), documents[0]};
    mu_sha256(found->fingerprint, pieces, 2);
    if (fingerprint != NULL && memcmp(found->fingerprint, fingerprint, MU_HASH_SIZE) != 0)
        return MU_VENDOR_MISMATCH;
    mu_keyset previous;
    memset(&found->newest, 0, sizeof found->newest);
    for (size_t i = 0; i < count; i++) {
        previous = found->newest;
        int error = read_signed(documents[i], i == 0 ? NULL : &previous, &found->newest);
        if (error != MU_OK)
            return error;
        if (found->newest.version != i + 1)
            return MU_KEYSET_UNTRUSTED;
    }
    if (now >= 0 && now / MU_DAY > found->newest.expires_day)
        return MU_KEYSET_TOO_OLD;
    return MU_OK;
}
