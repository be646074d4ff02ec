"""Corrections as data: one value read otherwise, or a message that says what is not there."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from builders import Frames, frame, small_frames, write_folder
from dxreport.errors import ContractError
from dxreport.reading import Tables, read_tables

REFERENCE = Path(__file__).parents[1] / "data" / "reference"
PAKN = {
    "pakn_id": "P1",
    "unit_id": "D",
    "kind": "field",
    "topic": "land",
    "received_at": datetime(2024, 9, 2, 8),
    "due_at": datetime(2024, 9, 9, 17),
    "resolved_at": None,
    "rating": None,
}


def frames() -> Frames:
    made = small_frames(3)
    unit = made["units"].filter(pl.col("level") == "district").row(0, named=True)
    unit = {**unit, "unit_id": "D", "parent_id": None, "valid_from": None, "valid_to": None}
    made["units"] = frame("units", [unit])
    made["documents"] = frame(
        "documents",
        [{"unit_id": "D", "month": "2024-09", "outgoing": 20, "signed_from_work_file": 30}],
    )
    made["e_copies"] = frame(
        "e_copies", [{"unit_id": "D", "month": "2024-09", "certified": 1, "electronic": 1}]
    )
    made["pakn"] = frame("pakn", [PAKN, {**PAKN, "pakn_id": "P2"}])
    made["procedures"] = frame(
        "procedures",
        [
            {
                "dossier_id": "H1",
                "source_system": "province",
                "unit_id": "D",
                "received_at": datetime(2024, 9, 1),
                "due_at": datetime(2024, 9, 10),
                "returned_at": None,
                "filed_online": True,
                "fee_due": False,
                "paid_online": None,
                "digitised": True,
            }
        ],
    )
    return made


ENTRY = """\
- table: {table}
  row: {row}
  column: {column}
  from: {before}
  to: {after}
  reason: {reason}
  who: Phòng CNTT
  when: 2024-10-02
"""


def entry(
    column: str = "signed_from_work_file",
    before: str = "30",
    after: str = "19",
    table: str = "documents",
    row: str = "{unit_id: D, month: 2024-09}",
    reason: str = "nhập sai",
) -> str:
    return ENTRY.format(
        table=table, row=row, column=column, before=before, after=after, reason=reason
    )


def read(path: Path, corrections: str, fmt: str = "csv") -> Tables:
    write_folder(path, frames(), fmt)  # type: ignore[arg-type]
    (path / "corrections.yml").write_text(corrections, encoding="utf-8")
    return read_tables(path, REFERENCE)


@pytest.mark.parametrize("fmt", ["csv", "parquet", "parts"])
def test_a_value_that_the_contract_refuses_can_be_mended(tmp_path: Path, fmt: str) -> None:
    with pytest.raises(ContractError, match="'30': expected at most outgoing"):
        read(tmp_path / "wrong", "", fmt)
    tables = read(tmp_path / "right", entry(), fmt)
    assert tables.documents.collect()["signed_from_work_file"].to_list() == [19]
    assert [c.reason for c in tables.corrections] == ["typing_error"]


@pytest.mark.parametrize("fmt", ["csv", "parquet", "parts"])
@pytest.mark.parametrize(
    ("column", "before", "after", "found"),
    [
        ("resolved_at", "''", "2024-09-05 10:30:00", datetime(2024, 9, 5, 10, 30)),
        ("due_at", "2024-09-09 17:00:00", "''", None),
        ("due_at", "2024-09-09T17:00:00", "2024-09-12", datetime(2024, 9, 12)),
        ("topic", "land", "Đường sá", "Đường sá"),
    ],
)
def test_every_type_can_be_corrected(
    tmp_path: Path, fmt: str, column: str, before: str, after: str, found: object
) -> None:
    row = "{pakn_id: P2}"
    text = entry() + entry(column, before, after, "pakn", row)
    pakn = read(tmp_path, text, fmt).pakn.collect().sort("pakn_id")
    assert pakn[column].to_list() == [PAKN[column], found]


def test_what_was_corrected_is_in_the_fingerprint(tmp_path: Path) -> None:
    first = read(tmp_path / "a", entry())
    again = read(tmp_path / "b", entry())
    other = read(tmp_path / "c", entry(after="18"))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert [(s.table, s.rows) for s in first.sources if s.table == "corrections"] == [
        ("corrections", 1)
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            entry(before="31"),
            "corrections.yml, entry 1, column signed_from_work_file: '30': expected '31' "
            "(the entry's from) in the row with unit_id 'D', month '2024-09' of",
        ),
        (
            entry(row="{unit_id: E, month: 2024-09}"),
            "entry 1: expected a row with unit_id 'E', month '2024-09' in",
        ),
        (entry(table="pkn"), "entry 1, column table: 'pkn': expected one of units, documents"),
        (
            entry(column="sender"),
            "entry 1, column column: 'sender': expected a column of documents",
        ),
        (entry(row="{unit_id: D}"), "entry 1, column row: expected the key of documents: unit_id"),
        (entry(after="30"), "column to: '30': expected another value than `from`"),
        (entry() + entry(), "entry 2, column signed_from_work_file: expected each value to be"),
        (entry().replace("who: Phòng CNTT", "who: ''"), "entry 1, column who: expected text"),
        (entry().replace("2024-10-02", "02/10/2024"), "column when: '02/10/2024': expected a date"),
        (entry().replace("  reason: nhập sai\n", ""), "column reason: expected this field"),
        (entry() + "  sender: x\n", "column sender: expected the fields table, row, column"),
        ("table: pakn", "corrections.yml: expected a list of entries"),
        ("- [", "corrections.yml, row 1: expected YAML"),
        ("- 5", "entry 1: expected the fields table"),
        (entry(after="nhiều"), "'nhiều': expected a whole number"),
    ],
)
def test_what_an_entry_gets_wrong(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ContractError) as error:
        read(tmp_path, text)
    assert said in str(error.value)


def test_a_value_that_the_files_type_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"entry 1, column signed_from_work_file \(to\): 'x'"):
        read(tmp_path, entry(after="x"), "parquet")


def test_a_row_that_is_there_twice_is_not_guessed(tmp_path: Path) -> None:
    made = frames()
    made["pakn"] = frame("pakn", [PAKN, PAKN])
    write_folder(tmp_path, made)
    twice = entry() + entry("pakn_id", "P1", "P3", "pakn", "{pakn_id: P1}")
    (tmp_path / "corrections.yml").write_text(twice, encoding="utf-8")
    with pytest.raises(ContractError, match=r"expected one row with pakn_id 'P1' in .*, found 2"):
        read_tables(tmp_path, REFERENCE)


def test_words_that_a_person_typed_stay_in_the_file(tmp_path: Path) -> None:
    tables = read(tmp_path, entry(reason="bà Canary 0912345678 báo lại"))
    assert [c.reason for c in tables.corrections] == ["other"]
    assert "Canary" not in repr(tables.corrections)
    assert "Phòng CNTT" not in repr(tables.corrections)


def test_an_error_quotes_no_words_that_a_person_typed(tmp_path: Path) -> None:
    text = entry(before="31", reason="bà Canary 0912345678 báo lại")
    with pytest.raises(ContractError) as error:
        read(tmp_path, text)
    assert "Canary" not in str(error.value)
    assert "Phòng CNTT" not in str(error.value)


def test_a_file_without_an_entry_says_nothing(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="at most outgoing"):
        read(tmp_path, "# nothing yet\n")
