/* A machine: its hardware, what it keeps of a vendor, what follows from that (spec/hardware.md, record.md, states.md). */
#ifndef MUSTER_MACHINE_H
#define MUSTER_MACHINE_H

#include "activation.h"
#include "productkey.h"

enum { MU_PARTS = 4, MU_SOURCE_MOST = 256, MU_LEASE_WIDTH = 4, MU_INSTALLATION_WIDTH = 2, MU_BOOT_ID_SIZE = 8 };
enum { MU_BOARD = 0, MU_DISK = 1, MU_NETWORK = 2, MU_PLATFORM = 3, MU_MACHINE_ID = 4, MU_SOURCES = 5 };

/* Normalised sources; an empty one says nothing. */
typedef struct {
    char text[MU_SOURCES][MU_SOURCE_MOST + 1];
} mu_sources;

void mu_normalise(mu_span raw, char text[MU_SOURCE_MOST + 1]);
bool mu_is_bound_weakly(const mu_sources *sources);
/* Four hashes of `width` bytes under the key. */
void mu_parts(const mu_sources *sources, mu_span key, size_t width, uint8_t *parts);
/* The rule of lease parts: two spans of 16 bytes. */
bool mu_is_same_hardware(const uint8_t *one, const uint8_t *other);
/* The same, and what is unreadable on both sides. */
bool mu_does_hardware_hold(const uint8_t *one, const uint8_t *other);

typedef struct {
    uint32_t at, used;
} mu_moment;

typedef struct {
    bool is_there;
    mu_span request, reply, salt;
    mu_moment received;
} mu_lease;

typedef struct {
    bool is_there;
    mu_span certificate, directory, parts, salt;
    mu_moment read;
    uint32_t left;
} mu_directory_evidence;

typedef struct {
    bool is_there;
    mu_span installation, confirmation, parts, salt;
    mu_moment deposited;
} mu_permanent_evidence;

typedef struct {
    uint32_t failures, attempted_at, next_at, code, count, retry_minutes, renew_minutes;
    mu_span message, host;
} mu_attempts;

typedef struct {
    uint32_t edition;
    bool has_key;
    uint32_t key_kind;
    mu_span partial, reference;
    mu_moment installed, trouble;
    mu_lease lease;
    mu_directory_evidence directory;
    mu_permanent_evidence permanent;
    mu_span pending;
    mu_attempts attempts;
} mu_edition_record;

typedef struct {
    mu_span host;
    uint32_t until;
} mu_skip;

enum { MU_MOST_SKIPS = 64 };

/* A record that was read; spans point into `bytes`, which it owns, or into what a writer of it set. */
typedef struct {
    uint8_t *bytes;
    mu_span client_id, salt, parts, boot_id, cached_host;
    uint32_t high_water, used, boot_seconds, graces_reset, cached_priority;
    mu_lease proof;
    size_t skip_count;
    mu_skip skips[MU_MOST_SKIPS];
    size_t edition_count;
    mu_edition_record *editions; /* room for one more than there are */
} mu_record;

/* STATE_CORRUPT for whatever is no record. Free it whatever came of it. */
int mu_record_read(mu_span file, mu_record *found);
void mu_record_write(const mu_record *record, mu_writer *to);
void mu_record_free(mu_record *record);
mu_edition_record *mu_record_edition(const mu_record *record, uint32_t edition);
/* A file `[1, body, SHA-256(body)]`: its body. */
int mu_hashed_body(mu_span file, mu_span *body);
int mu_secrets_read(mu_span file, uint32_t editions[MU_MOST_EDITIONS], size_t *count);

enum { MU_UNLICENSED = 0, MU_INITIAL_GRACE = 1, MU_LICENSED = 2, MU_RENEWAL_GRACE = 3, MU_NOTIFICATION = 4 };
enum { MU_BY_NOTHING = 0, MU_BY_HOST = 1, MU_BY_DIRECTORY = 2, MU_BY_MAK = 3 };

/* Everything that a state follows from. */
typedef struct {
    const mu_keyset *keyset;
    const uint8_t *fingerprint;
    const mu_policy *policy;
    const mu_edition *edition;
    const mu_record *record;
    const mu_sources *sources;
    int64_t now, used; /* seconds */
} mu_situation;

typedef struct {
    int state, method, reason; /* reason: what keeps evidence from holding, or 0 */
    bool is_permanent;
    int64_t expires_at, grace_ends_at, organisation; /* seconds; -1 where there is none */
} mu_standing;

bool mu_is_clock_suspect(const mu_situation *situation);
void mu_stand(const mu_situation *situation, mu_standing *found);

/* A confirmation of a machine: CONFIRMATION_MALFORMED, CONFIRMATION_UNTRUSTED; *end_day 0 for none. */
int mu_confirmation_verify(mu_span installation, mu_span confirmation, const mu_keyset *keyset, bool keep_revoked,
                           bool *is_revoked, uint32_t *end_day);

#endif
