"""The quality part: each count against one that is plain to see, and nothing of any record."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from builders import Frames, Row, frame, small_frames, write_folder
from dxreport.catalogue import Catalogue, load_catalogue
from dxreport.contracts import MESSAGES, SCHEMAS, checks
from dxreport.errors import ContractError
from dxreport.manifest import Entry, Manifest
from dxreport.periods import Month
from dxreport.quality import Quality, Share, assess
from dxreport.quality_words import statements
from dxreport.reading import Tables, read_tables

REFERENCE = Path(__file__).parents[1] / "data" / "reference"
MONTH = Month(2024, 9)
START = datetime(2024, 9, 2, 8)
DAY = timedelta(days=1)


def pakn(number: int, received: datetime = START, **more: object) -> Row:
    row: Row = {
        "pakn_id": f"P{number}",
        "unit_id": "D1",
        "kind": "field",
        "topic": "land",
        "received_at": received + number * timedelta(minutes=1),
        "due_at": received + 30 * DAY,
        "resolved_at": None,
        "rating": None,
    }
    return {**row, **more}


def counts(column: str, part: str, unit: str, month: str) -> Row:
    return {"unit_id": unit, "month": month, column: 10, part: 9}


def frames() -> Frames:
    made = small_frames(3)
    base: Row = {
        "short_name": "x",
        "level": "district",
        "kind": "people_committee",
        "parent_id": None,
        "order": 1,
        "valid_from": None,
        "valid_to": None,
    }
    made["units"] = frame(
        "units",
        [
            {**base, "unit_id": "D1", "name": "Huyện Một"},
            {**base, "unit_id": "D2", "name": "Huyện Hai"},
            {
                **base,
                "unit_id": "OLD",
                "name": "Huyện Cũ",
                "valid_to": datetime(2024, 6, 30).date(),
            },
        ],
    )
    made["documents"] = frame(
        "documents",
        [
            counts("outgoing", "signed_from_work_file", unit, month)
            for unit, month in (("D1", "2024-09"), ("D1", "2024-05"), ("OLD", "2024-05"))
        ],
    )
    made["e_copies"] = frame("e_copies", [counts("certified", "electronic", "D1", "2024-09")])
    made["pakn"] = frame(
        "pakn",
        [
            pakn(1, resolved_at=START + DAY, rating=5),
            pakn(2, received_at=START, due_at=None),
            pakn(3, received_at=START, due_at=None),  # as the one before, but for its number
            pakn(4, due_at=START - DAY),
            pakn(5, datetime(2024, 1, 2), resolved_at=datetime(2024, 8, 1)),
            pakn(6, datetime(2024, 10, 2)),
            # Rated only after the report's month: not yet, as of its end.
            pakn(7, resolved_at=datetime(2024, 10, 3), rating=1),
        ],
    )
    made["procedures"] = frame(
        "procedures",
        [
            {
                "dossier_id": "H1",
                "source_system": "province",
                "unit_id": "D1",
                "received_at": START,
                "due_at": START + DAY,
                "returned_at": None,
                "filed_online": True,
                "fee_due": False,
                "paid_online": None,
                "digitised": True,
            }
        ],
    )
    return made


def catalogue_of(tables: Tables, outlier_days: int = 200) -> Catalogue:
    from dataclasses import replace

    found = load_catalogue(tables.units, tables.targets, tables.baselines, tables.topics, REFERENCE)
    return replace(found, settings=replace(found.settings, outlier_days=outlier_days))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    path = tmp_path_factory.mktemp("quality")
    write_folder(path, frames())
    return read_tables(path, REFERENCE)


@pytest.fixture(scope="module")
def found(tables: Tables) -> Quality:
    return assess(tables, catalogue_of(tables), MONTH)


def of(found: Quality, table: str) -> dict[str, object]:
    return vars(next(t for t in found.tables if t.table == table))


def test_rows_months_and_units(found: Quality) -> None:
    documents, cases = of(found, "documents"), of(found, "pakn")
    assert (documents["rows"], documents["in_month"], documents["in_year"]) == (3, 1, 3)
    assert documents["missing"] == tuple(Month(2024, m) for m in (6, 7, 8))
    assert documents["of_former_units"] == 1
    assert (cases["rows"], cases["in_month"], cases["in_year"], cases["later"]) == (7, 5, 6, 1)
    assert found.silent == ("Huyện Hai",)


def test_cases(found: Quality) -> None:
    cases = next(c for c in found.cases if c.table == "pakn")
    assert cases.outliers == Share(1, 6)  # that of January took 212 days
    assert cases.with_due == Share(4, 6)
    assert cases.due_before_received == 1
    assert cases.rated == Share(1, 2)
    assert of(found, "pakn")["alike"] == 1
    assert next(c for c in found.cases if c.table == "procedures").rated is None


def test_the_rule_of_outliers_is_a_setting(tables: Tables) -> None:
    default = assess(tables, catalogue_of(tables, 365), MONTH)
    assert default.cases[0].outliers == Share(0, 6)
    stands = next(s for s in statements(default, "vi") if "quá 365 ngày" in s.about)
    assert stands.found == "0/6 (0%)"
    # What still waits counts by how long it has waited by the end of the month.
    short = assess(tables, catalogue_of(tables, 20), MONTH)
    assert short.cases[0].outliers == Share(6, 6) or short.cases[0].outliers == Share(5, 6)


def test_what_only_the_way_in_knows_comes_from_the_manifest(tables: Tables) -> None:
    from dataclasses import replace

    entry = Entry(
        path="pakn/2024-09.parquet",
        table="pakn",
        sha256="0",
        rows=5,
        first="",
        last="",
        source="x.xlsx",
        source_sha256="1",
        mapping="m.yml",
        mapping_sha256="2",
        ingested_at="",
        read=12,
        kept=7,
        left_out={"refused": 3, "duplicates": 2},
        late=2,
    )
    other = replace(entry, path="pakn/2024-08.parquet", late=1)  # of the same export
    manifest = Manifest({e.path: e for e in (entry, other)})
    told = assess(replace(tables, manifest=manifest), catalogue_of(tables), MONTH)
    intake = of(told, "pakn")["intake"]
    assert vars(intake) == {
        "exports": 1,
        "read": 12,
        "kept": 7,
        "left_out": {"duplicates": 2, "refused": 3},
        "late": 3,
    }
    assert of(told, "documents")["intake"] is None
    said = {s.about: s.found for s in statements(told, "vi")}
    assert said["Dòng bị loại khi nạp"] == "PAKN: 2 ghi trùng, 3 sai quy ước dữ liệu"
    late = next(found for about, found in said.items() if about.startswith("Bản ghi đến muộn"))
    assert late == "PAKN: 3"


def test_without_a_month_it_is_of_all_the_data(tables: Tables) -> None:
    whole = assess(tables, catalogue_of(tables), None)
    assert of(whole, "pakn")["in_year"] == 7
    assert of(whole, "documents")["of_former_units"] == 0
    assert whole.cases[0].rated == Share(2, 3)


def test_both_languages_say_the_same_lines(found: Quality) -> None:
    vi, en = statements(found, "vi"), statements(found, "en")
    assert len(vi) == len(en) > 8
    assert [s.is_odd for s in vi] == [s.is_odd for s in en]
    assert all(s.about.isascii() for s in en)
    assert not any(a.about == b.about for a, b in zip(vi, en, strict=True))


def test_no_record_is_told(found: Quality) -> None:
    text = repr(found) + repr(statements(found, "vi")) + repr(statements(found, "en"))
    assert not [row["pakn_id"] for row in frames()["pakn"].to_dicts() if row["pakn_id"] in text]
    assert "2024-09-02" not in text


def test_every_rule_has_its_words_in_both_languages() -> None:
    for table in SCHEMAS:
        for check in checks(table):
            assert check.message.en.strip(), check.rule
            assert check.message.vi.strip() != check.message.en.strip(), check.rule
    assert all(message.vi and message.en for message in MESSAGES.values())


def test_a_breach_is_said_in_vietnamese_too(tmp_path: Path) -> None:
    wrong = frames()
    wrong["pakn"] = wrong["pakn"].with_columns(
        rating=pl.when(pl.col("pakn_id") == "P1").then(pl.lit(9)).otherwise("rating")
    )
    write_folder(tmp_path, wrong)
    with pytest.raises(ContractError) as error:
        read_tables(tmp_path, REFERENCE)
    assert "row 2, column rating: '9': expected a whole number from 1 to 5" in str(error.value)
    said = str(error.value.in_language("vi"))
    assert "dòng 2, cột rating: '9': số nguyên từ 1 đến 5, hoặc để trống" in said
