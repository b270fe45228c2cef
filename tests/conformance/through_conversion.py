#!/usr/bin/env python3
"""Stands in for the collector: converts the configuration it is given to the other language and runs the collector with the result.

    run.py check --collector "tests/conformance/through_conversion.py [--or-as-it-is] PATH/spanmill" cases/alloy/*

An .alloy or .river file becomes YAML and runs as that; a .yaml file becomes Alloy. What `convert` refuses ends with its status, or, with
--or-as-it-is, runs unconverted. $CONVERSION_LOG names a file that gets a line for each configuration: "converted" or "as it is", and its path.
"""
import os
import subprocess
import sys
import tempfile


def note(what, path):
    if os.environ.get("CONVERSION_LOG"):
        with open(os.environ["CONVERSION_LOG"], "a") as log:
            log.write("%s %s\n" % (what, os.path.abspath(path)))


def main():
    arguments = sys.argv[1:]
    is_lenient = arguments[0] == "--or-as-it-is"
    collector, argv = arguments[is_lenient], arguments[is_lenient + 1:]
    places = [i + 1 for i, argument in enumerate(argv) if argument == "--config"]
    if is_lenient and (len(places) != 1 or "--set" in argv or not os.path.isfile(argv[places[0]])):  # commands, and cases about how configurations are put together
        os.execv(collector, [collector] + argv)
    place = places[0]
    path = argv[place]
    language = {".alloy": "alloy", ".river": "river"}.get(os.path.splitext(path)[1], "collector")
    other = "collector" if language != "collector" else "alloy"
    folder = os.environ.get("WORK") or tempfile.mkdtemp(prefix="converted-")
    converted = os.path.join(folder, "converted." + ("yaml" if other == "collector" else "alloy"))
    command = [collector, "convert", "--from", language, "--to", other, "--output", converted, path]
    result = subprocess.run(command, capture_output=is_lenient)
    is_converted = result.returncode == 0
    note("converted" if is_converted else "as it is", path)
    if is_converted:
        argv[place] = converted
    elif not is_lenient:
        return result.returncode
    os.execv(collector, [collector] + argv)


if __name__ == "__main__":
    sys.exit(main())
