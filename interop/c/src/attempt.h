/* One attempt to activate: whom to ask, and what it came to. */
#ifndef MUSTER_ATTEMPT_H
#define MUSTER_ATTEMPT_H

#include "handle.h"

typedef struct {
    size_t count;
    bool is_found; /* by DNS: the one that answers is remembered */
    struct {
        char name[MU_NAME_MOST + 1], label[MU_NAME_MOST + 12]; /* label: with the port, as it is recorded */
        char address[64];                                      /* numeric, where one server was asked for it */
        uint32_t port, priority;
    } of[MU_MOST_CANDIDATES];
} mu_candidates;

/* What an attempt came to. Evidence points into `request` and `reply`. */
typedef struct {
    int error;
    uint8_t request[MU_LARGEST_BODY], reply[MU_LARGEST_BODY], salt[MU_SALT_SIZE];
    size_t request_size, reply_size;
    mu_answer answer;
    bool is_certified, is_activated;
    const char *host; /* a candidate's label */
    uint32_t priority;
} mu_outcome;

/* Hosts that somebody named. USAGE. */
int mu_candidates_set(mu_candidates *found, const char *hosts);
/* The host that answered last, then those of DNS. NO_HOST_FOUND. */
int mu_candidates_find(const muster *handle, mu_candidates *found);

#endif
