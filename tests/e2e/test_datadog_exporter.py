"""The datadog exporter before an intake that refuses, fails, or is not there; and a key that is not valid."""
import gzip
import http.server
import threading

import pytest
from conftest import free_ports, post, wait_until
from payload import traces_request

KEY = "0123456789abcdef0123456789abcdef"
CONFIG = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}
exporters:
  datadog:
    api: {{key: " {key} ", fail_on_invalid_key: {strict}}}
    hostname: e2e
    host_metadata: {{enabled: false}}
    traces: {{endpoint: "http://127.0.0.1:{intake}"}}
    metrics: {{endpoint: "http://127.0.0.1:{intake}"}}
    retry_on_failure: {{initial_interval: 20ms, max_interval: 50ms, max_elapsed_time: 200ms}}
service:
  telemetry: {{metrics: {{level: none}}, logs: {{level: debug}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [datadog]}}
"""


class Intake:
    """Answers requests to a path with the statuses of a list, then 202."""

    def __init__(self, port):
        self.statuses, self.requests = {}, []
        intake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                waiting = intake.statuses.get(self.path, [])
                status = waiting.pop(0) if waiting else 202
                intake.requests.append((self.path, dict(self.headers), body, status))
                answer = b'{"valid":true}'
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def posts(self, path="/api/v0.2/traces"):
        return [request for request in self.requests if request[0] == path]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def ports():
    return dict(zip(("http", "intake"), free_ports(2)))


@pytest.fixture
def intake(ports):
    one = Intake(ports["intake"])
    yield one
    one.close()


def config(ports, strict="false"):
    return CONFIG.format(**ports, key=KEY, strict=strict)


def send(ports, count=3):
    assert post("http://127.0.0.1:%d/v1/traces" % ports["http"], traces_request("svc", "op", count), "application/x-protobuf")[0] == 200


@pytest.mark.parametrize("statuses,tries", [([503, 500], 3), ([408, 502, 503, 503], 4), ([403], 1), ([413], 1), ([429], 1)])
def test_what_passes_is_tried_again_and_what_is_refused_is_not(collector, ports, intake, statuses, tries):
    intake.statuses["/api/v0.2/traces"] = list(statuses)
    one = collector(config(ports), ports["http"])
    send(ports)
    wait_until(lambda: len(intake.posts()) >= tries, what="the tries")
    one.stop()
    assert [request[3] for request in intake.posts()] == (statuses + [202])[:tries]
    assert ("Dropping payload" in one.log()) == (intake.posts()[-1][3] != 202)
    assert KEY not in one.log()
    _, headers, body, _ = intake.posts()[-1]
    assert headers["DD-Api-Key"] == KEY
    assert gzip.decompress(body).count(b"otel.trace_id") == 3


def test_what_is_buffered_is_sent_at_the_end(collector, ports, intake):
    one = collector(config(ports), ports["http"])
    send(ports, 100)
    one.stop()
    assert sum(gzip.decompress(request[2]).count(b"otel.trace_id") for request in intake.posts()) == 100


def test_an_intake_that_is_not_there_ends_in_a_log_line(collector, ports):
    one = collector(config(ports), ports["http"])
    send(ports)
    one.stop()
    assert "Dropping payload, it was tried in vain" in one.log()
    assert "Error while validating API key" in one.log()
    assert KEY not in one.log()


def test_large_requests_are_split_and_nothing_is_lost(collector, ports, intake):
    one = collector(config(ports), ports["http"])
    for _ in range(4):
        send(ports, 5000)
    one.stop()
    assert len(intake.posts()) > 1
    assert sum(gzip.decompress(request[2]).count(b"otel.trace_id") for request in intake.posts()) == 20000


def test_a_key_that_is_not_valid_ends_the_start(collector, ports, intake):
    intake.statuses["/api/v1/validate"] = [403]
    one = collector(config(ports, strict="true"), ports["http"], start=False)
    with pytest.raises(AssertionError):
        one.start(ports["http"])
    assert "API Key validation failed" in one.log()
    assert KEY not in one.log()


def test_a_valid_key_does_not(collector, ports, intake):
    one = collector(config(ports, strict="true"), ports["http"])
    assert "API key validation successful." in one.log()
