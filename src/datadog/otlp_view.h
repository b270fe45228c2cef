/* otlp_view.h - one OTLP span and its resource, seen by the attributes that matter for Datadog's names and statistics.
 *
 * A list of keys is prepared once; a view walks the attributes of a resource and of a span and notes the values of those keys. Nothing is copied;
 * values that are no texts are turned into texts when asked for, in the scratch arena. Keys are immutable (any thread); a view is worker-local.
 * Source of how values are found: datadog-agent pkg/trace/traceutil/otel_util.go (GetOTelAttrVal…), 0.59.0. */
#pragma once

#include "base/hash.h"
#include "datadog/stats_payload.h"
#include "telemetry/value.h"

#define SM_OTLP_KEYS(X)                                                                                                                              \
    X(OPERATION_NAME, "operation.name")                                                                                                              \
    X(RESOURCE_NAME, "resource.name")                                                                                                                \
    X(SERVICE_NAME, "service.name")                                                                                                                  \
    X(SPAN_TYPE, "span.type")                                                                                                                        \
    X(HTTP_REQUEST_METHOD, "http.request.method")                                                                                                    \
    X(HTTP_METHOD, "http.method")                                                                                                                    \
    X(HTTP_ROUTE, "http.route")                                                                                                                      \
    X(MESSAGING_OPERATION, "messaging.operation")                                                                                                    \
    X(MESSAGING_DESTINATION, "messaging.destination")                                                                                                \
    X(MESSAGING_DESTINATION_NAME, "messaging.destination.name")                                                                                      \
    X(RPC_METHOD, "rpc.method")                                                                                                                      \
    X(RPC_SERVICE, "rpc.service")                                                                                                                    \
    X(DB_SYSTEM, "db.system")                                                                                                                        \
    X(ENVIRONMENT_NAME, "deployment.environment.name")                                                                                               \
    X(ENVIRONMENT, "deployment.environment")                                                                                                         \
    X(SERVICE_VERSION, "service.version")                                                                                                            \
    X(CONTAINER_ID, "container.id")                                                                                                                  \
    X(POD_UID, "k8s.pod.uid")                                                                                                                        \
    X(DATADOG_HOSTNAME, "_dd.hostname")                                                                                                              \
    X(HTTP_RESPONSE_STATUS_CODE, "http.response.status_code")                                                                                        \
    X(HTTP_STATUS_CODE, "http.status_code")                                                                                                          \
    /* what datadog/source.h reads of a resource */                                                                                                  \
    X(HOST, "host")                                                                                                                                  \
    X(DATADOG_HOST_NAME, "datadog.host.name")                                                                                                        \
    X(ECS_LAUNCHTYPE, "aws.ecs.launchtype")                                                                                                          \
    X(ECS_TASK_ARN, "aws.ecs.task.arn")                                                                                                              \
    X(CLOUD_PROVIDER, "cloud.provider")                                                                                                              \
    X(CLOUD_ACCOUNT_ID, "cloud.account.id")                                                                                                          \
    X(HOST_ID, "host.id")                                                                                                                            \
    X(HOST_NAME, "host.name")                                                                                                                        \
    X(NODE_NAME, "k8s.node.name")                                                                                                                    \
    X(CLUSTER_NAME, "k8s.cluster.name")

enum sm_otlp_key {
#define X(symbol, name) SM_OTLP_##symbol,
    SM_OTLP_KEYS(X)
#undef X
        SM_OTLP_KEY_COUNT
};

struct sm_otlp_keys;
/* The keys above and `peer_tags`, in `arena`; borrows the texts. */
const struct sm_otlp_keys *sm_otlp_keys_create(const struct sm_stats_texts *peer_tags, struct sm_arena *arena) __attribute__((returns_nonnull));

/* What was found in one set of attributes. */
struct sm_otlp_found;
struct sm_otlp_view {
    const struct sm_otlp_keys *keys; /* borrowed */
    struct sm_otlp_found *_resource, *_span;
    struct sm_arena *scratch; /* borrowed */
};
void sm_otlp_view_init(struct sm_otlp_view *view, const struct sm_otlp_keys *keys, struct sm_arena *scratch);
void sm_otlp_view_deinit(struct sm_otlp_view *view);

/* The attributes must live as long as the view is asked. Of repeated keys the first counts. */
void sm_otlp_view_set_resource(struct sm_otlp_view *view, const struct sm_attributes *attributes);
void sm_otlp_view_set_span(struct sm_otlp_view *view, const struct sm_attributes *attributes);

/* Of all that was found: equal findings have equal hashes, whatever their order. Peer tags only when `with_peer_tags`. */
struct sm_hash128 sm_otlp_view_hash_resource(const struct sm_otlp_view *view);
struct sm_hash128 sm_otlp_view_hash_span(const struct sm_otlp_view *view, bool with_peer_tags);

/* The text of the resource, and if that is empty the span's; empty: neither. Where both keys of a pair are there the second one counts, even if it is
 * empty. */
struct sm_slice sm_otlp_pick(const struct sm_otlp_view *view, enum sm_otlp_key key);
struct sm_slice sm_otlp_pick_pair(const struct sm_otlp_view *view, enum sm_otlp_key first, enum sm_otlp_key second);
/* The same with texts made tag values first. */
struct sm_slice sm_otlp_pick_tag_value(const struct sm_otlp_view *view, enum sm_otlp_key first, enum sm_otlp_key second);
/* Of the span; false: absent. */
bool sm_otlp_find_in_span(const struct sm_otlp_view *view, enum sm_otlp_key key, struct sm_value *value);

/* Peer tags by their place in the list that the keys were made from. */
struct sm_slice sm_otlp_pick_peer_tag(const struct sm_otlp_view *view, size_t index);
