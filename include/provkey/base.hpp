// The base of provkey.hpp: results and errors, views and owners. Include <provkey.hpp>.
#ifndef PROVKEY_BASE_HPP
#define PROVKEY_BASE_HPP

#include <provkey.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace provkey {

/// A view of `size()` items that another object owns.
template <class T>
class view {
public:
    constexpr view() noexcept = default;
    constexpr view(const T *data, std::size_t size) noexcept : data_(data), size_(size) {}

    constexpr const T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr const T *begin() const noexcept { return data_; }
    constexpr const T *end() const noexcept { return size_ == 0 ? data_ : data_ + size_; }
    constexpr const T &operator[](std::size_t at) const noexcept { return data_[at]; }

private:
    const T *data_ = nullptr;
    std::size_t size_ = 0;
};

/// Bytes as an argument: from any contiguous range of bytes.
class bytes_view : public view<std::uint8_t> {
public:
    constexpr bytes_view() noexcept = default;
    constexpr bytes_view(const std::uint8_t *data, std::size_t size) noexcept : view(data, size) {}
    constexpr bytes_view(provkey_slice slice) noexcept : view(slice.data, slice.len) {}

    /// A text up to its NUL.
    bytes_view(const char *text) noexcept
        : bytes_view(text == nullptr ? std::string_view() : std::string_view(text)) {}

    /// A string, a vector, an array, a span, or `bytes`.
    template <class Range, class Element = std::remove_pointer_t<
                               decltype(std::declval<const Range &>().data())>,
              class = std::enable_if_t<sizeof(Element) == 1 && std::is_trivial_v<Element>>>
    bytes_view(const Range &range) noexcept
        : view(reinterpret_cast<const std::uint8_t *>(range.data()), range.size()) {}

    /// The same bytes as characters.
    std::string_view characters() const noexcept {
        return {reinterpret_cast<const char *>(data()), size()};
    }
};

/// A text as an argument. `nullptr` where it is optional.
class text {
public:
    text(const char *text) noexcept : pointer_(text) {}

    /// A NUL byte inside would silently cut the text. Such a text is replaced by one that is not
    /// UTF-8, so that the library refuses it with `text_not_utf8`.
    text(const std::string &text) noexcept
        : pointer_(text.find('\0') == std::string::npos ? text.c_str() : "\xff") {}

    const char *c_str() const noexcept { return pointer_; }

private:
    const char *pointer_;
};

/// A C struct that the caller fills in, with all fields 0 and `struct_size` set.
template <class T>
struct plain : T {
    plain() noexcept : T{} { this->struct_size = sizeof(T); }
};

namespace detail {

/// Frees with a C function.
template <auto Free>
struct freer {
    template <class T>
    void operator()(T *pointer) const noexcept {
        Free(pointer);
    }
};

template <class T, auto Free>
using owner = std::unique_ptr<T, freer<Free>>;

} // namespace detail

/// A struct that the library handed out. It has the fields of C: `key->id`.
template <class T, auto Free>
class record {
public:
    using c_type = T;

    explicit record(T *pointer) noexcept : pointer_(pointer) {}

    const T *operator->() const noexcept { return pointer_.get(); }
    const T &operator*() const noexcept { return *pointer_; }
    const T *c() const noexcept { return pointer_.get(); }

private:
    detail::owner<T, Free> pointer_;
};

/// An opaque object of the library.
template <class T, auto Free>
class object {
public:
    using c_type = T;

    explicit object(T *pointer) noexcept : pointer_(pointer) {}

    T *c() const noexcept { return pointer_.get(); }

private:
    detail::owner<T, Free> pointer_;
};

/// Bytes that the library handed out. The destructor wipes them.
class bytes : public record<provkey_bytes, provkey_bytes_free> {
public:
    using record::record;

    const std::uint8_t *data() const noexcept { return c()->data; }
    std::size_t size() const noexcept { return c()->len; }

    /// The bytes as characters, valid as long as this object. A NUL follows them.
    std::string_view characters() const noexcept { return bytes_view(*this).characters(); }
};

/// The code of a status, such as `key_exhausted`; `nullptr` if there is no such status.
inline const char *status_code(provkey_status status) noexcept {
    return provkey_status_code(status);
}

/// The version of the library, such as `0.1.0`.
inline const char *version() noexcept { return provkey_version(); }

/// The ABI of the library, to be compared with `PROVKEY_ABI_VERSION` if it was loaded at run time.
inline std::uint32_t abi_version() noexcept { return provkey_abi_version(); }

/// Why a call failed. Holds no secret and no key text.
class failure {
public:
    explicit failure(provkey_status status, provkey_error *details = nullptr) noexcept
        : status_(status), details_(details) {}

    provkey_status status() const noexcept { return status_; }

    /// The stable code, such as `key_exhausted`.
    const char *code() const noexcept {
        const char *code = status_code(status_);
        return code == nullptr ? "" : code;
    }

    /// A sentence for people to read.
    const char *message() const noexcept { return details_ ? details_->message : code(); }

    /// Whether the same call may succeed later by itself.
    bool retryable() const noexcept { return details_ && details_->retryable; }

    /// Whether the change may have happened. Asking again settles it.
    bool outcome_unknown() const noexcept { return details_ && details_->outcome_unknown; }

    /// Where a key text is wrong: indexes of characters in `shown()`.
    view<std::size_t> positions() const noexcept {
        return details_ ? view(details_->positions, details_->positions_len) : view<std::size_t>();
    }

    /// The cleaned key text without its secret; empty: nothing can be shown.
    std::string_view shown() const noexcept { return or_empty(details_ ? details_->shown : nullptr); }

    /// The line to print under `shown()`.
    std::string_view marks() const noexcept { return or_empty(details_ ? details_->marks : nullptr); }

    /// At least how many characters are missing.
    std::size_t missing() const noexcept { return details_ ? details_->missing : 0; }

    /// At least how many characters are too many.
    std::size_t extra() const noexcept { return details_ ? details_->extra : 0; }

    /// Whether `repair` can repair the key text.
    bool repairable() const noexcept { return details_ && details_->repairable; }

private:
    static std::string_view or_empty(const char *text) noexcept {
        return text == nullptr ? std::string_view() : std::string_view(text);
    }

    provkey_status status_;
    detail::owner<provkey_error, provkey_error_free> details_;
};

/// The exception that `result::value()` throws.
class error : public std::exception {
public:
    explicit error(failure &&why) : why_(std::make_shared<const failure>(std::move(why))) {}

    /// For callbacks that report a status and nothing else.
    explicit error(provkey_status status) : error(failure(status)) {}

    const failure &why() const noexcept { return *why_; }
    provkey_status status() const noexcept { return why_->status(); }
    const char *code() const noexcept { return why_->code(); }
    const char *what() const noexcept override { return why_->message(); }
    bool retryable() const noexcept { return why_->retryable(); }

private:
    std::shared_ptr<const failure> why_; // exceptions are copied
};

namespace detail {

[[noreturn]] inline void raise(failure &&why) {
#if defined(__cpp_exceptions)
    throw error(std::move(why));
#else
    (void)why;
    std::abort();
#endif
}

} // namespace detail

/// The result of a call: a value or a failure.
template <class T>
class [[nodiscard]] result {
public:
    result(T &&value) noexcept : outcome_(std::in_place_index<0>, std::move(value)) {}
    result(failure &&why) noexcept : outcome_(std::in_place_index<1>, std::move(why)) {}

    explicit operator bool() const noexcept { return outcome_.index() == 0; }

    /// The value. Undefined if there is none: test first.
    T &operator*() noexcept { return *std::get_if<0>(&outcome_); }
    const T &operator*() const noexcept { return *std::get_if<0>(&outcome_); }
    T *operator->() noexcept { return std::get_if<0>(&outcome_); }
    const T *operator->() const noexcept { return std::get_if<0>(&outcome_); }

    /// The failure. Undefined if there is a value: test first.
    const failure &error() const noexcept { return *std::get_if<1>(&outcome_); }

    /// The failure, moved out, to return in another result.
    failure take_error() noexcept { return std::move(*std::get_if<1>(&outcome_)); }

    /// The value, moved out. Throws the failure if there is none.
    T value() {
        if (!*this)
            detail::raise(take_error());
        return std::move(**this);
    }

private:
    std::variant<T, failure> outcome_;
};

/// The result of a call without a value.
template <>
class [[nodiscard]] result<void> {
public:
    result() noexcept : why_(PROVKEY_STATUS_OK) {}
    result(failure &&why) noexcept : why_(std::move(why)) {}

    explicit operator bool() const noexcept { return why_.status() == PROVKEY_STATUS_OK; }

    /// The failure. Undefined on success: test first.
    const failure &error() const noexcept { return why_; }

    /// The failure, moved out, to return in another result.
    failure take_error() noexcept { return std::move(why_); }

    /// Throws the failure, if there is one.
    void value() {
        if (!*this)
            detail::raise(take_error());
    }

private:
    failure why_;
};

namespace detail {

/// Calls a C function that hands out a pointer: with the arguments, its output and its error.
template <class T, class Function, class... Arguments>
result<T> make(Function function, Arguments... arguments) noexcept {
    typename T::c_type *made = nullptr;
    provkey_error *why = nullptr;
    provkey_status status = function(arguments..., &made, &why);
    if (status != PROVKEY_STATUS_OK)
        return failure(status, why);
    return T(made);
}

/// Calls a C function that fills in a value.
template <class T, class Function, class... Arguments>
result<T> fill(Function function, Arguments... arguments) noexcept {
    T filled{};
    provkey_error *why = nullptr;
    provkey_status status = function(arguments..., &filled, &why);
    if (status != PROVKEY_STATUS_OK)
        return failure(status, why);
    return filled;
}

/// Calls a C function without outputs.
template <class Function, class... Arguments>
result<void> run(Function function, Arguments... arguments) noexcept {
    provkey_error *why = nullptr;
    provkey_status status = function(arguments..., &why);
    if (status != PROVKEY_STATUS_OK)
        return failure(status, why);
    return {};
}

/// The C pointer of an optional object.
template <class T>
auto c_or_null(const T *object) noexcept {
    return object == nullptr ? nullptr : object->c();
}

/// Runs a callback. An exception becomes its own status, or the status `otherwise`.
template <class Call>
provkey_status guard(provkey_status otherwise, Call call) noexcept {
#if defined(__cpp_exceptions)
    try {
        return call();
    } catch (const error &thrown) {
        return thrown.status();
    } catch (const std::bad_alloc &) {
        return PROVKEY_STATUS_OUT_OF_MEMORY;
    } catch (...) {
        return otherwise;
    }
#else
    (void)otherwise;
    return call();
#endif
}

/// C callbacks for an object of the application, with `user_data` and `destroy` set.
template <class Callbacks, class Part>
plain<Callbacks> callbacks_of(Part *part) noexcept {
    plain<Callbacks> callbacks;
    callbacks.user_data = part;
    callbacks.destroy = [](void *user_data) { delete static_cast<Part *>(user_data); };
    return callbacks;
}

/// Makes a C object from callbacks. On success the library owns the application's object.
template <class T, class Part, class Function, class... Arguments>
result<T> with_callbacks(std::unique_ptr<Part> part, Function function,
                         Arguments... arguments) noexcept {
    result<T> made = make<T>(function, arguments...);
    if (made)
        (void)part.release();
    return made;
}

} // namespace detail

} // namespace provkey

#endif
