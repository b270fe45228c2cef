"""What cannot start: `spanmill validate` and a start say the same of every component, with the line of the option that is to blame, and what only a
start can know (a port in use) has its line too, in each of the languages a configuration may be written in."""
import re
import socket
import subprocess

import pytest

from conftest import PROGRAM, free_ports, wait_until

# The component under test, an option of it that cannot be used (its line ends with "# here"), and words that must be said.
BAD = {
    ("receivers", "datadog"): ("traces", "agent: nobody # here", "no such extension"),
    ("receivers", "jaeger"): ("traces", "protocols:\n  grpc:\n    endpoint: 127.0.0.1:0\n    tls:\n      cert_file: /nowhere/cert # here\n      key_file: /nowhere/key", "invalid port number"),
    ("receivers", "otlp"): ("traces", "protocols:\n  http:\n    tls:\n      cert_file: /nowhere/cert # here\n      key_file: /nowhere/key", "open /nowhere/cert"),
    ("receivers", "zipkin"): ("traces", "endpoint: '9411' # here", "missing port in address"),
    ("processors", "attributes"): ("traces", "actions:\n- {key: a, action: nothing} # here", "action"),
    ("processors", "batch"): ("traces", "send_batch_size: 10\nsend_batch_max_size: 5 # here", "send_batch_max_size"),
    ("processors", "filter"): ("traces", "error_mode: ignore\ntrace_conditions:\n- nothing( # here", "nothing("),
    ("processors", "groupbytrace"): ("traces", "wait_duration: never # here", "never"),
    ("processors", "memory_limiter"): ("traces", "check_interval: 0s # here\nlimit_mib: 10", "check_interval"),
    ("processors", "probabilistic_sampler"): ("traces", "sampling_percentage: -1 # here", "sampling"),
    ("processors", "resource"): ("traces", "attributes:\n- {key: a, action: nothing} # here", "action"),
    ("processors", "tail_sampling"): ("traces", "storage: file_storage/nowhere # here\npolicies: [{name: all, type: always_sample}]", "no storage client extension found"),
    ("processors", "transform"): ("traces", "trace_statements:\n- set(nothing # here", "set(nothing"),
    ("processors", "volume"): ("traces", "nothing: 1 # here", "nothing"),
    ("exporters", "datadog"): ("traces", "api: {}\nnothing: 1 # here", "nothing"),
    ("exporters", "debug"): ("traces", "use_internal_logger: false\noutput_paths:\n- stdout\n- /nowhere/out # here", "no such file or directory"),
    ("exporters", "file"): ("traces", "path: /nowhere/out # here", "no such file or directory"),
    ("exporters", "kafka"): ("traces", "tls:\n  ca_file: /nowhere/ca # here", "open /nowhere/ca"),
    ("exporters", "load_balancing"): ("traces", "protocol: {otlp: {}}\nresolver: {static: {hostnames: [localhost:1]}}\nrouting_key: nothing # here", "unsupported routing_key"),
    ("exporters", "otlp_grpc"): ("traces", "endpoint: localhost:4317\nauth:\n  authenticator: nobody # here", "authenticator not found"),
    ("exporters", "otlp_http"): ("traces", "endpoint: http://localhost:4318\ntraces_endpoint: localhost:4318 # here", "must begin with http://"),
    ("exporters", "prometheus"): ("metrics", "endpoint: '8889' # here", "missing port in address"),
    ("exporters", "prometheus_remote_write"): ("metrics", "endpoint: localhost:9090/api/v1/write # here", "must begin with http://"),
    ("connectors", "count"): ("traces", "spans:\n  a.name: {conditions: ['nothing(']} # here", "nothing("),
    ("connectors", "datadog"): ("traces", "traces: {span_name_as_resource_name: 7} # here", "span_name_as_resource_name"),
    ("connectors", "service_graph"): ("traces", "store: {ttl: never} # here", "never"),
    ("connectors", "span_metrics"): ("traces", "dimensions: [{name: a}, {name: a}] # here", "duplicate"),
    ("extensions", "basicauth"): ("", "htpasswd:\n  file: /nowhere/users # here", "no such file or directory"),
    ("extensions", "bearertokenauth"): ("", "filename: /nowhere/token # here", "no such file or directory"),
    ("extensions", "datadog_agent"): ("", "nothing: 1 # here", "nothing"),
    ("extensions", "file_storage"): ("", "directory: /nowhere/at/all # here", "directory must exist"),
    ("extensions", "headers_setter"): ("", "headers:\n- key: a\n  action: upsert\n  value_file: /nowhere/value # here", "no such file or directory"),
    ("extensions", "health_check"): ("", "endpoint: localhost:99999 # here", "invalid port"),
    ("extensions", "zpages"): ("", "endpoint: '55679' # here", "missing port in address"),
}
WITHOUT_OPTIONS = {("receivers", "nop"), ("exporters", "nop"), ("connectors", "forward")}
# Rules of the reference that speak of the component as a whole: the line is the component's.
OF_THE_WHOLE = {("receivers", "jaeger"), ("processors", "batch"), ("processors", "attributes"), ("processors", "resource"), ("processors", "memory_limiter")}


def indent(text, by):
    return "\n".join(" " * by + line for line in text.splitlines())


def configuration(kind, name, signal, options, used=True):
    """`name` alone between nop components; without `used` in no pipeline."""
    own = {"receivers": "nop", "processors": "", "exporters": "nop", "connectors": ""}
    if used and kind != "extensions":
        own[kind] = name
    text = "".join("%s:\n%s" % (part, "  nop:\n" if part in ("receivers", "exporters") else "") + ("  %s:\n%s\n" % (name, indent(options, 4)) if part == kind else "")
                   for part in ("receivers", "processors", "exporters", "connectors", "extensions") if part in ("receivers", "exporters", kind))
    first_exporter = own["connectors"] or own["exporters"]
    text += "service:\n  telemetry: {metrics: {level: none}}\n"
    text += "  extensions: [%s]\n" % (name if kind == "extensions" and used else "")
    text += "  pipelines:\n    %s: {receivers: [%s], processors: [%s], exporters: [%s]}\n" % (signal or "traces", own["receivers"], own["processors"], first_exporter)
    if own["connectors"]:
        text += "    metrics/after: {receivers: [%s], exporters: [nop]}\n" % name
    return text


def say(tmp_path, text, *commands, name="config.yaml"):
    """Exit status and what is said for a person, of each command."""
    (tmp_path / name).write_text(text)
    for command in commands:
        done = subprocess.run([PROGRAM, command, "--config", name], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        yield done.returncode, re.sub(r"(?m)^\d{4}-\d\d-\d\dT.*\n", "", done.stderr)


def components():
    kind = None
    for line in subprocess.run([PROGRAM, "components"], capture_output=True, text=True, timeout=60, check=True).stdout.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            kind = line[:-1]
        elif line.startswith("    - name:") and kind != "buildinfo":
            yield kind, line.split()[-1]


def test_every_component_is_tried():
    assert set(components()) == set(BAD) | WITHOUT_OPTIONS


@pytest.mark.parametrize("kind,name", BAD)
def test_validate_says_what_a_start_says(tmp_path, kind, name):
    signal, options, words = BAD[kind, name]
    text = configuration(kind, name, signal, options)
    (checked, check), (started, start) = say(tmp_path, text, "validate", "run")
    assert (checked, started) == (1, 1), check + start
    assert check == start
    assert words in check
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.endswith("# here")]
    told = [int(number) for number in re.findall(r"(?m)^config.yaml:(\d+):\d+: error: ", check)]
    if (kind, name) in OF_THE_WHOLE:
        assert told
    else:
        assert told == lines, check


UNUSED = [("exporters", "otlp_http"), ("exporters", "prometheus"), ("exporters", "prometheus_remote_write"), ("exporters", "file"), ("exporters", "otlp_grpc"), ("receivers", "otlp"), ("extensions", "zpages")]


@pytest.mark.parametrize("kind,name", UNUSED)
def test_what_nothing_uses_is_not_made(tmp_path, kind, name):
    """As the reference: it decodes and validates what no pipeline names, and makes nothing of it."""
    signal, options, _ = BAD[kind, name]
    assert list(say(tmp_path, configuration(kind, name, signal, options, used=False), "validate")) == [(0, "")]


ALLOY = """otelcol.receiver.otlp "in" {
  http {
    endpoint = "127.0.0.1:PORT"
  }
  output {
    traces = [otelcol.exporter.debug.out.input]
  }
}
otelcol.exporter.debug "out" { }
"""
AGENT = "api_key: 0123456789abcdef0123456789abcdef\napm_config:\n  receiver_port: PORT\n"
COLLECTOR = configuration("receivers", "otlp", "traces", "protocols:\n  http:\n    endpoint: 127.0.0.1:PORT")
OWN_METRICS = configuration("receivers", "otlp", "traces", "protocols:\n  http:\n    endpoint: 127.0.0.1:0").replace(
    "metrics: {level: none}", "metrics: {readers: [{pull: {exporter: {prometheus: {host: localhost, port: PORT}}}}]}")


@pytest.mark.parametrize("name,text", [("config.yaml", COLLECTOR), ("config.alloy", ALLOY), ("datadog.yaml", AGENT), ("own.yaml", OWN_METRICS)])
def test_a_port_in_use_has_a_line(tmp_path, name, text):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        [(status, said)] = say(tmp_path, text.replace("PORT", port), "run", name=name)
    line = [number for number, line in enumerate(text.splitlines(), 1) if "PORT" in line][0]
    assert status == 1
    assert re.search(r"(?m)^(Error: )?%s:%d:\d+: " % (name, line), said), said
    assert "address already in use" in said and "ss -ltnp" in said


def test_a_setting_of_the_agent_that_is_not_there_is_named(tmp_path):
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", 8126))
        except OSError:
            pass  # somebody has it
        else:
            taken.listen()
        (tmp_path / "datadog.yaml").write_text(AGENT.partition("apm_config")[0])
        done = subprocess.run([PROGRAM, "agent", "--config", "datadog.yaml"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "apm_config.receiver_port (not set): error: " in done.stderr and "localhost:8126: bind: address already in use" in done.stderr


def test_a_reload_that_fails_logs_the_line(collector):
    ready, port = free_ports(2)
    text = configuration("receivers", "otlp", "traces", "protocols:\n  http:\n    endpoint: 127.0.0.1:PORT")
    one = collector(text.replace("PORT", str(ready)), ready)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        one.write(text.replace("PORT", str(port)))
        one.reload()
        wait_until(lambda: "Configuration not reloaded" in one.log(), what="the refusal")
    line = [number for number, line in enumerate(text.splitlines(), 1) if "PORT" in line][0]
    told = [line for line in one.log().splitlines() if "address already in use" in line][0]
    assert 'config.yaml:%d:' % line in told and '"setting": "receivers::otlp::protocols::http::endpoint"' in told


def test_two_that_want_one_address_are_told_before_the_start(tmp_path):
    text = configuration("receivers", "zipkin", "traces", "endpoint: localhost:19411")
    text = text.replace("receivers:\n", "receivers:\n  zipkin/2:\n    endpoint: localhost:19411\n", 1).replace("[zipkin]", "[zipkin/2, zipkin]")
    (checked, check), (started, start) = say(tmp_path, text, "validate", "run")
    assert (checked, started, check) == (1, 1, start)
    line = text.splitlines().index("  zipkin:") + 2
    assert "config.yaml:%d:5: error: receivers::zipkin::endpoint: listen tcp localhost:19411: bind: address already in use" % line in check


@pytest.mark.parametrize("endpoint", ["''", "'localhost:'", "localhost:0", "localhost:00"])
def test_any_free_port_is_another_one_each_time(tmp_path, endpoint):
    text = configuration("receivers", "otlp", "traces", "protocols:\n  http:\n    endpoint: %s\n  grpc:\n    endpoint: %s" % (endpoint, endpoint))
    assert list(say(tmp_path, text, "validate")) == [(0, "")]


def test_everything_that_is_wrong_is_told_at_once(tmp_path):
    text = configuration("exporters", "otlp_http", "traces", BAD["exporters", "otlp_http"][1])
    text = text.replace("  nop:\nexporters:", "  nop:\nexporters:\n  file: {path: /nowhere/out}").replace("exporters: [otlp_http]", "exporters: [otlp_http, file]")
    [(status, said)] = say(tmp_path, text, "validate")
    assert status == 1
    assert len(re.findall(r"(?m)^config.yaml:\d+:\d+: error: ", said)) == 2, said


def test_validate_opens_nothing(tmp_path):
    text = configuration("exporters", "file", "traces", "path: out/telemetry.json\ncreate_directory: true").replace("telemetry: {", "telemetry: {logs: {output_paths: [own.log]}, ")
    assert list(say(tmp_path, text, "validate")) == [(0, "")]
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]
