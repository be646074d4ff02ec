"""What an ingest changes: rows of each month, and the figures of the reports made from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from dxreport.contracts import FACT_TABLES, TIME_OF, key
from dxreport.errors import DxError
from dxreport.ingest.store import Place
from dxreport.periods import Month
from dxreport.reading import tables_counted
from dxreport.reading.files import find

if TYPE_CHECKING:
    from dxreport.facts import Facts
    from dxreport.suppression.rule import Rule

_MOST_MONTHS = 12
"""Of how many months, the last ones, the reports are compared."""


@dataclass(frozen=True)
class RowChange:
    """How the rows of a place differ from those before. `columns` counts the altered by column."""

    place: Place
    rows: int
    before: int
    added: int
    removed: int
    altered: int
    columns: Mapping[str, int]

    @property
    def is_any(self) -> bool:
        return bool(self.added or self.removed or self.altered)


@dataclass(frozen=True)
class Move:
    """A fact whose printed figure is another than before; "" where there is none."""

    indicator: str
    period: str
    scope: str
    name: str
    before: str
    after: str


@dataclass(frozen=True)
class FactChange:
    """What moves in the report of a month, of its so many facts.

    `is_new` where there was nothing to report on before: then nothing is counted.
    """

    month: Month
    facts: int
    moves: tuple[Move, ...]
    is_new: bool


def rows_changed(
    table: str, place: Place, before: pl.DataFrame | None, after: pl.DataFrame
) -> RowChange:
    """Rows by key: those that are new, those that are gone, those with another value."""
    names = list(key(table))
    old = after.clear() if before is None else before
    both = old.join(after, on=names, suffix=" after")
    rest = [name for name in after.columns if name not in names]
    differs = {name: pl.col(name).ne_missing(pl.col(f"{name} after")) for name in rest}
    counts = both.select(
        *(differ.sum().alias(name) for name, differ in differs.items()),
        pl.any_horizontal(differs.values()).sum().alias("any row"),
    ).row(0, named=True)
    altered = counts.pop("any row")
    return RowChange(
        place=place,
        rows=after.height,
        before=old.height,
        added=after.join(old, on=names, how="anti").height,
        removed=old.join(after, on=names, how="anti").height,
        altered=altered,
        columns={name: count for name, count in counts.items() if count},
    )


def missing_tables(folder: Path, reference: Path) -> list[str]:
    """The tables that a folder still lacks before a report can be made from it."""
    counted = tables_counted(reference)
    return [table for table in FACT_TABLES if table in counted and not find(folder, table)]


def facts_changed(
    before: Path, after: Path, reference: Path, months: Sequence[str], rule: Rule | None = None
) -> tuple[FactChange, ...]:
    """What moves in the reports of the changed months and of the last month that there is.

    The facts are those that `rule` lets be shown; of one that is not shown (any more) nothing is
    told. Both folders are read; one that cannot be (a table is missing) has no facts. Raises
    `DxError` where the facts of the folder after cannot be counted.
    """
    from dxreport.computed import catalogue_of
    from dxreport.reading import Tables, read_tables
    from dxreport.suppression.shown import shown_facts

    def months_of(tables: Tables) -> set[str]:
        return {month for frame in tables.facts().values() for month in _months(frame)}

    def facts(tables: Tables, month: Month) -> Facts:
        return shown_facts(tables, catalogue_of(tables, reference), month, rule)

    try:
        old = read_tables(before, reference) if before.exists() else None
    except DxError:
        old = None
    new = read_tables(after, reference)
    had = months_of(old) if old else set()
    wanted = sorted({*months, max(months_of(new))})[-_MOST_MONTHS:]
    changes = []
    for text in wanted:
        month = Month.parse(text)
        if old is None or text not in had:
            changes.append(FactChange(month, 0, (), is_new=True))
            continue
        now = facts(new, month)
        moves = tuple(_moves(facts(old, month), now))
        changes.append(FactChange(month, sum(1 for _ in now), moves, is_new=False))
    return tuple(changes)


def _moves(before: Facts, after: Facts) -> Iterator[Move]:
    def by_key(facts: Facts) -> dict[tuple[str, str, str], tuple[str, str]]:
        return {
            (fact.indicator, fact.period, fact.scope): (fact.name, fact.printed) for fact in facts
        }

    hidden = {(f.indicator, f.period, f.scope) for f in after if f.suppressed}
    old, new = by_key(before), by_key(after)
    for place in dict.fromkeys((*new, *old)):
        name, was = old.get(place, ("", ""))
        name, now = new.get(place, (name, ""))
        if was != now and place not in hidden:
            yield Move(*place, name, was, now)


def _months(frame: pl.LazyFrame) -> list[str]:
    names = frame.collect_schema().names()
    month = (
        pl.col("month")
        if "month" in names
        else pl.col(TIME_OF["pakn"]).dt.strftime("%Y-%m").alias("month")
    )
    return [m for m in frame.select(month.unique()).collect(engine="streaming")["month"] if m]
