from __future__ import annotations

import io
import json
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from audit.models import AuditEvent
from tests import base
from vault import pictures, qr, services
from vault.models import EntryIcon, OtpEntry
from vault.tests.making import NOON, make_entries, make_entry, picture


class SelectionTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        self.entries = make_entries(self.alice, 3)

    def act(self, deed: str, entries: list[OtpEntry], **form: Any) -> Any:
        ids = [str(entry.pk) for entry in entries]
        return self.client.post(
            "/entries/selected/", {"deed": deed, "entry": ids, **form}, follow=True
        )

    def test_marks_and_unmarks_favourites(self) -> None:
        response = self.act("favourite", self.entries[:2])

        self.assertContains(response, "2 codes are favourites.")
        self.assertEqual(OtpEntry.objects.filter(is_favourite=True).count(), 2)
        self.act("no-favourite", self.entries)
        self.assertFalse(OtpEntry.objects.filter(is_favourite=True).exists())

    def test_puts_into_a_category_and_takes_out(self) -> None:
        work = services.add_category(owner=self.alice, name="Work", at=NOON)

        response = self.act("put-in", self.entries, category=work.pk)

        self.assertContains(response, "3 codes are in Work.")
        self.assertEqual(work.entries.count(), 3)
        self.act("take-out", self.entries[:1], category=work.pk)
        self.assertEqual(work.entries.count(), 2)

    def test_moves_to_the_trash(self) -> None:
        self.assertContains(self.act("trash", self.entries), "3 codes are in the trash")
        self.assertFalse(OtpEntry.objects.live().exists())

    def test_records_only_what_changed(self) -> None:
        services.mark_favourites(entries=self.entries[:1], is_favourite=True, at=NOON)
        changed = services.mark_favourites(entries=self.entries, is_favourite=True, at=NOON)

        self.assertEqual(changed, 2)
        self.assertEqual(AuditEvent.objects.filter(event="vault.entry_changed").count(), 3)

    def test_leaves_foreign_entries_alone(self) -> None:
        foreign = make_entry(self.bob, 9)

        response = self.act("trash", [foreign])

        self.assertContains(response, "Tick the codes first.")
        foreign.refresh_from_db()
        self.assertFalse(foreign.is_trashed)

    def test_refuses_a_foreign_category(self) -> None:
        foreign = services.add_category(owner=self.bob, name="Bobs", at=NOON)

        response = self.act("put-in", self.entries, category=foreign.pk)

        self.assertContains(response, "Choose a category.")
        self.assertEqual(foreign.entries.count(), 0)

    def test_says_what_is_missing(self) -> None:
        self.assertContains(self.act("trash", []), "Tick the codes first.")
        self.assertContains(self.act("shred", self.entries), "Choose what to do")

    def test_ticks_all_of_a_filter_without_scripts(self) -> None:
        services.mark_favourites(entries=self.entries[:2], is_favourite=True, at=NOON)

        shown = self.client.get("/?favourites=1&select=all").context

        self.assertEqual([card.is_chosen for card in shown["cards"]], [True, True])
        none = self.client.get("/?select=some").context["cards"]
        self.assertFalse(any(card.is_chosen for card in none))


class OwnOrderTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in_as("alice")
        self.a, self.b, self.c = make_entries(self.alice, 3)

    def move(self, entry: OtpEntry, **body: str) -> Any:
        return self.client.post(
            f"/entries/{entry.pk}/move/",
            json.dumps(body),
            content_type="application/json",
            headers={"Accept": "application/json"},
        )

    def order(self) -> list[OtpEntry]:
        return list(OtpEntry.objects.for_owner(self.alice).in_order())

    def test_moves_beside_another(self) -> None:
        response = self.move(self.c, before=str(self.a.pk))

        self.assertEqual(response.json(), {"place": 1})
        self.assertEqual(self.order(), [self.c, self.a, self.b])
        self.assertEqual(self.move(self.c, after=str(self.b.pk)).json(), {"place": 3})
        self.assertEqual(self.order(), [self.a, self.b, self.c])

    def test_stays_beside_itself(self) -> None:
        self.assertEqual(self.move(self.b, before=str(self.b.pk)).json(), {"place": 2})

    def test_knows_no_foreign_or_broken_neighbour(self) -> None:
        foreign = make_entry(self.bob, 9)

        for other in (str(foreign.pk), "nonsense"):
            self.assertEqual(self.move(self.a, before=other).status_code, 404)

    def test_writes_a_long_order_in_few_queries(self) -> None:
        entries = make_entries(self.bob, 60)

        with self.assertNumQueries(5):
            services.move_beside(entry=entries[-1], other=entries[0], is_before=True)


class MostUsedTests(base.TestCase):
    def test_counts_copies_and_counters_but_no_polls(self) -> None:
        often, seldom = (
            make_entry(self.alice, 1, issuer="Zulip"),
            make_entry(self.alice, 2, issuer="Apple"),
        )
        for _ in range(3):
            services.mark_used(entry=often, at=NOON)
        services.mark_used(entry=seldom, at=NOON)
        self.sign_in_as("alice").get("/codes/", headers={"X-Background": "1"})

        cards = self.client.get("/?sort=most").context["cards"]

        self.assertEqual(
            [(card.title, card.entry.uses) for card in cards], [("Zulip", 3), ("Apple", 1)]
        )


class LooksTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = make_entry(self.alice)
        self.sign_in_as("alice")

    def save(self, **changes: Any) -> Any:
        form = {
            "issuer": "GitHub",
            "account_name": "ada",
            "type": "totp",
            "algorithm": "SHA1",
            "digits": 6,
            "period": 30,
            "counter": 0,
            "icon_choice": "fitting",
            **changes,
        }
        response = self.client.post(f"/entries/{self.entry.pk}/", form)
        self.entry.refresh_from_db()
        return response

    def test_keeps_a_chosen_brand_and_colour_when_the_name_changes(self) -> None:
        self.save(icon_choice="brand", brand="GitLab", tint="7")
        self.assertEqual((self.entry.icon, self.entry.tint), ("gitlab", 7))

        self.save(issuer="Mozilla", icon_choice="brand", brand="gitlab", tint="7")

        self.assertEqual((self.entry.icon, self.entry.tint), ("gitlab", 7))

    def test_shows_initials_when_asked_to_and_the_fitting_icon_again(self) -> None:
        self.save(icon_choice="initials")
        self.assertEqual((self.entry.icon, self.entry.is_icon_chosen), ("", True))

        self.save()

        self.assertEqual((self.entry.icon, self.entry.is_icon_chosen), ("github", False))

    def test_refuses_a_brand_nobody_knows(self) -> None:
        response = self.save(icon_choice="brand", brand="Nobody Knows This One")

        self.assertContains(response, "There is no icon of that name.")
        self.assertEqual(self.entry.icon, "github")


class OwnPictureTests(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.entry = make_entry(self.alice)
        self.sign_in_as("alice")

    def hand_in(self, content: bytes, **form: str) -> Any:
        file = SimpleUploadedFile("me.jpg", content)
        return self.client.post(
            f"/entries/{self.entry.pk}/icon/", {"picture": file, **form}, follow=True
        )

    def test_draws_it_anew_as_a_small_png(self) -> None:
        self.hand_in(picture(size=(1200, 800)))

        self.entry.refresh_from_db()
        response = self.client.get(f"/entries/{self.entry.pk}/icon.png?v={self.entry.own_icon}")
        image = Image.open(io.BytesIO(response.content))
        self.assertEqual((image.format, image.size), ("PNG", (pictures.SIDE, pictures.SIDE)))
        self.assertIn("private", response["Cache-Control"])

    def test_keeps_it_sealed_and_without_the_rest_of_the_file(self) -> None:
        self.hand_in(picture() + b"where the photograph was taken")

        row = EntryIcon.objects.get()
        self.assertNotIn("PNG", row.sealed_picture)
        self.assertNotIn(b"photograph", services.icon_of(self.entry) or b"")

    def test_shows_it_in_the_list(self) -> None:
        self.hand_in(picture())

        self.assertContains(self.client.get("/"), f"/entries/{self.entry.pk}/icon.png?v=")

    def test_is_removed_again(self) -> None:
        self.hand_in(picture())

        self.client.post(f"/entries/{self.entry.pk}/icon/", {"remove": "1"})

        self.assertFalse(EntryIcon.objects.exists())
        self.assertEqual(self.client.get(f"/entries/{self.entry.pk}/icon.png").status_code, 404)

    def test_refuses_what_is_no_picture(self) -> None:
        svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

        self.assertContains(self.hand_in(svg), "not a whole PNG, JPEG, WebP or GIF")
        self.assertContains(self.hand_in(picture() + bytes(pictures.MAX_BYTES)), "larger than 2 MB")
        self.assertFalse(EntryIcon.objects.exists())

    def test_is_nobody_elses(self) -> None:
        self.hand_in(picture())
        self.client.logout()

        response = self.sign_in_as("bob").get(f"/entries/{self.entry.pk}/icon.png")

        self.assertEqual(response.status_code, 404)

    def test_turns_a_photograph_as_it_was_held(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        held = io.BytesIO()
        photo = Image.new("RGB", (200, 200), "white")
        photo.paste((255, 0, 0), (0, 0, 200, 100))
        photo.save(held, format="PNG", exif=exif)

        icon = Image.open(io.BytesIO(pictures.make_icon(held.getvalue()))).convert("RGB")

        self.assertEqual(icon.getpixel((80, 48)), (255, 0, 0))
        with self.assertRaises(qr.NotAPicture):
            pictures.make_icon(b"nothing")
