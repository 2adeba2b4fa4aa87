/* A disk on which each fsync takes a millisecond longer: loaded before the C library. */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <time.h>
#include <unistd.h>

static void wait_first(void)
{
    const struct timespec millisecond = {.tv_nsec = 1000000};
    nanosleep(&millisecond, NULL);
}

int fsync(int file)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_first();
    return real(file);
}

int fdatasync(int file)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_first();
    return real(file);
}
