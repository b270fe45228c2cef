/* persist.c - see persist.h. Numbers in values are as in memory (a store is not carried to another kind of machine), those in keys big-endian, so
 * that entries come back in their order. */
#include "connectors/span_metrics/persist.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "connectors/span_metrics/ledger_internal.h"
#include "pipeline/component.h"
#include "pipeline/storage.h"
#include "wire/protobuf.h"

enum { FORMAT = 1, OPERATIONS_MAX = 512, KEY_SIZE = 6, INSTANCE_SIZE = 256, BEFORE_ENTRIES = 'q' /* "r" and "s" come behind */ };

struct sm_keeper {
    struct sm_storage_client *client; /* owned */
    const struct sm_component *component;
    bool must_rewrite;      /* what is stored belongs to other settings, or is not known for sure */
    struct sm_bytes values; /* of the operations collected */
    struct operation {
        struct sm_storage_operation operation;
        char key[KEY_SIZE];
        size_t at; /* of the value in `values` */
    } operations[OPERATIONS_MAX];
    size_t count;
};

struct sm_keeper *sm_keeper_open(struct sm_component *component, const char *storage_id, struct sm_error *error)
{
    struct sm_storage_client *client = sm_storage_open(component, storage_id, "", error);
    if (!client)
        return NULL;
    struct sm_keeper *keeper = sm_alloc(1, sizeof(*keeper));
    keeper->client = client;
    keeper->component = component;
    return keeper;
}

void sm_keeper_close(struct sm_keeper *keeper)
{
    if (!keeper)
        return;
    sm_storage_close(keeper->client);
    sm_bytes_deinit(&keeper->values);
    free(keeper);
}

bool sm_keeper_instance(struct sm_keeper *keeper, const char *otherwise, char instance[256], struct sm_error *error)
{
    struct sm_buffer *value = NULL;
    if (!sm_storage_get(keeper->client, SM_SLICE("i"), &value, error))
        return false;
    struct sm_slice text = value && value->size < INSTANCE_SIZE ? sm_buffer_slice(value) : sm_slice_of(otherwise);
    char copy[INSTANCE_SIZE];
    snprintf(copy, sizeof(copy), "%.*s", SM_SLICE_ARGS(text)); /* `otherwise` may be `instance` itself */
    memcpy(instance, copy, sizeof(copy));
    sm_buffer_release(value);
    return sm_storage_set(keeper->client, SM_SLICE("i"), sm_slice_of(instance), error);
}

/* ---- the settings that series depend on */

static void append_list(struct sm_bytes *out, const struct sm_table_list *list)
{
    const struct sm_span_metrics_dimension_options *dimensions = list->items;
    for (size_t i = 0; i < list->count; i++)
        sm_bytes_printf(out, "%s|%s|%s|%d,", dimensions[i].name, dimensions[i].glob, dimensions[i].preset, dimensions[i].has_preset);
    sm_bytes_append_char(out, ';');
}

static void append_words(struct sm_bytes *out, const struct sm_string_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        sm_bytes_printf(out, "%s,", list->items[i]);
    sm_bytes_append_char(out, ';');
}

static void append_settings(struct sm_bytes *out, const struct sm_span_metrics_settings *settings)
{
    const struct sm_span_metrics_options *options = settings->options;
    sm_bytes_printf(out, "%d;%d;%d;%g;%u;%d;", FORMAT, settings->families[SM_LABELS_CALLS].histogram,
                    settings->families[SM_LABELS_DURATION].histogram, settings->unit_ns, settings->exponential_size, settings->plan->has_method);
    for (size_t i = 0; i < settings->bound_count; i++)
        sm_bytes_printf(out, "%.17g,", settings->bounds[i]);
    append_list(out, &options->dimensions);
    append_list(out, &options->calls_dimensions);
    append_list(out, &options->histogram.dimensions);
    append_list(out, &options->events.dimensions);
    append_words(out, &options->exclude_dimensions);
    append_words(out, &options->resource_metrics_key_attributes);
}

/* ---- writing */

static bool write_out(struct sm_keeper *keeper, struct sm_error *error)
{
    struct sm_storage_operation operations[OPERATIONS_MAX];
    for (size_t i = 0; i < keeper->count; i++) {
        operations[i] = keeper->operations[i].operation;
        operations[i].key.ptr = keeper->operations[i].key;
        operations[i].value.ptr = keeper->values.ptr + keeper->operations[i].at;
    }
    bool is_done = keeper->count == 0 || sm_storage_batch(keeper->client, operations, keeper->count, error);
    keeper->count = 0;
    keeper->values.size = 0;
    return is_done;
}

/* Begins an operation whose value is what is appended to keeper->values until end_operation. */
static struct operation *begin_operation(struct sm_keeper *keeper, enum sm_storage_operation_kind kind, char what, unsigned family, uint32_t number)
{
    struct operation *operation = &keeper->operations[keeper->count++];
    *operation = (struct operation){.operation.kind = kind, .at = keeper->values.size};
    size_t size = 0;
    operation->key[size++] = what;
    if (what == 's')
        operation->key[size++] = (char)family;
    uint32_t in_order = htobe32(number);
    memcpy(operation->key + size, &in_order, sizeof(in_order));
    operation->operation.key.size = size + sizeof(number);
    return operation;
}

static bool end_operation(struct sm_keeper *keeper, struct operation *operation, struct sm_error *error)
{
    operation->operation.value.size = keeper->values.size - operation->at;
    return keeper->count < OPERATIONS_MAX || write_out(keeper, error);
}

#define APPEND(out, member) sm_bytes_append(out, &(member), sizeof(member))

static bool save_resource(struct sm_keeper *keeper, const struct sm_ledger_resource *resource, uint32_t number, struct sm_error *error)
{
    struct operation *operation = begin_operation(keeper, SM_STORAGE_SET, 'r', 0, number);
    APPEND(&keeper->values, resource->last_ns);
    sm_bytes_append_slice(&keeper->values, sm_bytes_slice(&resource->attributes));
    return end_operation(keeper, operation, error);
}

static void append_counts(struct sm_bytes *out, const struct sm_span_metrics_settings *settings, enum sm_histogram_kind histogram,
                          const struct sm_ledger_series *series)
{
    const struct sm_exponential *exponential = &series->buckets.exponential;
    if (histogram == SM_HISTOGRAM_EXPLICIT)
        for (size_t i = 0; settings->bound_count && i <= settings->bound_count; i++)
            sm_proto_put_varint(out, series->buckets.counts[i]);
    if (histogram != SM_HISTOGRAM_EXPONENTIAL)
        return;
    size_t count = sm_exponential_bucket_count(exponential);
    APPEND(out, exponential->min);
    APPEND(out, exponential->max);
    APPEND(out, exponential->has_values);
    APPEND(out, exponential->scale);
    APPEND(out, exponential->first);
    sm_proto_put_varint(out, exponential->zero_count);
    sm_proto_put_varint(out, count);
    for (size_t i = 0; i < count; i++)
        sm_proto_put_varint(out, sm_exponential_count_at(exponential, exponential->first + (int32_t)i));
}

static bool save_series(struct sm_keeper *keeper, const struct sm_ledger *ledger, enum sm_label_family family, uint32_t number,
                        const struct sm_ledger_series *series, struct sm_error *error)
{
    struct operation *operation = begin_operation(keeper, SM_STORAGE_SET, 's', family, number);
    struct sm_bytes *out = &keeper->values;
    APPEND(out, series->resource);
    APPEND(out, series->identity_size);
    APPEND(out, series->tail_size);
    APPEND(out, series->start_ns);
    APPEND(out, series->last_ns);
    APPEND(out, series->count);
    APPEND(out, series->sum);
    sm_bytes_append(out, series->key, series->identity_size + (size_t)series->tail_size);
    append_counts(out, ledger->settings, ledger->settings->families[family].histogram, series);
    return end_operation(keeper, operation, error);
}

/* All resources and series that are stored go. */
static bool delete_all(struct sm_keeper *keeper, struct sm_error *error)
{
    struct sm_bytes key = {0};
    struct sm_buffer *value;
    bool is_done;
    sm_bytes_append_char(&key, BEFORE_ENTRIES);
    while ((is_done = sm_storage_next(keeper->client, sm_bytes_slice(&key), &key, &value, error)) && value) {
        sm_buffer_release(value);
        struct operation *operation = &keeper->operations[keeper->count++];
        *operation = (struct operation){.operation.kind = SM_STORAGE_DELETE, .at = keeper->values.size};
        operation->operation.key.size = key.size < KEY_SIZE ? key.size : KEY_SIZE;
        memcpy(operation->key, key.ptr, operation->operation.key.size);
        if (!end_operation(keeper, operation, error)) {
            is_done = false;
            break;
        }
    }
    sm_bytes_deinit(&key);
    return is_done && write_out(keeper, error);
}

static bool rewrite_settings(struct sm_keeper *keeper, struct sm_ledger *ledger, struct sm_error *error)
{
    struct sm_bytes settings = {0};
    append_settings(&settings, ledger->settings);
    bool is_done = delete_all(keeper, error) && sm_storage_set(keeper->client, SM_SLICE("c"), sm_bytes_slice(&settings), error);
    sm_bytes_deinit(&settings);
    if (!is_done)
        return false;
    for (enum sm_label_family i = 0; i < SM_LABELS_FAMILY_COUNT; i++)
        for (uint32_t n = 0; n < sm_entries_limit(&ledger->families[i].series); n++)
            ((struct sm_ledger_series *)sm_entries_at(&ledger->families[i].series, n))->is_unsaved = true;
    for (uint32_t n = 0; n < sm_entries_limit(&ledger->resources); n++)
        ((struct sm_ledger_resource *)sm_entries_at(&ledger->resources, n))->is_unsaved = true;
    keeper->must_rewrite = false;
    return true;
}

static bool save_changes(struct sm_keeper *keeper, struct sm_ledger *ledger, struct sm_error *error)
{
    for (size_t i = 0; i < ledger->removed.count; i++) {
        const struct sm_ledger_removed *removed = &ledger->removed.items[i];
        struct operation *operation = begin_operation(keeper, SM_STORAGE_DELETE, removed->is_resource ? 'r' : 's', removed->family, removed->number);
        if (!end_operation(keeper, operation, error))
            return false;
    }
    for (uint32_t n = 0; n < sm_entries_limit(&ledger->resources); n++) {
        const struct sm_ledger_resource *resource = sm_entries_at(&ledger->resources, n);
        if ((resource->hash.low || resource->hash.high) && resource->is_unsaved && !save_resource(keeper, resource, n, error))
            return false;
    }
    for (enum sm_label_family i = 0; i < SM_LABELS_FAMILY_COUNT; i++)
        for (uint32_t n = 0; n < sm_entries_limit(&ledger->families[i].series); n++) {
            const struct sm_ledger_series *series = sm_entries_at(&ledger->families[i].series, n);
            if ((series->hash.low || series->hash.high) && series->is_unsaved && !save_series(keeper, ledger, i, n, series, error))
                return false;
        }
    return write_out(keeper, error);
}

static void mark_saved(struct sm_ledger *ledger)
{
    for (uint32_t n = 0; n < sm_entries_limit(&ledger->resources); n++)
        ((struct sm_ledger_resource *)sm_entries_at(&ledger->resources, n))->is_unsaved = false;
    for (enum sm_label_family i = 0; i < SM_LABELS_FAMILY_COUNT; i++)
        for (uint32_t n = 0; n < sm_entries_limit(&ledger->families[i].series); n++)
            ((struct sm_ledger_series *)sm_entries_at(&ledger->families[i].series, n))->is_unsaved = false;
    SM_LIST_CLEAR(&ledger->removed);
}

bool sm_keeper_save(struct sm_keeper *keeper, struct sm_ledger *ledger, struct sm_error *error)
{
    keeper->count = 0;
    keeper->values.size = 0;
    if (keeper->must_rewrite && !rewrite_settings(keeper, ledger, error))
        return false;
    if (!save_changes(keeper, ledger, error)) {
        return false; /* written or deleted once more is no harm */
    }
    mark_saved(ledger);
    return true;
}

/* ---- restoring */

struct restorer {
    struct sm_keeper *keeper;
    struct sm_ledger *ledger;
    struct sm_arena arena;
    const char *at, *end; /* of the value being read */
    bool failed;
};

static void take(struct restorer *restorer, void *to, size_t size)
{
    if (restorer->failed || (size_t)(restorer->end - restorer->at) < size) {
        restorer->failed = true;
        memset(to, 0, size);
        return;
    }
    memcpy(to, restorer->at, size);
    restorer->at += size;
}
#define TAKE(restorer, member) take(restorer, &(member), sizeof(member))

static uint64_t take_varint(struct restorer *restorer)
{
    uint64_t number = 0;
    if (restorer->failed || !sm_proto_read_varint(&restorer->at, restorer->end, &number))
        restorer->failed = true;
    return number;
}

static void restore_resource(struct restorer *restorer, uint32_t number)
{
    uint64_t last_ns;
    TAKE(restorer, last_ns);
    if (restorer->failed)
        return;
    struct sm_slice attributes = sm_slice_make(restorer->at, (size_t)(restorer->end - restorer->at));
    struct sm_ledger_resource *resource = sm_ledger_restore_resource(restorer->ledger, number, attributes, &restorer->arena);
    if (resource)
        resource->last_ns = last_ns;
}

static void take_exponential(struct restorer *restorer, struct sm_exponential *histogram)
{
    struct sm_exponential head = {0};
    SM_LIST(uint64_t) counts = {0};
    TAKE(restorer, head.min);
    TAKE(restorer, head.max);
    TAKE(restorer, head.has_values);
    TAKE(restorer, head.scale);
    TAKE(restorer, head.first);
    head.zero_count = take_varint(restorer);
    uint64_t count = take_varint(restorer);
    for (uint64_t i = 0; i < count && !restorer->failed; i++)
        *SM_LIST_ADD(&counts) = take_varint(restorer);
    if (!restorer->failed && count <= restorer->ledger->settings->exponential_size) {
        sm_exponential_set(histogram, head.scale, head.first, counts.items, counts.count);
        histogram->min = head.min;
        histogram->max = head.max;
        histogram->has_values = head.has_values;
        histogram->zero_count = head.zero_count;
    }
    SM_LIST_CLEAR(&counts);
}

static void restore_series(struct restorer *restorer, unsigned family, uint32_t number)
{
    const struct sm_span_metrics_settings *settings = restorer->ledger->settings;
    struct sm_ledger_series head;
    if (family >= SM_LABELS_FAMILY_COUNT || !settings->families[family].is_used)
        return;
    TAKE(restorer, head.resource);
    TAKE(restorer, head.identity_size);
    TAKE(restorer, head.tail_size);
    TAKE(restorer, head.start_ns);
    TAKE(restorer, head.last_ns);
    TAKE(restorer, head.count);
    TAKE(restorer, head.sum);
    size_t size = head.identity_size + (size_t)head.tail_size;
    if (restorer->failed || size > (size_t)(restorer->end - restorer->at))
        return;
    struct sm_slice key = sm_slice_make(restorer->at, size);
    restorer->at += size;
    struct sm_ledger_series *series =
        sm_ledger_restore_series(restorer->ledger, (enum sm_label_family)family, number, head.resource, key, head.identity_size);
    if (!series)
        return;
    series->start_ns = head.start_ns;
    series->last_ns = head.last_ns;
    series->count = head.count;
    series->sum = head.sum;
    series->is_first = false;
    if (settings->families[family].histogram == SM_HISTOGRAM_EXPONENTIAL)
        take_exponential(restorer, &series->buckets.exponential);
    else if (settings->families[family].histogram == SM_HISTOGRAM_EXPLICIT)
        for (size_t i = 0; settings->bound_count && i <= settings->bound_count; i++)
            series->buckets.counts[i] = take_varint(restorer);
}

static void restore_entry(struct restorer *restorer, struct sm_slice key, struct sm_slice value)
{
    uint32_t number;
    restorer->at = value.ptr;
    restorer->end = value.ptr + value.size;
    restorer->failed = false;
    if (key.size < 1 + sizeof(number))
        return;
    memcpy(&number, key.ptr + key.size - sizeof(number), sizeof(number));
    number = be32toh(number);
    if (key.ptr[0] == 'r')
        restore_resource(restorer, number);
    else if (key.ptr[0] == 's' && key.size == 2 + sizeof(number))
        restore_series(restorer, (unsigned char)key.ptr[1], number);
}

static bool has_same_settings(struct sm_keeper *keeper, const struct sm_ledger *ledger, bool *is_same, struct sm_error *error)
{
    struct sm_buffer *stored = NULL;
    if (!sm_storage_get(keeper->client, SM_SLICE("c"), &stored, error))
        return false;
    struct sm_bytes settings = {0};
    append_settings(&settings, ledger->settings);
    *is_same = stored && sm_slice_equal(sm_buffer_slice(stored), sm_bytes_slice(&settings));
    if (stored && !*is_same)
        sm_log(SM_LOG_WARN, &keeper->component->logger, "the stored counters belong to other dimensions or buckets and are dropped");
    sm_bytes_deinit(&settings);
    sm_buffer_release(stored);
    return true;
}

bool sm_keeper_restore(struct sm_keeper *keeper, struct sm_ledger *ledger, struct sm_error *error)
{
    bool is_same;
    if (!has_same_settings(keeper, ledger, &is_same, error))
        return false;
    keeper->must_rewrite = !is_same;
    if (!is_same)
        return true;
    struct restorer restorer = {.keeper = keeper, .ledger = ledger};
    struct sm_bytes key = {0};
    struct sm_buffer *value;
    bool is_done;
    sm_bytes_append_char(&key, BEFORE_ENTRIES);
    while ((is_done = sm_storage_next(keeper->client, sm_bytes_slice(&key), &key, &value, error)) && value) {
        restore_entry(&restorer, sm_bytes_slice(&key), sm_buffer_slice(value));
        sm_buffer_release(value);
    }
    sm_bytes_deinit(&key);
    sm_arena_deinit(&restorer.arena);
    if (is_done)
        sm_log(SM_LOG_INFO, &keeper->component->logger, "counters are restored", SM_LOG_INT("series", sm_ledger_series_count(ledger)));
    return is_done;
}
