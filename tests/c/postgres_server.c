#include "postgres_server.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

postgres_server postgres_server_start(void)
{
    const char *program = getenv("PROVKEY_TEST_POSTGRES");
    CHECK(program != NULL);
    int input[2];
    int output[2];
    CHECK(pipe(input) == 0 && pipe(output) == 0);
    postgres_server server = {.pid = fork(), .input = input[1]};
    CHECK(server.pid >= 0);
    if (server.pid == 0) {
        dup2(input[0], STDIN_FILENO);
        dup2(output[1], STDOUT_FILENO);
        close(input[0]);
        close(input[1]);
        close(output[0]);
        close(output[1]);
        execl(program, program, (char *)NULL);
        _exit(127);
    }
    close(input[0]);
    close(output[1]);
    size_t length = 0;
    while (length + 1 < sizeof(server.url) && read(output[0], server.url + length, 1) == 1 &&
           server.url[length] != '\n') {
        length++;
    }
    close(output[0]);
    server.url[length] = '\0';
    CHECK(strncmp(server.url, "postgres", 8) == 0);
    return server;
}

void postgres_server_stop(postgres_server *server)
{
    int status = 0;
    close(server->input);
    CHECK(waitpid(server->pid, &status, 0) == server->pid && status == 0);
}
