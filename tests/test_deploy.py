"""The files in deploy/ hold what docs/deployment.md promises. No container can be started here."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
UNITS = sorted(DEPLOY.glob("*.service"))


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [(word, rest) for word, rest in lines]


def test_the_image_is_pinned_to_a_release() -> None:
    images = [rest.split()[0] for word, rest in instructions() if word == "FROM"]
    images += [row["image"] for row in compose()["services"].values() if "build" not in row]

    assert len(images) == 5
    for image in images:
        name, _, tag = image.partition(":")
        assert tag not in {"", "latest"}, name


def test_the_image_runs_as_a_user_of_its_own() -> None:
    words = [word for word, _ in instructions()]

    last_stage = instructions()[len(words) - 1 - words[::-1].index("FROM") :]
    users = [rest for word, rest in last_stage if word == "USER"]
    assert users == ["10001"]
    assert [word for word, _ in last_stage].index("USER") < len(last_stage) - 2


def test_the_image_keeps_what_linters_ask_for() -> None:
    for word, rest in instructions():
        assert word not in {"ADD", "MAINTAINER"}
        assert "sudo" not in rest
        if "apt-get install" in rest:
            assert "--no-install-recommends" in rest
            assert "rm -rf /var/lib/apt/lists" in rest
        if "pip install" in rest:
            assert "--require-hashes" in rest
        if word in {"CMD", "ENTRYPOINT"}:
            assert rest.startswith("[")
    assert any(word == "HEALTHCHECK" for word, _ in instructions())


def test_the_last_stage_copies_nothing_from_the_folder_it_is_built_in() -> None:
    last = DOCKERFILE.rpartition("FROM ")[2]

    assert re.findall(r"^COPY (?!--from=build)", last, flags=re.MULTILINE) == []
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".venv", "var", "deploy/keys", "deploy/authnode.env"} <= set(ignored)


def test_only_the_proxy_can_be_reached() -> None:
    services = compose()["services"]

    assert [name for name, row in services.items() if "ports" in row] == ["proxy"]
    assert compose()["networks"]["inside"]["internal"] is True
    for name in ("database", "redis"):
        assert services[name]["networks"] == ["inside"]


def test_every_part_runs_once_without_privileges() -> None:
    services = compose()["services"]

    for name, command in (("web", ["web"]), ("worker", ["worker"]), ("beat", ["beat"])):
        part = services[name]
        assert part["command"] == command
        assert part["cap_drop"] == ["ALL"]
        assert part["read_only"] is True
        assert part["security_opt"] == ["no-new-privileges:true"]


def test_every_secret_is_a_file_and_every_volume_is_declared() -> None:
    wanted = compose()
    named = {name for row in wanted["services"].values() for name in row.get("secrets", [])}
    volumes = {
        volume.partition(":")[0]
        for row in wanted["services"].values()
        for volume in row.get("volumes", [])
        if not volume.startswith("./")
    }

    assert named == set(wanted["secrets"])
    assert volumes == set(wanted["volumes"])
    environment = wanted["services"]["web"]["environment"]
    assert all(
        name.endswith("_FILE") for name in environment if "KEY" in name or "DATABASE" in name
    )


def test_the_example_names_only_settings_there_are() -> None:
    text = (DEPLOY / "authnode.env.example").read_text()
    names = re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", text, flags=re.MULTILINE)

    assert len(names) > 10
    for name in names:
        known = name.removesuffix("_FILE")
        # What the proxy alone reads.
        assert f"`{known}`" in SETTINGS or name == "SITE_HOST", name


def test_the_proxies_tell_who_is_calling() -> None:
    nginx = (DEPLOY / "nginx.conf").read_text()

    assert "proxy_set_header X-Forwarded-For $remote_addr;" in nginx
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in nginx
    assert "proxy_set_header Host $host;" in nginx
    assert nginx.count("{") == nginx.count("}")
    address = compose()["services"]["proxy"]["networks"]["outside"]["ipv4_address"]
    assert f"TRUSTED_PROXIES={address}" in (DEPLOY / "authnode.env.example").read_text()


def test_the_entry_point_is_a_script_that_can_run() -> None:
    path = DEPLOY / "entrypoint"

    assert path.stat().st_mode & 0o111
    subprocess.run(["sh", "-n", path], check=True)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_understands_the_unit(unit: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not there")
    said = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    ).stderr.splitlines()

    # The program is not installed at that place here; everything else must be right.
    ours = [line for line in said if line.startswith(unit.name)]
    assert [line for line in ours if "is not executable" not in line] == []
    assert "NoNewPrivileges=true" in unit.read_text()
