from __future__ import annotations

from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import confirmed_recently
from accounts.passkeys import services as passkeys
from accounts.slots import forms
from accounts.slots import services as slots
from accounts.views.account import current_user
from keyslots import crypto
from keyslots import services as keyslots
from keyslots.models import KeySlot

CHANGED_ELSEWHERE = gettext_lazy(
    "The keys have changed in another window. Nothing was kept; please start again."
)


@confirmed_recently
@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """What opens the encrypted notes, and whether they are open in this browser."""
    user = current_user(request)
    context = {
        "ways": slots.ways(user),
        "other_passkeys": user.passkeys.filter(slot=None).order_by("created_at"),
        **slots.opening(user),
    }
    return render(request, "accounts/slots/keys.html", context)


@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
def passphrase(request: HttpRequest) -> HttpResponse:
    """For who signs in without a password: a passphrase that only opens the notes, or a new one."""
    user = current_user(request)
    if user.has_usable_password():
        return redirect("accounts:keys")
    form = forms.PassphraseForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _keep_passphrase(request, form):
        return redirect("accounts:keys")
    context = {
        **slots.opening(user),
        "form": form,
        "slot_id": uuid4(),
        "iterations": settings.KDF_ITERATIONS,
    }
    return render(request, "accounts/slots/passphrase.html", context, status=_status(form))


@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
def add_recovery(request: HttpRequest) -> HttpResponse:
    """A notes recovery key: made, shown and asked back in the browser, then its slot is posted."""
    user = current_user(request)
    form = forms.RecoverySlotForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _add(request, form):
        return redirect("accounts:keys")
    context = {"form": form, **slots.opening(user)}
    return render(request, "accounts/slots/recovery.html", context, status=_status(form))


@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: HttpRequest, slot_id: UUID) -> HttpResponse:
    way = _way(request, slot_id)
    if not way.has_name:
        raise Http404
    form = forms.NameForm(request.POST or None, initial={"name": way.name})
    if request.method == "POST" and form.is_valid():
        keyslots.rename_slot(current_user(request).id, slot_id, form.cleaned_data["name"])
        return redirect("accounts:keys")
    return render(request, "accounts/slots/rename.html", {"form": form}, status=_status(form))


@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, slot_id: UUID) -> HttpResponse:
    way = _way(request, slot_id)
    if request.method == "POST":
        try:
            keyslots.remove_slot(current_user(request).id, slot_id, at=timezone.now())
        except keyslots.PasswordSlotStays:
            messages.warning(request, _("The password is changed, not removed."))
        except keyslots.LastSlot:
            messages.warning(request, _("Nothing else would open your notes. Add another first."))
        else:
            messages.info(request, _("It no longer opens your encrypted notes."))
        return redirect("accounts:keys")
    return render(request, "accounts/slots/remove.html", {"way": way})


@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
def open_former(request: HttpRequest, slot_id: UUID) -> HttpResponse:
    """With what opened an earlier key: from now on the current key opens that key as well."""
    user = current_user(request)
    former = get_object_or_404(KeySlot, id=slot_id, user=user)
    if not keyslots.is_former(former, keyslots.current_vault_key(user.id)):
        raise Http404
    passkey = user.passkeys.filter(slot=former).first()
    if passkey:
        return redirect("accounts:passkey-notes", passkey.pk)
    form = forms.OlderSlotForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _keep_former(request, former, form):
        return redirect("accounts:keys")
    context = {"form": form, "former": former, "slot": keyslots.content(former).as_wire()}
    return render(request, "accounts/slots/former.html", context, status=_status(form))


@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: HttpRequest) -> HttpResponse:
    """Somebody else may know a key: start a new vault key, which nothing old opens."""
    user = current_user(request)
    form = forms.ReplacementForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _replace(request, form):
        return redirect("accounts:keys")
    others = [way for way in slots.ways(user) if way.opens_current and way.has_name]
    own = user.passkeys.filter(pk__in=[way.passkey_id for way in others if way.passkey_id])
    context = {
        "form": form,
        "others": others,
        "passkeys": [(row, passkeys.described(row)) for row in own.order_by("created_at")],
        **slots.opening(user),
    }
    return render(request, "accounts/slots/replace.html", context, status=_status(form))


def _keep_passphrase(request: HttpRequest, form: forms.PassphraseForm) -> bool:
    user, now = current_user(request), timezone.now()
    try:
        if keyslots.current_vault_key(user.id) is None:
            keyslots.start_vault_key(user.id, form.slot, at=now)
        else:
            keyslots.change_passphrase(user.id, form.slot, at=now)
    except keyslots.SlotRefused:
        form.add_error(None, CHANGED_ELSEWHERE)
        return False
    messages.info(request, _("The passphrase opens your encrypted notes from now on."))
    return True


def _add(request: HttpRequest, form: forms.RecoverySlotForm) -> bool:
    new = form.new
    try:
        keyslots.add_slot(
            current_user(request).id,
            new.slot,
            kind=crypto.RECOVERY,
            name=new.name,
            verifier=new.verifier,
            at=timezone.now(),
        )
    except keyslots.SlotRefused:
        form.add_error(None, CHANGED_ELSEWHERE)
        return False
    messages.info(request, _("The recovery key opens your encrypted notes from now on."))
    return True


def _keep_former(request: HttpRequest, former: KeySlot, form: forms.OlderSlotForm) -> bool:
    try:
        keyslots.keep_former(
            current_user(request).id, former.id, form.slot, again=form.same, at=timezone.now()
        )
    except keyslots.SlotRefused:
        form.add_error(None, CHANGED_ELSEWHERE)
        return False
    messages.info(request, _("Your older notes are open to you again."))
    return True


def _replace(request: HttpRequest, form: forms.ReplacementForm) -> bool:
    try:
        lost = slots.replace(
            current_user(request),
            compromised=form.cleaned_data["compromised"],
            presented=form.new,
            older=form.slot,
            at=timezone.now(),
        )
    except keyslots.SlotRefused:
        form.add_error(None, CHANGED_ELSEWHERE)
        return False
    messages.info(request, _("Your encrypted notes have a new key."))
    if lost:
        names = ", ".join(f"{way.title}: {way.name}" for way in lost)
        messages.warning(
            request,
            _("These no longer open them; add again what shall: %(names)s") % {"names": names},
        )
    return True


def _way(request: HttpRequest, slot_id: UUID) -> slots.Way:
    for way in slots.ways(current_user(request)):
        if way.id == slot_id:
            return way
    raise Http404


def _status(form: object) -> int:
    return 422 if getattr(form, "errors", None) else 200
