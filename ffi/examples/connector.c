/* A connector for firmware. Run it at every start and once a day: it enrolls, renews or does
 * nothing, and may be killed at any point.
 *
 *     connector -d FOLDER -k KEY_FILE [-m MATERIAL_FILE] [-a SECONDS] [-o CHAIN_FILE] -t COMMAND
 *
 *     -d  the folder for its identity, a file that only its owner may read
 *     -k  the provisioning key. It is read only if there is no certificate; delete it afterwards
 *     -m  a secret of this machine, which the identity is sealed to
 *     -a  renews a certificate that will be due within this many seconds
 *     -o  writes the certificate and its issuers to this file, for a TLS library
 *     -t  sends a request to the authority: see transport.h
 *
 * Exit status: 0 enrolled, 1 a person has to act, 75 try again later.
 */
#define _DEFAULT_SOURCE

#include <provkey.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "console.h"
#include "identity_file.h"
#include "transport.h"

typedef struct connector {
    const char *folder, *key_path, *material_path, *chain_path;
    char identity_path[PATH_MAX];
    transport *ask;
    void *ask_context;
    uint64_t ahead_ms;
    buffer material; /* empty: the identity is not sealed */
    provkey_fingerprint fingerprint;
    provkey_identity *identity; /* NULL: none yet */
} connector;

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The machine and its files. */

static const provkey_fingerprint *fingerprint_of(const connector *connector)
{
    return connector->material.len > 0 ? &connector->fingerprint : NULL;
}

static int read_material(connector *connector)
{
    if (connector->material_path == NULL)
        return DONE;
    if (file_read(connector->material_path, &connector->material) != 0)
        return fail_file(connector->material_path);
    provkey_error *error = NULL;
    const buffer *material = &connector->material;
    if (provkey_fingerprint_of(material->data, material->len, &connector->fingerprint, &error) != 0)
        return fail(error);
    return DONE;
}

static int load(connector *connector)
{
    return identity_load(connector->identity_path, &connector->material, &connector->identity);
}

static int save(const connector *connector)
{
    return identity_save(connector->identity_path, &connector->material, connector->identity);
}

/* Requests and answers. */

/* The length of the error code at the beginning of an answer. Nothing else of it is printed: it may
 * come from an attacker. */
static size_t reason_len(const buffer *body)
{
    size_t len = 0;
    while (len < body->len && body->data[len] != 0 &&
           strchr("abcdefghijklmnopqrstuvwxyz0123456789_", body->data[len]) != NULL)
        len++;
    return len <= 64 ? len : 0;
}

/* The authority refused the request. */
static int refused(const connector *connector, const answer *answer, const char *host, const char *key)
{
    char fingerprint[PROVKEY_FINGERPRINT_TEXT_SIZE] = "none";
    if (fingerprint_of(connector) != NULL)
        provkey_fingerprint_text(&connector->fingerprint, fingerprint, NULL);
    printf("error: Login request failed - http status(%d) key(pvk1_%s_%s…) fingerprint(%s)\n",
           answer->http_status, host, key, fingerprint);
    size_t len = reason_len(&answer->body);
    if (len > 0)
        printf("notice: The reason is %.*s\n", (int)len, (const char *)answer->body.data);
    return answer->http_status == 429 || answer->http_status >= 500 ? LATER : FAILED;
}

static int accept_answer(connector *connector, const answer *answer)
{
    provkey_accepted accepted;
    provkey_error *error = NULL;
    provkey_status status = provkey_identity_accept(connector->identity, answer->body.data,
                                                    answer->body.len, now_ms(), &accepted, &error);
    if (status != PROVKEY_STATUS_OK)
        return fail(error);
    if (accepted.clock_behind_ms > 0)
        printf("notice: The clock is behind by at least %" PRIu64 " s\n",
               accepted.clock_behind_ms / 1000);
    return save(connector);
}

/* Sends a request. The identity is saved first: if the answer is lost, the next request has the
 * same key pair and costs no use. */
static int send_request(connector *connector, const char *action, const provkey_request *request)
{
    provkey_identity_details *details = NULL;
    provkey_error *error = NULL;
    int outcome = save(connector);
    if (outcome != DONE)
        return outcome;
    if (provkey_identity_describe(connector->identity, now_ms(), &details, &error) != 0)
        return fail(error);
    bool renewing = strcmp(action, "renew") == 0;
    const char *host = renewing ? details->enrolled_host : details->asked_host;
    const char *key = renewing ? details->enrolled_key : details->asked_key;

    answer answer = {0};
    question question = {.action = action, .host = host, .csr = request->pem};
    if (connector->ask(connector->ask_context, &question, &answer) != 0) {
        printf("error: %s cannot be reached\n", host);
        outcome = LATER;
    } else if (answer.http_status != 200) {
        outcome = refused(connector, &answer, host, key);
    } else {
        outcome = accept_answer(connector, &answer);
    }
    buffer_wipe(&answer.body);
    provkey_identity_details_free(details);
    return outcome;
}

static int read_key(const connector *connector, provkey_provisioning_key **key)
{
    buffer text = {0};
    provkey_error *error = NULL;
    int outcome = DONE;
    if (connector->key_path == NULL || file_read(connector->key_path, &text) != 0)
        outcome = fail_file(connector->key_path == NULL ? "-k" : connector->key_path);
    else if (provkey_provisioning_key_read(text.data, text.len, key, &error) != PROVKEY_STATUS_OK)
        outcome = fail(error);
    buffer_wipe(&text);
    return outcome;
}

static int enroll(connector *connector)
{
    provkey_provisioning_key *key = NULL;
    provkey_request *request = NULL;
    provkey_error *error = NULL;
    notice("No valid certificate. Attempting to enroll");
    int outcome = read_key(connector, &key);
    if (outcome == DONE && connector->identity == NULL &&
        provkey_identity_generate(PROVKEY_KEY_ALGORITHM_P256, &connector->identity, &error) != 0)
        outcome = fail(error);
    if (outcome == DONE && provkey_identity_request(connector->identity, key,
                                                    fingerprint_of(connector), &request, &error) != 0)
        outcome = fail(error);
    if (outcome == DONE)
        outcome = send_request(connector, "enroll", request);
    notice(outcome == DONE ? "Enrolled" : "Certificate enrollment failed.");
    provkey_request_free(request);
    provkey_provisioning_key_free(key);
    return outcome;
}

static int renew(connector *connector)
{
    provkey_request *request = NULL;
    provkey_error *error = NULL;
    int outcome;
    notice("The certificate is due. Attempting to renew");
    if (provkey_identity_renew_request(connector->identity, 0, NULL, fingerprint_of(connector),
                                       &request, &error) != PROVKEY_STATUS_OK)
        outcome = fail(error);
    else
        outcome = send_request(connector, "renew", request);
    notice(outcome == DONE ? "Renewed" : "Certificate renewal failed.");
    provkey_request_free(request);
    return outcome;
}

/* What to do. */

/* Prints the state, and writes the certificates for the TLS library. */
static int report(const connector *connector, const provkey_identity_details *details)
{
    char day[sizeof "2026-01-31"];
    time_t end = (time_t)(details->not_after_ms / 1000);
    struct tm parts;
    strftime(day, sizeof day, "%Y-%m-%d", gmtime_r(&end, &parts));
    printf("notice: Enrolled as connector(%s) until(%s)\n", details->connector, day);
    const char *path = connector->chain_path;
    if (path != NULL && file_write(path, details->chain_pem, strlen(details->chain_pem)) != 0)
        return fail_file(path);
    return DONE;
}

static int describe(const connector *connector, uint64_t at_ms, provkey_identity_details **details)
{
    provkey_error *error = NULL;
    if (connector->identity == NULL ||
        provkey_identity_describe(connector->identity, at_ms, details, &error) == PROVKEY_STATUS_OK)
        return DONE;
    return fail(error);
}

static int check(connector *connector)
{
    provkey_identity_details *details = NULL;
    int outcome = describe(connector, now_ms() + connector->ahead_ms, &details);
    if (outcome != DONE)
        return outcome;
    if (details == NULL || details->state == PROVKEY_CERTIFICATE_STATE_NONE)
        outcome = enroll(connector);
    else if (details->state != PROVKEY_CERTIFICATE_STATE_VALID)
        outcome = renew(connector);
    provkey_identity_details_free(details);
    if (outcome != DONE)
        return outcome;
    details = NULL;
    outcome = describe(connector, now_ms(), &details);
    if (outcome == DONE)
        outcome = report(connector, details);
    provkey_identity_details_free(details);
    return outcome;
}

/* Locks the folder, so that only one connector runs. */
static int enter(connector *connector)
{
    int len = snprintf(connector->identity_path, PATH_MAX, "%s/identity", connector->folder);
    if (len >= PATH_MAX)
        errno = ENAMETOOLONG;
    else if (mkdir(connector->folder, 0700) == 0 || errno == EEXIST) {
        int folder = open(connector->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder >= 0 && flock(folder, LOCK_EX) == 0)
            return DONE;
    }
    return fail_file(connector->folder);
}

static bool read_options(connector *connector, int count, char **arguments)
{
    int option;
    while ((option = getopt(count, arguments, "d:k:m:a:o:t:")) != -1) {
        switch (option) {
        case 'd': connector->folder = optarg; break;
        case 'k': connector->key_path = optarg; break;
        case 'm': connector->material_path = optarg; break;
        case 'a': connector->ahead_ms = strtoull(optarg, NULL, 10) * 1000; break;
        case 'o': connector->chain_path = optarg; break;
        case 't': connector->ask_context = optarg; break;
        default: return false;
        }
    }
    return connector->folder != NULL && connector->ask_context != NULL;
}

int main(int count, char **arguments)
{
    connector connector = {.ask = ask_command};
    if (!read_options(&connector, count, arguments)) {
        fprintf(stderr, "usage: connector -d FOLDER -k KEY_FILE -t COMMAND [-m FILE] [-a SECONDS] "
                        "[-o FILE]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    notice("Checking enrollment");
    int outcome = enter(&connector);
    if (outcome == DONE)
        outcome = read_material(&connector);
    if (outcome == DONE)
        outcome = load(&connector);
    if (outcome == DONE)
        outcome = check(&connector);
    provkey_identity_free(connector.identity);
    buffer_wipe(&connector.material);
    return outcome;
}
