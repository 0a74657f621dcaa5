/* A load generator for HTTP/1.1 that is cheaper than what it measures: one thread, epoll, connections that are kept.
 *
 *   http_load ADDRESS PORT CONNECTIONS REQUESTS_FILE
 *
 * REQUESTS_FILE holds whole requests, each after its size (4 bytes, little endian); each is sent once, in order. An answer
 * must have a Content-Length. Prints one JSON object: done (status 200), failed (anything else), seconds, and latencies
 * from the request to the whole answer in microseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_SECONDS 60
#define ANSWER_BYTES 16384

struct connection {
    int fd;
    size_t have;
    uint64_t begun;
    char answer[ANSWER_BYTES + 1];
};

static char *requests;
static uint32_t *offsets, request_count, started, done, failed;
static uint32_t *latencies;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what) {
    perror(what);
    exit(2);
}

static void ask(struct connection *c) {
    if (started >= request_count) return;
    char *at = requests + offsets[started++];
    uint32_t size;
    memcpy(&size, at, 4);
    c->have = 0;
    c->begun = now_ns();
    if (send(c->fd, at + 4, size, MSG_NOSIGNAL) != (ssize_t)size) die("send");
}

static int whole(struct connection *c) {
    c->answer[c->have] = 0;
    char *end = strstr(c->answer, "\r\n\r\n");
    if (!end) return 0;
    char *length = strcasestr(c->answer, "\r\ncontent-length:");
    if (!length || length > end) die("an answer without its length");
    return c->have >= (size_t)(end + 4 - c->answer) + strtoul(length + 17, NULL, 10);
}

static void step(struct connection *c) {
    ssize_t n = recv(c->fd, c->answer + c->have, ANSWER_BYTES - c->have, 0);
    if (n <= 0) die("the server closed a connection");
    c->have += (size_t)n;
    if (!whole(c)) return;
    latencies[done + failed] = (uint32_t)((now_ns() - c->begun) / 1000);
    if (!strncmp(c->answer, "HTTP/1.1 200 ", 13)) {
        done++;
    } else {
        if (!failed++) fprintf(stderr, "%s\n", c->answer);
    }
    ask(c);
}

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void load_requests(const char *path) {
    FILE *file = fopen(path, "rb");
    struct stat info;
    if (!file || fstat(fileno(file), &info) < 0) die(path);
    requests = malloc((size_t)info.st_size);
    offsets = malloc((size_t)info.st_size * sizeof *offsets / 4);
    if (fread(requests, 1, (size_t)info.st_size, file) != (size_t)info.st_size) die("read");
    fclose(file);
    for (uint32_t at = 0, size; at < info.st_size; at += size + 4) {
        memcpy(&size, requests + at, 4);
        offsets[request_count++] = at;
    }
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: http_load ADDRESS PORT CONNECTIONS REQUESTS_FILE\n");
        return 2;
    }
    int width = atoi(argv[3]), poller = epoll_create1(0);
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    inet_pton(AF_INET, argv[1], &server.sin_addr);
    load_requests(argv[4]);
    latencies = malloc(request_count * sizeof *latencies);
    struct connection *all = calloc((size_t)width, sizeof *all);
    for (int i = 0; i < width; i++) {
        int one = 1;
        all[i].fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(all[i].fd, (struct sockaddr *)&server, sizeof server) < 0) die("connect");
        setsockopt(all[i].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, all[i].fd, &event) < 0) die("epoll_ctl");
    }
    uint64_t begun = now_ns();
    for (int i = 0; i < width; i++) ask(&all[i]);
    struct epoll_event events[256];
    while (done + failed < request_count) {
        int n = epoll_wait(poller, events, 256, TIMEOUT_SECONDS * 1000);
        if (n <= 0) die("nothing happened");
        for (int i = 0; i < n; i++) step(events[i].data.ptr);
    }
    double seconds = (double)(now_ns() - begun) / 1e9;
    uint32_t last = request_count - 1;
    qsort(latencies, request_count, sizeof *latencies, by_value);
    printf("{\"done\": %u, \"failed\": %u, \"seconds\": %.6f, \"p50\": %u, \"p99\": %u, \"max\": %u}\n", done, failed, seconds,
           latencies[last / 2], latencies[(uint64_t)last * 99 / 100], latencies[last]);
    return failed != 0;
}
