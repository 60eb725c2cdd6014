#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""Starts a broker, bruisd and a feeder on free ports of 127.0.0.1, and shows the figures as they come.

Ctrl-C stops all three and takes the temporary folder away. The environment names the build folder, B.
"""
import argparse
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.dont_write_bytecode = True  # the source tree stays as it is

import feeder
import places
import table

START_DEADLINE_S = 30
ONCE_DEADLINE_S = 120
STOP_DEADLINE_S = 5
LOG_TAIL = 40
FAST_SPEED = "60"

MOSQUITTO_CONF = """listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 100000
max_inflight_messages 1000
"""


class Trouble(Exception):
    """What keeps the demo from going on, for the reader."""


class Stop(Exception):
    """A signal asks for the end."""


def find_program(name):
    """mosquitto lies in sbin, which is not in everyone's PATH."""
    path = os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/local/sbin:/usr/sbin"
    found = shutil.which(name, path=path)
    if not found:
        raise Trouble(f"{name} is not installed: make deps, or apt-get install mosquitto mosquitto-clients")
    return found


def find_daemon():
    program = os.path.abspath(os.path.join(os.environ.get("B", "build"), "bruisd"))
    if not os.access(program, os.X_OK):
        raise Trouble(f"{program} is not there: run make first")
    return program


def find_python():
    """A Python that has Debian's python3-paho-mqtt: this one, or Debian's own where another comes first."""
    if importlib.util.find_spec("paho"):
        return sys.executable
    debian = "/usr/bin/python3"
    if os.access(debian, os.X_OK):
        asked = subprocess.run([debian, "-c", "import paho.mqtt.client"], stderr=subprocess.DEVNULL,
                               check=False)
        if asked.returncode == 0:
            return debian
    raise Trouble("python3-paho-mqtt is not installed: make deps, or apt-get install python3-paho-mqtt")


def free_ports(count):
    """Held together until all are known, so that no two are the same."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def quoted(text):
    """For the inside of a YAML text in single quotes."""
    return text.replace("'", "''")


class Demo:
    """The three programs and their folder."""

    def __init__(self, options):
        self.options = options
        self.folder = None
        self.children = []  # (name, process), in the order of starting
        self.broker_port, self.http_port, self.ops_port = free_ports(3)

    # ---- children

    def start(self, name, command):
        """In a session of its own: a Ctrl-C reaches this program alone, which stops the others in order."""
        with open(self.log_of(name), "wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       cwd=self.folder, start_new_session=True)
        self.children.append((name, process))

    def log_of(self, name):
        return os.path.join(self.folder, name + ".log")

    def log_text(self, name):
        """The end of a child's log, to stand behind what went wrong."""
        with open(self.log_of(name), encoding="utf-8", errors="replace") as log:
            lines = log.read().splitlines()
        tail = "\n".join(f"  | {line}" for line in lines[-LOG_TAIL:] or ["(empty)"])
        return f"; the log of {name}:\n{tail}"

    def look_after(self):
        for name, process in self.children:
            if process.poll() is not None:
                raise Trouble(f"{name} ended with status {process.returncode}{self.log_text(name)}")

    def close(self):
        """The last started goes first. By pid, politely, then not."""
        for _, process in reversed(self.children):
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(STOP_DEADLINE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self.folder:
            shutil.rmtree(self.folder)

    # ---- start

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def configuration(self):
        with open(os.path.join(places.HERE, "bruisd.yaml.in"), encoding="utf-8") as file:
            text = file.read()
        values = {"HERE": quoted(places.HERE), "TEMPORARY": quoted(self.folder),
                  "BROKER_PORT": self.broker_port, "HTTP_PORT": self.http_port, "OPS_PORT": self.ops_port}
        for key, value in values.items():
            text = text.replace(f"@{key}@", str(value))
        return text

    def wait_for(self, what, is_there):
        until = time.monotonic() + START_DEADLINE_S
        while not is_there():
            self.look_after()
            if time.monotonic() > until:
                raise Trouble(f"{what} did not answer within {START_DEADLINE_S} s{self.log_text(what)}")
            time.sleep(0.05)

    def accepts(self):
        try:
            socket.create_connection(("127.0.0.1", self.broker_port), 1).close()
            return True
        except OSError:
            return False

    def is_ready(self):
        try:
            return self.get(self.ops_port, "/readyz") is not None
        except OSError:
            return False

    def open(self):
        mosquitto, daemon, python = find_program("mosquitto"), find_daemon(), find_python()
        self.folder = tempfile.mkdtemp(prefix="bruisd-demo-")
        conf = MOSQUITTO_CONF.format(port=self.broker_port) + ("user root\n" if os.geteuid() == 0 else "")
        self.start("mosquitto", [mosquitto, "-c", self.write("mosquitto.conf", conf)])
        self.wait_for("mosquitto", self.accepts)
        self.start("bruisd", [daemon, "run", "-c", self.write("bruisd.yaml", self.configuration())])
        self.wait_for("bruisd", self.is_ready)
        command = [python, "-B", os.path.join(places.HERE, "feeder.py"), "--port", str(self.broker_port),
                   "--past", self.options.past, "--speed", self.options.speed,
                   "--seed", str(self.options.seed), "--progress", self.progress_file()]
        self.start("feeder", command + (["--at", self.options.at] if self.options.at else []))

    # ---- figures

    def progress_file(self):
        return os.path.join(self.folder, "progress")

    def progress(self):
        """How far the feeder has come and at what speed; nothing yet is the beginning of time."""
        try:
            with open(self.progress_file(), encoding="ascii") as file:
                played_s, speed = file.read().split()
        except FileNotFoundError:
            return 0.0, 1.0
        return float(played_s), float(speed)

    def get(self, port, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.read()

    def board(self):
        self.look_after()
        try:
            return table.Board(lambda path: self.get(self.http_port, path),
                               lambda: self.get(self.ops_port, "/metrics"), *self.progress())
        except urllib.error.HTTPError as error:
            raise Trouble(f"{error.url}: {error}{self.log_text('bruisd')}") from error
        except OSError as error:
            self.look_after()
            raise Trouble(f"bruisd does not answer: {error}{self.log_text('bruisd')}") from error

    def where(self):
        late = f" It behaves as if it were {self.options.at} now." if self.options.at else ""
        return f"""The region of Utrecht, by sensors that are made up.{late}

  live page    http://127.0.0.1:{self.http_port}/
  figures      http://127.0.0.1:{self.http_port}/v1/collections/parking/items?window=5m&f=json
  on MQTT      mosquitto_sub -p {self.broker_port} -v -t 'bruis/v1/json/+/gemeente/gm0344/#'
  what goes in mosquitto_sub -p {self.broker_port} -v -t 'parking/#' -t 'zeist/#' -t 'crowd/#'
  counters     http://127.0.0.1:{self.ops_port}/metrics
  stop         Ctrl-C: nothing is left behind
"""

    def show_once(self):
        until = time.monotonic() + ONCE_DEADLINE_S
        while True:
            board = self.board()
            missing = board.missing(places.expected())
            if not missing:
                print("\n".join(board.lines()))
                return
            if time.monotonic() > until:
                raise Trouble(f"no figures within {ONCE_DEADLINE_S} s of {', '.join(missing)}"
                              f"{self.log_text('bruisd')}")
            time.sleep(0.5)

    def show(self):
        screen = table.Screen(sys.stdout)
        while True:
            screen.draw(self.board())
            time.sleep(screen.pause_s)


def on_signal(number, _frame):
    raise Stop(number)


def read_options():
    fast = os.environ.get("FAST", "") not in ("", "0")
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--speed", metavar="N", default=FAST_SPEED if fast else None,
                        help="play the last day N times faster than time (FAST=1: 60), then go on live; "
                             "without it the last two hours pass in seconds")
    parser.add_argument("--at", metavar="HH:MM", help="let the region behave as if it were this late now")
    parser.add_argument("--seed", type=int, default=1, help="of chance")
    parser.add_argument("--once", action="store_true",
                        help="print one table when all figures are there, then end")
    options = parser.parse_args()
    options.past = "1d" if options.speed else "2h"
    options.speed = options.speed or "600"
    try:
        feeder.speed_of(options.speed)
        feeder.clock_s(options.at or "00:00")
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    return options


def run(demo):
    demo.open()
    print(demo.where(), flush=True)
    if demo.options.once:
        demo.show_once()
    else:
        demo.show()


def main():
    options = read_options()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for one in signals:
        signal.signal(one, on_signal)
    demo, status = None, 0
    try:
        demo = Demo(options)
        run(demo)
    except Trouble as trouble:
        print(f"demo: {trouble}", file=sys.stderr)
        status = 1
    except (Stop, BrokenPipeError):
        pass
    finally:
        for one in signals:
            signal.signal(one, signal.SIG_IGN)
        if demo:
            demo.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
