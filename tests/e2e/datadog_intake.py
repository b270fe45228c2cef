"""A Datadog intake that answers as it is told, with what the tests of Datadog's components share: a fixture that runs one on `ports["intake"]`, for the
ports of here or of the test's own, and the decoding of what was posted."""
import gzip
import http.server
import os
import sys
import threading

import pytest
from conftest import free_ports

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
import datadog_bodies  # noqa: E402

KEY = "0123456789abcdef0123456789abcdef"


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

    def decoded(self):
        """Everything that came for traces and statistics, as datadog_bodies shows it."""
        got = [(path, headers, gzip.decompress(body)) for path, headers, body, _ in self.requests if path.startswith("/api/v0.2/")]
        return datadog_bodies.normalise(got, {})


@pytest.fixture
def ports():
    return dict(zip(("http", "intake"), free_ports(2)))


@pytest.fixture
def intake(ports):
    one = Intake(ports["intake"])
    yield one
    one.close()
