"""Sealing everything anew under the current master key.

Each batch is a set of conditional updates ("still the token that I opened"), so that rotation may
run beside the site, be interrupted, and be started again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.apps import apps
from django.db.models import Model

from core import keyring, sealing
from core.fields import SealedField
from core.models import KeyCheck

BATCH = 500


class KeyStillInUse(Exception):
    """A master key cannot be retired while values are sealed under it."""


def sealed_fields() -> Iterator[tuple[type[Model], SealedField]]:
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, SealedField):
                yield model, field


def reseal(model: type[Model], field: SealedField) -> int:
    """Seal one column anew; the answer is the number of rows changed by this run."""
    changed, last = 0, None
    current = f"{keyring.ring().current}:"
    while True:
        rows = model._base_manager.exclude(**{f"{field.name}__startswith": current})
        rows = rows.exclude(**{field.name: ""}).exclude(**{f"{field.name}__isnull": True})
        if last is not None:
            rows = rows.filter(pk__gt=last)
        batch = list(rows.order_by("pk")[:BATCH])
        if not batch:
            return changed
        changed += sum(_reseal_row(row, field) for row in batch)
        last = batch[-1].pk


def count_by_key() -> Counter[str]:
    """How many sealed values lie under each master key."""
    counts: Counter[str] = Counter()
    for model, field in sealed_fields():
        tokens = model._base_manager.values_list(field.name, flat=True)
        counts.update(token.partition(":")[0] for token in tokens.iterator() if token)
    return counts


def retire(key_id: str) -> None:
    """Forget the check value of a key nothing is sealed under; raises KeyStillInUse."""
    left = count_by_key()[key_id]
    if left or key_id == keyring.ring().current:
        raise KeyStillInUse(f"{left} values are sealed under {key_id}.")
    KeyCheck.objects.filter(key_id=key_id).delete()


def _reseal_row(row: Model, field: SealedField) -> int:
    before = getattr(row, field.name)
    sealing.seal_field(row, field.name, sealing.open_field(row, field.name))
    rows = type(row)._base_manager.filter(**{"pk": row.pk, field.name: before})
    return rows.update(**{field.name: getattr(row, field.name)})
