"""Keys that occur again.

Keys are compared by a 64-bit hash: 160 MB for 20 million rows, where the keys themselves would
take gigabytes. What the hashes find is then looked at as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from dxreport.contracts import key
from dxreport.errors import SHOWN, ContractError, Problem
from dxreport.reading.columns import Typed

HASH: Final = "key hash"

_SORTED_AT_ONCE: Final = 4_000_000
_HASHES: Final = 2**64


def key_hash(table: str) -> pl.Expr:
    """A row's key as 64 bits; null where it is not complete, as then it is no key."""
    names = key(table)
    complete = pl.all_horizontal(pl.col(name).is_not_null() for name in names)
    combined = pl.col(names[0]).hash()
    for place, name in enumerate(names[1:], 1):
        # A seed of its own for each, so that the same text in two columns does not cancel out.
        combined = combined ^ pl.col(name).hash(place)
    return pl.when(complete).then(combined).alias(HASH)


def duplicates(
    table: str, typed: Sequence[Typed], heights: Sequence[int], hashes: Sequence[pl.Series]
) -> tuple[list[Problem], int]:
    """Keys that occur again, each with the row where it occurred first, and how many do.

    `hashes` has a series for each part.
    """
    names = key(table)
    every = pl.concat(hashes, rechunk=False) if hashes else pl.Series(HASH, [], dtype=pl.UInt64)
    if not _any_again(every):
        return [], 0
    again = (~every.is_first_distinct() & every.is_not_null()).arg_true()
    first = _first_positions(every, again.head(SHOWN))
    places = _Places(typed, heights)
    problems = []
    for position in again.head(SHOWN):
        here, there = places.key(position, names), places.key(first[every[position]], names)
        if here.values != there.values:
            continue  # Two keys of one hash; about once in a hundred thousand such files.
        column = names[0] if len(names) == 1 else " + ".join(names)
        where = f"row {there.row}" if here.file == there.file else f"{there.file}, row {there.row}"
        problems.append(
            Problem(
                here.file,
                f"expected a key that occurs once; it is in {where} too",
                row=here.row,
                column=column,
                value=", ".join(here.values),
            )
        )
    return problems, len(again) if problems else 0


def _any_again(every: pl.Series) -> bool:
    """Whether any hash occurs twice; sorts a range of hashes at a time, so in little memory."""
    ranges = 1 + len(every) // _SORTED_AT_ONCE
    step = _HASHES // ranges
    for place in range(ranges):
        last = _HASHES - 1 if place == ranges - 1 else (place + 1) * step - 1
        some = every if ranges == 1 else every.filter(every.is_between(place * step, last))
        ordered = some.drop_nulls().sort()
        if (ordered == ordered.shift(1)).any():
            return True
    return False


def _first_positions(every: pl.Series, again: pl.Series) -> dict[int, int]:
    wanted = every.gather(again).unique()
    positions = every.is_in(wanted.implode()).arg_true()
    first: dict[int, int] = {}
    for position in positions:
        first.setdefault(every[position], position)
    return first


@dataclass(frozen=True)
class _Key:
    file: str
    row: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class _Places:
    """Where a position in the whole table is: in which file, which row."""

    typed: Sequence[Typed]
    heights: Sequence[int]

    def key(self, position: int, names: Sequence[str]) -> _Key:
        for part, height in zip(self.typed, self.heights, strict=True):
            if position < height:
                row = part.wide.slice(position, 1).select(pl.col(names).cast(pl.String))
                values = row.collect(engine="streaming").row(0)
                return _Key(part.part.name, part.part.row(position), values)
            position -= height
        raise ContractError([Problem(self.typed[-1].part.name, "the file changed while read")])
