"""Bad configuration and bad requests: refused with a message that says what, where and what to do; the process stays up."""
import gzip
import os
import subprocess
import zlib

import pytest
from conftest import PROGRAM, free_ports, post
from payload import traces_request

CONFIG = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}", max_request_body_size: 100000}}}}}}
exporters:
  debug: {{verbosity: basic}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [debug]}}
"""

GOOD = traces_request("shop", "GET /cart", 3)
NESTED = b'{"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":' + b'{"arrayValue":{"values":[' * 5000 + b"]}}" * 5000 + b"}]}}]}"

# name: (body, content type, encoding, status)
REQUESTS = {
    "truncated protobuf": (GOOD[:-3], "application/x-protobuf", None, 400),
    "bytes of anything": (bytes(range(256)), "application/x-protobuf", None, 400),
    "truncated JSON": (b'{"resourceSpans":[{', "application/json", None, 400),
    "JSON nested too deep": (NESTED, "application/json", None, 400),
    "trace id of wrong length": (b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"abcd"}]}]}]}', "application/json", None, 400),
    "body over the limit": (b" " * 200000, "application/json", None, 400),
    "decompression bomb": (gzip.compress(b" " * 50_000_000), "application/json", "gzip", 400),
    "deflate bomb": (zlib.compress(b" " * 50_000_000), "application/json", "deflate", 400),
    "not gzip": (b"plainly not", "application/json", "gzip", 400),
    "unknown encoding": (GOOD, "application/x-protobuf", "br", 400),
    "unknown type": (GOOD, "text/csv", None, 415),
    "a good one": (GOOD, "application/x-protobuf", None, 200),
}


def test_requests(collector):
    http = free_ports(1)[0]
    running = collector(CONFIG.format(http=http), http)
    for name, (body, kind, encoding, wanted) in REQUESTS.items():
        status, answer = post("http://127.0.0.1:%d/v1/traces" % http, body, kind, {"Content-Encoding": encoding} if encoding else {})
        assert (name, status) == (name, wanted), answer
        assert wanted == 200 or len(answer) > 10, name  # says why
        assert running.process.poll() is None, name


# name: (configuration, words of the message)
CONFIGURATIONS = {
    "YAML syntax": ("receivers:\n  otlp: {protocols\n", ["config.yaml:", "error"]),
    "unknown option": (CONFIG.format(http=1).replace("verbosity", "verbosty"), ["config.yaml:5", "exporters", "debug", "verbosty", "did you mean verbosity?"]),
    "unknown component": (CONFIG.format(http=1).replace("debug:", "debugg:"), ["config.yaml:5", "debugg", "did you mean"]),
    "unreadable certificate": (CONFIG.format(http=1).replace("max_request_body_size: 100000", "tls: {cert_file: /nowhere/cert.pem, key_file: /nowhere/key.pem}"), ["/nowhere/", "otlp"]),
    "two errors at once": (CONFIG.format(http=1).replace("basic", "loud").replace("100000", "many"), ["loud", "many"]),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_configurations(tmp_path, name):
    text, words = CONFIGURATIONS[name]
    path = tmp_path / "config.yaml"
    path.write_text(text)
    done = subprocess.run([PROGRAM, "--config", str(path)], capture_output=True, text=True, timeout=20)
    assert done.returncode != 0
    assert not [word for word in words if word not in done.stderr], done.stderr


def test_a_port_already_taken(collector, tmp_path):
    http = free_ports(1)[0]
    collector(CONFIG.format(http=http), http)
    path = tmp_path / "second.yaml"
    path.write_text(CONFIG.format(http=http))
    done = subprocess.run([PROGRAM, "--config", str(path)], capture_output=True, text=True, timeout=20)
    assert done.returncode != 0 and "127.0.0.1:%d" % http in done.stderr and "in use" in done.stderr, done.stderr


def test_a_full_disk(collector, tmp_path):
    """The file exporter says so to the sender and goes on."""
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    http = free_ports(1)[0]
    text = CONFIG.format(http=http).replace("debug: {verbosity: basic}", "file: {path: /dev/full, append: true, flush_interval: 50ms}").replace("[debug]", "[file]")
    running = collector(text, http)
    big = traces_request("shop", "x" * 20000, 4)
    statuses = [post("http://127.0.0.1:%d/v1/traces" % http, big, "application/x-protobuf")[0] for _ in range(10)]
    assert any(status != 200 for status in statuses)
    assert running.process.poll() is None and "No space left" in running.log()
