/* Writes down, in one order, what a process asks of one file (and those whose names begin with its), and what it sends:
 *
 *     LD_PRELOAD=recorder.so RECORD_FILE=/home/counts.db RECORD_TRACE=/tmp/trace program
 *
 * A record: kind (1 byte), length of the name (4), number (8), length of the data (4), name, data; little-endian.
 *   W  data was written at offset `number`     T  cut to `number` bytes     F  flushed: all before it is durable
 *   C  created                                 U  removed                   D  the folder was flushed
 *   S  data is about to leave by a socket
 * A write or flush is noted once it returned, a send before it begins: what the trace calls durable before a send, was.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name)                  \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;

static void note(char kind, const char *name, uint64_t number, const void *data, size_t length)
{
    char head[17];
    uint32_t name_length = name ? strlen(name) : 0, data_length = length;
    head[0] = kind;
    memcpy(head + 1, &name_length, 4);
    memcpy(head + 5, &number, 8);
    memcpy(head + 13, &data_length, 4);
    struct iovec parts[3] = {{head, 17}, {(void *)name, name_length}, {(void *)data, length}};
    pthread_mutex_lock(&order);
    if (trace < 0 && getenv("RECORD_TRACE"))
        trace = syscall(SYS_openat, AT_FDCWD, getenv("RECORD_TRACE"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (trace >= 0 && syscall(SYS_writev, trace, parts, 3) != (long)(17 + name_length + length)) abort();
    pthread_mutex_unlock(&order);
}

static int is_ours(const char *path)
{
    const char *file = getenv("RECORD_FILE");
    size_t length = strlen(path);
    /* The index of the log is memory that processes share; it is made anew after a crash. */
    return file && !strncmp(path, file, strlen(file)) && !(length > 4 && !strcmp(path + length - 4, "-shm"));
}

static int is_folder(const char *path)
{
    const char *file = getenv("RECORD_FILE");
    const char *end = file ? strrchr(file, '/') : NULL;
    return end && strlen(path) == (size_t)(end - file) && !strncmp(path, file, end - file);
}

static const char *path_of(int fd, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) length = 0;
    path[length] = 0;
    return path;
}

static int is_socket(int fd)
{
    struct stat status;
    return !fstat(fd, &status) && S_ISSOCK(status.st_mode);
}

static void wrote(int fd, const void *data, ssize_t done, off64_t at)
{
    char path[PATH_MAX];
    if (done > 0 && is_ours(path_of(fd, path))) note('W', path, at, data, done);
}

static int flushed(int fd, int result)
{
    char path[PATH_MAX];
    if (result) return result;
    if (is_ours(path_of(fd, path))) note('F', path, 0, NULL, 0);
    else if (is_folder(path)) note('D', path, 0, NULL, 0);
    return result;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at)
{
    REAL(pwrite64);
    ssize_t done = real(fd, data, length, at);
    wrote(fd, data, done, at);
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return pwrite64(fd, data, length, at); }

ssize_t write(int fd, const void *data, size_t length)
{
    REAL(write);
    if (is_socket(fd)) note('S', NULL, 0, data, length);
    off64_t at = lseek64(fd, 0, SEEK_CUR);
    ssize_t done = real(fd, data, length);
    if (at >= 0) wrote(fd, data, done, at);
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int number)
{
    REAL(writev);
    if (is_socket(fd))
        for (int i = 0; i < number; i++) note('S', NULL, 0, parts[i].iov_base, parts[i].iov_len);
    return real(fd, parts, number);
}

ssize_t send(int fd, const void *data, size_t length, int flags)
{
    REAL(send);
    note('S', NULL, 0, data, length);
    return real(fd, data, length, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    REAL(sendmsg);
    for (size_t i = 0; i < message->msg_iovlen; i++)
        note('S', NULL, 0, message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
    return real(fd, message, flags);
}

int fsync(int fd)
{
    REAL(fsync);
    return flushed(fd, real(fd));
}

int fdatasync(int fd)
{
    REAL(fdatasync);
    return flushed(fd, real(fd));
}

int ftruncate64(int fd, off64_t size)
{
    REAL(ftruncate64);
    char path[PATH_MAX];
    int result = real(fd, size);
    if (!result && is_ours(path_of(fd, path))) note('T', path, size, NULL, 0);
    return result;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int unlink(const char *path)
{
    REAL(unlink);
    int result = real(path);
    if (!result && is_ours(path)) note('U', path, 0, NULL, 0);
    return result;
}

int open64(const char *path, int flags, ...)
{
    REAL(open64);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    int is_new = (flags & O_CREAT) && is_ours(path) && access(path, F_OK);
    int fd = real(path, flags, mode);
    if (fd >= 0 && is_new) note('C', path, 0, NULL, 0);
    return fd;
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return open64(path, flags, mode);
}
