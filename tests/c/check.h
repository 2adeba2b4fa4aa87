// The base of every test program. A failed check prints where and why, and ends the program.
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "provkey.h"

#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)

// The text is the expected one.
#define CHECK_TEXT(text, expected) check_text((text), (expected), #text, __FILE__, __LINE__)

// The call, whose last argument is ERR, succeeds and sets no error.
#define OK(call) check_status((call), PROVKEY_STATUS_OK, #call, __FILE__, __LINE__)

// The call, whose last argument is ERR, fails with this status and an error that fits.
// `check_error` is that error until the next ERR.
#define FAILS(status, call) check_status((call), (status), #call, __FILE__, __LINE__)

// The pointer for the error of the next call.
#define ERR check_fresh_error()

// Runs a test, a function without arguments.
#define RUN(test) (check_begin(#test), test())

// The error of this thread's latest call, if it failed.
extern _Thread_local provkey_error *check_error;

void check_that(bool condition, const char *what, const char *file, int line);
void check_text(const char *text, const char *expected, const char *what, const char *file, int line);
void check_status(provkey_status status, provkey_status expected, const char *call, const char *file,
                  int line);
provkey_error **check_fresh_error(void);
void check_begin(const char *test);

// Frees the error of this thread. A thread calls it at its end.
void check_thread_done(void);

// Prints how many tests passed. `main` returns its result.
int check_done(void);

// Whether PROVKEY_TEST_DEEP asks for the long form of the tests.
bool check_deep(void);

#endif
