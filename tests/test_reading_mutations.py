"""300 damaged data folders: each reads back the same, or says in a line what is wrong.

`DXREPORT_MUTATION_SEED` runs other damage than that of the default seed; every failure prints
the seed and the number of the mutation.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic
from typing import Literal

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from builders import SCHEMAS, Frames, small_frames, write_csv, write_folder
from dxreport.contracts import SCHEMAS as CONTRACT
from dxreport.contracts import key
from dxreport.errors import SHOWN, ContractError, DxError
from dxreport.reading import Tables, check, read_tables

SEED = int(os.environ.get("DXREPORT_MUTATION_SEED", "20240930"))
COUNT, CHUNK = 300, 25
LONGEST = 20.0

Effect = Literal["same", "error", "either"]
"""Whether a mutation leaves the tables as they were, must be found, or may be either."""


@dataclass
class Table:
    """One table of a folder, and the random choices about it."""

    name: str
    folder: Path
    random: Random
    csv: bool
    frame: pl.DataFrame

    @property
    def path(self) -> Path:
        return self.folder / f"{self.name}.{'csv' if self.csv else 'parquet'}"

    def write(self, frame: pl.DataFrame) -> None:
        if self.csv:
            write_csv(self.path, frame)
        else:
            frame.write_parquet(self.path)

    def change_bytes(self, change: Callable[[bytearray], bytes | bytearray]) -> None:
        self.path.write_bytes(change(bytearray(self.path.read_bytes())))

    def column(self, *types: type[pl.DataType]) -> str | None:
        """A column of one of the types, where the table has one."""
        names = [name for name, dtype in self.frame.schema.items() if dtype in types]
        return self.random.choice(names) if names else None

    def set_cell(self, column: str, value: object) -> None:
        """Write a value (as text in a CSV, and in a Parquet a column of text) into a row."""
        values = [_as_csv(value) for value in self.frame[column].to_list()]
        values[self.random.randrange(len(values))] = _as_csv(value)
        self.write(self.frame.with_columns(pl.Series(column, values, dtype=pl.String)))


def _as_csv(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


# The mutations: each does its damage and says what must come of it --------------------------


def bytes_flipped(table: Table) -> Effect:
    def flip(data: bytearray) -> bytearray:
        for _ in range(table.random.choice((1, 1, 2, 20))):
            data[table.random.randrange(len(data))] = table.random.randrange(256)
        return data

    table.change_bytes(flip)
    return "either"


def bytes_inserted(table: Table) -> Effect:
    def insert(data: bytearray) -> bytearray:
        at = table.random.randrange(len(data))
        data[at:at] = bytes(table.random.randrange(256) for _ in range(5))
        return data

    table.change_bytes(insert)
    return "either"


def truncated(table: Table) -> Effect:
    # A CSV that was cut between two rows is a CSV.
    table.change_bytes(lambda data: data[: table.random.randrange(1, len(data))])
    return "either" if table.csv else "error"


def emptied(table: Table) -> Effect:
    table.change_bytes(lambda _: b"")
    return "error"


def without_rows(table: Table) -> Effect:
    table.write(table.frame.clear())
    return "either" if table.name in ("targets", "baselines", "topics") else "error"


def column_dropped(table: Table) -> Effect:
    table.write(table.frame.drop(table.random.choice(table.frame.columns)))
    return "error"


def column_renamed(table: Table) -> Effect:
    name = table.random.choice(table.frame.columns)
    table.write(table.frame.rename({name: table.random.choice((f" {name}", name.upper(), "Tên"))}))
    return "error"


def columns_swapped(table: Table) -> Effect:
    one, two = table.random.sample(table.frame.columns, 2)
    table.write(table.frame.rename({one: two, two: one}))
    return "either"


def column_twice(table: Table) -> Effect:
    # Only a CSV can.
    if not table.csv:
        return column_dropped(table)
    name = table.random.choice(table.frame.columns)
    table.write(table.frame.with_columns(pl.col(name).alias("again")))
    table.change_bytes(lambda data: data.replace(b"again", name.encode(), 1))
    return "error"


def type_broken(table: Table) -> Effect:
    name = table.column(pl.Int64, pl.Boolean, pl.Date, pl.Datetime)
    if name is None:
        return column_dropped(table)
    table.set_cell(name, table.random.choice(("x", "1,5", "NaN", "có", "31/12/2024", "\0", "--")))
    return "error"


def date_impossible(table: Table) -> Effect:
    name = table.column(pl.Date, pl.Datetime)
    if name is None:
        return emptied(table)
    days = ("2024-02-30", "2024-13-01", "0000-00-00", "2023-02-29", "20240101", "2024-1-1")
    table.set_cell(name, table.random.choice(days))
    return "error"


def number_out_of_range(table: Table) -> Effect:
    name = table.column(pl.Int64)
    if name is None:
        return emptied(table)
    table.set_cell(name, table.random.choice((2**63, -(2**70), "1e400", "9" * 400)))
    return "error"


def column_of_another_type(table: Table) -> Effect:
    name = table.random.choice(table.frame.columns)
    table.write(table.frame.with_columns(pl.lit(b"\xff" if not table.csv else "?").alias(name)))
    # Any text is a name.
    return "either" if table.csv else "error"


def rows_doubled(table: Table) -> Effect:
    table.write(pl.concat([table.frame, table.frame]))
    return "error"


def row_doubled(table: Table) -> Effect:
    row = table.random.randrange(table.frame.height)
    table.write(pl.concat([table.frame, table.frame[row : row + 1]]))
    return "error"


def key_missing(table: Table) -> Effect:
    table.set_cell(table.random.choice(key(table.name)), None)
    return "error"


def encoding_changed(table: Table) -> Effect:
    if not table.csv:
        return truncated(table)
    text = table.path.read_text(encoding="utf-8")
    encoding = table.random.choice(("utf-16", "utf-16-le", "utf-32", "latin-1"))
    data = text.encode(encoding, "replace" if encoding == "latin-1" else "strict")
    table.path.write_bytes(data)
    return "either" if encoding == "latin-1" else "error"


def another_format(table: Table) -> Effect:
    """The right rows in a file of the wrong kind, or a file that is no table."""
    data = table.random.choice(
        (b"PK\3\4" + bytes(99), b"\x1f\x8b" + bytes(99), b"PAR1", b"{}", b"\0")
    )
    table.path.write_bytes(data)
    return "error"


def wrong_extension(table: Table) -> Effect:
    table.path.rename(table.folder / f"{table.name}.{'parquet' if table.csv else 'csv'}")
    return "error"


def table_missing(table: Table) -> Effect:
    table.path.unlink()
    return "either" if table.name == "topics" else "error"


def table_twice(table: Table) -> Effect:
    other = Table(table.name, table.folder, table.random, not table.csv, table.frame)
    other.write(table.frame)
    return "error"


def columns_in_another_order(table: Table) -> Effect:
    names = table.frame.columns
    table.write(table.frame.select(table.random.sample(names, len(names))))
    return "same"


def columns_added(table: Table) -> Effect:
    table.write(table.frame.with_columns(pl.lit('Nguyễn Văn A\n, "').alias("Họ và tên")))
    return "same"


def line_ends_changed(table: Table) -> Effect:
    if table.csv:
        end = table.random.choice((b"\r\n", b"\n\n"))
        table.change_bytes(lambda data: data.replace(b"\n", end))
    return "same"


def byte_order_mark(table: Table) -> Effect:
    if table.csv:
        table.change_bytes(lambda data: b"\xef\xbb\xbf" + data)
    return "same"


def decomposed(table: Table) -> Effect:
    table.write(table.frame.with_columns(pl.col(pl.String).str.normalize("NFD")))
    return "same"


def rewritten(table: Table) -> Effect:
    """Every value as text, which a Parquet may hold too."""
    text = {
        name: [_as_csv(value) for value in table.frame[name].to_list()]
        for name in table.frame.columns
    }
    table.write(pl.DataFrame(text, schema=dict.fromkeys(text, pl.String)))
    return "same"


MUTATIONS: tuple[Callable[[Table], Effect], ...] = (
    bytes_flipped,
    bytes_inserted,
    truncated,
    emptied,
    without_rows,
    column_dropped,
    column_renamed,
    columns_swapped,
    column_twice,
    type_broken,
    date_impossible,
    number_out_of_range,
    column_of_another_type,
    rows_doubled,
    row_doubled,
    key_missing,
    encoding_changed,
    another_format,
    wrong_extension,
    table_missing,
    table_twice,
    columns_in_another_order,
    columns_added,
    line_ends_changed,
    byte_order_mark,
    decomposed,
    rewritten,
)


@pytest.mark.parametrize("first", range(0, COUNT, CHUNK))
def test_mutations(
    first: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(first, first + CHUNK):
        _mutate_and_read(number, Path(f"data-{number}"))
    # Nothing speaks past the error: no traceback, no backtrace of polars.
    assert capfd.readouterr() == ("", "")


def _mutate_and_read(number: int, folder: Path) -> None:
    random = Random(f"{SEED} {number}")
    mutation = MUTATIONS[number % len(MUTATIONS)]
    csv = random.random() < 0.6
    frames = small_frames(random.randrange(1_000))
    write_folder(folder, frames, "csv" if csv else "parquet")
    name = random.choice(list(SCHEMAS))
    effect = mutation(Table(name, folder, random, csv, frames[name]))
    what = f"seed {SEED}, mutation {number}: {mutation.__name__} of {name}, csv {csv}"
    files = {path: path.read_bytes() for path in folder.iterdir()}

    begun = monotonic()
    error: DxError | None = None
    try:
        tables = read_tables(folder, folder / "none")
        check(tables, None)
    except DxError as caught:
        error = caught
    except Exception as caught:
        pytest.fail(f"{what}: {caught!r}")
    if error is None:
        assert effect != "error", f"{what}: read as if nothing were wrong"
        _assert_right(tables, frames, effect == "same", what)
    else:
        assert effect != "same", f"{what}: {error}"
        _assert_in_words(error, what)
    assert monotonic() - begun < LONGEST, what
    assert {path: path.read_bytes() for path in folder.iterdir()} == files, what


def _assert_in_words(error: DxError, what: str) -> None:
    """One line a problem, each naming a file, a reason, and where it is."""
    assert isinstance(error, ContractError), what
    lines = str(error).split("\n")
    assert 1 <= len(lines) <= SHOWN + 1, what
    assert error.total >= len(error.problems), what
    for line in lines:
        assert re.match(
            r"data-\d+/(none/)?\w+\.(csv|parquet)(, row \d+)?(, column [\w+ ]+)?: |\.\.\. and ",
            line,
        ), f"{what}: {line}"
        assert line.isprintable(), f"{what}: {line!r}"
        assert "Nguyễn" not in line, what
        assert len(line) < 400, f"{what}: {line}"


def _assert_right(tables: Tables, frames: Frames, same: bool, what: str) -> None:
    """The tables are the ones that were written, or at least ones that keep the contract."""
    read: Frames = {}
    for name in SCHEMAS:
        table = getattr(tables, name)
        read[name] = table.collect() if isinstance(table, pl.LazyFrame) else table
    units = read["units"]
    for name, table in read.items():
        assert dict(table.schema) == SCHEMAS[name], what
        CONTRACT[name].validate(table)
        if "unit_id" in table.columns:
            assert table.join(units, on="unit_id", how="anti").is_empty(), what
        for column in table.select(pl.col(pl.String)).iter_columns():
            text = "".join(column.drop_nulls())
            assert unicodedata.is_normalized("NFC", text), what
        if same:
            assert_frame_equal(table, frames[name], check_exact=True, check_column_order=False)
