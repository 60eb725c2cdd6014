#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""SIGHUP under traffic: every second configuration is faulty and changes nothing, the others add and take away feeds,
sets and outputs. No message is lost, no connection ends of which nothing is different, and the figures are those of
all readings. RELOADS: how many (10)."""
import json
import os
import signal
import subprocess
import threading
import time

from bruisd_e2e import Child, DEADLINE_S, Faults, Rig, need

RELOADS = int(os.environ.get("RELOADS", "10"))
MINUTE_S = 60
TABLE = "code,type,name,parents\nNL00,land,Nederland,\nGM9001,gemeente,Aardam,NL00\nGM9002,gemeente,Beekstad,NL00\n"
SENSORS = "feed,sensor,name,lat,lon,region\ncounts,a,A,52.1,5.1,GM9001\ncounts,b,B,52.2,5.2,GM9002\n"

CONFIG = """node: proef
state_dir: @STATE@
regions:
  year: 2026
  table: regions.csv
  sets: [{sets}]
sensors: [sensors.csv]
brokers:
  city: {{url: "@BROKER@", client_id: proef-in, keepalive: {keepalive}}}
feeds:
  counts:
    broker: city
    topics: [counts/#]
    adapter: json
    options:
      domain: pedestrian
      sensor: /id
      observed_at: {{at: /t, format: epoch_s}}
      values: {{count: /n, period_s: /p}}
    interval: 1s
{feeds}windows: [1m, 1h]
lateness: 5s
correct_for: 2h
privacy: {{pedestrian_min: 1, round_to: 1, min_window: 1m}}
publish:
  mqtt: {{broker: city, prefix: proef, encodings: [{encodings}]}}
  http: {{listen: "@HTTP@", ops_listen: "@OPS@", public_url: "https://{host}"}}
"""
MORE = """  other:
    broker: city
    topics: [other/#]
    adapter: json
    options: {{domain: parking, sensor: /id, observed_at: {{at: /t, format: epoch_s}}, values: {{vacant: /n}}}}
"""
SET = "{code: x-alle, name: Alles, members: [gm9001, gm9002]}"


def text_of(number):
    """The right one of this number: something differs from the one before."""
    odd = number % 2 == 1
    return CONFIG.format(sets=SET if odd else "", feeds=MORE.format() if odd else "", keepalive="30s",
                         encodings="json, pb" if number % 4 < 2 else "json", host=f"data{number}.example.nl")


def faulty(right, number):
    """Each a fault of another kind."""
    return [right.replace("windows: [1m, 1h]", "windows: [1m, 7m]"), right + "unknown: 1\n",
            right.replace("regions.csv", "nowhere.csv"), right.replace("  city: {", "  city: ["),
            right.replace("node: proef", "node: elders"), right.replace("mqtt://", "http://")][number % 6]


class Feeder(threading.Thread):
    """Counts of the last hour through one connection, until it is told to stop."""

    def __init__(self, broker, start_s):
        super().__init__(daemon=True)
        self.pipe = subprocess.Popen(["mosquitto_pub", "-V", "mqttv5", "-p", str(broker.port), "-q", "1", "-t",
                                      "counts/x", "-l"], stdin=subprocess.PIPE)
        self.start_s = start_s
        self.sent = 0
        self.total = {"a": 0, "b": 0}
        self.is_on = True
        self.start()

    def run(self):
        while self.is_on:
            sensor, n = "ab"[self.sent % 2], self.sent % 7 + 1
            line = {"id": sensor, "t": self.start_s + self.sent, "n": n, "p": 1}
            self.pipe.stdin.write(json.dumps(line).encode() + b"\n")
            self.pipe.stdin.flush()
            self.total[sensor] += n
            self.sent += 1
            time.sleep(0.001)  # the pace of the traffic; nothing waits for it
        self.pipe.stdin.close()
        self.pipe.wait(DEADLINE_S)

    def finish(self):
        self.is_on = False
        self.join(DEADLINE_S)


def install(daemon, text):
    new = daemon.config.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(daemon.config)


def reload(rig, daemon, text, event):
    before = daemon.log_text().count(f"ev={event}")
    install(daemon, text)
    daemon.process.send_signal(signal.SIGHUP)
    rig.wait(lambda: daemon.log_text().count(f"ev={event}") > before or not daemon.is_running(), event)


def passages(daemon, region):
    status, body = daemon.get(f"/v1/figures/pedestrian/{region}?window=1m&limit=1000")
    figures = json.loads(body)["figures"] if status == 200 else []
    return sum(figure["pedestrian"]["passages"] or 0 for figure in figures)


def fill_in(daemon, broker, text):
    for mark, value in (("@STATE@", daemon.state), ("@BROKER@", f"mqtt://127.0.0.1:{broker.port}"),
                        ("@HTTP@", f"127.0.0.1:{daemon.http_port}"), ("@OPS@", f"127.0.0.1:{daemon.ops_port}")):
        text = text.replace(mark, str(value))
    return text


def check_right(rig, daemon, number, faults):
    """What the right configuration of this number says can be seen."""
    odd = number % 2 == 1
    rig.wait(lambda: f"data{number}.example.nl" in daemon.get("/v1")[1], "the new links")
    faults.equal(f"{number}: the set's status", daemon.get("/v1/regions/x-alle")[0], 200 if odd else 404)


def main():
    need("mosquitto", "mosquitto_pub", "mosquitto_sub")
    faults = Faults()
    with Rig() as rig:
        (rig.folder / "regions.csv").write_text(TABLE, encoding="utf-8")
        (rig.folder / "sensors.csv").write_text(SENSORS, encoding="utf-8")
        broker = rig.broker()
        daemon = rig.daemon("proef", text_of(0), broker)
        daemon.state = rig.folder / "state-proef"
        listener = rig.add(Child(rig, "listener", ["mosquitto_sub", "-p", str(broker.port), "-t", "proef/v1/json/#",
                                                   "-F", "%r %t"]))
        feeder = Feeder(broker, int(time.time()) // MINUTE_S * MINUTE_S - 60 * MINUTE_S)
        number = 0
        for count in range(RELOADS):
            if count % 2 == 0:
                number += 1
                reload(rig, daemon, fill_in(daemon, broker, text_of(number)), "reloaded")
            else:
                wrong = faulty(fill_in(daemon, broker, text_of(number + 1)), count // 2)
                reload(rig, daemon, wrong, "reload_refused")
                faults.check("ev=config_fault" in daemon.log_text(), "a refusal names no fault")
            check_right(rig, daemon, number, faults)
        install(daemon, fill_in(daemon, broker, text_of(2)))  # without the set
        daemon.process.send_signal(signal.SIGHUP)
        daemon.process.send_signal(signal.SIGHUP)  # the second comes while the first is at work
        check_right(rig, daemon, 2, faults)
        feeder.finish()
        rig.wait(lambda: daemon.metrics().total("bruis_messages_received_total", feed="counts") >= feeder.sent
                 or not daemon.is_running(), "all messages")
        rig.wait(lambda: passages(daemon, "nl00") == sum(feeder.total.values()), "all readings in the figures")
        faults.equal("passages of Aardam", passages(daemon, "gm9001"), feeder.total["a"])
        metrics = daemon.metrics()
        metrics.check_identities(faults)
        faults.equal("messages", metrics.total("bruis_messages_received_total", feed="counts"), feeder.sent)
        faults.equal("used", metrics.total("bruis_observations_total", feed="counts", result="used"), feeder.sent)
        log = broker.log_text()
        faults.equal("connections of the input", log.count(" as proef-in ("), 1)
        faults.check(log.count(" as proef-in-out (") > 1 or RELOADS < 3, "the output never changed its encodings")
        rig.wait(lambda: "x-alle" in listener.out.read_text(), "the set's figures")
        retained = subprocess.run(["mosquitto_sub", "-p", str(broker.port), "-t", "proef/v1/json/#", "-F", "%r %t",
                                   "--retained-only", "-W", "2"], capture_output=True, check=False).stdout.decode()
        faults.check("gm9001/1m" in retained, "there is no retained figure at all")
        faults.check("x-alle" not in retained, "figures of a set that is no more are retained")
        faults.equal("exit status", daemon.stop(), 0)
    faults.finish(f"{RELOADS} reloads under {feeder.sent} messages, none lost, the input connected once")


main()
