# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""Disks that fail: full, read-only, in error, without descriptors; and every single call on a file of the state that
may fail, failing. The service goes on where it can, says so, recovers alone, and no figure is wrong: what was refused
is counted `dropped`, what was taken in counts.

TORTURE=all fails each call of a run, one run each; by default some of them."""
import errno
import functools
import os
import resource
import shutil
import socket
import subprocess
import threading
import time

from bruisd_e2e import Faults, PROGRAM, Rig, need
from faults import (CALLS, CITY, City, HALF, Line, SENSORS, Service, Shim, Status, alone, fill, side_by_side, small_disk,
                    write_city)

RECOVERY_S = 10
CPU_SHARE = 0.5
JOURNAL = 1 << 20
LARGE = 3000  # bytes that a large message is padded with
ERRORS = {"open": errno.EMFILE, "read": errno.EIO, "pread": errno.EIO, "fsync": errno.EIO, "fdatasync": errno.EIO,
          "msync": errno.EIO}  # else: no space
REFUSALS = (73, 74, 75)  # a start that cannot go on says so; the next one may
THREADS = 6
LAST = SENSORS  # a sensor that is heard at the end only


# ---- every call


class Torture:
    """Runs of a small city, each with one kind of failure."""

    def __init__(self, rig, broker, faults):
        self.rig, self.broker, self.faults = rig, broker, faults
        self.runs = self.failures = self.refused = 0
        self.lock = threading.Lock()
        write_city(rig.folder)

    def service(self, name):
        config = CITY.replace('"counts/#"', f'"{name}/counts"').replace("journal: 4MiB", "journal: 1MiB")
        return Service(self.rig, name, config, self.broker.url())

    def publish(self, service, lines):
        """All of them counted; how many of them dropped."""
        before = service.counted(), service.outcome("dropped")
        self.broker.publish_lines(f"{service.name}/counts", lines)
        self.rig.wait(lambda: not service.is_running() or service.counted() - before[0] >= len(lines),
                      f"{service.name}: its messages", 30)
        self.faults.check(service.is_running(), lambda: f"{service.name} died: {service.log_text()[-600:]}")
        service.metrics().check_identities(self.faults, f"{service.name} ")
        return service.outcome("dropped") - before[1]

    def run(self, name, kept=None, rules=()):
        """`kept`: a city and the state of its daemon, to go on from. What was seen of each call."""
        city = City(self.rig, 3)
        service = self.service(name)
        if kept:
            city.begin, city.sent = kept.city.begin, dict(kept.city.sent)
            shutil.copytree(kept.state, service.state, dirs_exist_ok=True)
        shim = Shim(self.rig, name, service.state)
        for call, first, every, error in rules:
            shim.set(call, first, every, error)
        service.begin(shim.environment())
        self.rig.wait(lambda: not service.is_running() or (service.is_ready() and service.is_connected()), f"{name} to start")
        lines = city.lines(range(3), range(8, 12))
        dropped = 0
        refused = not service.is_running()
        if not refused:
            dropped = self.publish(service, lines)
            self.faults.equal(f"{name}: exit status", service.stop(), 0)
        else:
            self.faults.check(service.process.returncode in REFUSALS,
                              f"{name}: ended with {service.process.returncode} at its start: {service.log_text()[-600:]}")
        self.again(name, service, city, dropped, lines if refused else [])
        shutil.rmtree(service.state)
        with self.lock:
            self.runs += 1
            self.refused += refused
            self.failures += sum(shim.failed(call) for call in CALLS)
        return {call: shim.seen(call) for call in CALLS}

    def again(self, name, service, city, dropped, lines):
        """Started without failures: a reading more for each minute shows what the daemon knows of it."""
        try:
            service.start()
        except RuntimeError as error:
            self.faults.check(False, str(error))
            return
        self.faults.equal(f"{name}: dropped afterwards",
                          self.publish(service, lines + city.lines(range(3), [15]) + [city.last()]), 0)
        city.check(self.faults, service, dropped, f"{name} ")
        self.faults.equal(f"{name}: exit status", service.stop(), 0)

    def kept(self):
        """A state that holds readings which have left the journal, for runs that begin with one."""
        service = self.service("kept").start()
        service.city = City(self.rig, 3)
        self.publish(service, service.city.lines(range(2), range(6), padding=JOURNAL // 60))
        self.rig.wait(lambda: not (service.state / "journal" / f"{0:020}.journal").exists(), "room in the journal")
        self.faults.equal("kept: exit status", service.stop(), 0)
        return service

    def plan(self):
        """Each call of a first and of a later start, failing once; and every nth of them, in all ways."""
        kept = self.kept()
        for state in (None, kept):
            word = "later" if state else "first"
            seen = self.run(f"{word}-none", state)
            for call in CALLS:
                error = ERRORS.get(call, errno.ENOSPC)
                for number in range(1, seen[call] + 2):
                    yield f"{word}-{call}-{number}", state, [(call, number, 0, error)]
                for every in (1, 2, 3) if seen[call] else ():
                    yield f"{word}-{call}-every-{every}", state, [(call, 2, every, error)]
            yield f"{word}-half", state, [("write", 1, 1, HALF)]
            for every in (2, 3, 5):
                yield f"{word}-all-every-{every}", state, [(call, every, every, errno.EIO) for call in CALLS]

    def all(self):
        plan = list(self.plan())
        if os.environ.get("TORTURE") != "all":
            plan = plan[::2]
        queue = list(reversed(plan))

        def work():
            while queue:
                name, kept, rules = queue.pop()
                try:
                    self.run(name, kept, rules)
                except Exception as error:
                    self.faults.check(False, f"{name}: {type(error).__name__} {error}")

        side_by_side(self.faults, *[work] * THREADS)
        self.faults.check(self.failures >= self.runs // 2, f"{self.failures} calls failed in {self.runs} runs: too few")


# ---- outages: a cause, and later its end


class Outage:
    """A daemon to which something happens while messages flow."""

    def __init__(self, rig, broker, faults, name, state=None):
        self.rig, self.broker, self.faults, self.name = rig, broker, faults, name
        self.city = City(rig, 90)
        config = CITY.replace('"counts/#"', f'"{name}/counts"')
        self.service = Service(rig, name, config, broker.url(), state)
        self.status = Status(rig, name, broker)
        self.shim = Shim(rig, name, self.service.state)
        self.service.start(self.shim.environment())

    def publish(self, minutes, **more):
        """Until all are counted; how many of them were dropped."""
        before = self.service.counted(), self.service.outcome("dropped")
        lines = self.city.lines(minutes, **more)
        self.broker.publish_lines(f"{self.name}/counts", lines)
        self.rig.wait(lambda: not self.service.is_running() or self.service.counted() - before[0] >= len(lines),
                      f"{self.name}: its messages")
        return self.service.outcome("dropped") - before[1]

    def is_told(self, word):
        """By all three ways."""
        metric, text, states = self.service.degraded(), self.service.readiness(), self.status.states()
        if word == "degraded":
            return metric and "degraded" in text and states[-1:] == ["degraded"]
        return not metric and text == "ready\n" and states[-1:] == ["online"]

    def run(self, cause, cure, reasons, drops=True):
        """Before, during (with readings of a new hour) and after it. How many were dropped."""
        self.faults.equal(f"{self.name}: dropped before", self.publish(range(2)), 0)
        self.rig.wait(lambda: self.is_told("online"), f"{self.name} to be well")
        cause()
        minute, dropped = 60, 0
        while (drops and not dropped) or minute < 62:
            dropped += self.publish([minute], padding=LARGE if drops else 0)
            minute += 1
        self.faults.check(drops or not dropped, f"{self.name}: {dropped} dropped")
        self.rig.wait(lambda: self.is_told("degraded"), f"{self.name} to say degraded")
        self.rig.wait(lambda: reasons <= self.service.degraded(), f"{self.name}: {reasons}", 30)
        self.faults.equal(f"{self.name}: /healthz", self.service.get("/healthz", ops=True), (200, "ok\n"))
        cure()
        began = time.monotonic()
        self.rig.wait(lambda: self.is_told("online"), f"{self.name} to recover", 60)
        took = time.monotonic() - began
        self.faults.check(took <= RECOVERY_S, f"{self.name}: recovered after {took:.1f} s")
        self.faults.equal(f"{self.name}: dropped after it", self.publish([minute, minute + 1]), 0)
        self.verify(dropped)
        self.service.metrics().check_identities(self.faults, f"{self.name} ")
        self.faults.equal(f"{self.name}: exit status", self.service.stop(), 0)
        self.service.line = None
        self.service.start()
        self.faults.equal(f"{self.name}: dropped at the end", self.publish([0, 1, *range(60, minute + 2)], sensors=[LAST]), 0)
        self.verify(dropped)
        self.faults.equal(f"{self.name}: exit status", self.service.stop(), 0)
        return f"{self.name} {dropped} dropped, well after {took:.1f} s"

    def verify(self, dropped):
        self.broker.publish_lines(f"{self.name}/counts", [self.city.last()])
        self.city.check(self.faults, self.service, dropped, f"{self.name}: ")


def full(rig, broker, faults):
    with small_disk(rig.folder / "small", "12m") as folder:
        outage = Outage(rig, broker, faults, "full", folder)
        return outage.run(lambda: fill(folder), (folder / "filler").unlink, {"journal", "checkpoint"})


def read_only(rig, broker, faults):
    outage = Outage(rig, broker, faults, "readonly")
    return outage.run(lambda: outage.shim.fail(errno.EROFS, "open", "write", "pwrite", "fallocate", "rename"),
                      outage.shim.heal, {"journal", "checkpoint"})


def in_error(rig, broker, faults):
    outage = Outage(rig, broker, faults, "error")
    return outage.run(lambda: outage.shim.fail(errno.EIO, "read", "pread", "write", "pwrite", "fsync", "fdatasync", "msync"),
                      outage.shim.heal, {"sync"}, drops=False)


def descriptors(rig, broker, faults):
    """None is left: what is open stays and works, and waiting for one costs nothing."""
    outage = Outage(rig, broker, faults, "descriptors")
    service = outage.service
    limits = resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE)
    service.line = Line(service)
    began = []

    def take():
        service.metrics()
        resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, (3, limits[1]))
        waiting = [socket.create_connection(("127.0.0.1", port)) for port in (service.http_port, service.ops_port)]
        began.extend((time.monotonic(), service.cpu_s(), waiting))

    def give():
        share = (service.cpu_s() - began[1]) / (time.monotonic() - began[0])
        faults.check(share < CPU_SHARE, f"descriptors: {share:.0%} of a processor while there were none")
        resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, limits)
        for waiting in began[2]:
            waiting.close()

    return outage.run(take, give, {"journal", "checkpoint"})


def at_start(rig, broker, faults):
    """A disk that may only be read, at a start: it is refused, and nothing is lost."""
    with small_disk(rig.folder / "locked", "12m") as folder:
        outage = Outage(rig, broker, faults, "locked", folder)
        outage.publish(range(2))
        outage.service.stop()
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        outage.service.begin()
        rig.wait(lambda: not outage.service.is_running(), "the start to be refused")
        faults.check(outage.service.process.returncode in REFUSALS,
                     f"locked: ended with {outage.service.process.returncode}")
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
        outage.service.start()
        outage.publish(range(2), sensors=[LAST])
        outage.verify(0)
        faults.equal("locked: exit status", outage.service.stop(), 0)
    return "a read-only start refused"


def main():
    need("mosquitto_pub", "mosquitto_sub", "mount", PROGRAM)
    alone("mount")
    faults = Faults()
    with Rig() as rig:
        broker = rig.broker()
        torture = Torture(rig, broker, faults)
        outages = (full, read_only, in_error, descriptors, at_start)
        told = side_by_side(faults, torture.all, *(functools.partial(outage, rig, broker, faults) for outage in outages))
    faults.finish("; ".join([f"{torture.runs} runs, {torture.failures} calls failed, {torture.refused} starts refused", *told]))


if __name__ == "__main__":
    main()
