// Objects of the application: their exceptions become a status, and they are destroyed once.
#include "check.hpp"

#include <functional>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

int alive = 0;

struct counted {
    counted() { alive++; }
    ~counted() { alive--; }
};

struct signing final : provkey::custom_signer, counted {
    std::function<provkey_status(std::vector<std::uint8_t> &)> does;
    explicit signing(decltype(does) does) : does(std::move(does)) {}
    provkey_status sign(provkey::bytes_view message, std::vector<std::uint8_t> &signature) override {
        CHECK(!message.empty());
        return does(signature);
    }
};

struct drawing final : provkey::custom_random, counted {
    std::function<provkey_status()> does;
    explicit drawing(decltype(does) does) : does(std::move(does)) {}
    provkey_status fill(std::uint8_t *bytes, std::size_t len) override {
        for (std::size_t at = 0; at < len; at++)
            bytes[at] = next_++;
        return does();
    }
    std::uint8_t next_ = 0;
};

struct ticking final : provkey::custom_clock, counted {
    std::uint64_t now;
    explicit ticking(std::uint64_t now) : now(now) {}
    std::uint64_t now_ms() noexcept override { return now++; }
};

struct watching final : provkey::custom_observer, counted {
    int &seen;
    explicit watching(int &seen) : seen(seen) {}
    void observe(const provkey_event &event) override {
        seen += event.type == PROVKEY_EVENT_TYPE_ENROLLED && event.connector != nullptr;
        throw std::runtime_error("ignored");
    }
};

/// Each exception of a signer, and its status.
void signers(const provkey::authority &authority, const provkey::provisioning_key &key) {
    using bytes = std::vector<std::uint8_t>;
    auto other = provkey::identity::generate().value().describe(1).value();
    const std::pair<std::function<provkey_status(bytes &)>, provkey_status> cases[] = {
        {[](bytes &) -> provkey_status { throw provkey::error(PROVKEY_STATUS_SIGNER_UNAVAILABLE); },
         PROVKEY_STATUS_SIGNER_UNAVAILABLE},
        {[](bytes &) -> provkey_status { throw std::bad_alloc(); }, PROVKEY_STATUS_SIGNER_FAILED},
        {[](bytes &) -> provkey_status { throw 42; }, PROVKEY_STATUS_SIGNER_FAILED},
        {[](bytes &) { return provkey_status(PROVKEY_STATUS_SIGNER_UNAVAILABLE); },
         PROVKEY_STATUS_SIGNER_UNAVAILABLE},
        {[](bytes &) { return PROVKEY_STATUS_OK; }, PROVKEY_STATUS_SIGNER_FAILED},
    };
    for (const auto &[does, expected] : cases) {
        auto signer =
            provkey::signer::make(std::make_unique<signing>(does), other->public_key).value();
        auto identity = provkey::identity::with_signer(signer).value();
        auto moved = std::move(signer); // the identity keeps it alive
        auto asked = identity.request(key);
        CHECK(!asked && asked.error().status() == expected);
        auto opened = provkey::identity::from_bytes(identity.to_bytes().value()).value();
        FAILS(SIGNER_UNAVAILABLE, opened.request(key));
        opened.attach_signer(moved).value();
        FAILS(PRIVATE_KEY_MISSING, opened.private_key());
    }
    auto lie = [](bytes &signature) {
        signature.assign(70, 1);
        return PROVKEY_STATUS_OK;
    };
    auto liar = provkey::signer::make(std::make_unique<signing>(lie), other->public_key).value();
    auto lied = provkey::identity::with_signer(liar).value().request(key).value();
    FAILS(CSR_BAD_SIGNATURE, authority.enroll(provkey::enroll_request(lied->der)));
    auto none = [](bytes &) { return PROVKEY_STATUS_OK; };
    FAILS(PUBLIC_KEY_MALFORMED, provkey::signer::make(std::make_unique<signing>(none), "garbage"));
    FAILS(CALLBACK_MISSING, provkey::signer::make(nullptr, other->public_key));
}

void randoms() {
    const std::function<provkey_status()> cases[] = {
        [] { return provkey_status(PROVKEY_STATUS_RANDOM_UNAVAILABLE); },
        []() -> provkey_status { throw provkey::error(PROVKEY_STATUS_RANDOM_UNAVAILABLE); },
        []() -> provkey_status { throw std::bad_alloc(); },
        []() -> provkey_status { throw "a text"; },
    };
    for (const auto &does : cases) {
        auto random = provkey::random::make(std::make_unique<drawing>(does)).value();
        FAILS(RANDOM_UNAVAILABLE, provkey::keyring::generate(&random));
        FAILS(RANDOM_UNAVAILABLE, provkey::identity::generate().value().seal("m", &random));
    }
    auto well = [] { return PROVKEY_STATUS_OK; };
    auto random = provkey::random::make(std::make_unique<drawing>(well)).value();
    auto text = provkey::keyring::generate(&random).value().text().value();
    CHECK(text.characters().substr(0, 6) == "000102");
    FAILS(CALLBACK_MISSING, provkey::random::make(nullptr));
}

void clocks_and_observers() {
    int seen = 0;
    auto store = provkey::store::memory().value();
    auto clock = provkey::clock::make(std::make_unique<ticking>(1'900'000'000'000)).value();
    auto observer = provkey::observer::make(std::make_unique<watching>(seen)).value();
    world world = make_world(provkey::environment(store, &clock, nullptr, &observer));
    CHECK(world.key->created_at_ms / 1000 == 1'900'000'000);
    auto key = provkey::provisioning_key::read(world.text).value();
    auto request = provkey::identity::generate().value().request(key).value();
    CHECK(world.authority.enroll(provkey::enroll_request(request->der)) && seen == 1);
    signers(world.authority, key);
    FAILS(CALLBACK_MISSING, provkey::clock::make(nullptr));
    FAILS(CALLBACK_MISSING, provkey::observer::make(nullptr));
}

} // namespace

void test_callbacks() {
    randoms();
    clocks_and_observers();
    CHECK(alive == 0);
}
