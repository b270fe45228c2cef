"""What is wrong with what comes or with whom it goes to, where Datadog's components are concerned: put right, refused or split, counted by reason, never
dropped silently. (Refusals of traces, metrics and logs: test_datadog_exporter.py; of requests one by one: the conformance cases agent_*.)"""
import gzip
import json
import re
import subprocess
import time

import pytest
from conftest import PROGRAM, free_ports, get, post, wait_until
from datadog_intake import KEY, datadog_bodies, intake  # noqa: F401 (a fixture)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from payload import traces_request
from test_datadog_exporter import send_logs

STATS = "/api/v0.2/stats"
COLLECTOR = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}
connectors:
  datadog/connector: {{traces: {{bucket_interval: {interval}}}}}
exporters:
  datadog:
    api: {{key: "{key}"}}
    hostname: e2e
    host_metadata: {{enabled: false}}
    traces: {{endpoint: "http://127.0.0.1:{intake}"}}
    metrics: {{endpoint: "http://127.0.0.1:{intake}"}}
    logs: {{endpoint: "http://127.0.0.1:{intake}", batch_wait: 1}}
    retry_on_failure: {{initial_interval: 20ms, max_interval: 50ms, max_elapsed_time: 200ms}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [datadog/connector]}}
    metrics: {{receivers: [datadog/connector], exporters: [datadog]}}
    logs: {{receivers: [otlp], exporters: [datadog]}}
"""
AGENT = """
api_key: "{key}"
dd_url: "http://127.0.0.1:{intake}"
hostname: e2e
apm_config: {{receiver_port: {tracers}, apm_dd_url: "http://127.0.0.1:{intake}", max_payload_size: 20000}}
otlp_config: {{receiver: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}}}
telemetry: {{enabled: true}}
expvar_port: {own}
"""


@pytest.fixture
def ports():
    return dict(zip(("http", "tracers", "own", "intake"), free_ports(4)))


def start(collector, ports, interval="100ms"):
    return collector(COLLECTOR.format(key=KEY, interval=interval, **ports), ports["http"])


def send(ports, body):
    assert post("http://127.0.0.1:%d/v1/traces" % ports["http"], body, "application/x-protobuf")[0] == 200


def stats_of(intake):
    """The payloads that were accepted."""
    return [datadog_bodies.msgpack_stats(gzip.decompress(body)) for _, _, body, status in intake.posts(STATS) if status == 202]


def groups(payloads):
    return [group for payload in payloads for client in payload["Stats"] for bucket in client["Stats"] for group in bucket["Stats"]]


# ---- intakes that refuse


@pytest.mark.parametrize("statuses,tries", [([503, 500], 3), ([408, 502, 503, 503], 4), ([403], 1), ([413], 1), ([429], 1)])
def test_stats_that_pass_are_tried_again_and_refused_ones_are_not(collector, ports, intake, statuses, tries):
    intake.statuses[STATS] = list(statuses)
    one = start(collector, ports)
    send(ports, traces_request("svc", "op", 3))
    wait_until(lambda: len(intake.posts(STATS)) >= tries, what="the tries")
    one.stop()
    assert [request[3] for request in intake.posts(STATS)] == (statuses + [202])[:tries]
    assert ("Dropping payload" in one.log()) == (tries == len(statuses))
    assert sum(group["Hits"] for group in groups(stats_of(intake))) == (3 if tries > len(statuses) else 0)
    assert KEY not in one.log()


def test_stats_for_an_intake_that_is_not_there_end_in_a_log_line(collector, ports):
    one = start(collector, ports)
    send(ports, traces_request("svc", "op", 3))
    wait_until(lambda: re.search("Dropping payload, it was tried in vain.*stats payload", one.log()), what="the end of the tries")
    one.stop()
    assert KEY not in one.log()


def test_logs_for_an_intake_that_is_not_there_are_told_once_and_tried_until_the_end(collector, ports):
    one = start(collector, ports)
    send_logs(ports, ["a"])
    wait_until(lambda: "Request failed, it will be tried again" in one.log(), what="the log line")
    time.sleep(3)
    assert one.log().count("Request failed, it will be tried again") == 1
    assert KEY not in one.log()
    one.kill()


def test_many_stats_are_split_and_none_is_lost(collector, ports, intake):
    one = start(collector, ports, interval="10s")
    names = ["resource %d" % number for number in range(9000)]
    for at in range(0, len(names), 1000):
        send(ports, b"".join(traces_request("svc", name, 1) for name in names[at:at + 1000]))
    one.stop()
    payloads = stats_of(intake)
    assert len(payloads) >= 3 and all(payload["SplitPayload"] for payload in payloads)
    assert all(len(groups([payload])) <= 4000 for payload in payloads)
    assert sorted(group["Resource"] for group in groups(payloads)) == sorted(names)


# ---- keys


@pytest.mark.parametrize("key,message", [("", "api.key is not set"), ("  ", "api.key is not set"), ("0123\\n4567", "no API key"), ("clé", "no API key"), ("01 23", "no API key")])
def test_a_key_that_is_none_is_refused(tmp_path, ports, key, message):
    (tmp_path / "c.yaml").write_text(COLLECTOR.format(key=key, interval="10s", **ports))
    done = subprocess.run([PROGRAM, "validate", "--config", "c.yaml"], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 1 and message in done.stderr
    assert not key.strip() or key not in done.stderr.replace("c.yaml", "").split("|")[0]


@pytest.mark.parametrize("signal", ["traces", "metrics", "logs"])
def test_an_endpoint_without_a_scheme_is_found_when_the_configuration_is_checked(tmp_path, ports, signal):
    url = "http://127.0.0.1:%d" % ports["intake"]
    text = COLLECTOR.format(key=KEY, interval="10s", **ports).replace('%s: {endpoint: "%s"' % (signal, url), '%s: {endpoint: "localhost:1"' % signal)
    (tmp_path / "c.yaml").write_text(text)
    line = 1 + next(i for i, one in enumerate(text.splitlines()) if "localhost:1" in one)
    done = subprocess.run([PROGRAM, "validate", "--config", "c.yaml"], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 1
    assert "c.yaml:%d:" % line in done.stderr and "exporters::datadog::%s::endpoint: endpoint localhost:1: must begin with http:// or https://" % signal in done.stderr


def test_an_agent_without_a_key_is_refused(tmp_path):
    (tmp_path / "datadog.yaml").write_text("site: datadoghq.eu\n")
    done = subprocess.run([PROGRAM, "validate", "--config", "datadog.yaml"], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 1 and "api_key is not set" in done.stderr and "DD_API_KEY" in done.stderr


# ---- what comes


def counted(ports, metric):
    """By receiver or exporter and reason, of those that are not 0."""
    found = {}
    for line in get("http://127.0.0.1:%d/metrics" % ports["own"]).splitlines():
        if line.startswith(metric) and not line.endswith(" 0"):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
            found["receiver" if "receiver" in labels else "exporter", labels["reason"]] = float(line.rsplit(" ", 1)[1])
    return found


def put_traces(ports, path, body, content_type, traces=1):
    return post("http://127.0.0.1:%d%s" % (ports["tracers"], path), body, content_type, {"X-Datadog-Trace-Count": str(traces)})[0]


def span(trace_id, span_id, **more):
    return {"trace_id": trace_id, "span_id": span_id, "parent_id": 0, "service": "s", "name": "n", "resource": "r", "start": time.time_ns(), "duration": 5, **more}


def test_traces_that_cannot_be_read_are_refused_and_counted_by_reason(collector, ports, intake):
    collector(AGENT.format(key=KEY, **ports), ports["tracers"], args=("--config.format=datadog-agent",))
    msgpack = "application/msgpack"
    assert put_traces(ports, "/v0.4/traces", b"\x93\x91", msgpack, 3) == 400
    assert put_traces(ports, "/v0.5/traces", b"\x92\x91\xa1a", msgpack, 2) == 400
    assert put_traces(ports, "/v0.4/traces", b"\xc1", msgpack, 4) == 400
    assert put_traces(ports, "/v0.3/traces", b"[[", "application/json", 5) == 400
    assert put_traces(ports, "/v0.3/traces", b"{not json", "application/json", 6) == 400
    assert put_traces(ports, "/v0.4/traces", bytes(20000), msgpack, 7) == 413
    assert counted(ports, "datadog_trace_agent_normalizer_traces_dropped") == {
        ("receiver", "msgp_short_bytes"): 5, ("receiver", "decoding_error"): 10, ("receiver", "unexpected_eof"): 5, ("receiver", "payload_too_large"): 7}


def test_unsound_spans_of_tracers_are_put_right_or_dropped_and_counted_by_reason(collector, ports, intake):
    one = collector(AGENT.format(key=KEY, **ports), ports["tracers"], args=("--config.format=datadog-agent",))
    hour_ns = 3600 * 10**9
    traces = [[span(0, 1)], [span(1, 0)], [span(2, 1), span(3, 2)], [], [span(10, 1, service="")], [span(11, 1, name="")], [span(12, 1, resource="")],
              [span(13, 1, duration=-1)], [span(14, 1, start=5)], [span(15, 1, start=time.time_ns() + hour_ns)], [span(16, 1, name="???")]]
    assert put_traces(ports, "/v0.4/traces", json.dumps(traces).encode(), "application/json", len(traces)) == 200
    wait_until(lambda: counted(ports, "datadog_trace_agent_normalizer_spans_malformed"), what="the counts")
    assert counted(ports, "datadog_trace_agent_normalizer_traces_dropped") == {
        ("receiver", "trace_id_zero"): 1, ("receiver", "span_id_zero"): 1, ("receiver", "foreign_span"): 1}
    assert counted(ports, "datadog_trace_agent_normalizer_spans_malformed") == {
        ("receiver", "service_empty"): 1, ("receiver", "span_name_empty"): 1, ("receiver", "resource_empty"): 1, ("receiver", "invalid_duration"): 1,
        ("receiver", "invalid_start_date"): 1, ("receiver", "span_name_invalid"): 1}
    one.stop()
    out = intake.decoded()
    sent = {int(s["trace_id"], 16): s for chunk in out["chunks"] for s in chunk["spans"]}
    assert sorted(sent) == [10, 11, 12, 13, 14, 15, 16]
    assert (sent[10]["service"], sent[11]["name"], sent[12]["resource"], sent[13]["duration"], sent[16]["name"]) == (
        "unnamed-service", "unnamed_operation", "n", 0, "unnamed_operation")
    assert abs(sent[14]["start"] - time.time_ns()) < hour_ns / 2 < abs(sent[15]["start"] - time.time_ns())
    assert sum(row["hits"] for row in out["stats"]) == 7


def otlp_span(request, trace_id, span_id, name, start, end, service="svc"):
    group = request.resource_spans.add()
    if service:
        group.resource.attributes.add(key="service.name").value.string_value = service
    group.scope_spans.add().spans.add(trace_id=trace_id.to_bytes(16, "big"), span_id=span_id.to_bytes(8, "big"), name=name, kind=2, start_time_unix_nano=start,
                                      end_time_unix_nano=end)


def test_unsound_spans_that_come_as_otlp_are_counted_by_reason(collector, ports, intake):
    one = collector(AGENT.format(key=KEY, **ports), ports["http"], args=("--config.format=datadog-agent",))
    request, now = ExportTraceServiceRequest(), time.time_ns()
    otlp_span(request, 0, 1, "zero trace ID", now - 5, now)
    otlp_span(request, 1, 0, "zero span ID", now - 5, now)
    otlp_span(request, 2, 1, "backwards", now, now - 5)
    otlp_span(request, 3, 1, "no time", 0, 0)
    otlp_span(request, 4, 1, "", now - 5, now)
    otlp_span(request, 5, 1, "no service", now - 5, now, service="")
    send(ports, request.SerializeToString())
    wait_until(lambda: counted(ports, "datadog_trace_agent_normalizer_spans_malformed"), what="the counts")
    assert counted(ports, "datadog_trace_agent_normalizer_traces_dropped") == {("exporter", "trace_id_zero"): 1, ("exporter", "span_id_zero"): 1}
    assert counted(ports, "datadog_trace_agent_normalizer_spans_malformed") == {
        ("exporter", "invalid_duration"): 1, ("exporter", "invalid_start_date"): 1, ("exporter", "resource_empty"): 1}
    one.stop()
    out = intake.decoded()
    assert {(row["service"], row["resource"], row["hits"]) for row in out["stats"]} == {
        ("svc", "backwards", 1), ("svc", "no time", 1), ("svc", "opentelemetry.server", 1), ("otlpresourcenoservicename", "no service", 1)}


def test_clocks_that_are_wrong_lose_no_hits(collector, ports, intake):
    one = start(collector, ports, interval="10s")
    request, now, ten = ExportTraceServiceRequest(), time.time_ns(), 10 * 10**9
    for number, at in enumerate((5, now - 86400 * 10**9, now, now + 3600 * 10**9), 1):
        otlp_span(request, number, number, "op", at - 5, at)
    send(ports, request.SerializeToString())
    one.stop()
    buckets = {bucket["Start"]: sum(group["Hits"] for group in bucket["Stats"]) for payload in stats_of(intake) for client in payload["Stats"] for bucket in client["Stats"]}
    assert sum(buckets.values()) == 4
    # what is too old counts in the oldest open interval, what is in the future in its own
    late, early = max(buckets), min(buckets)
    assert late == (now + 3600 * 10**9) // ten * ten and buckets[late] == 1
    assert buckets[early] >= 2 and early >= now // ten * ten - 2 * ten


def test_numbers_of_chunks_that_the_receiver_does_not_give_do_no_harm(collector, ports, intake):
    one = collector(AGENT.format(key=KEY, **ports), ports["http"], args=("--config.format=datadog-agent",))
    request, now = ExportTraceServiceRequest(), time.time_ns()
    for number, chunk in enumerate((-1, -(2**63), 2**63 - 1, 5, 5, 3, 0), 1):
        otlp_span(request, number, number, "op", now - 5, now)
        request.resource_spans[-1].resource.attributes.add(key="datadog.chunk").value.int_value = chunk
        request.resource_spans[-1].scope_spans[0].spans[0].attributes.add(key="sampling.priority").value.int_value = 1
    send(ports, request.SerializeToString())
    one.stop()
    out = intake.decoded()
    assert sum(row["hits"] for row in out["stats"]) == 7
