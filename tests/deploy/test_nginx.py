#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
"""deploy/nginx in front of a running bruisd: TLS, HTTP/2, what is cached and for how long, and that readers are served
while bruisd restarts."""
import json
import subprocess

from deployed import DEADLINE_S, Child, Faults, Rig, adapted, city, free_port, need_tools, show_figures, tool

HOST = "data.example.nl"
ITEMS = "/v1/collections/parking/items?window=1m"


class Proxy(Child):
    def __init__(self, rig, daemon):
        self.port, self.plain = free_port(), free_port()
        self.ca = rig.folder / "ca.crt"
        (rig.folder / "cache").mkdir()
        site = rig.folder / "site.conf"
        site.write_text(adapted("nginx/bruisd.conf", {
            "/var/cache/nginx/bruisd": rig.folder / "cache",
            "server 127.0.0.1:8080": f"server 127.0.0.1:{daemon.http_port}",
            "    listen [::]:80;\n": "", "    listen [::]:443 ssl http2;\n": "",
            "listen 80": f"listen 127.0.0.1:{self.plain}", "listen 443": f"listen 127.0.0.1:{self.port}",
            "/etc/ssl/data.example.nl/fullchain.pem": rig.folder / "proxy.crt",
            "/etc/ssl/data.example.nl/privkey.pem": rig.folder / "proxy.key"}), encoding="utf-8")
        main = rig.folder / "nginx.conf"
        own = "".join(f"{kind}_temp_path {rig.folder}/{kind};\n"
                      for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        main.write_text(f"user root; daemon off; pid {rig.folder}/nginx.pid; error_log stderr;\nevents {{}}\n"
                        f"http {{\naccess_log off;\n{own}include {site};\n}}\n", encoding="utf-8")
        command = [tool("nginx"), "-p", str(rig.folder), "-e", "stderr", "-c", str(main)]
        self.tested = subprocess.run([*command, "-t"], capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        super().__init__(rig, "nginx", command)
        rig.wait(lambda: self.get("/")[0] == 200 or not self.is_running(), "nginx to answer")

    def get(self, path, *arguments):
        """Status, headers (lower case) and body of a request over TLS. Status 0: none came about."""
        done = subprocess.run(["curl", "-sS", "-i", "--cacert", str(self.ca), "--resolve", f"{HOST}:{self.port}:127.0.0.1",
                               *arguments, f"https://{HOST}:{self.port}{path}"], capture_output=True,
                              timeout=DEADLINE_S, check=False)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        if done.returncode != 0 or not lines[0].startswith("HTTP/"):
            return 0, {}, done.stderr.decode()
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(": ")
            headers.setdefault(name.lower(), []).append(value)
        return int(lines[0].split()[1]), {"version": lines[0].split()[0], **headers}, body


def check_lines(proxy, faults):
    faults.check(proxy.tested.returncode == 0 and "warn" not in proxy.tested.stderr, proxy.tested.stderr)
    status, headers, _ = proxy.get("/v1")
    faults.equal("the landing page", (status, headers["version"]), (200, "HTTP/2"))
    faults.equal("without HTTP/2", proxy.get("/v1", "--http1.1")[1]["version"], "HTTP/1.1")
    faults.equal("TLS 1.1", proxy.get("/v1", "--tls-max", "1.1", "--ciphers", "DEFAULT:@SECLEVEL=0")[0], 0)
    for version in ("--tlsv1.3", "--tlsv1.2"):
        faults.equal(version, proxy.get("/v1", version, "--tls-max", version[-3:])[0], 200)
    weak = proxy.get("/v1", "--tls-max", "1.2", "--ciphers", "AES128-SHA")
    faults.equal("a suite without forward secrecy", weak[0], 0)
    plain = subprocess.run(["curl", "-sS", "-o", "-", "-w", "%{http_code} %{redirect_url}", "-H", f"Host: {HOST}",
                            f"http://127.0.0.1:{proxy.plain}/v1/regions"], capture_output=True, text=True,
                           timeout=DEADLINE_S, check=False).stdout
    faults.check(plain.endswith(f"308 https://{HOST}/v1/regions"), f"plain HTTP gives {plain[-80:]!r}")


def check_headers(proxy, faults):
    _, headers, _ = proxy.get("/v1")
    for name in ("strict-transport-security", "x-content-type-options", "api-version", "access-control-allow-origin"):
        faults.equal(f"how often {name} comes", len(headers.get(name, [])), 1)
    faults.equal("the page of an error", proxy.get("/no/such/path")[0], 404)
    faults.equal("POST", proxy.get("/v1", "-X", "POST", "-d", "x=1")[0], 405)
    faults.equal("a large body", proxy.get("/v1", "-d", "x" * 5000)[0], 413)
    faults.equal("metrics from outside", proxy.get("/metrics")[0], 404)


def check_cache(rig, proxy, daemon, faults):
    def cached():
        return proxy.get(ITEMS)[1].get("x-cache") == ["HIT"]
    rig.wait(cached, "an answer from the cache")
    faults.check(b'"gm9001"' in proxy.get(ITEMS.replace("1m", "1s"))[2], "the region is not in the figures")
    _, headers, body = proxy.get("/v1/regions")  # which do not change meanwhile
    faults.equal("nothing new", proxy.get("/v1/regions", "-H", f"If-None-Match: {headers['etag'][0]}")[0], 304)
    faults.check(proxy.get("/v1/regions", "--compressed")[2] == body, "packed and unpacked differ")
    # Each form of an answer is kept by itself.
    page = proxy.get("/", "-H", "Accept: text/html")[1]["content-type"][0]
    faults.check(page.startswith("text/html"), f"the page is {page}")
    for accept, begins in (("application/geo+json", b"{"), ("text/csv", b"region")):
        got = proxy.get(ITEMS, "-H", f"Accept: {accept}")
        faults.check(got[1]["content-type"][0].startswith(accept) and got[2].startswith(begins),
                     f"asked for {accept}: {got[1]['content-type']}")
    faults.equal("metrics by name", json.loads(proxy.get("/metrics")[2])["status"], 404)
    daemon.stop()
    faults.equal("figures while bruisd is away", proxy.get(ITEMS)[0], 200)
    faults.equal("what is not cached meanwhile", proxy.get("/v1/regions?limit=7")[0], 502)


def check_rate(proxy, faults):
    """More at once than the burst allows."""
    urls = f"https://{HOST}:{proxy.port}/v1/regions?offset=[1-400]"
    done = subprocess.run(["curl", "-sS", "-Z", "--parallel-max", "100", "--cacert", str(proxy.ca), "--resolve",
                           f"{HOST}:{proxy.port}:127.0.0.1", "-o", "/dev/null", "-w", "%{http_code}\\n", urls],
                          capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    codes = done.stdout.split()
    faults.equal("answers", len(codes), 400)
    faults.check("429" in codes, f"nobody was held back: {sorted(set(codes))}")


def main():
    need_tools("nginx", "curl", "mosquitto", "mosquitto_passwd", "openssl")
    faults = Faults()
    with Rig() as rig:
        broker, daemon = city(rig)
        show_figures(rig, broker, daemon)
        proxy = rig.add(Proxy(rig, daemon))
        check_lines(proxy, faults)
        check_headers(proxy, faults)
        check_cache(rig, proxy, daemon, faults)
        check_rate(proxy, faults)
    faults.finish("nginx speaks HTTP/2 over TLS, keeps answers as long as bruisd says, and serves them while it is away")


if __name__ == "__main__":
    main()
