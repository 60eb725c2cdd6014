#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""Reads the #include lines of the sources and refuses those against the direction of the folders:
in -> adapters -> flow -> out, and core below them all.

usage: layers.py [ROOT]        prints FILE:LINE of each breach and ends with 1 when there is one
"""
import fnmatch
import pathlib
import re
import sys

FOLDERS = ("daemon", "adapters", "proto")
SUFFIXES = (".c", ".h", ".cc")
INCLUDE = re.compile(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')

# Who may include what of ours: all rows that fit a file hold for it. `*` passes over / as well, `@` does not;
# {folder} is the folder of the including file.
CORE = "daemon/core/*"
RECORDS = "proto/* bruis/v1/*.pb-c.h"
OURS = (
    ("daemon/core/*", CORE),
    ("proto/*", f"{CORE} {RECORDS}"),
    # A format knows what all formats share and its own folder: none knows another.
    ("adapters/*", f"{CORE} {RECORDS} adapters/@.h"),
    ("adapters/*/*", "{folder}/*"),
    ("daemon/config*", f"{CORE} daemon/config* adapters/adapter.h"),
    ("daemon/config/check*", "daemon/flow/region.h daemon/flow/catalogue.h daemon/flow/decoder.h"),
    ("daemon/state_dir.@", f"{CORE} daemon/config.h daemon/state_dir.h"),
    ("daemon/flow/*", f"{CORE} {RECORDS} daemon/config.h adapters/adapter.h daemon/flow/*"),
    ("daemon/flow/intake.@", "daemon/in/journal.h"),
    ("daemon/in/*", f"{CORE} daemon/config.h daemon/in/*"),
    ("daemon/out/*", f"{CORE} {RECORDS} daemon/config.h daemon/flow/region.h daemon/out/*"),
    ("daemon/out/mqtt_out*", "daemon/in/paho.h daemon/in/mqtt_link.h"),
    # Those that put the parts together.
    ("daemon/main.c", "*"),
    ("daemon/verb*", "*"),
    ("daemon/run/*", "*"),
    ("daemon/control.@", "daemon/control.h daemon/core/*"),
)

# Libraries that have one door. daemon/main.c may include them for the versions that it tells.
LIBRARIES = (
    ("MQTT*.h", "daemon/in/paho*"),
    ("microhttpd.h", "daemon/out/http/*"),
    ("expat*.h", "adapters/xml.c"),
    ("simdjson.h", "adapters/json.cc"),
    ("yaml.h", "daemon/config/*"),
    ("sqlite3.h", "daemon/out/*"),
    ("curl/*", "daemon/out/*"),
    ("geos_c.h", "daemon/flow/*"),
    ("proj.h", "daemon/flow/*"),
    ("uv.h", "daemon/in/* daemon/flow/intake.@ daemon/out/* daemon/verb* daemon/run/* daemon/control.@"),
)
TELLS_VERSIONS = "daemon/main.c"


def fits(name, patterns):
    """Whether the name is one of the patterns."""
    for pattern in patterns.split():
        deeper = "@" in pattern and name.count("/") != pattern.count("/")
        if not deeper and fnmatch.fnmatchcase(name, pattern.replace("@", "*")):
            return True
    return False


def allowed_to(file):
    """The headers of ours that this file may include."""
    folder = file.rpartition("/")[0]
    return " ".join(headers.format(folder=folder) for files, headers in OURS if fits(file, files))


def breach_of(root, file, ours, library):
    """None, or why this include is refused."""
    if ours:
        if not ours.startswith("bruis/v1/") and not (root / ours).exists():
            return f'"{ours}" is not there: includes of ours are written from the root'
        allowed = allowed_to(file)
        if not allowed:
            return "no row of tests/lint/layers.py says what this file may include"
        return None if fits(ours, allowed) else f'"{ours}" is against the direction'
    for headers, files in LIBRARIES:
        if fits(library, headers) and not fits(file, files) and file != TELLS_VERSIONS:
            return f"<{library}> belongs to {files}"
    return None


def sources(root):
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SUFFIXES and path.is_file():
                yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    files = breaches = 0
    for file, text in sources(root):
        files += 1
        for number, line in enumerate(text.splitlines(), 1):
            match = INCLUDE.match(line)
            why = breach_of(root, file, *match.groups()) if match else None
            if why:
                breaches += 1
                print(f"{file}:{number}: {why}")
    print(f"layers: {files} files, {breaches} includes refused")
    return 1 if breaches or not files else 0


if __name__ == "__main__":
    sys.exit(main())
