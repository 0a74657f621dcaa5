/* A load generator that is cheaper than what it measures: one thread, epoll, a fresh TCP connection for each request.
 *
 *   load ADDRESS PORT CONNECTIONS REQUESTS_FILE COUNT [REPLIES_FILE]
 *
 * REQUESTS_FILE holds frames (length byte, body) one after the other; they are sent in order, from the beginning again
 * when they run out, until COUNT were sent. Connections come from 127.1.0.1 ... 127.1.0.64, so that local ports do not
 * run out. Prints one JSON object: done, failed, seconds, and latencies from connect to the whole reply in microseconds.
 * REPLIES_FILE gets each reply's frame after the number of its request (4 bytes, little endian).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SOURCES 64
#define TIMEOUT_SECONDS 30

struct connection {
    int fd;
    uint32_t request;
    int have, sent;
    uint64_t begun;
    unsigned char reply[256];
};

static struct sockaddr_in server;
static unsigned char *frames;
static uint32_t *offsets, frame_count;
static uint32_t started, target, done, failed;
static uint32_t *latencies;
static FILE *replies;
static int poller;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what) {
    perror(what);
    exit(2);
}

static void start(struct connection *c) {
    c->fd = -1;
    if (started >= target) return;
    c->request = started++;
    c->have = 0;
    c->sent = 0;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) die("socket");
    int one = 1;
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct sockaddr_in from = {.sin_family = AF_INET};
    from.sin_addr.s_addr = htonl(0x7f010001u + c->request % SOURCES);
    if (bind(c->fd, (struct sockaddr *)&from, sizeof from) < 0) die("bind");
    c->begun = now_ns();
    if (connect(c->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS) die("connect");
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP, .data.ptr = c};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event) < 0) die("epoll_ctl");
}

static void finish(struct connection *c, int good) {
    if (good) {
        latencies[done++] = (uint32_t)((now_ns() - c->begun) / 1000);
        if (replies) {
            fwrite(&c->request, 4, 1, replies);
            fwrite(c->reply, 1, (size_t)c->have, replies);
        }
    } else {
        failed++;
    }
    close(c->fd);
    start(c);
}

static void step(struct connection *c, uint32_t events) {
    if (!c->sent && (events & EPOLLOUT)) {
        unsigned char *frame = frames + offsets[c->request % frame_count];
        ssize_t n = send(c->fd, frame, (size_t)frame[0] + 1, MSG_NOSIGNAL);
        if (n != frame[0] + 1) {
            finish(c, 0);
            return;
        }
        c->sent = 1;
        struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = c};
        epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
    }
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) {
        ssize_t n = recv(c->fd, c->reply + c->have, sizeof c->reply - (size_t)c->have, 0);
        if (n > 0) c->have += (int)n;
        if (c->have > 0 && c->have >= c->reply[0] + 1) finish(c, 1);
        else if (n == 0 || (n < 0 && errno != EAGAIN)) finish(c, 0);
    }
}

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void load_frames(const char *path) {
    FILE *file = fopen(path, "rb");
    struct stat info;
    if (!file || fstat(fileno(file), &info) < 0) die(path);
    frames = malloc((size_t)info.st_size);
    offsets = malloc((size_t)info.st_size * sizeof *offsets / 2);
    if (fread(frames, 1, (size_t)info.st_size, file) != (size_t)info.st_size) die("read");
    fclose(file);
    for (uint32_t at = 0; at < info.st_size; at += frames[at] + 1u) offsets[frame_count++] = at;
}

int main(int argc, char **argv) {
    if (argc < 6) {
        fprintf(stderr, "usage: load ADDRESS PORT CONNECTIONS REQUESTS_FILE COUNT [REPLIES_FILE]\n");
        return 2;
    }
    int width = atoi(argv[3]);
    target = (uint32_t)strtoul(argv[5], NULL, 10);
    server.sin_family = AF_INET;
    server.sin_port = htons((uint16_t)atoi(argv[2]));
    inet_pton(AF_INET, argv[1], &server.sin_addr);
    load_frames(argv[4]);
    if (argc > 6 && !(replies = fopen(argv[6], "wb"))) die(argv[6]);
    latencies = malloc(target * sizeof *latencies);
    poller = epoll_create1(0);
    struct connection *all = calloc((size_t)width, sizeof *all);
    uint64_t begun = now_ns();
    for (int i = 0; i < width; i++) start(&all[i]);
    struct epoll_event events[256];
    while (done + failed < target) {
        int n = epoll_wait(poller, events, 256, TIMEOUT_SECONDS * 1000);
        if (n <= 0) {
            fprintf(stderr, "load: nothing happened for %d seconds\n", TIMEOUT_SECONDS);
            break;
        }
        for (int i = 0; i < n; i++) step(events[i].data.ptr, events[i].events);
    }
    double seconds = (double)(now_ns() - begun) / 1e9;
    if (replies) fclose(replies);
    qsort(latencies, done, sizeof *latencies, by_value);
    uint32_t last = done ? done - 1 : 0;
    printf("{\"done\": %u, \"failed\": %u, \"seconds\": %.6f, \"p50\": %u, \"p99\": %u, \"p999\": %u, \"max\": %u}\n", done,
           target - done, seconds, done ? latencies[last / 2] : 0, done ? latencies[(uint64_t)last * 99 / 100] : 0,
           done ? latencies[(uint64_t)last * 999 / 1000] : 0, done ? latencies[last] : 0);
    return target != done;
}
