"""From a folder to raw columns: which files a table is in, and what they hold.

Nothing here knows what a value means. A file gives the contract's columns as they are stored,
text for a CSV; every other column is left out by the parser itself, so nothing further on can
see it, and no message ever shows it.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from dxreport.contracts import FACT_TABLES
from dxreport.errors import ContractError, Problem, shown
from dxreport.process import processors
from dxreport.reading.panics import quiet_panics
from dxreport.scanning import scan

_HEAD = 1 << 16


State = tuple[int, int, int]
"""What tells two states of a file apart: size, time of change, number."""


def state_of(path: Path) -> State:
    about = path.stat()
    return about.st_size, about.st_mtime_ns, about.st_ino


@dataclass(frozen=True)
class Part:
    """One file of a table.

    `sha256` is of the file, `fingerprint` of what is read of it: the corrections that bear on it
    are a part of that. `state` is the file's before it was looked at.

    `raw` has the contract's columns that the file holds, as stored. `records` maps a position
    in `raw` to the row as a person counts it; where it is None, they follow `first_row` on.
    """

    path: Path
    name: str
    sha256: str
    fingerprint: str
    state: State
    raw: pl.LazyFrame
    schema: pl.Schema
    header_row: int | None
    first_row: int
    in_memory: bool
    records: pl.Series | None = None

    @property
    def size(self) -> int:
        """How many bytes the file has."""
        return self.state[0]

    def row(self, position: int) -> int:
        """The row of the file, as a person counts, at a position of `raw`."""
        if self.records is None:
            return self.first_row + position
        return int(self.records[position])


def display_name(path: Path) -> str:
    """A file as an error names it: relative to the working folder where it lies below it."""
    return shown(path, Path.cwd())


def find(folder: Path, table: str) -> tuple[Path, ...]:
    """The files of a table in a folder; none where it does not hold the table.

    Raises `ContractError` where the table is there in more than one form.
    """
    forms: list[tuple[Path, ...]] = [
        (path,) for suffix in ("parquet", "csv") if (path := folder / f"{table}.{suffix}").exists()
    ]
    if table in FACT_TABLES and (parts := tuple(sorted((folder / table).glob("*.parquet")))):
        forms.append(parts)
    if len(forms) > 1:
        others = " and ".join(
            shown(files[0] if len(files) == 1 else files[0].parent, folder) for files in forms[1:]
        )
        raise _one(forms[0][0], f"expected the table once, but {others} is there too")
    return forms[0] if forms else ()


def open_parts(paths: Sequence[Path], columns: Sequence[str]) -> tuple[Part, ...]:
    """The columns of each file that are asked for and there, and its fingerprint.

    Raises `ContractError` where a file cannot be read as what its name says.
    """
    if any(path.suffix == ".csv" for path in paths):  # which is one file
        return tuple(_open_csv(path, columns) for path in paths)
    with ThreadPoolExecutor(processors()) as pool:
        known = list(pool.map(_digest, paths))
    return tuple(
        _open_parquet(path, columns, state, digest)
        for path, (state, digest) in zip(paths, known, strict=True)
    )


def open_part(path: Path, columns: Sequence[str]) -> Part:
    """The same of one file."""
    (part,) = open_parts([path], columns)
    return part


def _one(path: Path, expected: str, row: int | None = None, column: str | None = None) -> Exception:
    return ContractError([Problem(display_name(path), expected, row=row, column=column)])


# Parquet -----------------------------------------------------------------------------------


def _digest(path: Path) -> tuple[State, str]:
    """A file's state, and the SHA-256 of what it held then."""
    try:
        state = state_of(path)
        with path.open("rb") as file:
            return state, hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _one(path, f"cannot be read: {error.strerror}") from None


def _open_parquet(path: Path, columns: Sequence[str], state: State, digest: str) -> Part:
    with readable_parquet(path):
        rows = scan(path)
        stored = rows.collect_schema()
        present = [name for name in columns if name in stored]
        return Part(
            path=path,
            name=display_name(path),
            sha256=digest,
            fingerprint=digest,
            state=state,
            raw=rows.select(present),
            schema=pl.Schema({name: stored[name] for name in present}),
            header_row=None,
            first_row=1,
            in_memory=False,
        )


@contextmanager
def readable_parquet(path: Path) -> Iterator[None]:
    """Any failure to read a Parquet file inside, as a `ContractError` that names it.

    The parser's own words are dropped: they may quote what the file holds.
    """
    try:
        with quiet_panics():
            yield
    except OSError as error:
        if error.strerror is None:
            raise damaged_parquet(path) from None
        raise _one(path, f"cannot be read: {error.strerror}") from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, RuntimeError):
        raise damaged_parquet(path) from None


def damaged_parquet(path: Path) -> Exception:
    """The error for a file that is no Parquet, or no longer one."""
    return _one(path, "expected a Parquet file; it is something else, damaged or cut short")


# CSV ---------------------------------------------------------------------------------------


def _open_csv(path: Path, columns: Sequence[str]) -> Part:
    try:
        state = state_of(path)
        data = path.read_bytes()
    except OSError as error:
        raise _one(path, f"cannot be read: {error.strerror}") from None
    digest = hashlib.sha256(data).hexdigest()
    header = _header(path, data)
    present = [name for name in columns if name in header]
    if not present:
        raise _one(path, f"expected a header with the columns {', '.join(columns)}", 1)
    for name in present:
        if header.count(name) > 1:
            raise _one(path, "expected one column of this name, found several", 1, name)
    frame = _parse(path, data, present, len(header))
    # An empty line is a row to a person, and no record.
    frame = frame.with_row_index("row", offset=2)
    frame = frame.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in present))
    return Part(
        path=path,
        name=display_name(path),
        sha256=digest,
        fingerprint=digest,
        state=state,
        raw=frame.select(present).lazy(),
        schema=pl.Schema({name: pl.String() for name in present}),
        header_row=1,
        first_row=2,
        in_memory=True,
        records=frame["row"],
    )


def _header(path: Path, data: bytes) -> list[str]:
    if not data.strip():
        raise _one(path, "expected a header row; the file is empty")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:_HEAD].split(b"\n", 1)[0]:
        raise _one(path, "expected UTF-8 text; it is UTF-16, or no text at all")
    head = data[:_HEAD]
    if len(data) > _HEAD:
        head = head[: head.rfind(b"\n") + 1]
    try:
        text = head.decode("utf-8-sig")
        return next(csv.reader(io.StringIO(text, newline=""), strict=True), [])
    except UnicodeDecodeError as error:
        raise _not_utf8(path, data, error.start) from None
    except csv.Error:
        raise _one(path, "expected a header row of comma-separated names", 1) from None


def _parse(path: Path, data: bytes, present: list[str], width: int) -> pl.DataFrame:
    expected = _count_records(path, data, width)
    try:
        frame = pl.read_csv(
            data,
            columns=present,
            infer_schema=False,
            encoding="utf8",
            glob=False,
        )
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, RuntimeError):
        raise _diagnosis(path, data, width) from None
    if frame.height != expected - 1:
        raise _diagnosis(path, data, width)
    return frame.select(present)


def _count_records(path: Path, data: bytes, width: int) -> int:
    """How many records there are, header and empty lines included, each as wide as the header.

    The parser fills a short row with nulls, which is how a file that was cut short would pass.
    """
    try:
        lines = pl.read_lines(data).lazy()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        raise _diagnosis(path, data, width) from None
    line = pl.col("line")
    if b'"' in data:
        outside = line.str.replace_all(r'"[^"]*"', "")
        if lines.select(outside.str.contains('"', literal=True).any()).collect().item():
            return _count_records_slowly(path, data, width)
        line = outside
    fields = (
        pl.when(line.str.strip_chars_end("\r") == "")
        .then(width)
        .otherwise(line.str.count_matches(",", literal=True) + 1)
    )
    wrong = (
        lines.with_row_index("row", offset=1)
        .select("row", pl.len().alias("rows"), fields.alias("fields"))
        .collect()
    )
    total = wrong.height
    wrong = wrong.filter(pl.col("fields") != width)
    if wrong.height:
        raise _ragged(path, wrong.select("row", "fields").rows(), width)
    return total


def _count_records_slowly(path: Path, data: bytes, width: int) -> int:
    """The same where a quoted value goes over several lines, or a quotation mark is astray."""
    row, wrong = 0, []
    try:
        text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
        for record in csv.reader(text, strict=True):
            row += 1
            if record and len(record) != width:
                wrong.append((row, len(record)))
    except UnicodeDecodeError:
        raise _diagnosis(path, data, width) from None
    except csv.Error:
        raise _one(path, "expected quotation marks in pairs around a value", row + 1) from None
    if wrong:
        raise _ragged(path, wrong, width)
    return row


def _ragged(path: Path, rows: Sequence[tuple[int, int]], width: int) -> Exception:
    problems = [
        Problem(display_name(path), f"expected {width} values, found {fields}", row=row)
        for row, fields in rows
    ]
    return ContractError(problems[:20], len(problems))


def _diagnosis(path: Path, data: bytes, width: int) -> Exception:
    """Why a CSV could not be parsed, in our own words: the parser's may quote any column."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_utf8(path, data, error.start)
    try:
        _count_records_slowly(path, data, width)
    except ContractError as error:
        return error
    return _one(path, "expected comma-separated values; a quotation mark may be out of place")


def _not_utf8(path: Path, data: bytes, at: int) -> Exception:
    row = data.count(b"\n", 0, at) + 1
    return _one(path, "expected UTF-8 text; the file is in another encoding or damaged", row)
