#!/usr/bin/env python3
"""Opens a backup of AuthNode without AuthNode: one file, Python 3.10 and `cryptography`.

    python open_backup.py info  FILE
    python open_backup.py check FILE --key-file backup.key
    python open_backup.py dump  FILE --key-file backup.key > rows.jsonl
    python open_backup.py keys  FILE --private-key-file private.txt

It follows docs/backup-format.md and shares no code with the site, so that one can be held against
the other. `dump` writes, for each table, its head and its rows as lines of JSON; secrets in them
are still sealed under the master keys, which `keys` shows.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"AUTHNODE-BACKUP 1\n"
LONGEST_LINE = 2 * 1024 * 1024


class Refused(Exception):
    """The file is not a whole backup, or the key is not the right one."""


def main() -> int:
    arguments = parser().parse_args()
    try:
        with arguments.file.open("rb") as file:
            return run(file, arguments)
    except (Refused, OSError) as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument("deed", choices=("info", "check", "dump", "keys"))
    found.add_argument("file", type=Path)
    found.add_argument("--key-file", type=Path, help="lines b1:…, the backup keys")
    found.add_argument("--private-key-file", type=Path, help="one line x25519-private:…")
    return found


def run(file: BinaryIO, arguments: argparse.Namespace) -> int:
    header, raw = read_header(file)
    if arguments.deed == "info":
        print(json.dumps(header, indent=2))
        return 0
    records = open_records(file, header, raw, data_key(header, arguments))
    first = next(records)
    if arguments.deed == "keys":
        print(json.dumps(json.loads(first), indent=2))
        return 0
    for part in records:
        if arguments.deed == "dump":
            sys.stdout.buffer.write(part)
    sys.stdout.flush()
    print("The file is whole.", file=sys.stderr)
    return 0


def read_header(file: BinaryIO) -> tuple[dict[str, Any], bytes]:
    if file.read(len(MAGIC)) != MAGIC:
        raise Refused("it does not begin as a backup")
    raw = file.readline(LONGEST_LINE).removesuffix(b"\n")
    try:
        header = json.loads(raw)
    except ValueError:
        raise Refused("its header cannot be read") from None
    if canonical(header) != raw or header.get("version") != 1:
        raise Refused("its header is not one of version 1")
    return header, raw


def open_records(file: BinaryIO, header: dict[str, Any], raw: bytes, key: bytes) -> Iterator[bytes]:
    """The record of keys, then each part of the content; ends only if all of it is right."""
    fernet = Fernet(base64.urlsafe_b64encode(key))
    bound = bytes.fromhex(header["id"].replace("-", "")) + hashlib.sha256(raw).digest()
    before, index, size, digest = bytes(32), 0, 0, hashlib.sha256()
    while True:
        token = read_token(file)
        plain = decrypt(fernet, token)
        kind = plain[56]
        if plain[:89] != bound + index.to_bytes(8, "big") + bytes([kind]) + before:
            raise Refused(f"record {index} is not in its place")
        payload = inflate(plain[89:], header["chunk_size"])
        before, index = hashlib.sha256(token).digest(), index + 1
        if kind == 2:
            break
        if (kind == 0) != (index == 1):
            raise Refused("its records are not in order")
        if kind == 1:
            digest.update(payload)
            size += len(payload)
        yield payload
    ending = json.loads(payload)
    found = (ending["bytes"], ending["chunks"], ending["sha256"])
    if found != (size, index - 2, digest.hexdigest()) or file.read(1):
        raise Refused("its ending does not match")


def read_token(file: BinaryIO) -> bytes:
    line = file.readline(LONGEST_LINE)
    token = line.removesuffix(b"\n")
    try:
        is_canonical = base64.urlsafe_b64encode(base64.urlsafe_b64decode(token)) == token
    except ValueError:
        is_canonical = False
    if not line.endswith(b"\n") or not is_canonical:
        raise Refused("it is cut or changed")
    return token


def decrypt(fernet: Fernet, token: bytes) -> bytes:
    try:
        plain = fernet.decrypt(token)
    except InvalidToken:
        raise Refused("a record is damaged") from None
    if len(plain) < 90:
        raise Refused("a record is too short")
    return plain


def inflate(packed: bytes, limit: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        payload = stream.decompress(packed, limit + 1)
    except zlib.error:
        raise Refused("a record cannot be unpacked") from None
    if len(payload) > limit or not stream.eof or stream.unused_data:
        raise Refused("a record is too long")
    return payload


def data_key(header: dict[str, Any], arguments: argparse.Namespace) -> bytes:
    """The key of the content, unwrapped by whichever of the given keys fits."""
    keys = read_keys(arguments.key_file) if arguments.key_file else []
    private = read_private(arguments.private_key_file) if arguments.private_key_file else None
    for wrap in header["recipients"]:
        if wrap["kind"] == "key":
            candidates = [(key, b"") for key in keys if fingerprint(key) == wrap["fingerprint"]]
        else:
            candidates = exchange(private, wrap)
        for key, salt in candidates:
            try:
                return wrapper(key, salt, header["id"]).decrypt(wrap["wrapped"])
            except InvalidToken:
                continue
    wanted = ", ".join(f"{wrap['kind']} {wrap['fingerprint']}" for wrap in header["recipients"])
    raise Refused(f"none of the given keys fits; it needs {wanted}")


def exchange(private: X25519PrivateKey | None, wrap: dict[str, str]) -> list[tuple[bytes, bytes]]:
    if private is None:
        return []
    own = private.public_key().public_bytes_raw()
    if fingerprint(own) != wrap["fingerprint"]:
        return []
    ephemeral = decode(wrap["ephemeral"])
    shared = private.exchange(X25519PublicKey.from_public_bytes(ephemeral))
    return [(shared, ephemeral + own)]


def wrapper(key: bytes, salt: bytes, backup_id: str) -> Fernet:
    info = b"authnode/backup/v1/wrap|" + backup_id.encode()
    derived = HKDF(algorithm=SHA256(), length=32, salt=salt or None, info=info).derive(key)
    return Fernet(base64.urlsafe_b64encode(derived))


def fingerprint(key: bytes) -> str:
    return hashlib.sha256(b"authnode/backup/v1/fingerprint|" + key).hexdigest()[:16]


def read_keys(path: Path) -> list[bytes]:
    return [decode(line.partition(":")[2]) for line in path.read_text().split()]


def read_private(path: Path) -> X25519PrivateKey:
    text = path.read_text().strip().removeprefix("x25519-private:")
    return X25519PrivateKey.from_private_bytes(decode(text))


def decode(text: str) -> bytes:
    raw = base64.urlsafe_b64decode(text.rstrip("=") + "=")
    if len(raw) != 32:
        raise Refused("a key is damaged")
    return raw


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


if __name__ == "__main__":
    sys.exit(main())
