"""The open data of a month: valid, the same in every format, numbers for people, no formula."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest
import yaml
from frictionless import Package, system
from python_calamine import CalamineWorkbook

from browsing import Watched
from builders import frame, small_folder, small_frames, write_folder
from command import ROOT
from dxreport.config import Project
from dxreport.errors import DxError
from dxreport.exports import facts_csv
from dxreport.facts import Facts
from dxreport.opendata import OpenData, open_data
from dxreport.opendata.appendices import appendix_resource, printed_number
from dxreport.opendata.settings import open_data_settings
from dxreport.report import Report, build_report
from dxreport.workbook import number_format

FORMATS = ("csv", "xlsx", "parquet", "json")
HOSTILE = ("=1+1", "+SUM(A1)", "-2", "@x", "=cmd|'/c'!A1", "<script>x</script>", "&b]]>")


@pytest.fixture(scope="module")
def report() -> Report:
    return build_report("2024-09", ROOT / "data" / "sample", ROOT)


@pytest.fixture(scope="module")
def data(report: Report) -> OpenData:
    return open_data(report)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> OpenData:
    """A month whose names are all hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    frames = small_frames(3)
    names = [HOSTILE[n % len(HOSTILE)] + str(n) for n in range(frames["units"].height)]
    frames["units"] = frames["units"].with_columns(pl.Series("name", names))
    frames["topics"] = frame(
        "topics", [{"topic": t, "name": HOSTILE[0]} for t in frames["topics"]["topic"]]
    )
    write_folder(folder, frames)
    month = max(frames["documents"]["month"])
    return open_data(build_report(month, folder, ROOT))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> OpenData:
    """A month of few units, and none of districts."""
    made = small_folder(tmp_path_factory.mktemp("small"), 11)
    return open_data(build_report("2024-03", made.path, ROOT))


def problems(folder: Path) -> list[str]:
    """What the Frictionless validator finds."""
    with system.use_context(trusted=False):
        found = Package(str(folder / "datapackage.json")).validate()
    return [error.message for error in found.errors] + [
        f"{task.name}: {error.message}" for task in found.tasks for error in task.errors
    ]


# -- the package


def test_the_package_is_valid_and_names_every_file(data: OpenData, tmp_path: Path) -> None:
    data.write(tmp_path)
    assert problems(tmp_path) == []
    package = json.loads((tmp_path / "datapackage.json").read_text(encoding="utf-8"))
    assert {each["path"] for each in package["resources"]} == set(data.files) - {"datapackage.json"}
    tables = [each for each in package["resources"] if each["type"] == "table"]
    assert [each["name"] for each in tables] == [
        "facts",
        *(f"appendix-{number}" for number in ("1-1", "1-2", "1-3", "2", "3-1", "3-2", "4")),
        "indicators",
    ]
    assert package["name"] == "bac-ninh-chuyen-doi-so-2024-09"
    assert package["licenses"][0]["name"] == "CC-BY-4.0"
    assert package["period"]["start"] == "2024-09-01"
    assert package["period"]["asOf"] == "2024-09-30"
    assert package["synthetic"] is True
    assert "mô phỏng" in package["description"]


@pytest.mark.parametrize(
    ("name", "spoil", "finds"),
    [
        ("facts.csv", lambda text: text.replace("\n2024-03,", "\n2024-3x,", 1), "yearmonth"),
        ("facts.csv", lambda text: text.replace(",month,", ",week,", 1), "constraint"),
        ("indicators.csv", lambda text: text.replace("pakn_received,", "pakn_x,", 1), "not found"),
        ("appendix-2.csv", lambda text: text.replace("unit,", "group,", 1), "hash"),
    ],
)
def test_the_validator_would_see_a_wrong_value(
    small: OpenData, tmp_path: Path, name: str, spoil: object, finds: str
) -> None:
    small.write(tmp_path)
    path = tmp_path / name
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")  # type: ignore[operator]
    assert any(finds in found for found in problems(tmp_path))


@pytest.mark.parametrize("seed", [0, 9])
def test_any_month_has_a_valid_package(seed: int, tmp_path: Path) -> None:
    """Without districts, across a year, with nothing resolved: whatever appendices there are."""
    made = small_folder(tmp_path / "in", seed)
    report = build_report(made.months[-1], made.path, ROOT)
    data = open_data(report)
    data.write(tmp_path / "data")
    assert problems(tmp_path / "data") == []
    names = {n for n in data.files if n.startswith("appendix") and n.endswith(".csv")}
    assert names == {f"appendix-{n.replace('.', '-')}.csv" for n in report.appendices}


def test_the_same_data_give_the_same_bytes(report: Report, data: OpenData) -> None:
    again = open_data(replace(report))
    assert [n for n, content in again.files.items() if content != data.files[n]] == []
    assert list(again.files) == list(data.files)


# -- the same figures in each format


def test_the_formats_hold_the_same_rows(data: OpenData) -> None:
    for resource in data.resources:
        frames = [
            pl.read_csv(
                data.files[f"{resource.name}.csv"], schema=resource.frame().schema, quote_char='"'
            ),
            pl.read_parquet(data.files[f"{resource.name}.parquet"]),
            pl.DataFrame(
                json.loads(data.files[f"{resource.name}.json"]), schema=resource.frame().schema
            ),
        ]
        assert all(one.equals(resource.frame()) for one in frames), resource.name
        assert resource.frame().height


def test_facts_csv_is_that_beside_the_report(report: Report, data: OpenData) -> None:
    assert data.files["facts.csv"].decode() == facts_csv(report.facts)


def test_an_appendix_shows_the_facts_it_is_made_of(report: Report, data: OpenData) -> None:
    """Each unit's row against the facts; its rates are those that the report prints."""
    compared = 0
    table = pl.read_csv(data.files["appendix-1-1.csv"])
    for row in table.filter(pl.col("row") == "unit").iter_rows(named=True):
        fact = report.facts.get("documents_signed_rate", "month", row["scope"])
        assert (row["month_outgoing"], row["month_signed"]) == (fact.denominator, fact.numerator)
        assert f"{row['month_rate']:.2f}".replace(".", ",") == f"{fact.printed:0<}".rstrip("%") or (
            fact.printed == "100%" and row["month_rate"] == 100
        )
        change = report.facts.get("documents_signed_rate_change", "month", row["scope"])
        assert row["change"] == pytest.approx(change.value, abs=1e-9)
        assert row["verdict"] == report.facts.get(fact.indicator, "ytd", fact.scope).met
        compared += 1
    assert compared == 19


def test_another_system_is_never_counted_among_the_units(data: OpenData) -> None:
    table = pl.read_csv(data.files["appendix-4.csv"])
    other = table.filter(pl.col("row") == "other_system")
    assert other["scope"].to_list() == ["unit:STC@Bộ Tài chính"]
    for group in ("Cấp tỉnh", "Cấp huyện"):
        own = table.filter(pl.col("group") == group)
        units = own.filter(pl.col("row") == "unit")
        whole = own.filter(pl.col("row") == "group")
        assert units["received"].sum() == whole["received"].item()


def test_every_indicator_of_the_facts_is_defined(report: Report, data: OpenData) -> None:
    defined = pl.read_csv(data.files["indicators.csv"])
    assert set(defined["indicator"]) == {fact.indicator for fact in report.facts}
    assert not defined.select("name", "formula", "unit").null_count().sum_horizontal().item()
    row = defined.filter(indicator="e_copy_rate").to_dicts()[0]
    assert (row["target_district"], row["target_commune"], row["unit"]) == (70, 60, "%")
    assert row["basis"] == "Chỉ thị số 10/CT-UBND ngày 01/6/2023"


# -- the workbooks


def sheets(content: bytes) -> Iterator[tuple[str, list[list[object]]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    for name in book.sheet_names:
        yield name, book.get_sheet_by_name(name).to_python()


def test_numbers_are_numbers_in_a_workbook(report: Report, data: OpenData) -> None:
    ((name, rows),) = sheets(data.files["facts.xlsx"])
    assert name == "Số liệu"
    assert rows[0][:4] == ["Tháng báo cáo", "Mục", "Chỉ tiêu", "Mã chỉ tiêu"]
    assert len(rows) == len(report.facts) + 1
    for row, fact in zip(rows[1:], report.facts, strict=True):
        assert row[7:9] == [fact.numerator, fact.denominator]
        assert row[9] == ("" if fact.value is None else pytest.approx(fact.value))
        assert row[11] == fact.printed


def test_an_appendix_is_laid_out_for_people(data: OpenData) -> None:
    book = openpyxl.load_workbook(io.BytesIO(data.files["appendix-4.xlsx"]))
    page = book.active
    assert page.title == "Phụ lục 4"
    assert page["A1"].value.startswith("Phụ lục 4. Kết quả giải quyết thủ tục hành chính")
    assert page.freeze_panes == "C5"
    assert page["C3"].value == "Nộp hồ sơ trực tuyến"
    assert "C3:F3" in {str(merged) for merged in page.merged_cells.ranges}
    assert [page.cell(4, at).value for at in range(3, 7)] == [
        "Tiếp nhận",
        "Nộp trực tuyến",
        "Tỷ lệ (%)",
        "Đạt/chưa đạt",
    ]
    rate, count = page["E6"], page["C5"]
    assert (rate.value, rate.number_format) == (98.21, "[$-42A]#,##0.00")
    assert (count.value, count.number_format) == (4377, "[$-42A]#,##0")
    assert page["F5"].value == "Chưa đạt"
    assert page.column_dimensions["B"].width > 30
    assert page.page_setup.orientation == "landscape"
    assert book.properties.created == datetime(2024, 10, 1)


def test_one_workbook_has_all_sheets(data: OpenData) -> None:
    names = [name for name, _ in sheets(data.files["tables.xlsx"])]
    appendices = [f"Phụ lục {n}" for n in ("1.1", "1.2", "1.3", "2", "3.1", "3.2", "4")]
    assert names == [*appendices, "Số liệu", "Chỉ tiêu"]


def test_a_number_format_is_of_vietnamese() -> None:
    assert number_format(0) == "[$-42A]#,##0"
    assert number_format(2) == "[$-42A]#,##0.00"


def test_no_cell_is_a_formula_whatever_the_names_say(hostile: OpenData) -> None:
    seen = 0
    for name, content in hostile.files.items():
        if name.endswith(".xlsx"):
            book = openpyxl.load_workbook(io.BytesIO(content))
            for page in book:
                for cell in (cell for row in page.iter_rows() for cell in row):
                    assert cell.data_type != "f", f"{name} {cell.coordinate}"
                    assert cell.hyperlink is None
                    if isinstance(cell.value, str) and cell.value.startswith(("=", "+", "-", "@")):
                        seen += 1
                        assert cell.quotePrefix
                        assert cell.number_format == "@"
        elif name.endswith(".csv"):
            rows = pl.read_csv(content, infer_schema=False)
            texts = rows.select(pl.col("name")).to_series().to_list()
            assert not any(text.startswith(("=", "+", "-", "@", "\t")) for text in texts), name
            seen += any(text.startswith("'") for text in texts)
    assert seen > 20


def test_hostile_names_keep_the_package_valid(hostile: OpenData, tmp_path: Path) -> None:
    hostile.write(tmp_path)
    assert problems(tmp_path) == []


# -- figures that there are not


def test_what_is_not_published_is_empty_and_said_in_words(report: Report) -> None:
    """As a suppressed fact has neither counts nor value."""
    told = "không công bố"
    key = "documents_signed_rate/month/unit:SNV"
    facts = Facts(
        report.facts.month,
        tuple(
            replace(f, numerator=None, denominator=None, value=None, printed=told, met=None)  # type: ignore[arg-type]
            if f.key == key
            else f
            for f in report.facts
        ),
    )
    table = report.appendices["1.1"]
    row = table.rows[0]
    cells = tuple(replace(c, text=told) if c.fact == key else c for c in row.cells)
    shown = replace(table, rows=(replace(row, cells=cells), *table.rows[1:]))
    resource = appendix_resource("1.1", "Phụ lục 1.1", shown, facts)
    first = resource.frame().row(0, named=True)
    assert first["scope"] == "unit:SNV"
    assert [first[c] for c in ("month_outgoing", "month_signed", "month_rate")] == [None] * 3
    assert first["ytd_outgoing"] is not None
    assert [cell.shown for cell in resource.sheet.rows[0].cells[2:5]] == [told] * 3


def test_a_rate_without_cases_has_no_number(report: Report, data: OpenData) -> None:
    none = [fact for fact in report.facts if not fact.exists]
    assert none
    assert all(printed_number(fact) is None for fact in none)
    table = pl.read_csv(data.files["appendix-2.csv"])
    empty = table.filter(pl.col("month_received") == 0)
    assert empty.height
    assert empty["month_rate"].null_count() == empty.height


def test_printed_numbers_are_those_of_the_facts(report: Report) -> None:
    """Half up on the exact pair, read back from what is printed."""
    for fact in report.facts:
        number = printed_number(fact)
        if number is None:
            assert not fact.exists or fact.unit == "topics"
        elif fact.unit not in ("units", "topics"):
            assert abs(number.value - fact.exact) <= 0.5 / 10**number.places + 1e-9, fact


# -- settings


def settings_in(tmp_path: Path, value: object) -> Project:
    text = yaml.safe_dump({"dxreport": {"open-data": value}}, allow_unicode=True)
    (tmp_path / "_quarto.yml").write_text(text, encoding="utf-8")
    return Project(tmp_path)


def test_without_settings_nothing_is_declared(tmp_path: Path) -> None:
    (tmp_path / "_quarto.yml").write_text("lang: vi\n", encoding="utf-8")
    assert open_data_settings(Project(tmp_path)).licence is None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("x", "dxreport: open-data: expected a mapping"),
        ({"license": {}}, "dxreport: open-data: license: unknown; known are name, title"),
        ({"name": "Bắc Ninh"}, "name: 'Bắc Ninh': expected small letters, figures and hyphens"),
        ({"name": 3}, "name: 3: expected text"),
        ({"homepage": "javascript:x"}, "homepage: 'javascript:x': expected a web address"),
        ({"licence": "CC0"}, "licence: expected a mapping with `title`"),
        ({"licence": {"title": "x"}}, "licence: expected `name` (an Open Definition id"),
        ({"sources": {"title": "x"}}, "sources: expected a list of mappings"),
        ({"sources": [{"path": "https://x.test"}]}, "sources: expected `title`"),
    ],
)
def test_settings_that_are_wrong_are_named(tmp_path: Path, value: object, message: str) -> None:
    with pytest.raises(DxError) as error:
        open_data_settings(settings_in(tmp_path, value))
    assert str(error.value).startswith("_quarto.yml: dxreport: open-data")
    assert message in str(error.value)


# -- as it is published


def test_the_published_folder_has_the_open_data_and_a_page(rendered: Path, data: OpenData) -> None:
    folder = rendered / "data"
    assert {path.name for path in folder.iterdir()} == {*data.files, "index.html"}
    differing = [n for n, content in data.files.items() if (folder / n).read_bytes() != content]
    assert differing == []
    assert (folder / "facts.csv").read_bytes() == (rendered / "facts.csv").read_bytes()
    report_page = (rendered / "index.html").read_text(encoding="utf-8")
    assert '<a href="data/index.html" type="text/html">Số liệu mở</a>' in report_page
    page = (folder / "index.html").read_text(encoding="utf-8")
    links = set(re.findall(r'href="([^"#:]+)"', page))
    assert all((folder / link).exists() for link in links if not link.startswith("../../"))
    assert {n for n in data.files if n != "datapackage.json"} <= links
    assert "script-src &#x27;none&#x27;" in page or "script-src 'none'" in page
    assert "Creative Commons Ghi công 4.0 Quốc tế" in page


def test_the_page_of_the_data_fits_a_phone(rendered: Path, watched: Watched) -> None:
    watched.page.set_viewport_size({"width": 360, "height": 740})
    watched.page.goto((rendered / "data" / "index.html").as_uri())
    assert watched.page.evaluate("document.documentElement.scrollWidth") == 360
    assert (watched.errors, watched.requests) == ([], [])
    titles = watched.page.locator(".bang-so-lieu h3").all_inner_texts()
    assert titles[0] == "Toàn bộ số liệu của báo cáo"
    assert len(titles) == 9
