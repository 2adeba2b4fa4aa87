// The base of the tests of provkey.hpp.
#ifndef CHECK_HPP
#define CHECK_HPP

#include <provkey.hpp>

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

// Prints the place and ends the program if the condition is false.
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                   \
            std::exit(1);                                                                          \
        }                                                                                          \
    } while (false)

// Checks that the expression, a result, failed with the status, as an error and as an exception.
#define FAILS(expected, expression)                                                                \
    do {                                                                                           \
        auto failed_ = (expression);                                                               \
        CHECK(!failed_ && failed_.error().status() == PROVKEY_STATUS_##expected);                  \
        CHECK(throws(PROVKEY_STATUS_##expected, [&] { (void)(expression).value(); }));             \
    } while (false)

/// Whether a call throws an error with this status.
template <class Call>
bool throws(provkey_status status, Call call) {
    try {
        call();
    } catch (const provkey::error &thrown) {
        return thrown.status() == status && std::string_view(thrown.code()) == thrown.why().code() &&
               *thrown.what() != '\0';
    }
    return false;
}

/// Returns a moved-from value.
template <class T>
T gone(T value) {
    T elsewhere = std::move(value);
    (void)elsewhere;
    return value;
}

/// An authority with a group, a certificate, and the text of a key.
struct world {
    provkey::authority authority;
    provkey::keyring keyring;
    provkey::connector_group group;
    provkey::enrollment_certificate certificate;
    provkey::key_details key;
    provkey::bytes text;
};

/// Makes a world.
world make_world(const provkey::environment &environment);

// The tests.
void test_values();
void test_connector();
void test_authority();
void test_callbacks();
void test_store();

#endif
