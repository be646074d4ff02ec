"""Counting: records in, pairs of integers out, per unit and period.

Records are read in one pass a table, by `cubes`; what comes out is small (units x topics x
systems). No rate, no rounding and no name is known here. Definitions: the catalogue in
`data/reference/indicators.yml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from dxreport.cubes import NEVER, PAKN, PROCEDURES, cube, place
from dxreport.periods import Month, Period, PeriodId, report_periods

if TYPE_CHECKING:
    from dxreport.reading import Tables

PROVINCE_SYSTEM = "province"
"""The `source_system` whose dossiers count for the province's own figures."""

Measures = Mapping[str, int]


@dataclass(frozen=True)
class Cell:
    """What one unit counted in one period: `part` is a topic or a system, "" where neither is."""

    period: PeriodId
    unit_id: str
    part: str
    measures: Measures


@dataclass(frozen=True)
class Tally:
    """All cells of one table. `measures` names what every cell counts."""

    table: str
    measures: tuple[str, ...]
    cells: tuple[Cell, ...]


def pakn_as_of(pakn: pl.LazyFrame, month: Month) -> pl.LazyFrame:
    """PAKN as they stood at the end of `month`.

    Later arrivals do not exist; later resolutions have not happened, and with them no rating.
    Adds `resolved` (bool) and `seconds` (whole seconds from received to resolved, or null).
    """
    done = pl.col("resolved_at").is_not_null() & (pl.col("resolved_at") < month.end)
    return (
        pakn.filter(pl.col("received_at") < month.end)
        .with_columns(
            resolved=done.fill_null(False),
            resolved_at=pl.when(done).then("resolved_at"),
            rating=pl.when(done).then("rating"),
        )
        .with_columns(seconds=(pl.col("resolved_at") - pl.col("received_at")).dt.total_seconds())
    )


def tally_documents(tables: Tables, month: Month, since: Month | None = None) -> Tally:
    """Outgoing documents and those signed from a work file."""
    return _monthly(
        "documents", tables.documents, ("outgoing", "signed_from_work_file"), month, since
    )


def tally_e_copies(tables: Tables, month: Month, since: Month | None = None) -> Tally:
    """Certifications of a copy and those issued as an electronic copy."""
    return _monthly("e_copies", tables.e_copies, ("certified", "electronic"), month, since)


def tally_pakn(tables: Tables, month: Month, since: Month | None = None) -> Tally:
    """PAKN by unit and topic; `previous` stands as of the end of the month before."""
    periods = report_periods(month, since)
    cells: list[Cell] = []
    for ids in (("month", "ytd"), ("previous",)):
        wanted = [period for key, period in periods.items() if key in ids]
        end = place(wanted[0].last)
        done, late = _closed_by(end), pl.col("due").is_between(NEVER, end, closed="right")
        measures = {
            "received": pl.col("records"),
            "resolved": pl.when(done).then("records"),
            "backlog": pl.when(~done).then("records"),
            "rated": pl.when(done).then("rated"),
            "stars": pl.when(done).then("stars"),
            "seconds": pl.when(done).then("seconds"),
            "on_time": pl.when(done & pl.col("in_time")).then("records"),
            "on_time_base": pl.when(done | late).then("records"),
        }
        cells += _by_period(cube(tables, PAKN), measures, wanted, "part")
    return Tally("pakn", tuple(measures), tuple(cells))


def tally_procedures(tables: Tables, month: Month, since: Month | None = None) -> Tally:
    """Dossiers by unit and system, received this year, as of the end of `month`."""
    end = report_periods(month, since)["end"]
    done = _closed_by(place(month))
    overdue = pl.when(done).then(~pl.col("in_time")).otherwise(pl.col("due") <= place(month))
    measures = {
        "received": pl.col("records"),
        "filed_online": pl.col("filed_online"),
        "overdue": pl.when(overdue).then("records"),
        "digitised": pl.col("digitised"),
        "fee_due": pl.col("fee_due"),
        "paid_online": pl.col("paid_online"),
    }
    cells = _by_period(cube(tables, PROCEDURES), measures, [end], "part")
    return Tally("procedures", tuple(measures), tuple(cells))


def _closed_by(end: int) -> pl.Expr:
    """Whether the records of a cube's row were closed by the end of the month of that place."""
    return pl.col("closed").is_between(NEVER, end, closed="right")


def tally_all(tables: Tables, month: Month, since: Month | None = None) -> Mapping[str, Tally]:
    """Every table's tally, by the table's name; the year to date begins with `since`."""
    counts = (tally_documents, tally_e_copies, tally_pakn, tally_procedures)
    return {tally.table: tally for tally in (count(tables, month, since) for count in counts)}


def added(cells: Iterable[Measures], measures: Iterable[str]) -> dict[str, int]:
    """The sum of each measure over `cells`; 0 over none."""
    total = dict.fromkeys(measures, 0)
    for cell in cells:
        for measure in total:
            total[measure] += cell[measure]
    return total


def _monthly(
    name: str,
    frame: pl.LazyFrame,
    measures: tuple[str, ...],
    month: Month,
    since: Month | None,
) -> Tally:
    found = report_periods(month, since)
    periods = [found[key] for key in ("month", "ytd", "previous")]
    texts = {str(m): place(m) for m in (month.previous, *month.january.until(month))}
    rows = (
        frame.filter(pl.col("month").is_in(list(texts)))
        .select(
            "unit_id",
            pl.col("month").replace_strict(texts, return_dtype=pl.Int64).alias("received"),
            *(pl.col(m).cast(pl.Int64) for m in measures),
        )
        .collect(engine="streaming")
    )
    return Tally(
        name, measures, tuple(_by_period(rows, {m: pl.col(m) for m in measures}, periods, None))
    )


def _by_period(
    rows: pl.DataFrame, measures: Mapping[str, pl.Expr], periods: list[Period], by: str | None
) -> list[Cell]:
    """Sums by unit and `by` over each period of rows that have the place of a month, `received`."""
    keys = ["unit_id"] if by is None else ["unit_id", by]
    cells = []
    for period in periods:
        sums = (
            rows.filter(pl.col("received").is_between(place(period.first), place(period.last)))
            .group_by(keys)
            .agg(expression.sum().alias(name) for name, expression in measures.items())
            .sort(keys)
        )
        cells += [
            Cell(
                period.id,
                row["unit_id"],
                "" if by is None else row[by] or "",
                {name: row[name] for name in measures},
            )
            for row in sums.iter_rows(named=True)
        ]
    return cells
