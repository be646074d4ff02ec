"""From an export to months of a data folder: what is kept, what is said, what stays untouched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from command import ROOT, run
from dxreport.contracts import checks, unit_checks
from dxreport.errors import ContractError, DxError
from dxreport.ingest.change import RowChange
from dxreport.ingest.issues import WHY
from dxreport.manifest import read_manifest
from dxreport.reading import read_tables
from ingest_data import (
    CITIZENS,
    FILES,
    MAPPINGS,
    REFERENCE,
    Grid,
    content,
    grid,
    ingest,
    mapping,
    rows_of,
    write_csv,
    write_xlsx,
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def export(tmp_path: Path, table: str, change: Callable[[Grid], None] | None = None) -> Path:
    page = grid(table)
    if change:
        change(page)
    return write_xlsx(tmp_path / f"{table}.xlsx", page.all())


@pytest.mark.parametrize("table", FILES)
def test_a_month_goes_in(table: str, tmp_path: Path, data: Path) -> None:
    page = grid(table)
    done = ingest(export(tmp_path, table), data, mapping(table))
    assert done.changed
    assert [c.place.month for c in done.rows] == ["2024-09"]
    assert done.built.frame.height == done.built.read == len(page.rows)
    assert rows_of(data, table).height == len(page.rows)
    manifest = read_manifest(data)
    assert manifest is not None
    (entry,) = manifest.of_table(table)
    assert (entry.path, entry.source, entry.mapping) == (
        f"{table}/2024-09.parquet",
        f"{table}.xlsx",
        FILES[table],
    )
    assert (entry.rows, entry.kept, entry.month) == (len(page.rows), len(page.rows), "2024-09")
    stored = b"".join(content(data).values())
    assert not any(text.encode() in stored for text in CITIZENS)


def test_values_are_what_the_export_says(tmp_path: Path, data: Path) -> None:
    ingest(export(tmp_path, "documents"), data, mapping("documents"))
    row = rows_of(data, "documents").row(by_predicate=pl.col("unit_id") == "259", named=True)
    assert row == {
        "unit_id": "259",
        "month": "2024-09",
        "outgoing": 1198,
        "signed_from_work_file": 1150,
    }
    page = grid("pakn")
    page.rows[0][8:12] = [datetime(2024, 9, 5, 8, 30), "15/09/2024", "05/09/2024 17:00", "4 sao"]
    page.rows[0][5] = "UBND thị xã Quế Võ"
    ingest(write_xlsx(tmp_path / "p.xlsx", page.all()), data, mapping("pakn"))
    row = rows_of(data, "pakn").row(by_predicate=pl.col("pakn_id") == "PA-0001", named=True)
    assert row["unit_id"] == "259"
    assert row["received_at"] == datetime(2024, 9, 5, 8, 30)
    assert row["due_at"] == datetime(2024, 9, 15, 23, 59, 59)
    assert row["resolved_at"] == datetime(2024, 9, 5, 17)
    assert row["rating"] == 4


def test_the_same_file_twice_changes_nothing(tmp_path: Path, data: Path) -> None:
    file = export(tmp_path, "pakn")
    ingest(file, data, mapping("pakn"))
    before = content(data)
    again = ingest(file, data, mapping("pakn"))
    assert not again.changed
    assert content(data) == before
    # Nor do the same rows in another order change any row.
    page = grid("pakn")
    page.rows.reverse()
    other = ingest(write_xlsx(tmp_path / "other.xlsx", page.all()), data, mapping("pakn"))
    assert not any(change.is_any for change in other.rows)
    after = content(data)
    assert {k: v for k, v in after.items() if k != "manifest.json"} == {
        k: v for k, v in before.items() if k != "manifest.json"
    }


def test_a_corrected_file_replaces_its_month(tmp_path: Path, data: Path) -> None:
    ingest(export(tmp_path, "pakn"), data, mapping("pakn"))

    def corrected(page: Grid) -> None:
        del page.rows[3]
        page.rows[0][page.column("Lĩnh vực")] = "Giao thông, đường sá"
        page.rows.append([99, "PA-0099", *page.rows[1][2:]])

    before = content(data)
    file = export(tmp_path, "pakn", corrected)
    dry = ingest(file, data, mapping("pakn"), dry_run=True)
    assert content(data) == before
    assert list(tmp_path.glob(".data.*")) == []
    done = ingest(file, data, mapping("pakn"))
    for outcome in (dry, done):
        (change,) = outcome.rows
        assert (change.added, change.removed, change.altered) == (1, 1, 1)
        assert change.columns == {"topic": 1}
    assert rows_of(data, "pakn").height == 24


def test_only_the_months_asked_for(tmp_path: Path, data: Path) -> None:
    def with_august(page: Grid) -> None:
        for row in page.rows[:5]:
            row[page.column("Ngày tiếp nhận")] = "30/08/2024 09:00"

    file = export(tmp_path, "pakn", with_august)
    done = ingest(file, data, mapping("pakn"), months=frozenset({"2024-09"}))
    assert (done.built.other_months, done.built.frame.height) == (5, 19)
    assert [c.place.month for c in done.rows] == ["2024-09"]
    both = ingest(file, data, mapping("pakn"))
    assert [(c.place.month, c.rows) for c in both.rows] == [("2024-08", 5), ("2024-09", 19)]


def test_a_month_does_not_shrink_by_half_unless_told(tmp_path: Path, data: Path) -> None:
    ingest(export(tmp_path, "pakn"), data, mapping("pakn"))
    file = export(tmp_path, "pakn", lambda page: page.rows.__delitem__(slice(8, None)))
    with pytest.raises(DxError, match="pakn 2024-09: the export has 8 rows, the data folder 24"):
        ingest(file, data, mapping("pakn"))
    assert ingest(file, data, mapping("pakn"), replace=True).rows[0].removed == 16


def test_parts_of_a_month_do_not_touch_each_other(tmp_path: Path, data: Path) -> None:
    ingest(export(tmp_path, "procedures"), data, mapping("procedures"))
    other = mapping("procedures", part="bo")
    columns = dict(other.spec.columns)
    columns["source_system"] = columns["source_system"].model_copy(update={"value": "Bộ X"})
    other = mapping("procedures", part="bo", columns=columns)
    done = ingest(export(tmp_path, "procedures"), data, other)
    assert done.rows[0].added == 24
    assert rows_of(data, "procedures")["source_system"].value_counts(sort=True).height == 2
    assert sorted(p.name for p in (data / "procedures").iterdir()) == [
        "2024-09.bo.parquet",
        "2024-09.parquet",
    ]


def test_a_folder_of_another_layout_is_taken_over(tmp_path: Path, data: Path) -> None:
    sample = ROOT / "data" / "sample"
    data.mkdir()
    (data / "documents.csv").write_bytes((sample / "documents.csv").read_bytes())
    before = pl.read_csv(data / "documents.csv", schema_overrides={"unit_id": pl.String})
    page = grid("documents")
    page.above[2] = ["Tháng 10 năm 2024"]
    done = ingest(write_xlsx(tmp_path / "d.xlsx", page.all()), data, mapping("documents"))
    assert done.moved
    assert not (data / "documents.csv").exists()
    assert [p.stem for p in sorted((data / "documents").iterdir())] == [
        *(f"2024-{month:02}" for month in range(1, 11))
    ]
    rows = rows_of(data, "documents").filter(pl.col("month") < "2024-10")
    assert rows.sort("unit_id", "month").equals(before.sort("unit_id", "month"))


# What is wrong -----------------------------------------------------------------------------


def message(file: Path, data: Path, table: str, **changes: object) -> str:
    with pytest.raises(ContractError) as error:
        ingest(file, data, mapping(table, **changes))
    assert not data.exists()
    return str(error.value)


def test_an_unknown_unit_lists_the_nearest(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = export(tmp_path, "e_copies", lambda page: page.rows[1].__setitem__(1, "TX. Quế Vỏ"))
    said = message(file, data, "e_copies")
    assert said.startswith(
        "e_copies.xlsx, sheet Dữ liệu, row 7, column Đơn vị: 'TX. Quế Vỏ': expected a unit of the "
        "catalogue or a name in aliases.csv; nearest: 259 (Thị xã Quế Võ), "
    )


def test_a_unit_that_many_rows_name_is_said_once(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = grid("pakn", rows=330)
    at = page.column("Đơn vị xử lý")
    for number, row in enumerate(page.rows):
        # The first rows have a fault each; the unit that is not known is in 300 rows below.
        row[at] = "TX. Quế Vỏ" if number >= 30 else row[at]
        row[page.column("Hạn xử lý")] = f"{number + 32}/09/2024" if number < 30 else ""
    page.rows[7][at] = page.rows[9][at] = CITIZENS[0]
    said = message(write_xlsx(tmp_path / "p.xlsx", page.all()), data, "pakn").splitlines()
    assert said[0].startswith(
        "p.xlsx, sheet Dữ liệu, row 36 and 299 more, column Đơn vị xử lý: 'TX. Quế Vỏ': expected"
    )
    assert said[1].startswith("p.xlsx, sheet Dữ liệu, row 13 and 1 more, column Đơn vị xử lý: ")
    assert said[1].endswith("(the text of 15 characters is not shown)")
    assert said[2].startswith("p.xlsx, sheet Dữ liệu, row 6, column Hạn xử lý: '32/09/2024'")
    assert said[20:] == ["... and 12 more"]


def test_a_name_of_two_units_needs_its_district(tmp_path: Path, data: Path) -> None:
    def ninh_xa(page: Grid) -> None:
        page.rows[0][1] = "Phường Ninh Xá"

    said = message(export(tmp_path, "e_copies", ninh_xa), data, "e_copies")
    assert "expected the name of one unit, and this is that of 09184" in said
    page = grid("e_copies")
    page.headings.append("Huyện")
    ninh_xa(page)
    page.rows[0].append("TX. Thuận Thành")
    page.rows[1][1] = "Phường Ninh Xá, TP. Bắc Ninh"
    ingest(write_xlsx(tmp_path / "e.xlsx", page.all()), data, mapping("e_copies"))
    assert {"09445", "09184"} <= set(rows_of(data, "e_copies")["unit_id"])


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("Ngày tiếp nhận", "31/09/2024", "'31/09/2024': expected a day and time that exist"),
        ("Ngày tiếp nhận", "hôm qua", "expected a date or a date and time"),
        ("Ngày tiếp nhận", "", "expected a value"),
        ("Ngày xử lý xong", "01/01/2024 08:00", "expected a time not before received_at (2024-09"),
        ("Đánh giá", "7 sao", "'7 sao': expected a text that is listed in `values`"),
        ("Mã PAKN", "PA-0002", "expected a key that occurs once; it is in row"),
    ],
)
def test_errors_name_sheet_row_and_heading(
    column: str, value: str, expected: str, tmp_path: Path, data: Path
) -> None:
    page = grid("pakn")
    at = next(n for n, row in enumerate(page.rows) if n > 1 and row[10])
    page.rows[at][page.column(column)] = value
    said = message(write_xlsx(tmp_path / "p.xlsx", page.all()), data, "pakn")
    assert f"sheet Dữ liệu, row {at + 6}, column {column}: " in said
    assert expected in said


def test_texts_in_the_wrong_column_are_not_shown(tmp_path: Path, data: Path) -> None:
    page = grid("pakn")
    for name in ("Đơn vị xử lý", "Loại PAKN", "Ngày tiếp nhận", "Đánh giá"):
        page.rows[2][page.column(name)] = CITIZENS[3]
    page.rows[4][page.column("Hạn xử lý")] = CITIZENS[1]
    said = message(write_xlsx(tmp_path / "p.xlsx", page.all()), data, "pakn")
    assert said.count("row 8, column ") == 4
    assert not any(text in said for text in CITIZENS)


def test_a_formula_counts_with_its_value_and_never_as_empty(tmp_path: Path, data: Path) -> None:
    import xlsxwriter

    page = grid("e_copies")
    file = tmp_path / "e.xlsx"
    for value in (55, "", "#N/A"):
        with xlsxwriter.Workbook(str(file)) as book:
            sheet = book.add_worksheet()
            for at, row in enumerate(page.all()):
                for column, cell in enumerate(row):
                    if at == 6 and column == 2:
                        sheet.write_formula(at, column, "=50+5", None, value)
                    elif cell != "":
                        sheet.write(at, column, cell)
        if value == 55:
            done = ingest(file, tmp_path / "right", mapping("e_copies"))
            assert 55 in done.built.frame["certified"]
        else:
            said = message(file, data, "e_copies")
            assert "row 7, column Tổng số: expected a value; the cell's formula" in said


def test_what_a_mapping_can_say(tmp_path: Path, data: Path) -> None:
    """Constants, joined and extracted texts, conditions, fallbacks, times made up, filters."""
    from dxreport.ingest.mapping import MappingFile, parse_mapping

    text = """
table: pakn
format: xlsx
rows: {where: [{column: Status, not_in: [Spam]}, {column: "No", matches: "^[0-9]"}]}
columns:
  pakn_id: {join: [Year, 'No'], with: "-"}
  unit_id: {from: Agency, extract: "#([^#]+)#", values: {259: [DPW]}, unlisted: {value: "256"}}
  kind: {value: field}
  topic: {from: Type, values: {rac-thai: [Trash]}, unlisted: keep}
  received_at: {join: [Day, Hour]}
  due_at: {after: {column: received_at, days: 5, working: true}}
  resolved_at:
    from: Closed
    fallback: [Changed]
    only_where: {column: Status, in: [Closed, Done]}
  rating: {from: Stars, values: {5: [great]}, unlisted: empty, only_where: resolved_at}
"""
    rows: list[list[object]] = [
        ["Year", "No", "Agency", "Type", "Day", "Hour", "Status", "Closed", "Changed", "Stars"],
        [2024, 1, "x #DPW#", "TRASH", datetime(2024, 9, 6), "08:30", "Closed", "", "9/9/2024", ""],
        [2024, 2, "#Other#", "Noise", "06/09/2024", "9:00", "Open", "07/09/2024", "", "great"],
        [2024, 3, "#DPW#", "Noise", "06/09/2024", "9:00", "done", "07/09/2024", "", "great"],
        [2024, 4, "#DPW#", "Noise", "06/09/2024", "9:00", "spam", "", "", ""],
        ["", "x", "#DPW#", "Noise", "06/09/2024", "9:00", "Open", "", "", ""],
    ]
    wanted = MappingFile("m.yml", "0", parse_mapping(text, "m.yml"))
    done = ingest(write_xlsx(tmp_path / "x.xlsx", rows), data, wanted)
    assert (done.built.read, done.built.filtered) == (5, 2)
    day = datetime(2024, 9, 6)
    assert done.built.frame.drop("kind").sort("pakn_id").rows() == [
        (
            "2024-1",
            "259",
            "rac-thai",
            day.replace(hour=8, minute=30),
            datetime(2024, 9, 13, 8, 30),
            datetime(2024, 9, 9),
            None,
        ),
        ("2024-2", "256", "Noise", day.replace(hour=9), datetime(2024, 9, 13, 9), None, None),
        (
            "2024-3",
            "259",
            "Noise",
            day.replace(hour=9),
            datetime(2024, 9, 13, 9),
            datetime(2024, 9, 7),
            5,
        ),
    ]


def test_bad_records_are_refused_where_the_mapping_says_so(tmp_path: Path, data: Path) -> None:
    def bad(page: Grid) -> None:
        for row in page.rows[:2]:
            row[page.column("Ngày xử lý xong")] = "01/01/2024"
        page.rows[5][page.column("Ngày tiếp nhận")] = "32/09/2024"

    file = export(tmp_path, "pakn", bad)
    allowing = load_policy(at_most=3)
    done = ingest(file, data, mapping("pakn", on_error=allowing))
    assert (done.built.read, done.built.refused, done.built.frame.height) == (24, 3, 21)
    manifest = json.loads((data / "manifest.json").read_text(encoding="utf-8"))
    (entry,) = manifest["files"].values()
    assert entry["left_out"]["refused"] == 3
    assert {(r["column"], r["rule"], r["rows"]) for r in entry["refused"]} == {
        ("received_at", "type", 1),
        ("resolved_at", "resolved_after_received", 2),
    }
    with pytest.raises(ContractError, match="expected at most 2 rows to be refused, found 3 of 24"):
        ingest(file, data, mapping("pakn", on_error=load_policy(at_most=2)))
    with pytest.raises(ContractError, match="expected at most 10% to be refused, found 3 of 24"):
        ingest(file, data, mapping("pakn", on_error=load_policy(at_most_percent=10)))


def load_policy(**limits: float) -> object:
    from dxreport.ingest.mapping import Refuse

    return Refuse(**limits)  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", ["drop_identical", "first", "last"])
def test_duplicates(policy: str, tmp_path: Path, data: Path) -> None:
    file = export(tmp_path, "pakn", lambda page: page.rows.extend(page.rows[:3]))
    assert "expected a key that occurs once; it is in row 6 too" in message(file, data, "pakn")
    done = ingest(file, data, mapping("pakn", duplicates=policy))
    assert (done.built.duplicates, done.built.frame.height) == (3, 24)


def test_one_dossier_in_two_months_is_found(tmp_path: Path, data: Path) -> None:
    ingest(export(tmp_path, "pakn"), data, mapping("pakn"))

    def october(page: Grid) -> None:
        for row in page.rows:
            row[8:12] = ["02/10/2024 08:00", "15/10/2024", "", ""]

    before = content(data)
    with pytest.raises(ContractError, match=r"data/pakn/2024-10\.parquet, row 1, .*occurs once"):
        ingest(export(tmp_path, "pakn", october), data, mapping("pakn"))
    assert content(data) == before


# The folder and its manifest ---------------------------------------------------------------


def test_a_file_changed_by_hand_is_named(tmp_path: Path, data: Path) -> None:
    for table in FILES:
        ingest(export(tmp_path, table), data, mapping(table))
    tables = read_tables(data, REFERENCE)
    assert tables.manifest is not None
    assert set(tables.manifest.entries) == {f"{table}/2024-09.parquet" for table in FILES}
    changed = data / "pakn" / "2024-09.parquet"
    pl.read_parquet(changed).head(5).write_parquet(changed)
    with pytest.raises(ContractError, match=r"pakn/2024-09\.parquet: expected the file that man"):
        read_tables(data, REFERENCE)
    with pytest.raises(ContractError, match=r"pakn/2024-09\.parquet: expected the file that man"):
        ingest(export(tmp_path, "documents"), data, mapping("documents", part="x"))
    # To ingest its export again mends it.
    assert ingest(export(tmp_path, "pakn"), data, mapping("pakn")).rows[0].added == 19
    read_tables(data, REFERENCE)
    changed.unlink()
    with pytest.raises(ContractError, match=r"names; it is not there"):
        read_tables(data, REFERENCE)


def test_a_damaged_manifest_is_an_error(tmp_path: Path, data: Path) -> None:
    ingest(export(tmp_path, "pakn"), data, mapping("pakn"))
    for text in ("", "{}", "[]", '{"version": 1, "files": {"a": {}}}', '{"version": 2}'):
        (data / "manifest.json").write_text(text)
        with pytest.raises(DxError, match=r"manifest\.json: expected"):
            read_manifest(data)


def test_csv_in_the_encodings_of_spreadsheets(tmp_path: Path, data: Path) -> None:
    page = grid("pakn")
    wanted = ingest(write_xlsx(tmp_path / "p.xlsx", page.all()), data, mapping("pakn")).built.frame
    for encoding, delimiter in (
        ("utf-8-sig", ";"),
        ("utf-16", "\t"),
        ("utf-16-le", ","),
        ("utf-8", "|"),
    ):
        file = write_csv(tmp_path / "p.csv", page.all(), delimiter, encoding)
        done = ingest(file, data, mapping("pakn", format="csv"))
        assert done.built.frame.equals(wanted), encoding
        assert not any(change.is_any for change in done.rows)


def test_figures_that_move_are_named(tmp_path: Path, data: Path) -> None:
    for table in FILES:
        done = ingest(export(tmp_path, table), data, mapping(table))
    (first,) = done.facts
    assert first.is_new or first.moves
    page = grid("pakn")
    page.rows.append([25, "PA-0025", *page.rows[0][2:]])
    done = ingest(write_xlsx(tmp_path / "more.xlsx", page.all()), data, mapping("pakn"))
    (change,) = done.facts
    moves = {(m.indicator, m.period, m.scope): (m.before, m.after) for m in change.moves}
    assert moves["pakn_received", "month", "all"] == ("24", "25")
    assert isinstance(done.rows[0], RowChange)


def test_the_whole_way_gives_the_samples_facts(tmp_path: Path) -> None:
    """The generator's exports of September, ingested, are September's figures to the byte."""
    from dxreport.catalogue import load_catalogue
    from dxreport.exports import facts_csv
    from dxreport.facts import compute_facts
    from dxreport.ingest.run import choose_mapping
    from dxreport.periods import Month
    from dxreport.sample.exports import hold_back

    data, exports = tmp_path / "data", tmp_path / "exports"
    data.mkdir()
    for file in (ROOT / "data" / "sample").iterdir():
        (data / file.name).write_bytes(file.read_bytes())
    hold_back(data, REFERENCE, exports)
    files = {
        "van-ban-2024-09.xlsx": "documents",
        "chung-thuc-2024-09.xlsx": "e_copies",
        "pakn-2024-09.xlsx": "pakn",
        "tthc-2024-09.xlsx": "procedures",
        "tthc-bo-tai-chinh-2024-09.csv": "procedures",
    }
    assert {path.name for path in exports.iterdir()} == set(files)
    from dxreport.ingest.mapping import load_mapping
    from ingest_data import MAPPINGS

    for name, table in files.items():
        file = exports / name
        ingest(file, data, load_mapping(choose_mapping(MAPPINGS, table, file)))

    def facts(folder: Path) -> str:
        tables = read_tables(folder, REFERENCE)
        catalogue = load_catalogue(
            tables.units, tables.targets, tables.baselines, tables.topics, REFERENCE
        )
        return facts_csv(compute_facts(tables, catalogue, Month(2024, 9)))

    assert facts(data) == facts(ROOT / "data" / "sample")


def test_the_command(tmp_path: Path) -> None:
    file = write_xlsx(tmp_path / "pakn-9.xlsx", grid("pakn").all())
    done = run("ingest", "pakn", file, "--data", tmp_path / "dx")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].endswith("pakn-9.xlsx, sheet Dữ liệu: 24 records, 24 kept")
    assert lines[1:] == [
        "  rows that are no records: 2 below, 1 blank",
        "pakn 2024-09: 24 rows, new",
        "No report yet: the folder still lacks documents, e_copies, procedures",
    ]
    wrong = run("ingest", "documents", file, "--data", tmp_path / "dx")
    assert wrong.returncode == 2
    assert "expected one mapping of documents whose `files` fit this name" in wrong.stderr


def test_the_command_says_in_words_what_was_refused(tmp_path: Path) -> None:
    page = grid("pakn")
    for row in page.rows[:2]:
        row[page.column("Ngày xử lý xong")] = "01/01/2024"
    for at, row in enumerate(page.rows[4:18]):
        row[page.column("Hạn xử lý")] = f"{at + 32}/09/2024"
    file = write_xlsx(tmp_path / "pakn-9.xlsx", page.all())
    ready = (MAPPINGS / "pakn.yml").read_text(encoding="utf-8")
    own = tmp_path / "own.yml"
    own.write_text(ready + "on_error: {at_most_percent: 90}\n", encoding="utf-8")
    done = run("ingest", "pakn", file, "--mapping", own, "--data", tmp_path / "dx")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[1:4] == [
        "  16 refused",
        "    14 for Hạn xử lý: cannot be read",
        "    2 for Ngày xử lý xong: before it was received",
    ]
    assert lines[16] == "    ... and 4 more"


def test_every_rule_has_words() -> None:
    rules = {"type", "unlisted", "primary_key"}
    for table in FILES:
        rules |= {check.rule.split("|")[-1] for check in (*checks(table), *unit_checks(table))}
    assert rules <= set(WHY)


def test_the_first_reports_of_a_folder_are_one_line(tmp_path: Path) -> None:
    data = tmp_path / "dx"
    for name in ("documents", "e_copies", "procedures"):
        shutil.copy(next((ROOT / "data" / "sample").glob(f"{name}.*")), tmp_path)
    data.mkdir()
    for file in tmp_path.glob("*.*"):
        file.rename(data / file.name)
    page = grid("pakn")
    for at, row in enumerate(page.rows):
        row[page.column("Ngày tiếp nhận")] = f"05/0{at % 4 + 1 + at % 4 // 3}/2024"
        for name in ("Hạn xử lý", "Ngày xử lý xong", "Đánh giá"):
            row[page.column(name)] = ""
    file = write_xlsx(tmp_path / "pakn-9.xlsx", page.all())
    done = run("ingest", "pakn", file, "--data", data)
    said = [line for line in done.stdout.splitlines() if line.startswith("report")]
    assert said == ["reports of 2024-01..2024-03, 2024-05, 2024-09: new, there was none before"]
