"""The facts against an independent oracle on random data, and what must hold of any facts."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import SCHEMAS, Frames, frame, small_folder, small_frames
from dxreport import vi
from dxreport.catalogue import Catalogue, load_catalogue
from dxreport.exports import facts_csv
from dxreport.facts import Fact, Facts, compute_facts
from dxreport.periods import Month
from dxreport.reading import Dataset, Tables, read_tables
from oracle import CHANGES, TARGETS_MET, Answer, Oracle

REFERENCE = Path(__file__).parents[1] / "data" / "reference"
SEPTEMBER = Month(2024, 9)
some = settings(max_examples=25)
few = settings(max_examples=10)
FORMATS = ("csv", "parquet", "parts")


# -- against the oracle ---------------------------------------------------------------------


def differences(facts: Facts, answers: Mapping[tuple[str, str, str], Answer]) -> list[str]:
    """What of the facts departs from the oracle, and what of the oracle is missing."""
    wrong = []
    for fact in facts:
        if fact.indicator == "pakn_top_topics":
            continue
        answer = answers.get((fact.indicator, fact.period, fact.scope))
        if answer is None:
            wrong.append(f"{fact.key}: unknown to the oracle")
            continue
        for what, got, expected in _compared(fact, answer):
            if got != expected:
                wrong.append(f"{fact.key}: {what} is {got!r}, the oracle says {expected!r}")
    for (indicator, period, scope), answer in answers.items():
        if not answer.is_nothing and facts.find(indicator, period, scope) is None:
            wrong.append(f"{indicator}/{period}/{scope}: missing")
    return wrong


def _compared(fact: Fact, answer: Answer) -> Iterable[tuple[str, Any, Any]]:
    if fact.indicator.endswith("_since_baseline"):
        # The places of a baseline are its own; the difference is what counts.
        got = Fraction(fact.numerator, fact.denominator) if fact.denominator else None
        yield "the change", got, answer.exact
    else:
        yield "numerator", fact.numerator, answer.numerator
        yield "denominator", fact.denominator, answer.denominator
    yield "section", fact.section, answer.section
    yield "value", fact.value, float(answer.exact) if answer.exact is not None else None
    yield "target", fact.target, float(answer.target) if answer.target is not None else None
    yield "met", fact.met, answer.met
    yield "rank_high", fact.rank_high, answer.rank_high
    yield "rank_low", fact.rank_low, answer.rank_low
    yield "peers", fact.peers, answer.peers
    if answer.shown is not None:
        expected = abs(Decimal(answer.shown).scaleb(-answer.places))
        yield "printed", number(fact.printed), expected


def number(printed: str) -> Decimal:
    """The size of the first figure of a printed text; "không thay đổi" is 0."""
    found = re.search(r"\d[\d.]*(,\d+)?", printed)
    return Decimal(found[0].replace(".", "").replace(",", ".")) if found else Decimal(0)


@pytest.mark.parametrize("seed", range(20))
def test_random_data_agree_with_the_oracle(seed: int, tmp_path: Path) -> None:
    folder = small_folder(tmp_path, seed, FORMATS[seed % 3])
    tables = read_tables(folder.path, REFERENCE)
    inside = Random(seed).choice(folder.months)
    # The last month, one within, and the one after the data (nothing in it, all of it before).
    months = {Month.parse(text) for text in (inside, folder.months[-1])}
    months.add(max(months).next)
    compared = 0
    with Oracle(folder.path, REFERENCE) as oracle:
        for month in sorted(months):
            facts = compute_facts(tables, catalogue_of(tables), month)
            answers = oracle.answers(str(month))
            assert differences(facts, answers) == []
            assert top_topics(facts, tables) == set(oracle.top_topics(str(month)))
            compared += sum(not answer.is_nothing for answer in answers.values())
    assert compared > 20


def top_topics(facts: Facts, tables: Tables) -> set[str]:
    """The keys of the topics that the fact names."""
    keys = {name: topic for topic, name in tables.topics.select("topic", "name").iter_rows()}
    printed = facts.get("pakn_top_topics", "ytd").printed
    return set() if printed == vi.NO_CASES else {keys.get(t, t) for t in printed.split("; ")}


def test_the_sample_agrees_with_the_oracle() -> None:
    sample = REFERENCE.parent / "sample"
    tables = read_tables(sample, REFERENCE)
    facts = compute_facts(tables, catalogue_of(tables), SEPTEMBER)
    with Oracle(sample, REFERENCE) as oracle:
        answers = oracle.answers("2024-09")
    assert differences(facts, answers) == []
    assert sum(not answer.is_nothing for answer in answers.values()) > 2000


def test_the_random_data_reach_every_kind_of_figure(tmp_path: Path) -> None:
    """The comparison above says something about each indicator, scope, verdict and rank."""
    seen: Counter[str] = Counter()
    for seed in range(7):
        folder = small_folder(tmp_path / str(seed), seed)
        with Oracle(folder.path, REFERENCE) as oracle:
            for (indicator, period, scope), answer in oracle.answers(folder.months[-1]).items():
                if not answer.is_nothing:
                    system = "@" if "@" in scope else ""
                    seen.update((indicator, period, scope.partition(":")[0] + system))
                    seen.update((f"met {answer.met}", f"ranked {answer.rank_high is not None}"))
    changes = {f"{indicator}_change" for indicator in CHANGES}
    wanted = {"all", "level", "unit", "kind", "topic", "communes_of", "unit@"}
    wanted |= {"month", "ytd", "end", "previous", "met True", "met False", "ranked True"}
    wanted |= {*TARGETS_MET, *TARGETS_MET.values(), *changes}
    wanted |= {"pakn_backlog", "pakn_satisfaction_mean", "pakn_processing_days_mean"}
    wanted |= {"pakn_on_time_rate", "procedures_overdue", "procedures_overdue_rate"}
    wanted |= {"online_filing_rate_change_since_baseline"}
    assert wanted <= set(seen)


def test_the_comparison_sees_a_difference(tmp_path: Path) -> None:
    """One record more, one verdict turned, one rank moved: each is told."""
    folder = small_folder(tmp_path, 1)
    tables = read_tables(folder.path, REFERENCE)
    month = folder.months[-1]
    facts = compute_facts(tables, catalogue_of(tables), Month.parse(month))
    with Oracle(folder.path, REFERENCE) as oracle:
        answers = oracle.answers(month)
    assert differences(facts, answers) == []
    key, answer = next(
        (key, answer)
        for key, answer in answers.items()
        if answer.met is not None and answer.rank_high is not None
    )
    for changed in (
        replace(answer, numerator=answer.numerator + 1),
        replace(answer, denominator=answer.denominator + 1),
        replace(answer, met=not answer.met),
        replace(answer, rank_high=answer.rank_high + 1),
        replace(answer, shown=(answer.shown or 0) + 1),
    ):
        assert len(differences(facts, {**answers, key: changed})) == 1
    assert differences(facts, {**answers, ("e_copy_rate", "month", "unit:none"): answer})


# -- small worlds in memory -----------------------------------------------------------------


def tables_of(frames: Frames) -> Tables:
    """Frames as tables, without a way through files."""
    lazy = {name: frames[name].lazy() for name in ("documents", "e_copies", "pakn", "procedures")}
    small = {name: frames[name] for name in ("units", "targets", "baselines", "topics")}
    return Tables(folder=Path("memory"), sources=(), dataset=Dataset(), **lazy, **small)


def catalogue_of(tables: Tables) -> Catalogue:
    return load_catalogue(tables.units, tables.targets, tables.baselines, tables.topics, REFERENCE)


def facts_of(frames: Frames, month: Month) -> Facts:
    tables = tables_of(frames)
    return compute_facts(tables, catalogue_of(tables), month)


def world(**rows: Sequence[Mapping[str, Any]]) -> Frames:
    """Frames with the given rows; columns that a row leaves out are null."""
    return {
        name: frame(name, [{**dict.fromkeys(schema), **row} for row in rows.get(name, ())])
        for name, schema in SCHEMAS.items()
    }


def unit(unit_id: str, **more: Any) -> dict[str, Any]:
    """A people's committee of a district, unless `more` says otherwise."""
    return {
        "unit_id": unit_id,
        "name": f"Huyện {unit_id}",
        "short_name": unit_id,
        "level": "district",
        "kind": "people_committee",
        "order": 1,
        **more,
    }


def e_copies(pairs: Iterable[tuple[str, str, int, int]]) -> list[dict[str, Any]]:
    return [
        {"unit_id": unit_id, "month": month, "electronic": part, "certified": whole}
        for unit_id, month, part, whole in pairs
    ]


def target(minimum: str, indicator: str = "e_copy_rate", **more: Any) -> dict[str, Any]:
    return {"indicator": indicator, "level": "district", "minimum": minimum, "basis": "", **more}


def pakn(
    received: datetime, resolved: datetime | None = None, due: datetime | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "pakn_id": more.pop("pakn_id", f"{received.isoformat()}-{resolved}-{due}"),
        "unit_id": "A",
        "kind": "field",
        "topic": "land",
        "received_at": received,
        "resolved_at": resolved,
        "due_at": due,
        **more,
    }


def pair(facts: Facts, indicator: str, period: str = "month", scope: str = "all") -> str:
    fact = facts.get(indicator, period, scope)
    return f"{fact.numerator}/{fact.denominator}"


pairs = st.integers(0, 300).flatmap(lambda d: st.tuples(st.integers(0, d), st.just(d)))
seeds = st.integers(100, 10_000)


def last_month(frames: Frames) -> Month:
    months = [*frames["documents"]["month"], *frames["e_copies"]["month"]]
    return Month.parse(max(months))


# -- properties -----------------------------------------------------------------------------


def test_a_group_is_the_sum_of_its_parts() -> None:
    compared: Counter[str] = Counter()
    for seed in range(100, 112):
        frames = small_frames(seed)
        month = last_month(frames)
        facts = facts_of(frames, month)
        units = {row["unit_id"]: row for row in frames["units"].to_dicts()}
        for whole in facts:
            kind, _, what = whole.scope.partition(":")
            parts = _parts(facts, whole, kind, what, units)
            if parts is None:
                continue
            assert whole.numerator == sum(part.numerator for part in parts), whole.key
            if whole.unit != "count":
                assert whole.denominator == sum(part.denominator for part in parts), whole.key
            if whole.numerator and len(parts) > 1:
                compared.update((whole.indicator, kind))
    rates = {"documents_signed_rate", "pakn_resolution_rate", "e_copy_rate", "online_filing_rate"}
    means = {"pakn_satisfaction_mean", "pakn_processing_days_mean", "pakn_on_time_rate"}
    others = {"pakn_received", "procedures_overdue", "digitisation_rate", "online_payment_rate"}
    kinds = {"all", "level", "kind", "communes_of", "all by topic"}
    compared["all by topic"] += sum_by_topic()
    assert all(compared[key] >= 5 for key in rates | means | others | kinds), compared


def _parts(
    facts: Facts, whole: Fact, kind: str, what: str, units: Mapping[str, Mapping[str, Any]]
) -> tuple[Fact, ...] | None:
    """The facts of the units that make up a group; None where `whole` is no group of units."""
    if whole.unit in ("pp", "units", "topics") or kind not in (
        "all",
        "level",
        "kind",
        "communes_of",
    ):
        return None
    indicator = "e_copy_rate" if kind == "communes_of" else whole.indicator
    own = [
        fact
        for fact in facts.where(indicator=indicator, period=whole.period, prefix="unit:")
        if "@" not in fact.scope
    ]
    field = {"level": "level", "kind": "kind", "communes_of": "parent_id"}.get(kind)

    def belongs(row: Mapping[str, Any]) -> bool:
        return field is None or (row[field] == what and (field != "parent_id" or is_commune(row)))

    def is_commune(row: Mapping[str, Any]) -> bool:
        return row["level"] == "commune"

    return tuple(fact for fact in own if belongs(units[fact.scope.removeprefix("unit:")]))


def sum_by_topic() -> int:
    """The topics of a period make up the whole; how many groups were compared."""
    compared = 0
    for seed in range(100, 112):
        frames = small_frames(seed)
        facts = facts_of(frames, last_month(frames))
        for indicator in ("pakn_received", "pakn_resolved", "pakn_resolution_rate"):
            for period in ("month", "ytd"):
                parts = facts.where(indicator=indicator, period=period, prefix="topic:")
                whole = facts.get(indicator, period)
                assert whole.numerator == sum(part.numerator for part in parts)
                compared += len(parts) > 1
    return compared


@some
@given(pairs, st.decimals(0, 100, places=2))
def test_a_verdict_never_changes_by_rounding(counts: tuple[int, int], minimum: Decimal) -> None:
    part, whole = counts
    facts = facts_of(
        world(
            units=[unit("A")],
            e_copies=e_copies([("A", "2024-09", part, whole)]),
            targets=[target(str(minimum))],
        ),
        SEPTEMBER,
    )
    expected = None if whole == 0 else part * 10_000 >= int(minimum * 100) * whole
    for scope in ("unit:A", "level:district"):
        fact = facts.get("e_copy_rate", "month", scope)
        assert (fact.met, fact.target) == (expected, float(minimum))
    met = facts.get("e_copy_target_met", "month", "level:district")
    assert (met.numerator, met.denominator) == (int(expected is True), int(whole > 0))


@pytest.mark.parametrize(
    ("part", "whole", "printed", "met"),
    [
        (8996, 10_000, "90,0%", False),
        (9000, 10_000, "90,0%", True),
        (899_999_999, 10**9, "90,0%", False),
        (9, 10, "90,0%", True),
        (8994, 10_000, "89,9%", False),
    ],
)
def test_what_prints_as_its_target_may_still_miss_it(
    part: int, whole: int, printed: str, met: bool
) -> None:
    frames = world(
        units=[unit("A")],
        e_copies=e_copies([("A", "2024-09", part, whole)]),
        targets=[target("90")],
    )
    fact = facts_of(frames, SEPTEMBER).get("e_copy_rate", "month", "unit:A")
    assert (fact.printed, fact.met) == (printed, met)


@some
@given(pairs)
def test_figures_are_printed_half_up(counts: tuple[int, int]) -> None:
    part, whole = counts
    rows = [("A", "2024-09", part, whole)]
    documents = [
        {"unit_id": "A", "month": "2024-09", "signed_from_work_file": part, "outgoing": whole}
    ]
    facts = facts_of(
        world(units=[unit("A")], e_copies=e_copies(rows), documents=documents), SEPTEMBER
    )
    for indicator, step in (("e_copy_rate", "0.1"), ("documents_signed_rate", "0.01")):
        fact = facts.get(indicator, "month", "unit:A")
        if whole == 0:
            assert (fact.printed, fact.value, fact.met) == (vi.NO_CASES, None, None)
        else:
            # Six places of a quotient of such small integers show every exact half.
            exact = Decimal(part * 100) / Decimal(whole)
            assert number(fact.printed) == exact.quantize(Decimal(step), ROUND_HALF_UP)


def test_the_halves_of_the_specification() -> None:
    frames = world(
        units=[unit("A"), unit("B")],
        pakn=[
            pakn(datetime(2024, 9, 1), datetime(2024, 9, 2), unit_id="A", rating=r, pakn_id=f"A{n}")
            for n, r in enumerate((2, 2, 2, 3))
        ]
        + [
            pakn(datetime(2024, 9, 1), datetime(2024, 9, 2) if n < 3 else None, pakn_id=f"B{n}")
            | {"unit_id": "B"}
            for n in range(16)
        ],
    )
    facts = facts_of(frames, SEPTEMBER)
    assert facts.get("pakn_satisfaction_mean", "month", "unit:A").printed == "2,3"  # 9/4 = 2,25
    assert facts.get("pakn_resolution_rate", "month", "unit:B").printed == "18,8%"  # 3/16


@some
@given(st.lists(pairs, min_size=1, max_size=7))
def test_ranks_with_ties(counts: list[tuple[int, int]]) -> None:
    names = [f"{n:03}" for n in range(len(counts))]
    frames = world(
        units=[unit(name) for name in names] + [unit("HCC", kind="service_centre")],
        e_copies=e_copies(
            [(name, "2024-09", *counted) for name, counted in zip(names, counts, strict=True)]
            + [("HCC", "2024-09", 1, 1)]
        ),
    )
    facts = facts_of(frames, SEPTEMBER)
    values = {n: Fraction(*counted) for n, counted in zip(names, counts, strict=True) if counted[1]}
    distinct = sorted(values.values())
    for name in names:
        fact = facts.get("e_copy_rate", "month", f"unit:{name}")
        if name not in values:
            assert (fact.rank_high, fact.rank_low, fact.peers) == (None, None, None)
            continue
        assert fact.peers == len(values)
        assert fact.rank_low == 1 + distinct.index(values[name])
        assert fact.rank_high == 1 + distinct[::-1].index(values[name])
    centre = facts.get("e_copy_rate", "month", "unit:HCC")
    assert (centre.rank_high, centre.rank_low, centre.peers) == (None, None, None)


def test_all_equal_share_the_first_rank_at_both_ends() -> None:
    frames = world(
        units=[unit("A"), unit("B"), unit("C")],
        e_copies=e_copies(
            [("A", "2024-09", 1, 2), ("B", "2024-09", 5, 10), ("C", "2024-09", 0, 0)]
        ),
    )
    facts = facts_of(frames, SEPTEMBER)
    found = [facts.get("e_copy_rate", "month", f"unit:{name}") for name in "ABC"]
    assert [(f.rank_high, f.rank_low, f.peers) for f in found] == [(1, 1, 2)] * 2 + [(None,) * 3]


@few
@given(seeds)
def test_later_records_change_no_fact(seed: int) -> None:
    frames = small_frames(seed)
    months = sorted({*frames["documents"]["month"], *frames["e_copies"]["month"]})
    month = Month.parse(Random(seed).choice(months))
    assert facts_of(_with_later_records(frames, month, Random(seed)), month) == facts_of(
        frames, month
    )


def _with_later_records(frames: Frames, month: Month, random: Random) -> Frames:
    """The same data folder as it may look a year on."""
    later = dict(frames)
    some_unit = frames["units"]["unit_id"][0]
    end = month.end
    for name in ("documents", "e_copies"):
        table = frames[name].filter(pl.col("month") <= str(month))
        part, whole = table.columns[3], table.columns[2]
        row = {"unit_id": some_unit, "month": str(month.next), whole: 70, part: 7}
        later[name] = pl.concat([table, frame(name, [row])])
    rows = [
        row
        if row["resolved_at"] is not None
        else {**row, "resolved_at": max(end, row["received_at"]), "rating": 1}
        for row in frames["pakn"].to_dicts()
    ]
    rows += [
        pakn(end + timedelta(seconds=n), end + timedelta(days=n), end, unit_id=some_unit, rating=1)
        for n in range(5)
    ]
    later["pakn"] = frame("pakn", random.sample(rows, len(rows)))
    dossiers = [
        row
        if row["returned_at"] is not None
        else {**row, "returned_at": max(end, row["received_at"])}
        for row in frames["procedures"].to_dicts()
    ]
    dossiers += [{**dossiers[0], "dossier_id": "later", "received_at": end, "returned_at": None}]
    later["procedures"] = frame("procedures", dossiers)
    # The months after, without which the comparison is with what was known then.
    for name in ("documents", "e_copies"):
        assert later[name].height > frames[name].filter(pl.col("month") <= str(month)).height
    return later


def test_later_records_do_change_the_next_months_facts() -> None:
    """What is appended above is no empty change."""
    frames = small_frames(101)
    month = last_month(frames)
    later = _with_later_records(frames, month, Random(1))
    assert facts_of(later, month.next) != facts_of(frames, month.next)


@few
@given(seeds, st.randoms(use_true_random=False))
def test_row_order_changes_no_fact(seed: int, random: Random) -> None:
    frames = small_frames(seed)
    shuffled = {
        name: table if name == "topics" else table[random.sample(range(len(table)), len(table))]
        for name, table in frames.items()
    }
    month = last_month(frames)
    facts = facts_of(frames, month)
    assert len(facts) > 10
    assert facts_of(shuffled, month) == facts


@few
@given(seeds)
def test_previous_is_what_the_report_of_the_month_before_printed(seed: int) -> None:
    frames = small_frames(seed)
    month = last_month(frames)
    now, before = facts_of(frames, month), facts_of(frames, month.previous)
    previous = [fact for fact in now if fact.period == "previous"]
    assert {fact.indicator for fact in previous} <= set(CHANGES)
    for fact in previous:
        then = before.find(fact.indicator, "month", fact.scope)
        if then is None:
            assert fact.denominator == 0 or fact.numerator == 0
        else:
            assert fact == replace(then, month=fact.month, period="previous")
    for fact in before:
        if fact.indicator in CHANGES and fact.period == "month" and fact.numerator:
            assert now.find(fact.indicator, "previous", fact.scope) is not None


# -- edges ----------------------------------------------------------------------------------


def test_a_change_is_between_the_printed_figures() -> None:
    documents = [
        {"unit_id": "A", "month": month, "signed_from_work_file": part, "outgoing": 100_000}
        for month, part in (("2024-08", 97_226), ("2024-09", 96_954))
    ]
    facts = facts_of(world(units=[unit("A")], documents=documents), SEPTEMBER)
    change = facts.get("documents_signed_rate_change", "month", "level:district")
    # 97,23 to 96,95, though the exact figures differ by 0,272.
    assert (change.numerator, change.denominator, change.unit) == (-28, 100, "pp")
    assert change.printed == "giảm 0,28%"
    assert change.value == -0.28


def test_a_change_that_does_not_show_is_none() -> None:
    rows = [("A", "2024-08", 5001, 10_000), ("A", "2024-09", 5004, 10_000)]
    facts = facts_of(world(units=[unit("A")], e_copies=e_copies(rows)), SEPTEMBER)
    change = facts.get("e_copy_rate_change", "month", "unit:A")
    assert (change.numerator, change.value, change.printed) == (0, 0.0, "không thay đổi")


def test_the_month_before_january_is_december() -> None:
    rows = [("A", "2023-12", 50, 100), ("A", "2024-01", 60, 100)]
    facts = facts_of(world(units=[unit("A")], e_copies=e_copies(rows)), Month(2024, 1))
    assert pair(facts, "e_copy_rate", "previous", "unit:A") == "50/100"
    assert pair(facts, "e_copy_rate", "ytd", "unit:A") == "60/100"
    assert facts.get("e_copy_rate_change", "month", "unit:A").printed == "tăng 10,0%"


def test_a_missing_month_before_is_neither_0_nor_the_last_that_exists() -> None:
    rows = [("A", "2024-07", 50, 100), ("A", "2024-09", 60, 100)]
    facts = facts_of(world(units=[unit("A")], e_copies=e_copies(rows)), SEPTEMBER)
    change = facts.get("e_copy_rate_change", "month", "unit:A")
    assert (change.denominator, change.value) == (0, None)
    assert change.printed == "không có số liệu tháng trước"


def test_nothing_to_divide_by() -> None:
    frames = world(
        units=[unit("A"), unit("B")],
        e_copies=e_copies([("A", "2024-09", 0, 0), ("B", "2024-09", 1, 2)]),
        pakn=[pakn(datetime(2024, 9, 5))],
        targets=[target("0")],
    )
    facts = facts_of(frames, SEPTEMBER)
    for indicator in ("e_copy_rate", "pakn_satisfaction_mean", "pakn_processing_days_mean"):
        fact = facts.get(indicator, "month", "unit:A")
        assert (fact.numerator, fact.denominator, fact.value) == (0, 0, None)
        assert (fact.printed, fact.met, fact.rank_high) == ("không phát sinh", None, None)
    met = facts.get("e_copy_target_met", "month", "level:district")
    assert (met.numerator, met.denominator) == (1, 1)
    assert facts.get("e_copy_rate", "month", "unit:B").peers == 1


def test_what_happened_at_the_end_of_the_month_or_later_has_not_happened() -> None:
    end, tick = SEPTEMBER.end, timedelta(microseconds=1)
    frames = world(
        units=[unit("A")],
        pakn=[
            pakn(datetime(2024, 9, 1), end, due=end - tick, rating=5),  # unresolved, overdue
            pakn(datetime(2024, 9, 1), end - tick, due=end, rating=4),
            pakn(datetime(2024, 9, 2), None, due=end),  # its due time is not past
            pakn(end, end),  # not received yet
            pakn(datetime(2024, 8, 31, 23, 59, 59), datetime(2024, 9, 1)),  # August's cohort
        ],
    )
    facts = facts_of(frames, SEPTEMBER)
    assert pair(facts, "pakn_received") == "3/1"
    assert pair(facts, "pakn_resolution_rate") == "1/3"
    assert pair(facts, "pakn_resolution_rate", "ytd") == "2/4"
    assert pair(facts, "pakn_backlog") == "2/1"
    assert pair(facts, "pakn_satisfaction_mean") == "4/1"
    assert pair(facts, "pakn_on_time_rate") == "1/2"
    # In August's report the last one was not resolved, and stays so.
    assert pair(facts, "pakn_resolution_rate", "previous") == "0/1"


def test_due_times_at_the_very_instant() -> None:
    done, tick = datetime(2024, 9, 10, 8), timedelta(microseconds=1)
    frames = world(
        units=[unit("A")],
        pakn=[
            pakn(datetime(2024, 9, 1), done, due=done),
            pakn(datetime(2024, 9, 1), done, due=done - tick),
            pakn(datetime(2024, 9, 1), done),  # no due time: resolved, never in time
        ],
        procedures=[
            {
                "dossier_id": str(number),
                "source_system": "province",
                "unit_id": "A",
                "received_at": datetime(2024, 3, 1),
                "due_at": due,
                "returned_at": returned,
                "filed_online": True,
                "fee_due": False,
                "digitised": True,
            }
            for number, (due, returned) in enumerate(
                [
                    (done, done),  # on time
                    (done, done + tick),  # late
                    (SEPTEMBER.end, None),  # not past yet
                    (SEPTEMBER.end - tick, None),  # past
                    (SEPTEMBER.end - tick, SEPTEMBER.end),  # returned after the world ends: past
                ]
            )
        ],
    )
    facts = facts_of(frames, SEPTEMBER)
    assert pair(facts, "pakn_on_time_rate") == "1/3"
    assert pair(facts, "procedures_overdue", "end", "level:district") == "3/1"
    assert pair(facts, "procedures_overdue_rate", "end", "unit:A") == "3/5"
    assert facts.get("online_payment_rate", "end", "unit:A").printed == "không phát sinh"


def test_processing_time_counts_whole_seconds() -> None:
    start = datetime(2024, 9, 1)
    frames = world(
        units=[unit("A")],
        pakn=[
            pakn(start, start + timedelta(days=6)),
            pakn(start, start + timedelta(days=6, microseconds=999_999)),
        ],
    )
    fact = facts_of(frames, SEPTEMBER).get("pakn_processing_days_mean", "month", "unit:A")
    assert (fact.numerator, fact.denominator, fact.value) == (12 * 86_400, 2, 6.0)
    assert fact.printed == "6 ngày/PAKN"


def test_another_system_counts_for_itself_only() -> None:
    dossier = {"received_at": datetime(2024, 5, 1), "due_at": datetime(2024, 5, 9)}
    rows = [
        {"dossier_id": f"{system}{n}", "source_system": system, "unit_id": "STC", **dossier}
        | {"filed_online": system != "province" and n < 34, "fee_due": False, "digitised": False}
        for system, count in (("province", 2), ("Bộ Tài chính", 37))
        for n in range(count)
    ]
    facts = facts_of(
        world(
            units=[unit("STC", name="Sở Tài chính", level="province", kind="department")],
            procedures=rows,
            targets=[target("90", "online_filing_rate", level="province")],
        ),
        SEPTEMBER,
    )
    other = facts.get("online_filing_rate", "end", "unit:STC@Bộ Tài chính")
    assert (other.numerator, other.denominator, other.printed) == (34, 37, "91,89%")
    assert (other.target, other.met, other.rank_high) == (None, None, None)
    own = facts.get("online_filing_rate", "end", "unit:STC")
    assert (own.numerator, own.denominator, own.printed, own.met) == (0, 2, "0%", False)
    assert pair(facts, "online_filing_rate", "end", "all") == "0/2"
    assert pair(facts, "online_filing_rate", "end", "level:province") == "0/2"
    assert pair(facts, "online_filing_target_met", "end", "level:province") == "0/1"


def test_a_unit_that_is_gone_takes_no_part() -> None:
    rows = [(name, "2024-08", 1, 2) for name in "ABC"] + [("A", "2024-09", 1, 4)]
    frames = world(
        units=[
            unit("A"),
            unit("B", valid_to=date(2024, 8, 31)),
            unit("C", valid_to=date(2024, 9, 1)),
            unit("D", valid_from=date(2024, 10, 1)),
        ],
        e_copies=e_copies(rows),
    )
    facts = facts_of(frames, SEPTEMBER)
    scopes = {fact.scope for fact in facts.where(indicator="e_copy_rate", period="ytd")}
    assert scopes == {"level:district", "unit:A", "unit:C"}
    assert pair(facts, "e_copy_rate", "ytd", "level:district") == "3/8"
    # August's report had B in it.
    assert pair(facts, "e_copy_rate", "previous", "level:district") == "3/6"


def test_the_newest_target_in_force_is_the_one() -> None:
    frames = world(
        units=[unit("A")],
        e_copies=e_copies([("A", "2024-08", 75, 100), ("A", "2024-09", 75, 100)]),
        targets=[
            target("70", valid_from=date(2023, 6, 1), due=date(2023, 12, 31)),
            target("80", valid_from=date(2024, 9, 30), due=date(2025, 12, 31)),
            target("60", valid_from=date(2024, 10, 1), due=date(2025, 12, 31)),
        ],
    )
    found = facts_of(frames, SEPTEMBER).get("e_copy_rate", "month", "unit:A")
    assert (found.target, found.met) == (80.0, False)
    found = facts_of(frames, SEPTEMBER.previous).get("e_copy_rate", "month", "unit:A")
    assert (found.target, found.met) == (70.0, True)


@some
@given(st.lists(pairs, min_size=1, max_size=6))
def test_mean_of_units_is_the_mean_of_the_units_exact_rates(counts: list[tuple[int, int]]) -> None:
    names = [f"{n:03}" for n in range(len(counts))]
    tables = tables_of(
        world(
            units=[unit(name) for name in names],
            e_copies=e_copies(
                (name, "2024-09", *counted) for name, counted in zip(names, counts, strict=True)
            ),
            targets=[target("50")],
        )
    )
    plain = catalogue_of(tables)
    mean = replace(plain.indicators["e_copy_rate"], aggregate="mean_of_units")
    catalogue = replace(plain, indicators={**plain.indicators, "e_copy_rate": mean})
    facts = compute_facts(tables, catalogue, SEPTEMBER)
    rates = [Fraction(*counted) for counted in counts if counted[1]]
    level = facts.get("e_copy_rate", "month", "level:district")
    if not rates:
        assert (level.numerator, level.denominator, level.met) == (0, 0, None)
        return
    expected = sum(rates, Fraction(0)) / len(rates)
    assert Fraction(level.numerator, level.denominator) == expected
    assert level.met == (expected >= Fraction(1, 2))
    assert number(level.printed) == Decimal(vi.half_up(100 * expected, 1)).scaleb(-1)
    for name, (part, whole) in zip(names, counts, strict=True):
        assert pair(facts, "e_copy_rate", "month", f"unit:{name}") == f"{part}/{whole}"


def test_the_table_is_tidy() -> None:
    frames = small_frames(103)
    facts = facts_of(frames, last_month(frames))
    table = facts.frame()
    assert table.height == len(facts) > 50
    assert table.select("indicator", "period", "scope").is_unique().all()
    assert table["printed"].null_count() == 0
    assert set(table["period"]) <= {"month", "ytd", "end", "previous"}
    assert set(table["unit"]) <= {"%", "pp", "count", "points", "days", "units", "topics"}
    empty = table.filter(pl.col("denominator") == 0)
    assert empty.height > 0
    assert empty.filter(pl.col("value").is_not_null() | pl.col("met").is_not_null()).is_empty()
    assert table.filter((pl.col("denominator") > 0) & pl.col("value").is_null()).is_empty()
    assert len({fact.key for fact in facts}) == len(facts)
    texts = table.select(pl.col("name", "printed").str.contains("None|nan")).sum().row(0)
    assert texts == (0, 0)


@pytest.mark.parametrize("topic", ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_cell_of_the_csv_is_a_formula(topic: str) -> None:
    """A topic's name stands in `name`, and first in what the most frequent topics print."""
    frames = world(
        units=[unit("A", name=topic)],
        pakn=[pakn(datetime(2024, 9, 5), topic=topic)],
        topics=[{"topic": "land", "name": topic}, {"topic": topic, "name": topic}],
    )
    rows = list(csv.reader(io.StringIO(facts_csv(facts_of(frames, SEPTEMBER)))))
    cells = [cell for row in rows for cell in row if topic in cell]
    assert len(cells) > 5
    assert [cell for cell in cells if cell[0] in "=+-@\t\r"] == []
