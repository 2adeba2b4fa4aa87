/* Output and exit status of the connector. It never prints a secret. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <provkey.h>

/* The result of a step, and the exit status. */
enum { DONE = 0, FAILED = 1, LATER = 75 };

void notice(const char *text);

/* Prints errno for a file. Returns FAILED. */
int fail_file(const char *path);

/* Explains an error of the library and frees it. Returns LATER if a retry may help, otherwise
 * FAILED. */
int fail(provkey_error *error);

#endif
