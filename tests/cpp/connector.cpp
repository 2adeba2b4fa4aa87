// The connector's half.
#include "check.hpp"

#include <algorithm>
#include <chrono>
#include <string>

namespace {

std::uint64_t now_ms() {
    auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::uint64_t(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

/// A damaged text is explained and repaired.
void keys(std::string_view good) {
    auto key = provkey::provisioning_key::read(good).value();
    CHECK(key->host == std::string_view("localhost:8443") && std::string_view(key->id).size() == 12);
    CHECK(key.text().value().characters() == good);
    FAILS(NO_REPAIR, provkey::provisioning_key::repair(good));

    std::string bad(good);
    bad[40] = bad[40] == 'q' ? 'p' : 'q';
    auto read = provkey::provisioning_key::read(bad);
    CHECK(!read && read.error().status() == PROVKEY_STATUS_KEY_MISCOPIED);
    CHECK(read.error().positions().size() == 1 && read.error().positions()[0] == 40);
    CHECK(!read.error().shown().empty() && read.error().marks()[40] == '^');
    CHECK(read.error().repairable() && read.error().missing() == 0 && read.error().extra() == 0);
    CHECK(std::string_view(read.error().message()).find(good.substr(35, 20)) == std::string::npos);
    CHECK(provkey::provisioning_key::repair(bad).value().characters() == good);
    auto cut = provkey::provisioning_key::read(good.substr(0, good.size() - 3));
    CHECK(!cut && cut.error().missing() == 3);

    const auto moved = gone(std::move(key));
    FAILS(NULL_ARGUMENT, moved.text());
}

void fingerprints() {
    auto fingerprint = provkey::fingerprint::of("material").value();
    CHECK(fingerprint.to_string().size() == 32);
    FAILS(FINGERPRINT_EMPTY, provkey::fingerprint::of(""));
}

void files(const provkey::identity &identity) {
    auto sealed = identity.seal("material").value();
    CHECK(provkey::identity::open(sealed, "material"));
    FAILS(IDENTITY_OTHER_MACHINE, provkey::identity::open(sealed, "other"));
    auto plain = identity.to_bytes().value();
    CHECK(provkey::identity::from_bytes(plain));
}

void story(const world &world) {
    auto key = provkey::provisioning_key::read(world.text).value();
    auto fingerprint = provkey::fingerprint::of("material").value();
    auto identity = provkey::identity::generate().value();
    FAILS(RENEWAL_WITHOUT_CERTIFICATE, identity.renew_request());
    FAILS(CERTIFICATE_MISSING, identity.certificate());
    FAILS(CERTIFICATE_MISSING, identity.accept("nothing", now_ms()));
    CHECK(identity.describe(now_ms()).value()->state == PROVKEY_CERTIFICATE_STATE_NONE);

    auto request = identity.request(key, &fingerprint).value();
    auto enrolled = world.authority.enroll(provkey::enroll_request(request->der)).value();
    auto accepted = identity.accept(enrolled->chain_pem, now_ms()).value();
    CHECK(accepted.not_after_ms > accepted.now_ms);
    FAILS(ANSWER_WITHOUT_REQUEST,
          provkey::identity::generate().value().accept(enrolled->chain_pem, now_ms()));
    files(identity);
    CHECK(identity.describe(now_ms()).value()->connector == std::string_view(enrolled->connector));
    CHECK(identity.certificate().value().size() > 100);
    CHECK(identity.private_key().value().characters().find("PRIVATE KEY") != std::string::npos);

    // Renewal: for the same key pair, then for a new one.
    for (provkey_key_algorithm algorithm : {0u, unsigned(PROVKEY_KEY_ALGORITHM_ED25519)}) {
        auto renewal = identity.renew_request(algorithm, &fingerprint).value();
        CHECK(identity.describe(now_ms()).value()->renewing);
        auto renewed = world.authority.renew(provkey::renew_request(renewal->der)).value();
        CHECK(identity.accept(renewed->chain_pem, now_ms()));
    }
    CHECK(identity.describe(now_ms()).value()->algorithm == PROVKEY_KEY_ALGORITHM_ED25519);
    FAILS(CERTIFICATE_MISSING, identity.accept("", now_ms()));
}

void moved_from(const provkey::provisioning_key &key) {
    auto none = gone(provkey::identity::generate().value());
    auto signer = gone(provkey::signer(nullptr));
    FAILS(SIGNER_ALGORITHM_UNSUPPORTED, provkey::identity::generate(PROVKEY_KEY_ALGORITHM_RSA));
    FAILS(NULL_ARGUMENT, provkey::identity::with_signer(signer));
    FAILS(NULL_ARGUMENT, none.attach_signer(signer));
    FAILS(NULL_ARGUMENT, none.describe(1));
    FAILS(NULL_ARGUMENT, none.request(key));
    FAILS(NULL_ARGUMENT, none.renew_request(signer));
    FAILS(NULL_ARGUMENT, none.accept("", 1));
}

} // namespace

void test_connector() {
    auto store = provkey::store::memory().value();
    world world = make_world(provkey::environment(store));
    keys(world.text.characters());
    fingerprints();
    story(world);
    moved_from(provkey::provisioning_key::read(world.text).value());
}
