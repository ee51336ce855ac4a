from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class ImportRefusal(Exception):
    """A step of an import that is refused; `sentence` says why to the person."""

    sentence: ClassVar[StrPromise]

    def __str__(self) -> str:
        return str(self.sentence)


class ImportGone(ImportRefusal):
    sentence = _(
        "This import is over: it was finished, or fifteen minutes have passed. Bring the files"
        " again."
    )


class NothingChosen(ImportRefusal):
    sentence = _("Choose at least one account to import.")


class CannotBeUndone(ImportRefusal):
    sentence = _(
        "This import can no longer be undone: it was undone already, or a week has passed."
    )


class TooManyRows(ImportRefusal):
    sentence = _("These are more than 10,000 accounts. Import the files one by one.")
