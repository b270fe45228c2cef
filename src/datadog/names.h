/* names.h - Datadog's rules for names: operations, services, tags.
 *
 * Every function returns `text` itself when nothing has to be changed (the usual case, found without copying), a constant, or text in `arena`. Any
 * thread.
 * Source: datadog-agent pkg/trace/traceutil/normalize.go and truncate.go, 0.59.0. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

enum { SM_DATADOG_NAME_MAX = 100, SM_DATADOG_SERVICE_MAX = 100, SM_DATADOG_RESOURCE_MAX = 5000, SM_DATADOG_TAG_MAX = 200 /* characters */ };

/* What was wrong with a name. */
enum sm_datadog_problem { SM_DATADOG_FINE, SM_DATADOG_EMPTY, SM_DATADOG_TOO_LONG, SM_DATADOG_INVALID };

/* An operation: ASCII letters, digits, '.' and '_', beginning with a letter; "unnamed_operation" when nothing is left. `problem` may be NULL, here
 * and below. */
struct sm_slice sm_datadog_name(struct sm_slice text, struct sm_arena *arena, enum sm_datadog_problem *problem);
/* A service: a tag value of 100 bytes at most; "unnamed-service", or "unnamed-LANGUAGE-service" with a language, when nothing is left. */
struct sm_slice sm_datadog_service(struct sm_slice text, struct sm_slice language, struct sm_arena *arena, enum sm_datadog_problem *problem);
/* The same, but nothing stays nothing. */
struct sm_slice sm_datadog_peer_service(struct sm_slice text, struct sm_arena *arena, enum sm_datadog_problem *problem);

/* A whole tag ("key:value"): lower case, begins with a letter; letters, digits, '.', '/', '-' and ':' stay, runs of others become '_'. */
struct sm_slice sm_datadog_tag(struct sm_slice text, struct sm_arena *arena);
/* Only the value: it may begin with anything that stays. */
struct sm_slice sm_datadog_tag_value(struct sm_slice text, struct sm_arena *arena);

/* The first `limit` bytes or fewer, so that no UTF-8 character is cut. */
struct sm_slice sm_datadog_truncate(struct sm_slice text, size_t limit);
