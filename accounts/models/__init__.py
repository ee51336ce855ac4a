from __future__ import annotations

from accounts.models.lockout import LockedSignIn
from accounts.models.oidc import OidcIdentity, OidcRequest
from accounts.models.passkey import Passkey, WebAuthnChallenge
from accounts.models.pending import PendingSignIn
from accounts.models.reset import AddressChange, FactorReset, PasswordReset
from accounts.models.sign_up import SignUpToken
from accounts.models.totp import TotpDevice
from accounts.models.trusted import TrustedBrowser
from accounts.models.user import CodeGrouping, User, UserManager

__all__ = [
    "AddressChange",
    "CodeGrouping",
    "FactorReset",
    "LockedSignIn",
    "OidcIdentity",
    "OidcRequest",
    "Passkey",
    "PasswordReset",
    "PendingSignIn",
    "SignUpToken",
    "TotpDevice",
    "TrustedBrowser",
    "User",
    "UserManager",
    "WebAuthnChallenge",
]
