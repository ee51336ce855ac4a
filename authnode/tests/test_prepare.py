from __future__ import annotations

import os
import re
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import SkipTest, TestCase

import psycopg
import pytest

from authnode import prepare

KEY_FILES = ("master.key", "backup.key", "secret.key")


def start(var: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "authnode.prepare"],
        cwd=prepare.ROOT,
        env={"PATH": os.environ["PATH"], "AUTHNODE_VAR": str(var), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class PrepareTestCase(TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="authnode-prepare-")
        self.addCleanup(folder.cleanup)
        self.var = Path(folder.name) / "var"

    def read_keys(self) -> dict[str, str]:
        return {name: (self.var / name).read_text() for name in KEY_FILES}

    def make_database(self) -> None:
        with sqlite3.connect(self.var / "authnode.sqlite3") as connection:
            connection.execute("CREATE TABLE core_keycheck (key_id TEXT)")
        connection.close()

    def assert_refused(self, answer: subprocess.CompletedProcess[str], *words: str) -> None:
        assert answer.returncode == 1
        assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr
        for word in words:
            assert word in answer.stderr


class FirstStartTests(PrepareTestCase):
    def test_makes_private_keys_in_a_private_folder(self) -> None:
        answer = start(self.var)

        assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
        assert mode(self.var) == 0o700
        assert {mode(self.var / name) for name in KEY_FILES} == {0o600}
        assert sorted(file.name for file in self.var.iterdir()) == sorted(KEY_FILES)

    def test_makes_keys_of_the_expected_shape(self) -> None:
        start(self.var)

        keys = self.read_keys()
        assert re.fullmatch(r"k1:[A-Za-z0-9_-]{43}\n", keys["master.key"])
        assert re.fullmatch(r"b1:[A-Za-z0-9_-]{43}\n", keys["backup.key"])
        assert re.fullmatch(r"[A-Za-z0-9_-]{50,}\n", keys["secret.key"])

    def test_makes_no_file_for_a_key_that_the_environment_gives(self) -> None:
        elsewhere = self.var.parent / "mounted.key"
        elsewhere.write_text("k7:" + "A" * 43)

        start(self.var, MASTER_KEY_FILE=str(elsewhere), SECRET_KEY="s" * 50)

        assert [file.name for file in self.var.iterdir()] == ["backup.key"]

    def test_treats_an_empty_database_file_as_none(self) -> None:
        self.var.mkdir()
        (self.var / "authnode.sqlite3").touch()

        assert start(self.var).returncode == 0
        assert (self.var / "master.key").exists()


class LaterStartTests(PrepareTestCase):
    def setUp(self) -> None:
        super().setUp()
        prepare.prepare({"AUTHNODE_VAR": str(self.var)})

    def test_keeps_every_key(self) -> None:
        before = self.read_keys()
        self.make_database()

        answer = start(self.var)

        assert answer.returncode == 0
        assert self.read_keys() == before

    def test_tightens_what_is_open_to_others(self) -> None:
        self.var.chmod(0o755)
        (self.var / "master.key").chmod(0o644)

        start(self.var)

        assert (mode(self.var), mode(self.var / "master.key")) == (0o700, 0o600)

    def test_refuses_to_replace_a_lost_key(self) -> None:
        self.make_database()
        for name in KEY_FILES:
            with self.subTest(name):
                lost = (self.var / name).rename(self.var.parent / name)

                answer = start(self.var)

                self.assert_refused(answer, str(self.var / name), "Put your copy back")
                assert not (self.var / name).exists()
                lost.rename(self.var / name)

    def test_names_every_lost_key_at_once(self) -> None:
        self.make_database()
        for name in KEY_FILES:
            (self.var / name).unlink()

        self.assert_refused(start(self.var), *KEY_FILES, "MASTER_KEY_FILE")

    def test_looks_for_the_database_that_the_address_names(self) -> None:
        self.make_database()
        named = (self.var / "authnode.sqlite3").rename(self.var.parent / "other.sqlite3")
        (self.var / "master.key").unlink()

        answer = start(self.var, DATABASE_URL=f"sqlite:///{named}")

        self.assert_refused(answer, "master.key")

    def test_refuses_a_damaged_key_file_and_leaves_it(self) -> None:
        for text in ("", "k1:short\n", "not a key at all\n"):
            with self.subTest(text):
                (self.var / "master.key").write_text(text)

                self.assert_refused(start(self.var), "master.key", "does not replace it")
                assert (self.var / "master.key").read_text() == text


class TroubleTests(PrepareTestCase):
    def test_says_when_the_folder_cannot_be_made(self) -> None:
        # Nobody can make a folder below a file, not even root.
        self.var.touch()

        self.assert_refused(start(self.var / "deeper"), "cannot be written", "AUTHNODE_VAR")

    def test_says_when_a_named_key_file_cannot_be_read(self) -> None:
        answer = start(self.var, MASTER_KEY_FILE="/nowhere/master.key")

        self.assert_refused(answer, "MASTER_KEY_FILE names /nowhere/master.key")

    def test_refuses_a_database_it_does_not_know(self) -> None:
        answer = start(self.var, DATABASE_URL="mysql://localhost/authnode")

        self.assert_refused(answer, "DATABASE_URL must begin with postgres://")

    def test_makes_no_key_while_the_database_server_is_away(self) -> None:
        answer = start(self.var, DATABASE_URL="postgres://authnode@127.0.0.1:1/authnode")

        self.assert_refused(answer, "does not answer")
        assert list(self.var.iterdir()) == []

    def test_leaves_no_half_key_on_a_full_disk(self) -> None:
        self.var.mkdir()
        self.mount_full_disk()

        answer = start(self.var)

        self.assert_refused(answer, "the disk is full")
        assert [file.name for file in self.var.iterdir()] == ["filler"]

    def mount_full_disk(self) -> None:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(self.var)],
            capture_output=True,
            check=False,
        )
        if mounted.returncode != 0:
            raise SkipTest("a small disk can only be mounted by root")
        self.addCleanup(subprocess.run, ["umount", str(self.var)], check=True)
        (self.var / "filler").write_bytes(b"x" * 16 * 1024)


@pytest.fixture
def scratch_database(tmp_path: Path) -> Iterator[str]:
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        pytest.skip("DATABASE_URL names no PostgreSQL")
    name = f"prepare_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield f"{url.rsplit('/', 1)[0]}/{name}"
        connection.execute(f"DROP DATABASE {name}")


def test_makes_keys_beside_an_empty_postgresql(scratch_database: str, tmp_path: Path) -> None:
    answer = start(tmp_path / "var", DATABASE_URL=scratch_database)

    assert answer.returncode == 0, answer.stderr


def test_refuses_to_make_keys_beside_a_used_postgresql(
    scratch_database: str, tmp_path: Path
) -> None:
    with psycopg.connect(scratch_database) as connection:
        connection.execute("CREATE TABLE core_keycheck (key_id TEXT)")

    answer = start(tmp_path / "var", DATABASE_URL=scratch_database)

    assert answer.returncode == 1
    assert "master.key" in answer.stderr
