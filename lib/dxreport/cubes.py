"""Records condensed: from millions of rows to the few that every month's tally can be made of.

A report looks at a record's times only to ask in which month they lie, and whether it was closed
in time. So the records of one unit and topic that share the months of receipt, closing and due
time, and the answer, count alike in every report, of any month, and one row with their sums
stands for them all. 20 million records of a year make a few thousand rows.

`condensing` is the pass over the records, lazily, so that who reads a file for another purpose too
can have it done beside that; `condensed` is what comes out of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
_CODE: Final = "months"
RECORDS: Final = "records"
"""How many records a row stands for."""


_MICROSECONDS_A_DAY: Final = 86_400_000_000
# Of the proleptic Gregorian calendar, its years begun in March: 1 January 1970 is that many days
# after 1 March 0000, 400 years and four years have that many.
_EPOCH: Final = 719_468
_DAYS_OF_400: Final = 146_097
_DAYS_OF_4: Final = 1_461


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

SHAPES: Final[Mapping[str, Shape]] = {shape.table: shape for shape in (PAKN, PROCEDURES)}
"""The tables of records, by name."""

_KNOWN: WeakKeyDictionary[Tables, dict[str, pl.DataFrame]] = WeakKeyDictionary()


def place(month: Month) -> int:
    """The place of a month among all months."""
    return month.year * 12 + month.month - 1


def month_at(place: int) -> Month:
    """The month of a place."""
    return Month(place // 12, place % 12 + 1)


def month_start(place: pl.Expr) -> pl.Expr:
    """The first day of the month of a place."""
    return pl.date(place // 12, place % 12 + 1, 1)


def cube(tables: Tables, shape: Shape) -> pl.DataFrame:
    """The cube of a table: `COLUMNS` and the shape's sums. Counted once, and kept."""
    known = _KNOWN.setdefault(tables, {})
    if shape.table not in known:
        texts = ("unit_id", shape.part)
        counted = [
            condensing(part, shape, texts).collect(engine="streaming")
            for part in tables.parts(shape.table)
        ]
        known[shape.table] = added([condensed(one, shape) for one in counted])
    return known[shape.table]


def remember(tables: Tables, cubes: Mapping[str, Sequence[pl.DataFrame]]) -> None:
    """Take for `cube` what was counted while the tables were read, by table and file."""
    known = _KNOWN.setdefault(tables, {})
    known.update((table, added(parts)) for table, parts in cubes.items() if parts)


def condensing(records: pl.LazyFrame, shape: Shape, texts: Sequence[str]) -> pl.LazyFrame:
    """One pass over records: a row for each combination of `texts` and of months.

    `texts` are columns: the unit's and the shape's part, and more where the pass serves another
    purpose too. What `condensed` takes.
    """
    times = ("received_at", shape.closed_at, "due_at")
    needed = {name for expression in shape.sums.values() for name in expression.meta.root_names()}
    picked = records.select(*texts, *times, *sorted(needed - {*times, *texts}))
    received, closed, due = map(_place_of, times)
    in_time = (pl.col(shape.closed_at) <= pl.col("due_at")).fill_null(False)
    code = received.cast(pl.Int64)
    for number, bits in ((closed, _BITS), (due, _BITS), (in_time, 1)):
        code = code * 2**bits + number
    return (
        _with_places(picked, times)
        .group_by(*texts, code.alias(_CODE))
        .agg(
            pl.len().cast(pl.Int64).alias(RECORDS),
            *(expression.cast(pl.Int64).alias(name) for name, expression in shape.sums.items()),
        )
    )


def condensed(counted: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    """The cube of what `condensing` has counted: `COLUMNS` and the shape's sums."""
    numbers = pl.col(_CODE)
    rows = counted.select(
        "unit_id",
        pl.col(shape.part).alias("part"),
        received=numbers // 2 ** (2 * _BITS + 1),
        closed=numbers // 2 ** (_BITS + 1) & _MASK,
        due=numbers // 2 & _MASK,
        in_time=numbers % 2 == 1,
        records=RECORDS,
        **{name: pl.col(name) for name in shape.sums},
    )
    return added([rows])


def spans(counted: pl.DataFrame, texts: Sequence[str]) -> pl.DataFrame:
    """How many records each combination of `texts` has in what `condensing` has counted.

    Columns: `texts`, `records`, and `first` and `last`, the places of the months of receipt.
    """
    received = pl.col(_CODE) // 2 ** (2 * _BITS + 1)
    return counted.group_by(texts).agg(
        pl.col(RECORDS).sum(), received.min().alias("first"), received.max().alias("last")
    )


def added(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One cube of several, its rows in one order whatever the engine's threads did."""
    whole = pl.concat(parts)
    keys = [name for name in COLUMNS if name != "records"]
    return whole.group_by(keys).agg(pl.exclude(keys).sum()).sort(keys)


# Months ------------------------------------------------------------------------------------


def _place_of(time: str) -> pl.Expr:
    return pl.col(f"place of {time}")


def _with_places(records: pl.LazyFrame, times: Sequence[str]) -> pl.LazyFrame:
    """The records with the place of each time's month; `NEVER` where there is none.

    By integers that fit 32 bits, step by step over all times at once: a fifth of what it costs
    to ask each time for its year and for its month. In years that begin in March the leap day is
    the last one, and the months' days run on as (153 m + 2) / 5.
    """
    # Four times the days, and 3, since 1 March 0000: a century's quarter days then divide evenly.
    records = records.with_columns(
        ((pl.col(t).cast(pl.Int64) // _MICROSECONDS_A_DAY).cast(pl.Int32) * 4 + 4 * _EPOCH + 3)
        .alias(f"quarters {t}")
        for t in times
    )  # fmt: skip
    records = records.with_columns(
        (pl.col(f"quarters {t}") // _DAYS_OF_400).alias(f"century {t}") for t in times
    )
    records = records.with_columns(
        ((pl.col(f"quarters {t}") - pl.col(f"century {t}") * _DAYS_OF_400) | 3)
        .alias(f"quarters {t}")
        for t in times
    )  # fmt: skip
    records = records.with_columns(
        (pl.col(f"quarters {t}") // _DAYS_OF_4).alias(f"year {t}") for t in times
    )
    return records.with_columns(_month_of_march_years(t).fill_null(NEVER) for t in times)


def _month_of_march_years(time: str) -> pl.Expr:
    century, year = pl.col(f"century {time}"), pl.col(f"year {time}")
    day = (pl.col(f"quarters {time}") - year * _DAYS_OF_4) // 4
    # March is the third month: its place in the year is 2, and 308 = 2 * 153 + 2.
    return ((century * 100 + year) * 12 + (day * 5 + 308) // 153).alias(f"place of {time}")
