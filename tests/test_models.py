from __future__ import annotations

from django.apps import apps

from tests.test_architecture import HEIGHT

POLICIES = {"rows", "monotone", "keep live", "never"}


def test_every_model_says_how_a_restore_treats_it() -> None:
    models = [model for model in apps.get_models() if model._meta.app_label in HEIGHT]

    without = [
        model._meta.label
        for model in models
        if model.__dict__.get("restore_policy") not in POLICIES
    ]
    assert len(models) > 10
    assert without == []
