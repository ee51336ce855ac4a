from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from core import env, mail_url


def test_reads_words_as_booleans(monkeypatch: pytest.MonkeyPatch) -> None:
    for word, expected in (("yes", True), ("1", True), ("off", False), ("", False)):
        monkeypatch.setenv("FLAG", word)
        assert env.boolean("FLAG", default=not expected) is expected
    monkeypatch.setenv("FLAG", "perhaps")
    with pytest.raises(ImproperlyConfigured, match="FLAG must be true or false"):
        env.boolean("FLAG")


def test_bounds_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBER", raising=False)
    assert env.integer("NUMBER", 7, least=1, most=9) == 7
    for word in ("0", "10", "seven"):
        monkeypatch.setenv("NUMBER", word)
        with pytest.raises(ImproperlyConfigured, match="NUMBER"):
            env.integer("NUMBER", 7, least=1, most=9)


def test_reads_lists_and_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIST", "a, b  c,,d")
    assert env.items("LIST") == ["a", "b", "c", "d"]
    monkeypatch.setenv("MODE", "OPEN")
    assert env.choice("MODE", "closed", ("open", "closed")) == "open"
    monkeypatch.setenv("MODE", "ajar")
    with pytest.raises(ImproperlyConfigured, match="one of open, closed"):
        env.choice("MODE", "closed", ("open", "closed"))


def test_takes_a_secret_from_the_variable_then_its_file_then_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    default, named = tmp_path / "default", tmp_path / "named"
    monkeypatch.delenv("THING", raising=False)
    assert env.secret("THING", default_file=default) == ""
    default.write_text("from default\n")
    named.write_text("from file\n")

    assert env.secret("THING", default_file=default) == "from default"
    monkeypatch.setenv("THING_FILE", str(named))
    assert env.secret("THING", default_file=default) == "from file"
    monkeypatch.setenv("THING", "from variable")
    assert env.secret("THING", default_file=default) == "from variable"


def test_says_which_secret_file_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("THING_FILE", str(tmp_path / "missing"))

    with pytest.raises(ImproperlyConfigured, match="THING cannot be read"):
        env.secret("THING")


def test_reads_mail_servers() -> None:
    server = mail_url.parse("smtp+tls://me%40site:p%3Aw@mail.example.com")

    assert (server.host, server.port, server.user, server.password) == (
        "mail.example.com", 587, "me@site", "p:w",
    )  # fmt: skip
    assert (server.starttls, server.ssl) == (True, False)
    assert mail_url.parse("smtps://mail.example.com").port == 465
    assert "p:w" not in repr(server)
    for nonsense in ("mail.example.com", "http://mail.example.com", "smtp://"):
        with pytest.raises(ImproperlyConfigured, match="EMAIL_URL"):
            mail_url.parse(nonsense)
