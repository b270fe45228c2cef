"""OTLP requests made with the published protobuf classes."""
import itertools
import time

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_numbers = itertools.count(1)


def traces_request(service, name, count, duration_ms=5):
    """A protobuf request of `count` spans, each with ids of its own."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    attribute = group.resource.attributes.add()
    attribute.key, attribute.value.string_value = "service.name", service
    scope = group.scope_spans.add()
    now = time.time_ns()
    for _ in range(count):
        number = next(_numbers)
        scope.spans.add(trace_id=number.to_bytes(16, "big"), span_id=number.to_bytes(8, "big"), name=name, kind=2, start_time_unix_nano=now - duration_ms * 1_000_000, end_time_unix_nano=now)
    return request.SerializeToString()
