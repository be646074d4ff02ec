"""The PAKN of the sample, one row each, in the order of receipt."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from dxreport.sample.calibration import Calibration, curve, rhythm
from dxreport.sample.clock import DAY, NEVER, Calendar, month_starts
from dxreport.sample.shares import Curve, Floats, Ints, integer_table, lowest, pick, quota

UNRATED = 0

_SOONEST = 15 * 60
"""Nothing is resolved within its first quarter of an hour."""

_LATE = 6 * 3600
"""What came in the last hours before the as-of date is the last to be resolved by then."""


def pakn(calibration: Calibration, rng: np.random.Generator) -> pl.DataFrame:
    """unit_id, kind, topic, received_at, due_at, resolved_at, rating.

    Times are seconds (`NEVER` where there is none), ratings 1-5 (`UNRATED` where there is none).
    As of the calendar's as-of date each unit adds up to its pakn.csv row.
    """
    # A unit of a few rows may miss its sum of days by a little; the largest, which comes last,
    # makes up for it, so that the sum of all is exact.
    rows = calibration.pakn.sort("resolved", maintain_order=True).to_dicts()
    missing = sum(row["days"] for row in rows) * DAY
    frames: list[pl.DataFrame] = []
    for row in rows:
        seconds = missing if row is rows[-1] else row["days"] * DAY
        frames.append(_unit(calibration, rng, row, seconds))
        missing -= _seconds_spent(frames[-1], calibration.calendar)
    return _with_topics(calibration, rng, pl.concat(frames)).sort(
        "received_at", "unit_id", maintain_order=True
    )


def _unit(
    calibration: Calibration, rng: np.random.Generator, row: dict[str, Any], seconds: int
) -> pl.DataFrame:
    """One unit's PAKN, whose processing times sum to `seconds` as near as may be."""
    style, calendar = calibration.pakn_style, calibration.calendar
    received, unresolved = _received(calibration, rng, row)
    n = len(received)

    resolved = np.full(n, NEVER, dtype=np.int64)
    done = ~unresolved
    handling = _Handling(rng, calendar, curve(style, "processing"), received[done])
    resolved[done] = handling.fitted(seconds)

    rating = np.zeros(n, dtype=np.int64)
    stars = _stars(row["rated"], row["stars"], style["stars"])
    raters = np.flatnonzero(done)[lowest(rng.random(int(done.sum())), row["rated"])]
    # Who waits long gives fewer stars, on the whole.
    wait = np.argsort(np.argsort((resolved - received)[raters])) / max(len(raters), 1)
    rating[raters[np.argsort(wait + rng.random(len(raters)), kind="stable")]] = stars

    later = unresolved & (rng.random(n) < style["resolved_later"])
    resolved[later] = _after(rng, calendar, int(later.sum()))
    rated_later = later & (rng.random(n) < style["rated_later"])
    rating[rated_later] = 1 + pick(rng, style["stars"], int(rated_later.sum()))

    limit = style["due_working_days"][row["kind"]]
    due = calendar.closing(calendar.working_index(received // DAY) + limit)
    due[rng.random(n) < style["no_due"]] = NEVER
    return pl.DataFrame(
        {
            "unit_id": np.full(n, row["unit_id"]),
            "kind": np.full(n, row["kind"]),
            "received_at": received,
            "due_at": due,
            "resolved_at": resolved,
            "rating": rating,
        },
        schema_overrides={"unit_id": pl.String, "kind": pl.String},
    )


def _seconds_spent(frame: pl.DataFrame, calendar: Calendar) -> int:
    """The processing times of what is resolved as of the as-of date, in seconds."""
    resolved = pl.col("resolved_at")
    done = frame.filter(resolved != NEVER, resolved < calendar.as_of_end)
    return int(done.select((resolved - pl.col("received_at")).sum()).item())


def _received(
    calibration: Calibration, rng: np.random.Generator, row: dict[str, Any]
) -> tuple[Ints, Any]:
    """The times of receipt in order, and flags of those unresolved as of the as-of date."""
    style, calendar = calibration.pakn_style, calibration.calendar
    weights = np.array(calibration.month_weights("pakn")[:-1])
    noise = 1.0 + style["unit_noise"] * (2.0 * rng.random(len(weights)) - 1.0)
    before = quota(row["received"] - row["received_last"], weights * noise)
    counts = [*before.tolist(), row["received_last"]]

    growth = np.cumprod(np.full(len(before), float(style["backlog_growth"])))
    open_last = row["received_last"] - row["resolved_last"]
    open_before = row["received"] - row["resolved"] - open_last
    backlog = [*quota(open_before, before * growth, before).tolist(), open_last]

    times, flags = [], []
    for month, count, open_count in zip(calibration.months, counts, backlog, strict=True):
        arrived = calendar.arrivals(rng, month, count, rhythm(style))
        hasty = float(style["hasty"])
        key = (1.0 - hasty) * rng.random(count) + hasty * np.arange(count) / max(count, 1)
        key += arrived > calendar.as_of_end - _LATE
        times.append(arrived)
        flags.append(~lowest(key, count - open_count))
    return np.concatenate(times), np.concatenate(flags)


class _Handling:
    """How one unit's PAKN get resolved before the as-of date, at a pace that can be turned.

    The pace is the scale of the tail, in working days."""

    def __init__(
        self, rng: np.random.Generator, calendar: Calendar, tail: Curve, received: Ints
    ) -> None:
        self.calendar = calendar
        self.tail = tail
        self.received = received
        self.end = calendar.as_of_end
        self.chance: Floats = rng.random(len(received))
        self.second = calendar.time_at_work(rng.random(len(received)))

    def fitted(self, total: int) -> Ints:
        """Times of resolution whose processing times sum to `total` seconds.

        The sum is exact where the rows have room for it inside their working sessions (some
        twenty rows do), and as near as they allow otherwise.
        """
        low, high = 0.001, 1000.0
        for _ in range(80):
            middle = (low + high) / 2
            if int((self._resolved(middle) - self.received).sum()) < total:
                low = middle
            else:
                high = middle
        times = self._resolved(low)
        return self._nudged(times, total - int((times - self.received).sum()))

    def _resolved(self, scale: float) -> Ints:
        calendar = self.calendar
        # The chance is cut to what fits before the end, so that long tails stay long.
        start = calendar.working_index(self.received // DAY)
        room = calendar.working_index(np.array([self.end // DAY])) - start
        share = self.chance * self.tail.share(room / scale)
        days = np.floor(scale * self.tail.value(share)).astype(np.int64)
        index = start + np.minimum(days, np.maximum(room - 1, 0))
        times = calendar.working_day(index) * DAY + self.second
        too_soon = times < self.received + _SOONEST
        times = np.where(too_soon, calendar.working_day(index + 1) * DAY + self.second, times)
        # No working hour left before the end: somebody resolves it out of hours.
        return np.where(times < self.end, times, (self.received + self.end) // 2)

    def _nudged(self, times: Ints, missing: int) -> Ints:
        """`times` moved inside their sessions, by `missing` seconds altogether."""
        back, forth = self.calendar.slack(times)
        back = np.minimum(back, np.maximum(times - self.received - _SOONEST, 0))
        room = forth if missing > 0 else back
        step = quota(min(abs(missing), int(room.sum())), room, room)
        return times + (step if missing > 0 else -step)


def _after(rng: np.random.Generator, calendar: Calendar, n: int) -> Ints:
    """`n` working times between the as-of date and the horizon, more of them early."""
    first, last = calendar.working_index(
        np.array([calendar.as_of_end // DAY, calendar.horizon_end // DAY])
    )
    early = rng.random(n) * rng.random(n)
    index = first + np.floor(early * (last - first)).astype(np.int64)
    return calendar.working_day(index) * DAY + calendar.time_at_work(rng.random(n))


def _stars(n: int, total: int, weights: list[float]) -> Ints:
    """`n` ratings that sum to `total`, best first, shaped by the weights of 1 to 5 stars."""
    star = np.arange(1, 6)
    if not n <= total <= 5 * n:
        raise ValueError(f"{n} ratings cannot sum to {total}")
    low, high = 0.05, 20.0
    for _ in range(60):  # tilt the weights until their mean is the one wanted
        tilt = (low + high) / 2
        tilted = np.array(weights) * np.cumprod(np.full(5, tilt))
        if (tilted * star).sum() * n < total * tilted.sum():
            low = tilt
        else:
            high = tilt
    ratings = np.repeat(star, quota(n, tilted)).astype(np.int64)
    while (missing := total - int(ratings.sum())) != 0:
        step = 1 if missing > 0 else -1
        free = np.flatnonzero(ratings < 5 if step > 0 else ratings > 1)
        ratings[free[len(free) // 2]] += step
        ratings.sort()
    return ratings[::-1].copy()


def _with_topics(
    calibration: Calibration, rng: np.random.Generator, frame: pl.DataFrame
) -> pl.DataFrame:
    """`frame` with a topic a row: in all of a kind, the topics' weights hold exactly."""
    months = calibration.months
    month = np.searchsorted(month_starts(months), frame["received_at"].to_numpy(), "right") - 1
    unit, kind = frame["unit_id"].to_numpy(), frame["kind"].to_numpy()
    topic = np.full(frame.height, "", dtype=object)
    for name in frame["kind"].unique(maintain_order=True):
        listed = calibration.topics.filter(pl.col("kind") == name)
        common = listed.filter(pl.col("unit_id").is_null())
        cells: list[Ints] = []
        of_cell: list[tuple[str, str]] = []
        for unit_id in frame.filter(pl.col("kind") == name)["unit_id"].unique(maintain_order=True):
            own = listed.filter(pl.col("unit_id") == unit_id)
            if own.height:  # an enterprise hears of nothing but its own trade
                rows = np.flatnonzero((unit == unit_id) & (kind == name))
                counts = quota(len(rows), own["weight"].to_numpy())
                topic[rng.permutation(rows)] = np.repeat(own["topic"].to_numpy(), counts)
                continue
            for k, of in enumerate(months):
                cells.append(np.flatnonzero((unit == unit_id) & (kind == name) & (month == k)))
                of_cell.append((unit_id, str(of)))
        if not cells:
            continue
        sizes = np.array([len(rows) for rows in cells], dtype=np.int64)
        weight = common["weight"].to_numpy().astype(np.float64)
        table = integer_table(
            _leanings(calibration.topic_factors, common, of_cell) * weight * sizes[:, None],
            sizes,
            quota(int(sizes.sum()), weight),
        )
        names = common["topic"].to_numpy()
        for rows, counts in zip(cells, table, strict=True):
            topic[rng.permutation(rows)] = np.repeat(names, counts)
    return frame.insert_column(2, pl.Series("topic", topic.tolist(), dtype=pl.String))


def _leanings(factors: pl.DataFrame, topics: pl.DataFrame, cells: list[tuple[str, str]]) -> Floats:
    """How much more (or less) of each topic a unit and month has: cells x topics."""
    table = np.ones((len(cells), topics.height))
    column = {topic: k for k, topic in enumerate(topics["topic"])}
    for topic, unit_id, month, factor in factors.iter_rows():
        for k, (unit, of) in enumerate(cells):
            if topic in column and unit_id in (None, unit) and month in (None, of):
                table[k, column[topic]] *= factor
    return table
