"""Damaged exports: each gives the same rows, or says in a line what is wrong; the folder stays.

`DXREPORT_MUTATIONS=300` runs as many (the suite a few of each kind), `DXREPORT_MUTATION_SEED`
other damage; every failure prints the seed and the number of the mutation. The contract's own
tables have theirs in `test_reading_mutations`.
"""

from __future__ import annotations

import io
import os
import re
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic
from typing import Literal

import polars as pl
import pytest

from dxreport.errors import ContractError, DxError
from dxreport.ingest.mapping import MappingFile
from ingest_data import (
    CITIZENS,
    FILES,
    LISTING,
    Grid,
    content,
    grid,
    ingest,
    mapping,
    rows_of,
    write_csv,
    write_xlsx,
)

SEED = int(os.environ.get("DXREPORT_MUTATION_SEED", "20240930"))
COUNT = int(os.environ.get("DXREPORT_MUTATIONS", "0"))
LONGEST = 20.0

Effect = Literal["same", "error", "either"]


@dataclass
class Export:
    """An export to damage: its cells before it is written, its bytes after."""

    page: Grid
    random: Random
    csv: bool
    path: Path
    encoding: str = "utf-8"
    bytes_changes: list[Callable[[bytes], bytes]] = field(default_factory=list)

    @property
    def needed(self) -> list[int]:
        """The places of the columns that the mapping cannot do without."""
        wanted = mapping(self.page.table).needed()
        names = {name for spellings in wanted for name in spellings}
        return [at for at, name in enumerate(self.page.headings) if name in names]

    @property
    def times(self) -> list[int]:
        names = TIMES
        return [at for at, name in enumerate(self.page.headings) if name in names]

    def row(self) -> list[object]:
        return self.random.choice(self.page.rows)

    def write(self) -> Path:
        if self.csv:
            write_csv(self.path, self.page.all(), encoding=self.encoding)
        else:
            write_xlsx(self.path, self.page.all())
        for change in self.bytes_changes:
            self.path.write_bytes(change(self.path.read_bytes()))
        return self.path


def bytes_flipped(export: Export) -> Effect:
    def flip(data: bytes) -> bytes:
        out = bytearray(data)
        for _ in range(export.random.choice((1, 1, 3, 20))):
            out[export.random.randrange(len(out))] = export.random.randrange(256)
        return bytes(out)

    export.bytes_changes.append(flip)
    return "either"


def bytes_inserted(export: Export) -> Effect:
    def insert(data: bytes) -> bytes:
        at = export.random.randrange(len(data))
        return data[:at] + export.random.randbytes(5) + data[at:]

    export.bytes_changes.append(insert)
    return "either"


def truncated(export: Export) -> Effect:
    export.bytes_changes.append(lambda data: data[: export.random.randrange(1, len(data))])
    return "either" if export.csv else "error"


def emptied(export: Export) -> Effect:
    export.bytes_changes.append(lambda _: b"")
    return "error"


def without_rows(export: Export) -> Effect:
    export.page.rows.clear()
    return "error"


def without_headings(export: Export) -> Effect:
    export.page.headings[:] = export.page.rows[0]
    return "error"


def column_dropped(export: Export) -> Effect:
    at = export.random.choice(export.needed)
    for row in (export.page.headings, *export.page.rows):
        del row[at]
    return "error"


def column_renamed(export: Export) -> Effect:
    export.page.headings[export.random.choice(export.needed)] = "Tên khác hẳn"
    return "error"


def headings_swapped(export: Export) -> Effect:
    headings = export.page.headings
    one, two = export.random.sample(export.needed, 2)
    headings[one], headings[two] = headings[two], headings[one]
    return "either"


def column_twice(export: Export) -> Effect:
    at = export.random.choice(export.needed)
    for row in (export.page.headings, *export.page.rows):
        row.append(row[at])
    return "error"


def type_broken(export: Export) -> Effect:
    names = ("Tổng số văn bản đi", "Tổng số", *TIMES, "PhatSinhPhi")
    at = next(at for at, name in enumerate(export.page.headings) if name in names)
    export.row()[at] = export.random.choice(("x", "1,5", "NaN?", "##", "1e999", "có lẽ"))
    return "error"


TIMES = ("Ngày tiếp nhận", "NgayTiepNhan", "Ngày ban hành")


def date_impossible(export: Export) -> Effect:
    if not export.times:
        return emptied(export)
    days = ("30/02/2024", "2024-13-01", "00/00/0000", "29/02/2023", "20240931080000", "31/09/24")
    export.row()[export.times[0]] = export.random.choice(days)
    return "error"


def date_of_another_age(export: Export) -> Effect:
    if not export.times:
        return without_rows(export)
    export.row()[export.times[0]] = export.random.choice(("01/09/0204", "01/09/2924", 45_000.5))
    return "error"


def number_out_of_range(export: Export) -> Effect:
    names = ("Tổng số văn bản đi", "Tổng số")
    found = [at for at, name in enumerate(export.page.headings) if name in names]
    if not found:
        return emptied(export)
    export.row()[found[0]] = export.random.choice(("-1", "9" * 30, -5, 1.5, 1e17))
    return "error"


def rows_doubled(export: Export) -> Effect:
    export.page.rows.extend([list(row) for row in export.page.rows])
    return "error"


def row_doubled(export: Export) -> Effect:
    export.page.rows.append(list(export.row()))
    return "error"


def unit_unknown(export: Export) -> Effect:
    names = ("Tên đơn vị", "Đơn vị", "Đơn vị xử lý", "DonViXuLy", "Cơ quan ban hành")
    export.row()[export.page.column(*names)] = export.random.choice(
        ("UBND TX. Quế Vũ", "Huyện Quế Võ", "Bắc Giang", "x" * 3000, "=1+1", "🙂", "259 ")
    )
    return "either"


def key_missing(export: Export) -> Effect:
    names = ("Tên đơn vị", "Đơn vị", "Mã PAKN", "MaHoSo", "Số ký hiệu")
    export.row()[export.page.column(*names)] = export.random.choice(("", "-", " \u00a0 "))
    return "error"


def encoding_changed(export: Export) -> Effect:
    if not export.csv:
        return truncated(export)
    export.encoding = export.random.choice(("utf-16", "utf-8-sig", "utf-16-le", "utf-16-be"))
    return "same"


def encoding_unknown(export: Export) -> Effect:
    if not export.csv:
        return another_format(export)
    text = [unicodedata.normalize("NFD", str(cell)) for cell in export.page.headings]
    export.page.headings[:] = text
    export.bytes_changes.append(lambda data: data.decode().encode("cp1258", "replace"))
    return "error"


def another_format(export: Export) -> Effect:
    data = export.random.choice(
        (b"PK\3\4" + bytes(99), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), b"PAR1", b"\0")
    )
    export.bytes_changes.append(lambda _: data)
    return "error"


def wrong_extension(export: Export) -> Effect:
    """A CSV that calls itself a workbook, or the other way round; the mapping believes the name."""
    export.csv = not export.csv
    return "error"


def page_as_workbook(export: Export) -> Effect:
    export.bytes_changes.append(lambda _: b"<html><table><tr><td>1</td></tr></table></html>")
    return "error"


def zip_bomb(export: Export) -> Effect:
    if export.csv:
        return another_format(export)

    def bomb(data: bytes) -> bytes:
        out = io.BytesIO(data)
        with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/media/image1.png", bytes(200 << 20))
        return out.getvalue()

    export.bytes_changes.append(bomb)
    return "error"


def sheet_as_bomb(export: Export) -> Effect:
    """One cell in the last corner, and a parser that makes room for all the others."""
    if export.csv:
        return emptied(export)

    def far(data: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
            for part in old.infolist():
                text = old.read(part)
                if part.filename == "xl/worksheets/sheet1.xml":
                    cell = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
                    text = text.replace(b"</sheetData>", cell)
                new.writestr(part.filename, text, zipfile.ZIP_DEFLATED)
        return out.getvalue()

    export.bytes_changes.append(far)
    return "error"


def parts_missing(export: Export) -> Effect:
    if export.csv:
        return without_headings(export)

    def less(data: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
            names = [part.filename for part in old.infolist()]
            gone = export.random.choice([n for n in names if n.startswith("xl/work")])
            for name in names:
                if name != gone:
                    new.writestr(name, old.read(name))
        return out.getvalue()

    export.bytes_changes.append(less)
    return "error"


def record_below_the_end(export: Export) -> Effect:
    export.page.below.append(["", "Người lập biểu"])
    export.page.below.append(list(export.page.rows[0]))
    return "error"


def columns_in_another_order(export: Export) -> Effect:
    order = export.random.sample(range(len(export.page.headings)), len(export.page.headings))
    for row in (export.page.headings, *export.page.rows):
        row[:] = [row[at] for at in order]
    export.page.below.clear()
    return "same"


def columns_added(export: Export) -> Effect:
    export.page.headings.append("Ghi chú thêm")
    for row in export.page.rows:
        row.append(f'{CITIZENS[0]}\n, "{CITIZENS[3]}"')
    return "same"


def rows_between(export: Export) -> Effect:
    """Blank rows, the headings again, totals: what printed pages have."""
    rows = export.page.rows
    for extra in ([], list(export.page.headings), ["Tổng cộng", "", 5], ["", " ", "\u00a0"]):
        rows.insert(export.random.randrange(len(rows) + 1), extra)
    return "same"


def titles_added(export: Export) -> Effect:
    for _ in range(export.random.randrange(1, 30)):
        export.page.above.insert(0, [CITIZENS[0], CITIZENS[1]])
    return "same"


def headings_in_other_spellings(export: Export) -> Effect:
    for at, name in enumerate(export.page.headings):
        export.page.headings[at] = export.random.choice(
            (
                name.upper(),
                f" {name}\u00a0 (*)",
                unicodedata.normalize("NFD", name),
                name.replace(" ", "\n"),
                name.replace("Đ", "Ð"),
            )
        )
    return "same"


def texts_decomposed(export: Export) -> Effect:
    for row in export.page.rows:
        row[:] = [
            unicodedata.normalize("NFD", cell) if isinstance(cell, str) else cell for cell in row
        ]
    return "same"


def formulas(export: Export) -> Effect:
    """Text that a spreadsheet would run; in the columns that nobody reads."""
    at = export.page.column("Liên hệ", "Người phụ trách", "Họ tên", "ChuHoSo")
    export.row()[at] = '=HYPERLINK("http://x","y")' if not export.csv else "=cmd|' /c calc'!A1"
    return "same"


MUTATIONS: tuple[Callable[[Export], Effect], ...] = (
    bytes_flipped,
    bytes_inserted,
    truncated,
    emptied,
    without_rows,
    without_headings,
    column_dropped,
    column_renamed,
    headings_swapped,
    column_twice,
    type_broken,
    date_impossible,
    date_of_another_age,
    number_out_of_range,
    rows_doubled,
    row_doubled,
    unit_unknown,
    key_missing,
    encoding_changed,
    encoding_unknown,
    another_format,
    wrong_extension,
    page_as_workbook,
    zip_bomb,
    sheet_as_bomb,
    parts_missing,
    record_below_the_end,
    columns_in_another_order,
    columns_added,
    rows_between,
    titles_added,
    headings_in_other_spellings,
    texts_decomposed,
    formulas,
)
# In the suite each kind of damage once; an export and a format of its own for each.
EXPORTS = (*FILES, LISTING)
NUMBERS = range(COUNT or len(MUTATIONS))
CHUNK = 17


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A data folder for each export, which has its month."""
    base = tmp_path_factory.mktemp("mutations")
    folders = {name: base / ("listed" if name == LISTING else "data") for name in EXPORTS}
    for name, data in folders.items():
        ingest(write_xlsx(base / f"{name}.xlsx", grid(name).all()), data, mapping(name))
    return folders


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("first", range(0, len(NUMBERS), CHUNK))
def test_mutations(
    first: int,
    before: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    site = tmp_path / "_site" / "2024-09"
    site.mkdir(parents=True)
    (site / "index.html").write_text("published")
    for number in NUMBERS[first : first + CHUNK]:
        _mutate(number, before)
    assert content(tmp_path / "_site") == {"2024-09/index.html": b"published"}
    # Nothing speaks past the error.
    assert capfd.readouterr() == ("", "")


def _mutate(number: int, folders: dict[str, Path]) -> None:
    random = Random(f"{SEED} {number}")
    mutation = MUTATIONS[number % len(MUTATIONS)]
    table = EXPORTS[(number + number // len(MUTATIONS)) % len(EXPORTS)]
    data = folders[table]
    csv = random.random() < 0.4
    path = Path(f"export-{number}.{'csv' if csv else 'xlsx'}")
    export = Export(grid(table), random, csv, path)
    wanted: MappingFile = mapping(table, format="csv" if csv else "xlsx")
    effect = mutation(export)
    what = f"seed {SEED}, mutation {number}: {mutation.__name__} of {table}, csv {csv}"
    export.write()
    stored = content(data)
    rows = rows_of(data, wanted.table)

    begun = monotonic()
    error: DxError | None = None
    try:
        done = ingest(path, data, wanted, dry_run=True)
    except DxError as caught:
        error = caught
    except Exception as caught:
        pytest.fail(f"{what}: {caught!r}")
    took = monotonic() - begun
    if error is None:
        assert effect != "error", f"{what}: read as if nothing were wrong"
        if effect == "same":
            got = done.built.frame
            key = pl.all()
            assert got.sort(key).equals(rows.select(got.columns).sort(key)), what
    else:
        assert effect != "same", f"{what}: {error}"
        _assert_in_words(error, path, what)
    assert took < LONGEST, f"{what}: {took:.1f} s"
    assert content(data) == stored, what
    assert not list(data.parent.glob(f".{data.name}.*")), what
    path.unlink()


def _assert_in_words(error: DxError, path: Path, what: str) -> None:
    """One line a problem: the file, where in it, what was expected; nothing about a citizen."""
    for line in str(error).split("\n"):
        assert re.match(
            rf"{re.escape(str(path))}(, sheet [^,:]+)?(, row \d+( and \d+ more)?)?"
            r"(, column [^:]+)?: |"
            r"\.\.\. and \d+ more|\w+ \d{4}-\d\d: the export has",
            line,
        ), f"{what}: {line}"
        assert line.isprintable(), f"{what}: {line!r}"
        assert len(line) < 600, f"{what}: {line}"
        for text in CITIZENS:
            assert text not in unicodedata.normalize("NFC", line), f"{what}: {line}"
    if isinstance(error, ContractError):
        assert error.total >= len(error.problems), what
