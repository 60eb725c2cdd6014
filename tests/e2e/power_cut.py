#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""The power goes: a machine of its own (QEMU, in software) with a broker, bruisd and an ext4 disk is killed at a random moment
while readings come in; what its kernel had not written is gone. The disk is checked, and bruisd goes on from it: the journal
opens, no reading is there that was not sent, and all are there that were counted more than the interval of syncs before.

Environment: B (build folder), CUTS (3), SEED (the time; it is printed), KERNEL (a folder with boot/vmlinuz-* and lib/modules,
by default / : a Debian kernel package, unpacked with dpkg-deb -x, will do). Skipped where QEMU or a kernel is not there."""
import os
import random
import re
import shutil
import subprocess
import time
from pathlib import Path

from bruisd_e2e import Child, Faults, PROGRAM, Rig, filled, need, skip
from faults import CITY, City, MINUTE_MS, REGIONS, SENSORS, Service

CUTS = int(os.environ.get("CUTS", "3"))
SEED = int(os.environ.get("SEED", time.time_ns() // 1000 % 10**9))
KERNEL = Path(os.environ.get("KERNEL", "/"))
MODULES = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4")
MINUTES = 60
EARLIEST, LATEST = 200, 3000  # messages that are counted when the power goes
PADDING = 1000  # of a message: the journal fills up, and checkpoints come
SYNC_S = 1.0  # between two syncs
SLACK_S = 1.0  # a sync and a look at the metrics take their time on a machine in software
BOOT_S = 180
ZONE = "/usr/share/zoneinfo/Europe/Amsterdam"  # days are those of Amsterdam
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
for module in /modules/*; do insmod $module; done
mount -t ext4 /dev/vda /disk || echo FAULT no disk
mkdir -p /disk/state
ifconfig lo 127.0.0.1 up
mosquitto -c /mosquitto.conf >/dev/null 2>&1 &
bruisd run -c /city.yaml >/dev/null 2>/bruisd.log &
until wget -q -O - http://127.0.0.1:9090/metrics 2>/dev/null | grep -q '^bruis_mqtt_connected.* 1$'; do
    kill -0 $! || { cat /bruisd.log; reboot -f; }
    sleep 0.2
done
awk '{ print } NR % 20 == 0 { fflush(); system("sleep 0.1") }' /lines | mosquitto_pub -V mqttv5 -h 127.0.0.1 -q 1 -t counts/a -l &
while :; do
    count=$(wget -q -O - http://127.0.0.1:9090/metrics | sed -n 's/^bruis_messages_total{.*"decoded".* //p')
    read -r now idle </proc/uptime
    echo "COUNTED $now $count"
done
"""


# ---- the machine: everything is in its first file system, but the state


def kernel():
    """The image and the folder of modules of the newest one."""
    for image in sorted(KERNEL.glob("boot/vmlinuz-*"), reverse=True):
        modules = KERNEL / "lib" / "modules" / image.name.removeprefix("vmlinuz-")
        if modules.is_dir():
            return image, modules
    return skip(f"no kernel in {KERNEL}: KERNEL names no folder with boot/ and lib/modules/")


def module_files(modules):
    """What is needed for the disk, in the order of loading; what is built in needs no file."""
    told = subprocess.run(["depmod", "-n", "-b", str(modules.parents[2]), modules.name], check=True, capture_output=True,
                          text=True).stdout
    wants = {}
    for path, needs in re.findall(r"^(\S+\.ko\S*):(.*)$", told, re.MULTILINE):
        wants[Path(path).name.partition(".")[0]] = [path, *needs.split()]
    return list(dict.fromkeys(modules / path for name in MODULES for path in reversed(wants.get(name, []))))


def libraries(*programs):
    told = subprocess.run(["ldd", *programs], check=True, capture_output=True, text=True).stdout
    return sorted({word for line in told.splitlines() for word in line.split() if word.startswith("/") and word[-1] != ":"})


def copy(root, source, target):
    path = root / str(target).lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, path)


def build_root(rig, city, modules):
    """The first file system, packed."""
    root = rig.folder / "root"
    for folder in ("bin", "modules", "proc", "sys", "dev", "disk", "tmp"):
        (root / folder).mkdir(parents=True)
    programs = {name: shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") for name in ("mosquitto", "mosquitto_pub")}
    programs |= {"bruisd": str(PROGRAM), "busybox": shutil.which("busybox")}
    for name, path in programs.items():
        copy(root, path, f"bin/{name}")
    for path in libraries(*(path for name, path in programs.items() if name != "busybox")):
        copy(root, path, path)
    for number, path in enumerate(module_files(modules)):
        copy(root, path, f"modules/{number:02}-{path.name}")
    copy(root, ZONE, ZONE)
    for name in ("city-regions.csv", "city-places.csv"):
        copy(root, rig.folder / name, name)
    (root / "city.yaml").write_text(filled(small(CITY), "cut", "/disk/state", "mqtt://127.0.0.1:1883", "127.0.0.1:8080",
                                           "127.0.0.1:9090"), encoding="utf-8")
    (root / "mosquitto.conf").write_text("listener 1883 127.0.0.1\nallow_anonymous true\nuser root\n", encoding="utf-8")
    (root / "lines").write_text("".join(line + "\n" for line in city.lines(range(MINUTES), padding=PADDING)), encoding="utf-8")
    (root / "init").write_text(INIT, encoding="utf-8")
    (root / "init").chmod(0o755)
    packed = rig.folder / "root.cpio"
    with open(packed, "wb") as file:
        subprocess.run("find . | cpio --quiet -o -H newc", shell=True, cwd=root, check=True, stdout=file)
    return packed


def small(config):
    return config.replace("journal: 4MiB", "journal: 1MiB")


class Machine(Child):
    def __init__(self, rig, number, image, root):
        self.disk = rig.folder / f"disk-{number}"
        with open(self.disk, "wb") as file:
            file.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(self.disk)], check=True, env=tools())
        super().__init__(rig, f"machine-{number}", [
            "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "768", "-smp", "2", "-nodefaults",
            "-no-reboot", "-nographic", "-serial", "stdio", "-kernel", str(image), "-initrd", str(root),
            "-append", "console=ttyS0 quiet panic=-1", "-drive", f"file={self.disk},format=raw,if=virtio,cache=writeback"])
        rig.add(self)

    def counted(self):
        """Seconds of the machine, and how many messages were counted by then."""
        text = self.out.read_text(encoding="utf-8", errors="replace")
        return [(float(at), int(count)) for at, count in re.findall(r"^COUNTED ([\d.]+) (\d+)\r?$", text, re.MULTILINE)]

    def cut(self, moment):
        """When so many messages are counted."""
        self.rig.wait(lambda: not self.is_running() or any(count >= moment for _, count in self.counted()[-1:]),
                      f"{moment} messages to be counted in the machine", BOOT_S)
        if not self.is_running():
            raise RuntimeError(f"the machine ended: {self.out.read_text(encoding='utf-8', errors='replace')[-2000:]}")
        self.process.kill()
        self.process.wait()

    def state(self, folder):
        """The folder of state, as a new start of the machine finds it."""
        checked = subprocess.run(["e2fsck", "-fy", str(self.disk)], check=False, capture_output=True, env=tools()).returncode
        folder.mkdir()
        subprocess.run(["debugfs", "-R", f"rdump /state {folder}", str(self.disk)], check=True, capture_output=True, env=tools())
        return checked, folder / "state"


def tools():
    return {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}


# ---- one cut


class Order:
    """The readings in the order in which they are sent: minute by minute, region by region, sensor by sensor."""

    def __init__(self, city):
        self.keys = [(region, city.begin + minute * MINUTE_MS, 1 << sensor)
                     for minute in range(MINUTES) for region in REGIONS for sensor in range(SENSORS)]

    def kept(self, held):
        return [bool(held.get((region, at), 0) & bit) for region, at, bit in self.keys]


def age_of_lost(counted, kept):
    """How long before the end a message was counted that is lost; 0: none is."""
    end = counted[-1][0]
    first_lost = kept.index(False) if False in kept else len(kept)
    return next((end - at for at, count in counted if count > first_lost), 0.0)


def one(rig, faults, number, machine, city, broker):
    """What became of a cut: messages counted, messages kept, age of the oldest that is lost."""
    name = f"cut {number}"
    counted = machine.counted()
    checked, state = machine.state(rig.folder / f"found-{number}")
    faults.check(checked <= 1, f"{name}: e2fsck ended with {checked}")
    service = Service(rig, f"after-{number}", small(CITY).replace('"counts/#"', f'"after-{number}/counts"'),
                      broker.url(), state).start()
    faults.equal(f"{name}: files that are damaged", [path.name for path in state.rglob("*.damaged")], [])
    for word in ("state_damaged", "readings_damaged", "journal_gap"):
        faults.check(f"ev={word}" not in service.log_text(), f"{name}: {word}")
    lines = [*city.lines(range(MINUTES), [SENSORS]), city.last()]
    broker.publish_lines(f"after-{number}/counts", lines)
    marks = len(REGIONS) * MINUTES

    def seen():
        return sum(bits >> SENSORS & 1 for bits in city.held(service).values())

    rig.wait(lambda: seen() == marks, f"{name}: the figures")
    held = city.held(service)
    for key, bits in held.items():
        faults.check(not bits & ~city.sent.get(key, 0), f"{name}: {key}: {bits:x}: never sent")
    metrics = service.metrics()
    metrics.check_identities(faults, f"{name} ")
    faults.equal(f"{name}: rejected", service.outcome("rejected"), 0)
    faults.equal(f"{name}: exit status", service.stop(), 0)
    kept = Order(city).kept(held)
    age = age_of_lost(counted, kept)
    faults.check(age <= SYNC_S + SLACK_S, f"{name}: a message is lost that was counted {age:.2f} s before")
    faults.check(sum(kept) > 0, f"{name}: nothing was kept")
    return counted[-1][1], sum(kept), age


def main():
    need("qemu-system-x86_64", "busybox", "cpio", "mosquitto_pub", "ldd", PROGRAM)
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    need("depmod", "mkfs.ext4", "e2fsck", "debugfs")
    image, modules = kernel()
    print(f"seed {SEED}", flush=True)
    rng = random.Random(SEED)
    faults = Faults()
    told = []
    with Rig() as rig:
        broker = rig.broker()
        city = City(rig, MINUTES)
        root = build_root(rig, city, modules)
        for number in range(CUTS):
            machine = Machine(rig, number, image, root)
            machine.cut(rng.randrange(EARLIEST, LATEST))
            told.append(one(rig, faults, number, machine, city, broker))
            print("cut at {} counted: {} kept, the oldest lost {:.2f} s old".format(*told[-1]), flush=True)
    faults.finish(f"{CUTS} cuts, {sum(counted for counted, _, _ in told)} messages; the oldest lost one was "
                  f"{max(age for _, _, age in told):.2f} s old")


if __name__ == "__main__":
    main()
