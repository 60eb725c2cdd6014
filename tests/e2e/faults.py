# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""What the tests of faults share: a daemon that may be killed and started again on its state, calls that fail and
clocks that jump on demand, and a city whose figures tell which readings they hold."""
import contextlib
import errno
import http.client
import json
import mmap
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import reader
from bruisd_e2e import Child, Daemon, DEADLINE_S, PROGRAM, need, skip

MINUTE_MS = 60_000
FIGURES_S = 20
SHIM = Path(__file__).with_name("shim.c")
CALLS = ("open", "read", "pread", "write", "pwrite", "fdatasync", "fsync", "msync", "fallocate", "rename")
HALF = -1  # as an error: a write takes a half

def side_by_side(faults, *parts):
    """Runs them at once. What they tell; one that fails is told, the others run."""
    told = []

    def run(part):
        try:
            told.append(part())
        except Exception as error:
            faults.check(False, f"{getattr(part, 'func', part).__name__}: {type(error).__name__} {error}")

    threads = [threading.Thread(target=run, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(word for word in told if word)


# ---- namespaces


def alone(*kinds):
    """The rest of the test runs in namespaces of its own (mount, net), which end with it: nothing is left behind."""
    need("unshare")
    if os.environ.get("BRUIS_ALONE") == "yes":
        if "net" in kinds:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    command = ["unshare", *(f"--{kind}" for kind in kinds), *(["--propagation", "private"] if "mount" in kinds else [])]
    if os.geteuid() != 0 or subprocess.run([*command, "true"], check=False, capture_output=True).returncode != 0:
        skip("needs root, and namespaces of its own")
    os.environ["BRUIS_ALONE"] = "yes"
    sys.stdout.flush()
    os.execvp(command[0], [*command, sys.executable, *sys.argv])


@contextlib.contextmanager
def small_disk(folder, size):
    """A tmpfs; only where the test is alone."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    """Takes all there is. The file."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    return filler


# ---- calls that fail, clocks that jump


class Shim:
    """What a preloaded library does to one daemon; changed while it runs."""

    RULE = struct.Struct("=IIIiII")

    def __init__(self, rig, name, folder):
        self.library = rig.folder / "shim.so"
        if not self.library.exists():
            compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc") or skip("no C compiler")
            part = rig.folder / f"shim-{name}.so"
            subprocess.run([compiler, "-std=c17", "-D_GNU_SOURCE", "-DBRUIS_SHIM", "-O1", "-fPIC", "-shared",
                            "-o", str(part), str(SHIM), "-ldl"], check=True)
            part.rename(self.library)
        self.folder = folder
        self.path = rig.folder / f"faults-{name}"
        self.path.write_bytes(bytes(8 + self.RULE.size * len(CALLS)))
        with open(self.path, "r+b") as file:
            self.control = mmap.mmap(file.fileno(), 0)

    def environment(self):
        return {"LD_PRELOAD": str(self.library), "BRUIS_FAULTS": str(self.path), "BRUIS_FAULTS_DIR": str(self.folder)}

    def rule(self, call):
        """seen, from, every, error, failed"""
        return self.RULE.unpack_from(self.control, 8 + self.RULE.size * CALLS.index(call))[:5]

    def set(self, call, first, every, error):
        """The count of calls goes on; `error` is written last."""
        at = 8 + self.RULE.size * CALLS.index(call)
        struct.pack_into("=iI", self.control, at + 12, 0, 0)
        struct.pack_into("=II", self.control, at + 4, first, every)
        struct.pack_into("=i", self.control, at + 12, error)

    def fail(self, error, *calls):
        """From now on, every time."""
        for call in calls:
            self.set(call, 0, 1, error)

    def heal(self, *calls):
        for call in calls or CALLS:
            self.set(call, 0, 1, 0)

    def seen(self, call):
        return self.rule(call)[0]

    def failed(self, call):
        return self.rule(call)[4]

    def step(self, seconds):
        struct.pack_into("=q", self.control, 0, seconds)


# ---- a daemon that goes and comes


class Service(Daemon):
    """Starts and ends on the same state and ports as often as a test wants."""

    def __init__(self, rig, name, config, url, state=None):
        self.rig, self.name = rig, name
        self.line = None  # a connection to the operator's port that stays, where a test has opened one
        self.prepare(rig, name, config, url, state)

    def begin(self, environment=None):
        """Without waiting for anything."""
        is_new = not hasattr(self, "process")
        Child.__init__(self, self.rig, self.name, [str(PROGRAM), "run", "-c", str(self.config)], environment)
        if is_new:
            self.rig.add(self)

    def start(self, environment=None, connected=True):
        self.begin(environment)
        self.rig.wait(lambda: not self.is_running() or (self.is_ready() and (not connected or self.is_connected())),
                      f"{self.name} to be ready")
        if not self.is_running():
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {self.log_text()[-2000:]}")
        return self

    def get(self, path, ops=False):
        return self.line.ask(path) if ops and self.line else super().get(path, ops)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def degraded(self):
        """Why it says that it is, by its metric."""
        return {labels["reason"] for name, labels, value in self.metrics().samples if name == "bruis_degraded" and value}

    def readiness(self):
        return self.get("/readyz", ops=True)[1]

    def outcome(self, outcome):
        return int(self.metrics().total("bruis_messages_total", outcome=outcome))

    def counted(self):
        return int(self.metrics().total("bruis_messages_total"))

    def cpu_s(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def anonymous_bytes(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
        return 0


class Line(http.client.HTTPConnection):
    """A connection to the operator's port that is asked again and again, without a new descriptor."""

    def __init__(self, service):
        super().__init__("127.0.0.1", service.ops_port, timeout=DEADLINE_S)

    def ask(self, path):
        self.request("GET", path)
        answer = self.getresponse()
        return answer.status, answer.read().decode()


class Status(Child):
    """Hears what the daemon says of itself, in order."""

    def __init__(self, rig, name, broker):
        super().__init__(rig, f"status-of-{name}", ["mosquitto_sub", "-V", "mqttv5", "-p", str(broker.port), "-q", "1",
                                                    "-F", "%p", "-t", f"bruis/v1/status/{name}"])
        rig.add(self)

    def states(self):
        return [json.loads(line)["state"] for line in self.out.read_text(encoding="utf-8").splitlines() if line]


# ---- a city whose figures tell which readings they hold

CITY = """node: @NAME@
state_dir: @STATE@
regions: {year: 2026, table: city-regions.csv}
sensors: [city-places.csv]
brokers:
  city: {url: "@BROKER@", protocol: 5, client_id: @NAME@, keepalive: 5s}
feeds:
  counts:
    broker: city
    topics: ["counts/#"]
    adapter: json
    options: {domain: pedestrian, sensor: /id, observed_at: {at: /at}, values: {count: /n}}
    interval: 60s
windows: [1m, 5m, 15m, 1h]
lateness: 1s
correct_for: 3h
coverage_min: 0
privacy: {pedestrian_min: 0, round_to: 0, min_window: 1m}
publish:
  mqtt: {broker: city, encodings: [json], live_every: 0s}
  http: {listen: "@HTTP@", ops_listen: "@OPS@"}
limits: {journal: 4MiB, memory: 64MiB}
"""
REGIONS = [f"gm90{number:02}" for number in range(1, 5)]
SENSORS = 30  # in a region, and one for the end: a count is a whole number below 2^31


def write_city(folder):
    """Once: daemons may be reading it."""
    if (folder / "city-places.csv").exists():
        return
    (folder / "city-regions.csv").write_text(
        "code,type,name,parents\nnl00,land,Land,\n" + "".join(f"{region},gemeente,{region},nl00\n" for region in REGIONS),
        encoding="utf-8")
    (folder / "city-places.csv").write_text(
        "feed,sensor,region\n" + "".join(f"counts,{region}-{number},{region}\n"
                                         for region in REGIONS for number in range(SENSORS + 1)), encoding="utf-8")


class City:
    """Sensor i of a region counts 2^i passers-by in each minute: the figure of that minute is the set of its readings."""

    def __init__(self, rig, minutes=30):
        write_city(rig.folder)
        self.rig = rig
        self.minutes = minutes
        self.begin = int(time.time() * 1000) // MINUTE_MS * MINUTE_MS - (minutes + 3) * MINUTE_MS
        self.sent = {}  # (region, start) -> the bits of its sensors
        self.messages = 0

    def lines(self, minutes, sensors=range(SENSORS), regions=REGIONS, padding=0):
        """Of these minutes, one line for each reading, and remembers them as sent."""
        lines = []
        for minute in minutes:
            at = self.begin + minute * MINUTE_MS
            for region in regions:
                for sensor in sensors:
                    self.sent[region, at] = self.sent.get((region, at), 0) | 1 << sensor
                    lines.append(json.dumps({"id": f"{region}-{sensor}", "at": reader.text_of(at), "n": 1 << sensor,
                                             "pad": "x" * padding}))
        self.messages += len(lines)
        return lines

    def last(self):
        """A reading of now, that ends all windows before it."""
        self.messages += 1
        now = int(time.time() * 1000)
        return json.dumps({"id": f"{REGIONS[0]}-0", "at": reader.text_of(now), "n": 1})

    def figures(self, service, region, window):
        """All of its time, as they are told."""
        begin, end = reader.text_of(self.begin), reader.text_of(self.begin + self.minutes * MINUTE_MS)
        status, body = service.get(f"/v1/figures/pedestrian/{region}?window={window}&from={begin}&to={end}&limit=10000&f=json")
        return json.loads(body)["figures"] if status == 200 else []

    def held(self, service):
        """(region, start) -> the bits in the figures."""
        found = {}
        for region in REGIONS:
            for figure in self.figures(service, region, "1m"):
                bits = figure["pedestrian"]["passages"] or 0
                if bits:
                    found[region, reader.instant(figure["start"])] = bits
        return found

    def missing(self, held):
        """How many of the readings that were sent are not in the figures."""
        return sum((bits & ~held.get(key, 0)).bit_count() for key, bits in self.sent.items())

    def check(self, faults, service, missing=0, name=""):
        """As soon as no more than that many are missing, or after too long: corrections come once a second."""
        try:
            self.rig.wait(lambda: self.missing(self.held(service)) <= missing, f"the figures of {service.name}", FIGURES_S)
        except TimeoutError:
            pass  # what is missing is told
        held = self.held(service)
        for key, bits in held.items():
            faults.check(not bits & ~self.sent.get(key, 0), f"{name}{key}: {bits:x} of {self.sent.get(key, 0):x}: never sent")
        faults.equal(f"{name}readings that are not in the figures", self.missing(held), missing)
