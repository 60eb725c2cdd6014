#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""The bill of materials of a built bruisd: CycloneDX 1.5, JSON, on stdout.

    sbom.py PROGRAM VERSION PACKAGE...

Required are the Debian packages of the shared libraries that the program loads, directly or through another one; the
packages named are what it is built with. Versions are those of this machine, so run it where the program was built.
The same program and packages give the same bytes; SOURCE_DATE_EPOCH, where it is set, is the time stamp."""
import json
import os
import re
import subprocess
import sys
import uuid
from datetime import datetime, timezone
from pathlib import Path


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def loaded(program):
    """The files of all shared libraries, and the names of those that the program itself asks for."""
    files = {match[1]: match[2] for match in re.finditer(r"(\S+) => (/\S+)", output("ldd", program))}
    direct = re.findall(r"\(NEEDED\).*\[(.+)\]", output("readelf", "-d", program))
    return files, [files[name] for name in direct if name in files]


def owners(files):
    """file -> package. dpkg knows a file by the path that it was installed under, before /lib became a link."""
    found = {}
    for file in files:
        real = Path(file).resolve()
        for path in (str(real), str(real).removeprefix("/usr"), "/usr" + str(real), file):
            done = subprocess.run(["dpkg-query", "-S", path], capture_output=True, text=True, check=False)
            if done.returncode == 0:
                found[file] = done.stdout.split(":")[0]
                break
        else:
            raise SystemExit(f"sbom: no package holds {file}")
    return found


def component(package, scope):
    shown = output("dpkg-query", "-W", "-f", "${Version}\t${Architecture}\t${Maintainer}\t${Homepage}\n", package)
    version, architecture, maintainer, homepage = shown.splitlines()[0].split("\t")
    escaped = version.replace("+", "%2B").replace(":", "%3A")
    purl = f"pkg:deb/debian/{package.replace('+', '%2B')}@{escaped}?arch={architecture}&distro=debian-12"
    part = {"type": "library", "bom-ref": purl, "supplier": {"name": maintainer}, "name": package, "version": version,
            "scope": scope, "purl": purl}
    if homepage:
        part["externalReferences"] = [{"type": "website", "url": homepage}]
    return part


def made_at():
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(epoch), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if epoch else None


def bill(program, version, built_with):
    files, direct = loaded(program)
    owner = owners(sorted(files.values()))
    required = sorted(set(owner.values()))
    parts = {name: component(name, "required") for name in required}
    parts |= {name: component(name, "excluded") for name in sorted(set(built_with)) if name not in parts}
    reference = f"pkg:github/bruisd/bruisd@{version}"
    depends = sorted({parts[owner[file]]["bom-ref"] for file in direct})
    metadata = {"component": {"type": "application", "bom-ref": reference, "name": "bruisd", "version": version,
                              "licenses": [{"license": {"id": "EUPL-1.2"}}], "purl": reference}}
    if made_at():
        metadata = {"timestamp": made_at(), **metadata}
    whole = {"$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.5",
             "version": 1, "metadata": metadata, "components": [parts[name] for name in sorted(parts)],
             "dependencies": [{"ref": reference, "dependsOn": depends}]}
    number = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(whole, sort_keys=True))
    return {**dict(list(whole.items())[:3]), "serialNumber": f"urn:uuid:{number}", **dict(list(whole.items())[3:])}


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    json.dump(bill(sys.argv[1], sys.argv[2], sys.argv[3:]), sys.stdout, indent=2, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
