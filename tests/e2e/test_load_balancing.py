"""Traces that are spread over next hops: each whole, always to the same one, also while one of them is away."""
import json
import subprocess

import pytest

from conftest import Collector, free_ports, post, wait_until
from payload import traces_request
from sink import Sink

HOPS = 3


def next_hops(collector, grpc_ports, sinks):
    config = {"receivers": {}, "exporters": {}, "service": {"telemetry": {"metrics": {"level": "none"}}, "pipelines": {}}}
    for number, (port, sink_port) in enumerate(zip(grpc_ports, sinks)):
        config["receivers"]["otlp/%d" % number] = {"protocols": {"grpc": {"endpoint": "127.0.0.1:%d" % port}}}
        config["exporters"]["otlp_http/%d" % number] = {"endpoint": "http://127.0.0.1:%d" % sink_port, "compression": "none"}
        config["service"]["pipelines"]["traces/%d" % number] = {"receivers": ["otlp/%d" % number], "exporters": ["otlp_http/%d" % number]}
    return collector(json.dumps(config), grpc_ports[-1])


def balancer(port, grpc_ports, resolver=None, **more):
    exporter = {"protocol": {"otlp": {"tls": {"insecure": True}, "retry_on_failure": {"initial_interval": "100ms"}}},
                "resolver": resolver or {"static": {"hostnames": ["127.0.0.1:%d" % one for one in grpc_ports]}}, **more}
    return json.dumps({"receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:%d" % port}}}}, "exporters": {"load_balancing": exporter},
                       "service": {"telemetry": {"metrics": {"level": "none"}}, "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["load_balancing"]}}}})


def test_each_trace_goes_to_one_next_hop(collector, tmp_path):
    port, *grpc_ports = free_ports(1 + HOPS)
    sink_ports = free_ports(HOPS)
    sinks = [Sink(one) for one in sink_ports]
    next_hops(collector, grpc_ports, sink_ports)
    folder = tmp_path / "balancer"
    folder.mkdir()
    one = Collector(folder, balancer(port, grpc_ports), {}).start(port)
    try:
        body = traces_request("shop", "buy", 300)
        for _ in range(2):  # the same traces again: to the same next hops
            assert post("http://127.0.0.1:%d/v1/traces" % port, body, "application/x-protobuf")[0] == 200
        wait_until(lambda: sum(sink.spans for sink in sinks) == 600, what="all spans")
        found = [{span.trace_id for span in sink.all_spans()} for sink in sinks]
        assert all(found), "every next hop has some"
        assert sum(len(ids) for ids in found) == len(set().union(*found)) == 300, "no trace is at two next hops"
        one.reload()
        assert post("http://127.0.0.1:%d/v1/traces" % port, body, "application/x-protobuf")[0] == 200
        wait_until(lambda: sum(sink.spans for sink in sinks) == 900, what="all spans after a reload")
        assert [{span.trace_id for span in sink.all_spans()} for sink in sinks] == found
    finally:
        one.stop()
        for sink in sinks:
            sink.close()


def test_resolves_a_name(collector, tmp_path):
    port, grpc_port = free_ports(2)
    (sink_port,) = free_ports(1)
    sink = Sink(sink_port)
    next_hops(collector, [grpc_port], [sink_port])
    folder = tmp_path / "balancer"
    folder.mkdir()
    resolver = {"dns": {"hostname": "127.0.0.1", "port": str(grpc_port), "interval": "100ms"}}
    one = Collector(folder, balancer(port, [], resolver, routing_key="service"), {}).start(port)
    try:
        assert post("http://127.0.0.1:%d/v1/traces" % port, traces_request("shop", "buy", 10), "application/x-protobuf")[0] == 200
        wait_until(lambda: sink.spans == 10, what="all spans")
    finally:
        one.stop()
        sink.close()


def test_what_comes_before_the_first_answer_of_dns_waits_for_it(tmp_path):
    (port,) = free_ports(1)
    resolver = {"dns": {"hostname": "nowhere.invalid", "interval": "1h", "timeout": "2s"}}
    one = Collector(tmp_path, balancer(port, [], resolver), {}).start(port)
    try:
        status, body = post("http://127.0.0.1:%d/v1/traces" % port, traces_request("shop", "buy", 10), "application/x-protobuf")
        assert "failed to resolve" in one.log()
        assert (status, b"couldn't find the exporter" in body) == (503, True)
    finally:
        one.stop()


@pytest.mark.parametrize("kind", ["dns", "static"])
def test_a_next_hop_that_could_not_be_made_is_tried_again(collector, tmp_path, kind):
    port, grpc_port, sink_port = free_ports(3)
    sink = Sink(sink_port)
    folder = tmp_path / "balancer"
    folder.mkdir()
    resolver = {"dns": {"hostname": "127.0.0.1", "port": str(grpc_port), "interval": "100ms"}} if kind == "dns" else None
    config = json.loads(balancer(port, [grpc_port], resolver))
    config["exporters"]["load_balancing"]["protocol"]["otlp"]["tls"] = {"ca_file": str(tmp_path / "a.crt")}
    one = Collector(folder, json.dumps(config), {}).start(port)
    try:
        assert "failed to start new exporter for endpoint" in one.log()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", tmp_path / "a.key", "-out", tmp_path / "a.crt"], check=True, capture_output=True)
        hop = {"receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:%d" % grpc_port, "tls": {"cert_file": str(tmp_path / "a.crt"), "key_file": str(tmp_path / "a.key")}}}}},
               "exporters": {"otlp_http": {"endpoint": "http://127.0.0.1:%d" % sink_port, "compression": "none"}},
               "service": {"telemetry": {"metrics": {"level": "none"}}, "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["otlp_http"]}}}}
        collector(json.dumps(hop), grpc_port)

        def arrives():
            post("http://127.0.0.1:%d/v1/traces" % port, traces_request("shop", "buy", 10), "application/x-protobuf")
            return sink.spans > 0

        wait_until(arrives, what="spans at the next hop")
    finally:
        one.stop()
        sink.close()
