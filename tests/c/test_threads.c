// Eight threads use one handle, over each store. Every use is counted once.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fleet.h"
#include "secure_element.h"
#include "table_store.h"

enum { THREADS = 8 };

static const provkey_authority *authority;
static const char *key_id;
static provkey_provisioning_key *provisioning_key;
static provkey_identity *shared_identity;
static atomic_size_t answers;
static atomic_size_t refusals;
static atomic_size_t in_use;
static atomic_size_t observed;

static size_t rounds(void)
{
    return check_deep() ? 50 : 5;
}

static void storm(void *(*work)(void *))
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, work, NULL) == 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

// Each thread enrolls its own connectors, each twice, and lists the keys.
static void *enroll(void *nothing)
{
    for (size_t i = 0; i < rounds(); i++) {
        provkey_enrolled *enrolled = NULL;
        provkey_key_page *page = NULL;
        asking asking = asking_with(provisioning_key);
        const provkey_status status =
            provkey_authority_enroll(authority, &asking.enroll_request, &enrolled, ERR);
        if (status == PROVKEY_STATUS_OK) {
            CHECK(!enrolled->replay);
            provkey_enrolled_free(enrolled);
            OK(provkey_authority_enroll(authority, &asking.enroll_request, &enrolled, ERR));
            CHECK(enrolled->replay);
            provkey_enrolled_free(enrolled);
            answers += 1;
        } else {
            CHECK(status == PROVKEY_STATUS_KEY_EXHAUSTED);
            refusals += 1;
        }
        OK(provkey_authority_list_keys(authority, NULL, NULL, &page, ERR));
        provkey_key_page_free(page);
        asking_free(&asking);
    }
    check_thread_done();
    return nothing;
}

static void observe(void *user_data, const provkey_event *event)
{
    CHECK(user_data == &observed);
    observed += event->type == PROVKEY_EVENT_TYPE_ENROLLED;
}

// Eight threads ask for a third more uses than there are.
static void storm_over(const provkey_store *store)
{
    const size_t wanted = THREADS * rounds();
    const size_t uses = wanted * 3 / 4;
    const provkey_observer_callbacks callbacks = {
        .struct_size = sizeof(callbacks), .user_data = &observed, .observe = observe};
    provkey_observer *observer = NULL;
    OK(provkey_observer_new(&callbacks, &observer, ERR));
    fleet fleet = fleet_new((fleet_parts){.store = store, .observer = observer}, uses);
    authority = fleet.authority;
    provisioning_key = fleet.provisioning_key;
    answers = refusals = observed = 0;
    storm(enroll);
    CHECK(answers == uses && refusals == wanted - uses && observed == uses);
    CHECK(fleet_used(authority, fleet.key->id) == uses);
    provkey_observer_free(observer);
    fleet_free(&fleet);
}

static void memory(void)
{
    provkey_store *store = NULL;
    OK(provkey_store_memory(&store, ERR));
    storm_over(store);
    provkey_store_free(store);
}

static void sqlite(void)
{
    char path[64];
    provkey_store *store = NULL;
    snprintf(path, sizeof(path), "/tmp/provkey-storm-%ld.db", (long)getpid());
    OK(provkey_store_sqlite_create(path, &store, ERR));
    storm_over(store);
    provkey_store_free(store);
    remove_sqlite(path);
}

static void table_in_c(void)
{
    provkey_store *store = table_store_new();
    storm_over(store);
    provkey_store_free(store);
    CHECK(table_stores_alive() == 0);
}

// All threads use one identity: each call succeeds or is refused because of another.
static void *use_identity(void *nothing)
{
    for (size_t i = 0; i < 20 * rounds(); i++) {
        provkey_identity_details *details = NULL;
        provkey_request *request = NULL;
        provkey_bytes *bytes = NULL;
        provkey_status statuses[] = {
            provkey_identity_describe(shared_identity, now_ms(), &details, NULL),
            provkey_identity_request(shared_identity, provisioning_key, NULL, &request, NULL),
            provkey_identity_seal(shared_identity, MATERIAL, NULL, &bytes, NULL),
        };
        const bool given[] = {details != NULL, request != NULL, bytes != NULL};
        for (size_t call = 0; call < 3; call++) {
            CHECK(statuses[call] == PROVKEY_STATUS_OK || statuses[call] == PROVKEY_STATUS_HANDLE_IN_USE);
            CHECK(given[call] == (statuses[call] == PROVKEY_STATUS_OK));
            in_use += !given[call];
            answers += given[call];
        }
        provkey_identity_details_free(details);
        provkey_request_free(request);
        provkey_bytes_free(bytes);
    }
    return nothing;
}

static void one_identity(void)
{
    fleet fleet = fleet_in_memory(1);
    provkey_signer *signer = secure_element_new();
    provisioning_key = fleet.provisioning_key;
    answers = in_use = 0;
    OK(provkey_identity_with_signer(signer, &shared_identity, ERR));
    provkey_signer_free(signer);
    storm(use_identity);
    CHECK(answers > 0 && answers + in_use == 3 * 20 * rounds() * THREADS);
    provkey_identity_free(shared_identity);
    fleet_free(&fleet);
}

// All threads edit one key. A thread that meets too many conflicts gets a retryable error.
static provkey_status edit_once(const provkey_key_update *update, provkey_key_details **key)
{
    const provkey_status status = provkey_authority_update_key(authority, key_id, update, key, ERR);
    CHECK(status == PROVKEY_STATUS_OK || (status == PROVKEY_STATUS_STORE_BUSY && check_error->retryable));
    return status;
}

static void *edit(void *nothing)
{
    for (size_t i = 0; i < rounds(); i++) {
        provkey_key_details *key = NULL;
        const provkey_key_update update = {
            .struct_size = sizeof(update), .fields = PROVKEY_KEY_FIELDS_MAX_USES, .max_uses = i + 1};
        while (edit_once(&update, &key) != PROVKEY_STATUS_OK) {
        }
        CHECK(key->max_uses >= 1 && key->max_uses <= rounds());
        provkey_key_details_free(key);
    }
    check_thread_done();
    return nothing;
}

static void one_key(void)
{
    provkey_store *store = table_store_new();
    fleet fleet = fleet_new((fleet_parts){.store = store}, 1);
    authority = fleet.authority;
    key_id = fleet.key->id;
    storm(edit);
    fleet_free(&fleet);
    provkey_store_free(store);
}

int main(void)
{
    RUN(memory);
    RUN(sqlite);
    RUN(table_in_c);
    RUN(one_identity);
    RUN(one_key);
    return check_done();
}
