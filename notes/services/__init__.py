"""What may be done with notes. Nothing here opens what a browser sealed."""

from __future__ import annotations

from notes.services.keeping import keep_for_server, kept, open_for_migration, read_kept, save_kept
from notes.services.keys import State, counts, forget_older_key, older_keys, state, unused_keys
from notes.services.reading import MOST_AT_ONCE, note_of, notes_after, notes_of
from notes.services.saving import (
    MOST_REVISIONS,
    Purpose,
    delete_note,
    drop_draft,
    rekey_draft,
    rekey_revision,
    save_draft,
    save_sealed,
)
from notes.services.searching import (
    BROWSER_LIMIT,
    Found,
    Query,
    choose_place,
    find,
    place_for,
    put_index,
    unindexed,
)

__all__ = [
    "BROWSER_LIMIT",
    "MOST_AT_ONCE",
    "MOST_REVISIONS",
    "Found",
    "Purpose",
    "Query",
    "State",
    "choose_place",
    "counts",
    "delete_note",
    "drop_draft",
    "find",
    "forget_older_key",
    "keep_for_server",
    "kept",
    "note_of",
    "notes_after",
    "notes_of",
    "older_keys",
    "open_for_migration",
    "place_for",
    "put_index",
    "read_kept",
    "rekey_draft",
    "rekey_revision",
    "save_draft",
    "save_kept",
    "save_sealed",
    "state",
    "unindexed",
    "unused_keys",
]
