#include "fleet.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ms(void)
{
    struct timespec now;
    CHECK(timespec_get(&now, TIME_UTC) == TIME_UTC);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static provkey_environment environment_of(fleet_parts parts)
{
    return (provkey_environment){
        .struct_size = sizeof(provkey_environment),
        .store = parts.store,
        .clock = parts.clock,
        .random = parts.random,
        .observer = parts.observer,
    };
}

fleet fleet_new(fleet_parts parts, uint64_t max_uses)
{
    fleet made = {0};
    const provkey_environment environment = environment_of(parts);
    const provkey_new_authority new_authority = {
        .struct_size = sizeof(new_authority),
        .host = "api.example.com:8443",
    };
    const provkey_new_certificate new_certificate = {
        .struct_size = sizeof(new_certificate),
        .name = "Devices",
    };
    OK(provkey_keyring_generate(NULL, &made.keyring, ERR));
    OK(provkey_authority_create(&environment, made.keyring, &new_authority, &made.authority, ERR));
    OK(provkey_authority_create_group(made.authority, "Sensors", &made.group, ERR));
    OK(provkey_authority_create_certificate(made.authority, &new_certificate, &made.certificate, ERR));
    made.key = fleet_key(&made, "Roof", max_uses);
    made.provisioning_key = fleet_provisioning_key(made.authority, made.key->id);
    return made;
}

fleet fleet_in_memory(uint64_t max_uses)
{
    provkey_store *store = NULL;
    OK(provkey_store_memory(&store, ERR));
    fleet made = fleet_new((fleet_parts){.store = store}, max_uses);
    provkey_store_free(store);
    return made;
}

void fleet_free(fleet *fleet)
{
    provkey_provisioning_key_free(fleet->provisioning_key);
    provkey_key_details_free(fleet->key);
    provkey_enrollment_certificate_free(fleet->certificate);
    provkey_connector_group_free(fleet->group);
    provkey_authority_free(fleet->authority);
    provkey_keyring_free(fleet->keyring);
}

provkey_authority *fleet_reopen(fleet_parts parts, const provkey_keyring *keyring)
{
    const provkey_environment environment = environment_of(parts);
    provkey_authority *authority = NULL;
    OK(provkey_authority_open(&environment, keyring, &authority, ERR));
    return authority;
}

provkey_key_details *fleet_key(const fleet *fleet, const char *name, uint64_t max_uses)
{
    provkey_key_details *key = NULL;
    const provkey_new_key new_key = {
        .struct_size = sizeof(new_key),
        .name = name,
        .group = fleet->group->id,
        .certificate = fleet->certificate->id,
        .max_uses = max_uses,
    };
    OK(provkey_authority_create_key(fleet->authority, &new_key, &key, ERR));
    return key;
}

provkey_provisioning_key *fleet_provisioning_key(const provkey_authority *authority, const char *id)
{
    provkey_bytes *text = NULL;
    provkey_provisioning_key *key = NULL;
    OK(provkey_authority_copy_key(authority, id, &text, ERR));
    OK(provkey_provisioning_key_read(text->data, text->len, &key, ERR));
    provkey_bytes_free(text);
    return key;
}

uint64_t fleet_used(const provkey_authority *authority, const char *id)
{
    provkey_key_details *key = NULL;
    OK(provkey_authority_key(authority, id, &key, ERR));
    const uint64_t used = key->used;
    provkey_key_details_free(key);
    return used;
}

provkey_request *fleet_request(provkey_identity *identity, const provkey_provisioning_key *key)
{
    provkey_request *request = NULL;
    OK(provkey_identity_request(identity, key, NULL, &request, ERR));
    return request;
}

provkey_enroll_request fleet_enroll_request(const provkey_request *request)
{
    return (provkey_enroll_request){
        .struct_size = sizeof(provkey_enroll_request),
        .csr = request->der.data,
        .csr_len = request->der.len,
    };
}

asking asking_with(const provkey_provisioning_key *key)
{
    asking made = {0};
    // These key pairs are made fastest.
    OK(provkey_identity_generate(PROVKEY_KEY_ALGORITHM_ED25519, &made.identity, ERR));
    made.request = fleet_request(made.identity, key);
    made.enroll_request = fleet_enroll_request(made.request);
    return made;
}

void asking_free(asking *asking)
{
    provkey_request_free(asking->request);
    provkey_identity_free(asking->identity);
}

static void accept_answer(provkey_identity *identity, const provkey_enrolled *enrolled)
{
    const char *pem = enrolled->chain_pem;
    OK(provkey_identity_accept(identity, (const uint8_t *)pem, strlen(pem), now_ms(), NULL, ERR));
}

void fleet_enroll(const provkey_authority *authority, const provkey_provisioning_key *key,
                  provkey_identity *identity)
{
    provkey_request *request = fleet_request(identity, key);
    const provkey_enroll_request enroll_request = fleet_enroll_request(request);
    provkey_enrolled *enrolled = NULL;
    OK(provkey_authority_enroll(authority, &enroll_request, &enrolled, ERR));
    accept_answer(identity, enrolled);
    provkey_enrolled_free(enrolled);
    provkey_request_free(request);
}

void fleet_renew(const provkey_authority *authority, provkey_identity *identity)
{
    provkey_request *request = NULL;
    provkey_enrolled *renewed = NULL;
    OK(provkey_identity_renew_request(identity, 0, NULL, NULL, &request, ERR));
    const provkey_renew_request renew_request = {
        .struct_size = sizeof(renew_request),
        .csr = request->der.data,
        .csr_len = request->der.len,
    };
    OK(provkey_authority_renew(authority, &renew_request, &renewed, ERR));
    accept_answer(identity, renewed);
    provkey_enrolled_free(renewed);
    provkey_request_free(request);
}

provkey_identity *fleet_connector(const fleet *fleet)
{
    provkey_identity *identity = NULL;
    OK(provkey_identity_generate(PROVKEY_KEY_ALGORITHM_P256, &identity, ERR));
    fleet_enroll(fleet->authority, fleet->provisioning_key, identity);
    return identity;
}

void remove_sqlite(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char name[128];
        snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        unlink(name);
    }
}
