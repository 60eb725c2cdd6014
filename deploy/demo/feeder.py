#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""Plays the sensors of a region: first the past, faster than time, then the present as it comes.

    feeder.py --port 1883 --past 2h --speed 600      to the broker on this port of 127.0.0.1
    feeder.py --print --past 1h                      as a capture on stdout, for `bruisd replay`

Every message has the time at which a sensor would send it; at speed 600 ten minutes of them go out in a
second, until the play has caught up with the clock.
"""
import argparse
import base64
import heapq
import json
import os
import re
import sys
import time

sys.dont_write_bytecode = True  # the source tree stays as it is

import day
import payloads
import places

UNITS_S = {"m": 60, "h": 3600, "d": 86400}
IN_FLIGHT_MAX = 500


def duration_s(text):
    match = re.fullmatch(r"(\d{1,4})([mhd])", text)
    if not match or not 60 <= int(match[1]) * UNITS_S[match[2]] <= 2 * day.DAY_S - 3600:
        raise argparse.ArgumentTypeError("from 1m to 47h, like 2h")
    return int(match[1]) * UNITS_S[match[2]]


def speed_of(text):
    try:
        speed = float(text)
    except ValueError:
        speed = 0
    if not 1 < speed <= 10000:
        raise argparse.ArgumentTypeError("a number above 1, at most 10000")
    return speed


def clock_s(text):
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text)
    if not match:
        raise argparse.ArgumentTypeError("a time of day, like 17:00")
    return int(match[1]) * 3600 + int(match[2]) * 60


def shift_of(at_s, now_s):
    """How far the pattern is moved so that now it is at_s o'clock; None: not at all."""
    if at_s is None:
        return 0
    _, hour = day.Day(0).local(now_s)
    return at_s - round(hour * 3600)


def described(now_s):
    """What is told once, and kept by the broker: (topic, payload)."""
    for garage in places.GARAGES:
        yield f"parking/{garage.identifier}/static", payloads.spdp_static(garage)
    yield "traffic/sites", payloads.site_table(now_s)


def minute_of(today, minute_s):
    """All messages that are sent within a minute, in no order: (time, topic, payload)."""
    before_s = minute_s - 60
    for i, garage in enumerate(places.GARAGES):
        at_s = minute_s + i * 53 % 60
        yield at_s + 1, f"parking/{garage.identifier}/dynamic", payloads.spdp_dynamic(today, garage, at_s)
    yield minute_s + 6, "zeist/garages", payloads.own_form(today, minute_s + 5)
    yield minute_s + 4, "traffic/situations", payloads.situations(today, minute_s + 2)
    yield minute_s + 9, "traffic/measured", payloads.measured(today, before_s, minute_s + 8)
    for i, town in enumerate(sorted({camera.town for camera in places.CAMERAS})):
        yield minute_s + 10 + i, f"crowd/{town}/count", payloads.cameras(today, town, before_s, minute_s + 10)
    if minute_s % payloads.CMSA_PERIOD_S == 0:
        start_s = minute_s - payloads.CMSA_PERIOD_S
        yield minute_s + 12, "crowd/cmsa", payloads.cmsa(today, start_s)


def messages(today, begin_s):
    """Without end, in the order of sending."""
    waiting, count, minute_s = [], 0, int(begin_s) - int(begin_s) % 60
    while True:
        for at_s, topic, payload in minute_of(today, minute_s):
            heapq.heappush(waiting, (at_s, count, topic, payload))
            count += 1
        minute_s += 60
        while waiting and waiting[0][0] < minute_s:
            at_s, _, topic, payload = heapq.heappop(waiting)
            if at_s >= begin_s:
                yield at_s, topic, payload


def print_capture(today, begin_s, end_s):
    def line(at_s, topic, payload):
        print(json.dumps({"tst": payloads.utc(at_s), "topic": topic, "qos": 1, "retain": 0,
                          "payloadlen": len(payload), "payload_base64": base64.b64encode(payload).decode()}))

    for topic, payload in described(begin_s):
        line(begin_s, topic, payload)
    for at_s, topic, payload in messages(today, begin_s):
        if at_s >= end_s:
            return
        line(at_s, topic, payload)


class Broker:
    """Sends with quality of service 1, and waits where too much is in flight."""

    def __init__(self, port):
        import paho.mqtt.client as mqtt  # needed here only: a capture is printed without it

        self.lost = False
        self.in_flight = []
        self.client = mqtt.Client(client_id="bruis-demo-feeder")
        self.client.max_inflight_messages_set(IN_FLIGHT_MAX)
        self.client.on_disconnect = self.on_disconnect
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def on_disconnect(self, _client, _data, _reason):
        self.lost = True

    def send(self, topic, payload, retain=False):
        self.in_flight.append(self.client.publish(topic, payload, qos=1, retain=retain))
        if len(self.in_flight) >= IN_FLIGHT_MAX:
            self.settle()

    def settle(self):
        for message in self.in_flight:
            while not message.is_published():
                if self.lost:
                    sys.exit("feeder: the broker is gone")
                message.wait_for_publish(0.2)
        self.in_flight.clear()


class Progress:
    """Tells in a file how far the play has come: seconds since 1970, and how fast it goes."""

    EVERY_S = 0.2

    def __init__(self, path):
        self.path = path
        self.next_s = 0

    def tell(self, now_s, played_s, speed):
        if not self.path or now_s < self.next_s:
            return
        self.next_s = now_s + self.EVERY_S
        with open(self.path + ".new", "w", encoding="ascii") as file:
            file.write(f"{played_s:.3f} {speed}\n")
        os.replace(self.path + ".new", self.path)


def play(broker, today, begin_s, speed, progress):
    started_s = time.time()
    for topic, payload in described(begin_s):
        broker.send(topic, payload, retain=True)
    for at_s, topic, payload in messages(today, begin_s):
        while True:
            now_s = time.time()
            played_s = min(now_s, begin_s + (now_s - started_s) * speed)
            pace = speed if played_s < now_s else 1
            progress.tell(now_s, min(at_s, played_s), pace)
            if at_s <= played_s:
                break
            broker.settle()
            time.sleep(min(Progress.EVERY_S, (at_s - played_s) / pace + 0.001))
            if broker.lost:
                sys.exit("feeder: the broker is gone")
        broker.send(topic, payload)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, help="of the broker")
    parser.add_argument("--print", action="store_true", help="the past as a capture on stdout, then end")
    parser.add_argument("--past", type=duration_s, default="2h", help="how much of it is played first")
    parser.add_argument("--speed", type=speed_of, default="600", help="how many times faster than time")
    parser.add_argument("--at", type=clock_s, metavar="HH:MM",
                        help="let the region behave as if it were this late now")
    parser.add_argument("--progress", metavar="FILE", help="where to tell how far the play has come")
    parser.add_argument("--seed", type=int, default=1, help="of chance")
    options = parser.parse_args()
    if (options.port is None) == (not options.print):
        parser.error("give either --port or --print")
    now_s = time.time()
    today = day.Day(options.seed, shift_of(options.at, now_s))
    begin_s = int(now_s) - options.past
    if options.print:
        print_capture(today, begin_s, now_s)
    else:
        play(Broker(options.port), today, begin_s, options.speed, Progress(options.progress))


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(0)
