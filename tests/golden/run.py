#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""The golden tests: payloads as they arrive, and the records that must come of them.

A case is tests/golden/ADAPTER/NAME.in (or NAME.in.gz), with
  NAME.args   the arguments of `bruisd decode`, as one line of shell words; relative files begin at ADAPTER/
  NAME.out    standard output, byte for byte, then `# ` and the summary line of standard error

usage: run.py [ADAPTER/CASE...]            runs all cases, or those that are named
       run.py --update ADAPTER/CASE...     writes their NAME.out anew: look at the difference
The program is $B/bruisd, build/bruisd without B.
"""
import argparse
import difflib
import os
import pathlib
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
INPUTS = (".in", ".in.gz")
DIFF_LINES = 20
DEADLINE_S = 120
STATUS_DECODED, STATUS_REJECTED = 0, 65


class Failure(Exception):
    """Why a case cannot be judged."""


def find_cases():
    """The stem of every case. A file that belongs to none makes one too, which then fails."""
    stems = set()
    for path in HERE.glob("*/*"):
        for suffix in (*INPUTS, ".args", ".out"):
            if path.name.endswith(suffix):
                stems.add(path.with_name(path.name.removesuffix(suffix)))
    return sorted(stems)


def beside(stem, suffix):
    return stem.with_name(stem.name + suffix)


def input_of(stem):
    there = [beside(stem, suffix) for suffix in INPUTS if beside(stem, suffix).exists()]
    if len(there) != 1:
        raise Failure("one of .in and .in.gz is needed, there are %d" % len(there))
    return there[0]


def arguments_of(stem):
    path = beside(stem, ".args")
    if not path.exists():
        raise Failure("no .args")
    return shlex.split(path.read_text(encoding="utf-8"))


def summary_of(errors):
    lines = [line for line in errors.splitlines() if line.startswith(b"payloads=")]
    return lines[-1] if lines else None


def decode(program, stem):
    """What bruisd makes of the case, in the form of a .out file."""
    command = [program, "decode", *arguments_of(stem), input_of(stem).name]
    # An unusual zone of the machine: what is decoded must not depend on it.
    environment = {**os.environ, "TZ": "Asia/Kathmandu"}
    done = subprocess.run(command, cwd=stem.parent, env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=DEADLINE_S, check=False)
    summary = summary_of(done.stderr)
    rejected = summary is not None and not summary.endswith(b" rejected=0")
    if summary is None or done.returncode != (STATUS_REJECTED if rejected else STATUS_DECODED):
        told = done.stderr.decode("utf-8", "backslashreplace")
        raise Failure("status %d\n%s" % (done.returncode, "\n".join(told.splitlines()[:DIFF_LINES])))
    if done.stdout and not done.stdout.endswith(b"\n"):
        raise Failure("the last record has no end of line")
    return done.stdout + b"# " + summary + b"\n"


def difference(expected, got):
    texts = [text.decode("utf-8", "backslashreplace").splitlines() for text in (expected, got)]
    lines = list(difflib.unified_diff(*texts, "expected", "got", lineterm="", n=1))
    more = len(lines) - DIFF_LINES
    return "\n".join(lines[:DIFF_LINES] + (["(%d more lines)" % more] if more > 0 else []))


def judge(program, stem):
    """None, or what is wrong."""
    path = beside(stem, ".out")
    try:
        if not path.exists():
            raise Failure("no .out")
        expected, got = path.read_bytes(), decode(program, stem)
        if expected == got:
            return None
        return difference(expected, got) or "other bytes at the ends of lines"
    except (Failure, OSError, ValueError, subprocess.TimeoutExpired) as error:
        return str(error)


def update(program, stems):
    for stem in stems:
        try:
            beside(stem, ".out").write_bytes(decode(program, stem))
        except (Failure, OSError, ValueError, subprocess.TimeoutExpired) as error:
            print("FAIL %s: %s" % (stem.relative_to(HERE), error))
            return 1
        print("wrote %s" % beside(stem, ".out").relative_to(ROOT))
    return 0


def check(program, stems):
    failed = 0
    for stem in stems:
        wrong = judge(program, stem)
        if wrong is not None:
            failed += 1
            print("FAIL %s: %s" % (stem.relative_to(HERE), wrong))
    print("%d passed, %d failed" % (len(stems) - failed, failed))
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description="runs the golden tests")
    parser.add_argument("--update", action="store_true", help="write the .out of the named cases anew")
    parser.add_argument("cases", nargs="*", metavar="ADAPTER/CASE")
    arguments = parser.parse_args()
    if arguments.update and not arguments.cases:
        parser.error("--update needs the cases by name")
    program = ROOT / os.environ.get("B", "build") / "bruisd"
    if not program.exists():
        parser.error("no program at %s" % program)
    known = find_cases()
    for case in arguments.cases:
        if HERE / case not in known:
            parser.error("no such case: %s" % case)
    stems = [HERE / case for case in arguments.cases] or known
    if not stems:
        parser.error("no cases in %s" % HERE)
    return update(program, stems) if arguments.update else check(program, stems)


if __name__ == "__main__":
    sys.exit(main())
