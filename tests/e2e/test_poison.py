# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""A message at which the daemon dies: after two deaths it is set aside, counted `rejected`, and the service goes on.

The poison is a message of national size that takes so long to decode that the daemon can be killed in the middle of
it; a mapped file tells which record is at work, and what is at work while the daemon stands still is what it dies at.
A death at another message does not count."""
import gzip
import json
import os
import signal
import struct
import subprocess
import time

import reader
from bruisd_e2e import Faults, PROGRAM, Rig, need
from faults import CITY, City, Service

SITES = int(os.environ.get("SITES", "40000"))  # of 1.2 kB each
WORDS = struct.Struct("=QQQ")  # at work, where it died last, how often in a row: positions are kept plus 1
FEED = """  ndw:
    broker: city
    topics: [ndw/#]
    adapter: datex2
    options: {detail: lane}
    max_payload: 16MiB
    max_unpacked: 400MiB
"""
HEAD = ('<?xml version="1.0" encoding="UTF-8"?><d2LogicalModel xmlns="http://datex2.eu/schema/2/2_0" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" modelBaseVersion="2">'
        '<payloadPublication xsi:type="MeasuredDataPublication">')
VALUES = "".join(
    f'<measuredValue index="{2 * lane + 1}"><measuredValue><basicData xsi:type="TrafficFlow"><vehicleFlow>'
    f"<vehicleFlowRate>{60 * lane + 60}</vehicleFlowRate></vehicleFlow></basicData></measuredValue></measuredValue>"
    f'<measuredValue index="{2 * lane + 2}"><measuredValue><basicData xsi:type="TrafficSpeed"><averageVehicleSpeed '
    f'numberOfInputValuesUsed="{lane + 1}"><speed>{90 + lane}</speed></averageVehicleSpeed></basicData></measuredValue>'
    "</measuredValue>" for lane in range(3))


def national(sites, at):
    """A measured publication, packed."""
    time_of = reader.text_of(at)
    body = "".join(f'<siteMeasurements><measurementSiteReference id="MADE_{number:06}" version="1" '
                   f'targetClass="MeasurementSiteRecord"/><measurementTimeDefault>{time_of}</measurementTimeDefault>{VALUES}'
                   "</siteMeasurements>" for number in range(sites))
    text = f"{HEAD}<publicationTime>{time_of}</publicationTime>{body}</payloadPublication></d2LogicalModel>"
    return gzip.compress(text.encode(), 1), len(text)


def at_work(service):
    path = service.state / "poison"
    return WORDS.unpack(path.read_bytes()[:WORDS.size]) if path.exists() else (0, 0, 0)


def die_at(rig, service, last, is_meant):
    """Kills it in the middle of a message whose position is meant; where. It stands still while that is looked at: what is
    read again of the journal may be seen at work first. Before that it has to have read where it died last."""
    rig.wait(lambda: at_work(service)[1:] == last, "the daemon to begin")
    while True:
        rig.wait(lambda: is_meant(at_work(service)[0]), "the message to be at work")
        service.process.send_signal(signal.SIGSTOP)
        rig.wait(lambda: stands(service), "the daemon to stand still")
        position = at_work(service)[0]
        if is_meant(position):
            service.kill()
            return position
        service.process.send_signal(signal.SIGCONT)


def stands(service):
    status = open(f"/proc/{service.process.pid}/stat", encoding="ascii").read().rpartition(")")[2].split()[0]
    return status == "T"


def quarantined(service):
    folder = service.state / "quarantine"
    return sorted(folder.iterdir()) if folder.exists() else []


def check_files(faults, service, payload, position):
    files = quarantined(service)
    faults.equal("quarantine", [file.name for file in files], [f"{position - 1}.json", f"{position - 1}.payload"])
    if len(files) != 2:
        return
    told = json.loads(files[0].read_text(encoding="utf-8"))
    faults.equal("its feed and topic", (told["feed"], told["topic"]), ("ndw", "ndw/poison"))
    faults.check(told["reason"] and abs(reader.instant(told["received_at"]) - time.time() * 1000) < 600_000, f"told: {told}")
    faults.check(files[1].read_bytes() == payload, "the payload is not what was sent")
    done = subprocess.run([str(PROGRAM), "decode", "-a", "datex2", "-o", "detail=lane", str(files[1])], capture_output=True,
                          check=False)
    faults.equal("decode of it: status", done.returncode, 0)
    summary = done.stderr.decode().splitlines()[-1]
    faults.check(summary.startswith(f"payloads=1 observations={6 * SITES} "), f"decode of it: {summary}")
    faults.equal("decode of it: lines", done.stdout.count(b"\n"), 6 * SITES)


def main():
    need("mosquitto_pub", PROGRAM)
    faults = Faults()
    payload, size = national(SITES, int(time.time() * 1000) // 60_000 * 60_000 - 120_000)
    with Rig() as rig:
        broker = rig.broker()
        city = City(rig, 6)
        config = CITY.replace("windows:", FEED + "windows:").replace("journal: 4MiB, memory: 64MiB", "memory: 512MiB")
        service = Service(rig, "poison", config, broker.url()).start()

        def taken(count):
            rig.wait(lambda: service.counted() >= count, f"{count} messages")

        # A death at another message comes first: it must not help the poison over its limit, nor be set aside.
        lines = city.lines(range(2))
        broker.publish_lines("counts/a", lines)
        taken(len(lines))
        other, _ = national(SITES // 2, int(time.time() * 1000) // 60_000 * 60_000 - 180_000)
        broker.publish("ndw/other", other)
        innocent = die_at(rig, service, (0, 0), lambda position: position > 0)
        service.start()
        taken(len(lines) + 1)
        faults.equal("rejected after one death", service.outcome("rejected"), 0)
        faults.equal("set aside after one death", quarantined(service), [])

        broker.publish("ndw/poison", payload)
        first = die_at(rig, service, (innocent, 1), lambda position: position > innocent)
        broker.publish_lines("counts/a", city.lines(range(2, 4)))  # while it is away
        service.begin()
        die_at(rig, service, (first, 1), lambda position: position == first)

        service.start()
        taken(city.messages + 2)
        broker.publish_lines("counts/a", [*city.lines(range(4, 6)), city.last()])
        taken(city.messages + 2)
        city.check(faults, service)
        metrics = service.metrics()
        metrics.check_identities(faults)
        faults.equal("messages of the feed", {outcome: int(metrics.total("bruis_messages_total", feed="ndw", outcome=outcome))
                                              for outcome in ("decoded", "rejected")}, {"decoded": 1, "rejected": 1})
        faults.equal("readings that are used, of the other counts", int(metrics.total("bruis_observations_total",
                     feed="counts", result="used")), city.messages)
        check_files(faults, service, payload, first)
        faults.check("set aside in quarantine" in service.log_text(), "the log says nothing of it")
        faults.equal("exit status", service.stop(), 0)

        # Neither the broker nor the journal brings it back.
        service.start()
        faults.equal("its feed after a clean stop", int(service.metrics().total("bruis_messages_total", feed="ndw")), 0)
        faults.equal("exit status", service.stop(), 0)
    faults.finish(f"a message of {size / 1e6:.0f} MB set aside after two deaths, {city.messages} others counted")


if __name__ == "__main__":
    main()
