# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""The log events of the program, as its source has them: event -> priorities."""
import re
from pathlib import Path

LEVELS = {"BR_LOG_ERR": "err", "BR_LOG_WARNING": "warning", "BR_LOG_NOTICE": "notice", "BR_LOG_INFO": "info"}
WORD = re.compile(r'"([a-z_]+)"')


def arguments(text, start):
    """The arguments of a call whose opening bracket is at start - 1, split at its own commas."""
    depth, quoted, part, parts, i = 0, False, "", [], start
    while True:
        c = text[i]
        if c == '"' and text[i - 1] != "\\":
            quoted = not quoted
        if not quoted and c == ")" and depth == 0:
            return parts + [part]
        depth += 0 if quoted else (c in "([{") - (c in ")]}")
        if c == "," and depth == 0 and not quoted:
            parts.append(part)
            part = ""
        else:
            part += c
        i += 1


def calls(text, name):
    for match in re.finditer(rf"\b{name}\(", text):
        yield [part.strip() for part in arguments(text, match.end())]


def words_of(expression, text):
    """The events that an argument can be: a literal, one of two, or what a small function gives."""
    found = WORD.findall(expression)
    function = re.fullmatch(r"(\w+)\(.*\)", expression)
    if not found and function:
        body = re.search(rf"\b{function[1]}\([^;{{]*\)\n\{{(.*?)\n\}}", text, re.S)
        found = WORD.findall(body[1]) if body else []
    return found


def events_of(text, unknown):
    """A function that takes level and event and passes them on is followed to its callers."""
    found = []
    for name in ("br_log", "br_log_often"):
        for call in calls(text, name):
            if len(call) < 4 or "enum br_log_level" in call[1]:
                continue  # its declaration
            found.append((call[1], call[2]))
    for level, event in list(found):
        if words_of(event, text) or not re.fullmatch(r"\w+", event):
            continue
        found.remove((level, event))
        passing = [match for match in re.finditer(r"static void (\w+)\(([^)]*)\)", text) if f"*{event}" in match[2]]
        for match in passing:
            places = [part.split()[-1].lstrip("*") for part in match[2].split(",")]
            for call in calls(text[match.end():], match[1]):
                found.append((call[places.index(level)] if level in places else level, call[places.index(event)]))
        if not passing:
            unknown.append(event)
    return found


def log_events(root):
    """And the list of call sites that could not be understood."""
    events, unknown = {}, []
    for file in sorted(Path(root, "daemon").rglob("*.c")):
        if file.name == "log.c":
            continue
        text = re.sub(r"/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.S)
        for level, event in events_of(text, unknown):
            levels, words = re.findall(r"BR_LOG_\w+", level), words_of(event, text)
            if not words or not levels:
                unknown.append(f"{file.name}: {level}, {event}")
            for i, word in enumerate(words):
                # `bad ? ERR : NOTICE, bad ? "degraded" : "recovered"` go together.
                own = [levels[i]] if len(levels) == len(words) else levels
                events.setdefault(word, set()).update(LEVELS[one] for one in own)
    return events, unknown
