"""Counting: records in, pairs of integers out, per unit and period.

Everything is lazy until one `collect` a table; what comes out is small (units x topics x
systems). No rate, no rounding and no name is known here. Definitions: the catalogue in
`data/reference/indicators.yml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

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


def tally_documents(tables: Tables, month: Month) -> Tally:
    """Outgoing documents and those signed from a work file."""
    return _monthly("documents", tables.documents, ("outgoing", "signed_from_work_file"), month)


def tally_e_copies(tables: Tables, month: Month) -> Tally:
    """Certifications of a copy and those issued as an electronic copy."""
    return _monthly("e_copies", tables.e_copies, ("certified", "electronic"), month)


def tally_pakn(tables: Tables, month: Month) -> Tally:
    """PAKN by unit and topic; `previous` stands as of the end of the month before."""
    measures = {
        "received": pl.len(),
        "resolved": pl.col("resolved").sum(),
        "backlog": (~pl.col("resolved")).sum(),
        "rated": pl.col("rating").count(),
        "stars": pl.col("rating").sum(),
        "seconds": pl.col("seconds").sum(),
        "on_time": (pl.col("resolved") & (pl.col("resolved_at") <= pl.col("due_at"))).sum(),
    }
    periods = report_periods(month)
    cells: list[Cell] = []
    for ids in (("month", "ytd"), ("previous",)):
        wanted = [period for key, period in periods.items() if key in ids]
        end = wanted[0].last
        past_due = (~pl.col("resolved") & (pl.col("due_at") < end.end)).fill_null(False)
        frame = pakn_as_of(_received_in(tables.pakn, wanted), end)
        cells += _cells(
            frame,
            {**measures, "on_time_base": (pl.col("resolved") | past_due).sum()},
            wanted,
            by="topic",
        )
    return Tally("pakn", (*measures, "on_time_base"), tuple(cells))


def tally_procedures(tables: Tables, month: Month) -> Tally:
    """Dossiers by unit and system, received this year, as of the end of `month`."""
    end = report_periods(month)["end"]
    late = pl.when(pl.col("returned_at") < month.end).then("returned_at")
    overdue = pl.when(late.is_not_null()).then(late > pl.col("due_at"))
    measures = {
        "received": pl.len(),
        "filed_online": pl.col("filed_online").sum(),
        "overdue": overdue.otherwise(pl.col("due_at") < month.end).sum(),
        "digitised": pl.col("digitised").sum(),
        "fee_due": pl.col("fee_due").sum(),
        "paid_online": (pl.col("paid_online") & pl.col("fee_due")).sum(),
    }
    frame = _received_in(tables.procedures, [end])
    cells = _cells(frame, measures, [end], by="source_system")
    return Tally("procedures", tuple(measures), tuple(cells))


def tally_all(tables: Tables, month: Month) -> Mapping[str, Tally]:
    """Every table's tally, by the table's name."""
    counts = (tally_documents, tally_e_copies, tally_pakn, tally_procedures)
    return {tally.table: tally for tally in (count(tables, month) for count in counts)}


def added(cells: Iterable[Measures], measures: Iterable[str]) -> dict[str, int]:
    """The sum of each measure over `cells`; 0 over none."""
    total = dict.fromkeys(measures, 0)
    for cell in cells:
        for measure in total:
            total[measure] += cell[measure]
    return total


def _received_in(frame: pl.LazyFrame, periods: Iterable[Period]) -> pl.LazyFrame:
    periods = tuple(periods)
    first: datetime = min(period.start for period in periods)
    last: datetime = max(period.end for period in periods)
    return frame.filter(pl.col("received_at").is_between(first, last, closed="left"))


def _cells(
    frame: pl.LazyFrame, measures: Mapping[str, pl.Expr], periods: list[Period], by: str
) -> list[Cell]:
    """One pass over the records: sums by unit, `by` and month, then added into periods."""
    rows = (
        frame.group_by("unit_id", by, month=pl.col("received_at").dt.strftime("%Y-%m"))
        .agg(expr.cast(pl.Int64).alias(name) for name, expr in measures.items())
        .collect(engine="streaming")
    )
    return _by_period(rows, tuple(measures), periods, by)


def _monthly(name: str, frame: pl.LazyFrame, measures: tuple[str, ...], month: Month) -> Tally:
    periods = [report_periods(month)[key] for key in ("month", "ytd", "previous")]
    months = [str(m) for m in (month.previous, *month.january.until(month))]
    rows = (
        frame.filter(pl.col("month").is_in(months))
        .select("unit_id", "month", *(pl.col(m).cast(pl.Int64) for m in measures))
        .collect(engine="streaming")
    )
    return Tally(name, measures, tuple(_by_period(rows, measures, periods, None)))


def _by_period(
    rows: pl.DataFrame, measures: tuple[str, ...], periods: list[Period], by: str | None
) -> list[Cell]:
    keys = ["unit_id"] if by is None else ["unit_id", by]
    cells = []
    for period in periods:
        months = [str(m) for m in period.first.until(period.last)]
        sums = (
            rows.filter(pl.col("month").is_in(months))
            .group_by(keys)
            .agg(pl.col(m).sum() for m in measures)
            .sort(keys)
        )
        cells += [
            Cell(
                period.id,
                row["unit_id"],
                "" if by is None else row[by] or "",
                {m: row[m] for m in measures},
            )
            for row in sums.iter_rows(named=True)
        ]
    return cells
