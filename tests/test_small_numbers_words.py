"""What is said where a figure is not published: no hidden count is taken for none or the least."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dxreport.facts import Fact, Facts
from dxreport.ingest.change import _moves
from dxreport.narrative import Narrative
from dxreport.suppression.publish import withhold
from tables_data import facts_of
from test_narrative import CATALOGUE, RATE, Counted, overdue, pakn, read, say

BOTH = ("numerator", "denominator")


def hiding(phrases: Narrative, is_hidden: Callable[[Fact], bool]) -> Narrative:
    rows = (withhold(fact, BOTH) if is_hidden(fact) else fact for fact in phrases.facts)
    return Narrative(Facts(phrases.month, tuple(rows)), phrases.catalogue)


def test_a_hidden_level_may_have_most_overdue_dossiers() -> None:
    def of_province(fact: Fact) -> bool:
        return fact.scope == "level:province" and fact.indicator.startswith("procedures_overdue")

    some = hiding(overdue(SNV=9, D1=7), of_province)
    assert some.most_overdue() == ()
    assert read(some.overdue_by_level()).endswith("; số hồ sơ trễ hạn của cấp tỉnh không công bố")
    # Where every count is hidden, none is not what is said.
    alone = hiding(overdue(SNV=9, D1=0), of_province)
    assert read(alone.overdue_by_level()) == "số hồ sơ trễ hạn của cấp tỉnh không công bố"


def test_a_rate_that_is_hidden_alone_is_not_told_beside_its_count() -> None:
    phrases = hiding(overdue(D1=7), lambda fact: fact.indicator == "procedures_overdue_rate")
    assert read(phrases.overdue_by_level()) == "cấp huyện có 7 hồ sơ trễ hạn"


def test_a_count_of_units_that_is_hidden_is_not_shown_as_its_own() -> None:
    counted: list[Counted] = [(u, "month", "", (10, 10)) for u in ("SNV", "STC")]
    counted.append(("STP", "month", "", (10, 7)))
    whole = say({"documents": counted})
    assert read(whole.whole(RATE, "month", "province")).startswith("02 cơ quan, đơn vị đạt")
    hidden = hiding(
        whole,
        lambda fact: fact.indicator.startswith("documents_signed") and fact.indicator != RATE,
    )
    said = hidden.whole(RATE, "month", "province")
    assert read(said) == read(whole.whole(RATE, "month", "province"))
    assert "documents_signed_full" not in said
    assert "target_met" not in said


def test_the_only_unit_that_is_shown_is_not_the_only_one() -> None:
    rate = "pakn_resolution_rate"
    phrases = hiding(
        pakn(D1=(20, 10), D2=(3, 1)),
        lambda fact: fact.scope == "unit:D2",
    )
    assert read(phrases.extremes(rate, "month", "tỷ lệ xử lý", high="cao nhất")).startswith(
        "chỉ thành phố Bắc Ninh có số liệu được công bố về tỷ lệ xử lý"
    )


def test_what_is_handled_says_by_which_rule_it_is_not_told() -> None:
    phrases = hiding(pakn(D1=(3, 1)), lambda fact: fact.indicator.startswith("pakn"))
    assert read(phrases.handled("month")) == (
        "có số liệu không công bố theo quy tắc về số liệu nhỏ"
    )


@pytest.mark.parametrize("was", [7, 2])
def test_ingest_does_not_tell_what_a_hidden_figure_was(was: int) -> None:
    def received(count: int) -> Facts:
        row = ("D1", "month", "", (count, 0, count, 0, 0, 0, 0, count))
        return facts_of({"pakn": [row]}, CATALOGUE)

    before, after = received(was), received(3)
    hidden = [withhold(f, BOTH) if f.scope == "unit:D1" else f for f in after]
    moves = list(_moves(before, Facts(after.month, tuple(hidden))))
    assert moves
    assert not [move for move in moves if move.scope == "unit:D1"]
