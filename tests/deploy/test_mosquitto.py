#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""deploy/mosquitto in front of a real mosquitto: who may write and read what, TLS, and that what bruisd missed while
it was away waits for it, over a restart of the broker."""
import signal
import subprocess
import time
from pathlib import Path

from deployed import DEADLINE_S, PASSWORDS, Faults, Rig, city, need_tools, reading, restart, show_figures

QUEUED = 3000  # three times what mosquitto keeps by default


def check_writing(broker, faults):
    """The same subscription for all: the order of arrival shows that a refused message is not on its way."""
    attempts = [("garages", "feeds/garages/a", True), ("garages", "feeds/roads/a", False), ("garages", "feeds/a", False),
                ("garages", "bruis/v1/json/parking/gemeente/gm9001/1m", False), ("public", "feeds/public/a", False),
                ("public", "feeds/garages/a", False), ("public", "bruis/v1/status/proef", False)]
    command = ["mosquitto_sub", "-V", "mqttv5", "-h", "localhost", "-p", str(broker.port), "--cafile", str(broker.ca),
               "-u", "bruisd", "-P", PASSWORDS["bruisd"], "-q", "1", "-t", "feeds/#", "-t", "bruis/+/json/#",
               "-t", "bruis/v1/status/#", "-F", "%t %p", "-i", "watch", "-d"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as watch:
        for line in watch.stdout:
            if "SUBACK" in line:
                break
        for number, (user, topic, _) in enumerate(attempts):
            broker.publish(user, topic, f"mark-{number}-")
        broker.publish("garages", "feeds/garages/end", "the-end")
        arrived = ""
        for line in watch.stdout:
            arrived += line
            if "the-end" in line:
                break
        watch.send_signal(signal.SIGTERM)
    for number, (user, topic, allowed) in enumerate(attempts):
        faults.equal(f"{user} writes {topic}", f"mark-{number}-" in arrived, allowed)


def check_reading(broker, faults):
    figure = "bruis/v1/json/parking/gemeente/gm9001/1s"
    faults.check('"region":"gm9001"' in broker.hear("public", figure, 1, "-W", 30), "the public reads no figure")
    faults.equal("the public reads the status", "online" in broker.hear("public", "bruis/v1/status/proef", 1, "-W", 30),
                 True)
    # Retained, so that they would come at once to whoever may read them.
    for topic in ("bruis/v1/state/parking", "bruis/v1/json/observation/parking/garages/g1"):
        broker.client("mosquitto_pub", "bruisd", "-q", 1, "-r", "-t", topic, "-m", "secret")
        faults.equal(f"bruisd reads {topic}", broker.hear("bruisd", topic, 1, "-W", 30).strip(), "secret")
        faults.equal(f"the public reads {topic}", broker.hear("public", topic, 1, "-W", 2), "")
        faults.equal(f"a source reads {topic}", broker.hear("garages", topic, 1, "-W", 2), "")


def check_entry(broker, faults):
    faults.check(broker.client("mosquitto_pub", None, "-t", "feeds/garages/a", "-m", "x").returncode != 0,
                 "somebody without a name comes in")
    wrong = broker.client("mosquitto_pub", "garages", "-P", "wrong", "-t", "feeds/garages/a", "-m", "x")
    faults.check(wrong.returncode != 0, "a wrong password comes in")
    for version, allowed in (("tls1_1", False), ("tls1_2", True), ("tls1_3", True)):
        # The lower level lets this side speak 1.1 at all: it is the broker that has to refuse.
        done = subprocess.run(["openssl", "s_client", "-connect", f"localhost:{broker.port}", "-CAfile", str(broker.ca),
                               "-verify_return_error", f"-{version}", "-cipher", "DEFAULT:@SECLEVEL=0"], input=b"",
                              capture_output=True, timeout=DEADLINE_S, check=False)
        faults.equal(f"the broker takes {version}", done.returncode == 0, allowed)


def check_waiting(rig, broker, daemon, faults):
    """bruisd is away while a source sends, and the broker is started again meanwhile."""
    daemon.stop()
    now = time.time() - 1  # readings of one second: older ones would correct hundreds of short windows
    lines = "".join(reading("g1", number % 100, now + number / 1e4) + "\n" for number in range(QUEUED))
    sent = broker.client("mosquitto_pub", "garages", "-q", 1, "-t", "feeds/garages/g1", "-l", input=lines.encode())
    faults.equal("sending", sent.returncode, 0)
    restart(broker)
    rig.wait(lambda: broker.log_text().count(" running") == 2, "the broker to run again")
    restart(daemon)
    rig.wait(daemon.is_ready, "bruisd to be ready again")

    def received():
        return daemon.metrics().total("bruis_messages_received_total", feed="garages")
    rig.wait(lambda: received() >= QUEUED or not daemon.is_running(), "all messages that waited")
    faults.equal("messages that waited", received(), QUEUED)
    arguments = Path(f"/proc/{daemon.process.pid}/cmdline").read_text() + Path(f"/proc/{daemon.process.pid}/environ").read_text()
    faults.check(PASSWORDS["bruisd"] not in daemon.log_text() + arguments + daemon.get("/metrics", ops=True)[1],
                 "the password shows")


def main():
    need_tools("mosquitto", "mosquitto_passwd", "mosquitto_pub", "mosquitto_sub", "openssl")
    faults = Faults()
    with Rig() as rig:
        broker, daemon = city(rig)
        show_figures(rig, broker, daemon)
        check_entry(broker, faults)
        check_writing(broker, faults)
        check_reading(broker, faults)
        check_waiting(rig, broker, daemon, faults)
    faults.finish("mosquitto takes what sources send, shows the public figures, and keeps what bruisd missed")


if __name__ == "__main__":
    main()
