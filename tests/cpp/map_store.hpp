// A store in C++: a map under a lock, which throws on demand.
#ifndef MAP_STORE_HPP
#define MAP_STORE_HPP

#include <provkey.hpp>

#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

class map_store final : public provkey::custom_store {
public:
    /// What a test controls and observes.
    struct control {
        int calls_left = -1; // before a call throws; below 0: none does
        int destroyed = 0;
    };

    explicit map_store(control &control) : control_(control) {}
    ~map_store() override { control_.destroyed++; }

    provkey_status get(provkey::view<provkey_slice> keys, provkey::record_sink sink) override {
        std::lock_guard lock(mutex_);
        may_throw();
        if (keys.size() > PROVKEY_GET_KEYS_MAX)
            return PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE;
        for (provkey_slice key : keys) {
            auto found = records_.find(string(key));
            provkey_status status =
                found == records_.end() ? sink.push(nullptr) : push(sink, *found);
            if (status != PROVKEY_STATUS_OK)
                return status;
        }
        return PROVKEY_STATUS_OK;
    }

    provkey_status scan(const provkey_scan_range &range, std::size_t limit,
                        provkey::record_sink sink) override {
        std::lock_guard lock(mutex_);
        may_throw();
        if (limit > PROVKEY_SCAN_RECORDS_MAX)
            return PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE;
        auto start = records_.lower_bound(string(range.start));
        auto end = range.has_end ? records_.lower_bound(string(range.end)) : records_.end();
        if (range.has_end && string(range.end) <= string(range.start))
            end = start;
        provkey_status status = PROVKEY_STATUS_OK;
        for (; start != end && limit > 0 && status == PROVKEY_STATUS_OK; limit--)
            status = push(sink, range.reverse ? *--end : *start++);
        return status;
    }

    provkey_status apply(provkey::view<provkey_unit> units, provkey::outcome_sink sink) override {
        std::lock_guard lock(mutex_);
        if (units.size() > PROVKEY_BATCH_UNITS_MAX) {
            sink.nothing_applied();
            return PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE;
        }
        for (const provkey_unit &unit : units) {
            may_throw();
            provkey_status status = apply(unit, sink);
            if (status != PROVKEY_STATUS_OK)
                return status;
        }
        return PROVKEY_STATUS_OK;
    }

private:
    struct value {
        std::uint64_t version;
        provkey_record_type type;
        std::string body;
        provkey_counter counter;
    };
    using records = std::map<std::string, value>;

    static std::string string(provkey::bytes_view bytes) { return std::string(bytes.characters()); }

    static provkey_slice slice(const std::string &string) {
        return {reinterpret_cast<const std::uint8_t *>(string.data()), string.size()};
    }

    static provkey::plain<provkey_record> plain(const records::value_type &entry) {
        provkey::plain<provkey_record> record;
        record.key = slice(entry.first);
        record.version = entry.second.version;
        record.type = entry.second.type;
        record.body = slice(entry.second.body);
        record.counter = entry.second.counter;
        return record;
    }

    static provkey_status push(provkey::record_sink &sink, const records::value_type &entry) {
        auto record = plain(entry);
        return sink.push(&record);
    }

    void may_throw() {
        if (control_.calls_left == 0)
            throw std::runtime_error("the store throws");
        if (control_.calls_left > 0)
            control_.calls_left--;
    }

    provkey_status apply(const provkey_unit &unit, provkey::outcome_sink &sink) {
        auto form = provkey::check(unit).value();
        if (form.reason != PROVKEY_REASON_NONE)
            return sink.refused(form.operation, form.reason, nullptr);
        std::vector<provkey_counter> counters;
        records changed = records_; // a copy of everything: simple and atomic
        sequence_++;
        for (std::size_t at = 0; at < unit.operations_len; at++) {
            const provkey_operation &operation = unit.operations[at];
            auto found = records_.find(string(operation.key));
            provkey::plain<provkey_record> record;
            if (found != records_.end())
                record = plain(*found);
            const provkey_record *there = found == records_.end() ? nullptr : &record;
            auto decided = provkey::decide(operation, there).value();
            if (decided.reason != PROVKEY_REASON_NONE)
                return sink.refused(at, decided.reason, there);
            change(changed, operation, decided.counter, counters);
        }
        records_ = std::move(changed);
        return sink.applied({counters.data(), counters.size()});
    }

    void change(records &records, const provkey_operation &operation, provkey_counter counter,
                std::vector<provkey_counter> &counters) const {
        const std::string key = string(operation.key);
        switch (operation.type) {
        case PROVKEY_OPERATION_TYPE_PUT:
            records[key] = {sequence_, PROVKEY_RECORD_TYPE_BODY, string(operation.body), {}};
            break;
        case PROVKEY_OPERATION_TYPE_DELETE:
            records.erase(key);
            break;
        case PROVKEY_OPERATION_TYPE_SET_LIMIT:
        case PROVKEY_OPERATION_TYPE_COUNT:
            records[key] = {sequence_, PROVKEY_RECORD_TYPE_COUNTER, {}, counter};
            counters.push_back(counter);
            break;
        }
    }

    control &control_;
    std::mutex mutex_;
    records records_;
    std::uint64_t sequence_ = 0;
};

#endif
