"""Who reaches what: one line for each address of the site.

The outcomes of a rule stand in the order of ROLES. `open` is what the view answers, be it a page,
a redirect or a form with errors.
"""

from __future__ import annotations

from dataclasses import dataclass

ROLES = ("anonymous", "pending", "restricted", "user", "unproven operator", "operator")
OPEN = "open"
SIGN_IN = "sent to the sign-in"
LEFT = "sent to the sign-in, as it was asked for"
ENROL = "sent to the enrolment"
CLOSED = "closed"
NOTHING = "nothing there"
NO_SUCH_DEED = "no such deed"
NO_TOKEN = "asked for a token or a session"
KEPT_OUT = "kept out of the administration"
LET_IN = "let into the administration"

GET, POST, BOTH = {"GET"}, {"POST"}, {"GET", "POST"}
PUBLIC = (OPEN,) * 6
# Open to all but who must add a factor first: those pages are of no use to them.
WELCOME = (OPEN, OPEN, ENROL, OPEN, OPEN, OPEN)
# The front door: visitors see a page of their own there, and nothing is posted to it.
FRONT = (OPEN, SIGN_IN, ENROL, OPEN, OPEN, OPEN)
# For who has shown a password here, and nothing else of the user's.
PENDING = (SIGN_IN, OPEN, ENROL, SIGN_IN, SIGN_IN, SIGN_IN)
SIGNED_IN = (SIGN_IN, SIGN_IN, ENROL, OPEN, OPEN, OPEN)
ENROLMENT = (SIGN_IN, SIGN_IN, OPEN, OPEN, OPEN, OPEN)
OPERATORS = (SIGN_IN, SIGN_IN, ENROL, CLOSED, OPEN, OPEN)
ADMIN = (KEPT_OUT, KEPT_OUT, ENROL, KEPT_OUT, KEPT_OUT, LET_IN)
LEAVING = (SIGN_IN,) * 6
# Of the API: for who shows a token, which none of these does. A session opens nothing there.
TOKENS = (NO_TOKEN, NO_TOKEN, CLOSED, NO_TOKEN, NO_TOKEN, NO_TOKEN)
# Of the API, with the session that pages have; refusals are told in words, not by leading away.
API_SESSIONS = (NO_TOKEN, NO_TOKEN, CLOSED, OPEN, OPEN, OPEN)
# Of the API, for who has no session; whoever has no second factor yet is closed out first.
API_WELCOME = (OPEN, OPEN, CLOSED, OPEN, OPEN, OPEN)
# Which roles the administration lets in where; the columns above hold for people without one.
EVERY_ROLE = ("viewer", "helpdesk", "operator")
HELPERS = ("helpdesk", "operator")
OPERATORS_ALONE = ("operator",)
# For signed-in people, who are signed out by it.
LOCKING = (SIGN_IN, SIGN_IN, LEFT, LEFT, LEFT, LEFT)


@dataclass(frozen=True)
class Access:
    """Which of GET and POST an address answers, to whom; `thing` names the object it is about.

    `foreign` is what somebody else's object is answered with; it is `open` only where an object
    that is gone already is no refusal.
    """

    rule: tuple[str, ...]
    methods: set[str]
    thing: str = ""
    foreign: str = NOTHING
    roles: tuple[str, ...] = EVERY_ROLE


def own(thing: str, methods: set[str]) -> Access:
    """Something of the user's own; to everybody else it is not there."""
    return Access(SIGNED_IN, methods, thing)


TABLE: dict[str, Access] = {
    "vault:list": Access(FRONT, GET),
    "vault:codes": Access(SIGNED_IN, GET),
    "vault:add": Access(SIGNED_IN, GET),
    "vault:add-pictures": Access(SIGNED_IN, POST),
    "vault:read-frame": Access(SIGNED_IN, POST),
    "vault:add-text": Access(SIGNED_IN, POST),
    "vault:add-manually": Access(SIGNED_IN, POST),
    "vault:preview": Access(SIGNED_IN, POST),
    "vault:added": Access(SIGNED_IN, GET),
    "vault:undo": Access(SIGNED_IN, POST),
    "vault:add-draft": own("draft", POST),
    "vault:skip-draft": own("draft", POST),
    "vault:edit": own("entry", BOTH),
    "vault:favourite": own("entry", POST),
    "vault:move": own("entry", POST),
    "vault:trash-entry": own("entry", POST),
    "vault:used": own("entry", POST),
    "vault:next-code": own("entry", POST),
    "vault:secret": own("entry", GET),
    "vault:reveal": own("entry", POST),
    "vault:undo-code": own("entry", POST),
    "vault:replace-secret": own("entry", BOTH),
    "vault:change-icon": own("entry", POST),
    "vault:own-icon": own("entry", GET),
    "vault:put-back": own("earlier secret", POST),
    "vault:selected": Access(SIGNED_IN, POST),
    "vault:duplicates": Access(SIGNED_IN, GET),
    "exports:new": Access(SIGNED_IN, GET),
    "exports:select": Access(SIGNED_IN, POST),
    "exports:review": Access(SIGNED_IN, GET),
    "exports:make": Access(SIGNED_IN, POST),
    "exports:progress": own("export", GET),
    "exports:state": own("export", GET),
    "exports:download": own("export", POST),
    "exports:cancel": own("export", POST),
    "api:openapi": Access(API_WELCOME, GET),
    "api:entries": Access(TOKENS, BOTH),
    "api:entry": Access(TOKENS, GET),
    "api:codes": Access(TOKENS, GET),
    "api:code": Access(TOKENS, BOTH),
    "api:token": Access(TOKENS, GET),
    "api:recover": Access(API_WELCOME, POST),
    "api:heartbeat": Access(API_SESSIONS, BOTH),
    "api:export": Access(API_SESSIONS, POST),
    "api:export-state": Access(API_SESSIONS, GET, "export"),
    "api:export-download": Access(API_SESSIONS, POST, "export"),
    "api:help": Access(SIGNED_IN, GET),
    "api:tokens": Access(SIGNED_IN, GET),
    "api:new": Access(SIGNED_IN, BOTH),
    "api:end": own("API token", POST),
    "vault:trash": Access(SIGNED_IN, GET),
    "vault:empty-trash": Access(SIGNED_IN, BOTH),
    "vault:restore": own("trashed entry", POST),
    "vault:purge": own("trashed entry", BOTH),
    "vault:categories": Access(SIGNED_IN, GET),
    "vault:add-category": Access(SIGNED_IN, POST),
    "vault:edit-category": own("category", BOTH),
    "vault:move-category": own("category", POST),
    "vault:delete-category": own("category", BOTH),
    "vault:icon": Access(WELCOME, GET),
    "imports:start": Access(SIGNED_IN, BOTH),
    "imports:batch": own("import", GET),
    "imports:open": own("import", POST),
    "imports:status": own("import", GET),
    "imports:codes": own("import", GET),
    "imports:choose": own("import", POST),
    "imports:finish": own("import", POST),
    "imports:cancel": own("import", POST),
    "imports:undo": own("import", POST),
    "accounts:sign-in": Access(PUBLIC, BOTH),
    "accounts:sign-in-parameters": Access(WELCOME, POST),
    "accounts:second-factor": Access(PENDING, GET),
    "accounts:sign-out": Access(LEAVING, POST),
    "accounts:sign-up": Access(WELCOME, GET),
    "accounts:sign-up-link": Access(WELCOME, POST),
    "accounts:sign-up-request": Access(WELCOME, POST),
    "accounts:sign-up-account": Access(WELCOME, BOTH),
    "accounts:confirm": Access(ENROLMENT, BOTH),
    "accounts:profile": Access(SIGNED_IN, BOTH),
    "accounts:display": Access(SIGNED_IN, POST),
    "accounts:security": Access(SIGNED_IN, GET),
    "accounts:enrol": Access(ENROLMENT, GET),
    "accounts:distrust-browser": own("browser", POST),
    "accounts:factor-reset-stop": Access(SIGNED_IN, POST),
    "accounts:totp-present": Access(PENDING, BOTH),
    "accounts:totp-confirm": Access(SIGNED_IN, BOTH),
    "accounts:totp-enrol": Access(ENROLMENT, BOTH),
    "accounts:totp-rename": own("totp device", BOTH),
    "accounts:totp-remove": own("totp device", BOTH),
    "accounts:passkey-sign-in-options": Access(WELCOME, POST),
    "accounts:passkey-sign-in": Access(WELCOME, POST),
    "accounts:passkey-reset": Access(WELCOME, GET),
    "accounts:passkey-reset-options": Access(WELCOME, POST),
    "accounts:passkey-reset-answer": Access(WELCOME, POST),
    "accounts:passkey-present": Access(PENDING, GET),
    "accounts:passkey-present-options": Access(WELCOME, POST),
    "accounts:passkey-present-answer": Access(WELCOME, POST),
    "accounts:passkey-confirm": Access(SIGNED_IN, GET),
    "accounts:passkey-confirm-options": Access(SIGNED_IN, POST),
    "accounts:passkey-confirm-answer": Access(SIGNED_IN, POST),
    "accounts:passkey-enrol": Access(ENROLMENT, GET),
    "accounts:passkey-enrol-options": Access(ENROLMENT, POST),
    "accounts:passkey-enrol-answer": Access(ENROLMENT, POST),
    "accounts:passkey-slot": own("passkey", POST),
    "accounts:passkey-notes": own("passkey", GET),
    "accounts:passkey-rename": own("passkey", BOTH),
    "accounts:passkey-remove": own("passkey", BOTH),
    "recovery:present": Access(PENDING, BOTH),
    "recovery:reset": Access(WELCOME, BOTH),
    "recovery:new-codes": Access(SIGNED_IN, BOTH),
    "recovery:confirm": Access(SIGNED_IN, BOTH),
    "recovery:invalidate": Access(SIGNED_IN, BOTH),
    "recovery:help": Access(PUBLIC, GET),
    "sessions_lock:heartbeat": Access(ENROLMENT, BOTH),
    "sessions_lock:lock": Access(LOCKING, POST),
    "sessions_lock:sessions": Access(SIGNED_IN, GET),
    "sessions_lock:timeout": Access(SIGNED_IN, POST),
    "sessions_lock:end-others": Access(SIGNED_IN, POST),
    "sessions_lock:end": own("session", POST),
    "anomalies:verify": Access(PENDING, GET),
    "anomalies:mail": Access(PENDING, BOTH),
    "anomalies:send-mail": Access(PENDING, POST),
    "anomalies:hold": Access(PENDING, POST),
    "anomalies:held": Access(PENDING, GET),
    "anomalies:blocked": Access(PENDING, GET),
    "anomalies:new-password": Access(PENDING, GET),
    "anomalies:sign-ins": Access(SIGNED_IN, GET),
    "anomalies:address": Access(SIGNED_IN, BOTH),
    "anomalies:trust-country": Access(SIGNED_IN, POST),
    "anomalies:distrust": own("trusted place", POST),
    "anomalies:unmute": own("mute", POST),
    "anomalies:sign-in": own("sign-in", GET),
    "anomalies:was-me": own("sign-in", POST),
    "anomalies:not-me": own("sign-in", BOTH),
    "anomalies:trust-place": own("sign-in", POST),
    "anomalies:mute": own("sign-in", POST),
    "accounts:oidc-start": Access(WELCOME, POST),
    "accounts:oidc-callback": Access(PUBLIC, GET),
    "accounts:oidc-confirm": Access(ENROLMENT, BOTH),
    "accounts:oidc-link": Access(SIGNED_IN, POST),
    "accounts:oidc-unlink": Access(SIGNED_IN, POST),
    "accounts:keys": Access(SIGNED_IN, GET),
    "accounts:keys-passphrase": Access(SIGNED_IN, BOTH),
    "accounts:keys-recovery": Access(SIGNED_IN, BOTH),
    "accounts:keys-replace": Access(SIGNED_IN, BOTH),
    "accounts:keys-rename": own("recovery slot", BOTH),
    "accounts:keys-remove": own("recovery slot", BOTH),
    "accounts:keys-former": own("former slot", BOTH),
    "accounts:keys-slots": Access(SIGNED_IN, GET),
    "accounts:keys-used": own("slot", POST),
    "accounts:keys-session": Access(SIGNED_IN, GET),
    "accounts:reset": Access(WELCOME, GET),
    "accounts:reset-request": Access(WELCOME, POST),
    "accounts:reset-link": Access(WELCOME, POST),
    "accounts:reset-code": Access(WELCOME, BOTH),
    "accounts:reset-password": Access(WELCOME, BOTH),
    "accounts:reset-stop": Access(ENROLMENT, POST),
    "accounts:address": Access(WELCOME, GET),
    "accounts:address-link": Access(WELCOME, POST),
    "accounts:address-confirm": Access(SIGNED_IN, BOTH),
    "accounts:address-cancel": Access(SIGNED_IN, POST),
    "accounts:password": Access(SIGNED_IN, BOTH),
    "accounts:vault-key": Access(SIGNED_IN, BOTH),
    "accounts:delete": Access(SIGNED_IN, BOTH),
    "accounts:invitations": Access(OPERATORS, BOTH, roles=OPERATORS_ALONE),
    "accounts:withdraw-invitation": Access(OPERATORS, POST, roles=OPERATORS_ALONE),
    "notes:state": Access(SIGNED_IN, GET),
    "notes:all": Access(SIGNED_IN, GET),
    "notes:some": Access(SIGNED_IN, POST),
    "notes:readable": Access(SIGNED_IN, POST),
    "notes:search": Access(SIGNED_IN, POST),
    "notes:note": own("entry", BOTH),
    "notes:draft": own("entry", POST),
    "notes:revisions": own("entry", BOTH),
    "notes:keep": own("entry", POST),
    "notes:index": own("entry", POST),
    "notes:delete": own("entry", BOTH),
    "notes:settings": Access(SIGNED_IN, GET),
    "notes:choose-place": Access(SIGNED_IN, POST),
    "notes:forget-key": own("older key", BOTH),
    "audit:activity": Access(SIGNED_IN, GET),
    "audit:activity-csv": Access(SIGNED_IN, GET),
    "notifications:inbox": Access(SIGNED_IN, GET),
    "notifications:read-all": Access(SIGNED_IN, POST),
    "notifications:read": own("notification", POST),
    "notifications:preferences": Access(SIGNED_IN, BOTH),
    "notifications:set-endpoint": Access(SIGNED_IN, POST),
    "notifications:test-endpoint": Access(SIGNED_IN, POST),
    "notifications:remove-endpoint": Access(SIGNED_IN, POST),
    "notifications:former-preferences": Access(SIGNED_IN, BOTH),
    "health-live": Access(PUBLIC, GET),
    # Nothing is there without METRICS_TOKEN.
    "metrics": Access((NOTHING, NOTHING, ENROL, NOTHING, NOTHING, NOTHING), BOTH),
    "health-ready": Access(PUBLIC, GET),
    "help": Access(PUBLIC, GET),
    "help-adding": Access(PUBLIC, GET),
    "help-codes": Access(PUBLIC, GET),
    "help-second-factors": Access(PUBLIC, GET),
    "help-notes": Access(PUBLIC, GET),
    "help-moving": Access(PUBLIC, GET),
    "help-sign-ins": Access(PUBLIC, GET),
    "help-sessions": Access(PUBLIC, GET),
    "help-keyboard": Access(PUBLIC, GET),
    "manifest": Access(PUBLIC, GET),
    "offline": Access(PUBLIC, GET),
    "service-worker": Access(PUBLIC, GET),
    "admin:index": Access(ADMIN, BOTH),
    "admin:login": Access((SIGN_IN, SIGN_IN, ENROL, OPEN, OPEN, OPEN), BOTH),
    "admin:logout": Access((KEPT_OUT, KEPT_OUT, ENROL, OPEN, OPEN, LET_IN), BOTH),
    "admin:password_change": Access(ADMIN, BOTH),
    "admin:password_change_done": Access(ADMIN, BOTH),
    # Closed to everybody who does not ask for a field of a form.
    "admin:autocomplete": Access(ADMIN, GET, roles=()),
    "admin:jsi18n": Access(ADMIN, BOTH),
    "admin:view_on_site": Access(ADMIN, BOTH),
    "admin:app_list": Access(ADMIN, BOTH),
    "admin:accounts_user_reset_factors": Access(ADMIN, BOTH, roles=HELPERS),
    "admin:accounts_user_withdraw_reset": Access(ADMIN, POST, roles=HELPERS),
    "admin:recovery_report": Access(ADMIN, GET),
    "admin:recovery_report_csv": Access(ADMIN, GET),
    "admin:anomalies_report": Access(ADMIN, GET),
    "admin:anomalies_report_csv": Access(ADMIN, GET),
    "admin:anomalies_decide": Access(ADMIN, POST, roles=OPERATORS_ALONE),
    "admin:sessions_lock_everybody": Access(ADMIN, BOTH, roles=OPERATORS_ALONE),
    "admin:backups_backup_create": Access(ADMIN, BOTH, roles=OPERATORS_ALONE),
    "admin:backups_backup_plan": Access(ADMIN, BOTH, roles=OPERATORS_ALONE),
    "admin:backups_backup_verify": Access(ADMIN, POST, roles=OPERATORS_ALONE),
    "admin:backups_backup_download": Access(ADMIN, POST, roles=OPERATORS_ALONE),
    "admin:backups_backup_remove": Access(ADMIN, BOTH, roles=OPERATORS_ALONE),
    "admin:backups_backup_progress": Access(ADMIN, GET),
    "admin:backups_backup_restore": Access(ADMIN, BOTH, roles=OPERATORS_ALONE),
    "admin:backups_backup_run": Access(ADMIN, BOTH, roles=OPERATORS_ALONE),
    "admin:backups_backup_run_progress": Access(ADMIN, GET, roles=OPERATORS_ALONE),
    "admin:accounts_lockedsignin_changelist": Access(ADMIN, BOTH),
    "admin:accounts_lockedsignin_unlock": Access(ADMIN, POST, roles=HELPERS),
}

ADMIN_MODELS = (
    "accounts_factorreset",
    "accounts_signuptoken",
    "accounts_user",
    "audit_auditevent",
    "audit_tombstone",
    "auth_group",
    "backups_backup",
    "django_celery_beat_periodictask",
    "jobs_job",
    "notifications_outgoingmail",
    "recovery_recoveryset",
    "anomalies_reviewcase",
    "anomalies_loginattempt",
    "anomalies_passworddemand",
    "sessions_lock_locktimeout",
    "sessions_lock_sessionactivity",
)
TABLE |= {
    f"admin:{model}_{page}": Access(ADMIN, BOTH, roles=allowed)
    for model in ADMIN_MODELS
    for page, allowed in (
        *(("changelist", EVERY_ROLE), ("history", EVERY_ROLE), ("change", EVERY_ROLE)),
        *(("add", OPERATORS_ALONE), ("delete", OPERATORS_ALONE)),
    )
}
