"""What a person waits for: the site as `make run` starts it, looked at with a real Chromium.

Time from navigation until the codes are on the screen, bytes and requests of a first and a second
view, movement of the layout, and what the idle programs hold in memory.
"""

from __future__ import annotations

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, sync_playwright

from bench import measuring

ROOT = Path(__file__).resolve().parent.parent
SIZES = (10, 100, 1_000)
ROUNDS = 5
PREPARE = """
import sys
from django.test import Client
from django.utils import timezone
from tests import base
from vault import services
from vault.formats.account import OtpAccount
import secrets
for count in {sizes}:
    user = base.make_user(f"owner{{count}}")
    accounts = [
        OtpAccount("totp", secrets.token_bytes(20), issuer=f"Service {{n % 97}}", name=f"{{n}}@x")
        for n in range(count)
    ]
    services.add_accounts(owner=user, accounts=accounts, at=timezone.now())
    client = Client(headers={{"host": "localhost"}})
    assert base.sign_in(client, f"owner{{count}}").status_code == 302
    print(count, client.cookies["session"].value)
"""
SEEN = """
  new Promise((resolve) => {
    const tell = () => resolve({
      codes: performance.getEntriesByName("codes-visible")[0]?.startTime ?? performance.now(),
      shift: window.__shift ?? 0,
    });
    requestAnimationFrame(() => requestAnimationFrame(tell));
  })
"""
WATCH = """
  window.__shift = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.__shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  const seen = () => {
    if (document.querySelector(".code-card [data-code]")) performance.mark("codes-visible");
    else requestAnimationFrame(seen);
  };
  requestAnimationFrame(seen);
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Site:
    """`make run` in a folder of its own, with people and entries."""

    def __init__(self, folder: str) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.environment = {
            **os.environ,
            "AUTHNODE_VAR": folder,
            "PORT": str(self.port),
            "SITE_URL": self.url,
            "DJANGO_SETTINGS_MODULE": "authnode.settings",
            "PYTHONPATH": str(ROOT),
        }

    def __enter__(self) -> Site:
        for script in ("scripts/database", "scripts/static-files"):
            self._run([script])
        code = PREPARE.format(sizes=SIZES)
        said = self._run([sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", code])
        self.cookies = dict(line.split() for line in said.splitlines() if line.strip())
        self.server = subprocess.Popen(
            [sys.executable, "-m", "authnode.serve"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self.server.pid, signal.SIGTERM)
        self.server.wait(timeout=30)

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    def _wait(self) -> None:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{self.url}/health/live", timeout=1).close()  # noqa: S310 - our own server on the loopback
                return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError("The site did not start.")

    def memory(self) -> dict[str, float]:
        """Proportional memory of each program in MiB, by its name."""
        held: dict[str, float] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if os.getsid(int(folder.name)) != self.server.pid:
                    continue
                words = (folder / "cmdline").read_bytes().decode().replace("\0", " ")
                lines = (folder / "smaps_rollup").read_text().splitlines()
            except (OSError, ProcessLookupError):
                continue
            pss = next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
            held[_name(words)] = held.get(_name(words), 0) + pss / 1024
        return held


def _name(words: str) -> str:
    names = {" beat": "beat", " worker": "worker", "granian": "web", "authnode.serve": "starter"}
    return next((name for sign, name in names.items() if sign in words), "web")


def view(context: BrowserContext, url: str) -> dict[str, float]:
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    loaded: list[float] = []
    sent: list[str] = []

    def finished(event: Any) -> None:
        if os.environ.get("BENCH_DEBUG"):
            print(urls.get(event["requestId"]), event["encodedDataLength"])
        loaded.append(event["encodedDataLength"])

    urls: dict[str, str] = {}

    def asked(event: Any) -> None:
        urls[event["requestId"]] = event["request"]["url"]
        if "/icons/" not in event["request"]["url"] or "sprite" in event["request"]["url"]:
            sent.append(event["requestId"])

    devtools.on("Network.loadingFinished", finished)
    devtools.on("Network.requestWillBeSent", asked)
    page.add_init_script(WATCH)
    page.goto(url, wait_until="load")
    seen = page.evaluate(SEEN)
    page.close()
    return {
        "codes": seen["codes"],
        "shift": seen["shift"],
        "kilobytes": sum(loaded) / 1000,
        "requests": len(sent),
    }


SCROLL_AND_SEARCH = """
  async () => {
    const longest = () => Math.max(0, ...tasks);
    const tasks = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) tasks.push(entry.duration);
    }).observe({ type: "longtask" });
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    for (let top = 0; top < 6000; top += 200) {
      scrollTo(0, top);
      await frame();
    }
    const scrolling = longest();
    const search = document.querySelector("[data-search]");
    const started = performance.now();
    search.value = "service 42";
    search.dispatchEvent(new Event("input", { bubbles: true }));
    await frame();
    await frame();
    return { scrolling, searching: performance.now() - started };
  }
"""


def smoothness(site: Site, browser: Any) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for count in SIZES:
        context = browser.new_context(service_workers="block")
        cookie = {"name": "session", "value": site.cookies[str(count)], "url": site.url}
        context.add_cookies([cookie])
        page = context.new_page()
        page.goto(site.url, wait_until="load")
        page.wait_for_timeout(1000)
        measured = [page.evaluate(SCROLL_AND_SEARCH) for _ in range(ROUNDS)]
        context.close()
        middle = {key: statistics.median(row[key] for row in measured) for key in measured[0]}
        found.append((count, float(middle["scrolling"]), float(middle["searching"])))
    return found


def rows(site: Site, browser: Any) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for count in SIZES:
        firsts, seconds = [], []
        for _ in range(ROUNDS):
            # The service worker would hide what went over the wire.
            context = browser.new_context(service_workers="block")
            cookie = {"name": "session", "value": site.cookies[str(count)], "url": site.url}
            context.add_cookies([cookie])
            firsts.append(view(context, site.url))
            seconds.append(view(context, site.url))
            context.close()
        for name, views in (("first", firsts), ("second", seconds)):
            middle = {key: statistics.median(v[key] for v in views) for key in views[0]}
            found.append(
                (
                    count,
                    name,
                    middle["codes"],
                    middle["kilobytes"],
                    int(middle["requests"]),
                    f"{middle['shift']:.3f}",
                )
            )
    return found


def main() -> None:
    with (
        measuring.sheet("browser", "What a person waits for in Chromium") as sheet,
        tempfile.TemporaryDirectory() as folder,
        Site(folder) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        head = ("entries", "view", "codes visible ms", "kB", "requests", "layout shift")
        curve = measuring.Curve(by="entries", of=("codes visible ms",), each=("view",))
        add = sheet.table("Until the codes are on the screen, median of 5", head, curve=curve)
        for found in rows(site, browser):
            add(*found)
        smooth = ("entries", "longest task while scrolling ms", "search until painted ms")
        add = sheet.table("Scrolling and searching, median of 5", smooth)
        for found in smoothness(site, browser):
            add(*found)
        browser.close()
        time.sleep(5)
        add = sheet.table("Memory while idle, proportional", ("program", "MiB"))
        for name, held in sorted(site.memory().items()):
            add(name, held)


if __name__ == "__main__":
    main()
