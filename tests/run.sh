#!/bin/sh
# Runs test programs one after the other and says what became of each: run.sh NAME PROGRAM...
# A program passes with status 0, is skipped with 77, and fails with any other. Its output is shown when it fails.
set -u
name=$1
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0 failures=
for program in "$@"; do
    start=$(date +%s)
    case $program in
    *.py) python3 "$program" >"$log" 2>&1 ;;
    *) "$program" >"$log" 2>&1 ;;
    esac
    status=$?
    took=$(($(date +%s) - start))
    case $status in
    0) passed=$((passed + 1)) word=pass ;;
    77) skipped=$((skipped + 1)) word=skip ;;
    *) failed=$((failed + 1)) word=FAIL failures="$failures $program" ;;
    esac
    last=$(tail -n 1 "$log" | cut -c 1-120)
    printf '%-5s %3ds %-44s %s\n' "$word" "$took" "${program##*/}" "$last"
    if [ "$word" = FAIL ] || [ "$name" = bench ]; then
        sed 's/^/      | /' "$log" | tail -n 60
    fi
done
[ -z "$failures" ] || echo "failed:$failures"
printf '%s: %d passed, %d failed, %d skipped\n' "$name" "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
