// A store in C: a sorted table in memory, under one lock. What a host would write that keeps the
// records of its authority itself.
#ifndef TABLE_STORE_H
#define TABLE_STORE_H

#include "provkey.h"

// The callbacks of a store, with an empty table of their own as user data; for stores that are built on
// it. `user_data` is NULL if memory cannot be had.
provkey_store_callbacks table_store_callbacks(void);

// Makes a store of an empty table, which lives as long as the store is used. NULL if memory cannot be
// had.
provkey_store *table_store_new(void);

// How many tables there are: made, and not destroyed yet.
int table_stores_alive(void);

#endif
