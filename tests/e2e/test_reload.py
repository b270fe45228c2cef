"""SIGHUP: connections that clients keep go on, and a configuration that cannot start leaves the running one alone."""
import http.client
import json
import threading

import pytest
from conftest import free_ports, get, post, wait_until
from payload import traces_request

CONFIG = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}
processors: {{batch: {{timeout: 10ms}}}}
exporters: {{nop: }}
extensions: {{health_check: {{endpoint: "127.0.0.1:{health}"}}}}
service:
  extensions: [health_check]
  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {own}}}}}}}}}]}}}}
  pipelines: {{traces: {{receivers: [otlp], processors: [batch], exporters: [nop]}}}}
"""


@pytest.fixture
def ports():
    names = ("http", "health", "own")
    return dict(zip(names, free_ports(len(names))))


def sum_of(page, name):
    return sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.startswith(name))


def test_kept_connections_survive_reloads(collector, ports):
    running = collector(CONFIG.format(**ports), ports["http"])
    body = traces_request("shop", "GET /cart", 1)
    answers, ends = [], threading.Event()

    def client():
        connection = http.client.HTTPConnection("127.0.0.1", ports["http"], timeout=20)
        while not ends.is_set():
            connection.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
            answer = connection.getresponse()
            answer.read()
            answers.append(answer.status)
            if answer.will_close:
                connection.close()
            ends.wait(0.002)
        connection.close()

    clients = [threading.Thread(target=client) for _ in range(4)]
    for one in clients:
        one.start()
    for _ in range(20):
        before = len(answers)
        running.reload()
        wait_until(lambda: len(answers) > before + 20, what="answers after a reload")
    ends.set()
    for one in clients:
        one.join()
    assert set(answers) == {200}
    wait_until(lambda: sum_of(get("http://127.0.0.1:%d/metrics" % ports["own"]), "otelcol_processor_batch_batch_send_size_sum") == len(answers), what="all of them sent")
    assert sum_of(get("http://127.0.0.1:%d/metrics" % ports["own"]), "otelcol_receiver_accepted_spans") == len(answers)


@pytest.mark.parametrize("broken", ["port taken", "no such option", "no YAML"])
def test_a_configuration_that_cannot_start_changes_nothing(collector, ports, broken):
    good = CONFIG.format(**ports)
    running = collector(good, ports["http"])
    running.write({
        "port taken": CONFIG.format(**{**ports, "health": ports["http"]}),
        "no such option": good.replace("timeout: 10ms", "time: 10ms"),
        "no YAML": "receivers: [",
    }[broken])
    running.reload()

    def refused_and_answering():
        # what the new configuration would have put on this port says other things
        assert post("http://127.0.0.1:%d/v1/traces" % ports["http"], traces_request("shop", "GET /cart", 1), "application/x-protobuf") == (200, b"\n\0")
        return "Configuration not reloaded, the running one stays" in running.log()

    wait_until(refused_and_answering, what="the refusal")
    assert post("http://127.0.0.1:%d/v1/traces" % ports["http"], traces_request("shop", "GET /cart", 1), "application/x-protobuf")[0] == 200
    assert "Server available" in get("http://127.0.0.1:%d/" % ports["health"])
    running.write(good)
    running.reload()
    wait_until(lambda: "Configuration reloaded" in running.log(), what="the next reload")
    assert post("http://127.0.0.1:%d/v1/traces" % ports["http"], traces_request("shop", "GET /cart", 1), "application/x-protobuf")[0] == 200


def with_log(config, settings):
    return config.replace("telemetry: {", "telemetry: {logs: %s, " % settings, 1)


def test_every_line_of_the_log_has_the_configured_form(collector, ports, tmp_path):
    # a deprecated name is warned of, and the memory limiter speaks while it is made
    config = with_log(CONFIG.format(**ports), "{encoding: json}").replace("batch: {timeout: 10ms}", "memory_limiter: {check_interval: 1s, limit_mib: 100}").replace("[batch]", "[memory_limiter]")
    config = config.replace("{nop: }", "{nop: , otlphttp: {endpoint: http://127.0.0.1:1}}")
    running = collector(config, ports["http"])
    wait_until(lambda: "Everything is ready" in running.log(), what="the start")
    running.write(config.replace("check_interval", "interval"))
    running.reload()
    wait_until(lambda: "Configuration not reloaded" in running.log(), what="the refusal")
    lines = [json.loads(line) for line in running.log().splitlines()]
    said = [line["msg"] for line in lines]
    assert said.index('"otlphttp" alias is deprecated; use "otlp_http" instead') < said.index("Memory limiter configured") < said.index("Starting spanmill...")
    refusal = next(line for line in lines if "invalid keys: interval" in line["msg"])
    assert refusal["level"] == "error" and refusal["place"].startswith(str(tmp_path / "config.yaml") + ":4:")


@pytest.mark.parametrize("broken", ["cannot be built", "cannot start"])
def test_a_failed_reload_leaves_the_log_where_it_was(collector, ports, tmp_path, broken):
    good = with_log(CONFIG.format(**ports), "{output_paths: [first.log]}")
    running = collector(good, ports["http"])
    first, second = tmp_path / "first.log", tmp_path / "second.log"
    wait_until(lambda: "Everything is ready" in first.read_text(), what="the start")
    other = with_log(CONFIG.format(**ports), "{output_paths: [second.log], encoding: json}")
    running.write({
        "cannot be built": other.replace("{nop: }", "{nop: , otlp_http: {endpoint: 'https://x', tls: {ca_file: missing.pem}}}").replace("exporters: [nop]", "exporters: [nop, otlp_http]"),
        "cannot start": other.replace(str(ports["health"]), str(ports["http"]), 1) if ports["health"] != ports["http"] else other,
    }[broken])
    running.reload()
    wait_until(lambda: "Configuration not reloaded" in first.read_text(), what="the refusal")
    size = second.stat().st_size
    for _ in range(2):
        running.write("receivers: [")
        count = first.read_text().count("Configuration not reloaded")
        running.reload()
        wait_until(lambda: first.read_text().count("Configuration not reloaded") > count, what="another refusal")
    assert second.stat().st_size == size
    running.write(other)
    running.reload()
    wait_until(lambda: "Configuration reloaded" in second.read_text(), what="the next reload")
    assert "Configuration reloaded" not in first.read_text()
