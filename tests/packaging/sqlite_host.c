// A program with its own SQLite besides the one inside libprovkey: each uses its own.
#include <provkey.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static int stored_by_library(const char *path) {
    provkey_store *store = NULL;
    size_t failed = 1;
    if (provkey_store_sqlite_create(path, &store, NULL) != PROVKEY_STATUS_OK) return 0;
    if (provkey_store_check(store, "host", NULL, NULL, &failed, NULL) != PROVKEY_STATUS_OK) return 0;
    provkey_store_free(store);
    return failed == 0;
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    if (strcmp(sqlite3_libversion(), SQLITE_VERSION) != 0) {
        fprintf(stderr, "sqlite_host: SQLite %s is not that of its header, %s\n", sqlite3_libversion(), SQLITE_VERSION);
        return 1;
    }
    if (!stored_by_library(argv[1])) return 1;

    sqlite3 *db = NULL;
    int status = sqlite3_open(argv[1], &db);
    if (status == SQLITE_OK) status = sqlite3_exec(db, "SELECT * FROM sqlite_master", NULL, NULL, NULL);
    sqlite3_close(db);
    return status == SQLITE_OK ? 0 : 1;
}
