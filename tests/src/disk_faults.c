/* A library that is preloaded into a process and injects disk faults, for the files below the
 * folder DISK_FOLDER:
 *
 * DISK_KILL_AT=n      kills the process before the n-th write, truncation or sync, counted from 1;
 * DISK_LOSE=seed      with the kill, simulates a power loss: undoes some changes since the last
 *                     sync of each file, as the seed selects; 1 undoes all of them;
 * DISK_LIES=1         a sync does nothing;
 * DISK_OTHER=path  before each of these steps, opens and closes this database, its log and its
 *                     index, which drops the POSIX locks that the process has on them;
 * DISK_FULL=path      while this file exists, no file can grow (ENOSPC).
 *
 * Memory-mapped changes and folder entries are not affected. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* The content of a file before a write or a truncation. */
struct change {
    struct change *before;
    int fd;
    ino_t file;
    off_t at;
    off_t size;
    size_t length;
    char bytes[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct change *changes;
static long steps;

static bool concerns(int fd)
{
    const char *folder = getenv("DISK_FOLDER");
    char link[64], path[4096];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof(path) - 1);
    if (folder == NULL || length < 0) {
        return false;
    }
    path[length] = '\0';
    return strncmp(path, folder, strlen(folder)) == 0;
}

static ssize_t plain_pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (real == NULL) {
        real = (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    }
    return real(fd, bytes, length, at);
}

static int plain_truncate(int fd, off_t size)
{
    static int (*real)(int, off_t);
    if (real == NULL) {
        real = (int (*)(int, off_t))dlsym(RTLD_NEXT, "ftruncate");
    }
    return real(fd, size);
}

static void lose_what_is_not_synced(unsigned seed)
{
    for (struct change *change = changes; change != NULL; change = change->before) {
        seed = seed == 1 ? 1 : seed * 1103515245u + 12345u;
        if (seed == 1 || (seed >> 16) % 2 == 0) {
            if (plain_pwrite(change->fd, change->bytes, change->length, change->at) < 0 ||
                plain_truncate(change->fd, change->size) < 0) {
                abort();
            }
        }
    }
}

/* As a plain copy of the files does. */
static void drop_locks(const char *database)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s%s", database, suffixes[i]);
        int fd = open(path, O_RDONLY);
        if (fd >= 0) {
            close(fd);
        }
    }
}

/* Counts a step, and kills the process at the chosen one. */
static void step(void)
{
    const char *other = getenv("DISK_OTHER");
    if (other != NULL) {
        drop_locks(other);
    }
    const char *kill_at = getenv("DISK_KILL_AT"), *seed = getenv("DISK_LOSE");
    steps++;
    if (kill_at != NULL && steps == atol(kill_at)) {
        if (seed != NULL) {
            lose_what_is_not_synced((unsigned)atol(seed));
        }
        kill(getpid(), SIGKILL);
        pause();
    }
}

/* Saves the content of a file from `at` on before it changes. */
static void note(int fd, off_t at, size_t length)
{
    struct stat file;
    if (getenv("DISK_LOSE") == NULL || fstat(fd, &file) != 0) {
        return;
    }
    struct change *change = calloc(1, sizeof(*change) + length);
    if (change == NULL) {
        abort();
    }
    /* It may be open for writing only. */
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    int reading = open(link, O_RDONLY);
    ssize_t found = pread(reading, change->bytes, length, at);
    close(reading);
    change->length = found < 0 ? 0 : (size_t)found;
    change->fd = dup(fd);
    change->file = file.st_ino;
    change->at = at;
    change->size = file.st_size;
    change->before = changes;
    changes = change;
}

static bool is_full(int fd, off_t at, size_t length)
{
    const char *full = getenv("DISK_FULL");
    struct stat file;
    return full != NULL && access(full, F_OK) == 0 && concerns(fd) && fstat(fd, &file) == 0 &&
           at + (off_t)length > file.st_size;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    if (is_full(fd, at, length)) {
        errno = ENOSPC;
        return -1;
    }
    if (!concerns(fd)) {
        return plain_pwrite(fd, bytes, length, at);
    }
    pthread_mutex_lock(&lock);
    step();
    note(fd, at, length);
    ssize_t written = plain_pwrite(fd, bytes, length, at);
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at)
{
    return pwrite(fd, bytes, length, at);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    static ssize_t (*real)(int, const void *, size_t);
    if (real == NULL) {
        real = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    }
    if (!concerns(fd)) {
        return real(fd, bytes, length);
    }
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t written = pwrite(fd, bytes, length, at);
    if (written > 0) {
        lseek(fd, at + written, SEEK_SET);
    }
    return written;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    ssize_t all = 0;
    for (int i = 0; i < count; i++) {
        ssize_t written = pwrite(fd, parts[i].iov_base, parts[i].iov_len, at + all);
        if (written < 0) {
            return all > 0 ? all : -1;
        }
        all += written;
    }
    return all;
}

int ftruncate(int fd, off_t size)
{
    if (!concerns(fd)) {
        return plain_truncate(fd, size);
    }
    pthread_mutex_lock(&lock);
    struct stat file;
    step();
    if (fstat(fd, &file) == 0) {
        off_t cut = file.st_size > size ? file.st_size - size : 0;
        note(fd, size, (size_t)cut);
    }
    int done = plain_truncate(fd, size);
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate64(int fd, off_t size)
{
    return ftruncate(fd, size);
}

static int synced(int fd, const char *name)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (!concerns(fd)) {
        return real(fd);
    }
    pthread_mutex_lock(&lock);
    step();
    bool lies = getenv("DISK_LIES") != NULL;
    int done = lies ? 0 : real(fd);
    struct stat file;
    if (!lies && done == 0 && fstat(fd, &file) == 0) {
        for (struct change **change = &changes; *change != NULL;) {
            struct change *one = *change;
            if (one->file == file.st_ino) {
                *change = one->before;
                close(one->fd);
                free(one);
            } else {
                change = &one->before;
            }
        }
    }
    pthread_mutex_unlock(&lock);
    return done;
}

int fsync(int fd)
{
    return synced(fd, "fsync");
}

int fdatasync(int fd)
{
    return synced(fd, "fdatasync");
}
