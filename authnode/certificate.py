"""The certificate of `make run TLS=1`: self-signed, for the names and addresses of this machine.

It encrypts the way to a phone on the same network and gives the browser the secure context that
its cryptography needs. It proves no identity: the browser asks once whether to trust it.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Browsers refuse certificates that are valid for longer than 398 days.
LIFETIME = timedelta(days=397)
RENEW_BEFORE = timedelta(days=7)


def ensure(folder: Path, names: Iterable[str], *, at: datetime) -> tuple[Path, Path]:
    """The paths of certificate and key, made anew if they are not there or no longer serve."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    wanted = set(names)
    known = _names_if_valid(certificate, key, at=at)
    if known is None or not wanted <= known:
        folder.mkdir(mode=0o700, exist_ok=True)
        # A laptop that moves between networks keeps the addresses it had: one question each time
        # it comes to a new one, not at every change.
        _write(certificate, key, wanted | (known or set()), at=at)
    return certificate, key


def _names_if_valid(certificate: Path, key: Path, *, at: datetime) -> set[str] | None:
    try:
        signed = x509.load_pem_x509_certificate(certificate.read_bytes())
        private_key = serialization.load_pem_private_key(key.read_bytes(), password=None)
        names = signed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (FileNotFoundError, ValueError, x509.ExtensionNotFound):
        return None
    is_pair = private_key.public_key() == signed.public_key()
    lasts_until = signed.not_valid_after_utc - RENEW_BEFORE
    if not is_pair or not signed.not_valid_before_utc <= at < lasts_until:
        return None
    return {str(name.value) for name in names}


def _write(certificate: Path, key: Path, names: set[str], *, at: datetime) -> None:
    private_key = ec.generate_private_key(ec.SECP256R1())
    signed = _sign(private_key, names, at=at)
    _replace(
        key,
        private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    _replace(certificate, signed.public_bytes(serialization.Encoding.PEM))


def _sign(
    private_key: ec.EllipticCurvePrivateKey, names: set[str], *, at: datetime
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AuthNode on this machine")])
    public_key = private_key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(minutes=5))
        .not_valid_after(at + LIFETIME - timedelta(minutes=5))
        .add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in sorted(names)]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .sign(private_key, hashes.SHA256())
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _replace(path: Path, content: bytes) -> None:
    """Put a private file in place as a whole, so that a stopped start leaves the old one."""
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as stream:
        stream.write(content)
    fresh.replace(path)
