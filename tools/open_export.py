#!/usr/bin/env python3
"""Opens a file that AuthNode sealed with a password. Needs only Python and `cryptography`.

    python open_export.py FILE [OUTPUT]

It asks for the password, writes what was sealed beside FILE (or to OUTPUT), readable by you alone,
and never overwrites anything. How the file is laid out: docs/formats.md.
"""

from __future__ import annotations

import base64
import getpass
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.fernet import Fernet, InvalidToken

MAGIC = b"AUTHNODE-EXPORT-1\n"
MAX_LINE = 1024 * 1024


class CannotOpen(Exception):
    pass


def derive(password: str, header: dict[str, Any]) -> Fernet:
    """The key of the password, by the costs that the header names, within bounds."""
    typed, salt = password.encode(), base64.b64decode(header["salt"])
    if header["kdf"] == "pbkdf2-sha256":
        iterations = int(header["iterations"])
        if not 1 <= iterations <= 10_000_000:
            raise CannotOpen("The file names a cost that is out of bounds.")
        key = hashlib.pbkdf2_hmac("sha256", typed, salt, iterations, 32)
    elif header["kdf"] == "scrypt":
        n, r, p = int(header["n"]), int(header["r"]), int(header["p"])
        memory = 128 * n * r
        if not (1 <= memory <= 128 * 1024 * 1024 and 1 <= p <= 4):
            raise CannotOpen("The file names a cost that is out of bounds.")
        key = hashlib.scrypt(
            typed, salt=salt, n=n, r=r, p=p, dklen=32, maxmem=memory + 2 * 1024 * 1024
        )
    else:
        raise CannotOpen("The file is of a newer kind than this program knows.")
    return Fernet(base64.urlsafe_b64encode(key))


def open_chunks(source: BinaryIO, password: str) -> Iterator[bytes]:
    """The header's extension first, then the content chunk by chunk."""
    if source.readline(MAX_LINE) != MAGIC:
        raise CannotOpen("This is not a file that AuthNode sealed.")
    line = source.readline(MAX_LINE).rstrip(b"\n")
    try:
        header = json.loads(line)
        wrapping = derive(password, header)
        wrapped = header["key"].encode()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CannotOpen("The file is damaged.") from None
    try:
        fernet = Fernet(wrapping.decrypt(wrapped))
    except InvalidToken:
        raise CannotOpen("The password is wrong, or the file is damaged.") from None
    yield str(header.get("extension", "bin")).encode()
    is_last = False
    for number, token in enumerate(iter(lambda: source.readline(MAX_LINE), b"")):
        try:
            plain = fernet.decrypt(token.strip())
        except InvalidToken:
            raise CannotOpen("The file is damaged.") from None
        start = number.to_bytes(4, "big")
        digest = b"" if number else hashlib.sha256(line).digest()
        if is_last or plain[:4] != start or plain[5 : 5 + len(digest)] != digest:
            raise CannotOpen("Pieces of the file are missing or out of order.")
        is_last = plain[4:5] == b"\x01"
        yield plain[5 + len(digest) :]
    if not is_last:
        raise CannotOpen("The end of the file is missing.")


def main(arguments: list[str]) -> int:
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    path = Path(arguments[0])
    part = target = None
    try:
        with path.open("rb") as source:
            chunks = open_chunks(source, getpass.getpass("Password of the export: "))
            extension = next(chunks).decode()
            if not re.fullmatch(r"[a-z0-9.]{1,12}", extension):
                extension = "bin"
            target = Path(arguments[1]) if len(arguments) > 1 else path.with_suffix(f".{extension}")
            if target.exists():
                raise CannotOpen(f"{target} is there already.")
            # Under another name until it is whole: half a file is no export.
            part = target.with_name(f"{target.name}.part")
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                for chunk in chunks:
                    out.write(chunk)
            os.link(part, target)
    except (CannotOpen, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    print(target)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
