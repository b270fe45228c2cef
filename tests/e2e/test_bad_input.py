"""Bad configuration and bad requests: refused with a message that says what, where and what to do; the process stays up."""
import gzip
import http.client
import json
import os
import pty
import re
import resource
import socket
import ssl
import subprocess
import zlib

import pytest
from conftest import PROGRAM, free_ports, get, limit, post, wait_until
from payload import traces_request
from sink import Sink

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


def json_request(**changes):
    span = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "GET /cart", "kind": 2, "startTimeUnixNano": "1000", "endTimeUnixNano": "2000"}
    resource_of_all = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return json.dumps({"resourceSpans": [{"resource": resource_of_all, "scopeSpans": [{"spans": [{**span, **changes}]}]}]}).encode()


NESTED = b'{"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":' + b'{"arrayValue":{"values":[' * 5000 + b"]}}" * 5000 + b"}]}}]}"

# name: (body, content type, encoding, status)
REQUESTS = {
    "truncated protobuf": (GOOD[:-3], "application/x-protobuf", None, 400),
    "bytes of anything": (bytes(range(256)), "application/x-protobuf", None, 400),
    "truncated JSON": (b'{"resourceSpans":[{', "application/json", None, 400),
    "JSON nested too deep": (NESTED, "application/json", None, 400),
    "values nested too deep": (b"\x0a" * 100_000, "application/x-protobuf", None, 400),
    "trace id of wrong length": (json_request(traceId="abcd"), "application/json", None, 400),
    "span id that is not hexadecimal": (json_request(spanId="z" * 16), "application/json", None, 400),
    "trace id of wrong length in protobuf": (bytes.fromhex("0a0912071205") + b"\x0a\x03abc", "application/x-protobuf", None, 400),
    "time before 1970": (json_request(startTimeUnixNano="-1"), "application/json", None, 400),
    "number out of range": (json_request(kind=99999999999), "application/json", None, 400),
    "end before start": (json_request(startTimeUnixNano="2000", endTimeUnixNano="1000"), "application/json", None, 200),
    "duplicate keys": (b'{"resourceSpans":[{"nonsense":1}],"resourceSpans":[]}', "application/json", None, 200),
    "invalid UTF-8": (json_request(name="@").replace(b"@", b"a\xff\xfe"), "application/json", None, 200),
    "empty JSON": (b"", "application/json", None, 400),
    "a list": (b"[]", "application/json", None, 400),
    "body over the limit": (b" " * 200000, "application/json", None, 400),
    "decompression bomb": (gzip.compress(b" " * 50_000_000), "application/json", "gzip", 400),
    "zstd bomb": (subprocess.run(["zstd", "-c"], input=b" " * 50_000_000, capture_output=True, check=True).stdout, "application/json", "zstd", 400),
    "deflate bomb": (zlib.compress(b" " * 50_000_000), "application/json", "deflate", 400),
    "gzip with bytes behind it": (gzip.compress(GOOD) + b"garbage", "application/x-protobuf", "gzip", 400),
    "gzip cut short": (gzip.compress(GOOD)[:-5], "application/x-protobuf", "gzip", 400),
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


# What a request may look like that one server in front of another takes for two, or for none.
HEADS = {
    "lengths that differ": b"Content-Length: 5\r\nContent-Length: 6\r\n",
    "length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "a coding below chunked": b"Transfer-Encoding: gzip, chunked\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "an unknown coding": b"Transfer-Encoding: xchunked\r\n",
    "a name with a space": b"Content-Length : 5\r\n",
    "a signed length": b"Content-Length: +5\r\n",
    "a length over 64 bits": b"Content-Length: 99999999999999999999999\r\n",
    "two hosts": b"Host: b\r\nContent-Length: 0\r\n",
}


def exchange(port, sent):
    """All that the server answers until it closes."""
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        client.sendall(sent)
        answer = b""
        while True:
            try:
                more = client.recv(65536)
            except ConnectionResetError:
                return answer
            if not more:
                return answer
            answer += more


def test_heads_that_can_be_read_in_two_ways(collector):
    http = free_ports(1)[0]
    running = collector(CONFIG.format(http=http), http)
    for name, lines in HEADS.items():
        answer = exchange(http, b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n" + lines + b"\r\n0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1") == 1, (name, answer)
    assert exchange(http, bytes(range(256)) * 100).startswith(b"HTTP/1.1 400 ")
    assert running.process.poll() is None


METRICS = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}
connectors:
  span_metrics: {{metrics_flush_interval: 50ms}}
exporters:
  prometheus: {{endpoint: "127.0.0.1:{page}"}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [span_metrics]}}
    metrics: {{receivers: [span_metrics], exporters: [prometheus]}}
"""


def test_odd_spans_leave_the_page_of_metrics_readable(collector):
    """A scraper drops a page with one bad byte; a span that ends before it starts lasted no time, not 584 years."""
    http, page = free_ports(2)
    collector(METRICS.format(http=http, page=page), http)
    for body in (json_request(name="@").replace(b"@", b"a\xff\xfe"), json_request(name='quote " and \n line', startTimeUnixNano="2000", endTimeUnixNano="1000")):
        assert post("http://127.0.0.1:%d/v1/traces" % http, body, "application/json")[0] == 200

    def text():
        page_text = get("http://127.0.0.1:%d/metrics" % page)  # decoding fails for invalid UTF-8
        return page_text if "quote" in page_text else None

    sums = [line for line in wait_until(text, what="the series").splitlines() if "duration_milliseconds_sum" in line]
    assert sums and all(0 <= float(line.rsplit(" ", 1)[1]) < 1 for line in sums), sums


# name: (configuration, words of the message)
CONFIGURATIONS = {
    "YAML syntax": ("receivers:\n  otlp: {protocols\n", ["config.yaml:", "error"]),
    "unknown option": (CONFIG.format(http=1).replace("verbosity", "verbosty"), ["config.yaml:5", "exporters", "debug", "verbosty", "did you mean verbosity?"]),
    "unknown component": (CONFIG.format(http=1).replace("debug:", "debugg:"), ["config.yaml:5", "debugg", "did you mean"]),
    "unreadable certificate": (CONFIG.format(http=1).replace("max_request_body_size: 100000", "tls: {cert_file: /nowhere/cert.pem, key_file: /nowhere/key.pem}"), ["/nowhere/", "otlp"]),
    "duplicate keys": (CONFIG.format(http=1).replace("exporters:\n", "exporters:\n  debug:\n", 1), ["config.yaml:6", "debug"]),
    "invalid UTF-8": (CONFIG.format(http=1).replace("basic", "b\udcffsic"), ["config.yaml"]),
    "no such address": (CONFIG.format(http=1).replace("127.0.0.1:1", "192.0.2.1:1"), ["192.0.2.1:1", "otlp"]),
    "a folder that is not there": (CONFIG.format(http=1).replace("debug: {verbosity: basic}", "file: {path: /nowhere/out.json}").replace("[debug]", "[file]"), ["/nowhere/", "file"]),
    "an empty file": ("", ["config.yaml: error: empty configuration file"]),
    "only a comment": ("# later\n", ["config.yaml: error: empty configuration file"]),
    "the exporter that debug replaced": (CONFIG.format(http=1).replace("debug:", "logging:"), ["config.yaml:5", "use the debug exporter instead"]),
    "a connector among the exporters": (CONFIG.format(http=1).replace("debug: {verbosity: basic}", "count: ").replace("[debug]", "[count]"), ["config.yaml:5", "count belongs under connectors:"]),
    "an endpoint without a scheme": (CONFIG.format(http=1).replace("debug: {verbosity: basic}", "otlp_http: {endpoint: 'localhost:4318'}").replace("[debug]", "[otlp_http]"), ["config.yaml:5", "otlp_http::endpoint: endpoint localhost:4318: must begin with http:// or https://"]),
    "an endpoint of remote write without a scheme": (CONFIG.format(http=1).replace("debug: {verbosity: basic}", "prometheus_remote_write: {endpoint: 'localhost:9090/api/v1/write'}").replace("[debug]", "[prometheus_remote_write]").replace("traces:", "metrics:"), ["config.yaml:5", "prometheus_remote_write::endpoint: endpoint localhost:9090/api/v1/write: must begin with http:// or https://"]),
    "a remote write to nowhere": (CONFIG.format(http=1).replace("debug: {verbosity: basic}", "prometheus_remote_write: {endpoint: ''}").replace("[debug]", "[prometheus_remote_write]").replace("traces:", "metrics:"), ["config.yaml:5", "prometheus_remote_write::endpoint: invalid endpoint"]),
    "an external label without a value": (CONFIG.format(http=1).replace("debug: {verbosity: basic}", "prometheus_remote_write: {endpoint: 'http://a', external_labels: {a: ''}}").replace("[debug]", "[prometheus_remote_write]").replace("traces:", "metrics:"), ["config.yaml:5", "prometheus remote write: external labels configuration contains an empty key or value"]),
    "an endpoint of one signal with another scheme": (CONFIG.format(http=1).replace("debug: {verbosity: basic}", "otlp_http: {traces_endpoint: 'ftp://u:hunter2@a', logs_endpoint: 'http://a'}").replace("[debug]", "[otlp_http]"), ["config.yaml:5", "otlp_http::traces_endpoint: endpoint ftp://u:***@a: must begin with"]),
    "a proxy without a scheme": (CONFIG.format(http=1).replace("debug: {verbosity: basic}", "otlp_http: {endpoint: 'http://a', proxy_url: 'b:3128'}").replace("[debug]", "[otlp_http]"), ["otlp_http", "proxy_url", "b:3128", "http://host:port"]),
    "a queue in a storage without a name": (CONFIG.format(http=1).replace("debug: {verbosity: basic}", "otlp_http: {endpoint: 'http://a', sending_queue: {storage: ''}}").replace("[debug]", "[otlp_http]"), ["config.yaml:5", "sending_queue::storage: id must not be empty"]),
    "a log that cannot be opened": (CONFIG.format(http=1).replace("telemetry: {", "telemetry: {logs: {output_paths: [/nowhere/log]}, "), ["cannot write the log: open /nowhere/log: no such file or directory"]),
    "two errors at once": (CONFIG.format(http=1).replace("basic", "loud").replace("100000", "many"), ["loud", "many"]),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_configurations(tmp_path, name):
    text, words = CONFIGURATIONS[name]
    path = tmp_path / "config.yaml"
    path.write_text(text, errors="surrogateescape")
    done = subprocess.run([PROGRAM, "--config", str(path)], capture_output=True, text=True, errors="replace", timeout=20)
    assert done.returncode == 1, done.stderr  # not by a signal
    assert not [word for word in words if word not in done.stderr], done.stderr


OTTL = """
receivers: {{otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:1"}}}}}}}}
processors: {{{processor}}}
connectors: {{{connector}}}
exporters: {{nop: null}}
service: {{pipelines: {{traces: {{receivers: [otlp], processors: [{used}], exporters: [{sink}]}}, metrics: {{receivers: [count], exporters: [nop]}}}}}}
"""
CONDITION = "{name: x, type: ottl_condition, ottl_condition: {span: ['nam == 1']}}"
POLICY = "tail_sampling: {policies: [{name: p, type: %s, %s}]}"

# name: (processor, connector, the component that is named)
STATEMENTS = {
    "transform": ("transform: {trace_statements: ['set(span.nam, 1)']}", None, "transform"),
    "filter": ("filter: {traces: {span: ['nam == 1']}}", None, "filter"),
    "count": (None, "count: {spans: {c: {conditions: ['nam == 1']}}}", "count"),
    "tail_sampling": ("tail_sampling: {policies: [%s]}" % CONDITION, None, "tail_sampling"),
    "tail_sampling, and": (POLICY % ("and", "and: {and_sub_policy: [%s]}" % CONDITION), None, "tail_sampling"),
    "tail_sampling, not": (POLICY % ("not", "not: {not_sub_policy: %s}" % CONDITION), None, "tail_sampling"),
    "tail_sampling, drop": (POLICY % ("drop", "drop: {drop_sub_policy: [%s]}" % CONDITION), None, "tail_sampling"),
    "tail_sampling, composite": (POLICY % ("composite", "composite: {max_total_spans_per_second: 9, composite_sub_policy: [%s]}" % CONDITION), None, "tail_sampling"),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements_are_refused_with_place_caret_and_suggestion(tmp_path, name):
    processor, connector, component = STATEMENTS[name]
    path = tmp_path / "config.yaml"
    path.write_text(OTTL.format(processor=processor or "", connector=connector or "count: null", used=component if processor else "", sink="count"))
    done = subprocess.run([PROGRAM, "validate", "--config", str(path)], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert re.match(r".*config\.yaml:%d:\d+: error: .*%s.*nam is not a path of the context span" % (3 if processor else 4, component), lines[0]), done.stderr
    column = lines[1].index("span.nam" if name == "transform" else "nam")
    assert lines[2][column:].startswith("^~~") and not lines[2][:column].strip(), done.stderr
    assert re.search(r"\bname\b", "\n".join(line for line in lines[2:] if "nam ==" not in line)), done.stderr


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
    assert running.process.poll() is None and "no space left" in running.log()


STORED = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}
extensions: {{file_storage: {{directory: "{folder}"}}}}
exporters:
  otlp_http: {{endpoint: "http://127.0.0.1:{sink}", compression: none, retry_on_failure: {{initial_interval: 20ms, max_interval: 50ms}}, sending_queue: {{storage: file_storage}}}}
service:
  extensions: [file_storage]
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [otlp_http]}}
"""


def test_a_disk_that_fills_under_the_queue(collector, tmp_path):
    """What does not fit is refused, what was accepted arrives after a kill and a restart with room."""
    http, sink_port = free_ports(2)
    running = collector(STORED.format(http=http, sink=sink_port, folder=tmp_path), http, start=False)
    running.start(http, limits=[(resource.RLIMIT_FSIZE, 200_000)])
    accepted, answers = 0, []
    for number in range(40):
        status, answer = post("http://127.0.0.1:%d/v1/traces" % http, traces_request("shop", "x" * 2000, 5), "application/x-protobuf")
        accepted += 5 if status == 200 else 0
        answers += [answer] if status != 200 else []
    assert 0 < accepted < 200 and all(b"storage" in answer and b"otlp_http" in answer for answer in answers), answers[-1:]
    running.kill()
    sink = Sink(sink_port)
    running.start(http)
    wait_until(lambda: sink.spans >= accepted, what="what had been accepted")
    running.stop()
    assert sink.spans == accepted
    sink.close()


def test_a_disk_without_room_for_the_counters(tmp_path):
    path = tmp_path / "config.yaml"
    http, page = free_ports(2)
    text = METRICS.format(http=http, page=page).replace("50ms}", "50ms, storage: file_storage}")
    path.write_text(text.replace("service:\n", "extensions: {file_storage: {directory: '%s'}}\nservice:\n  extensions: [file_storage]\n" % tmp_path))
    done = subprocess.run([PROGRAM, "--config", str(path)], capture_output=True, text=True, timeout=20, preexec_fn=lambda: limit([(resource.RLIMIT_FSIZE, 9000)]))
    assert done.returncode == 1, done.stderr
    assert 'failed to start "span_metrics" connector' in done.stderr and str(tmp_path) in done.stderr, done.stderr


def test_more_connections_than_descriptors(collector):
    """Those that wait are served when others have gone."""
    http = free_ports(1)[0]
    running = collector(CONFIG.format(http=http), http, start=False)
    running.start(http, limits=[(resource.RLIMIT_NOFILE, 64)])
    idle = [socket.create_connection(("127.0.0.1", http)) for _ in range(100)]
    wait_until(lambda: "cannot accept connections for now" in running.log(), what="the message")
    for one in idle:
        one.close()
    assert post("http://127.0.0.1:%d/v1/traces" % http, GOOD, "application/x-protobuf")[0] == 200


def certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=" + name, "-keyout", folder / (name + ".key"), "-out", folder / (name + ".crt")], check=True, capture_output=True)
    return (folder / (name + ".crt")).read_text(), (folder / (name + ".key")).read_text()


def tls_client(port):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=context)


def test_tls_is_not_moved_by_what_is_not_tls(collector, tmp_path):
    http_port = free_ports(1)[0]
    certificate(tmp_path, "a")
    certificate(tmp_path, "b")
    text = CONFIG.format(http=http_port).replace("max_request_body_size: 100000", "read_header_timeout: 200ms, tls: {cert_file: a.crt, key_file: a.key}")
    running = collector(text, http_port)
    silent = socket.create_connection(("127.0.0.1", http_port), 20)
    assert silent.recv(1) == b""  # a handshake that hangs is given up
    for sent in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", bytes(range(256)) * 20, bytes.fromhex("1603010000") * 100, bytes.fromhex("15030100020228")):
        exchange(http_port, sent)
    with pytest.raises(ssl.SSLError):
        ssl.create_default_context().wrap_socket(socket.create_connection(("127.0.0.1", http_port), 20), server_hostname="a")
    for why in ("http request", "unknown ca"):
        wait_until(lambda: re.search("A client's TLS handshake failed.*\"peer\": \"127.0.0.1:[0-9]+\", \"error\": \"TLS handshake: .*" + why, running.log()), what="a line about " + why)
    client = tls_client(http_port)
    client.request("POST", "/v1/traces", GOOD, {"Content-Type": "application/x-protobuf"})
    assert client.getresponse().status == 200
    client.close()
    (tmp_path / "body").write_bytes(GOOD)
    over_http2 = ["curl", "-sSk", "--http2", "-w", "%{http_version} %{http_code}", "-o", "answer", "--data-binary", "@body", "-H", "Content-Type: application/x-protobuf", "https://127.0.0.1:%d/v1/traces" % http_port]
    assert subprocess.run(over_http2, cwd=tmp_path, capture_output=True, text=True, check=True).stdout == "2 200"
    running.write(text.replace("a.key", "b.key"))
    running.reload()
    wait_until(lambda: "does not belong to certificate" in running.log(), what="the refusal of a key that does not fit")
    assert running.process.poll() is None


def test_an_encrypted_key_is_refused_and_nobody_is_asked(tmp_path):
    """OpenSSL would ask for the passphrase at the terminal, at a reload too, and everything would wait for the answer."""
    certificate(tmp_path, "a")
    subprocess.run(["openssl", "rsa", "-aes128", "-passout", "pass:secret", "-in", "a.key", "-out", "encrypted.key"], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "none.crt").write_text("this is no certificate\n")
    for certificate_file, key_file, why in (("a.crt", "encrypted.key", "key encrypted.key: it is encrypted; store it without a passphrase"), ("none.crt", "a.key", "certificate none.crt: failed to find any PEM data"), ("a.crt", "none.crt", "key none.crt: ")):
        (tmp_path / "config.yaml").write_text(CONFIG.format(http=0).replace("max_request_body_size: 100000", "tls: {cert_file: %s, key_file: %s}" % (certificate_file, key_file)))
        # A terminal of its own: whoever asked would be waited for.
        main, terminal = pty.openpty()
        done = subprocess.run([PROGRAM, "--config", "config.yaml"], cwd=tmp_path, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30, start_new_session=True)
        os.close(main)
        os.close(terminal)
        assert done.returncode == 1
        assert why in done.stdout and "pass phrase" not in done.stdout


def test_a_folder_or_nothing_for_a_configuration(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.yaml").write_text("")
    for given, why in (("folder", "read folder: is a directory without *.alloy or *.river files; name a file"), ("empty.yaml", "empty.yaml: error: empty configuration file")):
        done = subprocess.run([PROGRAM, "validate", "--config", given], cwd=tmp_path, capture_output=True, text=True, timeout=30)
        assert done.returncode == 1 and why in done.stderr
