"""Small numbers: what is hidden cannot be had back from what is published."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from dxreport.catalogue import Catalogue, load_catalogue
from dxreport.config import Project
from dxreport.errors import DxError
from dxreport.exports import facts_csv, facts_json
from dxreport.facts import Facts, compute_facts
from dxreport.periods import Month
from dxreport.reading import Tables, read_tables
from dxreport.suppression.attack import Attack, Claim
from dxreport.suppression.counts import Count, Row, World
from dxreport.suppression.remembering import _in_process
from dxreport.suppression.rule import Rule, suppression_rule
from dxreport.suppression.shown import shown_facts
from small_numbers_attack import INDICATORS, read, recovered, understand

RULE = Rule(5)
MONTHS = 9 if os.environ.get("DXREPORT_ATTACK") == "year" else 2
"""Months of the sample that are attacked: all nine take some minutes."""

pytestmark = pytest.mark.timeout(3600 if MONTHS == 9 else 300)


@pytest.fixture(scope="module")
def tables(root: Path) -> Tables:
    project = Project(root)
    return read_tables(project.sample, project.reference)


@pytest.fixture(scope="module")
def catalogue(root: Path, tables: Tables) -> Catalogue:
    reference = Project(root).reference
    return load_catalogue(tables.units, tables.targets, tables.baselines, tables.topics, reference)


@pytest.fixture(scope="module")
def shown(tables: Tables, catalogue: Catalogue) -> dict[Month, Facts]:
    """The facts that each month publishes, from January on."""
    found = {}
    for number in range(1, MONTHS + 1):
        month = Month(2024, number)
        found[month] = shown_facts(tables, catalogue, month, RULE)
    return found


@pytest.fixture(scope="module")
def published(shown: dict[Month, Facts], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    for month, facts in shown.items():
        (folder / f"{month}.csv").write_text(facts_csv(facts), encoding="utf-8")
    return folder


def test_an_attacker_on_all_months_recovers_no_suppressed_count(
    published: Path, tables: Tables
) -> None:
    units = tables.units.to_dicts()
    blanks = 0
    for own in read(published).values():
        understand(own, units, MONTHS)
        blanks += len(own.blank)
        assert recovered(own) == {}, own.table
    assert blanks > 300


def test_the_attacker_does_recover_where_only_small_counts_are_hidden(
    tables: Tables, catalogue: Catalogue, tmp_path: Path
) -> None:
    """Without secondary suppression the attack succeeds: it can fail the test above."""
    for number in (1, 2):
        frame = compute_facts(tables, catalogue, Month(2024, number)).frame()
        counts = pl.col("unit") == "count"
        of = pl.when(counts).then("numerator").otherwise("denominator")
        small = of.is_between(1, RULE.minimum - 1) & pl.col("indicator").is_in(list(INDICATORS))
        hidden = frame.with_columns(
            pl.when(~small).then("numerator").alias("numerator"),
            pl.when(~small | counts).then("denominator").alias("denominator"),
        )
        hidden.write_csv(tmp_path / f"2024-{number:02d}.csv")
    found = {}
    for own in read(tmp_path).values():
        own.blank -= own.known.keys()
        understand(own, tables.units.to_dicts(), 2)
        found |= recovered(own)
    assert found


def test_no_small_count_is_published(shown: dict[Month, Facts], catalogue: Catalogue) -> None:
    for facts in shown.values():
        for fact in facts:
            if fact.indicator not in catalogue.indicators:
                continue
            base = "numerator" if fact.unit == "count" else "denominator"
            if base not in fact.withheld:
                assert not RULE.is_small(getattr(fact, base)), fact.key


def test_a_suppressed_fact_shows_nothing(shown: dict[Month, Facts]) -> None:
    suppressed = [fact for facts in shown.values() for fact in facts if fact.suppressed]
    assert suppressed
    for fact in suppressed:
        assert fact.printed == "không công bố"
        assert not fact.exists
        told = (fact.value, fact.met, fact.rank_high, fact.rank_low, fact.peers)
        assert told == (None,) * 5
        with pytest.raises(DxError, match="it is not published"):
            _ = fact.exact


def test_exports_leave_out_what_is_withheld(shown: dict[Month, Facts]) -> None:
    facts = shown[Month(2024, 1)]
    frame = pl.read_csv(facts_csv(facts).encode(), infer_schema=False)
    for fact, row in zip(facts, frame.iter_rows(named=True), strict=True):
        for part in ("numerator", "denominator"):
            assert (row[part] is None) == (part in fact.withheld)
    assert facts_json(facts).count('"numerator": null') == sum(
        "numerator" in fact.withheld for fact in facts
    )


def test_what_is_derived_follows(shown: dict[Month, Facts]) -> None:
    facts = shown[Month(2024, 2)]
    followed = 0
    for fact in facts:
        if fact.indicator.endswith("_change"):
            base = fact.indicator.removesuffix("_change")
            pair = [facts.find(base, period, fact.scope) for period in ("month", "previous")]
            assert fact.suppressed == any(own is not None and own.suppressed for own in pair)
            followed += fact.suppressed
    assert followed
    ranked = [f for f in facts.where(indicator="pakn_received", period="ytd") if f.rank_high]
    assert not any(fact.suppressed for fact in ranked)


def test_last_months_figures_are_those_of_its_own_report(shown: dict[Month, Facts]) -> None:
    before, now = shown[Month(2024, 1)], shown[Month(2024, 2)]
    compared = 0
    for fact in now:
        if fact.period == "previous" and (own := before.find(fact.indicator, "month", fact.scope)):
            assert (fact.withheld, fact.numerator, fact.printed) == (
                own.withheld,
                own.numerator,
                own.printed,
            )
            compared += 1
    assert compared > 100


def test_the_same_data_give_the_same_facts(
    shown: dict[Month, Facts], tables: Tables, catalogue: Catalogue
) -> None:
    month = Month(2024, 1)
    _in_process.clear()
    again = shown_facts(tables, catalogue, month, RULE)
    assert facts_csv(again) == facts_csv(shown[month])


# -- the attacker that the suppression itself imagines ------------------------------------------


def _count(scope: str) -> Count:
    return Count("received", scope, "month", Month(2024, 1))


def _attack(world: World, known: dict[str, dict[int, int]], hidden: dict[str, Row]) -> Attack:
    fixed = {_count(scope): form for scope, form in known.items()}
    ranged = {_count(scope): row for scope, row in hidden.items()}
    return Attack(world, fixed, ranged, dict.fromkeys(fixed, 1.0))


def test_a_count_that_is_a_sum_less_the_others_has_no_other_world() -> None:
    world = World()
    a, b, c = (world.unknown(count) for count in (3, 9, 20))
    known = {"all": {a: 1, b: 1, c: 1}, "unit:b": {b: 1}, "unit:c": {c: 1}}
    attack = _attack(world, known, {"unit:a": Row({a: 1}, 1, 4)})
    claim = Claim({a: 1})
    assert attack.witness(claim, [claim], 0) is None
    moved = attack.cheapest(claim, whole=False)
    assert len(moved) == 1
    attack.hide(moved[0], Row(known[moved[0].scope], None, None))
    found = attack.witness(claim, [claim], 0)
    assert found is not None
    assert claim.deviates_in(found)


def test_small_counts_whose_sum_is_the_least_possible_are_not_safe() -> None:
    """1 + 1 of a published 2: each is at least 1."""
    world = World()
    a, b = world.unknown(1), world.unknown(1)
    hidden = {"unit:a": Row({a: 1}, 1, 4), "unit:b": Row({b: 1}, 1, 4)}
    attack = _attack(world, {"all": {a: 1, b: 1}}, hidden)
    claim = Claim({a: 1})
    assert attack.witness(claim, [claim], 0) is None


# -- the setting --------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def _set(project: Project, text: str) -> None:
    project.configuration.write_text(f"lang: vi\n{text}", encoding="utf-8")


def test_it_is_off_by_default(root: Path, project: Project) -> None:
    assert suppression_rule(Project(root)) is None
    _set(project, "")
    assert suppression_rule(project) is None


def test_the_minimum_is_read(project: Project) -> None:
    _set(project, "dxreport:\n  suppression:\n    minimum: 5\n")
    assert suppression_rule(project) == Rule(5)


@pytest.mark.parametrize("minimum", ["2", "-1", "five", "true", "4.5"])
def test_a_wrong_minimum_is_an_error(project: Project, minimum: str) -> None:
    _set(project, f"dxreport:\n  suppression:\n    minimum: {minimum}\n")
    with pytest.raises(DxError, match=r"suppression: minimum: .* is not a whole number from 3 on"):
        suppression_rule(project)


def test_an_unknown_key_is_an_error(project: Project) -> None:
    _set(project, "dxreport:\n  suppression:\n    minimun: 5\n")
    with pytest.raises(DxError, match="expected `minimum: 5` and nothing else"):
        suppression_rule(project)
