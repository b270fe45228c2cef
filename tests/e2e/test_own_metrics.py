"""The program's own metrics, sent from time to time: over both protocols and to standard output, and once more at the end."""
import json

from conftest import free_ports, post, wait_until
from payload import traces_request

NEXT_HOP = """
receivers:
  otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:{grpc}"}}, http: {{endpoint: "127.0.0.1:{http}", include_metadata: true}}}}}}
exporters: {{file: {{path: {name}.json, flush_interval: 50ms}}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{metrics: {{receivers: [otlp], exporters: [file]}}}}
"""

CONFIG = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}
exporters: {{nop: }}
service:
  telemetry:
    resource: {{deployment: {name}}}
    metrics: {{readers: [{{periodic: {{interval: {interval}, exporter: {{{exporter}}}}}}}]}}
  pipelines: {{traces: {{receivers: [otlp], exporters: [nop]}}}}
"""


def accepted(lines):
    """Of each collection: the spans that were accepted, None when nothing was."""
    for line in lines:
        groups = json.loads(line)["resourceMetrics"]
        values = [point["asInt"] for group in groups for scope in group["scopeMetrics"] for metric in scope["metrics"] if metric["name"] == "otelcol_receiver_accepted_spans" for point in metric["sum"]["dataPoints"]]
        yield {a["key"]: a["value"]["stringValue"] for a in groups[0]["resource"]["attributes"]}.get("deployment"), int(values[0]) if values else None


def test_are_sent_over_both_protocols_and_at_the_end(collector, tmp_path):
    grpc, http, first, second = free_ports(4)
    collector(NEXT_HOP.format(grpc=grpc, http=http, name="sent"), http)
    over_http = 'otlp: {protocol: http/protobuf, compression: gzip, headers: [{name: x-key, value: secret}], endpoint: "http://127.0.0.1:%d"}' % http
    over_grpc = 'otlp: {protocol: grpc, insecure: true, compression: gzip, endpoint: "127.0.0.1:%d"}' % grpc
    often = collector(CONFIG.format(http=first, name="often", interval=50, exporter=over_http), first)
    at_end = collector(CONFIG.format(http=second, name="at-end", interval=3600000, exporter=over_grpc), second)
    for port in (first, second):
        assert post("http://127.0.0.1:%d/v1/traces" % port, traces_request("shop", "GET /cart", 3), "application/x-protobuf")[0] == 200
    sent = tmp_path / "sent.json"
    wait_until(lambda: sent.exists() and ("often", 3) in accepted(sent.read_text().splitlines()), what="the metrics over HTTP")
    assert "at-end" not in sent.read_text()
    at_end.stop()
    wait_until(lambda: ("at-end", 3) in accepted(sent.read_text().splitlines()), what="the last metrics over gRPC")
    often.stop()


def test_are_written_to_standard_output(collector):
    port = free_ports(1)[0]
    running = collector(CONFIG.format(http=port, name="console", interval=50, exporter="console: {}"), port)
    assert post("http://127.0.0.1:%d/v1/traces" % port, traces_request("shop", "GET /cart", 2), "application/x-protobuf")[0] == 200
    wait_until(lambda: ("console", 2) in accepted(line for line in running.log().splitlines() if line.startswith('{"resourceMetrics"') and line.endswith("}")), what="a line with the metrics")


def test_a_next_hop_that_is_not_there_is_told_and_holds_nobody(collector):
    port, nobody = free_ports(2)
    running = collector(CONFIG.format(http=port, name="lost", interval=50, exporter='otlp: {protocol: http/protobuf, endpoint: "http://127.0.0.1:%d"}' % nobody), port)
    wait_until(lambda: "Own metrics could not be sent" in running.log(), what="the warning")
    running.stop()
