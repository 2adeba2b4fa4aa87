/* A store of your own: a sorted table in memory, under one lock. It passes `provkey_store_check`; a
 * real one writes `apply` to a disk before it answers. */
#ifndef TABLE_STORE_H
#define TABLE_STORE_H

#include <provkey.h>

/* The callbacks of a store with an empty table as user data. `user_data` is NULL if there is no
 * memory. */
provkey_store_callbacks table_store_callbacks(void);

/* Makes a store of an empty table, which is freed with the store. NULL if there is no memory. */
provkey_store *table_store_new(void);

/* How many tables exist: made and not yet destroyed. */
int table_stores_alive(void);

#endif
