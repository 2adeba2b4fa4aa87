#define _DEFAULT_SOURCE /* explicit_bzero */

#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int buffer_add(buffer *buffer, const void *data, size_t len)
{
    if (buffer->capacity - buffer->len < len) {
        /* Not realloc, which may leave an unwiped copy of a secret behind. */
        size_t capacity = 2 * buffer->capacity + len;
        uint8_t *larger = malloc(capacity);
        if (larger == NULL)
            return -1;
        if (buffer->len > 0)
            memcpy(larger, buffer->data, buffer->len);
        size_t filled = buffer->len;
        buffer_wipe(buffer);
        buffer->data = larger;
        buffer->len = filled;
        buffer->capacity = capacity;
    }
    if (len > 0)
        memcpy(buffer->data + buffer->len, data, len);
    buffer->len += len;
    return 0;
}

void buffer_wipe(buffer *buffer)
{
    if (buffer->data != NULL)
        explicit_bzero(buffer->data, buffer->capacity);
    free(buffer->data);
    memset(buffer, 0, sizeof *buffer);
}

int read_all(int file, buffer *contents, size_t most)
{
    uint8_t chunk[4096];
    ssize_t got;
    while ((got = read(file, chunk, sizeof chunk)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got > 0 && (size_t)got > most - contents->len) {
            errno = EFBIG;
            got = -1;
        }
        if (got < 0 || buffer_add(contents, chunk, (size_t)got) != 0)
            break;
    }
    explicit_bzero(chunk, sizeof chunk);
    return got == 0 ? 0 : -1;
}

int write_all(int file, const void *data, size_t len)
{
    const uint8_t *next = data;
    while (len > 0) {
        ssize_t written = write(file, next, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        next += written;
        len -= (size_t)written;
    }
    return 0;
}

int file_read(const char *path, buffer *contents)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    int done = read_all(file, contents, FILE_BYTES_MAX);
    int reason = errno;
    if (done != 0)
        buffer_wipe(contents);
    close(file);
    errno = reason;
    return done;
}

/* Makes the name of a file durable. */
static int sync_folder_of(const char *path)
{
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -1;
    int done = fsync(folder);
    close(folder);
    return done;
}

int file_write(const char *path, const void *data, size_t len)
{
    char new_path[PATH_MAX];
    if (snprintf(new_path, sizeof new_path, "%s.new", path) >= (int)sizeof new_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    unlink(new_path); /* left by an interrupted run */
    int file = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return -1;
    int done = write_all(file, data, len) == 0 && fsync(file) == 0;
    if (close(file) != 0 || !done || rename(new_path, path) != 0) {
        int reason = errno;
        unlink(new_path);
        errno = reason;
        return -1;
    }
    return sync_folder_of(path);
}
