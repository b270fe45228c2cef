"""Clients of OpenTracing's days: py_zipkin and jaeger-client send traces; names, parents and tags must come out of the file exporter as they were
sent, and span_metrics must have counted them."""
import json
import re
import socket
import time
import urllib.request

import jaeger_client
import py_zipkin.zipkin as zipkin
import pytest
from conftest import ROOT, free_ports, get, wait_until
from py_zipkin import Encoding, Kind
from py_zipkin.transport import BaseTransportHandler

CONFIG = """
receivers:
  zipkin: {{endpoint: "127.0.0.1:{zipkin}"}}
  jaeger: {{protocols: {{thrift_compact: {{endpoint: "127.0.0.1:{agent}"}}, thrift_http: {{endpoint: "127.0.0.1:{http}"}}}}}}
connectors:
  span_metrics: {{metrics_flush_interval: 200ms}}
exporters:
  file: {{path: "{path}", flush_interval: 100ms}}
  prometheus: {{endpoint: "127.0.0.1:{prom}"}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [zipkin, jaeger], exporters: [span_metrics, file]}}
    metrics: {{receivers: [span_metrics], exporters: [prometheus]}}
"""


@pytest.fixture
def running(collector, tmp_path):
    names = ("zipkin", "agent", "http", "prom")
    ports = dict(zip(names, free_ports(len(names))))
    path = tmp_path / "out.json"
    collector(CONFIG.format(path=path, **ports), ports["http"])
    return ports, path


def spans_in(path):
    """Every span with the name of its service and its tags as a dict."""
    found = []
    for line in path.read_text().splitlines() if path.exists() else []:
        for group in json.loads(line)["resourceSpans"]:
            resource = {a["key"]: a["value"] for a in group["resource"].get("attributes", [])}
            for scope in group["scopeSpans"]:
                for span in scope["spans"]:
                    tags = {a["key"]: next(iter(a["value"].values())) for a in span.get("attributes", [])}
                    found.append({**span, "service": resource["service.name"]["stringValue"], "tags": tags})
    return found


def wait_for_spans(path, count):
    return wait_until(lambda: (spans := spans_in(path)) and len(spans) >= count and spans, what="%d spans" % count)


def counted(ports, service, name):
    page = get("http://127.0.0.1:%d/metrics" % ports["prom"])
    lines = [l for l in page.splitlines() if "calls_total{" in l and 'service_name="%s"' % service in l and 'span_name="%s"' % name in l]
    return sum(float(re.split(r"\s+", l)[1]) for l in lines)


class Transport(BaseTransportHandler):
    """Posts what py_zipkin encoded."""

    def __init__(self, port, content_type, path):
        self.url, self.content_type = "http://127.0.0.1:%d%s" % (port, path), content_type

    def get_max_payload_bytes(self):
        return None

    def send(self, payload):
        body = payload if isinstance(payload, bytes) else payload.encode()
        request = urllib.request.Request(self.url, data=body, headers={"Content-Type": self.content_type})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 202


ENCODINGS = {
    "v2 JSON": (Encoding.V2_JSON, "application/json", "/api/v2/spans"),
    "v1 JSON": (Encoding.V1_JSON, "application/json", "/api/v1/spans"),
}


@pytest.mark.parametrize("encoding", sorted(ENCODINGS))
def test_spans_of_py_zipkin_keep_names_parents_and_tags(running, encoding):
    ports, path = running
    form, content_type, url = ENCODINGS[encoding]
    transport = Transport(ports["zipkin"], content_type, url)
    for number in range(3):
        with zipkin.zipkin_span(service_name="shop", span_name="order", transport_handler=transport, sample_rate=100, encoding=form, kind=Kind.SERVER,
                                binary_annotations={"number": str(number)}):
            with zipkin.zipkin_client_span(service_name="shop", span_name="charge", binary_annotations={"card": "visa"}):
                pass
    spans = wait_for_spans(path, 6)
    orders = {s["spanId"]: s for s in spans if s["name"] == "order"}
    charges = [s for s in spans if s["name"] == "charge"]
    assert len(spans) == 6 and len(orders) == 3 and len(charges) == 3
    assert sorted(s["tags"]["number"] for s in orders.values()) == ["0", "1", "2"]
    for charge in charges:
        assert orders[charge["parentSpanId"]]["traceId"] == charge["traceId"]
        assert charge["tags"]["card"] == "visa" and charge["service"] == "shop"
        assert charge["kind"] == 3 and orders[charge["parentSpanId"]]["kind"] == 2
    wait_until(lambda: counted(ports, "shop", "order") == 3 and counted(ports, "shop", "charge") == 3, what="the counts")


def test_spans_of_jaeger_client_keep_names_parents_and_tags(running):
    ports, path = running
    sender = {"reporting_host": "127.0.0.1", "reporting_port": ports["agent"]}
    config = jaeger_client.Config(config={"sampler": {"type": "const", "param": 1}, "local_agent": sender, "reporter_flush_interval": 0.1},
                                  service_name="legacy", validate=True)
    tracer = config.new_tracer()
    for number in range(3):
        with tracer.start_span("request", tags={"span.kind": "server", "number": number, "ratio": 0.5, "cached": True}) as parent:
            with tracer.start_span("query", child_of=parent, tags={"span.kind": "client", "error": True}) as child:
                child.log_kv({"event": "retry", "attempt": 2})
    wait_until(tracer.close().done, what="the client to send")
    spans = wait_for_spans(path, 6)
    requests = {s["spanId"]: s for s in spans if s["name"] == "request"}
    queries = [s for s in spans if s["name"] == "query"]
    assert len(spans) == 6 and len(requests) == 3 and len(queries) == 3
    assert sorted(int(s["tags"]["number"]) for s in requests.values()) == [0, 1, 2]
    assert all(s["tags"]["ratio"] == 0.5 and s["tags"]["cached"] is True and s["kind"] == 2 for s in requests.values())
    for query in queries:
        assert requests[query["parentSpanId"]]["traceId"] == query["traceId"]
        assert query["status"]["code"] == 2 and query["kind"] == 3 and query["service"] == "legacy"
        assert [e["name"] for e in query["events"]] == ["retry"]
    wait_until(lambda: counted(ports, "legacy", "query") == 3, what="the counts")


def test_broken_datagrams_do_no_harm(running):
    ports, path = running
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for packet in (b"", b"\x82\x81\x07\xff\xff\xff\xff\x0f", b"\x82" * 60000):
            sender.sendto(packet, ("127.0.0.1", ports["agent"]))
    test_spans_of_jaeger_client_keep_names_parents_and_tags(running)


def test_no_datagram_is_lost_while_the_configuration_is_reloaded(collector, tmp_path):
    names = ("zipkin", "agent", "http", "prom")
    ports = dict(zip(names, free_ports(len(names))))
    config = CONFIG.replace("flush_interval: 100ms}}", "flush_interval: 100ms, append: true}}")
    one = collector(config.format(path=tmp_path / "out.json", **ports), ports["http"])
    packet = (ROOT / "tests/conformance/cases/jaeger/thrift-udp/c.thrift").read_bytes()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(200):
            sender.sendto(packet, ("127.0.0.1", ports["agent"]))
            if number in (50, 120):
                one.reload()
            time.sleep(0.003)
    wait_for_spans(tmp_path / "out.json", 400)
