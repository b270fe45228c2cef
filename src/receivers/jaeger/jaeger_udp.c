/* jaeger_udp.c - calls of Agent.emitBatch in datagrams, thrift compact or binary.
 *
 * Packets are read, decoded and delivered on the socket's worker. At most `workers` deliveries are under way; further packets wait, up to queue_size,
 * and what comes then is dropped and counted. What cannot be decoded is logged and counted: there is nobody to answer.
 * Source: contrib receiver/jaegerreceiver/internal/udpserver. */
#include "receivers/jaeger/jaeger.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "net/datagram.h"
#include "pipeline/outcome.h"
#include "pipeline/own_metrics.h"
#include "pipeline/worker.h"

static const struct sm_own_metric dropped_packets = {.name = "spanmill_receiver_dropped_packets",
                                                     .help = "Number of datagrams dropped because the receiver's queue was full.",
                                                     .unit = "{packets}",
                                                     .kind = SM_OWN_COUNTER,
                                                     .level = SM_OWN_LEVEL_BASIC};

/* A packet that waits. */
struct waiting {
    struct waiting *next;
    struct sm_buffer *packet; /* owned */
};

struct sm_jaeger_udp {
    struct sm_component *component;              /* borrowed */
    const struct sm_jaeger_udp_options *options; /* borrowed */
    enum sm_thrift_protocol protocol;
    const char *transport;
    struct sm_instrument *dropped;
    struct sm_datagrams *datagrams; /* owned until closed; main worker */
    void (*stopped)(void *context);
    void *stopped_context;
    /* Socket's worker only: */
    struct waiting *first, **last;
    int64_t waiting_count, under_way;
    bool is_closed, is_processing;
};

/* ---- packets */

static void on_delivered(struct sm_worker *worker, const struct sm_outcome *outcome, void *context);

static void tell_stopped(struct sm_worker *worker, void *context)
{
    (void)worker;
    struct sm_jaeger_udp *udp = context;
    udp->stopped(udp->stopped_context);
}

static void process(struct sm_jaeger_udp *udp, struct sm_worker *worker, struct sm_slice packet)
{
    struct sm_decode_error why = {0};
    struct sm_batch *batch = sm_jaeger_decode_thrift_call(packet, udp->protocol, &why);
    if (!batch) {
        sm_receiver_refused_request(udp->component, udp->transport, SM_TRACES);
        sm_log(SM_LOG_ERROR, &udp->component->logger, "Processor failed", SM_LOG_STR("transport", udp->transport), SM_LOG_STR("error", why.reason),
               SM_LOG_INT("offset", (int64_t)why.offset));
        return;
    }
    if (batch->item_count == 0) {
        sm_batch_release(batch);
        return;
    }
    udp->under_way++;
    sm_receiver_deliver(udp->component, worker, udp->transport, batch, on_delivered, udp);
}

/* Begins with packets that wait, as far as there is room. Deliveries that end at once come back here: the loop that runs goes on with them. */
static void process_waiting(struct sm_jaeger_udp *udp, struct sm_worker *worker)
{
    if (udp->is_processing)
        return;
    udp->is_processing = true;
    while (udp->first && udp->under_way < udp->options->workers) {
        struct waiting *waiting = udp->first;
        udp->first = waiting->next;
        if (!udp->first)
            udp->last = &udp->first;
        udp->waiting_count--;
        process(udp, worker, sm_buffer_slice(waiting->packet));
        sm_buffer_release(waiting->packet);
        free(waiting);
    }
    udp->is_processing = false;
    if (udp->is_closed && !udp->first && udp->under_way == 0) {
        udp->is_closed = false; /* told once */
        sm_worker_post(sm_workers_main(udp->component->workers), tell_stopped, udp);
    }
}

static void on_delivered(struct sm_worker *worker, const struct sm_outcome *outcome, void *context)
{
    struct sm_jaeger_udp *udp = context;
    udp->under_way--;
    if (outcome->kind != SM_ACCEPTED)
        sm_log(SM_LOG_ERROR, &udp->component->logger, "Processor failed", SM_LOG_STR("transport", udp->transport),
               SM_LOG_STR("error", outcome->reason));
    process_waiting(udp, worker);
}

static void on_packet(struct sm_worker *worker, struct sm_slice packet, void *context)
{
    struct sm_jaeger_udp *udp = context;
    if (udp->under_way < udp->options->workers && !udp->first) {
        process(udp, worker, packet);
        return;
    }
    struct sm_buffer *copy = udp->waiting_count < udp->options->queue_size ? sm_buffer_try_copy(packet) : NULL;
    if (!copy) {
        sm_instrument_add(udp->dropped, 1);
        sm_log(SM_LOG_WARN, &udp->component->logger, "Packet dropped: the queue is full", SM_LOG_STR("transport", udp->transport));
        return;
    }
    struct waiting *waiting = sm_alloc(1, sizeof(*waiting));
    waiting->packet = copy;
    *udp->last = waiting;
    udp->last = &waiting->next;
    udp->waiting_count++;
}

/* ---- life */

struct sm_jaeger_udp *sm_jaeger_udp_create(struct sm_component *component, const struct sm_jaeger_udp_options *options,
                                           enum sm_thrift_protocol protocol)
{
    struct sm_jaeger_udp *udp = sm_alloc(1, sizeof(*udp));
    *udp = (struct sm_jaeger_udp){
        .component = component,
        .options = options,
        .protocol = protocol,
        .transport = protocol == SM_THRIFT_BINARY ? "udp_thrift_binary" : "udp_thrift_compact",
        .last = &udp->first,
    };
    return udp;
}

bool sm_jaeger_udp_start(struct sm_jaeger_udp *udp, struct sm_error *error)
{
    const struct sm_own_attribute attributes[] = {{"receiver", udp->component->id}, {"transport", udp->transport}};
    const struct sm_datagram_options options = {
        .endpoint = udp->options->endpoint,
        .packet_bytes_max = (size_t)udp->options->max_packet_size,
        .socket_buffer_bytes = udp->options->socket_buffer_size,
    };
    udp->dropped = sm_instrument_get(&dropped_packets, attributes, sizeof(attributes) / sizeof(attributes[0]));
    udp->datagrams = sm_datagrams_open(udp->component->workers, &options, on_packet, udp, error);
    return udp->datagrams || sm_error_blame(error, &udp->options->endpoint);
}

static void on_closed(struct sm_worker *worker, void *context)
{
    struct sm_jaeger_udp *udp = context;
    udp->is_closed = true;
    process_waiting(udp, worker);
}

void sm_jaeger_udp_stop(struct sm_jaeger_udp *udp, void (*stopped)(void *context), void *context)
{
    udp->stopped = stopped;
    udp->stopped_context = context;
    if (!udp->datagrams) {
        stopped(context);
        return;
    }
    sm_datagrams_close(udp->datagrams, on_closed, udp);
    udp->datagrams = NULL;
}

void sm_jaeger_udp_free(struct sm_jaeger_udp *udp)
{
    while (udp && udp->first) {
        struct waiting *waiting = udp->first;
        udp->first = waiting->next;
        sm_buffer_release(waiting->packet);
        free(waiting);
    }
    free(udp);
}
