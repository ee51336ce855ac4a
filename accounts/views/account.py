from __future__ import annotations

from typing import cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import confirmation, factors, passwords, prelogin, profile, signin
from accounts.credentials import CredentialsRefused, read_slot
from accounts.decorators import ask_to_confirm, confirmed_recently
from accounts.display.forms import DisplayForm
from accounts.forms import AuthSecretForm, DeletionForm, PasswordForm, ProfileForm
from accounts.models import User
from accounts.reset import address
from accounts.views.sign_in import LOCKED_OUT, way_back
from keyslots import services as keyslots


def current_user(request: HttpRequest) -> User:
    """The signed-in person, for views behind a session."""
    return cast(User, request.user)


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Confirm-it's-you with the password; leads back to where the question came up."""
    user = current_user(request)
    form = AuthSecretForm(request.POST or None, initial={"next": way_back(request)})
    if request.method == "POST" and form.is_valid():
        try:
            confirmation.confirm(request, user, auth_secret=form.secret, at=timezone.now())
            return redirect(way_back(request))
        except signin.TooManyAttempts:
            form.add_error(None, LOCKED_OUT)
        except signin.WrongPassword:
            form.add_error(None, _("This is not your password."))
    ways = confirmation.ways(user, but="password")
    if not user.has_usable_password() and ways:
        return redirect(f"{ways[0].url}?{urlencode({'next': way_back(request)})}")
    context = {
        "form": form,
        "parameters": prelogin.of_user(user),
        "ways": ways,
        "query": urlencode({"next": way_back(request)}),
    }
    return render(request, "accounts/confirm.html", context, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
def show_profile(request: HttpRequest) -> HttpResponse:
    form = own_profile_form(current_user(request), request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _change_profile(request, form)
    return profile_page(request, form)


def own_profile_form(user: User, posted: QueryDict | None = None) -> ProfileForm:
    return ProfileForm(posted, initial={"email": user.email, "display_name": user.display_name})


def _change_profile(request: HttpRequest, form: ProfileForm) -> HttpResponse:
    user, words = current_user(request), form.cleaned_data
    is_new_address, now = words["email"] != user.email, timezone.now()
    if is_new_address and factors.is_restricted(request):
        return redirect("accounts:enrol")
    if is_new_address and not confirmation.is_fresh(request, at=now):
        messages.warning(request, _("Confirm that it is you, then change the address again."))
        return ask_to_confirm(reverse("accounts:profile"))
    try:
        profile.change(
            User.objects.get(pk=user.pk),
            email=words["email"],
            display_name=words["display_name"],
            at=now,
        )
    except address.AddressTaken:
        form.add_error("email", _("This address cannot be used."))
        return profile_page(request, form)
    messages.info(request, _("Your profile is saved."))
    return redirect("accounts:profile")


def profile_page(
    request: HttpRequest, form: ProfileForm, *, display: DisplayForm | None = None
) -> HttpResponse:
    user = current_user(request)
    display = display or DisplayForm(user=user)
    change = address.waiting(user, at=timezone.now())
    context = {"form": form, "display": display, "change": change}
    status = _status(display if display.errors else form)
    return render(request, "accounts/profile.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    if not user.has_usable_password():
        return redirect("accounts:security")
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _change_password(request, form):
        messages.info(
            request, _("Your password is changed. Your other sessions have been signed out.")
        )
        return redirect("accounts:profile")
    slot = keyslots.password_slot(user.id)
    is_usable = slot is not None and keyslots.opens_with(user.id, salt=user.salt)
    context = {
        "form": form,
        "parameters": prelogin.of_user(user),
        "slot": slot.as_wire() if slot and is_usable else None,
        "iterations": settings.KDF_ITERATIONS,
    }
    return render(request, "accounts/password.html", context, status=_status(form))


def _change_password(request: HttpRequest, form: PasswordForm) -> bool:
    user, now = current_user(request), timezone.now()
    try:
        confirmation.confirm(request, user, auth_secret=form.secret, at=now)
        passwords.change(user, form.credentials, session_key=request.session.session_key, at=now)
    except signin.TooManyAttempts:
        form.add_error(None, LOCKED_OUT)
    except signin.WrongPassword:
        form.add_error(None, _("The current password is not right. Nothing was changed."))
    except (passwords.ChangedElsewhere, keyslots.SlotRefused):
        form.add_error(None, _("Your password was changed in another window. Load the page again."))
    else:
        update_session_auth_hash(request, user)
        return True
    return False


@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
def vault_key(request: HttpRequest) -> HttpResponse:
    """For an account whose password a command has set: its browser makes the vault key."""
    user = current_user(request)
    if keyslots.opens_with(user.id, salt=user.salt):
        return redirect("vault:list")
    if request.method == "POST":
        try:
            slot = read_slot(request.POST)
            if slot.salt != user.salt:
                raise CredentialsRefused("password_slot")
            keyslots.start_vault_key(user.id, slot, at=timezone.now())
        except (CredentialsRefused, keyslots.SlotRefused):
            messages.error(request, _("The key could not be kept. Please try once more."))
            return redirect("accounts:vault-key")
        return redirect("vault:list")
    context = {"parameters": prelogin.of_user(user)}
    return render(request, "accounts/vault_key.html", context)


@confirmed_recently
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    user = User.objects.get(pk=current_user(request).pk)
    form = DeletionForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            profile.delete(user, at=timezone.now())
        except profile.LastOperator:
            form.add_error(None, _("You are the only operator. Make somebody else one first."))
        else:
            logout(request)
            messages.info(request, _("Your account and everything in it is deleted."))
            response = redirect("accounts:sign-in")
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
            return response
    return render(request, "accounts/delete.html", {"form": form}, status=_status(form))


def _status(form: object) -> int:
    return 422 if getattr(form, "errors", None) else 200
