#include "check.hpp"

int main() {
    const std::pair<const char *, void (*)()> tests[] = {
        {"values", test_values},         {"connector", test_connector},
        {"authority", test_authority},   {"callbacks", test_callbacks},
        {"store", test_store},
    };
    for (const auto &[name, test] : tests) {
        test();
        std::printf("%s: passed\n", name);
    }
}

world make_world(const provkey::environment &environment) {
    auto keyring = provkey::keyring::generate().value();
    provkey::new_authority new_authority;
    new_authority.host = "localhost:8443";
    auto authority = provkey::authority::create(environment, keyring, new_authority).value();
    auto group = authority.create_group("Branch offices").value();
    provkey::new_certificate new_certificate;
    new_certificate.name = "Connectors 2026";
    auto certificate = authority.create_certificate(new_certificate).value();
    provkey::new_key new_key;
    new_key.name = "Branch rollout";
    new_key.group = group->id;
    new_key.certificate = certificate->id;
    new_key.max_uses = 2;
    auto key = authority.create_key(new_key).value();
    auto text = authority.copy_key(key->id).value();
    return {std::move(authority),   std::move(keyring), std::move(group),
            std::move(certificate), std::move(key),     std::move(text)};
}
