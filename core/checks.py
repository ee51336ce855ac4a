"""System checks: what is missing or unsafe, and how to set it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from core import keyring


@register()
def master_key_is_readable(**_: Any) -> list[CheckMessage]:
    try:
        keyring.ring()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="core.E001")]
    return []


@register()
def master_key_is_not_the_secret_key(**_: Any) -> list[CheckMessage]:
    if settings.SECRET_KEY and settings.SECRET_KEY in settings.MASTER_KEY:
        return [
            Error(
                "MASTER_KEY and SECRET_KEY are the same.",
                hint="Give each its own random value: they are lost and replaced differently.",
                id="core.E002",
            )
        ]
    return []


@register()
def postgresql_has_redis(**_: Any) -> list[CheckMessage]:
    engine = str(settings.DATABASES["default"]["ENGINE"])
    if "sqlite" not in engine and not settings.REDIS_URL:
        return [
            Error(
                "With a database server AuthNode needs Redis: counting requests is exact only in"
                " Redis or in the embedded SQLite cache.",
                hint="Set REDIS_URL, for example redis://localhost:6379/0.",
                id="core.E003",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def site_is_https(**_: Any) -> list[CheckMessage]:
    if not settings.SITE_URL.startswith("https://"):
        return [
            Warning(
                "SITE_URL is not https: browsers compute nothing secret on plain http, except on"
                " localhost, so that nobody else can sign in.",
                hint="Put the site behind a TLS proxy and set SITE_URL=https://…",
                id="core.W001",
            )
        ]
    return []
