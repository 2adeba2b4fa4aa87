/* A frame is how long its changes are, their checksum, the checksum of these two numbers, and the
 * changes. All numbers are little-endian. */
#define _DEFAULT_SOURCE

#include "frames.h"

#include <errno.h>
#include <unistd.h>

enum { FRAME_HEAD = 12, CHANGE_HEAD = 46 };

static void encode(uint8_t **next, uint64_t number, unsigned bytes)
{
    for (unsigned at = 0; at < bytes; at++, number >>= 8)
        *(*next)++ = (uint8_t)number;
}

static uint64_t decode(const uint8_t **next, unsigned bytes)
{
    uint64_t number = 0;
    for (unsigned at = 0; at < bytes; at++)
        number |= (uint64_t)*(*next)++ << (8 * at);
    return number;
}

/* CRC-32 of IEEE 802.3. */
static uint32_t checksum(const uint8_t *data, size_t len)
{
    uint32_t crc = UINT32_MAX;
    for (size_t at = 0; at < len; at++) {
        crc ^= data[at];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

int frame_add(buffer *frame, const provkey_record *change)
{
    uint8_t head[CHANGE_HEAD], *next = head;
    const provkey_counter *counter = &change->counter;
    encode(&next, change->version, 8);
    encode(&next, change->type, 4);
    encode(&next, change->key.len, 4);
    encode(&next, change->body.len, 4);
    encode(&next, counter->used, 8);
    encode(&next, counter->limit, 8);
    encode(&next, counter->last_at_ms, 8);
    encode(&next, counter->has_limit, 1);
    encode(&next, counter->has_last_at, 1);
    if (buffer_add(frame, head, sizeof head) != 0 ||
        buffer_add(frame, change->key.data, change->key.len) != 0)
        return -1;
    return buffer_add(frame, change->body.data, change->body.len);
}

/* Reads a change that `frame_add` wrote. How long it is; 0: it is none. */
static size_t read_change(const uint8_t *data, size_t len, provkey_record *change)
{
    const uint8_t *next = data;
    if (len < CHANGE_HEAD)
        return 0;
    *change = (provkey_record){.struct_size = sizeof *change};
    change->version = decode(&next, 8);
    change->type = (provkey_record_type)decode(&next, 4);
    change->key.len = (size_t)decode(&next, 4);
    change->body.len = (size_t)decode(&next, 4);
    change->counter.used = decode(&next, 8);
    change->counter.limit = decode(&next, 8);
    change->counter.last_at_ms = decode(&next, 8);
    change->counter.has_limit = (uint8_t)decode(&next, 1);
    change->counter.has_last_at = (uint8_t)decode(&next, 1);
    change->key.data = data + CHANGE_HEAD;
    change->body.data = change->key.data + change->key.len;
    size_t rest = len - CHANGE_HEAD;
    if (change->key.len > rest || change->body.len > rest - change->key.len)
        return 0;
    return CHANGE_HEAD + change->key.len + change->body.len;
}

int frame_write(int file, const buffer *frame)
{
    uint8_t head[FRAME_HEAD], *next = head;
    if (frame->len == 0)
        return 0;
    encode(&next, frame->len, 4);
    encode(&next, checksum(frame->data, frame->len), 4);
    encode(&next, checksum(head, 8), 4);
    if (write_all(file, head, sizeof head) != 0 || write_all(file, frame->data, frame->len) != 0)
        return -1;
    return fdatasync(file);
}

static bool all_zero(const uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len; at++)
        if (data[at] != 0)
            return false;
    return true;
}

/* Where the changes of the frame at the beginning of `data` are, and how many bytes. 1: there is a
 * frame, 0: it was cut short, -1: it is damaged. */
static int read_head(const uint8_t *data, size_t len, size_t *changes_len)
{
    const uint8_t *next = data;
    /* Where a file grew and its contents were lost, there are zeros. */
    if (len < FRAME_HEAD || all_zero(data, len))
        return 0;
    *changes_len = (size_t)decode(&next, 4);
    uint32_t changes_sum = (uint32_t)decode(&next, 4);
    uint32_t head_sum = (uint32_t)decode(&next, 4);
    size_t rest = len - FRAME_HEAD;
    if (head_sum != checksum(data, 8))
        return -1;
    if (*changes_len > rest)
        return 0;
    if (changes_sum != checksum(next, *changes_len))
        return *changes_len == rest ? 0 : -1;
    return 1;
}

int64_t frames_replay(const buffer *file, int (*carry_out)(void *context, const provkey_record *change),
                      void *context)
{
    size_t at = 0, changes_len = 0;
    int found;
    while ((found = read_head(file->data + at, file->len - at, &changes_len)) == 1) {
        const uint8_t *next = file->data + at + FRAME_HEAD;
        at += FRAME_HEAD + changes_len;
        while (changes_len > 0) {
            provkey_record change;
            size_t change_len = read_change(next, changes_len, &change);
            if (change_len == 0) {
                errno = EBADMSG;
                return -1;
            }
            if (carry_out(context, &change) != 0)
                return -1;
            next += change_len;
            changes_len -= change_len;
        }
    }
    if (found < 0)
        errno = EBADMSG;
    return found < 0 ? -1 : (int64_t)at;
}
