# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""Clocks: the wall clock jumps by an hour, forth and back, while messages flow: two daemons hear the same messages, one
of them with the jumps, and tell the same figures; each jump is counted and logged. And the nights on which Amsterdam
changes its time, by replay: a day of 23 and one of 25 hours, with every reading in its own hour."""
import datetime
import json
import re
import time
import zoneinfo

import reader
from bruisd_e2e import Faults, PROGRAM, Rig, final, need, replay
from faults import CITY, City, MINUTE_MS, REGIONS, SENSORS, Service, Shim

HOUR_MS = 60 * MINUTE_MS
JUMPS_S = (3600, -3600, 0)  # of which the last is no jump from what the daemon holds for true
COUNTED = 2
FREE = ("revision",)  # corrections in one second or in two
ZONE = zoneinfo.ZoneInfo("Europe/Amsterdam")
NIGHTS = {datetime.date(2026, 3, 29): 23, datetime.date(2026, 10, 25): 25}
REPLAY = """node: nights
state_dir: @STATE@
regions: {year: 2026, table: city-regions.csv}
sensors: [city-places.csv]
brokers:
  none: {url: "mqtt://127.0.0.1:1"}
feeds:
  counts:
    broker: none
    topics: ["counts/#"]
    adapter: json
    options: {domain: pedestrian, sensor: /id, observed_at: {at: /at}, values: {count: /n}}
    interval: 60s
windows: [1h, 1d]
lateness: 1s
correct_for: 1h
coverage_min: 0
privacy: {pedestrian_min: 0, round_to: 0, min_window: 1h}
"""


# ---- jumps of the wall clock


def figures(service, city):
    """All of all windows, as they are told."""
    return {(region, window, figure["start"]): {k: v for k, v in figure.items() if k not in FREE}
            for region in ("nl00", *REGIONS) for window in ("1m", "5m") for figure in city.figures(service, region, window)}


def jumps(faults):
    with Rig() as rig:
        broker = rig.broker()
        city = City(rig, 16)
        services = {name: Service(rig, name, CITY, broker.url()) for name in ("steady", "jumping")}
        shims = {name: Shim(rig, name, service.state) for name, service in services.items()}
        for name, service in services.items():
            service.start(shims[name].environment())
        jumping = services["jumping"]

        def publish(lines):
            broker.publish_lines("counts/a", lines)
            for service in services.values():
                rig.wait(lambda s=service: s.counted() >= city.messages, f"the messages of {service.name}")

        minute = 0
        for number, step in enumerate(JUMPS_S):
            publish(city.lines([minute, minute + 1], range(0, 20)))
            shims["jumping"].step(step)
            publish(city.lines([minute + 2, minute + 3], range(5, 25)))
            publish(city.lines([minute, minute + 1], range(20, 24)))  # late, but not too late
            seen = min(number + 1, COUNTED)
            rig.wait(lambda n=seen: jumping.metrics().total("bruis_clock_steps_total") == n, f"step {seen} to be counted")
            publish(city.lines([minute + 4], range(0, 30)))
            minute += 5
        publish([city.last()])
        for service in services.values():
            city.check(faults, service, 0, f"{service.name} ")
        rig.wait(lambda: figures(services["steady"], city) == figures(jumping, city), "the same figures", 10)
        for name, service in services.items():
            metrics = service.metrics()
            metrics.check_identities(faults, f"{name} ")
            faults.equal(f"{name}: readings used", int(metrics.total("bruis_observations_total", result="used")), city.messages)
            faults.equal(f"{name}: steps", int(metrics.total("bruis_clock_steps_total")), COUNTED if name == "jumping" else 0)
            faults.equal(f"{name}: loop lag above 5 s", metrics.total("bruis_loop_lag_seconds") > 5, False)
        told = [round(int(step) / 1000) for step in re.findall(r"ev=clock_step .*?step_ms=(-?\d+)", jumping.log_text())]
        faults.equal("steps in the log", told, list(JUMPS_S[:COUNTED]))
        count = len(figures(jumping, city))
        faults.check(count > 0, "there are no figures")
        # What they hold is the same, too.
        for service in services.values():
            faults.equal(f"{service.name}: exit status", service.stop(), 0)
            service.start(shims[service.name].environment())
        publish_again(rig, broker, city, services)
        for service in services.values():
            city.check(faults, service, 0, f"{service.name} after a restart ")
            faults.equal(f"{service.name}: exit status", service.stop(), 0)
    return count


def publish_again(rig, broker, city, services):
    """A reading more for each minute: every figure is told again."""
    lines = [*city.lines(range(15), [SENSORS]), city.last()]
    broker.publish_lines("counts/a", lines)
    for service in services.values():
        rig.wait(lambda s=service: s.counted() >= len(lines), f"the messages of {service.name}")


# ---- nights on which the clock is changed


def instants(day):
    """Every quarter of the local day, as instants of UTC."""
    begin = datetime.datetime.combine(day, datetime.time(), ZONE)
    end = datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time(), ZONE)
    return range(int(begin.timestamp() * 1000), int(end.timestamp() * 1000), HOUR_MS // 4)


def capture_of(times):
    lines = []
    for number, at in enumerate(times):
        payload = json.dumps({"id": "gm9001-0", "at": reader.text_of(at), "n": number + 1})
        lines.append(json.dumps({"tst": reader.text_of(at + 1000), "topic": "counts/a", "qos": 1, "retain": 0,
                                 "payloadlen": len(payload), "payload": payload}))
    return "\n".join(lines) + "\n"


def night(faults, rig, day, hours):
    """Readings from the day before to the day after, each of another number."""
    times = [at for shift in (-1, 0, 1) for at in instants(day + datetime.timedelta(days=shift))]
    faults.equal(f"{day}: quarters", len(instants(day)), 4 * hours)
    config, capture = rig.folder / "nights.yaml", rig.folder / f"{day}.jsonl"
    config.write_text(REPLAY.replace("@STATE@", str(rig.folder / "state")), encoding="utf-8")
    capture.write_text(capture_of(times), encoding="utf-8")
    status, output, errors = replay(config, [capture])
    faults.equal(f"{day}: exit status ({errors[-300:]})", status, 0)
    told = final(output)
    numbers = {at: number + 1 for number, at in enumerate(times)}
    for shift in (-1, 0, 1):
        span = instants(day + datetime.timedelta(days=shift))
        record = told.get(("gm9001", "pedestrian", "1d", reader.text_of(span[0])))
        faults.check(record is not None, f"{day}: no day that begins at {reader.text_of(span[0])}")
        if record:
            faults.equal(f"{day}: end of the day", record["end"], reader.text_of(span[-1] + HOUR_MS // 4))
            faults.equal(f"{day}: passages of the day", record["pedestrian"]["passages"], sum(numbers[at] for at in span))
        for begin in span[::4]:
            record = told.get(("gm9001", "pedestrian", "1h", reader.text_of(begin)), {"pedestrian": {"passages": None}})
            expected = sum(numbers[begin + quarter * HOUR_MS // 4] for quarter in range(4))
            faults.equal(f"{day}: hour {reader.text_of(begin)}", record["pedestrian"]["passages"], expected)
    days = {key for key in told if key[0] == "gm9001" and key[2] == "1d"}
    faults.equal(f"{day}: days", len(days), 3)
    return len(told)


def main():
    need("mosquitto_pub", PROGRAM)
    faults = Faults()
    began = time.monotonic()
    same = jumps(faults)
    with Rig() as rig:
        City(rig)
        of_nights = sum(night(faults, rig, day, hours) for day, hours in NIGHTS.items())
    faults.finish(f"{same} figures the same over {COUNTED} jumps of an hour; days of "
                  f"{' and '.join(map(str, NIGHTS.values()))} hours in {of_nights} figures; {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
