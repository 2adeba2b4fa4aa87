// The authority's half: every function, on an authority and on one that was moved from.
#include "check.hpp"

#include <set>
#include <string>
#include <vector>

namespace {

/// The ids of all entries of a listing.
template <class Listing>
std::set<std::string> ids(Listing listing) {
    std::set<std::string> ids;
    for (const auto &entry : listing)
        CHECK(ids.insert(entry.id).second);
    return ids;
}

std::vector<provkey::request> requests(const provkey::bytes &text, std::size_t count) {
    std::vector<provkey::request> requests;
    auto key = provkey::provisioning_key::read(text).value();
    while (requests.size() < count)
        requests.push_back(provkey::identity::generate().value().request(key).value());
    return requests;
}

void the_authority_itself(const provkey::store &store, world &world) {
    const auto &authority = world.authority;
    CHECK(provkey::authority::exists(store).value());
    auto another = provkey::authority::open(provkey::environment(store), world.keyring).value();
    CHECK(another.describe().value()->id == std::string(authority.describe().value()->id));
    FAILS(AUTHORITY_EXISTS, provkey::authority::create(provkey::environment(store), world.keyring, [] {
              provkey::new_authority wanted;
              wanted.host = "other.example";
              return wanted;
          }()));
    authority.add_host("other.example").value();
    CHECK(authority.describe().value()->hosts_len == 2);

    CHECK(authority.master_slot().value() == 0 && world.keyring.current_slot().value() == 0);
    auto rotated = world.keyring.rotated().value();
    authority.rotate_master(rotated).value();
    CHECK(authority.missing_masters().value() == 0 && another.missing_masters().value() == 1 << 1);
    FAILS(MASTER_KEY_MISSING, another.replace_keyring(world.keyring));
    another.replace_keyring(rotated).value();
    CHECK(another.missing_masters().value() == 0);
    CHECK(authority.master_slot().value() == 1);
    FAILS(MASTER_KEY_IN_USE, authority.remove_master(0));
    CHECK(rotated.without(0));
    auto text = rotated.text().value();
    CHECK(provkey::keyring::read(text).value().current_slot().value() == 1);
    authority.flush().value();
    CHECK(authority.prune(0, 0).value().audit_records == 0);

    const std::string checkpoint(authority.checkpoint().value().characters());
    authority.verify_checkpoint(checkpoint).value();
    CHECK(authority.accept_rollback(checkpoint).value().characters() == checkpoint);
    FAILS(STORE_ROLLED_BACK, authority.verify_checkpoint("1795632000000-9f8e7d6c5b4a3928"));
}

void groups(const provkey::authority &authority) {
    for (int number = 0; number < 120; number++) {
        const std::string name = "group " + std::to_string(number);
        auto group = authority.create_group(name).value();
        CHECK(authority.group(group->id).value()->name == name);
        CHECK(authority.find_group(name).value()->id == std::string(group->id));
    }
    CHECK(ids(authority.groups()).size() == 121); // three pages
    auto page = authority.list_groups().value();
    std::size_t seen = 0;
    for (const auto &group : page)
        CHECK(group.id == page[seen++].id);
    CHECK(seen == page.size() && page.size() == 50 && page->next != nullptr);
    authority.delete_group(page[7].id).value();
    FAILS(GROUP_NOT_FOUND, authority.group(page[7].id));
    CHECK(ids(authority.groups()).size() == 120);
}

void certificates(const world &world) {
    const auto &authority = world.authority;
    provkey::new_certificate wanted;
    wanted.name = "short-lived";
    auto made = authority.create_certificate(wanted).value();
    CHECK(authority.certificate(made->id).value()->name == std::string("short-lived"));
    CHECK(authority.find_certificate("short-lived").value()->id == std::string(made->id));
    CHECK(authority.list_certificates().value().size() == 2);
    CHECK(authority.count_connectors(made->id).value() == 0);
    CHECK(authority.crl(made->id).value()->number > 0 && authority.root_crl().value()->entries == 0);
    authority.retire_certificate(made->id).value();
    authority.delete_certificate(made->id).value();
    CHECK(ids(authority.certificates()) == std::set<std::string>{world.certificate->id});
}

void external(const provkey::authority &authority) {
    provkey::new_certificate wanted;
    wanted.name = "external";
    auto asked = authority.request_certificate(wanted).value();
    CHECK(authority.certificate_request(asked->id).value()->csr.len == asked->csr.len);
    CHECK(authority.find_certificate_request("external").value()->id == std::string(asked->id));
    CHECK(authority.list_certificate_requests().value().size() == 1);
    FAILS(CERTIFICATE_MISSING, authority.import_answer(asked->id, "none"));
    CHECK(ids(authority.certificate_requests()).size() == 1);
    authority.delete_certificate_request(asked->id).value();
    FAILS(CERTIFICATE_REQUEST_NOT_FOUND, authority.certificate_request(asked->id));
    provkey::certificate_import import;
    import.name = "imported";
    FAILS(CERTIFICATE_MISSING, authority.import_certificate(import));
    CHECK(authority.ocsp("no request").value().size() > 0);
}

void keys(const world &world) {
    const auto &authority = world.authority;
    CHECK(authority.key(world.key->id).value()->max_uses == 2);
    CHECK(authority.find_key("Branch rollout").value()->id == std::string(world.key->id));
    auto file = authority.download_key(world.key->id).value();
    CHECK(file.contents.characters().find(world.text.characters()) == 0 && file.name.size() > 0);
    provkey::key_update update;
    update.fields = PROVKEY_KEY_FIELDS_MAX_USES;
    update.max_uses = 3;
    CHECK(authority.update_key(world.key->id, update).value()->max_uses == 3);
    provkey::key_filter filter;
    filter.name_contains = "BRANCH";
    CHECK(authority.list_keys(filter).value().size() == 1 && ids(authority.keys()).size() == 1);
    filter.name_contains = "no such key";
    CHECK(ids(authority.keys(filter)).empty());
}

void connectors(const world &world) {
    const auto &authority = world.authority;
    auto asked = requests(world.text, 4);
    std::vector<provkey::enroll_request> all;
    for (const auto &each : asked)
        all.emplace_back(provkey::bytes_view(each->der));
    all.emplace_back("no CSR");
    auto results = authority.enroll_many({all.data(), all.size()}).value();
    CHECK(results.size() == 5 && results[0] && results[1] && results[2]);
    CHECK(results[3].error().status() == PROVKEY_STATUS_KEY_EXHAUSTED);
    CHECK(results[4].error().status() == PROVKEY_STATUS_CSR_MALFORMED);
    CHECK(authority.enroll_many({}).value().empty());

    const std::string first = (*results[0])->connector;
    CHECK(authority.connector(first).value()->key == std::string(world.key->id));
    provkey::connector_filter filter;
    filter.key = world.key->id;
    CHECK(authority.list_connectors(filter).value().size() == 3);
    CHECK(ids(authority.connectors(filter)).count(first) == 1);
    authority.revoke_connector(first, "keyCompromise").value();
    CHECK(authority.compromise_key(world.key->id, 0, true).value().revoked == 2);
    provkey::actor anna;
    anna.name = "anna";
    anna.address = "192.0.2.9";
    const auto acting = authority.acting_as(anna).value();
    acting.record_sign_in().value();
    acting.record_sign_out().value();
    authority.acting_as("anna").value().delete_key(world.key->id).value();
    FAILS(KEY_DELETED, authority.key(world.key->id));

    provkey::audit_filter latest;
    latest.latest_first = 1;
    // Records of the same moment have no order.
    const auto trail = authority.list_audit(latest).value();
    bool named = false;
    for (std::size_t at = 0; at < trail.size(); at++) {
        named = named || (trail[at].actor != nullptr && trail[at].actor == std::string("anna"));
    }
    CHECK(named);
    std::size_t records = 0;
    for (const auto &record : authority.audit()) {
        CHECK(record.action != nullptr);
        records++;
    }
    CHECK(records > 130);
}

/// All functions of a class pass the same pointer: one of each form of call stands for the others.
void moved_from(const world &world) {
    const auto none = gone(provkey::authority(nullptr));
    const auto keyring = gone(provkey::keyring(nullptr));
    const auto environment = provkey::environment(gone(provkey::store(nullptr)));
    const provkey::enroll_request enroll("");
    FAILS(NULL_ARGUMENT, keyring.text());
    FAILS(NULL_ARGUMENT, keyring.current_slot());
    FAILS(NULL_ARGUMENT, provkey::authority::exists(provkey::store(nullptr)));
    FAILS(NULL_ARGUMENT, provkey::authority::create(environment, world.keyring, {}));
    FAILS(NULL_ARGUMENT, provkey::authority::open(environment, world.keyring));
    FAILS(NULL_ARGUMENT, none.describe());
    FAILS(NULL_ARGUMENT, none.add_host("host.example"));
    FAILS(NULL_ARGUMENT, none.acting_as("me"));
    FAILS(NULL_ARGUMENT, none.master_slot());
    FAILS(NULL_ARGUMENT, none.prune(0, 0));
    FAILS(NULL_ARGUMENT, none.list_groups());
    FAILS(NULL_ARGUMENT, none.attach_signer(gone(provkey::signer(nullptr))));
    FAILS(NULL_ARGUMENT, none.download_key("id"));
    FAILS(NULL_ARGUMENT, none.enroll(enroll));
    FAILS(NULL_ARGUMENT, none.enroll_many({&enroll, 1}));
    CHECK(throws(PROVKEY_STATUS_NULL_ARGUMENT, [&] { ids(none.groups()); }));
}

} // namespace

void test_authority() {
    auto store = provkey::store::memory().value();
    CHECK(!provkey::authority::exists(store).value());
    world world = make_world(provkey::environment(store));
    groups(world.authority);
    certificates(world);
    external(world.authority);
    keys(world);
    the_authority_itself(store, world);
    connectors(world);
    moved_from(world);
}
