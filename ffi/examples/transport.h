/* How a connector reaches its authority: HTTP, MQTT, a serial line. provkey has no transport. */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include "files.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A request. */
typedef struct question {
    const char *action; /* "enroll" or "renew" */
    const char *host;   /* the authority, from the provisioning key */
    const char *csr;    /* in PEM */
} question;

/* The answer to it. */
typedef struct answer {
    int http_status;
    buffer body; /* for 200 certificates in PEM, otherwise perhaps an error code */
} answer;

/* Sends a request. 0 if there was an answer, even a refusal. */
typedef int transport(void *context, const question *question, answer *answer);

/* The transport of these examples: `context` is a shell command that reads the CSR from standard
 * input and has PROVKEY_ACTION and PROVKEY_HOST in its environment. It writes the body and then, on
 * a separate line, the HTTP status, as this one does:
 *
 *     curl -sS --data-binary @- -w '\n%{http_code}' "https://$PROVKEY_HOST/$PROVKEY_ACTION"
 */
transport ask_command;

#ifdef __cplusplus
}
#endif

#endif
