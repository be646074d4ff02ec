"""More (or fewer) records of the same kind, a piece at a time.

A larger sample holds copies of the records of scale 1, each moved by whole weeks within its
month and by minutes within its hours, under identifiers of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from dxreport.periods import Month
from dxreport.sample.clock import DAY, NEVER, day_number, month_starts
from dxreport.sample.shares import Flags, Ints

PIECE = 250_000
"""Rows that are made, sorted and written at once."""

_WEEK = 7 * DAY
_HOUR = 3600
_MINUTE = 60

# Multiplying by a number without a factor in common with 10^10 walks through all ten-digit
# numbers once: identifiers are unique and say nothing of order or time.
_STRIDE = 7_340_033_317
_NUMBERS = 10**10


@dataclass(frozen=True)
class Shape:
    """What `grow` must know of a table: its times, its identifier, and whose numbering it has."""

    identifier: str
    prefix: str
    closed_at: str
    """resolved_at or returned_at: never before received_at, may be `NEVER`."""
    numbered_within: str | None = None


def grow(
    base: pl.DataFrame, shape: Shape, months: tuple[Month, ...], scale: float, seed: list[int]
) -> Iterator[pl.DataFrame]:
    """`base` (in the order of receipt) `scale` times over, in pieces of at most `PIECE` rows
    or a single copy of one month, whichever is more.

    Every piece lies within a month and is in the order of receipt; the identifier comes first.
    At scale 1 the pieces together are `base`.
    """
    edges = np.floor(np.arange(base.height + 1) * scale).astype(np.int64)
    copies = np.diff(edges)
    starts = np.searchsorted(base["received_at"].to_numpy(), month_starts(months))
    numbered = _Numbers(shape)
    for k, month in enumerate(months):
        first, last = starts[k], starts[k + 1]
        of_month, wanted = base[int(first) : int(last)], copies[first:last]
        if not wanted.sum():
            continue
        rounds = max(1, PIECE // len(wanted))
        for begin in range(0, int(wanted.max()), rounds):
            rng = np.random.default_rng([*seed, k, begin])
            number = np.arange(begin, begin + rounds)
            copy, row = np.nonzero(wanted[None, :] > number[:, None])
            piece = of_month[row]
            if scale != 1:
                piece = _moved(piece, shape, month, copy + begin > 0, rng)
            yield numbered(piece.sort("received_at", maintain_order=True))


def _moved(
    piece: pl.DataFrame, shape: Shape, month: Month, copied: Flags, rng: np.random.Generator
) -> pl.DataFrame:
    """`piece` with its copies moved by weeks and minutes, still within the month."""
    received = piece["received_at"].to_numpy()
    closed = piece[shape.closed_at].to_numpy()
    due = piece["due_at"].to_numpy()
    day = received // DAY - day_number(month.first)
    fewest, most = -(day // 7), (month.last.day - 1 - day) // 7
    weeks = fewest + np.floor(rng.random(len(day)) * (most - fewest + 1)).astype(np.int64)
    shift = np.where(copied, weeks * _WEEK, 0)

    def within_hour(times: Ints) -> Ints:
        anew = times - times % _HOUR + np.floor(rng.random(len(times)) * _HOUR).astype(np.int64)
        return np.where(copied, anew, times)

    moved = within_hour(received) + shift
    moved_closed = np.maximum(within_hour(closed) + shift, moved + _MINUTE)
    return piece.with_columns(
        received_at=pl.Series(moved),
        due_at=pl.Series(np.where(due == NEVER, NEVER, due + shift)),
        **{shape.closed_at: pl.Series(np.where(closed == NEVER, NEVER, moved_closed))},
    )


class _Numbers:
    """Gives out identifiers, counting on from piece to piece."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.given: dict[str, int] = {}

    def __call__(self, piece: pl.DataFrame) -> pl.DataFrame:
        shape = self.shape
        number = pl.int_range(1, pl.len() + 1, dtype=pl.UInt64)
        if shape.numbered_within is None:
            number = number + self._give("", piece.height)
        else:
            column = pl.col(shape.numbered_within)
            counts = piece[shape.numbered_within].value_counts(sort=True)
            first = {name: self._give(name, count) for name, count in counts.iter_rows()}
            base = column.replace_strict(first, return_dtype=pl.UInt64)
            number = number.over(shape.numbered_within) + base
        digits = (number * _STRIDE % _NUMBERS).cast(pl.String).str.zfill(10)
        return piece.select((shape.prefix + digits).alias(shape.identifier), pl.all())

    def _give(self, name: str, count: int) -> int:
        first = self.given.get(name, 0)
        self.given[name] = first + count
        return first
