/* metric_names.c - see metric_names.h. Rows are sorted by `from`, those of one name in the order of their copies. */
#include "exporters/datadog/metric_names.h"

#define MEBIBYTE 1048576.0

static const struct sm_metric_copy copies[] = {
    {.from = "container.blockio.io_service_bytes_recursive", .to = "container.io.write", .only = {"operation", {"write"}}},
    {.from = "container.blockio.io_service_bytes_recursive", .to = "container.io.read", .only = {"operation", {"read"}}},
    {.from = "container.blockio.io_serviced_recursive", .to = "container.io.write.operations", .only = {"operation", {"write"}}},
    {.from = "container.blockio.io_serviced_recursive", .to = "container.io.read.operations", .only = {"operation", {"read"}}},
    {.from = "container.cpu.throttling_data.throttled_periods", .to = "container.cpu.throttled.periods"},
    {.from = "container.cpu.throttling_data.throttled_time", .to = "container.cpu.throttled"},
    {.from = "container.cpu.usage.system", .to = "container.cpu.system"},
    {.from = "container.cpu.usage.total", .to = "container.cpu.usage"},
    {.from = "container.cpu.usage.usermode", .to = "container.cpu.user"},
    {.from = "container.memory.active_anon", .to = "container.memory.kernel"},
    {.from = "container.memory.hierarchical_memory_limit", .to = "container.memory.limit"},
    {.from = "container.memory.total_cache", .to = "container.memory.cache"},
    {.from = "container.memory.total_swap", .to = "container.memory.swap"},
    {.from = "container.memory.usage.limit", .to = "container.memory.soft_limit"},
    {.from = "container.memory.usage.total", .to = "container.memory.usage"},
    {.from = "container.network.io.usage.rx_bytes", .to = "container.net.rcvd"},
    {.from = "container.network.io.usage.rx_packets", .to = "container.net.rcvd.packets"},
    {.from = "container.network.io.usage.tx_bytes", .to = "container.net.sent"},
    {.from = "container.network.io.usage.tx_packets", .to = "container.net.sent.packets"},
    {.from = "jvm.gc.collections.count",
     .to = "jvm.gc.minor_collection_count",
     .fixed = {{"type", "GarbageCollector"}},
     .only = {"name", {"Copy", "PS Scavenge", "ParNew", "G1 Young Generation"}}},
    {.from = "jvm.gc.collections.count",
     .to = "jvm.gc.major_collection_count",
     .fixed = {{"type", "GarbageCollector"}},
     .only = {"name",
              {"MarkSweepCompact", "PS MarkSweep", "ConcurrentMarkSweep", "G1 Mixed Generation", "G1 Old Generation", "Shenandoah Cycles", "ZGC"}}},
    {.from = "jvm.gc.collections.elapsed",
     .to = "jvm.gc.minor_collection_time",
     .fixed = {{"type", "GarbageCollector"}},
     .only = {"name", {"Copy", "PS Scavenge", "ParNew", "G1 Young Generation"}}},
    {.from = "jvm.gc.collections.elapsed",
     .to = "jvm.gc.major_collection_time",
     .fixed = {{"type", "GarbageCollector"}},
     .only = {"name",
              {"MarkSweepCompact", "PS MarkSweep", "ConcurrentMarkSweep", "G1 Mixed Generation", "G1 Old Generation", "Shenandoah Cycles", "ZGC"}}},
    {.from = "kafka.consumer.bytes-consumed-rate",
     .to = "kafka.consumer.bytes_consumed",
     .fixed = {{"type", "consumer-fetch-manager-metrics"}},
     .renamed = {"client-id", "client"}},
    {.from = "kafka.consumer.fetch-size-avg",
     .to = "kafka.consumer.fetch_size_avg",
     .fixed = {{"type", "consumer-fetch-manager-metrics"}},
     .renamed = {"client-id", "client"}},
    {.from = "kafka.consumer.records-consumed-rate",
     .to = "kafka.consumer.records_consumed",
     .fixed = {{"type", "consumer-fetch-manager-metrics"}},
     .renamed = {"client-id", "client"}},
    {.from = "kafka.consumer.total.bytes-consumed-rate", .to = "kafka.consumer.bytes_in", .fixed = {{"type", "consumer-fetch-manager-metrics"}}},
    {.from = "kafka.consumer.total.records-consumed-rate", .to = "kafka.consumer.messages_in", .fixed = {{"type", "consumer-fetch-manager-metrics"}}},
    {.from = "kafka.consumer_group.lag", .to = "kafka.consumer_lag", .renamed = {"group", "consumer_group"}},
    {.from = "kafka.consumer_group.offset", .to = "kafka.consumer_offset", .renamed = {"group", "consumer_group"}},
    {.from = "kafka.controller.active.count",
     .to = "kafka.replication.active_controller_count",
     .fixed = {{"type", "KafkaController"}, {"name", "ActiveControllerCount"}}},
    {.from = "kafka.isr.operation.count",
     .to = "kafka.replication.isr_shrinks.rate",
     .fixed = {{"type", "ReplicaManager"}, {"name", "IsrShrinksPerSec"}},
     .only = {"operation", {"shrink"}}},
    {.from = "kafka.isr.operation.count",
     .to = "kafka.replication.isr_expands.rate",
     .fixed = {{"type", "ReplicaManager"}, {"name", "IsrExpandsPerSec"}},
     .only = {"operation", {"expand"}}},
    {.from = "kafka.leader.election.rate",
     .to = "kafka.replication.leader_elections.rate",
     .fixed = {{"type", "ControllerStats"}, {"name", "LeaderElectionRateAndTimeMs"}}},
    {.from = "kafka.logs.flush.time.count",
     .to = "kafka.log.flush_rate.rate",
     .fixed = {{"type", "LogFlushStats"}, {"name", "LogFlushRateAndTimeMs"}}},
    {.from = "kafka.max.lag",
     .to = "kafka.replication.max_lag",
     .fixed = {{"type", "ReplicaFetcherManager"}, {"name", "MaxLag"}, {"clientId", "replica"}}},
    {.from = "kafka.message.count", .to = "kafka.messages_in.rate", .fixed = {{"type", "BrokerTopicMetrics"}, {"name", "MessagesInPerSec"}}},
    {.from = "kafka.network.io",
     .to = "kafka.net.bytes_out.rate",
     .fixed = {{"type", "BrokerTopicMetrics"}, {"name", "BytesOutPerSec"}},
     .only = {"state", {"out"}}},
    {.from = "kafka.network.io",
     .to = "kafka.net.bytes_in.rate",
     .fixed = {{"type", "BrokerTopicMetrics"}, {"name", "BytesInPerSec"}},
     .only = {"state", {"in"}}},
    {.from = "kafka.partition.count", .to = "kafka.replication.partition_count", .fixed = {{"type", "ReplicaManager"}, {"name", "PartitionCount"}}},
    {.from = "kafka.partition.current_offset", .to = "kafka.broker_offset", .renamed = {"group", "consumer_group"}},
    {.from = "kafka.partition.offline",
     .to = "kafka.replication.offline_partitions_count",
     .fixed = {{"type", "KafkaController"}, {"name", "OfflinePartitionsCount"}}},
    {.from = "kafka.partition.under_replicated",
     .to = "kafka.replication.under_replicated_partitions",
     .fixed = {{"type", "ReplicaManager"}, {"name", "UnderReplicatedPartitions"}}},
    {.from = "kafka.producer.byte-rate",
     .to = "kafka.producer.bytes_out",
     .fixed = {{"type", "producer-topic-metrics"}},
     .renamed = {"client-id", "client"}},
    {.from = "kafka.producer.compression-rate",
     .to = "kafka.producer.compression_rate",
     .fixed = {{"type", "producer-topic-metrics"}},
     .renamed = {"client-id", "client"}},
    {.from = "kafka.producer.io-wait-time-ns-avg", .to = "kafka.producer.io_wait", .fixed = {{"type", "producer-metrics"}}},
    {.from = "kafka.producer.outgoing-byte-rate", .to = "kafka.producer.bytes_out", .fixed = {{"type", "producer-metrics"}}},
    {.from = "kafka.producer.record-error-rate",
     .to = "kafka.producer.record_error_rate",
     .fixed = {{"type", "producer-topic-metrics"}},
     .renamed = {"client-id", "client"}},
    {.from = "kafka.producer.record-retry-rate",
     .to = "kafka.producer.record_retry_rate",
     .fixed = {{"type", "producer-topic-metrics"}},
     .renamed = {"client-id", "client"}},
    {.from = "kafka.producer.record-send-rate",
     .to = "kafka.producer.record_send_rate",
     .fixed = {{"type", "producer-topic-metrics"}},
     .renamed = {"client-id", "client"}},
    {.from = "kafka.producer.request-latency-avg", .to = "kafka.producer.request_latency_avg", .fixed = {{"type", "producer-metrics"}}},
    {.from = "kafka.producer.request-rate", .to = "kafka.producer.request_rate", .fixed = {{"type", "producer-metrics"}}},
    {.from = "kafka.producer.response-rate", .to = "kafka.producer.response_rate", .fixed = {{"type", "producer-metrics"}}},
    {.from = "kafka.purgatory.size",
     .to = "kafka.request.producer_request_purgatory.size",
     .fixed = {{"type", "DelayedOperationPurgatory"}, {"name", "PurgatorySize"}, {"delayedOperation", "Produce"}},
     .only = {"type", {"produce"}}},
    {.from = "kafka.purgatory.size",
     .to = "kafka.request.fetch_request_purgatory.size",
     .fixed = {{"type", "DelayedOperationPurgatory"}, {"name", "PurgatorySize"}, {"delayedOperation", "Fetch"}},
     .only = {"type", {"fetch"}}},
    {.from = "kafka.request.failed",
     .to = "kafka.request.produce.failed.rate",
     .fixed = {{"type", "BrokerTopicMetrics"}, {"name", "FailedProduceRequestsPerSec"}},
     .only = {"type", {"produce"}}},
    {.from = "kafka.request.failed",
     .to = "kafka.request.fetch.failed.rate",
     .fixed = {{"type", "BrokerTopicMetrics"}, {"name", "FailedFetchRequestsPerSec"}},
     .only = {"type", {"fetch"}}},
    {.from = "kafka.request.queue", .to = "kafka.request.channel.queue.size", .fixed = {{"type", "RequestChannel"}, {"name", "RequestQueueSize"}}},
    {.from = "kafka.request.time.99p",
     .to = "kafka.request.produce.time.99percentile",
     .fixed = {{"type", "RequestMetrics"}, {"name", "TotalTimeMs"}, {"request", "Produce"}},
     .only = {"type", {"produce"}}},
    {.from = "kafka.request.time.99p",
     .to = "kafka.request.fetch_consumer.time.99percentile",
     .fixed = {{"type", "RequestMetrics"}, {"name", "TotalTimeMs"}, {"request", "FetchConsumer"}},
     .only = {"type", {"fetchconsumer"}}},
    {.from = "kafka.request.time.99p",
     .to = "kafka.request.fetch_follower.time.99percentile",
     .fixed = {{"type", "RequestMetrics"}, {"name", "TotalTimeMs"}, {"request", "FetchFollower"}},
     .only = {"type", {"fetchfollower"}}},
    {.from = "kafka.request.time.avg",
     .to = "kafka.request.produce.time.avg",
     .fixed = {{"type", "RequestMetrics"}, {"name", "TotalTimeMs"}, {"request", "Produce"}},
     .only = {"type", {"produce"}}},
    {.from = "kafka.request.time.avg",
     .to = "kafka.request.fetch_consumer.time.avg",
     .fixed = {{"type", "RequestMetrics"}, {"name", "TotalTimeMs"}, {"request", "FetchConsumer"}},
     .only = {"type", {"fetchconsumer"}}},
    {.from = "kafka.request.time.avg",
     .to = "kafka.request.fetch_follower.time.avg",
     .fixed = {{"type", "RequestMetrics"}, {"name", "TotalTimeMs"}, {"request", "FetchFollower"}},
     .only = {"type", {"fetchfollower"}}},
    {.from = "kafka.unclean.election.rate",
     .to = "kafka.replication.unclean_leader_elections.rate",
     .fixed = {{"type", "ControllerStats"}, {"name", "UncleanLeaderElectionsPerSec"}}},
    {.from = "system.cpu.load_average.15m", .to = "system.load.15"},
    {.from = "system.cpu.load_average.1m", .to = "system.load.1"},
    {.from = "system.cpu.load_average.5m", .to = "system.load.5"},
    {.from = "system.cpu.utilization", .to = "system.cpu.idle", .divisor = 0.01, .only = {"state", {"idle"}}},
    {.from = "system.cpu.utilization", .to = "system.cpu.user", .divisor = 0.01, .only = {"state", {"user"}}},
    {.from = "system.cpu.utilization", .to = "system.cpu.system", .divisor = 0.01, .only = {"state", {"system"}}},
    {.from = "system.cpu.utilization", .to = "system.cpu.iowait", .divisor = 0.01, .only = {"state", {"wait"}}},
    {.from = "system.cpu.utilization", .to = "system.cpu.stolen", .divisor = 0.01, .only = {"state", {"steal"}}},
    {.from = "system.filesystem.utilization", .to = "system.disk.in_use"},
    {.from = "system.memory.usage", .to = "system.mem.total", .divisor = MEBIBYTE},
    {.from = "system.memory.usage", .to = "system.mem.usable", .divisor = MEBIBYTE, .only = {"state", {"free", "cached", "buffered"}}},
    {.from = "system.network.io", .to = "system.net.bytes_rcvd", .only = {"direction", {"receive"}}},
    {.from = "system.network.io", .to = "system.net.bytes_sent", .only = {"direction", {"transmit"}}},
    {.from = "system.paging.usage", .to = "system.swap.free", .divisor = MEBIBYTE, .only = {"state", {"free"}}},
    {.from = "system.paging.usage", .to = "system.swap.used", .divisor = MEBIBYTE, .only = {"state", {"used"}}},
};

static const struct sm_metric_runtime runtimes[] = {
    {.from = "jvm.buffer.count", .to = "jvm.buffer_pool.direct.count", .conditions = {{"jvm.buffer.pool.name", {"direct"}}}},
    {.from = "jvm.buffer.count", .to = "jvm.buffer_pool.mapped.count", .conditions = {{"jvm.buffer.pool.name", {"mapped"}}}},
    {.from = "jvm.buffer.memory.limit", .to = "jvm.buffer_pool.direct.limit", .conditions = {{"jvm.buffer.pool.name", {"direct"}}}},
    {.from = "jvm.buffer.memory.limit", .to = "jvm.buffer_pool.mapped.limit", .conditions = {{"jvm.buffer.pool.name", {"mapped"}}}},
    {.from = "jvm.buffer.memory.usage", .to = "jvm.buffer_pool.direct.used", .conditions = {{"jvm.buffer.pool.name", {"direct"}}}},
    {.from = "jvm.buffer.memory.usage", .to = "jvm.buffer_pool.mapped.used", .conditions = {{"jvm.buffer.pool.name", {"mapped"}}}},
    {.from = "jvm.class.count", .to = "jvm.loaded_classes"},
    {.from = "jvm.cpu.recent_utilization", .to = "jvm.cpu_load.process"},
    {.from = "jvm.memory.committed", .to = "jvm.heap_memory_committed", .conditions = {{"jvm.memory.type", {"heap"}}}},
    {.from = "jvm.memory.committed", .to = "jvm.non_heap_memory_committed", .conditions = {{"jvm.memory.type", {"non_heap"}}}},
    {.from = "jvm.memory.init", .to = "jvm.heap_memory_init", .conditions = {{"jvm.memory.type", {"heap"}}}},
    {.from = "jvm.memory.init", .to = "jvm.non_heap_memory_init", .conditions = {{"jvm.memory.type", {"non_heap"}}}},
    {.from = "jvm.memory.limit", .to = "jvm.heap_memory_max", .conditions = {{"jvm.memory.type", {"heap"}}}},
    {.from = "jvm.memory.limit", .to = "jvm.non_heap_memory_max", .conditions = {{"jvm.memory.type", {"non_heap"}}}},
    {.from = "jvm.memory.used", .to = "jvm.heap_memory", .conditions = {{"jvm.memory.type", {"heap"}}}},
    {.from = "jvm.memory.used", .to = "jvm.non_heap_memory", .conditions = {{"jvm.memory.type", {"non_heap"}}}},
    {.from = "jvm.memory.used",
     .to = "jvm.gc.old_gen_size",
     .conditions = {{"jvm.memory.pool.name", {"G1 Old Gen", "Tenured Gen", "PS Old Gen"}}, {"jvm.memory.type", {"heap"}}}},
    {.from = "jvm.memory.used",
     .to = "jvm.gc.eden_size",
     .conditions = {{"jvm.memory.pool.name", {"G1 Eden Space", "Eden Space", "Par Eden Space", "PS Eden Space"}}, {"jvm.memory.type", {"heap"}}}},
    {.from = "jvm.memory.used",
     .to = "jvm.gc.survivor_size",
     .conditions = {{"jvm.memory.pool.name", {"G1 Survivor Space", "Survivor Space", "Par Survivor Space", "PS Survivor Space"}},
                    {"jvm.memory.type", {"heap"}}}},
    {.from = "jvm.memory.used",
     .to = "jvm.gc.metaspace_size",
     .conditions = {{"jvm.memory.pool.name", {"Metaspace"}}, {"jvm.memory.type", {"non_heap"}}}},
    {.from = "jvm.system.cpu.utilization", .to = "jvm.cpu_load.system"},
    {.from = "jvm.thread.count", .to = "jvm.thread_count"},
    {.from = "process.runtime.dotnet.exceptions.count", .to = "runtime.dotnet.exceptions.count"},
    {.from = "process.runtime.dotnet.gc.collections.count", .to = "runtime.dotnet.gc.count.gen0", .conditions = {{"generation", {"gen0"}}}},
    {.from = "process.runtime.dotnet.gc.collections.count", .to = "runtime.dotnet.gc.count.gen1", .conditions = {{"generation", {"gen1"}}}},
    {.from = "process.runtime.dotnet.gc.collections.count", .to = "runtime.dotnet.gc.count.gen2", .conditions = {{"generation", {"gen2"}}}},
    {.from = "process.runtime.dotnet.gc.heap.size", .to = "runtime.dotnet.gc.size.gen0", .conditions = {{"generation", {"gen0"}}}},
    {.from = "process.runtime.dotnet.gc.heap.size", .to = "runtime.dotnet.gc.size.gen1", .conditions = {{"generation", {"gen1"}}}},
    {.from = "process.runtime.dotnet.gc.heap.size", .to = "runtime.dotnet.gc.size.gen2", .conditions = {{"generation", {"gen2"}}}},
    {.from = "process.runtime.dotnet.gc.heap.size", .to = "runtime.dotnet.gc.size.loh", .conditions = {{"generation", {"loh"}}}},
    {.from = "process.runtime.dotnet.monitor.lock_contention.count", .to = "runtime.dotnet.threads.contention_count"},
    {.from = "process.runtime.go.cgo.calls", .to = "runtime.go.num_cgo_call"},
    {.from = "process.runtime.go.gc.count", .to = "runtime.go.mem_stats.num_gc"},
    {.from = "process.runtime.go.gc.pause_total_ns", .to = "runtime.go.mem_stats.pause_total_ns"},
    {.from = "process.runtime.go.goroutines", .to = "runtime.go.num_goroutine"},
    {.from = "process.runtime.go.lookups", .to = "runtime.go.mem_stats.lookups"},
    {.from = "process.runtime.go.mem.heap_alloc", .to = "runtime.go.mem_stats.heap_alloc"},
    {.from = "process.runtime.go.mem.heap_idle", .to = "runtime.go.mem_stats.heap_idle"},
    {.from = "process.runtime.go.mem.heap_inuse", .to = "runtime.go.mem_stats.heap_inuse"},
    {.from = "process.runtime.go.mem.heap_objects", .to = "runtime.go.mem_stats.heap_objects"},
    {.from = "process.runtime.go.mem.heap_released", .to = "runtime.go.mem_stats.heap_released"},
    {.from = "process.runtime.go.mem.heap_sys", .to = "runtime.go.mem_stats.heap_sys"},
    {.from = "process.runtime.jvm.buffer.count", .to = "jvm.buffer_pool.direct.count", .conditions = {{"pool", {"direct"}}}},
    {.from = "process.runtime.jvm.buffer.count", .to = "jvm.buffer_pool.mapped.count", .conditions = {{"pool", {"mapped"}}}},
    {.from = "process.runtime.jvm.buffer.limit", .to = "jvm.buffer_pool.direct.limit", .conditions = {{"pool", {"direct"}}}},
    {.from = "process.runtime.jvm.buffer.limit", .to = "jvm.buffer_pool.mapped.limit", .conditions = {{"pool", {"mapped"}}}},
    {.from = "process.runtime.jvm.buffer.usage", .to = "jvm.buffer_pool.direct.used", .conditions = {{"pool", {"direct"}}}},
    {.from = "process.runtime.jvm.buffer.usage", .to = "jvm.buffer_pool.mapped.used", .conditions = {{"pool", {"mapped"}}}},
    {.from = "process.runtime.jvm.classes.current_loaded", .to = "jvm.loaded_classes"},
    {.from = "process.runtime.jvm.cpu.utilization", .to = "jvm.cpu_load.process"},
    {.from = "process.runtime.jvm.memory.committed", .to = "jvm.heap_memory_committed", .conditions = {{"type", {"heap"}}}},
    {.from = "process.runtime.jvm.memory.committed", .to = "jvm.non_heap_memory_committed", .conditions = {{"type", {"non_heap"}}}},
    {.from = "process.runtime.jvm.memory.init", .to = "jvm.heap_memory_init", .conditions = {{"type", {"heap"}}}},
    {.from = "process.runtime.jvm.memory.init", .to = "jvm.non_heap_memory_init", .conditions = {{"type", {"non_heap"}}}},
    {.from = "process.runtime.jvm.memory.limit", .to = "jvm.heap_memory_max", .conditions = {{"type", {"heap"}}}},
    {.from = "process.runtime.jvm.memory.limit", .to = "jvm.non_heap_memory_max", .conditions = {{"type", {"non_heap"}}}},
    {.from = "process.runtime.jvm.memory.usage", .to = "jvm.heap_memory", .conditions = {{"type", {"heap"}}}},
    {.from = "process.runtime.jvm.memory.usage", .to = "jvm.non_heap_memory", .conditions = {{"type", {"non_heap"}}}},
    {.from = "process.runtime.jvm.memory.usage",
     .to = "jvm.gc.old_gen_size",
     .conditions = {{"pool", {"G1 Old Gen", "Tenured Gen", "PS Old Gen"}}, {"type", {"heap"}}}},
    {.from = "process.runtime.jvm.memory.usage",
     .to = "jvm.gc.eden_size",
     .conditions = {{"pool", {"G1 Eden Space", "Eden Space", "Par Eden Space", "PS Eden Space"}}, {"type", {"heap"}}}},
    {.from = "process.runtime.jvm.memory.usage",
     .to = "jvm.gc.survivor_size",
     .conditions = {{"pool", {"G1 Survivor Space", "Survivor Space", "Par Survivor Space", "PS Survivor Space"}}, {"type", {"heap"}}}},
    {.from = "process.runtime.jvm.memory.usage", .to = "jvm.gc.metaspace_size", .conditions = {{"pool", {"Metaspace"}}, {"type", {"non_heap"}}}},
    {.from = "process.runtime.jvm.system.cpu.utilization", .to = "jvm.cpu_load.system"},
    {.from = "process.runtime.jvm.threads.count", .to = "jvm.thread_count"},
};

static const char *const kafka_renamed[] = {
    "kafka.producer.request-rate",     "kafka.producer.response-rate",     "kafka.producer.request-latency-avg", "kafka.consumer.fetch-size-avg",
    "kafka.producer.compression-rate", "kafka.producer.record-retry-rate", "kafka.producer.record-send-rate",    "kafka.producer.record-error-rate",
};

static const char *const rates[] = {
    "kafka.net.bytes_out.rate",
    "kafka.net.bytes_in.rate",
    "kafka.replication.isr_shrinks.rate",
    "kafka.replication.isr_expands.rate",
    "kafka.replication.leader_elections.rate",
    "jvm.gc.minor_collection_count",
    "jvm.gc.major_collection_count",
    "jvm.gc.minor_collection_time",
    "jvm.gc.major_collection_time",
    "kafka.messages_in.rate",
    "kafka.request.produce.failed.rate",
    "kafka.request.fetch.failed.rate",
    "kafka.replication.unclean_leader_elections.rate",
    "kafka.log.flush_rate.rate",
};

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

/* Both kinds of rows begin with the name. */
static const void *find_rows(const void *table, size_t row_size, size_t row_count, struct sm_slice name, size_t *count)
{
    const char *rows = table;
    size_t low = 0, high = row_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *from = *(const char *const *)(const void *)(rows + middle * row_size);
        if (sm_slice_compare(sm_slice_of(from), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *count = 0;
    while (low + *count < row_count && sm_slice_is(name, *(const char *const *)(const void *)(rows + (low + *count) * row_size)))
        ++*count;
    return *count ? rows + low * row_size : NULL;
}

const struct sm_metric_copy *sm_metric_copies(struct sm_slice name, size_t *count)
{
    return find_rows(copies, sizeof(copies[0]), COUNT_OF(copies), name, count);
}

const struct sm_metric_runtime *sm_metric_runtimes(struct sm_slice name, size_t *count)
{
    return find_rows(runtimes, sizeof(runtimes[0]), COUNT_OF(runtimes), name, count);
}

static bool is_one_of(struct sm_slice name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sm_slice_is(name, names[i]))
            return true;
    return false;
}

struct sm_slice sm_metric_new_name(struct sm_slice name, struct sm_arena *arena)
{
    const char *prefix = NULL;
    if (sm_slice_starts_with(name, SM_SLICE("process.")) || sm_slice_starts_with(name, SM_SLICE("system.")) ||
        is_one_of(name, kafka_renamed, COUNT_OF(kafka_renamed)))
        prefix = "otel.";
    else if (sm_slice_starts_with(name, SM_SLICE("datadog_trace_agent")) || sm_slice_starts_with(name, SM_SLICE("datadog_otlp")))
        prefix = "otelcol_";
    return prefix ? sm_slice_of(sm_arena_printf(arena, "%s%.*s", prefix, SM_SLICE_ARGS(name))) : name;
}

bool sm_metric_is_rate(struct sm_slice name)
{
    return is_one_of(name, rates, COUNT_OF(rates));
}
