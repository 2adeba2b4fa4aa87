/* Durable files and buffers for secrets. */
#ifndef FILES_H
#define FILES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Largest file and largest answer, in bytes. */
#define FILE_BYTES_MAX 1048576

/* A growing buffer. All fields 0: empty. */
typedef struct buffer {
    uint8_t *data;
    size_t len;
    size_t capacity;
} buffer;

/* Appends bytes. 0, or -1 if there is no memory. Leaves no unwiped copies behind. */
int buffer_add(buffer *buffer, const void *data, size_t len);

/* Wipes and frees a buffer. */
void buffer_wipe(buffer *buffer);

/* Reads to the end. 0, or -1 with errno: EFBIG for more than `most` bytes. */
int read_all(int file, buffer *contents, size_t most);

/* Writes everything. 0, or -1 with errno. */
int write_all(int file, const void *data, size_t len);

/* Reads a whole file of at most FILE_BYTES_MAX. 0, or -1 with errno. */
int file_read(const char *path, buffer *contents);

/* Writes a file that only its owner may read, durably and atomically: after an interruption it has
 * the old contents or the new ones. 0, or -1 with errno. */
int file_write(const char *path, const void *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif
