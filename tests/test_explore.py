"""The analyst's panel: what it answers to a choice, and what it lets out of the house."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import Folder, small_folder
from command import ROOT
from dxreport import spreadsheets
from dxreport.errors import DxError
from dxreport.explore import (
    PAKN_COLUMNS,
    Choice,
    Explorer,
    Panel,
    export,
    figures,
    look,
    pakn_rows,
    topics,
)
from dxreport.report import Report, build_report

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|'/c calc'!A1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return small_folder(tmp_path_factory.mktemp("explore") / "data", 3)


@pytest.fixture(scope="module")
def report(folder: Folder) -> Report:
    return build_report(folder.months[-1], folder.path, ROOT)


@pytest.fixture(scope="module")
def sample() -> Report:
    """Enough cases for charts to have something to show."""
    return build_report("2024-09", ROOT / "data" / "sample", ROOT)


def units_of(report: Report) -> list[str]:
    """Units with PAKN this year, most first."""
    facts = report.facts.where(indicator="pakn_received", period="ytd", prefix="unit:")
    ordered = sorted(facts, key=lambda fact: -fact.numerator)
    return [str(fact.unit_id) for fact in ordered if fact.numerator]


# --- a choice --------------------------------------------------------------------------------


@pytest.mark.parametrize("period", ["month", "ytd"])
def test_as_many_rows_as_the_report_counts(report: Report, period: str) -> None:
    counted = 0
    for unit in [None, *units_of(report)]:
        rows = pakn_rows(report, Choice(report.month, period, unit))  # type: ignore[arg-type]
        scope = "all" if unit is None else f"unit:{unit}"
        for indicator, have in (
            ("pakn_received", rows.height),
            ("pakn_resolved", rows["resolved_at"].count()),
        ):
            assert have == report.facts.get(indicator, period, scope).numerator
            counted += have
        assert rows.columns == list(PAKN_COLUMNS)
        if unit is not None:
            assert set(rows["unit_id"]) <= {unit}
        assert rows["received_at"].is_sorted()
    assert counted > 20


def test_a_topic_narrows_figures_and_rows_alike(report: Report) -> None:
    month = report.month
    seen = 0
    for name, topic in topics(report):
        view = look(report, Choice(month, topic=topic))
        received = report.facts.get("pakn_received", "ytd", f"topic:{topic}")
        assert view.rows.height == received.numerator
        assert set(view.rows["topic"]) <= {topic}
        assert view.table.rows[0].cells[1].text == received.printed
        assert name in view.title
        seen += view.rows.height
    assert seen == pakn_rows(report, Choice(month)).height > 0


def test_the_chosen_unit_stands_out_in_the_charts(sample: Report) -> None:
    unit = "262"
    with_units = 0
    plain = look(sample, Choice(sample.month)).charts
    chosen = look(sample, Choice(sample.month, "ytd", unit)).charts
    for before, after in zip(plain, chosen, strict=True):
        assert before.caption == after.caption
        params = after.spec.get("params", ())
        if values := [param.get("value") for param in params if param["name"] == "unit"]:
            with_units += 1
            assert values == [[{"unit_id": unit}]]
            assert after.svg() != before.svg()
    assert with_units >= 2


def test_what_is_not_known_is_refused(report: Report) -> None:
    with pytest.raises(DxError, match="no unit 'nowhere'"):
        look(report, Choice(report.month, "ytd", "nowhere"))
    with pytest.raises(DxError, match="no indicator 'nothing'"):
        figures(report, "nothing", period="ytd")


def test_figures_show_facts_as_they_are_printed(report: Report) -> None:
    table = figures(
        report, "pakn_received", "pakn_resolution_rate", period="ytd", of=["unit:"], most_first=True
    )
    facts = report.facts.where(indicator="pakn_received", period="ytd", prefix="unit:")
    assert len(table.rows) == len(facts) > 0
    numbers = []
    for row in table.rows:
        scope = str(row.cells[1].fact).rpartition("/")[2]
        assert row.cells[1].text == report.facts.get("pakn_received", "ytd", scope).printed
        assert row.cells[2].text == report.facts.get("pakn_resolution_rate", "ytd", scope).printed
        numbers.append(report.facts.get("pakn_received", "ytd", scope).numerator)
    assert numbers == sorted(numbers, reverse=True)
    assert figures(report, "e_copy_rate", period="ytd", of=["nobody:"]).rows[0].cells[0].text


# --- the panel -------------------------------------------------------------------------------


def test_without_a_kernel_the_panel_only_says_how_to_open_it(report: Report) -> None:
    shown = Explorer(report)._repr_mimebundle_()
    assert set(shown) == {"text/markdown", "text/plain"}
    assert "make explore" in shown["text/plain"]


def test_the_panel_answers_and_exports(sample: Report, tmp_path: Path) -> None:
    panel = Panel(sample, tmp_path / "out")
    everyone = panel.view
    pictures = [bytes(w.value) for w in panel.charts]
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    unit = "262"
    panel.unit.value = unit
    panel.period.value = "month"
    assert panel.view.choice == Choice(sample.month, "month", unit)
    assert panel.view.rows.height < everyone.rows.height
    assert [bytes(w.value) for w in panel.charts] != pictures
    panel.csv.click()
    panel.xlsx.click()
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert [name.rpartition(".")[2] for name in names] == ["csv", "xlsx"]
    assert names[1] in panel.message.value
    saved = (tmp_path / "out" / names[0]).read_bytes()
    assert saved == spreadsheets.to_csv(panel.view.rows)


def test_an_export_that_cannot_be_written_is_said(report: Report, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    panel = Panel(report, tmp_path / "file")
    panel.csv.click()
    assert "Không ghi được" in panel.message.value


def test_an_export_is_named_by_what_is_in_it(report: Report, tmp_path: Path) -> None:
    unit = units_of(report)[0]
    view = look(report, Choice(report.month, "ytd", unit))
    path = export(view, tmp_path, "xlsx")
    assert path.parent == tmp_path
    assert path.name == f"pakn-{report.month}-ytd-{unit.lower()}.xlsx"
    with pytest.raises(DxError, match="no export 'pdf'"):
        export(view, tmp_path, "pdf")


# --- files for a spreadsheet -----------------------------------------------------------------


def cells(book: bytes) -> list[list[ElementTree.Element]]:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
        sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    return [list(row) for row in sheet.iter(f"{SHEET}row")]


def words(cell: ElementTree.Element) -> str:
    return "".join(text.text or "" for text in cell.iter(f"{SHEET}t"))


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_is_a_formula(formula: str) -> None:
    frame = pl.DataFrame({"topic": [formula, "rác thải"], "rating": [-1, 5]})
    rows = list(csv.reader(io.StringIO(spreadsheets.to_csv(frame).decode("utf-8-sig"))))
    assert rows[1] == ["'" + formula, "-1"]
    assert rows[2] == ["rác thải", "5"]
    first = cells(spreadsheets.to_xlsx(frame))[1]
    assert first[0].get("t") == "inlineStr"
    # XML turns a lone carriage return into a line end.
    assert words(first[0]).replace("\n", "\r") == formula.replace("\n", "\r")
    assert not [cell for cell in first if cell.find(f"{SHEET}f") is not None]
    assert first[1].get("t") is None
    assert first[1].findtext(f"{SHEET}v") == "-1"


@given(st.lists(st.text(), min_size=1, max_size=5))
@settings(max_examples=60)
def test_any_text_comes_back_as_text(texts: list[str]) -> None:
    frame = pl.DataFrame({"topic": texts}, schema={"topic": pl.String})
    for row in cells(spreadsheets.to_xlsx(frame))[1:]:
        (cell,) = row
        assert cell.get("t") == "inlineStr"
        assert cell.find(f"{SHEET}f") is None
    for (line,) in csv.reader(io.StringIO(spreadsheets.to_csv(frame).decode("utf-8-sig"), "")):
        assert line[:1] not in tuple("=+-@\t\r\n")


def test_types_survive_and_the_bytes_are_the_same() -> None:
    frame = pl.DataFrame(
        {
            "at": [datetime(2024, 9, 1, 12), None],
            "day": [date(2024, 9, 1), None],
            "yes": [True, None],
            "share": [0.5, float("nan")],
        }
    )
    book = spreadsheets.to_xlsx(frame)
    assert book == spreadsheets.to_xlsx(frame)
    rows = cells(book)
    assert [cell.findtext(f"{SHEET}v") for cell in rows[1]] == ["45536.5", "45536", "1", "0.5"]
    assert [cell.find(f"{SHEET}v") for cell in rows[2]] == [None] * 4
    assert b"2024-09-01 12:00:00,2024-09-01,true,0.5" in spreadsheets.to_csv(frame)
