#include "table_store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct row {
    uint8_t *key;
    size_t key_len;
    uint64_t version;
    provkey_record_type type;
    uint8_t *body;
    size_t body_len;
    provkey_counter counter;
} row;

// The rows by key, in byte order.
typedef struct table {
    pthread_mutex_t lock;
    row **rows;
    size_t len;
    size_t capacity;
    // The number of the latest unit that was applied, and the version of what it wrote. It only grows:
    // no version comes back with a record that was deleted and made anew.
    uint64_t sequence;
} table;

static atomic_int alive;

static int compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    const size_t common = a_len < b_len ? a_len : b_len;
    const int order = common == 0 ? 0 : memcmp(a, b, common);
    if (order != 0) {
        return order;
    }
    return a_len == b_len ? 0 : a_len < b_len ? -1 : 1;
}

// The index of the first row whose key is not less.
static size_t lower_bound(const table *table, provkey_slice key)
{
    size_t low = 0;
    size_t high = table->len;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const row *row = table->rows[middle];
        if (compare(row->key, row->key_len, key.data, key.len) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool has_key(const row *row, provkey_slice key)
{
    return compare(row->key, row->key_len, key.data, key.len) == 0;
}

static row *find(const table *table, provkey_slice key)
{
    const size_t at = lower_bound(table, key);
    return at < table->len && has_key(table->rows[at], key) ? table->rows[at] : NULL;
}

static provkey_record record_of(const row *row)
{
    return (provkey_record){
        .struct_size = sizeof(provkey_record),
        .key = {row->key, row->key_len},
        .version = row->version,
        .type = row->type,
        .body = {row->body, row->body_len},
        .counter = row->counter,
    };
}

static provkey_status push(provkey_record_sink *sink, const row *row)
{
    if (row == NULL) {
        return provkey_record_sink_push(sink, NULL);
    }
    const provkey_record record = record_of(row);
    return provkey_record_sink_push(sink, &record);
}

static provkey_status get(void *user_data, const provkey_slice *keys, size_t keys_len,
                          provkey_record_sink *sink)
{
    table *table = user_data;
    if (keys_len > PROVKEY_GET_KEYS_MAX) {
        return PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE;
    }
    provkey_status status = PROVKEY_STATUS_OK;
    pthread_mutex_lock(&table->lock);
    for (size_t i = 0; i < keys_len && status == PROVKEY_STATUS_OK; i++) {
        status = push(sink, find(table, keys[i]));
    }
    pthread_mutex_unlock(&table->lock);
    return status;
}

static provkey_status scan(void *user_data, const provkey_scan_range *range, size_t limit,
                           provkey_record_sink *sink)
{
    table *table = user_data;
    if (limit > PROVKEY_SCAN_RECORDS_MAX) {
        return PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE;
    }
    provkey_status status = PROVKEY_STATUS_OK;
    pthread_mutex_lock(&table->lock);
    const size_t start = lower_bound(table, range->start);
    const size_t bound = range->has_end ? lower_bound(table, range->end) : table->len;
    const size_t found = bound > start ? bound - start : 0;
    for (size_t i = 0; i < found && i < limit && status == PROVKEY_STATUS_OK; i++) {
        status = push(sink, table->rows[range->reverse ? bound - 1 - i : start + i]);
    }
    pthread_mutex_unlock(&table->lock);
    return status;
}

static void free_row(row *row)
{
    if (row != NULL) {
        free(row->key);
        free(row->body);
        free(row);
    }
}

// What an operation makes of its record: a new row. NULL if memory cannot be had.
static row *new_row(const provkey_operation *operation, provkey_counter counter, uint64_t version)
{
    const bool body = operation->type == PROVKEY_OPERATION_TYPE_PUT;
    row *row = calloc(1, sizeof(*row));
    if (row == NULL) {
        return NULL;
    }
    row->key = malloc(operation->key.len);
    row->body = malloc(body ? operation->body.len + 1 : 1);
    if (row->key == NULL || row->body == NULL) {
        free_row(row);
        return NULL;
    }
    memcpy(row->key, operation->key.data, operation->key.len);
    row->key_len = operation->key.len;
    row->version = version;
    row->type = body ? PROVKEY_RECORD_TYPE_BODY : PROVKEY_RECORD_TYPE_COUNTER;
    row->counter = counter;
    if (body && operation->body.len > 0) {
        memcpy(row->body, operation->body.data, operation->body.len);
        row->body_len = operation->body.len;
    }
    return row;
}

static bool writes(const provkey_operation *operation)
{
    return operation->type == PROVKEY_OPERATION_TYPE_PUT ||
           operation->type == PROVKEY_OPERATION_TYPE_SET_LIMIT ||
           operation->type == PROVKEY_OPERATION_TYPE_COUNT;
}

static bool counts(const provkey_operation *operation)
{
    return writes(operation) && operation->type != PROVKEY_OPERATION_TYPE_PUT;
}

// A unit on its way into the table. All memory is had before the table is touched.
typedef struct change {
    const provkey_unit *unit;
    // One for each operation; NULL where it writes nothing.
    row **rows;
    // The counters of those that count or limit, in order.
    provkey_counter *counters;
    size_t counters_len;
} change;

static void discard(change *change)
{
    for (size_t i = 0; change->rows != NULL && i < change->unit->operations_len; i++) {
        free_row(change->rows[i]);
    }
    free(change->rows);
    free(change->counters);
}

static bool reserve(table *table, size_t more)
{
    if (table->len + more <= table->capacity) {
        return true;
    }
    const size_t capacity = 2 * table->capacity + more;
    row **rows = realloc(table->rows, capacity * sizeof(*rows));
    if (rows != NULL) {
        table->rows = rows;
        table->capacity = capacity;
    }
    return rows != NULL;
}

static void remove_row(table *table, provkey_slice key)
{
    const size_t at = lower_bound(table, key);
    if (at < table->len && has_key(table->rows[at], key)) {
        free_row(table->rows[at]);
        table->len -= 1;
        memmove(&table->rows[at], &table->rows[at + 1], (table->len - at) * sizeof(*table->rows));
    }
}

// Room was reserved.
static void put_row(table *table, row *row)
{
    const provkey_slice key = {row->key, row->key_len};
    const size_t at = lower_bound(table, key);
    if (at < table->len && has_key(table->rows[at], key)) {
        free_row(table->rows[at]);
    } else {
        memmove(&table->rows[at + 1], &table->rows[at], (table->len - at) * sizeof(*table->rows));
        table->len += 1;
    }
    table->rows[at] = row;
}

static void carry_out(table *table, change *change)
{
    table->sequence += 1;
    for (size_t i = 0; i < change->unit->operations_len; i++) {
        if (change->unit->operations[i].type == PROVKEY_OPERATION_TYPE_DELETE) {
            remove_row(table, change->unit->operations[i].key);
        } else if (change->rows[i] != NULL) {
            put_row(table, change->rows[i]);
            change->rows[i] = NULL;
        }
    }
}

static provkey_status refuse(provkey_outcome_sink *sink, size_t operation, provkey_reason reason,
                             const row *row)
{
    if (row == NULL) {
        return provkey_outcome_sink_refused(sink, operation, reason, NULL);
    }
    const provkey_record record = record_of(row);
    return provkey_outcome_sink_refused(sink, operation, reason, &record);
}

// Decides all operations, before the first is carried out, and has the rows ready.
static provkey_status decide(const table *table, change *change, provkey_outcome_sink *sink,
                             bool *refused)
{
    for (size_t i = 0; i < change->unit->operations_len; i++) {
        const provkey_operation *operation = &change->unit->operations[i];
        const row *row = find(table, operation->key);
        const provkey_record record = row == NULL ? (provkey_record){0} : record_of(row);
        provkey_counter counter = {0};
        provkey_reason reason = PROVKEY_REASON_NONE;
        const provkey_status status = provkey_operation_decide(operation, row == NULL ? NULL : &record,
                                                               &counter, &reason, NULL);
        if (status != PROVKEY_STATUS_OK) {
            return status;
        }
        if (reason != PROVKEY_REASON_NONE) {
            *refused = true;
            return refuse(sink, i, reason, row);
        }
        if (counts(operation)) {
            change->counters[change->counters_len++] = counter;
        }
        if (writes(operation)) {
            change->rows[i] = new_row(operation, counter, table->sequence + 1);
            if (change->rows[i] == NULL) {
                return PROVKEY_STATUS_STORE_UNAVAILABLE;
            }
        }
    }
    return PROVKEY_STATUS_OK;
}

// Checks the form, and has memory for the unit.
static provkey_status prepare(table *table, change *change, provkey_outcome_sink *sink, bool *refused)
{
    const size_t len = change->unit->operations_len;
    size_t operation = 0;
    provkey_reason reason = PROVKEY_REASON_NONE;
    const provkey_status status = provkey_unit_check(change->unit, &operation, &reason, NULL);
    if (status != PROVKEY_STATUS_OK) {
        return status;
    }
    if (reason != PROVKEY_REASON_NONE) {
        *refused = true;
        return refuse(sink, operation, reason, NULL);
    }
    change->rows = calloc(len + 1, sizeof(*change->rows));
    change->counters = calloc(len + 1, sizeof(*change->counters));
    if (change->rows == NULL || change->counters == NULL || !reserve(table, len)) {
        return PROVKEY_STATUS_STORE_UNAVAILABLE;
    }
    return decide(table, change, sink, refused);
}

static provkey_status apply_unit(table *table, const provkey_unit *unit, provkey_outcome_sink *sink)
{
    change change = {.unit = unit};
    bool refused = false;
    provkey_status status = prepare(table, &change, sink, &refused);
    if (status == PROVKEY_STATUS_OK && !refused) {
        // Answered before it is carried out, which cannot fail: a unit is never half told.
        status = provkey_outcome_sink_applied(sink, change.counters, change.counters_len);
        if (status == PROVKEY_STATUS_OK) {
            carry_out(table, &change);
        }
    }
    discard(&change);
    return status;
}

static provkey_status apply(void *user_data, const provkey_unit *units, size_t units_len,
                            provkey_outcome_sink *sink)
{
    table *table = user_data;
    if (units_len > PROVKEY_BATCH_UNITS_MAX) {
        provkey_outcome_sink_nothing_applied(sink);
        return PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE;
    }
    provkey_status status = PROVKEY_STATUS_OK;
    pthread_mutex_lock(&table->lock);
    const uint64_t before = table->sequence;
    for (size_t i = 0; i < units_len && status == PROVKEY_STATUS_OK; i++) {
        status = apply_unit(table, &units[i], sink);
    }
    const bool nothing_applied = table->sequence == before;
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
    for (size_t i = 0; i < table->len; i++) {
        free_row(table->rows[i]);
    }
    free(table->rows);
    pthread_mutex_destroy(&table->lock);
    free(table);
    alive -= 1;
}

provkey_store_callbacks table_store_callbacks(void)
{
    table *table = calloc(1, sizeof(*table));
    if (table != NULL) {
        pthread_mutex_init(&table->lock, NULL);
        alive += 1;
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
    const provkey_store_callbacks callbacks = table_store_callbacks();
    provkey_store *store = NULL;
    if (callbacks.user_data != NULL && provkey_store_new(&callbacks, &store, NULL) != PROVKEY_STATUS_OK) {
        destroy(callbacks.user_data);
    }
    return store;
}

int table_stores_alive(void)
{
    return alive;
}
