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
