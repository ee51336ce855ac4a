from __future__ import annotations

import ipaddress
import stat
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import TestCase

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from authnode import certificate

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = ["localhost", "127.0.0.1", "::1", "shelf.local", "192.168.1.20"]


class CertificateTests(TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="authnode-certificate-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "tls"
        self.first = self.ensure()

    def ensure(self, names: list[str] = NAMES, at: datetime = NOW) -> x509.Certificate:
        path, _ = certificate.ensure(self.folder, names, at=at)
        return x509.load_pem_x509_certificate(path.read_bytes())

    def alternative_names(self, signed: x509.Certificate) -> x509.SubjectAlternativeName:
        return signed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    def test_keeps_the_key_private(self) -> None:
        key = self.folder / "key.pem"

        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert stat.S_IMODE(self.folder.stat().st_mode) == 0o700
        assert [file.name for file in sorted(self.folder.iterdir())] == ["cert.pem", "key.pem"]

    def test_signs_for_names_and_addresses(self) -> None:
        names = self.alternative_names(self.first)

        assert names.get_values_for_type(x509.DNSName) == ["localhost", "shelf.local"]
        addresses = set(names.get_values_for_type(x509.IPAddress))
        assert addresses == {ipaddress.ip_address(each) for each in NAMES if each[0] in ":1"}

    def test_makes_what_browsers_accept(self) -> None:
        lifetime = self.first.not_valid_after_utc - self.first.not_valid_before_utc
        key = serialization.load_pem_private_key(
            (self.folder / "key.pem").read_bytes(), password=None
        )

        assert lifetime == timedelta(days=397)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert key.curve.name == "secp256r1"
        assert key.public_key() == self.first.public_key()

    def test_keeps_a_certificate_that_still_serves(self) -> None:
        later = self.ensure(NAMES[:2], NOW + timedelta(days=300))

        assert later == self.first

    def test_renews_before_it_expires(self) -> None:
        later = self.ensure(at=NOW + timedelta(days=391))

        assert later != self.first
        assert later.not_valid_after_utc > NOW + timedelta(days=700)

    def test_renews_for_a_new_address_and_keeps_the_old_ones(self) -> None:
        moved = self.ensure(["localhost", "10.0.0.7"])

        addresses = self.alternative_names(moved).get_values_for_type(x509.IPAddress)
        assert {"10.0.0.7", "192.168.1.20"} <= {str(address) for address in addresses}

    def test_renews_what_is_damaged_or_torn_apart(self) -> None:
        for name in ("cert.pem", "key.pem"):
            for content in (b"", b"not a certificate"):
                with self.subTest(name=name, content=content):
                    (self.folder / name).write_bytes(content)

                    assert self.ensure() != self.first
        other_key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        before = self.ensure()
        (self.folder / "key.pem").write_bytes(other_key)

        assert self.ensure() != before
