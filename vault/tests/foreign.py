"""Files as other apps write them, made for tests: one writer for each that AuthNode only reads.

They are written from the formats' descriptions and share nothing with the readers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import secrets
import struct
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

import pyzipper
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from nacl import bindings

from core import otp
from vault.formats import otpauth
from vault.formats.account import OtpAccount

PASSWORD = "pässwörd 密码"
JsonObject = dict[str, Any]


def encoded(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def signed(data: bytes) -> list[int]:
    return [byte - 256 if byte > 127 else byte for byte in data]


def base32(account: OtpAccount) -> str:
    return otp.encode_base32(account.secret)


def cbc(key: bytes, iv: bytes, plain: bytes) -> bytes:
    pad = 16 - len(plain) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()


def argon2id(password: str, salt: bytes, *, passes: int, memory: int, lanes: int) -> bytes:
    made = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory)
    return made.derive(password.encode())


def twofas(accounts: Sequence[OtpAccount], password: str = "", *, schema: int = 4) -> bytes:
    services = [_twofas_service(row, place) for place, row in enumerate(accounts)]
    names = dict.fromkeys(name for row in accounts for name in row.categories)
    groups = [{"id": f"id of {name}", "name": name} for name in names]
    document: JsonObject = {"schemaVersion": schema, "services": services, "groups": groups}
    if password:
        salt, nonce = secrets.token_bytes(256), secrets.token_bytes(12)
        key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 10_000, 32)
        sealed = AESGCM(key).encrypt(nonce, encoded(services), None)
        parts = ":".join(map(b64, (sealed, salt, nonce)))
        document |= {"services": [], "servicesEncrypted": parts}
    return encoded(document)


def _twofas_service(row: OtpAccount, place: int) -> JsonObject:
    group = f"id of {row.categories[0]}" if row.categories else None
    return {
        "name": row.issuer,
        "secret": base32(row),
        "otp": {
            "account": row.name,
            "issuer": row.issuer,
            "digits": row.digits,
            "period": row.period,
            "algorithm": row.algorithm,
            "counter": row.counter,
            "tokenType": row.type.upper(),
        },
        "order": {"position": place},
        "groupId": group,
    }


def bitwarden(accounts: Sequence[OtpAccount], password: str = "", *, kdf: int = 0) -> bytes:
    folders = dict.fromkeys(name for row in accounts for name in row.categories)
    document: JsonObject = {
        "encrypted": False,
        "folders": [{"id": f"id of {name}", "name": name} for name in folders],
        "items": [
            {
                "type": 1,
                "name": row.issuer,
                "notes": row.note or None,
                "favorite": row.favourite,
                "folderId": f"id of {row.categories[0]}" if row.categories else None,
                "login": {"username": row.name, "totp": otpauth.write(row)},
            }
            for row in accounts
        ],
    }
    return _bitwarden_sealed(encoded(document), password, kdf) if password else encoded(document)


def _bitwarden_sealed(plain: bytes, password: str, kdf: int) -> bytes:
    salt = b64(secrets.token_bytes(16))
    outer: JsonObject = {"encrypted": True, "passwordProtected": True, "salt": salt, "kdfType": kdf}
    if kdf == 0:
        outer["kdfIterations"] = 5_000
        key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 5_000, 32)
    else:
        outer |= {"kdfIterations": 3, "kdfMemory": 64, "kdfParallelism": 4}
        hashed = hashlib.sha256(salt.encode()).digest()
        key = argon2id(password, hashed, passes=3, memory=64 * 1024, lanes=4)
    enc = hmac.digest(key, b"enc\x01", "sha256")
    mac = hmac.digest(key, b"mac\x01", "sha256")
    iv = secrets.token_bytes(16)
    sealed = cbc(enc, iv, plain)
    tag = hmac.digest(mac, iv + sealed, "sha256")
    return encoded({**outer, "data": "2." + "|".join(map(b64, (iv, sealed, tag)))})


def proton(accounts: Sequence[OtpAccount], password: str = "") -> bytes:
    plain = encoded({"version": 1, "entries": [_proton_entry(row) for row in accounts]})
    if not password:
        return plain
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    key = argon2id(password, salt, passes=2, memory=19_456, lanes=1)
    sealed = nonce + AESGCM(key).encrypt(nonce, plain, b"proton.authenticator.export.v1")
    return encoded({"version": 1, "salt": b64(salt), "content": b64(sealed)})


def _proton_entry(row: OtpAccount) -> JsonObject:
    content = {"uri": otpauth.write(row), "entry_type": "Totp", "name": row.name}
    if row.is_steam:
        content |= {"uri": f"steam://{base32(row)}", "entry_type": "Steam"}
    return {"id": "-", "content": content, "note": row.note or None}


def ente(accounts: Sequence[OtpAccount], password: str = "") -> bytes:
    lines = [
        otpauth.write(row)
        + "&codeDisplay="
        + quote(
            json.dumps(
                {
                    "pinned": row.favourite,
                    "trashed": False,
                    "note": row.note,
                    "tags": list(row.categories),
                }
            ),
            safe="",
        )
        for row in accounts
    ]
    plain = "\n".join(lines).encode()
    if not password:
        return plain
    salt, header_key = secrets.token_bytes(16), 8 * 1024 * 1024
    key = argon2id(password, salt, passes=2, memory=header_key // 1024, lanes=1)
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    header = bindings.crypto_secretstream_xchacha20poly1305_init_push(state, key)
    sealed = bindings.crypto_secretstream_xchacha20poly1305_push(state, plain, tag=0)
    return encoded(
        {
            "version": 1,
            "kdfParams": {"memLimit": header_key, "opsLimit": 2, "salt": b64(salt)},
            "encryptedData": b64(sealed),
            "encryptionNonce": b64(header),
        }
    )


def _freeotp_token(row: OtpAccount) -> JsonObject:
    return {
        "algo": row.algorithm,
        "counter": row.counter,
        "digits": row.digits,
        "issuerExt": row.issuer,
        "issuerInt": row.issuer,
        "label": row.name,
        "period": row.period,
        "type": "HOTP" if row.is_hotp else "TOTP",
    }


def freeotp_plus(accounts: Sequence[OtpAccount]) -> bytes:
    tokens = [{**_freeotp_token(row), "secret": signed(row.secret)} for row in accounts]
    order = [f"{row.issuer}:{row.name}" for row in accounts]
    return encoded({"tokens": tokens, "tokenOrder": order})


def preferences(strings: dict[str, str]) -> bytes:
    rows = "".join(
        f"<string name={quoteattr(name)}>{escape(text)}</string>" for name, text in strings.items()
    )
    return f"<?xml version='1.0' encoding='utf-8' ?><map>{rows}</map>".encode()


def freeotp_settings(accounts: Sequence[OtpAccount]) -> bytes:
    tokens = {
        f"{place}:{row.name}": json.dumps({**_freeotp_token(row), "secret": signed(row.secret)})
        for place, row in enumerate(accounts)
    }
    return preferences({**tokens, "tokenOrder": json.dumps(list(tokens))})


def java_map(pairs: dict[str, str]) -> bytes:
    def text(value: str) -> bytes:
        raw = value.encode("utf-16-be", "surrogatepass")
        units = [
            raw[at : at + 2].decode("utf-16-be", "surrogatepass") for at in range(0, len(raw), 2)
        ]
        data = b"".join(unit.encode("utf-8", "surrogatepass") for unit in units)
        data = data.replace(b"\x00", b"\xc0\x80")
        if len(data) < 1 << 16:
            return b"\x74" + struct.pack(">H", len(data)) + data
        return b"\x7c" + struct.pack(">Q", len(data)) + data

    name = b"java.util.HashMap"
    head = b"\xac\xed\x00\x05sr" + struct.pack(">H", len(name)) + name
    head += struct.pack(">q", 362498820763181265) + b"\x03" + struct.pack(">H", 2)
    head += b"F" + struct.pack(">H", 10) + b"loadFactor"
    head += b"I" + struct.pack(">H", 9) + b"threshold"
    head += b"\x78\x70" + struct.pack(">fi", 0.75, 12)
    head += b"\x77\x08" + struct.pack(">ii", 16, len(pairs))
    return head + b"".join(text(key) + text(value) for key, value in pairs.items()) + b"\x78"


def freeotp_backup(accounts: Sequence[OtpAccount], password: str = PASSWORD) -> bytes:
    salt, master = secrets.token_bytes(32), secrets.token_bytes(32)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 1_000, 32)

    def sealed(plain: bytes, under: bytes, token: str) -> JsonObject:
        nonce = secrets.token_bytes(12)
        return {
            "mCipher": "AES/GCM/NoPadding",
            "mCipherText": signed(AESGCM(under).encrypt(nonce, plain, token.encode())),
            "mParameters": signed(b"\x30\x11\x04\x0c" + nonce + b"\x02\x01\x10"),
            "mToken": token,
        }

    pairs = {
        "masterKey": json.dumps(
            {
                "mAlgorithm": "PBKDF2withHmacSHA512",
                "mIterations": 1_000,
                "mSalt": signed(salt),
                "mEncryptedKey": sealed(master, key, "AES"),
            }
        )
    }
    for place, row in enumerate(accounts):
        token = json.dumps(sealed(row.secret, master, "HmacSHA1"))
        pairs[f"id {place}"] = json.dumps({"key": token})
        pairs[f"id {place}-token"] = json.dumps(_freeotp_token(row), ensure_ascii=False)
    return java_map(pairs)


def raivo(accounts: Sequence[OtpAccount]) -> bytes:
    return encoded(
        [
            {
                "issuer": row.issuer,
                "account": row.name,
                "secret": base32(row),
                "algorithm": row.algorithm,
                "digits": str(row.digits),
                "kind": "HOTP" if row.is_hotp else "TOTP",
                "timer": "0" if row.is_hotp else str(row.period),
                "counter": str(row.counter),
                "pinned": "true" if row.favourite else "false",
            }
            for row in accounts
        ]
    )


def zipped(members: dict[str, bytes], password: str = "") -> bytes:
    made = io.BytesIO()
    encryption = pyzipper.WZ_AES if password else None
    with pyzipper.AESZipFile(
        made, "w", compression=pyzipper.ZIP_DEFLATED, encryption=encryption
    ) as archive:
        if password:
            archive.setpassword(password.encode())
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def raivo_zip(accounts: Sequence[OtpAccount], password: str = PASSWORD) -> bytes:
    return zipped({"raivo-otp-export.json": raivo(accounts)}, password)


STRATUM_TYPES = {"hotp": 1, "totp": 2, "steam": 4}
STRATUM_ALGORITHMS = {"SHA1": 0, "SHA256": 1, "SHA512": 2}


def stratum(accounts: Sequence[OtpAccount], password: str = "", *, legacy: bool = False) -> bytes:
    names = list(dict.fromkeys(name for row in accounts for name in row.categories))
    plain = encoded(
        {
            "Authenticators": [_stratum_row(row, place) for place, row in enumerate(accounts)],
            "Categories": [
                {"Id": f"{number:08x}", "Name": name, "Ranking": number}
                for number, name in enumerate(names)
            ],
            "AuthenticatorCategories": [
                {"CategoryId": f"{names.index(name):08x}", "AuthenticatorSecret": base32(row)}
                for row in accounts
                for name in row.categories
            ],
            "CustomIcons": [],
        }
    )
    if not password:
        return plain
    if legacy:
        salt, iv = secrets.token_bytes(20), secrets.token_bytes(16)
        key = hashlib.pbkdf2_hmac("sha1", password.encode(), salt, 64_000, 32)
        return b"AuthenticatorPro" + salt + iv + cbc(key, iv, plain)
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    key = argon2id(password, salt, passes=3, memory=65_536, lanes=4)
    return b"AUTHENTICATORPRO" + salt + nonce + AESGCM(key).encrypt(nonce, plain, None)


def _stratum_row(row: OtpAccount, place: int) -> JsonObject:
    return {
        "Type": STRATUM_TYPES[row.type],
        "Icon": None,
        "Issuer": row.issuer,
        "Username": row.name or None,
        "Secret": base32(row),
        "Pin": None,
        "Algorithm": STRATUM_ALGORITHMS[row.algorithm],
        "Digits": row.digits,
        "Period": row.period,
        "Counter": row.counter,
        "CopyCount": 0,
        "Ranking": place,
    }


def lastpass(accounts: Sequence[OtpAccount]) -> bytes:
    names = list(dict.fromkeys(name for row in accounts for name in row.categories))
    folders = [{"id": 0, "name": "Other accounts"}, {"id": 1, "name": "Favorites"}]
    folders += [{"id": place + 2, "name": name} for place, name in enumerate(names)]
    return encoded(
        {
            "version": 3,
            "deviceName": "Phone",
            "localDeviceId": "0",
            "folders": folders,
            "accounts": [
                {
                    "issuerName": row.issuer,
                    "userName": row.name,
                    "secret": base32(row),
                    "timeStep": row.period,
                    "digits": row.digits,
                    "algorithm": row.algorithm,
                    "isFavorite": row.favourite,
                    "folderData": {
                        "folderId": names.index(row.categories[0]) + 2 if row.categories else 0,
                        "position": 0,
                    },
                }
                for row in accounts
            ],
        }
    )


def twofauth(accounts: Sequence[OtpAccount]) -> bytes:
    rows = [
        {
            "otp_type": "steamtotp" if row.is_steam else row.type,
            "account": row.name,
            "service": row.issuer or None,
            "secret": base32(row),
            "digits": row.digits,
            "algorithm": row.algorithm.lower(),
            "period": None if row.is_hotp else row.period,
            "counter": row.counter if row.is_hotp else None,
        }
        for row in accounts
    ]
    return encoded({"app": "2fauth_v5.6.0", "schema": 1, "data": rows})


def totp_authenticator(
    accounts: Sequence[OtpAccount], password: str = "TotpAuthenticator"
) -> bytes:
    rows = [
        {
            "issuer": row.issuer,
            "name": row.name,
            "key": row.secret.hex().upper(),
            "base": 16,
            "digits": str(row.digits),
            "period": str(row.period),
        }
        for row in accounts
    ]
    plain = encoded({json.dumps(rows, ensure_ascii=False): "v1"})
    key = hashlib.sha256(password.encode()).digest()
    return base64.b64encode(cbc(key, bytes(16), plain))


def authy(accounts: Sequence[OtpAccount], password: str = "") -> bytes:
    rows = []
    for row in accounts:
        secret: JsonObject = {"decryptedSecret": base32(row)}
        if password:
            key = hashlib.pbkdf2_hmac("sha1", password.encode(), b"salty", 1_000, 32)
            sealed = b64(cbc(key, bytes(16), base32(row).encode()))
            secret = {"encryptedSecret": sealed, "salt": "salty"}
        names = {"originalIssuer": row.issuer, "originalName": f"{row.issuer}:{row.name}"}
        rows.append({**secret, **names, "digits": row.digits, "name": row.name})
    return preferences({"com.authy.storage.tokens.authenticator.key": json.dumps(rows)})


def steam(accounts: Sequence[OtpAccount]) -> bytes:
    rows = {
        str(place): {"shared_secret": b64(row.secret), "account_name": row.name}
        for place, row in enumerate(accounts)
    }
    return encoded({"accounts": rows})


def blizzard_masked(text: str) -> str:
    """As Battle.net Authenticator writes a text: under one mask that every copy of it carries."""
    mask = bytes.fromhex(
        "398e27fc50276a656065b0e525f4c06c04c61075286b8e7aeda59da9813b5dd6c80d2fb38068773fa59ba47c"
        "17ca6c6479015c1d5b8b8f6b9a"
    )
    return bytes(sign ^ mask[place % len(mask)] for place, sign in enumerate(text.encode())).hex()
