// provkey for C++17: a thin layer over provkey.h, of headers only.
//
// What each function does, and which errors it has, stands in provkey.h at the function of the same
// name: `provkey_identity_request` is `identity::request`. This layer adds:
//
// Ownership. Every object and every struct that the library gives is a move-only value that frees,
// and wipes, what it holds. The fields of a struct are those of C, read with `->`. Nothing is copied
// on the way in: texts are `const char *` or `std::string` (C wants the NUL behind them), bytes are
// anything contiguous, such as `std::vector<std::uint8_t>`, `std::string_view` or a pair of pointer
// and length. Structs that a caller fills in know their `struct_size`.
//
// Results. What can fail gives a `result<T>`, and throws nothing. `if (result)` asks, `*result` and
// `result->` take the value, `result.error()` says why not; and `result.value()` takes the value or
// throws a `provkey::error`. So a program chooses, call by call, between exceptions and none, and
// firmware that is built with -fno-exceptions has the same functions: there `value()` aborts.
//
// Parts of a host's own. A signer, a source of randomness, a store, a clock and an observer are
// classes to be derived from. What they throw stops at the boundary and becomes a status.
//
// Define PROVKEY_CONNECTOR_ONLY before this file is included for a library that was built for
// connectors only.
#ifndef PROVKEY_HPP
#define PROVKEY_HPP

#include <provkey/base.hpp>
#include <provkey/connector.hpp>

#if defined(PROVKEY_AUTHORITY)
#include <provkey/authority.hpp>
#include <provkey/store.hpp>
#endif

#endif
