"""Time in the sample: whole seconds of local time since 1970-01-01, and the office's days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from dxreport.periods import Month
from dxreport.sample.shares import Floats, Ints, pick

DAY = 86_400
NEVER = -1
"""Stands for a time that does not come."""

_EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    return (day - _EPOCH).days


def month_starts(months: Sequence[Month]) -> Ints:
    """The first second of every month, and of the one after the last."""
    starts = [month.first for month in (*months, months[-1].next)]
    return np.array([day_number(day) * DAY for day in starts], dtype=np.int64)


@dataclass(frozen=True)
class Rhythm:
    """When people write: weights by weekday (Monday first), by hour, and of special days."""

    weekdays: tuple[float, ...]
    hours: tuple[float, ...]
    day_off: float
    events: Mapping[date, float]


@dataclass(frozen=True)
class Calendar:
    """The office's working days and hours.

    `sessions` are (start, end) seconds of the day; `working_days` are day numbers, rising.
    """

    first_day: int
    off: frozenset[date]
    sessions: tuple[tuple[int, int], ...]
    working_days: Ints
    as_of: date
    horizon: date

    @classmethod
    def of(
        cls,
        first: date,
        as_of: date,
        horizon: date,
        days_off: Sequence[date],
        sessions: Sequence[tuple[int, int]],
    ) -> Calendar:
        off = frozenset(days_off)
        # A year beyond the horizon, so that every due time falls inside.
        span = (horizon - first).days + 366
        days = (first + timedelta(days=n) for n in range(span))
        working = [day_number(day) for day in days if day.weekday() < 5 and day not in off]
        return cls(
            first_day=day_number(first),
            off=off,
            sessions=tuple(sessions),
            working_days=np.array(working, dtype=np.int64),
            as_of=as_of,
            horizon=horizon,
        )

    @property
    def as_of_end(self) -> int:
        """The first second after the day of the published report."""
        return (day_number(self.as_of) + 1) * DAY

    @property
    def horizon_end(self) -> int:
        return (day_number(self.horizon) + 1) * DAY

    def working_index(self, days: Ints) -> Ints:
        """The place, among the working days, of the first one on or after each day."""
        return np.searchsorted(self.working_days, days).astype(np.int64)

    def working_day(self, index: Ints) -> Ints:
        return self.working_days[np.minimum(index, len(self.working_days) - 1)]

    def time_at_work(self, shares: Floats) -> Ints:
        """Shares (0 to 1) of a working day as seconds of the day."""
        lengths = np.array([end - start for start, end in self.sessions], dtype=np.int64)
        before = np.cumsum(lengths) - lengths
        starts = np.array([start for start, _ in self.sessions], dtype=np.int64)
        worked = np.minimum(np.floor(shares * lengths.sum()).astype(np.int64), lengths.sum() - 1)
        session = np.searchsorted(before, worked, side="right") - 1
        seconds: Ints = starts[session] + worked - before[session]
        return seconds

    def closing(self, index: Ints) -> Ints:
        """The last second of work of the working days at these places."""
        return self.working_day(index) * DAY + self.sessions[-1][1]

    def slack(self, times: Ints) -> tuple[Ints, Ints]:
        """How far each time can move back and forth inside its session, in seconds."""
        second = times % DAY
        back, forth = np.zeros_like(times), np.zeros_like(times)
        for start, end in self.sessions:
            inside = (start <= second) & (second < end)
            back = np.where(inside, second - start, back)
            forth = np.where(inside, end - 1 - second, forth)
        return back, forth

    def arrivals(self, rng: np.random.Generator, month: Month, n: int, rhythm: Rhythm) -> Ints:
        """`n` times within the month after the rhythm, in order."""
        days = [month.first + timedelta(days=k) for k in range(month.last.day)]
        weights = [
            rhythm.events.get(day, 1.0)
            * (rhythm.day_off if day in self.off else rhythm.weekdays[day.weekday()])
            for day in days
        ]
        day = day_number(month.first) + pick(rng, weights, n)
        hour = pick(rng, rhythm.hours, n)
        second = np.floor(rng.random(n) * 3600).astype(np.int64)
        return np.sort(day * DAY + hour * 3600 + second)


def seconds_of_day(text: str) -> int:
    """`"07:30"` as seconds after midnight."""
    time = datetime.strptime(text, "%H:%M")
    return time.hour * 3600 + time.minute * 60
