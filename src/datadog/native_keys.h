/* native_keys.h - the attributes by which Datadog's spans stand in OTLP; see native.h. For native.c and native_read.c only. */
#pragma once

#include "base/slice.h"

#define SM_NATIVE_SERVICE SM_SLICE("service.name")
#define SM_NATIVE_SDK_NAME SM_SLICE("telemetry.sdk.name")
#define SM_NATIVE_LANGUAGE SM_SLICE("telemetry.sdk.language")
#define SM_NATIVE_TRACER_VERSION SM_SLICE("telemetry.sdk.version")
#define SM_NATIVE_LANGUAGE_VERSION SM_SLICE("process.runtime.version")
#define SM_NATIVE_RUNTIME_ID SM_SLICE("datadog.runtime_id")
#define SM_NATIVE_HOSTNAME SM_SLICE("host.name")
#define SM_NATIVE_CONTAINER_ID SM_SLICE("container.id")
#define SM_NATIVE_APP_VERSION SM_SLICE("service.version")
#define SM_NATIVE_ENV SM_SLICE("deployment.environment")
#define SM_NATIVE_ENV_OF_SPANS SM_SLICE("datadog.env_of_spans") /* the payload itself names none */
#define SM_NATIVE_PAYLOAD_TAG SM_SLICE("datadog.payload.tag.")
#define SM_NATIVE_CHUNK SM_SLICE("datadog.chunk")
#define SM_NATIVE_MISSING SM_SLICE("datadog.chunk.missing") /* chunks dropped in front of this one */
#define SM_NATIVE_PRIORITY SM_SLICE("datadog.chunk.priority")
#define SM_NATIVE_ORIGIN SM_SLICE("datadog.chunk.origin")
#define SM_NATIVE_IS_DROPPED SM_SLICE("datadog.chunk.dropped")
#define SM_NATIVE_CHUNK_TAG SM_SLICE("datadog.chunk.tag.")
#define SM_NATIVE_HAS_TOP_LEVEL SM_SLICE("datadog.client.computed_top_level")
#define SM_NATIVE_HAS_STATS SM_SLICE("datadog.client.computed_stats")
#define SM_NATIVE_DROPPED SM_SLICE("datadog.client.dropped_traces")

#define SM_NATIVE_NAME SM_SLICE("operation.name")
#define SM_NATIVE_RESOURCE SM_SLICE("resource.name")
#define SM_NATIVE_TYPE SM_SLICE("span.type")
#define SM_NATIVE_KIND SM_SLICE("span.kind")
#define SM_NATIVE_ERROR SM_SLICE("datadog.error") /* errors that are neither 0 nor 1 */
#define SM_NATIVE_LINK_FLAGS SM_SLICE("datadog.link.flags")

/* enum sm_span_kind and Datadog's words for it; 0 and empty: unknown. */
int32_t sm_native_kind(struct sm_slice kind);
struct sm_slice sm_native_kind_name(int32_t kind);
