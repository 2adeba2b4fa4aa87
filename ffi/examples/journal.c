#define _DEFAULT_SOURCE

#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "frames.h"
#include "records.h"

typedef struct journal {
    pthread_mutex_t lock;
    int file;
    records records;
    uint64_t sequence; /* of the latest unit: the version of what it wrote */
    buffer frame;      /* the changes of this call */
    bool broken;       /* memory and file may differ: only opening it again helps */
} journal;

/* A change of a record, which is of type FRAME_DELETED if it goes. */
static int carry_out(void *context, const provkey_record *change)
{
    journal *journal = context;
    if (change->version > journal->sequence)
        journal->sequence = change->version;
    if (change->type != FRAME_DELETED)
        return records_put(&journal->records, change);
    records_remove(&journal->records, change->key);
    return 0;
}

/* The callbacks. */

static provkey_status get(void *user_data, const provkey_slice *keys, size_t keys_len,
                          provkey_record_sink *sink)
{
    journal *journal = user_data;
    provkey_status status = PROVKEY_STATUS_OK;
    if (keys_len > PROVKEY_GET_KEYS_MAX)
        return PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE;
    pthread_mutex_lock(&journal->lock);
    for (size_t at = 0; at < keys_len && status == PROVKEY_STATUS_OK; at++)
        status = provkey_record_sink_push(sink, records_find(&journal->records, keys[at]));
    pthread_mutex_unlock(&journal->lock);
    return status;
}

static provkey_status scan(void *user_data, const provkey_scan_range *range, size_t limit,
                           provkey_record_sink *sink)
{
    journal *journal = user_data;
    const records *records = &journal->records;
    provkey_status status = PROVKEY_STATUS_OK;
    if (limit > PROVKEY_SCAN_RECORDS_MAX)
        return PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE;
    pthread_mutex_lock(&journal->lock);
    size_t start = records_from(records, range->start);
    size_t end = range->has_end ? records_from(records, range->end) : records->len;
    for (; start < end && limit > 0 && status == PROVKEY_STATUS_OK; limit--) {
        size_t at = range->reverse ? --end : start++;
        status = provkey_record_sink_push(sink, &records->items[at]);
    }
    pthread_mutex_unlock(&journal->lock);
    return status;
}

/* What an operation that was decided on makes of its record. */
static int change_by(journal *journal, const provkey_operation *operation,
                     const provkey_counter *counter)
{
    provkey_record change = {.struct_size = sizeof change, .version = journal->sequence};
    change.key = operation->key;
    switch (operation->type) {
    case PROVKEY_OPERATION_TYPE_PUT:
        change.type = PROVKEY_RECORD_TYPE_BODY;
        change.body = operation->body;
        break;
    case PROVKEY_OPERATION_TYPE_SET_LIMIT:
    case PROVKEY_OPERATION_TYPE_COUNT:
        change.type = PROVKEY_RECORD_TYPE_COUNTER;
        change.counter = *counter;
        break;
    case PROVKEY_OPERATION_TYPE_DELETE:
        change.type = FRAME_DELETED;
        break;
    default:
        return 0; /* it only checked */
    }
    return frame_add(&journal->frame, &change) == 0 ? carry_out(journal, &change) : -1;
}

/* Decides all operations of a unit; `counters` gets what each makes of its counter. PROVKEY_STATUS_OK
 * and a reason: it is refused, and the sink knows. */
static provkey_status decide(journal *journal, const provkey_unit *unit, provkey_counter *counters,
                             provkey_reason *reason, provkey_outcome_sink *sink)
{
    size_t at = 0;
    const provkey_record *record = NULL;
    provkey_status status = provkey_unit_check(unit, &at, reason, NULL);
    if (status == PROVKEY_STATUS_OK && *reason != PROVKEY_REASON_NONE)
        return provkey_outcome_sink_refused(sink, at, *reason, NULL);
    for (at = 0; at < unit->operations_len && status == PROVKEY_STATUS_OK; at++) {
        const provkey_operation *operation = &unit->operations[at];
        record = records_find(&journal->records, operation->key);
        status = provkey_operation_decide(operation, record, &counters[at], reason, NULL);
        if (status == PROVKEY_STATUS_OK && *reason != PROVKEY_REASON_NONE)
            return provkey_outcome_sink_refused(sink, at, *reason, record);
    }
    return status;
}

static provkey_status apply_unit(journal *journal, const provkey_unit *unit,
                                 provkey_outcome_sink *sink)
{
    provkey_counter counters[PROVKEY_UNIT_OPERATIONS_MAX];
    provkey_reason reason = PROVKEY_REASON_NONE;
    provkey_status status = decide(journal, unit, counters, &reason, sink);
    if (status != PROVKEY_STATUS_OK || reason != PROVKEY_REASON_NONE)
        return status;
    journal->sequence++;
    size_t counted = 0;
    for (size_t at = 0; at < unit->operations_len; at++) {
        const provkey_operation *operation = &unit->operations[at];
        if (change_by(journal, operation, &counters[at]) != 0)
            return PROVKEY_STATUS_OUT_OF_MEMORY;
        if (operation->type == PROVKEY_OPERATION_TYPE_SET_LIMIT ||
            operation->type == PROVKEY_OPERATION_TYPE_COUNT)
            counters[counted++] = counters[at];
    }
    return provkey_outcome_sink_applied(sink, counters, counted);
}

static provkey_status apply(void *user_data, const provkey_unit *units, size_t units_len,
                            provkey_outcome_sink *sink)
{
    journal *journal = user_data;
    if (units_len > PROVKEY_BATCH_UNITS_MAX) {
        provkey_outcome_sink_nothing_applied(sink);
        return PROVKEY_STATUS_STORE_REQUEST_TOO_LARGE;
    }
    pthread_mutex_lock(&journal->lock);
    provkey_status status = PROVKEY_STATUS_OK;
    if (journal->broken) {
        provkey_outcome_sink_nothing_applied(sink);
        status = PROVKEY_STATUS_STORE_UNAVAILABLE;
    } else {
        journal->frame.len = 0;
        for (size_t at = 0; at < units_len && status == PROVKEY_STATUS_OK; at++)
            status = apply_unit(journal, &units[at], sink);
        if (status == PROVKEY_STATUS_OK && frame_write(journal->file, &journal->frame) != 0)
            status = PROVKEY_STATUS_STORE_UNAVAILABLE;
        journal->broken = status != PROVKEY_STATUS_OK;
    }
    pthread_mutex_unlock(&journal->lock);
    return status;
}

/* Opening and closing. */

static void destroy(void *user_data)
{
    journal *journal = user_data;
    if (journal->file >= 0)
        close(journal->file);
    records_free(&journal->records);
    buffer_wipe(&journal->frame);
    pthread_mutex_destroy(&journal->lock);
    free(journal);
}

static int open_file(journal *journal, const char *path)
{
    buffer contents = {0};
    int64_t good = -1;
    journal->file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal->file >= 0 && flock(journal->file, LOCK_EX) == 0 &&
        read_all(journal->file, &contents, SIZE_MAX) == 0)
        good = frames_replay(&contents, carry_out, journal);
    buffer_wipe(&contents);
    return good >= 0 && ftruncate(journal->file, good) == 0 ? 0 : -1;
}

provkey_store *journal_open(const char *path)
{
    provkey_store *store = NULL;
    journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL)
        return NULL;
    pthread_mutex_init(&journal->lock, NULL);
    provkey_store_callbacks callbacks = {
        .struct_size = sizeof callbacks,
        .user_data = journal,
        .destroy = destroy,
        .get = get,
        .scan = scan,
        .apply = apply,
    };
    if (open_file(journal, path) == 0)
        provkey_store_new(&callbacks, &store, NULL);
    if (store == NULL) {
        int reason = errno;
        destroy(journal);
        errno = reason;
    }
    return store;
}
