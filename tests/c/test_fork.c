// A process forks while its threads enroll. In the child every inherited handle with locks or
// connections fails with `used_after_fork`, and freeing it touches nothing of the parent's.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fleet.h"
#include "postgres_server.h"
#include "secure_element.h"

enum { THREADS = 4, ROUNDS = 20, CHILD_SECONDS_MAX = 20 };

static fleet enrolling;
static atomic_bool stop;
static atomic_size_t enrolled_count;

static void *enroll(void *nothing)
{
    while (!stop) {
        provkey_enrolled *enrolled = NULL;
        asking asking = asking_with(enrolling.provisioning_key);
        OK(provkey_authority_enroll(enrolling.authority, &asking.enroll_request, &enrolled, ERR));
        enrolled_count += 1;
        provkey_enrolled_free(enrolled);
        asking_free(&asking);
    }
    check_thread_done();
    return nothing;
}

typedef struct inherited {
    provkey_store *store;
    provkey_signer *signer;
    asking asking;
} inherited;

#define REFUSED(call) FAILS(PROVKEY_STATUS_USED_AFTER_FORK, call)

static void use_in_child(inherited its)
{
    provkey_store *other = NULL;
    provkey_enrolled *enrolled = NULL;
    provkey_authority *acting = NULL;
    provkey_authority_details *details = NULL;
    provkey_key_page *page = NULL;
    provkey_query_result *found = NULL;
    provkey_identity *identity = NULL;
    provkey_identity_details *identity_details = NULL;
    uint64_t records = 0;
    REFUSED(provkey_authority_enroll(enrolling.authority, &its.asking.enroll_request, &enrolled, ERR));
    CHECK(!check_error->retryable && !check_error->outcome_unknown);
    CHECK_TEXT(check_error->code, "used_after_fork");
    REFUSED(provkey_authority_list_keys(enrolling.authority, NULL, NULL, &page, ERR));
    REFUSED(provkey_authority_describe(enrolling.authority, &details, ERR));
    REFUSED(provkey_authority_acting_as(enrolling.authority, "child", &acting, ERR));
    REFUSED(provkey_authority_flush(enrolling.authority, ERR));
    OK(provkey_store_memory(&other, ERR));
    REFUSED(provkey_store_copy(its.store, other, &records, ERR));
    REFUSED(provkey_store_query(its.store, "SELECT 1", NULL, &found, ERR));
    REFUSED(provkey_identity_describe(its.asking.identity, now_ms(), &identity_details, ERR));
    REFUSED(provkey_identity_with_signer(its.signer, &identity, ERR));
    provkey_store_free(other);
    provkey_authority_free(enrolling.authority);
    provkey_store_free(its.store);
    provkey_signer_free(its.signer);
    // Handles without locks and connections work, and so do new ones.
    asking_free(&its.asking);
    OK(provkey_store_memory(&other, ERR));
    fleet own = fleet_new((fleet_parts){.store = other}, 1);
    provkey_identity_free(fleet_connector(&own));
    fleet_free(&own);
    provkey_store_free(other);
}

static void fork_over(provkey_store *store)
{
    pthread_t threads[THREADS];
    inherited its = {.store = store, .signer = secure_element_new()};
    enrolling = fleet_new((fleet_parts){.store = store}, 1000000000);
    its.asking = asking_with(enrolling.provisioning_key);
    stop = false;
    enrolled_count = 0;
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, enroll, NULL) == 0);
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        const size_t before = enrolled_count;
        while (enrolled_count < before + THREADS) {
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        const pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            alarm(CHILD_SECONDS_MAX);
            use_in_child(its);
            _exit(0);
        }
        int status = -1;
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    stop = true;
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    CHECK(fleet_used(enrolling.authority, enrolling.key->id) == enrolled_count);
    asking_free(&its.asking);
    provkey_signer_free(its.signer);
    fleet_free(&enrolling);
    provkey_store_free(store);
}

static void memory(void)
{
    provkey_store *store = NULL;
    OK(provkey_store_memory(&store, ERR));
    fork_over(store);
}

static void sqlite(void)
{
    char path[64];
    provkey_store *store = NULL;
    snprintf(path, sizeof(path), "/tmp/provkey-fork-%ld.db", (long)getpid());
    OK(provkey_store_sqlite_create(path, &store, ERR));
    fork_over(store);
    remove_sqlite(path);
}

static void postgres(void)
{
    postgres_server server = postgres_server_start();
    provkey_store *store = NULL;
    OK(provkey_store_postgres_create(server.url, &store, ERR));
    fork_over(store);
    postgres_server_stop(&server);
}

int main(void)
{
    RUN(memory);
    RUN(sqlite);
    RUN(postgres);
    return check_done();
}
