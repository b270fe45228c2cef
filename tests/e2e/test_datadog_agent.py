"""In the Datadog Agent's place: ddtrace and an OTLP client send, and the intake's stand-in decodes what comes: as many spans and hits as were sent.

SPANMILL_LONG=1: 200,000 spans in 60 seconds with sampling at 20 %, where the hits must still be all of them."""
import gzip
import os
import subprocess
import sys
import time

import pytest
from conftest import free_ports, post, wait_until
from payload import traces_request
from test_datadog_exporter import KEY, Intake

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
import datadog_bodies  # noqa: E402

CONFIG = """
api_key: "{key}"
hostname: e2e
env: test
apm_config:
  receiver_port: {tracers}
  apm_dd_url: "http://127.0.0.1:{intake}"
  probabilistic_sampler: {{enabled: {sampled}, sampling_percentage: 20, hash_seed: 22}}
otlp_config: {{receiver: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}}}
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


@pytest.fixture
def ports():
    return dict(zip(("http", "tracers", "intake"), free_ports(3)))


def start(collector, ports, sampled):
    text = CONFIG.format(**ports, key=KEY, sampled="true" if sampled else "false")
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


def run_client(ports, pairs, seconds=0):
    env = {**os.environ, "DD_TRACE_AGENT_URL": "http://127.0.0.1:%d" % ports["tracers"], "DD_REMOTE_CONFIGURATION_ENABLED": "false",
           "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false", "DD_TRACE_STATS_COMPUTATION_ENABLED": "false"}
    subprocess.run([sys.executable, "-c", CLIENT, str(pairs), str(seconds)], env=env, check=True, timeout=seconds + 120)


def test_ddtrace_sends_and_every_span_and_hit_arrives(collector, ports):
    pytest.importorskip("ddtrace")
    intake = Intake(ports["intake"])
    one = start(collector, ports, sampled=False)
    run_client(ports, 200)
    one.stop()
    assert decode(intake) == (400, 400)
    intake.close()


def test_spans_that_come_as_otlp_are_counted_before_they_are_sampled(collector, ports):
    intake = Intake(ports["intake"])
    one = start(collector, ports, sampled=True)
    wait_until(lambda: post("http://127.0.0.1:%d/v1/traces" % ports["http"], traces_request("svc", "op", 1000), "application/x-protobuf")[0] == 200,
               what="the OTLP receiver")
    one.stop()
    spans, hits = decode(intake)
    assert hits > 0 and spans <= 1000
    intake.close()


@pytest.mark.skipif(not os.environ.get("SPANMILL_LONG"), reason="takes a minute: SPANMILL_LONG=1")
def test_hits_are_all_spans_while_a_fifth_is_sent(collector, ports):
    pytest.importorskip("ddtrace")
    intake = Intake(ports["intake"])
    one = start(collector, ports, sampled=True)
    run_client(ports, 100000, 60)
    time.sleep(1)
    one.stop()
    spans, hits = decode(intake)
    assert hits == 200000
    assert 0.18 * 200000 < spans < 0.22 * 200000
    intake.close()
