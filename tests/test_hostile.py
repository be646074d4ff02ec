"""Hostile texts from the data run nothing, and what citizens said of themselves goes nowhere.

One data folder has both: names, topics and legal bases that are attacks, and in every table
columns of a citizen's name, phone number and words. It is rendered once, and its notebooks run.
"""

from __future__ import annotations

import csv
import fcntl
import io
import os
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import docx
import lxml.html
import polars as pl
import pypdf
import pytest
import yaml

import hostile_data
from command import run
from dxreport import cli, vi
from dxreport.explore import Choice, export, look
from dxreport.report import build_report
from hostile_data import CITIZEN, FORMULA, IMAGE, LONG, MONTH, PAYLOADS, SCRIPT
from traces import plain, texts

# Whole, in parts, and without marks, as a slug or a log might have them.
TRACES = (
    "thị giấu",
    "thi giau",
    "thi-giau",
    "0987001234",
    "0987 001",
    "ổ gà",
    "o ga truoc",
    "ngõ kín",
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def correct(folder: Path) -> None:
    """A correction of January, in whose free texts the same citizen is named."""
    january = pl.read_csv(folder / "documents.csv", infer_schema=False).row(0, named=True)
    entry = {
        "table": "documents",
        "row": {"unit_id": january["unit_id"], "month": january["month"]},
        "column": "outgoing",
        "from": january["outgoing"],
        "to": str(int(january["outgoing"]) + 1),
        "reason": " ".join(CITIZEN.values()),
        "who": CITIZEN["ho_ten"],
        "when": "2024-10-02",
    }
    text = yaml.safe_dump([entry], allow_unicode=True)
    (folder / "corrections.yml").write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Published:
    """The data and project, the published folder of the month, all that the commands said."""

    data: Path
    project: Path
    folder: Path
    said: str


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Rendered and run once, whoever asks first; workers of pytest-xdist share it."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    base = base / "hostile"
    base.mkdir(exist_ok=True)
    data, project = base / "data", base / "project"
    out, log = base / "out", base / "log.txt"
    with (base / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not log.exists():
            hostile_data.write(hostile_data.frames(), data)
            hostile_data.project(project)
            correct(data)
            said = ""
            for arguments in (
                ("check", "--data", data),
                ("check", MONTH, "--data", data, "--lang", "vi"),
                ("facts", MONTH, "--data", data, "--format", "table"),
                ("facts", MONTH, "--data", data, "--format", "json"),
                ("render", MONTH, "--data", data, "--out", out, "--engine", "embedded"),
                ("notebooks", MONTH, "--data", data, "--out", out),
            ):
                done = run("--project", project, *arguments, timeout=600)
                assert done.returncode == 0, done.stderr
                said += done.stdout + done.stderr
            log.write_text(said, encoding="utf-8")
    return Published(data, project, out / MONTH, log.read_text(encoding="utf-8"))


# --- nothing of a citizen --------------------------------------------------------------------


def found(text: str) -> list[str]:
    said = plain(text)
    return [trace for trace in TRACES if trace in said]


def test_traces_would_be_found() -> None:
    assert all(found(value) for value in CITIZEN.values())


def test_a_correction_is_told_without_its_words(hostile: Published) -> None:
    assert "Giá trị được đính chính: văn bản đi: 1 lý do khác" in hostile.said
    page = (hostile.folder / "index.html").read_text(encoding="utf-8")
    assert "văn bản đi: 1 lý do khác" in page


def test_columns_outside_the_contract_are_in_no_file_and_no_message(hostile: Published) -> None:
    files = sorted(path for path in hostile.folder.rglob("*") if path.is_file())
    kinds = {path.suffix for path in files}
    assert kinds >= {".html", ".pdf", ".docx", ".csv", ".ipynb"}
    assert len(files) >= 12
    for path in files:
        for text in texts(path):
            assert found(text) == [], path.name
            assert not [column for column in CITIZEN if column in text], path.name
    assert found(hostile.said) == []
    left = [path for path in hostile.folder.parent.rglob("*") if path.name.startswith(".")]
    assert [path.name for path in left if path.is_file()] == [".dxreport.lock"]


@pytest.mark.parametrize("table", ["units", "documents", "pakn", "procedures", "targets"])
@pytest.mark.parametrize("fault", ["value", "header", "ragged", "column"])
def test_a_message_about_a_table_says_nothing_of_a_citizen(
    table: str, fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong value, no header, a row with a comma too many, a column that is missing."""
    # All units stay, or the first thing wrong would be the rows of those that are gone.
    frames = {
        name: frame if name == "units" else frame.head(40)
        for name, frame in hostile_data.frames().items()
    }
    if table in ("pakn", "procedures"):
        frames[table] = frames[table].with_columns(
            pl.selectors.datetime().dt.to_string("%Y-%m-%dT%H:%M:%S")
        )
    data = hostile_data.write(frames, tmp_path / "data")
    (data / f"{table}.parquet").unlink(missing_ok=True)
    people = pl.col(*CITIZEN)
    frame = frames[table].select(people, pl.exclude(*CITIZEN))
    lines = frame.write_csv().splitlines()
    if fault == "value":
        key = frame.columns[len(CITIZEN)]
        lines = frame.with_columns(pl.lit("").alias(key)).write_csv().splitlines()
    elif fault == "header":
        lines = lines[1:]
    elif fault == "ragged":
        lines[2] = lines[2].replace(CITIZEN["noi_dung"], "Ổ gà, trước nhà số 7, ngõ Kín", 1)
    else:
        lines = frame.drop(frame.columns[len(CITIZEN)]).write_csv().splitlines()
    (data / f"{table}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert cli.main(["check", "--data", str(data)]) == 1
    said = capsys.readouterr()
    assert table in said.err
    assert "Traceback" not in said.err
    assert found(said.out + said.err) == [], said.err


# --- nothing runs ----------------------------------------------------------------------------


# What the attacks would bring into a page, if one of them were taken for markup.
BROUGHT = """() => [...document.querySelectorAll(`
    img, iframe, object, embed, form, input, base, template, math, meta[http-equiv=refresh],
    link:not([rel=icon]), svg, h1, style, a[href^=javascript], a[href*=evil], b, ol > li > b`)]
  .filter((node) => !node.closest(".vega"))
  .map((node) => node.outerHTML.slice(0, 80))"""
HANDLERS = """() => [...document.querySelectorAll('*')].flatMap((node) =>
    [...node.attributes].filter(({ name }) => name.startsWith('on')).map(({ name }) => name))"""


def pages(hostile: Published) -> list[Path]:
    """The report, its notebooks and the archive."""
    found = [*sorted(hostile.folder.rglob("*.html")), hostile.folder.parent / "index.html"]
    return [path for path in found if path.is_file()]


def test_the_corpus_has_every_kind() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 60
    assert len({vi.plain(payload) for payload in PAYLOADS}) == len(PAYLOADS)


def test_payloads_run_nothing_on_any_page(hostile: Published, watched) -> None:
    page = watched.page
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.add_init_script(
        """window.ran = 0; window.alert = () => { window.ran += 1; };
        window.blocked = [];
        addEventListener('securitypolicyviolation', (event) =>
            window.blocked.push(event.violatedDirective + ' ' + event.blockedURI));"""
    )
    paths = pages(hostile)
    assert len(paths) >= 6
    for path in paths:
        page.goto(path.as_uri())
        if page.locator("figure.chart").count():
            # A function: the page's own policy forbids a text to be run as code.
            page.wait_for_function("() => document.documentElement.dataset.charts === 'drawn'")
        assert page.locator("figure.chart[data-drawn=failed]").count() == 0, path.name
        brought = [tag for tag in page.evaluate(BROUGHT) if not tag.startswith(("<h1", "<style"))]
        assert brought == [], path.name
        assert page.locator("h1").count() == 1, path.name
        assert page.evaluate(HANDLERS) == [], path.name
        assert page.evaluate("[window.ran, window.blocked]") == [0, []], path.name
    assert dialogs == []
    assert watched.requests == []
    assert watched.errors == []


def test_the_explanations_of_attacks_are_text(hostile: Published, watched) -> None:
    page = watched.page
    page.add_init_script("window.ran = 0; window.alert = () => { window.ran += 1; };")
    page.goto((hostile.folder / "index.html").as_uri())
    for at in range(0, len(PAYLOADS), 6):
        page.evaluate(
            "(id) => { location.hash = id; }",
            f"fact-documents_signed_rate-month-unit-P{at}",
        )
        page.wait_for_function(
            "(who) => document.querySelector('.giai-thich-ai')?.textContent === who",
            arg=vi.plain(PAYLOADS[at]),
        )
        assert page.locator("#dx-fact :is(img, script, b, svg, iframe)").count() == 0
    assert page.evaluate("window.ran") == 0
    assert watched.errors == []


def test_a_choice_of_an_attack_runs_nothing(hostile: Published, watched) -> None:
    page = watched.page
    page.add_init_script("window.ran = 0; window.alert = () => { window.ran += 1; };")
    page.goto((hostile.folder / "index.html").as_uri())
    page.wait_for_function("() => document.documentElement.dataset.charts === 'drawn'")
    page.select_option("#dx-unit", "D0")
    for mark in page.locator("figure[data-units] .vega path").all()[:40:10]:
        mark.hover(force=True)
    assert page.evaluate("window.ran") == 0
    assert (watched.requests, watched.errors) == ([], [])


def test_the_page_prints_every_attack_as_its_text(hostile: Published) -> None:
    tree = lxml.html.fromstring((hostile.folder / "index.html").read_text(encoding="utf-8"))
    wanted = [" ".join(vi.plain(payload).split()) for payload in PAYLOADS]
    for number in ("1-1", "1-2", "1-3", "3-1", "3-2"):
        heads = tree.xpath(f"//table[@id='phu-luc-{number}-bang']/tbody//th")
        names = {" ".join(head.text_content().split()) for head in heads}
        assert [payload for payload in wanted if payload not in names] == [], number
    units = [" ".join(o.text_content().split()) for o in tree.xpath("//select[@id='dx-unit']/*")]
    assert [payload for payload in wanted if payload not in units] == []
    systems = " ".join(tree.xpath("string(//table[@id='phu-luc-4-bang'])").split())
    assert [payload for payload in wanted if f"({payload})" not in systems] == []
    assert len(tree.xpath("//section[@id='footnotes']//li")) == 6
    headings = [" ".join(h.text_content().split()) for h in tree.xpath("//main//h2 | //main//h3")]
    assert not [heading for heading in headings if "Tiêu đề" in heading or "Chiếm" in heading]


@pytest.mark.parametrize("width", [360, 1280])
def test_payloads_do_not_widen_the_page(hostile: Published, watched, width: int) -> None:
    watched.page.set_viewport_size({"width": width, "height": 800})
    for path in pages(hostile):
        watched.page.goto(path.as_uri())
        reach = watched.page.evaluate("document.documentElement.scrollWidth")
        assert reach <= width, path.name


def test_payloads_are_printed_as_they_are_on_paper(hostile: Published) -> None:
    reader = pypdf.PdfReader(hostile.folder / "report.pdf")
    pdf = letters("".join(page.extract_text() for page in reader.pages))
    body = docx.Document(str(hostile.folder / "report.docx")).element.body
    word = letters("".join(node.text or "" for node in body.iter() if node.tag.endswith("}t")))
    for payload in PAYLOADS:
        assert letters(vi.plain(payload)) in word, payload
        # A sign that no font of the letter has is a question mark there.
        shown = letters(vi.plain(payload).replace("＝", "?"))
        assert shown in pdf or payload == LONG, payload
    assert pdf.count("W") >= 3 * len(LONG)
    assert not [
        node
        for node in body.iter()
        if node.tag.endswith(("}instrText", "}fldSimple")) and "cmd" in str(node.text)
    ]
    assert "/JavaScript" not in (hostile.folder / "report.pdf").read_bytes().decode("latin-1")


def letters(text: str) -> str:
    """What can be read of a text: without spaces, signs of no width and marks above letters."""
    parts = unicodedata.normalize("NFD", text)
    return "".join(c for c in parts if unicodedata.category(c)[0] not in "CMZ")


def test_control_characters_are_refused_with_their_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = {name: frame.head(40) for name, frame in hostile_data.frames().items()}
    for control in ("\t=1+1", "\r=1+1", "a\x00b", "\x1b[31mđỏ"):
        names = pl.Series("name", [control, *frames["units"]["name"][1:]])
        data = hostile_data.write(
            {**frames, "units": frames["units"].with_columns(names)},
            tmp_path / f"{ord(control[0])}",
        )
        assert cli.main(["check", "--data", str(data)]) == 1
        said = capsys.readouterr().err
        assert "units.csv" in said
        assert "text without control characters" in said
        assert "\x1b" not in said


def test_a_unit_cannot_pass_for_one_of_another_system(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = {name: frame.head(40) for name, frame in hostile_data.frames().items()}
    codes = pl.Series("unit_id", ["P0@Bộ Tài chính", *frames["units"]["unit_id"][1:]])
    units = frames["units"].with_columns(codes)
    data = hostile_data.write({**frames, "units": units}, tmp_path / "data")
    assert cli.main(["check", "--data", str(data)]) == 1
    assert "a code without @" in capsys.readouterr().err


# --- no formula ------------------------------------------------------------------------------

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def csv_cells(text: str) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) for cell in row]


def sheet_cells(path: Path) -> Iterator[Any]:
    with zipfile.ZipFile(path) as book:
        for name in book.namelist():
            if name.startswith("xl/worksheets/sheet"):
                yield from ElementTree.fromstring(book.read(name)).iter()


def test_no_text_of_an_exported_table_is_a_formula(hostile: Published, tmp_path: Path) -> None:
    facts = (hostile.folder / "facts.csv").read_text("utf-8")
    assert any(row["name"] == f"'{FORMULA}" for row in csv.DictReader(io.StringIO(facts)))
    cells = [
        cell
        for path in sorted(hostile.folder.rglob("*.csv"))
        for cell in csv_cells(path.read_text("utf-8"))
    ]
    books = sorted(hostile.folder.rglob("*.xlsx"))
    report = build_report(MONTH, hostile.data, hostile.project)
    for topic in (SCRIPT, IMAGE, FORMULA, "+1+1", "-1+1", "@SUM(1+1)"):
        view = look(report, Choice(report.month, topic=topic))
        assert view.rows.height > 0
        cells += csv_cells(export(view, tmp_path, "csv").read_text("utf-8-sig"))
        books.append(export(view, tmp_path, "xlsx").rename(tmp_path / f"{len(books)}.xlsx"))
    assert len(cells) > 10_000
    assert [cell for cell in cells if cell.startswith(FORMULA_STARTS) and not number(cell)] == []
    for book in books:
        nodes = list(sheet_cells(book))
        assert not [node for node in nodes if node.tag == f"{SHEET}f"], book.name
        texts_ = [n for n in nodes if n.tag == f"{SHEET}c" and "".join(n.itertext())[:1] == "="]
        assert all(cell.get("t") in ("inlineStr", "s") for cell in texts_), book.name


def number(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(\.\d+)?", text) is not None
