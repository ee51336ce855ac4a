from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from imports import head as heads
from imports import pieces, services
from imports.models import ImportBatch
from imports.refusals import ImportGone
from imports.services import Choices
from imports.tests.making import NOON, given, make_import
from tests.base import TestCase
from vault.tests import foreign
from vault.tests.making import account, make_entry


def decisions(batch: ImportBatch) -> list[str]:
    return [row.decision for row in pieces.load_rows(batch)]


class ChooseTests(TestCase):
    def choose(self, batch: ImportBatch, page: int = 0, **choices: Any) -> None:
        chosen = Choices(**choices)
        services.choose(batch=batch, page=page, choices=chosen, at=NOON)

    def test_keeps_which_rows_are_ticked(self) -> None:
        batch = make_import(self.alice, account(1), account(2), account(3))

        self.choose(batch, chosen={0, 2})

        assert decisions(batch) == ["add", "skip", "add"]

    def test_keeps_what_becomes_of_a_duplicate(self) -> None:
        for number in (1, 2, 3):
            make_entry(self.alice, number)
        batch = make_import(self.alice, account(1), account(2), account(3))

        self.choose(batch, decisions={0: "replace", 1: "add", 2: "destroy"})

        assert decisions(batch) == ["replace", "add", "skip"]

    def test_decides_about_all_duplicates_on_all_pages(self) -> None:
        for number in (1, 150):
            make_entry(self.alice, number)
        batch = make_import(self.alice, *(account(number) for number in range(1, 151)))

        self.choose(batch, chosen=range(100), for_all="replace")

        found = decisions(batch)
        assert (found[0], found[149], found.count("add")) == ("replace", "replace", 148)

    def test_changes_one_page_only(self) -> None:
        batch = make_import(self.alice, *(account(number) for number in range(1, 151)))

        self.choose(batch, page=1, chosen=())

        assert services.page_count(batch) == 2
        assert decisions(batch).count("skip") == 50

    def test_maps_groups_to_categories(self) -> None:
        rows = [account(1, categories=("Work",)), account(2, categories=("Home",))]
        batch = services.start(owner=self.alice, files=[given(foreign.stratum(rows))], at=NOON)

        self.choose(batch, chosen={0, 1}, groups={"Work": "Office", "unknown": "x"})

        assert heads.load(batch).groups == {"Work": "Office", "Home": "Home"}

    def test_refuses_when_the_time_is_over(self) -> None:
        batch = make_import(self.alice)

        with pytest.raises(ImportGone):
            services.choose(batch=batch, page=0, choices=Choices(), at=NOON + timedelta(minutes=15))
