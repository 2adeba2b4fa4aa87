// The conformance checks on the library's stores and on one in C, and a SQLite file that is opened
// again.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fleet.h"
#include "table_store.h"

static char path[64];

static void report(void *user_data, const char *check, const char *seen)
{
    *(size_t *)user_data += 1;
    if (seen != NULL) {
        fprintf(stderr, "%s: %s\n", check, seen);
    }
}

static void check_store(const provkey_store *store)
{
    size_t checks = 0;
    size_t failed = 0;
    OK(provkey_store_check(store, "first run", report, &checks, &failed, ERR));
    CHECK(failed == 0 && checks > 20);
    OK(provkey_store_check(store, "second run", NULL, NULL, &failed, ERR));
    CHECK(failed == 0);
}

static void memory_passes_all_checks(void)
{
    provkey_store *store = NULL;
    OK(provkey_store_memory(&store, ERR));
    check_store(store);
    provkey_store_free(store);
}

static void sqlite_passes_all_checks(void)
{
    provkey_store *store = NULL;
    remove_sqlite(path);
    OK(provkey_store_sqlite_create(path, &store, ERR));
    check_store(store);
    provkey_store_free(store);
    remove_sqlite(path);
}

static void the_table_in_c_passes_all_checks(void)
{
    provkey_store *store = table_store_new();
    CHECK(store != NULL);
    check_store(store);
    provkey_store_free(store);
    CHECK(table_stores_alive() == 0);
}

// A store that stores nothing.
static provkey_status forgetful_get(void *user_data, const provkey_slice *keys, size_t keys_len,
                                    provkey_record_sink *sink)
{
    (void)user_data;
    (void)keys;
    for (size_t i = 0; i < keys_len; i++) {
        provkey_record_sink_push(sink, NULL);
    }
    return PROVKEY_STATUS_OK;
}

static provkey_status empty_scan(void *user_data, const provkey_scan_range *range, size_t limit,
                                 provkey_record_sink *sink)
{
    (void)user_data;
    (void)range;
    (void)limit;
    (void)sink;
    return PROVKEY_STATUS_OK;
}

static provkey_status forgetful_apply(void *user_data, const provkey_unit *units, size_t units_len,
                                      provkey_outcome_sink *sink)
{
    (void)user_data;
    (void)units;
    for (size_t i = 0; i < units_len; i++) {
        provkey_outcome_sink_applied(sink, NULL, 0);
    }
    return PROVKEY_STATUS_OK;
}

static void a_forgetful_store_does_not_pass(void)
{
    const provkey_store_callbacks callbacks = {
        .struct_size = sizeof(callbacks),
        .get = forgetful_get,
        .scan = empty_scan,
        .apply = forgetful_apply,
    };
    provkey_store *store = NULL;
    size_t failed = 0;
    OK(provkey_store_new(&callbacks, &store, ERR));
    OK(provkey_store_check(store, "run", NULL, NULL, &failed, ERR));
    CHECK(failed > 10);
    provkey_store_free(store);
}

static void a_sqlite_file_is_opened_again(void)
{
    provkey_store *store = NULL;
    remove_sqlite(path);
    FAILS(PROVKEY_STATUS_STORE_MISSING, provkey_store_sqlite_open(path, &store, ERR));
    OK(provkey_store_sqlite_create(path, &store, ERR));
    fleet fleet = fleet_new((fleet_parts){.store = store}, 2);
    provkey_identity *identity = fleet_connector(&fleet);
    // The authority still uses a store that was freed.
    provkey_store_free(store);
    CHECK(fleet_used(fleet.authority, fleet.key->id) == 1);
    provkey_authority_free(fleet.authority);

    store = NULL;
    FAILS(PROVKEY_STATUS_STORE_EXISTS, provkey_store_sqlite_create(path, &store, ERR));
    OK(provkey_store_sqlite_open(path, &store, ERR));
    fleet.authority = fleet_reopen((fleet_parts){.store = store}, fleet.keyring);
    CHECK(fleet_used(fleet.authority, fleet.key->id) == 1);
    // The same connector gets the same certificate.
    fleet_enroll(fleet.authority, fleet.provisioning_key, identity);
    CHECK(fleet_used(fleet.authority, fleet.key->id) == 1);
    fleet_renew(fleet.authority, identity);
    provkey_identity_free(fleet_connector(&fleet));
    CHECK(fleet_used(fleet.authority, fleet.key->id) == 2);

    provkey_identity_free(identity);
    fleet_free(&fleet);
    provkey_store_free(store);
    remove_sqlite(path);
}

int main(void)
{
    snprintf(path, sizeof(path), "/tmp/provkey-test-%ld.db", (long)getpid());
    RUN(memory_passes_all_checks);
    RUN(sqlite_passes_all_checks);
    RUN(the_table_in_c_passes_all_checks);
    RUN(a_forgetful_store_does_not_pass);
    RUN(a_sqlite_file_is_opened_again);
    return check_done();
}
