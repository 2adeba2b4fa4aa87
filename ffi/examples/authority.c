/* An authority in C, with its records in a SQLite file.
 *
 *     authority FOLDER init HOST
 *     authority FOLDER key NAME MAX_USES FILE
 *     authority FOLDER enroll|renew    the CSR on standard input, the answer on standard output
 *     authority FOLDER list
 *
 * An answer is a body, then the HTTP status on a line of its own, as transport.h describes. So a
 * connector can run this program itself, and a web server can run it from a CGI script of three
 * lines.
 */
#define _DEFAULT_SOURCE

#include <provkey.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

typedef struct application {
    const char *folder;
    provkey_store *store;
    provkey_keyring *keyring;
    provkey_authority *authority;
} application;

static int fail(provkey_error *error)
{
    if (error != NULL)
        fprintf(stderr, "error: %s: %s\n", error->code, error->message);
    provkey_error_free(error);
    return 1;
}

static int fail_file(const char *path)
{
    fprintf(stderr, "error: %s: %s\n", path, strerror(errno));
    return 1;
}

static const char *path_of(const application *application, const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", application->folder, name);
    return path;
}

/* Opening. Here the master key is a file beside the store; a real application keeps them apart. */

static provkey_environment environment_of(const application *application)
{
    provkey_environment environment = {.struct_size = sizeof environment, .store = application->store};
    return environment;
}

static int open_store(application *application)
{
    const char *path = path_of(application, "authority.db");
    provkey_error *error = NULL;
    if (access(path, F_OK) == 0)
        provkey_store_sqlite_open(path, &application->store, &error);
    else
        provkey_store_sqlite_create(path, &application->store, &error);
    return application->store != NULL ? 0 : fail(error);
}

static int open_authority(application *application)
{
    buffer text = {0};
    provkey_error *error = NULL;
    const char *path = path_of(application, "master.key");
    int outcome = 0;
    if (file_read(path, &text) != 0)
        outcome = fail_file(path);
    else if (provkey_keyring_read(text.data, text.len, &application->keyring, &error) != PROVKEY_STATUS_OK)
        outcome = fail(error);
    buffer_wipe(&text);
    if (outcome != 0)
        return outcome;
    provkey_environment environment = environment_of(application);
    if (provkey_authority_open(&environment, application->keyring, &application->authority, &error) != 0)
        return fail(error);
    return 0;
}

/* init */

/* Makes the master key and saves it before anything is derived from it. */
static int make_keyring(application *application)
{
    provkey_bytes *text = NULL;
    provkey_error *error = NULL;
    const char *path = path_of(application, "master.key");
    int outcome = 0;
    if (provkey_keyring_generate(NULL, &application->keyring, &error) != PROVKEY_STATUS_OK ||
        provkey_keyring_text(application->keyring, &text, &error) != PROVKEY_STATUS_OK)
        outcome = fail(error);
    else if (file_write(path, text->data, text->len) != 0)
        outcome = fail_file(path);
    provkey_bytes_free(text);
    return outcome;
}

/* Whether there is a master key, which must not be overwritten. */
static bool has_keyring(const application *application)
{
    errno = EEXIST;
    return access(path_of(application, "master.key"), F_OK) == 0;
}

static int init(application *application, const char *name)
{
    provkey_error *error = NULL;
    provkey_connector_group *group = NULL;
    provkey_enrollment_certificate *certificate = NULL;
    if (has_keyring(application))
        return fail_file(path_of(application, "master.key"));
    if (make_keyring(application) != 0)
        return 1;
    provkey_environment environment = environment_of(application);
    provkey_new_authority new_authority = {.struct_size = sizeof new_authority, .host = name};
    provkey_new_certificate new_certificate = {.struct_size = sizeof new_certificate,
                                               .name = "Connectors"};
    bool made = provkey_authority_create(&environment, application->keyring, &new_authority,
                                         &application->authority, &error) == 0 &&
                provkey_authority_create_group(application->authority, "Fleet", &group, &error) == 0 &&
                provkey_authority_create_certificate(application->authority, &new_certificate,
                                                     &certificate, &error) == 0;
    provkey_connector_group_free(group);
    provkey_enrollment_certificate_free(certificate);
    return made ? 0 : fail(error);
}

/* key */

/* Writes the text of a key to a file that only its owner may read. */
static int write_key(const application *application, const char *id, const char *path)
{
    provkey_bytes *text = NULL;
    provkey_error *error = NULL;
    if (provkey_authority_copy_key(application->authority, id, &text, &error) != PROVKEY_STATUS_OK)
        return fail(error);
    int outcome = file_write(path, text->data, text->len) == 0 ? 0 : fail_file(path);
    provkey_bytes_free(text);
    return outcome;
}

static int make_key(application *application, const char *name, const char *max_uses, const char *path)
{
    provkey_error *error = NULL;
    provkey_connector_group *group = NULL;
    provkey_enrollment_certificate *certificate = NULL;
    provkey_key_details *key = NULL;
    int outcome = open_authority(application);
    if (outcome != 0)
        return outcome;
    const provkey_authority *authority = application->authority;
    if (provkey_authority_find_group(authority, "Fleet", &group, &error) == 0 &&
        provkey_authority_find_certificate(authority, "Connectors", &certificate, &error) == 0) {
        provkey_new_key new_key = {
            .struct_size = sizeof new_key,
            .name = name,
            .group = group->id,
            .certificate = certificate->id,
            .max_uses = strtoull(max_uses, NULL, 10),
        };
        provkey_authority_create_key(authority, &new_key, &key, &error);
    }
    outcome = key != NULL ? write_key(application, key->id, path) : fail(error);
    provkey_connector_group_free(group);
    provkey_enrollment_certificate_free(certificate);
    provkey_key_details_free(key);
    return outcome;
}

/* enroll, renew */

/* The HTTP status for an error. */
static int http_status(const provkey_error *error)
{
    if (error->retryable || error->outcome_unknown)
        return 503;
    if (error->status >= PROVKEY_STATUS_CSR_ALGORITHM_MISMATCH && error->status < 400)
        return 400;
    return error->status >= 100 && error->status < 300 ? 401 : 500;
}

static int answer(application *application, bool renewing)
{
    buffer csr = {0};
    provkey_error *error = NULL;
    provkey_enrolled *enrolled = NULL;
    if (open_authority(application) != 0 || read_all(STDIN_FILENO, &csr, FILE_BYTES_MAX) != 0)
        return 1;
    const char *address = getenv("REMOTE_ADDR");
    if (renewing) {
        provkey_renew_request request = {.struct_size = sizeof request, .address = address};
        request.csr = csr.data;
        request.csr_len = csr.len;
        provkey_authority_renew(application->authority, &request, &enrolled, &error);
    } else {
        provkey_enroll_request request = {.struct_size = sizeof request, .address = address};
        request.csr = csr.data;
        request.csr_len = csr.len;
        provkey_authority_enroll(application->authority, &request, &enrolled, &error);
    }
    if (enrolled != NULL)
        printf("%s\n200\n", enrolled->chain_pem);
    else
        printf("%s\n%d\n", error != NULL ? error->code : "", error != NULL ? http_status(error) : 503);
    /* The process ends: the counts of refusals in memory are stored now or lost. */
    provkey_authority_flush(application->authority, NULL);
    buffer_wipe(&csr);
    provkey_enrolled_free(enrolled);
    provkey_error_free(error);
    return 0;
}

/* list */

static void print_page(const provkey_key_page *page)
{
    for (size_t at = 0; at < page->items_len; at++) {
        const provkey_key_details *key = page->items[at];
        printf("%s  %" PRIu64 "/%" PRIu64 "  %s\n", key->id, key->used, key->max_uses, key->name);
    }
}

static int list(application *application)
{
    provkey_error *error = NULL;
    provkey_key_page *page = NULL;
    provkey_page_request wanted = {.struct_size = sizeof wanted};
    if (open_authority(application) != 0)
        return 1;
    do {
        provkey_key_page *next = NULL;
        if (page != NULL)
            wanted.after = page->next;
        provkey_authority_list_keys(application->authority, NULL, &wanted, &next, &error);
        provkey_key_page_free(page);
        page = next;
        if (page != NULL)
            print_page(page);
    } while (page != NULL && page->next != NULL);
    provkey_key_page_free(page);
    return error == NULL ? 0 : fail(error);
}

static int run(application *application, int count, char **arguments)
{
    const char *verb = count > 0 ? arguments[0] : "";
    if (strcmp(verb, "init") == 0 && count == 2)
        return init(application, arguments[1]);
    if (strcmp(verb, "key") == 0 && count == 4)
        return make_key(application, arguments[1], arguments[2], arguments[3]);
    if ((strcmp(verb, "enroll") == 0 || strcmp(verb, "renew") == 0) && count == 1)
        return answer(application, strcmp(verb, "renew") == 0);
    if (strcmp(verb, "list") == 0 && count == 1)
        return list(application);
    fprintf(stderr, "usage: authority FOLDER init HOST | key NAME MAX_USES FILE | enroll | renew | "
                    "list\n");
    return 2;
}

int main(int count, char **arguments)
{
    application application = {.folder = count > 1 ? arguments[1] : "."};
    mkdir(application.folder, 0700); /* if it fails, so does opening the store */
    int outcome = open_store(&application);
    if (outcome == 0)
        outcome = run(&application, count - 2, arguments + 2);
    provkey_authority_free(application.authority);
    provkey_keyring_free(application.keyring);
    provkey_store_free(application.store);
    return outcome;
}
