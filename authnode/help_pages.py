"""The help pages: what they are called, what they explain, and how they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class HelpPage:
    slug: str
    title: StrPromise
    # One line on the index.
    about: StrPromise
    icon: str
    # Names of the pages that it explains; a name with a star stands for all that begin so.
    explains: tuple[str, ...]
    url_name: str = ""

    @property
    def name(self) -> str:
        return self.url_name or f"help-{self.slug}"

    @property
    def template(self) -> str:
        return f"help/{self.slug.replace('-', '_')}.html"


PAGES = (
    HelpPage(
        "adding",
        _("Adding accounts"),
        _("From a QR code, a link or a secret; replacing and removing."),
        "qr",
        ("vault:add*", "vault:edit", "vault:replace-secret", "vault:trash", "vault:duplicates"),
    ),
    HelpPage(
        "codes",
        _("Codes and time"),
        _("How codes come about, how to copy them, and what to do when one is refused."),
        "clock",
        ("vault:list", "vault:next-code", "vault:categories", "accounts:profile"),
    ),
    HelpPage(
        "second-factors",
        _("Passkeys and second factors"),
        _("What you sign in with, and what happens when something is lost."),
        "key",
        (
            "accounts:security",
            "accounts:enrol",
            "accounts:passkey-*",
            "accounts:totp-*",
            "accounts:sign-in",
            "accounts:sign-up*",
            "accounts:reset*",
            "accounts:confirm",
            "accounts:password",
        ),
    ),
    HelpPage(
        "backup-codes",
        _("Backup sign-in codes"),
        _("Ten codes on paper that stand in for a lost second factor."),
        "shield",
        ("recovery:new-codes", "recovery:confirm", "recovery:present", "recovery:reset"),
        url_name="recovery:help",
    ),
    HelpPage(
        "notes",
        _("Encrypted notes and their recovery key"),
        _("Notes that the server cannot read, and what opens them."),
        "lock",
        ("notes:settings", "notes:note", "accounts:keys*", "accounts:vault-key"),
    ),
    HelpPage(
        "moving",
        _("Exporting and importing"),
        _("From another app to here, from here to another app, and on paper."),
        "upload",
        ("exports:*", "imports:*"),
    ),
    HelpPage(
        "sign-ins",
        _("Unusual sign-ins"),
        _("Why you were asked for one more proof, and what to do if it was not you."),
        "globe",
        ("anomalies:*",),
    ),
    HelpPage(
        "sessions",
        _("Auto-lock and sessions"),
        _("When a browser locks, how to lock it now, and where you are signed in."),
        "monitor",
        ("sessions_lock:sessions", "audit:activity", "notifications:*"),
    ),
    HelpPage(
        "keyboard",
        _("Keyboard"),
        _("Everything without a mouse."),
        "keyboard",
        (),
    ),
)
OWN_PAGES = tuple(page for page in PAGES if not page.url_name)


def page_about(view_name: str) -> HelpPage | None:
    """The page that explains the page of this name."""
    for page in PAGES:
        for name in page.explains:
            if view_name == name or (name[-1] == "*" and view_name.startswith(name[:-1])):
                return page
    return None


def help_page(request: HttpRequest) -> Mapping[str, Any]:
    """Context processor: the help that belongs to the page."""
    match = getattr(request, "resolver_match", None)
    return {"help_page": page_about(match.view_name) if match else None}


def layout_for(request: HttpRequest) -> str:
    return "layouts/app.html" if request.user.is_authenticated else "layouts/focus.html"


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    context = {"layout": layout_for(request), "pages": PAGES}
    return render(request, "help/index.html", context)


@login_not_required
@require_safe
def show(request: HttpRequest, *, page: HelpPage) -> HttpResponse:
    return render(request, page.template, {"layout": layout_for(request), "page": page})
