from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core import geo, geo_update


class Command(BaseCommand):
    help = "Fetch the geo databases that are configured. What is not good leaves the old in place."

    def handle(self, **_: Any) -> None:
        sources = geo_update.sources()
        if not sources:
            raise CommandError(
                "No source is configured: set GEOIP_CITY_URL (and GEOIP_ASN_URL),"
                " or GEOIP_ACCOUNT_ID and GEOIP_LICENSE_KEY."
            )
        refused = 0
        for source in sources:
            try:
                built_at = geo_update.update(source, at=timezone.now())
                self.stdout.write(f"{source.kind}: updated, built {built_at:%Y-%m-%d}.")
            except geo_update.UpdateRefused as refusal:
                refused += 1
                kept = geo.state(source.kind, at=timezone.now())
                self.stderr.write(f"{source.kind}: {refusal} Now: {kept.status}.")
        if refused:
            raise CommandError("Not every database was updated.")
