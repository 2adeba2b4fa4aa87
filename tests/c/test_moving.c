// Stores in PostgreSQL, backups and queries of SQLite, and authorities that move between stores.
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

// Copies the authority of the file into a store, where its connector gets the same certificate.
static void copy_into(provkey_store *to, const fleet *fleet, provkey_identity *identity)
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
    copy_into(postgres, &fleet, identity);
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
    copy_into(memory, &fleet, identity);

    // A move closes the first store, also for an authority that has it open.
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
    provkey_store *store = NULL;
    bool exists = false;
    OK(provkey_store_sqlite_open(copy, &store, ERR));
    OK(provkey_authority_exists(store, &exists, ERR));
    CHECK(exists);
    provkey_store_free(store);
}

// Restoring a copy loses the enrollments since; the checkpoint shows it.
static void a_rollback_is_noticed_and_accepted(void)
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
    provkey_bytes *next = NULL;
    OK(provkey_authority_checkpoint(fleet.authority, &checkpoint, ERR));
    const char *text = (const char *)checkpoint->data;
    OK(provkey_authority_verify_checkpoint(fleet.authority, text, ERR));

    provkey_authority *restored = fleet_reopen((fleet_parts){.store = old}, fleet.keyring);
    FAILS(PROVKEY_STATUS_STORE_ROLLED_BACK, provkey_authority_verify_checkpoint(restored, text, ERR));
    CHECK(!check_error->retryable && strstr(check_error->message, text) != NULL);
    OK(provkey_authority_accept_rollback(restored, text, &next, ERR));
    OK(provkey_authority_verify_checkpoint(restored, (const char *)next->data, ERR));
    CHECK(next->len == checkpoint->len && strcmp((const char *)next->data, text) != 0);
    provkey_bytes_free(next);
    provkey_bytes_free(checkpoint);
    provkey_authority_free(restored);
    fleet_free(&fleet);
    provkey_store_free(store);
    provkey_store_free(old);
}

// Nothing listens at that port. The password is not in the error.
static void an_unreachable_server_is_reported_without_the_password(void)
{
    provkey_store *store = NULL;
    const char *url = "postgres://someone:hunter2@127.0.0.1:1/nothing?sslmode=disable";
    FAILS(PROVKEY_STATUS_STORE_UNAVAILABLE, provkey_store_postgres_open(url, &store, ERR));
    CHECK(check_error->retryable && strstr(check_error->message, "hunter2") == NULL);
    CHECK(store == NULL);
}

// Each type of value reaches C.
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

    const provkey_query_limits limits = {.struct_size = sizeof(limits), .time_ms = 5000, .rows = 2};
    OK(provkey_store_query(store, "SELECT * FROM audit", &limits, &found, ERR));
    CHECK(found->rows_len == 2 && found->truncated);
    provkey_query_result_free(found);
    found = NULL;
    FAILS(PROVKEY_STATUS_QUERY_FAILED, provkey_store_query(store, "SELECT nothing", NULL, &found, ERR));
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
    RUN(a_rollback_is_noticed_and_accepted);
    RUN(an_unreachable_server_is_reported_without_the_password);
    char command[96];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    CHECK(system(command) == 0);
    return check_done();
}
