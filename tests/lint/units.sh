#!/bin/sh
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
# The units of systemd/: no fault that systemd sees, an exposure of at most 1.1, and the template like the service.
#   units.sh PROGRAM
set -eu
program=$(readlink -f "$1")
cd "$(dirname "$0")/../../systemd"
exposure_max=11 # tenths
units=$(mktemp -d)
trap 'rm -rf "$units"' EXIT

# The units name the installed program: the one that was built stands for it.
for unit in *.service *.socket; do
    sed "s#/usr/sbin/bruisd\>#$program#" "$unit" >"$units/$unit"
done
cp "$units/bruisd@.service" "$units/bruisd@one.service"
cp "$units/bruisd@.socket" "$units/bruisd@one.socket"
cp "$units/bruisd-ops@.socket" "$units/bruisd-ops@one.socket"
version=$(systemctl --version | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')
for dropin in dropins/*.conf; do
    since=${dropin#dropins/}
    [ "${since%%-*}" -le "$version" ] || continue # an older one warns of what it does not know
    mkdir -p "$units/bruisd.service.d"
    cp "$dropin" "$units/bruisd.service.d"
done

said=$(cd "$units" && systemd-analyze verify --man=no bruisd.service bruisd.socket bruisd-ops.socket \
    bruisd@one.service bruisd@one.socket bruisd-ops@one.socket 2>&1) || { echo "$said"; exit 1; }
[ -z "$said" ] || { echo "$said"; exit 1; }

for unit in bruisd.service bruisd@one.service; do
    if ! systemd-analyze security --offline=true --no-pager --threshold="$exposure_max" \
        "$units/$unit" >"$units/exposure"; then
        cat "$units/exposure"
        exit 1
    fi
    sed -n 's/^.*Overall/units: overall/p' "$units/exposure"
done

# The settings of the service and of its template, without what names the instance.
settings() { grep -v -e '^#' -e '^$' "$1"; }
settings bruisd.service >"$units/one"
settings bruisd@.service | sed -e '/^AssertPathIsSymbolicLink=/d' -e '/^User=bruisd-%i$/d' -e 's# (%i)$##' \
    -e 's# -c /etc/bruisd/%i.yaml$##' -e 's#/%i$##' >"$units/many"
diff "$units/one" "$units/many" || { echo "units: bruisd@.service is not like bruisd.service" >&2; exit 1; }
