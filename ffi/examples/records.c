#include "records.h"

#include <stdlib.h>
#include <string.h>

static int compare(provkey_slice a, provkey_slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

size_t records_from(const records *records, provkey_slice key)
{
    size_t low = 0, high = records->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(records->items[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const provkey_record *records_find(const records *records, provkey_slice key)
{
    size_t at = records_from(records, key);
    if (at < records->len && compare(records->items[at].key, key) == 0)
        return &records->items[at];
    return NULL;
}

/* Bytes of our own, never NULL if there is memory. */
static int copy_slice(provkey_slice *copy, provkey_slice slice)
{
    uint8_t *data = malloc(slice.len + 1);
    if (data == NULL)
        return -1;
    if (slice.len > 0)
        memcpy(data, slice.data, slice.len);
    *copy = (provkey_slice){.data = data, .len = slice.len};
    return 0;
}

static void free_record(provkey_record *record)
{
    free((void *)record->key.data);
    free((void *)record->body.data);
}

/* Makes room for a record. */
static int make_room(records *records, size_t at)
{
    if (records->len == records->capacity) {
        size_t capacity = 2 * records->capacity + 16;
        provkey_record *items = realloc(records->items, capacity * sizeof *items);
        if (items == NULL)
            return -1;
        records->items = items;
        records->capacity = capacity;
    }
    provkey_record *place = records->items + at;
    memmove(place + 1, place, (records->len - at) * sizeof *place);
    records->len++;
    return 0;
}

int records_put(records *records, const provkey_record *record)
{
    provkey_record copy = *record;
    copy.key.data = copy.body.data = NULL;
    size_t at = records_from(records, record->key);
    bool there = records_find(records, record->key) != NULL;
    if (copy_slice(&copy.key, record->key) != 0 || copy_slice(&copy.body, record->body) != 0 ||
        (!there && make_room(records, at) != 0)) {
        free_record(&copy);
        return -1;
    }
    if (there)
        free_record(&records->items[at]);
    records->items[at] = copy;
    return 0;
}

void records_remove(records *records, provkey_slice key)
{
    if (records_find(records, key) == NULL)
        return;
    provkey_record *place = records->items + records_from(records, key);
    free_record(place);
    records->len--;
    memmove(place, place + 1, (records->len - (size_t)(place - records->items)) * sizeof *place);
}

void records_free(records *records)
{
    for (size_t at = 0; at < records->len; at++)
        free_record(&records->items[at]);
    free(records->items);
    memset(records, 0, sizeof *records);
}
