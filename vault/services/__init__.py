"""The deeds of the vault. Each is one transaction together with its record in the audit log."""

from __future__ import annotations

from vault.services.adding import (
    Added,
    Duplicate,
    TooManyAccounts,
    add_accounts,
    add_anyway,
    entries_by_secret,
)
from vault.services.categories import (
    CategoryGone,
    CategoryNameMissing,
    CategoryNameTaken,
    CategoryNameTooLong,
    UnknownTint,
    add_category,
    change_category,
    delete_category,
    move_category,
)
from vault.services.changing import EntryChange, EntryGone, change_entry, set_favourite
from vault.services.drafts import (
    DraftGone,
    account_of,
    add_draft,
    forget_expired,
    keep_drafts,
    skip_draft,
)
from vault.services.ordering import move_entry
from vault.services.trash import (
    KEPT_FOR,
    NotInTrash,
    empty_trash,
    purge_entry,
    purge_expired,
    restore_entry,
    trash_entries,
    trash_entry,
)
from vault.services.using import (
    CounterAtEnd,
    CounterCode,
    NotCounterBased,
    Revealed,
    advance_hotp,
    mark_used,
    reveal_secret,
)

__all__ = [
    "KEPT_FOR",
    "Added",
    "CategoryGone",
    "CategoryNameMissing",
    "CategoryNameTaken",
    "CategoryNameTooLong",
    "CounterAtEnd",
    "CounterCode",
    "DraftGone",
    "Duplicate",
    "EntryChange",
    "EntryGone",
    "NotCounterBased",
    "NotInTrash",
    "Revealed",
    "TooManyAccounts",
    "UnknownTint",
    "account_of",
    "add_accounts",
    "add_anyway",
    "add_category",
    "add_draft",
    "advance_hotp",
    "change_category",
    "change_entry",
    "delete_category",
    "empty_trash",
    "entries_by_secret",
    "forget_expired",
    "keep_drafts",
    "mark_used",
    "move_category",
    "move_entry",
    "purge_entry",
    "purge_expired",
    "restore_entry",
    "reveal_secret",
    "set_favourite",
    "skip_draft",
    "trash_entries",
    "trash_entry",
]
