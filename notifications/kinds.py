"""What people are told about: one name each, with the words of the inbox.

The mail of a kind lies in `templates/emails/<name>/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

IN_APP = "in_app"
MAIL = "mail"
HOOK = "hook"
CHANNELS = (IN_APP, MAIL, HOOK)


@dataclass(frozen=True)
class Kind:
    name: str
    title: StrPromise
    sentence: StrPromise
    is_security: bool = False
    # Nobody else is told of it, nor asked whether they want to be.
    for_operators: bool = False
    # The address of the operators hears of it, too.
    is_alarm: bool = False
    channels: frozenset[str] = field(default=frozenset(CHANNELS))
    # Told by every channel, whatever somebody prefers.
    is_unconditional: bool = False

    def is_locked(self, channel: str) -> bool:
        """May nobody switch this off? An intruder would do that first."""
        return self.is_unconditional or (self.is_security and channel == MAIL)


NEW_SIGN_IN = Kind(
    "new_sign_in",
    _("New sign-in"),
    _("Somebody signed in to your account from %(browser)s at %(address)s."),
    is_security=True,
)
SESSIONS_ENDED = Kind(
    "sessions_ended",
    _("Sessions ended"),
    _("%(count)s of your sessions were ended from %(browser)s at %(address)s."),
    is_security=True,
)
SESSION_ENDED_BY_OPERATOR = Kind(
    "session_ended_by_operator",
    _("Session ended by an operator"),
    _("An operator ended your session: %(session)s. Reason: %(reason)s"),
    is_security=True,
)
SESSION_EXTENDED = Kind(
    "session_extended",
    _("Session extended by an operator"),
    _("An operator gave your session more time before it locks: %(session)s. Reason: %(reason)s"),
    is_security=True,
)
SESSION_LIMIT = Kind(
    "session_limit",
    _("Oldest session ended"),
    _("You signed in once more than this site allows, so your oldest session ended: %(session)s."),
    is_security=True,
)
LOCK_TIMEOUT_LIMITED = Kind(
    "lock_timeout_limited",
    _("Auto-lock changed by an operator"),
    _("Your sessions lock after %(minutes)s minutes without activity now. Reason: %(reason)s"),
    is_security=True,
)
API_TOKEN_MADE = Kind(
    "api_token_made",
    _("API token made"),
    _("The API token “%(token)s” was made from %(browser)s at %(address)s."),
    is_security=True,
)
API_TOKENS_ENDED = Kind(
    "api_tokens_ended",
    _("API tokens ended"),
    _("%(count)s of your API tokens ended. Scripts that use them are refused now."),
    is_security=True,
)
PASSWORD_CHANGED = Kind(
    "password_changed",
    _("Password changed"),
    _("The password of your account was changed from %(browser)s at %(address)s."),
    is_security=True,
)
PASSWORD_RESET_REQUESTED = Kind(
    "password_reset_requested",
    _("Password reset asked for"),
    _(
        "Somebody asked to reset the password of your account from %(browser)s at %(address)s."
        " Stop it if it was not you."
    ),
    is_security=True,
)
PASSWORD_RESET_STOPPED = Kind(
    "password_reset_stopped",
    _("Password reset stopped"),
    _("A reset of your password was stopped from %(browser)s at %(address)s."),
    is_security=True,
)
ADDRESS_CHANGE_REQUESTED = Kind(
    "address_change_requested",
    _("New e-mail address asked for"),
    _("Your account is to get the address %(email)s, asked from %(browser)s at %(address)s."),
    is_security=True,
)
PROFILE_CHANGED = Kind(
    "profile_changed",
    _("E-mail address changed"),
    _("The e-mail address of your account was changed from %(browser)s at %(address)s."),
    is_security=True,
)
FACTOR_ENROLLED = Kind(
    "factor_enrolled",
    _("Second factor added"),
    _("A second factor was added to your account from %(browser)s at %(address)s."),
    is_security=True,
)
FACTOR_REMOVED = Kind(
    "factor_removed",
    _("Second factor removed"),
    _("A second factor was removed from your account from %(browser)s at %(address)s."),
    is_security=True,
)
FACTOR_RESET_REQUESTED = Kind(
    "factor_reset_requested",
    _("Removal of your second factors"),
    _(
        "An operator was asked to remove your second factors. They go on %(when)s, unless you stop"
        " it. Reason: %(reason)s"
    ),
    is_security=True,
)
FACTOR_RESET_STOPPED = Kind(
    "factor_reset_stopped",
    _("Second factors kept"),
    _("The removal of your second factors was stopped."),
    is_security=True,
)
FACTORS_RESET = Kind(
    "factors_reset",
    _("Second factors removed"),
    _("All your second factors were removed, as had been asked for, and your sessions ended."),
    is_security=True,
)
RECOVERY_CODES_MADE = Kind(
    "recovery_codes_made",
    _("Backup sign-in codes made"),
    _("New backup sign-in codes were made from %(browser)s at %(address)s."),
    is_security=True,
)
RECOVERY_CODE_USED = Kind(
    "recovery_code_used",
    _("Backup sign-in code used"),
    _("A backup sign-in code was used from %(browser)s at %(address)s. Codes left: %(left)s."),
    is_security=True,
)
RECOVERY_CODES_LOW = Kind(
    "recovery_codes_low",
    _("Few backup sign-in codes left"),
    _("Backup sign-in codes left: %(left)s. Make new ones before you need them."),
    is_security=True,
)
RECOVERY_CODES_INVALIDATED = Kind(
    "recovery_codes_invalidated",
    _("Backup sign-in codes invalidated"),
    _("Your backup sign-in codes no longer work. Make new ones on the security page."),
    is_security=True,
)
SLOT_CHANGED = Kind(
    "slot_changed",
    _("Encrypted notes"),
    _("What opens your encrypted notes was changed from %(browser)s at %(address)s."),
    is_security=True,
)
IDENTITY_LINKED = Kind(
    "identity_linked",
    _("Sign-in linked"),
    _("A sign-in at %(provider)s was linked to your account from %(browser)s at %(address)s."),
    is_security=True,
)
IDENTITY_UNLINKED = Kind(
    "identity_unlinked",
    _("Sign-in unlinked"),
    _("A sign-in at %(provider)s was unlinked from your account, from %(browser)s at %(address)s."),
    is_security=True,
)
PASSKEY_COPIED = Kind(
    "passkey_copied",
    _("Security key refused"),
    _("“%(name)s” was refused: its counter went back, so that there may be a copy of it."),
    is_security=True,
)
SECRET_REPLACED = Kind(
    "secret_replaced",
    _("Secret replaced"),
    _("The secret of %(issuer)s was replaced. The earlier one is kept for 30 days."),
    is_security=True,
)
SECRET_REVEALED = Kind(
    "secret_revealed",
    _("Secret shown"),
    _("The secret of %(issuer)s was shown in %(browser)s at %(address)s."),
    is_security=True,
)
UNUSUAL_SIGN_IN_HIGH = Kind(
    "unusual_sign_in_high",
    _("Unusual sign-in, high risk"),
    _(
        "From %(browser)s at %(address)s, %(place)s. %(reasons)s %(result)s See Settings,"
        " Security, Sign-ins."
    ),
    is_security=True,
    is_unconditional=True,
)
UNUSUAL_SIGN_IN_MEDIUM = Kind(
    "unusual_sign_in_medium",
    _("Unusual sign-in, medium risk"),
    _(
        "From %(browser)s at %(address)s, %(place)s. %(reasons)s %(result)s See Settings,"
        " Security, Sign-ins."
    ),
)
UNUSUAL_SIGN_IN_LOW = Kind(
    "unusual_sign_in_low",
    _("Unusual sign-in, low risk"),
    _("From %(browser)s at %(address)s, %(place)s. %(reasons)s %(result)s"),
    channels=frozenset(),
)
SIGN_IN_HELD = Kind(
    "sign_in_held",
    _("Sign-in held"),
    _(
        "A sign-in with your password from %(browser)s at %(address)s, %(place)s, is held."
        " If it is not you, say so under Settings, Security, Sign-ins."
    ),
    is_security=True,
    is_unconditional=True,
)
SIGN_IN_APPROVED = Kind(
    "sign_in_approved",
    _("Held sign-in approved"),
    _("An operator has approved the sign-in that was held. Reason: %(reason)s"),
    is_security=True,
)
ACCOUNT_CLOSED = Kind(
    "account_closed_until_new_password",
    _("Account closed until it has a new password"),
    _(
        "An operator found that somebody else was in your account, and ended all sessions."
        " Reason: %(reason)s"
    ),
    is_security=True,
)
SIGN_IN_TO_REVIEW = Kind(
    "sign_in_to_review",
    _("A held sign-in waits for you"),
    _("A sign-in of %(email)s is held. Approve it in the administration if you know it is them."),
    is_alarm=True,
)
ROLE_CHANGED = Kind(
    "role_changed",
    _("Role changed"),
    _(
        "Your role in the administration is now: %(role)s. All your sessions ended, and trusted"
        " browsers were forgotten."
    ),
    is_security=True,
)
GEO_NOT_EVALUATED = Kind(
    "geo_not_evaluated",
    _("Places of sign-ins are not evaluated"),
    _("The geo database is %(status)s, so that sign-ins are judged without their places."),
    channels=frozenset({IN_APP}),
    is_alarm=True,
)
EXPORTED = Kind(
    "exported",
    _("Codes exported"),
    _(
        "Codes left as a file under a password: %(count)s, as %(format)s, from %(browser)s at"
        " %(address)s."
    ),
    is_security=True,
)
EXPORTED_PLAIN = Kind(
    "exported_plain",
    _("Codes exported without a password"),
    _(
        "Codes left as a file that anybody can read: %(count)s, as %(format)s, from %(browser)s at"
        " %(address)s."
    ),
    is_security=True,
)
ACCOUNT_CREATED = Kind(
    "account_created",
    _("Welcome"),
    _("Your account is ready. Add your first second factor to see its codes here."),
)
INVITATION_ACCEPTED = Kind(
    "invitation_accepted",
    _("Invitation accepted"),
    _("%(email)s accepted your invitation and has an account now."),
)

ENDPOINT_SET = Kind(
    "endpoint_set",
    _("Notices go to a new address"),
    _("Your notices are sent to %(host)s as well, set up from %(browser)s at %(address)s."),
    is_security=True,
)
DATA_RESTORED = Kind(
    "data_restored",
    _("Data restored from a backup"),
    _(
        "An operator restored a backup, which changed something of yours. You were signed out"
        " everywhere. Used codes and removed factors stay as they were."
    ),
    is_security=True,
)
BACKUP_FAILED = Kind(
    "backup_failed",
    _("Backup failed"),
    _("A backup failed: %(reason)s"),
    is_security=True,
    for_operators=True,
    is_alarm=True,
)
BACKUP_COPY_FAILED = Kind(
    "backup_copy_failed",
    _("Copy of a backup failed"),
    _("A backup lies on the server alone, as it could not be copied elsewhere: %(reason)s"),
    is_security=True,
    for_operators=True,
    is_alarm=True,
)
BACKUP_OVERDUE = Kind(
    "backup_overdue",
    _("No verified backup"),
    _("No backup was verified within two intervals of the schedule."),
    is_security=True,
    for_operators=True,
    is_alarm=True,
)

ALL: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        NEW_SIGN_IN,
        SESSIONS_ENDED,
        SESSION_LIMIT,
        SESSION_ENDED_BY_OPERATOR,
        SESSION_EXTENDED,
        LOCK_TIMEOUT_LIMITED,
        API_TOKEN_MADE,
        API_TOKENS_ENDED,
        PASSWORD_CHANGED,
        PASSWORD_RESET_REQUESTED,
        PASSWORD_RESET_STOPPED,
        ADDRESS_CHANGE_REQUESTED,
        PROFILE_CHANGED,
        FACTOR_ENROLLED,
        FACTOR_REMOVED,
        PASSKEY_COPIED,
        IDENTITY_LINKED,
        IDENTITY_UNLINKED,
        FACTOR_RESET_REQUESTED,
        FACTOR_RESET_STOPPED,
        FACTORS_RESET,
        RECOVERY_CODES_MADE,
        RECOVERY_CODE_USED,
        RECOVERY_CODES_LOW,
        RECOVERY_CODES_INVALIDATED,
        SLOT_CHANGED,
        SECRET_REPLACED,
        SECRET_REVEALED,
        UNUSUAL_SIGN_IN_HIGH,
        UNUSUAL_SIGN_IN_MEDIUM,
        UNUSUAL_SIGN_IN_LOW,
        SIGN_IN_HELD,
        SIGN_IN_APPROVED,
        ACCOUNT_CLOSED,
        SIGN_IN_TO_REVIEW,
        ROLE_CHANGED,
        GEO_NOT_EVALUATED,
        EXPORTED,
        EXPORTED_PLAIN,
        ACCOUNT_CREATED,
        INVITATION_ACCEPTED,
        ENDPOINT_SET,
        DATA_RESTORED,
        BACKUP_FAILED,
        BACKUP_COPY_FAILED,
        BACKUP_OVERDUE,
    )
}


class UnknownKind(Exception):
    """No kind of notification has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no kind of notification “{name}”.")


class _Words(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return str(_("(unknown)"))


def get(name: str) -> Kind:
    """The kind of this name; raises UnknownKind."""
    if name not in ALL:
        raise UnknownKind(name)
    return ALL[name]


def for_person(is_operator: bool) -> list[Kind]:
    """The kinds that somebody can be told of, in the order of the catalogue."""
    return [kind for kind in ALL.values() if is_operator or not kind.for_operators]


def sentence(kind: Kind, params: Mapping[str, str]) -> str:
    return str(kind.sentence) % _Words({name: word for name, word in params.items() if word})
