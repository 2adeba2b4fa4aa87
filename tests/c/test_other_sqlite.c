// A process whose authority is in a SQLite file uses another SQLite, too. When that one closes the
// file, the process loses its POSIX locks on it; the store's locks must not be among them. Copies
// of the file and other writers: stores/sqlite/tests/it/other_programs.rs.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fleet.h"

enum { USES = 10 };

static char folder[] = "/tmp/provkey-sqlite-XXXXXX";
static char path[sizeof(folder) + 16];

// The SQLite of the system. libprovkey has its own.
static struct {
    const char *(*libversion)(void);
    int (*open)(const char *, void **);
    int (*exec)(void *, const char *, int (*)(void *, int, char **, char **), void *, char **);
    int (*close)(void *);
} other;

static void *function(void *library, const char *name)
{
    void *found = dlsym(library, name);
    CHECK(found != NULL);
    return found;
}

static void load_other_sqlite(void)
{
    void *library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);
    CHECK(library != NULL);
    *(void **)&other.libversion = function(library, "sqlite3_libversion");
    *(void **)&other.open = function(library, "sqlite3_open");
    *(void **)&other.exec = function(library, "sqlite3_exec");
    *(void **)&other.close = function(library, "sqlite3_close");
    printf("the other SQLite is %s\n", other.libversion());
}

static int execute(const char *sql)
{
    void *connection = NULL;
    CHECK(other.open(path, &connection) == 0);
    const int result = other.exec(connection, sql, NULL, NULL, NULL);
    CHECK(other.close(connection) == 0);
    return result;
}

static provkey_store *open_store(void)
{
    provkey_store *store = NULL;
    if (access(path, F_OK) == 0) {
        OK(provkey_store_sqlite_open(path, &store, ERR));
    } else {
        OK(provkey_store_sqlite_create(path, &store, ERR));
    }
    return store;
}

static void wait_for(pid_t child, int signal_or_zero)
{
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(signal_or_zero == 0 ? WIFEXITED(status) && WEXITSTATUS(status) == 0
                              : WIFSIGNALED(status) && WTERMSIG(status) == signal_or_zero);
}

static void query_in_another_process(void)
{
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        _exit(execute("SELECT * FROM audit"));
    }
    wait_for(child, 0);
}

// Uses the other SQLite, enrolls, and is killed. Without the locks, the last program to close the
// file would delete the log, and with it the enrollments.
static void enroll_and_die(const fleet *fleet)
{
    provkey_store *store = open_store();
    provkey_authority *authority = fleet_reopen((fleet_parts){.store = store}, fleet->keyring);
    CHECK(execute("SELECT * FROM provisioning_keys") == 0);
    query_in_another_process();
    for (int i = 0; i < USES; i++) {
        provkey_identity *identity = NULL;
        OK(provkey_identity_generate(PROVKEY_KEY_ALGORITHM_ED25519, &identity, ERR));
        fleet_enroll(authority, fleet->provisioning_key, identity);
        provkey_identity_free(identity);
    }
    kill(getpid(), SIGKILL);
}

static void another_sqlite_drops_no_lock(void)
{
    provkey_store *store = open_store();
    fleet fleet = fleet_new((fleet_parts){.store = store}, USES);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        enroll_and_die(&fleet);
    }
    wait_for(child, SIGKILL);
    CHECK(fleet_used(fleet.authority, fleet.key->id) == USES);
    fleet_free(&fleet);
    provkey_store_free(store);
    CHECK(unlink(path) == 0);
}

static void a_removed_file_is_noticed(void)
{
    provkey_store *store = open_store();
    fleet fleet = fleet_new((fleet_parts){.store = store}, USES);
    CHECK(unlink(path) == 0);
    for (int i = 0; i < 2; i++) {
        provkey_connector_group *group = NULL;
        FAILS(PROVKEY_STATUS_STORE_BROKEN,
              provkey_authority_create_group(fleet.authority, "more", &group, ERR));
        CHECK(!check_error->retryable);
    }
    fleet_free(&fleet);
    provkey_store_free(store);
}

int main(void)
{
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof(path), "%s/fleet.db", folder);
    load_other_sqlite();
    RUN(another_sqlite_drops_no_lock);
    RUN(a_removed_file_is_noticed);
    return check_done();
}
