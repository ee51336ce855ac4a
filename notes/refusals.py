from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from vault.refusals import VaultRefusal

if TYPE_CHECKING:
    from notes.models import Note


class NoteRefusal(VaultRefusal):
    """A deed on a note that is refused; `word` names the refusal to the browser."""

    word = ""


class ChangedElsewhere(NoteRefusal):
    """Compare-and-set found another revision; `current` is what is there, or None."""

    word = "changed"
    sentence = _("The note was changed in another window.")

    def __init__(self, current: Note | None) -> None:
        super().__init__()
        self.current = current


class KeyNotCurrent(NoteRefusal):
    word = "key"
    sentence = _("Your encrypted notes have a new key. Open them again in this browser.")


class NoteLocked(NoteRefusal):
    """Its key is closed to the current one: writing over it would lose it."""

    word = "locked"
    sentence = _("This note is closed with a key that is not open. It is not written over.")


class NotReadable(NoteRefusal):
    """The server was asked for the text of a note that it cannot read, or that is not there."""

    word = "unreadable"
    sentence = _("The server has no text of this note.")


class NoteExists(NoteRefusal):
    word = "exists"
    sentence = _("There is a note already.")


class NoSuchRevision(NoteRefusal):
    word = "revision"
    sentence = _("There is no such earlier version.")


class KeyInUse(NoteRefusal):
    word = "in use"
    sentence = _("Something is still closed with this key.")
