"""spanmill top: tables of span_metrics and volume, once and live, and which process it shows."""
import os
import pty
import select
import subprocess

import pytest
from conftest import PROGRAM, Collector, free_ports, wait_until
from datadog_intake import KEY, Intake

HEAD = """
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:{grpc}"}}}}}}}}
exporters: {{nop: }}
"""
VOLUME = HEAD + """
processors: {{volume/received: , volume/kept: , probabilistic_sampler: {{sampling_percentage: 0}}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{traces: {{receivers: [otlp], processors: [volume/received, probabilistic_sampler, volume/kept], exporters: [nop]}}}}
"""
BOTH = HEAD + """
processors: {{volume: }}
connectors: {{span_metrics: }}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], processors: [volume], exporters: [span_metrics]}}
    metrics: {{receivers: [span_metrics], exporters: [nop]}}
"""
DATADOG = """
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:{grpc}"}}}}}}}}
processors: {{volume: }}
exporters: {{datadog: {{api: {{key: KEY}}, hostname: e2e, traces: {{endpoint: "http://127.0.0.1:INTAKE"}}, metrics: {{endpoint: "http://127.0.0.1:INTAKE"}}}}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{traces: {{receivers: [otlp], processors: [volume], exporters: [datadog]}}}}
"""
NEITHER = HEAD + """
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{traces: {{receivers: [otlp], exporters: [nop]}}}}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Starts collectors whose sockets are where nobody else's are."""
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    started = []

    def start(config):
        port = free_ports(1)[0]
        folder = tmp_path / str(len(started))
        folder.mkdir()
        one = Collector(folder, config.format(grpc=port), {"grpc": port})
        started.append(one)
        one.start(port)
        if config != NEITHER:
            wait_until((tmp_path / ("run/spanmill/spanmill-%d.sock" % one.process.pid)).exists, what="the socket")
        subprocess.run([PROGRAM, "send", "--endpoint", "127.0.0.1:%d" % port, "--count", "4"], check=True, capture_output=True, timeout=60)
        return one

    yield start
    for one in started:
        one.stop()


def top(*flags):
    done = subprocess.run([PROGRAM, "top", "--once", "--interval", "0.1", *flags], capture_output=True, text=True, timeout=60)
    return done.stdout, done.stderr


def test_volumes_without_span_metrics(run):
    one = run(VOLUME)
    out, _ = top()
    lines = out.splitlines()
    assert "pid %d" % one.process.pid in lines[0] and " of " not in lines[0]
    assert lines[2].split() == ["volume/received", "volume/kept"]
    assert lines[3].split() == ["SERVICE", "ENVIRONMENT", "SPANS/s", "BYTES/s", "TOTAL", "SPANS/s", "BYTES/s", "TOTAL", "KEPT", "%"]
    assert {line.split()[0] for line in lines[4:]} == {"shop-frontend", "cart", "checkout", "payment", "shipping"}
    assert all(line.split()[-1] == "0" for line in lines[4:])


def test_what_is_sent_to_datadog_stands_beside_what_came(run):
    port = free_ports(1)[0]
    intake = Intake(port)
    run(DATADOG.replace("KEY", KEY).replace("INTAKE", str(port)))

    def rows():
        lines = [line.split() for line in top()[0].splitlines()]
        return lines[2:3] == [["volume", "datadog"]] and len(lines) > 4 and lines[4:]

    found = wait_until(rows, what="both columns")
    assert {row[0] for row in found} == {"shop-frontend", "cart", "checkout", "payment", "shipping"}
    assert all(row[-1] == "100" for row in found)
    intake.close()


def test_both_tables_and_several_processes(run):
    first, second = run(BOTH), run(BOTH)
    run(NEITHER)
    out, _ = top()
    assert "pid %d (1 of 2: --pid)" % second.process.pid in out
    assert "OPERATION" in out and "ENVIRONMENT" in out
    out, _ = top("--pid", str(first.process.pid))
    assert "pid %d   span_metrics" % first.process.pid in out
    _, errors = top("--pid", "1")
    assert "no running spanmill of this user with this process ID has a span_metrics connector, a volume processor or a datadog exporter" in errors


def test_a_killed_process_is_no_longer_shown(run, tmp_path):
    one = run(BOTH)
    one.process.kill()
    one.process.wait()
    assert [name for name in os.listdir(tmp_path / "run/spanmill") if name.endswith(".sock")]
    _, errors = top()
    assert "no running spanmill of this user has" in errors
    assert not os.listdir(tmp_path / "run/spanmill")


def test_keys(run):
    run(BOTH)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(PROGRAM, [PROGRAM, "top"])
    shown = b""

    def sees(text):
        def look():
            nonlocal shown
            if select.select([terminal], [], [], 0.1)[0]:
                shown += os.read(terminal, 65536)
            return text in shown

        wait_until(look, what=text)

    sees(b"OPERATION")
    assert b"Tab: next table" in shown and b"ENVIRONMENT" not in shown
    os.write(terminal, b"\t")
    sees(b"ENVIRONMENT")
    shown = b""
    os.write(terminal, b"\t")
    sees(b"OPERATION")
    os.write(terminal, b"q")
    sees(b"\x1b[?1049l")
    assert os.waitpid(pid, 0)[1] == 0
    os.close(terminal)
