# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""What the kill test sends and what it expects: readings of three domains, and their final figures by the reference."""
import bisect
import collections
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "property"))
import reader
import reference
from faults import MINUTE_MS

STALE_S = 60
INTERVAL_S = 5
CORRECT_FOR_MS = 3_600_000
LAST_MS = 3000  # more than the lateness
AHEAD_MS = 55_000  # a reading may be of a time that is to come, but not by more than a minute
BACK_MS = 20 * MINUTE_MS  # how far back a late reading lies
WINDOWS = {"1m": MINUTE_MS, "5m": 5 * MINUTE_MS}
BATCH = 30_000  # mosquitto_pub -l ends early when it has used up its 65,535 packet ids
CLIENT = "kill"

REGIONS = """code,type,name,parents
nl00,land,Land,
gm9901,gemeente,Aa,nl00
gm9902,gemeente,Bee,nl00
"""
CONFIG = f"""node: kill
state_dir: @STATE@
regions:
  year: 2026
  table: regions.csv
  sets: [{{code: x-all, name: Alles, members: [gm9901, gm9902]}}]
sensors: [sensors.csv]
brokers:
  city: {{url: "@BROKER@", client_id: {CLIENT}, session_expiry: 1d, keepalive: 10s}}
feeds:
  p:
    broker: city
    topics: [in/p]
    qos: 1
    adapter: json
    options:
      domain: parking
      sensor: /s
      observed_at: {{at: /t, format: epoch_ms}}
      values: {{capacity: /capacity, vacant: /vacant, entries: /entries, exits: /exits}}
    interval: {INTERVAL_S}s
    stale_after: {STALE_S}s
  t:
    broker: city
    topics: [in/t]
    qos: 1
    adapter: json
    options:
      domain: traffic
      sensor: /s
      observed_at: {{at: /t, format: epoch_ms}}
      values: {{flow_veh_h: /flow, speed_km_h: /speed, period_s: /period}}
    interval: {INTERVAL_S}s
  w:
    broker: city
    topics: [in/w]
    qos: 1
    adapter: json
    options:
      domain: pedestrian
      sensor: /s
      observed_at: {{at: /t, format: epoch_ms}}
      values: {{count: /count, period_s: /period}}
    interval: {INTERVAL_S}s
windows: [1m, 5m]
lateness: 2s
correct_for: 1h
coverage_min: 0
privacy: {{pedestrian_min: 0, round_to: 0, min_window: 1m}}
publish:
  mqtt: {{broker: city, prefix: out, encodings: [json], live_every: 1s}}
  http: {{listen: "@HTTP@", ops_listen: "@OPS@"}}
"""

FEEDS = {"p": "parking", "t": "traffic", "w": "pedestrian"}


def home(i):
    """Sensors are shared out over the municipalities in turn."""
    return f"gm990{1 + i % 2}"


def write_tables(folder, count):
    """count: sensors of each domain."""
    (folder / "regions.csv").write_text(REGIONS, encoding="utf-8")
    rows = [f"{feed},{feed}{i},{home(i)}\n" for feed in FEEDS for i in range(count)]
    (folder / "sensors.csv").write_text("feed,sensor,region\n" + "".join(rows), encoding="utf-8")


def now_ms():
    return time.time_ns() // 1_000_000


class Readings:
    """Random readings, each with its number in its value; all that were made are remembered."""

    def __init__(self, rng, count):
        self.rng = rng
        self.count = count  # sensors of each domain
        self.made = []
        self.lines = collections.deque(maxlen=500)  # the last ones: they may come once more
        self.repeats = self.others = 0

    def reading(self, feed, sensor, at):
        number = len(self.made)
        one = {"kind": FEEDS[feed], "sensor": sensor, "t": at, "received": at}
        if feed == "p":
            return one | {"capacity": 1_000_000, "vacant": number, "entries": number % 97, "exits": number % 89}
        if feed == "t":
            return one | {"flow": 60_000 * (1 + number % 50), "speed": 20 + number % 100, "period": 60_000}
        return one | {"count": number, "period": 60_000}

    @staticmethod
    def line(feed, reading):
        body = {"s": reading["sensor"], "t": reading["t"]}
        body |= {k: reading[k] for k in ("capacity", "vacant", "entries", "exits", "speed", "count") if k in reading}
        if "flow" in reading:
            body["flow"] = reading["flow"] // 1000
        if "period" in reading:
            body["period"] = reading["period"] // 1000
        return json.dumps(body, separators=(",", ":"))

    def keep(self, feed, reading):
        self.made.append(reading)
        self.lines.append((feed, self.line(feed, reading)))
        return self.lines[-1]

    def next(self):
        """Feed and line: a reading of now or of minutes ago, one again, or another one of the same identity."""
        chance = self.rng.random()
        if self.lines and chance < 0.1:
            self.repeats += 1
            return self.rng.choice(self.lines)
        if self.made and chance < 0.13:
            old = self.made[-self.rng.randrange(1, 1 + min(500, len(self.made)))]
            feed = next(f for f, kind in FEEDS.items() if kind == old["kind"])
            self.others += 1
            return self.keep(feed, self.reading(feed, old["sensor"], old["t"]))
        feed = self.rng.choice(list(FEEDS))
        at = now_ms() - self.rng.randrange(3000 if self.rng.random() < 0.7 else BACK_MS)
        return self.keep(feed, self.reading(feed, f"{feed}{self.rng.randrange(self.count)}", at))

    def last(self, end_ms):
        """Topics and lines that end all windows up to then, a moment later: nobody has to wait until it has passed."""
        return [(f"in/{feed}", self.keep(feed, self.reading(feed, f"{feed}0", end_ms + LAST_MS))[1]) for feed in FEEDS]


class Publisher(threading.Thread):
    """Sends as many readings as it is told to, at a rate, with QoS 1; the broker has them when it is done."""

    def __init__(self, port, readings, rate):
        super().__init__(daemon=True)
        self.port, self.readings, self.rate = port, readings, rate
        self.granted = self.sent = self.in_batch = 0
        self.pipes = {}
        self.is_over = False
        self.fault = None

    def pipe(self, feed):
        if feed not in self.pipes:
            self.pipes[feed] = subprocess.Popen(
                ["mosquitto_pub", "-V", "mqttv5", "-p", str(self.port), "-q", "1", "-t", f"in/{feed}", "-l"],
                stdin=subprocess.PIPE)
        return self.pipes[feed].stdin

    def end_batch(self):
        for pipe in self.pipes.values():
            pipe.stdin.close()
            if pipe.wait(120) != 0:
                self.fault = f"mosquitto_pub ended with {pipe.returncode}"
        self.pipes = {}
        self.in_batch = 0

    def send(self, count):
        for _ in range(count):
            feed, line = self.readings.next()
            self.pipe(feed).write(line.encode() + b"\n")
        for pipe in self.pipes.values():
            pipe.stdin.flush()
        self.sent += count
        self.in_batch += count
        if self.in_batch >= BATCH:
            self.end_batch()

    def run(self):
        part = max(1, self.rate // 50)
        due = time.monotonic()
        while self.sent < self.granted or not self.is_over:
            if self.sent < self.granted:
                self.send(min(part, self.granted - self.sent))
            due = max(due + part / self.rate, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))
        self.end_batch()

    def finish(self):
        self.is_over = True
        self.join()


def expected(readings, count, begin_ms, end_ms):
    """{(domain, region, window, start): figure} of all windows that end by then.

    The reference looks at every reading for every window; it is given those that can matter to one."""
    sensors = {(domain, f"{feed}{i}"): {"regions": {home(i), "nl00", "x-all"}, "stale": STALE_S * 1000}
               for feed, domain in FEEDS.items() for i in range(count)}
    readings = sorted(readings, key=lambda reading: reading["t"])
    times = [reading["t"] for reading in readings]
    want = {}
    for name, length in WINDOWS.items():
        for start in range(begin_ms - begin_ms % length, end_ms - length + 1, length):
            first, last = bisect.bisect_left(times, start - STALE_S * 1000), bisect.bisect_left(times, start + length)
            want |= reference.figures(readings[first:last], sensors, CORRECT_FOR_MS, {name: (length, [(start, start + length)])})
    return want


def differences(want, taken, end_ms):
    """What is missing or other in the figures that were published."""
    faults = []
    for (domain, region, window, start), figure in want.items():
        got = taken.get((region, domain, window, reader.text_of(start)))
        if got is None:
            faults.append(f"{domain} {region} {window} {reader.text_of(start)}: no figure")
            continue
        coverage = got["coverage"]
        told = {**got[domain], "coverage": {"reporting": coverage["reporting"],
                                            **{word: coverage[word] and reader.instant(coverage[word])
                                               for word in ("oldest", "newest")}}}
        faults += [f"{domain} {region} {window} {reader.text_of(start)} r{got['revision']}: {field} is {told[field]}, not {value}"
                   for field, value in figure.items() if told[field] != value]
    for (region, domain, window, start), got in taken.items():
        begin = reader.instant(start)
        if window in WINDOWS and begin + WINDOWS[window] <= end_ms and (domain, region, window, begin) not in want \
                and got["coverage"]["reporting"] != 0:
            faults.append(f"{domain} {region} {window} {start}: something, where nothing was read: {got[domain]}")
    return faults


def balance(want, taken):
    """How many passers-by of the whole country are missing, and how many are there too often; each window for itself."""
    missing = too_many = 0
    for (domain, region, window, start), figure in want.items():
        if domain == "pedestrian" and region == "nl00":
            got = taken.get((region, domain, window, reader.text_of(start)), {}).get(domain, {}).get("passages") or 0
            missing += max(0, figure["passages"] - got)
            too_many += max(0, got - figure["passages"])
    return missing, too_many
