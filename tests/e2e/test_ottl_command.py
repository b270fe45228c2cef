"""spanmill ottl: what a statement changes, what a condition says, how a mistake is shown; on the example, a file and lines of input."""
import json
import subprocess

import pytest
from conftest import PROGRAM


def ottl(*arguments, text=None):
    done = subprocess.run([PROGRAM, "ottl", *arguments], input=text, capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


def test_shows_what_a_statement_changes():
    status, out, _ = ottl('set(span.name, "renamed")')
    assert status == 0
    assert "-     Name           : GET /cart/4711" in out
    assert "+     Name           : renamed" in out
    assert "\x1b" not in out


@pytest.mark.parametrize("text, shown", [
    ("span.status.code == STATUS_CODE_ERROR", "true\n"),
    ('IsMatch(span.name, "^POST")', "bool: false\n"),
    ('span.attributes["tags"]', 'list: ["web","beta"]\n'),
    ("log.severity_number + 1", "int64: 14\n"),
    ("metric.name", "string: http.requests\nstring: http.duration\n"),
])
def test_evaluates_conditions_and_values(text, shown):
    assert ottl(text)[:2] == (0, shown)


@pytest.mark.parametrize("text, place, suggestion", [
    ('set(span.nme, "x")', "      ^", "span.name"),
    ('sett(span.name, "x")', "  ^", "set"),
    ("set(span.kind, SPAN_KIND_SERVR)", "                 ^", "SPAN_KIND_SERVER"),
    ('set(span.name, "x"', "                    ^", None),
])
def test_draws_a_caret_under_a_mistake(text, place, suggestion):
    status, out, error = ottl(text)
    lines = error.splitlines()
    assert (status, out) == (1, "")
    assert lines[1] == "  " + text
    assert lines[2].startswith(place)
    assert (suggestion is None) == ("did you mean" not in error)
    assert suggestion is None or "did you mean %s?" % suggestion in error


def test_works_on_a_file_and_statements_see_what_others_changed(tmp_path):
    record = {"body": {"stringValue": "a"}, "attributes": [{"key": "k", "value": {"intValue": "1"}}]}
    file = tmp_path / "request.json"
    file.write_text(json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}))
    status, out, _ = ottl("--file", str(file), 'set(log.body, "b")', 'set(log.attributes["seen"], log.body)')
    assert status == 0
    assert "seen: Str(b)" in out


def test_works_on_a_file_of_several_requests(tmp_path):
    lines = [json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": body}}]}]}]}) for body in ('a"}', "b")]
    file = tmp_path / "lines.json"
    file.write_text("\n".join(lines) + "\n")
    assert ottl("--file", str(file), "log.body")[:2] == (0, 'string: a"}\nstring: b\n')
    file.write_text(lines[0] + "\n" + lines[1][:-1])
    status, _, error = ottl("--file", str(file), "log.body")
    assert status == 1 and "at byte %d" % (len(lines[0]) + len(lines[1])) in error


def test_reads_lines_until_the_end():
    lines = 'context span\nset(name, "x")\nname\nreset\nname\nset(nme, 1)\nquit\nname\n'
    status, out, error = ottl(text=lines)
    assert status == 1
    assert "string: x\n" in out and out.endswith("string: GET /cart/4711\n")
    assert "did you mean name?" in error


def test_tells_what_fails_at_run_time():
    status, _, error = ottl('set(span.attributes["x"], 1 / 0)')
    assert status == 1
    assert "failed on 1 of 1 span: " in error


def test_refuses_data_that_are_none(tmp_path):
    file = tmp_path / "request.json"
    file.write_text("{}")
    assert "OTLP/JSON" in ottl("--file", str(file), "span.name")[2]
    assert ottl("--file", str(tmp_path / "none"), "span.name")[0] == 1
