from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import sealing
from vault import conversion
from vault.formats.account import OtpAccount
from vault.models import EntryDraft, OtpEntry
from vault.refusals import VaultRefusal
from vault.services import adding

if TYPE_CHECKING:
    from accounts.models import User

LIFETIME = timedelta(hours=1)


class DraftGone(VaultRefusal):
    sentence = _("This was answered already, or an hour has passed. Add the code again.")


def keep_drafts(
    *, owner: User, duplicates: Iterable[adding.Duplicate], at: datetime, website: str = ""
) -> list[EntryDraft]:
    """Keep duplicates, sealed, until their owner says whether to add them."""
    drafts = [_new_draft(owner, duplicate, at=at, website=website) for duplicate in duplicates]
    return EntryDraft.objects.bulk_create(drafts, batch_size=200)


def account_of(draft: EntryDraft) -> OtpAccount:
    """The account that waits in a draft."""
    return _open(draft)[0]


def add_draft(*, draft: EntryDraft, at: datetime) -> OtpEntry:
    """Add the account of a draft anyway; raises DraftGone when it was answered or has expired."""
    account, website = _open(draft)
    with transaction.atomic():
        _claim(draft, at)
        return adding.add_anyway(owner=draft.owner, account=account, at=at, website=website)


def skip_draft(*, draft: EntryDraft, at: datetime) -> None:
    """Forget the account of a draft."""
    _claim(draft, at)


def forget_expired(*, at: datetime) -> int:
    """Delete the drafts nobody answered; the answer is their number."""
    return EntryDraft.objects.expired(at).delete()[0]


def _claim(draft: EntryDraft, at: datetime) -> None:
    # Deleted by the one who answers first: two answers never add the account twice.
    if EntryDraft.objects.waiting(at).filter(pk=draft.pk).delete()[0] != 1:
        raise DraftGone


def _new_draft(
    owner: User, duplicate: adding.Duplicate, *, at: datetime, website: str
) -> EntryDraft:
    draft = EntryDraft(
        id=uuid4(),
        owner=owner,
        twin=duplicate.twin,
        created_at=at,
        expires_at=at + LIFETIME,
    )
    account = conversion.to_json(duplicate.account).decode()
    sealing.seal_field(draft, "sealed_account", json.dumps([account, website]).encode())
    return draft


def _open(draft: EntryDraft) -> tuple[OtpAccount, str]:
    account, website = json.loads(sealing.open_field(draft, "sealed_account"))
    return conversion.from_json(account.encode()), website
