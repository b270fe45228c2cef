#!/usr/bin/env python3
"""Every argument and block of the components of Alloy and of the Agent's Flow mode (.river):  arguments.py PATH/spanmill [COMPONENT]

By itself with what must be there, each argument's default is the documented one (tables.py), in both languages, and another value arrives where the
Collector has it. All of it loads, and is the same after `convert` to the Collector's YAML and there and back.
The Collector's own defaults are those that `spanmill components` tells. The last line is 'N passed, N failed'; what failed is shown.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tables  # noqa: E402

UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
SIZES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20}
NONE = object()


# ---- values

def parse(text):
    """An Alloy literal; NONE for `none`."""
    if text == "none":
        return NONE
    try:
        return json.loads(re.sub(r'(?<=") = ', ": ", text))
    except ValueError:
        raise ValueError("not a literal: " + text) from None


def plain(value):
    """Times as seconds, sizes as bytes, nothing and emptiness alike."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()} or None
    if isinstance(value, list):
        return [plain(item) for item in value] or None
    if isinstance(value, str):
        if re.fullmatch(r"([\d.]+(ns|us|µs|ms|s|m|h))+", value):
            value = sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ns|us|µs|ms|s|m|h)", value))
        elif re.fullmatch(r"\d+(B|KiB|MiB)", value):
            value = int(re.match(r"\d+", value).group()) * SIZES[value.lstrip("0123456789")]
    if isinstance(value, float):
        value = round(value, 9)
    return value or None


def yaml_scalar(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


# ---- the Alloy file

class Row:
    def __init__(self, component, text):
        columns = tables.split(text)
        self.path = columns[0]
        self.defaults = [parse(part) for part in columns[1].split(" ~ ")] * 2
        self.others = columns[2].split(" ~ ") * 2
        self.setting = columns[3] if len(columns) > 3 and columns[3] != "=" else columns[0]
        self.expected = parse(columns[4]) if len(columns) > 4 else NONE
        if self.path in component.keywords.get("computed", {}):
            self.defaults = [component.keywords["computed"][self.path]] * 2

    def scaled(self, value):
        return value if not self.setting.endswith("_mib") or not isinstance(value, str) else plain(value) / (1 << 20)


class Component:
    def __init__(self, name, section, type_name, must, rows, keywords):
        self.name, self.section, self.type, self.must, self.keywords = name, section, type_name, must, keywords
        self.rows = [Row(self, line) for line in rows.splitlines() if line.strip()]

    def id(self, label, is_back):
        return self.keywords.get("back_id" if is_back and "back_id" in self.keywords else "id", self.type + "/@").replace("@", label)


def is_replaced(key, following, given):
    """Whether the path itself, or a given line, stands in the place of a line that must be there."""
    return any(part == following or part in given for part in key.split("|"))


def first_words(lines):
    return {line.split()[0] for line in lines.splitlines() if line.strip()}


def body(component, path, value, block=""):
    """The text inside of `block` ("" or "a.b."): what must be there and the rest of the path; `value` NONE: only its blocks."""
    rest = path[len(block):] if path.startswith(block) else ""
    following, is_last = rest.split(".")[0], "." not in rest
    extra = component.keywords.get("alone", {}).get(path, "") if is_last and value is not NONE else ""
    if not block and value is not NONE:
        extra += component.keywords.get("instead", {}).get(path, "")
    written = {following} if not is_last or value is not NONE else set()
    lines = [extra]
    is_on_path = rest != ""
    for key, line in list(component.must.items()) + (list(component.keywords.get("needs", {}).items()) if is_on_path else []):
        if not key.startswith(block):
            continue
        part, _, deeper = key[len(block):].partition(".")
        if deeper and part not in written and component.must.get(key):
            written.add(part)
            lines.append("%s {\n%s\n}" % (part, body(component, path, value, block + part + ".")))
        elif not deeper and not is_replaced(part, following if following in written else "", first_words(extra)):
            lines.append(line)
    if is_on_path and not is_last:
        lines.append("%s {\n%s\n}" % (following, body(component, path, value, block + following + ".")))
    elif is_on_path and value is not NONE:
        lines.append("%s = %s" % (following, value))
    return "\n".join(line for line in lines if line)


def is_given(component, row):
    """Whether a line that must be there is the argument itself."""
    must = {**component.must, **component.keywords.get("needs", {})}
    return row.path in component.keywords.get("given", []) or any(
        row.path in [key.rpartition(".")[0] + "." * ("." in key) + part for part in key.rpartition(".")[2].split("|")][:1] for key in must)


def is_consumer(component):
    return component.section in ("processors", "connectors", "exporters") and not component.name.startswith("prometheus.")


def write_file(component, cases):
    """One component for each (label, path, value), and what leads there."""
    targets = []
    out = ['otelcol.exporter.debug "sink" { }']
    for label, path, value in cases:
        text = body(component, path, value)
        for signal in ("output { }",):
            text = text.replace(signal, "output {\ntraces = [otelcol.exporter.debug.sink.input]\nmetrics = [otelcol.exporter.debug.sink.input]\nlogs = [otelcol.exporter.debug.sink.input]\n}")
        out.append(('%s "@" {\n%s\n}\n' % (component.name, text) + component.keywords.get("beside", "")).replace("@", label))
        user = component.keywords.get("user", component.name if is_consumer(component) else "")
        if user and ".receiver." not in user:
            targets.append("%s.%s.input" % (user, label))
    out.append('otelcol.receiver.otlp "in" {\ngrpc { }\noutput {\n%s}\n}' % "".join("%s = [%s]\n" % (signal, ", ".join(targets)) for signal in component.keywords.get("signals", ("traces", "metrics", "logs"))))
    return "\n".join(out) + "\n"


# ---- the Collector's side

class Program:
    def __init__(self, path, folder):
        self.path, self.folder, self.described = path, folder, {}

    def run(self, *arguments):
        done = subprocess.run([self.path, *arguments], capture_output=True, text=True, cwd=self.folder, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def shown(self, path):
        status, out, errors = self.run("print-config", "--config", path, "--format", "json", "--mode", "unredacted")
        return (json.loads(out), "") if status == 0 else (None, errors)

    def options(self, component):
        """What `components` tells of each option: {path: description}."""
        key = (component.section[:-1], component.type)
        if key not in self.described:
            parts = re.split(r"^(?=(?:receiver|processor|exporter|connector|extension) \S+$)", self.run("components", component.type)[1], flags=re.M)
            part = next(part for part in parts if part.startswith(" ".join(key) + "\n"))
            self.described[key] = dict(re.findall(r"^  (\S+) +(\S.*)$", part.partition("Options:\n")[2], flags=re.M))
        return self.described[key]

    def default(self, component, setting):
        options = self.options(component)
        pattern = re.sub(r"\.\d+", "[]", setting)
        described = options.get(pattern)
        if described is None:  # maps by names of the user's
            described = next((text for path, text in options.items() if "<" in path and re.fullmatch(re.sub(r"<[^>]*>", "[^.]+", re.escape(path).replace("\\<", "<").replace("\\>", ">")), pattern)), "")
        found = re.search(r"default (\[.*?\]|\"[^\"]*\"|\S+?)(,|$)", described)
        return yaml_scalar(found.group(1)) if found else None

    def is_optional(self, component, setting):
        """Whether the setting stands in a section that means something by being there, or in a list."""
        options, parts = self.options(component), setting.split(".")
        return any(part.isdigit() for part in parts) or any(
            not options.get(".".join(parts[:end]), "").startswith("section") for end in range(1, len(parts)))


def found_at(tree, setting):
    for part in setting.split("."):
        if isinstance(tree, list):
            tree = tree[int(part)] if part.isdigit() and int(part) < len(tree) else None
        elif isinstance(tree, dict):
            tree = tree.get(part)
        else:
            return None
    return tree


class Run:
    def __init__(self, program):
        self.program, self.passed, self.failed = program, 0, 0

    def note(self, is_good, text):
        self.passed, self.failed = self.passed + bool(is_good), self.failed + (not is_good)
        if not is_good:
            print("FAIL " + text)

    def compare(self, component, row, tree, label, wanted, what, is_back=False):
        instance = (tree.get(component.section) or {}).get(component.id(label, is_back), NONE)
        if instance is NONE:
            self.note(False, "%s %s: there is no %s" % (what, row.path, component.id(label, is_back)))
            return
        got = found_at(instance, row.setting)
        if got is None:
            got = self.program.default(component, row.setting)
        wanted = plain(row.scaled(wanted.replace("@", label) if isinstance(wanted, str) else wanted))
        self.note(plain(got) == wanted or str(plain(got)) == str(wanted), "%s %s: %r is %r" % (what, row.path, wanted, got))

    def convert(self, component, what, path, tree, checks):
        """As YAML it is the same; what comes of that as Alloy again has the same values."""
        yaml = path + ".yaml"
        status, _, errors = self.program.run("convert", "--from", os.path.splitext(path)[1][1:], "--to", "collector", "--output", yaml, path)
        self.note(status == 0 and self.program.shown(yaml)[0] == tree, "%s: the converted file is another: %s" % (what, errors))
        back = os.path.join(self.program.folder, "back.alloy")
        status, _, errors = self.program.run("convert", "--from", "collector", "--to", "alloy", "--output", back, yaml)
        again = self.program.shown(back) if status == 0 else (None, errors)
        self.note(again[0], "%s: there is no way back: %s" % (what, again[1]))
        for row, label, wanted, of in checks if again[0] else []:
            self.compare(component, row, again[0], label, wanted, of + " there and back", is_back=True)

    def check(self, component, flavour):
        index = ("alloy", "river").index(flavour)
        what = component.name + "." + flavour
        cases, unbuilt, checks = [("bare", "", NONE)], [], []
        for number, row in enumerate(component.rows):
            if flavour == "river" and row.path in component.keywords.get("river_lacks", []):
                continue
            if row.defaults[index] is not NONE and row.setting != "-" and not is_given(component, row):
                cases.append(("d%d" % number, row.path, NONE))
                checks.append((row, "d%d" % number, row.defaults[index], what + " default"))
                if "." in row.path and row.path not in component.keywords.get("optional", []) and not self.program.is_optional(component, row.setting):
                    checks.append((row, "bare", row.defaults[index], what + " default without its block"))
            (unbuilt if row.path in component.keywords.get("unbuilt", []) else cases).append(("v%d" % number, row.path, row.others[index]))
            if row.setting != "-":
                wanted = row.expected if row.expected is not NONE else parse(row.others[index])
                checks.append((row, "v%d" % number, wanted, what + " argument"))
        path = os.path.join(self.program.folder, "config." + flavour)
        for some in filter(None, (unbuilt, cases)):
            with open(path, "w", encoding="utf-8") as file:
                file.write(write_file(component, some))
            tree, errors = self.program.shown(path)
            self.note(tree is not None, "%s does not load:\n%s" % (what, errors))
            labels = {label for label, _, _ in some}
            for row, label, wanted, of in checks if tree else []:
                if label in labels:
                    self.compare(component, row, tree, label, wanted, of)
        # Not validate: arguments name files that are not there.
        status, _, errors = self.program.run("print-config", "--config", path)
        self.note(status == 0, "%s is not valid:\n%s" % (what, errors))
        if tree:
            self.convert(component, what, path, tree, [check for check in checks if check[1] in labels])


def main():
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Program(os.path.abspath(sys.argv[1]), folder))
        for row in tables.COMPONENTS:
            component = Component(*row)
            if len(sys.argv) > 2 and component.name != sys.argv[2]:
                continue
            for flavour in ("alloy", "river"):
                run.check(component, flavour)
        print("%d passed, %d failed" % (run.passed, run.failed))
        return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
