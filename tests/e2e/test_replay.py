# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""Replay of national captures at their own times: the same bytes each time, from a sanitized build too; the final
values are those of an independent reader; and they stay so when the lines come in any order and some of them twice."""
import base64
import gzip
import json
import os
import random
import sys
from pathlib import Path

import national
import reader
from bruisd_e2e import BUILD, Faults, PROGRAM, Rig, data, final, need, replay

PARTS = 12  # of the national traffic file
ROUND_S = 240  # between two readings of a car park
ROUNDS = 5
SEED = 20160909
TWICE = 0.1
CONFIG = """node: replay
state_dir: {folder}/state
{regions}sensors: [{folder}/places.csv]
brokers:
  none: {{url: "mqtt://127.0.0.1:1"}}
feeds:
  ndw:
    broker: none
    topics: [ndw/#]
    adapter: datex2
    options: {{site_table: {table}}}
    max_payload: 16MiB
    max_unpacked: 400MiB
  npr: {{broker: none, topics: [npr/#], adapter: spdp, stale_after: 15m}}
  crowd: {{broker: none, topics: [crowd/#], adapter: cmsa, interval: 3m}}
windows: [1m, 5m, 15m, 1h]
lateness: 90s
correct_for: 3h
coverage_min: 0
privacy: {{pedestrian_min: 0, round_to: 0, min_window: 1m}}
"""
FREE = ("revision", "quality")  # what the order of arrival may change, beside expected and weight


def line(topic, payload, received_at):
    return json.dumps({"tst": reader.text_of(received_at), "topic": topic, "qos": 1, "retain": 0,
                       "payloadlen": len(payload), "payload_base64": base64.b64encode(payload).decode()})


def traffic_lines(truth):
    received_at = max(r.at for r in truth.traffic) + 60_000
    return [line(f"ndw/speeds/{i}", gzip.compress(part.encode(), 1, mtime=0), received_at + 1000 * i)
            for i, part in enumerate(national.parts_of(truth.speeds, PARTS))]


def parking_lines(static, dynamic):
    begin = min(d["parkingFacilityDynamicInformation"]["facilityActualStatus"]["lastUpdated"] for d in dynamic)
    lines = [line("npr/static", json.dumps(document).encode(), begin * 1000) for document in static]
    for document in dynamic:
        at_s = document["parkingFacilityDynamicInformation"]["facilityActualStatus"]["lastUpdated"]
        lines.append(line("npr/dynamic", json.dumps(document).encode(), (at_s + 60) * 1000))
    return lines


def crowd_lines(folder):
    header, rows = national.crowd(folder)
    return [line("crowd/counts", f"{header}\n{row}\n".encode(),
                 reader.instant(row.split(",", 1)[0]) + reader.COUNT_MS + 60_000) for row in rows]


def mixed(lines, seed):
    """Any order, and some of them twice. The time of arrival stays with its line."""
    chance = random.Random(seed)
    found = lines + [entry for entry in lines if chance.random() < TWICE]
    chance.shuffle(found)
    return found


def values(record):
    """What only the readings decide."""
    kept = {name: value for name, value in record.items() if name not in FREE}
    kept["coverage"] = {k: v for k, v in record["coverage"].items() if k not in ("expected", "weight")}
    return kept


def flushed_at(figures):
    return max(reader.instant(record["end"]) for key, record in figures.items() if key[2] == "1m")


def check_reader(faults, truth, domain, readings, figures):
    ends = flushed_at(figures) if domain == "parking" else None
    expected = truth.figures(domain, readings, flushed_at=ends) if ends else truth.figures(domain, readings)
    for key, figure in expected.items():
        record = figures.get((*key[:3], reader.text_of(key[3])))
        faults.check(record is not None, f"{key}: not there")
        found = national.differences(key, figure, record) if record else []
        faults.check(not found, "; ".join(found))
    for key, record in figures.items():
        if (*key[:3], reader.instant(key[3])) not in expected:
            told = {name: value for name, value in record[domain].items() if value}
            faults.check(record["coverage"]["reporting"] == 0 and not told, f"{key}: a value that was not measured: {told}")
    return len(expected)


def check_mixed(faults, domain, straight, shuffled):
    """A region of which nothing is heard in a window has no values: whether it is told is a matter of order."""
    for key in straight.keys() | shuffled.keys():
        one, other = straight.get(key), shuffled.get(key)
        if one and other:
            faults.check(values(one) == values(other), lambda o=one, p=other: f"{domain}: {o} and mixed {p}")
        else:
            faults.equal(f"{domain} {key}: reporting, told once only", (one or other)["coverage"]["reporting"], 0)


def sanitized():
    """A build with AddressSanitizer, where there is one."""
    folder = Path(os.environ.get("B_ASAN", BUILD / "asan"))
    return folder / "bruisd" if (folder / "bruisd").exists() else None


def check_capture(faults, rig, config, domain, lines):
    """Twice, sanitized, mixed. The final figures."""
    capture, other = rig.folder / f"{domain}.jsonl", rig.folder / f"{domain}-mixed.jsonl"
    capture.write_text("\n".join(lines) + "\n", encoding="utf-8")
    other.write_text("\n".join(mixed(lines, SEED)) + "\n", encoding="utf-8")
    status, output, errors = replay(config, [capture])
    faults.equal(f"{domain}: exit status ({errors[-300:]})", status, 0)
    faults.check(replay(config, [capture])[1] == output, f"{domain}: a second replay gives other bytes")
    if sanitized():
        faults.check(replay(config, [capture], sanitized())[:2] == (0, output), f"{domain}: the sanitized build differs")
    status, shuffled, errors = replay(config, [other])
    faults.equal(f"{domain} mixed: exit status ({errors[-300:]})", status, 0)
    figures = final(output)
    check_mixed(faults, domain, figures, final(shuffled))
    return figures


def main():
    folder = data()
    need(PROGRAM)
    truth = national.Truth(folder)
    faults = Faults()
    compared = 0
    with Rig() as rig:
        national.write_regions(folder, rig.folder / "regions.csv")
        national.write_catalogue(folder, rig.folder / "places.csv", "crowd")
        config = rig.folder / "replay.yaml"
        config.write_text(CONFIG.format(folder=rig.folder, table=folder / national.TABLE,
                                        regions=national.configured(folder, rig.folder / "regions.csv")), encoding="utf-8")
        begin_s = reader.instant(national.CAR_PARKS_AT) // 1000
        static, dynamic = national.parking_documents(truth.parks, *range(begin_s, begin_s + ROUNDS * ROUND_S, ROUND_S))
        sources = {"traffic": (traffic_lines(truth), truth.traffic),
                   "parking": (parking_lines(static, dynamic), truth.parking(dynamic)),
                   "pedestrian": (crowd_lines(folder), truth.crowd)}
        for domain, (lines, readings) in sources.items():
            figures = check_capture(faults, rig, config, domain, lines)
            of_domain = {key: record for key, record in figures.items() if key[1] == domain}
            compared += check_reader(faults, truth, domain, readings, of_domain)
    with_what = "with" if sanitized() else "without"
    faults.finish(f"{compared} final figures equal, {with_what} a sanitized build, mixed by seed {SEED}")


if __name__ == "__main__":
    sys.exit(main())
