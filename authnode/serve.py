"""Runs AuthNode on one machine: web server, background worker and scheduler, as one command."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from authnode import addresses, certificate
from authnode.prepare import ROOT, NotWritable, Refusal, explain, make_folder, var_folder
from authnode.supervisor import Part, supervise

WORKERS = 2
THREADS = 4
# Root is warned of tasks sent as pickles; here they are JSON alone. Who may not be root is said
# where AuthNode is installed for good.
CELERY = [
    *(sys.executable, "-W", "ignore:You're running the worker with superuser privileges"),
    *("-m", "celery", "--quiet", "-A", "authnode"),
]


class PortTaken(Refusal):
    """Something else listens where AuthNode would."""


class BadChoice(Refusal):
    """HOST, PORT or TLS cannot be understood."""


@dataclass(frozen=True)
class Place:
    """Where this start listens and how it is reached."""

    host: str
    port: int
    is_tls: bool

    @property
    def url(self) -> str:
        name = self.host
        if self.host in {"127.0.0.1", "::1"} or (self.is_everywhere and not self.is_tls):
            name = "localhost"
        elif self.is_everywhere:
            name = next(iter(addresses.lan_addresses()), "localhost")
        return f"{'https' if self.is_tls else 'http'}://{bracketed(name)}:{self.port}"

    @property
    def is_everywhere(self) -> bool:
        return self.host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound


LOG_FORMATS = ("line", "json")
PARTS = ("web", "worker", "beat")


class UnknownPart(Refusal):
    """The command line names something that is no part of AuthNode."""


def main(names: Sequence[str] = ()) -> int:
    """Run all parts, or those named: containers and service managers run one each."""
    try:
        names, chosen = log_format(names)
        wanted = chosen_parts(names)
        place = read_place(os.environ)
        var = var_folder(os.environ)
        make_folder(var)
        environment = {**child_environment(os.environ, place), **chosen}
        parts = [
            part for name, part in (("worker", worker()), ("beat", scheduler())) if name in wanted
        ]
        if "web" not in wanted:
            return supervise(parts, environment, announce=lambda: True)
        check_port(place)
        link = set_up_link(environment)
        return supervise(
            [web_server(place, var, environment), *parts],
            environment,
            announce=lambda: announce(place, environment["SITE_URL"], link),
        )
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1


def log_format(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The words without `--log-format=…`, and the setting that it stands for."""
    option = "--log-format="
    found = [word.removeprefix(option) for word in words if word.startswith(option)]
    for word in found:
        if word not in LOG_FORMATS:
            raise BadChoice(f"--log-format must be {' or '.join(LOG_FORMATS)}, not “{word}”.")
    names = [word for word in words if not word.startswith(option)]
    return names, {"LOG_FORMAT": found[-1]} if found else {}


def chosen_parts(names: Sequence[str]) -> set[str]:
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise UnknownPart(f"There is no part “{unknown[0]}”: only {', '.join(PARTS)}.")
    return set(names or PARTS)


def read_place(environment: Mapping[str, str]) -> Place:
    word = environment.get("TLS", "").strip().lower()
    if word not in {"", "0", "1", "no", "yes", "off", "on", "false", "true"}:
        raise BadChoice(f"TLS must be 1 or 0, not “{word}”.")
    is_tls = word in {"1", "yes", "on", "true"}
    port = environment.get("PORT", "").strip() or ("8443" if is_tls else "8000")
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise BadChoice(f"PORT must be a number between 1 and 65535, not “{port}”.")
    # With TLS the point is to be reached from other devices; without it browsers refuse to
    # compute anything secret there.
    host = environment.get("HOST", "").strip() or ("0.0.0.0" if is_tls else "127.0.0.1")  # noqa: S104 - the operator asked for TLS
    return Place(host=host, port=int(port), is_tls=is_tls)


def check_port(place: Place) -> None:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            place.host, place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        where = f"{bracketed(place.host)}:{place.port}"
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"Something already listens on {where}, perhaps another AuthNode. Stop it, or"
                f" choose another port: make run PORT={place.port + 1}"
            ) from None
        raise PortTaken(f"AuthNode cannot listen on {where}: {error.strerror}.") from None


def child_environment(environment: Mapping[str, str], place: Place) -> dict[str, str]:
    own = {
        "DJANGO_SETTINGS_MODULE": "authnode.settings",
        "SITE_URL": place.url,
        "ALLOWED_HOSTS": ",".join([*reachable_names(), bracketed(place.host)]),
    }
    given = {name: value for name, value in environment.items() if value.strip() or name not in own}
    return {**own, **given}


def reachable_names() -> list[str]:
    return ["localhost", "127.0.0.1", "[::1]", *addresses.host_names(), *addresses.lan_addresses()]


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def set_up_link(environment: Mapping[str, str]) -> str:
    """The one-time link for the first operator; empty when there is one already."""
    answer = subprocess.run(
        [sys.executable, "manage.py", "setup_link", "--if-needed"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise Refusal("AuthNode did not start; the reason stands above.")
    return answer.stdout.strip()


def web_server(place: Place, var: Path, environment: Mapping[str, str]) -> Part:
    tls = tls_files(var) if place.is_tls else None
    if environment.get("TRUSTED_PROXIES", "").strip():
        return Part("web server", server_behind_proxy(place, tls))
    return Part("web server", server_for_browsers(place, tls))


def server_for_browsers(place: Place, tls: tuple[Path, Path] | None) -> list[str]:
    """Granian: a client that sends its request byte by byte holds none of its threads."""
    command = [
        *(sys.executable, "-m", "granian", "authnode.wsgi:application", "--interface", "wsgi"),
        *("--host", place.host, "--port", str(place.port)),
        *("--workers", str(WORKERS), "--blocking-threads", str(THREADS)),
        *("--workers-kill-timeout", "5", "--respawn-failed-workers"),
        # Addresses of pages name what people keep here: they are not logged.
        *("--no-access-log", "--log-level", "warning"),
    ]
    if tls:
        command += ["--ssl-certificate", str(tls[0]), "--ssl-keyfile", str(tls[1])]
    return command


def server_behind_proxy(place: Place, tls: tuple[Path, Path] | None) -> list[str]:
    """Gunicorn: the proxy holds back slow clients, and `X_Forwarded_For` is not taken for real.

    To Granian a client's `X_Forwarded_For` and the proxy's `X-Forwarded-For` are one header, and
    most proxies pass the former on: everybody could choose the address that limits count.
    """
    command = [
        *(sys.executable, "-m", "gunicorn", "authnode.wsgi:application"),
        *("--bind", f"{bracketed(place.host)}:{place.port}", "--reuse-port"),
        *("--workers", str(WORKERS), "--worker-class", "gthread", "--threads", str(THREADS)),
        *("--graceful-timeout", "5", "--header-map", "drop", "--no-control-socket"),
        # Whom to believe is decided in one place, core.client.
        *("--forwarded-allow-ips", "", "--log-level", "warning"),
    ]
    if tls:
        command += ["--certfile", str(tls[0]), "--keyfile", str(tls[1])]
    return command


def tls_files(var: Path) -> tuple[Path, Path]:
    names = [name.strip("[]") for name in reachable_names()]
    try:
        return certificate.ensure(var / "tls", names, at=datetime.now(UTC))
    except OSError as error:
        raise NotWritable(explain(error, var / "tls")) from None


def worker() -> Part:
    return Part(
        "background worker",
        [
            *CELERY,
            *("worker", "--pool", "threads", "--concurrency", str(THREADS)),
            *("--loglevel", "WARNING", "--without-gossip", "--without-mingle"),
        ],
    )


def scheduler() -> Part:
    # A program of its own rather than the worker's `--beat`: that one is forked off together with
    # the worker's database connections, which SQLite does not survive, and dies unnoticed.
    return Part(
        "scheduler",
        [
            *CELERY,
            *("beat", "--scheduler", "django_celery_beat.schedulers:DatabaseScheduler"),
            *("--loglevel", "WARNING", "--pidfile", ""),
        ],
    )


def announce(place: Place, site_url: str, link: str) -> bool:
    """Say where AuthNode is, once it answers there. False while it does not."""
    host = "localhost" if place.is_everywhere else place.host
    try:
        socket.create_connection((host, place.port), timeout=1).close()
    except OSError:
        return False
    print(f"AuthNode runs at {site_url} (Ctrl-C stops it)", flush=True)
    if link:
        print(f"Set up the first operator with this link, once: {link}", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
