/* Files that hold something to lose. */
#ifndef FILES_H
#define FILES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Largest file and largest answer that is read, in bytes. */
#define FILE_BYTES_MAX 1048576

/* Bytes of ours. All of them 0: empty. */
typedef struct buffer {
    uint8_t *data;
    size_t len;
    size_t capacity;
} buffer;

/* Adds bytes. 0, or -1 if there is no memory. Nothing of what was there stays behind elsewhere. */
int buffer_add(buffer *buffer, const void *data, size_t len);

/* Frees a buffer and wipes what was in it. */
void buffer_wipe(buffer *buffer);

/* Reads to the end. 0, or -1 with errno: EFBIG if there are more bytes than `most`. */
int read_all(int file, buffer *contents, size_t most);

/* Writes everything. 0, or -1 with errno. */
int write_all(int file, const void *data, size_t len);

/* Reads a whole file of at most FILE_BYTES_MAX. 0, or -1 with errno. */
int file_read(const char *path, buffer *contents);

/* Writes a file that only its owner may read: whole, durably and at once, or not at all. Whoever
 * is interrupted finds the old contents or the new. 0, or -1 with errno. */
int file_write(const char *path, const void *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif
