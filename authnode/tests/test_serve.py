from __future__ import annotations

import http.client
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from unittest import TestCase

import pytest

from authnode import addresses, serve
from authnode.prepare import ROOT

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
# Ignores the polite signal, as a hung task would.
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)",
]
# Leaves a grandchild, as a worker leaves its beat.
FORKING = [
    sys.executable,
    "-c",
    f"import subprocess, time; subprocess.Popen({SLEEP!r}); time.sleep(60)",
]
FAILING = [sys.executable, "-c", "raise SystemExit(3)"]


def group_is_alive(group: int) -> bool:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            return True
    return False


def wait_until(claim: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def answers(place: serve.Place) -> bool:
    try:
        socket.create_connection((place.host, place.port), timeout=1).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class SupervisorTests(TestCase):
    """A supervisor of two tiny programs, run as a process of its own."""

    def start(self, *commands: list[str], grace_seconds: float = 2) -> subprocess.Popen[str]:
        script = f"""
            import os, sys
            from authnode import supervisor

            parts = [supervisor.Part(f"part {{number}}", command)
                     for number, command in enumerate({list(commands)!r}, 1)]
            def announce():
                print("started", flush=True)
                return True
            sys.exit(supervisor.supervise(
                parts, os.environ, announce=announce, grace_seconds={grace_seconds}))
        """
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def wait_for_group(self, process: subprocess.Popen[str]) -> int:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        groups = {os.getpgid(int(child)) for child in children}
        assert len(groups) == 1
        assert os.getpgid(process.pid) not in groups
        return groups.pop()

    def test_stops_everything_on_each_signal(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number.name):
                process = self.start(SLEEP, FORKING)
                group = self.wait_for_group(process)

                process.send_signal(number)

                assert process.wait(timeout=10) == 0
                assert not group_is_alive(group)

    def test_kills_what_does_not_stop(self) -> None:
        process = self.start(STUBBORN, SLEEP, grace_seconds=0.5)
        group = self.wait_for_group(process)
        time.sleep(0.5)

        process.terminate()

        assert process.wait(timeout=5) == 0
        assert not group_is_alive(group)

    def test_does_not_wait_after_a_second_interrupt(self) -> None:
        process = self.start(STUBBORN, grace_seconds=60)
        group = self.wait_for_group(process)
        time.sleep(0.5)

        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=5) == 0
        assert not group_is_alive(group)

    def test_stops_the_rest_when_one_ends(self) -> None:
        process = self.start(SLEEP, FAILING)

        _, errors = process.communicate(timeout=10)

        assert process.returncode == 1
        assert errors == "The part 2 ended by itself, with exit status 3; AuthNode stops.\n"

    def test_names_the_signal_that_ended_one(self) -> None:
        process = self.start(SLEEP)
        group = self.wait_for_group(process)

        os.kill(group, signal.SIGKILL)

        _, errors = process.communicate(timeout=10)
        assert "The part 1 ended by itself, killed by SIGKILL" in errors

    def test_leaves_nothing_behind_when_it_is_killed(self) -> None:
        process = self.start(SLEEP, SLEEP)
        group = self.wait_for_group(process)

        process.kill()

        assert wait_until(lambda: not group_is_alive(group))


class PlaceTests(TestCase):
    def test_stays_on_this_machine_without_tls(self) -> None:
        place = serve.read_place({})

        assert place == serve.Place(host="127.0.0.1", port=8000, is_tls=False)
        assert place.url == "http://localhost:8000"

    def test_is_reached_from_the_network_with_tls(self) -> None:
        place = serve.read_place({"TLS": "1"})

        assert place.is_everywhere
        name = next(iter(addresses.lan_addresses()), "localhost")
        assert place.url == f"https://{name}:8443"

    def test_takes_what_the_operator_chooses(self) -> None:
        place = serve.read_place({"HOST": "::1", "PORT": "9000", "TLS": "yes"})
        assert place.url == "https://localhost:9000"
        assert serve.read_place({"HOST": "192.168.1.20"}).url == "http://192.168.1.20:8000"

    def test_refuses_what_it_cannot_read(self) -> None:
        for environment in ({"PORT": "http"}, {"PORT": "0"}, {"PORT": "65536"}, {"TLS": "maybe"}):
            with self.subTest(environment), pytest.raises(serve.BadChoice):
                serve.read_place(environment)

    def test_runs_all_parts_or_those_that_are_named(self) -> None:
        self.assertEqual(serve.chosen_parts([]), {"web", "worker", "beat"})
        self.assertEqual(serve.chosen_parts(["beat"]), {"beat"})
        with self.assertRaisesRegex(serve.UnknownPart, "no part “mail”"):
            serve.chosen_parts(["mail"])

    def test_takes_the_format_of_log_lines_from_the_command_line(self) -> None:
        self.assertEqual(
            serve.log_format(["--log-format=json", "web"]), (["web"], {"LOG_FORMAT": "json"})
        )
        self.assertEqual(serve.log_format(["web"]), (["web"], {}))
        with self.assertRaisesRegex(serve.BadChoice, "not “xml”"):
            serve.log_format(["--log-format=xml"])

    def test_refuses_a_port_in_use(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            place = serve.Place(host="127.0.0.1", port=port, is_tls=False)

            with pytest.raises(serve.PortTaken, match=f"PORT={port + 1}"):
                serve.check_port(place)

    def test_refuses_an_address_of_another_machine(self) -> None:
        with pytest.raises(serve.PortTaken, match=r"cannot listen on 198\.51\.100\.7:8000"):
            serve.check_port(serve.Place(host="198.51.100.7", port=8000, is_tls=False))


class EnvironmentTests(TestCase):
    def test_tells_the_parts_where_they_are_reached(self) -> None:
        place = serve.Place(host="127.0.0.1", port=8001, is_tls=False)

        environment = serve.child_environment({"SITE_URL": ""}, place)

        assert environment["SITE_URL"] == "http://localhost:8001"
        names = environment["ALLOWED_HOSTS"].split(",")
        assert {"localhost", "127.0.0.1", *addresses.host_names()} <= set(names)

    def test_keeps_what_the_operator_says(self) -> None:
        place = serve.Place(host="127.0.0.1", port=8000, is_tls=False)
        given = {"SITE_URL": "https://codes.example", "ALLOWED_HOSTS": "codes.example"}

        environment = serve.child_environment(given, place)

        assert {name: environment[name] for name in given} == given


PROBE = """
import json

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({k: v for k, v in environ.items() if isinstance(v, str)}).encode()]
"""


class WebServerTests(TestCase):
    """What each web server hands to Django, asked of a tiny application that says it."""

    def ask(
        self, command: list[str], place: serve.Place, headers: dict[str, str]
    ) -> dict[str, str]:
        folder = tempfile.TemporaryDirectory(prefix="authnode-probe-")
        self.addCleanup(folder.cleanup)
        (Path(folder.name) / "probe.py").write_text(PROBE)
        server = subprocess.Popen(
            [word.replace("authnode.wsgi:", "probe:") for word in command],
            cwd=folder.name,
            env={**os.environ, "PYTHONPATH": folder.name},
        )
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        assert wait_until(lambda: answers(place), seconds=30)
        connection = http.client.HTTPConnection(place.host, place.port, timeout=10)
        self.addCleanup(connection.close)
        connection.request("GET", "/", headers=headers)
        environ: dict[str, str] = json.load(connection.getresponse())
        return environ

    def test_leave_the_address_and_the_forwarding_headers_alone(self) -> None:
        headers = {
            "Host": "codes.example",
            "X-Forwarded-For": "198.51.100.7",
            "X-Forwarded-Proto": "https",
        }
        for server in (serve.server_for_browsers, serve.server_behind_proxy):
            with self.subTest(server.__name__):
                place = serve.Place(host="127.0.0.1", port=free_port(), is_tls=False)

                environ = self.ask(server(place, None), place, headers)

                assert environ["REMOTE_ADDR"] == "127.0.0.1"
                assert environ["HTTP_HOST"] == "codes.example"
                assert environ["HTTP_X_FORWARDED_FOR"] == "198.51.100.7"
                assert environ["HTTP_X_FORWARDED_PROTO"] == "https"
                assert environ["wsgi.url_scheme"] == "http"

    def test_does_not_let_a_client_pose_as_the_proxy(self) -> None:
        place = serve.Place(host="127.0.0.1", port=free_port(), is_tls=False)
        headers = {
            "X-Forwarded-For": "198.51.100.7",
            "X_Forwarded_For": "203.0.113.9",
            "SCRIPT_NAME": "/elsewhere",
        }

        environ = self.ask(serve.server_behind_proxy(place, None), place, headers)

        assert environ["HTTP_X_FORWARDED_FOR"] == "198.51.100.7"
        assert environ["SCRIPT_NAME"] == ""

    def test_are_chosen_by_whether_there_is_a_proxy(self) -> None:
        place = serve.Place(host="127.0.0.1", port=8000, is_tls=False)

        direct = serve.web_server(place, Path("var"), {})
        proxied = serve.web_server(place, Path("var"), {"TRUSTED_PROXIES": "10.0.0.0/8"})

        assert "granian" in direct.command
        assert "gunicorn" in proxied.command


class CommandTests(TestCase):
    """The command itself, where it refuses to start."""

    def run_command(self, **environment: str) -> subprocess.CompletedProcess[str]:
        folder = tempfile.TemporaryDirectory(prefix="authnode-serve-")
        self.addCleanup(folder.cleanup)
        return subprocess.run(
            [sys.executable, "-m", "authnode.serve"],
            cwd=ROOT,
            env={**os.environ, "AUTHNODE_VAR": folder.name, **environment},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def test_says_in_one_line_that_the_port_is_in_use(self) -> None:
        handler = http.server.BaseHTTPRequestHandler
        with http.server.HTTPServer(("127.0.0.1", 0), handler) as other:
            answer = self.run_command(PORT=str(other.server_port), TLS="", HOST="")

        assert answer.returncode == 1
        assert "already listens on" in answer.stderr
        assert len(answer.stderr.splitlines()) == 1

    def test_says_in_one_line_that_the_folder_cannot_be_used(self) -> None:
        answer = self.run_command(AUTHNODE_VAR="/dev/null/var", TLS="", HOST="", PORT="")

        assert answer.returncode == 1
        assert "/dev/null/var cannot be written" in answer.stderr
        assert len(answer.stderr.splitlines()) == 1
