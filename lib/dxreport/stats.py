"""Statistics that the analysis needs, over grouped polars frames.

What can be exact is exact: a quantile of integers is an integer over a small denominator,
and whether half of all cases are resolved is decided on integers. Survival shares and
binomial limits are floats made only of + - * / in a fixed order (no logarithm, no gamma
function), so they have the same bits on every machine; only the limits of a survival curve
use `exp`, `log` and `sqrt`, and are for drawing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import polars as pl

Z95 = 1.959963984540054
"""The 97.5% point of the standard normal distribution."""

_NEGLIGIBLE = 1e-22
"""Relative to the most likely count: what is left out of a binomial sum."""

_DOUBT = 1e-9
"""How near to one half a float survival share is not trusted."""


@dataclass(frozen=True)
class Quantile:
    """The share `numerator / denominator` of the ordered values, e.g. 9/10."""

    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        if not (self.denominator > 0 and 0 <= self.numerator <= self.denominator):
            raise ValueError(f"not a quantile: {self.numerator}/{self.denominator}")

    def scaled(self, column: str) -> pl.Expr:
        """`denominator` times the quantile of an integer column, exactly, as an integer.

        Linear interpolation between the two nearest ordered values (type 7, as numpy and
        spreadsheets do it). Nulls do not count; no value gives null. For use in `agg`.
        """
        values = pl.col(column).cast(pl.Int64).drop_nulls().sort()
        count = values.len().cast(pl.Int64)
        position = (count - 1) * self.numerator
        below = position // self.denominator
        rest = position % self.denominator
        low = values.get(below, null_on_oob=True)
        high = values.get(pl.min_horizontal(below + 1, count - 1), null_on_oob=True)
        exact = low * (self.denominator - rest) + high * rest
        return pl.when(count > 0).then(exact)

    def of(self, column: str, *, per: int = 1) -> pl.Expr:
        """The quantile as a float, in units of `per` (86,400 for days of seconds).

        The exact quantile is a whole number of 1/(`denominator` x `per`); the float is the
        nearest one or its neighbour. For use in `agg`.
        """
        return self.scaled(column) / (self.denominator * per)

    def of_ordered(self, values: pl.Series) -> int | None:
        """`scaled` of integers in rising order, without nulls; None where there are none."""
        if values.is_empty():
            return None
        last = len(values) - 1
        below, rest = divmod(last * self.numerator, self.denominator)
        low, high = int(values[below]), int(values[min(below + 1, last)])
        return low * (self.denominator - rest) + high * rest


MEDIAN = Quantile(1, 2)
LOWER_QUARTILE = Quantile(1, 4)
UPPER_QUARTILE = Quantile(3, 4)
P90 = Quantile(9, 10)


def quantile(values: Sequence[int], share: Quantile) -> Fraction | None:
    """The quantile of `values` by the same rule, as a fraction; None where there are none."""
    if not values:
        return None
    ordered = sorted(values)
    below, rest = divmod((len(ordered) - 1) * share.numerator, share.denominator)
    high = ordered[min(below + 1, len(ordered) - 1)]
    exact = ordered[below] * (share.denominator - rest) + high * rest
    return Fraction(exact, share.denominator)


# --- How long until it is resolved: Kaplan-Meier ------------------------------------------


def survival_table(frame: pl.LazyFrame, by: str, time: str, event: str) -> pl.DataFrame:
    """The Kaplan-Meier table of each group.

    `frame` has one row a case: the group, the integer time until the event or until the
    case was last seen, and whether the event was seen. One row comes out for each group and
    distinct time, in order: `at_risk` (cases still open just before that time), `events`,
    `censored`, `survival` (the share still open just after it) and `hazard_variance`, the
    sum of Greenwood's terms (null from where the share is 0).

    A case censored at the time of an event counts as at risk for it.
    """
    counted = (
        frame.filter(pl.col(time).is_not_null())
        .group_by(by, time)
        .agg(
            events=pl.col(event).sum().cast(pl.Int64),
            all=pl.len().cast(pl.Int64),
        )
        .sort(by, time)
    )
    return survival_of_counts(counted, by, time).collect()


def survival_of_counts(counted: pl.LazyFrame, by: str, time: str) -> pl.LazyFrame:
    """The same of cases that were counted: `by`, `time`, `events` (seen then) and `all` (seen or
    lost from sight then), one row for each group and distinct time, in order."""
    total = pl.col("all").sum().over(by)
    left = pl.col("all").cum_sum().over(by) - pl.col("all")
    still_open = pl.col("at_risk") - pl.col("events")
    step = still_open / pl.col("at_risk")
    term = pl.when(still_open > 0).then(
        pl.col("events") / (pl.col("at_risk") * still_open).cast(pl.Float64)
    )
    return (
        counted.with_columns(at_risk=total - left)
        .with_columns(
            survival=step.cum_prod().over(by),
            # Where nobody is left the variance has no value, then and after.
            hazard_variance=pl.when((still_open > 0).cum_min().over(by)).then(
                term.cum_sum().over(by)
            ),
        )
        .with_columns(censored=pl.col("all") - pl.col("events"))
        .select(by, time, "at_risk", "events", "censored", "survival", "hazard_variance")
    )


def with_limits(table: pl.DataFrame, z: float = Z95) -> pl.DataFrame:
    """Adds `low` and `high`, the log-log limits of `survival`.

    Where all cases are still open both limits are 1; where none is, both are null: the
    method says nothing there.
    """
    share, spread = pl.col("survival"), z * pl.col("hazard_variance").sqrt()
    inside = (share > 0) & (share < 1)
    exponent = spread / share.log()
    return table.with_columns(
        low=pl.when(share == 1).then(1.0).when(inside).then(share.pow((-exponent).exp())),
        high=pl.when(share == 1).then(1.0).when(inside).then(share.pow(exponent.exp())),
    )


def median_time(table: pl.DataFrame, time: str) -> int | None:
    """When half of the cases of one group's table are resolved; None if never seen.

    The first time at which the share still open is at most one half. The floats of the table
    only find the neighbourhood; where they cannot tell, integers decide.
    """
    near = table.with_row_index("row").filter(pl.col("survival") < 0.5 + _DOUBT)
    for row, reached, share in near.select("row", time, "survival").iter_rows():
        if share < 0.5 - _DOUBT or _at_most_half(table[: row + 1]):
            return int(reached)
    return None


def _at_most_half(table: pl.DataFrame) -> bool:
    steps = table.filter(pl.col("events") > 0)
    everyone = math.prod(steps["at_risk"])
    still_open = math.prod(steps["at_risk"] - steps["events"])
    return 2 * still_open <= everyone


def survival_at(table: pl.DataFrame, by: str, time: str, grid: Sequence[int]) -> pl.DataFrame:
    """The curve of each group read off at the times of `grid`, up to its last time.

    Columns: `by`, `time`, `at_risk` (cases not gone before that time), and those of `table`
    but its counts; they are null before the first time of the table.
    """
    ticks = pl.DataFrame({time: pl.Series(grid, dtype=table.schema[time])})
    wanted = (
        table.group_by(by)
        .agg(last=pl.col(time).max())
        .join(ticks, how="cross")
        .filter(pl.col(time) <= pl.col("last"))
        .drop("last")
        .sort(time, by)
    )
    before = table.drop("at_risk", "events", "censored").sort(time)
    after = table.select(by, time, "at_risk").sort(time)
    return (
        wanted.join_asof(after, on=time, by=by, strategy="forward", check_sortedness=False)
        .join_asof(before, on=time, by=by, check_sortedness=False)
        .sort(by, time)
    )


def concordance(points: Sequence[tuple[float, float]]) -> tuple[int, int]:
    """Pairs of points that rise together, and pairs where one falls as the other rises.

    Pairs that tie in either coordinate count in neither (the two counts behind Kendall's tau).
    """
    rising = falling = 0
    for at, (x, y) in enumerate(points):
        for other_x, other_y in points[at + 1 :]:
            if x != other_x and y != other_y:
                together = (x < other_x) == (y < other_y)
                rising, falling = rising + together, falling + (not together)
    return rising, falling


# --- What chance alone would do: binomial limits ------------------------------------------


def binomial_limit(trials: int, chance: Fraction, tail: Fraction) -> float | None:
    """The share of `trials` that a binomial count stays below with probability `tail`.

    The count is discrete, so its quantile is interpolated between the two counts around it:
    the limits of a funnel plot then run smoothly. None where there are no trials.
    """
    if trials <= 0:
        return None
    if chance <= 0 or chance >= 1:
        return float(chance)
    wanted = tail.numerator / tail.denominator
    before = 0.0
    for count, probability in _binomial(trials, chance):
        reached = before + probability
        if reached >= wanted:
            part = (reached - wanted) / probability
            return min(max((count - part) / trials, 0.0), 1.0)
        before = reached
    return 1.0


def _binomial(trials: int, chance: Fraction) -> Iterator[tuple[int, float]]:
    """Counts and their probabilities in rising order, but the negligible ones.

    Each probability follows from its neighbour by one ratio, outwards from the most likely
    count, and the sum of all makes the whole.
    """
    success, failure = chance.numerator, chance.denominator - chance.numerator
    mode = min((trials + 1) * success // chance.denominator, trials)
    below: list[float] = []
    weight, count = 1.0, mode
    while count > 0 and weight > _NEGLIGIBLE:
        weight *= count * failure / ((trials - count + 1) * success)
        count -= 1
        below.append(weight)
    first = mode - len(below)
    above: list[float] = []
    weight, count = 1.0, mode
    while count < trials and weight > _NEGLIGIBLE:
        weight *= (trials - count) * success / ((count + 1) * failure)
        count += 1
        above.append(weight)
    weights = [*reversed(below), 1.0, *above]
    whole = math.fsum(weights)
    for offset, each in enumerate(weights):
        yield first + offset, each / whole
