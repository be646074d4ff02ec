"""The model of a table and the appendices: which rows, which columns, which figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from builders import small_folder
from dxreport import vi
from dxreport.catalogue import load_catalogue
from dxreport.errors import DxError
from dxreport.facts import Fact, compute_facts
from dxreport.periods import Month
from dxreport.reading import read_tables
from dxreport.tables import NUMBERS, Cell, Column, Row, Table, appendices, appendix, appendix_names
from dxreport.tables.appendices import month_label, roman, ytd_label
from dxreport.tables.html import to_html
from dxreport.tables.model import spans
from dxreport.vi import plain
from tables_data import (
    MONTH,
    REFERENCE,
    SMALL,
    SMALL_COUNTS,
    facts_of,
    full_catalogue,
    small,
    unit,
    whole_province,
    with_units,
)


def grid(table: Table) -> str:
    """The table as lines of text, for a person to read in the snapshot."""
    lines = [table.caption, " | ".join(column.label for column in table.columns)]
    lines += [f"{row.kind}: " + " | ".join(cell.text for cell in row.cells) for row in table.rows]
    return "\n".join([*lines, *table.notes])


def of(number: str, month: Month = MONTH) -> Table:
    facts, catalogue = small(month)
    table = appendix(number, facts, catalogue, month)
    assert table is not None
    return table


def row_of(table: Table, name: str) -> dict[str, Cell]:
    for row in table.rows:
        if row.cells[table.head].text == name:
            return {c.key: cell for c, cell in zip(table.columns, row.cells, strict=True)}
    raise AssertionError(f"no row {name!r}")


@pytest.mark.parametrize("number", NUMBERS)
def test_appendix_as_text(number: str, snapshot: SnapshotAssertion) -> None:
    assert grid(of(number)) == snapshot


def test_every_figure_is_the_fact_that_it_names() -> None:
    facts, catalogue = whole_province()
    by_key: dict[str, Fact] = {fact.key: fact for fact in facts}
    seen = 0
    for table in appendices(facts, catalogue, MONTH).values():
        for cell in (cell for row in table.rows for cell in row.cells if cell.fact):
            fact = by_key[cell.fact or ""]
            seen += 1
            if cell.part == "numerator":
                assert cell.text == vi.integer(fact.numerator)
            elif cell.part == "denominator":
                assert cell.text == vi.integer(fact.denominator)
            elif cell.part == "met":
                words = {True: ("Đạt", "met"), False: ("Chưa đạt", "missed"), None: ("–", "none")}
                assert (cell.text, cell.tone) == words[fact.met]
            else:
                assert fact.printed.removesuffix(" ngày/PAKN") == cell.text
    assert seen > 3000


def test_every_unit_stands_once_in_its_appendix() -> None:
    facts, catalogue = whole_province()
    for number, level in (("1.1", "province"), ("1.2", "district"), ("1.3", "commune")):
        table = appendix(number, facts, catalogue, MONTH)
        assert table is not None
        names = [row.cells[1].text for row in table.rows if row.kind == "unit"]
        bodies = ("department", "people_committee")
        wanted = [
            u.name for u in catalogue.units_in(MONTH) if u.level == level and u.kind in bodies
        ]
        assert sorted(names) == sorted(wanted)


def test_communes_stand_under_their_districts_and_count_from_one() -> None:
    facts, catalogue = whole_province()
    table = appendix("3.2", facts, catalogue, MONTH)
    assert table is not None
    district, place, checked = None, 0, 0
    parents = {(u.name, u.parent_id) for u in catalogue.units_in(MONTH) if u.level == "commune"}
    for row in table.rows[:-1]:
        if row.kind == "group":
            district = next(u for u in catalogue.units if u.name == row.cells[1].text)
            place = 0
        else:
            assert district is not None
            place += 1
            assert row.cells[0].text == str(place)
            assert (row.cells[1].text, district.unit_id) in parents
            checked += 1
    numerals = [row.cells[0].text for row in table.rows if row.kind == "group"]
    assert numerals == ["I", "II", "III", "IV", "V", "VI", "VII", "VIII"]
    assert checked == 126


def test_a_district_s_row_shows_its_communes_together() -> None:
    row = row_of(of("3.2"), "Thành phố Bắc Ninh")
    assert [row[f"ytd_{key}"].text for key in ("certified", "electronic", "rate", "verdict")] == [
        "60",
        "39",
        "65,0%",
        "Đạt",
    ]
    assert row["ytd_rate"].fact == "e_copy_commune_mean/ytd/communes_of:D1"


def test_a_verdict_is_of_the_exact_ratio() -> None:
    signed = of("1.1")
    assert row_of(signed, "Sở Nội vụ")["verdict"].text == "Đạt"  # 8100/9000 = 90% exactly
    missed = row_of(signed, "Sở Tài chính")["verdict"]  # 899/1000
    assert (missed.text, missed.tone) == ("Chưa đạt", "missed")


def test_nothing_happened_is_neither_met_nor_missed() -> None:
    row = row_of(of("1.2"), "Huyện Gia Bình")
    assert row["month_rate"].text == row["ytd_rate"].text == "không phát sinh"
    assert (row["verdict"].text, row["verdict"].tone) == ("–", "none")


def test_no_previous_month_is_a_dash_and_a_note() -> None:
    table = of("1.1")
    row = row_of(table, "Sở Tài chính")
    assert row["previous_rate"].text == row["change"].text == "–"
    assert "(–) không có số liệu tháng trước." in table.notes
    assert row_of(table, "Sở Nội vụ")["change"].text == "tăng 0,10%"


def test_another_system_stands_under_its_unit_without_a_number() -> None:
    table = of("4")
    names = [row.cells[1].text for row in table.rows]
    at = names.index("Sở Tài chính")
    assert names[at + 1] == "– Sở Tài chính (Bộ Tài chính)"
    other = row_of(table, names[at + 1])
    assert (other["stt"].text, other["filing_rate"].text) == ("", "91,89%")
    assert row_of(table, "Sở Tài chính")["filing_rate"].text == "0%"


def test_kinds_have_their_own_groups_with_their_sums() -> None:
    table = of("2")
    groups = [row.cells[1].text for row in table.rows if row.kind == "group"]
    assert groups == [
        "Cấp huyện",
        "Trung tâm Hành chính công các cấp",
        "Doanh nghiệp (điện, nước, viễn thông)",
    ]
    centres = row_of(table, groups[1])
    assert [centres[f"month_{key}"].text for key in ("received", "resolved", "rate")] == [
        "7",
        "1",
        "14,3%",
    ]
    assert table.rows[-1].kind == "total"
    assert table.rows[-1].cells[1].text == "Toàn tỉnh"


def test_without_districts_communes_need_no_groups() -> None:
    communes = [replace(one, parent_id=None) for one in SMALL if one.level == "commune"]
    departments = [one for one in SMALL if one.level == "province"]
    catalogue = with_units(full_catalogue(), [*departments, *communes])
    kept = {one.unit_id for one in catalogue.units}
    counts = {
        table: [row for row in rows if row[0] in kept] for table, rows in SMALL_COUNTS.items()
    }
    facts = facts_of(counts, catalogue)
    made = appendices(facts, catalogue, MONTH)
    assert set(made) == {"1.1", "1.3", "2", "3.2", "4"}
    assert [row.kind for row in made["1.3"].rows] == ["unit", "unit", "unit", "total"]
    assert made["2"].rows[0].cells[1].text == "Cấp xã"


def test_a_commune_of_no_district_is_not_lost() -> None:
    lone = unit("C9", "Xã Mới", "commune")
    catalogue = with_units(full_catalogue(), [*SMALL, lone])
    table = appendix("1.3", facts_of(SMALL_COUNTS, catalogue), catalogue, MONTH)
    assert table is not None
    assert [row.cells[1].text for row in table.rows[-3:-1]] == [
        "Các xã, phường khác",
        "Xã Mới",
    ]


@pytest.mark.parametrize(
    ("numbers", "names"),
    [
        (NUMBERS, [f"Phụ lục {number}" for number in NUMBERS]),
        (["1.1", "1.3", "2", "3.2", "4"], [f"Phụ lục {n}" for n in ("1.1", "1.2", "2", "3", "4")]),
        (["2"], ["Phụ lục"]),
        (["2", "4"], ["Phụ lục 1", "Phụ lục 2"]),
        (["3.1", "3.2"], ["Phụ lục 1.1", "Phụ lục 1.2"]),
        ([], []),
    ],
)
def test_appendices_are_numbered_as_there_are(numbers: list[str], names: list[str]) -> None:
    assert appendix_names(numbers) == dict(zip(numbers, names, strict=True))


def test_no_unit_no_appendix() -> None:
    catalogue = with_units(full_catalogue(), [one for one in SMALL if one.level == "province"])
    facts = facts_of({"documents": SMALL_COUNTS["documents"][:4]}, catalogue)
    assert set(appendices(facts, catalogue, MONTH)) == {"1.1", "2"}
    with pytest.raises(DxError, match=r"no appendix '9'; there are 1\.1, 1\.2"):
        appendix("9", facts, catalogue, MONTH)


def test_a_mean_of_units_shows_no_counts_for_a_level() -> None:
    facts, catalogue = small()
    signed = replace(catalogue.indicators["documents_signed_rate"], aggregate="mean_of_units")
    catalogue = replace(catalogue, indicators={**catalogue.indicators, signed.id: signed})
    table = appendix("1.1", facts_of(SMALL_COUNTS, catalogue), catalogue, MONTH)
    assert table is not None
    total = row_of(table, "Tổng cộng cấp tỉnh")
    assert (total["month_outgoing"].text, total["month_signed"].text) == ("", "")
    assert total["month_rate"].text == "90,00%"
    assert row_of(table, "Sở Nội vụ")["month_outgoing"].text == "1.298"
    assert len(facts) > 0


def test_rows_are_as_wide_as_the_header() -> None:
    facts, catalogue = whole_province()
    for table in appendices(facts, catalogue, MONTH).values():
        covered = {
            (cell.row + down, cell.column + right)
            for cell in (cell for row in table.header for cell in row)
            for down in range(cell.rows)
            for right in range(cell.columns)
        }
        area = sum(cell.rows * cell.columns for row in table.header for cell in row)
        assert len(covered) == area == len(table.header) * len(table.columns)
        for row in table.rows:
            assert sum(reach for _, _, reach in spans(table, row)) == len(table.columns)


def test_a_row_of_the_wrong_width_is_refused() -> None:
    with pytest.raises(ValueError, match="a row of 1 cells, but 2 columns"):
        Table("t", "", (Column("a", "A"), Column("b", "B")), (Row("unit", (Cell("1"),)),))


def test_header_of_spanners_at_two_levels() -> None:
    table = Table(
        "t",
        "",
        (
            Column("a", "A"),
            Column("b", "B", spanners=("X",)),
            Column("c", "C", spanners=("Y", "Y1")),
            Column("d", "D", spanners=("Y", "Y2")),
            Column("e", "E", spanners=("Y", "Y2")),
        ),
        (),
    )
    shown = [[(c.text, c.column, c.rows, c.columns) for c in row] for row in table.header]
    assert shown == [
        [("A", 0, 3, 1), ("X", 1, 2, 1), ("Y", 2, 1, 3)],
        [("Y1", 2, 1, 1), ("Y2", 3, 1, 2)],
        [("B", 1, 1, 1), ("C", 2, 1, 1), ("D", 3, 1, 1), ("E", 4, 1, 1)],
    ]


def test_labels_of_periods() -> None:
    assert month_label(Month(2024, 1)) == "Tháng 01/2024"
    assert month_label(Month(2024, 9)) == "Tháng 9/2024"
    assert ytd_label(Month(2024, 1)) == "Từ đầu năm 2024"
    assert ytd_label(Month(2024, 6)) == "6 tháng đầu năm 2024"
    assert ytd_label(Month(2024, 12)) == "Năm 2024"
    assert of("1.1", Month(2024, 1)).caption.endswith("tháng 01/2024")
    assert of("1.1", Month(2024, 12)).caption.endswith("tháng 12 và năm 2024")
    assert of("4").caption.endswith("tính đến 30/9/2024")


def test_roman() -> None:
    assert [roman(n) for n in (1, 4, 8, 9, 14, 40, 1994)] == [
        "I",
        "IV",
        "VIII",
        "IX",
        "XIV",
        "XL",
        "MCMXCIV",
    ]


def test_plain_text_is_one_line_without_what_no_format_carries() -> None:
    assert plain("a\nb\tc\x00d\x1be\u202ef\ufffeg") == "a b cdefg"
    assert plain("Hoa\u0300 Bi\u0300nh") == "Hoà Bình"
    assert plain("1\u00a0298") == "1\u00a0298"


@pytest.mark.parametrize("seed", range(12))
def test_columns_of_counts_add_up_to_their_totals(seed: int, tmp_path: Path) -> None:
    """On random data: every unit with records is in its table, and the total is the units' sum."""
    folder = small_folder(tmp_path, seed)
    read = read_tables(tmp_path, REFERENCE)
    catalogue = load_catalogue(read.units, read.targets, read.baselines, read.topics, REFERENCE)
    compared = 0
    for month in (Month.parse(text) for text in folder.months):
        facts = compute_facts(read, catalogue, month)
        for number, table in appendices(facts, catalogue, month).items():
            # Of appendix 4 the total also has the level that is not shown unit by unit.
            keys = {"1": ("outgoing", "signed"), "2": ("received", "resolved", "backlog")}.get(
                number[0], ("certified", "electronic") if number[0] == "3" else ()
            )
            for at, column in enumerate(table.columns):
                if column.key.partition("_")[2] in keys:
                    figures = [
                        (row.kind, int(row.cells[at].text.replace(".", "")))
                        for row in table.rows
                        if row.cells[at].text and row.kind != "group"
                    ]
                    units = sum(figure for kind, figure in figures if kind == "unit")
                    assert figures[-1] == ("total", units), (number, column.key, str(month))
                    compared += units > 0
            assert len(to_html(table)) > 0
    assert compared > 0
