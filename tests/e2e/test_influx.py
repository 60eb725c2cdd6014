#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""Figures in real servers. influxd 1.6: every point equals the figure that HTTP gives, field by field, after revisions and
after values that turned null; also when the server was away, was killed in the middle of it, or lost all and got it again by a
backfill. victoria-metrics, on the path of version 2: the numbers of figures that were published once.

AWAY_S: how long the server is away (5)."""
import json
import os
import subprocess
import threading
import time

from bruisd_e2e import DEADLINE_S, PROGRAM, Faults, Rig, need
from influx import Influx, Victoria

AWAY_S = float(os.environ.get("AWAY_S", "5"))
MINUTES = 40
SENSORS = 6
TABLE = "code,type,name,parents\nNL00,land,Nederland,\n" + "".join(
    f"GM900{i},gemeente,Plaats {i},NL00\n" for i in range(SENSORS))
CATALOGUE = "feed,sensor,region\n" + "".join(f"garages,P{i},GM900{i}\n" for i in range(SENSORS))
CONFIG = """node: proefdam
state_dir: @STATE@
regions: {year: 2026, table: regions.csv}
sensors: [sensors.csv]
brokers:
  city: {url: "@BROKER@", client_id: proef}
feeds:
  garages:
    broker: city
    topics: [garages]
    adapter: json
    options:
      domain: parking
      sensor: /id
      observed_at: {at: /t, format: epoch_s}
      values: {vacant: /free, capacity: /total, entries: /in}
    interval: 1s
    stale_after: 90s
windows: [1m, 5m]
lateness: 1s
correct_for: 2h
publish:
  http: {listen: "@HTTP@", ops_listen: "@OPS@"}
  influxdb: {url: "@INFLUX@", @API@, flush: 100ms, batch: 50}
"""
V1 = "api: v1, database: bruis"
V2 = "api: v2, org: o, bucket: b, token_file: token"


class Town:
    """Readings of the last hour, and what is to be seen of them."""

    def __init__(self, rig, url, api):
        (rig.folder / "regions.csv").write_text(TABLE, encoding="utf-8")
        (rig.folder / "sensors.csv").write_text(CATALOGUE, encoding="utf-8")
        (rig.folder / "token").write_text("geheim\n", encoding="utf-8")
        self.rig = rig
        self.broker = rig.broker()
        self.start_s = int(time.time()) // 300 * 300 - 3600
        self.sent = 0
        self.daemon = rig.daemon("proef", CONFIG.replace("@INFLUX@", url).replace("@API@", api), self.broker)

    def reading(self, sensor, minute, free, second=10, **more):
        return json.dumps({"id": f"P{sensor}", "t": self.start_s + minute * 60 + second, "free": free, "total": 100, **more})

    def publish(self, lines):
        self.broker.publish_lines("garages", lines)
        self.sent += len(lines)
        self.rig.wait(lambda: self.daemon.metrics().total("bruis_messages_received_total") >= self.sent, "the messages")

    def minutes(self, first, last):
        self.publish([self.reading(s, m, (7 * s + 3 * m) % 100, **({"in": m} if s % 2 else {}))
                      for m in range(first, last) for s in range(SENSORS)])

    def figures(self):
        """All figures that HTTP gives of windows that the readings are in."""
        found = {}
        for region in ["nl00"] + [f"gm900{i}" for i in range(SENSORS)]:
            for window in "1m", "5m":
                body = self.daemon.get(f"/v1/figures/parking/{region}?window={window}&limit=1000")[1]
                for figure in json.loads(body)["figures"]:
                    found[region, window, figure["start"]] = figure
        return found

    def rest(self):
        """All windows are closed, everything is delivered."""
        end = time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(self.start_s + (MINUTES + 2) * 60))
        self.rig.wait(lambda: ("nl00", "1m", end) in self.figures(), "the windows to close")
        self.rig.wait(self.is_delivered, "the delivery")

    def is_delivered(self):
        return self.daemon.metrics().total("bruis_output_pending", output="influxdb") == 0


def fields_of(figure):
    """What a point of a figure holds by the contract."""
    values = dict(figure["parking"], coverage=figure["coverage"]["weight"])
    fields = {k: v for k, v in values.items() if v is not None}
    fields.update(expected=figure["coverage"]["expected"], reporting=figure["coverage"]["reporting"],
                  revision=figure["revision"], quality=figure["quality"],
                  nulls=",".join(sorted(k for k, v in values.items() if v is None)))
    return fields


def ms_of(text):
    return int(time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone) * 1000


def compare(faults, town, influx, what):
    figures, points = town.figures(), influx.points("parking")
    faults.check(len(figures) > 200, f"{what}: only {len(figures)} figures")
    seen = set()
    for (region, window, start), figure in figures.items():
        key = region, window, ms_of(start)
        seen.add(key)
        point = dict(points.get(key, {}))
        for tag, value in (("node", "proefdam"), ("region_type", figure["region_type"])):
            faults.equal(f"{what} {key} {tag}", point.pop(tag, None), value)
        for gone in "time", "region", "window":
            point.pop(gone, None)
        point.setdefault("nulls", "")
        faults.equal(f"{what} {key}", point, fields_of(figure))
    faults.equal(f"{what}: points that are no figures", set(points) - seen, set())
    return len(figures)


def backfill(rig, faults, town, influx, with_daemon):
    influx.query("DROP MEASUREMENT bruis_parking", post=True)
    span = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(town.start_s + s)) for s in (-86400, 86400)]
    done = subprocess.run([str(PROGRAM), "influx", "backfill", "-c", str(town.daemon.config), "--from", span[0], "--to",
                           span[1]], capture_output=True, timeout=DEADLINE_S, check=False)
    faults.equal(f"backfill: exit status ({done.stderr.decode()[-300:]})", done.returncode, 0)
    if with_daemon:
        rig.wait(lambda: "ev=influxdb_backfilled" in town.daemon.log_text(), "the backfill")


def version_1(rig, faults):
    influx = Influx(rig)
    town = Town(rig, influx.url(), V1)
    town.minutes(0, 10)
    influx.kill()  # whatever it is doing
    town.minutes(10, 20)
    away = time.monotonic() + AWAY_S
    rig.wait(lambda: town.daemon.metrics().total("bruis_degraded", reason="influxdb") == 1, "the outage to be told")
    rig.wait(lambda: time.monotonic() > away, "the outage to last", AWAY_S + 60)
    influx.start()
    killer = threading.Thread(target=lambda: (influx.kill(), influx.start()))
    killer.start()
    town.minutes(20, MINUTES)
    killer.join()
    town.rest()
    count = compare(faults, town, influx, "published")
    # revisions: another value of a known identity, and readings that are taken back: values turn null
    town.publish([town.reading(s, m, 99 - s) for s in range(3) for m in range(5, 9)])
    town.publish([town.reading(4, m, 1, second=40) for m in range(12, 30)])
    for sensor, first, last in ((5, 10, 20), (3, 0, MINUTES)):
        span = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(town.start_s + 60 * m)) for m in (first, last)]
        subprocess.run([str(PROGRAM), "withdraw", "-c", str(town.daemon.config), "--feed", "garages", "--sensor", f"P{sensor}",
                        "--from", span[0], "--to", span[1]], check=True, timeout=DEADLINE_S)
    rig.wait(lambda: town.daemon.log_text().count("ev=withdrawn") == 2, "the withdrawals")
    rig.wait(lambda: all(f["parking"]["vacant"] is None for k, f in town.figures().items()
                         if k[0] == "gm9003" and k[1] == "1m"), "the revisions")
    town.rest()
    compare(faults, town, influx, "revised")
    backfill(rig, faults, town, influx, True)
    compare(faults, town, influx, "sent again")
    metrics = town.daemon.metrics()
    metrics.check_identities(faults)
    for which in "rejected", "expired":
        faults.equal(f"points {which}", metrics.total("bruis_output_errors_total", output="influxdb", **{"class": which}), 0)
    figures = town.figures()
    town.figures = lambda: figures
    faults.equal("exit status", town.daemon.stop(), 0)
    backfill(rig, faults, town, influx, False)
    compare(faults, town, influx, "sent again without a daemon")
    return count


def version_2(rig, faults):
    """It keeps the first value of a point and turns strings into 0: numbers of what was published once."""
    victoria = Victoria(rig)
    town = Town(rig, victoria.url(), V2)
    town.minutes(0, MINUTES)
    town.rest()
    victoria.flush()
    series = victoria.series("bruis_parking")
    compared = 0
    for (region, window, start), figure in town.figures().items():
        if figure["revision"] > 0:
            continue
        for name, value in fields_of(figure).items():
            if isinstance(value, str):
                continue
            values = dict(series.get((name, region, window), []))
            faults.equal(f"victoria {region} {window} {start} {name}", values.get(ms_of(start)), value)
            compared += 1
    faults.check(compared > 1000, f"only {compared} values compared")
    return compared


def main():
    need("mosquitto", "mosquitto_pub", "influxd", "victoria-metrics")
    faults = Faults()
    with Rig() as rig:
        figures = version_1(rig, faults)
    with Rig() as rig:
        values = version_2(rig, faults)
    faults.finish(f"{figures} figures in influxd, {values} values in victoria-metrics")


main()
