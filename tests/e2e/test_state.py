#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""The folder of state: restored from a copy (of a stopped and of a running daemon), of a newer version (refused, and
left as it was), with half a privacy key, under another configuration."""
import hashlib
import json
import shutil
import struct
import subprocess
import time
import zlib
from pathlib import Path

from bruisd_e2e import DEADLINE_S, Daemon, Faults, PROGRAM, Rig, need

REFUSED_CONFIG, REFUSED_IO = 78, 74
MINUTES = 12
READINGS = 6 * MINUTES
COPIES = 4
PADDING = 40_000  # bytes of a reading that is to fill the journal: then checkpoints come soon
TABLE = "code,type,name,parents\nNL00,land,Nederland,\nGM9001,gemeente,Aardam,NL00\nGM9002,gemeente,Beekstad,NL00\n"
SENSORS = "feed,sensor,name,lat,lon,region\ncounts,a,A,52.1,5.1,GM9001\ncounts,b,B,52.2,5.2,GM9002\n"
CONFIG = """node: proef
state_dir: @STATE@
regions: {year: 2026, table: regions.csv}
sensors: [sensors.csv]
brokers:
  city: {url: "@BROKER@", client_id: @NAME@}
feeds:
  counts:
    broker: city
    topics: [@NAME@/counts]
    adapter: json
    options:
      domain: pedestrian
      sensor: /id
      observed_at: {at: /t, format: epoch_s}
      values: {count: /n, period_s: /p}
    interval: 1s
windows: [1m, 5m]
lateness: 5s
correct_for: 2h
privacy: {pedestrian_min: 1, round_to: 1, min_window: 1m}
publish:
  http: {listen: "@HTTP@", ops_listen: "@OPS@"}
"""
PRIVACY_OFF = "privacy: {pedestrian_min: 1, round_to: 1, min_window: 1m}"
PRIVACY_ON = "privacy: {pedestrian_min: 10, round_to: 5, min_window: 1m}"


class Counts:
    """Readings of two sensors over some minutes that are past, and what they sum up to."""

    def __init__(self):
        self.begin_s = int(time.time()) // 60 * 60 - (MINUTES + 2) * 60

    def lines(self, first=0, last=READINGS, more=0, padding=0):
        """One each ten seconds, the sensors in turn. With more of them counted it corrects what was told before."""
        return [json.dumps({"id": "ab"[i % 2], "t": self.begin_s + 10 * i, "n": i % 7 + 1 + more, "p": 10, "x": "x" * padding})
                for i in range(first, last)]

    def total(self, region, more):
        return sum(i % 7 + 1 + more for i in range(READINGS) if region in ("nl00", ("gm9001", "gm9002")[i % 2]))


def start(rig, broker, name, config=CONFIG):
    return rig.daemon(name, config.replace("@NAME@", name), broker)


def result(daemon, word):
    return daemon.metrics().total("bruis_observations_total", feed="counts", result=word)


def publish(rig, broker, daemon, lines):
    before = daemon.metrics().total("bruis_observations_decoded_total", feed="counts")
    broker.publish_lines(f"{daemon.name}/counts", lines)
    rig.wait(lambda: daemon.metrics().total("bruis_observations_decoded_total", feed="counts") - before >= len(lines),
             f"{daemon.name}: its readings")


def passages(daemon, region):
    status, body = daemon.get(f"/v1/figures/pedestrian/{region}?window=1m&limit=1000")
    figures = json.loads(body)["figures"] if status == 200 else []
    return sum(figure["pedestrian"]["passages"] or 0 for figure in figures)


def check_figures(rig, faults, daemon, counts, more):
    try:
        rig.wait(lambda: passages(daemon, "nl00") == counts.total("nl00", more), f"{daemon.name}: its figures", 20)
    except TimeoutError:
        pass
    for region in ("nl00", "gm9001", "gm9002"):
        faults.equal(f"{daemon.name}: passages of {region}", passages(daemon, region), counts.total(region, more))


def copy_state(rig, source, name):
    """What `cp -a` makes of it, in the order that the folder has; a file that goes meanwhile is left out."""
    target = rig.folder / f"state-{name}"
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=False, stderr=subprocess.DEVNULL)
    return target


def digest(folder):
    """Every file but the lock, by what is in it."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(Path(folder).rglob("*")) if path.is_file() and path.name not in ("lock", "control")}


def refuse(rig, broker, name, config, faults, status):
    """Starts a daemon that is to refuse its state; what it logs."""
    daemon = rig.add(Daemon(rig, name, config.replace("@NAME@", name), broker))
    faults.equal(f"{name}: exit status", daemon.process.wait(DEADLINE_S), status)
    return [line for line in daemon.log_text().splitlines() if line.startswith("<3>") or " ev=" in f" {line}"]


def of_stopped(rig, broker, faults):
    """A copy of a stopped daemon is that daemon: it knows every reading."""
    counts = Counts()
    one = start(rig, broker, "one")
    publish(rig, broker, one, counts.lines(0, 40))
    faults.equal("one: exit status", one.stop(), 0)
    copy_state(rig, rig.folder / "state-one", "stopped")
    two = start(rig, broker, "stopped")
    publish(rig, broker, two, counts.lines(0, 40))
    faults.equal("stopped: duplicates", result(two, "duplicate"), 40)
    publish(rig, broker, two, counts.lines(more=10))
    check_figures(rig, faults, two, counts, 10)
    faults.equal("stopped: corrected and used", (result(two, "corrected"), result(two, "used")), (40, READINGS - 40))
    two.metrics().check_identities(faults, "stopped ")
    faults.equal("stopped: exit status", two.stop(), 0)


def of_running(rig, broker, faults):
    """A copy of a running daemon opens; told everything again it has the same figures."""
    counts = Counts()
    small = CONFIG + "limits: {journal: 4MiB}\n"
    state = rig.folder / "state-running"
    one = start(rig, broker, "running", small)
    step = READINGS // COPIES
    with_state = 0
    for i in range(COPIES):
        publish(rig, broker, one, counts.lines(i * step, (i + 1) * step, padding=PADDING))
        if i >= COPIES // 2:
            rig.wait(lambda: (state / "state").exists(), "a checkpoint")
        with_state += (copy_state(rig, state, f"copy{i}") / "state").exists()
    faults.check(with_state >= COPIES // 2, f"{with_state} copies with a checkpoint")
    check_figures(rig, faults, one, counts, 0)
    faults.equal("running: exit status", one.stop(), 0)
    for i in range(COPIES):
        copy = start(rig, broker, f"copy{i}", small)
        publish(rig, broker, copy, counts.lines(more=10))
        check_figures(rig, faults, copy, counts, 10)
        copy.metrics().check_identities(faults, f"copy{i} ")
        faults.check(result(copy, "corrected") >= i * step, f"copy{i}: {result(copy, 'corrected')} known of {(i + 1) * step}")
        faults.equal(f"copy{i}: exit status", copy.stop(), 0)


def of_newer(rig, broker, faults):
    """A state, or a journal, of a newer version is refused in one clear line and left as it is."""
    for name, pattern in (("newer", "state"), ("newer-journal", "journal/*.journal")):
        folder = copy_state(rig, rig.folder / "state-one", name)
        path = sorted(folder.glob(pattern))[0]
        content = bytearray(path.read_bytes())
        content[8:12] = struct.pack("=I", struct.unpack("=I", content[8:12])[0] + 1)  # behind the magic
        if name == "newer-journal":
            content[60:64] = struct.pack("=I", zlib.crc32(content[:60]))
        path.write_bytes(content)
        before = digest(folder)
        lines = refuse(rig, broker, name, CONFIG, faults, REFUSED_CONFIG)
        told = [line for line in lines if "newer version" in line]
        faults.equal(f"{name}: lines that say so", len(told), 1)
        faults.check(told and str(folder) in told[0], f"{name}: the line does not name the folder: {told}")
        faults.equal(f"{name}: files that changed", [name for name, value in digest(folder).items()
                                                      if before.get(name) != value], [])
        faults.equal(f"{name}: files", sorted(digest(folder)), sorted(before))


def of_half_a_key(rig, broker, faults):
    """No other key is made in its stead; where privacy is off nobody asks for it."""
    private = CONFIG.replace(PRIVACY_OFF, PRIVACY_ON)
    folder = copy_state(rig, rig.folder / "state-one", "half")
    (folder / "privacy.key").write_bytes(b"half")
    lines = refuse(rig, broker, "half", private, faults, REFUSED_IO)
    told = [line for line in lines if "privacy.key" in line]
    faults.equal("half: lines that name the key", len(told), 1)
    faults.equal("half: the key", (folder / "privacy.key").read_bytes(), b"half")
    off = start(rig, broker, "half")
    faults.equal("half, privacy off: exit status", off.stop(), 0)
    (folder / "privacy.key").unlink()
    on = start(rig, broker, "half", private)
    faults.equal("half, a new key: exit status", on.stop(), 0)
    faults.equal("half, a new key: its size", (folder / "privacy.key").stat().st_size, 32)


def of_another_configuration(rig, broker, faults):
    """The journal holds a digest of what figures depend on, and a start tells when it is another one."""
    folder = copy_state(rig, rig.folder / "state-one", "other")

    def run(config, comment):
        daemon = start(rig, broker, "other", config)
        faults.equal(f"{comment}: exit status", daemon.stop(), 0)
        log = daemon.log_text().count("ev=config_changed")
        known = (folder / "digest").read_text(encoding="ascii")
        journal = b"".join(path.read_bytes() for path in folder.glob("journal/*.journal"))
        faults.check(known.encode() in journal, f"{comment}: {known} is not in the journal")
        return known, log

    first, told = run(CONFIG, "the same")
    faults.equal("the same: changes told", told, run(CONFIG.replace("5m]", "300s]"), "written otherwise")[1])
    second, told_now = run(CONFIG.replace("lateness: 5s", "lateness: 6s"), "another lateness")
    faults.equal("another lateness: changes told", told_now - told, 1)
    faults.check(first.split()[0] != second.split()[0], "another lateness: the same settings")
    faults.equal("another lateness: tables", second.split()[1], first.split()[1])
    (rig.folder / "regions.csv").write_text(TABLE.replace("Beekstad", "Beekdorp"), encoding="utf-8")
    third, told_now = run(CONFIG.replace("lateness: 5s", "lateness: 6s"), "another table")
    faults.equal("another table: changes told", told_now - told, 2)
    faults.equal("another table: settings", third.split()[0], second.split()[0])
    faults.check(third.split()[1] != second.split()[1], "another table: the same tables")


def main():
    need("mosquitto_pub", "/usr/sbin/mosquitto", "cp", str(PROGRAM))
    faults = Faults()
    with Rig() as rig:
        (rig.folder / "regions.csv").write_text(TABLE, encoding="utf-8")
        (rig.folder / "sensors.csv").write_text(SENSORS, encoding="utf-8")
        broker = rig.broker()
        for test in (of_stopped, of_running, of_newer, of_half_a_key, of_another_configuration):
            test(rig, broker, faults)
        shutil.rmtree(rig.folder / "state-one")
    faults.finish(f"{COPIES} copies of a running daemon and one of a stopped one opened; newer and half ones refused")


if __name__ == "__main__":
    main()
