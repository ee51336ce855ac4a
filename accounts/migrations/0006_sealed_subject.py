from __future__ import annotations

import hashlib
import hmac
from typing import Any

from django.db import migrations, models

import core.fields


def seal_subjects(apps: Any, schema_editor: Any) -> None:
    """Seal the subjects of people who were linked before."""
    from core import lasting, sealing

    # Backups are migrated in a scratch database, beside this one.
    alias = schema_editor.connection.alias
    identities = apps.get_model("accounts", "OidcIdentity").objects.using(alias)
    if not identities.exists():
        return
    # The key is new, and is made after all migrations as a rule.
    lasting.make_missing()
    key = lasting.key("oidc-subject")
    for identity in identities:
        text = f"{identity.issuer}\0{identity.subject}".encode()
        identity.subject_hash = hmac.digest(key, text, hashlib.sha256).hex()
        sealing.seal_field(identity, "sealed_subject", identity.subject.encode())
        identity.save(using=alias, update_fields=["subject_hash", "sealed_subject"])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_showing_codes"),
        ("core", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="oidcidentity",
            name="subject_hash",
            field=models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="oidcidentity",
            name="sealed_subject",
            field=core.fields.SealedField(default="", owner="user_id", purpose="oidc-subject"),
            preserve_default=False,
        ),
        migrations.RemoveConstraint(model_name="oidcidentity", name="one_user_per_identity"),
        migrations.RunPython(seal_subjects, migrations.RunPython.noop, elidable=True),
        migrations.RemoveField(model_name="oidcidentity", name="subject"),
        migrations.AddConstraint(
            model_name="oidcidentity",
            constraint=models.UniqueConstraint(
                fields=("issuer", "subject_hash"), name="one_user_per_identity"
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="factor_reset_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="user",
            name="restricted_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
