/* Records in memory, in the order of their keys. */
#ifndef RECORDS_H
#define RECORDS_H

#include <provkey.h>

typedef struct records {
    provkey_record *items; /* key and body are ours */
    size_t len;
    size_t capacity;
} records;

/* Where the first record is whose key is not below this one. */
size_t records_from(const records *records, provkey_slice key);

/* The record with this key, or NULL. */
const provkey_record *records_find(const records *records, provkey_slice key);

/* Puts a copy of a record in place of the one with its key. 0, or -1 if there is no memory. */
int records_put(records *records, const provkey_record *record);

/* Removes the record with this key, if there is one. */
void records_remove(records *records, provkey_slice key);

/* Frees all of them. */
void records_free(records *records);

#endif
