"""Debian's Prometheus scrapes the program and answers rate() over what span_metrics counted."""
import json
import os
import shutil
import subprocess
import urllib.parse

import pytest
from conftest import free_ports, get, is_listening, post, wait_until
from payload import traces_request

CONFIG = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}
connectors:
  span_metrics: {{metrics_flush_interval: 200ms}}
exporters:
  prometheus: {{endpoint: "127.0.0.1:{prom}"}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [span_metrics]}}
    metrics: {{receivers: [span_metrics], exporters: [prometheus]}}
"""

PROMETHEUS = """
global: {{scrape_interval: 250ms, scrape_timeout: 250ms}}
scrape_configs:
  - job_name: spanmill
    honor_labels: true
    static_configs: [{{targets: ["127.0.0.1:{prom}"]}}]
"""


@pytest.fixture
def prometheus(tmp_path):
    program = shutil.which("prometheus")
    assert program, "Prometheus is not installed: scripts/install-packages test"
    port, scraped = free_ports(2)
    config = tmp_path / "prometheus.yml"
    config.write_text(PROMETHEUS.format(prom=scraped))
    log = open(tmp_path / "prometheus.log", "w")
    process = subprocess.Popen([program, "--config.file", str(config), "--storage.tsdb.path", str(tmp_path / "data"), "--web.listen-address", "127.0.0.1:%d" % port],
                               stdout=log, stderr=log, env={**os.environ})
    wait_until(lambda: is_listening(port), what="Prometheus to listen")
    yield port, scraped
    process.terminate()
    process.wait(timeout=20)
    log.close()


def query(port, expression):
    answer = json.loads(get("http://127.0.0.1:%d/api/v1/query?query=%s" % (port, urllib.parse.quote(expression))))
    return [float(one["value"][1]) for one in answer["data"]["result"]]


def test_rate_of_calls_is_answered(prometheus, collector):
    port, scraped = prometheus
    http = free_ports(1)[0]
    collector(CONFIG.format(http=http, prom=scraped), http)

    def send_and_ask():
        assert post("http://127.0.0.1:%d/v1/traces" % http, traces_request("shop", "GET /cart", 10), "application/x-protobuf")[0] == 200
        return [value for value in query(port, 'rate(traces_span_metrics_calls_total{service_name="shop"}[10s])') if value > 0]

    assert len(wait_until(send_and_ask, limit_s=40, what="a rate above 0")) == 1
    buckets = query(port, 'histogram_quantile(0.9, sum by (le) (rate(traces_span_metrics_duration_milliseconds_bucket{service_name="shop"}[10s])))')
    assert len(buckets) == 1 and 2 <= buckets[0] <= 10  # the spans last 5 ms


COLLIDING = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}
exporters:
  prometheus: {{endpoint: "127.0.0.1:{prom}", on_collision: {what}}}
service:
  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {own}}}}}}}}}]}}}}
  pipelines:
    metrics: {{receivers: [otlp], exporters: [prometheus]}}
"""


def counter_of(pod, value, time):
    attributes = [{"key": key, "value": {"stringValue": text}} for key, text in (("service.name", "shop"), ("service.instance.id", "1"), ("k8s.pod.name", pod))]
    point = {"asInt": str(value), "startTimeUnixNano": "1700000000000000000", "timeUnixNano": str(1700000000000000000 + time * 10**9)}
    metric = {"name": "orders", "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [point]}}
    return json.dumps({"resourceMetrics": [{"resource": {"attributes": attributes}, "scopeMetrics": [{"metrics": [metric]}]}]}).encode()


@pytest.mark.parametrize("what, shown", [("keep", "9"), ("merge", "14"), ("drop", "5")])
def test_streams_that_only_a_resource_attribute_tells_apart(collector, what, shown):
    http, prom, own = free_ports(3)
    running = collector(COLLIDING.format(http=http, prom=prom, own=own, what=what), http)
    for pod, value, time in (("a", 3, 1), ("b", 7, 2), ("a", 5, 3), ("b", 9, 4)):
        assert post("http://127.0.0.1:%d/v1/metrics" % http, counter_of(pod, value, time), "application/json")[0] == 200

    def value():
        return [line.split()[1] for line in get("http://127.0.0.1:%d/metrics" % prom).splitlines() if line.startswith("orders_total{")]

    wait_until(lambda: value() == [shown], what="the series to be %s" % shown)
    told = [line for line in running.log().splitlines() if "several metric streams are one series" in line]
    assert len(told) == 1 and '"k8s.pod.name"' in told[0]
    # `drop` looks at what it has not let in: the two points of b; the others at every change.
    counted = [line for line in get("http://127.0.0.1:%d/metrics" % own).splitlines() if line.startswith("spanmill_exporter_prometheus_collisions")]
    assert [float(line.split()[-1]) for line in counted] == [2.0 if what == "drop" else 3.0]
