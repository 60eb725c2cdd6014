# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""What tests of deploy/ share: its files as they are, with nothing but ports and paths put in place, in front of the
real programs; a throw-away authority; and a bruisd with feeds enough to show every metric."""
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from bruisd_e2e import DEADLINE_S, PROGRAM, ROOT, Child, Daemon, Faults, Rig, free_port

DEPLOY = ROOT / "deploy"
PASSWORDS = {"bruisd": "marker-7Qd", "garages": "marker-x2K", "roads": "marker-p0L", "public": "public"}
TABLE = "code,type,name,parents\nnl00,land,Nederland,\ngm9001,gemeente,Aardam,nl00\n"
SENSORS = "feed,sensor,name,lat,lon,region\ngarages,g1,Centrum,52.1,5.1,gm9001\ngarages,g2,Station,52.1,5.1,gm9001\n"

CONFIG = """node: proef
state_dir: @STATE@
regions: {{year: 2026, table: regions.csv}}
sensors: [sensors.csv]
brokers:
  city:
    url: mqtts://localhost:{port}
    username: bruisd
    password_file: bruisd.password
    ca_file: ca.crt
    cert_file: client.crt
    key_file: client.key
feeds:
  garages:
    broker: city
    topics: [feeds/garages/+]
    adapter: json
    options:
      domain: parking
      sensor: /id
      observed_at: {{at: /t, format: epoch_ms}}
      values: {{vacant: /free, capacity: /total}}
    interval: 1s
  roads: {{broker: city, topics: [feeds/roads/#], adapter: datex2}}
windows: [1s, 1m]
lateness: 0s
publish:
  mqtt: {{broker: city, live_every: 0s}}
  http: {{listen: "@HTTP@", ops_listen: "@OPS@", public_url: "https://data.example.nl", trusted_proxies: [127.0.0.1]}}
"""


def tool(name):
    """A program that may lie where only root looks."""
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")


def need_tools(*names):
    missing = [name for name in names if not tool(name)]
    if missing:
        print(f"skipped: not installed: {' '.join(missing)}")
        sys.exit(77)


def adapted(file, changes):
    """The text of a file of deploy/ with these put in place. Each must be there: else it is not the file that is
    shipped which is tested."""
    text = (DEPLOY / file).read_text(encoding="utf-8")
    for old, new in changes.items():
        if old not in text:
            raise ValueError(f"{file} holds no {old!r}")
        text = text.replace(old, str(new))
    return text


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=DEADLINE_S)


def make_certificates(folder):
    """ca.crt, and certificates of it: of the broker, of bruisd as its client, of the proxy."""
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=throw-away",
            "-keyout", folder / "ca.key", "-out", folder / "ca.crt")
    for name, subject in (("server", "localhost"), ("client", "bruisd"), ("proxy", "data.example.nl")):
        request, names = folder / f"{name}.csr", folder / f"{name}.ext"
        names.write_text(f"subjectAltName=DNS:{subject}\n", encoding="utf-8")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={subject}", "-keyout", folder / f"{name}.key",
                "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key",
                "-CAcreateserial", "-days", "2", "-extfile", names, "-out", folder / f"{name}.crt")


class CityBroker(Child):
    """mosquitto with deploy/mosquitto beside a main file like Debian's."""

    def __init__(self, rig):
        self.port = free_port()
        self.ca = rig.folder / "ca.crt"
        store, folder = rig.folder / "mosquitto", rig.folder / "conf.d"
        for path in (store, folder):
            path.mkdir(exist_ok=True)
        passwords, rules = rig.folder / "passwords", rig.folder / "acl"
        passwords.write_text("".join(f"{name}:{word}\n" for name, word in PASSWORDS.items()), encoding="utf-8")
        subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True, timeout=DEADLINE_S)
        shutil.copy(DEPLOY / "mosquitto" / "bruisd.acl", rules)
        (folder / "bruisd.conf").write_text(adapted("mosquitto/bruisd.conf", {
            "listener 8883": f"listener {self.port} 127.0.0.1",
            "/etc/mosquitto/certs/server": rig.folder / "server",
            "password_file /etc/mosquitto/bruisd.passwd": f"password_file {passwords}",
            "acl_file /etc/mosquitto/bruisd.acl": f"acl_file {rules}"}), encoding="utf-8")
        self.config = rig.folder / "mosquitto.conf"
        self.config.write_text(f"user root\npersistence true\npersistence_location {store}/\nlog_dest stderr\n"
                               f"include_dir {folder}\n", encoding="utf-8")
        super().__init__(rig, "broker", [tool("mosquitto"), "-c", str(self.config)])
        rig.wait(lambda: " running" in self.log_text(), "the broker to run")

    def client(self, program, user, *arguments, **more):
        """mosquitto_pub or _sub as a user (None: without a name)."""
        command = [program, "-V", "mqttv5", "-h", "localhost", "-p", str(self.port), "--cafile", str(self.ca)]
        command += ["-u", user, "-P", PASSWORDS[user]] if user else []
        return subprocess.run([*command, *map(str, arguments)], capture_output=True, timeout=DEADLINE_S, check=False,
                              **more)

    def publish(self, user, topic, text):
        return self.client("mosquitto_pub", user, "-q", 1, "-t", topic, "-m", text)

    def hear(self, user, topic, count, *more):
        """The first messages of a topic as text, at most what comes within the time (-W)."""
        return self.client("mosquitto_sub", user, "-q", 1, "-t", topic, "-C", count, *more).stdout.decode()


def restart(child):
    """The same command again, in place."""
    child.stop()
    Child.__init__(child, child.rig, child.name, child.process.args)


def city(rig):
    """The broker, and a bruisd on it that is ready."""
    make_certificates(rig.folder)
    for name, text in (("regions.csv", TABLE), ("sensors.csv", SENSORS), ("bruisd.password", PASSWORDS["bruisd"])):
        (rig.folder / name).write_text(text, encoding="utf-8")
    broker = rig.add(CityBroker(rig))
    daemon = rig.add(Daemon(rig, "bruisd", CONFIG.format(port=broker.port), broker, PROGRAM))
    rig.wait(lambda: daemon.is_ready() and daemon.is_connected(), "bruisd to be ready")
    return broker, daemon


def reading(sensor, free, at_s=None):
    at_ms = int((time.time() if at_s is None else at_s) * 1000)
    return f'{{"id": "{sensor}", "t": {at_ms}, "free": {free}, "total": 100}}'


def show_figures(rig, broker, daemon):
    """Readings until a window is published."""
    def told():
        for number, sensor in enumerate(("g1", "g2")):
            broker.publish("garages", f"feeds/garages/{sensor}", reading(sensor, 10 + number))
        return daemon.metrics().total("bruis_windows_closed_total") > 0
    rig.wait(told, "a window")


def metric_names(text):
    """Of an expression: what looks like one of ours."""
    return set(re.findall(r"\bbruis_[a-z_]+", text))
