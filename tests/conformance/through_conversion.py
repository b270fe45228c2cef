#!/usr/bin/env python3
"""Stands in for the collector: converts the configuration it is given to the other language and runs the collector with the result.

    run.py check --collector "tests/conformance/through_conversion.py PATH/spanmill" cases/alloy/*

An .alloy or .river file becomes YAML and runs as that; a .yaml file becomes Alloy. What `convert` refuses ends with its status.
"""
import os
import subprocess
import sys
import tempfile


def main():
    collector, argv = sys.argv[1], sys.argv[2:]
    place = argv.index("--config") + 1
    path = argv[place]
    language = {".alloy": "alloy", ".river": "river"}.get(os.path.splitext(path)[1], "collector")
    other = "collector" if language != "collector" else "alloy"
    folder = os.environ.get("WORK") or tempfile.mkdtemp(prefix="converted-")
    converted = os.path.join(folder, "converted." + ("yaml" if other == "collector" else "alloy"))
    result = subprocess.run([collector, "convert", "--from", language, "--to", other, "--output", converted, path])
    if result.returncode:
        return result.returncode
    argv[place] = converted
    os.execv(collector, [collector] + argv)


if __name__ == "__main__":
    sys.exit(main())
