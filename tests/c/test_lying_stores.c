// Stores in C that fail or lie. An enrollment over each fails with a store's error; once the store
// tells the truth, the connector gets its certificate for one use.
#include <stdlib.h>

#include "fleet.h"
#include "table_store.h"

typedef enum lie {
    TRUTH,
    ANSWERS_STATUS,      // returns `status` and does nothing
    APPLIES_AND_FAILS,   // applies the units, then returns `status`
    SAYS_NOTHING,        // OK, without an answer
    SAYS_TOO_LITTLE,     // OK, without the last answer
    SAYS_TOO_MUCH,       // one answer more
    OTHER_KEYS,          // records of other keys
    MALFORMED_RECORDS,   // records that break each rule
    WRONG_ORDER,         // for scan: backwards
    OUTSIDE_OF_RANGE,    // for scan: records outside of the range
    NO_RECORDS,          // for scan: NULL for a record
    UNKNOWN_REASON,      // for apply: refused for an unknown reason
    OPERATION_NOT_THERE, // for apply: refused for an operation that does not exist
    COUNTERS_MISSING,    // for apply: applied, without the counters
    WRONG_SINK,          // writes to something that is not a sink
    CALLS_BACK,          // calls the authority that uses it
} lie;

// A table, and the lies that its callbacks tell.
typedef struct liar {
    provkey_store_callbacks truth;
    provkey_authority *authority;
    lie in_get;
    lie in_scan;
    lie in_apply;
    provkey_status status;
    size_t lies_told;
} liar;

static liar liar_state;

static provkey_status push_malformed(provkey_record_sink *sink)
{
    static const uint8_t zeros[PROVKEY_RECORD_BODY_BYTES_MAX + 1];
    const provkey_record good = {
        .struct_size = sizeof(good),
        .key = {zeros, 1},
        .version = 1,
        .type = PROVKEY_RECORD_TYPE_BODY,
        .body = {zeros, 1},
    };
    provkey_record record = good;
    record.key = (provkey_slice){NULL, 5};
    CHECK(provkey_record_sink_push(sink, &record) == PROVKEY_STATUS_NULL_ARGUMENT);
    record.key = (provkey_slice){zeros, PROVKEY_RECORD_KEY_BYTES_MAX + 1};
    CHECK(provkey_record_sink_push(sink, &record) == PROVKEY_STATUS_ARGUMENT_TOO_LARGE);
    record.key = (provkey_slice){NULL, 0};
    CHECK(provkey_record_sink_push(sink, &record) == PROVKEY_STATUS_ARGUMENT_TOO_LARGE);
    record = good;
    record.body = (provkey_slice){NULL, 5};
    CHECK(provkey_record_sink_push(sink, &record) == PROVKEY_STATUS_NULL_ARGUMENT);
    record.body = (provkey_slice){zeros, sizeof(zeros)};
    CHECK(provkey_record_sink_push(sink, &record) == PROVKEY_STATUS_ARGUMENT_TOO_LARGE);
    record.body = (provkey_slice){zeros, SIZE_MAX};
    CHECK(provkey_record_sink_push(sink, &record) == PROVKEY_STATUS_ARGUMENT_TOO_LARGE);
    record = good;
    record.type = 3;
    CHECK(provkey_record_sink_push(sink, &record) == PROVKEY_STATUS_VALUE_UNKNOWN);
    record = good;
    record.struct_size = sizeof(good) - 1;
    CHECK(provkey_record_sink_push(sink, &record) == PROVKEY_STATUS_STRUCT_SIZE_INVALID);
    // A record that the authority cannot parse.
    return provkey_record_sink_push(sink, &good);
}

static provkey_status call_back(void)
{
    provkey_connector_group_page *page = NULL;
    const provkey_status status = provkey_authority_list_groups(liar_state.authority, NULL, &page, NULL);
    CHECK(status == PROVKEY_STATUS_REENTRANT_CALL && page == NULL);
    return status;
}

static provkey_status lie_with_records(lie lie, provkey_record_sink *sink, size_t most)
{
    static const uint8_t somewhere[] = {0xff, 0xff};
    const provkey_record record = {
        .struct_size = sizeof(record),
        .key = {somewhere, sizeof(somewhere)},
        .version = 1,
        .type = PROVKEY_RECORD_TYPE_COUNTER,
    };
    switch (lie) {
    case ANSWERS_STATUS:
        provkey_record_sink_explain(sink, "the store is asleep");
        return liar_state.status;
    case OTHER_KEYS:
    case OUTSIDE_OF_RANGE:
        for (size_t i = 0; i < most; i++) {
            provkey_record_sink_push(sink, &record);
        }
        return PROVKEY_STATUS_OK;
    case WRONG_ORDER: {
        provkey_record other = record;
        other.key.len = 1;
        provkey_record_sink_push(sink, &record);
        provkey_record_sink_push(sink, &other);
        provkey_record_sink_push(sink, &record);
        return PROVKEY_STATUS_OK;
    }
    case NO_RECORDS:
        return provkey_record_sink_push(sink, NULL);
    case MALFORMED_RECORDS:
        return push_malformed(sink);
    case WRONG_SINK:
        CHECK(provkey_record_sink_push(NULL, &record) == PROVKEY_STATUS_NULL_ARGUMENT);
        CHECK(provkey_outcome_sink_applied((provkey_outcome_sink *)sink, NULL, 0) ==
              PROVKEY_STATUS_HANDLE_WRONG_KIND);
        return PROVKEY_STATUS_HANDLE_WRONG_KIND;
    case CALLS_BACK:
        return call_back();
    default:
        return PROVKEY_STATUS_OK;
    }
}

static provkey_status get(void *user_data, const provkey_slice *keys, size_t keys_len,
                          provkey_record_sink *sink)
{
    CHECK(user_data == &liar_state);
    liar_state.lies_told += liar_state.in_get != TRUTH;
    const bool less = liar_state.in_get == SAYS_TOO_LITTLE;
    if (liar_state.in_get != TRUTH && liar_state.in_get != SAYS_TOO_MUCH && !less) {
        return lie_with_records(liar_state.in_get, sink, keys_len);
    }
    const provkey_status status =
        liar_state.truth.get(liar_state.truth.user_data, keys, keys_len - (less ? 1 : 0), sink);
    if (liar_state.in_get == SAYS_TOO_MUCH) {
        CHECK(provkey_record_sink_push(sink, NULL) == PROVKEY_STATUS_ARGUMENT_TOO_LARGE);
        return PROVKEY_STATUS_ARGUMENT_TOO_LARGE;
    }
    return status;
}

static provkey_status scan(void *user_data, const provkey_scan_range *range, size_t limit,
                           provkey_record_sink *sink)
{
    CHECK(user_data == &liar_state);
    liar_state.lies_told += liar_state.in_scan != TRUTH;
    if (liar_state.in_scan != TRUTH) {
        return lie_with_records(liar_state.in_scan, sink, limit < 3 ? limit : 3);
    }
    return liar_state.truth.scan(liar_state.truth.user_data, range, limit, sink);
}

static provkey_status lie_with_outcomes(lie lie, size_t units_len, provkey_outcome_sink *sink)
{
    switch (lie) {
    case ANSWERS_STATUS:
        provkey_outcome_sink_explain(sink, "the store is asleep");
        provkey_outcome_sink_nothing_applied(sink);
        return liar_state.status;
    case UNKNOWN_REASON:
        CHECK(provkey_outcome_sink_refused(sink, 0, 99, NULL) == PROVKEY_STATUS_VALUE_UNKNOWN);
        CHECK(provkey_outcome_sink_refused(sink, 0, PROVKEY_REASON_NONE, NULL) ==
              PROVKEY_STATUS_VALUE_UNKNOWN);
        return PROVKEY_STATUS_OK;
    case OPERATION_NOT_THERE:
        for (size_t i = 0; i < units_len; i++) {
            provkey_outcome_sink_refused(sink, SIZE_MAX, PROVKEY_REASON_CHANGED, NULL);
        }
        return PROVKEY_STATUS_OK;
    case COUNTERS_MISSING:
        for (size_t i = 0; i < units_len; i++) {
            provkey_outcome_sink_applied(sink, NULL, 0);
        }
        return PROVKEY_STATUS_OK;
    case WRONG_SINK:
        CHECK(provkey_record_sink_push((provkey_record_sink *)sink, NULL) ==
              PROVKEY_STATUS_HANDLE_WRONG_KIND);
        CHECK(provkey_outcome_sink_applied(sink, NULL, 3) == PROVKEY_STATUS_NULL_ARGUMENT);
        return PROVKEY_STATUS_HANDLE_WRONG_KIND;
    case CALLS_BACK:
        provkey_outcome_sink_nothing_applied(sink);
        return call_back();
    default:
        return PROVKEY_STATUS_OK;
    }
}

static provkey_status apply(void *user_data, const provkey_unit *units, size_t units_len,
                            provkey_outcome_sink *sink)
{
    CHECK(user_data == &liar_state);
    const lie lie = liar_state.in_apply;
    liar_state.lies_told += lie != TRUTH;
    if (lie != TRUTH && lie != APPLIES_AND_FAILS && lie != SAYS_TOO_MUCH) {
        return lie_with_outcomes(lie, units_len, sink);
    }
    const provkey_status status = liar_state.truth.apply(liar_state.truth.user_data, units, units_len, sink);
    if (lie == SAYS_TOO_MUCH) {
        CHECK(provkey_outcome_sink_applied(sink, NULL, 0) == PROVKEY_STATUS_ARGUMENT_TOO_LARGE);
        return PROVKEY_STATUS_ARGUMENT_TOO_LARGE;
    }
    return lie == APPLIES_AND_FAILS ? liar_state.status : status;
}

static void destroy(void *user_data)
{
    CHECK(user_data == &liar_state);
    liar_state.truth.destroy(liar_state.truth.user_data);
}

static provkey_store *store;
static fleet sensors;

static void begin(void)
{
    const provkey_store_callbacks callbacks = {
        .struct_size = sizeof(callbacks),
        .user_data = &liar_state,
        .destroy = destroy,
        .get = get,
        .scan = scan,
        .apply = apply,
    };
    liar_state = (liar){.truth = table_store_callbacks()};
    OK(provkey_store_new(&callbacks, &store, ERR));
    sensors = fleet_new((fleet_parts){.store = store}, 1000);
    liar_state.authority = sensors.authority;
}

static void end(void)
{
    fleet_free(&sensors);
    provkey_store_free(store);
    CHECK(table_stores_alive() == 0);
}

static bool of_a_store(provkey_status status)
{
    return (status >= PROVKEY_STATUS_REENTRANT_CALL && status <= PROVKEY_STATUS_STORE_MOVED) ||
        status == PROVKEY_STATUS_USED_AFTER_FORK;
}

// Enrolls a new connector through a lie, then through the truth. Returns the status of the first
// attempt.
static provkey_status enroll_through(lie in_get, lie in_apply)
{
    const uint64_t used = fleet_used(sensors.authority, sensors.key->id);
    provkey_enrolled *enrolled = NULL;
    asking asking = asking_with(sensors.provisioning_key);
    liar_state.lies_told = 0;
    liar_state.in_get = in_get;
    liar_state.in_apply = in_apply;
    const provkey_status status =
        provkey_authority_enroll(sensors.authority, &asking.enroll_request, &enrolled, ERR);
    liar_state.in_get = TRUTH;
    liar_state.in_apply = TRUTH;
    CHECK(liar_state.lies_told > 0);
    CHECK((status == PROVKEY_STATUS_OK) == (enrolled != NULL));
    CHECK(status == PROVKEY_STATUS_OK || check_error->status == status);
    provkey_enrolled_free(enrolled);

    OK(provkey_authority_enroll(sensors.authority, &asking.enroll_request, &enrolled, ERR));
    provkey_enrolled_free(enrolled);
    CHECK(fleet_used(sensors.authority, sensors.key->id) == used + 1);
    asking_free(&asking);
    return status;
}

static void check_every_status(void (*check)(void))
{
    size_t statuses = 0;
    for (provkey_status status = -2; status < 1400; status++) {
        // All statuses, and some numbers that are none.
        if (status != PROVKEY_STATUS_OK &&
            (provkey_status_code(status) != NULL || status < 0 || status % 100 == 99)) {
            liar_state.status = status;
            check();
            statuses += 1;
        }
    }
    liar_state.status = INT32_MIN;
    check();
    liar_state.status = INT32_MAX;
    check();
    CHECK(statuses > 200);
}

static void fail_to_get(void)
{
    const provkey_status status = enroll_through(ANSWERS_STATUS, TRUTH);
    CHECK(of_a_store(status));
    CHECK(!of_a_store(liar_state.status) || liar_state.status == PROVKEY_STATUS_STORE_EXISTS || status == liar_state.status);
}

static void fail_to_apply(void)
{
    CHECK(of_a_store(enroll_through(TRUTH, ANSWERS_STATUS)));
}

static void fail_after_applying(void)
{
    const provkey_status status = enroll_through(TRUTH, APPLIES_AND_FAILS);
    CHECK(status == PROVKEY_STATUS_OK || of_a_store(status));
}

static void fail_to_scan(void)
{
    provkey_connector_group_page *page = NULL;
    liar_state.in_scan = ANSWERS_STATUS;
    const provkey_status status = provkey_authority_list_groups(sensors.authority, NULL, &page, ERR);
    liar_state.in_scan = TRUTH;
    CHECK(of_a_store(status) && page == NULL);
    CHECK(strstr(check_error->message, "asleep") != NULL);
}

static void a_store_fails_with_every_status(void)
{
    begin();
    check_every_status(fail_to_get);
    check_every_status(fail_to_apply);
    check_every_status(fail_after_applying);
    check_every_status(fail_to_scan);
    end();
}

static void get_lies(void)
{
    begin();
    const lie lies[] = {SAYS_NOTHING, SAYS_TOO_LITTLE, SAYS_TOO_MUCH, OTHER_KEYS, MALFORMED_RECORDS,
                        WRONG_SINK, CALLS_BACK};
    for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
        CHECK(of_a_store(enroll_through(lies[i], TRUTH)));
    }
    end();
}

static void apply_lies(void)
{
    begin();
    const lie lies[] = {SAYS_NOTHING, SAYS_TOO_MUCH, UNKNOWN_REASON, OPERATION_NOT_THERE,
                        COUNTERS_MISSING, WRONG_SINK, CALLS_BACK};
    for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
        CHECK(of_a_store(enroll_through(TRUTH, lies[i])));
    }
    end();
}

static void scan_lies(void)
{
    begin();
    const lie lies[] = {WRONG_ORDER, OUTSIDE_OF_RANGE, NO_RECORDS, MALFORMED_RECORDS, WRONG_SINK, CALLS_BACK};
    provkey_connector_group_page *groups = NULL;
    provkey_key_page *keys = NULL;
    provkey_audit_page *records = NULL;
    for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
        liar_state.in_scan = lies[i];
        CHECK(of_a_store(provkey_authority_list_groups(sensors.authority, NULL, &groups, ERR)));
        CHECK(of_a_store(provkey_authority_list_keys(sensors.authority, NULL, NULL, &keys, ERR)));
        CHECK(of_a_store(provkey_authority_list_audit(sensors.authority, NULL, NULL, &records, ERR)));
    }
    // An empty page is a valid answer.
    liar_state.in_scan = SAYS_NOTHING;
    OK(provkey_authority_list_groups(sensors.authority, NULL, &groups, ERR));
    CHECK(groups->items_len == 0);
    provkey_connector_group_page_free(groups);
    liar_state.in_scan = TRUTH;
    CHECK(keys == NULL && records == NULL);
    end();
}

int main(void)
{
    RUN(a_store_fails_with_every_status);
    RUN(get_lies);
    RUN(apply_lies);
    RUN(scan_lies);
    return check_done();
}
