/* A store of one's own: records in memory, and a file to which every change is appended before it
 * is reported. One process at a time. */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <provkey.h>

/* Opens the store in a file, and makes it if it is missing. Waits for the process that has it open.
 * Freed with `provkey_store_free`. NULL, with errno, if that fails; EBADMSG: it is damaged. */
provkey_store *journal_open(const char *path);

#endif
