/* libmuster: what a program asks about its own activation.
 *
 * A second implementation of Muster's specification (spec/), without code of the first. It reads and writes the state
 * folder that `muster client` uses, and activates against the same hosts.
 *
 * Functions that return `int` return 0, or the number of an error of spec/errors.md; muster_error_code, _cause and _hint
 * put it into words. Text is UTF-8 and belongs to the handle; it lives until the handle changes or is freed. Seconds are
 * counted since 1970-01-01T00:00:00Z. A handle is for one thread at a time; several handles may be used at once.
 */
#ifndef MUSTER_H
#define MUSTER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MUSTER_API __attribute__((visibility("default")))

/* One edition of one vendor on this machine. */
typedef struct muster muster;

enum muster_state {
    MUSTER_UNLICENSED = 0,
    MUSTER_INITIAL_GRACE = 1,
    MUSTER_LICENSED = 2,
    MUSTER_RENEWAL_GRACE = 3,
    MUSTER_NOTIFICATION = 4
};

enum muster_method { MUSTER_BY_NOTHING = 0, MUSTER_BY_HOST = 1, MUSTER_BY_DIRECTORY = 2, MUSTER_BY_MAK = 3 };

/* Opens what the state folder knows of an edition. `folder` NULL: /var/lib/muster/client. `fingerprint`: the vendor's, 64
 * hexadecimal digits; compile it into the program. Errors: NOT_SET_UP without a product file of this vendor, EDITION_UNKNOWN,
 * STATE_CORRUPT, USAGE, or what makes the product file untrusted. *opened is a handle only where 0 is returned. */
MUSTER_API int muster_open(const char *folder, const char *fingerprint, const char *edition, muster **opened);
MUSTER_API void muster_free(muster *handle);

/* Installs a vendor's product file (its armoured text) and, where no key is installed for the edition, its generic key.
 * Needs the rights of the folder's owner. Errors: those of muster_open, PRODUCT_TOO_OLD, NOT_ADMINISTRATOR, HOME_IN_USE, STORE_FAILED. */
MUSTER_API int muster_install(const char *folder, const char *fingerprint, const char *edition, const char *product);

/* Asks activation hosts once. `hosts`: "NAME[:PORT]", several with commas; NULL: those of the machine. Where a licensing service
 * runs, it is asked to do it with what is set for the machine, and nobody needs rights for that (RATE_LIMITED: too often;
 * SERVICE_NOT_RUNNING: it went away). Where none runs, hosts are those that DNS names, and the rights of the folder's owner are
 * needed. With hosts of one's own, or a zone or name server below, no service may hold the folder (HOME_IN_USE).
 * COUNT_BELOW_THRESHOLD: the machine was counted. */
MUSTER_API int muster_activate(muster *handle, const char *hosts);
/* For muster_activate without hosts: the zone whose SRV records name them, and a name server "ADDRESS[:PORT]"; NULL: the machine's. */
MUSTER_API int muster_set_zone(muster *handle, const char *zone);
MUSTER_API int muster_set_dns(muster *handle, const char *server);

/* Reads the folder, the clocks and the hardware anew. Other functions tell what was true then. */
MUSTER_API int muster_refresh(muster *handle);

MUSTER_API enum muster_state muster_state(const muster *handle);
MUSTER_API const char *muster_state_name(const muster *handle);
MUSTER_API enum muster_method muster_method(const muster *handle);
MUSTER_API int muster_is_permanent(const muster *handle);
/* When the activation, the grace, ends; -1 where there is none. */
MUSTER_API int64_t muster_expires_at(const muster *handle);
MUSTER_API int64_t muster_grace_ends_at(const muster *handle);
/* Whole days to the end of the activation, or of the grace; 0 on the last day and where all is over, -1 where it is for good. */
MUSTER_API int64_t muster_days_left(const muster *handle);
/* The number of the error that keeps evidence from holding, or 0. */
MUSTER_API int muster_reason(const muster *handle);
/* What was told last, and what is needed. */
MUSTER_API int muster_count(const muster *handle);
MUSTER_API int muster_threshold(const muster *handle);
/* Number of the organisation behind the activation; -1 where there is none. */
MUSTER_API int64_t muster_organisation(const muster *handle);
MUSTER_API const char *muster_product(const muster *handle);
MUSTER_API const char *muster_vendor(const muster *handle);

/* Features of the edition, as the vendor signed them. Whether they may be used is for the program to say by the state. */
MUSTER_API size_t muster_feature_count(const muster *handle);
MUSTER_API const char *muster_feature(const muster *handle, size_t index);
MUSTER_API int muster_has_feature(const muster *handle, const char *name);

MUSTER_API const char *muster_error_code(int error);
MUSTER_API const char *muster_error_cause(int error);
MUSTER_API const char *muster_error_hint(int error);

#ifdef __cplusplus
}
#endif

#endif
