#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""kill -9 at any moment loses nothing and counts nothing twice: bruisd with a persistent session at a real mosquitto, a
publisher that goes on all the time, and a subscriber that hears every figure and every revision. At the end each final figure
of every window equals the one that the reference computes from the set of all readings that were sent.

Environment: B (build folder), KILLS (20), MESSAGES (40000; 8000 for a sanitized build), RATE (2000 a second), SEED (the
time; it is printed). There are 12 sensors, ten times as many for ten times as many messages. Every seventh end of a life is a
clean stop, which writes a checkpoint; from 100 kills on one life lasts until it has written one by itself.
"""
import os
import random
import subprocess
import time

import bruisd_kill as kill
import reader
from bruisd_e2e import Faults, PROGRAM, Rig, need
from faults import MINUTE_MS, Service

KILLS = int(os.environ.get("KILLS", "20"))
MESSAGES = int(os.environ.get("MESSAGES", "8000" if os.environ.get("SANITIZE") else "40000"))
RATE = int(os.environ.get("RATE", "2000"))
SENSORS = 4 * max(1, MESSAGES // 40000)  # of each domain
SEED = int(os.environ.get("SEED", time.time_ns() // 1000 % 10**9))
STOP_EVERY = 7
LONG_LIFE_FROM = 100  # kills
CHECKPOINT_S = 120


class Lives:
    """The daemon's lives, and what ended them."""

    def __init__(self, rig, service, publisher, rng):
        self.rig, self.service, self.publisher, self.rng = rig, service, publisher, rng
        self.kills = self.stops = self.checkpoints = self.early = 0

    def checkpoint(self):
        """When the state on disk was written; 0: there is none."""
        path = self.service.state / "state"
        return path.stat().st_mtime_ns if path.exists() else 0

    def stop(self, faults):
        service = self.service
        self.rig.wait(lambda: not service.is_running() or service.is_ready(), "the daemon to be ready")
        service.metrics().check_identities(faults, "at a stop: ")
        before = self.checkpoint()
        faults.equal("exit status of a clean stop", service.stop(), 0)
        faults.check(self.checkpoint() != before, "a clean stop wrote no state")
        self.stops += 1

    def await_checkpoint(self):
        before = self.checkpoint()
        self.rig.wait(lambda: self.checkpoint() != before, "a checkpoint", CHECKPOINT_S)
        self.checkpoints += 1

    def kill(self):
        self.early += not self.service.is_ready()
        self.service.kill()
        self.kills += 1

    def live(self, share, faults):
        """One life: some of its share of the messages is sent before it ends, the rest while nobody is there."""
        publisher, service = self.publisher, self.service
        end = publisher.granted + self.rng.randrange(share + 1)
        publisher.granted += share
        if not service.is_running():
            service.begin()
        self.rig.wait(lambda: publisher.sent >= end or publisher.fault, "the publisher")
        faults.check(service.is_running(), lambda: f"the daemon ended: {service.log_text()[-500:]}")
        if KILLS >= LONG_LIFE_FROM and self.kills == KILLS // 2 and not self.checkpoints:
            self.await_checkpoint()
        if (self.kills + self.stops) % STOP_EVERY == STOP_EVERY - 1:
            self.stop(faults)
        else:
            self.kill()


def dropped(broker):
    """What the broker itself has dropped: it must be nothing, or the test says nothing of bruisd."""
    answer = subprocess.run(["mosquitto_sub", "-p", str(broker.port), "-C", "1", "-W", "15", "-t",
                             "$SYS/broker/publish/messages/dropped"], capture_output=True, text=True, check=False)
    return int(answer.stdout or 0)


def await_figures(rig, listener, readings, begin_ms, end_ms):
    """Until all windows that have ended are right, or for too long. What they should be, and what they are."""
    want = kill.expected(readings, SENSORS, begin_ms, end_ms)
    last = [(region, domain, "1m", reader.text_of(end_ms - MINUTE_MS))
            for region in ("gm9901", "gm9902", "nl00", "x-all") for domain in kill.FEEDS.values()]
    rig.wait(lambda: all(key in listener.taken() for key in last), "the last window")
    try:
        rig.wait(lambda: not kill.differences(want, listener.taken(), end_ms), "the figures", 20)
    except TimeoutError:
        pass  # the differences are told
    return want, listener.taken()


def check_end(service, faults):
    metrics = service.metrics()
    metrics.check_identities(faults)
    for outcome in ("skipped", "rejected", "oversize", "dropped"):
        faults.equal(f"messages {outcome}", metrics.total("bruis_messages_total", outcome=outcome), 0)
    for result in ("late", "implausible", "invalid", "unlocated"):
        faults.equal(f"observations {result}", metrics.total("bruis_observations_total", result=result), 0)
    faults.check(not (service.state / "quarantine").exists(), "a message was set aside, though no message is at fault")
    return metrics


def main():
    need("mosquitto_pub", "mosquitto_sub", PROGRAM)
    print(f"seed {SEED}", flush=True)
    rng = random.Random(SEED)
    faults = Faults()
    with Rig() as rig:
        kill.write_tables(rig.folder, SENSORS)
        broker = rig.broker()
        listener = rig.listener("figures", broker, "out")
        service = Service(rig, "kill", kill.CONFIG, broker.url())
        service.start()  # the broker has a session of it: from here on it keeps what comes
        readings = kill.Readings(random.Random(SEED + 1), SENSORS)
        begin_ms = kill.now_ms() - kill.BACK_MS - kill.STALE_S * 1000
        publisher = kill.Publisher(broker.port, readings, RATE)
        publisher.start()
        lives = Lives(rig, service, publisher, rng)
        while lives.kills < KILLS:
            lives.live(max(1, (MESSAGES - publisher.granted) // (KILLS - lives.kills + (KILLS - lives.kills) // STOP_EVERY)),
                       faults)
        publisher.granted = max(publisher.granted, MESSAGES)
        publisher.finish()
        faults.equal("the publisher", publisher.fault, None)
        if not service.is_running():
            service.start()
        end_ms = kill.now_ms() // MINUTE_MS * MINUTE_MS + MINUTE_MS
        rig.wait(lambda: kill.now_ms() + kill.AHEAD_MS >= end_ms + kill.LAST_MS, "the last minute to be near")
        for topic, line in readings.last(end_ms):
            broker.publish_lines(topic, [line])
        want, taken = await_figures(rig, listener, readings.made, begin_ms, end_ms)
        wrong = kill.differences(want, taken, end_ms)
        faults.checks += len(want)
        faults.faults += wrong
        missing, too_many = kill.balance(want, taken)
        faults.equal("passers-by missing, and counted too often", (missing, too_many), (0, 0))
        metrics = check_end(service, faults)
        faults.equal("messages that the broker dropped", dropped(broker), 0)
        faults.equal("lines that are no figures", listener.garbage, [])
        faults.equal("exit status at the end", service.stop(), 0)
        duplicates = int(metrics.total("bruis_observations_total", result="duplicate"))
        print(f"{publisher.sent} messages sent ({readings.repeats} of them again, {readings.others} corrections), "
              f"{lives.kills} kills ({lives.early} before it was ready), {lives.stops} stops, "
              f"{lives.checkpoints} checkpoints awaited; in the last life {duplicates} duplicates seen; "
              f"{len(want)} final figures compared, {listener.messages} heard")
        faults.finish(f"{lives.kills} kills, {publisher.sent} messages, {len(want)} figures: 0 missing, 0 counted twice")


if __name__ == "__main__":
    main()
