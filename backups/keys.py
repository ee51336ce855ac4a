"""The keys around a backup: who it is wrapped for, and which keys it carries inside."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from backups import container, recipients
from core import keyring, lasting

SMALL = 64 * 1024


@dataclass(frozen=True)
class Opener:
    """What somebody brings along to open a backup with."""

    keys: Sequence[recipients.BackupKey] = field(default=(), repr=False)
    private_key: X25519PrivateKey | None = field(default=None, repr=False)

    def data_key(self, header: container.Header) -> bytes:
        """Raises recipients.NoKeyFits."""
        return recipients.unwrap(
            header.recipients, str(header.id), keys=self.keys, private_key=self.private_key
        )

    def fits(self, header: container.Header) -> bool:
        try:
            self.data_key(header)
        except recipients.NoKeyFits:
            return False
        return True


@dataclass(frozen=True)
class CarriedKeys:
    """The site's own keys as they lie in the first record of a backup."""

    keyring: keyring.Keyring
    lasting: Mapping[str, str] = field(repr=False)

    @property
    def ring(self) -> Mapping[str, bytes]:
        return self.keyring.keys

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Migrations of older rows seal and compute as the site did that they come from."""
        known = {name: bytes.fromhex(key) for name, key in self.lasting.items()}
        with keyring.borrowed(self.keyring), lasting.borrowed(known):
            yield


def own_keys() -> list[recipients.BackupKey]:
    try:
        return recipients.parse_keys(settings.BACKUP_KEY)
    except recipients.BadKey as error:
        raise ImproperlyConfigured(str(error)) from None


def own_opener() -> Opener:
    return Opener(keys=own_keys())


def is_sealed_away() -> bool:
    """Whether backups are sealed to public keys alone, so that this server cannot open them."""
    return bool(settings.BACKUP_PUBLIC_KEYS)


def wraps_for(data_key: bytes, backup_id: str) -> list[dict[str, str]]:
    """The data key for everybody who shall open a new backup."""
    if is_sealed_away():
        return [
            recipients.wrap_for_public_key(recipients.parse_public_key(line), data_key, backup_id)
            for line in settings.BACKUP_PUBLIC_KEYS
        ]
    keys = own_keys()
    if not keys:
        raise ImproperlyConfigured("There is no backup key: set BACKUP_KEY or BACKUP_KEY_FILE.")
    # The first is the current one; those below only open what they once sealed.
    return [recipients.wrap_for_key(keys[0], data_key, backup_id)]


def carried() -> bytes:
    """The first record: master keys and lasting keys, so that the backup key alone restores."""
    known = {}
    for purpose in lasting.PURPOSES:
        try:
            known[purpose] = lasting.key(purpose).hex()
        except lasting.LastingKeyMissing:
            continue
    return container.canonical({"lasting": known, "master": settings.MASTER_KEY.split()})


def parse_carried(record: bytes) -> CarriedKeys:
    """Read the first record; raises container.ContainerRefused."""
    try:
        found = json.loads(record)
        known = {str(name): str(key) for name, key in found["lasting"].items()}
        for key in known.values():
            bytes.fromhex(key)
        return CarriedKeys(keyring.parse("\n".join(found["master"])), known)
    except (ValueError, KeyError, TypeError, AttributeError, ImproperlyConfigured):
        raise container.ContainerRefused("its keys cannot be read") from None


def lies_within(folder: Path) -> str:
    """The name of a key that lies in the backup directory, or nothing.

    Whoever got hold of the directory would have the key to everything in it.
    """
    folder = folder.resolve()
    for variable in ("BACKUP_KEY", "MASTER_KEY"):
        file = settings.KEY_FILES.get(variable)
        if file and folder in Path(file).resolve().parents:
            return f"{variable} ({file})"
    return _found_by_content(folder)


def _found_by_content(folder: Path) -> str:
    wanted = {
        line.partition(":")[2].encode(): variable
        for variable in ("BACKUP_KEY", "MASTER_KEY")
        for line in getattr(settings, variable).split()
    }
    if not folder.is_dir():
        return ""
    for path in folder.iterdir():
        if path.suffix == ".authnode-backup" or not path.is_file() or path.stat().st_size > SMALL:
            continue
        text = path.read_bytes()
        for key, variable in wanted.items():
            if key and key in text:
                return f"{variable} ({path})"
    return ""
