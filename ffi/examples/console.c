#include "console.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void notice(const char *text)
{
    printf("notice: %s\n", text);
}

int fail_file(const char *path)
{
    printf("error: %s: %s\n", path, strerror(errno));
    return FAILED;
}

int fail(provkey_error *error)
{
    if (error == NULL) /* no memory for an error */
        return LATER;
    printf("error: %s: %s\n", error->code, error->message);
    if (error->shown != NULL)
        printf("  %s\n  %s\n", error->shown, error->marks);
    if (error->repairable)
        notice("A repair is known. Compare the marked characters with the original.");
    int outcome = error->retryable || error->outcome_unknown ? LATER : FAILED;
    provkey_error_free(error);
    return outcome;
}
