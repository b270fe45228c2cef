"""spanmill send: both protocols, with TLS and without, and what it says when it fails."""
import subprocess

import pytest
from conftest import PROGRAM, free_ports

CONFIG = """
receivers:
  otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:{grpc}"}}, http: {{endpoint: "127.0.0.1:{http}", include_metadata: true}}}}}}
  otlp/password: {{protocols: {{grpc: {{endpoint: "127.0.0.1:{grpc_password}", auth: {{authenticator: basicauth}}}}, http: {{endpoint: "127.0.0.1:{http_password}", auth: {{authenticator: basicauth}}}}}}}}
  otlp/away: {{protocols: {{grpc: {{endpoint: "127.0.0.1:{grpc_away}"}}}}}}
  otlp/tls:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{grpcs}", tls: {{cert_file: a.crt, key_file: a.key}}}}
      http: {{endpoint: "127.0.0.1:{https}", tls: {{cert_file: a.crt, key_file: a.key}}}}
exporters:
  debug: {{verbosity: basic}}
  otlp_grpc: {{endpoint: "127.0.0.1:1", tls: {{insecure: true}}, sending_queue: {{enabled: false}}, retry_on_failure: {{enabled: false}}}}
extensions: {{basicauth: {{htpasswd: {{inline: "alice:secret"}}}}}}
service:
  extensions: [basicauth]
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp, otlp/password, otlp/tls], exporters: [debug]}}
    traces/away: {{receivers: [otlp/away], exporters: [otlp_grpc]}}
"""


def send(*flags):
    done = subprocess.run([PROGRAM, "send", *flags], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def ports(collector, tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", tmp_path / "a.key", "-out", tmp_path / "a.crt"], check=True, capture_output=True)
    ports = dict(zip(("grpc", "http", "grpcs", "https", "grpc_password", "http_password", "grpc_away"), free_ports(7)))
    collector(CONFIG.format(**ports), ports["https"])
    return ports


def test_all_ways_to_send(ports, tmp_path):
    authority = str(tmp_path / "a.crt")
    ways = (
        ("127.0.0.1:%d" % ports["grpc"],),
        ("http://127.0.0.1:%d" % ports["http"], "--header", "x-tenant=a", "--header", "x-b=c=d"),
        ("http://127.0.0.1:%d/v1/traces" % ports["http"],),
        ("127.0.0.1:%d" % ports["grpcs"], "--ca-file", authority),
        ("127.0.0.1:%d" % ports["grpcs"], "--insecure-skip-verify"),
        ("https://127.0.0.1:%d/" % ports["https"], "--ca-file", authority),
        ("https://127.0.0.1:%d" % ports["https"], "--insecure-skip-verify"),
    )
    for endpoint, *flags in ways:
        status, out, errors = send("--endpoint", endpoint, "--count", "3", *flags)
        assert (status, errors) == (0, ""), endpoint
        assert out.startswith("Sent 3 traces (27 spans of 5 services, "), endpoint


def test_what_it_says_when_it_fails(ports):
    nobody = free_ports(1)[0]
    cases = (
        (("--endpoint", "127.0.0.1:%d" % nobody), "Is a collector running there?"),
        (("--endpoint", "127.0.0.1:%d" % nobody), "no answer from 127.0.0.1:%d: connection error" % nobody),
        (("--endpoint", "127.0.0.1:%d" % ports["grpc_away"]), "answered with gRPC code 14"),  # somebody is there, whose next hop is not
        (("--endpoint", "127.0.0.1:%d" % ports["grpcs"], "--tls"), "Name who signed it with --ca-file"),
        (("--endpoint", "https://127.0.0.1:%d" % ports["https"]), "certificate not accepted: self-signed certificate"),
        (("--endpoint", "https://127.0.0.1:%d" % ports["https"], "--ca-file", "/nowhere"), "open /nowhere: no such file or directory"),
        (("--endpoint", "ftp://127.0.0.1"), "is neither host:port nor http://host:port nor https://host:port"),
        (("--endpoint", "http://127.0.0.1:%d/nowhere" % ports["http"]), "answered with HTTP status 404"),
        (("--endpoint", "127.0.0.1:%d" % ports["grpc_password"]), "Give what the collector asks for with --header"),
        (("--endpoint", "http://127.0.0.1:%d" % ports["http_password"]), "Give what the collector asks for with --header"),
        (("--count", "1.5"), "--count: 1.5 is not a number of traces"),
        (("--rate", "-1"), "--rate: -1 is not a number of traces a second"),
        (("--header", "name"), "--header: name is not NAME=VALUE"),
    )
    for flags, message in cases:
        status, out, errors = send(*flags)
        assert (status, out) == (1, ""), flags
        assert message in errors, flags
        assert ("Is a collector running" in errors) == (str(nobody) in str(flags)), flags
