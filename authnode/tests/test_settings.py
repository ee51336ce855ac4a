"""The settings under other environments, each read in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
KEYS = {
    "SECRET_KEY": "s" * 60,
    "MASTER_KEY": "k1:" + "A" * 43,
    "BACKUP_KEY": "b1:" + "B" * 43,
}
ASK = """
import json, sys
from authnode import settings
print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}, default=str))
"""
READERS = re.compile(r'env\.(?:text|boolean|integer|items|choice|mapping|secret)\(\s*"([A-Z_]+)"')


def run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={"PATH": os.environ["PATH"], **KEYS, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def settings(*names: str, **environment: str) -> dict[str, Any]:
    done = run(ASK, *names, **environment)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_every_setting_is_explained() -> None:
    sources = [ROOT / "authnode" / name for name in ("settings.py", "prepare.py", "serve.py")]
    text = "".join(path.read_text() for path in sources)
    read = set(READERS.findall(text)) | {"HOST", "PORT"}
    explained = (ROOT / "docs" / "settings.md").read_text()

    missing = sorted(name for name in read if f"`{name}`" not in explained)
    assert len(read) > 15
    assert missing == []


def test_uses_host_bound_secure_cookies_under_https() -> None:
    values = settings(
        "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "SECURE_HSTS_SECONDS",
        SITE_URL="https://codes.example.com",
    )  # fmt: skip

    assert values == {
        "SESSION_COOKIE_NAME": "__Host-session",
        "CSRF_COOKIE_NAME": "__Host-csrf",
        "SESSION_COOKIE_SECURE": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
    }


def test_takes_its_host_from_the_site_url() -> None:
    values = settings("ALLOWED_HOSTS", SITE_URL="https://codes.example.com", ALLOWED_HOSTS="a, b")

    assert values["ALLOWED_HOSTS"] == ["codes.example.com", "a", "b"]


def test_serves_a_sub_path() -> None:
    values = settings("STATIC_URL", "FORCE_SCRIPT_NAME", SITE_URL="https://example.com/codes/")

    assert values == {"STATIC_URL": "/codes/static/", "FORCE_SCRIPT_NAME": "/codes"}


def test_believes_no_forwarded_scheme_without_a_trusted_proxy() -> None:
    assert settings("SECURE_PROXY_SSL_HEADER")["SECURE_PROXY_SSL_HEADER"] is None


def test_takes_postgresql_and_redis_from_their_urls() -> None:
    values = settings(
        "DATABASES", "CACHES", "CELERY_BROKER_URL",
        DATABASE_URL="postgres://u:p@db:5432/name", REDIS_URL="redis://cache:6379/0",
    )  # fmt: skip

    assert values["DATABASES"].keys() == {"default"}
    assert values["DATABASES"]["default"]["ENGINE"] == "django.db.backends.postgresql"
    assert values["CACHES"]["default"]["BACKEND"] == "django_redis.cache.RedisCache"
    assert values["CELERY_BROKER_URL"] == "redis://cache:6379/0"


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"SITE_URL": "codes.example.com"}, "SITE_URL must be a web address"),
        ({"SIGN_UP": "perhaps"}, "SIGN_UP must be one of"),
        ({"KDF_ITERATIONS": "1000"}, "KDF_ITERATIONS must lie between"),
        ({"EMAIL_URL": "mail.example.com"}, "EMAIL_URL must look like"),
        ({"DEBUG": "maybe"}, "DEBUG must be true or false"),
        ({"MASTER_KEY_FILE": "/nowhere/key", "MASTER_KEY": ""}, "MASTER_KEY cannot be read"),
    ],
)
def test_refuses_to_start_with_a_sentence(environment: dict[str, str], sentence: str) -> None:
    done = run(ASK, "DEBUG", **environment)

    assert done.returncode != 0
    assert sentence in done.stderr


@pytest.mark.parametrize(
    ("environment", "check"),
    [
        ({"MASTER_KEY": "nonsense"}, "core.E001"),
        ({"SECRET_KEY": KEYS["MASTER_KEY"]}, "core.E002"),
        ({"DATABASE_URL": "postgres://u:p@127.0.0.1:1/x"}, "core.E003"),
        ({"SIGN_UP": "open"}, "accounts.E001"),
    ],
)
def test_says_what_is_missing_and_how_to_set_it(environment: dict[str, str], check: str) -> None:
    code = "import sys; sys.argv=['manage.py','check']; import manage; manage.main()"

    done = run(code, **environment)

    assert done.returncode != 0
    assert check in done.stderr


def test_places_are_fetched_beside_the_database_once_there_is_a_source() -> None:
    values = settings(
        "GEOIP_CITY_DATABASE",
        "GEOIP_ASN_DATABASE",
        AUTHNODE_VAR="/srv/authnode",
        GEOIP_ACCOUNT_ID="1",
        GEOIP_LICENSE_KEY="k",
    )

    assert values == {
        "GEOIP_CITY_DATABASE": "/srv/authnode/geoip/city.mmdb",
        "GEOIP_ASN_DATABASE": "/srv/authnode/geoip/asn.mmdb",
    }
    assert settings("GEOIP_CITY_DATABASE") == {"GEOIP_CITY_DATABASE": ""}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANOMALIES_TELL_AT", "71"),
        ("ANOMALIES_ADDRESS_POINTS", "46"),
        ("ANOMALIES_BLOCK_AT", "70"),
        ("ANOMALIES_TRAVEL_KM", "10"),
        ("ANOMALIES_TRAVEL_POINTS", "101"),
        ("ANOMALIES_HOUR_POINTS", "some"),
    ],
)
def test_thresholds_that_contradict_each_other_stop_the_start(name: str, value: str) -> None:
    done = run(ASK, "DEBUG", **{name: value})

    assert done.returncode != 0
    assert "ImproperlyConfigured" in done.stderr
    assert name in done.stderr
