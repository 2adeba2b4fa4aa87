#include "table_store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct table {
    pthread_mutex_t lock;
    provkey_record *records; /* by key, in byte order; the body of each is allocated with its key */
    size_t len, capacity;
    /* The number of the latest unit, and the version of what it wrote. It only grows, so that no
     * version returns when a record is deleted and made again. */
    uint64_t sequence;
} table;

static atomic_int alive;

static int compare(provkey_slice a, provkey_slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* The index of the first record whose key is not less. */
static size_t lower_bound(const table *table, provkey_slice key)
{
    size_t low = 0, high = table->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(table->records[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static provkey_record *find(const table *table, provkey_slice key)
{
    size_t at = lower_bound(table, key);
    bool found = at < table->len && compare(table->records[at].key, key) == 0;
    return found ? &table->records[at] : NULL;
}

static provkey_status get(void *user_data, const provkey_slice *keys, size_t keys_len,
                          provkey_record_sink *sink)
{
    table *table = user_data;
    provkey_status status = PROVKEY_STATUS_OK;
    if (keys_len > PROVKEY_GET_KEYS_MAX)
        return PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE;
    pthread_mutex_lock(&table->lock);
    for (size_t at = 0; at < keys_len && status == PROVKEY_STATUS_OK; at++)
        status = provkey_record_sink_push(sink, find(table, keys[at]));
    pthread_mutex_unlock(&table->lock);
    return status;
}

static provkey_status scan(void *user_data, const provkey_scan_range *range, size_t limit,
                           provkey_record_sink *sink)
{
    table *table = user_data;
    provkey_status status = PROVKEY_STATUS_OK;
    if (limit > PROVKEY_SCAN_RECORDS_MAX)
        return PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE;
    pthread_mutex_lock(&table->lock);
    size_t start = lower_bound(table, range->start);
    size_t end = range->has_end ? lower_bound(table, range->end) : table->len;
    size_t found = end > start ? end - start : 0;
    for (size_t at = 0; at < found && at < limit && status == PROVKEY_STATUS_OK; at++) {
        size_t index = range->reverse ? end - 1 - at : start + at;
        status = provkey_record_sink_push(sink, &table->records[index]);
    }
    pthread_mutex_unlock(&table->lock);
    return status;
}

/* A unit is prepared with all the memory that it needs, answered, and then carried out, which
 * cannot fail. So it is atomic. */
typedef struct change {
    provkey_record records[PROVKEY_UNIT_OPERATIONS_MAX]; /* what is written */
    size_t records_len;
    provkey_counter counters[PROVKEY_UNIT_OPERATIONS_MAX]; /* what is answered */
    size_t counters_len;
} change;

static void free_record(provkey_record *record)
{
    free((void *)(uintptr_t)record->key.data);
}

static bool reserve(table *table, size_t more)
{
    if (table->capacity - table->len >= more)
        return true;
    size_t capacity = 2 * table->capacity + more;
    provkey_record *records = realloc(table->records, capacity * sizeof *records);
    if (records == NULL)
        return false;
    table->records = records;
    table->capacity = capacity;
    return true;
}

/* Copies what an operation writes. False if there is no memory. */
static bool add_record(change *change, const provkey_operation *operation, provkey_counter counter,
                       uint64_t version)
{
    bool is_body = operation->type == PROVKEY_OPERATION_TYPE_PUT;
    size_t key_len = operation->key.len, body_len = is_body ? operation->body.len : 0;
    uint8_t *data = malloc(key_len + body_len);
    if (data == NULL)
        return false;
    memcpy(data, operation->key.data, key_len);
    if (body_len > 0)
        memcpy(data + key_len, operation->body.data, body_len);
    change->records[change->records_len++] = (provkey_record){
        .struct_size = sizeof(provkey_record),
        .key = {data, key_len},
        .version = version,
        .type = is_body ? PROVKEY_RECORD_TYPE_BODY : PROVKEY_RECORD_TYPE_COUNTER,
        .body = {data + key_len, body_len},
        .counter = counter,
    };
    return true;
}

/* Decides every operation on the state before the unit. PROVKEY_STATUS_OK with a reason: the unit
 * is refused, and the sink has the answer. */
static provkey_status prepare(table *table, const provkey_unit *unit, change *change,
                              provkey_reason *reason, provkey_outcome_sink *sink)
{
    size_t at = 0;
    provkey_status status = provkey_unit_check(unit, &at, reason, NULL);
    if (status != PROVKEY_STATUS_OK)
        return status;
    if (*reason != PROVKEY_REASON_NONE)
        return provkey_outcome_sink_refused(sink, at, *reason, NULL);
    if (!reserve(table, unit->operations_len))
        return PROVKEY_STATUS_STORE_UNAVAILABLE;
    for (at = 0; at < unit->operations_len; at++) {
        const provkey_operation *operation = &unit->operations[at];
        const provkey_record *record = find(table, operation->key);
        provkey_counter counter = {0};
        status = provkey_operation_decide(operation, record, &counter, reason, NULL);
        if (status != PROVKEY_STATUS_OK)
            return status;
        if (*reason != PROVKEY_REASON_NONE)
            return provkey_outcome_sink_refused(sink, at, *reason, record);
        bool counts = operation->type == PROVKEY_OPERATION_TYPE_SET_LIMIT ||
                      operation->type == PROVKEY_OPERATION_TYPE_COUNT;
        bool writes = counts || operation->type == PROVKEY_OPERATION_TYPE_PUT;
        if (counts)
            change->counters[change->counters_len++] = counter;
        if (writes && !add_record(change, operation, counter, table->sequence + 1))
            return PROVKEY_STATUS_STORE_UNAVAILABLE;
    }
    return PROVKEY_STATUS_OK;
}

static void delete_record(table *table, provkey_slice key)
{
    provkey_record *record = find(table, key);
    if (record == NULL)
        return;
    free_record(record);
    table->len--;
    memmove(record, record + 1, (size_t)(table->records + table->len - record) * sizeof *record);
}

static void put_record(table *table, provkey_record record)
{
    size_t at = lower_bound(table, record.key);
    provkey_record *place = &table->records[at];
    if (find(table, record.key) != NULL) {
        free_record(place);
    } else {
        memmove(place + 1, place, (table->len - at) * sizeof *place);
        table->len++;
    }
    *place = record;
}

static void carry_out(table *table, const provkey_unit *unit, change *change)
{
    table->sequence++;
    for (size_t at = 0; at < unit->operations_len; at++)
        if (unit->operations[at].type == PROVKEY_OPERATION_TYPE_DELETE)
            delete_record(table, unit->operations[at].key);
    for (size_t at = 0; at < change->records_len; at++)
        put_record(table, change->records[at]);
    change->records_len = 0;
}

static provkey_status apply_unit(table *table, const provkey_unit *unit, provkey_outcome_sink *sink)
{
    change change;
    change.records_len = change.counters_len = 0;
    provkey_reason reason = PROVKEY_REASON_NONE;
    provkey_status status = prepare(table, unit, &change, &reason, sink);
    if (status == PROVKEY_STATUS_OK && reason == PROVKEY_REASON_NONE) {
        status = provkey_outcome_sink_applied(sink, change.counters, change.counters_len);
        if (status == PROVKEY_STATUS_OK)
            carry_out(table, unit, &change);
    }
    for (size_t at = 0; at < change.records_len; at++)
        free_record(&change.records[at]);
    return status;
}

static provkey_status apply(void *user_data, const provkey_unit *units, size_t units_len,
                            provkey_outcome_sink *sink)
{
    table *table = user_data;
    provkey_status status = PROVKEY_STATUS_OK;
    if (units_len > PROVKEY_BATCH_UNITS_MAX) {
        provkey_outcome_sink_nothing_applied(sink);
        return PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE;
    }
    pthread_mutex_lock(&table->lock);
    uint64_t before = table->sequence;
    for (size_t at = 0; at < units_len && status == PROVKEY_STATUS_OK; at++)
        status = apply_unit(table, &units[at], sink);
    bool nothing_applied = table->sequence == before;
    pthread_mutex_unlock(&table->lock);
    if (status != PROVKEY_STATUS_OK && nothing_applied) {
        provkey_outcome_sink_nothing_applied(sink);
        provkey_outcome_sink_explain(sink, "the table has no room");
    }
    return status;
}

static void destroy(void *user_data)
{
    table *table = user_data;
    for (size_t at = 0; at < table->len; at++)
        free_record(&table->records[at]);
    free(table->records);
    pthread_mutex_destroy(&table->lock);
    free(table);
    alive--;
}

provkey_store_callbacks table_store_callbacks(void)
{
    table *table = calloc(1, sizeof *table);
    if (table != NULL) {
        pthread_mutex_init(&table->lock, NULL);
        alive++;
    }
    return (provkey_store_callbacks){
        .struct_size = sizeof(provkey_store_callbacks),
        .user_data = table,
        .destroy = destroy,
        .get = get,
        .scan = scan,
        .apply = apply,
    };
}

provkey_store *table_store_new(void)
{
    provkey_store_callbacks callbacks = table_store_callbacks();
    provkey_store *store = NULL;
    if (callbacks.user_data != NULL &&
        provkey_store_new(&callbacks, &store, NULL) != PROVKEY_STATUS_OK)
        destroy(callbacks.user_data);
    return store;
}

int table_stores_alive(void)
{
    return alive;
}
