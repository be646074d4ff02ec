"""The frames of the annex: right against a plain count, complete, and about nobody."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import polars as pl
import pytest

import analysis_data as data
from dxreport import stats
from dxreport.analysis import (
    AGES,
    DAY,
    HORIZON,
    SMALLEST,
    STARS,
    WAITS,
    Analysis,
    analyse,
    of_scope,
    peers,
)
from dxreport.catalogue import Catalogue
from dxreport.periods import Month

FRAMES = [field.name for field in fields(Analysis) if field.name not in ("month", "catalogue")]


@pytest.fixture(scope="module")
def known() -> Catalogue:
    return data.catalogue()


@pytest.fixture(scope="module")
def records() -> data.Records:
    return data.province(cases=1_500)


@pytest.fixture(scope="module")
def whole(records: data.Records, known: Catalogue) -> Analysis:
    return run(records, known)


def run(records: data.Records, known: Catalogue, month: Month = data.MONTH) -> Analysis:
    tables: Any = records
    return analyse(tables, known, month)


def plain(records: data.Records, month: Month = data.MONTH) -> list[dict[str, Any]]:
    """The cohort as of the end of the month, one case at a time, by the letter of the rules."""
    cases = []
    for row in records.pakn.collect().iter_rows(named=True):
        if not month.january.start <= row["received_at"] < month.end:
            continue
        resolved = row["resolved_at"] is not None and row["resolved_at"] < month.end
        until = row["resolved_at"] if resolved else month.end
        cases.append(
            {
                "unit_id": row["unit_id"],
                "month": f"{row['received_at']:%Y-%m}",
                "resolved": resolved,
                "seconds": int((until - row["received_at"]).total_seconds()),
                "rating": row["rating"] if resolved else None,
            }
        )
    return cases


def of(cases: list[dict[str, Any]], scope: str) -> list[dict[str, Any]]:
    return cases if scope == "all" else [c for c in cases if f"unit:{c['unit_id']}" == scope]


def test_counts_agree_with_a_plain_count(records: data.Records, whole: Analysis) -> None:
    cases = plain(records)
    assert len(cases) > 1_000
    for row in whole.received.iter_rows(named=True):
        own = [c for c in of(cases, row["scope"]) if c["month"] == row["month"]]
        assert (row["n"], row["resolved"]) == (len(own), sum(c["resolved"] for c in own))
    for row in whole.ratings.iter_rows(named=True):
        own = [c for c in of(cases, row["scope"]) if c["rating"] == row["stars"]]
        assert row["n"] == len(own)
    for row in whole.rating_months.iter_rows(named=True):
        stars = [
            c["rating"]
            for c in of(cases, row["scope"])
            if c["month"] == row["month"] and c["rating"]
        ]
        assert row["n"] == len(stars)
        assert row["stars"] == (sum(stars) if len(stars) >= SMALLEST else None)
    for row in whole.backlog.iter_rows(named=True):
        first, last = AGES[row["band"]]
        own = [c["seconds"] // DAY for c in of(cases, row["scope"]) if not c["resolved"]]
        assert row["n"] == sum(first <= days <= (10**9 if last is None else last) for days in own)
    for row in whole.rating_waits.iter_rows(named=True):
        first, last = WAITS[row["band"]]
        stars = [
            c["rating"]
            for c in cases
            if c["rating"] and first <= c["seconds"] // DAY <= (10**9 if last is None else last)
        ]
        assert (row["n"], row["stars"]) == (len(stars), sum(stars))


def test_processing_times_agree_with_exact_quantiles(
    records: data.Records, whole: Analysis
) -> None:
    cases = plain(records)
    shares = {
        "days_q25": stats.LOWER_QUARTILE,
        "days_median": stats.MEDIAN,
        "days_q75": stats.UPPER_QUARTILE,
        "days_p90": stats.P90,
    }
    for row in whole.processing.iter_rows(named=True):
        own = of(cases, row["scope"])
        seconds = [c["seconds"] for c in own if c["resolved"]]
        assert (row["n"], row["received"]) == (len(seconds), len(own))
        for name, share in shares.items():
            exact = stats.quantile(seconds, share) if len(seconds) >= SMALLEST else None
            assert row[name] == (None if exact is None else pytest.approx(float(exact / DAY)))


def test_waiting_curve_and_median_follow_the_definition(
    records: data.Records, whole: Analysis
) -> None:
    cases = plain(records)
    for scope in whole.waiting["scope"].unique():
        own = of(cases, scope)
        share, open_after = Fraction(1), []
        for time in sorted({c["seconds"] for c in own}):
            at_risk = sum(c["seconds"] >= time for c in own)
            events = sum(c["seconds"] == time and c["resolved"] for c in own)
            share *= 1 - Fraction(events, at_risk)
            open_after.append((time, share))
        half = [time for time, share in open_after if 2 * share <= 1]
        days = of_scope(whole.medians, scope)["days"]
        assert days == (half[0] / DAY if half else None)
        done = [c["seconds"] for c in own if c["resolved"]]
        for row in whole.waiting.filter(scope=scope).iter_rows(named=True):
            limit = row["day"] * DAY
            before = [share for time, share in open_after if time <= limit]
            assert row["resolved"] == pytest.approx(1 - float(before[-1] if before else 1))
            assert row["closed"] == pytest.approx(sum(s <= limit for s in done) / len(done))
            assert row["n"] == len(own)
            still = sum(c["seconds"] >= limit for c in own)
            assert row["open"] == (still if still >= SMALLEST else None)
            assert row["low"] <= row["resolved"] + 1e-12
            assert row["resolved"] <= row["high"] + 1e-12


def test_closed_cases_alone_flatter(whole: Analysis) -> None:
    """The curve of what is resolved lies above the one that counts everybody."""
    province = whole.waiting.filter(scope="all")
    assert province.select((pl.col("closed") >= pl.col("resolved")).all()).item()
    assert of_scope(whole.medians, "all")["days"] > of_scope(whole.processing, "all")["days_median"]


def test_later_records_change_nothing(records: data.Records, known: Catalogue) -> None:
    """As of: what happens after the end of the month is not in the month's frames."""
    month = Month(2024, 6)
    before = run(records, known, month)
    rows = records.pakn.collect()
    open_rows = rows.filter(pl.col("resolved_at").is_null()).with_columns(
        resolved_at=pl.lit(month.end), rating=pl.lit(1, dtype=pl.Int64)
    )
    assert open_rows.height > 20
    settled = rows.filter(pl.col("resolved_at").is_not_null())
    later = settled.head(50).with_columns(
        pakn_id=pl.lit("N") + pl.col("pakn_id"),
        received_at=pl.lit(month.end),
        resolved_at=pl.lit(None, dtype=pl.Datetime("us")),
        rating=pl.lit(None, dtype=pl.Int64),
    )
    # Open on 1 July is open at the end of June, whatever comes of it.
    open_then = open_rows.filter(pl.col("received_at") < month.end)
    changed = pl.concat([settled, open_then, later])
    after = run(replace(records, pakn=changed.lazy()), known, month)
    for name in FRAMES:
        assert getattr(before, name).equals(getattr(after, name)), name


def test_row_order_changes_nothing(records: data.Records, known: Catalogue) -> None:
    whole = run(records, known)
    shuffled = records.pakn.collect().sample(fraction=1.0, shuffle=True, seed=9)
    again = run(replace(records, pakn=shuffled.lazy()), known)
    for name in FRAMES:
        assert getattr(whole, name).equals(getattr(again, name)), name


def test_every_combination_has_its_row(whole: Analysis, known: Catalogue) -> None:
    scopes = whole.units.height + 1
    months = len(whole.months)
    assert (whole.units.height, months) == (8, 9)
    assert whole.received.height == whole.rating_months.height == scopes * months
    assert whole.processing.height == whole.medians.height == scopes
    assert whole.ratings.height == scopes * len(STARS)
    assert whole.backlog.height == scopes * len(AGES)
    assert whole.rating_waits.height == len(WAITS)
    empty = run(data.records(), known)
    for name in set(FRAMES) - {"waiting"}:
        assert getattr(empty, name).height == getattr(whole, name).height, name
        if name != "units":
            assert getattr(empty, name)["n"].sum() == 0
    assert empty.waiting.height == 0


def test_no_frame_has_a_row_about_one_citizen(whole: Analysis, known: Catalogue) -> None:
    """Rows are groups, with their sizes; no id, time or text of a record goes further."""
    single = run(one_each(known), known)
    record = set(data.PAKN) - {"unit_id"}
    for result in (whole, single):
        for name in set(FRAMES) - {"units"}:
            frame = getattr(result, name)
            assert "n" in frame.columns, name
            assert not record & set(frame.columns), name
            assert not any(kind.is_temporal() for kind in frame.dtypes), name
            text = {column for column, kind in frame.schema.items() if kind == pl.String}
            assert text <= {"scope", "month"}, name
    few = single.processing.filter(pl.col("n").is_between(1, SMALLEST - 1))
    assert few.height == 8
    spread = few.select("days_q25", "days_median", "days_q75", "days_p90")
    assert sum(column.null_count() for column in spread) == 4 * few.height
    assert set(single.waiting["scope"]) <= {"all"}
    assert single.medians.filter(pl.col("n") < SMALLEST)["days"].null_count() == 8
    tiny = single.rating_months.filter(pl.col("n").is_between(1, SMALLEST - 1))
    assert tiny.height
    assert tiny["stars"].null_count() == tiny.height


def one_each(known: Catalogue) -> data.Records:
    """One resolved and rated PAKN of each peer: whatever is told of a unit tells of a citizen."""
    first = datetime(2024, 5, 2)
    units = peers(known, data.MONTH)["unit_id"]
    rows = [(unit, first, first + timedelta(days=3), 1) for unit in units]
    return data.records(data.pakn(rows))


def test_small_cells_of_a_group_are_not_told_by_a_mean(known: Catalogue) -> None:
    start = datetime(2024, 3, 1)
    rated = [("256", start, start + timedelta(days=1), stars) for stars in (5, 5, 4, 2)]
    four = run(data.records(data.pakn(rated)), known)
    row = four.rating_months.filter(scope="unit:256", month="2024-03").row(0, named=True)
    assert (row["n"], row["stars"]) == (4, None)
    five = run(data.records(data.pakn([*rated, rated[0]])), known)
    row = five.rating_months.filter(scope="unit:256", month="2024-03").row(0, named=True)
    assert (row["n"], row["stars"]) == (5, 21)


def test_bands_begin_and_end_on_whole_days(known: Catalogue) -> None:
    """Seven days and 23 hours is 7 days; a second before midnight does not round up."""
    end = data.MONTH.end
    waits = (0, 7, 8, 15, 16, 30, 31, 60, 61, 200)
    edges = [timedelta(days=days) for days in waits]
    ends = [timedelta(days=days + 1) - timedelta(seconds=1) for days in waits]
    rows = [("256", end - waited, None, None) for waited in (*edges[1:], *ends[:-1])]
    found = run(data.records(data.pakn(rows)), known)
    counts = found.backlog.filter(scope="unit:256")["n"].to_list()
    assert counts == [3, 4, 4, 4, 3]


def test_peers_are_the_communes_where_there_are_no_districts(known: Catalogue) -> None:
    communes = tuple(u for u in known.units_in(data.MONTH) if u.level != "district")
    two_tiers = replace(known, units=communes)
    found = peers(two_tiers, data.MONTH)
    assert found.height == 126
    assert set(found["unit_id"]) == {u.unit_id for u in communes if u.level == "commune"}
    start = datetime(2024, 2, 1)
    unit = found["unit_id"][0]
    rows = [(unit, start, start + timedelta(days=day), 3) for day in range(1, 8)]
    result = run(data.records(data.pakn(rows)), two_tiers)
    assert of_scope(result.processing, f"unit:{unit}")["days_median"] == 4.0


def test_units_that_are_not_valid_take_no_part(known: Catalogue) -> None:
    gone = data.MONTH.first - timedelta(days=1)
    units = tuple(
        replace(unit, valid_to=gone) if unit.unit_id == "256" else unit for unit in known.units
    )
    start = datetime(2024, 2, 1)
    rows = [("256", start, None, None), ("258", start, None, None)]
    result = run(data.records(data.pakn(rows)), replace(known, units=units))
    assert "unit:256" not in set(result.units["scope"])
    assert of_scope(result.medians, "all")["n"] == 1


def test_last_year_is_not_in_the_cohort(known: Catalogue) -> None:
    rows = [("256", datetime(2023, 12, 31, 23, 59, 59), None, None)]
    result = run(data.records(data.pakn(rows)), known)
    for name in ("received", "medians", "processing", "backlog"):
        assert getattr(result, name)["n"].sum() == 0, name


def test_all_resolved_and_none_resolved(known: Catalogue) -> None:
    chance = random.Random(4)
    start = datetime(2024, 1, 10)
    received = [start + timedelta(hours=chance.randrange(4_000)) for _ in range(40)]
    done = [("258", at, at + timedelta(hours=chance.randrange(1, 900)), None) for at in received]
    resolved = run(data.records(data.pakn(done)), known)
    last = resolved.waiting.filter(scope="all").sort("day").tail(1).row(0, named=True)
    assert last["day"] <= HORIZON
    assert last["closed"] == pytest.approx(last["resolved"])
    waiting = run(data.records(data.pakn([(u, at, None, None) for u, at, *_ in done])), known)
    assert of_scope(waiting.medians, "all") == {
        "scope": "all",
        "n": 40,
        "resolved": 0,
        "days": None,
    }
    assert waiting.waiting["resolved"].sum() == 0
    assert waiting.waiting["closed"].null_count() == waiting.waiting.height
    assert waiting.waiting["high"].sum() == 0
