# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""Brokers that fail: killed and away for a while, hung, behind a line that swallows everything. The daemon notices
within 2.5 x keepalive, says so, is back within 5 s of the broker, and what the broker kept comes.

In namespaces of its own, as root. OUTAGE_S: how long a killed broker is away (9)."""
import functools
import os
import signal
import subprocess
import time

from bruisd_e2e import Broker, Child, Faults, PROGRAM, Rig, need
from faults import CITY, City, SENSORS, Service, alone, side_by_side

KEEPALIVE_S = 5
NOTICED_S = 2.5 * KEEPALIVE_S
BACK_S = 5
OUTAGE_S = float(os.environ.get("OUTAGE_S", "9"))
CUTS = 2


class Fault:
    """A broker, a daemon that hears it, and what has been sent."""

    def __init__(self, rig, faults, name, **broker):
        self.rig, self.faults, self.name = rig, faults, name
        kept = rig.folder / f"kept-{name}"  # sessions, over a clean stop
        kept.mkdir()
        self.broker = rig.add(Broker(rig, f"broker-{name}", more=f"user root\npersistence true\npersistence_location {kept}/\n",
                                     **broker))
        self.city = City(rig, 8)
        config = CITY.replace("  mqtt: {broker: city, encodings: [json], live_every: 0s}\n", "")
        self.service = Service(rig, name, config, self.broker.url()).start()
        self.minute = 0

    def publish(self):
        """Readings of the next minute."""
        self.broker.publish_lines("counts/a", self.city.lines([self.minute], sensors=range(10)))
        self.minute += 1

    def await_all(self):
        self.rig.wait(lambda: self.service.counted() >= self.city.messages, f"{self.name}: {self.city.messages} messages")

    def noticed(self, within_s):
        """Seconds until it says that the broker is away."""
        began = time.monotonic()
        self.rig.wait(lambda: not self.service.is_connected(), f"{self.name} to notice", 60)
        took = time.monotonic() - began
        self.faults.check(took <= within_s, f"{self.name}: noticed after {took:.1f} s")
        self.rig.wait(lambda: "broker" in self.service.degraded(), f"{self.name} to say degraded", 15)
        self.faults.check("degraded" in self.service.readiness(), f"{self.name}: {self.service.readiness()}")
        self.faults.equal(f"{self.name}: /healthz", self.service.get("/healthz", ops=True)[0], 200)
        return took

    def back(self, within_s=BACK_S):
        """Seconds until it is connected again."""
        began = time.monotonic()
        self.rig.wait(self.service.is_connected, f"{self.name} to be back", 60)
        took = time.monotonic() - began
        self.faults.check(took <= within_s, f"{self.name}: back after {took:.1f} s")
        self.rig.wait(lambda: not self.service.degraded(), f"{self.name} to recover", 10)
        return took

    def end(self):
        """A reading more of each minute shows that it heard all of them, once."""
        self.broker.publish_lines("counts/a", self.city.lines(range(self.minute), sensors=[SENSORS]) + [self.city.last()])
        self.await_all()
        self.city.check(self.faults, self.service, 0, f"{self.name}: ")
        self.service.metrics().check_identities(self.faults, f"{self.name} ")
        self.faults.equal(f"{self.name}: exit status", self.service.stop(), 0)


def killed(rig, faults):
    fault = Fault(rig, faults, "killed")
    fault.publish()
    fault.await_all()
    fault.broker.process.kill()
    fault.broker.process.wait()
    noticed = fault.noticed(1)
    away = time.monotonic() + OUTAGE_S
    rig.wait(lambda: time.monotonic() >= away, "the outage to last", OUTAGE_S + 60)
    fault.broker.start()
    took = fault.back()
    fault.publish()
    fault.await_all()
    fault.end()
    return f"killed: noticed after {noticed:.1f} s, back after {took:.1f} s"


def restarted(rig, faults):
    """Both go down, the daemon by a kill and with messages queued for it: all of them come."""
    fault = Fault(rig, faults, "restarted")
    fault.publish()
    fault.await_all()
    fault.service.kill()
    for _ in range(3):
        fault.publish()
    fault.broker.stop()
    fault.broker.start()
    rig.wait(fault.broker.accepts, "the broker to listen")
    fault.service.start()
    fault.rig.wait(lambda: fault.service.counted() >= 3 * 40, "the queue")
    fault.publish()
    fault.rig.wait(lambda: fault.service.counted() >= 4 * 40, "the next ones")
    fault.city.messages = fault.service.counted()
    fault.end()
    return "restarted: the queue came"


def hung(rig, faults):
    fault = Fault(rig, faults, "hung")
    fault.publish()
    fault.await_all()
    fault.broker.process.send_signal(signal.SIGSTOP)
    noticed = fault.noticed(NOTICED_S)
    fault.broker.process.send_signal(signal.SIGCONT)
    took = fault.back()
    fault.publish()
    fault.await_all()
    fault.end()
    return f"hung: noticed after {noticed:.1f} s, back after {took:.1f} s"


def half_open(rig, faults):
    """A line that takes everything and brings nothing; what is published meanwhile waits at the broker."""
    holder = rig.add(Child(rig, "holder", ["unshare", "--net", "sleep", "infinity"]))
    pid = holder.process.pid
    rig.wait(lambda: os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net"), "a network")

    there = ("nsenter", "-t", str(pid), "-n")

    def ip(*arguments, inside=False):
        subprocess.run([*(there if inside else ()), "ip", *arguments], check=True)

    ip("link", "add", "near", "type", "veth", "peer", "name", "far", "netns", str(pid))
    ip("addr", "add", "10.99.0.2/24", "dev", "near")
    ip("addr", "add", "10.99.0.1/24", "dev", "far", inside=True)
    ip("link", "set", "near", "up")
    for device in ("lo", "far"):
        ip("link", "set", device, "up", inside=True)
    fault = Fault(rig, faults, "halfopen", address="10.99.0.1", inside=there)
    fault.publish()
    fault.await_all()
    ip("link", "set", "far", "down", inside=True)
    noticed = fault.noticed(NOTICED_S)
    fault.publish()
    fault.publish()
    ip("link", "set", "far", "up", inside=True)
    took = fault.back()
    fault.await_all()
    fault.end()
    return f"half-open: noticed after {noticed:.1f} s, back after {took:.1f} s"


def main():
    need("mosquitto_pub", "ip", "nsenter", PROGRAM)
    alone("net")
    faults = Faults()
    with Rig() as rig:
        told = side_by_side(faults, *(functools.partial(part, rig, faults) for part in (killed, restarted, hung, half_open)))
    faults.finish("; ".join(told))


if __name__ == "__main__":
    main()
