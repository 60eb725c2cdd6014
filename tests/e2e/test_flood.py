# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""A flood: 200,000 messages a second are offered at QoS 0, by a broker of our own that knows what it has sent.

Every message that the daemon was sent has one outcome, every reading one result, and the figures hold exactly the
readings that were used; memory stays below its limit, and /healthz is answered meanwhile. FLOOD_S: how long (5)."""
import json
import os
import socket
import threading
import time

import reader
from bruisd_e2e import Faults, PROGRAM, Rig, need
from faults import REGIONS, Service, write_city

FLOOD_S = float(os.environ.get("FLOOD_S", "5"))
RATE = 200_000  # messages a second
SENSORS = 2000  # one block has a reading of each
STEP_MS = 100  # of observed time, from block to block
BEHIND_S = 0.5  # what the daemon does not take within it is not sent: as a broker does at QoS 0
MEMORY = 64 << 20
ANSWER_S = 1.0
EVERY = 100  # blocks from one oversize message to the next
CONFIG = """node: flood
state_dir: @STATE@
regions: {year: 2026, table: city-regions.csv}
sensors: [flood-places.csv]
brokers:
  city: {url: "@BROKER@", protocol: 3.1.1}
feeds:
  counts:
    broker: city
    topics: ["flood/#"]
    qos: 0
    adapter: json
    options: {domain: pedestrian, sensor: "topic:2", observed_at: {at: /at, format: epoch_ms}, values: {count: /n}}
    interval: 60s
    max_payload: 64KiB
windows: [1m, 5m]
lateness: 1s
correct_for: 1h
coverage_min: 0
privacy: {pedestrian_min: 0, round_to: 0, min_window: 1m}
publish:
  http: {listen: "@HTTP@", ops_listen: "@OPS@"}
limits: {memory: 64MiB, journal: 16MiB}
"""


def varint(number):
    out = b""
    while True:
        number, low = divmod(number, 128)
        out += bytes([low | (128 if number else 0)])
        if not number:
            return out


def packet(topic, payload):
    body = len(topic).to_bytes(2, "big") + topic.encode() + payload
    return b"\x30" + varint(len(body)) + body


class Source:
    """A broker for one client, as far as it needs one: it accepts, grants, answers pings, and sends."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.client = None
        self.granted = threading.Event()
        self.lock = threading.Lock()
        self.sent = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        self.client, _ = self.server.accept()
        stream = self.client.makefile("rb")
        while kind := stream.read(1):
            size = shift = 0
            while True:
                byte = stream.read(1)[0]
                size |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    break
            self.answer(kind[0] >> 4, stream.read(size))

    def answer(self, kind, body):
        if kind == 1:  # CONNECT
            self.send(b"\x20\x02\0\0")
        elif kind == 8:  # SUBSCRIBE: identifier, then filters with their size and a byte of options
            count, at = 0, 2
            while at < len(body):
                at += 3 + int.from_bytes(body[at:at + 2], "big")
                count += 1
            self.send(b"\x90" + varint(2 + count) + body[:2] + bytes(count))
            self.granted.set()
        elif kind == 12:  # PINGREQ
            self.send(b"\xd0\0")

    def send(self, message, count=0):
        with self.lock:
            self.client.sendall(message)
        self.sent += count


class Flood:
    def __init__(self, source):
        self.source = source
        self.begin = int(time.time() * 1000) // 60_000 * 60_000 - 600_000
        self.template = b"".join(packet(f"flood/s{number:04}", b'{"at":@@@@@@@@@@@@@,"n":1}') for number in range(SENSORS))
        self.large = packet("flood/s0000", b" " * (64 * 1024 + 1))
        self.offered = self.oversize = self.blocks = 0

    def run(self, seconds):
        """Blocks at their times; those whose time is long past are left out."""
        began = time.monotonic()
        for number in range(int(RATE / SENSORS * seconds)):
            due = began + number * SENSORS / RATE
            self.offered += SENSORS
            now = time.monotonic()
            if now < due:
                time.sleep(due - now)
            elif now > due + BEHIND_S:
                continue
            self.source.send(self.template.replace(b"@@@@@@@@@@@@@", str(self.begin + number * STEP_MS).encode()), SENSORS)
            self.blocks += 1
            if self.blocks % EVERY == 0:
                self.source.send(self.large, 1)
                self.oversize += 1
        return time.monotonic() - began

    def last(self):
        """Ends the windows before now, and counts nobody."""
        self.source.send(packet("flood/s0000", json.dumps({"at": int(time.time() * 1000), "n": 0}).encode()), 1)


class Watch(threading.Thread):
    """Asks for /healthz again and again, and looks at the memory."""

    def __init__(self, service):
        super().__init__(daemon=True)
        self.service = service
        self.goes = True
        self.answers, self.slowest, self.memory, self.faults = 0, 0.0, 0, []

    def run(self):
        while self.goes:
            began = time.monotonic()
            answer = self.service.get("/healthz", ops=True)
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.answers += 1
            if answer != (200, "ok\n"):
                self.faults.append(answer)
            self.memory = max(self.memory, self.service.anonymous_bytes())
            time.sleep(0.02)


def passages(service, begin):
    """Of all windows, by the country and by the sum of its parts."""
    found = {}
    for region in ("nl00", *REGIONS):
        path = f"/v1/figures/pedestrian/{region}?window=1m&from={reader.text_of(begin)}&limit=1000&f=json"
        figures = json.loads(service.get(path)[1])["figures"]
        found[region] = sum(figure["pedestrian"]["passages"] or 0 for figure in figures)
    return found["nl00"], sum(found[region] for region in REGIONS)


def main():
    need(PROGRAM)
    faults = Faults()
    source = Source()
    with Rig() as rig:
        write_city(rig.folder)
        (rig.folder / "flood-places.csv").write_text("feed,sensor,region\n" + "".join(
            f"counts,s{number:04},{REGIONS[number % len(REGIONS)]}\n" for number in range(SENSORS)), encoding="utf-8")
        service = Service(rig, "flood", CONFIG, f"mqtt://127.0.0.1:{source.port}").start()
        rig.wait(source.granted.is_set, "the subscription")
        flood, watch = Flood(source), Watch(service)
        watch.start()
        took = flood.run(FLOOD_S)
        rig.wait(lambda: service.counted() >= source.sent, "all that was sent")
        watch.goes = False
        watch.join()

        metrics = service.metrics()
        metrics.check_identities(faults)
        outcome = {word: int(metrics.total("bruis_messages_total", outcome=word))
                   for word in ("decoded", "skipped", "rejected", "oversize", "dropped")}
        used = int(metrics.total("bruis_observations_total", result="used"))
        faults.equal("received, and what was sent", int(metrics.total("bruis_messages_received_total")), source.sent)
        faults.equal("oversize", outcome["oversize"], flood.oversize)
        faults.equal("decoded, oversize and dropped", outcome["decoded"] + outcome["oversize"] + outcome["dropped"], source.sent)
        faults.equal("used, and decoded", used, outcome["decoded"])
        rig.wait(lambda: not service.degraded(), "the daemon to be well")
        flood.last()
        try:
            rig.wait(lambda: passages(service, flood.begin)[0] >= used, "the figures", 30)
        except TimeoutError:
            pass
        faults.equal("passages of the country and of its parts, and readings used", passages(service, flood.begin), (used, used))
        faults.equal("answers of /healthz other than ok", watch.faults[:3], [])
        faults.check(watch.answers >= FLOOD_S, f"{watch.answers} answers of /healthz in {took:.1f} s")
        faults.check(watch.slowest <= ANSWER_S, f"/healthz took {watch.slowest:.2f} s")
        sanitized = os.environ.get("SANITIZE")  # it has memory of its own
        faults.check(0 < watch.memory and (sanitized or watch.memory <= MEMORY),
                     f"anonymous memory {watch.memory / 1e6:.1f} MB")
        faults.equal("exit status", service.stop(), 0)
    faults.finish(f"{flood.offered} offered, {source.sent} sent in {took:.1f} s, {outcome['dropped']} dropped; memory "
                  f"{watch.memory / 1e6:.0f} MB; {watch.answers} x /healthz, at most {watch.slowest * 1000:.0f} ms")


if __name__ == "__main__":
    main()
