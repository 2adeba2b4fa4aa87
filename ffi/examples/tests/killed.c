/* Preloaded, it kills the program before its KILL_BEFORE-th call of the functions below. Programs
 * that it starts are left alone. */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static long steps_left;

__attribute__((constructor)) static void start(void)
{
    const char *steps = getenv("KILL_BEFORE");
    steps_left = steps != NULL ? atol(steps) : 0;
    unsetenv("LD_PRELOAD");
}

static void step(void)
{
    if (steps_left > 0 && --steps_left == 0)
        kill(getpid(), SIGKILL);
}

/* Defines a function that counts a step and calls the original. */
#define STEP(type, name, parameters, arguments)                                                    \
    type name parameters                                                                           \
    {                                                                                              \
        static type(*next) parameters;                                                             \
        if (next == NULL)                                                                          \
            *(void **)&next = dlsym(RTLD_NEXT, #name);                                             \
        step();                                                                                    \
        return next arguments;                                                                     \
    }

STEP(int, mkdir, (const char *path, mode_t mode), (path, mode))
STEP(ssize_t, write, (int file, const void *data, size_t len), (file, data, len))
STEP(ssize_t, pwrite64, (int file, const void *data, size_t len, off64_t at), (file, data, len, at))
STEP(int, ftruncate64, (int file, off64_t len), (file, len))
STEP(int, fsync, (int file), (file))
STEP(int, fdatasync, (int file), (file))
STEP(int, rename, (const char *from, const char *to), (from, to))
STEP(int, unlink, (const char *path), (path))
STEP(int, close, (int file), (file))
STEP(pid_t, fork, (void), ())
STEP(pid_t, waitpid, (pid_t child, int *status, int options), (child, status, options))

int open(const char *path, int flags, ...)
{
    static int (*next)(const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    unsigned mode = va_arg(rest, unsigned);
    va_end(rest);
    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "open");
    step();
    return next(path, flags, mode);
}
