"""Reading a data folder: what is right reads back the same, what is wrong says where."""

from __future__ import annotations

import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from builders import SCHEMAS, Format, Frames, Row, frame, small_folder, write_csv, write_folder
from dxreport import rehearsal
from dxreport.aside import aside
from dxreport.errors import SHOWN, ContractError, DxError, UsageError
from dxreport.periods import Month
from dxreport.reading import Dataset, Tables, check, read_tables
from dxreport.reading.panics import quiet_panics
from dxreport.vi import TURNING
from test_contracts import RIGHT, UNIT

CANARY = "Nguyễn Văn Canary 0912345678"
FACTS = ("documents", "e_copies", "pakn", "procedures")


def tiny(**changed: list[Row]) -> Frames:
    """One right row a table (and a commune besides), but for the tables that are given."""
    rows: dict[str, list[Row]] = {table: [row] for table, row in RIGHT.items()}
    rows["units"] = [
        UNIT,
        {**UNIT, "unit_id": "09163", "name": "Phường Vũ Ninh", "level": "commune"},
        {**UNIT, "unit_id": "HCC", "name": "Trung tâm HCC", "kind": "service_centre"},
    ]
    return {table: frame(table, {**rows, **changed}[table]) for table in SCHEMAS}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A right folder of tiny CSV tables, named as a user in the folder above would."""
    write_folder(tmp_path / "data", tiny())
    monkeypatch.chdir(tmp_path)
    return Path("data")


@pytest.fixture
def nothing(tmp_path: Path) -> Path:
    """A reference folder with nothing in it."""
    path = tmp_path / "reference"
    path.mkdir()
    return path


def frames_of(tables: Tables) -> Frames:
    lazy = {name: getattr(tables, name) for name in SCHEMAS}
    return {n: t.collect() if isinstance(t, pl.LazyFrame) else t for n, t in lazy.items()}


def assert_same(tables: Tables, frames: Frames) -> None:
    for name, table in frames_of(tables).items():
        assert_frame_equal(table, frames[name], check_exact=True)


def lines_of(folder: Path, reference: Path) -> list[str]:
    """The lines of the error that reading a folder gives."""
    with pytest.raises(ContractError) as raised:
        read_tables(folder, reference)
    assert raised.value.exit_status == 1
    return str(raised.value).split("\n")


def edit(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8", newline="")


# What is right -----------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from(("csv", "parquet", "parts")))
def test_a_written_folder_reads_back_the_same(seed: int, fmt: Format) -> None:
    with TemporaryDirectory() as name:
        made = small_folder(Path(name), seed, fmt)
        tables = read_tables(made.path, made.path / "none")
        assert_same(tables, made.frames)
        rows = dict.fromkeys(SCHEMAS, 0)
        for source in tables.sources:
            rows[source.table] += source.rows
        assert rows == {table: made.frames[table].height for table in SCHEMAS}
        assert tables.dataset.synthetic


# Marks that turn the direction of writing are left out where a table is read.
MARKS = "".join(chr(c) for c in range(0x061C, 0x206A) if re.fullmatch(TURNING, chr(c)))
CHARACTERS = st.characters(exclude_categories=("Cc", "Cs", "Cn"), exclude_characters=MARKS)
TEXT = st.text(CHARACTERS, min_size=1).map(lambda text: unicodedata.normalize("NFC", text))
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31))


@settings(max_examples=40)
@given(
    st.lists(st.tuples(TEXT, TIMES), min_size=1, max_size=8, unique_by=lambda pair: pair[0]),
    st.sampled_from(("csv", "parquet")),
)
def test_any_text_and_any_time_read_back_the_same(
    pairs: list[tuple[str, datetime]], fmt: Format
) -> None:
    rows = [
        {**RIGHT["pakn"], "pakn_id": text, "topic": text, "received_at": at, "resolved_at": at}
        for text, at in pairs
    ]
    frames = tiny(pakn=rows)
    with TemporaryDirectory() as name:
        write_folder(Path(name), frames, fmt)
        assert_same(read_tables(Path(name), Path(name)), frames)


HARMLESS: dict[str, Callable[[str], str]] = {
    "a byte order mark": lambda text: "\ufeff" + text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "empty lines": lambda text: text.replace("\n", "\n\n") + "\n\n",
    "no last line break": lambda text: text.rstrip("\n"),
    "NFD": lambda text: unicodedata.normalize("NFD", text),
    "all quoted": lambda text: re.sub(r"[^,\n]+", lambda cell: f'"{cell[0]}"', text),
    "more columns": lambda text: re.sub(r"(?m)^(.+)$", rf"\1,{CANARY}", text),
    "columns in another order": lambda text: "".join(
        ",".join(reversed(line.split(","))) + "\n" for line in text.splitlines()
    ),
    "a space in a time": lambda text: re.sub(r"(\d)T(\d\d:)", r"\1 \2", text),
    "no seconds": lambda text: re.sub(r"(T\d\d:\d\d):00", r"\1", text),
    "fractions": lambda text: re.sub(r"(T\d\d:\d\d:\d\d)", r"\1.000", text),
    "decimal points": lambda text: re.sub(r"(?m)(?<=[,])(\d{1,2})(?=,|$)", r"\1.0", text),
}


@pytest.mark.parametrize("change", HARMLESS)
def test_what_does_not_matter_in_a_csv(folder: Path, nothing: Path, change: str) -> None:
    for path in folder.glob("*.csv"):
        edit(path, HARMLESS[change])
    assert_same(read_tables(folder, nothing), tiny())


def test_a_time_may_be_a_date(folder: Path, nothing: Path) -> None:
    edit(folder / "procedures.csv", lambda text: text.replace("T08:00:00", ""))
    row = frames_of(read_tables(folder, nothing))["procedures"].row(0, named=True)
    assert row["received_at"] == datetime(2024, 9, 1)


STORED: dict[str, tuple[str, pl.Expr]] = {
    "narrow integers": ("documents", pl.col("outgoing", "signed_from_work_file").cast(pl.UInt8)),
    "wide integers": ("documents", pl.col("outgoing").cast(pl.UInt64)),
    "whole floats": ("documents", pl.col("outgoing").cast(pl.Float64)),
    "whole decimals": ("documents", pl.col("outgoing").cast(pl.Decimal(9, 2))),
    "text for integers": ("documents", pl.col("outgoing").cast(pl.String)),
    "text for times": ("pakn", pl.col("received_at").dt.to_string("%Y-%m-%dT%H:%M:%S")),
    "text for booleans": ("procedures", pl.col("fee_due", "filed_online").cast(pl.String)),
    "text for dates": ("units", pl.col("valid_from").cast(pl.String)),
    "empty text for null": ("units", pl.lit("").alias("parent_id")),
    "times for dates": ("targets", pl.col("valid_from", "due").cast(pl.Datetime("ns"))),
    "milliseconds": ("pakn", pl.col("received_at", "resolved_at").cast(pl.Datetime("ms"))),
    "nanoseconds": ("pakn", pl.col("received_at", "resolved_at").cast(pl.Datetime("ns"))),
    "categories": ("pakn", pl.col("kind", "topic").cast(pl.Categorical)),
    "an enumeration": ("pakn", pl.col("kind").cast(pl.Enum(["field", "procedure"]))),
    "nothing but nulls": ("pakn", pl.lit(None).alias("due_at")),
    "float percentages": ("targets", pl.col("minimum").cast(pl.Float64)),
    "integer percentages": ("targets", pl.col("minimum").cast(pl.Int16)),
    "decimal percentages": ("targets", pl.col("minimum").cast(pl.Decimal(5, 2))),
    "text in NFD": ("units", pl.col("name").str.normalize("NFD")),
    "UTC": (
        "pakn",
        pl.col("received_at", "resolved_at")
        .dt.replace_time_zone("Asia/Ho_Chi_Minh")
        .dt.convert_time_zone("UTC"),
    ),
    "another zone": (
        "pakn",
        pl.col("received_at")
        .dt.replace_time_zone("Asia/Ho_Chi_Minh")
        .dt.convert_time_zone("America/New_York"),
    ),
}


@pytest.mark.parametrize("stored", STORED)
def test_what_does_not_matter_in_a_parquet(tmp_path: Path, nothing: Path, stored: str) -> None:
    frames = tiny()
    table, change = STORED[stored]
    written = frames[table].with_columns(change)
    assert written.schema != frames[table].schema or not written.equals(frames[table])
    write_folder(tmp_path / "data", {**frames, table: written}, "parquet")
    assert_same(read_tables(tmp_path / "data", nothing), frames)


@pytest.mark.parametrize(
    ("written", "read"),
    [("90", "90"), ("090.50", "90.5"), ("0.0", "0"), ("33.3", "33.3"), ("100.0", "100")],
)
def test_percentages_are_exact_text(folder: Path, nothing: Path, written: str, read: str) -> None:
    edit(folder / "targets.csv", lambda text: text.replace(",60,", f",{written},"))
    assert read_tables(folder, nothing).targets["minimum"].to_list() == [read]


@pytest.mark.parametrize("dtype", [pl.Float32, pl.Float64])
def test_a_float_percentage_is_what_its_writer_wrote(
    tmp_path: Path, nothing: Path, dtype: type[pl.DataType]
) -> None:
    values = pl.Series("value", [38.57], dtype=dtype)
    frames = tiny()
    baselines = frames["baselines"].with_columns(values)
    write_folder(tmp_path / "data", {**frames, "baselines": baselines}, "parquet")
    assert read_tables(tmp_path / "data", nothing).baselines["value"].to_list() == ["38.57"]


def test_reference_tables_come_from_the_reference_folder(folder: Path, tmp_path: Path) -> None:
    reference = tmp_path / "reference"
    reference.mkdir()
    for table in ("units", "targets", "baselines", "topics"):
        (folder / f"{table}.csv").rename(reference / f"{table}.csv")
    tables = read_tables(folder, reference)
    assert_same(tables, tiny())
    origins = {source.table: source.origin for source in tables.sources}
    assert origins == {table: "data" if table in FACTS else "reference" for table in SCHEMAS}


def test_the_folder_goes_before_the_reference(folder: Path, tmp_path: Path) -> None:
    reference = tmp_path / "reference"
    write_folder(reference, tiny(topics=[{"topic": "land", "name": "Another"}]))
    assert read_tables(folder, reference).topics["name"].to_list() == ["Đất đai"]


def test_topics_may_be_missing(folder: Path, nothing: Path) -> None:
    (folder / "topics.csv").unlink()
    topics = read_tables(folder, nothing).topics
    assert topics.is_empty()
    assert topics.schema == SCHEMAS["topics"]


def test_sources_and_fingerprint_change_with_the_contents_only(folder: Path, nothing: Path) -> None:
    before = read_tables(folder, nothing)
    shutil.copytree(folder, "elsewhere")
    assert read_tables(Path("elsewhere"), nothing).fingerprint == before.fingerprint
    assert all(re.fullmatch(r"[0-9a-f]{64}", source.sha256) for source in before.sources)
    edit(folder / "topics.csv", lambda text: text.replace("land", "sand"))
    after = read_tables(folder, nothing)
    assert after.fingerprint != before.fingerprint
    changed = {
        new.table
        for old, new in zip(before.sources, after.sources, strict=True)
        if old.sha256 != new.sha256
    }
    assert changed == {"topics"}


def test_fact_tables_of_parquet_stay_scans_of_the_contract_columns(
    tmp_path: Path, nothing: Path
) -> None:
    frames = tiny()
    frames["pakn"] = frames["pakn"].with_columns(pl.lit(CANARY).alias("citizen"))
    write_folder(tmp_path / "data", frames, "parquet")
    plan = read_tables(tmp_path / "data", nothing).pakn
    assert "Parquet SCAN" in plan.explain()
    assert "citizen" not in plan.collect_schema()
    assert "citizen" not in plan.explain()


def test_a_scan_is_of_its_file_wherever_it_is_collected(
    tmp_path: Path, nothing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "data", tiny(), "parquet")
    monkeypatch.chdir(tmp_path)
    tables = read_tables(Path("data"), nothing)
    monkeypatch.chdir("/")
    assert tables.pakn.collect().height > 0


@pytest.mark.parametrize(
    ("text", "dataset"),
    [
        (None, Dataset()),
        ("", Dataset()),
        ("title: Thử\nsynthetic: true\nnote: n\n", Dataset("Thử", True, "n")),
    ],
)
def test_dataset(folder: Path, nothing: Path, text: str | None, dataset: Dataset) -> None:
    if text is not None:
        (folder / "dataset.yml").write_text(text, encoding="utf-8")
    assert read_tables(folder, nothing).dataset == dataset


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "dataset.yml: expected the keys title, synthetic and note"),
        ("titel: x", "dataset.yml: expected the keys title, synthetic, note, found 'titel'"),
        ("synthetic: maybe", "dataset.yml: `synthetic`: expected true or false, found 'maybe'"),
        ("title: 5", "dataset.yml: `title`: expected text, found 5"),
    ],
)
def test_dataset_that_says_something_else(
    folder: Path, nothing: Path, text: str, message: str
) -> None:
    (folder / "dataset.yml").write_text(text, encoding="utf-8")
    with pytest.raises(DxError) as raised:
        read_tables(folder, nothing)
    assert str(raised.value) == message


# What is wrong, by value -------------------------------------------------------------------

OF_TIME = "expected a local date and time, YYYY-MM-DDTHH:MM:SS"

CELLS: list[tuple[str, str, str, str]] = [
    ("documents", "outgoing", "many", "expected a whole number"),
    ("documents", "outgoing", "10.5", "expected a whole number"),
    ("documents", "outgoing", "1e3", "expected a whole number"),
    ("documents", "outgoing", "1.298,0", ""),
    ("documents", "outgoing", "99999999999999999999", "expected a whole number"),
    ("documents", "outgoing", "-1", "expected 0 or more"),
    ("documents", "outgoing", "", "expected a value"),
    ("documents", "outgoing", "9", ""),
    ("documents", "month", "2024-13", "expected a month, YYYY-MM"),
    ("documents", "month", "9/2024", "expected a month, YYYY-MM"),
    ("e_copies", "certified", "٣", "expected a whole number"),
    ("pakn", "received_at", "2024-02-30T08:00:00", OF_TIME),
    ("pakn", "received_at", "01/09/2024 08:00", OF_TIME),
    ("pakn", "received_at", "2024-09-01T24:00:00", OF_TIME),
    ("pakn", "received_at", "2024-09-01T08:00:60", OF_TIME),
    ("pakn", "received_at", "2024-09-01T08:00:00Z", OF_TIME),
    ("pakn", "received_at", "0024-09-01", "expected a time between 1900 and 2199"),
    ("pakn", "rating", "9", "expected a whole number from 1 to 5, or empty"),
    ("pakn", "rating", "tốt", "expected a whole number"),
    ("pakn", "kind", "FIELD", "expected one of field, procedure, enterprise"),
    (
        "pakn",
        "resolved_at",
        "2024-08-31T08:00:00",
        "expected a time not before received_at (2024-09-01T08:00:00)",
    ),
    ("procedures", "fee_due", "yes", "expected true or false"),
    ("procedures", "fee_due", "True", "expected true or false"),
    ("procedures", "paid_online", "true", "expected false or empty, as fee_due is false"),
    ("units", "valid_from", "2024-09-31", "expected a date, YYYY-MM-DD"),
    ("units", "valid_from", "2024-09-01T00:00", "expected a date, YYYY-MM-DD"),
    ("units", "order", "first", "expected a whole number"),
    ("targets", "minimum", "90%", "expected a decimal number, such as 90 or 38.57"),
    ("targets", "minimum", "90,5", ""),
    ("targets", "minimum", "101", "expected a percentage from 0 to 100"),
    ("baselines", "value", "-0.1", "expected a percentage from 0 to 100"),
    ("baselines", "as_of", "2023-06", "expected a date, YYYY-MM-DD"),
]


@pytest.mark.parametrize(
    ("table", "column", "value", "expected"), [cell for cell in CELLS if cell[3]]
)
def test_a_wrong_cell_of_a_csv_is_named(
    folder: Path, nothing: Path, table: str, column: str, value: str, expected: str
) -> None:
    row = _set_cell(folder / f"{table}.csv", column, value)
    line = f"data/{table}.csv, row {row}, column {column}: {value!r}: {expected}"
    assert line in lines_of(folder, nothing)


def _set_cell(path: Path, column: str, value: str) -> int:
    """Write a value into the table's last row; give the row as a person counts."""
    table = pl.read_csv(path, infer_schema=False)
    values = [*table[column].to_list()[:-1], value]
    write_csv(path, table.with_columns(pl.Series(column, values, dtype=pl.String)))
    return table.height + 1


def test_a_time_without_its_minutes_is_no_time(folder: Path, nothing: Path) -> None:
    edit(folder / "pakn.csv", lambda text: text.replace("T08:00:00", "T08"))
    assert len(lines_of(folder, nothing)) == 2


def test_several_wrong_things_come_in_the_order_of_rows(folder: Path, nothing: Path) -> None:
    rows = [
        {**RIGHT["pakn"], "pakn_id": "P1", "rating": 7},
        {**RIGHT["pakn"], "pakn_id": "P2"},
        {**RIGHT["pakn"], "pakn_id": "P3", "resolved_at": None},
        {**RIGHT["pakn"], "pakn_id": "P1", "kind": "x"},
    ]
    write_csv(folder / "pakn.csv", frame("pakn", rows))
    assert lines_of(folder, nothing) == [
        "data/pakn.csv, row 2, column rating: '7': expected a whole number from 1 to 5, or empty",
        "data/pakn.csv, row 4, column rating: '5': expected empty, as resolved_at is empty",
        "data/pakn.csv, row 5, column kind: 'x': expected one of field, procedure, enterprise",
        "data/pakn.csv, row 5, column pakn_id: 'P1': expected a key that occurs once; "
        "it is in row 2 too",
    ]


def test_rows_are_counted_with_empty_lines_and_headers(folder: Path, nothing: Path) -> None:
    edit(folder / "pakn.csv", lambda text: text.replace("\n", "\n\n\n").replace(",5\n", ",6\n"))
    assert lines_of(folder, nothing)[0].startswith("data/pakn.csv, row 4, column rating: '6'")


def test_a_parquet_has_no_header_row(tmp_path: Path, nothing: Path) -> None:
    frames = tiny(documents=[RIGHT["documents"], {**RIGHT["documents"], "month": "2024-10"}])
    frames["documents"] = frames["documents"].with_columns(
        pl.Series("outgoing", [10, 9]), pl.lit("2024-09").alias("month")
    )
    write_folder(tmp_path / "data", frames, "parquet")
    lines = [
        line.partition("documents.parquet, ")[2] for line in lines_of(tmp_path / "data", nothing)
    ]
    assert lines == [
        "row 2, column signed_from_work_file: '10': expected at most outgoing (9)",
        "row 2, column unit_id + month: '256, 2024-09': expected a key that occurs once; "
        "it is in row 1 too",
    ]


def test_the_first_twenty_and_a_count(folder: Path, nothing: Path) -> None:
    rows = [{**RIGHT["pakn"], "pakn_id": f"P{n}", "rating": 9} for n in range(50)]
    write_csv(folder / "pakn.csv", frame("pakn", rows))
    lines = lines_of(folder, nothing)
    assert len(lines) == SHOWN + 1
    assert lines[0].startswith("data/pakn.csv, row 2, ")
    assert lines[-1] == "... and 30 more"


def test_doubled_rows_are_all_counted(folder: Path, nothing: Path) -> None:
    rows = [{**RIGHT["pakn"], "pakn_id": f"P{n}"} for n in range(30)]
    write_csv(folder / "pakn.csv", frame("pakn", rows + rows))
    lines = lines_of(folder, nothing)
    assert lines[0].startswith("data/pakn.csv, row 32, column pakn_id: 'P0'")
    assert lines[-1] == "... and 10 more"


def test_the_same_key_in_two_parts(tmp_path: Path, nothing: Path) -> None:
    write_folder(tmp_path / "data", tiny(pakn=[RIGHT["pakn"]] * 2), "parts")
    (line,) = lines_of(tmp_path / "data", nothing)
    assert re.search(
        r"pakn/part-2\.parquet, row 1, column pakn_id: 'P1': .*/pakn/part-1\.parquet, row 1 too$",
        line,
    )


# What is wrong with units ------------------------------------------------------------------


def test_an_unknown_unit_comes_with_the_nearest(folder: Path, nothing: Path) -> None:
    row = _set_cell(folder / "pakn.csv", "unit_id", "Phường Vũ Linh")
    (line,) = lines_of(folder, nothing)
    assert line.startswith(f"data/pakn.csv, row {row}, column unit_id: 'Phường Vũ Linh': expected")
    assert "nearest: 09163 (Phường Vũ Ninh), " in line


@pytest.mark.parametrize("table", FACTS)
def test_a_unit_that_is_not_valid_then(folder: Path, nothing: Path, table: str) -> None:
    units = [{**UNIT, "valid_from": date(2024, 10, 1), "valid_to": date(2024, 12, 31)}]
    write_csv(folder / "units.csv", frame("units", units))
    time = {"documents": "2024-09", "e_copies": "2024-09"}.get(table, "2024-09-01T08:00:00")
    assert (
        f"data/{table}.csv, row 2, column unit_id: '256': expected a unit that is valid at "
        f"{time} (it is valid 2024-10-01 to 2024-12-31)"
    ) in lines_of(folder, nothing)


def test_one_row_among_many_of_a_unit_that_has_ended(folder: Path, nothing: Path) -> None:
    write_csv(folder / "units.csv", frame("units", [{**UNIT, "valid_to": date(2024, 9, 1)}]))
    rows = [
        {**RIGHT["pakn"], "pakn_id": f"P{day}", "received_at": datetime(2024, 8 + day // 9, 1)}
        for day in range(1, 10)
    ]
    rows.append({**rows[0], "pakn_id": "late", "received_at": datetime(2024, 9, 2)})
    rows[-1]["resolved_at"] = datetime(2024, 9, 2)
    write_csv(folder / "pakn.csv", frame("pakn", rows))
    (line,) = lines_of(folder, nothing)
    assert line.startswith("data/pakn.csv, row 11, column unit_id: '256'")


def test_a_unit_that_ends_within_a_month_has_its_rows_until_then(
    folder: Path, nothing: Path
) -> None:
    ended = {**UNIT, "valid_from": date(2024, 8, 10), "valid_to": date(2024, 9, 15)}
    write_csv(folder / "units.csv", frame("units", [ended]))
    times = (datetime(2024, 8, 10), datetime(2024, 9, 15, 23, 59, 59))
    rows = [
        {
            **RIGHT["pakn"],
            "pakn_id": f"P{n}",
            "received_at": time,
            "resolved_at": None,
            "rating": None,
        }
        for n, time in enumerate(times)
    ]
    write_csv(folder / "pakn.csv", frame("pakn", rows))
    assert read_tables(folder, nothing).pakn.collect().height == 2


def test_a_parent_that_is_not_there(folder: Path, nothing: Path) -> None:
    commune = {**UNIT, "unit_id": "09163", "level": "commune", "parent_id": "999"}
    write_csv(folder / "units.csv", frame("units", [UNIT, commune]))
    assert lines_of(folder, nothing) == [
        "data/units.csv, row 3, column parent_id: '999': expected the unit_id of a unit in "
        "this table"
    ]


# What is wrong with files ------------------------------------------------------------------


def test_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"^nowhere: there is no such data folder$"):
        read_tables(Path("nowhere"), nothing)
    Path("file").touch()
    with pytest.raises(UsageError, match=r"^file: expected a data folder, found a file$"):
        read_tables(Path("file"), nothing)
    Path("empty").mkdir()
    with pytest.raises(DxError, match=r"^empty: the data folder is empty; it must hold documents"):
        read_tables(Path("empty"), nothing)


@pytest.mark.parametrize("table", [table for table in SCHEMAS if table != "topics"])
def test_a_missing_table(folder: Path, nothing: Path, table: str) -> None:
    (folder / f"{table}.csv").unlink()
    # Reference tables are looked for in both folders; they are at home in the reference.
    missing, other = f"data/{table}.parquet", f"{table}.csv"
    if table in ("units", "targets", "baselines"):
        missing, other = f"reference/{table}.csv", f"{table}.parquet"
    assert lines_of(folder, nothing) == [
        f"{missing}: expected this table, or {other}; the folder has neither"
    ]


@pytest.mark.parametrize("table", ["targets", "baselines", "topics"])
def test_a_table_that_may_have_its_header_alone(folder: Path, nothing: Path, table: str) -> None:
    path = folder / f"{table}.csv"
    path.write_bytes(path.read_bytes().split(b"\n")[0] + b"\n")
    assert getattr(read_tables(folder, nothing), table).is_empty()


@pytest.mark.parametrize(
    ("table", "column"), [(table, name) for table, schema in SCHEMAS.items() for name in schema]
)
def test_a_missing_column(folder: Path, nothing: Path, table: str, column: str) -> None:
    path = folder / f"{table}.csv"
    frames = tiny()
    write_csv(path, frames[table].drop(column))
    missing = "expected a column of this name, found none"
    line = f"data/{table}.csv, row 1, column {column}: {missing}"
    assert line in lines_of(folder, nothing)
    path.unlink()
    frames[table].rename({column: column.upper()}).write_parquet(folder / f"{table}.parquet")
    line = f"data/{table}.parquet, column {column}: {missing}"
    assert line in lines_of(folder, nothing)


@pytest.mark.parametrize(
    ("column", "values", "shown"),
    [
        ("unit_id", [256], "'Int64': expected text; the column's type is another"),
        ("rating", [True], "'Boolean': expected a whole number; the column's type is another"),
        (
            "received_at",
            [1725177600],
            "'Int64': expected a local date and time, YYYY-MM-DDTHH:MM:SS; "
            "the column's type is another",
        ),
        ("topic", [["land"]], "'List(String)': expected text; the column's type is another"),
        ("topic", [b"land"], "'Binary': expected text; the column's type is another"),
    ],
)
def test_a_column_of_the_wrong_type(
    tmp_path: Path, nothing: Path, column: str, values: list[object], shown: str
) -> None:
    frames = tiny()
    frames["pakn"] = frames["pakn"].with_columns(pl.Series(column, values))
    write_folder(tmp_path / "data", frames, "parquet")
    (line,) = lines_of(tmp_path / "data", nothing)
    assert line.endswith(f"pakn.parquet, column {column}: {shown}")


@pytest.mark.parametrize(
    ("table", "values", "line"),
    [
        ("documents", pl.Series("outgoing", [10.5]), "'10.5': expected a whole number"),
        ("documents", pl.Series("outgoing", [float("nan")]), "'NaN': expected a whole number"),
        ("documents", pl.Series("outgoing", [float("inf")]), "'inf': expected a whole number"),
        (
            "documents",
            pl.Series("outgoing", [2**64 - 1], dtype=pl.UInt64),
            "'18446744073709551615': expected a whole number",
        ),
        (
            "targets",
            pl.Series("minimum", [float("nan")]),
            "'NaN': expected a decimal number, such as 90 or 38.57",
        ),
        (
            "targets",
            pl.Series("due", [datetime(2024, 1, 1, 8)]),
            "'2024-01-01T08:00:00': expected a date, YYYY-MM-DD",
        ),
        (
            "pakn",
            pl.Series("received_at", [2**62]).cast(pl.Datetime("us")),
            "'+148108-07-06T14:00:27.387904': expected a time between 1900 and 2199",
        ),
    ],
)
def test_a_wrong_value_of_a_parquet_is_named(
    tmp_path: Path, nothing: Path, table: str, values: pl.Series, line: str
) -> None:
    frames = tiny()
    frames[table] = frames[table].with_columns(values)
    write_folder(tmp_path / "data", frames, "parquet")
    lines = lines_of(tmp_path / "data", nothing)
    assert any(
        got.endswith(f"{table}.parquet, row 1, column {values.name}: {line}") for got in lines
    )


NOT_PARQUET = (
    "data/pakn.parquet: expected a Parquet file; it is something else, damaged or cut short"
)


@pytest.mark.parametrize(
    "change",
    [
        lambda _: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: data[4:],
        lambda _: b"pakn_id,unit_id\n",
        lambda data: data[:-8] + b"\xff\xff\xff\x7fPAR1",
    ],
)
def test_no_parquet_at_all(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    nothing: Path,
    change: Callable[[bytes], bytes],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_folder(Path("data"), tiny(), "parquet")
    path = Path("data/pakn.parquet")
    path.write_bytes(change(path.read_bytes()))
    assert lines_of(Path("data"), nothing) == [NOT_PARQUET]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda _: b"", ": expected a header row; the file is empty"),
        (lambda _: b"\n \n", ": expected a header row; the file is empty"),
        (
            lambda data: data.split(b"\n")[0] + b"\n",
            ": expected at least one row, found none",
        ),
        (
            lambda data: data.decode().encode("utf-16"),
            ": expected UTF-8 text; it is UTF-16, or no text at all",
        ),
        (
            lambda data: data.decode().encode("utf-16-le"),
            ": expected UTF-8 text; it is UTF-16, or no text at all",
        ),
        (
            lambda data: data.replace(b"Th", b"\xe9"),
            ", row 2: expected UTF-8 text; the file is in another encoding or damaged",
        ),
        (
            lambda data: data.replace(b",", b";"),
            ", row 1: expected a header with the columns unit_id, name, short_name, level, kind, "
            "parent_id, order, valid_from, valid_to",
        ),
        (lambda data: data[:-12], ", row 4: expected 9 values, found 5"),
        (lambda data: data.replace(b"256,", b"256,,"), ", row 2: expected 9 values, found 10"),
        (
            lambda data: data.replace(b"256,", b'256,"'),
            ", row 2: expected quotation marks in pairs around a value",
        ),
        (
            lambda data: data.replace(b"short_name", b"name"),
            ", row 1, column name: expected one column of this name, found several",
        ),
    ],
)
def test_no_table_at_all_in_a_csv(
    folder: Path, nothing: Path, change: Callable[[bytes], bytes], line: str
) -> None:
    path = folder / "units.csv"
    path.write_bytes(change(path.read_bytes()))
    assert lines_of(folder, nothing) == [f"data/units.csv{line}"]


def test_quoted_line_breaks_do_not_hide_a_short_row(folder: Path, nothing: Path) -> None:
    edit(
        folder / "topics.csv",
        lambda _: 'topic,name,more\nland,Đất đai,"a\nb, ""c"""\nsand,Cát\n',
    )
    assert lines_of(folder, nothing) == ["data/topics.csv, row 3: expected 3 values, found 2"]
    edit(folder / "topics.csv", lambda text: text.replace("Cát", "Cát,"))
    assert read_tables(folder, nothing).topics["topic"].to_list() == ["land", "sand"]


def test_a_table_in_two_forms(folder: Path, nothing: Path) -> None:
    tiny()["pakn"].write_parquet(folder / "pakn.parquet")
    assert lines_of(folder, nothing) == [
        "data/pakn.parquet: expected the table once, but pakn.csv is there too"
    ]


def test_a_folder_with_the_name_of_a_file(folder: Path, nothing: Path) -> None:
    (folder / "pakn.csv").unlink()
    (folder / "pakn.csv").mkdir()
    assert lines_of(folder, nothing) == ["data/pakn.csv: cannot be read: Is a directory"]


def test_odd_characters_in_the_path_are_only_characters(tmp_path: Path, nothing: Path) -> None:
    path = tmp_path / "số liệu [2024] *"
    write_folder(path, tiny(), "parquet")
    assert_same(read_tables(path, nothing), tiny())


WITH_CANARIES: dict[str, Callable[[list[str]], list[str]]] = {
    "right": lambda lines: lines,
    "short": lambda lines: [*lines, CANARY],
    "long": lambda lines: [*lines, lines[1] + "," + CANARY],
    "a quotation mark": lambda lines: [*lines, lines[1].replace(CANARY, f'"{CANARY}')],
    "a mark inside": lambda lines: [*lines, lines[1].replace(CANARY, f'"{CANARY}"x')],
    "not UTF-8": lambda lines: [*lines, lines[1].replace("Canary", "\udcff Canary")],
    "a wrong value": lambda lines: [lines[0], lines[1].replace("field", "fields")],
    "twice": lambda lines: [*lines, lines[1]],
}


@pytest.mark.parametrize("case", WITH_CANARIES)
def test_other_columns_are_seen_nowhere(folder: Path, nothing: Path, case: str) -> None:
    path = folder / "pakn.csv"
    header, row = path.read_text(encoding="utf-8").splitlines()
    lines = WITH_CANARIES[case]([f"{header},citizen", f"{row},{CANARY}"])
    text = "\n".join(lines) + "\n"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    if case == "right":
        tables = frames_of(read_tables(folder, nothing))
        seen = "".join(table.write_csv() for table in tables.values())
    else:
        with pytest.raises(ContractError) as raised:
            read_tables(folder, nothing)
        assert raised.value.__cause__ is None
        seen = str(raised.value)
    assert seen
    assert "Canary" not in seen
    assert "citizen" not in seen


@pytest.mark.parametrize("fmt", ["csv", "parquet"])
def test_marks_that_turn_the_direction_of_writing_are_left_out(tmp_path: Path, fmt: Format) -> None:
    rows = [{**RIGHT["pakn"], "topic": f"Đất{mark} đai"} for mark in MARKS]
    rows = [{**row, "pakn_id": f"p{number}"} for number, row in enumerate(rows)]
    write_folder(tmp_path, tiny(pakn=rows), fmt)
    assert set(frames_of(read_tables(tmp_path, tmp_path))["pakn"]["topic"]) == {"Đất đai"}


# Files that end a process ------------------------------------------------------------------


@pytest.fixture
def fatal_parquet() -> Path:
    """Baselines with one wrong byte among the null markers, at which polars 2.1 aborts."""
    return Path(__file__).parent / "fixtures" / "fatal-baselines.parquet"


def test_a_file_that_would_end_the_process_is_only_damaged(
    folder: Path, nothing: Path, fatal_parquet: Path
) -> None:
    (folder / "baselines.csv").unlink()
    shutil.copy(fatal_parquet, folder / "baselines.parquet")
    assert lines_of(folder, nothing) == [NOT_PARQUET.replace("pakn", "baselines")]


@pytest.mark.parametrize("never_ends", [False, True])
@pytest.mark.parametrize("is_shared", [True, False])
def test_the_rehearsal_names_the_file_that_the_process_did_not_survive(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fatal_parquet: Path,
    never_ends: bool,
    is_shared: bool,
) -> None:
    paths = [tmp_path / name for name in ("a.parquet", "b.parquet", "c.parquet")]
    for path in paths:
        pl.DataFrame({"value": [1]}).write_parquet(path)
    paths[1].unlink()
    if never_ends:
        os.mkfifo(paths[1])
        monkeypatch.setattr(rehearsal, "_SECONDS", 4)
    else:
        shutil.copy(fatal_parquet, paths[1])
    monkeypatch.setattr(rehearsal, "begun", aside if is_shared else lambda: None)
    shared = aside()
    columns = list(SCHEMAS["baselines"])
    with rehearsal.rehearsing((path, columns) for path in paths) as rehearsed:
        assert [rehearsed.is_fatal(path) for path in paths] == [False, True, False]
    assert (aside() is shared) == (not is_shared)
    assert aside().ask(abs, -1).result() == 1


def test_a_process_that_cannot_read_at_all_says_nothing_of_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "units.parquet"
    pl.DataFrame({"value": [1]}).write_parquet(path)
    monkeypatch.setattr(rehearsal, "begun", lambda: None)
    for program in ("/bin/false", str(tmp_path / "no-such-program"), ""):
        monkeypatch.setattr(sys, "executable", program)
        rehearsal.get_ready(tmp_path)
        with rehearsal.rehearsing([(path, ("value",))]) as rehearsed:
            assert not rehearsed.is_fatal(path)


def test_every_file_that_ends_a_process_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fatal_parquet: Path
) -> None:
    monkeypatch.setattr(rehearsal, "begun", lambda: None)
    paths = [tmp_path / f"{name}.parquet" for name in "abcd"]
    for path in paths:
        pl.DataFrame({"value": [1]}).write_parquet(path)
    for path in (paths[0], paths[2]):
        shutil.copy(fatal_parquet, path)
    columns = list(SCHEMAS["baselines"])
    with rehearsal.rehearsing((path, columns) for path in paths) as rehearsed:
        assert [rehearsed.is_fatal(path) for path in paths] == [True, False, True, False]


def test_large_files_are_not_rehearsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pakn.parquet"
    write_folder(tmp_path, tiny(), "parquet")
    monkeypatch.setattr(rehearsal, "begun", lambda: None)
    monkeypatch.setattr(rehearsal, "LARGEST", path.stat().st_size - 1)
    monkeypatch.setattr(rehearsal, "Aside", pytest.fail)
    with rehearsal.rehearsing([(path, ("rating",))]) as rehearsed:
        assert not rehearsed.is_fatal(path)


# Polars' panics ----------------------------------------------------------------------------


def test_panics_are_quiet_and_nothing_else_is(capfd: pytest.CaptureFixture[str]) -> None:
    def panic() -> None:
        with quiet_panics(), quiet_panics():
            os.write(2, b"thread panicked\n")
            raise pl.exceptions.PanicException("damaged")

    with pytest.raises(pl.exceptions.PanicException):
        panic()
    assert capfd.readouterr().err == ""
    with quiet_panics():
        os.write(2, b"a word of warning\n")
    assert capfd.readouterr().err == "a word of warning\n"


# Warnings ----------------------------------------------------------------------------------


def test_no_warnings_where_all_is_well(folder: Path, nothing: Path) -> None:
    write_csv(folder / "units.csv", frame("units", [UNIT]))
    tables = read_tables(folder, nothing)
    assert check(tables, Month(2024, 9)) == []
    assert check(tables, None) == []


def _warnings(folder: Path, nothing: Path, month: Month | None) -> list[tuple[str, str]]:
    found = check(read_tables(folder, nothing), month)
    assert len(found) == len(set(found))
    return [(warning.en, warning.vi) for warning in found]


def test_a_month_that_is_missing_between_two(folder: Path, nothing: Path) -> None:
    months = ("2023-11", "2024-01", "2024-02")
    rows = [{**RIGHT["documents"], "month": month} for month in months]
    write_csv(folder / "documents.csv", frame("documents", rows))
    assert (
        "documents: no rows for 2023-12, though there are for months before and after",
        "documents: không có số liệu tháng 12/2023, trong khi các tháng trước và sau đều có",
    ) in _warnings(folder, nothing, None)


def test_units_without_rows(folder: Path, nothing: Path) -> None:
    rows = [RIGHT["documents"], {**RIGHT["documents"], "unit_id": "HCC", "month": "2024-08"}]
    write_csv(folder / "documents.csv", frame("documents", rows))
    pakn = [RIGHT["pakn"], {**RIGHT["pakn"], "pakn_id": "P2", "unit_id": "HCC"}]
    write_csv(folder / "pakn.csv", frame("pakn", pakn))
    assert _warnings(folder, nothing, Month(2024, 9)) == [
        (
            "09163 (Phường Vũ Ninh): no row in any table in 2024-09",
            "Phường Vũ Ninh (09163): không có số liệu trong bảng nào trong tháng 9/2024",
        ),
        (
            "documents: HCC (Trung tâm HCC) has no row in 2024-09",
            "documents: Trung tâm HCC (HCC) không có số liệu trong tháng 9/2024",
        ),
    ]
    assert [en for en, _ in _warnings(folder, nothing, None)] == [
        "09163 (Phường Vũ Ninh): no row in any table"
    ]


def test_a_unit_that_does_not_exist_then_is_not_missed(folder: Path, nothing: Path) -> None:
    gone = {**UNIT, "unit_id": "old", "valid_to": date(2024, 8, 31)}
    write_csv(folder / "units.csv", frame("units", [UNIT, gone]))
    assert _warnings(folder, nothing, Month(2024, 9)) == []


def test_pakn_of_the_future_and_due_times_of_the_past(folder: Path, nothing: Path) -> None:
    write_csv(folder / "units.csv", frame("units", [UNIT]))
    september = {**RIGHT["pakn"], "due_at": datetime(2024, 9, 1, 7, 59)}
    october = {"received_at": datetime(2024, 10, 1), "resolved_at": None, "rating": None}
    rows = [september, {**RIGHT["pakn"], "pakn_id": "P2", **october}]
    write_csv(folder / "pakn.csv", frame("pakn", rows))
    assert _warnings(folder, nothing, Month(2024, 9)) == [
        (
            "pakn: 1 PAKN received after 2024-09 take no part in its report",
            "pakn: 1 PAKN tiếp nhận sau tháng 9/2024 không được tính vào báo cáo của tháng",
        ),
        (
            "pakn: 1 PAKN are due before they were received",
            "pakn: 1 PAKN có hạn xử lý trước thời điểm tiếp nhận",
        ),
    ]
    assert "future" not in {w.kind for w in check(read_tables(folder, nothing), Month(2024, 10))}
