/* records.c - see records.h: a table of the process, as series are. */
#include "exporters/kafka/records.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "pipeline/label_table.h"
#include "pipeline/own_metrics.h"

#define SCOPE "github.com/open-telemetry/opentelemetry-collector-contrib/exporter/kafkaexporter"
static const struct sm_own_metric records = {.name = "otelcol_kafka_exporter_records",
                                             .help = "The number of exported records. [Development]",
                                             .unit = "1",
                                             .kind = SM_OWN_COUNTER,
                                             .level = SM_OWN_LEVEL_BASIC,
                                             .scope = SCOPE};

/* Immutable. */
struct entry {
    struct sm_instrument *failures, *successes;
};

struct partition {
    struct sm_slice topic;
    int32_t number;
};

static struct sm_label_table *table; /* owned; never freed */
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void create_table(void)
{
    table = sm_label_table_create(SM_KAFKA_SERIES_MAX);
}

static void *create_entry(const void *context, bool is_overflow)
{
    const struct partition *of = context;
    char topic[SM_KAFKA_TOPIC_SIZE_MAX + 1], number[16] = "_other";
    /* Sound text: who reads own metrics may refuse all of them for one wrong byte. */
    sm_utf8_copy(is_overflow ? SM_SLICE("_other") : of->topic, topic, SM_KAFKA_TOPIC_SIZE_MAX);
    if (!is_overflow)
        snprintf(number, sizeof(number), "%" PRId32, of->number);
    struct sm_own_attribute attributes[] = {{"topic", topic}, {"partition", number}, {"outcome", "failure"}};
    struct entry *entry = sm_alloc(1, sizeof(*entry));
    entry->failures = sm_instrument_get(&records, attributes, 3);
    attributes[2].value = "success";
    entry->successes = sm_instrument_get(&records, attributes, 3);
    return entry;
}

void sm_kafka_records_count(const char *topic, int32_t partition, bool is_success)
{
    const struct partition of = {.topic = sm_slice_of(topic), .number = partition};
    pthread_once(&table_once, create_table);
    struct sm_hash128 key = sm_hash128(sm_hash_with(sm_hash_secret(), sm_slice_make((const char *)&of.number, sizeof(of.number))), of.topic);
    const struct entry *entry = sm_label_table_get(table, key, create_entry, &of);
    sm_instrument_add(is_success ? entry->successes : entry->failures, 1);
}
