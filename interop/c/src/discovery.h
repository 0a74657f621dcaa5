/* The order in which hosts are asked (spec/discovery.md). */
#ifndef MUSTER_DISCOVERY_H
#define MUSTER_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MU_NAME_MOST = 255, MU_MOST_SERVICES = 64, MU_MOST_CANDIDATES = 16, MU_MOST_ZONES = 16, MU_PORT = 1688 };

typedef struct {
    uint32_t priority, weight, port;
    char target[MU_NAME_MOST + 1]; /* without the last dot; empty: decidedly no host */
} mu_service;

/* A number from 0 to `most`, both included. */
typedef uint32_t mu_draw(void *with, uint32_t most);

/* Puts records into the order of RFC 2782, without those that are no host or doubled: how many are left. */
size_t mu_service_order(mu_service *records, size_t count, mu_draw *draw, void *with);

typedef struct {
    size_t count;
    char name[MU_MOST_ZONES][MU_NAME_MOST + 1];
} mu_zones;

/* Zones to ask, each once, in small letters without a last dot: those that are set, else domain and search list. */
void mu_zones_to_ask(const char *const *set, size_t set_count, const char *domain, const char *const *search,
                     size_t search_count, mu_zones *found);

#endif
