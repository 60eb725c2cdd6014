# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""Real InfluxDB servers for tests: Debian's influxd 1.6 and victoria-metrics, each in a folder and on ports of its own."""
import json
import os
import shutil
import signal
import urllib.error
import urllib.parse
import urllib.request

from bruisd_e2e import Child, DEADLINE_S, free_port

DATABASE = "bruis"
CONFIG = """reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
[monitor]
  store-enabled = false
"""


class Influx(Child):
    """influxd; it may be stopped, killed and started again on what it has."""

    def __init__(self, rig, folder=None):
        self.rig, self.name = rig, "influxd"
        self.port = free_port()
        self.folder = folder or rig.folder / "influx"
        self.folder.mkdir(exist_ok=True)
        self.config = rig.folder / "influxd.conf"
        self.config.write_text(CONFIG.format(rpc=free_port(), port=self.port, folder=self.folder), encoding="utf-8")
        self.start()
        rig.add(self)
        self.query(f"CREATE DATABASE {DATABASE}", post=True)

    def start(self):
        program = shutil.which("influxd", path=os.environ["PATH"] + ":/usr/sbin:/usr/bin")
        Child.__init__(self, self.rig, self.name, [program, "-config", str(self.config)], {"HOME": str(self.folder)})
        self.rig.wait(self.answers, "influxd to answer")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def answers(self):
        try:
            with urllib.request.urlopen(f"{self.url()}/ping", timeout=DEADLINE_S) as answer:
                return answer.status == 204
        except OSError:
            return False

    def query(self, statement, post=False):
        """The result of one statement: rows as dictionaries."""
        values = urllib.parse.urlencode({"db": DATABASE, "q": statement, "epoch": "ms"})
        url = f"{self.url()}/query"
        request = urllib.request.Request(url if post else f"{url}?{values}", values.encode() if post else None)
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            result = json.load(answer)["results"][0]
        if "error" in result:
            raise RuntimeError(f"{statement}: {result['error']}")
        return [dict(zip(series["columns"], row)) for series in result.get("series", []) for row in series["values"]]

    def points(self, domain):
        """(region, window, start in ms) -> the fields that are there."""
        return {(row["region"], row["window"], row["time"]): {k: v for k, v in row.items() if v is not None}
                for row in self.query(f'SELECT * FROM "bruis_{domain}"')}


class Victoria(Child):
    """victoria-metrics, which takes the line protocol on the path of version 2."""

    def __init__(self, rig):
        self.port = free_port()
        folder = rig.folder / "victoria"
        super().__init__(rig, "victoria-metrics", [
            shutil.which("victoria-metrics"), f"-storageDataPath={folder}", f"-httpListenAddr=127.0.0.1:{self.port}",
            "-retentionPeriod=100y", "-influxSkipSingleField=false"])
        rig.add(self)
        rig.wait(self.answers, "victoria-metrics to answer")

    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def answers(self):
        try:
            with urllib.request.urlopen(f"{self.url()}/health", timeout=DEADLINE_S) as answer:
                return answer.status == 200
        except OSError:
            return False

    def series(self, measurement):
        """(field, region, window) -> [(time in ms, value)], all that it has of a measurement."""
        values = urllib.parse.urlencode({"match[]": f'{{__name__=~"{measurement}_.*"}}'})
        with urllib.request.urlopen(f"{self.url()}/api/v1/export?{values}&reduce_mem_usage=1", timeout=DEADLINE_S) as answer:
            lines = answer.read().decode().splitlines()
        found = {}
        for line in map(json.loads, lines):
            metric = line["metric"]
            key = metric["__name__"][len(measurement) + 1:], metric["region"], metric["window"]
            found.setdefault(key, []).extend(zip(line["timestamps"], line["values"]))
        return found

    def flush(self):
        urllib.request.urlopen(f"{self.url()}/internal/force_flush", timeout=DEADLINE_S).close()
