/* Which activation object counts (spec/directory.md §Judging an object). */
#include "directory.h"

#include <string.h>

/* The steps of the page; the error of the object that came furthest is told. */
enum { NOWHERE, VENDOR, SIGNED, SUBJECT, WINDOW, COVERED, RELEASED, PINNED, PASSED };

static bool is_ours(const mu_object *object, const mu_chain *chain) {
    return memcmp(object->vendor_id, chain->fingerprint, MU_VENDOR_ID_SIZE) == 0;
}

/* Keysets beside the objects extend the chain as far as they prove themselves, in whatever order they come. */
static void extend(const mu_object *objects, size_t count, int64_t now, mu_span *documents, mu_chain *chain) {
    mu_chain longer;
    for (bool is_longer = true; is_longer;) {
        is_longer = false;
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; is_ours(&objects[i], chain) && k < objects[i].keyset_count; k++) {
                size_t known = chain->newest.version;
                if (known == MU_LARGEST_CHAIN)
                    return;
                documents[known] = objects[i].keysets[k];
                if (mu_chain_walk(documents, known + 1, chain->fingerprint, now, &longer) == MU_OK) {
                    *chain = longer;
                    is_longer = true;
                }
            }
    }
}

static int judge(const mu_object *object, mu_span directory, const mu_edition *edition, int64_t now, int64_t organisation,
                 const mu_chain *chain, mu_certificate *found, int *step) {
    uint8_t subject[MU_HASH_SIZE];
    mu_span pieces[] = {mu_span_of_text("muster-directory-v1"), directory};
    *step = VENDOR;
    if (!is_ours(object, chain))
        return MU_VENDOR_MISMATCH;
    *step = SIGNED;
    int error = mu_certificate_verify(object->certificate, &chain->newest, MU_OBJECT, NULL, found);
    if (error != MU_OK)
        return error;
    *step = SUBJECT;
    mu_sha256(subject, pieces, 2);
    if (memcmp(subject, found->subject.at, sizeof subject) != 0)
        return MU_NO_ACTIVATION_OBJECT;
    if (mu_is_withdrawn(&chain->newest, found->serial))
        return MU_CERTIFICATE_WITHDRAWN;
    *step = WINDOW;
    if (now < (int64_t)found->not_before_day * MU_DAY)
        return MU_CERTIFICATE_NOT_YET_VALID;
    if (now >= mu_certificate_end(found) || now >= mu_lease_limit(found))
        return MU_CERTIFICATE_EXPIRED;
    *step = COVERED;
    if (found->scope != edition->group || found->level < edition->level)
        return MU_EDITION_NOT_COVERED;
    *step = RELEASED;
    if (found->released_until_day != 0 && edition->released_day > found->released_until_day)
        return MU_MAINTENANCE_ENDED;
    *step = PINNED;
    if (organisation >= 0 && organisation != found->organisation)
        return MU_ORGANISATION_MISMATCH;
    *step = PASSED;
    return MU_OK;
}

int mu_objects_judge(const mu_object *objects, size_t count, mu_span directory, const mu_edition *edition, int64_t now,
                     int64_t organisation, mu_span *documents, mu_chain *chain, mu_certificate *found) {
    int told = MU_NO_ACTIVATION_OBJECT, furthest = NOWHERE;
    extend(objects, count, now, documents, chain);
    for (size_t i = 0; i < count; i++) {
        mu_certificate certificate;
        int step, error = judge(&objects[i], directory, edition, now, organisation, chain, &certificate, &step);
        bool is_longer = step == PASSED && furthest == PASSED && mu_lease_limit(&certificate) > mu_lease_limit(found);
        if (step <= furthest && !is_longer)
            continue;
        furthest = step;
        told = error;
        *found = certificate;
    }
    return told;
}
