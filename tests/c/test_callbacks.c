// Clocks, randomness and observers of the application. Signers: test_signers.c. Stores:
// test_lying_stores.c.
#include <stdlib.h>

#include "fleet.h"

static void count_destroyed(void *user_data)
{
    *(int *)user_data += 1;
}

// --- Clock

static uint64_t present_ms;

static uint64_t read_clock(void *user_data)
{
    CHECK(*(int *)user_data == 0);
    return present_ms;
}

static void an_authority_uses_the_clock(void)
{
    int destroyed = 0;
    provkey_clock *clock = NULL;
    provkey_store *store = NULL;
    provkey_crl *crl = NULL;
    const provkey_clock_callbacks callbacks = {
        .struct_size = sizeof(callbacks),
        .user_data = &destroyed,
        .destroy = count_destroyed,
        .now_ms = read_clock,
    };
    present_ms = 2000000000000;
    OK(provkey_clock_new(&callbacks, &clock, ERR));
    OK(provkey_store_memory(&store, ERR));
    fleet fleet = fleet_new((fleet_parts){.store = store, .clock = clock}, 2);
    provkey_clock_free(clock);
    CHECK(destroyed == 0 && fleet.key->created_at_ms == present_ms);
    OK(provkey_authority_crl(fleet.authority, fleet.certificate->id, &crl, ERR));
    CHECK(crl->this_update_ms <= present_ms && crl->next_update_ms > present_ms);
    provkey_crl_free(crl);

    // At the ends of time calls fail, and nothing worse.
    const uint64_t moments[] = {0, 1, UINT64_MAX, UINT64_MAX / 2, INT64_MAX, 253402300799999, 253402300800000};
    for (size_t i = 0; i < sizeof(moments) / sizeof(*moments); i++) {
        provkey_enrollment_certificate *certificate = NULL;
        const provkey_new_certificate new_certificate = {
            .struct_size = sizeof(new_certificate), .name = "At the end of time"};
        present_ms = moments[i];
        provkey_authority_create_certificate(fleet.authority, &new_certificate, &certificate, ERR);
        provkey_enrollment_certificate_free(certificate);
    }
    fleet_free(&fleet);
    provkey_store_free(store);
    CHECK(destroyed == 1);
}

// --- Randomness

// How many draws succeed before all others fail.
static int draws_left;

static provkey_status draw(void *user_data, uint8_t *bytes, size_t len)
{
    (void)user_data;
    if (draws_left <= 0) {
        return PROVKEY_STATUS_RANDOM_UNAVAILABLE;
    }
    draws_left -= 1;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)rand();
    }
    return PROVKEY_STATUS_OK;
}

static void a_failing_source_of_randomness_costs_no_use(void)
{
    int destroyed = 0;
    provkey_random *random = NULL;
    provkey_store *store = NULL;
    provkey_keyring *keyring = NULL;
    provkey_keyring *rotated = NULL;
    provkey_identity *identity = NULL;
    provkey_bytes *file = NULL;
    const provkey_random_callbacks callbacks = {
        .struct_size = sizeof(callbacks),
        .user_data = &destroyed,
        .destroy = count_destroyed,
        .fill = draw,
    };
    OK(provkey_random_new(&callbacks, &random, ERR));
    draws_left = 0;
    FAILS(PROVKEY_STATUS_RANDOM_UNAVAILABLE, provkey_keyring_generate(random, &keyring, ERR));
    OK(provkey_identity_generate(0, &identity, ERR));
    FAILS(PROVKEY_STATUS_RANDOM_UNAVAILABLE, provkey_identity_seal(identity, MATERIAL, random, &file, ERR));
    draws_left = 100;
    OK(provkey_keyring_generate(random, &keyring, ERR));
    OK(provkey_identity_seal(identity, MATERIAL, random, &file, ERR));
    provkey_bytes_free(file);
    draws_left = 0;
    FAILS(PROVKEY_STATUS_RANDOM_UNAVAILABLE, provkey_keyring_rotated(keyring, random, &rotated, ERR));
    CHECK(rotated == NULL);
    provkey_keyring_free(keyring);

    draws_left = 1000;
    OK(provkey_store_memory(&store, ERR));
    fleet fleet = fleet_new((fleet_parts){.store = store, .random = random}, 9);
    // An enrollment with n draws either fails at no use or succeeds.
    uint64_t enrolled_so_far = 0;
    for (int n = 0; n < 8; n++) {
        provkey_enrolled *enrolled = NULL;
        asking asking = asking_with(fleet.provisioning_key);
        draws_left = n;
        const provkey_status status =
            provkey_authority_enroll(fleet.authority, &asking.enroll_request, &enrolled, ERR);
        CHECK(status == PROVKEY_STATUS_OK || status == PROVKEY_STATUS_RANDOM_UNAVAILABLE);
        CHECK(n > 0 || status != PROVKEY_STATUS_OK);
        enrolled_so_far += status == PROVKEY_STATUS_OK;
        draws_left = 1000;
        CHECK(fleet_used(fleet.authority, fleet.key->id) == enrolled_so_far);
        provkey_enrolled_free(enrolled);
        asking_free(&asking);
    }
    CHECK(enrolled_so_far > 0);
    provkey_identity_free(identity);
    provkey_random_free(random);
    fleet_free(&fleet);
    provkey_store_free(store);
    CHECK(destroyed == 1);
}

// --- Observer

typedef struct log {
    int of_type[8];
    provkey_status refused_with;
    char connector[64];
    int destroyed;
} log;

static void observe(void *user_data, const provkey_event *event)
{
    log *log = user_data;
    CHECK(event->struct_size == sizeof(*event) && event->type < 8);
    log->of_type[event->type] += 1;
    if (event->type == PROVKEY_EVENT_TYPE_REFUSED) {
        log->refused_with = event->status;
        CHECK_TEXT(event->code, provkey_status_code(event->status));
        CHECK_TEXT(event->address, "192.0.2.1");
    } else if (event->connector != NULL) {
        CHECK(event->status == PROVKEY_STATUS_OK && event->code == NULL && event->key != NULL);
        CHECK(strlen(event->connector) < sizeof(log->connector));
        strcpy(log->connector, event->connector);
    }
}

static void destroy_log(void *user_data)
{
    ((log *)user_data)->destroyed += 1;
}

static void an_observer_sees_every_event(void)
{
    log log = {.refused_with = PROVKEY_STATUS_OK};
    provkey_observer *observer = NULL;
    provkey_store *store = NULL;
    provkey_enrolled *enrolled = NULL;
    const provkey_observer_callbacks callbacks = {
        .struct_size = sizeof(callbacks),
        .user_data = &log,
        .destroy = destroy_log,
        .observe = observe,
    };
    OK(provkey_observer_new(&callbacks, &observer, ERR));
    OK(provkey_store_memory(&store, ERR));
    fleet fleet = fleet_new((fleet_parts){.store = store, .observer = observer}, 1);
    provkey_observer_free(observer);
    provkey_identity *identity = fleet_connector(&fleet);
    CHECK(log.of_type[PROVKEY_EVENT_TYPE_ENROLLED] == 1 && log.connector[0] != '\0');
    fleet_enroll(fleet.authority, fleet.provisioning_key, identity);
    CHECK(log.of_type[PROVKEY_EVENT_TYPE_REPLAYED] == 1);
    fleet_renew(fleet.authority, identity);
    CHECK(log.of_type[PROVKEY_EVENT_TYPE_RENEWED] == 1);
    const provkey_enroll_request nonsense = {
        .struct_size = sizeof(nonsense),
        .csr = (const uint8_t *)"nonsense",
        .csr_len = 8,
        .address = "192.0.2.1",
    };
    FAILS(PROVKEY_STATUS_CSR_MALFORMED,
          provkey_authority_enroll(fleet.authority, &nonsense, &enrolled, ERR));
    CHECK(log.of_type[PROVKEY_EVENT_TYPE_REFUSED] == 1);
    CHECK(log.refused_with == PROVKEY_STATUS_CSR_MALFORMED && log.destroyed == 0);
    provkey_identity_free(identity);
    fleet_free(&fleet);
    CHECK(log.destroyed == 1);
    provkey_store_free(store);
}

static void a_missing_callback_is_refused(void)
{
    int destroyed = 0;
    provkey_clock *clock = NULL;
    provkey_random *random = NULL;
    provkey_observer *observer = NULL;
    provkey_store *store = NULL;
    const provkey_clock_callbacks no_clock = {
        .struct_size = sizeof(no_clock), .user_data = &destroyed, .destroy = count_destroyed};
    const provkey_random_callbacks no_random = {
        .struct_size = sizeof(no_random), .user_data = &destroyed, .destroy = count_destroyed};
    const provkey_observer_callbacks no_observer = {
        .struct_size = sizeof(no_observer), .user_data = &destroyed, .destroy = count_destroyed};
    const provkey_store_callbacks no_store = {
        .struct_size = sizeof(no_store), .user_data = &destroyed, .destroy = count_destroyed};
    FAILS(PROVKEY_STATUS_CALLBACK_MISSING, provkey_clock_new(&no_clock, &clock, ERR));
    FAILS(PROVKEY_STATUS_CALLBACK_MISSING, provkey_random_new(&no_random, &random, ERR));
    FAILS(PROVKEY_STATUS_CALLBACK_MISSING, provkey_observer_new(&no_observer, &observer, ERR));
    FAILS(PROVKEY_STATUS_CALLBACK_MISSING, provkey_store_new(&no_store, &store, ERR));
    CHECK(destroyed == 0 && clock == NULL && random == NULL && observer == NULL && store == NULL);

    // `destroy` may be NULL.
    const provkey_random_callbacks callbacks = {.struct_size = sizeof(callbacks), .fill = draw};
    OK(provkey_random_new(&callbacks, &random, ERR));
    provkey_random_free(random);
}

int main(void)
{
    RUN(an_authority_uses_the_clock);
    RUN(a_failing_source_of_randomness_costs_no_use);
    RUN(an_observer_sees_every_event);
    RUN(a_missing_callback_is_refused);
    return check_done();
}
