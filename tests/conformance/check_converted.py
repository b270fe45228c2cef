#!/usr/bin/env python3
"""Recorded cases once more, with each configuration converted to the other language first:  check_converted.py --collector PATH [--jobs N]

What has no counterpart in Alloy runs as it is (through_conversion.py). Cases wait for real time to pass: what fails is looked at once more, alone.
The last line is 'N passed, N failed'.
"""
import argparse
import collections
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
# Areas of components that Alloy has, too; the others are about how configurations are put together, or about one protocol after the other.
AREAS = ["alloy", "attributes", "auth", "batch", "count", "filter", "memory_limiter", "otlp_exporter", "ottl", "probabilistic_sampler", "service_graph", "spanmetrics",
         "tail_sampling"]


def check(collector, jobs, cases, log):
    wrapped = "%s --or-as-it-is %s" % (os.path.join(HERE, "through_conversion.py"), collector)
    done = subprocess.run([sys.executable, os.path.join(HERE, "run.py"), "check", "--collector", wrapped, "--jobs", str(jobs), *cases], stdout=subprocess.PIPE, text=True,
                          env=dict(os.environ, CONVERSION_LOG=log))
    return {line.split()[1] for line in done.stdout.splitlines() if line.startswith("FAIL ")}, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collector", required=True)
    parser.add_argument("--jobs", type=int, default=4)
    args = parser.parse_args()
    collector = os.path.abspath(args.collector)
    cases = [os.path.join(HERE, "cases", area, case) for area in AREAS for case in sorted(os.listdir(os.path.join(HERE, "cases", area)))]
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        failed, output = check(collector, args.jobs, cases, log)
        if failed:
            print(output)
            print("once more, alone:", " ".join(sorted(failed)))
            failed, output = check(collector, 1, [case for case in cases if os.path.basename(case) in failed], log)
            print(output)
        with open(log) as lines:
            counts = collections.Counter(line.rpartition(" ")[0] for line in lines)
    print(", ".join("%d %s" % (number, what) for what, number in sorted(counts.items())))
    if counts["converted"] < 200:  # most of them; fewer and the test tests nothing
        failed.add("too few configurations were converted")
    print("%d passed, %d failed" % (len(cases) - len(failed), len(failed)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
