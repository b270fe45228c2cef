/* records.h - the own metric of the exporter `kafka`: records by topic, partition and outcome. Topics may come from senders, and series are never
 * freed: SM_KAFKA_SERIES_MAX partitions of topics are told apart in the life of the process, all others are counted as "_other". Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { SM_KAFKA_SERIES_MAX = 10000, SM_KAFKA_TOPIC_SIZE_MAX = 249 /* Kafka takes no longer ones */ };

void sm_kafka_records_count(const char *topic, int32_t partition, bool is_success);
