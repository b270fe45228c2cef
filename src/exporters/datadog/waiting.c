/* waiting.c - requests that wait until there is room for what becomes of them; see exporter.h. There are no more than consumers of the queue. */
#include "exporters/datadog/exporter.h"

#include <stdlib.h>

#include "base/memory.h"
#include "pipeline/outcome.h"

enum { CAPACITY_MIN = 8 };

void sm_datadog_waiting_add(struct sm_datadog_waiting *waiting, struct sm_export *request)
{
    if (waiting->count == waiting->_capacity) {
        waiting->_capacity = waiting->_capacity ? 2 * waiting->_capacity : CAPACITY_MIN;
        waiting->requests = sm_realloc(waiting->requests, waiting->_capacity, sizeof(struct sm_export *));
    }
    waiting->requests[waiting->count++] = request;
}

struct sm_export *sm_datadog_waiting_take(struct sm_datadog_waiting *waiting)
{
    struct sm_export *request = waiting->requests[0];
    waiting->count--;
    memmove(waiting->requests, waiting->requests + 1, waiting->count * sizeof(struct sm_export *));
    return request;
}

void sm_datadog_waiting_end(struct sm_datadog_waiting *waiting, struct sm_worker *worker)
{
    while (waiting->count) {
        struct sm_outcome outcome = sm_outcome_reject("the exporter is stopped");
        sm_export_done(sm_datadog_waiting_take(waiting), worker, &outcome);
    }
    free(waiting->requests);
    *waiting = (struct sm_datadog_waiting){0};
}
