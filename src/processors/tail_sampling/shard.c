/* shard.c - see shard.h.
 *
 *     (new) -> waiting -> due -> decided -> (gone)
 *                 \-> rooted -/              with a decision cache a trace goes as soon as it is decided
 *
 * A trace goes early when there is no room for a new one (the oldest first, decided or not). Decisions of one tick are taken in turns, so that
 * connections on this worker are served in between, and wait while much is being sent. Late spans follow the decision at once.
 * Source: opentelemetry-collector-contrib processor/tailsamplingprocessor/processor.go, internal/idbatcher. */
#include "processors/tail_sampling/shard.h"

#include "base/clock.h"
#include "base/log.h"
#include "processors/tail_sampling/parcel.h"
#include "telemetry/batch.h"
#include "telemetry/otlp_part.h"

/* Batches that are being sent at a time: of one trace each, or joined ones. */
enum { DECISIONS_PER_TURN = 512, SENDING_MAX = 256, JOINED_SENDING_MAX = 16 };
/* A joined batch is full with so much, however few spans that are: what is sent is no longer packed, and no limit of memory counts it. */
enum { JOINED_BYTES_MAX = 1024 * 1024, SENDING_BYTES_MAX = 32 * 1024 * 1024 };

void sm_tail_shard_init(struct sm_tail_shard *shard, const struct sm_tail_shard_settings *settings, const struct sm_tail_shard_calls *calls)
{
    *shard = (struct sm_tail_shard){._settings = settings, ._calls = calls};
    sm_tail_segments_init(&shard->_segments, &settings->segments);
    sm_tail_table_init(&shard->_table, settings->expected_count, &shard->_segments, settings->segments.memory_bytes);
    shard->_waiting = sm_tail_queue_create(&shard->_table);
    shard->_rooted = sm_tail_queue_create(&shard->_table);
    shard->_due = sm_tail_queue_create(&shard->_table);
    shard->_decided = sm_tail_queue_create(&shard->_table);
    shard->_leaving = sm_tail_queue_create(&shard->_table);
    sm_tail_cache_init(&shard->_sampled, settings->sampled_cache_size);
    sm_tail_cache_init(&shard->_non_sampled, settings->non_sampled_cache_size);
    sm_tail_tally_init(&shard->_tally, settings->plan->count);
}

void sm_tail_shard_set_spill(struct sm_tail_shard *shard, struct sm_storage_client *spill)
{
    sm_tail_segments_set_spill(&shard->_segments, spill);
}

void sm_tail_shard_deinit(struct sm_tail_shard *shard)
{
    for (struct sm_tail_parcel *parcel = shard->_first_blocked, *next; parcel; parcel = next) {
        next = parcel->next;
        sm_tail_parcel_free(parcel);
    }
    atomic_fetch_sub_explicit(shard->_settings->trace_count, shard->_table.count, memory_order_relaxed);
    sm_tail_table_deinit(&shard->_table);
    sm_tail_segments_deinit(&shard->_segments);
    sm_buffer_release(shard->_block);
    sm_batch_release(shard->_joined);
    sm_tail_cache_deinit(&shard->_sampled);
    sm_tail_cache_deinit(&shard->_non_sampled);
    sm_tail_tally_deinit(&shard->_tally);
}

/* ---- ends of traces */

static void forget(struct sm_tail_shard *shard, struct sm_tail_trace *trace)
{
    uint64_t age_ns = shard->_calls->mono_ns() - trace->arrival_ns;
    sm_instrument_record(shard->_settings->metrics->removal_age, (double)(age_ns / SM_NS_PER_S));
    sm_tail_table_remove(&shard->_table, trace);
    atomic_fetch_sub_explicit(shard->_settings->trace_count, 1, memory_order_relaxed);
}

static size_t sending_max(const struct sm_tail_shard *shard)
{
    return shard->join_limit ? JOINED_SENDING_MAX : SENDING_MAX;
}

/* Is so much under way that the rest waits? What traces share while they are held leaves with each of them: bytes count as well. */
static bool is_sending_enough(const struct sm_tail_shard *shard)
{
    return shard->_sending_count >= sending_max(shard) || (shard->_sending_count > 0 && shard->_sending_bytes >= SENDING_BYTES_MAX);
}

static void send_batch(struct sm_tail_shard *shard, struct sm_batch *batch, size_t size)
{
    shard->_sending_count++;
    shard->_sending_bytes += size;
    shard->_calls->send(shard, batch);
}

static void send_joined(struct sm_tail_shard *shard)
{
    struct sm_batch *batch = shard->_joined;
    size_t size = shard->_joined_bytes;
    shard->_joined = NULL;
    shard->_joined_bytes = 0;
    if (batch)
        send_batch(shard, batch, size);
}

/* Leaves the rest to send_joined, at the end of the turn. */
static bool try_join(struct sm_tail_shard *shard, const struct sm_tail_view *view)
{
    if (!shard->join_limit || !shard->gives_packed || view->batch)
        return false;
    if (!shard->_joined)
        shard->_joined = sm_batch_create(SM_TRACES);
    shard->_joined_bytes += sm_tail_view_join(view, shard->_joined);
    if (shard->_joined->item_count >= shard->join_limit || shard->_joined_bytes >= JOINED_BYTES_MAX)
        send_joined(shard);
    return true;
}

static void send_view(struct sm_tail_shard *shard, struct sm_tail_view *view)
{
    view->block = shard->gives_packed ? &shard->_block : NULL;
    if (try_join(shard, view))
        return;
    size_t size = sm_tail_view_size(view);
    struct sm_batch *batch = sm_tail_view_take(view);
    if (!shard->gives_packed)
        sm_batch_unpack(batch);
    send_batch(shard, batch, size);
}

/* The trace is decided: it is remembered in a cache, or stays for its late spans. */
static void settle(struct sm_tail_shard *shard, struct sm_tail_trace *trace, enum sm_tail_decision decision, const char *policy)
{
    struct sm_tail_cache *cache = decision == SM_TAIL_SAMPLED ? &shard->_sampled : &shard->_non_sampled;
    trace->decision = (uint8_t)decision;
    sm_tail_table_release_held(&shard->_table, trace);
    sm_tail_queue_move(&shard->_table, shard->_decided, trace);
    if (sm_tail_cache_put(cache, trace->id, policy))
        forget(shard, trace);
}

/* Of an undecided trace; `piece` NULL: of all that is held. */
static struct sm_tail_view view_of(struct sm_tail_shard *shard, const struct sm_tail_trace *trace, const struct sm_tail_piece *piece)
{
    return (struct sm_tail_view){
        .trace_id = trace->id,
        .span_count = trace->held->span_count,
        .size_bytes = trace->held->size_bytes,
        .request_bytes = trace->held->request_bytes,
        .piece = piece,
        .held = trace->held,
        .sight = trace->held->sight,
        .segments = &shard->_segments,
        .logger = shard->_settings->logger,
        .mono_ns = shard->_calls->mono_ns(),
        .wall_ns = shard->_calls->wall_ns(),
    };
}

/* ---- decisions by time */

static void note_decision_time(struct sm_tail_trace *trace, uint64_t mono_ns)
{
    uint64_t after_ms = (mono_ns - trace->arrival_ns) / SM_NS_PER_MS;
    trace->decision_after_ms = after_ms == 0 ? 1 : after_ms < UINT32_MAX ? (uint32_t)after_ms : UINT32_MAX;
}

static void decide_due(struct sm_tail_shard *shard, struct sm_tail_trace *trace)
{
    enum sm_tail_decision decision = SM_TAIL_NOT_SAMPLED;
    const char *policy = NULL;
    struct sm_tail_view view = view_of(shard, trace, NULL);
    note_decision_time(trace, view.mono_ns);
    if (!shard->_settings->is_immediate)
        decision = sm_tail_decide(shard, &view, &policy);
    shard->_tally.decisions[decision]++;
    if (decision == SM_TAIL_SAMPLED)
        send_view(shard, &view);
    sm_tail_view_deinit(&view);
    if (shard->_settings->is_immediate) {
        /* Nothing sampled it in time, and nothing will. */
        sm_tail_cache_put(&shard->_non_sampled, trace->id, NULL);
        forget(shard, trace);
    } else {
        settle(shard, trace, decision, policy);
    }
}

/* What has left holds it as long as needed. */
static void release_block(struct sm_tail_shard *shard)
{
    sm_buffer_release(shard->_block);
    shard->_block = NULL;
}

static void end_run(struct sm_tail_shard *shard)
{
    const struct sm_tail_metrics *metrics = shard->_settings->metrics;
    size_t count = atomic_load_explicit(shard->_settings->trace_count, memory_order_relaxed);
    sm_instrument_set(metrics->on_memory, (double)count);
    if (shard->tells_ticks)
        sm_instrument_record(metrics->timer_latency, (double)((shard->_calls->mono_ns() - shard->_run_started_ns) / SM_NS_PER_MS));
    sm_tail_tally_tell(&shard->_tally, metrics);
    release_block(shard);
    shard->_is_running = false;
}

static void tell_if_drained(struct sm_tail_shard *shard)
{
    if (shard->_is_stopping && !shard->_is_running && shard->_sending_count == 0 && !shard->_joined)
        shard->_calls->drained(shard);
}

static void take_blocked(struct sm_tail_shard *shard);

void sm_tail_shard_go_on(struct sm_tail_shard *shard)
{
    if (!shard->_is_running)
        return;
    struct sm_tail_trace *trace = NULL;
    for (unsigned i = 0; i < DECISIONS_PER_TURN && !is_sending_enough(shard) && (trace = sm_tail_queue_first(&shard->_table, shard->_due)); i++)
        decide_due(shard, trace);
    send_joined(shard);
    trace = sm_tail_queue_first(&shard->_table, shard->_due);
    shard->_is_paused = trace && is_sending_enough(shard);
    if (trace && !shard->_is_paused)
        shard->_calls->again(shard);
    if (trace)
        return;
    end_run(shard);
    take_blocked(shard);
    tell_if_drained(shard);
}

static void begin_run(struct sm_tail_shard *shard)
{
    if (shard->_is_running)
        return;
    shard->_is_running = true;
    shard->_run_started_ns = shard->_calls->mono_ns();
}

static void make_due(struct sm_tail_shard *shard, uint32_t queue)
{
    for (struct sm_tail_trace *trace; (trace = sm_tail_queue_first(&shard->_table, queue)) && trace->held->tick <= shard->_tick;)
        sm_tail_queue_move(&shard->_table, shard->_due, trace);
}

void sm_tail_shard_tick(struct sm_tail_shard *shard)
{
    if (shard->_is_stopping)
        return;
    make_due(shard, shard->_waiting);
    make_due(shard, shard->_rooted);
    shard->_tick++;
    begin_run(shard);
    if (!shard->_is_paused)
        sm_tail_shard_go_on(shard);
}

void sm_tail_shard_sent(struct sm_tail_shard *shard)
{
    if (--shard->_sending_count == 0)
        shard->_sending_bytes = 0;
    if (shard->_is_paused && shard->_sending_count <= sending_max(shard) / 2 && !is_sending_enough(shard)) {
        shard->_is_paused = false;
        shard->_calls->again(shard);
    }
    tell_if_drained(shard);
}

/* ---- room for new traces */

static bool is_above_memory(const struct sm_tail_shard *shard)
{
    const struct sm_tail_segment_settings *settings = &shard->_settings->segments;
    return settings->limit_bytes && atomic_load_explicit(settings->memory_bytes, memory_order_relaxed) > settings->limit_bytes;
}

static bool is_full(const struct sm_tail_shard *shard)
{
    if (shard->_settings->is_blocking && is_above_memory(shard))
        return true;
    return atomic_load_explicit(shard->_settings->trace_count, memory_order_relaxed) >= shard->_settings->trace_limit;
}

/* False: the caller has to wait. Other shards may hold what there is: then the limit is exceeded by the first trace of this one. */
static bool make_space(struct sm_tail_shard *shard)
{
    bool may_wait = shard->_settings->is_blocking;
    if (may_wait && shard->_is_stopping)
        return true;
    while (is_full(shard)) {
        /* Where new traces wait only those go that are decided. (The reference waits for ever when no cache takes decided ones over.) */
        struct sm_tail_trace *oldest = may_wait ? sm_tail_queue_first(&shard->_table, shard->_decided) : sm_tail_table_oldest(&shard->_table);
        if (!oldest)
            return !may_wait;
        shard->_tally.dropped_too_early += oldest->decision == SM_TAIL_UNDECIDED;
        forget(shard, oldest);
    }
    return true;
}

/* ---- spans */

static void follow_cache(struct sm_tail_shard *shard, const struct sm_tail_piece *piece, bool is_sampled, const char *policy)
{
    const struct sm_tail_shard_settings *settings = shard->_settings;
    if (is_sampled) {
        struct sm_tail_view view = {.piece = piece};
        if (settings->records_policy) {
            const struct sm_value name = sm_value_string(sm_slice_of(policy)), yes = sm_value_bool(true);
            if (policy)
                sm_tail_view_mark(&view, SM_SLICE("tailsampling.policy"), &name);
            sm_tail_view_mark(&view, SM_SLICE("tailsampling.cached_decision"), &yes);
        }
        send_view(shard, &view);
    }
    sm_instrument_add(settings->metrics->released[is_sampled], piece->span_count);
}

static bool take_cached(struct sm_tail_shard *shard, const struct sm_tail_piece *piece)
{
    const char *policy;
    if (sm_tail_cache_find(&shard->_sampled, piece->trace_id, &policy))
        follow_cache(shard, piece, true, policy);
    else if (sm_tail_cache_find(&shard->_non_sampled, piece->trace_id, &policy))
        follow_cache(shard, piece, false, policy);
    else
        return false;
    return true;
}

static void take_late(struct sm_tail_shard *shard, const struct sm_tail_trace *trace, const struct sm_tail_piece *piece)
{
    if (trace->decision == SM_TAIL_SAMPLED) {
        struct sm_tail_view view = {.piece = piece};
        send_view(shard, &view);
    }
    if (trace->decision_after_ms) {
        uint64_t age_ns = shard->_calls->mono_ns() - trace->arrival_ns - trace->decision_after_ms * (uint64_t)SM_NS_PER_MS;
        sm_instrument_record(shard->_settings->metrics->late_age, (double)(age_ns / SM_NS_PER_S));
    }
}

static void hold(struct sm_tail_shard *shard, struct sm_tail_trace *trace, const struct sm_tail_piece *piece)
{
    struct sm_tail_ref ref;
    sm_tail_watch(shard->_settings->plan, piece, &trace->held->sight);
    if (!sm_tail_segments_add(&shard->_segments, piece, &ref)) {
        sm_log(SM_LOG_ERROR, shard->_settings->logger, "Spans of one trace in one request are larger than 4 GiB and are lost");
        return;
    }
    sm_tail_table_hold(&shard->_table, trace, ref);
}

/* What was held before goes in front; it does not say which policy it was. */
static void put_held_before(struct sm_tail_shard *shard, const struct sm_tail_trace *trace, struct sm_tail_view *view)
{
    if (!trace->held->ref_count)
        return;
    struct sm_tail_view held = {.held = trace->held, .segments = &shard->_segments};
    struct sm_batch *batch = sm_tail_view_batch(&held), *last = sm_tail_view_batch(view);
    sm_batch_append(batch, last);
    sm_batch_release(last);
    view->batch = batch;
}

/* The undecided trace that came first. */
static struct sm_tail_trace *oldest_undecided(const struct sm_tail_shard *shard)
{
    const uint32_t queues[] = {shard->_due, shard->_waiting, shard->_rooted};
    struct sm_tail_trace *oldest = NULL;
    for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
        struct sm_tail_trace *first = sm_tail_queue_first(&shard->_table, queues[i]);
        if (first && (!oldest || first->arrival_ns < oldest->arrival_ns))
            oldest = first;
    }
    return oldest;
}

/* Where new traces wait for memory those that are there may grow. */
static void keep_to_memory_limit(struct sm_tail_shard *shard)
{
    if (shard->_settings->is_blocking)
        return;
    for (struct sm_tail_trace *oldest; is_above_memory(shard) && (oldest = oldest_undecided(shard));) {
        shard->_tally.dropped_too_early++;
        forget(shard, oldest);
    }
}

/* span-ingest: the policies look at the piece alone; what they decide goes for all that is held. */
static void take_immediate(struct sm_tail_shard *shard, struct sm_tail_trace *trace, const struct sm_tail_piece *piece)
{
    const char *policy;
    struct sm_tail_view view = view_of(shard, trace, piece);
    view.sight = (struct sm_tail_sight){0};
    sm_tail_watch(shard->_settings->plan, piece, &view.sight);
    uint64_t started_ns = view.mono_ns;
    note_decision_time(trace, started_ns);
    enum sm_tail_decision decision = sm_tail_decide_at_once(shard, &view, &policy);
    if (decision != SM_TAIL_NOT_SAMPLED)
        shard->_tally.decisions[decision]++;
    if (decision == SM_TAIL_SAMPLED) {
        put_held_before(shard, trace, &view);
        send_view(shard, &view);
    }
    sm_tail_view_deinit(&view);
    if (decision != SM_TAIL_NOT_SAMPLED)
        settle(shard, trace, decision, policy);
    else
        hold(shard, trace, piece);
    const struct sm_tail_metrics *metrics = shard->_settings->metrics;
    sm_instrument_record(metrics->timer_latency, (double)((shard->_calls->mono_ns() - started_ns) / SM_NS_PER_MS));
    sm_tail_tally_tell(&shard->_tally, metrics);
}

static struct sm_tail_trace *add_trace(struct sm_tail_shard *shard, const struct sm_tail_piece *piece)
{
    struct sm_tail_trace *trace = sm_tail_table_add(&shard->_table, piece->trace_id);
    atomic_fetch_add_explicit(shard->_settings->trace_count, 1, memory_order_relaxed);
    trace->arrival_ns = shard->_calls->mono_ns();
    trace->held->tick = shard->_tick + shard->_settings->wait_ticks;
    sm_tail_queue_move(&shard->_table, shard->_waiting, trace);
    shard->_new_count++;
    return trace;
}

static void hasten(struct sm_tail_shard *shard, struct sm_tail_trace *trace)
{
    uint64_t tick = shard->_tick + shard->_settings->root_wait_ticks;
    if (tick >= trace->held->tick)
        return;
    trace->held->tick = tick;
    sm_tail_queue_move(&shard->_table, shard->_rooted, trace);
}

static void take_undecided(struct sm_tail_shard *shard, struct sm_tail_trace *trace, const struct sm_tail_piece *piece)
{
    const struct sm_tail_shard_settings *settings = shard->_settings;
    struct sm_tail_held *held = trace->held;
    held->span_count += piece->span_count;
    held->size_bytes += piece->size_bytes;
    held->request_bytes += sm_otlp_field_size(piece->size_bytes);
    if (piece->has_root && settings->has_root_wait)
        hasten(shard, trace);
    if (settings->trace_bytes_limit && held->size_bytes > settings->trace_bytes_limit) {
        sm_instrument_add(settings->metrics->dropped_too_large, 1);
        settle(shard, trace, SM_TAIL_NOT_SAMPLED, NULL);
    } else if (settings->is_immediate) {
        take_immediate(shard, trace, piece);
    } else {
        hold(shard, trace, piece);
    }
}

/* False: there is no room for the trace. */
static bool try_take(struct sm_tail_shard *shard, const struct sm_tail_piece *piece)
{
    if (take_cached(shard, piece))
        return true;
    struct sm_tail_trace *trace = sm_tail_table_find(&shard->_table, piece->trace_id);
    if (!trace && !make_space(shard))
        return false;
    if (!trace)
        trace = add_trace(shard, piece);
    if (trace->held)
        take_undecided(shard, trace, piece);
    else
        take_late(shard, trace, piece);
    return true;
}

/* Most traces are new or were not touched for long: while a piece is copied what the next two need is fetched. */
static void fetch_next(const struct sm_tail_shard *shard, const struct sm_tail_parcel *parcel, struct sm_tail_piece *next)
{
    if (next == parcel->end)
        return;
    sm_tail_table_fetch_trace(&shard->_table, next->trace_id);
    next = sm_tail_piece_behind(next);
    if (next != parcel->end)
        sm_tail_table_fetch_bucket(&shard->_table, next->trace_id);
}

static bool take_pieces(struct sm_tail_shard *shard, struct sm_tail_parcel *parcel)
{
    while (parcel->at != parcel->end) {
        struct sm_tail_piece *piece = parcel->at, *behind = sm_tail_piece_behind(piece);
        fetch_next(shard, parcel, behind);
        if (!try_take(shard, piece))
            return false;
        keep_to_memory_limit(shard);
        parcel->at = behind;
    }
    return true;
}

static bool try_go_through(struct sm_tail_shard *shard, struct sm_tail_parcel *parcel)
{
    bool is_through = take_pieces(shard, parcel);
    send_joined(shard);
    sm_instrument_add(shard->_settings->metrics->new_traces, (int64_t)shard->_new_count);
    shard->_new_count = 0;
    if (!is_through)
        return false;
    if (parcel->delivery)
        shard->_calls->accept(shard, parcel->delivery);
    parcel->delivery = NULL;
    sm_tail_parcel_free(parcel);
    return true;
}

static void take_blocked(struct sm_tail_shard *shard)
{
    for (struct sm_tail_parcel *parcel; (parcel = shard->_first_blocked);) {
        struct sm_tail_parcel *next = parcel->next;
        if (!try_go_through(shard, parcel))
            return;
        shard->_first_blocked = next;
    }
    shard->_last_blocked = NULL;
}

static struct sm_tail_trace *first_pending(const struct sm_tail_shard *shard)
{
    struct sm_tail_trace *trace = sm_tail_queue_first(&shard->_table, shard->_waiting);
    return trace ? trace : sm_tail_queue_first(&shard->_table, shard->_rooted);
}

/* False: they are due after all. */
static bool try_keep_all(struct sm_tail_shard *shard)
{
    bool is_kept = true;
    for (struct sm_tail_trace *trace; is_kept && (trace = first_pending(shard));) {
        struct sm_tail_view view = view_of(shard, trace, NULL);
        sm_tail_queue_move(&shard->_table, shard->_leaving, trace);
        is_kept = shard->_calls->keep(shard, sm_tail_view_batch(&view));
        sm_tail_view_deinit(&view);
    }
    return is_kept && shard->_calls->keep(shard, NULL);
}

static void keep_rest(struct sm_tail_shard *shard)
{
    if (!first_pending(shard))
        return;
    if (!try_keep_all(shard))
        sm_tail_queue_move_all(&shard->_table, shard->_due, shard->_leaving);
    for (struct sm_tail_trace *trace; (trace = sm_tail_queue_first(&shard->_table, shard->_leaving));)
        forget(shard, trace);
}

static void decide_rest(struct sm_tail_shard *shard)
{
    if (shard->_settings->keeps_pending)
        keep_rest(shard);
    for (struct sm_tail_trace *trace; shard->_settings->drops_pending && (trace = first_pending(shard));)
        forget(shard, trace);
    sm_tail_queue_move_all(&shard->_table, shard->_due, shard->_waiting);
    sm_tail_queue_move_all(&shard->_table, shard->_due, shard->_rooted);
    begin_run(shard);
    if (!shard->_is_paused)
        sm_tail_shard_go_on(shard);
}

void sm_tail_shard_take(struct sm_tail_shard *shard, struct sm_tail_parcel *parcel)
{
    parcel->next = NULL;
    if (shard->_first_blocked) {
        shard->_last_blocked->next = parcel;
        shard->_last_blocked = parcel;
    } else if (!try_go_through(shard, parcel)) {
        shard->_first_blocked = shard->_last_blocked = parcel;
    }
    if (shard->_is_stopping)
        decide_rest(shard);
}

void sm_tail_shard_stop(struct sm_tail_shard *shard)
{
    shard->_is_stopping = true;
    take_blocked(shard);
    decide_rest(shard);
}
