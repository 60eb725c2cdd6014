#!/bin/sh
# clang-tidy over some files: tidy.sh BUILD FILE... Prints what it finds and fails when it finds something.
set -u
build=$1
shift
found=$(clang-tidy-14 --quiet "$@" -- -std=c17 -D_GNU_SOURCE '-DBR_VERSION="0"' -I. -I"$build/gen" 2>/dev/null)
status=$?
[ -z "$found" ] || printf '%s\n' "$found"
exit $status
