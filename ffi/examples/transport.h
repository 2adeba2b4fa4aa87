/* How a connector reaches its authority. provkey knows nothing of it: HTTP, MQTT, a serial line. */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include "files.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a connector asks for. */
typedef struct question {
    const char *action; /* "enroll" or "renew" */
    const char *host;   /* where, as the provisioning key says */
    const char *csr;    /* in PEM */
} question;

/* What it is told. */
typedef struct answer {
    int http_status;
    buffer body; /* 200: certificates in PEM. Otherwise perhaps an error code. */
} answer;

/* Asks. 0 if there was an answer, whatever it says. */
typedef int transport(void *context, const question *question, answer *answer);

/* The transport of these examples: a shell command, the context, that gets the CSR on its standard
 * input, and PROVKEY_ACTION and PROVKEY_HOST in its environment. It writes the body and then, on a
 * line of its own, the HTTP status, as this does:
 *
 *     curl -sS --data-binary @- -w '\n%{http_code}' "https://$PROVKEY_HOST/$PROVKEY_ACTION"
 */
transport ask_command;

#ifdef __cplusplus
}
#endif

#endif
