# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""The figures of a set of readings, computed the plain way: from the definitions, all readings in memory, no windows that are
open or late. It shares no code and no structure with the daemon; where the two differ, one of them is wrong.

A reading is a dict: kind (parking, traffic, pedestrian), sensor, t (observed, ms), received (ms), and its values. A sensor is a
dict: regions (a set of codes), stale (ms), interval (ms).
"""

import bisect
from fractions import Fraction

MINUTE = 60_000
HOUR = 60 * MINUTE


def half_away(num, den):
    """num / den to the nearest whole number, halves away from zero. den > 0."""
    sign = -1 if num < 0 else 1
    return sign * ((abs(num) * 2 + den) // (den * 2))


def ratio(num, den, decimals):
    return half_away(num * 10**decimals, den) / 10**decimals


def order_key(reading):
    """Which of two readings of one identity holds: the greater one (documented in daemon/flow/reading.h)."""
    if reading["kind"] == "parking":
        fields = ["capacity", "vacant", "entries", "exits"]
    elif reading["kind"] == "traffic":
        fields = ["flow", None, "speed"]
    else:
        fields = ["count", "count_in", "count_out", None]
    values = tuple(-1 if f is None or reading.get(f) is None else reading[f] for f in fields)
    bits = (1 if reading.get("closed") else 0) + (2 if reading.get("full") else 0)
    return values + (reading.get("period", 0), bits)


def settle(readings, correct_for):
    """One reading for each identity, of those that came in time."""
    held = {}
    for reading in readings:
        age = reading["received"] - reading["t"]
        if age > correct_for or age < -60_000:
            continue
        key = (reading["kind"], reading["sensor"], reading["t"])
        if key not in held or order_key(reading) > order_key(held[key]):
            held[key] = reading
    series = {}
    for (kind, sensor, _), reading in held.items():
        series.setdefault((kind, sensor), []).append(reading)
    for readings in series.values():
        readings.sort(key=lambda r: r["t"])
    return series


def levels(series, stale, start, end):
    """(from, to, reading) for each reading of a level that holds somewhere in [start, end)."""
    low = bisect.bisect_right(series, start - stale, key=lambda r: r["t"])
    high = bisect.bisect_left(series, end, key=lambda r: r["t"])
    for i in range(low, high):
        reading = series[i]
        until = reading["t"] + stale
        if i + 1 < len(series):
            until = min(until, series[i + 1]["t"])
        if until > start:
            yield reading["t"], until, reading


def counts(series, start, end, length):
    """The readings of counts that begin in [start, end) and are not longer than a window of this length."""
    low = bisect.bisect_left(series, start, key=lambda r: r["t"])
    for i in range(low, len(series)):
        if series[i]["t"] >= end:
            return
        if series[i]["period"] <= length:
            yield series[i]


def coverage(lasts):
    """lasts: of each sensor that reports the time of its last reading in the window, or before it while that holds."""
    return {"reporting": len(lasts), "oldest": min(lasts), "newest": max(lasts)}


class Parking:
    def __init__(self):
        self.lasts = []
        self.n = {k: 0 for k in ("reporting", "open", "closed", "full", "vacant", "vacant_known", "capacity", "occupied",
                                 "both", "min", "max", "measured", "vacant_ms", "capacity_ms", "occupied_ms", "entries",
                                 "entries_known", "exits", "exits_known", "filled", "filled_known")}

    def add(self, series, sensor, start, end):
        n = self.n
        lowest = highest = None
        occupied_start = None
        last = None
        for begin, until, r in levels(series, sensor["stale"], start, end):
            capacity = r.get("capacity") or None
            vacant = r.get("vacant")
            if vacant is not None and capacity is not None:
                vacant = min(vacant, capacity)
            both = not r.get("closed") and vacant is not None and capacity is not None
            if begin <= start:
                occupied_start = capacity - vacant if both else None
            if begin >= start:
                for name in ("entries", "exits"):
                    if r.get(name) is not None:
                        n[name] += r[name]
                        n[name + "_known"] += 1
            span = min(until, end) - max(begin, start)
            if not r.get("closed") and vacant is not None:
                n["vacant_ms"] += vacant * span
                lowest = vacant if lowest is None else min(lowest, vacant)
                highest = vacant if highest is None else max(highest, vacant)
                if capacity is not None:
                    n["capacity_ms"] += capacity * span
                    n["occupied_ms"] += (capacity - vacant) * span
            last = (r, capacity, vacant, both)
        if last is None:
            return
        n["reporting"] += 1
        self.lasts.append(last[0]["t"])
        if lowest is not None:
            n["min"] += lowest
            n["max"] += highest
            n["measured"] += 1
        r, capacity, vacant, both = last
        if end >= r["t"] + sensor["stale"]:
            return
        if r.get("closed"):
            n["closed"] += 1
            return
        n["open"] += 1
        n["full"] += 1 if r.get("full") or vacant == 0 else 0
        if vacant is not None:
            n["vacant"] += vacant
            n["vacant_known"] += 1
        if both:
            n["capacity"] += capacity
            n["occupied"] += capacity - vacant
            n["both"] += 1
            if occupied_start is not None:
                n["filled"] += capacity - vacant - occupied_start
                n["filled_known"] += 1

    def figure(self, start, end):
        n, length = self.n, end - start
        if n["reporting"] == 0:
            return None
        known = lambda flag, value: value if flag else None
        return {
            "coverage": coverage(self.lasts),
            "capacity": known(n["both"], n["capacity"]), "vacant": known(n["vacant_known"], n["vacant"]),
            "occupied": known(n["both"], n["occupied"]),
            "occupancy": ratio(n["occupied"], n["capacity"], 4) if n["capacity"] else None,
            "vacant_min": known(n["measured"], n["min"]), "vacant_max": known(n["measured"], n["max"]),
            "vacant_mean": ratio(n["vacant_ms"], length, 1) if n["measured"] else None,
            "occupancy_mean": ratio(n["occupied_ms"], n["capacity_ms"], 4) if n["capacity_ms"] else None,
            "open": n["open"], "closed": n["closed"], "full": n["full"],
            "entries": known(n["entries_known"], n["entries"]), "exits": known(n["exits_known"], n["exits"]),
            "fill_rate_per_h": ratio(n["filled"] * HOUR, length, 1) if n["filled_known"] else None}


def is_slow(speeds):
    """Whether a harmonic mean, weighted by vehicles, is below 50 km/h: by fractions where it is near."""
    mean = sum(v for v, _ in speeds) / sum(v / s for v, s in speeds)
    if abs(mean - 50) > 0.01:
        return mean < 50
    return sum(v for v, _ in speeds) < 50 * sum(v / Fraction(s) for v, s in speeds)


class Traffic:
    def __init__(self):
        self.sites = self.slow = self.with_speed = self.flows = 0
        self.flow = self.passed = self.fast = self.slowness = 0
        self.lasts = []

    def add(self, series, sensor, start, end, length):
        passed = seconds = fast = slowness = 0
        timed, singles = [], []  # (vehicles, speed); speeds without a flow
        heard = None
        for r in counts(series, start, end, length):
            heard = r["t"]
            speed = None if r.get("speed") is None else max(r["speed"], 0) or 3.0
            if r.get("flow") is None:
                singles.append(speed)
                continue
            one = half_away(r["flow"] * r["period"], 1000)
            passed += one
            seconds += half_away(r["period"], 1000)
            if speed is not None and one > 0:
                fast += one
                timed.append((one, speed))
                slowness += half_away_float(one / (speed * 3.6))
        if not heard:
            return
        self.sites += 1
        self.lasts.append(heard)
        if seconds:
            self.flow += half_away(passed, seconds)
            self.flows += 1
        self.passed += passed
        self.fast += fast
        self.slowness += slowness
        # Without a flow a speed counts among the slow ones only, and only where nothing has a flow.
        speeds = timed or [(1, speed) for speed in singles]
        self.with_speed += bool(speeds)
        self.slow += bool(speeds) and is_slow(speeds)

    def figure(self, start, end):
        if self.sites == 0:
            return None
        return {"coverage": coverage(self.lasts), "sites": self.sites, "vehicles": half_away(self.passed, 3_600_000) if self.flows else None,
                "flow_veh_h": ratio(self.flow, 1000, 1) if self.flows else None,
                "speed_km_h": ratio(self.fast * 10, self.slowness * 36, 1) if self.slowness else None,
                "sites_slow": self.slow if self.with_speed else None,
                "slow_share": ratio(self.slow, self.sites, 4) if self.with_speed else None}


def half_away_float(value):
    whole = int(value)
    return whole + 1 if value - whole >= 0.5 else whole


class Pedestrian:
    def __init__(self):
        self.sensors = 0
        self.lasts = []
        self.count = {"count": 0, "count_in": 0, "count_out": 0}
        self.known = {"count": 0, "count_in": 0, "count_out": 0}

    def add(self, series, sensor, start, end, length):
        heard = None
        for r in counts(series, start, end, length):
            heard = r["t"]
            directed = r.get("count_in") is not None or r.get("count_out") is not None
            for name in self.count:
                if r.get(name) is not None and not (name == "count" and directed):
                    self.count[name] += r[name]
                    self.known[name] += 1
        if heard:
            self.sensors += 1
            self.lasts.append(heard)

    def figure(self, start, end):
        if self.sensors == 0:
            return None
        total = sum(self.count.values())
        known = sum(self.known.values()) > 0
        return {"coverage": coverage(self.lasts), "sensors": self.sensors, "passages": total if known else None,
                "passages_in": self.count["count_in"] if self.known["count_in"] else None,
                "passages_out": self.count["count_out"] if self.known["count_out"] else None,
                "per_hour": ratio(total * HOUR, end - start, 1) if known else None}


def figures(readings, sensors, correct_for, windows):
    """{(domain, region, window, start): figure} for every window in which a region has a sensor that reports.

    windows: {name: (length, [(start, end), ...])}
    """
    series = settle(readings, correct_for)
    makers = {"parking": Parking, "traffic": Traffic, "pedestrian": Pedestrian}
    result = {}
    for name, (length, spans) in windows.items():
        for start, end in spans:
            totals = {}
            for (kind, sensor_id), of_sensor in series.items():
                sensor = sensors[kind, sensor_id]
                if of_sensor[0]["t"] >= end or of_sensor[-1]["t"] + sensor["stale"] <= start:
                    continue
                for region in sensor["regions"]:
                    total = totals.setdefault((kind, region), makers[kind]())
                    if kind == "parking":
                        total.add(of_sensor, sensor, start, end)
                    else:
                        total.add(of_sensor, sensor, start, end, length)
            for (kind, region), total in totals.items():
                figure = total.figure(start, end)
                if figure is not None:
                    result[kind, region, name, start] = figure
    return result
