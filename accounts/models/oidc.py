from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from core.fields import SealedField


class OidcIdentity(models.Model):
    """A person as an OpenID Connect provider knows them: issuer and subject, never an address.

    The subject is found by a keyed hash and proven by its seal, which is bound to the user: a row
    that was rewritten to lead to somebody else opens nobody's account.
    """

    restore_policy = "monotone"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="oidc_identities"
    )
    issuer = models.CharField(max_length=255)
    subject_hash = models.CharField(max_length=64)
    sealed_subject = SealedField(purpose="oidc-subject", owner="user_id")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject_hash"], name="one_user_per_identity")
        ]

    def __str__(self) -> str:
        return self.issuer


class OidcRequest(models.Model):
    """An authorization request on its way; deleted by the answer that claims it first."""

    restore_policy = "never"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state_hash = models.CharField(max_length=64, unique=True)
    purpose = models.CharField(max_length=20)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True)
    nonce = models.CharField(max_length=64)
    sealed_verifier = SealedField(purpose="oidc-verifier", owner="id")
    next_url = models.CharField(max_length=500)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.purpose
