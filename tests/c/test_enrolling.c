// Enrollment, renewal, revocation and master keys, over the store in C.
#include <stdlib.h>

#include "fleet.h"
#include "table_store.h"

static provkey_store *store;
static fleet sensors;

static void begin(uint64_t max_uses)
{
    store = table_store_new();
    CHECK(store != NULL);
    sensors = fleet_new((fleet_parts){.store = store}, max_uses);
}

static void end(void)
{
    fleet_free(&sensors);
    provkey_store_free(store);
    CHECK(table_stores_alive() == 0);
}

static void an_answer_has_every_field(void)
{
    begin(1);
    asking asking = asking_with(sensors.provisioning_key);
    provkey_enrolled *enrolled = NULL;
    asking.enroll_request.address = "192.0.2.77";
    OK(provkey_authority_enroll(sensors.authority, &asking.enroll_request, &enrolled, ERR));
    CHECK_TEXT(enrolled->key, sensors.key->id);
    CHECK_TEXT(enrolled->group, sensors.group->id);
    CHECK_TEXT(enrolled->certificate, sensors.certificate->id);
    CHECK(!enrolled->replay && enrolled->chain_len == 3 && enrolled->chain[0].data[0] == 0x30);
    CHECK(enrolled->external_chain_len == 0 && enrolled->external_chain_pem == NULL);
    CHECK(strlen(enrolled->serial) >= 16 && enrolled->not_before_ms < enrolled->not_after_ms);

    provkey_connector *connector = NULL;
    OK(provkey_authority_connector(sensors.authority, enrolled->connector, &connector, ERR));
    CHECK_TEXT(connector->id, enrolled->connector);
    CHECK_TEXT(connector->address, "192.0.2.77");
    CHECK_TEXT(connector->serial, enrolled->serial);
    CHECK(connector->leaf.len == enrolled->chain[0].len && !connector->has_fingerprint);
    CHECK(connector->revoked_at_ms == 0 && connector->revocation_reason == NULL && connector->renewals == 0);
    provkey_connector_free(connector);
    provkey_enrolled_free(enrolled);

    OK(provkey_authority_enroll(sensors.authority, &asking.enroll_request, &enrolled, ERR));
    CHECK(enrolled->replay);
    provkey_enrolled_free(enrolled);
    CHECK(fleet_used(sensors.authority, sensors.key->id) == 1);
    asking_free(&asking);
    end();
}

// The text of a key may be sent beside the CSR.
static void a_key_text_is_enough(void)
{
    begin(1);
    asking asking = asking_with(sensors.provisioning_key);
    provkey_enrolled *enrolled = NULL;
    provkey_bytes *text = NULL;
    OK(provkey_authority_copy_key(sensors.authority, sensors.key->id, &text, ERR));
    asking.enroll_request.key_text = text->data;
    asking.enroll_request.key_text_len = text->len - 1;
    FAILS(PROVKEY_STATUS_KEY_INVALID,
          provkey_authority_enroll(sensors.authority, &asking.enroll_request, &enrolled, ERR));
    CHECK(enrolled == NULL && fleet_used(sensors.authority, sensors.key->id) == 0);
    asking.enroll_request.key_text_len = text->len;
    OK(provkey_authority_enroll(sensors.authority, &asking.enroll_request, &enrolled, ERR));
    provkey_enrolled_free(enrolled);
    provkey_bytes_free(text);
    asking_free(&asking);
    end();
}

static void a_fingerprint_binds_the_machine(void)
{
    begin(2);
    provkey_identity *identity = NULL;
    provkey_fingerprint fingerprint;
    provkey_request *request = NULL;
    provkey_enrolled *enrolled = NULL;
    provkey_connector *connector = NULL;
    OK(provkey_identity_generate(0, &identity, ERR));
    OK(provkey_fingerprint_of(MATERIAL, &fingerprint, ERR));
    OK(provkey_identity_request(identity, sensors.provisioning_key, &fingerprint, &request, ERR));
    provkey_enroll_request enroll_request = fleet_enroll_request(request);
    OK(provkey_authority_enroll(sensors.authority, &enroll_request, &enrolled, ERR));
    OK(provkey_authority_connector(sensors.authority, enrolled->connector, &connector, ERR));
    CHECK(connector->has_fingerprint && memcmp(&connector->fingerprint, &fingerprint, 16) == 0);
    provkey_connector_free(connector);
    provkey_enrolled_free(enrolled);
    enrolled = NULL;
    fingerprint.bytes[0] ^= 1;
    enroll_request.fingerprint = &fingerprint;
    FAILS(PROVKEY_STATUS_FINGERPRINT_MISMATCH,
          provkey_authority_enroll(sensors.authority, &enroll_request, &enrolled, ERR));
    CHECK(enrolled == NULL);
    provkey_request_free(request);
    provkey_identity_free(identity);
    end();
}

enum { MANY = 6 };

// Six requests in one call, one of them malformed, for a key with four uses.
static void many_enroll_at_once(void)
{
    begin(4);
    asking askings[MANY];
    provkey_enroll_request enroll_requests[MANY];
    provkey_enrolled *enrolled[MANY];
    provkey_status statuses[MANY];
    provkey_error *errors[MANY];
    size_t answers = 0;
    for (size_t i = 0; i < MANY; i++) {
        askings[i] = asking_with(sensors.provisioning_key);
        enroll_requests[i] = askings[i].enroll_request;
    }
    enroll_requests[2].csr_len = 9;
    // Each request has its own error.
    const char *address = enroll_requests[0].address;
    enroll_requests[0].address = "fe80::1%eth0";
    enroll_requests[1].key_text = (const uint8_t *)"";
    enroll_requests[1].key_text_len = SIZE_MAX;
    OK(provkey_authority_enroll_many(sensors.authority, enroll_requests, 3, enrolled, statuses, NULL, ERR));
    CHECK(statuses[0] == PROVKEY_STATUS_ADDRESS_INVALID && enrolled[0] == NULL);
    CHECK(statuses[1] == PROVKEY_STATUS_ARGUMENT_TOO_LARGE && enrolled[1] == NULL);
    CHECK(statuses[2] == PROVKEY_STATUS_CSR_MALFORMED && enrolled[2] == NULL);
    enroll_requests[0].address = address;
    enroll_requests[1].key_text = NULL;
    enroll_requests[1].key_text_len = 0;
    OK(provkey_authority_enroll_many(sensors.authority, enroll_requests, MANY, enrolled, statuses, errors,
                                     ERR));
    for (size_t i = 0; i < MANY; i++) {
        CHECK((statuses[i] == PROVKEY_STATUS_OK) == (enrolled[i] != NULL));
        CHECK((statuses[i] == PROVKEY_STATUS_OK) == (errors[i] == NULL));
        CHECK(errors[i] == NULL || errors[i]->status == statuses[i]);
        answers += enrolled[i] != NULL;
        provkey_enrolled_free(enrolled[i]);
        provkey_error_free(errors[i]);
    }
    CHECK(answers == 4 && statuses[2] == PROVKEY_STATUS_CSR_MALFORMED);
    CHECK(fleet_used(sensors.authority, sensors.key->id) == 4);

    // Again: the four get the same answers. `errors` may be NULL.
    OK(provkey_authority_enroll_many(sensors.authority, enroll_requests, MANY, enrolled, statuses, NULL,
                                     ERR));
    for (size_t i = 0; i < MANY; i++) {
        CHECK(enrolled[i] == NULL || enrolled[i]->replay);
        provkey_enrolled_free(enrolled[i]);
        asking_free(&askings[i]);
    }
    CHECK(fleet_used(sensors.authority, sensors.key->id) == 4);
    OK(provkey_authority_enroll_many(sensors.authority, NULL, 0, NULL, NULL, NULL, ERR));
    // `flush` moves the counts of replays from memory into the trail.
    provkey_audit_page *trail = NULL;
    provkey_audit_filter filter = {.struct_size = sizeof(filter), .action = "connector_replayed"};
    OK(provkey_authority_flush(sensors.authority, ERR));
    OK(provkey_authority_list_audit(sensors.authority, &filter, NULL, &trail, ERR));
    uint64_t replays = 0;
    for (size_t i = 0; i < trail->items_len; i++) {
        replays += trail->items[i]->count;
    }
    CHECK(replays == 4);
    provkey_audit_page_free(trail);
    end();
}

// A program with a newer header passes larger structs, whose unknown fields are 0.
static void larger_structs_of_a_newer_header_are_read(void)
{
    begin(2);
    struct newer {
        provkey_enroll_request request;
        uint64_t unknown;
    } requests[2];
    asking askings[2];
    provkey_enrolled *enrolled[2];
    provkey_status statuses[2];
    for (size_t i = 0; i < 2; i++) {
        askings[i] = asking_with(sensors.provisioning_key);
        requests[i].request = askings[i].enroll_request;
        requests[i].request.struct_size = sizeof(struct newer);
        requests[i].unknown = 0;
    }
    OK(provkey_authority_enroll_many(sensors.authority, &requests[0].request, 2, enrolled, statuses, NULL,
                                     ERR));
    for (size_t i = 0; i < 2; i++) {
        CHECK(statuses[i] == PROVKEY_STATUS_OK && enrolled[i]->chain_len == 3);
        provkey_enrolled_free(enrolled[i]);
    }
    requests[1].unknown = 1;
    FAILS(PROVKEY_STATUS_STRUCT_SIZE_INVALID,
          provkey_authority_enroll_many(sensors.authority, &requests[0].request, 2, enrolled, statuses, NULL,
                                        ERR));
    for (size_t i = 0; i < 2; i++) {
        asking_free(&askings[i]);
    }
    end();
}

static void connectors_are_listed_renewed_and_revoked(void)
{
    begin(3);
    provkey_identity *identity = fleet_connector(&sensors);
    provkey_identity_free(fleet_connector(&sensors));
    provkey_connector_page *page = NULL;
    provkey_connector *connector = NULL;
    provkey_request *request = NULL;
    provkey_enrolled *renewed = NULL;
    provkey_bytes *der = NULL;
    provkey_connector_filter filter = {.struct_size = sizeof(filter), .key = sensors.key->id, .descending = 1};
    OK(provkey_authority_list_connectors(sensors.authority, &filter, NULL, &page, ERR));
    CHECK(page->items_len == 2 && page->next == NULL);
    provkey_connector_free((provkey_connector *)(uintptr_t)page->items[1]);
    OK(provkey_authority_connector(sensors.authority, page->items[1]->id, &connector, ERR));
    provkey_connector_page_free(page);
    filter = (provkey_connector_filter){.struct_size = sizeof(filter), .group = sensors.group->id};
    filter.since_ms = now_ms() + 100000;
    OK(provkey_authority_list_connectors(sensors.authority, &filter, NULL, &page, ERR));
    CHECK(page->items_len == 0);
    provkey_connector_page_free(page);
    filter.certificate = "none";
    FAILS(PROVKEY_STATUS_CERTIFICATE_NOT_FOUND,
          provkey_authority_list_connectors(sensors.authority, &filter, NULL, &page, ERR));

    // Over mutual TLS the application vouches for the certificate.
    OK(provkey_identity_certificate(identity, &der, ERR));
    OK(provkey_identity_renew_request(identity, 0, NULL, NULL, &request, ERR));
    const provkey_renew_request renew_request = {
        .struct_size = sizeof(renew_request),
        .csr = request->der.data,
        .csr_len = request->der.len,
        .client_certificate = der->data,
        .client_certificate_len = der->len,
        .address = "2001:db8::7",
    };
    OK(provkey_authority_renew(sensors.authority, &renew_request, &renewed, ERR));
    provkey_enrolled_free(renewed);
    OK(provkey_authority_revoke_connector(sensors.authority, connector->id, NULL, ERR));
    provkey_connector *revoked = NULL;
    OK(provkey_authority_connector(sensors.authority, connector->id, &revoked, ERR));
    CHECK(revoked->revoked_at_ms > 0);
    CHECK_TEXT(revoked->revocation_reason, "unspecified");
    provkey_connector_free(revoked);
    provkey_connector_free(connector);
    provkey_bytes_free(der);
    provkey_request_free(request);
    provkey_identity_free(identity);
    end();
}

static void a_compromised_key_revokes_its_connectors(void)
{
    begin(3);
    provkey_compromised compromised = {0};
    provkey_pruned pruned = {0};
    provkey_identity_free(fleet_connector(&sensors));
    provkey_identity_free(fleet_connector(&sensors));
    OK(provkey_authority_compromise_key(sensors.authority, sensors.key->id, 0, 1, &compromised, ERR));
    CHECK(compromised.connectors == 2 && compromised.revoked == 2);
    OK(provkey_authority_compromise_key(sensors.authority, sensors.key->id, 0, 0, &compromised, ERR));
    CHECK(compromised.revoked == 2);
    provkey_key_details *details = NULL;
    OK(provkey_authority_key(sensors.authority, sensors.key->id, &details, ERR));
    CHECK(details->state == PROVKEY_KEY_STATE_COMPROMISED && details->compromised_at_ms != 0);
    CHECK(!details->copyable);
    provkey_key_details_free(details);
    OK(provkey_authority_prune(sensors.authority, now_ms() + 1000, 0, &pruned, ERR));
    CHECK(pruned.audit_records > 5 && pruned.enrollments == 0 && pruned.revocations == 0);
    end();
}

static void the_master_key_is_rotated(void)
{
    begin(3);
    provkey_keyring *rotated = NULL;
    provkey_keyring *without = NULL;
    provkey_keyring *read = NULL;
    provkey_bytes *text = NULL;
    provkey_key_details *key = NULL;
    uint32_t slot = 9;
    OK(provkey_authority_master_slot(sensors.authority, &slot, ERR));
    CHECK(slot == 0);
    OK(provkey_keyring_rotated(sensors.keyring, NULL, &rotated, ERR));
    OK(provkey_keyring_current_slot(rotated, &slot, ERR));
    CHECK(slot == 1);
    provkey_authority *other = fleet_reopen((fleet_parts){.store = store}, sensors.keyring);
    OK(provkey_authority_rotate_master(sensors.authority, rotated, ERR));
    uint32_t missing = 9;
    OK(provkey_authority_missing_masters(other, &missing, ERR));
    CHECK(missing == 1u << 1);
    FAILS(PROVKEY_STATUS_MASTER_KEY_MISSING, provkey_authority_replace_keyring(other, sensors.keyring, ERR));
    OK(provkey_authority_replace_keyring(other, rotated, ERR));
    OK(provkey_authority_missing_masters(other, &missing, ERR));
    CHECK(missing == 0);
    provkey_authority_free(other);
    OK(provkey_authority_master_slot(sensors.authority, &slot, ERR));
    CHECK(slot == 1);
    // Keys of both master keys enroll.
    provkey_identity_free(fleet_connector(&sensors));
    key = fleet_key(&sensors, "Second", 1);
    provkey_provisioning_key_free(fleet_provisioning_key(sensors.authority, key->id));
    FAILS(PROVKEY_STATUS_MASTER_SLOT_EMPTY, provkey_authority_remove_master(sensors.authority, 32, ERR));
    OK(provkey_authority_delete_key(sensors.authority, sensors.key->id, ERR));
    OK(provkey_authority_remove_master(sensors.authority, 0, ERR));
    OK(provkey_keyring_without(rotated, 0, &without, ERR));

    OK(provkey_keyring_text(without, &text, ERR));
    CHECK(text->len == 2 + 65 && text->data[0] == '-');
    OK(provkey_keyring_read(text->data, text->len, &read, ERR));
    provkey_authority_free(sensors.authority);
    sensors.authority = fleet_reopen((fleet_parts){.store = store}, read);
    provkey_bytes_free(text);
    provkey_key_details_free(key);
    provkey_keyring_free(read);
    provkey_keyring_free(without);
    provkey_keyring_free(rotated);
    end();
}

int main(void)
{
    RUN(an_answer_has_every_field);
    RUN(a_key_text_is_enough);
    RUN(a_fingerprint_binds_the_machine);
    RUN(many_enroll_at_once);
    RUN(larger_structs_of_a_newer_header_are_read);
    RUN(connectors_are_listed_renewed_and_revoked);
    RUN(a_compromised_key_revokes_its_connectors);
    RUN(the_master_key_is_rotated);
    return check_done();
}
