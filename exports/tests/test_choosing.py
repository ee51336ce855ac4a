from __future__ import annotations

from typing import ClassVar

from exports.choosing import Choice, entries_of, gather
from exports.tests.making import make_some
from tests import base
from vault import qr
from vault import services as vault
from vault.formats.account import OtpAccount
from vault.models import Category, OtpEntry
from vault.tests.making import NOON, make_entry, picture


class Choosing(base.TestCase):
    entries: ClassVar[list[OtpEntry]]
    foreign: ClassVar[OtpEntry]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.entries = make_some(cls.alice)
        cls.foreign = make_entry(cls.bob, 9, issuer="Foreign", categories=("Work",))
        vault.trash_entry(entry=make_entry(cls.alice, 8, issuer="Trashed"), at=NOON)

    def issuers(self, choice: Choice) -> list[str]:
        return [entry.issuer for entry in entries_of(self.alice, choice)]

    def test_takes_all_live_entries_of_the_owner_and_no_others(self) -> None:
        assert self.issuers(Choice("aegis")) == ["GitHub", "Bank", "Steam", "=SUM(A1)"]

    def test_takes_favourites(self) -> None:
        assert self.issuers(Choice("aegis", what="favourites")) == ["Bank"]

    def test_takes_categories_of_the_owner_only(self) -> None:
        ids = tuple(str(pk) for pk in Category.objects.values_list("pk", flat=True))

        assert self.issuers(Choice("aegis", what="categories", ids=ids)) == ["GitHub", "Steam"]

    def test_takes_what_was_selected_of_the_owner_only(self) -> None:
        ids = (str(self.entries[3].pk), str(self.foreign.pk))

        assert self.issuers(Choice("aegis", what="selected", ids=ids)) == ["=SUM(A1)"]

    def test_names_what_does_not_fit(self) -> None:
        left = gather(self.alice, Choice("google")).left_out

        assert [row.title for row in left] == ["Steam", "=SUM(A1)"]
        assert [str(row.why) for row in left] == [
            "This format does not know its kind of code.",
            "This format does not know codes of this length.",
        ]
        everything = gather(self.alice, Choice("google", is_strict=False))
        assert [row.title for row in everything.left_out] == ["Steam"]

    def test_leaves_out_what_cannot_be_opened(self) -> None:
        OtpEntry.objects.filter(pk=self.entries[0].pk).update(sealed_secret="k1:broken")

        gathered = gather(self.alice, Choice("csv"))

        assert [row.title for row in gathered.left_out] == ["GitHub"]
        assert len(gathered.accounts) == len(gathered.entry_ids) == 3

    def test_asks_few_questions_of_the_database(self) -> None:
        vault.set_icon(entry=self.entries[0], picture=picture(), at=NOON)

        with self.assertNumQueries(3):
            gather(self.alice, Choice("authnode"))

    def test_survives_being_kept(self) -> None:
        choice = Choice("qrcodes", what="selected", ids=("a", "b"), layout="large")

        assert Choice.from_json(choice.as_json()) == choice


class Lossless(base.TestCase):
    """An entry that goes out as AuthNode's own JSON and comes in again is the same."""

    def test_brings_back_looks_websites_and_pictures(self) -> None:
        entry = make_entry(self.alice, 1, categories=("Work",), favourite=True)
        vault.set_icon(entry=entry, picture=picture(), at=NOON)
        OtpEntry.objects.filter(pk=entry.pk).update(
            website="https://example.com/in", icon="gitlab", is_icon_chosen=True
        )
        OtpEntry.objects.filter(pk=entry.pk).update(tint=7, is_tint_chosen=True)
        (account,) = gather(self.alice, Choice("authnode")).accounts

        (copy,) = vault.add_accounts(owner=self.bob, accounts=[account], at=NOON).entries

        copy.refresh_from_db()
        assert (copy.website, copy.icon, copy.tint) == ("https://example.com/in", "gitlab", 7)
        assert (copy.is_icon_chosen, copy.is_tint_chosen, copy.is_favourite) == (True, True, True)
        assert qr.decode(account.picture).size == (96, 96)
        assert [category.name for category in copy.categories.all()] == ["Work"]

    def test_takes_nothing_odd_for_looks(self) -> None:
        account = OtpAccount(
            "totp",
            b"secret",
            issuer="GitHub",
            website="javascript:alert(1)",
            icon="no-such-brand",
            tint=99,
        )

        (entry,) = vault.add_accounts(owner=self.alice, accounts=[account], at=NOON).entries

        entry.refresh_from_db()
        assert (entry.website, entry.icon) == ("", "github")
        assert 1 <= entry.tint <= 12
