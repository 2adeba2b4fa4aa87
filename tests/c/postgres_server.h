// A PostgreSQL server for one test.
#ifndef POSTGRES_SERVER_H
#define POSTGRES_SERVER_H

#include <sys/types.h>

typedef struct postgres_server {
    char url[1024];
    pid_t pid;
    // The server runs until this is closed.
    int input;
} postgres_server;

// Starts the program that PROVKEY_TEST_POSTGRES names, `provkey-test-postgres`.
postgres_server postgres_server_start(void);
void postgres_server_stop(postgres_server *server);

#endif
