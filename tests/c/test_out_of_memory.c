// Each single allocation of a whole enrollment fails in turn, on both sides and over each store.
// Each call succeeds or reports it; the process lives, nothing leaks, and no use is lost or counted
// twice. The library must be built with RUSTC_BOOTSTRAP=provkey.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "failing_allocator.h"
#include "fleet.h"
#include "table_store.h"

static provkey_store *(*new_store)(void);
static provkey_store *store;
static fleet sensors;
static uint64_t enrolled_so_far;

static void begin(void)
{
    store = new_store();
    CHECK(store != NULL);
    sensors = fleet_new((fleet_parts){.store = store}, 100000);
    enrolled_so_far = 0;
}

static void end(void)
{
    fleet_free(&sensors);
    provkey_store_free(store);
}

// A whole enrollment, up to the first error. Returns its status.
static provkey_status enroll_once(provkey_identity **identity)
{
    provkey_provisioning_key *key = NULL;
    provkey_request *request = NULL;
    provkey_enrolled *enrolled = NULL;
    provkey_bytes *text = NULL;
    provkey_bytes *file = NULL;
    provkey_identity *opened = NULL;
    provkey_identity_details *details = NULL;
    provkey_error *error = NULL;

    provkey_status status = provkey_authority_copy_key(sensors.authority, sensors.key->id, &text, &error);
    if (status == PROVKEY_STATUS_OK) {
        status = provkey_provisioning_key_read(text->data, text->len, &key, &error);
    }
    if (status == PROVKEY_STATUS_OK && *identity == NULL) {
        status = provkey_identity_generate(0, identity, &error);
    }
    if (status == PROVKEY_STATUS_OK) {
        status = provkey_identity_request(*identity, key, NULL, &request, &error);
    }
    if (status == PROVKEY_STATUS_OK) {
        const provkey_enroll_request enroll_request = fleet_enroll_request(request);
        status = provkey_authority_enroll(sensors.authority, &enroll_request, &enrolled, &error);
    }
    if (status == PROVKEY_STATUS_OK) {
        const char *chain = enrolled->chain_pem;
        status = provkey_identity_accept(*identity, (const uint8_t *)chain, strlen(chain), now_ms(), NULL,
                                         &error);
    }
    if (status == PROVKEY_STATUS_OK) {
        status = provkey_identity_seal(*identity, MATERIAL, NULL, &file, &error);
    }
    if (status == PROVKEY_STATUS_OK) {
        status = provkey_identity_open(file->data, file->len, MATERIAL, &opened, &error);
    }
    if (status == PROVKEY_STATUS_OK) {
        status = provkey_identity_describe(opened, now_ms(), &details, &error);
    }
    // There may be no memory for the error; if there is, the error has the status.
    CHECK(status != PROVKEY_STATUS_OK || error == NULL);
    CHECK(error == NULL || error->status == status);
    provkey_error_free(error);
    provkey_identity_details_free(details);
    provkey_identity_free(opened);
    provkey_bytes_free(file);
    provkey_enrolled_free(enrolled);
    provkey_request_free(request);
    provkey_provisioning_key_free(key);
    provkey_bytes_free(text);
    return status;
}

static provkey_store *new_memory(void);

static bool may_be(provkey_status status)
{
    return status == PROVKEY_STATUS_OK || status == PROVKEY_STATUS_OUT_OF_MEMORY ||
           status == PROVKEY_STATUS_SIGNER_FAILED || status == PROVKEY_STATUS_SIGNER_UNAVAILABLE ||
           (status >= PROVKEY_STATUS_STORE_BUSY && status <= PROVKEY_STATUS_STORE_UNAVAILABLE);
}

// Enrolls while the `n`-th allocation fails, and if it `lasts` also later ones. Returns whether one
// failed.
static bool enroll_with_failure(size_t n, bool lasts)
{
    provkey_identity *identity = NULL;
    allocator_fail_at(n, lasts);
    const provkey_status status = enroll_once(&identity);
    const bool failed = allocator_stop();
    CHECK(may_be(status));
    CHECK(failed || status == PROVKEY_STATUS_OK);
    // The same connector asks again.
    const provkey_status again = enroll_once(&identity);
    provkey_identity_free(identity);
    if (again == PROVKEY_STATUS_STORE_CORRUPT && new_store == new_memory) {
        // The store in memory, which is for tests only, was interrupted in the middle of a change
        // and reports that.
        end();
        begin();
        return true;
    }
    enrolled_so_far += 1;
    CHECK(again == PROVKEY_STATUS_OK);
    CHECK(fleet_used(sensors.authority, sensors.key->id) == enrolled_so_far);
    return failed;
}

static size_t enroll_with_every_failure(bool lasts)
{
    size_t n = 1;
    while (enroll_with_failure(n, lasts)) {
        n += 1;
    }
    CHECK(n > 100);
    return n - 1;
}

// Lets every allocation over this store fail, and checks that no block is left.
static void over(const char *name, provkey_store *(*make)(void))
{
    new_store = make;
    begin();
    // The first round allocates what lives as long as the process.
    enroll_with_every_failure(false);
    end();
    check_thread_done();
    const long before = allocator_blocks();
    begin();
    const size_t single = enroll_with_every_failure(false);
    const size_t lasting = enroll_with_every_failure(true);
    end();
    check_thread_done();
    CHECK(allocator_blocks() == before);
    printf("%s: %zu single and %zu lasting failures\n", name, single, lasting);
}

static provkey_store *new_memory(void)
{
    provkey_store *made = NULL;
    OK(provkey_store_memory(&made, ERR));
    return made;
}

static char path[64];

static provkey_store *new_sqlite(void)
{
    provkey_store *made = NULL;
    remove_sqlite(path);
    OK(provkey_store_sqlite_create(path, &made, ERR));
    return made;
}

static void memory(void)
{
    over("memory", new_memory);
}

static void table_in_c(void)
{
    over("table in C", table_store_new);
    CHECK(table_stores_alive() == 0);
}

static void sqlite(void)
{
    snprintf(path, sizeof(path), "/tmp/provkey-memory-%ld.db", (long)getpid());
    over("SQLite", new_sqlite);
    remove_sqlite(path);
}

// --- Calls with several outputs, and calls that take over user data

static int destroyed;

static void destroy(void *user_data)
{
    CHECK(user_data == &destroyed);
    destroyed += 1;
}

static provkey_status fill(void *user_data, uint8_t *bytes, size_t len)
{
    (void)user_data;
    memset(bytes, 7, len);
    return PROVKEY_STATUS_OK;
}

static uint64_t read_clock(void *user_data)
{
    (void)user_data;
    return 1;
}

static void observe(void *user_data, const provkey_event *event)
{
    (void)user_data;
    (void)event;
}

// Makes and frees an object from callbacks. Its user data is destroyed if and only if that
// succeeds.
static provkey_status make_random(void)
{
    provkey_random *random = NULL;
    const provkey_random_callbacks callbacks = {
        .struct_size = sizeof(callbacks), .user_data = &destroyed, .destroy = destroy, .fill = fill};
    const provkey_status status = provkey_random_new(&callbacks, &random, NULL);
    provkey_random_free(random);
    return status;
}

static provkey_status make_clock(void)
{
    provkey_clock *clock = NULL;
    const provkey_clock_callbacks callbacks = {
        .struct_size = sizeof(callbacks), .user_data = &destroyed, .destroy = destroy, .now_ms = read_clock};
    const provkey_status status = provkey_clock_new(&callbacks, &clock, NULL);
    provkey_clock_free(clock);
    return status;
}

static provkey_status make_observer(void)
{
    provkey_observer *observer = NULL;
    const provkey_observer_callbacks callbacks = {
        .struct_size = sizeof(callbacks), .user_data = &destroyed, .destroy = destroy, .observe = observe};
    const provkey_status status = provkey_observer_new(&callbacks, &observer, NULL);
    provkey_observer_free(observer);
    return status;
}

static provkey_status make_store(void)
{
    provkey_store *made = NULL;
    provkey_store_callbacks callbacks = table_store_callbacks();
    if (callbacks.user_data == NULL) {
        return PROVKEY_STATUS_OUT_OF_MEMORY;
    }
    callbacks.destroy(callbacks.user_data);
    callbacks.user_data = &destroyed;
    callbacks.destroy = destroy;
    const provkey_status status = provkey_store_new(&callbacks, &made, NULL);
    provkey_store_free(made);
    return status;
}

static provkey_status download(void)
{
    provkey_bytes *name = NULL;
    provkey_bytes *contents = NULL;
    const provkey_status status =
        provkey_authority_download_key(sensors.authority, sensors.key->id, &name, &contents, NULL);
    CHECK((status == PROVKEY_STATUS_OK) == (name != NULL) && (name == NULL) == (contents == NULL));
    provkey_bytes_free(name);
    provkey_bytes_free(contents);
    return status;
}

static provkey_request *csr;

static provkey_status enroll_many(void)
{
    provkey_enroll_request requests[] = {fleet_enroll_request(csr), fleet_enroll_request(csr)};
    provkey_enrolled *enrolled[2] = {NULL, NULL};
    provkey_status statuses[2] = {-1, -1};
    provkey_error *errors[2] = {NULL, NULL};
    requests[1].csr_len = 5;
    const provkey_status status =
        provkey_authority_enroll_many(sensors.authority, requests, 2, enrolled, statuses, errors, NULL);
    CHECK(status == PROVKEY_STATUS_OK || (statuses[0] == -1 && enrolled[0] == NULL && errors[1] == NULL));
    for (size_t i = 0; i < 2; i++) {
        provkey_enrolled_free(enrolled[i]);
        provkey_error_free(errors[i]);
    }
    return status;
}

static void fail_everywhere(provkey_status (*work)(void), bool destroys)
{
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        destroyed = 0;
        allocator_fail_at(n, false);
        const provkey_status status = work();
        failed = allocator_stop();
        CHECK(may_be(status) && (failed || status == PROVKEY_STATUS_OK));
        CHECK(!destroys || destroyed == (status == PROVKEY_STATUS_OK));
    }
}

static void fail_in_calls_with_several_outputs(void)
{
    provkey_identity *identity = NULL;
    new_store = table_store_new;
    begin();
    OK(provkey_identity_generate(0, &identity, ERR));
    csr = fleet_request(identity, sensors.provisioning_key);
    fail_everywhere(download, false);
    fail_everywhere(enroll_many, false);
    CHECK(fleet_used(sensors.authority, sensors.key->id) == 1);
    provkey_request_free(csr);
    provkey_identity_free(identity);
    end();
}

static void fail_in_calls_that_take_user_data(void)
{
    fail_everywhere(make_random, true);
    fail_everywhere(make_clock, true);
    fail_everywhere(make_observer, true);
    fail_everywhere(make_store, true);
}

// Does it twice: what the first round leaves lives as long as the process, and must not grow.
static void check_balance(void (*work)(void))
{
    work();
    const long before = allocator_blocks();
    work();
    CHECK(allocator_blocks() == before);
}

static void outputs_are_written_together_or_not_at_all(void)
{
    check_balance(fail_in_calls_with_several_outputs);
}

static void a_failed_call_destroys_no_user_data(void)
{
    check_balance(fail_in_calls_that_take_user_data);
}

int main(void)
{
    RUN(memory);
    RUN(table_in_c);
    RUN(sqlite);
    RUN(outputs_are_written_together_or_not_at_all);
    RUN(a_failed_call_destroys_no_user_data);
    return check_done();
}
