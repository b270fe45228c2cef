"""Who sent telemetry, as an authenticator told it, is known to the exporter's."""
import base64
import struct
import urllib.request

from conftest import free_ports
from sink import Sink

CONFIG = """
extensions:
  basicauth: {{htpasswd: {{inline: "ann:pw"}}}}
  headers_setter: {{headers: [{{action: upsert, key: X-User, from_attribute: username}}]}}
receivers:
  jaeger: {{protocols: {{thrift_http: {{endpoint: "127.0.0.1:{http}", auth: {{authenticator: basicauth}}}}}}}}
exporters:
  otlp_http: {{endpoint: "http://127.0.0.1:{sink}", compression: none, auth: {{authenticator: headers_setter}}, sending_queue: {{enabled: false}}}}
service:
  extensions: [basicauth, headers_setter]
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{traces: {{receivers: [jaeger], exporters: [otlp_http]}}}}
"""


def jaeger_batch():
    """A process and one span in thrift's binary protocol."""
    def text(number, value):
        return struct.pack(">bhi", 11, number, len(value)) + value

    def integer(number, value):
        return struct.pack(">bhq", 10, number, value)

    span = b"".join(integer(number, 1) for number in (1, 2, 3, 4)) + text(5, b"op") + struct.pack(">bhi", 8, 7, 1) + integer(8, 1) + integer(9, 1) + b"\0"
    return struct.pack(">bh", 12, 1) + text(1, b"svc") + b"\0" + struct.pack(">bhbi", 15, 2, 12, 1) + span + b"\0"


def test_who_sent_jaegers_batches_is_known_to_the_exporter(collector):
    ports = dict(zip(("http", "sink"), free_ports(2)))
    sink = Sink(ports["sink"])
    collector(CONFIG.format(**ports), ports["http"])
    headers = {"Content-Type": "application/x-thrift", "Authorization": "Basic " + base64.b64encode(b"ann:pw").decode()}
    request = urllib.request.Request("http://127.0.0.1:%d/api/traces" % ports["http"], jaeger_batch(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 202
    assert sink.spans == 1
    assert sink.headers[0]["X-User"] == "ann"
