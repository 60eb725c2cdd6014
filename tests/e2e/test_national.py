# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""The whole country, live: every municipality's figures against an independent reader, equal to the last digit.

The national traffic file, all car parks of the register and an hour of crowd counts go through a real broker, each
source moved by one constant so that it ends in the minute before now. Two daemons hear the same messages: one tells
exact pedestrian counts, the other protects them; in both the municipalities add up to the country."""
import collections
import gzip
import json
import time

import national
import reader
from bruisd_e2e import Faults, Rig, PROGRAM, data, need

MINUTE_MS = 60_000
SETTLE_MS = 60_000  # windows that end at most this long after the data are awaited
CONFIG = """node: @NODE@
state_dir: @STATE@
@REGIONS@sensors: [@CATALOGUE@]
brokers:
  city: {url: "@BROKER@", protocol: 5, client_id: @NODE@}
feeds:
  ndw: {broker: city, topics: [ndw/#], adapter: datex2, interval: 5s, max_payload: 16MiB, max_unpacked: 400MiB}
  npr: {broker: city, topics: [npr/#], adapter: spdp, interval: 5s, stale_after: 15m}
  crowd: {broker: city, topics: [crowd/#], adapter: cmsa, interval: 5s}
windows: [1m, 5m, 15m, 1h]
lateness: 5s
correct_for: 3h
coverage_min: 0
privacy: {@PRIVACY@}
publish:
  mqtt: {broker: city, prefix: @NODE@, encodings: [json], live_every: 0s}
  http: {listen: "@HTTP@", ops_listen: "@OPS@"}
"""
SUMS = {"traffic": "vehicles", "parking": "capacity", "pedestrian": "passages"}


def configuration(folder, regions, node, privacy):
    config = CONFIG
    for mark, value in (("@NODE@", node), ("@REGIONS@", regions), ("@PRIVACY@", privacy),
                        ("@CATALOGUE@", str(folder / "places.csv"))):
        config = config.replace(mark, value)
    return config


def start(rig, folder):
    """The broker, the two daemons, and who listens to them."""
    broker = rig.broker()
    national.write_regions(folder, rig.folder / "regions.csv")
    national.write_catalogue(folder, rig.folder / "places.csv", "crowd")
    (rig.folder / "privacy.key").write_bytes(bytes(range(32)))
    regions = national.configured(folder, rig.folder / "regions.csv")
    kinds = {"exact": "pedestrian_min: 0, round_to: 0, min_window: 1m",
             "guarded": f"pedestrian_min: 10, round_to: 5, min_window: 5m, key_file: {rig.folder / 'privacy.key'}"}
    listeners = {node: rig.listener(f"of-{node}", broker, node) for node in kinds}
    daemons = {node: rig.daemon(node, configuration(rig.folder, regions, node, privacy), broker)
               for node, privacy in kinds.items()}
    return broker, daemons, listeners


class Material:
    """The messages of all sources, moved to now, and what the reader makes of them."""

    def __init__(self, truth, folder, now):
        self.edge = now // MINUTE_MS * MINUTE_MS  # the data end in the minute before it
        header, rows = national.crowd(folder)
        newest = max(r.at + r.period_ms for r in truth.traffic if r.period_ms == MINUTE_MS)
        shift = self.edge - newest
        self.speeds = gzip.compress(national.moved_xml(truth.speeds, shift).encode(), 1)
        crowd_shift = self.edge - max(r.at for r in truth.crowd) - reader.COUNT_MS
        self.crowd = "\n".join([header, *(national.moved_row(row, crowd_shift) for row in rows)]) + "\n"
        self.static, self.dynamic = national.parking_documents(truth.parks, self.edge // 1000 - 3)
        readings = {"traffic": [r._replace(at=r.at + shift) for r in truth.traffic],
                    "pedestrian": reader.counts(self.crowd), "parking": truth.parking(self.dynamic)}
        self.readings = readings
        self.figures = {}
        for domain, of in readings.items():
            self.figures.update(truth.figures(domain, of))


def publish(rig, broker, daemons, folder, truth):
    """Descriptions first, then readings. What was published."""
    def taken(count):
        return all(d.metrics().total("bruis_messages_total", outcome="decoded") >= count for d in daemons.values())

    broker.publish("ndw/table", (folder / national.TABLE).read_bytes())
    rig.wait(lambda: taken(1), "the site table")
    material = Material(truth, folder, int(time.time() * 1000))
    broker.publish("ndw/speeds", material.speeds)
    broker.publish_lines("npr/static", map(json.dumps, material.static))
    broker.publish_lines("npr/dynamic", map(json.dumps, material.dynamic))
    broker.publish("crowd/counts", material.crowd.encode())
    material.messages = 3 + len(material.static) + len(material.dynamic)
    rig.wait(lambda: taken(material.messages), "all messages")
    return material


def awaited(material, shortest_ms):
    """What the reader has of windows that end soon enough to wait for them."""
    return {key: figure for key, figure in material.figures.items()
            if reader.WINDOW_MS[key[2]] >= shortest_ms.get(key[1], 0)
            and key[3] + reader.WINDOW_MS[key[2]] <= material.edge + SETTLE_MS}


def wanted_key(key):
    return (*key[:3], reader.text_of(key[3]))


def check_exact(faults, expected, said):
    for key, figure in expected.items():
        record = said.get(wanted_key(key))
        faults.check(record is not None, f"{wanted_key(key)}: not published")
        if record:
            found = national.differences(key, figure, record)
            faults.check(not found, "; ".join(found))


def check_silent(faults, material, said):
    """A window in which nothing was read tells no value."""
    for key, record in said.items():
        if (*key[:3], reader.instant(key[3])) in material.figures:
            continue
        values = {name: value for name, value in record[key[1]].items() if value is not None}
        faults.check(record["quality"] == "none" and record["coverage"]["reporting"] == 0, f"{key}: {record}")
        faults.check(not any(values.values()), f"{key}: a value that was not measured: {values}")


def check_sums(faults, node, said, shortest_ms):
    """Municipalities add up to the country, and so do provinces and COROP areas."""
    totals = collections.defaultdict(lambda: collections.defaultdict(int))
    for (_, domain, window, begin), record in said.items():
        value = record[domain][SUMS[domain]]
        if value is not None:
            totals[domain, window, begin][record["region_type"]] += value
    for (domain, window, begin), of in totals.items():
        faults.check(len(set(of.values())) == 1 and "land" in of, f"{node} {domain} {window} {begin}: {dict(of)}")
    for domain in SUMS:
        faults.check(any(d == domain for d, *_ in totals), f"{node}: no sum of {domain}")
    for key in said:
        faults.check(reader.WINDOW_MS[key[2]] >= shortest_ms.get(key[1], 0), f"{node}: {key} is too short to be told")


def check_guarded(faults, said):
    """Counts of people are told as sums of protected cells only."""
    people = [record for key, record in said.items() if key[1] == "pedestrian" and record["coverage"]["reporting"]]
    faults.check(len(people) > 0, "guarded: no pedestrian figure")
    for record in people:
        faults.equal("guarded: quality", record["quality"], "protected")
        faults.check(record["pedestrian"]["passages"] % 5 == 0, f"guarded: {record['pedestrian']}")
        faults.check(record["pedestrian"]["margin"] is not None, f"guarded: {record['pedestrian']}")


def check_http(faults, daemon, listener):
    """The same record over HTTP as over MQTT."""
    for domain in SUMS:
        window = "5m" if domain == "pedestrian" else "1m"  # counts of 3 minutes; the others may have no 5m yet
        status, body = daemon.get(f"/v1/figures/{domain}/nl00?window={window}&limit=1000&f=json")
        faults.equal(f"HTTP of {domain}", status, 200)
        records = json.loads(body)["figures"] if status == 200 else []
        faults.check(len(records) > 0, f"HTTP: no figure of {domain}: {status} {body[:300]}")
        said = listener.taken()
        for record in records:
            heard = said.get((record["region"], domain, window, record["start"]))
            if heard and heard["revision"] == record["revision"]:
                faults.equal(f"HTTP {domain} {record['start']}", record, heard)


def main():
    folder = data()
    need("mosquitto_pub", "mosquitto_sub", PROGRAM)
    truth = national.Truth(folder)
    faults = Faults()
    with Rig() as rig:
        broker, daemons, listeners = start(rig, folder)
        material = publish(rig, broker, daemons, folder, truth)
        shortest = {"exact": {}, "guarded": {"pedestrian": 300_000}}
        expected = {node: awaited(material, of) for node, of in shortest.items()}

        def is_told(node):
            """The country's last window of each length and domain is out: what is not there by then is missing."""
            said = listeners[node].taken()
            last = {}
            for region, domain, window, begin in expected[node]:
                if region == "nl00":
                    last[domain, window] = max(begin, last.get((domain, window), 0))
            return all(("nl00", *of, reader.text_of(begin)) in said for of, begin in last.items())

        for node in daemons:
            rig.wait(lambda n=node: is_told(n), f"the figures of {node}", 200)
        rig.wait(lambda: all(d.metrics().total("bruis_output_pending") == 0 for d in daemons.values()), "the outputs")
        for listener in listeners.values():
            listener.catch_up(broker)
        said = {node: listener.taken() for node, listener in listeners.items()}
        for domain in SUMS:
            faults.check(any(key[1] == domain for key in expected["exact"]), f"nothing of {domain} to compare")
        check_exact(faults, expected["exact"], said["exact"])
        check_exact(faults, {k: v for k, v in expected["guarded"].items() if k[1] != "pedestrian"}, said["guarded"])
        check_silent(faults, material, said["exact"])
        for node in daemons:
            check_sums(faults, node, said[node], shortest[node])
            faults.equal(f"{node}: lines that are no figures", listeners[node].garbage[:3], [])
            daemons[node].metrics().check_identities(faults, f"{node} ")
            used = sum(len(of) for of in material.readings.values())
            faults.equal(f"{node}: readings used and pending",
                         daemons[node].metrics().total("bruis_observations_total", result="used")
                         + daemons[node].metrics().total("bruis_observations_pending"), used)
        check_guarded(faults, said["guarded"])
        check_http(faults, daemons["exact"], listeners["exact"])
        for daemon in daemons.values():
            faults.equal(f"{daemon.name}: exit status", daemon.stop(), 0)
    faults.finish(f"{len(expected['exact'])} figures of {len({key[0] for key in expected['exact']})} regions equal")


if __name__ == "__main__":
    main()
