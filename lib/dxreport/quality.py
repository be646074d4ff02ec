"""How good the records behind a report are: counts about them, never a record.

`assess` is a function of the tables, the catalogue and a month. What only the way into the data
folder can know (rows that an export had and the folder has not, rows that came late) is taken
from the folder's manifest, where it has one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from dxreport.catalogue import Catalogue
from dxreport.contracts import FACT_TABLES, SCHEMAS, TIME_OF, key
from dxreport.manifest import Entry
from dxreport.periods import Month
from dxreport.reading import Tables, rows_by_unit_and_month, units_without_rows

_DAY: Final = 86_400
_RATED: Final = "pakn_satisfaction_mean"
_CLOSED: Final[Mapping[str, str]] = {"pakn": "resolved_at", "procedures": "returned_at"}
"""The tables of cases, and the column that says when one was done with."""


@dataclass(frozen=True)
class Share:
    """`part` of `whole`, both counts."""

    part: int
    whole: int


@dataclass(frozen=True)
class Intake:
    """What the exports of a table had, over all that its files are from.

    `left_out` says why rows that were read are not kept, by the manifest's words for it. `late`
    counts the rows that were not yet in the first export of their month.
    """

    exports: int
    read: int
    kept: int
    left_out: Mapping[str, int]
    late: int


@dataclass(frozen=True)
class TableQuality:
    """Counts about one table of records.

    `rows` are all there are, `in_month` those of the report month, `in_year` those of its year
    to date, `later` those after it. `of_former_units` are rows of the year to date whose unit is
    no longer valid in the report month, so that they take no part. `missing` are months without
    a row between two that have some. `alike` are rows of the year to date that another equals in
    all but its identifier. `intake` is None where the folder has no manifest of the table.
    """

    table: str
    rows: int
    in_month: int
    in_year: int
    later: int
    of_former_units: int
    first: Month | None
    last: Month | None
    missing: tuple[Month, ...]
    alike: int
    intake: Intake | None


@dataclass(frozen=True)
class CaseQuality:
    """Counts about the cases (PAKN, dossiers) received in the year to date, as of its end.

    `outliers`: cases that took, or have waited, more than `outlier_days`, of all. `with_due`:
    those with a due time, of all. `due_before_received`: those due before they came.
    `rated`: those rated, of the resolved ones; None where ratings are not counted.
    """

    table: str
    outliers: Share
    with_due: Share
    due_before_received: int
    rated: Share | None


@dataclass(frozen=True)
class Quality:
    """All of it for one report; without a month, for the data as a whole.

    `silent` are names of units, valid in the month, of which no table has a row. `corrections`
    counts the entries of `corrections.yml` by table and reason.
    """

    month: Month | None
    fingerprint: str
    outlier_days: int
    tables: tuple[TableQuality, ...]
    cases: tuple[CaseQuality, ...]
    silent: tuple[str, ...]
    corrections: Mapping[tuple[str, str], int] = field(default_factory=dict)


def assess(tables: Tables, catalogue: Catalogue, month: Month | None) -> Quality:
    """The quality of the tables that the catalogue's indicators are counted from."""
    names = [name for name in FACT_TABLES if name in catalogue.tables]
    frames = {name: tables.facts()[name] for name in names}
    by_month = rows_by_unit_and_month(tables)
    since = None if month is None else catalogue.year_start(month)
    years = {name: _in_year(name, frame, since, month) for name, frame in frames.items()}
    alike = _collect({name: _alike(name, frame) for name, frame in years.items()})
    cases = {name: years[name] for name in names if name in _CLOSED}
    limit = catalogue.settings.outlier_days
    counted = _collect({name: _cases(name, f, month, limit) for name, f in cases.items()})
    valid = None if month is None else {unit.unit_id for unit in catalogue.units_in(month)}
    return Quality(
        month=month,
        fingerprint=tables.fingerprint,
        outlier_days=limit,
        tables=tuple(
            _table(
                name,
                by_month[name],
                alike=int(alike[name].item()),
                since=since,
                month=month,
                valid=valid,
                intake=None if tables.manifest is None else _intake(tables.manifest.of_table(name)),
            )
            for name in names
        ),
        cases=tuple(
            _case(name, frame.row(0, named=True), with_ratings=_RATED in catalogue.indicators)
            for name, frame in counted.items()
        ),
        silent=tuple(
            catalogue.by_id[warning.unit_id].name
            for warning in units_without_rows(tables, by_month, month)
            if warning.table == "units" and warning.unit_id
        ),
        corrections=dict(Counter((entry.table, entry.reason) for entry in tables.corrections)),
    )


def _collect(frames: Mapping[str, pl.LazyFrame]) -> dict[str, pl.DataFrame]:
    found = pl.collect_all(list(frames.values()), engine="streaming")
    return dict(zip(frames, found, strict=True))


def _in_year(
    table: str, frame: pl.LazyFrame, since: Month | None, month: Month | None
) -> pl.LazyFrame:
    """The rows of the year to date; all of them where no month is asked for."""
    if month is None or since is None:
        return frame
    time = pl.col(TIME_OF[table])
    if TIME_OF[table] == "month":
        return frame.filter(time.is_between(pl.lit(str(since)), pl.lit(str(month))))
    return frame.filter(time >= since.start, time < month.end)


def _alike(table: str, frame: pl.LazyFrame) -> pl.LazyFrame:
    """How many rows equal another in all columns but the identifier, the first not counted."""
    if table not in _CLOSED:  # a row is known by its unit and month: none is there twice
        return pl.LazyFrame({"alike": [0]})
    rest = [name for name in SCHEMAS[table].column_names() if name != key(table)[0]]
    # Of 64 bits: two cases of one hash among millions are rarer than any slip of a keyboard.
    # Column by column, each with a seed of its own: a hash of the struct costs three times as much.
    alike = pl.col(rest[0]).hash()
    for place, name in enumerate(rest[1:], 1):
        alike = alike ^ pl.col(name).hash(place)
    hashes = frame.select(alike=alike)
    return hashes.select(pl.len().cast(pl.Int64) - pl.col("alike").n_unique().cast(pl.Int64))


def _cases(table: str, frame: pl.LazyFrame, month: Month | None, limit: int) -> pl.LazyFrame:
    closed = pl.col(_CLOSED[table])
    if month is not None:
        closed = pl.when(closed < month.end).then(closed)
    end: pl.Expr = closed if month is None else closed.fill_null(pl.lit(month.end))
    seconds = (end - pl.col("received_at")).dt.total_seconds()
    rated = pl.col("rating") if table == "pakn" else pl.lit(None, dtype=pl.Int64)
    counts = {
        "cases": pl.len(),
        "outliers": (seconds > limit * _DAY).sum(),
        "with_due": pl.col("due_at").is_not_null().sum(),
        "early": (pl.col("due_at") < pl.col("received_at")).sum(),
        "closed": closed.is_not_null().sum(),
        "rated": (rated.is_not_null() & closed.is_not_null()).sum(),
    }
    return frame.select(count.cast(pl.Int64).alias(name) for name, count in counts.items())


def _case(table: str, row: Mapping[str, Any], *, with_ratings: bool) -> CaseQuality:
    return CaseQuality(
        table=table,
        outliers=Share(row["outliers"], row["cases"]),
        with_due=Share(row["with_due"], row["cases"]),
        due_before_received=row["early"],
        rated=Share(row["rated"], row["closed"]) if table == "pakn" and with_ratings else None,
    )


def _table(
    name: str,
    counts: pl.DataFrame,
    *,
    alike: int,
    since: Month | None,
    month: Month | None,
    valid: set[str] | None,
    intake: Intake | None,
) -> TableQuality:
    months = sorted(Month.parse(text) for text in counts["month"].unique() if text)

    def rows(*conditions: pl.Expr) -> int:
        return int(counts.filter(*conditions)["rows"].sum() if conditions else counts["rows"].sum())

    of = pl.col("month")
    year = [] if month is None or since is None else [of >= str(since), of <= str(month)]
    return TableQuality(
        table=name,
        rows=rows(),
        in_month=rows() if month is None else rows(of == str(month)),
        in_year=rows(*year),
        later=0 if month is None else rows(of > str(month)),
        of_former_units=0
        if valid is None
        else rows(*year, ~pl.col("unit_id").is_in(sorted(valid))),
        first=months[0] if months else None,
        last=months[-1] if months else None,
        missing=tuple(m for m in months[0].until(months[-1]) if m not in months) if months else (),
        alike=alike,
        intake=intake,
    )


def _intake(entries: Iterable[Entry]) -> Intake | None:
    files = list(entries)
    if not files:
        return None
    # An export of several months stands behind several files; it was read once.
    exports = {(e.source_sha256, e.mapping_sha256, e.source): e for e in files}.values()
    left_out: Counter[str] = Counter()
    for export in exports:
        left_out.update(export.left_out)
    return Intake(
        exports=len(exports),
        read=sum(export.read for export in exports),
        kept=sum(export.kept for export in exports),
        left_out=dict(sorted(left_out.items())),
        late=sum(entry.late for entry in files),
    )
