"""A data folder of sixty months: the sample's nine, moved by whole months and put in a row."""

from __future__ import annotations

import shutil
from itertools import cycle
from pathlib import Path

import polars as pl

from benchmarks.measuring import ROOT
from dxreport.periods import Month

SAMPLE = ROOT / "data" / "sample"
FIRST, LAST = Month(2019, 10), Month(2024, 9)
_NINE = Month(2024, 1).until(Month(2024, 9))
_KEYS = {"pakn": "pakn_id", "procedures": "dossier_id"}


def sixty_months(folder: Path) -> Path:
    """Five years of records, up to September 2024, in the contract's form."""
    shutil.copytree(SAMPLE, folder)
    moves = list(zip(cycle(_NINE), FIRST.until(LAST), strict=False))
    for table, key in _KEYS.items():
        frame = pl.read_parquet(SAMPLE / f"{table}.parquet")
        times = [name for name, kind in frame.schema.items() if kind == pl.Datetime("us")]
        parts = []
        for at, (of, to) in enumerate(moves):
            own = pl.col("received_at").is_between(of.start, of.end, closed="left")
            moved = pl.col(times) + (to.start - of.start)
            parts.append(frame.filter(own).with_columns(moved, pl.col(key) + f"-{at}"))
        pl.concat(parts).write_parquet(folder / f"{table}.parquet")
    for table in ("documents", "e_copies"):
        frame = pl.read_csv(SAMPLE / f"{table}.csv", schema_overrides={"unit_id": pl.String})
        pl.concat(
            frame.filter(pl.col("month") == str(of)).with_columns(month=pl.lit(str(to)))
            for of, to in moves
        ).write_csv(folder / f"{table}.csv")
    return folder
