// Another SQLite in the process, and copies of the files, beside an authority in a file. Each close of a
// file drops the POSIX locks that the process has on it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fleet.h"

enum { USES = 10 };

static char folder[] = "/tmp/provkey-strangers-XXXXXX";
static char path[sizeof(folder) + 16];

// The system's SQLite, which is not the library's.
static struct {
    const char *(*libversion)(void);
    int (*open)(const char *, void **);
    int (*exec)(void *, const char *, int (*)(void *, int, char **, char **), void *, char **);
    int (*close)(void *);
} stranger;

static void *function(void *library, const char *name)
{
    void *found = dlsym(library, name);
    CHECK(found != NULL);
    return found;
}

static void meet_the_stranger(void)
{
    void *library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);
    CHECK(library != NULL);
    *(void **)&stranger.libversion = function(library, "sqlite3_libversion");
    *(void **)&stranger.open = function(library, "sqlite3_open");
    *(void **)&stranger.exec = function(library, "sqlite3_exec");
    *(void **)&stranger.close = function(library, "sqlite3_close");
    printf("the stranger is SQLite %s\n", stranger.libversion());
}

static int execute(const char *sql)
{
    void *connection = NULL;
    CHECK(stranger.open(path, &connection) == 0);
    const int result = stranger.exec(connection, sql, NULL, NULL, NULL);
    CHECK(stranger.close(connection) == 0);
    return result;
}

static void read_with_another_sqlite(void)
{
    CHECK(execute("SELECT * FROM provisioning_keys") == 0);
}

static void copy_the_files(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char name[sizeof(path) + 8], bytes[4096];
        snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        const int fd = open(name, O_RDONLY);
        while (fd >= 0 && read(fd, bytes, sizeof(bytes)) > 0) {
        }
        if (fd >= 0) {
            CHECK(close(fd) == 0);
        }
    }
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

// The last to close the file, if nobody holds a lock on it, deletes its log.
static void look_in_from_outside(void)
{
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        const int result = execute("SELECT * FROM audit");
        _exit(result);
    }
    wait_for(child, 0);
}

// A process that is promised ten uses, after a stranger was there, and is killed.
static void enroll_and_die(const provkey_authority *authority, const fleet *fleet, void (*be_strange)(void))
{
    be_strange();
    look_in_from_outside();
    for (int i = 0; i < USES; i++) {
        provkey_identity *identity = NULL;
        OK(provkey_identity_generate(PROVKEY_KEY_ALGORITHM_ED25519, &identity, ERR));
        fleet_enroll(authority, fleet->provisioning_key, identity);
        provkey_identity_free(identity);
    }
    kill(getpid(), SIGKILL);
}

static void check_kept(void (*be_strange)(void))
{
    provkey_store *store = open_store();
    fleet fleet = fleet_new((fleet_parts){.store = store}, USES);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        // A child opens its own.
        provkey_store *own = open_store();
        provkey_authority *authority = fleet_reopen((fleet_parts){.store = own}, fleet.keyring);
        enroll_and_die(authority, &fleet, be_strange);
    }
    wait_for(child, SIGKILL);
    CHECK(fleet_used(fleet.authority, fleet.key->id) == USES);
    fleet_free(&fleet);
    provkey_store_free(store);
    CHECK(unlink(path) == 0);
}

static void another_sqlite_takes_no_lock(void)
{
    check_kept(read_with_another_sqlite);
}

static void a_copy_takes_no_lock(void)
{
    check_kept(copy_the_files);
}

static void another_sqlite_may_not_write(void)
{
    provkey_store *store = open_store();
    fleet fleet = fleet_new((fleet_parts){.store = store}, USES);
    CHECK(execute("UPDATE records SET used = 0") != 0);
    CHECK(execute("DELETE FROM records") != 0);
    provkey_identity *identity = fleet_connector(&fleet);
    CHECK(fleet_used(fleet.authority, fleet.key->id) == 1);
    provkey_identity_free(identity);
    fleet_free(&fleet);
    provkey_store_free(store);
    CHECK(unlink(path) == 0);
}

static void a_file_that_is_taken_away_is_noticed(void)
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
    meet_the_stranger();
    RUN(another_sqlite_takes_no_lock);
    RUN(a_copy_takes_no_lock);
    RUN(another_sqlite_may_not_write);
    RUN(a_file_that_is_taken_away_is_noticed);
    return check_done();
}
