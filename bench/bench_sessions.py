"""What auto-lock costs a request: the same site with it and without it, side by side.

Two servers run on one database, each like `make run` runs it. They are asked in turns, in short
rounds and in changing order, so that both see the same weather on the machine; the floor is how
far two rounds of the same server differ. The processor time of the server for each request is
printed as well: what else the machine does hardly changes it. On PostgreSQL and Redis:

    scripts/with-services .venv/bin/python -m bench.bench_sessions

`SESSION_ROUNDS` and `SESSION_SECONDS` set other numbers than 10 rounds of 2 seconds.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import measuring

ROUNDS = int(os.environ.get("SESSION_ROUNDS", "10"))
SECONDS = float(os.environ.get("SESSION_SECONDS", "2"))
CLIENTS = (1, 50)
ENTRIES = 50
VIEWS = {"vault page": "/", "trivial view": "/service-worker.js"}
SWEPT, AMONG = 10_000, 100_000
ROOT = Path(__file__).resolve().parent.parent
HEAD = ("view", "clients", "site", "requests/s", "p50 ms", "p99 ms", "CPU ms each")
COST = (
    *("view", "clients", "fewer requests/s", "floor of it"),
    *("more CPU each", "floor of that"),
)


@dataclass
class Site:
    name: str
    settings: str
    port: int = 0
    pid: int = 0
    seconds: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)

    def forget(self) -> None:
        self.seconds, self.rates, self.work = [], [], []


def processor_seconds(pid: int) -> float:
    """What a process and those it started have used of the processor so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(processor_seconds(int(child)) for child in children)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(site: Site) -> Iterator[None]:
    from authnode import serve

    site.port = free_port()
    place = serve.Place(host="127.0.0.1", port=site.port, is_tls=False)
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": site.settings}
    process = subprocess.Popen(serve.server_for_browsers(place, None), cwd=ROOT, env=environment)
    site.pid = process.pid
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", site.port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(20)


def make_sessions() -> list[str]:
    """A user with a vault, and a session for each client."""
    from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
    from django.utils import timezone

    from accounts import signin
    from sessions_lock.store import SessionStore
    from tests import base
    from vault.formats.account import OtpAccount
    from vault.services import adding

    user = base.make_user("alice")
    accounts = [
        OtpAccount("totp", secrets.token_bytes(20), issuer=f"Service {n}", name="alice")
        for n in range(ENTRIES)
    ]
    adding.add_accounts(owner=user, accounts=accounts, at=timezone.now())
    keys = []
    for _ in range(max(CLIENTS)):
        store = SessionStore()
        store[SESSION_KEY] = str(user.pk)
        store["_auth_user_backend"] = signin.BACKEND
        store[HASH_SESSION_KEY] = user.get_session_auth_hash()
        store["has_factor"] = True
        store.save()
        keys.append(store.session_key or "")
    return keys


async def client(site: Site, path: str, key: str, until: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: session={key}\r\n\r\n".encode()
    count = 0
    while time.perf_counter() < until:
        started = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        if b"chunked" in head.lower():
            while await reader.readuntil(b"\r\n") != b"0\r\n":
                await reader.readuntil(b"\r\n")
            await reader.readuntil(b"\r\n")
        else:
            length = next(
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            )
            await reader.readexactly(length)
        site.seconds.append(time.perf_counter() - started)
        count += 1
    writer.close()
    return count


async def round_of(site: Site, path: str, keys: list[str]) -> None:
    started, before = time.perf_counter(), processor_seconds(site.pid)
    deeds = (client(site, path, key, started + SECONDS) for key in keys)
    counts = await asyncio.gather(*deeds)
    site.rates.append(sum(counts) / (time.perf_counter() - started))
    site.work.append((processor_seconds(site.pid) - before) / sum(counts))


def compare(
    sites: list[Site],
    view: str,
    keys: list[str],
    add: Callable[..., None],
    add_cost: Callable[..., None],
) -> None:
    for site in sites:
        asyncio.run(round_of(site, VIEWS[view], keys))  # warm
        site.forget()
    for number in range(ROUNDS):
        for site in sites if number % 2 else reversed(sites):
            asyncio.run(round_of(site, VIEWS[view], keys))
    for site in sites:
        p50 = statistics.median(site.seconds) * 1e3
        p99 = statistics.quantiles(site.seconds, n=100)[98] * 1e3
        rate = statistics.median(site.rates)
        work = statistics.median(site.work) * 1e3
        add(view, len(keys), site.name, rate, p50, p99, work)
    plain, locking = sites
    slower = cost(locking.rates, plain.rates)
    add_cost(view, len(keys), *slower, *cost(plain.work, locking.work))


def cost(low: list[float], high: list[float]) -> tuple[str, str]:
    """How much more `high` is than `low`, and how far rounds of the same server differ."""
    more = statistics.median(b / a - 1 for a, b in zip(low, high, strict=True))
    twins = zip(low[::2], low[1::2], strict=False)
    floor = statistics.median(abs(a / b - 1) for a, b in twins)
    return f"{more:+.1%}", f"±{floor:.1%}"


def say_queries(keys: list[str], sheet: measuring.Sheet) -> None:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    asker = Client(headers={"Host": "localhost"})
    asker.cookies["session"] = keys[0]
    asker.get("/")
    with CaptureQueriesContext(connection) as queries:
        asker.get("/")
    own = [query for query in queries if "sessions_lock_" in query["sql"]]
    add = sheet.table("Queries of the vault page", ("all", "for the session"))
    add(len(queries), len(own))


def say_sweep(sheet: measuring.Sheet) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from accounts.models import User
    from sessions_lock import ending
    from sessions_lock.tests.many_rows import fill

    now, user = timezone.now(), User.objects.get()
    fill(AMONG - SWEPT, user=user, deadline=now + timedelta(hours=1))
    fill(SWEPT, user=user, deadline=now - timedelta(minutes=1))
    started, worked = time.perf_counter(), time.process_time()
    swept = ending.sweep(at=now)
    took, work = time.perf_counter() - started, time.process_time() - worked
    add = sheet.table("The sweep of what has expired", ("ended", "among", "s", "CPU s"))
    add(swept, AMONG, took, work)


def prepare(folder: str) -> None:
    os.environ.update(
        AUTHNODE_VAR=folder,
        SECRET_KEY="bench-only-" + secrets.token_urlsafe(50),
        MASTER_KEY="k1:" + "A" * 43,
        BACKUP_KEY="b1:" + "B" * 43,
        SITE_URL="http://localhost:8000",
        DJANGO_SETTINGS_MODULE="authnode.settings",
        LOG_LEVEL="CRITICAL",
    )
    run = [sys.executable, "manage.py"]
    subprocess.run([*run, "migrate", "--verbosity", "0"], cwd=ROOT, check=True)
    if not os.environ.get("REDIS_URL"):
        table = ["createcachetable", "--database", "cache", "--verbosity", "0"]
        subprocess.run([*run, *table], cwd=ROOT, check=True)
    subprocess.run(
        [*run, "collectstatic", "--noinput", "--verbosity", "0"],
        cwd=ROOT,
        check=True,
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        prepare(folder)
        import django

        django.setup()
        from django.db import connection

        sheet = stack.enter_context(
            measuring.sheet("sessions", "What auto-lock costs", database=connection.vendor)
        )
        keys = make_sessions()
        say_queries(keys, sheet)
        connection.close()
        sites = [
            Site("without auto-lock", "bench.without_auto_lock"),
            Site("with auto-lock", "authnode.settings"),
        ]
        for site in sites:
            stack.enter_context(served(site))
        title = f"With it and without it, {ROUNDS} rounds of {SECONDS:g} s each, in turns"
        add, add_cost = sheet.table(title, HEAD), sheet.table("The difference", COST)
        for view in VIEWS:
            for count in CLIENTS:
                compare(sites, view, keys[:count], add, add_cost)
        say_sweep(sheet)
        connection.close()


if __name__ == "__main__":
    main()
