#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""The broker of the figures is away for 200 windows of four regions, in which the daemon is killed and a window is
corrected. Back, a subscriber whose session the broker keeps hears every final figure, those of a topic in order, and
what is retained is the newest. HTTP gives the whole series over restarts, page by page, and a backup taken meanwhile
holds it too."""
import errno
import json
import sqlite3
import threading
import time
import urllib.request

from bruisd_e2e import Broker, Child, Faults, Rig, need
from faults import Service, Shim

WINDOWS = 200  # more than the daemon holds in memory
MINUTE_S = 60
PAGE = 33
CORRECTED = 20
TABLE = "code,type,name,parents\nNL00,land,Nederland,\nGM9001,gemeente,Aardam,NL00\nGM9002,gemeente,Beekstad,NL00\n"
SENSORS = "feed,sensor,name,lat,lon,region\ncounts,a,A,52.1,5.1,GM9001\ncounts,b,B,52.2,5.2,GM9002\n"
TOPICS = "proef/v1/json/pedestrian/+/+/1m"
REGIONS = {"gm9001": "a", "gm9002": "b", "nl00": "ab", "x-alle": "ab"}
CONFIG = """node: proef
state_dir: @STATE@
regions:
  year: 2026
  table: regions.csv
  sets: [{code: x-alle, name: Alles, members: [gm9001, gm9002]}]
sensors: [sensors.csv]
brokers:
  city: {url: "@BROKER@", client_id: proef-in}
  public: {url: "@PUBLIC@", client_id: proef}
feeds:
  counts:
    broker: city
    topics: [counts/#]
    adapter: json
    options:
      domain: pedestrian
      sensor: /id
      observed_at: {at: /t, format: epoch_s}
      values: {count: /n, period_s: /p}
    interval: 60s
windows: [1m, 1h]
lateness: 5s
correct_for: 2d
privacy: {pedestrian_min: 1, round_to: 1, min_window: 1m}
history: {keep: {1m: 7d, 1h: 30d}}
publish:
  mqtt: {broker: public, prefix: proef, encodings: [json], live_every: 0s}
  http: {listen: "@HTTP@", ops_listen: "@OPS@"}
"""


def count_of(sensor, window):
    return (window * 7 + (3 if sensor == "a" else 11)) % 50 + 1


class Subscriber(Child):
    """Hears in a session that the broker keeps, also over its restarts."""

    def __init__(self, rig, broker):
        super().__init__(rig, "subscriber", ["mosquitto_sub", "-V", "mqttv5", "-p", str(broker.port), "-q", "1",
                                             "-c", "-i", "subscriber", "-x", "86400", "-F", "%r %t %p", "-t", TOPICS])

    def heard(self):
        """(retained, region, figure) each."""
        lines = self.out.read_text(encoding="utf-8").split("\n")[:-1]
        parts = [line.split(" ", 2) for line in lines]
        return [(r == "1", topic.split("/")[5], json.loads(payload)) for r, topic, payload in parts]


class City:
    """What is sent, and what the figures must be."""

    def __init__(self, broker):
        self.broker = broker
        self.start_s = int(time.time()) // 3600 * 3600 - 6 * 3600
        self.counts = {(sensor, window): count_of(sensor, window) for sensor in "ab" for window in range(WINDOWS)}

    def send(self, windows):
        self.broker.publish_lines("counts/x", [
            json.dumps({"id": sensor, "t": self.start_s + window * MINUTE_S, "n": self.counts.get((sensor, window), 1), "p": 60})
            for window in windows for sensor in "ab"])

    def correct(self, window):
        self.counts["a", window] += 1000  # the greater of two values holds
        self.send([window])

    def start_of(self, window):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.start_s + window * MINUTE_S))

    def expected(self, region):
        return [(self.start_of(window), sum(self.counts[sensor, window] for sensor in REGIONS[region]))
                for window in range(WINDOWS)]


def value_of(figure):
    return figure["start"], figure["pedestrian"]["passages"]


def pages(daemon, city, region):
    """All pages of a series: their figures, and how many there were."""
    figures, count = [], 0
    path = f"/v1/figures/pedestrian/{region}?window=1m&from={city.start_of(0)}&to={city.start_of(WINDOWS)}&limit={PAGE}"
    while path:
        status, body = daemon.get(path)
        if status != 200:
            return [], 0
        answer = json.loads(body)
        figures += answer["figures"]
        count += 1
        path = next((link["href"] for link in answer["links"] if link["rel"] == "next"), None)
    return figures, count


def is_published(daemon, city, window):
    status, body = daemon.get("/v1/collections/pedestrian/items/nl00?window=1m&f=json")
    return status == 200 and json.loads(body).get("start", "") >= city.start_of(window)


def check_series(daemon, city, faults, when):
    for region in REGIONS:
        figures, count = pages(daemon, city, region)
        faults.equal(f"{when}: the series of {region}", [value_of(figure) for figure in figures], city.expected(region))
        faults.equal(f"{when}: pages of {region}", count, -(-WINDOWS // PAGE))


def check_heard(heard, city, faults):
    for region in REGIONS:
        mine = [figure for _, code, figure in heard
                if code == region and city.start_of(0) <= figure["start"] < city.start_of(WINDOWS)]
        last = {}
        for figure in mine:
            if figure["start"] not in last or figure["revision"] >= last[figure["start"]]["revision"]:
                last[figure["start"]] = figure
        faults.equal(f"what was heard of {region}", sorted(map(value_of, last.values())), city.expected(region))
        fresh = [figure["start"] for figure in mine if figure["revision"] == 0]
        faults.equal(f"the order of {region}", fresh, sorted(fresh))


def check_retained(rig, broker, daemon, faults):
    """What a new client gets is what HTTP says is the newest."""
    listener = rig.add(Child(rig, "late", ["mosquitto_sub", "-p", str(broker.port), "-F", "%r %t %p", "-t", TOPICS]))
    rig.wait(lambda: listener.out.read_text().count("\n") >= len(REGIONS), "the retained figures")
    for line in listener.out.read_text().splitlines()[:len(REGIONS)]:
        retained, topic, payload = line.split(" ", 2)
        region = topic.split("/")[5]
        newest = json.loads(daemon.get(f"/v1/collections/pedestrian/items/{region}?window=1m&f=json")[1])
        faults.equal(f"{region} is retained", retained, "1")
        faults.equal(f"the retained start of {region}", json.loads(payload)["start"], newest["start"])


def check_backup(rig, daemon, faults):
    with sqlite3.connect(daemon.state / "history") as from_, sqlite3.connect(rig.folder / "backup") as to:
        from_.backup(to)
        faults.equal("the backup is whole", to.execute("PRAGMA integrity_check").fetchone()[0], "ok")
        count = to.execute("SELECT count(*) FROM figure f JOIN window w ON w.id = f.window"
                           " WHERE w.name = '1m'").fetchone()[0]
        faults.check(count >= WINDOWS * len(REGIONS), f"the backup holds {count} figures")


def ask_at_once(daemon, city, faults):
    """More requests than readings of the history go on at once, each another page; some clients do not wait."""
    answers, lock = [], threading.Lock()

    def ask(window):
        status, body = daemon.get(f"/v1/figures/pedestrian/gm9001?window=1m&from={city.start_of(window)}"
                                  f"&to={city.start_of(window + 1)}&f=json")
        with lock:
            answers.append((status, [value_of(figure) for figure in json.loads(body)["figures"]]))

    def go_away():
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{daemon.http_port}/v1/figures/pedestrian/nl00?window=1m"
                                   f"&limit=10000&from={city.start_of(0)}", timeout=0.001).close()
        except OSError:
            pass

    threads = [threading.Thread(target=ask, args=(window,)) for window in range(40)] + \
              [threading.Thread(target=go_away) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = [(200, [value]) for value in city.expected("gm9001")[:40]]
    faults.equal("answers to many at once", sorted(answers), expected)


def refuse_for_a_while(rig, faults):
    """The disk takes nothing of the history, though all of the rest: the daemon says so, and recovers alone. Then it stops
    meanwhile: no checkpoint passes what is not there, so that the next start publishes it again."""
    broker = rig.add(Broker(rig, "other"))
    daemon = Service(rig, "full", CONFIG.replace("@PUBLIC@", broker.url()), broker.url())
    alone = rig.folder / "alone"  # so that only the history is refused
    alone.mkdir()
    (daemon.state / "history").symlink_to(alone / "history")
    shim = Shim(rig, "full", alone)
    city = City(broker)
    daemon.start(shim.environment())
    city.send(range(WINDOWS // 2))
    rig.wait(lambda: is_published(daemon, city, WINDOWS // 2 - 2), "the first half")
    shim.fail(errno.EIO, "pwrite", "write")
    city.send(range(WINDOWS // 2, WINDOWS - 20))
    rig.wait(lambda: is_published(daemon, city, WINDOWS - 22), "most of the other half")
    rig.wait(lambda: daemon.degraded() == {"history"}, "the daemon to say that it is degraded")
    faults.check(shim.failed("pwrite") > 0, "nothing has failed")
    shim.heal()
    began = time.monotonic()
    rig.wait(lambda: daemon.degraded() == set(), "the daemon to recover")
    took = time.monotonic() - began
    faults.check(took < 10, f"it recovered after {took:.1f} s")
    shim.fail(errno.EIO, "pwrite", "write")
    city.send(range(WINDOWS - 20, WINDOWS + 1))
    rig.wait(lambda: is_published(daemon, city, WINDOWS - 1), "the rest")
    faults.equal("the daemon's status", daemon.stop(), 0)
    faults.check("ev=checkpoint_failed" in daemon.log_text(), "a checkpoint has passed the history")
    shim.heal()
    daemon.start(shim.environment())
    rig.wait(lambda: is_published(daemon, city, WINDOWS - 1), "all of it again")
    check_series(daemon, city, faults, "after the disk took nothing")
    faults.equal("the daemon's status", daemon.stop(), 0)
    return took


def main():
    need("mosquitto", "mosquitto_pub", "mosquitto_sub")
    faults = Faults()
    with Rig() as rig:
        (rig.folder / "regions.csv").write_text(TABLE, encoding="utf-8")
        (rig.folder / "sensors.csv").write_text(SENSORS, encoding="utf-8")
        broker = rig.broker()
        public = rig.add(Broker(rig, "public", more=f"persistence true\npersistence_location {rig.folder}/\n"))
        subscriber = rig.add(Subscriber(rig, public))
        daemon = Service(rig, "proef", CONFIG.replace("@PUBLIC@", public.url()), broker.url())
        daemon.start()
        city = City(broker)
        city.send(range(10))
        rig.wait(lambda: len({f["start"] for _, _, f in subscriber.heard()}) >= 9, "the first windows")

        public.stop()
        for part in range(10, 160, 50):
            city.send(range(part, part + 50))
            rig.wait(lambda last=part + 48: is_published(daemon, city, last), "the windows of a part")
            daemon.kill()
            daemon.start()
        city.send(range(160, WINDOWS + 1))
        rig.wait(lambda: is_published(daemon, city, WINDOWS - 1), "the last window")
        city.correct(CORRECTED)
        rig.wait(lambda: [value_of(f) for f in pages(daemon, city, "nl00")[0]] == city.expected("nl00"), "the correction")
        check_series(daemon, city, faults, "while the broker is away")
        pending = daemon.metrics().total("bruis_output_pending", output="mqtt")
        faults.check(pending >= (WINDOWS - 12) * len(REGIONS), f"{pending} are pending")

        began = time.monotonic()
        public.start()
        rig.wait(lambda: daemon.metrics().total("bruis_output_pending", output="mqtt") == 0, "all to be delivered")
        rig.wait(lambda: {(r, f["start"]) for _, r, f in subscriber.heard()} >=
                 {(region, city.start_of(window)) for region in REGIONS for window in range(WINDOWS)}, "all to be heard")
        took = time.monotonic() - began
        heard = subscriber.heard()
        check_heard(heard, city, faults)
        check_retained(rig, public, daemon, faults)
        check_backup(rig, daemon, faults)
        faults.equal("the daemon's status", daemon.stop(), 0)
        daemon.start()
        check_series(daemon, city, faults, "after a restart")
        ask_at_once(daemon, city, faults)
        faults.check("ev=not_used section=history" not in daemon.log_text(), "the history is told to be unused")
        faults.check(not list(daemon.state.glob("history.damaged*")), "the history was damaged")
        faults.equal("the daemon's status", daemon.stop(), 0)
        size = (daemon.state / "history").stat().st_size
        recovered = refuse_for_a_while(rig, faults)
    faults.finish(f"broker away for {WINDOWS} windows of {len(REGIONS)} regions and 3 kills: {len(heard)} figures heard, none "
                  f"missing, {took:.1f} s after it was back; history {size // 1024} KiB; disk refuses: "
                  f"recovered in {recovered:.1f} s")


if __name__ == "__main__":
    main()
