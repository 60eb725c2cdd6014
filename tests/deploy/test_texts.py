#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""What is written about the program, held against the program: the guide's tables of log events, alerts and exit codes,
its links, the man pages, the completion, publiccode.yml, security.txt, the bill of materials and the packages."""
import json
import re
import subprocess
import tempfile
from pathlib import Path

import yaml

from deployed import DEADLINE_S, DEPLOY, PROGRAM, ROOT, Faults, need_tools
from log_events import log_events

BUILD = PROGRAM.parent


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def run(*command, **more):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=DEADLINE_S, check=False,
                          **more)


def rows(text, heading):
    """The cells of the first table below a heading."""
    part = text.split(f"{heading}\n", 1)[1]
    table = re.search(r"^\|.*\n\|[-|]+\n((?:\|.*\n)+)", part, re.M)[1]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in table.splitlines()]


def check_log(guide, faults):
    events, unknown = log_events(ROOT)
    faults.equal("log lines that this test cannot read", unknown, [])
    told = {}
    for event, priority, *_ in rows(guide, "## The log"):
        told.setdefault(event.strip("`"), set()).add(priority)
    faults.equal("log events that the guide lacks", set(events) - set(told), set())
    faults.equal("log events that are no more", set(told) - set(events), set())
    for event in set(events) & set(told):
        faults.equal(f"the priorities of {event}", told[event], events[event])


def check_alerts(guide, faults):
    rules = yaml.safe_load(text_of("deploy/prometheus/bruisd.rules.yml"))
    known = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    told = {row[0].strip("`") for row in rows(guide, "### What each alert means")}
    faults.equal("the alerts of the guide", told, known)
    faults.equal("names of alerts in the guide", set(re.findall(r"\bBruisd[A-Z]\w+", guide)) - known, set())


def anchors(text):
    found = set()
    for heading in re.findall(r"^#+ (.*)$", text, re.M):
        found.add(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-"))
    return found


def check_links(faults):
    for path in ("deploy/GUIDE.md", "deploy/nl/SNELSTART.md"):
        text = text_of(path)
        for target in re.findall(r"\]\(([^)]+)\)", text):
            file, _, anchor = target.partition("#")
            place = (ROOT / path).parent / file if file else ROOT / path
            faults.check(place.exists(), f"{path}: {target} is not there")
            faults.check(not anchor or anchor in anchors(place.read_text(encoding="utf-8")), f"{path}: no such heading: {target}")


def check_pages(faults):
    verbs = re.findall(r"^  bruisd (\w+)", run(PROGRAM, "--help").stdout, re.M)
    keys = re.findall(r"^([a-z_][\w.*\[\]]*) \(", run(PROGRAM, "run", "--help").stdout, re.M)
    faults.check(len(verbs) > 5 and len(keys) > 80, f"{len(verbs)} verbs, {len(keys)} keys")
    shown = {}
    for name in ("bruisd.8", "bruisd.yaml.5", "bruis-topics.7"):
        page = BUILD / "man" / name
        for linter in (("mandoc", "-T", "lint", "-W", "warning", page), ("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8",
                                                                         "-Z", page)):
            done = run(*linter)
            said = done.stderr if linter[0] == "man" else done.stdout
            faults.equal(f"{linter[0]} on {name}", said, "")
        shown[name] = run("mandoc", "-T", "ascii", "-O", "width=300", page, env={"PATH": "/usr/bin"}).stdout
        plain = re.sub(r".\x08", "", shown[name])
        faults.check("@" not in re.sub(r"bruisd(-ops)?@\w+", "", plain), f"{name}: a part was not put in")
        shown[name] = plain
    for verb in verbs:
        faults.check(re.search(rf"^\s+bruisd {verb}\b", shown["bruisd.8"], re.M), f"bruisd.8 lacks {verb}")
    for key in keys:
        faults.check(re.search(rf"^\s+{re.escape(key)} \(", shown["bruisd.yaml.5"], re.M), f"bruisd.yaml.5 lacks {key}")
    for adapter in run(PROGRAM, "adapters").stdout.split("\n")[:-1]:
        faults.check(re.search(rf"^\s+{adapter.split()[0]}$", shown["bruisd.yaml.5"], re.M), f"bruisd.yaml.5 lacks {adapter}")
    example = re.search(r"^EXAMPLE\n.*?\n\n(.*?)^FILES", shown["bruisd.yaml.5"], re.M | re.S)[1]
    return re.sub(r"^ {12}", "", example, flags=re.M)


def complete(*words):
    """What bash offers for the last word."""
    script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bruisd; printf "%s\\n" "${COMPREPLY[@]}"')
    return run("bash", "-c", script, "bash", DEPLOY / "completion/bruisd", PROGRAM, *words).stdout.split()


def check_completion(faults):
    verbs = re.findall(r"^  bruisd (\w+)", run(PROGRAM, "--help").stdout, re.M)
    faults.equal("verbs", set(complete("")), {"--help", "--version", *verbs})
    faults.equal("verbs with de", complete("de"), ["decode"])
    faults.equal("adapters", set(complete("decode", "-a", "")),
                 {line.split()[0] for line in run(PROGRAM, "adapters").stdout.splitlines()})
    faults.check({"--feed", "--sensor", "--from", "--to"} <= set(complete("withdraw", "-")), "options of withdraw")
    faults.check(str(DEPLOY / "etc") in complete("check", "-c", str(DEPLOY / "et")), "files")


def check_publiccode(faults):
    code = yaml.safe_load(text_of("publiccode.yml"))
    needed = {"publiccodeYmlVersion": str, "name": str, "url": str, "platforms": list, "developmentStatus": str,
              "softwareType": str, "description": dict, "legal": dict, "maintenance": dict, "localisation": dict}
    for key, kind in needed.items():
        faults.check(isinstance(code.get(key), kind), f"publiccode.yml: {key}: {code.get(key)!r}")
    faults.check(code["developmentStatus"] in ("concept", "development", "beta", "stable", "obsolete"), "developmentStatus")
    faults.equal("its version", str(code["softwareVersion"]), version())
    faults.equal("its licence", code["legal"]["license"], "EUPL-1.2")
    faults.check(code["maintenance"]["type"] != "community" or code["maintenance"]["contacts"], "no contacts")
    for language, part in code["description"].items():
        faults.check(0 < len(part["shortDescription"]) <= 150, f"{language}: {len(part['shortDescription'])} of 150")
        faults.check(150 <= len(part["longDescription"]) <= 10000, f"{language}: {len(part['longDescription'])}")
        faults.check(part["features"] and all(len(line) <= 100 for line in part["features"]), f"{language}: features")


def version():
    return re.search(r"^VERSION := (\S+)", text_of("Makefile"), re.M)[1]


def packages(variable):
    joined = text_of("Makefile").replace("\\\n", " ")
    return set(re.search(rf"^{variable} := (.*)$", joined, re.M)[1].split())


def check_package(faults):
    control = yaml.safe_load(re.search(r"^Build-Depends:((?:.*\n )*.*)$", text_of("deploy/debian/control"), re.M)[0])
    named = {name.split("(")[0].strip() for name in control["Build-Depends"].split(",")}
    faults.equal("libraries that the package is not built with", packages("LIBRARY_PACKAGES") - named, set())
    faults.check(text_of("deploy/debian/changelog").startswith(f"bruisd ({version()}) "), "the changelog is of another version")
    # The licence, whole: blank lines are dots there.
    licence = "\n".join(line.strip() for line in text_of("LICENSE").replace("\f", "").splitlines())
    shown = text_of("deploy/debian/copyright").split("\nLicense: EUPL-1.2\n")[-1]
    faults.equal("the licence of the package", "\n".join("" if line == " ." else line.strip() for line in shown.splitlines()),
                 licence)


def check_security(faults):
    fields = re.findall(r"^([A-Z][\w-]*): (.+)$", text_of("deploy/security.txt"), re.M)
    names = [name for name, _ in fields]
    faults.check(names.count("Contact") >= 1 and names.count("Expires") == 1 and names.count("Canonical") == 1, f"{names}")
    known = {"Contact", "Expires", "Encryption", "Acknowledgments", "Preferred-Languages", "Canonical", "Policy", "Hiring"}
    faults.equal("fields that RFC 9116 does not know", set(names) - known, set())


def check_bill(faults):
    bill = json.loads((BUILD / "bruisd.cdx.json").read_text(encoding="utf-8"))
    faults.equal("the format", (bill["bomFormat"], bill["specVersion"], bill["version"]), ("CycloneDX", "1.5", 1))
    faults.check(re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"]), "serialNumber")
    parts = {part["name"]: part for part in bill["components"]}
    faults.equal("references", len({part["bom-ref"] for part in bill["components"]}), len(bill["components"]))
    whole = bill["metadata"]["component"]
    faults.equal("the program", (whole["name"], whole["version"]), ("bruisd", version()))
    references = {part["bom-ref"] for part in bill["components"]} | {whole["bom-ref"]}
    for link in bill["dependencies"]:
        faults.equal("what is not there", {link["ref"], *link["dependsOn"]} - references, set())
    for name in ("libuv1", "libssl3", "libexpat1", "libpaho-mqtt1.3", "libprotobuf-c1", "libc6"):
        faults.equal(f"{name} is required", parts.get(name, {}).get("scope"), "required")
        installed = run("dpkg-query", "-W", "-f", "${Version}", name).stdout
        faults.equal(f"its version ({name})", parts.get(name, {}).get("version"), installed)
    faults.equal("packages that are missing", packages("LIBRARY_PACKAGES") - set(parts), set())


def check_configurations(guide, example, folder, faults):
    """What a reader copies from the guide passes bruisd check."""
    installed = text_of("deploy/etc/bruisd.yaml")
    (folder / "regions.csv").write_text(text_of("deploy/etc/regions.csv"), encoding="utf-8")
    for name, text in (("GUIDE.md", guide), ("SNELSTART.md", text_of("deploy/nl/SNELSTART.md"))):
        first, sensors = re.search(r"```yaml\n(sensors:.*?)```", text, re.S)[1], re.search(r"```csv\n(.*?)```", text, re.S)[1]
        (folder / "sensors.csv").write_text(sensors, encoding="utf-8")
        faults.equal(f"the first feed of {name}", checked(folder, installed + first), "")
    faults.equal("the example of bruisd.yaml(5)", checked(folder, example), "")
    faults.check(checked(folder, installed + "nodes: 1\n") != "", "a faulty one passes")


def checked(folder, text):
    file = folder / "bruisd.yaml"
    file.write_text(text, encoding="utf-8")
    return run(PROGRAM, "check", "-c", file).stderr


def main():
    need_tools("mandoc", "man", "bash", "dpkg-query")
    faults = Faults()
    guide = text_of("deploy/GUIDE.md")
    check_log(guide, faults)
    check_alerts(guide, faults)
    check_links(faults)
    example = check_pages(faults)
    check_completion(faults)
    check_publiccode(faults)
    check_package(faults)
    check_security(faults)
    check_bill(faults)
    with tempfile.TemporaryDirectory(prefix="bruisd-texts-") as folder:
        check_configurations(guide, example, Path(folder), faults)
    faults.finish("guide, pages, completion and package tell what the program does")


if __name__ == "__main__":
    main()
