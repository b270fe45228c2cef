"""All commands: spanmill completion knows each of them with the flags that --help tells, and none takes a full disk for success."""
import re
import resource
import shlex
import subprocess

import pytest

from conftest import PROGRAM


def output(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=True).stdout


def commands():
    listed = output("--help").split("Commands:\n")[1].split("\n\n")[0]
    return [line.split()[0] for line in listed.splitlines()]


def completed(script, *words):
    ask = 'source /dev/stdin; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _spanmill; echo "${COMPREPLY[@]}"'
    return subprocess.run(["bash", "-c", ask, "bash", *words], input=script, capture_output=True, text=True, timeout=60, check=True).stdout.split()


def test_bash_knows_the_commands_and_their_flags():
    script = output("completion", "bash")
    assert completed(script, "spanmill", "") == commands()
    for command in commands():
        if command in ("version", "help"):
            continue
        flags = re.findall(r"^ .*?(--[a-z.-]+)", output(command, "--help").partition("Flags:\n")[2], re.MULTILINE)
        missing = set(flags) - set(completed(script, "spanmill", command, "-"))
        assert not missing, command


def test_zsh_can_read_the_commands_whatever_their_help_says():
    listed = output("completion", "zsh").split("commands=(\n")[1].split("\n)\n")[0]
    assert [word.split(":")[0] for word in shlex.split(listed)] == commands()


def test_fish_knows_the_commands_and_their_flags():
    script = output("completion", "fish")

    def offered(line):
        ask = ["fish", "--no-config", "-c", "source (echo $argv[1] | psub); complete -C $argv[2]", script, line]
        return [word.split("\t")[0] for word in subprocess.run(ask, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()]

    assert sorted(offered("spanmill ")) == sorted(commands())
    assert {"--endpoint", "--count", "--help"} <= set(offered("spanmill send --"))
    assert offered("spanmill convert --to ") == ["alloy", "collector"]
    assert offered("spanmill completion ") == ["bash", "fish", "zsh"]


def test_a_full_disk_is_an_error(tmp_path):
    (tmp_path / "a.alloy").write_text('otelcol.exporter.debug "d" { }\n')
    for arguments in (("components",), ("fmt", tmp_path / "a.alloy"), ("convert", "--from", "alloy", "--to", "collector", tmp_path / "a.alloy")):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (1, "Error: cannot write to standard output\n"), arguments


def test_an_agents_file_under_another_name_is_told_from_a_collectors(tmp_path):
    path = tmp_path / "agent.yaml"
    path.write_text("tags: [a:b]\napi_key: %032d\napm_config: {receiver_port: 0}\notlp_config: {receiver: {protocols: {http: {}}}}\n" % 0)
    done = subprocess.run([PROGRAM, "validate", "--config", str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "agent.yaml:2:1: error: api_key: a setting of the Datadog Agent: name the file datadog.yaml, or say --config.format=datadog-agent" in done.stderr
    assert "invalid keys" not in done.stderr
    output("validate", "--config.format=datadog-agent", "--config", str(path))


def test_a_file_in_another_language_is_one_mistake(tmp_path):
    alloy, yaml = tmp_path / "config.yaml", tmp_path / "config.alloy"  # the names the wrong way round
    alloy.write_text('otelcol.exporter.debug "d" { }\n')
    yaml.write_text("receivers:\n  otlp:\nexporters:\n  debug:\n")
    for path, format, said in ((alloy, "alloy", "looks like an Alloy configuration"), (yaml, "yaml", "looks like YAML (a Collector configuration)")):
        done = subprocess.run([PROGRAM, "validate", "--config", str(path)], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and "invalid configuration: 1 error" in done.stderr
        assert ":1:1: " in done.stderr and said in done.stderr and f"--config.format={format}" in done.stderr
        done = subprocess.run([PROGRAM, "validate", f"--config.format={format}", "--config", str(path)], capture_output=True, text=True, timeout=60)
        assert "looks like" not in done.stderr


def test_a_switch_of_the_agents_that_is_not_built_is_refused(tmp_path):
    path = tmp_path / "datadog.yaml"
    path.write_text("api_key: %032d\napm_config: {features: [table_names, sqllexer]}\n" % 0)
    done = subprocess.run([PROGRAM, "validate", "--config", str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "datadog.yaml:2:" in done.stderr and "the feature 'sqllexer' is not built" in done.stderr


def test_fmt_leaves_a_file_as_it_was_when_there_is_no_room(tmp_path):
    unformatted = "".join('logging { level = "info" } // %d\n' % i for i in range(400))
    path = tmp_path / "a.alloy"
    path.write_text(unformatted)
    no_room = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    done = subprocess.run([PROGRAM, "fmt", "--write", path], capture_output=True, text=True, timeout=60, preexec_fn=no_room)
    assert done.returncode != 0 and path.read_text() == unformatted
    assert subprocess.run([PROGRAM, "fmt", "--write", path], timeout=60).returncode == 0
    assert subprocess.run([PROGRAM, "fmt", "--test", path], timeout=60).returncode == 0
    path.write_text("logging" + " " * 5000 + "{ }\n")
    assert subprocess.run([PROGRAM, "fmt", "--write", path], timeout=60).returncode == 0
    assert path.read_text() == "logging { }\n"  # what was longer is cut off


def test_fmt_says_of_a_yaml_file_that_it_is_one(tmp_path):
    (tmp_path / "a.yaml").write_text("# c\nreceivers:\n  otlp:\n")
    done = subprocess.run([PROGRAM, "fmt", "a.yaml"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (1, "Error: a.yaml is a YAML file: fmt is for Alloy and River files\n")


WRONG_USES = {
    ("nowhere.yaml",): "To run a file: spanmill --config nowhere.yaml (there is no such file)",
    ("valdate",): "did you mean validate?",
    ("help", "nothing"): 'unknown command "nothing"',
    ("run", "nowhere.yaml"): "a file is named with --config nowhere.yaml",
    ("run", "--confg", "x"): "did you mean --config?",
    ("run", "--config", "nowhere.yaml"): "open nowhere.yaml: no such file or directory",
    ("ottl",): "no statement was given",
    ("ottl", "--file", "nowhere.json", "true"): "open nowhere.json: no such file or directory",
    ("docs", "--output", "/nowhere/at/all"): "make folder /nowhere/at/all: no such file or directory",
    ("send", "--endpoint", "nowhere"): "--endpoint nowhere: write host:port for gRPC, or http://host:port",
    ("components", "oltp"): "did you mean otlp?",
    ("completion", "tcsh"): "spanmill completion bash, zsh or fish",
    ("convert", "a.alloy"): "--from alloy or datadog-agent --to collector",
}


@pytest.mark.parametrize("arguments", WRONG_USES)
def test_wrong_use_says_what_to_write(tmp_path, arguments):
    done = subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 1 and done.stdout == ""
    assert WRONG_USES[arguments] in done.stderr


def test_help_is_that_of_the_command():
    for command in commands():
        if command not in ("version", "help"):
            assert output("help", command) == output(command, "--help")
