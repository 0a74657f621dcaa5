/* Activation objects of directories (spec/directory.md). What is read is hostile; the certificate alone decides. */
#ifndef MUSTER_DIRECTORY_H
#define MUSTER_DIRECTORY_H

#include "machine.h"

enum { MU_MOST_VALUES = 65, MU_LARGEST_ATTRIBUTE = 524608 };

/* One value of an attribute of an entry; names in small letters. */
typedef struct {
    const char *attribute;
    mu_span value;
} mu_value;

/* An entry's values. */
typedef struct {
    const mu_value *values;
    size_t count;
} mu_entry;

/* What an entry holds. Where values are base64 they are decoded into `room`, which the caller frees whatever came of it. */
typedef struct {
    uint8_t *room;
    uint8_t vendor_id[MU_VENDOR_ID_SIZE];
    uint32_t scope;
    mu_span certificate, keysets[MU_MOST_VALUES];
    size_t keyset_count;
} mu_object;

/* Either form. NO_ACTIVATION_OBJECT for whatever is none. */
int mu_object_read(const mu_entry *entry, mu_object *found);

/* Judges objects of the directory for an edition; takes the one under which leases may last longest, and moves `chain` on by
 * the keysets beside them. `documents` has the chain's own, and room for MU_LARGEST_CHAIN. organisation below 0: not pinned. */
int mu_objects_judge(const mu_object *objects, size_t count, mu_span directory, const mu_edition *edition, int64_t now,
                     int64_t organisation, mu_span *documents, mu_chain *chain, mu_certificate *found);

#endif
