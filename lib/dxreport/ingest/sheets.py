"""Raw rows of a file: text, numbers, times as they are stored, and nothing about what they mean.

This runs in a process of its own (`child`): a damaged or hostile file may end the process or
eat its memory, and what the file holds beside the wanted columns never leaves it.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

Cell = str | int | float | bool | datetime | date | time | timedelta | None

LARGEST: Final = 1 << 30
"""Bytes that an archive may hold once unpacked."""
DENSEST: Final = 500
"""How many times smaller than its content a large archive may be; spreadsheets reach 100."""
MOST_CELLS: Final = 60_000_000

_LONGEST_CELL: Final = 1 << 20
_HEAD: Final = 1 << 16
_DELIMITERS: Final = (",", ";", "\t", "|")
_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_OFFICE: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_LONGEST_TAG: Final = 4096
_ERROR: Final = re.compile(
    rb'<c\b[^>]*\bt="e"[^>]*>|<c\b[^>/]*><f\b(?:[^>]*/>|[^>]*>[^<]*</f>)(?:<v/>|<v></v>)?</c>'
)
_PLACE: Final = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


BROKEN: Final = "#VALUE!"
"""What stands for a formula without a value."""


class Unreadable(Exception):
    """A file that cannot be read; its message says what was expected. `row` where that is known."""

    def __init__(self, expected: str, row: int | None = None) -> None:
        super().__init__(expected)
        self.row = row


@dataclass(frozen=True)
class Sheet:
    """Rows in order, and the number of the first, as a person counts.

    `merged` has the corners of merged cells, counted from 0. In a `ragged` sheet a row may have
    fewer or more cells than the headings, which is how damage to a CSV shows.
    """

    name: str
    rows: Iterator[list[Cell]]
    first: int = 1
    ragged: bool = False
    merged: Sequence[tuple[tuple[int, int], tuple[int, int]]] = field(default=())


def sheets(
    path: Path, form: str, names: Sequence[str], encodings: Sequence[str], delimiter: str | None
) -> Iterator[Sheet]:
    """The sheets in which the table may be; of a CSV one for each delimiter that it may have.

    `names` are the sheets that are wanted, all where empty. Raises `Unreadable`.
    """
    if form in ("xlsx", "xls"):
        yield from _workbook(path, form, names)
    elif form == "parquet":
        yield _parquet(path)
    else:
        text = _decoded(path.read_bytes(), encodings)
        for mark in [delimiter] if delimiter else _DELIMITERS:
            yield Sheet("", _records(text, mark), ragged=True)


# Workbooks ---------------------------------------------------------------------------------


def _workbook(path: Path, form: str, names: Sequence[str]) -> Iterator[Sheet]:
    import python_calamine as calamine

    with path.open("rb") as file:
        head = file.read(512)
    broken: Mapping[str, frozenset[tuple[int, int]]] = {}
    if form == "xlsx":
        broken = _check_archive(path, head)
    elif not head.startswith(_OLE):
        raise Unreadable(f"expected a workbook of Excel 97 (.xls); {_looks_like(head)}")
    try:
        book = calamine.load_workbook(str(path))
        found = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == calamine.SheetTypeEnum.WorkSheet
        ]
    except calamine.PasswordError:
        raise Unreadable("expected a workbook without a password") from None
    except Exception:
        raise Unreadable("expected an Excel workbook; it is damaged or cut short") from None
    if names:
        wanted = [name for name in names if name in found]
        if not wanted:
            raise Unreadable(f"expected a sheet named {' or '.join(names)}; it has none")
        found = wanted[:1]
    for name in found:
        try:
            sheet = book.get_sheet_by_name(name)
            height, width = sheet.total_height, sheet.width
            merged = sheet.merged_cell_ranges or ()
            left = sheet.start[1] if sheet.start else 0
        except Exception:
            raise Unreadable("expected an Excel workbook; it is damaged or cut short") from None
        if height * width > MOST_CELLS:
            raise Unreadable(
                f"expected at most {MOST_CELLS:,} cells in a sheet, found {height:,} rows "
                f"of {width:,}"
            )
        corners = [((a, b - left), (c, d - left)) for (a, b), (c, d) in merged]
        yield Sheet(name, _rows(sheet.iter_rows(), broken.get(name), left), merged=corners)


def _rows(
    rows: Iterable[Sequence[Cell]], broken: frozenset[tuple[int, int]] | None, left: int
) -> Iterator[list[Cell]]:
    by_row: dict[int, list[int]] = {}
    for at, column in broken or ():
        by_row.setdefault(at, []).append(column - left)
    for number, cells in enumerate(rows, 1):
        row = [None if cell == "" else cell for cell in cells]
        for column in by_row.get(number, ()):
            if 0 <= column < len(row):
                row[column] = BROKEN
        yield row


def _check_archive(path: Path, head: bytes) -> Mapping[str, frozenset[tuple[int, int]]]:
    """That a file is a whole zip archive of a sensible size, with a workbook in it.

    Gives for each sheet the cells (row from 1, column from 0) whose formula has no value: the
    parser takes them for empty ones.
    """
    if not head.startswith(b"PK"):
        raise Unreadable(f"expected an Excel workbook (.xlsx); {_looks_like(head)}")
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            size = sum(part.file_size for part in parts)
            packed = max(1, path.stat().st_size)
            if size > LARGEST or (size > 1 << 26 and size > DENSEST * packed):
                raise Unreadable(
                    f"expected a workbook of at most {LARGEST >> 20:,} MB unpacked, "
                    f"found {size >> 20:,} MB in {packed:,} bytes"
                )
            if "xl/workbook.xml" not in archive.namelist():
                raise Unreadable("expected an Excel workbook (.xlsx); it is another archive")
            # Reads every part to its end, never past the size that it declares, and compares
            # checksums: a wrong byte anywhere is found here, and not in some cell.
            if archive.testzip() is not None:
                raise Unreadable("expected an Excel workbook; a part of it is damaged")
            return {name: _broken(archive, part) for name, part in _parts(archive).items()}
    except Unreadable:
        raise
    except Exception:
        raise Unreadable("expected an Excel workbook; it is damaged or cut short") from None


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The part of the archive that each sheet is in."""
    rels = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {rel.get("Id"): str(rel.get("Target")) for rel in rels}
    parts = {}
    for sheet in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter(f"{_MAIN}sheet"):
        target = targets.get(sheet.get(f"{_OFFICE}id"), "")
        part = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        if part in archive.namelist():
            parts[str(sheet.get("name"))] = part
    return parts


def _broken(archive: zipfile.ZipFile, part: str) -> frozenset[tuple[int, int]]:
    """Cells that hold an error, or a formula that was saved without its value."""
    found = set()
    rest = b""
    with archive.open(part) as file:
        while chunk := file.read(1 << 20):
            text = rest + chunk
            rest = text[-_LONGEST_TAG:]
            if b't="e"' not in text and b"</f></c>" not in text and b"<f" not in text:
                continue
            for match in _ERROR.finditer(text):
                if place := _PLACE.search(match[0].partition(b">")[0]):
                    column = 0
                    for letter in place[1]:
                        column = column * 26 + letter - 64
                    found.add((int(place[2]), column - 1))
    return frozenset(found)


def _looks_like(head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if not head:
        return "the file is empty"
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<meta", b"<div")):
        return "it is a web page: open it in a spreadsheet program and save it as .xlsx"
    if start.startswith(b"<?xml"):
        return "it is XML: open it in a spreadsheet program and save it as .xlsx"
    if head.startswith(_OLE):
        return "it is an older workbook (.xls), or has a password"
    if head.startswith(b"PK"):
        return "it is a zip archive, as an .xlsx is"
    if head.startswith(b"PAR1"):
        return "it is a Parquet file"
    if b"\0" not in head:
        return "it is text, as a CSV is"
    return "it is something else"


# Text --------------------------------------------------------------------------------------


def _decoded(data: bytes, encodings: Sequence[str]) -> str:
    if not data.strip():
        raise Unreadable("expected a table; the file is empty")
    if data.startswith((b"PK\3\4", b"PAR1", _OLE)):
        raise Unreadable(f"expected text (CSV); {_looks_like(data[:512])}")
    tried = list(encodings) or _guesses(data)
    for encoding in tried:
        try:
            text = data.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
        except (UnicodeError, ValueError) as error:
            at = getattr(error, "start", 0)
            continue
        if "\0" in text[:_HEAD]:
            raise Unreadable("expected text (CSV); it is no text, or in another encoding")
        return text.removeprefix("\ufeff")
    row = data.count(b"\n", 0, at) + 1
    raise Unreadable(
        f"expected text in {' or '.join(tried)}; another encoding is named by `encoding`", row
    )


def _guesses(data: bytes) -> list[str]:
    """UTF-8, or UTF-16 where its mark or its many zero bytes show it: one-byte encodings
    cannot be told from each other, so a mapping must name them."""
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return ["utf-32"]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ["utf-16"]
    odd, even = data[1:_HEAD:2].count(0), data[0:_HEAD:2].count(0)
    most = min(len(data), _HEAD) // 8
    if odd > most > even:
        return ["utf-16-le"]
    if even > most > odd:
        return ["utf-16-be"]
    return ["utf-8"]


def _records(text: str, delimiter: str) -> Iterator[list[Cell]]:
    csv.field_size_limit(_LONGEST_CELL)
    row = 0
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            row += 1
            yield [cell or None for cell in record]
    except csv.Error:  # Whose words may quote the row.
        raise Unreadable("expected quotation marks in pairs around a value", row + 1) from None


# Parquet -----------------------------------------------------------------------------------


def _parquet(path: Path) -> Sheet:
    """The names of the columns as row 0 would be: they are the header, and row 1 is a record."""
    from dxreport.scanning import scan

    with path.open("rb") as file:
        head = file.read(512)
    if not head.startswith(b"PAR1"):
        raise Unreadable(f"expected a Parquet file; {_looks_like(head)}")
    try:
        rows = scan(path)
        names = rows.collect_schema().names()
        return Sheet("", _parquet_rows(rows, names), first=0)
    except BaseException:
        raise Unreadable("expected a Parquet file; it is damaged or cut short") from None


def _parquet_rows(scan: object, names: list[str]) -> Iterator[list[Cell]]:
    import polars as pl

    assert isinstance(scan, pl.LazyFrame)
    yield list(names)
    try:
        for batch in scan.collect_batches(chunk_size=50_000, maintain_order=True):
            yield from map(list, batch.iter_rows())
    except BaseException:
        raise Unreadable("expected a Parquet file; it is damaged or cut short") from None
