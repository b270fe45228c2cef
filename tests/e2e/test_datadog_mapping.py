"""OTLP spans as Datadog's, the same in both places: of the Collector (connector and exporter `datadog`) and of the Agent.

Which spans are service entries and which are measured is the table of Datadog's "Mapping OpenTelemetry Semantic Conventions to Service-entry Spans"; the
newer names are recorded from the Agent (tests/conformance/data/datadog/names_v2.json)."""
import json
import time

import pytest
from conftest import ROOT, post, wait_until
from datadog_intake import KEY, intake, ports  # noqa: F401 (fixtures)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

COLLECTOR = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}
connectors:
  datadog/connector: {{traces: {{compute_top_level_by_span_kind: {by_kind}}}}}
exporters:
  datadog:
    api: {{key: {key}}}
    hostname: e2e
    host_metadata: {{enabled: false}}
    traces: {{endpoint: "http://127.0.0.1:{intake}", compute_top_level_by_span_kind: {by_kind}}}
    metrics: {{endpoint: "http://127.0.0.1:{intake}"}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [datadog/connector, datadog]}}
    metrics: {{receivers: [datadog/connector], exporters: [datadog]}}
"""
AGENT = """
api_key: "{key}"
dd_url: "http://127.0.0.1:{intake}"
hostname: e2e
apm_config: {{receiver_port: 0, apm_dd_url: "http://127.0.0.1:{intake}", features: [{features}]}}
otlp_config: {{receiver: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}}}
"""
HEALTH_AS_CLIENT = """
processors:
  transform:
    trace_statements:
      - context: span
        statements:
          - set(kind.string, "Client") where kind.string == "Internal" and attributes["http.path"] == "/health"
service: {pipelines: {traces: {processors: [transform]}}}
"""
INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5
PLACES = ["collector", "agent"]


def add_span(request, name, kind, trace_id, span_id, parent=b"", resource=None, attributes=None):
    group = request.resource_spans.add()
    for to, values in ((group.resource, {"service.name": "svc", **(resource or {})}),):
        for key, value in values.items():
            to.attributes.add(key=key).value.string_value = value
    now = time.time_ns()
    span = group.scope_spans.add().spans.add(trace_id=trace_id, span_id=span_id, parent_span_id=parent, name=name, kind=kind, start_time_unix_nano=now - 10**6,
                                             end_time_unix_nano=now)
    for key, value in (attributes or {}).items():
        span.attributes.add(key=key).value.string_value = value


def what_arrives(collector, ports, intake, request, place, by_kind=False, names_v2=False, processors=None):
    """What the intake got when everything was sent, as datadog_bodies shows it."""
    features = ["enable_otlp_compute_top_level_by_span_kind"] * by_kind + ["enable_operation_and_resource_name_logic_v2"] * names_v2
    template, args = (AGENT, []) if place == "agent" else (COLLECTOR, ["--feature-gates=datadog.EnableOperationAndResourceNameV2"] * names_v2)
    one = collector(template.format(key=KEY, by_kind=str(by_kind).lower(), features=", ".join(features), **ports), ports["http"], start=False, args=args)
    if place == "agent":
        one.config = one.config.rename(one.folder / "datadog.yaml")
    if processors:
        (one.folder / "processors.yaml").write_text(processors)
        one.args += ["--config", "processors.yaml"]
    one.start(ports["http"])
    assert post("http://127.0.0.1:%d/v1/traces" % ports["http"], request.SerializeToString(), "application/x-protobuf")[0] == 200
    one.stop()
    return intake.decoded()


@pytest.mark.parametrize("place", PLACES)
def test_span_kinds_are_service_entries_or_measured_as_the_table_says(collector, ports, intake, place):
    root = b"\1" * 8
    table = [  # name, kind, attributes; hits, hits of service entries
        ("root", INTERNAL, {}, 1, 1),
        ("server", SERVER, {}, 1, 1),
        ("consumer", CONSUMER, {}, 1, 1),
        ("client", CLIENT, {}, 1, 0),
        ("producer", PRODUCER, {}, 1, 0),
        ("internal", INTERNAL, {}, 0, 0),
        ("health", INTERNAL, {"http.path": "/health"}, 1, 0),  # a client by the transform processor
        ("other path", INTERNAL, {"http.path": "/healthy"}, 0, 0),
    ]
    request = ExportTraceServiceRequest()
    for number, (name, kind, attributes, _, _) in enumerate(table, 1):
        add_span(request, name, kind, b"\7" * 16, bytes([number]) * 8, b"" if name == "root" else root, attributes=attributes)
    out = what_arrives(collector, ports, intake, request, place, by_kind=True, processors=HEALTH_AS_CLIENT)
    counted = {row["resource"]: (row["hits"], row["top_level_hits"]) for row in out["stats"]}
    assert counted == {name: (hits, entries) for name, _, _, hits, entries in table if hits}
    kinds = {row["resource"]: row["span_kind"] for row in out["stats"]}
    assert kinds["health"] == "client" and kinds["root"] == "internal"
    spans = {span["resource"]: span["metrics"] for chunk in out["chunks"] for span in chunk["spans"]}
    assert set(spans) == {row[0] for row in table}
    for name, _, _, hits, entries in table:
        assert ("_top_level" in spans[name], "_dd.measured" in spans[name]) == (entries == 1, hits > entries), name


def recorded_names():
    return json.loads((ROOT / "tests/conformance/data/datadog/names_v2.json").read_text())["rows"]


@pytest.mark.parametrize("place", PLACES)
def test_newer_names_are_those_of_the_agent(collector, ports, intake, place):
    rows = [row for row in recorded_names() if row["operation_name"]]  # a kind that is none has no operation; what becomes of that is not recorded
    request = ExportTraceServiceRequest()
    for number, row in enumerate(rows, 1):
        add_span(request, row["span_name"], row["kind"], number.to_bytes(16, "big"), number.to_bytes(8, "big"), resource=row["resource_attributes"], attributes=row["span_attributes"])
    out = what_arrives(collector, ports, intake, request, place, names_v2=True)
    sent = {int(span["span_id"], 16): (span["name"], span["resource"], span["type"]) for chunk in out["chunks"] for span in chunk["spans"]}
    # made sound and obfuscated, as names of spans are whatever they are made of
    sound = {"aws-api.server.request": "aws_api.server.request", "SELECT 1": "SELECT ?", "SELECT 2": "SELECT ?"}
    wanted = [tuple(sound.get(name, name) for name in (row["operation_name"], row["resource_name"], row["type"])) for row in rows]
    wanted = [("redis.query", "Q", "redis") if row == ("redis.query", "q", "redis") else row for row in wanted]
    for number, names in enumerate(wanted, 1):
        assert sent[number] == names
    assert {(row["name"], row["resource"], row["type"]) for row in out["stats"]} == set(wanted)


@pytest.mark.parametrize("place", PLACES)
def test_older_names_are_used_unless_newer_ones_are_wanted(collector, ports, intake, place):
    request = ExportTraceServiceRequest()
    add_span(request, "q", CLIENT, b"\7" * 16, b"\1" * 8, attributes={"db.system": "postgresql", "db.statement": "SELECT 1"})
    out = what_arrives(collector, ports, intake, request, place)
    assert [(row["name"], row["resource"], row["type"]) for row in out["stats"]] == [("opentelemetry.client", "q", "db")]
