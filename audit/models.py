from __future__ import annotations

import uuid
from typing import Any, NoReturn, Self

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models

from audit import events


class AppendOnly(Exception):
    """The audit log only grows."""

    def __init__(self) -> None:
        super().__init__("The audit log only grows: its events are never changed or deleted.")


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def for_owner(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        return self.filter(user=user.pk) if user.pk else self.none()

    def unsealed(self) -> Self:
        return self.filter(position__isnull=True)

    def sealed(self) -> Self:
        return self.filter(position__isnull=False)

    def update(self, **_: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        raise AppendOnly

    def bulk_update(self, *_: Any, **__: Any) -> NoReturn:
        raise AppendOnly

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("update_conflicts"):
            raise AppendOnly
        return super().bulk_create(objs, *args, **kwargs)

    def _amend(self, **values: Any) -> int:
        """For `audit.chain.seal` (place and MAC) and `audit.services.pseudonymise` alone."""
        return super().update(**values)

    # Django refuses such methods to templates and related managers.
    update.alters_data = True  # type: ignore[attr-defined]
    delete.alters_data = True  # type: ignore[attr-defined]
    _amend.alters_data = True  # type: ignore[attr-defined]


class AuditEvent(models.Model):
    """One thing that happened. No foreign key: events outlive the accounts they tell of.

    `details` holds personal words (an issuer, an address), `facts` never does. Erasing takes the
    personal fields and their salts; the commitments, and so the chain, stay.
    """

    restore_policy = "keep live"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    at = models.DateTimeField(db_index=True)
    event = models.CharField(max_length=60)
    user = models.UUIDField(null=True, blank=True)
    pseudonym = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=60, blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    details = models.JSONField(default=dict, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    salts = models.JSONField(default=dict, blank=True)
    commitments = models.JSONField(default=dict)
    erased_at = models.DateTimeField(null=True, blank=True)
    position = models.BigIntegerField(null=True, unique=True)
    chain_mac = models.CharField(max_length=64, blank=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        indexes = [
            models.Index(fields=["user", "-at", "-id"], name="audit_activity_of_a_user"),
            models.Index(
                fields=["id"],
                condition=models.Q(position__isnull=True),
                name="audit_events_to_seal",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} at {self.at:%Y-%m-%d %H:%M:%S}"

    def save(self, **_: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        super().save(force_insert=True)

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        raise AppendOnly

    @property
    def sentence(self) -> str:
        return events.sentence(self.event, self.details, self.facts)


class ChainHead(models.Model):
    """The one row that says how far the chain reaches; moved by a conditional update."""

    restore_policy = "keep live"
    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY, editable=False)
    position = models.BigIntegerField(default=0)
    mac = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"chain up to {self.position}"


class Tombstone(models.Model):
    """Something was deleted for the sake of security: no restore may bring it back."""

    restore_policy = "monotone"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    buried_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "object_id"], name="one_tombstone_per_object")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"
