"""The storeys of the house, read top to bottom. An app imports only from storeys below its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

STOREYS: list[set[str]] = [
    {"authnode"},
    {"api", "backups"},
    {"exports", "imports"},
    {"notes"},
    {"vault"},
    {"recovery", "sessions_lock", "anomalies"},
    {"accounts"},
    {"keyslots", "notifications"},
    {"audit", "jobs"},
    {"core"},
]
HEIGHT = {app: -number for number, apps in enumerate(STOREYS) for app in apps}
# Pure modules: no Django, so that they can be read, tested and measured alone.
PURE = [
    "anomalies/replay.py",
    "anomalies/rules.py",
    "core/otp.py",
    "keyslots/crypto.py",
    "keyslots/recovery.py",
    "vault/formats",
    "vault/qr.py",
]


def modules(app: str) -> Iterator[Path]:
    return (path for path in (ROOT / app).rglob("*.py") if "tests" not in path.parts)


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and top-level name of every import, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name.partition(".")[0]) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module.partition(".")[0]


def wrong_arrows() -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line} imports {target}"
        for app in HEIGHT
        for path in modules(app)
        for line, target in imported(path)
        if target in HEIGHT and target != app and HEIGHT[target] >= HEIGHT[app]
    ]


def test_imports_go_down_the_storeys_only() -> None:
    assert wrong_arrows() == []


def test_every_app_has_a_storey() -> None:
    apps = {path.parent.name for path in ROOT.glob("*/apps.py")}

    assert apps == set(HEIGHT)


def test_sees_an_import_inside_a_function(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("def late():\n    from vault import services\n")

    assert list(imported(module)) == [(2, "vault")]


def test_pure_modules_know_nothing_of_django() -> None:
    for place in PURE:
        paths = [ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py")
        for path in paths:
            assert "django" not in {name for _, name in imported(path)}, path


def test_names_of_apps_are_not_hidden_in_strings() -> None:
    """Dotted paths are seams of the settings; anywhere else they would be a way around."""
    for app in HEIGHT:
        for path in modules(app):
            if app == "authnode" or "migrations" in path.parts:
                continue
            tree = ast.parse(path.read_text())
            calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
            loaded = [ast.unparse(call) for call in calls if "import_string" in ast.unparse(call)]
            assert not any("'" in call or '"' in call for call in loaded), path
