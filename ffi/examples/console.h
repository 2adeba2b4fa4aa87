/* What the connector says, and how it ends. None of what it says is ever a secret. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <provkey.h>

/* What came of a step, and the exit status. */
enum { DONE = 0, FAILED = 1, LATER = 75 };

void notice(const char *text);

/* Says what errno is about a file: FAILED. */
int fail_file(const char *path);

/* Explains an error of the library, and frees it. FAILED, or LATER if that may help. */
int fail(provkey_error *error);

#endif
