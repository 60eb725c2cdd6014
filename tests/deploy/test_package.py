#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""make deb, twice, in two folders: the same bytes, nothing for lintian to say, and in the package what a fresh machine
needs: a configuration that is right, a folder for secrets that only root sees, units, pages."""
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from deployed import DEADLINE_S, ROOT, Faults, need_tools

BUILD_S = 1800
FILES = {"./usr/sbin/bruisd": "-rwxr-xr-x", "./etc/bruisd/credentials/": "drwx------", "./etc/bruisd/bruisd.yaml": "-rw-r--r--",
         "./etc/bruisd/regions.csv": "-rw-r--r--", "./lib/systemd/system/bruisd.service": "-rw-r--r--",
         "./lib/systemd/system/bruisd@.service": "-rw-r--r--", "./lib/systemd/system/bruisd.socket": "-rw-r--r--",
         "./lib/systemd/system/bruisd-ops.socket": "-rw-r--r--", "./usr/share/man/man8/bruisd.8.gz": "-rw-r--r--",
         "./usr/share/man/man5/bruisd.yaml.5.gz": "-rw-r--r--", "./usr/share/man/man7/bruis-topics.7.gz": "-rw-r--r--",
         "./usr/share/bash-completion/completions/bruisd": "-rw-r--r--", "./usr/share/doc/bruisd/bruisd.cdx.json": "-rw-r--r--",
         "./usr/share/doc/bruisd/GUIDE.md": "-rw-r--r--", "./usr/share/doc/bruisd/examples/nginx/bruisd.conf": "-rw-r--r--",
         "./usr/share/bruisd/proto/bruis/v1/figure.proto": "-rw-r--r--"}


def run(*command, **more):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False,
                          **{"timeout": DEADLINE_S, **more})


def version():
    return re.search(r"^VERSION := (\S+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)[1]


def snapshot(folder):
    """The tree as it is now: both builds are of the same files, also while somebody works on them."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns("build", ".git", "__pycache__", "*.o"))


def build(tree, out):
    done = run("sh", tree / "deploy/make-deb", out, version(), timeout=BUILD_S)
    if done.returncode != 0:
        raise RuntimeError(f"{done.stdout}{done.stderr}"[-3000:])
    return out


def check_same(first, second, faults):
    names = sorted(file.name for file in first.iterdir() if file.suffix in (".deb", ".dsc", ".xz"))
    faults.check(len(names) == 4, f"built: {names}")
    for name in names:
        faults.check((first / name).read_bytes() == (second / name).read_bytes(), f"{name} differs from build to build")


def check_lintian(folder, faults):
    done = run("lintian", "--allow-root", "--tag-display-limit", "0", "--fail-on", "error,warning",
               *folder.glob("*.changes"), timeout=BUILD_S)
    faults.check(done.returncode == 0 and not done.stdout.strip(), f"lintian: {done.stdout}{done.stderr}")


def check_contents(folder, faults):
    package = folder / f"bruisd_{version()}_{run('dpkg', '--print-architecture').stdout.strip()}.deb"
    listed = {line.split()[5]: line.split() for line in run("dpkg-deb", "-c", package).stdout.splitlines()}
    for name, mode in FILES.items():
        faults.equal(name, listed.get(name, ["missing"])[0], mode)
    for name, parts in listed.items():
        faults.equal(f"the owner of {name}", parts[1], "root/root")
    inside = folder / "inside"
    run("dpkg-deb", "-R", package, inside)
    faults.equal("conffiles", (inside / "DEBIAN/conffiles").read_text().split(),
                 ["/etc/bruisd/bruisd.yaml", "/etc/bruisd/regions.csv"])
    program = inside / "usr/sbin/bruisd"
    faults.equal("the version", run(program, "version").stdout.split("\n")[0], f"bruisd {version()}")
    faults.equal("the configuration", run(program, "check", "-c", inside / "etc/bruisd/bruisd.yaml").stderr, "")
    faults.check(str(folder).encode() not in program.read_bytes(), "the program names the folder that it was built in")
    for unit in (ROOT / "systemd").glob("bruisd*.*"):
        faults.check((inside / "lib/systemd/system" / unit.name).read_bytes() == unit.read_bytes(), f"{unit.name} is another one")
    hardened = run("readelf", "-dlW", program).stdout
    faults.check("BIND_NOW" in hardened and "GNU_RELRO" in hardened and "(NEEDED)" in hardened, "not hardened")
    faults.check(re.search(r"GNU_STACK.* RW ", hardened), "the stack can be executed")


def main():
    need_tools("dpkg-buildpackage", "dh", "lintian", "fakeroot")
    faults = Faults()
    with tempfile.TemporaryDirectory(prefix="bruisd-package-") as name:
        tree = Path(name) / "tree"
        snapshot(tree)
        first = build(tree, Path(name) / "one")
        os.umask(0o077)  # which must make no difference
        second = build(tree, Path(name) / "another-folder")
        check_same(first, second, faults)
        check_lintian(first, faults)
        check_contents(first, faults)
    faults.finish(f"bruisd {version()} is built twice to the same bytes, and lintian is content")


if __name__ == "__main__":
    main()
