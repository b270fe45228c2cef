/* export_store.c - the sending queue on disk (sending_queue::storage).
 *
 * One entry of the storage is one request that was accepted and has not been delivered or given up, what is under way included; it is written before
 * the sender is told and deleted afterwards. There is nothing else to keep in step, so a process killed at any moment finds all of it again.
 *
 *     key    index (8 bytes, big endian: the order) | items (8) | bytes of the batch (8)
 *     value  batch as OTLP protobuf | head (protobuf: 1 signal, 2 header {1 name, 2 value}) | size of the head (4) | version (1)
 *
 * Sizes stand in the key, so that opening reads keys only. In memory are the position and the totals, not the entries. On the home lane's worker: a
 * transaction of LMDB without fsync is a copy into the page cache, tens of microseconds for a request, which is less than sending it costs.
 * Source: exporterhelper/internal/queue/persistent_queue.go (behaviour, not format). */
#include "pipeline/export_chain.h"

#include "base/clock.h"
#include "base/memory.h"
#include "pipeline/file_store.h"
#include "telemetry/metadata.h"
#include "telemetry/otlp.h"
#include "wire/protobuf.h"

#include <stdlib.h>

enum { KEY_BYTES = 24, TAIL_BYTES = 5, FORMAT_VERSION = 1, HEAD_SIGNAL = 1, HEAD_HEADER = 2, HEADER_NAME = 1, HEADER_VALUE = 2 };

struct sm_export_store {
    struct sm_export_chain *chain;
    struct sm_storage_client *client; /* owned */
    uint64_t next_index;              /* of the next one to be written */
    uint64_t waiting;                 /* not under way */
    struct sm_bytes position;         /* key of the last one taken; empty: none */
    bool has_metrics;
    struct sm_instrument *metrics[SM_QUEUE_FILE_METRIC_COUNT]; /* of a file of the exporter's own */
};

static void put_u64(char *to, uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        to[i] = (char)(value & 0xff);
}

static uint64_t get_u64(const char *from)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | (unsigned char)from[i];
    return value;
}

static void write_key(char key[KEY_BYTES], const struct sm_export_entry *entry)
{
    put_u64(key, entry->index);
    put_u64(key + 8, entry->item_count);
    put_u64(key + 16, entry->stored_bytes);
}

static int64_t size_of_key(const struct sm_export_chain *chain, const char *key)
{
    switch (chain->queue->sizer) {
    case SM_SIZER_ITEMS:
        return (int64_t)get_u64(key + 8);
    case SM_SIZER_BYTES:
        return (int64_t)get_u64(key + 16);
    default:
        return 1;
    }
}

/* ---- own metrics of a file of the exporter's own. Without attributes, as the reference has them: several exporters share them. */

static void get_metrics(struct sm_export_store *store)
{
    const struct sm_own_metric *table = store->chain->component->type->queue_file_metrics;
    store->has_metrics = table && store->chain->queue_file.size;
    for (size_t i = 0; store->has_metrics && i < SM_QUEUE_FILE_METRIC_COUNT; i++)
        store->metrics[i] = sm_instrument_get(&table[i], NULL, 0);
}

/* One write or read that began at `begin_ns`; `first` is the first of its four metrics. */
static void count_access(struct sm_export_store *store, enum sm_queue_file_metric first, uint64_t begin_ns, bool is_good, size_t bytes)
{
    if (!store->has_metrics)
        return;
    struct sm_instrument **metrics = &store->metrics[first];
    sm_instrument_add(metrics[0], 1);
    if (!is_good)
        sm_instrument_add(metrics[1], 1);
    sm_instrument_record(metrics[2], (double)((sm_clock_mono_ns() - begin_ns) / SM_NS_PER_MS));
    sm_instrument_add(metrics[3], (int64_t)bytes);
    sm_instrument_set(store->metrics[SM_QUEUE_FILE_LAG], (double)store->waiting);
}

/* ---- open */

/* Adds up what is there. */
static bool count_entries(struct sm_export_store *store, struct sm_error *error)
{
    struct sm_bytes key = {0};
    int64_t total = 0;
    for (;;) {
        struct sm_bytes after = key;
        key = (struct sm_bytes){0};
        bool ok = sm_storage_next(store->client, sm_bytes_slice(&after), &key, NULL, error);
        sm_bytes_deinit(&after);
        if (!ok || key.size == 0) {
            sm_bytes_deinit(&key);
            atomic_fetch_add(&store->chain->gauge->size, total); /* beside what came while it was not open */
            return ok;
        }
        if (key.size != KEY_BYTES)
            continue;
        store->waiting++;
        store->next_index = get_u64(key.ptr) + 1;
        total += size_of_key(store->chain, key.ptr);
    }
}

bool sm_export_store_open(struct sm_export_chain *chain, struct sm_error *error)
{
    struct sm_component *exporter = chain->component;
    struct sm_export_store *store = sm_alloc(1, sizeof(*store));
    store->chain = chain;
    if (chain->queue_file.size)
        store->client = sm_file_store_open_in_folder(sm_bytes_cstr(&chain->queue_file), &exporter->logger, error);
    else
        store->client = sm_storage_open(exporter, chain->queue->storage, exporter->type->shared ? "" : sm_signal_name(exporter->signal), error);
    if (!store->client || !count_entries(store, error)) {
        sm_export_store_free(store);
        return false;
    }
    if (store->waiting > 0)
        sm_log(SM_LOG_INFO, &exporter->logger, "Found requests in storage that are not sent yet", SM_LOG_INT("requests", store->waiting));
    get_metrics(store);
    chain->store = store;
    return true;
}

void sm_export_store_free(struct sm_export_store *store)
{
    if (!store)
        return;
    sm_storage_close(store->client);
    sm_bytes_deinit(&store->position);
    free(store);
}

/* ---- write */

static void write_header(struct sm_bytes *head, struct sm_slice name, struct sm_slice value)
{
    size_t mark = sm_proto_message_begin(head, HEAD_HEADER);
    sm_proto_put_bytes(head, HEADER_NAME, name);
    sm_proto_put_bytes(head, HEADER_VALUE, value);
    sm_proto_message_end(head, mark);
}

/* What the batches are told apart by has to be there after a restart as well. */
static void write_head(const struct sm_export_chain *chain, const struct sm_batch *batch, struct sm_bytes *head)
{
    sm_proto_put_uint(head, HEAD_SIGNAL, batch->signal);
    if (!chain->batching)
        return;
    const struct sm_string_list *keys = &chain->batching->partition.metadata_keys;
    for (size_t i = 0; i < keys->count; i++) {
        struct sm_slice name = sm_slice_of(keys->items[i]);
        for (size_t j = 0; j < sm_metadata_count(batch->metadata, name); j++)
            write_header(head, name, sm_metadata_get(batch->metadata, name, j));
    }
}

bool sm_export_store_encode(const struct sm_export_chain *chain, struct sm_export_entry *entry)
{
    struct sm_otlp_pieces pieces;
    sm_otlp_encode_protobuf(entry->batch, &pieces);
    struct sm_bytes head = {0};
    write_head(chain, entry->batch, &head);
    struct sm_buffer *record = sm_buffer_try_create(pieces.size + head.size + TAIL_BYTES);
    if (record) {
        for (size_t i = 0; i < pieces.count; i++) {
            memcpy(record->data + record->size, pieces.pieces[i].iov_base, pieces.pieces[i].iov_len);
            record->size += pieces.pieces[i].iov_len;
        }
        memcpy(record->data + record->size, head.ptr, head.size);
        record->size += head.size;
        for (int shift = 24; shift >= 0; shift -= 8)
            record->data[record->size++] = (char)(head.size >> shift & 0xff);
        record->data[record->size++] = FORMAT_VERSION;
        entry->record = record;
        entry->stored_bytes = pieces.size;
    }
    sm_bytes_deinit(&head);
    return record != NULL;
}

bool sm_export_store_put(struct sm_export_store *store, struct sm_export_entry *entry, struct sm_error *error)
{
    char key[KEY_BYTES];
    uint64_t begin_ns = sm_clock_mono_ns();
    entry->index = store->next_index;
    write_key(key, entry);
    bool is_written = sm_storage_set(store->client, sm_slice_make(key, KEY_BYTES), sm_buffer_slice(entry->record), error);
    if (is_written) {
        store->next_index++;
        store->waiting++;
    }
    count_access(store, SM_QUEUE_FILE_WRITES, begin_ns, is_written, entry->stored_bytes);
    return is_written;
}

void sm_export_store_delete(struct sm_export_store *store, const struct sm_export_entry *entry)
{
    char key[KEY_BYTES];
    write_key(key, entry);
    struct sm_error error = {0};
    if (!sm_storage_delete(store->client, sm_slice_make(key, KEY_BYTES), &error))
        sm_log(SM_LOG_ERROR, &store->chain->component->logger, "Error deleting item from queue; it will be sent again after a restart",
               SM_LOG_STR("error", error.text));
}

/* ---- read */

static void read_header(struct sm_slice message, struct sm_metadata *metadata)
{
    struct sm_proto_cursor cursor = sm_proto_begin(message);
    struct sm_proto_field field;
    struct sm_slice name = {0}, value = {0};
    while (sm_proto_next(&cursor, &field)) {
        if (field.number == HEADER_NAME)
            name = field.bytes;
        else if (field.number == HEADER_VALUE)
            value = field.bytes;
    }
    sm_metadata_add(metadata, name, value);
}

struct head {
    enum sm_signal signal;
    struct sm_metadata *metadata; /* owned; NULL: none */
};

/* Cuts `record` to the batch and fills `head`. False: not one of ours. */
static bool read_head(struct sm_buffer *record, size_t batch_bytes, struct head *head)
{
    if (record->size < batch_bytes || record->size - batch_bytes < TAIL_BYTES || record->data[record->size - 1] != FORMAT_VERSION)
        return false;
    const unsigned char *tail = (const unsigned char *)record->data + record->size - TAIL_BYTES;
    size_t head_bytes = (size_t)tail[0] << 24 | (size_t)tail[1] << 16 | (size_t)tail[2] << 8 | tail[3];
    if (head_bytes != record->size - batch_bytes - TAIL_BYTES)
        return false;
    struct sm_proto_cursor cursor = sm_proto_begin(sm_slice_make(record->data + batch_bytes, head_bytes));
    struct sm_proto_field field;
    while (sm_proto_next(&cursor, &field)) {
        if (field.number == HEAD_SIGNAL && field.integer < SM_SIGNAL_COUNT)
            head->signal = (enum sm_signal)field.integer;
        if (field.number == HEAD_HEADER && field.type == SM_WIRE_BYTES) {
            if (!head->metadata)
                head->metadata = sm_metadata_create();
            read_header(field.bytes, head->metadata);
        }
    }
    record->size = batch_bytes;
    return !cursor.error;
}

static struct sm_batch *decode(struct sm_buffer *record, size_t batch_bytes, enum sm_signal signal, bool packed)
{
    struct head head = {.signal = signal};
    struct sm_batch *batch = NULL;
    struct sm_decode_error error;
    if (read_head(record, batch_bytes, &head))
        batch = (packed ? sm_otlp_decode_protobuf_packed : sm_otlp_decode_protobuf)(head.signal, record, &error);
    if (batch)
        batch->metadata = head.metadata;
    else
        sm_metadata_release(head.metadata);
    return batch;
}

bool sm_export_store_has_more(const struct sm_export_store *store)
{
    return store->waiting > 0;
}

/* An entry that cannot be read is taken out, so that it does not stop the others. */
static void give_up(struct sm_export_store *store, struct sm_export_entry *entry, const char *why)
{
    sm_log(SM_LOG_ERROR, &store->chain->component->logger, "Dropping an item of the queue that cannot be read", SM_LOG_STR("error", why),
           SM_LOG_INT("dropped_items", entry->item_count));
    const struct sm_outcome outcome = sm_outcome_reject("%s", why);
    sm_export_count_failed(store->chain, entry->signal, entry->item_count, &outcome, false);
    sm_export_store_delete(store, entry);
    sm_export_give_back_size(store->chain, entry->size);
    free(entry);
}

struct sm_export_entry *sm_export_store_take(struct sm_export_store *store)
{
    struct sm_export_chain *chain = store->chain;
    struct sm_bytes key = {0};
    struct sm_buffer *record = NULL;
    struct sm_error error = {0};
    uint64_t begin_ns = sm_clock_mono_ns();
    bool ok = sm_storage_next(store->client, sm_bytes_slice(&store->position), &key, &record, &error);
    bool is_there = ok && key.size == KEY_BYTES;
    store->waiting -= is_there;
    count_access(store, SM_QUEUE_FILE_READS, begin_ns, ok, is_there ? get_u64(key.ptr + 16) : 0);
    if (!ok || key.size == 0) {
        sm_log(SM_LOG_ERROR, &chain->component->logger, "Failed to read from storage",
               SM_LOG_STR("error", ok ? "fewer items than were counted" : error.text));
        store->waiting = 0;
        sm_bytes_deinit(&key);
        return NULL;
    }
    sm_bytes_deinit(&store->position);
    store->position = key;
    if (key.size != KEY_BYTES) {
        sm_buffer_release(record);
        return NULL;
    }
    struct sm_export_entry *entry = sm_alloc(1, sizeof(*entry));
    entry->lane = chain->home;
    entry->index = get_u64(key.ptr);
    entry->item_count = get_u64(key.ptr + 8);
    entry->stored_bytes = get_u64(key.ptr + 16);
    entry->size = size_of_key(chain, key.ptr);
    entry->signal = chain->component->signal;
    entry->batch = decode(record, entry->stored_bytes, entry->signal, store->chain->component->type->takes_packed);
    sm_buffer_release(record);
    if (!entry->batch) {
        give_up(store, entry, "not a request of this queue");
        return NULL;
    }
    entry->signal = entry->batch->signal;
    sm_export_open(chain);
    return entry;
}
