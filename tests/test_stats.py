"""The statistics against the libraries that everyone uses, on random data of awkward shapes."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom, kendalltau

from dxreport import stats

SETS = 1_000
SHAPES = ("plain", "ties", "all censored", "none censored", "one row", "heavy ties", "long")

Case = tuple[int, bool]


def data_set(at: int) -> list[Case]:
    """Times and whether the event was seen; every shape in turn."""
    chance = random.Random(at)
    shape = SHAPES[at % len(SHAPES)]
    size = 1 if shape == "one row" else chance.randrange(2, 400 if shape == "long" else 40)
    latest = {"ties": 6, "heavy ties": 2, "long": 10_000_000}.get(shape, 5_000)
    seen = {"all censored": 0.0, "none censored": 1.0}.get(shape, chance.random())
    return [(chance.randrange(latest + 1), chance.random() < seen) for _ in range(size)]


@pytest.fixture(scope="module")
def data_sets() -> list[list[Case]]:
    return [data_set(at) for at in range(SETS)]


@pytest.fixture(scope="module")
def tables(data_sets: list[list[Case]]) -> dict[int, pl.DataFrame]:
    """All survival tables, from one pass over all groups together, in shuffled order."""
    rows = [(at, *case) for at, cases in enumerate(data_sets) for case in cases]
    random.Random(7).shuffle(rows)
    frame = pl.LazyFrame(rows, schema=["set", "time", "event"], orient="row")
    table = stats.with_limits(stats.survival_table(frame, "set", "time", "event"))
    assert table.columns[:5] == ["set", "time", "at_risk", "events", "censored"]
    return {key[0]: part for key, part in table.partition_by("set", as_dict=True).items()}


@pytest.fixture(scope="module")
def fits(data_sets: list[list[Case]]) -> list[Any]:
    """The same by lifelines."""
    from lifelines import KaplanMeierFitter

    columns = (
        tuple(np.array(column) for column in zip(*cases, strict=True)) for cases in data_sets
    )
    return [KaplanMeierFitter().fit(times, events) for times, events in columns]


def exact_curve(cases: list[Case]) -> Iterator[tuple[int, int, int, Fraction]]:
    """(time, at risk, events, share still open) by the definition, in fractions."""
    share = Fraction(1)
    for time in sorted({time for time, _ in cases}):
        at_risk = sum(1 for t, _ in cases if t >= time)
        events = sum(1 for t, seen in cases if t == time and seen)
        share *= 1 - Fraction(events, at_risk)
        yield time, at_risk, events, share


def test_survival_counts_and_shares_follow_the_definition(
    data_sets: list[list[Case]], tables: dict[int, pl.DataFrame]
) -> None:
    compared = 0
    for at, cases in enumerate(data_sets):
        if len(cases) > 60:
            continue
        wanted = list(exact_curve(cases))
        found = tables[at].select("time", "at_risk", "events", "survival").rows()
        assert [row[:3] for row in found] == [row[:3] for row in wanted]
        for row, (*_, share) in zip(found, wanted, strict=True):
            assert math.isclose(row[3], share, rel_tol=1e-12, abs_tol=0.0)
        compared += 1
    assert compared > 800


def test_survival_agrees_with_lifelines(fits: list[Any], tables: dict[int, pl.DataFrame]) -> None:
    compared_limits = 0
    for at, fitted in enumerate(fits):
        limits = fitted.confidence_interval_survival_function_
        found = tables[at]
        shares = fitted.survival_function_["KM_estimate"]
        at_times = found["time"].to_list()
        np.testing.assert_allclose(found["survival"], shares.loc[at_times], rtol=1e-9, atol=1e-12)
        inside = found.filter((pl.col("survival") > 0) & (pl.col("survival") < 1))
        if inside.height:
            expected = limits.loc[inside["time"].to_list()].to_numpy()
            np.testing.assert_allclose(inside.select("low", "high"), expected, rtol=1e-7)
            compared_limits += 1
    assert compared_limits > 500


def test_survival_limits_hold_the_share_and_say_nothing_where_none_is_open(
    tables: dict[int, pl.DataFrame],
) -> None:
    table = pl.concat(tables.values())
    inside = table.filter(pl.col("survival") > 0)
    assert inside.select((pl.col("low") <= pl.col("survival")).all()).item()
    assert inside.select((pl.col("survival") <= pl.col("high")).all()).item()
    ended = table.filter(pl.col("survival") == 0)
    assert ended.height
    assert ended["low"].null_count() == ended["high"].null_count() == ended.height
    whole = table.filter(pl.col("survival") == 1)
    assert whole.height
    assert set(whole["low"]) == set(whole["high"]) == {1.0}


def test_median_time_is_exact_and_agrees_with_lifelines(
    data_sets: list[list[Case]], fits: list[Any], tables: dict[int, pl.DataFrame]
) -> None:
    never = halves = 0
    for at, cases in enumerate(data_sets):
        found = stats.median_time(tables[at], "time")
        curve = tables[at]["survival"].to_list()
        if len(cases) <= 60:
            reached = [time for time, _, _, share in exact_curve(cases) if 2 * share <= 1]
            assert found == (reached[0] if reached else None)
            halves += any(share == Fraction(1, 2) for *_, share in exact_curve(cases))
        never += found is None
        if all(abs(share - 0.5) > 1e-9 for share in curve):
            assert (math.inf if found is None else found) == fits[at].median_survival_time_
    assert never > 100
    assert halves > 50


def test_median_is_decided_by_integers_where_floats_cannot_tell() -> None:
    """14/27 x 27/28 is one half; its floats come out above it or below, by chance."""
    cases = [(1, True), *[(2, True)] * 13, *[(3, True)] * 14]
    frame = pl.LazyFrame([("a", *case) for case in cases], schema=["g", "t", "e"], orient="row")
    table = stats.survival_table(frame, "g", "t", "e")
    assert stats.median_time(table, "t") == 2
    for nudge in (-1e-12, 1e-12):
        off = table.with_columns(pl.col("survival") + nudge)
        assert stats.median_time(off, "t") == 2


def test_survival_of_nothing_is_an_empty_table() -> None:
    frame = pl.LazyFrame(schema={"g": pl.String, "t": pl.Int64, "e": pl.Boolean})
    table = stats.with_limits(stats.survival_table(frame, "g", "t", "e"))
    assert table.height == 0
    assert stats.median_time(table, "t") is None
    assert stats.survival_at(table, "g", "t", [0, 1]).height == 0


def test_curve_is_read_off_at_the_wanted_times(
    data_sets: list[list[Case]], tables: dict[int, pl.DataFrame]
) -> None:
    grid = [0, 1, 2, 3, 10, 500, 4_000]
    read = stats.survival_at(pl.concat(list(tables.values())[:200]), "set", "time", grid)
    rows = 0
    for at, part in (
        (key[0], part) for key, part in read.partition_by("set", as_dict=True).items()
    ):
        cases = data_sets[at]
        curve = list(exact_curve(cases)) if len(cases) <= 60 else None
        assert part["time"].to_list() == [t for t in grid if t <= max(t for t, _ in cases)]
        for time, at_risk, share in part.select("time", "at_risk", "survival").iter_rows():
            assert at_risk == sum(1 for t, _ in cases if t >= time)
            if curve is not None:
                before = [open_ for t, _, _, open_ in curve if t <= time]
                assert (share is None) == (not before)
                assert share is None or math.isclose(share, before[-1], rel_tol=1e-12)
            rows += 1
    assert rows > 400


# --- Quantiles -----------------------------------------------------------------------------

SHARES = (stats.LOWER_QUARTILE, stats.MEDIAN, stats.UPPER_QUARTILE, stats.P90)


def test_quantiles_agree_with_numpy_and_are_exact(data_sets: list[list[Case]]) -> None:
    rows = [(at, time) for at, cases in enumerate(data_sets) for time, _ in cases]
    random.Random(3).shuffle(rows)
    names = [f"q{at}" for at in range(len(SHARES))]
    found = (
        pl.LazyFrame(rows, schema=["set", "time"], orient="row")
        .group_by("set")
        .agg(
            *(share.scaled("time").alias(name) for share, name in zip(SHARES, names, strict=True)),
            *(
                share.of("time", per=60).alias(f"{name}_minutes")
                for share, name in zip(SHARES, names, strict=True)
            ),
        )
        .sort("set")
        .collect()
    )
    assert found.height == SETS
    for at, row in enumerate(found.iter_rows(named=True)):
        times = [time for time, _ in data_sets[at]]
        for share, name in zip(SHARES, names, strict=True):
            exact = stats.quantile(times, share)
            assert exact is not None
            assert Fraction(row[name], share.denominator) == exact
            assert math.isclose(row[f"{name}_minutes"], exact / 60, rel_tol=5e-16)
            theirs = np.quantile(times, share.numerator / share.denominator)
            assert math.isclose(exact, theirs, rel_tol=1e-12, abs_tol=1e-9)


def test_quantiles_of_nothing_and_of_nulls() -> None:
    frame = pl.DataFrame(
        {"g": ["a", "a", "b"], "x": [None, 7, None]}, schema_overrides={"x": pl.Int64}
    )
    found = frame.group_by("g", maintain_order=True).agg(x=stats.P90.of("x"))
    assert found.rows() == [("a", 7.0), ("b", None)]
    assert stats.quantile([], stats.MEDIAN) is None


@pytest.mark.parametrize("wrong", [(1, 0), (-1, 2), (3, 2)])
def test_a_quantile_is_a_share(wrong: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="not a quantile"):
        stats.Quantile(*wrong)


# --- Binomial limits -----------------------------------------------------------------------


def interpolated(trials: int, chance: float, tail: float) -> float:
    """The usual formula of funnel plots, on scipy's distribution."""
    count = binom.ppf(tail, trials, chance)
    reached, before = binom.cdf(count, trials, chance), binom.cdf(count - 1, trials, chance)
    share = (count - (reached - tail) / (reached - before)) / trials
    return min(max(share, 0.0), 1.0)


def test_binomial_limits_agree_with_scipy() -> None:
    chance = random.Random(11)
    for _ in range(SETS):
        trials = chance.choice((1, 2, 3, 7, 30, 217, 1_298, 100_000))
        whole = chance.randrange(2, 5_000)
        share = Fraction(chance.randrange(1, whole), whole)
        tail = chance.choice((Fraction(1, 1000), Fraction(1, 40), Fraction(39, 40)))
        found = stats.binomial_limit(trials, share, tail)
        assert found is not None
        wanted = interpolated(trials, float(share), float(tail))
        assert math.isclose(found, wanted, rel_tol=1e-7, abs_tol=1e-9)


def test_binomial_limits_at_the_ends() -> None:
    tail = Fraction(1, 40)
    assert stats.binomial_limit(0, Fraction(1, 2), tail) is None
    assert stats.binomial_limit(9, Fraction(0), tail) == 0.0
    assert stats.binomial_limit(9, Fraction(1), tail) == 1.0


def test_limits_close_in_as_samples_grow() -> None:
    widths = []
    for trials in (3, 30, 300, 3_000):
        low = stats.binomial_limit(trials, Fraction(1, 2), Fraction(1, 40))
        high = stats.binomial_limit(trials, Fraction(1, 2), Fraction(39, 40))
        assert low is not None
        assert high is not None
        assert low < 0.5 < high
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)


def test_concordance_agrees_with_scipy() -> None:
    chance = random.Random(5)
    for _ in range(200):
        points = [
            (float(chance.randrange(8)), float(chance.randrange(8)))
            for _ in range(chance.randrange(2, 15))
        ]
        rising, falling = stats.concordance(points)
        xs, ys = zip(*points, strict=True)
        pairs = len(points) * (len(points) - 1) // 2
        tied_x = sum(x == other for at, x in enumerate(xs) for other in xs[at + 1 :])
        tied_y = sum(y == other for at, y in enumerate(ys) for other in ys[at + 1 :])
        whole = math.sqrt((pairs - tied_x) * (pairs - tied_y))
        tau = kendalltau(xs, ys).statistic
        if whole:
            assert math.isclose((rising - falling) / whole, tau, abs_tol=1e-12)
        else:
            assert math.isnan(tau)
    assert stats.concordance([]) == (0, 0)
