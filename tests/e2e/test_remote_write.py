"""Debian's Prometheus receives remote write while it is restarted, and after the sender was killed; promtool reads the scrape page."""
import http.server
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.parse

import pytest
from conftest import free_ports, get, is_listening, post, wait_until
from payload import traces_request

SECONDS = float(os.environ.get("REMOTE_WRITE_SECONDS", "15"))  # how long spans are sent while Prometheus is restarted once

SPANS = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}
connectors:
  span_metrics: {{metrics_flush_interval: 500ms}}
exporters:
  prometheus_remote_write:
    endpoint: "http://127.0.0.1:{port}/api/v1/write"
    {more}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [span_metrics]}}
    metrics: {{receivers: [span_metrics], exporters: [prometheus_remote_write]}}
"""

METRICS = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}
exporters:
  prometheus_remote_write:
    endpoint: "http://127.0.0.1:{port}/api/v1/write"
    wal: {{directory: wal}}
  prometheus: {{endpoint: "127.0.0.1:{scraped}", enable_open_metrics: true}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    metrics: {{receivers: [otlp], exporters: [prometheus_remote_write, prometheus]}}
"""


class Prometheus:
    def __init__(self, folder):
        self.folder, self.port = folder, free_ports(1)[0]
        (folder / "prometheus.yml").write_text("global: {}\n")
        self.process = None

    def start(self):
        program = shutil.which("prometheus")
        assert program, "Prometheus is not installed: scripts/install-packages test"
        with open(self.folder / "prometheus.log", "ab") as log:
            self.process = subprocess.Popen(
                [program, "--config.file", str(self.folder / "prometheus.yml"), "--storage.tsdb.path", str(self.folder / "data"),
                 "--web.enable-remote-write-receiver", "--web.listen-address", "127.0.0.1:%d" % self.port], stdout=log, stderr=log)
        wait_until(lambda: is_listening(self.port), what="Prometheus to listen")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def query(self, expression):
        answer = json.loads(get("http://127.0.0.1:%d/api/v1/query?query=%s" % (self.port, urllib.parse.quote(expression))))
        return [float(one["value"][1]) for one in answer["data"]["result"]]

    def complaints(self):
        text = (self.folder / "prometheus.log").read_text(errors="replace").lower()
        return [line for line in text.splitlines() if "out of order" in line or "out-of-order" in line or "duplicate" in line]


@pytest.fixture
def prometheus(tmp_path):
    one = Prometheus(tmp_path)
    yield one
    one.stop()


def is_ready(prometheus):
    try:
        return "eady" in get("http://127.0.0.1:%d/-/ready" % prometheus.port)
    except OSError:
        return False


@pytest.mark.parametrize("more", ["namespace: ''", "conversion: alloy"])
def test_counters_survive_a_restart_of_prometheus(prometheus, collector, more):
    http = free_ports(1)[0]
    prometheus.start()
    collector(SPANS.format(http=http, port=prometheus.port, more=more), http)
    services, sent, is_down = ["shop", "cart", "search"], 0, False
    begin = time.monotonic()
    while time.monotonic() - begin < SECONDS:
        for service in services:
            assert post("http://127.0.0.1:%d/v1/traces" % http, traces_request(service, "GET /", 10), "application/x-protobuf")[0] == 200
        sent += 10
        share = (time.monotonic() - begin) / SECONDS
        if share > 0.4 and not is_down:
            prometheus.stop()
            is_down = True
        elif share > 0.6 and not prometheus.process:
            prometheus.start()
        time.sleep(0.1)
    wait_until(lambda: is_ready(prometheus), what="Prometheus to be ready")
    for service in services:
        def is_complete():
            return prometheus.query('sum(traces_span_metrics_calls_total{service_name="%s"})' % service) == [sent]
        wait_until(is_complete, limit_s=30, what="%d calls of %s, there are %s" % (sent, service, prometheus.query("traces_span_metrics_calls_total")))
    assert prometheus.complaints() == []


def metric_request(number):
    now = str(time.time_ns())
    point = {"timeUnixNano": now, "startTimeUnixNano": now, "asInt": str(number), "attributes": [{"key": "number", "value": {"stringValue": str(number)}}]}
    histogram = {"timeUnixNano": now, "count": "3", "sum": 4.5, "bucketCounts": ["1", "2"], "explicitBounds": [1],
                 "exemplars": [{"timeUnixNano": now, "asDouble": 0.5, "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174"}]}
    metrics = [{"name": "orders", "unit": "1", "description": "Orders taken", "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [point]}},
               {"name": "duration", "unit": "s", "description": "How long", "histogram": {"aggregationTemporality": 2, "dataPoints": [histogram]}}]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return json.dumps({"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": metrics}]}]}).encode()


def test_what_waits_in_the_log_is_sent_after_a_kill(prometheus, collector):
    http, scraped = free_ports(2)
    one = collector(METRICS.format(http=http, port=prometheus.port, scraped=scraped), http)
    for number in range(20):
        assert post("http://127.0.0.1:%d/v1/metrics" % http, metric_request(number), "application/json")[0] == 200
    one.kill()
    prometheus.start()
    one.start(http)
    wait_until(lambda: len(prometheus.query("orders_total")) == 20, what="all series")
    assert sorted(prometheus.query("orders_total")) == list(range(20))
    assert prometheus.complaints() == []


def test_the_log_counts_what_it_writes_and_reads(collector):
    http, scraped, own, nowhere = free_ports(4)
    config = METRICS.format(http=http, port=nowhere, scraped=scraped)
    readers = "metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %d}}}}]}" % own
    collector(config.replace("metrics: {level: none}", readers), http)
    for number in range(3):
        assert post("http://127.0.0.1:%d/v1/metrics" % http, metric_request(number), "application/json")[0] == 200

    def value(name):
        lines = [line for line in get("http://127.0.0.1:%d/metrics" % own).splitlines() if line.startswith("otelcol_exporter_prometheusremotewrite_wal_" + name + " ")]
        return float(lines[0].split()[1]) if lines else None
    wait_until(lambda: value("writes") == 3, what="three writes")
    wait_until(lambda: value("reads") == 2, what="the first, which nobody receives, and the next to be taken")
    assert value("lag") == 1
    assert value("bytes_written") > value("bytes_read") > 0
    assert value("read_latency_count") == 2 and value("write_latency_count") == 3
    assert value("writes_failures") is None and value("reads_failures") is None


def test_promtool_finds_no_fault_in_the_scrape(collector):
    http, scraped, nowhere = free_ports(3)
    collector(METRICS.format(http=http, port=nowhere, scraped=scraped).replace("[prometheus_remote_write, prometheus]", "[prometheus]"), http)
    assert post("http://127.0.0.1:%d/v1/metrics" % http, metric_request(1), "application/json")[0] == 200
    page = get("http://127.0.0.1:%d/metrics" % scraped)
    assert "orders_total{" in page
    checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    open_page = get("http://127.0.0.1:%d/metrics" % scraped, {"Accept": "application/openmetrics-text; version=1.0.0"})
    assert '# {trace_id="5b8efff798038103d269b633813fc60c"' in open_page or 'span_id="eee19b7ec3c1b174"' in open_page
    assert open_page.endswith("# EOF\n")


REDIRECTED = """
otelcol.receiver.otlp "in" {{
  http {{
    endpoint = "127.0.0.1:{http}"
  }}

  output {{
    metrics = [otelcol.exporter.prometheus.out.input]
  }}
}}

otelcol.exporter.prometheus "out" {{
  forward_to = [prometheus.remote_write.out.receiver]
}}

prometheus.remote_write "out" {{
  endpoint {{
    url              = "http://127.0.0.1:{port}/here"
    follow_redirects = {follows}

    queue_config {{
      batch_send_deadline = "50ms"
    }}
  }}
}}
"""


@pytest.mark.parametrize("follows", ["true", "false"])
def test_redirects_are_followed_unless_told_otherwise(collector, follows):
    paths = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            paths.append(self.path)
            self.send_response(307 if self.path == "/here" else 204)
            self.send_header("Location", "/there")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        port = free_ports(1)[0]
        one = collector(REDIRECTED.format(http=port, port=server.server_port, follows=follows), port, args=["--config.format", "alloy"])
        assert post("http://127.0.0.1:%d/v1/metrics" % port, metric_request(1), "application/json")[0] == 200
        wait_until(lambda: "/there" in paths if follows == "true" else "/here" in paths, what="a request")
        if follows == "false":
            wait_until(lambda: "307" in one.log(), what="the refusal in the log")
        assert ("/there" in paths) == (follows == "true")
    finally:
        server.shutdown()
