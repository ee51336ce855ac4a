from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import confirmed_recently
from core.sealing import SealingError
from vault import services
from vault.forms import ReplacementForm
from vault.models import EarlierSecret
from vault.refusals import VaultRefusal
from vault.views.finding import find, find_entry, told_when_gone


@confirmed_recently
@told_when_gone
@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("secret")
@sensitive_variables("form", "account")
def replace(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Another secret for an entry: the service has been set up anew."""
    entry = find_entry(request, entry_id)
    form = ReplacementForm(request.POST or None, entry=entry)
    if request.method == "POST" and form.is_valid():
        account = form.account()
        try:
            is_new = services.replace_secret(entry=entry, account=account, at=timezone.now())
        except SealingError:
            form.add_error(None, _("The secret of this code cannot be opened."))
        else:
            _say(request, entry.title, is_new=is_new)
            return redirect("vault:edit", entry_id)
    return render(request, "vault/replace.html", {"entry": entry, "form": form})


@confirmed_recently
@require_POST
def put_back(request: HttpRequest, earlier_id: UUID) -> HttpResponse:
    earlier = find(request, EarlierSecret.objects.all(), earlier_id)
    try:
        entry = services.put_back(earlier=earlier, at=timezone.now())
    except (VaultRefusal, SealingError) as refusal:
        is_sealed = isinstance(refusal, SealingError)
        sentence = _("The secret of this code cannot be opened.") if is_sealed else str(refusal)
        messages.warning(request, sentence)
        return redirect("vault:edit", earlier.entry_id)
    sentence = _("%(name)s has its earlier secret again. The other one is kept for 30 days.")
    messages.success(request, sentence % {"name": entry.title})
    return redirect("vault:edit", entry.pk)


def _say(request: HttpRequest, name: str, *, is_new: bool) -> None:
    if is_new:
        sentence = _("%(name)s has a new secret. The earlier one is kept for 30 days.")
        messages.success(request, sentence % {"name": name})
    else:
        messages.info(request, _("That is the secret it has already."))
