// provkey for C++17: a thin, header-only layer over provkey.h.
//
// provkey.h documents each function and its errors under the same name: `identity::request` is
// `provkey_identity_request`. This layer adds:
//
// Ownership. Every object and every struct that the library hands out is a move-only value that
// frees and wipes its contents. A struct has the fields of C, read with `->`. Arguments are not
// copied: texts are `const char *` or `std::string` (C needs the NUL), bytes are anything
// contiguous, such as `std::vector<std::uint8_t>`, `std::string_view` or a pointer with a length.
// Structs that the caller fills in set their `struct_size` themselves.
//
// Results. A function that can fail returns a `result<T>` and does not throw. Test it with `if
// (result)`; `*result` and `result->` are the value, and `result.error()` says why there is none.
// `result.value()` returns the value or throws a `provkey::error`. So a program chooses between
// exceptions and none call by call, and firmware that is built with -fno-exceptions has the same
// functions: there `value()` aborts.
//
// Callbacks. To bring your own signer, source of randomness, store, clock or observer, derive from
// a class (`custom_signer` and so on). Exceptions stop at the boundary and become a status.
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
