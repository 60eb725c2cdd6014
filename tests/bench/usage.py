# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""What a process uses, as the kernel tells it, and what the daemon tells of itself meanwhile."""
import os
import signal
import threading
import time
from collections import namedtuple
from pathlib import Path

MEMORY_POLL_S = 0.02
METRICS_POLL_S = 0.5  # asking is work for the daemon too
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
MIB = 1 << 20
ASK = signal.SIGUSR1  # tests/bench/counter.c tells its number

# One look at the metrics. turn_s: the longest turn of the loop since the look before. waited_s: for how long the
# loop's thread was ready to run but had no processor, in all.
Look = namedtuple("Look", "at turn_s decoded closed waited_s")
Turn = namedtuple("Turn", "turn_s waited_s")  # waited_s: in the time between the two looks


def cpu_s(pid):
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def threads_s(pid):
    """The same for each of its threads, by the name of the thread; those of one name together."""
    times = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        name, _, rest = (task / "stat").read_text(encoding="ascii").partition("(")[2].rpartition(")")
        fields = rest.split()
        times[name] = times.get(name, 0) + (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND
    return times


def waited_s(pid):
    """How long the first thread of a process, the loop's, was ready to run while others had the processors."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9


def anonymous(pid):
    """Bytes of memory that is no file."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


class Watch:
    """Follows a daemon from two threads until it is left."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.memory = []  # (time, bytes)
        self.looks = []
        self.is_open = True
        self.threads = [threading.Thread(target=self.follow_memory, daemon=True),
                        threading.Thread(target=self.follow_metrics, daemon=True)]

    def __enter__(self):
        self.look()
        self.looks.clear()  # what was before is not ours
        self.look()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_open = False
        for thread in self.threads:
            thread.join()

    def follow_memory(self):
        while self.is_open:
            self.memory.append((time.monotonic(), anonymous(self.daemon.process.pid)))
            time.sleep(MEMORY_POLL_S)

    def follow_metrics(self):
        while self.is_open:
            self.look()
            time.sleep(METRICS_POLL_S)

    def look(self):
        metrics = self.daemon.metrics()
        self.looks.append(Look(time.monotonic(), metrics.total("bruis_loop_turn_max_seconds"),
                               metrics.total("bruis_messages_total", outcome="decoded"),
                               metrics.total("bruis_windows_closed_total"),
                               waited_s(self.daemon.process.pid)))

    def most_memory(self):
        return max(size for _, size in self.memory)

    def last_memory(self):
        return self.memory[-1][1]

    def turns(self, spans):
        """The longest turns: while windows closed; while a file was read (in one of the spans of time) and no
        window closed; and else. A turn may be told one look after what was counted in it."""
        longest = {kind: Turn(0, 0) for kind in ("closing", "reading", "other")}
        closing = 0  # looks for which it still is
        for before, look in zip(self.looks, self.looks[1:]):
            closing = 2 if look.closed > before.closed else closing - 1
            is_reading = any(start < look.at and before.at < end + 2 * METRICS_POLL_S for start, end in spans)
            kind = "closing" if closing > 0 else "reading" if is_reading else "other"
            longest[kind] = max(longest[kind], Turn(look.turn_s, look.waited_s - before.waited_s))
        return longest
