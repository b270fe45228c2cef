"""In the Datadog Agent's place: Datadog's tracers for Python and JavaScript and OpenTelemetry's SDK send, and the intake's stand-in decodes what comes: as
many hits as spans were sent, and as many spans as were kept.

With SPANMILL_LONG=1 the load that is sampled at 20 % is 200,000 spans in 60 seconds instead of 20,000 in 6."""
import gzip
import json
import os
import subprocess
import sys

import pytest
from conftest import free_ports
from datadog_intake import KEY, datadog_bodies, intake  # noqa: F401 (a fixture)
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from test_clients import send_shop_traces

CONFIG = """
api_key: "{key}"
dd_url: "http://127.0.0.1:{intake}"
hostname: e2e
env: test
apm_config:
  features: [enable_otlp_compute_top_level_by_span_kind]
  target_traces_per_second: {target}
  receiver_port: {tracers}
  apm_dd_url: "http://127.0.0.1:{intake}"
  probabilistic_sampler: {{enabled: {sampled}, sampling_percentage: 20, hash_seed: 22}}
otlp_config: {{receiver: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}, grpc: {{endpoint: "127.0.0.1:{grpc}"}}}}}}}}
"""

CLIENT = """
import sys, time
from ddtrace.trace import tracer
pairs, seconds = int(sys.argv[1]), float(sys.argv[2])
start = time.time()
for i in range(pairs):
    with tracer.trace("web.request", resource="GET /", service="shop"):
        with tracer.trace("db.query", service="db"):
            pass
    ahead = i / pairs * seconds - (time.time() - start)
    if ahead > 0.05:
        time.sleep(ahead)
tracer.shutdown()
"""


OPENTRACING = """
import sys
from ddtrace.opentracer import Tracer
tracer = Tracer(service_name="legacy")
for i in range(int(sys.argv[1])):
    with tracer.start_active_span("order") as scope:
        scope.span.set_tag("component", "flask")
        with tracer.start_active_span("charge", child_of=scope.span) as inner:
            inner.span.set_tag("card", "visa")
            inner.span.set_baggage_item("who", "me")
tracer._dd_tracer.shutdown()
"""


@pytest.fixture
def ports():
    return dict(zip(("http", "grpc", "tracers", "intake"), free_ports(4)))


def start(collector, ports, sampled=False, target=10):
    text = CONFIG.format(**ports, key=KEY, sampled="true" if sampled else "false", target=target)
    return collector(text, ports["tracers"], args=("--config.format=datadog-agent",))


def decode(intake):
    spans = hits = 0
    groups = {}
    for path, headers, body, _ in list(intake.requests):
        assert headers["DD-Api-Key"] == KEY
        body = gzip.decompress(body)
        if path == "/api/v0.2/traces":
            out = {}
            datadog_bodies.traces(body, out)
            spans += sum(len(chunk["spans"]) for chunk in out.get("chunks", []))
        elif path == "/api/v0.2/stats":
            datadog_bodies.stats(datadog_bodies.msgpack_stats(body), {}, groups)
    hits = sum(counts["hits"] for _, counts in groups.values())
    return spans, hits


def run_client(ports, pairs, seconds=0, script=CLIENT):
    env = {**os.environ, "DD_TRACE_AGENT_URL": "http://127.0.0.1:%d" % ports["tracers"], "DD_REMOTE_CONFIGURATION_ENABLED": "false",
           "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false", "DD_TRACE_STATS_COMPUTATION_ENABLED": "false"}
    subprocess.run([sys.executable, "-c", script, str(pairs), str(seconds)], env=env, check=True, timeout=seconds + 120)


def test_ddtrace_for_python_sends_and_every_span_and_hit_arrives(collector, ports, intake):
    one = start(collector, ports)
    run_client(ports, 200)
    one.stop()
    assert decode(intake) == (400, 400)


def test_spans_of_opentracing_come_through_datadogs_library(collector, ports, intake):
    one = start(collector, ports)
    run_client(ports, 50, script=OPENTRACING)
    one.stop()
    assert decode(intake)[0] == 100
    out = {}
    for request in intake.posts("/api/v0.2/traces"):
        datadog_bodies.traces(gzip.decompress(request[2]), out)
    spans = [span for chunk in out["chunks"] for span in chunk["spans"]]
    orders = {span["span_id"] for span in spans if span["name"] == "order" and span["meta"]["component"] == "flask" and span["service"] == "legacy"}
    charges = [span for span in spans if span["name"] == "charge" and span["meta"]["card"] == "visa" and span["parent_id"] in orders]
    assert (len(orders), len(charges)) == (50, 50)


def test_ddtrace_for_javascript_sends_and_takes_the_rates_it_is_answered(collector, ports, intake, node_modules):
    one = start(collector, ports, target=1)
    url = "http://127.0.0.1:%d" % ports["tracers"]
    done = subprocess.run(["node", "ddtrace.js", url, "100"], cwd=node_modules, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    one.stop()
    assert decode(intake) == (204, 204)
    rates = json.loads(done.stdout)
    # 100 traces in five seconds, 1 wanted each second: 0.05, or up to twice that when they fell into two of the Agent's intervals
    assert 0.05 <= rates["service:web,env:test"] <= 0.1
    assert rates["service:,env:"] <= 0.1


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_what_the_python_sdk_sends_is_counted_before_it_is_sampled(collector, ports, intake, protocol):
    one = start(collector, ports, sampled=True)
    exporter = GrpcExporter("127.0.0.1:%d" % ports["grpc"], insecure=True) if protocol == "grpc" else HttpExporter("http://127.0.0.1:%d/v1/traces" % ports["http"])
    send_shop_traces(exporter, 1000)
    one.stop()
    spans, hits = decode(intake)
    assert hits == 2000
    # of 1000 traces a fifth, within six standard deviations, and ten a second with errors, of which the shop's all have one
    assert 2 * 124 < spans < 2 * (276 + 200)


def test_hits_are_all_spans_while_a_fifth_is_sent(collector, ports, intake):
    pairs, seconds = (100000, 60) if os.environ.get("SPANMILL_LONG") else (10000, 6)
    one = start(collector, ports, sampled=True)
    run_client(ports, pairs, seconds)
    one.stop()
    spans, hits = decode(intake)
    deviations = 6 * 2 * (pairs * 0.2 * 0.8) ** 0.5
    assert hits == 2 * pairs
    assert abs(spans - 2 * pairs * 0.2) < deviations
    # every minute, and the rest at the end
    usage = [(one["tags"], one["points"][0]["value"]) for _, _, body, _ in intake.posts("/api/v2/series") for one in json.loads(gzip.decompress(body))["series"]
             if one["metric"] == "datadog.estimated_usage.apm.ingested_spans"]
    assert all(tags == ["service:shop", "env:test"] for tags, _ in usage)
    assert sum(value for _, value in usage) == spans
