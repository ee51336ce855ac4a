from __future__ import annotations

from typing import Any

from django.test import override_settings

from accounts.models import User
from keyslots import crypto
from tests import base


class ParametersTests(base.TestCase):
    def ask(self, address: Any) -> dict[str, Any]:
        response = self.client.post(
            "/sign-in/parameters/", {"email": address}, content_type="application/json"
        )
        assert response.status_code == 200
        answer: dict[str, Any] = response.json()
        return answer

    def test_answers_a_known_address_with_its_own(self) -> None:
        assert self.ask(" Alice@Example.com") == {
            "v": 1,
            "salt": self.alice.kdf_salt,
            "iterations": base.ITERATIONS,
        }

    def test_answers_an_unknown_address_in_the_same_shape_always_the_same(self) -> None:
        first, second = self.ask("nobody@example.com"), self.ask("NOBODY@example.com ")

        assert first == second
        assert first.keys() == self.ask("alice@example.com").keys()
        assert len(crypto.decode_base64url(first["salt"])) == 16
        assert first["salt"] != self.ask("nobody2@example.com")["salt"]

    def test_draws_decoy_iterations_from_those_in_use(self) -> None:
        User.objects.filter(pk=self.bob.pk).update(kdf_iterations=700_000)

        drawn = {self.ask(f"nobody{n}@example.com")["iterations"] for n in range(40)}

        assert drawn == {600_000, 700_000}

    @override_settings(KDF_ITERATIONS=650_000)
    def test_answers_before_there_is_anybody(self) -> None:
        User.objects.all().delete()

        assert self.ask("nobody@example.com")["iterations"] == 650_000

    def test_asks_the_database_as_much_for_unknown_addresses(self) -> None:
        for address in ("alice@example.com", "nobody@example.com"):
            self.ask(address)
            with self.assertNumQueries(2):
                self.ask(address)

    def test_refuses_what_is_not_an_address(self) -> None:
        for body in (b"", b"{}", b"[]", b'{"email": 7}', b"\xff", b"nonsense"):
            response = self.client.post(
                "/sign-in/parameters/", body, content_type="application/json"
            )
            assert response.status_code == 400
