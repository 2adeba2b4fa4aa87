// The work of operators: hosts, groups, keys, pages, the audit trail, admin tokens.
#include <stdio.h>

#include "fleet.h"

#define PAGE(limit_, after_)                                                                               \
    (&(provkey_page_request){.struct_size = sizeof(provkey_page_request), .limit = (limit_), .after = (after_)})

static provkey_store *store;
static fleet sensors;

// A clock that never returns the same moment twice, so that the order of creation is certain.
static uint64_t ticking(void *user_data)
{
    (void)user_data;
    static uint64_t ticks;
    return now_ms() + ticks++;
}

static void begin(uint64_t max_uses)
{
    const provkey_clock_callbacks callbacks = {.struct_size = sizeof(callbacks), .now_ms = ticking};
    provkey_clock *clock = NULL;
    OK(provkey_clock_new(&callbacks, &clock, ERR));
    OK(provkey_store_memory(&store, ERR));
    sensors = fleet_new((fleet_parts){.store = store, .clock = clock}, max_uses);
    provkey_clock_free(clock);
}

static void end(void)
{
    fleet_free(&sensors);
    provkey_store_free(store);
}

static void an_authority_is_described(void)
{
    begin(1);
    provkey_authority_details *details = NULL;
    bool exists = false;
    OK(provkey_authority_add_host(sensors.authority, "10.0.0.1", ERR));
    OK(provkey_authority_describe(sensors.authority, &details, ERR));
    CHECK(details->hosts_len == 2);
    CHECK_TEXT(details->hosts[0], "api.example.com:8443");
    CHECK_TEXT(details->hosts[1], "10.0.0.1");
    CHECK_TEXT(details->trust_domain, "api.example.com");
    CHECK(strstr(details->root_pem, "BEGIN CERTIFICATE") != NULL && details->root_not_after_ms > now_ms());
    CHECK(details->id[0] != '\0' && details->header.size == sizeof(*details));
    provkey_authority_details_free(details);
    OK(provkey_authority_exists(store, &exists, ERR));
    CHECK(exists);
    end();
}

static void an_authority_is_created_once_and_opened_with_its_keyring(void)
{
    begin(1);
    provkey_keyring *other = NULL;
    provkey_authority *authority = NULL;
    const provkey_environment environment = {.struct_size = sizeof(environment), .store = store};
    provkey_new_authority new_authority = {.struct_size = sizeof(new_authority), .host = "other.example"};
    OK(provkey_keyring_generate(NULL, &other, ERR));
    FAILS(PROVKEY_STATUS_AUTHORITY_EXISTS,
          provkey_authority_create(&environment, sensors.keyring, &new_authority, &authority, ERR));
    FAILS(PROVKEY_STATUS_MASTER_KEY_WRONG,
          provkey_authority_open(&environment, other, &authority, ERR));
    OK(provkey_authority_open(&environment, sensors.keyring, &authority, ERR));
    provkey_authority_free(authority);
    end();

    bool exists = true;
    OK(provkey_store_memory(&store, ERR));
    OK(provkey_authority_exists(store, &exists, ERR));
    CHECK(!exists);
    const provkey_environment empty = {.struct_size = sizeof(empty), .store = store};
    FAILS(PROVKEY_STATUS_AUTHORITY_MISSING, provkey_authority_open(&empty, other, &authority, ERR));
    new_authority.algorithm = PROVKEY_KEY_ALGORITHM_ED25519;
    new_authority.host = "[2001:db8::1]";
    new_authority.trust_domain = "devices.example";
    OK(provkey_authority_create(&empty, other, &new_authority, &authority, ERR));
    provkey_authority_free(authority);
    provkey_keyring_free(other);
    provkey_store_free(store);
}

static void groups_are_created_found_and_deleted(void)
{
    begin(1);
    provkey_connector_group *group = NULL;
    provkey_connector_group *found = NULL;
    OK(provkey_authority_create_group(sensors.authority, "Pumps", &group, ERR));
    CHECK_TEXT(group->name, "Pumps");
    CHECK(group->keys == 0 && group->created_at_ms > 0);
    OK(provkey_authority_group(sensors.authority, group->id, &found, ERR));
    CHECK_TEXT(found->name, "Pumps");
    provkey_connector_group_free(found);
    OK(provkey_authority_find_group(sensors.authority, "pumps", &found, ERR));
    CHECK_TEXT(found->id, group->id);
    provkey_connector_group_free(found);
    OK(provkey_authority_delete_group(sensors.authority, group->id, ERR));
    found = NULL;
    FAILS(PROVKEY_STATUS_GROUP_NOT_FOUND,
          provkey_authority_group(sensors.authority, group->id, &found, ERR));
    CHECK(found == NULL);
    provkey_connector_group_free(group);
    end();
}

static void pages_follow_each_other_and_own_their_items(void)
{
    begin(1);
    provkey_connector_group_page *page = NULL;
    char after[256] = "";
    char name[32];
    size_t seen = 0;
    for (int i = 0; i < 9; i++) {
        provkey_connector_group *group = NULL;
        snprintf(name, sizeof(name), "group %d", i);
        OK(provkey_authority_create_group(sensors.authority, name, &group, ERR));
        provkey_connector_group_free(group);
    }
    do {
        const char *from = after[0] == '\0' ? NULL : after;
        OK(provkey_authority_list_groups(sensors.authority, PAGE(4, from), &page, ERR));
        CHECK(page->items_len <= 4);
        for (size_t i = 0; i < page->items_len; i++, seen++) {
            // Freeing an item of a page does nothing.
            provkey_connector_group_free((provkey_connector_group *)(uintptr_t)page->items[i]);
            CHECK(page->items[i]->name[0] != '\0');
        }
        after[0] = '\0';
        if (page->next != NULL) {
            CHECK(strlen(page->next) < sizeof(after));
            strcpy(after, page->next);
        }
        provkey_connector_group_page_free(page);
    } while (after[0] != '\0');
    CHECK(seen == 10);
    FAILS(PROVKEY_STATUS_CURSOR_INVALID,
          provkey_authority_list_groups(sensors.authority, PAGE(4, "nowhere"), &page, ERR));
    end();
}

static void a_key_has_the_fields_that_it_was_created_with(void)
{
    begin(1);
    const char *const ranges[] = {"192.0.2.0/24", "2001:db8::/32"};
    provkey_key_details *key = NULL;
    const provkey_new_key new_key = {
        .struct_size = sizeof(new_key),
        .name = "Cellar",
        .group = sensors.group->id,
        .certificate = sensors.certificate->id,
        .max_uses = 7,
        .host = "api.example.com:8443",
        .expires_at_ms = now_ms() + 1000000,
        .allowed_addresses = ranges,
        .allowed_addresses_len = 2,
        .disabled = 1,
        .proof_only = 1,
    };
    OK(provkey_authority_create_key(sensors.authority, &new_key, &key, ERR));
    CHECK_TEXT(key->name, "Cellar");
    CHECK_TEXT(key->host, "api.example.com:8443");
    CHECK_TEXT(key->group, sensors.group->id);
    CHECK_TEXT(key->group_name, "Sensors");
    CHECK_TEXT(key->certificate, sensors.certificate->id);
    CHECK_TEXT(key->certificate_name, "Devices");
    CHECK(key->max_uses == 7 && key->used == 0 && key->last_used_at_ms == 0);
    CHECK(key->expires_at_ms == new_key.expires_at_ms && key->allowed_addresses_len == 2);
    CHECK_TEXT(key->allowed_addresses[1], "2001:db8::/32");
    CHECK(key->state == PROVKEY_KEY_STATE_DISABLED && !key->enabled && key->proof_only && key->copyable);
    provkey_key_details_free(key);

    end();
}

static void a_key_is_found_edited_and_deleted(void)
{
    begin(1);
    provkey_key_details *key = NULL;
    provkey_key_update update = {
        .struct_size = sizeof(update),
        .fields = PROVKEY_KEY_FIELDS_NAME | PROVKEY_KEY_FIELDS_MAX_USES | PROVKEY_KEY_FIELDS_PROOF_ONLY,
        .name = "Roof 2",
        .max_uses = 5,
        .proof_only = 1,
        .version = sensors.key->version,
    };
    OK(provkey_authority_update_key(sensors.authority, sensors.key->id, &update, &key, ERR));
    CHECK(key->max_uses == 5 && key->proof_only && key->enabled && key->version != sensors.key->version);
    provkey_key_details_free(key);
    FAILS(PROVKEY_STATUS_EDIT_CONFLICT,
          provkey_authority_update_key(sensors.authority, sensors.key->id, &update, NULL, ERR));
    update = (provkey_key_update){.struct_size = sizeof(update), .fields = 128};
    FAILS(PROVKEY_STATUS_VALUE_UNKNOWN,
          provkey_authority_update_key(sensors.authority, sensors.key->id, &update, NULL, ERR));
    update.fields = PROVKEY_KEY_FIELDS_ENABLED | PROVKEY_KEY_FIELDS_EXPIRES_AT |
                    PROVKEY_KEY_FIELDS_ALLOWED_ADDRESSES | PROVKEY_KEY_FIELDS_CERTIFICATE;
    update.certificate = sensors.certificate->id;
    OK(provkey_authority_update_key(sensors.authority, sensors.key->id, &update, NULL, ERR));
    OK(provkey_authority_find_key(sensors.authority, "roof 2", &key, ERR));
    CHECK_TEXT(key->id, sensors.key->id);
    CHECK(!key->enabled && key->state == PROVKEY_KEY_STATE_DISABLED);
    provkey_key_details_free(key);

    OK(provkey_authority_delete_key(sensors.authority, sensors.key->id, ERR));
    FAILS(PROVKEY_STATUS_KEY_DELETED, provkey_authority_key(sensors.authority, sensors.key->id, &key, ERR));
    end();
}

// Compares the names of the keys that a filter selects.
static void check_keys(const provkey_key_filter *filter, const char *expected)
{
    char names[256] = "";
    provkey_key_page *page = NULL;
    OK(provkey_authority_list_keys(sensors.authority, filter, NULL, &page, ERR));
    for (size_t i = 0; i < page->items_len; i++) {
        provkey_key_details_free((provkey_key_details *)(uintptr_t)page->items[i]);
        strcat(strcat(names, page->items[i]->name), ";");
    }
    CHECK_TEXT(names, expected);
    CHECK(page->next == NULL);
    provkey_key_page_free(page);
}

static void keys_are_filtered_and_sorted(void)
{
    begin(1);
    provkey_key_page *page = NULL;
    provkey_key_filter filter = {.struct_size = sizeof(filter)};
    provkey_key_details_free(fleet_key(&sensors, "Barn", 2));
    provkey_key_details_free(fleet_key(&sensors, "Rooftop", 2));
    check_keys(NULL, "Barn;Roof;Rooftop;");
    filter.name_contains = "ROOF";
    check_keys(&filter, "Roof;Rooftop;");
    filter.descending = 1;
    check_keys(&filter, "Rooftop;Roof;");
    filter = (provkey_key_filter){.struct_size = sizeof(filter), .order = PROVKEY_KEY_ORDER_CREATED};
    check_keys(&filter, "Roof;Barn;Rooftop;");
    provkey_identity_free(fleet_connector(&sensors));
    filter.state = PROVKEY_KEY_STATE_EXHAUSTED;
    check_keys(&filter, "Roof;");
    filter.state = PROVKEY_KEY_STATE_USABLE;
    filter.group = sensors.group->id;
    filter.certificate = sensors.certificate->id;
    check_keys(&filter, "Barn;Rooftop;");
    filter.state = PROVKEY_KEY_STATE_EXPIRED;
    check_keys(&filter, "");
    filter = (provkey_key_filter){.struct_size = sizeof(filter), .unused = 1};
    check_keys(&filter, "Barn;Rooftop;");
    filter = (provkey_key_filter){.struct_size = sizeof(filter), .used_max = 1};
    check_keys(&filter, "Barn;Roof;Rooftop;");
    filter = (provkey_key_filter){.struct_size = sizeof(filter), .used_min = 1};
    check_keys(&filter, "Roof;");
    filter = (provkey_key_filter){.struct_size = sizeof(filter), .max_uses_min = 2};
    check_keys(&filter, "Barn;Rooftop;");
    filter = (provkey_key_filter){.struct_size = sizeof(filter), .max_uses_max = 1};
    check_keys(&filter, "Roof;");
    filter = (provkey_key_filter){.struct_size = sizeof(filter), .id_contains = sensors.key->id};
    check_keys(&filter, "Roof;");
    filter = (provkey_key_filter){.struct_size = sizeof(filter), .last_used_since_ms = 1};
    check_keys(&filter, "Roof;");
    filter = (provkey_key_filter){.struct_size = sizeof(filter), .last_used_before_ms = 1};
    check_keys(&filter, "Barn;Rooftop;");
    filter = (provkey_key_filter){.struct_size = sizeof(filter), .order = 2};
    FAILS(PROVKEY_STATUS_VALUE_UNKNOWN,
          provkey_authority_list_keys(sensors.authority, &filter, NULL, &page, ERR));
    end();
}

static void a_key_is_copied_and_downloaded(void)
{
    begin(1);
    provkey_bytes *text = NULL;
    provkey_bytes *name = NULL;
    provkey_bytes *contents = NULL;
    OK(provkey_authority_copy_key(sensors.authority, sensors.key->id, &text, ERR));
    OK(provkey_authority_download_key(sensors.authority, sensors.key->id, &name, &contents, ERR));
    CHECK(strncmp((const char *)contents->data, (const char *)text->data, text->len) == 0);
    CHECK(strchr((const char *)name->data, '/') == NULL && name->len > 4);
    provkey_bytes_free(text);
    provkey_bytes_free(name);
    provkey_bytes_free(contents);
    end();
}

static void the_audit_trail_names_the_actor(void)
{
    begin(1);
    provkey_authority *acting = NULL;
    provkey_audit_page *page = NULL;
    provkey_bytes *text = NULL;
    provkey_admin_token *token = NULL;
    provkey_bytes *token_text = NULL;
    OK(provkey_authority_create_token(
        sensors.authority, "ci", PROVKEY_ADMIN_ROLE_ADMIN, 0, &token, &token_text, ERR));
    const provkey_actor alice = {
        .struct_size = sizeof(alice), .name = "Alice", .admin_token = token->id, .address = "192.0.2.9"};
    OK(provkey_authority_acting_for(sensors.authority, &alice, &acting, ERR));
    OK(provkey_authority_record_sign_in(acting, ERR));
    OK(provkey_authority_record_sign_out(acting, ERR));
    OK(provkey_authority_copy_key(acting, sensors.key->id, &text, ERR));
    provkey_bytes_free(text);
    provkey_authority_free(acting);
    provkey_audit_filter filter = {
        .struct_size = sizeof(filter),
        .key = sensors.key->id,
        .latest_first = 1,
    };
    OK(provkey_authority_list_audit(sensors.authority, &filter, PAGE(1, NULL), &page, ERR));
    CHECK(page->items_len == 1 && page->next != NULL);
    CHECK_TEXT(page->items[0]->action, "key_copied");
    CHECK_TEXT(page->items[0]->actor, "Alice");
    CHECK_TEXT(page->items[0]->admin_token, token->id);
    CHECK_TEXT(page->items[0]->address, "192.0.2.9");
    CHECK(page->items[0]->last_at_ms == 0);
    provkey_bytes_free(token_text);
    provkey_admin_token_free(token);
    CHECK_TEXT(page->items[0]->key, sensors.key->id);
    CHECK(page->items[0]->at_ms >= filter.since_ms && page->items[0]->connector == NULL);
    provkey_audit_page_free(page);
    filter.action = "key_created";
    OK(provkey_authority_list_audit(sensors.authority, &filter, NULL, &page, ERR));
    CHECK(page->items_len == 1 && page->next == NULL);
    provkey_audit_page_free(page);
    filter.action = "juggled";
    FAILS(PROVKEY_STATUS_VALUE_UNKNOWN,
          provkey_authority_list_audit(sensors.authority, &filter, NULL, &page, ERR));
    OK(provkey_authority_list_audit(sensors.authority, NULL, NULL, &page, ERR));
    CHECK(page->items_len >= 5);
    provkey_audit_page_free(page);
    end();
}

static void an_admin_token_is_valid_until_it_is_revoked(void)
{
    begin(1);
    provkey_admin_token *token = NULL, *found = NULL;
    provkey_admin_token_page *page = NULL;
    provkey_bytes *secret = NULL;
    provkey_authority *authority = sensors.authority;
    FAILS(PROVKEY_STATUS_VALUE_UNKNOWN, provkey_authority_create_token(authority, "ci", 9, 0, &token, &secret, ERR));
    CHECK(token == NULL && secret == NULL);
    OK(provkey_authority_create_token(authority, "ci", PROVKEY_ADMIN_ROLE_OPERATOR, 0, &token, &secret, ERR));
    const char *text = (const char *)secret->data;
    CHECK(strncmp(text, "pvkt1_", 6) == 0 && token->role == PROVKEY_ADMIN_ROLE_OPERATOR);
    OK(provkey_authority_authenticate_token(authority, text, &found, ERR));
    CHECK_TEXT(found->id, token->id);
    CHECK(found->expires_at_ms == 0 && found->revoked_at_ms == 0);
    provkey_admin_token_free(found);
    OK(provkey_authority_find_token(authority, "CI", &found, ERR));
    CHECK_TEXT(found->name, "ci");
    provkey_admin_token_free(found);
    OK(provkey_authority_list_tokens(authority, NULL, &page, ERR));
    CHECK(page->items_len == 1 && page->next == NULL);
    provkey_admin_token_page_free(page);
    OK(provkey_authority_revoke_token(authority, token->id, ERR));
    FAILS(PROVKEY_STATUS_ADMIN_TOKEN_REVOKED, provkey_authority_authenticate_token(authority, text, &found, ERR));
    provkey_admin_token_free(token);
    provkey_bytes_free(secret);
    end();
}

int main(void)
{
    RUN(an_authority_is_described);
    RUN(an_authority_is_created_once_and_opened_with_its_keyring);
    RUN(groups_are_created_found_and_deleted);
    RUN(pages_follow_each_other_and_own_their_items);
    RUN(a_key_has_the_fields_that_it_was_created_with);
    RUN(a_key_is_found_edited_and_deleted);
    RUN(keys_are_filtered_and_sorted);
    RUN(a_key_is_copied_and_downloaded);
    RUN(the_audit_trail_names_the_actor);
    RUN(an_admin_token_is_valid_until_it_is_revoked);
    return check_done();
}
