#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""Random readings, late, repeated, corrected and out of order, through `bruisd replay`: every final value equals the reference's.

Environment: B (build folder), RUNS (default 20), READINGS (default 1500), SEED (default: the time; it is printed).
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import reference  # noqa: E402

PROGRAM = os.path.join(os.environ.get("B", "build"), "bruisd")
MINUTE, HOUR = reference.MINUTE, reference.HOUR
CORRECT_FOR = HOUR
REGIONS = """code,type,name,parents
nl00,land,Nederland,
pv01,provincie,Eerste,nl00
pv02,provincie,Tweede,nl00
gm0001,gemeente,Aa,pv01
gm0002,gemeente,Bee,pv01
gm0003,gemeente,Cee,pv02
"""
PARENTS = {"gm0001": "pv01", "gm0002": "pv01", "gm0003": "pv02"}
CONFIG = """node: test
state_dir: {dir}/state
regions:
  year: 2026
  table: {dir}/regions.csv
  sets:
    - {{code: x-ab, name: Aa en Bee, members: [gm0001, gm0002]}}
    - {{code: x-rest, name: Rest, members: [nl00], except: [x-ab]}}
sensors: [{dir}/sensors.csv]
feeds:
  p:
    topics: [p/+]
    adapter: json
    options:
      domain: parking
      sensor: topic:2
      observed_at: {{at: /t, format: epoch_ms}}
      values: {{capacity: /capacity, vacant: /vacant, full: /full, entries: /entries, exits: /exits, open: /open}}
    interval: 60s
    stale_after: {stale}s
  t:
    topics: [t/+]
    adapter: json
    options:
      domain: traffic
      sensor: topic:2
      observed_at: {{at: /t, format: epoch_ms}}
      values: {{flow_veh_h: /flow, speed_km_h: /speed, period_s: /period}}
    interval: 60s
  w:
    topics: [w/+]
    adapter: json
    options:
      domain: pedestrian
      sensor: topic:2
      observed_at: {{at: /t, format: epoch_ms}}
      values: {{count: /count, count_in: /in, count_out: /out, period_s: /period}}
    interval: 60s
windows: [1m, 5m, 15m, 1h, 1d]
lateness: 90s
correct_for: 1h
coverage_min: 0
privacy: {privacy}
"""


OPEN = "{pedestrian_min: 0, round_to: 0}"
PROTECTED = "{{pedestrian_min: 10, round_to: 5, min_window: 5m, key_file: {dir}/key}}"


def iso(ms):
    return datetime.fromtimestamp(ms / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (ms % 1000)


def instant(text):
    return None if text is None else round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def make_reading(rng, kind, sensor, t):
    maybe = lambda value, p=0.8: value if rng.random() < p else None
    if kind == "parking":
        capacity = rng.choice([10, 100, 1000])
        return {"kind": kind, "sensor": sensor, "t": t, "capacity": maybe(capacity, 0.9),
                "vacant": maybe(rng.randrange(0, capacity + 1), 0.9), "full": maybe(rng.random() < 0.1, 0.5),
                "entries": maybe(rng.randrange(30), 0.3), "exits": maybe(rng.randrange(30), 0.3),
                "closed": maybe(rng.random() < 0.1, 0.5)}
    period = rng.choice([60, 60, 60, 60, 180, 300, 900, 3600]) * 1000
    if kind == "traffic":
        flow = maybe(rng.choice([0, rng.randrange(60, 6000), rng.randrange(60) * 60]), 0.9)
        speed = maybe(rng.choice([0, rng.randrange(1, 140), round(rng.uniform(1, 130), 2)]), 0.8)
        if flow is None and speed is None:
            flow = 120
        return {"kind": kind, "sensor": sensor, "t": t, "flow": None if flow is None else flow * 1000, "speed": speed,
                "period": period}
    both = rng.random() < 0.6
    return {"kind": kind, "sensor": sensor, "t": t, "count": None if both else rng.randrange(200),
            "count_in": rng.randrange(100) if both else None, "count_out": maybe(rng.randrange(100)) if both else None,
            "period": period}


def payload(reading):
    if reading["kind"] == "parking":
        body = {k: reading[k] for k in ("capacity", "vacant", "full", "entries", "exits")}
        if reading["closed"] is not None:
            body["open"] = not reading["closed"]
    elif reading["kind"] == "traffic":
        body = {"flow": None if reading["flow"] is None else reading["flow"] / 1000, "speed": reading["speed"],
                "period": reading["period"] / 1000}
    else:
        body = {"count": reading["count"], "in": reading["count_in"], "out": reading["count_out"],
                "period": reading["period"] / 1000}
    body["t"] = reading["t"]
    return body


def is_valid(reading):
    """A record in which no value is known is refused as `invalid`."""
    if reading["kind"] != "parking":
        return True
    return any(reading[k] is not None for k in ("capacity", "vacant", "full", "entries", "exits", "closed"))


def make_run(rng, count, stale):
    sensors, catalogue = {}, ["feed,sensor,region"]
    for kind, feed in (("parking", "p"), ("traffic", "t"), ("pedestrian", "w")):
        for i in range(rng.randrange(1, 6)):
            home = rng.choice(list(PARENTS))
            regions = {home, PARENTS[home], "nl00", "x-ab" if home != "gm0003" else "x-rest"}
            sensors[kind, f"s{i}"] = {"regions": regions, "stale": stale * 1000, "feed": feed}
            catalogue.append(f"{feed},s{i},{home}")
    begin = int(datetime(2026, 3, 28, 21, tzinfo=timezone.utc).timestamp() * 1000) + rng.randrange(HOUR)
    span = rng.choice([HOUR, 3 * HOUR, 30 * HOUR])
    messages = []
    for _ in range(count):
        kind, sensor = rng.choice(list(sensors))
        t = begin + rng.randrange(span)
        if rng.random() < 0.5:
            t -= t % MINUTE
        reading = make_reading(rng, kind, sensor, t)
        delay = rng.choice([rng.randrange(3000), rng.randrange(3000), rng.randrange(90_000), rng.randrange(CORRECT_FOR),
                            rng.randrange(2 * CORRECT_FOR)])
        for copy in range(rng.choice([1, 1, 1, 2, 3])):
            extra = rng.randrange(60_000) if copy else 0
            messages.append(dict(reading, received=t + delay + extra))
            if rng.random() < 0.05: # another value of the same identity
                other = make_reading(rng, kind, sensor, t)
                messages.append(dict(other, received=t + delay + extra))
    messages.sort(key=lambda m: m["received"])
    return sensors, catalogue, [m for m in messages if is_valid(m)]


def replay(folder, sensors, messages):
    with open(f"{folder}/capture.jsonl", "w") as capture:
        for m in messages:
            feed = sensors[m["kind"], m["sensor"]]["feed"]
            capture.write(json.dumps({"tst": iso(m["received"]), "topic": f"{feed}/{m['sensor']}",
                                      "payload": json.dumps(payload(m))}) + "\n")
    done = subprocess.run([PROGRAM, "replay", "-c", f"{folder}/bruisd.yaml", f"{folder}/capture.jsonl"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"replay: exit {done.returncode}\n{done.stderr[-2000:]}")
    final = {}
    for line in done.stdout.splitlines():
        f = json.loads(line)
        key = (f["domain"], f["region"], f["window"], f["start"])
        if key not in final or f["revision"] >= final[key]["revision"]:
            if key in final and f["revision"] == final[key]["revision"]:
                sys.exit(f"revision {f['revision']} of {key} was published twice")
            final[key] = f
    return final, done.stderr


def compare(sensors, messages, final, lengths, private):
    spans = {}
    for (_, _, window, start), f in final.items():
        begin = int(datetime.fromisoformat(start.replace("Z", "+00:00")).timestamp() * 1000)
        end = int(datetime.fromisoformat(f["end"].replace("Z", "+00:00")).timestamp() * 1000)
        spans.setdefault(window, set()).add((begin, end))
    windows = {name: (lengths[name], sorted(at)) for name, at in spans.items()}
    expected = reference.figures(messages, sensors, CORRECT_FOR, windows)
    wrong = []
    for (domain, region, window, start), f in final.items():
        begin = int(datetime.fromisoformat(start.replace("Z", "+00:00")).timestamp() * 1000)
        want = expected.pop((domain, region, window, begin), None)
        got = f[domain]
        if f["quality"] == "protected":
            wrong += check_protected(f, want)
            continue
        if want is None:
            if f["coverage"]["reporting"] != 0:
                wrong.append(f"{domain} {region} {window} {start}: something, where nothing was read: {got}")
            continue
        got_coverage = {field: instant(f["coverage"][field]) if field != "reporting" else f["coverage"][field]
                        for field in want["coverage"]}
        want_coverage = want.pop("coverage")
        if got_coverage != want_coverage:
            wrong.append(f"{domain} {region} {window} {start} r{f['revision']}: coverage {got_coverage}, not {want_coverage}")
        for field, value in want.items():
            if got[field] != value:
                wrong.append(f"{domain} {region} {window} {start} r{f['revision']}: {field} is {got[field]}, not {value}")
    latest = {}
    for m in messages: # a replay ends with the window of a domain's last reading
        latest[m["kind"]] = max(latest.get(m["kind"], 0), m["t"])
    wrong += [f"{key}: no figure" for key in expected
              if key[3] <= latest[key[0]] and not (private and key[0] == "pedestrian" and key[2] == "1m")]
    return wrong


def check_protected(f, want):
    """A sum of cells that are 0, 10 or more in steps of 5; and not far from the truth."""
    got, wrong = f["pedestrian"], []
    where = f"{f['region']} {f['window']} {f['start']} r{f['revision']}"
    if want is None or got["sensors"] != want["sensors"]:
        return [f"{where}: sensors {got['sensors']}, not {want and want['sensors']}"]
    for field in ("passages", "passages_in", "passages_out"):
        if (got[field] is None) != (want[field] is None):
            wrong.append(f"{where}: {field} is {got[field]}, of {want[field]}")
        elif got[field] is not None and got[field] % 5 != 0:
            wrong.append(f"{where}: {field} is {got[field]}, no multiple of 5")
    if got["passages"] is not None and abs(got["passages"] - want["passages"]) > 8 * got["margin"] + 20:
        wrong.append(f"{where}: passages are {got['passages']} +- {got['margin']}, of {want['passages']}")
    return wrong


def check_sums(final):
    """Municipalities and provinces cover the country: what adds up must."""
    wrong = []
    fields = {"parking": ["capacity", "vacant", "open", "closed", "full"], "traffic": ["vehicles", "sites"],
              "pedestrian": ["passages", "sensors"]}
    for (domain, region, window, start), f in final.items():
        if region != "nl00":
            continue
        for field in fields[domain]:
            for level in (("gm0001", "gm0002", "gm0003"), ("pv01", "pv02"), ("x-ab", "x-rest")):
                parts = [final[domain, r, window, start][domain][field] for r in level if (domain, r, window, start) in final]
                total = sum(p for p in parts if p is not None)
                slack = 1 if field == "vehicles" else 0 # each is rounded to whole vehicles
                if abs(total - (f[domain][field] or 0)) > slack * len(level):
                    wrong.append(f"{domain} {window} {start}: {field} of {level} is {total}, of nl00 {f[domain][field]}")
    return wrong


def main():
    seed = int(os.environ.get("SEED", time.time_ns() // 1000 % 10**9))
    runs, count = int(os.environ.get("RUNS", "20")), int(os.environ.get("READINGS", "1500"))
    lengths = {"1m": MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE, "1h": HOUR, "1d": 24 * HOUR}
    print(f"seed {seed}", flush=True)
    compared = 0
    for run in range(runs):
        rng = random.Random(seed + run)
        stale = rng.choice([120, 900, 5400])
        private = rng.random() < 0.4
        with tempfile.TemporaryDirectory() as folder:
            sensors, catalogue, messages = make_run(rng, count, stale)
            for name, text in (("regions.csv", REGIONS), ("sensors.csv", "\n".join(catalogue) + "\n"),
                               ("key", f"key of run {run}"), ("bruisd.yaml", CONFIG.format(
                                   dir=folder, stale=stale, privacy=PROTECTED.format(dir=folder) if private else OPEN))):
                with open(f"{folder}/{name}", "w") as out:
                    out.write(text)
            final, _ = replay(folder, sensors, messages)
            wrong = compare(sensors, messages, final, lengths, private) + check_sums(final)
            if wrong:
                print(f"SEED={seed + run} RUNS=1: {len(wrong)} wrong of {len(final)}, {len(messages)} messages, "
                      f"stale {stale} s")
                print("\n".join(wrong[:15]))
                return 1
            compared += len(final)
    print(f"{runs} runs of {count} readings: {compared} final figures equal the reference")
    return 0


sys.exit(main())
