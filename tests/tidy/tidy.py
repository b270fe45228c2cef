#!/usr/bin/env python3
"""House rules that a compiler does not check: who may include whom, banned calls, sizes, leftovers. Prints each violation as FILE:LINE: why.

Every exception stands in EXCEPTIONS with its reason; one that is no longer needed is a violation itself.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A folder includes only itself and what stands before it; components do not include each other.
LAYERS = [["base"], ["wire"], ["telemetry"], ["config"], ["pipeline"], ["net"], ["prometheus"], ["ottl"], ["expr"], ["datadog"], ["alloy"], ["datadog_agent"],
          ["receivers", "processors", "connectors", "exporters", "extensions"],
          ["service"], ["cli"]]
RANK = {folder: rank for rank, layer in enumerate(LAYERS) for folder in layer}

BANNED = {
    "strcpy": "use slices or snprintf", "strcat": "use sm_bytes", "sprintf": "use snprintf", "gets": "no length", "strtok": "hidden state: use sm_slice_cut", "atoi": "no errors: use strtol",
    "atoll": "no errors: use strtoll", "atof": "no errors: use strtod", "alloca": "unbounded stack", "sleep": "blocks a worker", "usleep": "blocks a worker", "system": "a shell",
    "gethostbyname": "blocks", "rand": "use getrandom or a seeded generator", "localtime": "hidden state: use localtime_r", "gmtime": "hidden state: use gmtime_r",
}
# Library headers appear in the one folder that wraps them.
WRAPPED = {"nghttp2/": "net", "http_parser.h": "net", "openssl/": "base", "libfyaml.h": "config", "xxhash.h": "base", "lmdb.h": "pipeline", "pcre2.h": "base", "event2/": ("pipeline", "net"),
           "zstd.h": "wire", "zlib.h": "wire", "lz4": "wire", "snappy": "wire", "isa-l/": "wire", "librdkafka/": "exporters"}

# The URL of a client may have a password.
SECRET_URL = re.compile(r"SM_LOG_STR\([^;]*client\.endpoint|sm_outcome_\w+\([^;]*client\.endpoint")
TWIN_LINES = 6
LINES_MAX = 800
COLUMNS_MAX = 160

# (path, rule): reason
EXCEPTIONS = {}


def sources():
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "src"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return [ROOT / name for name in names if name.endswith((".c", ".h")) and (ROOT / name).exists()]


def without_comments_and_strings(text):
    blank = lambda match: re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def check(path):
    name = str(path.relative_to(ROOT))
    folder = name.split("/")[1]
    text = path.read_text()
    lines = text.splitlines()
    if len(lines) > LINES_MAX:
        yield 1, "length", "%d lines: split it by subject (at most %d)" % (len(lines), LINES_MAX)
    if not text.startswith("/*"):
        yield 1, "head", "no comment at the top that says what the file is"
    if name.endswith(".h") and "#pragma once" not in text:
        yield 1, "once", "no #pragma once"
    if folder in RANK:
        includes = [(number, match.group(1)) for number, line in enumerate(lines, 1) if (match := re.match(r'#include "([^"]+)"', line))]
        for number, include in includes:
            other = include.split("/")[0]
            if other in RANK and other != folder and RANK[other] >= RANK[folder]:
                yield number, "layer", "%s/ stands below or beside %s/ and may not include %s" % (folder, other, include)
        own = name[len("src/"):-2] + ".h"
        if name.endswith(".c") and (ROOT / "src" / own).exists() and includes and includes[0][1] != own:
            yield includes[0][0], "own header", "its own header comes first"
    for number, line in enumerate(lines, 1):
        match = re.match(r"#include <([^>]+)>", line)
        for prefix, owner in WRAPPED.items():
            owners = owner if isinstance(owner, tuple) else (owner,)
            if match and match.group(1).startswith(prefix) and folder not in owners:
                yield number, "library", "<%s> is wrapped by %s/" % (match.group(1), "/, ".join(owners))
        if len(line) > COLUMNS_MAX:
            yield number, "columns", "%d columns (at most %d)" % (len(line), COLUMNS_MAX)
        if SECRET_URL.search(line):
            yield number, "secret", "a URL may have a password: sm_http_client_shown_url"
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line):
            yield number, "leftover", "finish it, or refuse the case and say so"
    for number, line in enumerate(without_comments_and_strings(text).splitlines(), 1):
        for match in re.finditer(r"\b(\w+)\s*\(", line):
            if match.group(1) in BANNED:
                yield number, "banned", "%s: %s" % (match.group(1), BANNED[match.group(1)])


def without_comments(text):
    return re.sub(r"/\*.*?\*/", lambda match: re.sub(r"[^\n]", " ", match.group(0)), text, flags=re.S)


def private_members():
    """Name to the folders whose headers have a member of that name with an underscore in front."""
    folders = {}
    for path in sources():
        if path.suffix == ".h":
            for match in re.finditer(r"[\s*,](_[a-z]\w*)\s*(?:\[[^\]]*\])?\s*[;,]", without_comments(path.read_text())):
                folders.setdefault(match.group(1), set()).add(path.parent)
    return folders


def check_privacy(path, folders):
    for number, line in enumerate(without_comments(path.read_text()).splitlines(), 1):
        for match in re.finditer(r"(?:->|\.)(_[a-z]\w*)", line):
            owners = folders.get(match.group(1))
            if owners and path.parent not in owners:
                yield number, "private", "%s is private to %s" % (match.group(1), ", ".join(sorted(str(owner.relative_to(ROOT)) for owner in owners)))


def check_twins(paths):
    """Static functions that stand in two files to the letter: one place is enough."""
    bodies = {}
    for path in paths:
        text = without_comments(path.read_text())
        for match in re.finditer(r"^static [^;{}=]*?\b(\w+)\([^;{}]*\)\n\{\n(.*?)^\}\n", text, flags=re.S | re.M):
            lines = [line.strip() for line in match.group(2).splitlines() if line.strip()]
            if len(lines) >= TWIN_LINES:
                bodies.setdefault("\n".join(lines), []).append((path, text.count("\n", 0, match.start()) + 1, match.group(1)))
    for places in bodies.values():
        first = places[0]
        for path, number, name in places[1:]:
            if path != first[0]:
                yield path, number, "twin", "%s is the same as %s in %s" % (name, first[2], first[0].relative_to(ROOT))


def foreign_places(path, line):
    """What no file of the project may name: places of the machine that this runs on, and what lies beside the checkout."""
    for place in (str(ROOT) + "/", str(pathlib.Path.home()) + "/"):
        if place in line:
            yield place
    if ROOT.parent == pathlib.Path(ROOT.anchor):
        return
    for place in re.findall(r"(?:\.\./)+[\w.-]*\w", line):
        for found in ((base / place).resolve() for base in (path.parent, ROOT)):
            if found.exists() and ROOT.parent in found.parents and ROOT not in (found, *found.parents):
                yield place


def check_words():
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n")
    for name in names:
        path = ROOT / name
        if not name or name.startswith(("tests/fuzz/corpus/", "tests/conformance/cases/")) or not path.is_file():
            continue
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            for place in foreign_places(path, line):
                yield path, number, "foreign", "%s does not belong to the project" % place


def main():
    used, bad = set(), 0
    private = private_members()
    for path in sources():
        name = str(path.relative_to(ROOT))
        for number, rule, why in [*check(path), *check_privacy(path, private)]:
            if (name, rule) in EXCEPTIONS:
                used.add((name, rule))
                continue
            print("%s:%d: %s" % (name, number, why))
            bad += 1
    for path, number, rule, why in [*check_twins(sources()), *check_words()]:
        name = str(path.relative_to(ROOT))
        if (name, rule) in EXCEPTIONS:
            used.add((name, rule))
            continue
        print("%s:%d: %s" % (name, number, why))
        bad += 1
    for name, rule in sorted(set(EXCEPTIONS) - used):
        print("%s: the exception for '%s' is no longer needed" % (name, rule))
        bad += 1
    print("%d files, %d violations" % (len(sources()), bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
