"""One cell at a time: texts, numbers, times, truth; names of units; a mapping on its own."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import ROOT, run
from dxreport.errors import DxError, UsageError
from dxreport.ingest.guess import first_mapping
from dxreport.ingest.header import months_in
from dxreport.ingest.mapping import load_mapping, parse_mapping
from dxreport.ingest.names import UnitNames, read_aliases
from dxreport.ingest.run import choose_mapping
from dxreport.ingest.text import fold
from dxreport.ingest.values import (
    Times,
    Wrong,
    boolean,
    day_month_text,
    instant,
    integer,
    is_positive,
    numerator,
    text,
    working_days_after,
)
from dxreport.vi import decimal
from ingest_data import FILES, MAPPINGS, REFERENCE, grid, write_csv, write_xlsx

VN = Times("dmy", (), ZoneInfo("Asia/Ho_Chi_Minh"), convert=True)
US = Times("mdy", (), ZoneInfo("America/New_York"), convert=False)


@pytest.mark.parametrize(
    ("cell", "times", "expected"),
    [
        ("05/09/2024", VN, datetime(2024, 9, 5)),
        ("5-9-2024 16:45", VN, datetime(2024, 9, 5, 16, 45)),
        ("08:30 05/09/2024", VN, datetime(2024, 9, 5, 8, 30)),
        ("05.09.2024, 16h45", VN, datetime(2024, 9, 5, 16, 45)),
        ("05/09/2024 5:00:00 CH", VN, datetime(2024, 9, 5, 17)),
        ("2024-09-05T23:59:59.123Z", VN, datetime(2024, 9, 6, 6, 59, 59, 123_000)),
        ("2024-09-05 08:00:00+07:00", VN, datetime(2024, 9, 5, 8)),
        ("20240905163000", VN, datetime(2024, 9, 5, 16, 30)),
        (20240905163000.0, VN, datetime(2024, 9, 5, 16, 30)),
        ("20240905", VN, datetime(2024, 9, 5)),
        ("09/30/2018 11:59:00 PM +0000", US, datetime(2018, 9, 30, 23, 59)),
        ("9/5/2018 12:00 AM", US, datetime(2018, 9, 5)),
        ("2018/09/30 04:00:00+00", US, datetime(2018, 9, 30, 4)),
        ("2018-09-30T04:00:00.000Z", US, datetime(2018, 9, 30, 4)),
        (datetime(2024, 9, 5, 16, 29, 59, 999_500), VN, datetime(2024, 9, 5, 16, 30)),
        (date(2024, 9, 5), VN, datetime(2024, 9, 5)),
    ],
)
def test_times(cell: object, times: Times, expected: datetime) -> None:
    assert instant(cell, times) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "cell",
    [
        "31/09/2024",
        "09/30/2024",
        "05/09/24",
        "2024-02-30",
        "05/09/2024 25:00",
        "05/09/2024 13:00 PM",
        "hôm nay",
        "05/09/2024 và 06/09/2024",
        45_000,
        "45000",
        True,
        "2024-09-05T10:00:00+99:00",
    ],
)
def test_what_is_no_time(cell: object) -> None:
    with pytest.raises(Wrong, match="expected"):
        instant(cell, VN)  # type: ignore[arg-type]


def test_a_time_in_a_zone_becomes_local_where_the_mapping_says_so() -> None:
    new_york = Times("mdy", (), ZoneInfo("America/New_York"), convert=True)
    assert instant("2018-09-30T23:59:00Z", new_york) == datetime(2018, 9, 30, 19, 59)
    assert instant("2018-09-30T23:59:00", new_york) == datetime(2018, 9, 30, 23, 59)


def test_days_patterns_and_serial_numbers() -> None:
    ends = Times("dmy", (), ZoneInfo("Asia/Ho_Chi_Minh"), convert=True, end_of_day=True)
    assert instant("05/09/2024", ends) == datetime(2024, 9, 5, 23, 59, 59)
    assert instant("05/09/2024 00:00", ends) == datetime(2024, 9, 5)
    own = Times("dmy", ("%d %b %Y", "serial"), ZoneInfo("Asia/Ho_Chi_Minh"), convert=True)
    assert instant("05 Sep 2024", own) == datetime(2024, 9, 5)
    assert instant(45540.5, own) == datetime(2024, 9, 5, 12)
    assert working_days_after(datetime(2024, 9, 6, 8), 1) == datetime(2024, 9, 9, 8)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)))
def test_times_come_back(at: datetime) -> None:
    at = at.replace(microsecond=0)
    for written in (f"{at:%d/%m/%Y %H:%M:%S}", at.isoformat(), f"{at:%Y%m%d%H%M%S}", at):
        assert instant(written, VN) == at


@pytest.mark.parametrize(
    ("cell", "numbers", "expected"),
    [
        ("1.298", "vi", 1298),
        ("1 298", "vi", 1298),
        ("1\u00a0298", "vi", 1298),
        ("1.298,0", "vi", 1298),
        ("1,298", "en", 1298),
        ("1298.0", "en", 1298),
        (1298.0, "vi", 1298),
        ("0", "vi", 0),
    ],
)
def test_integers(cell: object, numbers: str, expected: int) -> None:
    assert integer(cell, numbers) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [("1,298", "vi"), ("1.298", "en"), ("1.2", "vi"), (1.298, "vi"), ("", "vi"), (True, "vi")],
)
def test_what_could_be_two_numbers_is_none(cell: object, numbers: str) -> None:
    with pytest.raises(Wrong, match="expected a whole number"):
        integer(cell, numbers)  # type: ignore[arg-type]


@given(st.integers(1, 4000), st.data())
def test_a_percentage_is_the_one_number_that_prints_so(whole: int, data: st.DataObject) -> None:
    from fractions import Fraction

    part = data.draw(st.integers(0, whole))
    printed = f"{decimal(Fraction(100 * part, whole), 2)}%"
    assert numerator(printed, whole) == part
    assert numerator(part / whole, whole) == part


def test_a_percentage_of_many_numbers_is_none() -> None:
    with pytest.raises(Wrong, match="several whole numbers have it"):
        numerator("50%", 5000)
    with pytest.raises(Wrong, match="no whole number has it"):
        numerator("50,55%", 3)


def test_truth_money_and_long_numbers() -> None:
    assert [boolean(word) for word in ("Có", "KHÔNG", "x", "0", 1, "Đúng", "chưa", True)] == [
        *(True, False, True, False, True, True, False, True)
    ]
    with pytest.raises(Wrong, match="expected có or không"):
        boolean("có lẽ")
    assert is_positive("150.000 đ", "vi")
    assert not is_positive("0", "vi")
    assert text(123.0) == "123"
    with pytest.raises(Wrong, match="15 digits"):
        text(1234567890123456.0)


def test_months() -> None:
    for written in ("Tháng 9 năm 2024", "từ 01/9/2024 đến 30/9/2024", "T9/2024", "x-2024-09.xlsx"):
        assert months_in([written]) == ["2024-09"], written
    assert months_in(["Tháng 9/2024", "Bắc Ninh, ngày 02 tháng 10 năm 2024"]) == ["2024-09"]
    assert months_in(["tháng 8/2024 và tháng 9/2024"]) == ["2024-08", "2024-09"]
    for cell in ("2024-09", "202409", 202409.0, "09/2024", date(2024, 9, 5), "15/09/2024"):
        assert day_month_text(cell, VN) == "2024-09"
    with pytest.raises(Wrong, match="expected a month"):
        day_month_text("quý III", VN)
    for cell in ("đến 30/9/2024", "01/9/2024 - 30/9/2024"):
        assert day_month_text(cell, VN) == "2024-09"
    for day in ("31/09/2024", "31/09/2024 16:45:00", "09/30/2024", "4:45 PM 31/09/2024"):
        with pytest.raises(Wrong, match="day"):
            day_month_text(day, VN)
    evening = datetime(2024, 8, 31, 17, 30, tzinfo=UTC)
    assert day_month_text(evening, VN) == "2024-09"


# Names -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def names() -> UnitNames:
    units = pl.read_csv(REFERENCE / "units.csv", infer_schema=False).with_columns(
        pl.col("valid_from", "valid_to").str.to_date()
    )
    return UnitNames(units, read_aliases([REFERENCE], units))


@pytest.mark.parametrize(
    ("written", "unit_id"),
    [
        ("Thị xã Quế Võ", "259"),
        ("UBND TX. Quế Võ", "259"),
        ("Uỷ ban nhân dân TX.Quế Võ", "259"),
        ("THỊ XÃ\u00a0QUẾ  VÕ", "259"),
        (unicodedata.normalize("NFD", "Thị xã Quế Võ"), "259"),
        ("Quế Võ", "259"),
        ("259", "259"),
        ("TP Bắc Ninh", "256"),
        ("P.Hoà Long", "09214"),
        ("Phường Ðáp Cầu", "09166"),
        ("Sở KH & ĐT", "SKHDT"),
        ("Sở NN và PTNT", "SNNPTNT"),
        ("Phường Ninh Xá, TP. Bắc Ninh", "09184"),
        ("Phường Ninh Xá (Thị xã Thuận Thành)", "09445"),
        ("UBND tỉnh - Văn phòng", None),
        ("Huyện Quế Võ", None),
        ("Que Vo", None),
        ("Quế Vỏ", None),
        ("Sở", None),
        ("", None),
    ],
)
def test_units_by_name(names: UnitNames, written: str, unit_id: str | None) -> None:
    if unit_id is None:
        with pytest.raises(Wrong, match="expected a unit of the catalogue or a name in aliases"):
            names.resolve(written, None, None)
    else:
        assert names.resolve(written, None, date(2024, 9, 1)) == unit_id


def test_every_unit_goes_by_its_own_names(names: UnitNames) -> None:
    units = pl.read_csv(REFERENCE / "units.csv", infer_schema=False)
    by_id = dict(units.select("unit_id", "name").iter_rows())
    for row in units.iter_rows(named=True):
        parent = by_id.get(row["parent_id"])
        day = date.fromisoformat(row["valid_from"] or row["valid_to"] or "2024-09-01")
        for name in (row["name"], row["short_name"], f"UBND {row['name']}".upper()):
            assert names.resolve(name, parent, day) == row["unit_id"]


def test_the_unit_of_the_day_is_meant() -> None:
    units = pl.DataFrame(
        {
            "unit_id": ["old", "new"],
            "name": ["Phường Võ Cường"] * 2,
            "short_name": ["P. Võ Cường"] * 2,
            "parent_id": ["256", None],
            "valid_from": [None, date(2025, 7, 1)],
            "valid_to": [date(2025, 6, 30), None],
        }
    )
    names = UnitNames(units, {})
    assert names.resolve("P. Võ Cường", None, date(2024, 9, 1)) == "old"
    assert names.resolve("P. Võ Cường", None, date(2025, 9, 1)) == "new"


def test_aliases_are_held_against_the_catalogue(tmp_path: Path) -> None:
    units = pl.read_csv(REFERENCE / "units.csv", infer_schema=False)
    (tmp_path / "aliases.csv").write_text("alias,unit_id\nSở X,SX\n,259\n", encoding="utf-8")
    with pytest.raises(DxError) as error:
        read_aliases([tmp_path], units)
    lines = str(error.value).splitlines()
    assert "row 2, column unit_id: 'SX': expected the unit_id of a unit" in lines[0]
    assert "row 3, column alias: expected a value" in lines[1]


def test_fold_tells_names_apart() -> None:
    units = pl.read_csv(REFERENCE / "units.csv", infer_schema=False)
    by_fold: dict[str, set[str]] = {}
    for name in units["name"]:
        by_fold.setdefault(fold(name), set()).add(name)
    assert [names for names in by_fold.values() if len(names) > 1] == []
    assert fold("Thủy") != fold("Thúy")
    assert fold("Quy") != fold("Quý")
    assert fold("Hòa Quí") == fold("HOÀ QUÝ")


# Mappings ----------------------------------------------------------------------------------

GOOD = """
table: pakn
format: csv
columns:
  pakn_id: Mã
  unit_id: [Đơn vị, Cơ quan]
  kind: {value: field}
  topic: {from: Loại, values: {khac: [a]}, unlisted: keep}
  received_at: Ngày
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("format: csv", "format: csw", "m.yml, row 3, key format: expected one of xlsx, xls, csv"),
        ("table: pakn", "tabel: pakn", "row 2, key tabel: unknown; did you mean table?"),
        ("table: pakn", "table: pakn\ntable: pakn", "row 3, key table: is there twice"),
        ("  pakn_id: Mã\n", "", "key columns.pakn_id: is missing; pakn needs it"),
        ("pakn_id: Mã", "pakn_ID: Mã", "row 5, key columns.pakn_ID: unknown; did you mean pakn_id"),
        ("Ngày", "{form: x}", "row 9, key columns.received_at.form: unknown; did you mean from?"),
        ("Ngày", "{from: x, dates: ymd}", "row 9, key columns.received_at.dates: expected one of"),
        ("Ngày", "{from: x, value: y}", "received_at: from and value: expected one of them"),
        ("Ngày", "{}", "received_at: expected one of from, join, value, find, default, after"),
        ("Ngày", "{from: x, only_where: due}", "columns.received_at.only_where: unknown; did you"),
        ("Ngày", "{from: x, extract: '('}", "no regular expression"),
        ("Ngày", "{from: x, extract: 'a'}", "expected a regular expression with one group"),
        ("{khac: [a]}", "{khac: [a], x: [A]}", "one spelling stands for"),
        ("format: csv", "format: csv\nencoding: utf-99", "encoding: 'utf-99' is no encoding"),
        ("format: csv", "format: csv\nzone: Asia/Hanoi2", "zone: 'Asia/Hanoi2' is no time zone"),
        ("format: csv", "format: sql", "query: is missing; format sql needs it"),
        ("format: csv", "format: csv\naddress: 'postgres://u:p@h'", "never the address itself"),
        ("format: csv", "format: csv\non_error: {at_most: -1}", "on_error.at_most: expected at l"),
        ("format: csv", "format: csv\nrows: {where: [{column: a}]}", "expected one of in, not_in"),
        ("format: csv", "format: [", "m.yml, row"),
        ("Ngày", "[No, Yes]", "row 9, key columns.received_at.from: expected text: YAML reads No"),
    ],
)
def test_errors_of_a_mapping_name_the_key(old: str, new: str, said: str) -> None:
    with pytest.raises(DxError) as error:
        parse_mapping(GOOD.replace(old, new, 1), "m.yml")
    assert said in str(error.value), str(error.value)
    assert all(line.startswith("m.yml") for line in str(error.value).splitlines())
    assert "u:p@h" not in str(error.value)


def test_ready_mappings_are_whole() -> None:
    tables = {load_mapping(path).table for path in MAPPINGS.glob("*.yml")}
    assert tables == {"documents", "e_copies", "pakn", "procedures"}
    assert parse_mapping(GOOD, "m.yml").columns["unit_id"].from_ == ("Đơn vị", "Cơ quan")


def test_the_documentation_names_every_key() -> None:
    from dxreport.ingest.mapping import Column, Mapped
    from dxreport.ingest.parts import Record

    documentation = (ROOT / "docs" / "ingest.md").read_text(encoding="utf-8")
    for model in (Mapped, Column):
        for name, field in model.model_fields.items():
            if name == "record":
                continue
            assert f"`{field.alias or name}" in documentation, name
    for name in Record.model_fields:
        assert f"`record.{name}`" in documentation, name


@pytest.mark.parametrize("table", ["documents", "e_copies", "pakn", "procedures"])
def test_a_first_mapping_is_one(table: str, tmp_path: Path) -> None:
    file = write_xlsx(tmp_path / "export.xlsx", grid(table, 40).all())
    written = first_mapping(file, None, MAPPINGS, REFERENCE)
    assert written.count("# GUESS") >= 4
    spec = parse_mapping(written, "new.yml")
    assert spec.table == table
    ready = load_mapping(MAPPINGS / FILES[table])
    for name, column in spec.columns.items():
        if column.from_:
            assert set(column.from_) <= set(ready.spec.columns[name].from_), name


@pytest.mark.parametrize(
    ("name", "wanted", "others", "strangers"),
    [
        ("export.xlsx", "export.xlsx", [], ["export-2.xlsx"]),
        ("pakn_20240930.xlsx", "pakn_*.xlsx", ["pakn_20241031.xlsx"], ["tthc_20240930.xlsx"]),
        (
            "Báo cáo [T9] năm 2024.xlsx",
            "Báo cáo [[]T*] năm *.xlsx",
            ["Báo cáo [T10] năm 2024.xlsx"],
            ["Báo cáo T năm 2024.xlsx"],
        ),
        ("311-2018.csv", "311-2018.csv", [], ["911-2018.csv"]),
    ],
)
def test_a_first_mapping_finds_its_file_again(
    name: str, wanted: str, others: list[str], strangers: list[str], tmp_path: Path
) -> None:
    write = write_csv if name.endswith("csv") else write_xlsx
    file = write(tmp_path / name, grid("pakn").all())
    written = first_mapping(file, "pakn", MAPPINGS, REFERENCE)
    assert parse_mapping(written, "new.yml").files == (wanted,)
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "new.yml").write_text(written, encoding="utf-8")
    for other in [name, *others]:
        (tmp_path / other).touch()
        assert choose_mapping(folder, "pakn", tmp_path / other) == folder / "new.yml"
    for stranger in strangers:
        (tmp_path / stranger).touch()
        with pytest.raises(UsageError, match="expected one mapping of pakn whose `files` fit"):
            choose_mapping(folder, "pakn", tmp_path / stranger)


def test_a_first_mapping_of_a_city(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Case ID", "Created Date", "ClosedDate", "Agency", "SR Type", "Citizen"],
        *([at, "09/30/2018 11:59:00 PM", "", "Water", "Leak", "Jane Doe"] for at in range(9)),
    ]
    file = write_csv(tmp_path / "city.csv", rows)
    done = run("mapping", "new", file)
    assert done.returncode == 0, done.stderr
    spec = parse_mapping(done.stdout, "new.yml")
    assert spec.dates == "mdy"
    assert spec.columns["resolved_at"].from_ == ("ClosedDate",)
    assert "Jane" not in done.stdout
    nothing = write_csv(tmp_path / "nothing.csv", [["a", "b"], ["c", "d"]])
    done = run("mapping", "new", nothing)
    assert done.returncode == 1
    assert "expected a row of headings that are known" in done.stderr


def test_offsets_are_wide() -> None:
    assert instant("2024-09-05T10:00:00-11:30", VN) == datetime(2024, 9, 5, 10) + timedelta(
        hours=11.5 + 7
    )
