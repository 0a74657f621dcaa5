/* SRV records and addresses of DNS, through the resolver of the C library (spec/discovery.md). */
#include "system.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DNS_PORT = 53, ANSWER_MOST = 65535, TRIES = 2, SECONDS = 3 };

struct mu_resolver {
    struct __res_state state;
    bool is_one_server;
    uint8_t answer[ANSWER_MOST];
};

static bool ask_only(mu_resolver *resolver, const char *server) {
    char name[MU_NAME_MOST + 1];
    uint32_t port;
    struct sockaddr_in *address = &resolver->state.nsaddr_list[0];
    if (mu_host_parse(server, name, &port) != MU_OK)
        return false;
    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_port = htons((uint16_t)(strchr(server, ':') != NULL ? port : DNS_PORT));
    resolver->state.nscount = 1;
    resolver->is_one_server = true;
    return inet_pton(AF_INET, name, &address->sin_addr) == 1;
}

mu_resolver *mu_resolver_open(const char *server) {
    mu_resolver *resolver = calloc(1, sizeof *resolver);
    if (resolver == NULL)
        return NULL;
    if (res_ninit(&resolver->state) != 0) {
        free(resolver);
        return NULL;
    }
    resolver->state.retry = TRIES;
    resolver->state.retrans = SECONDS;
    if (server != NULL && server[0] != '\0' && !ask_only(resolver, server)) {
        mu_resolver_close(resolver);
        return NULL;
    }
    return resolver;
}

void mu_resolver_close(mu_resolver *resolver) {
    if (resolver != NULL)
        res_nclose(&resolver->state);
    free(resolver);
}

void mu_resolver_zones(mu_resolver *resolver, const char *set, mu_zones *found) {
    char host[MU_NAME_MOST + 1] = {0};
    const char *const only[] = {set};
    const char *search[MAXDNSRCH];
    size_t count = 0;
    bool is_set = set != NULL && set[0] != '\0';
    while (count < MAXDNSRCH && resolver->state.dnsrch[count] != NULL) {
        search[count] = resolver->state.dnsrch[count];
        count++;
    }
    gethostname(host, sizeof host - 1);
    const char *dot = strchr(host, '.');
    mu_zones_to_ask(only, is_set ? 1 : 0, dot == NULL ? "" : dot + 1, search, count, found);
}

/* The records of a name: how many, in *message. */
static size_t query(mu_resolver *resolver, const char *name, int type, ns_msg *message) {
    int size = res_nquery(&resolver->state, name, ns_c_in, type, resolver->answer, sizeof resolver->answer);
    if (size <= 0 || size > ANSWER_MOST || ns_initparse(resolver->answer, size, message) != 0)
        return 0;
    return ns_msg_count(*message, ns_s_an);
}

size_t mu_resolver_services(mu_resolver *resolver, const char *srv, const char *zone, mu_service *found, size_t most) {
    char name[2 * MU_NAME_MOST + 2];
    ns_msg message;
    ns_rr record;
    size_t count = 0;
    snprintf(name, sizeof name, "%s.%s", srv, zone);
    size_t answers = query(resolver, name, ns_t_srv, &message);
    for (size_t i = 0; i < answers && count < most; i++) {
        if (ns_parserr(&message, ns_s_an, (int)i, &record) != 0)
            break;
        const uint8_t *data = ns_rr_rdata(record);
        if (ns_rr_type(record) != ns_t_srv || ns_rr_rdlen(record) < 7)
            continue;
        mu_service *service = &found[count];
        service->priority = ns_get16(data);
        service->weight = ns_get16(data + 2);
        service->port = ns_get16(data + 4);
        if (dn_expand(ns_msg_base(message), ns_msg_end(message), data + 6, service->target, sizeof service->target) >= 0)
            count++;
    }
    return count;
}

bool mu_resolver_address(mu_resolver *resolver, const char *name, char *address, size_t room) {
    static const struct {
        int type, family;
        size_t size;
    } kinds[] = {{ns_t_a, AF_INET, 4}, {ns_t_aaaa, AF_INET6, 16}};
    ns_msg message;
    ns_rr record;
    uint8_t numeric[16];
    if (!resolver->is_one_server || inet_pton(AF_INET, name, numeric) == 1 || inet_pton(AF_INET6, name, numeric) == 1)
        return false;
    for (size_t k = 0; k < 2; k++) {
        size_t answers = query(resolver, name, kinds[k].type, &message);
        for (size_t i = 0; i < answers; i++)
            if (ns_parserr(&message, ns_s_an, (int)i, &record) == 0 && (int)ns_rr_type(record) == kinds[k].type &&
                ns_rr_rdlen(record) == kinds[k].size &&
                inet_ntop(kinds[k].family, ns_rr_rdata(record), address, (socklen_t)room) != NULL)
                return true;
    }
    return false;
}
