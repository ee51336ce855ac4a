"""The list of parts, and the question whether one of them has a known hole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("sbom") / "sbom.json"
    assert run("sbom", "--output", str(path)).returncode == 0
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_lists_every_pinned_package_once(listed: dict[str, Any]) -> None:
    pinned = (ROOT / "requirements.txt").read_text().count("==")
    names = [part["name"] for part in listed["components"]]

    assert len(names) > 30
    assert len(names) == len(set(names)) <= pinned
    assert {"django", "cryptography", "celery"} <= set(names)


def test_names_versions_that_are_installed(listed: dict[str, Any]) -> None:
    versions = {part["name"]: part["version"] for part in listed["components"]}
    for name in ("django", "cryptography", "celery", "pillow"):
        assert versions[name] == metadata.version(name)


def test_follows_the_format(listed: dict[str, Any]) -> None:
    assert listed["bomFormat"] == "CycloneDX"
    assert listed["specVersion"] == "1.6"
    references = [part["bom-ref"] for part in listed["components"]]
    assert listed["dependencies"] == [{"ref": "authnode", "dependsOn": references}]
    for part in listed["components"]:
        assert part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}"
        digests = [one["hashes"][0]["content"] for one in part["externalReferences"]]
        assert digests
        assert all(len(digest) == 64 for digest in digests)


def test_writes_the_same_file_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        run("sbom", "--output", str(tmp_path / name))

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


class Advisories(BaseHTTPRequestHandler):
    """Knows of one hole, in django."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        names = [query["package"]["name"] for query in asked]
        results = [{"vulns": [{"id": "X-1"}]} if name == "django" else {} for name in names]
        body = json.dumps({"results": results}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing on standard error."""


@pytest.fixture
def advisories() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Advisories) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/querybatch"
        server.shutdown()


def test_says_what_has_a_known_hole(advisories: str) -> None:
    answer = run("audit", AUDIT_URL=advisories)

    assert answer.returncode == 1, answer.stderr
    assert f"django {metadata.version('django')}: X-1" in answer.stdout
    assert "1 with known holes" in answer.stdout


def test_is_content_when_nothing_is_known(advisories: str, tmp_path: Path) -> None:
    only = tmp_path / "requirements.txt"
    only.write_text("argon2-cffi==25.1.0 \\\n    --hash=sha256:" + "a" * 64 + "\n")
    answer = run("audit", str(only), AUDIT_URL=advisories)

    assert answer.returncode == 0
    assert "1 packages, 0 with known holes" in answer.stdout


def test_says_when_no_database_could_be_asked() -> None:
    answer = run("audit", AUDIT_URL="http://127.0.0.1:9/")

    assert answer.returncode == 3
    assert "No database of advisories could be asked" in answer.stderr
    assert "nothing is known" in answer.stderr


def test_asks_over_https_alone() -> None:
    assert run("audit", AUDIT_URL="http://advisories.example.com/").returncode == 3
