// Stores for provkey.hpp: the library's, and those of the application. Include <provkey.hpp>.
#ifndef PROVKEY_STORE_HPP
#define PROVKEY_STORE_HPP

#include <provkey/base.hpp>

namespace provkey {

/// Where `get` and `scan` of a custom store write their answers. Valid until they return.
class record_sink {
public:
    explicit record_sink(provkey_record_sink *sink) noexcept : sink_(sink) {}

    /// Pushes the next record, which is copied. For `get`, `nullptr`: there is no such record.
    provkey_status push(const provkey_record *record) noexcept {
        return provkey_record_sink_push(sink_, record);
    }

    /// Sets the message of the error that is about to be returned.
    void explain(text message) noexcept {
        (void)provkey_record_sink_explain(sink_, message.c_str());
    }

private:
    provkey_record_sink *sink_;
};

/// Where `apply` of a custom store answers for each unit. Valid until it returns.
class outcome_sink {
public:
    explicit outcome_sink(provkey_outcome_sink *sink) noexcept : sink_(sink) {}

    /// The next unit was applied; `counters` after it.
    provkey_status applied(view<provkey_counter> counters) noexcept {
        return provkey_outcome_sink_applied(sink_, counters.data(), counters.size());
    }

    /// The next unit was refused: by which operation, why, and the conflicting record.
    provkey_status refused(std::size_t operation, provkey_reason reason,
                           const provkey_record *record) noexcept {
        return provkey_outcome_sink_refused(sink_, operation, reason, record);
    }

    /// Nothing of the batch was applied. For use before an error is returned.
    void nothing_applied() noexcept { (void)provkey_outcome_sink_nothing_applied(sink_); }

    /// Sets the message of the error that is about to be returned.
    void explain(text message) noexcept {
        (void)provkey_outcome_sink_explain(sink_, message.c_str());
    }

private:
    provkey_outcome_sink *sink_;
};

/// A store of the application. `provkey_store_callbacks` states what it guarantees. Several threads
/// call it at the same time. An exception becomes `store_unavailable`; one from `apply` leaves the
/// outcome unknown, unless `nothing_applied` was called before.
class custom_store {
public:
    virtual ~custom_store() = default;

    /// Pushes one answer for each key, in order.
    virtual provkey_status get(view<provkey_slice> keys, record_sink sink) = 0;

    /// Pushes at most `limit` records of a range, in its order.
    virtual provkey_status scan(const provkey_scan_range &range, std::size_t limit,
                                record_sink sink) = 0;

    /// Applies units and answers for each, in order.
    virtual provkey_status apply(view<provkey_unit> units, outcome_sink sink) = 0;
};

/// A decision on an operation: the reason to refuse it, or `PROVKEY_REASON_NONE` and, for
/// `SET_LIMIT` and `COUNT`, the new counter.
struct decision {
    provkey_reason reason;
    provkey_counter counter;
};

/// Decides one operation on its record before the unit, `nullptr` for none.
inline result<decision> decide(const provkey_operation &operation,
                               const provkey_record *record) noexcept {
    return detail::fill<decision>([&](auto made, auto why) {
        return provkey_operation_decide(&operation, record, &made->counter, &made->reason, why);
    });
}

/// Whether a unit is well-formed, and otherwise which operation is malformed.
struct form {
    provkey_reason reason;
    std::size_t operation;
};

/// Checks the form of a unit.
inline result<form> check(const provkey_unit &unit) noexcept {
    return detail::fill<form>([&](auto made, auto why) {
        return provkey_unit_check(&unit, &made->operation, &made->reason, why);
    });
}

/// The limits of a query.
using query_limits = plain<provkey_query_limits>;
/// The result of a query.
using query_result = record<provkey_query_result, provkey_query_result_free>;

/// The store of an authority's records.
class store : public object<provkey_store, provkey_store_free> {
public:
    using object::object;

    /// A store in memory, for tests.
    static result<store> memory() noexcept {
        return detail::make<store>(provkey_store_memory);
    }

    /// Creates a store in a new SQLite file.
    static result<store> sqlite_create(text path) noexcept {
        return detail::make<store>(provkey_store_sqlite_create, path.c_str());
    }

    /// Opens a store in a SQLite file.
    static result<store> sqlite_open(text path) noexcept {
        return detail::make<store>(provkey_store_sqlite_open, path.c_str());
    }

    /// Creates a store in a PostgreSQL database.
    static result<store> postgres_create(text url) noexcept {
        return detail::make<store>(provkey_store_postgres_create, url.c_str());
    }

    /// Opens a store in a PostgreSQL database.
    static result<store> postgres_open(text url) noexcept {
        return detail::make<store>(provkey_store_postgres_open, url.c_str());
    }

    /// Copies a store in a SQLite file to a new file while it is in use.
    static result<void> sqlite_backup(text path, text copy) noexcept {
        return detail::run(provkey_store_sqlite_backup, path.c_str(), copy.c_str());
    }

    /// Copies all records into an empty store, and returns how many there are.
    result<std::uint64_t> copy_to(const store &to) const noexcept {
        return detail::fill<std::uint64_t>(provkey_store_copy, c(), to.c());
    }

    /// Runs one SELECT over the views.
    result<query_result> query(text sql, const query_limits &limits = {}) const noexcept {
        return detail::make<query_result>(provkey_store_query, c(), sql.c_str(), &limits);
    }

    /// Closes this store to changes and copies it into an empty one.
    result<std::uint64_t> move_to(const store &to) const noexcept {
        return detail::fill<std::uint64_t>(provkey_store_move, c(), to.c());
    }

    /// Makes a store from one of the application's.
    static result<store> make(std::unique_ptr<custom_store> part) noexcept {
        auto callbacks = detail::callbacks_of<provkey_store_callbacks>(part.get());
        if (part != nullptr) {
            callbacks.get = get;
            callbacks.scan = scan;
            callbacks.apply = apply;
        }
        return detail::with_callbacks<store>(std::move(part), provkey_store_new, &callbacks);
    }

    /// Runs the checks that every store must pass, and returns how many failed. `report` is called
    /// for each with its name and, if it failed, with what was seen; otherwise with `nullptr`. It
    /// must not throw.
    template <class Report>
    result<std::size_t> check(text run, Report report) const noexcept {
        auto each = [](void *user_data, const char *check, const char *seen) {
            (*static_cast<Report *>(user_data))(check, seen);
        };
        return detail::fill<std::size_t>(provkey_store_check, c(), run.c_str(), each, &report);
    }

private:
    static provkey_status get(void *user_data, const provkey_slice *keys, std::size_t len,
                              provkey_record_sink *sink) {
        return detail::guard(PROVKEY_STATUS_STORE_UNAVAILABLE, [&] {
            return static_cast<custom_store *>(user_data)->get({keys, len}, record_sink(sink));
        });
    }

    static provkey_status scan(void *user_data, const provkey_scan_range *range, std::size_t limit,
                               provkey_record_sink *sink) {
        return detail::guard(PROVKEY_STATUS_STORE_UNAVAILABLE, [&] {
            return static_cast<custom_store *>(user_data)->scan(*range, limit, record_sink(sink));
        });
    }

    static provkey_status apply(void *user_data, const provkey_unit *units, std::size_t len,
                                provkey_outcome_sink *sink) {
        return detail::guard(PROVKEY_STATUS_STORE_UNAVAILABLE, [&] {
            return static_cast<custom_store *>(user_data)->apply({units, len}, outcome_sink(sink));
        });
    }
};

} // namespace provkey

#endif
