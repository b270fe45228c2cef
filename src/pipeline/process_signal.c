/* process_signal.c - see process_signal.h. On libevent's signal events, which belong to one event loop per process: the main worker's. */
#include "pipeline/process_signal.h"

#include <stdlib.h>

#include <event2/event.h>

#include "base/memory.h"
#include "pipeline/worker.h"

struct sm_process_signal {
    struct event *event; /* owned */
    void (*run)(int number, void *context);
    void *context; /* borrowed */
};

static void on_signal(evutil_socket_t number, short what, void *context)
{
    (void)what;
    const struct sm_process_signal *watch = context;
    watch->run((int)number, watch->context);
}

struct sm_process_signal *sm_process_signal_watch(struct sm_worker *worker, int number, void (*run)(int number, void *context), void *context)
{
    struct sm_process_signal *watch = sm_alloc(1, sizeof(*watch));
    watch->run = run;
    watch->context = context;
    watch->event = evsignal_new(sm_worker_event_base(worker), number, on_signal, watch);
    if (!watch->event || event_add(watch->event, NULL) != 0)
        sm_out_of_memory(sizeof(void *));
    return watch;
}

void sm_process_signal_free(struct sm_process_signal *watch)
{
    if (!watch)
        return;
    event_free(watch->event);
    free(watch);
}
