"""System checks: what about the settings of backups is missing or unsafe."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from backups import keys, places, recipients


@register()
def backup_keys_are_readable(**_: Any) -> list[CheckMessage]:
    try:
        found = keys.own_keys()
        for line in settings.BACKUP_PUBLIC_KEYS:
            recipients.parse_public_key(line)
    except ImproperlyConfigured as error:
        return [Error(str(error), id="backups.E001")]
    except recipients.BadKey as error:
        return [Error(f"BACKUP_PUBLIC_KEYS: {error}", id="backups.E001")]
    if not found and not settings.BACKUP_PUBLIC_KEYS:
        return [Error("There is no backup key.", hint="Set BACKUP_KEY.", id="backups.E001")]
    return []


@register()
def backup_key_is_not_a_master_key(**_: Any) -> list[CheckMessage]:
    master = {line.partition(":")[2] for line in settings.MASTER_KEY.split()}
    if any(line.partition(":")[2] in master for line in settings.BACKUP_KEY.split()):
        return [
            Error(
                "BACKUP_KEY and MASTER_KEY are the same.",
                hint="Who may open backups and who runs the site need not be one.",
                id="backups.E002",
            )
        ]
    return []


@register()
def keys_lie_elsewhere(**_: Any) -> list[CheckMessage]:
    found = keys.lies_within(settings.BACKUP_DIRECTORY)
    if found:
        return [
            Error(
                f"{found} lies inside the backup directory, so that whoever gets hold of the"
                " backups gets the key with them.",
                hint="Move the key elsewhere, or set BACKUP_DIRECTORY to another folder.",
                id="backups.E003",
            )
        ]
    return []


@register()
def storage_is_reached_safely(**_: Any) -> list[CheckMessage]:
    fault = places.endpoint_fault(settings.BACKUP_S3_ENDPOINT)
    return [Error(fault, id="backups.E004")] if fault else []
