#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""What the encoder of the line protocol writes is read back the same by a parser that knows nothing of it, whatever is in names
and strings; what cannot be said is refused, and never becomes another point.

POINTS (20000), SEED (the time; it is printed)."""
import ctypes
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
POINTS = int(os.environ.get("POINTS", "20000"))
SEED = int(os.environ.get("SEED", time.time_ns() // 1000 % 10**9))
REFUSED, NO_ROOM = -1, -2
HOSTILE = ["\\", " ", ",", "=", '"', "\n", "\r", "\t", "é", "\U0001f6b2", "a", "b", "7", "/", "+", "#", "%", "'", ";"]


class Line(ctypes.Structure):
    _fields_ = [("buffer", ctypes.c_char_p), ("size", ctypes.c_size_t), ("needed", ctypes.c_size_t),
                ("last_tag", ctypes.c_char_p), ("field_count", ctypes.c_uint), ("is_refused", ctypes.c_bool)]


def load(folder):
    library = folder / "influx_line.so"
    subprocess.run([os.environ.get("CC", "cc"), "-std=c17", "-D_GNU_SOURCE", "-O1", "-shared", "-fPIC", f"-I{ROOT}", "-o",
                    str(library), str(ROOT / "daemon/out/influx_line.c"), "-lm"], check=True)
    found = ctypes.CDLL(str(library))
    found.influx_line_end.restype = ctypes.c_long
    return found


# ---- the parser


class Wrong(Exception):
    pass


def name(text, at, stops):
    """Until an unescaped byte of stops. A backslash is one, but in front of a stop, a comma, an equals sign or a space."""
    found = ""
    while at < len(text) and text[at] not in stops:
        if text[at] == "\\" and at + 1 < len(text) and text[at + 1] in ", =":
            at += 1
        found += text[at]
        at += 1
    return found, at


def value(text, at):
    if text[at] == '"':
        found, at = "", at + 1
        while text[at] != '"':
            if text[at] == "\\" and text[at + 1] in '\\"':
                at += 1
            found += text[at]
            at += 1
        return found, at + 1
    end = at
    while text[end] not in ", ":
        end += 1
    word = text[at:end]
    if word in ("t", "f"):
        return word == "t", end
    return (int(word[:-1]) if word.endswith("i") else float(word)), end


def parse(text):
    """Measurement, tags, fields, time of the one point that a text holds."""
    measurement, at = name(text, 0, ", ")
    tags, fields = {}, {}
    while text[at] == ",":
        key, at = name(text, at + 1, "=, ")
        if text[at] != "=":
            raise Wrong(f"a tag without a value at {at}")
        tags[key], at = name(text, at + 1, ", =")
    if text[at] != " ":
        raise Wrong(f"no fields at {at}")
    while text[at] in " ,":
        if text[at] == " " and fields:
            break
        key, at = name(text, at + 1, "=, ")
        fields[key], at = value(text, at + 1)
    stamp = text[at + 1:]
    if not stamp.endswith("\n") or "\n" in stamp[:-1]:
        raise Wrong("more than a point")
    return measurement, tags, fields, int(stamp)


# ---- points


def word(rng):
    return "".join(rng.choice(HOSTILE) for _ in range(rng.randint(0, 6))) if rng.random() < 0.5 else rng.choice(["x", "rate", "gm1"])


def can_be_said(text):
    special = ", =\n\r\\"
    return text != "" and not any(c in "\n\r" for c in text) and not any(
        c == "\\" and (i + 1 == len(text) or text[i + 1] in special) for i, c in enumerate(text))


def number(rng):
    kind = rng.random()
    if kind < 0.3:
        return rng.randint(-10**6, 10**6) / 10**rng.randint(0, 5)
    if kind < 0.6:
        return rng.uniform(-1, 1) * 10.0**rng.randint(-300, 300)
    return rng.choice([0.0, -0.0, 1e22, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, 1 / 3, 2.5, 1e15, 123456789012.3456])


def point(rng):
    keys = sorted({word(rng) for _ in range(rng.randint(0, 3))}, key=lambda k: k.encode())
    fields = {}
    for _ in range(rng.randint(0, 4)):
        fields[word(rng)] = rng.choice([lambda: rng.randint(-2**63, 2**63 - 1), lambda: number(rng), lambda: rng.random() < 0.5,
                                        lambda: "".join(rng.choice(HOSTILE) for _ in range(rng.randint(0, 9)))])()
    return word(rng), {key: word(rng) for key in keys}, fields, rng.randint(-2**62, 2**62)


def encode(library, made, size):
    measurement, tags, fields, stamp = made
    line, room = Line(), ctypes.create_string_buffer(b"#" * size, size + 8)
    kept = [measurement.encode()] + [key.encode() for key in tags]
    library.influx_line_begin(ctypes.byref(line), room, ctypes.c_size_t(size), kept[0])
    for key, (plain, text) in zip(kept[1:], tags.items()):
        data = text.encode()
        library.influx_line_tag_n(ctypes.byref(line), key, ctypes.c_size_t(len(key)), data, ctypes.c_size_t(len(data)))
    for plain, what in fields.items():
        key = plain.encode()
        head = ctypes.byref(line), key, ctypes.c_size_t(len(key))
        if isinstance(what, bool):
            library.influx_line_bool_n(*head, ctypes.c_bool(what))
        elif isinstance(what, int):
            library.influx_line_int_n(*head, ctypes.c_int64(what))
        elif isinstance(what, float):
            library.influx_line_float_n(*head, ctypes.c_double(what))
        else:
            data = what.encode()
            library.influx_line_string_n(*head, data, ctypes.c_size_t(len(data)))
    result = library.influx_line_end(ctypes.byref(line), ctypes.c_int64(stamp))
    return result, room.raw[:max(result, 0)], line.needed


def check(library, made):
    measurement, tags, fields, stamp = made
    names = [measurement, *fields] + [text for pair in tags.items() if pair[1] != "" for text in pair]
    good = bool(fields) and all(map(can_be_said, names))
    size, data, needed = encode(library, made, 4096)
    if not good:
        return None if size == REFUSED else f"not refused: {made} -> {data!r}"
    if size != needed:
        return f"{size} for {made}"
    read = parse(data.decode())
    wanted = measurement, {k: v for k, v in tags.items() if v != ""}, fields, stamp
    if read != wanted or any(type(read[2][k]) is not type(v) for k, v in fields.items()):
        return f"{made} was read as {read}"
    if any(math.copysign(1, read[2][k]) != math.copysign(1, v) for k, v in fields.items() if isinstance(v, float)):
        return f"a sign was lost: {made}"
    exact, same, _ = encode(library, made, size)
    less, _, wanted_size = encode(library, made, size - 1)
    if (exact, same, less, wanted_size) != (size, data, NO_ROOM, size):
        return f"with {size} bytes: {exact}, with one less: {less}"
    return None


def main():
    rng = random.Random(SEED)
    faults, said = [], 0
    with tempfile.TemporaryDirectory(prefix="bruisd-influx-") as folder:
        library = load(Path(folder))
        for _ in range(POINTS):
            made = point(rng)
            fault = check(library, made)
            said += bool(made[2])
            if fault:
                faults.append(fault)
    for fault in faults[:20]:
        print(f"  {fault}")
    print(f"seed {SEED}: {POINTS} points, {len(faults)} wrong")
    sys.exit(1 if faults else 0)


main()
