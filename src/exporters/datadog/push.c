/* push.c - requests that end when all that was posted for them has been answered; see exporter.h. There are no more than consumers of the queue. */
#include "exporters/datadog/exporter.h"

#include <stdlib.h>

#include "base/memory.h"

struct sm_datadog_push {
    struct sm_datadog_push *next, *previous;
    struct sm_datadog_pushes *pushes;
    struct sm_export *request;
    size_t open_count;
    struct sm_outcome outcome;
};

struct sm_datadog_push *sm_datadog_push_begin(struct sm_datadog_pushes *pushes, struct sm_export *request)
{
    struct sm_datadog_push *push = sm_alloc(1, sizeof(*push));
    *push = (struct sm_datadog_push){.pushes = pushes, .request = request, .outcome = SM_OUTCOME_ACCEPTED, .next = pushes->first, .open_count = 1};
    if (push->next)
        push->next->previous = push;
    pushes->first = push;
    return push;
}

static void end_push(struct sm_datadog_push *push)
{
    if (push->previous)
        push->previous->next = push->next;
    else
        push->pushes->first = push->next;
    if (push->next)
        push->next->previous = push->previous;
    sm_export_done(push->request, push->pushes->worker, &push->outcome);
    free(push);
}

void sm_datadog_push_add(struct sm_datadog_push *push, size_t count)
{
    push->open_count += count;
}

void sm_datadog_push_close(struct sm_datadog_push *push)
{
    if (--push->open_count == 0)
        end_push(push);
}

void sm_datadog_push_posted(struct sm_worker *worker, const struct sm_datadog_answer *answer, void *context)
{
    struct sm_datadog_push *push = context;
    struct sm_datadog_pushes *pushes = push->pushes;
    (void)worker;
    if (!answer->is_accepted && push->outcome.kind == SM_ACCEPTED)
        push->outcome = answer->status ? sm_outcome_reject("Datadog answered with HTTP status %d", answer->status)
                                       : sm_outcome_reject("Datadog could not be reached");
    sm_datadog_push_close(push);
    pushes->posted(pushes->context);
}

void sm_datadog_pushes_end(struct sm_datadog_pushes *pushes)
{
    while (pushes->first) {
        pushes->first->outcome = sm_outcome_reject("the exporter is stopped");
        end_push(pushes->first);
    }
}
