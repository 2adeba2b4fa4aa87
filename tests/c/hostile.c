// Checks the results of hostile calls.
#include "hostile.h"

#include <stdlib.h>

#include "check.h"

_Alignas(16) uint8_t hostile_outputs[4][128];
provkey_error *hostile_error;

static const uint8_t UNTOUCHED = 0xa5;
static const char *attempted;

static _Noreturn void fail(const char *what, provkey_status status)
{
    fprintf(stderr, "%s: %s (status %d)\n", attempted, what, (int)status);
    exit(1);
}

void hostile_attempt(const char *what)
{
    attempted = what;
    memset(hostile_outputs, UNTOUCHED, sizeof(hostile_outputs));
}

static bool is_untouched(const uint8_t *output)
{
    for (size_t i = 0; i < sizeof(hostile_outputs[0]); i++) {
        if (output[i] != UNTOUCHED) {
            return false;
        }
    }
    return true;
}

static const size_t OUTPUTS = sizeof(hostile_outputs) / sizeof(hostile_outputs[0]);

static bool all_untouched(void)
{
    for (size_t i = 0; i < OUTPUTS; i++) {
        if (!is_untouched(hostile_outputs[i])) {
            return false;
        }
    }
    return true;
}

static bool is_of_arguments(provkey_status status)
{
    return status >= PROVKEY_STATUS_NULL_ARGUMENT && status <= PROVKEY_STATUS_ARGUMENT_TOO_LARGE &&
           status != PROVKEY_STATUS_NO_REPAIR;
}

static bool is_expected(provkey_status status, int expected)
{
    switch (expected) {
    case ANY:
        return true;
    case FAILURE:
    case NO_ERROR:
        return status != PROVKEY_STATUS_OK;
    case GOOD:
        return !is_of_arguments(status);
    default:
        return status == expected;
    }
}

bool hostile_answer(provkey_status status, int expected, bool has_error)
{
    const bool failed = status != PROVKEY_STATUS_OK;
    if (!is_expected(status, expected)) {
        fail("this was not expected", status);
    }
    if (status == PROVKEY_STATUS_INTERNAL_ERROR && strstr(attempted, "test_panic") == NULL) {
        fail("it panicked", status);
    }
    if (failed && !all_untouched()) {
        fail("it failed, and yet changed an output", status);
    }
    if (has_error && (hostile_error != NULL) != (failed && expected != NO_ERROR)) {
        fail("it failed without an error, or succeeded with one", status);
    }
    if (hostile_error != NULL && hostile_error->status != status) {
        fail("its error has another status", status);
    }
    provkey_error_free(hostile_error);
    hostile_error = NULL;
    // An output that was not written must not be freed.
    for (size_t i = 0; i < OUTPUTS; i++) {
        if (is_untouched(hostile_outputs[i])) {
            memset(hostile_outputs[i], 0, sizeof(hostile_outputs[i]));
        }
    }
    return !failed;
}
