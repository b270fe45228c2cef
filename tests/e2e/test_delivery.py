"""Nothing is lost and nothing is counted twice: failing next hops, reloads, kills."""
import http.client
import re
import threading

import grpc
import pytest
from conftest import free_ports, get, is_listening, post, wait_until
from payload import traces_request
from sink import Sink

CONFIG = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}
exporters:
  otlp_http:
    endpoint: "http://127.0.0.1:{sink}"
    compression: none
    retry_on_failure: {{initial_interval: 20ms, max_interval: 100ms}}
    sending_queue: {{queue_size: {queue}{storage}}}
{extensions}
service:
  {use}
  telemetry:
    metrics:
      level: normal
      readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {own}}}}}}}}}]
  pipelines:
    traces: {{receivers: [otlp], exporters: [otlp_http]}}
"""


def config(ports, queue=1000, folder=None):
    extensions = "extensions: {file_storage: {directory: '%s'}}" % folder if folder else ""
    return CONFIG.format(**ports, queue=queue, storage=", storage: file_storage" if folder else "", extensions=extensions, use="extensions: [file_storage]" if folder else "")


@pytest.fixture
def ports():
    names = ("http", "sink", "own")
    return dict(zip(names, free_ports(len(names))))


def own_metric(port, name):
    """The sum of all series of one of the program's own metrics."""
    return sum(float(line.rsplit(" ", 1)[1]) for line in get("http://127.0.0.1:%d/metrics" % port).splitlines() if re.match(name + r"(_total)?\{", line))


def send(port, body):
    return post("http://127.0.0.1:%d/v1/traces" % port, body, "application/x-protobuf")[0]


def test_a_million_spans_while_the_next_hop_fails_and_recovers(collector, ports):
    """What is refused is sent again by the client, as SDKs do; every span arrives once."""
    sink = Sink(ports["sink"])
    collector(config(ports, queue=100), ports["http"])
    total, per_request = 1_000_000, 2000
    body = traces_request("shop", "GET /cart", per_request)
    refused = 0
    for number in range(total // per_request):
        if number % 100 == 40:
            sink.status = 503
        if number % 100 == 60:
            sink.status = 200
        while send(ports["http"], body) != 200:
            refused += 1
            sink.status = 200
    sink.status = 200
    wait_until(lambda: sink.spans >= total, limit_s=60, what="every span at the next hop")
    wait_until(lambda: own_metric(ports["own"], "otelcol_exporter_sent_spans") == total, what="the counter of sent spans")
    assert sink.spans == total
    assert own_metric(ports["own"], "otelcol_receiver_accepted_spans") == total
    assert own_metric(ports["own"], "otelcol_receiver_refused_spans") == refused * per_request
    sink.close()


def test_reloads_lose_no_request(collector, ports):
    sink = Sink(ports["sink"])
    running = collector(config(ports), ports["http"])
    sent, failed, stop = [0], [], threading.Event()

    def client():
        body = traces_request("shop", "GET /cart", 10)
        while not stop.is_set():
            try:
                status = send(ports["http"], body)
            except OSError as error:
                status = repr(error)
            if status == 200:
                sent[0] += 10
            else:
                failed.append(status)

    thread = threading.Thread(target=client, daemon=True)
    thread.start()
    for number in range(5):
        before = sent[0]
        running.write(config(ports, queue=1000 + number))
        running.reload()
        wait_until(lambda: sent[0] > before + 200, what="requests after a reload")
    running.write("receivers: {nonsense: ")
    running.reload()
    before = sent[0]
    wait_until(lambda: sent[0] > before + 200, what="requests after a bad configuration, which leaves the old one running")
    stop.set()
    thread.join()
    assert not failed, failed[:3]
    wait_until(lambda: sink.spans == sent[0], what="every span at the next hop")
    sink.close()


def test_a_queue_on_disk_survives_a_kill(collector, ports, tmp_path):
    running = collector(config(ports, folder=tmp_path), ports["http"])
    for number in range(20):
        assert send(ports["http"], traces_request("shop", "span-%d" % number, 1)) == 200
    running.kill()
    sink = Sink(ports["sink"])
    running.start(ports["http"])
    wait_until(lambda: sink.spans >= 20, what="the queued spans")
    assert sorted(span.name for span in sink.all_spans()) == sorted("span-%d" % number for number in range(20))
    sink.close()


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_client_that_goes_away_ends_the_attempts(collector, ports, protocol):
    grpc_port = free_ports(1)[0]
    text = config(ports).replace("sending_queue: {queue_size: 1000}", "sending_queue: {enabled: false}").replace("protocols: {http:", "protocols: {grpc: {endpoint: 127.0.0.1:%d}, http:" % grpc_port)
    running = collector(text, ports["http"])
    body = traces_request("shop", "GET /cart", 3)
    if protocol == "http":
        client = http.client.HTTPConnection("127.0.0.1", ports["http"], timeout=20)
        client.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
    else:
        channel = grpc.insecure_channel("127.0.0.1:%d" % grpc_port)
        client = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export").future(body)
    wait_until(lambda: "Will retry the request after interval" in running.log(), what="an attempt that failed")
    assert "Rejecting data" not in running.log()
    client.close() if protocol == "http" else client.cancel()
    wait_until(lambda: "request is cancelled or timed out: " in running.log(), what="the end of the attempts")
    assert own_metric(ports["own"], "otelcol_exporter_send_failed_spans") == 3
    assert own_metric(ports["own"], "otelcol_receiver_refused_spans") == 3
