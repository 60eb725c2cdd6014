#!/bin/sh
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
#
# clang-tidy over some files: tidy.sh BUILD FILE... Prints what it finds and fails when it finds something.
# What it says of the number of warnings it left out is shown only where it fails without a finding.
set -u
build=$1
shift
said=$(mktemp)
trap 'rm -f "$said"' EXIT
failed=0
for file in "$@"; do
    case $file in
    *.cc) standard=c++17 ;;
    *) standard=c17 ;;
    esac
    clang-tidy-14 --quiet "$file" -- "-std=$standard" -D_GNU_SOURCE '-DBR_VERSION="0"' -I. -I"$build/gen" \
        >"$said" 2>"$said.err" || failed=1
    cat "$said"
    [ "$failed" = 0 ] || [ -s "$said" ] || cat "$said.err" >&2
done
exit $failed
