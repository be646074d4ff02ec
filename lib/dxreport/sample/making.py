"""Making the sample: from the calibration to the files of a data folder."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, groupby
from pathlib import Path

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from dxreport.errors import DxError, UsageError
from dxreport.periods import Month
from dxreport.sample.calibration import Calibration, load_calibration
from dxreport.sample.clock import NEVER
from dxreport.sample.counts import documents, e_copies
from dxreport.sample.pakn import UNRATED, pakn
from dxreport.sample.procedures import procedures
from dxreport.sample.scaling import PIECE, Shape, grow

TABLES = ("documents", "e_copies", "pakn", "procedures")
"""The tables that are made; their place here is a part of their seed."""

Progress = Callable[[str, int, int], None]
"""Told the table, the rows that are written, and the rows that there will be."""

_SECOND = 1_000_000

_PAKN = Shape(identifier="pakn_id", prefix="PA", closed_at="resolved_at")
_PROCEDURES = Shape(
    identifier="dossier_id",
    prefix="HS",
    closed_at="returned_at",
    numbered_within="source_system",
)


def make_sample(
    out: Path,
    reference: Path,
    seed: int = 2024,
    scale: float | Mapping[str, float] = 1.0,
    progress: Progress | None = None,
    by_month: bool = False,
) -> None:
    """Write a synthetic data folder: documents.csv, e_copies.csv, pakn.parquet,
    procedures.parquet and dataset.yml.

    `by_month` writes PAKN and dossiers as a file for each month of receipt instead,
    pakn/2024-01.parquet and so on.

    `reference` holds units.csv and calibration/. `scale` multiplies the rows of PAKN and
    dossiers and the counts of documents and copies; a mapping sets it by table, 1 where it is
    silent (`{"pakn": 6500}` makes 20 million PAKN). At scale 1 the published figures come out;
    at any other only the rhythm. The same arguments give the same bytes.

    Memory is bounded whatever the scale. Raises `UsageError` for a scale or seed that makes no
    sense, `DxError` where the calibration cannot be read or does not add up, or where `out`
    cannot be written.
    """
    scales = _scales(scale)
    if seed < 0:
        raise UsageError(f"the seed must be 0 or more, not {seed}")
    calibration = load_calibration(reference)
    try:
        out.mkdir(parents=True, exist_ok=True)
        _must_hold_no_other_form(out, by_month)
        _write(calibration, out, seed, scales, progress or _quiet, by_month)
    except (ValueError, KeyError, pl.exceptions.ColumnNotFoundError) as error:
        raise DxError(f"the sample's calibration does not add up: {error}") from error
    except OSError as error:
        raise DxError(f"{out}: the sample cannot be written: {error.strerror}") from error


def _write(
    calibration: Calibration,
    out: Path,
    seed: int,
    scales: Mapping[str, float],
    progress: Progress,
    by_month: bool,
) -> None:
    def rng(table: str) -> np.random.Generator:
        return np.random.default_rng([seed, TABLES.index(table)])

    counts = {"documents": documents, "e_copies": e_copies}
    for name, make in counts.items():
        frame = _multiplied(make(calibration, rng(name)), scales[name])
        _put(out / f"{name}.csv", frame.write_csv().encode())
    records = {"pakn": (pakn, _PAKN), "procedures": (procedures, _PROCEDURES)}
    for name, (make_records, shape) in records.items():
        base = make_records(calibration, rng(name))
        of_copies = [seed, len(TABLES) + TABLES.index(name)]
        pieces = grow(base, shape, calibration.months, scales[name], of_copies)
        total = math.floor(base.height * scales[name])
        if not total:
            raise UsageError("the scale is so small that no record is left")
        counted = _counted(pieces, name, total, progress)
        if not by_month:
            _stream(out / f"{name}.parquet", counted)
            continue
        (out / name).mkdir(exist_ok=True)
        for month, of_month in groupby(counted, _month_of):
            _stream(out / name / f"{month}.parquet", of_month)
    _put(out / "dataset.yml", calibration.dataset.encode())


def _must_hold_no_other_form(out: Path, by_month: bool) -> None:
    """A folder with a table in two forms is of no use, and what is there may be somebody's."""
    for name in ("pakn", "procedures"):
        other = out / f"{name}.parquet" if by_month else out / name
        if other.exists():
            raise UsageError(
                f"{out} holds {other.name} already, and a table is there in one form only: "
                "name another folder"
            )


def _month_of(piece: pl.DataFrame) -> Month:
    """The month of receipt of a piece, which lies within one."""
    return Month.of(piece["received_at"][0])


def _scales(scale: float | Mapping[str, float]) -> dict[str, float]:
    given = scale if isinstance(scale, Mapping) else dict.fromkeys(TABLES, scale)
    for name, value in given.items():
        if name not in TABLES:
            raise UsageError(f"there is no table {name!r} to scale: {', '.join(TABLES)}")
        if not (math.isfinite(value) and value > 0):
            raise UsageError(f"the scale must be above 0, not {value}")
    return {name: float(given.get(name, 1.0)) for name in TABLES}


def _multiplied(frame: pl.DataFrame, scale: float) -> pl.DataFrame:
    if scale == 1:
        return frame
    counts = pl.selectors.integer()
    return frame.with_columns((counts * scale + 0.5).floor().cast(pl.Int64))


def _as_contract(piece: pl.DataFrame) -> pl.DataFrame:
    """Seconds as datetimes, and the marks for "none" as nulls."""
    times = pl.selectors.ends_with("_at")
    frame = piece.with_columns(
        pl.when(times != NEVER).then(times * _SECOND).cast(pl.Datetime("us")).name.keep()
    )
    if "rating" in frame.columns:
        rating = pl.col("rating")
        frame = frame.with_columns(pl.when(rating != UNRATED).then(rating))
    return frame


def _quiet(_table: str, _done: int, _total: int) -> None:
    return None


def _counted(
    pieces: Iterator[pl.DataFrame], table: str, total: int, progress: Progress
) -> Iterator[pl.DataFrame]:
    """The pieces in the contract's form, each reported once it was taken."""
    done = 0
    for piece in pieces:
        yield _as_contract(piece)
        done += piece.height
        progress(table, done, total)


def _stream(path: Path, pieces: Iterator[pl.DataFrame]) -> None:
    """Write pieces to one Parquet file as they come."""
    first = next(pieces)

    # A Parquet sink of polars wants a source; it asks for the pieces once, from the first.
    def source(*_wishes: object) -> Iterator[pl.DataFrame]:
        return chain([first], pieces)

    partial = path.with_name(f".{path.name}.part")
    try:
        register_io_source(source, schema=first.schema).sink_parquet(
            partial, row_group_size=PIECE, compression="zstd", engine="streaming"
        )
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _put(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(content)
    partial.replace(path)
