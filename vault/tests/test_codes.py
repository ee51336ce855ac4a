from __future__ import annotations

from datetime import UTC, datetime

from tests import base
from vault import codes
from vault.models import OtpEntry
from vault.tests.making import NOON, make_entries, make_entry

# RFC 6238, appendix B: 94287082 at second 59; six digits are its last six.
AT_59 = datetime.fromtimestamp(59, tz=UTC)


class CodesTests(base.TestCase):
    def test_gives_the_code_the_next_one_and_the_end(self) -> None:
        entry = make_entry(self.alice)

        code = codes.codes_for(self.alice, at=AT_59)[entry.pk]

        self.assertEqual((code.code, code.valid_until, code.period), ("287082", 60, 30))
        self.assertEqual(code.next_code, "359152")
        self.assertEqual(code.seconds_left(AT_59), 1)

    def test_the_next_code_becomes_the_code(self) -> None:
        entry = make_entry(self.alice, period=45, digits=8, algorithm="SHA512")
        before = codes.codes_for(self.alice, at=NOON)[entry.pk]

        end = datetime.fromtimestamp(before.valid_until, tz=UTC)
        after = codes.codes_for(self.alice, at=end)[entry.pk]

        self.assertEqual(after.code, before.next_code)
        self.assertEqual(after.valid_until, before.valid_until + 45)

    def test_makes_steam_codes(self) -> None:
        entry = make_entry(self.alice, type="steam")

        code = codes.codes_for(self.alice, at=NOON)[entry.pk]

        self.assertRegex(code.code, "^[2-9B-Y]{5}$")

    def test_never_uses_up_a_counter(self) -> None:
        make_entry(self.alice, type="hotp")

        self.assertEqual(codes.codes_for(self.alice, at=NOON), {})

        self.assertEqual(OtpEntry.objects.get().counter, 0)

    def test_leaves_out_the_trash_and_other_users(self) -> None:
        OtpEntry.objects.filter(pk=make_entry(self.alice).pk).update(trashed_at=NOON)
        make_entry(self.bob)

        self.assertEqual(codes.codes_for(self.alice, at=NOON), {})

    def test_one_damaged_secret_does_not_take_the_others_away(self) -> None:
        broken, whole = make_entry(self.alice), make_entry(self.alice, 1)
        OtpEntry.objects.filter(pk=broken.pk).update(sealed_secret="k1:broken")

        with self.assertLogs("vault.codes", "ERROR") as log:
            made = codes.codes_for(self.alice, at=NOON)

        self.assertEqual(list(made), [whole.pk])
        self.assertIn(str(broken.pk), log.output[0])

    def test_takes_one_query_however_many_there_are(self) -> None:
        make_entries(self.alice, 30)

        with self.assertNumQueries(1):
            self.assertEqual(len(codes.codes_for(self.alice, at=NOON)), 30)
