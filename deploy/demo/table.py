# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""The figures of the demo as a table: a line for each region, side by side what is known of each domain."""
import datetime
import json
import re
import shutil
import time

import day

# Pedestrians: in 15 minutes there are five counts of three minutes; in 5 minutes there would be one or two.
WINDOWS = {"parking": "1m", "traffic": "1m", "pedestrian": "15m"}
REGION_WIDTH = 21
UNKNOWN = "-"

# How long after its end a window is complete: the last sensor has sent, and lateness is over.
COMPLETE_AFTER_S = {"parking": 70, "traffic": 12, "pedestrian": 80}
LENGTH_S = {"1m": 60, "15m": 900}


def number(value, form="{:.0f}"):
    return UNKNOWN if value is None else form.format(value)


# For each domain its columns: heading, width, and what a figure has there.
COLUMNS = {
    "parking": [
        ("vacant", 7, lambda f: number(f["vacant"])),
        ("of", 6, lambda f: number(f["capacity"])),
        ("taken", 6, lambda f: number(f["occupancy"], "{:.0%}")),
    ],
    "traffic": [
        ("veh/h", 7, lambda f: number(f["flow_veh_h"])),
        ("km/h", 6, lambda f: number(f["speed_km_h"], "{:.1f}")),
        ("jams", 5, lambda f: number(f["jams"])),
        ("queue m", 8, lambda f: number(f["queue_length_m"])),
    ],
    "pedestrian": [
        ("an hour", 8, lambda f: number(f["per_hour"])),
        ("in view", 8, lambda f: number(f["presence"])),
    ],
}
TRUST = [("cover", 6), ("quality", 10)]
TITLES = {"parking": "PARKING", "traffic": "TRAFFIC", "pedestrian": "PEDESTRIANS"}


def start_of(domain, played_s, speed):
    """The start of the newest complete window. bruisd settles readings of the past once a second."""
    length_s = LENGTH_S[WINDOWS[domain]]
    complete_s = played_s - COMPLETE_AFTER_S[domain] - (2 * speed if speed > 1 else 0)
    start_s = max(0, complete_s // length_s * length_s - length_s)
    return datetime.datetime.fromtimestamp(start_s, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock_of(end):
    moment = datetime.datetime.fromisoformat(end.replace("Z", "+00:00"))
    return moment.astimezone(day.ZONE).strftime("%H:%M")


def cells(domain, figure):
    """A domain's part of a line; figure is None where a region has no such sensors."""
    widths = [width for _, width, _ in COLUMNS[domain]] + [width for _, width in TRUST]
    if figure is None:
        return " " * (sum(widths) + 1)
    texts = [value(figure[domain]) for _, _, value in COLUMNS[domain]]
    texts.append(number(figure["coverage"]["weight"], "{:.0%}"))
    text = "".join(text.rjust(width) for text, width in zip(texts, widths))
    return text + " " + figure["quality"].ljust(TRUST[-1][1])


def headings(domain):
    text = "".join(name.rjust(width) for name, width, _ in COLUMNS[domain])
    return text + TRUST[0][0].rjust(TRUST[0][1]) + " " + TRUST[1][0].ljust(TRUST[1][1])


class Board:
    """The newest complete figures of every region, and what became of the messages.

    get gives the answer of bruisd to a path, metrics that of its /metrics: bytes both. played_s is how far
    the play has come (seconds since 1970), speed how many times faster than time it goes."""

    def __init__(self, get, metrics, played_s, speed):
        self.figures = {}
        for domain, window in WINDOWS.items():
            until = start_of(domain, played_s, speed)
            query = f"window={window}&datetime=../{until}&f=json"
            answer = json.loads(get(f"/v1/collections/{domain}/items?{query}"))
            self.figures[domain] = {figure["region"]: figure for figure in answer["figures"]}
        self.counters = self.read_counters(metrics().decode())

    @staticmethod
    def read_counters(text):
        """Sums over feeds: {outcome or result: count}."""
        counters = {}
        row = re.compile(r'bruis_(?:messages|observations)_total\{.*?(?:outcome|result)="(\w+)"\} (\d+)')
        for line in text.splitlines():
            found = row.match(line)
            if found:
                counters[found[1]] = counters.get(found[1], 0) + int(found[2])
        return counters

    def regions(self):
        """Code and name in the order of the region table, sets last."""
        names = {}
        for figures in self.figures.values():
            names.update({code: figure["name"] for code, figure in figures.items()})
        return names

    def missing(self, expected):
        """Regions that have sensors of a domain but no figure of it that says something."""
        return [f"{domain} {code}" for domain, codes in expected.items() for code in sorted(codes)
                if self.figures[domain].get(code, {"quality": "none"})["quality"] == "none"]

    def title(self, domain):
        ends = [figure["end"] for figure in self.figures[domain].values()]
        until = f" to {clock_of(max(ends))}" if ends else ": nothing yet"
        return f"  {TITLES[domain]}, {WINDOWS[domain]}{until}".ljust(len(headings(domain)))

    def footer(self):
        decoded, used = self.counters.get("decoded", 0), self.counters.get("used", 0)
        left_out = [f"{count} {word}" for word, count in sorted(self.counters.items())
                    if count and word not in ("decoded", "used")]
        rest = ", ".join(left_out) or "nothing left out"
        return f"{decoded} messages decoded, {used} readings used, {rest}"

    def block(self, domains):
        """The lines of some domains side by side."""
        lines = ["region".ljust(REGION_WIDTH) + "".join(self.title(domain) for domain in domains),
                 " " * REGION_WIDTH + "".join(headings(domain) for domain in domains)]
        for code, name in self.regions().items():
            lines.append(f"{code} {name}"[:REGION_WIDTH].ljust(REGION_WIDTH)
                         + "".join(cells(domain, self.figures[domain].get(code)) for domain in domains))
        return [line.rstrip() for line in lines]

    def lines(self):
        return self.block(list(WINDOWS)) + ["", self.footer()]


class Screen:
    """Draws over what it drew before where it is a terminal, else prints now and then.

    Where three domains are too wide for the terminal, they take turns."""

    TURN_S = 4

    def __init__(self, file):
        self.file = file
        self.is_terminal = file.isatty()
        self.pause_s = 1 if self.is_terminal else 5
        self.drawn = 0

    def fitting(self, board, size):
        lines = board.lines()
        if max(map(len, lines)) >= size.columns:
            domains = list(WINDOWS)
            domain = domains[int(time.monotonic() / self.TURN_S) % len(domains)]
            lines = board.block([domain]) + ["", board.footer()]
        return [line[: size.columns - 1] for line in lines[: size.lines - 1]]

    def draw(self, board):
        if not self.is_terminal:
            self.file.write("\n".join(board.lines()) + "\n\n")
        else:
            lines = self.fitting(board, shutil.get_terminal_size())
            up = f"\x1b[{self.drawn}A" if self.drawn else ""
            self.file.write(up + "".join(line + "\x1b[K\n" for line in lines) + "\x1b[J")
            self.drawn = len(lines)
        self.file.flush()
