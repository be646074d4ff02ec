"""A data folder of sixty months: the sample's nine, moved by whole months and put in a row."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl

from benchmarks.measuring import ROOT
from dxreport.periods import Month

SAMPLE = ROOT / "data" / "sample"
FIRST, LAST = Month(2019, 10), Month(2024, 9)
_ACTIVE = (Month(2024, 1), Month(2024, 9))
_KEYS = {"pakn": "pakn_id", "procedures": "dossier_id"}


def sixty_months(folder: Path) -> Path:
    """Five years of records, up to September 2024, in the contract's form."""
    shutil.copytree(SAMPLE, folder)
    span = _between(*_ACTIVE) + 1
    months = _between(FIRST, LAST) + 1
    for table, key in _KEYS.items():
        frame = pl.read_parquet(SAMPLE / f"{table}.parquet")
        times = [name for name, kind in frame.schema.items() if kind == pl.Datetime("us")]
        parts = []
        for at in range(months):
            start = _plus(_ACTIVE[0], at % span)
            moved = _plus(FIRST, at).start - start.start
            own = pl.col("received_at").is_between(start.start, start.end, closed="left")
            part = frame.filter(own).with_columns(pl.col(times) + moved, pl.col(key) + f"-{at}")
            parts.append(part)
        pl.concat(parts).write_parquet(folder / f"{table}.parquet")
    for table in ("documents", "e_copies"):
        frame = pl.read_csv(SAMPLE / f"{table}.csv", schema_overrides={"unit_id": pl.String})
        rows = []
        for at in range(months):
            of = frame.filter(pl.col("month") == str(_plus(_ACTIVE[0], at % span)))
            rows.append(of.with_columns(month=pl.lit(str(_plus(FIRST, at)))))
        pl.concat(rows).write_csv(folder / f"{table}.csv")
    return folder


def _between(first: Month, last: Month) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _plus(month: Month, months: int) -> Month:
    for _ in range(months):
        month = month.next
    return month
