"""Months of a table into a data folder, whole or not at all.

A table lies as `TABLE/YYYY-MM.parquet` (`TABLE/YYYY-MM.PART.parquet` where several exports make
up one month). The folder is copied by links, changed in the copy, and the copy takes its place in
one step: who reads the folder, and a run that is killed, finds it as before or as after.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from dxreport.contracts import SCHEMAS, TIME_OF, key
from dxreport.errors import ContractError, DxError, Problem, UsageError
from dxreport.ingest.rules import month_of
from dxreport.manifest import MANIFEST_FILE, Manifest
from dxreport.reading.files import display_name, find, open_part
from dxreport.reading.judging import judge
from dxreport.staging import into_place, staged

_PLACE: Final = re.compile(r"(\d{4}-\d{2})(?:\.([a-z0-9][a-z0-9-]*))?")
_MONTH: Final = "month of a row"


@dataclass(frozen=True, order=True)
class Place:
    """Where rows of a table lie: a month, and which of its exports (None where it has one)."""

    month: str
    part: str | None = None

    def path(self, table: str) -> str:
        """The file's path in the data folder."""
        part = f".{self.part}" if self.part else ""
        return f"{table}/{self.month}{part}.parquet"


@dataclass(frozen=True)
class Stored:
    """A table as a folder has it.

    `frames` has the rows of each place. `strays` are the files of other layouts, whose rows are
    in `frames` too: one file for all months, or a file with rows of several.
    """

    table: str
    frames: Mapping[Place, pl.DataFrame]
    strays: tuple[Path, ...] = ()


def stored(folder: Path, table: str, units: pl.DataFrame, replaced: Collection[str] = ()) -> Stored:
    """What a data folder holds of a table; nothing where there is no such folder or table.

    Raises `ContractError` where that breaks the contract, but for the files (paths in the
    folder) that are about to be `replaced`.
    """
    frames: dict[Place, list[pl.DataFrame]] = {}
    strays = []
    columns = SCHEMAS[table].column_names()
    for path in find(folder, table):
        try:
            judged = judge(table, [open_part(path, columns)], units)
            if judged.total:
                raise ContractError(judged.problems, judged.total)
            rows = judged.rows.collect()
        except ContractError:
            if path.relative_to(folder).as_posix() in replaced:
                continue
            raise
        by_month = {
            str(month): rows.filter(month_of(table) == month)
            for month in rows.select(month_of(table).alias(_MONTH))[_MONTH].unique().sort()
        }
        named = _PLACE.fullmatch(path.stem) if path.parent.name == table else None
        if named and set(by_month) <= {named[1]}:
            frames[Place(named[1], named[2])] = [rows]
        else:
            strays.append(path)
            for month, part in by_month.items():
                frames.setdefault(Place(month), []).append(part)
    return Stored(table, {p: pl.concat(f) for p, f in sorted(frames.items())}, tuple(strays))


def split(table: str, frame: pl.DataFrame, part: str | None) -> dict[Place, pl.DataFrame]:
    """The rows of a table by the place where they belong, in the order of months."""
    months = frame.select(month_of(table).alias(_MONTH))[_MONTH].unique().sort()
    return {Place(str(m), part): frame.filter(month_of(table) == m) for m in months}


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One run at a time for the folders of a place: a second waits for the first."""
    try:
        import fcntl
    except ImportError:  # A system without such locks.
        yield
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder.parent, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


@dataclass(frozen=True)
class Draft:
    """A folder that is not yet in its place."""

    staging: Path
    target: Path

    def publish(self) -> None:
        """Let it take its place, in one step."""
        for folder in {self.staging, *(p.parent for p in self.staging.rglob("*.parquet"))}:
            _sync(folder)
        into_place(self.staging, self.target)
        _sync(self.target.parent)


@contextlib.contextmanager
def draft(folder: Path) -> Iterator[Draft]:
    """A copy of a data folder to change, gone afterwards if it was not published."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{display_name(folder)}: expected a data folder, found a file")
    with staged(folder.parent, folder.name) as staging:
        if folder.exists():
            try:
                shutil.copytree(
                    folder, staging, symlinks=True, copy_function=_link, dirs_exist_ok=True
                )
            except (OSError, shutil.Error):
                raise DxError(f"{display_name(folder)}: cannot be copied beside itself") from None
        yield Draft(staging, folder)


def _link(source: str, target: str) -> str:
    # What is there is never written into, only replaced, so a second name for it is a copy.
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
    return target


def write(
    draft: Draft,
    before: Stored,
    changed: Mapping[Place, pl.DataFrame],
) -> dict[str, str]:
    """Put the changed places into a draft; the SHA-256 of each file that was written, by path."""
    for stray in before.strays:
        (draft.staging / stray.relative_to(draft.target)).unlink()
    moved = {
        place: frame
        for place, frame in before.frames.items()
        if before.strays and place.part is None and place not in changed
    }
    written = {}
    for place, frame in sorted({**moved, **changed}.items()):
        path = place.path(before.table)
        target = draft.staging / path
        target.parent.mkdir(exist_ok=True)
        fresh = target.with_name(f".{target.name}.part")
        order = [TIME_OF[before.table], *key(before.table)]
        frame.sort(order).write_parquet(fresh, compression="zstd")
        _sync(fresh)
        fresh.replace(target)
        with target.open("rb") as file:
            written[path] = hashlib.file_digest(file, "sha256").hexdigest()
    return written


def write_manifest(draft: Draft, manifest: Manifest) -> None:
    """Put the manifest into a draft."""
    fresh = draft.staging / f".{MANIFEST_FILE}.part"
    fresh.write_text(manifest.as_json(), encoding="utf-8", newline="\n")
    _sync(fresh)
    fresh.replace(draft.staging / MANIFEST_FILE)


def judge_folder(folder: Path, shown: Path, table: str, units: pl.DataFrame) -> None:
    """Hold a whole table of a folder against the contract: keys are unique over all its months.

    Errors name the files as of the folder `shown`.
    """
    columns = SCHEMAS[table].column_names()
    with named_as(shown, folder):
        parts = [open_part(path, columns) for path in find(folder, table)]
        judged = judge(table, parts, units)
        if judged.total:
            raise ContractError(judged.problems, judged.total)


@contextlib.contextmanager
def named_as(shown: Path, folder: Path) -> Iterator[None]:
    """Let errors about the files of `folder`, a draft, name them as those of `shown`."""
    old, new = display_name(folder), display_name(shown)

    def renamed(problem: Problem) -> Problem:
        return replace(
            problem,
            file=problem.file.replace(old, new),
            expected=problem.expected.replace(old, new),
        )

    try:
        yield
    except ContractError as error:
        raise ContractError(map(renamed, error.problems), error.total) from None


def _sync(path: Path) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
