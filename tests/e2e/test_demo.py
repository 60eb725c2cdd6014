#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""The demo: figures of all domains for every town with sensors; nothing left behind, however it ends."""
import base64
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEMO = os.path.join(ROOT, "deploy", "demo")
BUILD = os.path.join(ROOT, os.environ.get("B", "build"))
DEADLINE_S = 180

sys.dont_write_bytecode = True
sys.path.insert(0, DEMO)

import day
import payloads
import places
import table

# The feed that hears a topic, by how the topic begins.
FEEDS = {"parking/": "garages", "zeist/": "zeist", "traffic/s": "jams", "traffic/sites": "roads",
         "traffic/measured": "roads", "crowd/gm": "cameras", "crowd/cmsa": "counters"}


def processes_with(text):
    """Pids of processes that have the text in their environment, as all children of a demo have."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if text.encode() in file.read():
                    found.append(int(pid))
        except OSError:
            pass  # it is gone, or of someone else
    return found


def wait_until(condition, what):
    until = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"not within {DEADLINE_S} s: {what}")
        time.sleep(0.05)


class DemoCase(unittest.TestCase):
    """A demo with a folder for temporary files that is its own, so that what it leaves is seen."""

    def setUp(self):
        self.mark = "BRUIS_DEMO_TEST=" + uuid.uuid4().hex
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.temporary = os.path.join(folder.name, "it's here")  # a quote and a blank: paths go into YAML
        self.elsewhere = os.path.join(folder.name, "elsewhere")
        os.mkdir(self.temporary)
        os.mkdir(self.elsewhere)

    def start(self, *arguments, build=BUILD):
        name, value = self.mark.split("=")
        environment = {**os.environ, name: value, "TMPDIR": self.temporary, "B": build, "FAST": ""}
        output = open(os.path.join(self.elsewhere, "output"), "wb")
        self.addCleanup(output.close)
        demo = subprocess.Popen([sys.executable, os.path.join(DEMO, "demo.py"), *arguments], cwd=ROOT,
                                env=environment, stdout=output, stderr=subprocess.STDOUT)
        self.addCleanup(demo.wait)
        self.addCleanup(demo.kill)
        return demo

    def output(self):
        with open(os.path.join(self.elsewhere, "output"), encoding="utf-8") as file:
            return file.read()

    def check_nothing_left(self):
        self.assertEqual(os.listdir(self.temporary), [])
        self.assertEqual(processes_with(self.mark), [])
        self.assertNotIn("__pycache__", os.listdir(DEMO))


class Once(DemoCase):
    def cells(self, text):
        """{region: {domain: its cells as words}} of a printed table."""
        rows = {}
        for line in text.splitlines():
            if not re.match(r"(nl|pv|cr|gm)\d+ |x-\w+ ", line):
                continue
            at, row = table.REGION_WIDTH, {}
            for domain in table.WINDOWS:
                width = len(table.headings(domain))
                row[domain] = line[at:at + width].split()
                at += width
            rows[line.split()[0]] = row
        return rows

    def test_every_town_has_figures(self):
        demo = self.start("--once", "--at", "16:30")
        status = demo.wait(DEADLINE_S)
        text = self.output()
        self.assertEqual(status, 0, text)
        self.check_nothing_left()
        rows = self.cells(text)
        for domain, towns in places.expected().items():
            for town in places.TOWNS:
                with self.subTest(domain=domain, town=town):
                    if town in towns:
                        self.assertRegex(rows[town][domain][0], r"^\d+$")
                        self.assertNotIn("none", rows[town][domain])
                    else:
                        self.assertEqual(rows[town][domain], [])
        self.check_sums(rows)
        self.assertRegex(text, r"\d+ messages decoded, \d+ readings used, nothing left out")
        self.assertIn("mosquitto_sub -p ", text)
        self.assertIn("http://127.0.0.1:", text)

    def check_sums(self, rows):
        """The first cell of each domain adds up over towns, and over a set and the rest."""
        for domain, towns in places.expected().items():
            with self.subTest(domain=domain):
                whole = int(rows["pv26"][domain][0])
                self.assertGreater(whole, 0)
                self.assertEqual(sum(int(rows[town][domain][0]) for town in towns), whole)
                self.assertEqual(int(rows["x-stad"][domain][0]) + int(rows["x-rest"][domain][0]), whole)
                self.assertEqual(int(rows["nl00"][domain][0]), whole)


class Ending(DemoCase):
    def end_by(self, number):
        demo = self.start()
        wait_until(lambda: "pv26 Utrecht" in self.output() or demo.poll() is not None, "a table")
        self.assertIsNone(demo.poll(), self.output())
        self.assertEqual(len(processes_with(self.mark)), 4)
        demo.send_signal(number)
        self.assertEqual(demo.wait(DEADLINE_S), 0, self.output())
        self.check_nothing_left()

    def test_interrupt(self):
        self.end_by(signal.SIGINT)

    def test_terminate(self):
        self.end_by(signal.SIGTERM)

    def test_child_that_dies(self):
        demo = self.start()
        wait_until(lambda: "pv26 Utrecht" in self.output() or demo.poll() is not None, "a table")
        self.assertIsNone(demo.poll(), self.output())
        broker = [pid for pid in processes_with(self.mark) if self.command(pid).endswith("mosquitto")]
        self.assertEqual(len(broker), 1)
        os.kill(broker[0], signal.SIGKILL)
        self.assertEqual(demo.wait(DEADLINE_S), 1)
        self.assertRegex(self.output(), r"demo: (mosquitto|feeder) ended with status")
        self.check_nothing_left()

    @staticmethod
    def command(pid):
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().split(b"\0")[0].decode()

    def test_daemon_that_fails(self):
        program = os.path.join(self.elsewhere, "bruisd")
        with open(program, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\necho 'ev=start_failed what=this test'\nexit 70\n")
        os.chmod(program, 0o755)
        demo = self.start("--once", build=self.elsewhere)
        self.assertEqual(demo.wait(DEADLINE_S), 1)
        self.assertIn("bruisd ended with status 70", self.output())
        self.assertIn("what=this test", self.output())
        self.check_nothing_left()

    def test_no_daemon(self):
        demo = self.start(build=self.elsewhere)
        self.assertEqual(demo.wait(DEADLINE_S), 1)
        self.assertIn("run make first", self.output())
        self.check_nothing_left()

    def test_bad_options(self):
        for arguments in (["--speed", "0"], ["--at", "25:00"], ["--speed", "fast"]):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.start(*arguments).wait(DEADLINE_S), 2)
                self.check_nothing_left()


class Feeder(DemoCase):
    def configuration(self):
        path = os.path.join(self.elsewhere, "bruisd.yaml")
        with open(os.path.join(DEMO, "bruisd.yaml.in"), encoding="utf-8") as file:
            text = file.read()
        for key, value in {"HERE": DEMO, "TEMPORARY": self.temporary, "BROKER_PORT": "1883",
                           "HTTP_PORT": "8080", "OPS_PORT": "9090"}.items():
            text = text.replace(f"@{key}@", value.replace("'", "''"))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_configuration_is_right(self):
        checked = subprocess.run([os.path.join(BUILD, "bruisd"), "check", "-c", self.configuration()],
                                 capture_output=True, text=True, check=False)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))

    def capture(self, past, at):
        feeder = os.path.join(DEMO, "feeder.py")
        printed = subprocess.run([sys.executable, feeder, "--print", "--past", past, "--at", at],
                                 capture_output=True, text=True, check=True)
        return [json.loads(line) for line in printed.stdout.splitlines()]

    def test_every_payload_decodes(self):
        payload_files = {}
        for i, message in enumerate(self.capture("20m", "17:10")):
            start = max((start for start in FEEDS if message["topic"].startswith(start)), key=len)
            name = os.path.join(self.elsewhere, str(i))
            with open(name, "wb") as file:
                file.write(base64.b64decode(message["payload_base64"]))
            payload_files.setdefault(FEEDS[start], []).append(name)
        self.assertEqual(set(payload_files), set(FEEDS.values()))
        configuration = self.configuration()
        for feed, names in payload_files.items():
            with self.subTest(feed=feed):
                program = os.path.join(BUILD, "bruisd")
                decoded = subprocess.run([program, "decode", "-c", configuration, "-f", feed, *names],
                                         capture_output=True, text=True, check=False)
                self.assertEqual(decoded.returncode, 0, decoded.stderr)
                counts = dict(re.findall(r"(\w+)=(\d+)", decoded.stderr))
                # One line: no element was invalid.
                self.assertEqual(len(decoded.stderr.splitlines()), 1, decoded.stderr)
                self.assertEqual(int(counts["payloads"]), len(names))
                self.assertEqual((counts["skipped"], counts["rejected"]), ("0", "0"))
                self.assertGreater(int(counts["observations"]), 0)

    def test_order_of_sending(self):
        times = [message["tst"] for message in self.capture("20m", "12:00")]
        self.assertEqual(times, sorted(times))


class Day(unittest.TestCase):
    TUESDAY = 1781560800  # 2026-06-16 00:00 in Amsterdam

    def at(self, hour):
        return self.TUESDAY + round(hour * 3600)

    def test_chance_does_not_depend_on_order(self):
        forth, back = day.Day(1), day.Day(1)
        hours = [1, 8, 13, 17.5]
        site, garage = places.SITES[0], places.GARAGES[0]

        def seen(today, hour):
            return today.lane_minute(site, 1, self.at(hour)), today.vacant(garage, self.at(hour))

        there = [seen(forth, hour) for hour in hours]
        here = [seen(back, hour) for hour in reversed(hours)]
        self.assertEqual(there, here[::-1])
        self.assertNotEqual(there[2], seen(day.Day(2), 13))

    def jams(self, today, hour):
        return sum(today.jam(site, self.at(hour)) is not None for site in places.SITES)

    def test_night_is_quiet_and_rush_hour_is_not(self):
        today = day.Day(1)
        self.assertEqual(self.jams(today, 4), 0)
        self.assertEqual(self.jams(today, 12), 0)
        self.assertGreater(self.jams(today, 8.1), 3)
        self.assertGreater(self.jams(today, 17.2), 3)
        self.assertLess(self.jams(today, 17.2), len(places.SITES))
        site = places.SITES[1]
        self.assertLess(today.speed_km_h(site, self.at(17.2)), 60)
        self.assertGreater(today.speed_km_h(site, self.at(4)), 90)

    def test_jam_keeps_its_begin(self):
        today, site = day.Day(1), places.SITES[1]
        self.assertIsNotNone(today.jam(site, self.at(17)))
        begin = today.jam_begin(site, self.at(17))
        self.assertIsNone(today.jam(site, begin - 60))
        self.assertEqual(today.jam_begin(site, begin), begin)
        self.assertEqual(today.jam_begin(site, begin + 600), begin)

    def test_shops_fill_by_day_and_some_close(self):
        today = day.Day(1)
        for garage in places.GARAGES + places.OWN_FORM_GARAGES:
            with self.subTest(garage=garage.name):
                taken = [garage.capacity - today.vacant(garage, self.at(hour)) for hour in (4, 14)]
                self.assertTrue(0 <= taken[0] < taken[1] <= garage.capacity)
                self.assertEqual(today.is_open(garage, self.at(4)), not garage.closes)
                self.assertTrue(today.is_open(garage, self.at(14)))

    def test_walkers_come_by_day(self):
        today = day.Day(1)
        night, noon, shops = (today.passers_by("A", 40, self.at(hour), 900) for hour in (4, 10, 15))
        self.assertLess(night * 10, noon)
        self.assertLess(noon, shops)

    def test_shift_moves_the_pattern(self):
        moved = day.Day(1, shift_s=5 * 3600)
        self.assertEqual(moved.local(self.at(12)), day.Day(1).local(self.at(17)))
        self.assertGreater(self.jams(moved, 3.1), 3)

    def test_empty_lane_has_no_speed(self):
        flow, all_flow, used, speed = payloads.lane_values(False, (0, 0, 87))
        self.assertEqual((flow, all_flow), ("<vehicleFlowRate>0</vehicleFlowRate>",) * 2)
        self.assertIn('"0"', used)
        self.assertEqual(speed, "<speed>-1</speed>")


if __name__ == "__main__":
    unittest.main(verbosity=2)
