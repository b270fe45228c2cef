#!/usr/bin/env python3
"""Alloy and River files in the repository:  formatting.py PATH/spanmill

Examples stand in the one form that `spanmill fmt` gives, except for those that are the Agent's documentation word for word. Whatever can be read
(examples, conformance cases, the fuzzer's files) is formatted the same a second time. The last line is 'N passed, N failed'.
"""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# As the documentation of otelcol.connector.spanmetrics v0.43 prints them (two blanks, no tabs), with endpoints on loopback: users compare the two.
VERBATIM = {"remote-write-keep-keys.river", "remote-write-merge-maps.river", "spanmetrics-dimensions.river"}


def run(program, *arguments):
    return subprocess.run([program, *map(str, arguments)], capture_output=True, timeout=60)


def check_examples(program):
    """What is wrong with each; a verbatim one that is formatted need not be an exception."""
    examples = sorted(path for kind in ("*.alloy", "*.river") for path in (ROOT / "examples").rglob(kind))
    for path in examples:
        is_formatted = run(program, "fmt", "--test", path).returncode == 0
        if is_formatted and path.name in VERBATIM:
            yield "%s is formatted: it needs no exception" % path.name
        else:
            yield "" if is_formatted or path.name in VERBATIM else "%s is not formatted: spanmill fmt --write %s" % (path.name, path.relative_to(ROOT))
    for name in VERBATIM - {path.name for path in examples}:
        yield "%s is no longer there" % name


def check_twice(program, folder):
    places = [ROOT / "examples", ROOT / "tests/conformance/cases/alloy"]
    files = sorted(path for place in places for kind in ("*.alloy", "*.river") for path in place.rglob(kind))
    files += sorted((ROOT / "tests/fuzz/corpus/alloy").iterdir())
    for path in files:
        once = run(program, "fmt", path)
        if once.returncode:
            continue
        again = folder / "again.alloy"
        again.write_bytes(once.stdout)
        yield "" if run(program, "fmt", again).stdout == once.stdout else "%s: formatting the result changes it" % path.relative_to(ROOT)


def main():
    with tempfile.TemporaryDirectory() as folder:
        results = list(check_examples(sys.argv[1])) + list(check_twice(sys.argv[1], pathlib.Path(folder)))
    failed = [text for text in results if text]
    for text in failed:
        print("FAIL " + text)
    print("%d passed, %d failed" % (len(results) - len(failed), len(failed)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
