from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    TextField = models.TextField[str, str]
else:
    TextField = models.TextField


class SealedField(TextField):
    """Text that `core.sealing` made. `owner` names the attribute whose value the key is bound to.

    `manage.py rotate_keys` finds what to seal anew by this class, so that no column is forgotten.
    """

    def __init__(self, *args: Any, purpose: str = "", owner: str = "", **kwargs: Any) -> None:
        self.purpose = purpose
        self.owner = owner
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "purpose": self.purpose, "owner": self.owner}
