/* One TCP connection: one frame out, one frame in, one absolute deadline (spec/activation.md §Frame). */
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int64_t mu_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool mu_wait_for(int connection, int events, int64_t deadline) {
    for (;;) {
        int64_t left = deadline - mu_milliseconds();
        struct pollfd wanted = {.fd = connection, .events = events == MU_READABLE ? POLLIN : POLLOUT};
        int ready = left <= 0 ? 0 : poll(&wanted, 1, (int)left);
        if (ready < 0 && errno == EINTR)
            continue;
        return ready > 0;
    }
}

static int connect_to(const struct addrinfo *address, int64_t deadline) {
    int connection = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection < 0)
        return -1;
    int error = 0;
    socklen_t size = sizeof error;
    bool is_good = connect(connection, address->ai_addr, address->ai_addrlen) == 0 ||
                   (errno == EINPROGRESS && mu_wait_for(connection, MU_WRITABLE, deadline) &&
                    getsockopt(connection, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0);
    if (is_good)
        return connection;
    close(connection);
    return -1;
}

/* Reads to the end of the connection; more than a frame is none. */
static size_t receive(int connection, uint8_t *frame, size_t room, int64_t deadline) {
    size_t size = 0;
    while (size < room && mu_wait_for(connection, MU_READABLE, deadline)) {
        ssize_t more = recv(connection, frame + size, room - size, 0);
        if (more < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (more <= 0)
            break;
        size += (size_t)more;
        if (size > 1 && frame[0] > 0 && size == 1U + frame[0])
            break;
    }
    return size;
}

int mu_exchange(const char *host, uint32_t port, mu_span body, uint8_t answer[MU_LARGEST_BODY], size_t *size) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found = NULL;
    uint8_t sent[MU_LARGEST_FRAME], received[MU_LARGEST_FRAME + 1];
    char service[8];
    *size = 0;
    if (body.size == 0 || body.size > MU_LARGEST_BODY)
        return MU_INTERNAL;
    int64_t deadline = mu_milliseconds() + MU_EXCHANGE_SECONDS * 1000;
    snprintf(service, sizeof service, "%u", (unsigned)(port & 0xffff));
    if (getaddrinfo(host, service, &hints, &found) != 0)
        return MU_HOST_UNREACHABLE;
    int connection = -1;
    for (struct addrinfo *address = found; address != NULL && connection < 0; address = address->ai_next)
        connection = connect_to(address, deadline);
    freeaddrinfo(found);
    if (connection < 0)
        return MU_HOST_UNREACHABLE;
    sent[0] = (uint8_t)body.size;
    memcpy(sent + 1, body.at, body.size);
    size_t got = 0;
    if (send(connection, sent, 1 + body.size, MSG_NOSIGNAL) == (ssize_t)(1 + body.size))
        got = receive(connection, received, sizeof received, deadline);
    close(connection);
    mu_span inner;
    if (got == 0)
        return MU_HOST_UNREACHABLE;
    if (mu_frame_body(mu_span_of(received, got), &inner) != MU_OK)
        return MU_MESSAGE_MALFORMED;
    memcpy(answer, inner.at, inner.size);
    *size = inner.size;
    return MU_OK;
}

int mu_host_parse(const char *text, char name[MU_NAME_MOST + 1], uint32_t *port) {
    const char *end = text + strlen(text), *colon = NULL;
    *port = MU_PORT;
    if (text[0] == '[') {
        end = strchr(++text, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return MU_USAGE;
        colon = end[1] == ':' ? end + 1 : NULL;
    } else if ((colon = strchr(text, ':')) != NULL && strchr(colon + 1, ':') == NULL) {
        end = colon;
    } else {
        colon = NULL; /* a bare IPv6 address */
    }
    if (colon != NULL) {
        char *rest;
        unsigned long number = strtoul(colon + 1, &rest, 10);
        if (colon[1] < '0' || colon[1] > '9' || *rest != '\0' || number == 0 || number > 0xffff)
            return MU_USAGE;
        *port = (uint32_t)number;
    }
    if (end == text || end - text > MU_NAME_MOST)
        return MU_USAGE;
    memcpy(name, text, (size_t)(end - text));
    name[end - text] = '\0';
    return MU_OK;
}
