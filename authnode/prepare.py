"""Makes `var/` ready before the first start, and guards its keys on every later one.

A key is made once, beside an empty place. Where a database already exists a missing key is never
replaced: what the database holds was sealed with the lost one, and a new key would only hide
that. Uses the standard library alone, so that it can speak before anything else works.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


class Refusal(Exception):
    """The base of every refusal here: a sentence for the person who started AuthNode."""


class KeyMissing(Refusal):
    """A key is gone although the data it protects are there."""


class NotWritable(Refusal):
    """A file or folder cannot be made or changed."""


class DatabaseAway(Refusal):
    """The database server does not answer, so that nobody knows whether it holds data."""


@dataclass(frozen=True)
class Key:
    variable: str
    file: str
    shape: re.Pattern[str]
    make: Callable[[], str]


KEYS = (
    Key(
        "MASTER_KEY",
        "master.key",
        re.compile(r"([a-z][0-9]{1,6}:[A-Za-z0-9_-]{43}=?\s*)+"),
        lambda: f"k1:{secrets.token_urlsafe(32)}\n",
    ),
    Key(
        "BACKUP_KEY",
        "backup.key",
        re.compile(r"([a-z][0-9]{1,6}:[A-Za-z0-9_-]{43}=?\s*)+"),
        lambda: f"b1:{secrets.token_urlsafe(32)}\n",
    ),
    Key(
        "SECRET_KEY",
        "secret.key",
        re.compile(r"\S{50,}\s*"),
        lambda: f"{secrets.token_urlsafe(48)}\n",
    ),
)


def main() -> int:
    try:
        prepare(os.environ)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


def prepare(environment: Mapping[str, str]) -> None:
    """Make `var/` and its keys, or raise a Refusal that says what stands in the way."""
    var = var_folder(environment)
    make_folder(var)
    missing = []
    for key in KEYS:
        if is_given(key, environment):
            continue
        if (var / key.file).exists():
            check_key_file(key, var / key.file)
        else:
            missing.append(key)
    if missing and database_exists(environment, var):
        raise KeyMissing(explain_missing(missing, var))
    for key in missing:
        write_once(var / key.file, key.make())


def var_folder(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("AUTHNODE_VAR", "").strip() or ROOT / "var")


def make_folder(var: Path) -> None:
    """Make the folder if it is not there, and find out now whether it can be written."""
    try:
        var.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        if var.stat().st_mode & 0o077:
            var.chmod(PRIVATE_FOLDER)
        probe = var / f".writable-{secrets.token_hex(8)}"
        write_once(probe, "is there room for a few bytes?\n")
        probe.unlink()
    except OSError as error:
        raise NotWritable(explain(error, var)) from None


def is_given(key: Key, environment: Mapping[str, str]) -> bool:
    """Whether the environment holds the key itself or names a file of the operator's."""
    if environment.get(key.variable, "").strip():
        return True
    named = environment.get(f"{key.variable}_FILE", "").strip()
    if named and not os.access(named, os.R_OK):
        raise KeyMissing(f"{key.variable}_FILE names {named}, which cannot be read.")
    return bool(named)


def check_key_file(key: Key, path: Path) -> None:
    try:
        text = path.read_text()
        if path.stat().st_mode & 0o077:
            path.chmod(PRIVATE_FILE)
    except (OSError, UnicodeDecodeError) as error:
        raise KeyMissing(f"{path} cannot be used as {key.variable}: {error}.") from None
    if not key.shape.fullmatch(text):
        raise KeyMissing(
            f"{path} does not hold a key as {key.variable} expects it."
            " Put your copy of the file back; AuthNode does not replace it."
        )


def database_exists(environment: Mapping[str, str], var: Path) -> bool:
    url = urlsplit(read_secret(environment, "DATABASE_URL"))
    if url.scheme in {"postgres", "postgresql"}:
        return postgresql_has_tables(url.geturl())
    if url.scheme not in {"", "sqlite"}:
        raise Refusal(
            f"DATABASE_URL must begin with postgres:// or sqlite://, not {url.scheme}://."
        )
    file = Path(unquote(url.path[1:])) if url.scheme else var / "authnode.sqlite3"
    # An empty file is what a failed first start leaves behind; it holds nothing to protect.
    return file.exists() and file.stat().st_size > 0


def read_secret(environment: Mapping[str, str], name: str) -> str:
    named = environment.get(f"{name}_FILE", "").strip()
    if environment.get(name, "").strip() or not named:
        return environment.get(name, "").strip()
    try:
        return Path(named).read_text().strip()
    except OSError as error:
        raise Refusal(
            f"{name}_FILE names {named}, which cannot be read: {error.strerror}."
        ) from None


def postgresql_has_tables(url: str) -> bool:
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            row = connection.execute("SELECT to_regclass('core_keycheck')").fetchone()
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise DatabaseAway(
            f"The database named by DATABASE_URL does not answer ({reason}). A key is missing in"
            " var/, and only the database can tell whether a new one may be made."
        ) from None
    return row is not None and row[0] is not None


def explain_missing(missing: list[Key], var: Path) -> str:
    files = " and ".join(str(var / key.file) for key in missing)
    variables = " and ".join(f"{key.variable}_FILE" for key in missing)
    verb = "is" if len(missing) == 1 else "are"
    return (
        f"{files} {verb} missing, but there is a database already. It cannot be used with a new"
        f" key, so none is made. Put your copy back at {files}, or say with {variables} where it"
        " lies, and start AuthNode again."
    )


def write_once(path: Path, text: str) -> None:
    """Write a file that did not exist before, readable for its owner alone, all of it or none."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    except OSError as error:
        raise NotWritable(explain(error, path)) from None
    try:
        with os.fdopen(file, "w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        path.unlink()
        raise NotWritable(explain(error, path)) from None


def explain(error: OSError, path: Path) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"{path} cannot be written: the disk is full. Make room, then start AuthNode again."
    return (
        f"{path} cannot be written: {error.strerror}. The user who starts AuthNode must own the"
        " folder that holds its database and keys; AUTHNODE_VAR names another one."
    )


if __name__ == "__main__":
    sys.exit(main())
