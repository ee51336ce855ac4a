from __future__ import annotations

from accounts.totp.tests.test_totp import SECRET, enrol
from core.otp import encode_base32
from tests import base


class GuardingCodeTests(base.TestCase):
    """The factor that guards the vault, put into the vault."""

    def add(self) -> str:
        secret = encode_base32(SECRET)
        form = {"text": f"otpauth://totp/AuthNode:alice?secret={secret}&issuer=AuthNode"}
        response = self.client.post("/entries/add/text/", form, follow=True)
        return response.content.decode()

    def test_is_warned_about(self) -> None:
        self.sign_in_as("alice")
        enrol(self.alice)

        assert "from in here it cannot let you in" in self.add()

    def test_of_somebody_else_is_like_any_other(self) -> None:
        self.sign_in_as("alice")
        enrol(self.bob)

        assert "from in here" not in self.add()
