// A panic inside an export becomes a status on any thread, and the library still works.
#include <pthread.h>

#include "fleet.h"

static void check_panic(void)
{
    FAILS(PROVKEY_STATUS_INTERNAL_ERROR, provkey_test_panic(ERR));
    CHECK(check_error->outcome_unknown && !check_error->retryable);
    // The message of a panic may hold a secret, so it is not passed on.
    CHECK(strstr(check_error->message, "asked for") == NULL);
    CHECK(provkey_test_panic(NULL) == PROVKEY_STATUS_INTERNAL_ERROR);
}

static void *on_a_thread(void *nothing)
{
    check_panic();
    check_thread_done();
    return nothing;
}

static void the_process_survives_a_panic(void)
{
    pthread_t thread;
    fleet fleet = fleet_in_memory(2);
    check_panic();
    CHECK(pthread_create(&thread, NULL, on_a_thread, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    provkey_identity_free(fleet_connector(&fleet));
    check_panic();
    provkey_identity_free(fleet_connector(&fleet));
    CHECK(fleet_used(fleet.authority, fleet.key->id) == 2);
    fleet_free(&fleet);
}

int main(void)
{
    RUN(the_process_survives_a_panic);
    return check_done();
}
