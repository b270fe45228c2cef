"""The datadog exporter before an intake that refuses, fails, or is not there; and a key that is not valid."""
import gzip
import json
import os
import random
import socket
import time

import pytest
from conftest import ROOT, free_ports, post, wait_until
from datadog_intake import KEY, datadog_bodies, intake, ports  # noqa: F401 (fixtures)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from payload import traces_request

CONFIG = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}
exporters:
  datadog:
    api: {{key: " {key} ", fail_on_invalid_key: {strict}}}
    hostname: e2e
    host_metadata: {{enabled: false}}
    traces: {{endpoint: "http://127.0.0.1:{intake}"}}
    metrics: {{endpoint: "http://127.0.0.1:{intake}", delta_ttl: 60}}
    logs: {{endpoint: "http://127.0.0.1:{intake}", batch_wait: 1}}
    retry_on_failure: {{initial_interval: 20ms, max_interval: 50ms, max_elapsed_time: 200ms}}
service:
  telemetry: {{metrics: {{level: none}}, logs: {{level: debug}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [datadog]}}
    metrics: {{receivers: [otlp], exporters: [datadog]}}
    logs: {{receivers: [otlp], exporters: [datadog]}}
"""


def config(ports, strict="false"):
    return CONFIG.format(**ports, key=KEY, strict=strict)


def send(ports, count=3):
    assert post("http://127.0.0.1:%d/v1/traces" % ports["http"], traces_request("svc", "op", count), "application/x-protobuf")[0] == 200


@pytest.mark.parametrize("statuses,tries", [([503, 500], 3), ([408, 502, 503, 503], 4), ([403], 1), ([413], 1), ([429], 1)])
def test_what_passes_is_tried_again_and_what_is_refused_is_not(collector, ports, intake, statuses, tries):
    intake.statuses["/api/v0.2/traces"] = list(statuses)
    one = collector(config(ports), ports["http"])
    send(ports)
    wait_until(lambda: len(intake.posts()) >= tries, what="the tries")
    one.stop()
    assert [request[3] for request in intake.posts()] == (statuses + [202])[:tries]
    assert ("Dropping payload" in one.log()) == (intake.posts()[-1][3] != 202)
    assert KEY not in one.log()
    _, headers, body, _ = intake.posts()[-1]
    assert headers["DD-Api-Key"] == KEY
    assert gzip.decompress(body).count(b"otel.trace_id") == 3


def test_what_is_buffered_is_sent_at_the_end(collector, ports, intake):
    one = collector(config(ports), ports["http"])
    send(ports, 100)
    one.stop()
    assert sum(gzip.decompress(request[2]).count(b"otel.trace_id") for request in intake.posts()) == 100


def test_an_intake_that_is_not_there_ends_in_a_log_line(collector, ports):
    one = collector(config(ports), ports["http"])
    send(ports)
    one.stop()
    assert "Dropping payload, it was tried in vain" in one.log()
    line = next(line for line in one.log().splitlines() if "Error while validating API key" in line)
    assert "refused" in line and "Dropping" not in line
    assert KEY not in one.log()


def test_large_requests_are_split_and_nothing_is_lost(collector, ports, intake):
    one = collector(config(ports), ports["http"])
    for _ in range(4):
        send(ports, 5000)
    one.stop()
    assert len(intake.posts()) > 1
    assert sum(gzip.decompress(request[2]).count(b"otel.trace_id") for request in intake.posts()) == 20000


def test_a_key_that_is_not_valid_ends_the_start(collector, ports, intake):
    intake.statuses["/api/v1/validate"] = [403]
    one = collector(config(ports, strict="true"), ports["http"], start=False)
    with pytest.raises(AssertionError):
        one.start(ports["http"])
    assert "API Key validation failed" in one.log()
    assert "Dropping" not in one.log()  # nothing was sent but a question
    assert KEY not in one.log()


def test_a_valid_key_does_not(collector, ports, intake):
    one = collector(config(ports, strict="true"), ports["http"])
    assert "API key validation successful." in one.log()


def test_an_answer_about_the_key_is_not_awaited_without_end(collector, ports):
    with socket.create_server(("127.0.0.1", ports["intake"])):  # takes connections and never answers
        one = collector(config(ports, strict="true").replace("    hostname: e2e\n", "    hostname: e2e\n    timeout: 0\n"), ports["http"])
        assert "Error while validating API key" in one.log()


def send_metrics(ports, gauges=3, histograms=0):
    numbers = [{"timeUnixNano": "1750000000000000000", "asInt": str(i), "attributes": [{"key": "n", "value": {"stringValue": "%x" % i}}]} for i in range(gauges)]
    counts = [{"timeUnixNano": "1750000000000000000", "count": "2", "sum": 3, "bucketCounts": ["1", "1"], "explicitBounds": [1],
               "attributes": [{"key": "n", "value": {"stringValue": "%x" % i}}]} for i in range(histograms)]
    metrics = [{"name": "g", "gauge": {"dataPoints": numbers}}]
    if counts:
        metrics.append({"name": "h", "histogram": {"aggregationTemporality": 1, "dataPoints": counts}})
    body = json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}).encode()
    assert post("http://127.0.0.1:%d/v1/metrics" % ports["http"], body, "application/json")[0] == 200


def send_logs(ports, texts):
    records = [{"timeUnixNano": "1750000000000000000", "body": {"stringValue": text}} for text in texts]
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode()
    assert post("http://127.0.0.1:%d/v1/logs" % ports["http"], body, "application/json")[0] == 200


def series_of(intake, name):
    packed = [request[2] for request in intake.posts("/api/v2/series") if request[3] == 202]
    return [one for body in packed for one in json.loads(gzip.decompress(body))["series"] if one["metric"] == name]


@pytest.mark.parametrize("statuses,tries", [([503, 500], 3), ([429, 408], 3), ([403], 1), ([413], 1), ([400], 1)])
def test_series_that_pass_are_tried_again_and_refused_ones_are_not(collector, ports, intake, statuses, tries):
    intake.statuses["/api/v2/series"] = list(statuses)
    one = collector(config(ports), ports["http"])
    send_metrics(ports)
    wait_until(lambda: len(intake.posts("/api/v2/series")) >= tries, what="the tries")
    one.stop()
    assert [request[3] for request in intake.posts("/api/v2/series")] == (statuses + [202])[:tries]
    assert ("Datadog answered with HTTP status" in one.log()) == (len(statuses) == tries)
    assert KEY not in one.log()


def test_sketches_are_tried_again(collector, ports, intake):
    intake.statuses["/api/beta/sketches"] = [503]
    one = collector(config(ports), ports["http"])
    send_metrics(ports, histograms=2)
    wait_until(lambda: len(intake.posts("/api/beta/sketches")) >= 2, what="the second try")
    one.stop()
    assert [request[3] for request in intake.posts("/api/beta/sketches")] == [503, 202]
    assert "Dropping" not in one.log()


def test_many_series_are_split_and_none_is_lost(collector, ports, intake):
    one = collector(config(ports), ports["http"])
    send_metrics(ports, gauges=60000)
    one.stop()
    posts = intake.posts("/api/v2/series")
    assert len(posts) > 1
    assert all(len(request[2]) <= 500000 and len(gzip.decompress(request[2])) < 5000100 for request in posts)
    assert sorted(one["points"][0]["value"] for one in series_of(intake, "g")) == list(range(60000))


def test_metrics_for_an_intake_that_is_not_there_end_in_a_log_line(collector, ports):
    one = collector(config(ports), ports["http"])
    send_metrics(ports)
    wait_until(lambda: "Datadog could not be reached" in one.log(), what="the end of the tries")
    one.stop()
    assert KEY not in one.log()


@pytest.mark.parametrize("status", [400, 401, 403, 413])
def test_refused_logs_are_dropped_with_a_log_line(collector, ports, intake, status):
    intake.statuses["/api/v2/logs"] = [status]
    one = collector(config(ports), ports["http"])
    send_logs(ports, ["a"])
    wait_until(lambda: intake.posts("/api/v2/logs"), what="the post")
    one.stop()
    assert len(intake.posts("/api/v2/logs")) == 1
    assert "Dropping payload, it was refused" in one.log()


@pytest.mark.parametrize("status", [429, 404, 503])
def test_logs_are_tried_again_until_they_pass(collector, ports, intake, status):
    intake.statuses["/api/v2/logs"] = [status]
    one = collector(config(ports), ports["http"])
    send_logs(ports, ["a", "b"])
    wait_until(lambda: len(intake.posts("/api/v2/logs")) >= 2, what="the second try")
    one.stop()
    first, second = intake.posts("/api/v2/logs")
    assert first[2] == second[2]
    assert [json.loads(record["message"])["message"] for record in json.loads(gzip.decompress(second[2]))] == ["a", "b"]


def test_many_logs_are_split_and_none_is_lost(collector, ports, intake):
    one = collector(config(ports), ports["http"])
    texts = [os.urandom(6000).hex() for _ in range(1500)]
    for at in range(0, len(texts), 300):
        send_logs(ports, texts[at:at + 300])
    one.stop()
    bodies = [gzip.decompress(request[2]) for request in intake.posts("/api/v2/logs")]
    assert all(len(body) <= 5000002 for body in bodies)
    records = [record for body in bodies for record in json.loads(body)]
    assert all(len(json.loads(body)) <= 1000 for body in bodies)
    assert sorted(json.loads(record["message"])["message"] for record in records) == sorted(texts)


def test_the_example_counts_all_requests_and_sends_a_fifth_of_the_traces(collector, tmp_path, ports, intake, monkeypatch):
    """Its YAML as it is, with a base, and an intake on this machine."""
    monkeypatch.setenv("DD_API_KEY", KEY)
    grpc, http, sink = free_ports(1)[0], ports["http"], "http://127.0.0.1:%d" % ports["intake"]
    settings = ["receivers.otlp.protocols.grpc.endpoint=127.0.0.1:%d" % grpc, "receivers.otlp.protocols.http.endpoint=127.0.0.1:%d" % http,
                "exporters.datadog.traces.endpoint=" + sink, "exporters.datadog.metrics.endpoint=" + sink, "exporters.datadog.host_metadata.enabled=false",
                "service.telemetry.metrics.level=none"]
    example = (ROOT / "examples/datadog-trace-metrics.yaml").read_text()
    args = ["--config", str(ROOT / "examples/datadog-base.yaml")] + [arg for setting in settings for arg in ("--set", setting)]
    one = collector(example, http, args=args)
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    now = time.time_ns()
    for number in range(5000):
        spans.add(trace_id=random.Random(number).randbytes(16), span_id=number.to_bytes(7, "big") + b"1", name="op", kind=2, start_time_unix_nano=now - 10**6, end_time_unix_nano=now)
    assert post("http://127.0.0.1:%d/v1/traces" % http, request.SerializeToString(), "application/x-protobuf")[0] == 200
    one.stop()
    stats = [datadog_bodies.msgpack_stats(gzip.decompress(body)) for _, _, body, _ in intake.posts("/api/v0.2/stats")]
    hits = [group["Hits"] for payload in stats for client in payload["Stats"] for bucket in client["Stats"] for group in bucket["Stats"]]
    assert sum(hits) == 5000
    sent = sum(gzip.decompress(request[2]).count(b"otel.trace_id") for request in intake.posts())
    assert abs(sent - 1000) < 6 * (5000 * 0.2 * 0.8) ** 0.5
