# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""What the daemon costs, measured from outside against a real broker.

    messages   JSON of 300 bytes at 20,000 a second, QoS 0 and 1: CPU time of a message, beside a Paho
               subscriber that only counts, by turns on the same broker
    made       20,000 traffic sites, a file of 54 MB as gzip every five seconds: anonymous memory, and the
               longest turn of the loop while a file is read and while windows close. Its windows are short:
               all lengths close together within the run, as they do at the hour
    real       the same with the national table and file, where they are at hand, and ordinary windows. Many
               of its sites lag: their readings correct windows that are closed

    bench_daemon.py [messages|made|real]...    default: all

Prints figures against goals; it fails only where it cannot run."""
import gzip
import os
import re
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import made
import national
import reader
import usage
from bruisd_e2e import PROGRAM, ROOT, Child, Rig, need, skip

FILE_S = 5  # between two files, and the period of what the made ones tell
MADE_FILES = 26  # over two minutes
REAL_FILES = 14  # over one minute
DELAY_S = 1  # from the end of a period to its file
REST_S = 8
MEMORY_GOAL_MIB = 48
TURN_GOAL_MS = 50

RATE = 20_000
SECONDS = 10
SENSORS = 3_000
ROUNDS = 2
RATIO_GOAL = 1.0
QUIET_S = 3  # without a message: what is not there then is lost

SHORT_WINDOWS = "[15s, 30s, 1m, 2m, 1d]"
WINDOWS = "[1m, 5m, 15m, 1h, 1d]"
CONFIG = """node: @NODE@
state_dir: @STATE@
@REGIONS@brokers:
  city: {url: "@BROKER@"}
feeds:
@FEEDS@
windows: @WINDOWS@
lateness: 5s
publish:
  mqtt: {broker: city, prefix: @NODE@}
  http: {listen: "@HTTP@", ops_listen: "@OPS@"}
"""
TRAFFIC_FEED = """  ndw: {broker: city, topics: [ndw/#], adapter: datex2, options: {site_table: @TABLE@},
        interval: 5s, max_payload: 16MiB, max_unpacked: 400MiB}"""
MESSAGE_FEED = """  q@QOS@: {broker: city, topics: [q@QOS@/+], qos: @QOS@, adapter: json, interval: 5s,
        options: {domain: parking, sensor: "topic:2", observed_at: {at: /t, format: epoch_ms}, lat: /lat,
        lon: /lon, values: {vacant: /free, capacity: /cap,
        open: {at: /state, true: [open], false: [closed]}}}}"""

Bench = namedtuple("Bench", "rig broker verdicts")
Cost = namedtuple("Cost", "cpu_us received sent late_ms threads")


def judge(bench, what, value, unit, goal):
    bench.verdicts.append(value <= goal)
    verdict = "pass" if value <= goal else "over"
    print(f"{what:<52} {value:7.2f} {unit:<3}  goal <= {goal:g}  ratio {value / goal:.2f}  {verdict}", flush=True)


def judge_turn(bench, what, turn):
    """A turn is as long as the clock says: where others use the processors the loop waits within it."""
    judge(bench, what, turn.turn_s * 1e3, "ms", TURN_GOAL_MS)
    if turn.turn_s * 1e3 > TURN_GOAL_MS:
        print(f"    around it the loop waited {turn.waited_s * 1e3:.0f} ms for a processor; "
              f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


def start(bench, node, regions, feeds, windows):
    config = CONFIG
    for mark, value in (("@NODE@", node), ("@REGIONS@", regions), ("@FEEDS@", feeds),
                        ("@WINDOWS@", windows)):
        config = config.replace(mark, value)
    return bench.rig.daemon(node, config, bench.broker)


# ---- a national feed


def prepare(bench, name, count, make):
    """The files of periods to come: make(number, begin) gives bytes, packed. The first period begins when all
    are made."""
    began = time.time()
    make(0, began)
    preparation_s = 1.5 * count * (time.time() - began) + FILE_S
    first_s = int(time.time() + preparation_s) // FILE_S * FILE_S
    files = []
    for number in range(count):
        files.append(bench.rig.folder / f"{name}-{number}.xml.gz")
        files[-1].write_bytes(make(number, first_s + number * FILE_S))
    return first_s, files


def send(bench, watch, first_s, files):
    """Sends the files at their times. When each was sent, and when it had been read."""
    spans = []
    for number, file in enumerate(files):
        time.sleep(max(0, first_s + (number + 1) * FILE_S + DELAY_S - time.time()))
        decoded = watch.looks[-1].decoded
        begin = time.monotonic()
        bench.broker.publish("ndw/speeds", file.read_bytes())
        bench.rig.wait(lambda d=decoded: watch.looks[-1].decoded > d, f"{file.name} to be read")
        spans.append((begin, time.monotonic()))
    return spans


def measure(bench, daemon, first_s, files):
    """What a daemon costs while it is sent these files."""
    pid, name = daemon.process.pid, daemon.name
    at_start, cpu_s = usage.anonymous(pid), usage.cpu_s(pid)
    with usage.Watch(daemon) as watch:
        spans = send(bench, watch, first_s, files)
        cpu_s = usage.cpu_s(pid) - cpu_s
        time.sleep(REST_S)
    metrics, turns = daemon.metrics(), watch.turns(spans)
    used = metrics.total("bruis_observations_total", result="used")
    if used == 0:
        raise RuntimeError(f"{name}: no reading was used: {daemon.log_text()[-2000:]}")
    print(f"{name}: {len(files)} files of {files[0].stat().st_size / 1e6:.1f} MB packed, "
          f"{metrics.total('bruis_sensors'):.0f} sensors, {used:.0f} readings used, "
          f"{metrics.total('bruis_windows_closed_total'):.0f} windows closed, "
          f"{cpu_s / len(files):.2f} s of CPU a file")
    judge(bench, f"{name}: anonymous memory, most", watch.most_memory() / usage.MIB, "MiB", MEMORY_GOAL_MIB)
    print(f"{name}: anonymous memory before the first file {at_start / usage.MIB:.1f} MiB, "
          f"{REST_S} s after the last {watch.last_memory() / usage.MIB:.1f} MiB")
    judge_turn(bench, f"{name}: longest turn while a file is read", turns["reading"])
    judge_turn(bench, f"{name}: longest turn while windows close", turns["closing"])
    print(f"{name}: longest turn at other times {turns['other'].turn_s * 1e3:.1f} ms; a file is read at most "
          f"{max(end - begin for begin, end in spans):.1f} s after it is sent")
    daemon.stop()


def bench_made(bench):
    table = bench.rig.folder / "table.xml.gz"
    table_size = made.write_table(table, FILE_S)
    feed = TRAFFIC_FEED.replace("@TABLE@", str(table))
    daemon = start(bench, "made", made.write_regions(bench.rig.folder), feed, SHORT_WINDOWS)
    first_s, files = prepare(bench, "made", MADE_FILES, made.measured)
    print(f"made: {made.SITES} sites, table of {table_size / 1e6:.0f} MB, "
          f"files of {len(gzip.decompress(files[0].read_bytes())) / 1e6:.1f} MB")
    measure(bench, daemon, first_s, files)


def bench_real(bench):
    folder = Path(os.environ.get("BRUIS_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        print("real: skipped, BRUIS_DATA names no folder")
        return
    national.write_regions(folder, bench.rig.folder / "real.csv")
    regions = national.configured(folder, bench.rig.folder / "real.csv")
    feed = TRAFFIC_FEED.replace("@TABLE@", str(folder / national.TABLE))
    daemon = start(bench, "real", regions, feed, WINDOWS)
    document = reader.unpacked(folder / national.SPEEDS)
    newest_ms = reader.instant(max(re.findall(r"<measurementTimeDefault>([^<]+)", document)))

    def moved(_, begin_s):
        """The periods are a minute: they end together with that of the file."""
        shift_ms = (int(begin_s) + FILE_S - 60) * 1000 - newest_ms
        return gzip.compress(national.moved_xml(document, shift_ms).encode(), 1)

    first_s, files = prepare(bench, "real", REAL_FILES, moved)
    print(f"real: files of {len(document) / 1e6:.1f} MB")
    measure(bench, daemon, first_s, files)


# ---- small messages


def build(bench, name, *libraries):
    subprocess.run([os.environ.get("CC", "cc"), "-std=c17", "-D_GNU_SOURCE", "-O2", "-o",
                    str(bench.rig.folder / name), str(HERE / f"{name}.c"), *libraries], check=True)


def pace(bench, qos, seconds):
    """Messages sent, and how late the latest of its writes was in ms."""
    command = [bench.rig.folder / "pacer", bench.broker.port, f"q{qos}", qos, RATE, seconds, SENSORS]
    done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
    words = done.stdout.split()
    return int(words[0]), float(words[2])


def settle(received, expected):
    """The number when all is received, or when nothing more comes: at QoS 0 a message may be lost."""
    count, since = received(), time.monotonic()
    while count < expected and time.monotonic() - since < QUIET_S:
        time.sleep(0.2)
        before, count = count, received()
        if count != before:
            since = time.monotonic()
    return count


def cost(bench, qos, pid, received):
    """What a process uses for the messages of a run. received() gives how many there have been."""
    cpu_s, threads, count = usage.cpu_s(pid), usage.threads_s(pid), received()
    sent, late_ms = pace(bench, qos, SECONDS)
    count = settle(received, count + sent) - count
    cpu_s = usage.cpu_s(pid) - cpu_s
    after = usage.threads_s(pid)
    if count == 0:
        raise RuntimeError(f"no message of QoS {qos} was received")
    return Cost(cpu_s / count * 1e6, count, sent, late_ms,
                {name: (after[name] - threads.get(name, 0)) / count * 1e6 for name in after})


def bare(bench, qos, number):
    command = [str(bench.rig.folder / "counter"), str(bench.broker.port), f"q{qos}/+", str(qos)]
    counter = bench.rig.add(Child(bench.rig, f"counter-{qos}-{number}", command))
    bench.rig.wait(lambda: "ready" in counter.out.read_text(), "the counter to subscribe")

    def received():
        """It tells its number when it is asked."""
        told = len(counter.out.read_text().split())
        counter.process.send_signal(usage.ASK)
        bench.rig.wait(lambda: len(counter.out.read_text().split()) > told, "the counter's number")
        return int(counter.out.read_text().split()[-1])

    result = cost(bench, qos, counter.process.pid, received)
    counter.stop()
    return result


def bench_messages(bench):
    build(bench, "pacer")
    build(bench, "counter", "-lpaho-mqtt3as")
    feeds = "\n".join(MESSAGE_FEED.replace("@QOS@", str(qos)) for qos in (0, 1))
    daemon = start(bench, "small", made.write_regions(bench.rig.folder), feeds, WINDOWS)
    for qos in (0, 1):
        pace(bench, qos, 1)  # its sensors become known
        costs = {"bare": [], "daemon": []}
        for number in range(ROUNDS):
            costs["bare"].append(bare(bench, qos, number))
            costs["daemon"].append(cost(bench, qos, daemon.process.pid,
                                        lambda: daemon.metrics().total("bruis_messages_received_total")))
        report_messages(bench, qos, costs)
    print(f"messages: anonymous memory of the daemon with {2 * SENSORS} sensors "
          f"{usage.anonymous(daemon.process.pid) / usage.MIB:.1f} MiB")
    daemon.stop()


def report_messages(bench, qos, costs):
    means = {}
    for kind, runs in costs.items():
        means[kind] = sum(run.cpu_us for run in runs) / len(runs)
        shares = {name: sum(run.threads.get(name, 0) for run in runs) / len(runs) for name in runs[0].threads}
        print(f"QoS {qos}: {kind:<6} {means[kind]:5.2f} us of CPU a message: "
              + ", ".join(f"{name} {share:.1f}" for name, share in sorted(shares.items()) if share >= 0.05))
        print("       runs " + ", ".join(f"{run.cpu_us:.2f} us ({run.received:.0f} of {run.sent} received)"
                                         for run in runs)
              + f"; latest write {max(run.late_ms for run in runs):.0f} ms late")
    judge(bench, f"QoS {qos}: CPU of a message, daemon / bare subscriber", means["daemon"] / means["bare"],
          "", RATIO_GOAL)


BENCHES = {"messages": bench_messages, "made": bench_made, "real": bench_real}


def main():
    wanted = sys.argv[1:] or list(BENCHES)
    if not set(wanted) <= set(BENCHES):
        sys.exit(f"usage: bench_daemon.py [{'|'.join(BENCHES)}]...")
    need("mosquitto_pub", os.environ.get("CC", "cc"), PROGRAM)
    with Rig() as rig:
        bench = Bench(rig, rig.broker(), [])
        for name in wanted:
            BENCHES[name](bench)
    if not bench.verdicts:
        skip("nothing to measure")
    print(f"{sum(bench.verdicts)} of {len(bench.verdicts)} goals met")


if __name__ == "__main__":
    main()
