"""Why single sign-on was refused: a word for the audit log, a sentence for the person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class OidcRefused(Exception):
    """The base of the refusals here."""

    reason: str
    sentence: StrPromise


class ProviderAway(OidcRefused):
    """The provider cannot be reached, or does not answer in time."""

    reason = "provider away"
    sentence = _("The sign-in service cannot be reached at the moment. Try again in a minute.")


class ProviderNonsense(OidcRefused):
    """What the provider answered is not what OpenID Connect says."""

    reason = "provider nonsense"
    sentence = _("The sign-in service gave an answer that cannot be used. Tell your operator.")


class ProviderRefused(OidcRefused):
    """The provider, or the person at it, said no."""

    reason = "provider refused"
    sentence = _("The sign-in service did not let you in, or you cancelled there.")


class StateNotValid(OidcRefused):
    """The answer belongs to no request of this browser: used, expired, or of another browser."""

    reason = "state not valid"
    sentence = _("This answer was used already, took too long, or belongs to another browser.")


class TokenNotValid(OidcRefused):
    """The ID token is not signed by the provider, or not for us, not for now."""

    reason = "token not valid"
    sentence = _("What the sign-in service said about you could not be verified.")


class NotFresh(OidcRefused):
    """Confirm-it's-you was answered from an old sign-in at the provider."""

    reason = "not fresh"
    sentence = _("The sign-in service did not ask you again, so that this proves nothing.")


class OtherPerson(OidcRefused):
    """Confirm-it's-you was answered by another person of the provider."""

    reason = "other person"
    sentence = _("You signed in there as somebody else than the owner of this account.")


class Unknown(OidcRefused):
    """Nobody here is linked, and this site makes no accounts by itself."""

    reason = "not linked"
    sentence = _(
        "No account here is linked to you there. If you have one, sign in with your password and"
        " link it in the settings; otherwise ask your operator for an invitation."
    )


class AddressTaken(OidcRefused):
    """The address belongs to an account here, which only its owner may link."""

    reason = "address taken"
    sentence = _(
        "Your address has an account here already. Sign in with your password and link it in the"
        " settings."
    )


class AddressNotVerified(OidcRefused):
    """The provider vouches for no address, so no account can be made of it."""

    reason = "address not verified"
    sentence = _(
        "The sign-in service does not say that your e-mail address is verified, so no account was"
        " made."
    )


class AccountClosed(OidcRefused):
    """The linked account is switched off."""

    reason = "account closed"
    sentence = _("Your account here is switched off. Ask your operator.")


class LinkedElsewhere(OidcRefused):
    """This identity is linked to another account, or this account to another identity."""

    reason = "linked elsewhere"
    sentence = _("That sign-in is linked to another account here, or yours to another sign-in.")


class LinkDamaged(OidcRefused):
    """The row of a link was not written by this site for the user it names."""

    reason = "link damaged"
    sentence = _("Your link to that sign-in was altered in the database. Tell your operator.")


class OnlyWayIn(OidcRefused):
    """Without the link this account could not be opened any more."""

    reason = "only way in"
    sentence = _("This is your only way to sign in, so it stays linked.")


ALL = (
    ProviderAway,
    ProviderNonsense,
    ProviderRefused,
    StateNotValid,
    TokenNotValid,
    NotFresh,
    OtherPerson,
    Unknown,
    AddressTaken,
    AddressNotVerified,
    AccountClosed,
    LinkedElsewhere,
    LinkDamaged,
    OnlyWayIn,
)
