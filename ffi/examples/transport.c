#define _DEFAULT_SOURCE

#include "transport.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: becomes the shell. */
static void become(const char *command, const question *question, int in, int out)
{
    if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        setenv("PROVKEY_ACTION", question->action, 1) == 0 &&
        setenv("PROVKEY_HOST", question->host, 1) == 0)
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* Removes the last line of the body, which is the status. */
static int split_status(answer *answer)
{
    buffer *body = &answer->body;
    while (body->len > 0 && body->data[body->len - 1] == '\n')
        body->len--;
    size_t start = body->len;
    while (start > 0 && body->data[start - 1] != '\n')
        start--;
    int status = 0;
    for (size_t at = start; at < body->len; at++) {
        if (body->data[at] < '0' || body->data[at] > '9' || status > 99)
            return -1;
        status = 10 * status + (body->data[at] - '0');
    }
    body->len = start;
    answer->http_status = status;
    return status >= 100 ? 0 : -1;
}

/* In the parent: writes the question, reads the answer. A CSR fits into the buffer of a pipe. */
static int converse(int to_child, int from_child, const question *question, answer *answer)
{
    /* A command may answer without reading the question. */
    (void)write_all(to_child, question->csr, strlen(question->csr));
    close(to_child);
    int done = read_all(from_child, &answer->body, FILE_BYTES_MAX);
    close(from_child);
    return done == 0 ? split_status(answer) : -1;
}

int ask_command(void *context, const question *question, answer *answer)
{
    int asked[2], answered[2];
    if (pipe(asked) != 0)
        return -1;
    if (pipe(answered) != 0) {
        close(asked[0]);
        close(asked[1]);
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        close(asked[1]);
        close(answered[0]);
        become(context, question, asked[0], answered[1]);
    }
    close(asked[0]);
    close(answered[1]);
    int done = converse(asked[1], answered[0], question, answer);
    return child > 0 && waitpid(child, NULL, 0) == child ? done : -1;
}
