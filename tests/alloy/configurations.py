#!/usr/bin/env python3
"""Whole files of Alloy and River, as their users have them (configurations.txt):  configurations.py PATH/spanmill [NAME]

Each section begins with `=== NAME.alloy` or `=== NAME.river`; lines below it that begin with `#` say what must come of it:

    # error LINE:COLUMN TEXT     an error at the place that holds the text; LINE alone: anywhere in it; -: without a place. Without any, the file is valid
    # warning LINE TEXT          a warning
    # yaml TEXT                  what the Collector's configuration that it is converted to holds, white space aside
    # one way                    it cannot be converted back

Every error is told, and no other. What is valid is formatted the same twice, is the same after convert, and comes back as a valid file.
The last line is 'N passed, N failed'.
"""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


class Section:
    def __init__(self, text):
        lines = text.split("\n")
        self.name = lines[0].strip()
        notes = [line[2:] for line in lines[1:] if line.startswith("# ")]
        self.text = "\n".join(line for line in lines[1:] if not line.startswith("# ")).strip("\n") + "\n"
        self.errors = [note.split(" ", 2)[1:] for note in notes if note.startswith("error ")]
        self.warnings = [note.split(" ", 2)[1:] for note in notes if note.startswith("warning ")]
        self.yaml = [note[5:] for note in notes if note.startswith("yaml ")]
        self.is_one_way = "one way" in notes


class Run:
    def __init__(self, program, folder):
        self.program, self.folder, self.passed, self.failed = program, folder, 0, 0
        self.environment = dict(os.environ, REGION="eu", OTLP_ENDPOINT="127.0.0.1:4317")

    def call(self, *arguments):
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True, cwd=self.folder, env=self.environment, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def note(self, is_good, text):
        self.passed, self.failed = self.passed + bool(is_good), self.failed + (not is_good)
        if not is_good:
            print("FAIL " + text)

    def find(self, section, told, kind, place, text):
        prefix = kind + ": " + ("" if place == "-" else re.escape(os.path.join(self.folder, section.name)) + ":" + place + (":" if ":" in place else r":\d+:") + " ")
        found = [line for line in told if re.match(prefix, line) and text in line]
        self.note(found, "%s: no %s %s %s among\n%s" % (section.name, kind.lower(), place, text, "\n".join(told)))
        return found[:1]

    def check_errors(self, section, status, told):
        left = list(told)
        for place, text in section.errors:
            for line in self.find(section, left, "Error", place, text):
                left.remove(line)
        self.note(status == 1 and not left, "%s: more errors than expected: %s" % (section.name, left))

    def check_valid(self, section, path):
        once = self.call("fmt", path)[1]
        again = os.path.join(self.folder, "again.alloy")
        with open(again, "w") as file:
            file.write(once)
        self.note(self.call("fmt", again)[1] == once, "%s: formatting the result changes it" % section.name)
        yaml, back = path + ".yaml", os.path.join(self.folder, "back.alloy")
        status, _, errors = self.call("convert", "--from", os.path.splitext(path)[1][1:], "--to", "collector", "--output", yaml, path)
        self.note(status == 0, "%s is not converted: %s" % (section.name, errors))
        if status:
            return
        with open(yaml) as file:
            flat = " ".join(file.read().split())
        for wanted in section.yaml:
            self.note(" ".join(wanted.split()) in flat, "%s: no %s in %s" % (section.name, wanted, flat))
        shown = [self.call("print-config", "--config", one)[1] for one in (path, yaml)]
        self.note(shown[0] == shown[1], "%s: the converted file is another" % section.name)
        status, _, errors = self.call("convert", "--from", "collector", "--to", "alloy", "--output", back, yaml)
        self.note((status == 0) != section.is_one_way, "%s: the way back: %s" % (section.name, errors))
        if status == 0:
            status, _, errors = self.call("print-config", "--config", back)
            self.note(status == 0, "%s: what comes back is not valid: %s" % (section.name, errors))

    def check(self, section):
        path = os.path.join(self.folder, section.name)
        with open(path, "w") as file:
            file.write(section.text)
        # Not validate for those that are right: they name certificates and users that this machine does not have.
        status, _, errors = self.call("validate" if section.errors else "print-config", "--config", path)
        lines = [line for line in errors.split("\n") if not line.startswith("Error: invalid configuration:")]
        for place, text in section.warnings:
            self.find(section, lines, "Warning", place, text)
        told = [line for line in lines if line.startswith("Error: ")]
        if section.errors:
            self.check_errors(section, status, told)
        else:
            self.note(status == 0, "%s is not valid: %s" % (section.name, errors))
            self.check_valid(section, path)
        os.remove(path)


def main():
    with open(os.path.join(HERE, "configurations.txt")) as file:
        sections = [Section(text) for text in re.split(r"^=== ", file.read(), flags=re.MULTILINE)[1:]]
    with tempfile.TemporaryDirectory() as folder:
        run = Run(os.path.abspath(sys.argv[1]), folder)
        for section in sections:
            if len(sys.argv) < 3 or section.name == sys.argv[2]:
                run.check(section)
    print("%d passed, %d failed" % (run.passed, run.failed))
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
