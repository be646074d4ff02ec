"""Records condensed: from millions of rows to the few that every month's tally can be made of.

A report looks at a record's times only to ask in which month they lie, and whether it was closed
in time. So the records of one unit and topic that share the months of receipt, closing and due
time, and the answer, count alike in every report, of any month, and one row with their sums
stands for them all. 20 million records of a year make a few thousand rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import polars as pl

from dxreport.periods import Month

if TYPE_CHECKING:
    from dxreport.reading import Tables

NEVER: Final = 0
"""The place of a month that does not come; every other month's place is more."""

# Four numbers in one, as a group by one integer is twice as fast as one by four columns. A year
# has at most four digits, so that a month's place has at most 17 bits.
_BITS: Final = 17
_MASK: Final = 2**_BITS - 1


@dataclass(frozen=True)
class Shape:
    """What is kept of a table of records: `part` is a topic or a system, `sums` is added up."""

    table: str
    part: str
    closed_at: str
    sums: Mapping[str, pl.Expr] = field(repr=False)


PAKN: Final = Shape(
    "pakn",
    part="topic",
    closed_at="resolved_at",
    sums={
        "rated": pl.col("rating").count(),
        "stars": pl.col("rating").sum(),
        # Whole seconds of each, before they are added.
        "seconds": (
            (pl.col("resolved_at").cast(pl.Int64) - pl.col("received_at").cast(pl.Int64))
            // 1_000_000
        ).sum(),
    },
)
PROCEDURES: Final = Shape(
    "procedures",
    part="source_system",
    closed_at="returned_at",
    sums={
        "filed_online": pl.col("filed_online").sum(),
        "digitised": pl.col("digitised").sum(),
        "fee_due": pl.col("fee_due").sum(),
        "paid_online": (pl.col("paid_online") & pl.col("fee_due")).sum(),
    },
)

COLUMNS: Final = ("unit_id", "part", "received", "closed", "due", "in_time", "records")
"""Of every cube, besides its sums: `received`, `closed` and `due` are places of months (`place`),
`in_time` says whether it was closed and not after it was due."""

_KNOWN: WeakKeyDictionary[Tables, dict[str, pl.DataFrame]] = WeakKeyDictionary()


def place(month: Month) -> int:
    """The place of a month among all months."""
    return month.year * 12 + month.month - 1


def month_at(place: int) -> Month:
    """The month of a place."""
    return Month(place // 12, place % 12 + 1)


def cube(tables: Tables, shape: Shape) -> pl.DataFrame:
    """The cube of a table: `COLUMNS` and the shape's sums. Counted once, and kept."""
    known = _KNOWN.setdefault(tables, {})
    if shape.table not in known:
        known[shape.table] = _added([_condensed(part, shape) for part in tables.parts(shape.table)])
    return known[shape.table]


def _condensed(records: pl.LazyFrame, shape: Shape) -> pl.DataFrame:
    """One pass over the records of one file."""
    closed, due = _place(shape.closed_at), _place("due_at")
    in_time = (pl.col(shape.closed_at) <= pl.col("due_at")).fill_null(False).cast(pl.Int64)
    code = _place("received_at")
    for number, bits in ((closed, _BITS), (due, _BITS), (in_time, 1)):
        code = code * 2**bits + number
    counted = (
        records.group_by("unit_id", pl.col(shape.part).alias("part"), code=code)
        .agg(
            pl.len().cast(pl.Int64).alias("records"),
            *(expression.cast(pl.Int64).alias(name) for name, expression in shape.sums.items()),
        )
        .collect(engine="streaming")
    )
    numbers = pl.col("code")
    return counted.select(
        "unit_id",
        "part",
        received=numbers // 2 ** (2 * _BITS + 1),
        closed=numbers // 2 ** (_BITS + 1) & _MASK,
        due=numbers // 2 & _MASK,
        in_time=numbers % 2 == 1,
        records="records",
        **{name: pl.col(name) for name in shape.sums},
    )


def _place(column: str) -> pl.Expr:
    day = pl.col(column).cast(pl.Date)
    return (day.dt.year().cast(pl.Int64) * 12 + day.dt.month() - 1).fill_null(NEVER)


def _added(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """One cube of several, its rows in one order whatever the engine's threads did."""
    whole = pl.concat(parts)
    keys = [name for name in COLUMNS if name != "records"]
    return whole.group_by(keys).agg(pl.exclude(keys).sum()).sort(keys)
