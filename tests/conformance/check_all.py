#!/usr/bin/env python3
"""Runs the recorded cases of every area that is built:  check_all.py --collector PATH [--jobs N]

`areas.txt` lists the areas; `waiting.txt` the cases in them that need a component which does not exist yet, each with the reason. A case listed there
that passes is reported as a failure, so that the list cannot go stale. The last line is 'N passed, N failed'.
"""
import argparse, os, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))


def lines(name):
    with open(os.path.join(HERE, name)) as file:
        return [line.split("#")[0].strip() for line in file if line.split("#")[0].strip()]


def run(collector, jobs, cases):
    done = subprocess.run([sys.executable, os.path.join(HERE, "run.py"), "check", "--collector", collector, "--jobs", str(jobs), *cases],
                          stdout=subprocess.PIPE, text=True)
    failed = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("FAIL ")}
    return failed, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collector", required=True)
    parser.add_argument("--jobs", type=int, default=4)
    args = parser.parse_args()
    waiting = set(lines("waiting.txt"))
    cases = [os.path.join(HERE, "cases", area, case) for area in lines("areas.txt")
             for case in sorted(os.listdir(os.path.join(HERE, "cases", area))) if area + "/" + case not in waiting]
    failed, output = run(args.collector, args.jobs, cases)
    again = []
    if failed:  # Cases wait for real time to pass; on a loaded machine one may look too early. What fails alone as well has failed.
        print(output)
        print("once more, alone:", " ".join(sorted(failed)))
        again, output = run(args.collector, 1, [case for case in cases if os.path.basename(case) in failed])
        print(output)
    stale = []
    if waiting:
        still_failing, _ = run(args.collector, args.jobs, [os.path.join(HERE, "cases", case) for case in sorted(waiting)])
        stale = [case for case in sorted(waiting) if os.path.basename(case) not in still_failing]
        for case in stale:
            print("passes, but is listed in waiting.txt:", case)
    print("%d passed, %d failed" % (len(cases) - len(again), len(again) + len(stale)))
    return 1 if again or stale else 0


if __name__ == "__main__":
    sys.exit(main())
