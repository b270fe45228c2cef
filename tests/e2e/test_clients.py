"""Real SDKs send traces; what arrives and what is counted must be what they sent."""
import os
import re
import shutil
import subprocess

import pytest
from conftest import ROOT, free_ports, get, wait_until
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from sink import Sink

CONFIG = """
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{grpc}"}}
      http: {{endpoint: "127.0.0.1:{http}"}}
connectors:
  span_metrics: {{metrics_flush_interval: 200ms}}
exporters:
  otlp_http: {{endpoint: "http://127.0.0.1:{sink}", compression: none}}
  prometheus: {{endpoint: "127.0.0.1:{prom}"}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [span_metrics, otlp_http]}}
    metrics: {{receivers: [span_metrics], exporters: [prometheus]}}
"""


@pytest.fixture
def running(collector):
    names = ("grpc", "http", "sink", "prom")
    ports = dict(zip(names, free_ports(len(names))))
    sink = Sink(ports["sink"])
    collector(CONFIG.format(**ports), ports["grpc"])
    yield ports, sink
    sink.close()


def calls(port, service):
    """Calls counted for a service, by span name."""
    found = {}
    for line in get("http://127.0.0.1:%d/metrics" % port).splitlines():
        if "_calls_total{" in line and 'service_name="%s"' % service in line:
            name = re.search(r'span_name="([^"]*)"', line).group(1)
            found[name] = found.get(name, 0) + float(line.rsplit(" ", 1)[1])
    return found


def send_shop_traces(exporter, count):
    provider = TracerProvider(resource=Resource.create({"service.name": "shop", "empty": "", "números": [1, 2, 3]}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("e2e", "1.0")
    for number in range(count):
        with tracer.start_as_current_span("GET /cart", kind=SpanKind.SERVER, attributes={"http.response.status_code": 200, "cart.items": number}) as span:
            span.add_event("loaded", {"rows": number})
            with tracer.start_as_current_span("SELECT cart", kind=SpanKind.CLIENT) as child:
                child.set_status(Status(StatusCode.ERROR, "no such table"))
    provider.shutdown()


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_python_sdk(running, protocol):
    ports, sink = running
    exporter = GrpcExporter("127.0.0.1:%d" % ports["grpc"], insecure=True) if protocol == "grpc" else HttpExporter("http://127.0.0.1:%d/v1/traces" % ports["http"])
    send_shop_traces(exporter, 500)
    wait_until(lambda: sink.spans == 1000, what="1000 spans at the next hop")
    wait_until(lambda: calls(ports["prom"], "shop") == {"GET /cart": 500, "SELECT cart": 500}, what="the calls of both spans")
    spans = sink.all_spans()
    carts = sorted(attribute.value.int_value for span in spans for attribute in span.attributes if attribute.key == "cart.items")
    assert carts == list(range(500))
    errors = [span for span in spans if span.status.code == 2]
    assert len(errors) == 500 and all(span.status.message == "no such table" and span.parent_span_id for span in errors)


def test_javascript_sdk_over_http_json(running, node_modules):
    ports, sink = running
    url = "http://127.0.0.1:%d/v1/traces" % ports["http"]
    done = subprocess.run(["node", "send.js", url, "200"], cwd=node_modules, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    wait_until(lambda: sink.spans == 200, what="200 spans at the next hop")
    wait_until(lambda: calls(ports["prom"], "web") == {"click": 200}, what="the calls")
    span = sink.all_spans()[0]
    assert len(span.trace_id) == 16 and span.name == "click" and span.start_time_unix_nano > 10**18
    assert {a.key: a.value for a in span.attributes}["ratio"].double_value == 0.25


def test_telemetrygen(running):
    go = shutil.which("go")
    program = os.path.expanduser("~/.cache/spanmill-peers/telemetrygen")
    if not os.path.exists(program):
        if not go:
            pytest.skip("no Go: telemetrygen cannot be built")
        bin_folder = ROOT / "build" / "go-bin"
        program = str(bin_folder / "telemetrygen")
        if not os.path.exists(program):
            subprocess.run([go, "install", "github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@v0.155.0"], env={**os.environ, "GOBIN": str(bin_folder)}, check=True,
                           capture_output=True, timeout=600)
    ports, sink = running
    subprocess.run([program, "traces", "--otlp-insecure", "--otlp-endpoint", "127.0.0.1:%d" % ports["grpc"], "--traces", "300", "--workers", "2", "--rate", "0"], check=True,
                   capture_output=True, timeout=60)
    wait_until(lambda: sink.spans == 1200, what="2 workers x 300 traces of 2 spans at the next hop")
    wait_until(lambda: sum(calls(ports["prom"], "telemetrygen").values()) == 1200, what="the calls")
