#include "check.h"

#include <stdio.h>
#include <stdlib.h>

_Thread_local provkey_error *check_error;

static const char *current = "before the first test";
static size_t passed;

static _Noreturn void fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: in %s: %s\n", file, line, current, what);
    if (check_error != NULL) {
        fprintf(stderr, "    error: %s: %s\n", check_error->code, check_error->message);
    }
    exit(1);
}

void check_that(bool condition, const char *what, const char *file, int line)
{
    if (!condition) {
        fail(file, line, what);
    }
}

void check_text(const char *text, const char *expected, const char *what, const char *file, int line)
{
    if (text == NULL || strcmp(text, expected) != 0) {
        fprintf(stderr, "    it is: %s\nnot: %s\n", text == NULL ? "NULL" : text, expected);
        fail(file, line, what);
    }
}

static void check_error_of(provkey_status status, const char *call, const char *file, int line)
{
    if (check_error == NULL) {
        fail(file, line, "it failed without an error");
    }
    check_that(check_error->status == status, call, file, line);
    check_text(check_error->code, provkey_status_code(status), call, file, line);
    check_that(check_error->message[0] != '\0', call, file, line);
    check_that(check_error->header.size == sizeof(provkey_error), call, file, line);
}

void check_status(provkey_status status, provkey_status expected, const char *call, const char *file,
                  int line)
{
    if (status != expected) {
        fprintf(stderr, "    it returned %d, not %d\n", (int)status, (int)expected);
        fail(file, line, call);
    }
    if (status == PROVKEY_STATUS_OK) {
        check_that(check_error == NULL, "it succeeded with an error", file, line);
    } else {
        check_error_of(status, call, file, line);
    }
}

provkey_error **check_fresh_error(void)
{
    check_thread_done();
    return &check_error;
}

void check_thread_done(void)
{
    provkey_error_free(check_error);
    check_error = NULL;
}

void check_begin(const char *test)
{
    current = test;
    passed += 1;
}

int check_done(void)
{
    check_thread_done();
    printf("%zu tests passed\n", passed);
    return 0;
}

bool check_deep(void)
{
    return getenv("PROVKEY_TEST_DEEP") != NULL;
}
