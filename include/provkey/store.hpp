// Stores, for provkey.hpp: those of the library, and those of a host. Include <provkey.hpp>.
#ifndef PROVKEY_STORE_HPP
#define PROVKEY_STORE_HPP

#include <provkey/base.hpp>

namespace provkey {

/// Where `get` and `scan` of a host's store put what they found. Good until they return.
class record_sink {
public:
    explicit record_sink(provkey_record_sink *sink) noexcept : sink_(sink) {}

    /// The next record; `nullptr`, for `get`: there is none. It is copied.
    provkey_status push(const provkey_record *record) noexcept {
        return provkey_record_sink_push(sink_, record);
    }

    /// Says in words why an error is about to be returned.
    void explain(text message) noexcept {
        (void)provkey_record_sink_explain(sink_, message.c_str());
    }

private:
    provkey_record_sink *sink_;
};

/// Where `apply` of a host's store says what came of each unit. Good until it returns.
class outcome_sink {
public:
    explicit outcome_sink(provkey_outcome_sink *sink) noexcept : sink_(sink) {}

    /// All of the next unit happened; its counters as they stood right after it.
    provkey_status applied(view<provkey_counter> counters) noexcept {
        return provkey_outcome_sink_applied(sink_, counters.data(), counters.size());
    }

    /// Nothing of the next unit happened: which operation, why, and what stood in the way.
    provkey_status refused(std::size_t operation, provkey_reason reason,
                           const provkey_record *record) noexcept {
        return provkey_outcome_sink_refused(sink_, operation, reason, record);
    }

    /// Nothing of the batch was applied: before an error is returned.
    void nothing_applied() noexcept { (void)provkey_outcome_sink_nothing_applied(sink_); }

    /// Says in words why an error is about to be returned.
    void explain(text message) noexcept {
        (void)provkey_outcome_sink_explain(sink_, message.c_str());
    }

private:
    provkey_outcome_sink *sink_;
};

/// A store of the host's: what it promises stands at `provkey_store_callbacks`. Several threads may
/// call it at a time. What it throws is `store_unavailable`, and after `apply` it is not known
/// whether anything was applied, unless the sink was told.
class host_store {
public:
    virtual ~host_store() = default;

    /// Pushes one answer for each key, in order.
    virtual provkey_status get(view<provkey_slice> keys, record_sink sink) = 0;

    /// Pushes at most `limit` records of a range, in its order.
    virtual provkey_status scan(const provkey_scan_range &range, std::size_t limit,
                                record_sink sink) = 0;

    /// Applies units, and answers for each, in order.
    virtual provkey_status apply(view<provkey_unit> units, outcome_sink sink) = 0;
};

/// What an operation comes to: a reason to refuse it, or `PROVKEY_REASON_NONE` and, for `SET_LIMIT`
/// and `COUNT`, what its counter will be.
struct decision {
    provkey_reason reason;
    provkey_counter counter;
};

/// Decides one operation on its record as it stands before the unit, `nullptr` for none.
inline result<decision> decide(const provkey_operation &operation,
                               const provkey_record *record) noexcept {
    return detail::fill<decision>([&](auto made, auto why) {
        return provkey_operation_decide(&operation, record, &made->counter, &made->reason, why);
    });
}

/// Whether a unit has the right form, and otherwise which operation has not.
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

/// How much a query may take.
using query_limits = plain<provkey_query_limits>;
/// What a query found.
using query_result = record<provkey_query_result, provkey_query_result_free>;

/// Where an authority keeps everything.
class store : public object<provkey_store, provkey_store_free> {
public:
    using object::object;

    /// In memory, for tests.
    static result<store> memory() noexcept {
        return detail::make<store>(
            [](auto made, auto why) { return provkey_store_memory(made, why); });
    }

    /// In a new SQLite file.
    static result<store> sqlite_create(text path) noexcept {
        return detail::make<store>([&](auto made, auto why) {
            return provkey_store_sqlite_create(path.c_str(), made, why);
        });
    }

    /// In a SQLite file that there is.
    static result<store> sqlite_open(text path) noexcept {
        return detail::make<store>([&](auto made, auto why) {
            return provkey_store_sqlite_open(path.c_str(), made, why);
        });
    }

    /// In a schema of a PostgreSQL database, new.
    static result<store> postgres_create(text url) noexcept {
        return detail::make<store>([&](auto made, auto why) {
            return provkey_store_postgres_create(url.c_str(), made, why);
        });
    }

    /// In a PostgreSQL database that has one.
    static result<store> postgres_open(text url) noexcept {
        return detail::make<store>([&](auto made, auto why) {
            return provkey_store_postgres_open(url.c_str(), made, why);
        });
    }

    /// Writes a consistent copy of a SQLite file that is in use.
    static result<void> sqlite_backup(text path, text copy) noexcept {
        return detail::run([&](auto why) {
            return provkey_store_sqlite_backup(path.c_str(), copy.c_str(), why);
        });
    }

    /// Copies everything into another store, which is empty, and gives how many records that are.
    result<std::uint64_t> copy_to(const store &to) const noexcept {
        return detail::fill<std::uint64_t>([&](auto records, auto why) {
            return provkey_store_copy(c(), to.c(), records, why);
        });
    }

    /// Answers one SELECT over the views for people, and does nothing else.
    result<query_result> query(text sql, const query_limits &limits = {}) const noexcept {
        return detail::make<query_result>([&](auto made, auto why) {
            return provkey_store_query(c(), sql.c_str(), &limits, made, why);
        });
    }

    /// Closes this store to all changes and copies it into another, which is empty.
    result<std::uint64_t> move_to(const store &to) const noexcept {
        return detail::fill<std::uint64_t>([&](auto records, auto why) {
            return provkey_store_move(c(), to.c(), records, why);
        });
    }

    /// One of the host's.
    static result<store> make(std::unique_ptr<host_store> part) noexcept {
        auto callbacks = detail::callbacks_of<provkey_store_callbacks>(part.get());
        if (part != nullptr) {
            callbacks.get = get;
            callbacks.scan = scan;
            callbacks.apply = apply;
        }
        return detail::host_part<store>(std::move(part), [&](auto made, auto why) {
            return provkey_store_new(&callbacks, made, why);
        });
    }

    /// Runs the checks that every store passes, and gives how many failed. `report` is told each by
    /// its name, and what was seen if it failed, `nullptr` if it passed; it must not throw.
    template <class Report>
    result<std::size_t> check(text run, Report report) const noexcept {
        auto each = [](void *user_data, const char *check, const char *seen) {
            (*static_cast<Report *>(user_data))(check, seen);
        };
        return detail::fill<std::size_t>([&](auto failed, auto why) {
            return provkey_store_check(c(), run.c_str(), each, &report, failed, why);
        });
    }

private:
    static provkey_status get(void *user_data, const provkey_slice *keys, std::size_t len,
                              provkey_record_sink *sink) {
        return detail::guard(PROVKEY_STATUS_STORE_UNAVAILABLE, [&] {
            return static_cast<host_store *>(user_data)->get({keys, len}, record_sink(sink));
        });
    }

    static provkey_status scan(void *user_data, const provkey_scan_range *range, std::size_t limit,
                               provkey_record_sink *sink) {
        return detail::guard(PROVKEY_STATUS_STORE_UNAVAILABLE, [&] {
            return static_cast<host_store *>(user_data)->scan(*range, limit, record_sink(sink));
        });
    }

    static provkey_status apply(void *user_data, const provkey_unit *units, std::size_t len,
                                provkey_outcome_sink *sink) {
        return detail::guard(PROVKEY_STATUS_STORE_UNAVAILABLE, [&] {
            return static_cast<host_store *>(user_data)->apply({units, len}, outcome_sink(sink));
        });
    }
};

} // namespace provkey

#endif
