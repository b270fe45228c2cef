"""Alloy and River files: the examples run, the two spans of the Agent's documentation give the metrics it shows, a reload takes a changed file."""
import json
import os
import pathlib
import re
import subprocess

import pytest

from conftest import PROGRAM, ROOT, free_ports, post, wait_until

DATA = pathlib.Path(__file__).parent / "data"
EXAMPLES = sorted((ROOT / "examples/alloy").glob("*.river")) + sorted((ROOT / "examples/alloy").glob("*.alloy"))

TWO_SPANS = """
otelcol.receiver.otlp "default" {{
  http {{
    endpoint = "127.0.0.1:{http}"
  }}

  output {{
    traces = [otelcol.connector.spanmetrics.default.input]
  }}
}}

otelcol.connector.spanmetrics "default" {{
  metrics_flush_interval = "100ms"

  histogram {{
    explicit {{}}
  }}

  output {{
    metrics = [otelcol.exporter.file.out.input]
  }}
}}

otelcol.exporter.file "out" {{
  path           = "out.json"
  flush_interval = "50ms"
}}
"""


def calls(document):
    """Of the metric `calls`: resource attributes, scope and points without their times, in a fixed order."""
    found = []
    for group in document["resourceMetrics"]:
        attributes = {a["key"]: a["value"] for a in group["resource"]["attributes"]}
        for scope in group["scopeMetrics"]:
            for metric in scope["metrics"]:
                if metric["name"] != "calls":
                    continue
                points = [({a["key"]: a["value"] for a in p["attributes"]}, p["asInt"]) for p in metric["sum"]["dataPoints"]]
                found.append((attributes, scope["scope"]["name"], metric["sum"]["aggregationTemporality"], metric["sum"]["isMonotonic"], points))
    return sorted(found, key=repr)


@pytest.mark.parametrize("spans, metrics", [("two-spans-one-resource.json", "one-resource-metrics.json"), ("two-spans-two-resources.json", "two-resource-metrics.json")])
def test_two_spans_give_the_metrics_of_the_documentation(collector, tmp_path, spans, metrics):
    http = free_ports(1)[0]
    collector(TWO_SPANS.format(http=http), http, args=["--config.format", "river"])
    assert post("http://127.0.0.1:%d/v1/traces" % http, (DATA / spans).read_bytes(), "application/json")[0] == 200
    out = tmp_path / "out.json"
    expected = calls(json.loads((DATA / metrics).read_text()))
    wait_until(lambda: out.exists() and any(calls(json.loads(line)) == expected for line in out.read_text().splitlines()), what="the metrics that the documentation shows")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_valid_and_stay_so_when_formatted_and_converted(tmp_path, example):
    environment = dict(os.environ, OTLP_SERVER_ENDPOINT="127.0.0.1:4317")

    def run(*arguments):
        return subprocess.run([PROGRAM, *map(str, arguments)], env=environment, capture_output=True, text=True)

    assert run("validate", "--config", example).returncode == 0
    formatted = tmp_path / example.name
    formatted.write_text(run("fmt", example).stdout)
    converted, back = tmp_path / "converted.yaml", tmp_path / "back.alloy"
    assert run("convert", "--from", example.suffix[1:], "--to", "collector", "--output", converted, formatted).returncode == 0
    shown = [run("print-config", "--config", path).stdout for path in (example, converted)]
    assert shown[0] == shown[1]
    assert run("convert", "--from", "collector", "--to", "alloy", "--output", back, converted).returncode == 0
    assert run("validate", "--config", back).returncode == 0


def test_a_reload_takes_a_changed_file_and_keeps_the_old_one_when_it_is_wrong(collector, tmp_path):
    first, second = free_ports(2)
    running = collector(TWO_SPANS.format(http=first), first, args=["--config.format", "alloy"])
    running.write(TWO_SPANS.format(http=second).replace("flush_interval", "flush_intervall", 1))
    running.reload()
    wait_until(lambda: "metrics_flush_intervall" in running.log(), what="the mistake in the log")
    assert re.search(r"config.yaml:1\d:\d", running.log())
    assert post("http://127.0.0.1:%d/v1/traces" % first, b"{}", "application/json")[0] == 200
    running.write(TWO_SPANS.format(http=second))
    running.reload()

    def answers():
        try:
            return post("http://127.0.0.1:%d/v1/traces" % second, b"{}", "application/json")[0] == 200
        except OSError:
            return False

    wait_until(answers, what="the new configuration")


OF_THE_COLLECTOR = """
receivers:
  otlp: {protocols: {grpc: }}
processors:
  tail_sampling: {policies: []}
  transform:
    error_mode: IGNORE
    trace_statements:
      - statements: ['set(span.attributes["a"], 1)']
      - {context: resource, statements: ['set(attributes["b"], 2)']}
exporters:
  prometheus_remote_write:
    endpoint: https://mimir/api/v1/push
    namespace: n
    auth: {authenticator: basicauth/x}
extensions:
  basicauth/x: {client_auth: {username: u, password: p}}
service:
  extensions: [basicauth/x]
  telemetry: {logs: {initial_fields: {team: shop}}}
  pipelines:
    traces: {receivers: [otlp], processors: [transform, tail_sampling], exporters: [debug]}
    metrics: {receivers: [otlp], exporters: [prometheus_remote_write]}
"""


def convert(tmp_path, text):
    path = tmp_path / "collector.yaml"
    path.write_text(text)
    return subprocess.run([PROGRAM, "convert", "--from", "collector", "--to", "alloy", str(path)], capture_output=True, text=True)


def test_what_alloy_cannot_say_is_named_and_the_rest_is_written(tmp_path):
    done = convert(tmp_path, OF_THE_COLLECTOR.replace("exporters:\n", "exporters:\n  debug:\n", 1))
    assert done.returncode == 1
    for named in ("prometheus_remote_write::conversion: Alloy makes series in its own way", "prometheus_remote_write::namespace: has no counterpart",
                  "service::telemetry::logs::initial_fields: team has no counterpart"):
        assert named in done.stderr
    written = re.sub(r"\s+", " ", done.stdout)
    assert 'basic_auth { username = "u" password = "p" }' in written and "otelcol.auth.basic" not in written
    # The order of groups is kept: the context that the first one had to be found is said.
    assert 'error_mode = "ignore" trace_statements { context = "span"' in written and written.index('"span"') < written.index('"resource"')


def test_what_alloy_would_refuse_is_told_and_not_called_converted(tmp_path):
    text = "receivers:\n  otlp: {protocols: {grpc: }}\nprocessors:\n  tail_sampling: {policies: []}\nexporters:\n  debug:\nservice:\n  pipelines:\n    traces: {receivers: [otlp], processors: [tail_sampling], exporters: [debug]}\n"
    done = convert(tmp_path, text)
    assert done.returncode == 1 and re.search(r"converted:\d+:1: missing required block \"policy\"", done.stderr)
    assert convert(tmp_path, text.replace("{policies: []}", "{policies: [{name: p, type: always_sample}]}")).returncode == 0
