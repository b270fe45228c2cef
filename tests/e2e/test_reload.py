"""SIGHUP: connections that clients keep go on, and a configuration that cannot start leaves the running one alone."""
import http.client
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
