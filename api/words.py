"""What the documentation says about each operation and part; types alone do not explain.

Translated where the page is drawn, and in the OpenAPI document too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from api import problems
from api.problems import Kind

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

ENTRY = "0b7f9a52-6d0c-4a0e-9b57-2f1f4f6c8f11"


@dataclass(frozen=True)
class Words:
    """`scope` is what a token must be able to do; `problems` are those beside the usual ones."""

    title: StrPromise
    text: StrPromise
    answer: StrPromise
    scope: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Kind, ...] = ()


GROUPS: Mapping[str, StrPromise] = {
    "entries": _("Entries"),
    "codes": _("Codes"),
    "token": _("The token itself"),
    "session": _("Sessions"),
    "export": _("Exports"),
}

OPERATIONS: Mapping[str, Words] = {
    "list_entries": Words(
        _("List entries"),
        _("What is in the vault, in the order of its owner, a page at a time. No secrets."),
        _("A page of entries."),
        scope="entries:read",
    ),
    "read_entry": Words(
        _("Read one entry"),
        _("One entry, without its secret."),
        _("The entry."),
        scope="entries:read",
        problems=(problems.NOT_FOUND,),
    ),
    "add_entry": Words(
        _("Add an entry"),
        _("Adds the account of an otpauth:// link, as it stands in a QR code."),
        _("The new entry; the header Location says where it is."),
        scope="entries:write",
        body={"uri": "otpauth://totp/Example:alice?secret=JBSWY3DPEHPK3PXP&issuer=Example"},
        problems=(problems.SECRET_KNOWN,),
    ),
    "list_codes": Words(
        _("Read codes"),
        _(
            "The codes of all time-based entries on the page, each with the one after it."
            " Counter-based ones are named in “without_code”."
        ),
        _("A page of codes."),
        scope="codes:read",
    ),
    "read_code": Words(
        _("Read one code"),
        _("The code of a time-based entry, and the one after it."),
        _("The code."),
        scope="codes:read",
        problems=(problems.NOT_FOUND, problems.OTHER_KIND_OF_CODE, problems.UNREADABLE_SECRET),
    ),
    "use_next_code": Words(
        _("Use the next counter-based code"),
        _(
            "Uses up the next counter of a counter-based entry and answers its code. Each request"
            " moves the counter on, so that no code is given out twice."
        ),
        _("The code and its counter."),
        scope="codes:read",
        problems=(
            *(problems.NOT_FOUND, problems.OTHER_KIND_OF_CODE),
            *(problems.CONFLICT, problems.UNREADABLE_SECRET),
        ),
    ),
    "read_token": Words(
        _("Look at the token"),
        _("What the token that is shown may do, from where and until when."),
        _("The token, without what makes it work."),
    ),
    "recover_session": Words(
        _("Recover a session"),
        _(
            "Signs in with address, auth secret and a backup sign-in code, which is used up. It is"
            " the sign-in of the pages: the same checks, limits, records and auto-lock. The answer"
            " sets the session's cookie. The auth secret is derived from the password as"
            " docs/protocol.md describes; the password itself is never sent."
        ),
        _("The session that has started."),
        body={
            "email": "alice@example.com",
            "auth_secret": "A" * 43,
            "code": "00000-00000-00000-00000-00000",
        },
        problems=(
            *(problems.SIGN_IN_REFUSED, problems.FURTHER_STEP_NEEDED, problems.FORGED),
            *(problems.FORBIDDEN, problems.CONFLICT),
        ),
    ),
    "read_session": Words(
        _("Look at the session"),
        _("How long the session of the cookie still lives. Looking extends nothing."),
        _("What is left, in milliseconds."),
    ),
    "keep_session": Words(
        _("Keep the session alive"),
        _("Tells that a person did something “idle” milliseconds ago."),
        _("What is left now, in milliseconds."),
        body={"idle": 0},
    ),
    "export_applications": Words(
        _("Export entries"),
        _(
            "A file for other apps. Asks for a session that was confirmed within five minutes;"
            " counts, is recorded and is told by mail like an export of the pages. PDFs and large"
            " files are made by a worker and fetched once."
        ),
        _("A worker makes the file; “state_url” says how far it is."),
        body={"format": "aegis", "password": "a passphrase of some words"},
        problems=(problems.CONFIRMATION_NEEDED, problems.FACTOR_NEEDED, problems.CONFLICT),
    ),
    "read_export": Words(
        _("Look at an export"),
        _("How far a worker is with it."),
        _("The state of the export."),
        problems=(problems.NOT_FOUND,),
    ),
    "download_export": Words(
        _("Fetch an export"),
        _("The file, once. Asks for a session that was confirmed within five minutes."),
        _("The file."),
        problems=(
            *(problems.CONFIRMATION_NEEDED, problems.FACTOR_NEEDED),
            *(problems.NOT_FOUND, problems.CONFLICT),
        ),
    ),
}

PARTS: Mapping[str, StrPromise] = {
    "q": _("Words that issuer and account name hold, in any order and spelling of letters."),
    "favourite": _("Only favourites, or only others."),
    "category": _("Only those in this category."),
    "page": _("Which page, from 1."),
    "per_page": _("How many on a page, 200 at most."),
    "entry_id": _("The id of an entry."),
    "export_id": _("The id of an export."),
    "uri": _("An otpauth:// or steam:// link."),
    "allow_duplicate": _("Add it even if its secret is in the vault already."),
    "email": _("The address of the account."),
    "auth_secret": _("32 bytes as base64url, derived from the password."),
    "code": _("One of the ten backup sign-in codes."),
    "idle": _("Milliseconds since a person last did something."),
    "format": _("aegis, andotp, plaintext or qrcodes."),
    "what": _("Which entries: all, favourites, those in categories, or selected ones."),
    "categories": _("The ids of categories, when “what” is “categories”."),
    "entries": _("The ids of entries, when “what” is “selected”."),
    "password": _("Seals the file; 15 characters or more, and not that of the account."),
    "without_password": _("Say so when anybody who has the file may read it."),
    "compatible_steam": _("Write Steam codes in a way that other apps know."),
    "layout": _("Columns of QR codes on a page, or one large code."),
}
