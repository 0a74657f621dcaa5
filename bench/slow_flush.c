/* Adds FLUSH_DELAY_US to every flush to disk: LD_PRELOAD=slow_flush.so FLUSH_DELAY_US=5000 program */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void wait_for_it(void)
{
    const char *delay = getenv("FLUSH_DELAY_US");
    if (delay) usleep((useconds_t)atoi(delay));
}

int fsync(int fd)
{
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_for_it();
    return real(fd);
}

int fdatasync(int fd)
{
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_for_it();
    return real(fd);
}
