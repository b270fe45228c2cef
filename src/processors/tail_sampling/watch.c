/* watch.c - policies that sample once a span fits, and know it by the span's times, status and flags.
 *
 * They see each span as it arrives, when it has been decoded anyway; a bit of the trace's sight remembers what they found, and the decision needs no
 * span. The order of arrival is that of the records, so that the answer is the same. Further ones than there are bits look at the spans. */
#include "processors/tail_sampling/parcel.h"
#include "processors/tail_sampling/policy.h"
#include "telemetry/span.h"

void sm_tail_watch_add(struct sm_tail_plan *plan, struct sm_tail_policy *policy)
{
    if (plan->watcher_count == SM_TAIL_WATCHERS_MAX)
        return;
    policy->watch_mark = UINT64_C(1) << plan->watcher_count;
    plan->watchers[plan->watcher_count++] = *policy;
}

/* A start of 0 is replaced by the next one. */
static void extend(struct sm_tail_sight *sight, const struct sm_tail_facts *facts)
{
    if (sight->start_ns == 0 || facts->start_ns < sight->start_ns)
        sight->start_ns = facts->start_ns;
    if (sight->end_ns == 0 || facts->end_ns > sight->end_ns)
        sight->end_ns = facts->end_ns;
}

void sm_tail_watch(const struct sm_tail_plan *plan, const struct sm_tail_piece *piece, struct sm_tail_sight *sight)
{
    const struct sm_tail_span_part *spans = sm_tail_piece_spans(piece);
    for (uint32_t s = 0; plan->watcher_count && s < piece->span_count; s++) {
        extend(sight, &spans[s].facts);
        for (size_t i = 0; i < plan->watcher_count; i++) {
            const struct sm_tail_policy *watcher = &plan->watchers[i];
            if (!(sight->found & watcher->watch_mark) && watcher->type->fits(watcher, sight, &spans[s].facts))
                sight->found |= watcher->watch_mark;
        }
    }
}

/* ---- beyond the bits */

struct walk {
    const struct sm_tail_policy *policy;
    struct sm_tail_sight sight;
};

static bool span_fits(const struct sm_span *span, void *context)
{
    struct walk *walk = context;
    const struct sm_tail_facts facts = {.start_ns = span->start_ns, .end_ns = span->end_ns, .status_code = span->status_code, .flags = span->flags};
    extend(&walk->sight, &facts);
    return walk->policy->type->fits(walk->policy, &walk->sight, &facts);
}

bool sm_tail_watch_found(const struct sm_tail_policy *policy, struct sm_tail_view *view)
{
    if (policy->watch_mark)
        return view->sight.found & policy->watch_mark;
    struct walk walk = {.policy = policy};
    return sm_tail_view_any_span(view, span_fits, &walk);
}
