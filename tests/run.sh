#!/bin/sh
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
# Runs test programs and says what became of each: run.sh NAME PROGRAM...
# A program passes with status 0, is skipped with 77, and fails with any other. Its output is shown when it fails.
# JOBS of them run at once (3, as most of their time is waiting; benchmarks one after the other): each has its own folder
# and ports.
# What a sanitizer says goes to files, so that a report of any process fails the program that started it: of a daemon that
# is killed later, or whose status nobody asks for, too.
set -u

# One program, in a folder for its results. Its lines come out in one piece.
if [ "$1" = --one ]; then
    results=$2 name=$3 program=$4
    log=$(mktemp "$results/log.XXXXXX")
    start=$(date +%s)
    export ASAN_OPTIONS="${ASAN_OPTIONS:-}:log_path=$log.report" UBSAN_OPTIONS="${UBSAN_OPTIONS:-}:log_path=$log.report" \
        TSAN_OPTIONS="${TSAN_OPTIONS:-}:log_path=$log.report"
    case $program in
    *.py) python3 "$program" >"$log" 2>&1 ;;
    *) "$program" >"$log" 2>&1 ;;
    esac
    status=$?
    took=$(($(date +%s) - start))
    case $status in
    0) word=pass ;;
    77) word=skip ;;
    *) word=FAIL ;;
    esac
    for report in "$log".report.*; do
        [ -e "$report" ] || continue
        word=FAIL
        head -n 40 "$report" >>"$log"
    done
    last=$(tail -n 1 "$log" | cut -c 1-120)
    [ -n "$last" ] || word=FAIL # a test that says nothing has tested nothing
    {
        printf '%-5s %3ds %-44s %s\n' "$word" "$took" "${program##*/}" "$last"
        if [ "$word" = FAIL ] || [ "$name" = bench ]; then
            sed 's/^/      | /' "$log" | tail -n 60
        fi
    } >"$log.shown"
    cat "$log.shown"
    echo "$word $program" >"$log.word"
    exit 0
fi

name=$1
shift
jobs=${JOBS:-3}
[ "$name" != bench ] || jobs=1
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
printf '%s\n' "$@" | xargs -P "$jobs" -I{} sh "$0" --one "$results" "$name" {}
count() { cat "$results"/*.word 2>/dev/null | grep -c "^$1 "; }
passed=$(count pass) failed=$(count FAIL) skipped=$(count skip)
[ "$failed" -eq 0 ] || sed -n 's/^FAIL /failed: /p' "$results"/*.word
printf '%s: %d passed, %d failed, %d skipped\n' "$name" "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] && [ $((passed + failed + skipped)) -eq $# ]
