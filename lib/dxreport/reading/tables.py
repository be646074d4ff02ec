"""A data folder as typed tables that keep the contract."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import polars as pl

from dxreport import vi
from dxreport.config import INDICATORS_FILE, read_yaml
from dxreport.contracts import FACT_TABLES, SCHEMAS
from dxreport.cubes import remember
from dxreport.errors import SHOWN, ContractError, DxError, Problem, UsageError
from dxreport.keeping import user_keeper
from dxreport.manifest import Manifest, check_files, read_manifest
from dxreport.reading.corrections import Correction, Corrections, corrected, read_corrections
from dxreport.reading.files import Part, damaged_parquet, display_name, find, open_parts
from dxreport.reading.judging import Judged, judge
from dxreport.rehearsal import Rehearsal, rehearsing

Origin = Literal["data", "reference"]

DATASET_FILE: Final = "dataset.yml"
_REFERENCE_TABLES: Final = ("units", "targets", "baselines", "topics")
_OPTIONAL: Final = frozenset({"topics"})


@dataclass(frozen=True)
class Source:
    """A file that a table was read from; `rows` is its share of the table."""

    table: str
    path: Path
    rows: int
    sha256: str
    origin: Origin


@dataclass(frozen=True)
class Dataset:
    """What a data folder says of itself in `dataset.yml`."""

    title: str = ""
    synthetic: bool = False
    note: str = ""


@dataclass(frozen=True)
class Piece:
    """One file's share of a table, the fingerprint of the file as it was corrected, its bytes."""

    sha256: str
    size: int
    rows: pl.LazyFrame


@dataclass(frozen=True)
class Pieces:
    """A table as it was read, and the files that it is made of."""

    whole: pl.LazyFrame
    of: tuple[Piece, ...]


@dataclass(frozen=True, eq=False)
class Tables:
    """The contract's tables, checked. Times are naive and local.

    `minimum` of targets and `value` of baselines are exact decimal text. The lazy tables are
    scans of Parquet files, or frames in memory where they came from CSV.
    """

    folder: Path
    units: pl.DataFrame
    documents: pl.LazyFrame
    e_copies: pl.LazyFrame
    pakn: pl.LazyFrame
    procedures: pl.LazyFrame
    targets: pl.DataFrame
    baselines: pl.DataFrame
    topics: pl.DataFrame
    sources: tuple[Source, ...]
    dataset: Dataset
    manifest: Manifest | None = None
    corrections: tuple[Correction, ...] = ()
    pieces: Mapping[str, Pieces] = field(default_factory=dict, repr=False)

    def parts(self, table: str) -> tuple[pl.LazyFrame, ...]:
        """A fact table, file by file where it still is what was read from files."""
        whole, known = self.facts()[table], self.pieces.get(table)
        if known is None or known.whole is not whole or not known.of:
            return (whole,)
        return tuple(piece.rows for piece in known.of)

    def facts(self) -> dict[str, pl.LazyFrame]:
        """The fact tables by name."""
        return {
            "documents": self.documents,
            "e_copies": self.e_copies,
            "pakn": self.pakn,
            "procedures": self.procedures,
        }

    @property
    def fingerprint(self) -> str:
        """One SHA-256 over the contents of all files, whatever folder they lie in.

        The corrections are one of them: the same records, corrected otherwise, have another.
        """
        lines = sorted(f"{source.table} {source.sha256}" for source in self.sources)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_tables(folder: Path, reference: Path) -> Tables:
    """The tables of a data folder; reference tables that it does not hold from `reference`.

    A table of records that no indicator of the catalogue in `reference` counts may be missing,
    and is empty then. What `corrections.yml` says is done before the contract is checked.

    What was read last is given again while no file of either folder has changed: a command and
    the document that it runs then speak of the same data, and read them once.

    Raises `UsageError` where there is no such folder, and `ContractError` with the first
    breaches of the contract in any of the tables, and the number of them all.
    """
    _must_be_a_folder(folder)
    seen = _seen(folder, reference)
    if seen is not None and seen in _last:
        return _last[seen]
    tables = _read(folder, reference)
    if seen is not None:
        _last.clear()
        _last[seen] = tables
    return tables


_Seen = tuple[tuple[str, int, int, int], ...]
_last: Final[dict[_Seen, Tables]] = {}
_SETTLED: Final = 100_000_000
"""Nanoseconds after which a file that was changed again would bear another time."""


def _seen(folder: Path, reference: Path) -> _Seen | None:
    """What tells two states of the folders apart: every file's path, size, time and number.

    None where a file has changed just now, and may once more without its time telling."""
    files = []
    for place in (folder.resolve(), reference.resolve()):
        for path in sorted({*place.glob("*"), *place.glob("*/*.parquet")}):
            with suppress(OSError):
                about = path.stat()
                files.append((str(path), about.st_size, about.st_mtime_ns, about.st_ino))
    newest = max((changed for _, _, changed, _ in files), default=0)
    return tuple(files) if time.time_ns() - newest > _SETTLED else None


def _read(folder: Path, reference: Path) -> Tables:
    dataset = _dataset(folder)
    manifest = read_manifest(folder)
    breaches = _Breaches([], 0)
    sources: list[Source] = []
    rows: dict[str, pl.LazyFrame] = {}
    pieces: dict[str, Pieces] = {}
    cubes: dict[str, tuple[pl.DataFrame, ...]] = {}
    units: pl.DataFrame | None = None
    needed = tables_counted(reference)
    corrections = read_corrections(folder)
    keeper = user_keeper()
    with rehearsing(_parquet_files(folder, reference)) as rehearsal:
        for table in (*_REFERENCE_TABLES, *FACT_TABLES):
            try:
                parts, origin = _open(table, folder, reference, rehearsal, needed)
                parts = corrected(table, parts, corrections)
                judged = judge(table, parts, units, None if units is None else keeper)
            except ContractError as error:
                breaches.add(error.problems, error.total)
                continue
            breaches.add(judged.problems, judged.total)
            rows[table] = judged.rows
            of = [
                Piece(part.fingerprint, part.size, piece)
                for part, piece in zip(parts, judged.parts, strict=False)
            ]
            pieces[table] = Pieces(judged.rows, tuple(of))
            cubes[table] = judged.cubes
            sources += _sources(table, parts, judged, origin)
            if table == "units" and not judged.total:
                units = judged.rows.collect()
    # A file that somebody changed may break the contract too; that it was changed comes first.
    if manifest is not None:
        check_files(folder, manifest, _in_folder(folder, sources))
    breaches.stop()
    sources += _corrections_source(corrections)
    tables = Tables(
        folder=folder,
        sources=tuple(sources),
        dataset=dataset,
        manifest=manifest,
        units=rows["units"].collect(),
        documents=rows["documents"],
        e_copies=rows["e_copies"],
        pakn=rows["pakn"],
        procedures=rows["procedures"],
        targets=rows["targets"].collect(),
        baselines=rows["baselines"].collect(),
        topics=rows["topics"].collect(),
        pieces=pieces,
        corrections=corrections.entries,
    )
    remember(tables, cubes)
    return tables


@dataclass(frozen=True)
class Reference:
    """The tables that say what is known before a record is read."""

    units: pl.DataFrame
    topics: pl.DataFrame
    own_units: bool


def read_reference(folder: Path, reference: Path) -> Reference:
    """Units and topics, from a data folder (which need not be there yet) or from `reference`.

    Raises `ContractError` where they break the contract. `own_units` says whether the units are
    the data folder's.
    """
    corrections = read_corrections(folder)
    frames: dict[str, pl.DataFrame] = {}
    origins: dict[str, Origin] = {}
    with rehearsing(_parquet_files(folder, reference)) as rehearsal:
        for table in ("units", "topics"):
            parts, origins[table] = _open(table, folder, reference, rehearsal, frozenset())
            parts = corrected(table, parts, corrections)
            judged = judge(table, parts, None)
            if judged.total:
                raise ContractError(judged.problems, judged.total)
            frames[table] = judged.rows.collect()
    return Reference(frames["units"], frames["topics"], origins["units"] == "data")


def _in_folder(folder: Path, sources: Sequence[Source]) -> dict[str, str]:
    """The SHA-256 of each file that was read from the data folder, by its path in it."""
    return {
        source.path.relative_to(folder).as_posix(): source.sha256
        for source in sources
        if source.origin == "data"
    }


def tables_counted(reference: Path) -> frozenset[str]:
    """The tables of records that the catalogue's indicators count; all where it does not say."""
    path = reference / INDICATORS_FILE
    try:
        indicators = read_yaml(path)["indicators"].values()
        named = {indicator["table"] for indicator in indicators}
    except (DxError, TypeError, KeyError, AttributeError):
        return frozenset(FACT_TABLES)  # The catalogue itself says what is wrong with it.
    return frozenset(FACT_TABLES) & named or frozenset(FACT_TABLES)


@dataclass
class _Breaches:
    """What is wrong so far, over all tables."""

    problems: list[Problem]
    total: int

    def add(self, problems: Sequence[Problem], total: int) -> None:
        self.problems += problems
        self.total += total

    def stop(self) -> None:
        """Raise what there is, if there is any."""
        if self.total:
            raise ContractError(self.problems[:SHOWN], self.total)


def _must_be_a_folder(folder: Path) -> None:
    if not folder.exists():
        raise UsageError(f"{display_name(folder)}: there is no such data folder")
    if not folder.is_dir():
        raise UsageError(f"{display_name(folder)}: expected a data folder, found a file")
    try:
        empty = not any(folder.iterdir())
    except OSError as error:
        raise DxError(f"{display_name(folder)}: cannot be read: {error.strerror}") from None
    if empty:
        names = ", ".join(FACT_TABLES)
        raise DxError(f"{display_name(folder)}: the data folder is empty; it must hold {names}")


def _parquet_files(folder: Path, reference: Path) -> Iterator[tuple[Path, list[str]]]:
    """The Parquet files that may be read, and the columns that will be."""
    for table, schema in SCHEMAS.items():
        for path in (
            folder / f"{table}.parquet",
            *sorted((folder / table).glob("*.parquet")),
            reference / f"{table}.parquet",
        ):
            yield path, schema.column_names()


def _open(
    table: str, folder: Path, reference: Path, rehearsal: Rehearsal, needed: frozenset[str]
) -> tuple[tuple[Part, ...], Origin]:
    """The parts of a table and where they are from; none for an optional table that is absent."""
    origin: Origin = "data"
    files = find(folder, table)
    if not files and table in _REFERENCE_TABLES:
        files, origin = find(reference, table), "reference"
    may_be_missing = table in _OPTIONAL or (table in FACT_TABLES and table not in needed)
    if not files and not may_be_missing:
        missing, suffix, other = folder, "parquet", "csv"
        if table in _REFERENCE_TABLES:
            missing, suffix, other = reference, "csv", "parquet"
        expected = f"expected this table, or {table}.{other}; the folder has neither"
        raise ContractError([Problem(display_name(missing / f"{table}.{suffix}"), expected)])
    for file in files:
        if file.suffix == ".parquet" and rehearsal.is_fatal(file):
            raise damaged_parquet(file)
    columns = SCHEMAS[table].column_names()
    return open_parts(files, columns), origin


def _sources(table: str, parts: Sequence[Part], judged: Judged, origin: Origin) -> list[Source]:
    return [
        Source(table, part.path, height, part.sha256, origin)
        for part, height in zip(parts, judged.heights, strict=True)
    ]


def _corrections_source(corrections: Corrections) -> list[Source]:
    if not corrections.sha256:
        return []
    rows = len(corrections.entries)
    return [Source("corrections", corrections.path, rows, corrections.sha256, "data")]


def _dataset(folder: Path) -> Dataset:
    """What `dataset.yml` says; `DxError` where it says something else than it may."""
    path = folder / DATASET_FILE
    if not path.exists():
        return Dataset()
    raw = read_yaml(path)
    if raw is None:
        return Dataset()
    if not isinstance(raw, dict):
        raise DxError(f"{DATASET_FILE}: expected the keys title, synthetic and note")
    types: dict[str, tuple[type, str]] = {
        "title": (str, "text"),
        "synthetic": (bool, "true or false"),
        "note": (str, "text"),
    }
    for name, value in raw.items():
        if name not in types:
            raise DxError(f"{DATASET_FILE}: expected the keys {', '.join(types)}, found {name!r}")
        type_, wanted = types[name]
        if not isinstance(value, type_):
            raise DxError(f"{DATASET_FILE}: `{name}`: expected {wanted}, found {value!r}")
    return Dataset(**{name: _plain(value) for name, value in raw.items()})


def _plain(value: Any) -> Any:
    return vi.plain(value) if isinstance(value, str) else value
