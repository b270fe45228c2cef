"""tail_sampling over restarts and with little memory."""
import json
import os
import subprocess

import pytest
from conftest import PROGRAM, free_ports, get, post, wait_until

CONFIG = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}}}}}
extensions:
  file_storage: {{directory: "{folder}/store", create_directory: true}}
processors:
  tail_sampling:
    decision_wait: {wait}
    num_traces: 100000
    storage: file_storage
    {more}
    policies: [{{name: all, type: always_sample}}]
exporters:
  file: {{path: "{folder}/out.json", flush_interval: 100ms}}
service:
  extensions: [file_storage]
  telemetry: {{metrics: {{readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {own}}}}}}}}}]}}}}
  pipelines: {{traces: {{receivers: [otlp], processors: [tail_sampling], exporters: [file]}}}}
"""


def request(trace_numbers, text=""):
    spans = [{"traceId": "%032x" % (n + 1), "spanId": "%016x" % (n + 1), "name": "s%d" % n, "startTimeUnixNano": "1", "endTimeUnixNano": "2",
              "attributes": [{"key": "text", "value": {"stringValue": text}}]} for n in trace_numbers]
    return json.dumps({"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": spans}]}]}).encode()


def spans_by_trace(path):
    """Names of spans by trace, and how many requests brought them."""
    found, requests = {}, 0
    if not path.exists():
        return found, requests
    for line in path.read_text().splitlines():
        requests += 1
        for group in json.loads(line)["resourceSpans"]:
            for scope in group["scopeSpans"]:
                for span in scope["spans"]:
                    found.setdefault(span["traceId"], []).append(span["name"])
    return found, requests


@pytest.fixture
def ports():
    names = ("http", "own")
    return dict(zip(names, free_ports(len(names))))


def send(ports, trace_numbers, text=""):
    status, _ = post("http://127.0.0.1:%d/v1/traces" % ports["http"], request(trace_numbers, text), "application/json")
    assert status == 200


def test_undecided_traces_outlive_a_restart_and_are_decided_once(collector, ports, tmp_path):
    running = collector(CONFIG.format(folder=tmp_path, wait="60s", more="", **ports), ports["http"])
    for first in range(0, 500, 50):
        send(ports, range(first, first + 50))
    running.stop()
    assert spans_by_trace(tmp_path / "out.json")[0] == {}
    running.write(CONFIG.format(folder=tmp_path, wait="2s", more="", **ports))
    running.start(ports["http"])
    send(ports, range(500))  # the other halves
    wait_until(lambda: len(spans_by_trace(tmp_path / "out.json")[0]) == 500, what="500 traces")
    running.stop()
    found, requests = spans_by_trace(tmp_path / "out.json")
    assert requests == 500
    assert all(names == ["s%d" % (int(trace, 16) - 1)] * 2 for trace, names in found.items())


def test_a_reload_hands_undecided_traces_over(collector, ports, tmp_path):
    running = collector(CONFIG.format(folder=tmp_path, wait="60s", more="", **ports), ports["http"])
    send(ports, range(20))
    running.write(CONFIG.format(folder=tmp_path, wait="1s", more="", **ports))
    running.reload()
    wait_until(lambda: len(spans_by_trace(tmp_path / "out.json")[0]) == 20, what="20 traces")


def sum_of(page, name):
    return sum(float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.startswith(name))


def test_a_memory_limit_drops_the_oldest_traces(collector, ports, tmp_path):
    collector(CONFIG.format(folder=tmp_path, wait="60s", more="memory_limit_mib: 1", **ports), ports["http"])
    noise = os.urandom(50000).hex()
    for n in range(100):
        send(ports, [n], noise)
    wait_until(lambda: sum_of(get("http://127.0.0.1:%d/metrics" % ports["own"]), "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early") > 0, what="dropped traces")


def test_a_spill_holds_what_memory_does_not(collector, ports, tmp_path):
    collector(CONFIG.format(folder=tmp_path, wait="3s", more="memory_limit_mib: 1\n    spill_to_storage: true", **ports), ports["http"])
    noise = os.urandom(50000).hex()
    for n in range(100):
        send(ports, [n], noise)
    wait_until(lambda: len(spans_by_trace(tmp_path / "out.json")[0]) == 100, what="100 traces")
    assert sum_of(get("http://127.0.0.1:%d/metrics" % ports["own"]), "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early") == 0


def test_a_reload_takes_the_spill_over(collector, ports, tmp_path):
    more = "memory_limit_mib: 1\n    spill_to_storage: true"
    running = collector(CONFIG.format(folder=tmp_path, wait="60s", more=more, **ports), ports["http"])
    noise = os.urandom(50000).hex()
    for n in range(50):
        send(ports, [n], noise)
    running.write(CONFIG.format(folder=tmp_path, wait="1s", more=more, **ports))
    running.reload()
    wait_until(lambda: len(spans_by_trace(tmp_path / "out.json")[0]) == 50, what="50 traces of the configuration before")
    for n in range(50, 100):
        send(ports, [n], noise)
    wait_until(lambda: len(spans_by_trace(tmp_path / "out.json")[0]) == 100, what="100 traces")
    assert "not reloaded" not in running.log()


def test_a_start_that_fails_leaves_the_running_configuration(collector, ports, tmp_path):
    running = collector(CONFIG.format(folder=tmp_path, wait="1s", more="", **ports), ports["http"])
    running.write(CONFIG.format(folder=tmp_path, wait="1s", more="", **ports).replace("storage: file_storage", "storage: otlp"))
    running.reload()
    wait_until(lambda: "Configuration not reloaded" in running.log(), what="a refused configuration")
    send(ports, range(10))
    wait_until(lambda: len(spans_by_trace(tmp_path / "out.json")[0]) == 10, what="10 traces")


BAD = """receivers: {{otlp: {{protocols: {{http: }}}}}}
processors:
  {processor}
exporters: {{nop: }}
service: {{pipelines: {{traces: {{receivers: [otlp], processors: [{name}], exporters: [nop]}}}}}}
"""


@pytest.mark.parametrize("processor, column, messages", [
    ("probabilistic_sampler: {sampling_percentage: -1}", 26, ["sampling rate is negative"]),
    ("probabilistic_sampler: {mode: propotional}", 33, ["propotional", "did you mean proportional?"]),
    ("tail_sampling: {policies: [{name: p, type: latncy}]}", 30, ["unknown sampling policy type latncy", "did you mean latency?"]),
    ("tail_sampling: {policies: [{name: p, type: latency}]}", 30, ["needs a section of that name", 'add "latency:" beside "type:"']),
    ("tail_sampling: {policies: [{name: p, type: and, and: {and_sub_policy: [{name: q, type: drop}]}}]}", 30, ["unknown sampling policy type drop"]),
    ("tail_sampling: {policies: [{name: p, type: and, and: {and_sub_policy: [{name: q, type: latency}]}}]}", 30, ["needs a section"]),
    ("tail_sampling: {policies: [{name: p, type: string_attribute, string_attribute: {key: a, values: ['('], enabled_regex_matching: true}}]}", 30, ["invalid regex"]),
    ("tail_sampling: {policies: [{name: p, type: ottl_condition, ottl_condition: {span: ['atributes[\"a\"] == 1']}}]}", None, ["did you mean attributes?"]),
    ("tail_sampling: {policies: [{name: p, type: ottl_condition, ottl_condition: {span: ['name == ']}}]}", None, ["condition has invalid syntax"]),
    ("tail_sampling: {memory_limit_mib: 1, spill_to_storage: true}", None, ["needs 'storage' and 'memory_limit_mib'"]),
    ("tail_sampling: {storage: file_storage, drop_pending_traces_on_shutdown: true}", None, ["'storage' keeps pending traces"]),
])
def test_mistakes_are_refused_with_their_place(tmp_path, processor, column, messages):
    config = tmp_path / "bad.yaml"
    config.write_text(BAD.format(processor=processor, name=processor.split(":")[0]))
    answer = subprocess.run([PROGRAM, "validate", "--config", str(config)], capture_output=True, text=True)
    assert answer.returncode == 1
    text = answer.stdout + answer.stderr
    assert ("bad.yaml:3:%d:" % column if column else "bad.yaml:3:") in text, text
    assert all(message in text for message in messages), text


def resident_mib(running):
    with open("/proc/%d/statm" % running.process.pid) as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_memory_goes_back_to_the_system_when_the_load_ends(collector, ports, tmp_path):
    config = CONFIG.format(folder=tmp_path, wait="2s", more="", **ports).replace("type: always_sample", "type: numeric_attribute, numeric_attribute: {key: no, min_value: 1, max_value: 2}")
    running = collector(config, ports["http"])
    noise = os.urandom(50000).hex()
    for n in range(400):  # 40 MB
        send(ports, [n], noise)
    loaded = resident_mib(running)
    assert loaded > 20
    wait_until(lambda: resident_mib(running) < loaded / 2, what="half of the %d MiB" % loaded)
