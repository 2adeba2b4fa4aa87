// Views, texts, results and owners.
#include "check.hpp"

#include <array>
#include <string>
#include <vector>

namespace {

template <class... Types>
constexpr bool only_moved =
    ((!std::is_copy_constructible_v<Types> && !std::is_copy_assignable_v<Types> &&
      std::is_nothrow_move_constructible_v<Types> && std::is_nothrow_move_assignable_v<Types>)&&...);

static_assert(only_moved<provkey::bytes, provkey::failure, provkey::random, provkey::signer,
                         provkey::provisioning_key, provkey::request, provkey::identity_details,
                         provkey::identity, provkey::result<provkey::bytes>, provkey::result<void>>);
static_assert(only_moved<provkey::store, provkey::clock, provkey::observer, provkey::keyring,
                         provkey::authority, provkey::key_details, provkey::key_page,
                         provkey::enrolled, provkey::crl, provkey::connector_page,
                         provkey::audit_page, provkey::enrollment_certificate_page>);
static_assert(std::is_nothrow_copy_constructible_v<provkey::error>, "exceptions are copied");

void views() {
    const std::string string = "abc";
    const std::vector<std::uint8_t> vector = {'a', 'b', 'c'};
    const std::array<char, 3> array = {'a', 'b', 'c'};
    const std::string_view view = string;
    const provkey_slice slice = {vector.data(), vector.size()};
    for (provkey::bytes_view bytes :
         {provkey::bytes_view(string), provkey::bytes_view(vector), provkey::bytes_view(array),
          provkey::bytes_view(view), provkey::bytes_view(slice), provkey::bytes_view("abc")})
        CHECK(bytes.characters() == "abc" && bytes[2] == 'c' && !bytes.empty());
    for (provkey::bytes_view bytes :
         {provkey::bytes_view(), provkey::bytes_view(static_cast<const char *>(nullptr)),
          provkey::bytes_view(std::vector<std::uint8_t>())})
        CHECK(bytes.empty() && bytes.begin() == bytes.end());
}

void texts(const provkey::authority &authority) {
    FAILS(NULL_ARGUMENT, authority.create_group(nullptr));
    FAILS(TEXT_NOT_UTF8, authority.create_group("\xff"));
    FAILS(TEXT_NOT_UTF8, authority.create_group(std::string("cut\0short", 9)));
    FAILS(TEXT_TOO_LONG, authority.create_group(std::string(5000, 'a')));
    FAILS(NAME_EMPTY, authority.create_group(std::string()));
    CHECK(authority.create_group(std::string("of a string")));
}

void results() {
    auto good = provkey::provisioning_key::read("");
    CHECK(!good && good.error().code() == std::string_view("key_empty"));
    CHECK(!good.error().retryable() && !good.error().outcome_unknown());
    provkey::failure why = good.take_error();
    CHECK(why.status() == PROVKEY_STATUS_KEY_EMPTY && *why.message() != '\0');

    // Without an error object, as when memory ran out, and for unknown numbers.
    provkey::failure bare(PROVKEY_STATUS_OUT_OF_MEMORY);
    CHECK(bare.message() == std::string_view("out_of_memory"));
    CHECK(bare.positions().empty() && bare.shown().empty() && bare.marks().empty());
    CHECK(!bare.repairable() && bare.missing() == 0 && bare.extra() == 0);
    CHECK(provkey::failure(-1).code() == std::string_view());

    provkey::error thrown(PROVKEY_STATUS_STORE_BUSY);
    provkey::error copy = thrown;
    CHECK(copy.status() == PROVKEY_STATUS_STORE_BUSY && !copy.retryable());
}

} // namespace

void test_values() {
    CHECK(provkey::version() == std::string_view(PROVKEY_VERSION));
    CHECK(provkey::abi_version() == PROVKEY_ABI_VERSION);
    CHECK(provkey::status_code(PROVKEY_STATUS_KEY_EXHAUSTED) == std::string_view("key_exhausted"));
    CHECK(provkey::status_code(12345) == nullptr);
    views();
    results();
    auto store = provkey::store::memory().value();
    texts(make_world(provkey::environment(store)).authority);
}
