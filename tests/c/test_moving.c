// Stores in PostgreSQL, backups of SQLite, and an authority that moves from one store to another.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fleet.h"
#include "postgres_server.h"

static char folder[] = "/tmp/provkey-test-XXXXXX";
static char path[64];
static char copy[64];

static provkey_store *sqlite(void)
{
    provkey_store *store = NULL;
    OK(provkey_store_sqlite_open(path, &store, ERR));
    return store;
}

// Moves the authority of the file into a store, and sees that a connector gets its certificate there.
static void move(provkey_store *to, const fleet *fleet, provkey_identity *identity)
{
    uint64_t records = 0;
    provkey_store *from = sqlite();
    OK(provkey_store_copy(from, to, &records, ERR));
    CHECK(records > 5);
    FAILS(PROVKEY_STATUS_STORE_EXISTS, provkey_store_copy(from, to, &records, ERR));
    FAILS(PROVKEY_STATUS_STORE_EXISTS, provkey_store_move(from, to, &records, ERR));
    provkey_authority *moved = fleet_reopen((fleet_parts){.store = to}, fleet->keyring);
    CHECK(fleet_used(moved, fleet->key->id) == 1);
    fleet_enroll(moved, fleet->provisioning_key, identity);
    CHECK(fleet_used(moved, fleet->key->id) == 1);
    provkey_authority_free(moved);
    provkey_store_free(from);
}

static void an_authority_moves(const char *url)
{
    provkey_store *store = NULL;
    OK(provkey_store_sqlite_create(path, &store, ERR));
    fleet fleet = fleet_new((fleet_parts){.store = store}, 3);
    provkey_identity *identity = fleet_connector(&fleet);
    provkey_store_free(store);

    provkey_store *postgres = NULL;
    FAILS(PROVKEY_STATUS_STORE_MISSING, provkey_store_postgres_open(url, &postgres, ERR));
    OK(provkey_store_postgres_create(url, &postgres, ERR));
    move(postgres, &fleet, identity);
    provkey_store_free(postgres);
    postgres = NULL;
    FAILS(PROVKEY_STATUS_STORE_EXISTS, provkey_store_postgres_create(url, &postgres, ERR));
    OK(provkey_store_postgres_open(url, &postgres, ERR));
    size_t failed = 1;
    OK(provkey_store_check(postgres, "moved", NULL, NULL, &failed, ERR));
    CHECK(failed == 0);
    provkey_store_free(postgres);

    provkey_store *memory = NULL;
    OK(provkey_store_memory(&memory, ERR));
    move(memory, &fleet, identity);

    // Closed for good, for an authority that has it open, too.
    provkey_store *other = NULL;
    uint64_t records = 0;
    OK(provkey_store_memory(&other, ERR));
    provkey_authority *old = fleet_reopen((fleet_parts){.store = memory}, fleet.keyring);
    OK(provkey_store_move(memory, other, &records, ERR));
    CHECK(records > 5);
    provkey_connector_group *none = NULL;
    FAILS(PROVKEY_STATUS_STORE_MOVED, provkey_authority_create_group(old, "too late", &none, ERR));
    provkey_authority_free(old);
    provkey_store_free(other);
    provkey_store_free(memory);
    provkey_identity_free(identity);
    fleet_free(&fleet);
}

static void a_backup_is_a_store(void)
{
    OK(provkey_store_sqlite_backup(path, copy, ERR));
    FAILS(PROVKEY_STATUS_STORE_EXISTS, provkey_store_sqlite_backup(path, copy, ERR));
    FAILS(PROVKEY_STATUS_STORE_MISSING, provkey_store_sqlite_backup("/nowhere/at/all", copy, ERR));
    provkey_store *store = NULL;
    bool exists = false;
    OK(provkey_store_sqlite_open(copy, &store, ERR));
    OK(provkey_authority_exists(store, &exists, ERR));
    CHECK(exists);
    provkey_store_free(store);
}

// What was enrolled after a copy was made is lost when that is put in the store's place.
static void a_restored_copy_is_noticed(void)
{
    provkey_store *store = NULL;
    provkey_store *old = NULL;
    uint64_t records = 0;
    OK(provkey_store_memory(&store, ERR));
    OK(provkey_store_memory(&old, ERR));
    fleet fleet = fleet_new((fleet_parts){.store = store}, 3);
    OK(provkey_store_copy(store, old, &records, ERR));
    provkey_identity_free(fleet_connector(&fleet));
    provkey_bytes *checkpoint = NULL;
    provkey_bytes *kept = NULL;
    OK(provkey_authority_checkpoint(fleet.authority, &checkpoint, ERR));
    const char *text = (const char *)checkpoint->data;
    OK(provkey_authority_verify_checkpoint(fleet.authority, text, ERR));

    provkey_authority *restored = fleet_reopen((fleet_parts){.store = old}, fleet.keyring);
    FAILS(PROVKEY_STATUS_STORE_ROLLED_BACK, provkey_authority_verify_checkpoint(restored, text, ERR));
    CHECK(!check_error->retryable && strstr(check_error->message, text) != NULL);
    FAILS(PROVKEY_STATUS_CHECKPOINT_INVALID, provkey_authority_verify_checkpoint(restored, "yesterday", ERR));
    OK(provkey_authority_accept_rollback(restored, text, &kept, ERR));
    OK(provkey_authority_verify_checkpoint(restored, (const char *)kept->data, ERR));
    CHECK(kept->len == checkpoint->len && strcmp((const char *)kept->data, text) != 0);
    provkey_bytes_free(kept);
    provkey_bytes_free(checkpoint);
    provkey_authority_free(restored);
    fleet_free(&fleet);
    provkey_store_free(store);
    provkey_store_free(old);
}

static void nothing_is_copied_from_nothing(void)
{
    provkey_store *empty = NULL;
    provkey_store *other = NULL;
    uint64_t records = 7;
    OK(provkey_store_memory(&empty, ERR));
    OK(provkey_store_memory(&other, ERR));
    FAILS(PROVKEY_STATUS_AUTHORITY_MISSING, provkey_store_copy(empty, other, &records, ERR));
    CHECK(records == 7);
    provkey_store_free(empty);
    provkey_store_free(other);
}

// Nobody listens there, and the password is not told to whoever reads the error.
static void a_server_that_is_away_is_said_to_be_away(void)
{
    provkey_store *store = NULL;
    const char *url = "postgres://someone:hunter2@127.0.0.1:1/nothing?sslmode=disable";
    FAILS(PROVKEY_STATUS_STORE_UNAVAILABLE, provkey_store_postgres_open(url, &store, ERR));
    CHECK(check_error->retryable && strstr(check_error->message, "hunter2") == NULL);
    FAILS(PROVKEY_STATUS_STORE_UNAVAILABLE, provkey_store_postgres_create(url, &store, ERR));
    FAILS(PROVKEY_STATUS_STORE_NOT_RECOGNIZED, provkey_store_postgres_open("hunter2", &store, ERR));
    CHECK(strstr(check_error->message, "hunter2") == NULL);
    CHECK(store == NULL);
}

// What a query over the views found, one value at a time.
static void a_query_reads_the_views(void)
{
    provkey_store *store = NULL;
    provkey_query_result *found = NULL;
    OK(provkey_store_sqlite_open(path, &store, ERR));
    OK(provkey_store_query(store, "SELECT used, state, expires_at, 0.5, x'00ff' AS bytes FROM provisioning_keys",
                           NULL, &found, ERR));
    CHECK(found->columns_len == 5 && found->rows_len == 1 && !found->truncated);
    CHECK_TEXT(found->columns[4], "bytes");
    const provkey_query_value *values = found->values;
    CHECK(values[0].value_type == PROVKEY_QUERY_VALUE_TYPE_INTEGER && values[0].integer == 1);
    CHECK(values[1].value_type == PROVKEY_QUERY_VALUE_TYPE_TEXT && values[1].bytes.len == strlen("usable") &&
          memcmp(values[1].bytes.data, "usable", 6) == 0);
    CHECK(values[2].value_type == PROVKEY_QUERY_VALUE_TYPE_NULL);
    CHECK(values[3].value_type == PROVKEY_QUERY_VALUE_TYPE_FLOAT && values[3].number == 0.5);
    CHECK(values[4].value_type == PROVKEY_QUERY_VALUE_TYPE_BLOB && values[4].bytes.len == 2 &&
          values[4].bytes.data[1] == 0xff);
    provkey_query_result_free(found);

    const provkey_query_limits limits = {.struct_size = sizeof(limits), .time_ms = 200, .rows = 2};
    OK(provkey_store_query(store, "SELECT * FROM audit", &limits, &found, ERR));
    CHECK(found->rows_len == 2 && found->truncated);
    provkey_query_result_free(found);
    found = NULL;
    FAILS(PROVKEY_STATUS_QUERY_TIMED_OUT,
          provkey_store_query(store,
                              "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n FROM t) SELECT count(*) FROM t",
                              &limits, &found, ERR));
    FAILS(PROVKEY_STATUS_QUERY_FAILED, provkey_store_query(store, "SELECT nothing", NULL, &found, ERR));
    const char *const hostile[] = {"SELECT * FROM records", "SELECT 1; SELECT 2", "PRAGMA user_version", ""};
    for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
        FAILS(PROVKEY_STATUS_QUERY_REFUSED, provkey_store_query(store, hostile[i], NULL, &found, ERR));
    }
    provkey_store_free(store);
    OK(provkey_store_memory(&store, ERR));
    FAILS(PROVKEY_STATUS_QUERY_REFUSED, provkey_store_query(store, "SELECT 1", NULL, &found, ERR));
    provkey_store_free(store);
    CHECK(found == NULL);
}

int main(void)
{
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof(path), "%s/authority.db", folder);
    snprintf(copy, sizeof(copy), "%s/copy.db", folder);
    postgres_server server = postgres_server_start();
    check_begin("an_authority_moves");
    an_authority_moves(server.url);
    postgres_server_stop(&server);
    RUN(a_query_reads_the_views);
    RUN(a_backup_is_a_store);
    RUN(a_restored_copy_is_noticed);
    RUN(nothing_is_copied_from_nothing);
    RUN(a_server_that_is_away_is_said_to_be_away);
    char command[96];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    CHECK(system(command) == 0);
    return check_done();
}
