/* Whom an attempt asks, in order (spec/discovery.md §Order). */
#include "attempt.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static void add(mu_candidates *found, const char *name, uint32_t port, uint32_t priority) {
    for (size_t i = 0; i < found->count; i++)
        if (found->of[i].port == port && strcasecmp(found->of[i].name, name) == 0)
            return;
    if (found->count == MU_MOST_CANDIDATES)
        return;
    static const char *const forms[] = {"%s:%u", "[%s]:%u"};
    snprintf(found->of[found->count].name, MU_NAME_MOST + 1, "%s", name);
    snprintf(found->of[found->count].label, MU_NAME_MOST + 12, forms[strchr(name, ':') != NULL], name, (unsigned)port);
    found->of[found->count].address[0] = '\0';
    found->of[found->count].port = port;
    found->of[found->count++].priority = priority;
}

int mu_candidates_set(mu_candidates *found, const char *hosts) {
    char text[MU_NAME_MOST + 16], name[MU_NAME_MOST + 1];
    uint32_t port;
    for (const char *at = hosts; *at != '\0';) {
        size_t size = strcspn(at, ", ");
        if (size >= sizeof text)
            return MU_USAGE;
        memcpy(text, at, size);
        text[size] = '\0';
        if (size > 0 && mu_host_parse(text, name, &port) != MU_OK)
            return MU_USAGE;
        if (size > 0)
            add(found, name, port, 0);
        at += size + (at[size] != '\0');
    }
    return found->count > 0 ? MU_OK : MU_USAGE;
}

static uint32_t draw(void *with, uint32_t most) {
    (void)with;
    return most == UINT32_MAX ? randombytes_random() : randombytes_uniform(most + 1);
}

int mu_candidates_find(const muster *handle, mu_candidates *found) {
    char srv[MU_TEXT_MOST], cached[MU_NAME_MOST + 16], name[MU_NAME_MOST + 1];
    mu_service services[MU_MOST_SERVICES];
    mu_zones zones;
    uint32_t port;
    mu_span text = handle->product.policy.srv, last = handle->record.cached_host;
    snprintf(srv, sizeof srv, "%.*s", (int)text.size, (const char *)text.at);
    snprintf(cached, sizeof cached, "%.*s", (int)last.size, (const char *)last.at);
    if (cached[0] != '\0' && mu_host_parse(cached, name, &port) == MU_OK)
        add(found, name, port, handle->record.cached_priority);
    mu_resolver *resolver = mu_resolver_open(handle->dns);
    if (resolver == NULL)
        return MU_USAGE;
    mu_resolver_zones(resolver, handle->zone, &zones);
    for (size_t z = 0; z < zones.count; z++) {
        size_t count = mu_resolver_services(resolver, srv, zones.name[z], services, MU_MOST_SERVICES);
        count = mu_service_order(services, count, draw, NULL);
        for (size_t i = 0; i < count; i++)
            add(found, services[i].target, services[i].port, services[i].priority);
    }
    for (size_t i = 0; i < found->count; i++)
        if (!mu_resolver_address(resolver, found->of[i].name, found->of[i].address, sizeof found->of[i].address))
            found->of[i].address[0] = '\0';
    mu_resolver_close(resolver);
    found->is_found = true;
    return found->count > 0 ? MU_OK : MU_NO_HOST_FOUND;
}
