"""A file as the first release would have written it; `python -m backups.tests.fixture` makes it.

It is made once for each version of the format and kept: every later release has to restore it.
The people in it are Alice and Bob of the tests, the keys are those of the test settings.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "fixtures"
VERSION_1 = FOLDER / "version-1.authnode-backup"
STATE = {
    "accounts": ["0004_locked_sign_in"],
    "audit": ["0001_initial"],
    "auth": ["0012_alter_user_first_name_max_length"],
    "contenttypes": ["0002_remove_content_type_name"],
    "core": ["0001_initial"],
    "keyslots": ["0001_initial"],
    "recovery": ["0001_codes"],
    "vault": ["0001_initial"],
}
ALICE, ENTRY, CATEGORY = (uuid.UUID(int=number).hex for number in (1, 2, 3))
IDENTITY = uuid.UUID(int=4).hex
AT = "2026-01-02 03:04:05.678901"
SECRET, SUBJECT, ISSUER = b"12345678901234567890", "subject-of-alice", "https://login.example.com"
RECOVERY_KEY = b"r" * 32


def rows() -> dict[str, list[dict[str, Any]]]:
    from core import sealing

    owner = str(uuid.UUID(ALICE))
    place = sealing.place_of(uuid.UUID(ENTRY), "sealed_secret")
    return {
        "accounts.User": [
            {"id": ALICE, "email": "alice@example.com", "display_name": "Alice", "created_at": AT}
        ],
        "accounts.OidcIdentity": [
            {"id": IDENTITY, "user_id": ALICE, "issuer": ISSUER, "subject": SUBJECT,
             "created_at": AT}
        ],
        "vault.Category": [{"id": CATEGORY, "owner_id": ALICE, "name": "Work", "created_at": AT}],
        "vault.OtpEntry": [
            {"id": ENTRY, "owner_id": ALICE, "issuer": "Example “ünï”", "type": "hotp",
             "counter": 7, "created_at": AT, "updated_at": AT,
             "sealed_secret": sealing.seal("totp-secret", owner, place, SECRET)}
        ],
        "vault.OtpEntry_categories": [{"id": 1, "otpentry_id": ENTRY, "category_id": CATEGORY}],
    }  # fmt: skip


def write(path: Path) -> None:
    from backups import container, keys, schema

    registry, wanted = schema.models_at(STATE), rows()
    backup_id, data_key = uuid.UUID(int=99), b"fixture " * 4
    header = container.Header(
        id=backup_id,
        created_at="2026-01-02T04:00:00.000000+00:00",
        kind="manual",
        application="0.1",
        database="sqlite",
        migrations=STATE,
        audit_head={"mac": "", "position": 0},
        recipients=keys.wraps_for(data_key, str(backup_id)),
    )
    record = {"lasting": {"recovery-code": RECOVERY_KEY.hex()}, "master": ["k1:" + "A" * 43]}
    with path.open("wb") as file:
        writer = container.Writer(file, header, data_key, container.canonical(record))
        counts = {}
        for label, found in wanted.items():
            model = registry.get_model(label)
            fields = model._meta.local_concrete_fields
            columns = [str(field.column) for field in fields]
            head = container.TableHead(model._meta.db_table, label, columns)
            writer.write(head.as_bytes() + b"\n")
            for row in found:
                values = [row.get(str(f.column), _plain(f.get_default())) for f in fields]
                writer.write(json.dumps(values).encode() + b"\n")
            counts[head.table] = len(found)
        writer.finish(counts)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


if __name__ == "__main__":
    import os

    os.environ["DJANGO_SETTINGS_MODULE"] = "authnode.test_settings"
    import django

    django.setup()
    FOLDER.mkdir(exist_ok=True)
    write(VERSION_1)
