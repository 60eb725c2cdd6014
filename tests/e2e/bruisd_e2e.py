# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""What end-to-end tests share: a broker and daemons as children on free loopback ports, in a folder of their own.

    with Rig() as rig:
        broker = rig.broker()
        daemon = rig.daemon("one", config)      # @STATE@, @BROKER@, @HTTP@, @OPS@ in it are filled in
        broker.publish("a/topic", b"payload")
        rig.wait(lambda: daemon.metrics().total("bruis_messages_total") == 1, "the message")

Tests wait on conditions with a deadline, never on durations. Children are ended by their pid, whatever happens."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("B", ROOT / "build"))
PROGRAM = (BUILD if BUILD.is_absolute() else ROOT / BUILD) / "bruisd"
DEADLINE_S = 120
STOP_S = 30
POLL_S = 0.05

OUTCOMES = ("decoded", "skipped", "rejected", "oversize", "dropped")
RESULTS = ("used", "duplicate", "late", "corrected", "conflict", "implausible", "invalid", "unlocated")


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def data():
    """The folder of real data: $BRUIS_DATA, else beside the repository."""
    folder = Path(os.environ.get("BRUIS_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        skip("no real data: BRUIS_DATA names no folder")
    return folder


def need(*programs):
    for program in programs:
        if not shutil.which(program) and not Path(program).exists():
            skip(f"{program} is not there")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Faults:
    """Collects what is wrong; the last line and the exit status of a test."""

    def __init__(self):
        self.faults = []
        self.checks = 0

    def check(self, good, fault):
        self.checks += 1
        if not good:
            self.faults.append(fault() if callable(fault) else fault)

    def equal(self, what, got, expected):
        self.check(got == expected, lambda: f"{what}: {got!r} instead of {expected!r}")

    def finish(self, summary):
        for fault in self.faults[:40]:
            print(f"  {fault}")
        print(f"{len(self.faults)} of {self.checks} checks failed" if self.faults else f"{self.checks} checks: {summary}")
        sys.exit(1 if self.faults else 0)


class Metrics:
    """The text form of Prometheus, asked by name and labels."""

    def __init__(self, text):
        self.samples = []
        for line in text.splitlines():
            match = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? (\S+)", line)
            if match:
                labels = dict(re.findall(r'(\w+)="([^"]*)"', match[2] or ""))
                self.samples.append((match[1], labels, float(match[3])))

    def total(self, name, **labels):
        return sum(value for n, have, value in self.samples
                   if n == name and all(have.get(k) == v for k, v in labels.items()))

    def feeds(self):
        return sorted({have["feed"] for name, have, _ in self.samples if name == "bruis_messages_received_total"})

    def check_identities(self, faults, name=""):
        """Each message has one outcome, each observation one result or waits for its place."""
        known = {"outcome": OUTCOMES, "result": RESULTS}
        for metric, labels, value in self.samples:
            for label, words in known.items():
                if metric in ("bruis_messages_total", "bruis_observations_total") and label in labels:
                    faults.check(labels[label] in words, f"{name}{metric}: an unknown {label} {labels[label]}")
            faults.check(not metric.endswith("_total") or value >= 0, f"{name}{metric}{labels} = {value}")
        for feed in self.feeds():
            faults.equal(f"{name}{feed}: messages received, and the sum of their outcomes",
                         self.total("bruis_messages_total", feed=feed),
                         self.total("bruis_messages_received_total", feed=feed))
            faults.equal(f"{name}{feed}: observations decoded, and the sum of results and pending",
                         self.total("bruis_observations_total", feed=feed)
                         + self.total("bruis_observations_pending", feed=feed),
                         self.total("bruis_observations_decoded_total", feed=feed))


class Child:
    """A process with its output in files."""

    def __init__(self, rig, name, command, environment=None):
        self.rig = rig
        self.name = name
        self.log = rig.folder / f"{name}.log"
        self.out = rig.folder / f"{name}.out"
        with open(self.log, "ab") as log, open(self.out, "wb") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=log,
                                            env={**os.environ, **(environment or {})})

    def is_running(self):
        return self.process.poll() is None

    def stop(self):
        """Asks it to end and waits. The exit status; a child that does not end is killed."""
        if self.is_running():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    def log_text(self):
        return self.log.read_text(encoding="utf-8", errors="replace")


class Broker(Child):
    """mosquitto, without limits that would drop messages at rest; it may be stopped and started again.

    more: further lines of its configuration; inside: a command that runs it, and its publishers, elsewhere."""

    def __init__(self, rig, name="mosquitto", address="127.0.0.1", more="", inside=()):
        self.rig, self.name, self.address, self.inside = rig, name, address, inside
        self.port = free_port()
        self.config = rig.folder / f"{name}.conf"
        self.config.write_text(f"listener {self.port} {address}\nallow_anonymous true\nmax_queued_messages 0\n"
                               f"max_queued_bytes 0\nmax_inflight_messages 0\nset_tcp_nodelay true\n{more}", encoding="utf-8")
        self.start()
        rig.wait(self.accepts, "the broker to listen")

    def start(self):
        program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
        super().__init__(self.rig, self.name, [*self.inside, program, "-c", str(self.config)])

    def accepts(self):
        with socket.socket() as probe:
            return probe.connect_ex((self.address, self.port)) == 0

    def url(self):
        return f"mqtt://{self.address}:{self.port}"

    def send(self, topic, source, payload):
        """With QoS 1: returns when the broker has it."""
        subprocess.run([*self.inside, "mosquitto_pub", "-V", "mqttv5", "-h", self.address, "-p", str(self.port), "-q", "1",
                        "-t", topic, source], input=payload, check=True, timeout=DEADLINE_S)

    def publish(self, topic, payload):
        """One message, any bytes."""
        self.send(topic, "-n" if payload == b"" else "-s", payload)

    def publish_lines(self, topic, lines):
        """A message for each line."""
        self.send(topic, "-l", "".join(line + "\n" for line in lines).encode())


def filled(config, name, state, url, http, ops):
    """A configuration with its marks filled in."""
    for mark, value in (("@NAME@", name), ("@STATE@", state), ("@BROKER@", url), ("@HTTP@", http), ("@OPS@", ops)):
        config = config.replace(mark, str(value))
    return config


class Daemon(Child):
    def __init__(self, rig, name, config, broker, program=PROGRAM):
        self.prepare(rig, name, config, f"mqtt://127.0.0.1:{broker.port}")
        super().__init__(rig, name, [str(program), "run", "-c", str(self.config)])

    def prepare(self, rig, name, config, url, state=None):
        """Its ports, its folder and its configuration."""
        self.http_port, self.ops_port = free_port(), free_port()
        self.state = state or rig.folder / f"state-{name}"
        self.state.mkdir(exist_ok=True)
        self.config = rig.folder / f"{name}.yaml"
        self.config.write_text(filled(config, name, self.state, url, f"127.0.0.1:{self.http_port}",
                                      f"127.0.0.1:{self.ops_port}"), encoding="utf-8")

    def get(self, path, ops=False):
        """Status and body; 0 while nobody answers."""
        url = f"http://127.0.0.1:{self.ops_port if ops else self.http_port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def is_ready(self):
        return self.is_running() and self.get("/readyz", ops=True)[0] == 200

    def is_connected(self):
        return self.metrics().total("bruis_mqtt_connected") >= 1

    def metrics(self):
        return Metrics(self.get("/metrics", ops=True)[1])


class Listener(Child):
    """Collects figures from the broker: the record of the highest revision of each, and every retained topic."""

    def __init__(self, rig, name, broker, prefix):
        super().__init__(rig, name, ["mosquitto_sub", "-V", "mqttv5", "-p", str(broker.port), "-q", "1",
                                     "-i", f"listener-{name}", "-F", "%r %t %p", "-t", f"{prefix}/v1/#"])
        self.figures = {}  # (region, domain, window, start) -> record
        self.messages = 0
        self.garbage = []
        self.prefix = prefix
        self.marks = set()
        self.lock = threading.Lock()
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        with open(self.out, encoding="utf-8", errors="replace") as lines:
            part = ""
            while self.rig.is_open:
                line = lines.readline()
                if not line:
                    time.sleep(POLL_S)
                    continue
                part += line
                if part.endswith("\n"):
                    self.take(part)
                    part = ""

    def take(self, line):
        _, topic, payload = line.rstrip("\n").split(" ", 2)
        self.messages += 1
        if topic.endswith("/v1/mark"):
            self.marks.add(payload)
            return
        if not topic.split("/")[2] == "json" or payload == "":
            return
        try:
            figure = json.loads(payload)
            key = figure["region"], figure["domain"], figure["window"], figure["start"]
        except (ValueError, KeyError):
            self.garbage.append(line)
            return
        with self.lock:
            if key not in self.figures or self.figures[key]["revision"] <= figure["revision"]:
                self.figures[key] = figure

    def catch_up(self, broker):
        """Until it has heard all that the broker has: a message behind all others says so."""
        mark = str(time.monotonic_ns())
        broker.publish(f"{self.prefix}/v1/mark", mark.encode())
        self.rig.wait(lambda: mark in self.marks, "the listener to catch up")

    def taken(self):
        """A copy of the figures so far."""
        with self.lock:
            return dict(self.figures)


class Rig:
    """The folder and the children of one test."""

    def __init__(self):
        self.is_open = True
        self.children = []
        self.folder = Path(tempfile.mkdtemp(prefix="bruisd-e2e-"))

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _trace):
        if kind not in (None, SystemExit):
            for child in self.children:
                print(f"--- {child.name}\n{child.log_text()[-2000:]}")
        for child in reversed(self.children):
            child.stop()
        self.is_open = False
        shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, child):
        self.children.append(child)
        return child

    def broker(self):
        return self.add(Broker(self))

    def listener(self, name, broker, prefix):
        return self.add(Listener(self, name, broker, prefix))

    def daemon(self, name, config, broker, program=PROGRAM):
        daemon = self.add(Daemon(self, name, config, broker, program))
        self.wait(lambda: not daemon.is_running() or (daemon.is_ready() and daemon.is_connected()), f"{name} to be ready")
        if not daemon.is_running():
            raise RuntimeError(f"{name} ended with {daemon.process.returncode}: {daemon.log_text()[-2000:]}")
        return daemon

    def wait(self, condition, what, deadline_s=DEADLINE_S):
        """Until the condition holds; it is what is waited for, not the time."""
        end = time.monotonic() + deadline_s
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"waited {deadline_s} s for {what}")
            time.sleep(POLL_S)


def replay(config, captures, program=PROGRAM):
    """Exit status, the bytes of stdout, the text of stderr."""
    done = subprocess.run([str(program), "replay", "-c", str(config), *map(str, captures)], capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=600, check=False)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def final(output):
    """(region, domain, window, start) -> the record of the highest revision, of what replay prints."""
    figures = {}
    for line in output.decode().splitlines():
        figure = json.loads(line)
        key = figure["region"], figure["domain"], figure["window"], figure["start"]
        if key not in figures or figures[key]["revision"] < figure["revision"]:
            figures[key] = figure
    return figures
