"""Months and the periods of a report.

A report for month M states the world at the end of M, in local time. Ends are exclusive
instants (the first of the next month), so that "as of the end of M" is one comparison.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from dxreport.errors import UsageError

PeriodId = Literal["month", "ytd", "previous", "end"]

_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_RANGE = re.compile(r"(\S+?)\.\.(\S+)")


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month, 0001-01 to 9998-12."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1 <= self.month <= 12 and 1 <= self.year <= 9998):
            raise ValueError(f"no such month: {self.year}-{self.month}")

    @classmethod
    def parse(cls, text: str) -> Month:
        """`"2024-09"` as a month; `UsageError` for anything else."""
        found = _MONTH.fullmatch(text)
        if found:
            try:
                return cls(int(found[1]), int(found[2]))
            except ValueError:
                pass
        raise UsageError(f"{text!r} is not a month: write it as YYYY-MM, for example 2024-09")

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        return self.next.first - timedelta(days=1)

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.month, 1)

    @property
    def end(self) -> datetime:
        """The first instant that is no longer in the month."""
        return self.next.start

    @property
    def next(self) -> Month:
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def previous(self) -> Month:
        """The calendar month before, also across a year."""
        return Month(self.year - (self.month == 1), (self.month - 2) % 12 + 1)

    @property
    def january(self) -> Month:
        return Month(self.year, 1)

    def until(self, last: Month) -> tuple[Month, ...]:
        """The months from this one to `last`, both included."""
        months, month = [], self
        while month <= last:
            months.append(month)
            month = month.next
        return tuple(months)


@dataclass(frozen=True)
class Period:
    """A run of whole months that a figure speaks of."""

    id: PeriodId
    first: Month
    last: Month

    @property
    def start(self) -> datetime:
        return self.first.start

    @property
    def end(self) -> datetime:
        return self.last.end


def report_periods(month: Month, since: Month | None = None) -> dict[PeriodId, Period]:
    """The four periods of a report for `month` (`previous` is the calendar month before).

    `since` is the first month that the year to date may begin with, where that is not January.
    """
    first = month.january if since is None else max(month.january, since)
    return {
        "month": Period("month", month, month),
        "ytd": Period("ytd", first, month),
        "previous": Period("previous", month.previous, month.previous),
        "end": Period("end", first, month),
    }


def runs(months: Iterable[Month], to: str = " to ") -> list[str]:
    """Months in order as runs: "2024-01 to 2024-03", "2024-05"."""
    found: list[list[Month]] = []
    for month in months:
        if found and found[-1][-1].next == month:
            found[-1].append(month)
        else:
            found.append([month])
    return [str(run[0]) if len(run) == 1 else f"{run[0]}{to}{run[-1]}" for run in found]


def parse_months(text: str) -> tuple[Month, ...]:
    """`"2024-07"` or `"2024-07..2024-09"` as months in order; `UsageError` otherwise."""
    found = _RANGE.fullmatch(text)
    if not found:
        return (Month.parse(text),)
    first, last = Month.parse(found[1]), Month.parse(found[2])
    if last < first:
        raise UsageError(f"{text!r} runs backwards: write the earlier month first")
    return first.until(last)
