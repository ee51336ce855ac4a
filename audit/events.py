"""The catalogue of everything that is recorded: plain names, and the sentence people read.

A sentence may use words that the event keeps in its details, such as `%(issuer)s`; a word that is
missing or was erased reads as "(no name)".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

SESSION_STARTED = "session.started"
SESSION_START_REFUSED = "session.start_refused"
SESSION_ENDED = "session.ended"
SESSION_LOCKED = "session.locked"
SESSION_EXTENDED = "session.extended"
EVERYBODY_LOCKED = "session.everybody_locked"
LOCK_TIMEOUT_CHOSEN = "session.timeout_chosen"
LOCK_TIMEOUT_LIMITED = "session.timeout_limited"
SESSION_BREAK_GLASS = "session.break_glass"
SIGN_IN_UNUSUAL = "session.unusual"
SIGN_IN_VERIFIED = "session.verified"
SIGN_IN_HELD = "session.held"
SIGN_IN_APPROVED = "session.approved"
SIGN_IN_CODE_SENT = "session.code_sent"
SIGN_IN_OWNED = "session.owned"
SIGN_IN_DENIED = "session.denied"
SESSION_JUMPED = "session.jumped"
PLACE_TRUSTED = "session.place_trusted"
PLACE_DISTRUSTED = "session.place_distrusted"
ALERTS_MUTED = "session.alerts_muted"
ALERTS_UNMUTED = "session.alerts_unmuted"
PASSWORD_DEMANDED = "account.password_demanded"
PASSWORD_DEMAND_LIFTED = "account.password_demand_lifted"
ACCOUNT_COMPROMISED = "account.compromised"
ADDRESS_PROVEN = "address.proven"
CASE_MARKED_SAFE = "admin.case_marked_safe"
CONFIRM_PASSED = "confirm.passed"
CONFIRM_REFUSED = "confirm.refused"

ACCOUNT_CREATED = "account.created"
ACCOUNT_DELETED = "account.deleted"
PROFILE_CHANGED = "account.profile_changed"
IDENTITY_LINKED = "account.identity_linked"
IDENTITY_UNLINKED = "account.identity_unlinked"
IDENTITY_REFUSED = "account.identity_refused"
OPERATOR_MADE = "account.operator_made"
OPERATOR_UNMADE = "account.operator_unmade"
OPERATOR_KEPT = "account.operator_kept"
ROLE_CHANGED = "account.role_changed"
PASSWORD_CHANGED = "account.password_changed"
PASSWORD_RESET = "account.password_reset"
RESET_REQUESTED = "reset.requested"
RESET_MAILED = "reset.link_mailed"
RESET_REFUSED = "reset.link_refused"
RESET_STOPPED = "reset.stopped"
ADDRESS_CHANGE_REQUESTED = "address.change_requested"
ADDRESS_CHANGE_CANCELLED = "address.change_cancelled"
ADDRESS_LINK_REFUSED = "address.link_refused"
ADDRESS_CHANGED = "address.changed"
VAULT_KEY_MADE = "account.vault_key_made"
VAULT_KEY_REPLACED = "account.vault_key_replaced"
PASSPHRASE_CHANGED = "account.passphrase_changed"
SLOT_ADDED = "account.slot_added"
SLOT_REMOVED = "account.slot_removed"
INVITATION_CREATED = "invitation.created"
INVITATION_USED = "invitation.used"
INVITATION_WITHDRAWN = "invitation.withdrawn"
SIGN_UP_REQUESTED = "sign_up.requested"

FACTOR_ENROLLED = "factor.enrolled"
FACTOR_REMOVED = "factor.removed"
FACTOR_REFUSED = "factor.refused"
COUNTER_WENT_BACK = "factor.counter_went_back"
PRF_RESULT_REFUSED = "factor.prf_result_refused"
FACTOR_RESET_REQUESTED = "factor.reset_requested"
FACTOR_RESET_STOPPED = "factor.reset_stopped"
FACTORS_RESET = "factor.reset_done"
BROWSER_TRUSTED = "factor.browser_trusted"
BROWSER_DISTRUSTED = "factor.browser_distrusted"

RECOVERY_GENERATED = "recovery.generated"
RECOVERY_SHOWN = "recovery.shown"
RECOVERY_CONFIRMED = "recovery.confirmed"
RECOVERY_REFUSED = "recovery.refused"
RECOVERY_REDEEMED = "recovery.redeemed"
RECOVERY_SUPERSEDED = "recovery.superseded"
RECOVERY_INVALIDATED = "recovery.invalidated"

ACCESS_REFUSED = "access.refused"
FOREIGN_OBJECT = "access.foreign_object"
THROTTLED = "access.throttled"
ADMIN_CHANGED = "admin.changed"
ADMIN_UNLOCKED = "admin.unlocked"

ENTRY_ADDED = "vault.entry_added"
ENTRY_CHANGED = "vault.entry_changed"
ENTRY_TRASHED = "vault.entry_trashed"
ENTRY_RESTORED = "vault.entry_restored"
ENTRY_PURGED = "vault.entry_purged"
SECRET_REVEALED = "vault.secret_revealed"
HOTP_ADVANCED = "vault.hotp_advanced"
HOTP_UNDONE = "vault.hotp_undone"
SECRET_REPLACED = "vault.secret_replaced"
SECRET_PUT_BACK = "vault.secret_put_back"
ICON_CHANGED = "vault.icon_changed"
CODE_COPIED = "vault.code_copied"
CATEGORY_ADDED = "vault.category_added"
CATEGORY_CHANGED = "vault.category_changed"
CATEGORY_REMOVED = "vault.category_removed"

NOTE_CREATED = "notes.created"
NOTE_CHANGED = "notes.changed"
NOTE_DELETED = "notes.deleted"
NOTE_KEPT = "notes.kept_readable"
NOTE_ENCRYPTED = "notes.encrypted"
NOTE_REKEYED = "notes.rekeyed"
NOTES_OPENED = "notes.opened_for_migration"
NOTES_SEARCH_CHOSEN = "notes.search_chosen"
IMPORT_FINISHED = "imports.finished"
IMPORT_UNDONE = "imports.undone"
BACKUP_CREATED = "backup.created"
BACKUP_UPLOADED = "backup.uploaded"
BACKUP_VERIFIED = "backup.verified"
BACKUP_DRILLED = "backup.drilled"
BACKUP_FAILED = "backup.failed"
BACKUP_DOWNLOADED = "backup.downloaded"
BACKUP_DELETED = "backup.deleted"
BACKUP_PLAN_CHANGED = "backup.plan_changed"
RESTORE_REPORTED = "restore.reported"
RESTORE_BEGUN = "restore.begun"
RESTORE_DONE = "restore.done"
RESTORE_REFUSED = "restore.refused"

TOKEN_MADE = "token.made"
TOKEN_ENDED = "token.ended"
TOKEN_USED = "token.used"
TOKEN_REFUSED = "token.refused"
TOKEN_READ_CODES = "token.codes_read"

EXPORT_MADE = "export.made"
EXPORT_MADE_PLAIN = "export.made_plain"
EXPORT_FETCHED = "export.fetched"
EXPORT_CANCELLED = "export.cancelled"
EXPORT_REFUSED = "export.refused"

PREFERENCES_CHANGED = "notifications.preferences_changed"
MAIL_FAILED = "mail.failed"
NOTICE_FAILED = "notifications.notice_failed"
ENDPOINT_SET = "notifications.endpoint_set"
ENDPOINT_REMOVED = "notifications.endpoint_removed"

SENTENCES: Mapping[str, StrPromise] = {
    SESSION_STARTED: _("You signed in."),
    SESSION_START_REFUSED: _("A sign-in was refused."),
    SESSION_ENDED: _("A session ended."),
    SESSION_LOCKED: _("A session was locked."),
    SESSION_EXTENDED: _("An operator gave a session more time: %(session)s."),
    EVERYBODY_LOCKED: _("You ended everybody's sessions: %(reason)s"),
    LOCK_TIMEOUT_CHOSEN: _("Your sessions lock after %(minutes)s minutes without activity now."),
    LOCK_TIMEOUT_LIMITED: _(
        "An operator set how soon your sessions lock: after %(minutes)s minutes without activity."
    ),
    SESSION_BREAK_GLASS: _("You signed in past the single sign-on that is demanded here."),
    SIGN_IN_UNUSUAL: _("A sign-in was stopped, as it was unusual."),
    SIGN_IN_VERIFIED: _("An unusual sign-in showed a further proof."),
    SIGN_IN_HELD: _("A sign-in is held until an operator approves it."),
    SIGN_IN_APPROVED: _("An operator approved a held sign-in: %(reason)s"),
    SIGN_IN_CODE_SENT: _("A code was mailed to you."),
    SIGN_IN_OWNED: _("You said of a sign-in that it was you."),
    SIGN_IN_DENIED: _("You said of a sign-in that it was not you."),
    SESSION_JUMPED: _("A session was asked to confirm, as it turned up far away."),
    PLACE_TRUSTED: _("You trust sign-ins from %(place)s."),
    PLACE_DISTRUSTED: _("You no longer trust sign-ins from %(place)s."),
    ALERTS_MUTED: _("You muted alerts about one source of sign-ins."),
    ALERTS_UNMUTED: _("You no longer mute alerts about one source of sign-ins."),
    PASSWORD_DEMANDED: _("A new password is demanded before anybody signs in."),
    PASSWORD_DEMAND_LIFTED: _("An operator no longer demands a new password: %(reason)s"),
    ACCOUNT_COMPROMISED: _("An operator found the account taken and closed it: %(reason)s"),
    ADDRESS_PROVEN: _("You proved that you read mails at your address."),
    CASE_MARKED_SAFE: _("An operator marked an unusual sign-in as safe: %(reason)s"),
    CONFIRM_PASSED: _("You confirmed that it is you."),
    CONFIRM_REFUSED: _("A confirmation that it is you was refused."),
    FACTOR_ENROLLED: _("You added a second factor."),
    FACTOR_REMOVED: _("A second factor was removed."),
    FACTOR_REFUSED: _("A second factor was refused."),
    COUNTER_WENT_BACK: _("A security key was refused: its counter went back."),
    PRF_RESULT_REFUSED: _("A request was refused that carried a key of the browser."),
    FACTOR_RESET_REQUESTED: _("The removal of your second factors was asked for: %(reason)s"),
    FACTOR_RESET_STOPPED: _("The removal of your second factors was stopped."),
    FACTORS_RESET: _("Your second factors were removed, as had been asked for."),
    BROWSER_TRUSTED: _("A browser is trusted and no longer asked for the code."),
    BROWSER_DISTRUSTED: _("A browser is no longer trusted."),
    RECOVERY_GENERATED: _("You made new backup sign-in codes."),
    RECOVERY_SHOWN: _("Your new backup sign-in codes were shown, once."),
    RECOVERY_CONFIRMED: _("You confirmed that you have kept your backup sign-in codes."),
    RECOVERY_REFUSED: _("A backup sign-in code was refused."),
    RECOVERY_REDEEMED: _("A backup sign-in code was used."),
    RECOVERY_SUPERSEDED: _("Your earlier backup sign-in codes ended, as you made new ones."),
    RECOVERY_INVALIDATED: _("Your backup sign-in codes were invalidated."),
    ACCOUNT_CREATED: _("Your account was created."),
    ACCOUNT_DELETED: _("The account was deleted."),
    PROFILE_CHANGED: _("You changed your profile."),
    IDENTITY_LINKED: _("A sign-in at %(provider)s was linked to your account."),
    IDENTITY_UNLINKED: _("The sign-in at %(provider)s is no longer linked to your account."),
    IDENTITY_REFUSED: _("Linking a sign-in elsewhere to your account was refused."),
    OPERATOR_MADE: _("Your groups made you an operator."),
    OPERATOR_UNMADE: _("Your groups no longer make you an operator."),
    ROLE_CHANGED: _("Your role in the administration was changed to: %(role)s."),
    OPERATOR_KEPT: _("You stay an operator against your groups, as there is no other."),
    PASSWORD_CHANGED: _("Your password was changed."),
    PASSWORD_RESET: _("Your password was reset with a mailed link."),
    RESET_REQUESTED: _("A link to reset a password was asked for."),
    RESET_MAILED: _("A link to reset your password was mailed to you."),
    RESET_REFUSED: _("A link to reset a password was refused."),
    RESET_STOPPED: _("You stopped a reset of your password."),
    ADDRESS_CHANGE_REQUESTED: _("You asked for a new e-mail address: %(email)s."),
    ADDRESS_CHANGE_CANCELLED: _("You gave up a new e-mail address."),
    ADDRESS_LINK_REFUSED: _("A link to confirm an e-mail address was refused."),
    ADDRESS_CHANGED: _("Your e-mail address was changed."),
    VAULT_KEY_MADE: _("The key of your encrypted notes was made."),
    VAULT_KEY_REPLACED: _("The key of your encrypted notes was replaced by a new one."),
    PASSPHRASE_CHANGED: _("You changed the passphrase of your encrypted notes."),
    SLOT_ADDED: _("You added something that opens your encrypted notes: %(slot)s."),
    SLOT_REMOVED: _("You removed something that opened your encrypted notes: %(slot)s."),
    INVITATION_CREATED: _("You invited %(email)s."),
    INVITATION_USED: _("An invitation was used to sign up."),
    INVITATION_WITHDRAWN: _("You withdrew an invitation."),
    SIGN_UP_REQUESTED: _("A link to sign up was requested."),
    ACCESS_REFUSED: _("A page was refused."),
    FOREIGN_OBJECT: _("Something that belongs to another account was asked for."),
    THROTTLED: _("Too many requests came and were refused."),
    ADMIN_CHANGED: _("You changed something in the administration."),
    ADMIN_UNLOCKED: _("You unlocked a sign-in."),
    ENTRY_ADDED: _("You added %(issuer)s."),
    ENTRY_CHANGED: _("You changed %(issuer)s."),
    ENTRY_TRASHED: _("You moved %(issuer)s to the trash."),
    ENTRY_RESTORED: _("You took %(issuer)s back out of the trash."),
    ENTRY_PURGED: _("%(issuer)s was deleted for good."),
    SECRET_REVEALED: _("The secret of %(issuer)s was shown."),
    HOTP_ADVANCED: _("You asked for the next code of %(issuer)s."),
    HOTP_UNDONE: _("You took back the last code of %(issuer)s."),
    SECRET_REPLACED: _("The secret of %(issuer)s was replaced."),
    SECRET_PUT_BACK: _("An earlier secret of %(issuer)s was put back."),
    ICON_CHANGED: _("You changed the picture of %(issuer)s."),
    CODE_COPIED: _("You copied a code of %(issuer)s."),
    CATEGORY_ADDED: _("You added the category %(category)s."),
    CATEGORY_CHANGED: _("You changed the category %(category)s."),
    CATEGORY_REMOVED: _("You removed the category %(category)s."),
    NOTE_CREATED: _("You wrote a note on the code “%(issuer)s”."),
    NOTE_CHANGED: _("You changed the note on the code “%(issuer)s”."),
    NOTE_DELETED: _("You deleted the note on the code “%(issuer)s”."),
    NOTE_KEPT: _("The note on the code “%(issuer)s” was kept readable by the server."),
    NOTE_ENCRYPTED: _("The note on the code “%(issuer)s” was encrypted in your browser."),
    NOTE_REKEYED: _("The note on the code “%(issuer)s” was encrypted with your newer key."),
    NOTES_OPENED: _("Notes that the server could read were opened, to encrypt them."),
    NOTES_SEARCH_CHOSEN: _("You chose where your notes are searched."),
    IMPORT_FINISHED: _("You imported codes from files: %(count)s."),
    IMPORT_UNDONE: _("You undid an import of codes: %(count)s."),
    BACKUP_CREATED: _("A backup was begun."),
    BACKUP_UPLOADED: _("A copy of a backup was stored elsewhere."),
    BACKUP_VERIFIED: _("A backup was verified."),
    BACKUP_DRILLED: _("A backup was restored for practice, into an empty database."),
    BACKUP_FAILED: _("A backup failed."),
    BACKUP_DOWNLOADED: _("You downloaded a backup."),
    BACKUP_DELETED: _("A backup was deleted."),
    BACKUP_PLAN_CHANGED: _("You changed when backups are made and how long they are kept."),
    RESTORE_REPORTED: _("A dry run showed what a restore would change."),
    RESTORE_BEGUN: _("You began to restore a backup."),
    RESTORE_DONE: _("A backup was restored."),
    RESTORE_REFUSED: _("A restore was refused or failed, and changed nothing."),
    TOKEN_MADE: _("You made the API token %(token)s."),
    TOKEN_ENDED: _("The API token %(token)s ended."),
    TOKEN_USED: _("The API token %(token)s was used from a new address."),
    TOKEN_REFUSED: _("The API token %(token)s was refused."),
    TOKEN_READ_CODES: _("Codes were read with the API token %(token)s."),
    EXPORT_MADE: _("You exported codes under a password: %(count)s, as %(format)s."),
    EXPORT_MADE_PLAIN: _("You exported codes without a password: %(count)s, as %(format)s."),
    EXPORT_FETCHED: _("You fetched an export."),
    EXPORT_CANCELLED: _("You cancelled an export."),
    EXPORT_REFUSED: _("An export was refused."),
    PREFERENCES_CHANGED: _("You changed what you are notified of."),
    MAIL_FAILED: _("A mail to you could not be delivered."),
    NOTICE_FAILED: _("A notice to your web address could not be delivered."),
    ENDPOINT_SET: _("Your notices are sent to %(host)s as well."),
    ENDPOINT_REMOVED: _("Your notices are no longer sent to a web address."),
}

# Said after the sentence when the fact `reason` of an event is one of these.
REASONS: Mapping[str, StrPromise] = {
    "idle": _("There had been no activity."),
    "too old": _("It had lasted as long as a session may."),
    "locked by hand": _("You locked it yourself."),
    "ended elsewhere": _("You ended it from another session."),
    "credentials changed": _("Your password or second factors had changed."),
    "by operator": _("An operator ended it."),
    "too many sessions": _("More sessions were open than this site allows."),
    "wrong password": _("The password was wrong."),
    "too many attempts": _("There had been too many wrong passwords."),
    "passkey too late": _("The passkey answered too late."),
    "passkey malformed": _("What the passkey answered could not be read."),
    "passkey not accepted": _("The passkey was not accepted."),
    "not a code": _("It was not a code."),
    "no codes": _("There were no valid codes."),
    "code wrong": _("It was none of the valid codes."),
    "code used": _("It had been used."),
    "too many codes": _("There had been too many attempts."),
    "used meanwhile": _("It was used or ended at the same moment."),
    "link unknown": _("No such link was mailed, or a newer one took its place."),
    "link used": _("The link had been used."),
    "link stopped": _("The reset had been stopped."),
    "link expired": _("The link had expired."),
    "single sign-on only": _("This site takes passwords from operators only."),
    "provider away": _("The sign-in service could not be reached."),
    "provider nonsense": _("The sign-in service gave an answer that could not be used."),
    "provider refused": _("The sign-in service said no."),
    "state not valid": _("The answer was used already, too old, or of another browser."),
    "token not valid": _("What the sign-in service stated could not be verified."),
    "not fresh": _("The sign-in service had not asked again."),
    "other person": _("It was somebody else at the sign-in service."),
    "not linked": _("No account is linked to that person."),
    "address taken": _("The address has an account that is not linked."),
    "address not verified": _("The sign-in service vouched for no address."),
    "account closed": _("The account is switched off."),
    "linked elsewhere": _("It is linked to another account."),
    "only way in": _("It is the only way in."),
    "too many exports": _("There had been too many exports within an hour."),
    "by user": _("You ended it."),
    "token over": _("It had expired or ended."),
    "other address": _("It came from an address that it is not made for."),
    "csrf": _("The form came from elsewhere, or was too old."),
    "address_refused": _("The mail server refused the address."),
    "mail_server_away": _("The mail server could not be reached."),
}


class _Words(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return str(_("(no name)"))


def sentence(event: str, details: Mapping[str, str], facts: Mapping[str, object]) -> str:
    """The event in words for the person it belongs to."""
    words = _Words({name: word for name, word in details.items() if word})
    text = str(SENTENCES.get(event, event)) % words
    reason = REASONS.get(str(facts.get("reason", "")))
    return f"{text} {reason}" if reason else text
