"""An export with a row a document or certificate, counted into one a unit and month."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dxreport.errors import ContractError, DxError
from dxreport.ingest.mapping import MappingFile, load_mapping, parse_mapping
from dxreport.ingest.parsing import read_export
from dxreport.manifest import read_manifest
from ingest_data import CITIZENS, MAPPINGS, content, ingest, rows_of, write_csv, write_xlsx

TEXT = """
table: documents
format: csv
rows: {where: [{column: Độ mật, not_in: [Mật]}]}
record: {key: Số, within: [unit_id, year]}
columns:
  unit_id: Đơn vị
  month: Ngày
  outgoing: {count: [{column: Loại, not_in: [Dự thảo]}]}
  signed_from_work_file:
    from: Ký
    values: {true: [số], false: [giấy]}
    count: [{column: Nguồn, in: [HSCV]}]
"""
HEADINGS = ["Số", "Đơn vị", "Ngày", "Độ mật", "Loại", "Ký", "Nguồn", "Người ký", "Trích yếu"]
PEOPLE = [CITIZENS[0], CITIZENS[3]]


def document(
    number: object,
    unit: str = "TX. Quế Võ",
    day: str = "05/09/2024",
    secret: str = "",
    kind: str = "Công văn",
    signed: str = "số",
    source: str = "HSCV",
) -> list[Any]:
    return [number, unit, day, secret, kind, signed, source, *PEOPLE]


DOCUMENTS = [
    document("1/CV"),
    document("2/CV", signed="giấy"),
    document("3/CV", source="khác"),
    document("4/CV", secret="Mật"),
    document("5/CV", kind="Dự thảo"),  # In no figure: what is signed of it neither.
    document("1/CV", unit="Huyện Tiên Du"),
    document("6/CV", day="01/10/2024"),
    document("7/CV", source="khác", signed="?"),  # Nobody asks how it is signed.
]
COUNTED = [
    ("258", "2024-09", 1, 1),
    ("259", "2024-09", 4, 1),
    ("259", "2024-10", 1, 1),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def written(text: str = TEXT) -> MappingFile:
    return MappingFile("m.yml", "0", parse_mapping(text, "m.yml"))


def listing(tmp_path: Path, rows: list[list[Any]]) -> Path:
    return write_csv(tmp_path / "list.csv", [HEADINGS, *rows])


def counted(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    return sorted(frame.rows())


def test_documents_are_counted_by_unit_and_month(tmp_path: Path, data: Path) -> None:
    done = ingest(listing(tmp_path, DOCUMENTS), data, written())
    (tien_du,) = {row[0] for row in done.built.frame.rows()} - {"259"}
    expected = [(tien_du, *COUNTED[0][1:]), *COUNTED[1:]]
    assert counted(done.built.frame) == sorted(expected)
    assert counted(rows_of(data, "documents")) == sorted(expected)
    assert (done.built.read, done.built.kept, done.built.filtered) == (8, 7, 1)
    manifest = read_manifest(data)
    assert manifest is not None
    assert {(e.rows, e.read, e.kept) for e in manifest.of_table("documents")} == {
        (2, 8, 7),
        (1, 8, 7),
    }
    again = ingest(listing(tmp_path, DOCUMENTS[::-1]), data, written())
    assert not any(change.is_any for change in again.rows)


def test_only_the_months_asked_for_are_counted(tmp_path: Path, data: Path) -> None:
    file = listing(tmp_path, DOCUMENTS)
    done = ingest(file, data, written(), months=frozenset({"2024-10"}))
    assert counted(done.built.frame) == COUNTED[2:]
    assert (done.built.kept, done.built.other_months) == (1, 6)


def test_only_mapped_columns_are_read(tmp_path: Path) -> None:
    raw = read_export(listing(tmp_path, DOCUMENTS), written())
    assert {name for (name, *_) in raw.columns} == {*HEADINGS} - {"Người ký", "Trích yếu"}
    assert not any(person in str(raw) for person in PEOPLE)


def message(tmp_path: Path, data: Path, rows: list[list[Any]], text: str = TEXT) -> str:
    with pytest.raises(ContractError) as error:
        ingest(listing(tmp_path, rows), data, written(text))
    assert not data.exists()
    assert not any(person in str(error.value) for person in PEOPLE)
    return str(error.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (document("1/CV"), "row 4, column Số: expected a key that occurs once; it is in row 2 too"),
        (document("1/CV", day="30/01/2024"), "row 4, column Số: expected a key that occurs once"),
        (document(""), "row 4, column Số: expected a value"),
        (document("9", signed="mực"), "row 4, column Ký: expected a text that is listed in `val"),
        (document("9", signed=""), "row 4, column Ký: expected a value"),
        (
            document("9", source="#N/A"),
            "row 4, column Ký: expected a value; the cell's formula has none, or an error (in "
            "column Nguồn)",
        ),
        (document("9", secret="#REF!"), "row 4, column rows.where: expected a value; the cell's"),
        (document("9", day="31/09/2024"), "row 4, column Ngày: '31/09/2024': expected"),
        (document("9", unit="Huyện Tiên Đu"), "row 4, column Đơn vị: 'Huyện Tiên Đu': expected a"),
    ],
)
def test_what_is_wrong_with_a_record_names_its_row(
    row: list[Any], said: str, tmp_path: Path, data: Path
) -> None:
    assert said in message(tmp_path, data, [*DOCUMENTS[:2], row])


def test_a_number_of_another_year_is_another_document(tmp_path: Path, data: Path) -> None:
    rows = [document("1/CV"), document("1/CV", day="05/09/2023")]
    assert ingest(listing(tmp_path, rows), data, written()).built.kept == 2


@pytest.mark.parametrize(
    ("policy", "signed"), [("drop_identical", 1), ("first", 1), ("last", 0), ("error", None)]
)
def test_a_document_that_is_listed_twice(
    policy: str, signed: int | None, tmp_path: Path, data: Path
) -> None:
    text = f"{TEXT}duplicates: {policy}\n"
    once = document("1/CV")
    rows = [once, once if policy == "drop_identical" else document("1/CV", signed="giấy")]
    if signed is None:
        assert "occurs once" in message(tmp_path, data, rows, text)
        return
    done = ingest(listing(tmp_path, rows), data, written(text))
    assert [row[2:] for row in done.built.frame.rows()] == [(1, signed)]
    assert (done.built.kept, done.built.duplicates) == (1, 1)


def test_without_a_key_every_row_counts(tmp_path: Path, data: Path) -> None:
    text = TEXT.replace("{key: Số, within: [unit_id, year]}", "{key: none}")
    done = ingest(listing(tmp_path, [document("1")] * 3), data, written(text))
    assert [row[2:] for row in done.built.frame.rows()] == [(3, 3)]


def test_bad_records_are_refused_and_not_counted(tmp_path: Path, data: Path) -> None:
    rows = [*DOCUMENTS[:3], document("8", signed="mực"), document(""), document("1/CV")]
    text = f"{TEXT}on_error: {{at_most: 3}}\n"
    done = ingest(listing(tmp_path, rows), data, written(text))
    assert [row[2:] for row in done.built.frame.rows()] == [(3, 1)]
    assert (done.built.read, done.built.kept, done.built.refused) == (6, 3, 3)
    assert {(r.column, r.rule) for r in done.built.refusals} == {
        ("record.key", "nullability"),
        ("record.key", "primary_key"),
        ("signed_from_work_file", "unlisted"),
    }


def test_numbers_of_copies_are_added_up(tmp_path: Path, data: Path) -> None:
    text = """
table: e_copies
format: csv
record: {key: [Quyển, [Số vào sổ, Số]]}
columns:
  unit_id: Đơn vị
  month: Ngày
  certified: {from: Bản, sum: true}
  electronic: {from: Bản, sum: [{column: Hình thức, in: [điện tử]}]}
"""
    rows: list[list[Any]] = [
        ["Quyển", "Số", "Đơn vị", "Ngày", "Bản", "Hình thức"],
        ["A", 1, "TX. Quế Võ", "05/09/2024", "1.200", "điện tử"],
        ["A", 2, "TX. Quế Võ", "06/09/2024", 3, "giấy"],
        ["B", 1, "TX. Quế Võ", "06/09/2024", 2, "Điện tử"],
    ]
    done = ingest(write_csv(tmp_path / "x.csv", rows), data, written(text))
    assert done.built.frame.rows() == [("259", "2024-09", 1205, 1202)]
    rows.append(rows[-1])
    with pytest.raises(ContractError, match=r"row 5, column Quyển \+ Số: expected a key that occ"):
        ingest(write_csv(tmp_path / "x.csv", rows), data, written(text))
    rows[-1] = ["C", 1, "TX. Quế Võ", "06/09/2024", -2, "giấy"]
    before = content(data)
    with pytest.raises(ContractError, match=r"row 5, column Bản: .*-2"):
        ingest(write_csv(tmp_path / "x.csv", rows), data, written(text))
    assert content(data) == before


@pytest.mark.parametrize(
    ("name", "headings", "rows", "expected"),
    [
        (
            "documents-one-by-one.yml",
            ["STT", "Số ký hiệu", "Cơ quan ban hành", "Ngày ban hành", "Độ mật", "Ký số từ HSCV"],
            [
                ("1/CV", "05/09/2024", "", "x"),
                ("2/CV", "06/09/2024", "Mật", "x"),
                ("3/CV", "30/09/2024", "Thường", ""),
            ],
            (2, 1),
        ),
        (
            "e-copies-one-by-one.yml",
            ["STT", "Số chứng thực", "Đơn vị chứng thực", "Ngày chứng thực", "Họ tên", "Hình thức"],
            [("1", "05/09/2024", CITIZENS[0], "Bản điện tử"), ("2", "06/09/2024", "", "Bản giấy")],
            (2, 1),
        ),
    ],
)
def test_the_ready_mappings(
    name: str,
    headings: list[str],
    rows: list[tuple[str, ...]],
    expected: tuple[int, int],
    tmp_path: Path,
    data: Path,
) -> None:
    page: list[list[Any]] = [["DANH SÁCH"], ["Tháng 9 năm 2024"], [], headings]
    page += [[at, number, "TX. Quế Võ", *rest] for at, (number, *rest) in enumerate(rows, 1)]
    page += [["Tổng cộng", len(rows)], [], ["", "Người lập biểu"]]
    done = ingest(write_xlsx(tmp_path / "x.xlsx", page), data, load_mapping(MAPPINGS / name))
    assert done.built.frame.rows() == [("259", "2024-09", *expected)]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("record: {key: Số, within: [unit_id, year]}\n", "", "record: is missing; columns with"),
        ("key: Số", "kee: Số", "row 5, key record.kee: unknown; did you mean key?"),
        ("key: Số, ", "", "row 5, key record.key: is missing"),
        ("key: Số", "key: []", "row 5, key record.key: expected a heading, a list of headings, or"),
        ("[unit_id, year]", "[unit_id, week]", "key record.within.1: expected one of unit_id, mon"),
        ("month: Ngày", "month: {count: true}", "row 8, key columns.month.count: a figure is coun"),
        (
            "outgoing: {count: [{column: Loại, not_in: [Dự thảo]}]}",
            "outgoing: Tổng",
            "row 9, key columns.outgoing: expected count or sum, as signed_from_work_file has",
        ),
        ("not_in: [Dự thảo]", "notin: [a]", "key columns.outgoing.count.0.notin: unknown; did you"),
        ("count: [{column: Nguồn, in: [HSCV]}]", "count: false", "expected true, or conditions"),
        ("count: [{column: Nguồn, in: [HSCV]}]", "count: true\n    sum: true", "expected one of t"),
        ("count: [{column: Ngu", "only_where: outgoing\n    count: [{column: Ngu", "not beside co"),
        (
            "{count: [{column: Loại, not_in: [Dự thảo]}]}",
            "{sum: true, default: 1}",
            "sum: expected from",
        ),
    ],
)
def test_errors_of_a_mapping_that_counts(old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(DxError) as error:
        parse_mapping(TEXT.replace(old, new, 1), "m.yml")
    assert said in str(error.value), str(error.value)
    assert all(line.startswith("m.yml") for line in str(error.value).splitlines())


def test_records_of_other_tables_are_not_counted() -> None:
    text = (
        "table: pakn\nformat: csv\ncolumns:\n  pakn_id: Mã\n  unit_id: a\n  kind: {value: field}\n"
    )
    text += "  topic: b\n  received_at: c\n  rating: {count: true}\n"
    with pytest.raises(DxError, match=r"columns\.rating\.count: only for documents and e_copies"):
        parse_mapping(text, "m.yml")
    plain = text.replace("  rating: {count: true}\n", "record: {key: none}\n")
    with pytest.raises(DxError, match="record: only beside columns with count or sum"):
        parse_mapping(plain, "m.yml")
