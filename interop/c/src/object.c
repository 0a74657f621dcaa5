/* The two forms of an activation object (spec/directory.md §Forms, §Schema). */
#include "directory.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SCOPE_MOST = 0xffffff, DIGITS_MOST = 8 };

static bool is_text(mu_span value, const char *text) {
    return value.size == strlen(text) && strncasecmp((const char *)value.at, text, value.size) == 0;
}

/* What follows a prefix; false where the value begins otherwise. */
static bool after(mu_span value, const char *prefix, mu_span *rest) {
    size_t size = strlen(prefix);
    if (value.size < size || memcmp(value.at, prefix, size) != 0)
        return false;
    *rest = mu_span_of(value.at + size, value.size - size);
    return true;
}

static bool read_vendor(mu_span digits, mu_object *found) {
    size_t size;
    return digits.size == 2 * MU_VENDOR_ID_SIZE &&
           sodium_hex2bin(found->vendor_id, MU_VENDOR_ID_SIZE, (const char *)digits.at, digits.size, NULL, &size, NULL) == 0 &&
           size == MU_VENDOR_ID_SIZE;
}

static bool read_scope(mu_span digits, mu_object *found) {
    if (digits.size == 0 || digits.size > DIGITS_MOST)
        return false;
    found->scope = 0;
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return false;
        found->scope = found->scope * 10 + (digits.at[i] - '0');
    }
    return found->scope <= SCOPE_MOST;
}

/* Takes certificate and keysets, each within its size; how many certificates there are is counted. */
static bool take(mu_object *found, mu_span bytes, bool is_certificate, size_t *certificates) {
    if (is_certificate) {
        found->certificate = bytes;
        *certificates += 1;
        return bytes.size <= MU_LARGEST_CERTIFICATE && *certificates == 1;
    }
    if (bytes.size > MU_LARGEST_KEYSET || found->keyset_count == MU_MOST_VALUES)
        return false;
    found->keysets[found->keyset_count++] = bytes;
    return true;
}

/* A point of Active Directory: text with prefixes. */
static bool read_point(const mu_entry *entry, mu_object *found) {
    bool is_marked = false, is_named = false, has_vendor = false, has_scope = false, is_good = true;
    size_t certificates = 0, used = 0, total = 0;
    mu_span rest;
    for (size_t i = 0; i < entry->count; i++)
        total += entry->values[i].value.size;
    found->room = malloc(total + 1);
    for (size_t i = 0; i < entry->count && found->room != NULL && is_good; i++) {
        const char *name = entry->values[i].attribute;
        mu_span value = entry->values[i].value;
        if (strcmp(name, "serviceclassname") == 0) {
            is_named |= is_text(value, "muster-activation");
        } else if (strcmp(name, "keywords") == 0) {
            is_marked |= is_text(value, "muster-object-v1");
            if (after(value, "muster-vendor-", &rest))
                has_vendor = is_good = read_vendor(rest, found);
            else if (after(value, "muster-scope-", &rest))
                has_scope = is_good = read_scope(rest, found);
        } else if (strcmp(name, "servicebindinginformation") == 0) {
            bool is_certificate = after(value, "certificate:", &rest);
            size_t size;
            if (!is_certificate && !after(value, "keyset:", &rest))
                continue;
            is_good = sodium_base642bin(found->room + used, total - used, (const char *)rest.at, rest.size, NULL, &size, NULL,
                                        sodium_base64_VARIANT_ORIGINAL) == 0;
            is_good = is_good && take(found, mu_span_of(found->room + used, size), is_certificate, &certificates);
            used += is_good ? size : 0;
        }
    }
    return is_good && is_named && is_marked && has_vendor && has_scope && certificates == 1;
}

/* An entry with a class of its own: octets as octets. */
static bool read_own(const mu_entry *entry, mu_object *found) {
    bool has_vendor = false, has_scope = false, is_good = true;
    size_t certificates = 0;
    for (size_t i = 0; i < entry->count && is_good; i++) {
        const char *name = entry->values[i].attribute;
        mu_span value = entry->values[i].value;
        if (strcmp(name, "mustervendor") == 0)
            has_vendor = is_good = read_vendor(value, found);
        else if (strcmp(name, "musterscope") == 0)
            has_scope = is_good = read_scope(value, found);
        else if (strcmp(name, "mustercertificate") == 0)
            is_good = take(found, value, true, &certificates);
        else if (strcmp(name, "musterkeyset") == 0)
            is_good = take(found, value, false, &certificates);
    }
    return is_good && has_vendor && has_scope && certificates == 1;
}

static bool is_bounded(const mu_entry *entry) {
    for (size_t i = 0; i < entry->count; i++) {
        size_t values = 0, bytes = 0;
        for (size_t k = 0; k < entry->count; k++)
            if (strcmp(entry->values[k].attribute, entry->values[i].attribute) == 0) {
                values++;
                bytes += entry->values[k].value.size;
            }
        if (values > MU_MOST_VALUES || bytes > MU_LARGEST_ATTRIBUTE)
            return false;
    }
    return true;
}

int mu_object_read(const mu_entry *entry, mu_object *found) {
    bool is_own = false;
    *found = (mu_object){0};
    for (size_t i = 0; i < entry->count; i++)
        is_own |= strcmp(entry->values[i].attribute, "objectclass") == 0 && is_text(entry->values[i].value, "musterActivationObject");
    bool is_object = is_bounded(entry) && (is_own ? read_own(entry, found) : read_point(entry, found));
    return is_object ? MU_OK : MU_NO_ACTIVATION_OBJECT;
}
