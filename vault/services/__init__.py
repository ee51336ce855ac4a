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
from vault.services.duplicates import Duplicates, find_duplicates
from vault.services.holding import hold_vault
from vault.services.icons import icon_of, remove_icon, set_icon
from vault.services.importing import (
    add_decided,
    category_ids,
    delete_empty_categories,
    guarding,
    overwrite,
    trash_imported,
    undo_overwrite,
)
from vault.services.ordering import move_beside, move_entry
from vault.services.replacing import (
    EarlierSecretGone,
    forget_earlier,
    put_back,
    replace_secret,
)
from vault.services.selecting import (
    mark_favourites,
    put_into_category,
    take_out_of_category,
)
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
    NothingToUndo,
    Revealed,
    advance_hotp,
    mark_used,
    reveal_secret,
    undo_hotp,
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
    "Duplicates",
    "EarlierSecretGone",
    "EntryChange",
    "EntryGone",
    "NotCounterBased",
    "NotInTrash",
    "NothingToUndo",
    "Revealed",
    "TooManyAccounts",
    "UnknownTint",
    "account_of",
    "add_accounts",
    "add_anyway",
    "add_category",
    "add_decided",
    "add_draft",
    "advance_hotp",
    "category_ids",
    "change_category",
    "change_entry",
    "delete_category",
    "delete_empty_categories",
    "empty_trash",
    "entries_by_secret",
    "find_duplicates",
    "forget_earlier",
    "forget_expired",
    "guarding",
    "hold_vault",
    "icon_of",
    "keep_drafts",
    "mark_favourites",
    "mark_used",
    "move_beside",
    "move_category",
    "move_entry",
    "overwrite",
    "purge_entry",
    "purge_expired",
    "put_back",
    "put_into_category",
    "remove_icon",
    "replace_secret",
    "restore_entry",
    "reveal_secret",
    "set_favourite",
    "set_icon",
    "skip_draft",
    "take_out_of_category",
    "trash_entries",
    "trash_entry",
    "trash_imported",
    "undo_hotp",
    "undo_overwrite",
]
