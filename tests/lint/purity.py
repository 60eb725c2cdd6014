#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""Adapters are pure: what they make depends on their arguments alone, so they may run on any thread and a
replay gives the same bytes. This looks at their objects in $B/obj/adapters and refuses what they must not
have: a call that is not on the list below (no file, socket, stream, clock, chance or environment), and a
variable that outlives a call.

usage: purity.py        prints each refusal and ends with 1 when there is one; B is build when it is not set
"""
import fnmatch
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What adapters may call, besides each other. Fortified names (__memcpy_chk) count as the plain ones. What
# asks the locale (strtod, tolower) is sound because main sets it once, to C.
ALLOWED = """
    br_arena_* br_csv_* br_faults_* br_node_* br_payload_* br_text_* br_time_* br_zone_*
    bruis__v1__* protobuf_c_*

    memchr memcmp bcmp memcpy memmem memmove memset
    strcasecmp strchr strcmp strcspn strlen strncasecmp strncmp strndup strnlen strpbrk strrchr strspn strstr
    tolower toupper __ctype_tolower_loc __ctype_toupper_loc __ctype_b_loc
    strtod strtol strtoll strtoul strtoull snprintf vsnprintf qsort bsearch
    calloc free malloc realloc
    abs ceil fabs floor fmax fmin fmod llround lround round trunc

    __assert_fail __errno_location __stack_chk_fail _GLOBAL_OFFSET_TABLE_
""".split()

# What belongs to the one door of a library (see layers.py), and what its headers bring along.
ALLOWED_ALSO = {
    "adapters/xml.o": ["XML_*"],
    "adapters/json.o": ["_ZN8simdjson*", "_ZNK8simdjson*", "_ZSt7nothrow", "_ZSt*__throw_*", "_Zn[wa]*",
                        "_Zd[la]*", "__gxx_personality_v0", "DW.ref.*"],
}

# Sections of variables; .data.rel.ro holds constants with addresses in them.
VARIABLE = re.compile(r"^(\.data(?!\.rel\.ro)|\.bss|\.tdata|\.tbss|\*COM\*)")
SYMBOL = re.compile(r"^[0-9a-f]+ (?P<flags>.{7}) (?P<section>\S+)\t[0-9a-f]+\s+(?:\.\w+ )?(?P<name>\S+)$")
FORTIFIED = re.compile(r"^__(\w+)_chk$")


def fits(symbol, patterns):
    return any(fnmatch.fnmatchcase(symbol, pattern) for pattern in patterns)


def symbols_of(path):
    """(section, name) of each symbol, the marks of files and sections aside."""
    table = subprocess.run(["objdump", "-t", "--", path], capture_output=True, text=True, check=True).stdout
    for line in table.splitlines():
        match = SYMBOL.match(line)
        if match and match["flags"][5] not in "df":
            yield match["section"], match["name"]


def refusals(name, symbols, own):
    library = ALLOWED_ALSO.get(name, [])
    for section, symbol in symbols:
        plain = FORTIFIED.sub(r"\1", symbol)
        if symbol in own and section == "*UND*" or fits(plain, library):
            continue
        if section == "*UND*" and not fits(plain, ALLOWED):
            yield f"{symbol} is not on the list of what an adapter may use"
        elif VARIABLE.match(section):
            yield f"{symbol} is a variable of the whole program, in {section}"


def main():
    objects = ROOT / os.environ.get("B", "build") / "obj"
    tables = {path.relative_to(objects).as_posix(): list(symbols_of(path))
              for path in sorted((objects / "adapters").rglob("*.o"))}
    own = {symbol for symbols in tables.values() for section, symbol in symbols if section != "*UND*"}
    refused = 0
    for name, symbols in tables.items():
        for why in refusals(name, symbols, own):
            refused += 1
            print(f"{name}: {why}")
    if not tables:
        print(f"purity: no objects in {objects}/adapters")
        return 1
    print(f"purity: {len(tables)} objects, {refused} symbols refused")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
