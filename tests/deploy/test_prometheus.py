#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""deploy/prometheus in a real Prometheus that watches a running bruisd, and deploy/grafana: the rules pass their own
tests and are evaluated, and every metric that a rule, a panel or the guide names is one that bruisd shows, with those
labels."""
import json
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from deployed import (DEADLINE_S, DEPLOY, Child, Faults, Rig, adapted, city, free_port, metric_names, need_tools,
                      show_figures, tool)

RULES = "prometheus/bruisd.rules.yml"


class Prometheus(Child):
    def __init__(self, rig, daemon):
        self.port = free_port()
        rules, config = rig.folder / "rules.yml", rig.folder / "prometheus.yml"
        rules.write_text((DEPLOY / RULES).read_text(encoding="utf-8"), encoding="utf-8")
        config.write_text(adapted("prometheus/prometheus.yml", {
            "/etc/prometheus/bruisd.rules.yml": rules, "127.0.0.1:9090": f"127.0.0.1:{daemon.ops_port}",
            "15s": "1s"}), encoding="utf-8")
        super().__init__(rig, "prometheus", [
            tool("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={rig.folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{self.port}"])
        rig.wait(lambda: self.result('up{job="bruisd"} == 1') or not self.is_running(), "Prometheus to see bruisd")

    def ask(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            return {"error": json.load(error)["error"]}
        except OSError:
            return {}

    def result(self, expression):
        return self.ask("query", query=expression).get("result")

    def rules(self):
        return [rule for group in self.ask("rules").get("groups", []) for rule in group["rules"]]


def check_files(faults):
    for arguments in (("test", "rules", DEPLOY / "prometheus/bruisd.rules.test.yml"), ("check", "rules", DEPLOY / RULES)):
        done = subprocess.run([tool("promtool"), *map(str, arguments)], capture_output=True, text=True,
                              timeout=DEADLINE_S, check=False)
        faults.check(done.returncode == 0, f"promtool: {done.stdout}{done.stderr}")
    tested = set(re.findall(r"alertname: (\w+)", (DEPLOY / "prometheus/bruisd.rules.test.yml").read_text()))
    faults.equal("alerts without a test", alerts() - tested, set())


def alerts():
    return set(re.findall(r"- alert: (\w+)", (DEPLOY / RULES).read_text(encoding="utf-8")))


def expressions(faults):
    """(where, expression) of every panel."""
    dashboard = json.loads((DEPLOY / "grafana/bruisd.json").read_text(encoding="utf-8"))
    panels = dashboard["panels"]
    faults.equal("panels with a number of their own", len({panel["id"] for panel in panels}), len(panels))
    found = []
    for panel in panels:
        place = panel["gridPos"]
        faults.check(place["x"] + place["w"] <= 24, f"panel {panel['title']} is too wide")
        found += [(panel["title"], target["expr"]) for target in panel.get("targets", [])]
    found += [(variable["name"], variable["definition"]) for variable in dashboard["templating"]["list"]
              if "definition" in variable]
    return found


def check_names(daemon, panels, faults):
    shown = {name for name, _, _ in daemon.metrics().samples}
    texts = [("the rules", (DEPLOY / RULES).read_text(encoding="utf-8")),
             ("the guide", (DEPLOY / "GUIDE.md").read_text(encoding="utf-8"))] + panels
    for where, text in texts:
        faults.equal(f"metrics of {where} that bruisd does not show", metric_names(text) - shown, set())
    drawn = set().union(*(metric_names(text) for _, text in panels))
    faults.equal("metrics that no panel shows", shown - drawn, set())


def check_queries(prometheus, panels, faults):
    """A selector with a label or a value that is not there selects nothing: `absent` would not be seen otherwise. What
    a panel shows only where something is wrong may be empty."""
    for where, expression in panels:
        if expression.startswith("label_values"):
            continue
        query = expression.replace("$instance", ".*").replace("$__rate_interval", "10s").removesuffix(" > 0")
        got = prometheus.ask("query", query=query)
        faults.check(got.get("result"), f"panel {where}: {query} gives {got}")


def main():
    need_tools("prometheus", "promtool", "mosquitto", "mosquitto_passwd", "openssl")
    faults = Faults()
    check_files(faults)
    with Rig() as rig:
        broker, daemon = city(rig)
        show_figures(rig, broker, daemon)
        prometheus = rig.add(Prometheus(rig, daemon))
        panels = expressions(faults)
        check_names(daemon, panels, faults)
        # Two looks make a rate.
        rig.wait(lambda: prometheus.result("count_over_time(bruis_build_info[1m]) > 3"), "some looks")
        check_queries(prometheus, panels, faults)
        rig.wait(lambda: all(rule["health"] != "unknown" for rule in prometheus.rules()), "the rules")
        rules = {rule["name"]: rule for rule in prometheus.rules()}
        faults.equal("the alerts", set(rules), alerts())
        for name, rule in rules.items():
            faults.equal(f"{name} is evaluated", rule["health"], "ok")
        # One that has to come: the certificates of the test end in two days.
        rig.wait(lambda: prometheus.result('ALERTS{alertname="BruisdCertificateExpires",alertstate="firing"}'), "an alert")
        daemon.stop()
        rig.wait(lambda: prometheus.result('ALERTS{alertname="BruisdDown"}'), "the alert of a stopped bruisd")
    faults.finish("all rules fire and are evaluated; all metrics named are shown")


if __name__ == "__main__":
    main()
