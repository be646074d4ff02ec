"""The cube: a few rows that stand for all records, of any time, in any number of files."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from dxreport.cubes import (
    COLUMNS,
    NEVER,
    PAKN,
    PROCEDURES,
    Shape,
    condensed,
    condensing,
    cube,
    month_at,
    place,
)
from dxreport.errors import ContractError
from dxreport.periods import Month
from dxreport.reading import Tables, judging, read_tables
from dxreport.sample import make_sample

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "data" / "reference"


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample as a file a month."""
    folder = tmp_path_factory.mktemp("months")
    make_sample(folder, REFERENCE, scale={"procedures": 0.2}, by_month=True)
    return folder


def plain(tables: Tables, shape: Shape) -> dict[tuple[object, ...], int]:
    """The records by the cube's keys, counted one by one in Python."""
    counts: dict[tuple[object, ...], int] = {}
    for row in tables.facts()[shape.table].collect().iter_rows(named=True):
        closed, due = row[shape.closed_at], row["due_at"]
        key = (
            row["unit_id"],
            row[shape.part],
            place(Month.of(row["received_at"])),
            NEVER if closed is None else place(Month.of(closed)),
            NEVER if due is None else place(Month.of(due)),
            closed is not None and due is not None and closed <= due,
        )
        counts[key] = counts.get(key, 0) + 1
    return counts


@pytest.mark.parametrize("shape", [PAKN, PROCEDURES], ids=lambda shape: shape.table)
def test_every_record_is_in_the_row_of_its_months(shape: Shape, months: Path) -> None:
    tables = read_tables(months, REFERENCE)
    assert len(tables.parts(shape.table)) == 9
    counted = cube(tables, shape)
    keys = [name for name in COLUMNS if name != "records"]
    found = dict(zip(counted.select(keys).iter_rows(), counted["records"], strict=True))
    assert found == plain(tables, shape)
    assert len(found) > 100


@pytest.mark.parametrize("shape", [PAKN, PROCEDURES], ids=lambda shape: shape.table)
def test_reading_leaves_the_cube_that_counting_makes(shape: Shape, months: Path) -> None:
    tables = read_tables(months, REFERENCE)
    records = tables.facts()[shape.table]
    # Rows that are no longer what was read are counted anew.
    again = replace(tables, **{shape.table: records.filter(pl.lit(True))})
    assert again.parts(shape.table) == (again.facts()[shape.table],)
    assert cube(again, shape).equals(cube(tables, shape))
    fewer = replace(tables, **{shape.table: records.filter(unit_id="256")})
    assert set(cube(fewer, shape)["unit_id"]) == {"256"} & set(cube(tables, shape)["unit_id"])


def test_a_large_file_is_looked_at_a_stretch_at_a_time(
    months: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = read_tables(months, REFERENCE)
    folder = tmp_path / "data"
    shutil.copytree(months, folder)
    monkeypatch.setattr(judging, "AT_ONCE", 97)
    again = read_tables(folder, REFERENCE)
    assert [source.rows for source in again.sources] == [source.rows for source in tables.sources]
    for shape in (PAKN, PROCEDURES):
        assert cube(again, shape).equals(cube(tables, shape))
    path = folder / "pakn" / "2024-05.parquet"
    right = pl.read_parquet(path)
    row = pl.int_range(pl.len())
    pl.concat([right, right[3:5]]).with_columns(
        rating=pl.when(row.is_in([2, 250])).then(9).otherwise("rating"),
        topic=pl.when(row == 200).then(pl.lit("a\n")).otherwise("topic"),
    ).write_parquet(path)
    said = []
    for at_once in (97, 1_000_000):
        monkeypatch.setattr(judging, "AT_ONCE", at_once)
        os.utime(path, (at_once, at_once))
        with pytest.raises(ContractError) as raised:
            read_tables(folder, REFERENCE)
        said.append((str(raised.value), raised.value.total))
    assert said[0] == said[1]
    assert [f"row {row}, " in said[0][0] for row in (3, 251, 201)] == [True] * 3
    assert "expected a key that occurs once" in said[0][0]


def test_every_day_of_ten_thousand_years_is_in_its_month() -> None:
    first, last = datetime(1, 1, 1), datetime(9999, 12, 31)
    days = pl.datetime_range(first, last, "1d", eager=True)
    for late in (timedelta(0), timedelta(microseconds=86_399_999_999)):
        records = pl.LazyFrame(
            {"unit_id": "1", "topic": "t", "resolved_at": None, "rating": None, "due_at": days},
            schema_overrides={"rating": pl.Int64, "resolved_at": pl.Datetime("us")},
        ).with_columns(received_at=pl.col("due_at") + late)
        found = condensed(condensing(records, PAKN, ("unit_id", "topic")).collect(), PAKN)
        wanted = days.to_frame("day").group_by(
            place=pl.col("day").dt.year().cast(pl.Int64) * 12 + pl.col("day").dt.month() - 1
        )
        expected = wanted.len().sort("place")
        assert found.select("received", "records").rows() == expected.rows()
        assert (found["due"] == found["received"]).all()


def test_times_of_any_year_keep_their_month_and_whole_seconds() -> None:
    times = [
        (datetime(1900, 1, 1), datetime(1969, 12, 31, 23, 59, 59, 999_999)),
        (datetime(1969, 12, 31, 23, 59, 59, 500_000), datetime(1970, 1, 1, 0, 0, 1)),
        (datetime(2199, 12, 31, 23, 59, 59, 999_999), datetime(2199, 12, 31, 23, 59, 59, 999_999)),
    ]
    rows = [("1", "t", received, datetime.max, closed, 5) for received, closed in times]
    frame = pl.DataFrame(
        rows,
        schema=["unit_id", "topic", "received_at", "due_at", "resolved_at", "rating"],
        orient="row",
    )

    class OfThese:
        def parts(self, _table: str) -> tuple[pl.LazyFrame, ...]:
            return (frame.lazy(),)

    counted = cube(OfThese(), PAKN)  # type: ignore[arg-type]
    assert [str(month_at(number)) for number in counted["received"]] == [
        "1900-01",
        "1969-12",
        "2199-12",
    ]
    assert [str(month_at(number)) for number in counted["closed"]] == [
        "1969-12",
        "1970-01",
        "2199-12",
    ]
    assert set(counted["due"]) == {place(Month(9998, 12)) + 12}
    assert counted["seconds"].to_list() == [
        (closed - received).days * 86_400 + (closed - received).seconds
        for received, closed in times
    ]
