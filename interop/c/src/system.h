/* The outside world of a machine: its hardware's sources, clocks, chance, files, network. Linux. */
#ifndef MUSTER_SYSTEM_H
#define MUSTER_SYSTEM_H

#include "discovery.h"
#include "machine.h"

/* Reads the sources of hardware under `root` ("" for the real ones). What cannot be read says nothing. */
void mu_sources_read(const char *root, mu_sources *found);
bool mu_is_virtual(const char *root);

typedef struct {
    int64_t now, boot_seconds; /* seconds since 1970; of the boot-time clock */
    uint8_t boot_id[MU_BOOT_ID_SIZE];
} mu_clocks;

void mu_clocks_read(mu_clocks *found);
/* Used time now, of a machine whose record was saved earlier. */
int64_t mu_used_now(const mu_record *record, const mu_clocks *clocks);

enum { MU_PATH_MOST = 4096, MU_LARGEST_FILE = 2 << 20 };

/* The whole of a file of at most `most` bytes, allocated: 0, NOT_FOUND, or STATE_CORRUPT where it is larger or unreadable. */
int mu_file_read(const char *path, size_t most, uint8_t **bytes, size_t *size);
/* Puts bytes in a file's place, durably; what was there becomes `previous` where that is a path. STORE_FAILED. */
int mu_file_replace(const char *path, const char *previous, mu_span bytes);
/* Makes a folder and those above it, readable by everybody. STORE_FAILED. */
int mu_folder_make(const char *path);
/* Takes the lock of a state folder: a file descriptor, or the negative number of an error. */
int mu_folder_lock(const char *folder);
void mu_folder_unlock(int lock);

/* Sends a body to a host and receives the body of its answer within MU_EXCHANGE_SECONDS. HOST_UNREACHABLE, MESSAGE_MALFORMED. */
enum { MU_EXCHANGE_SECONDS = 5 };
int mu_exchange(const char *host, uint32_t port, mu_span body, uint8_t answer[MU_LARGEST_BODY], size_t *size);
/* Of a clock that only goes on. */
int64_t mu_milliseconds(void);
/* Whether a connection becomes readable, or writable, before the clock above is at `deadline`. */
enum { MU_READABLE = 1, MU_WRITABLE = 2 };
bool mu_wait_for(int connection, int events, int64_t deadline);
/* Takes "name", "name:port", "1.2.3.4", "[::1]:port" apart. USAGE. */
int mu_host_parse(const char *text, char name[MU_NAME_MOST + 1], uint32_t *port);

/* A resolver, the system's or, with "ADDRESS[:PORT]", one server. */
typedef struct mu_resolver mu_resolver;
mu_resolver *mu_resolver_open(const char *server);
void mu_resolver_close(mu_resolver *resolver);
/* The zones of the machine itself: its domain and the search list. */
void mu_resolver_zones(mu_resolver *resolver, const char *set, mu_zones *found);
size_t mu_resolver_services(mu_resolver *resolver, const char *srv, const char *zone, mu_service *found, size_t most);
/* A numeric address of a name, where the resolver is one server; false leaves names to the system. */
bool mu_resolver_address(mu_resolver *resolver, const char *name, char *address, size_t room);

#endif
