"""An export with a row a document or a certificate, counted into a row a unit and month.

Each record is first a row of the table by itself, whose figures are 0 or 1 (or what is added up):
so every rule of the contract is held against the record, and what breaks one is refused by its
row in the export. What is right is then added up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from dxreport.contracts import SCHEMAS, key
from dxreport.ingest import values as read
from dxreport.ingest.cells import Cells, whole
from dxreport.ingest.issues import KEY, Issue, Issues
from dxreport.ingest.mapping import Mapped
from dxreport.ingest.parts import Record
from dxreport.ingest.values import Wrong
from dxreport.reading.values import Kind

_PART_OF: Final[Mapping[str, str]] = {
    "signed_from_work_file": "outgoing",
    "electronic": "certified",
}
"""Which figure counts some of the records that another one counts."""
_RECORD: Final = "record"
_BETWEEN: Final = "\x1f"


def kinds_of(spec: Mapped, kinds: Mapping[str, Kind]) -> dict[str, Kind]:
    """What the cells of each column are: where records are counted, a yes or a no."""
    counted = {name: c.count is not None for name, c in spec.columns.items()}
    return {name: "boolean" if counted.get(name) else kind for name, kind in kinds.items()}


def as_figures(done: dict[str, list[Any]], spec: Mapped) -> None:
    """Make every record's answers the figures that it adds; one that is no part of the whole
    adds nothing to a part of it."""
    for name, column in spec.columns.items():
        if column.counted is not None:
            done[name] = [None if value is None else int(value) for value in done[name]]
    for part, of in _PART_OF.items():
        if part in done and spec.columns[part].counted is not None:
            pairs = zip(done[part], done[of], strict=True)
            done[part] = [0 if all_ == 0 else value for value, all_ in pairs]


def with_key(
    frame: pl.DataFrame, record: Record, cells: Cells, issues: Issues
) -> tuple[pl.DataFrame, list[str]]:
    """The records with what tells them apart, and the names of those columns.

    A record whose key is empty, or cannot be read, is an issue.
    """
    texts = [_key_of(record, cells, at, issues) for at in frame["at"]]
    wide = frame.with_columns(
        pl.Series(_RECORD, texts, dtype=pl.String), pl.col("month").str.head(4).alias("year")
    )
    return wide, [_RECORD, *record.within]


def _key_of(record: Record, cells: Cells, at: int, issues: Issues) -> str | None:
    texts = []
    for spellings in record.key:
        cell = cells.cell(spellings, at)
        try:
            if read.is_empty(cell, cells.empty):
                raise Wrong("expected a value", "nullability")
            texts.append(read.text(whole(cell)))
        except Wrong as wrong:
            issues.add(Issue(at, KEY, wrong.rule, str(wrong)))
            return None
    return _BETWEEN.join(texts)


def added_up(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """One row a unit and month, with the sums of the records' figures."""
    names = key(table)
    figures = [name for name in SCHEMAS[table].column_names() if name not in names]
    return frame.group_by(names, maintain_order=True).agg(pl.col(figures).sum())
