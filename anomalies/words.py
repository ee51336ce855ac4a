"""What people read about findings. Every word of it is ours or of the geo database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

TITLES: Mapping[str, StrPromise] = {
    "impossible_travel": gettext_lazy("Impossible journey"),
    "new_country": gettext_lazy("New country"),
    "failures_from_address": gettext_lazy("Failures from this address"),
    "failures_of_user": gettext_lazy("Failures for this account"),
    "new_browser": gettext_lazy("New browser"),
    "hosting_network": gettext_lazy("Hosting network"),
    "unusual_hour": gettext_lazy("Unusual hour"),
}
WHY: Mapping[str, StrPromise] = {
    "place": gettext_lazy("the place is not known"),
    "radius": gettext_lazy("the places are too vague"),
    "country": gettext_lazy("the country is not known"),
    "network": gettext_lazy("the network is not known"),
    "browser": gettext_lazy("the browser could not be looked up"),
    "failures": gettext_lazy("failures could not be counted"),
    "history": gettext_lazy("too few sign-ins so far"),
    "fault": gettext_lazy("the rule failed"),
}
METHODS: Mapping[str, StrPromise] = {
    "pwd": gettext_lazy("password"),
    "password": gettext_lazy("password"),
    "otp": gettext_lazy("authenticator app"),
    "totp": gettext_lazy("authenticator app"),
    "passkey": gettext_lazy("passkey"),
    "recovery": gettext_lazy("backup sign-in code"),
    "oidc": gettext_lazy("single sign-on"),
    "mfa": gettext_lazy("the provider's second factor"),
    "trusted": gettext_lazy("trusted browser"),
    "mail": gettext_lazy("code by mail"),
    "grant": gettext_lazy("approval"),
    "check": gettext_lazy("risk check"),
    "session": gettext_lazy("session"),
}
LEVELS: Mapping[str, StrPromise] = {
    "low": gettext_lazy("low"),
    "medium": gettext_lazy("medium"),
    "high": gettext_lazy("high"),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """A finding as people read it."""

    rule: str
    title: str
    points: int
    sentence: str

    @classmethod
    def of(cls, finding: Mapping[str, Any]) -> Reason:
        rule, words = str(finding["rule"]), finding.get("words", {})
        return cls(rule, title(rule), int(finding["points"]), sentence(rule, words))


def title(rule: str) -> str:
    return str(TITLES.get(rule, rule))


def level(name: str) -> str:
    return str(LEVELS.get(name, name))


def method(name: str) -> str:
    return str(METHODS.get(name, name))


def not_evaluated(rule: str, why: str) -> str:
    return _("%(rule)s: not evaluated, as %(why)s.") % {
        "rule": title(rule),
        "why": str(WHY.get(why, why)),
    }


def sentence(rule: str, words: Mapping[str, Any]) -> str:
    """The one sentence of a finding."""
    if rule == "impossible_travel":
        return _journey(words)
    texts = {
        "new_country": _("No sign-in of the last months came from %(country)s."),
        "failures_from_address": _("Many attempts from this address had just failed."),
        "failures_of_user": _("Many attempts for this account had just failed."),
        "new_browser": _("This browser had not been used for a sign-in before."),
        "hosting_network": _("The address belongs to a network that hosts servers: %(network)s."),
        "unusual_hour": _("No sign-in so far was near this hour (%(hour)s o'clock)."),
    }
    known = {"country": "", "network": "", "hour": "", **words}
    return texts.get(rule, rule) % known


def _journey(words: Mapping[str, Any]) -> str:
    minutes = int(words.get("minutes", 0))
    if minutes < 120:
        took = ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    else:
        hours = round(minutes / 60)
        took = ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    kilometres = f"{int(words.get('kilometres', 0)):,}".replace(",", " ")
    if words.get("place"):
        return _("%(took)s earlier it was at least %(kilometres)s km away, in %(place)s.") % {
            "took": took,
            "kilometres": kilometres,
            "place": words["place"],
        }
    return _("%(took)s earlier it was at least %(kilometres)s km away.") % {
        "took": took,
        "kilometres": kilometres,
    }
