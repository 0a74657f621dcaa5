/* SRV records by priority and weight; zones (spec/discovery.md, RFC 2782). */
#include "discovery.h"

#include <string.h>
#include <strings.h>

static bool is_same_address(const mu_service *one, const mu_service *other) {
    return one->port == other->port && strcasecmp(one->target, other->target) == 0;
}

static int by_priority(const void *one, const void *other) {
    const mu_service *a = one, *b = other;
    return a->priority != b->priority ? (a->priority < b->priority ? -1 : 1) : 0;
}

static size_t without_doubles(mu_service *records, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_dropped = records[i].port == 0 || records[i].target[0] == '\0';
        for (size_t k = 0; k < kept; k++)
            is_dropped |= is_same_address(&records[k], &records[i]);
        if (!is_dropped)
            records[kept++] = records[i];
    }
    return kept;
}

static void move_to(mu_service *records, size_t from, size_t to) {
    mu_service moved = records[from];
    memmove(records + to + 1, records + to, (from - to) * sizeof *records);
    records[to] = moved;
}

/* One priority: weight 0 first, then drawn one after the other. */
static void order_by_weight(mu_service *records, size_t count, mu_draw *draw, void *with) {
    for (size_t i = 0, zeros = 0; i < count; i++)
        if (records[i].weight == 0)
            move_to(records, i, zeros++);
    for (size_t begin = 0; begin + 1 < count; begin++) {
        uint32_t sum = 0, running = 0;
        for (size_t i = begin; i < count; i++)
            sum += records[i].weight;
        uint32_t drawn = draw(with, sum);
        for (size_t i = begin; i < count; i++) {
            running += records[i].weight;
            if (running >= drawn) {
                move_to(records, i, begin);
                break;
            }
        }
    }
}

size_t mu_service_order(mu_service *records, size_t count, mu_draw *draw, void *with) {
    for (size_t i = 1; i < count; i++) /* stable, which qsort is not */
        for (size_t k = i; k > 0 && by_priority(&records[k - 1], &records[k]) > 0; k--)
            move_to(records, k, k - 1);
    size_t kept = without_doubles(records, count);
    for (size_t begin = 0, end; begin < kept; begin = end) {
        for (end = begin; end < kept && records[end].priority == records[begin].priority; end++)
            ;
        order_by_weight(records + begin, end - begin, draw, with);
    }
    return kept;
}

/* A name in small letters without its last dot; false where it is empty or too long. */
static bool plain_name(const char *name, char plain[MU_NAME_MOST + 1]) {
    size_t size = name == NULL ? 0 : strlen(name);
    if (size > 0 && name[size - 1] == '.')
        size--;
    if (size == 0 || size > MU_NAME_MOST)
        return false;
    for (size_t i = 0; i < size; i++)
        plain[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] - 'A' + 'a') : name[i];
    plain[size] = '\0';
    return true;
}

static void add_zone(const char *name, mu_zones *found) {
    char plain[MU_NAME_MOST + 1];
    if (found->count == MU_MOST_ZONES || !plain_name(name, plain))
        return;
    for (size_t i = 0; i < found->count; i++)
        if (strcmp(found->name[i], plain) == 0)
            return;
    strcpy(found->name[found->count++], plain);
}

void mu_zones_to_ask(const char *const *set, size_t set_count, const char *domain, const char *const *search,
                     size_t search_count, mu_zones *found) {
    found->count = 0;
    for (size_t i = 0; i < set_count; i++)
        add_zone(set[i], found);
    if (set_count > 0)
        return;
    add_zone(domain, found);
    for (size_t i = 0; i < search_count; i++)
        add_zone(search[i], found);
}
