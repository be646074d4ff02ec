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
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import docx
import polars as pl
import pypdf
import pytest
import yaml

from command import ROOT, run
from dxreport import cli
from dxreport.explore import Choice, export, look
from dxreport.report import build_report
from traces import plain, texts

MONTH = "2024-09"
SAMPLE, REFERENCE = ROOT / "data" / "sample", ROOT / "data" / "reference"
SCRIPT = "</script><script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'
FORMULA = "=cmd|'/c calc'!A1"
PAYLOADS = (SCRIPT, IMAGE, FORMULA)
UNITS = dict(zip(("256", "258", "260"), PAYLOADS, strict=True))
TOPICS = dict(zip(("xay-dung", "rac-thai", "via-he"), PAYLOADS, strict=True))
BASES = dict(
    zip(("documents_signed_rate", "e_copy_rate", "online_filing_rate"), PAYLOADS, strict=True)
)
CITIZEN = {
    "ho_ten": "Nguyễn Thị Giấu",
    "dien_thoai": "0987001234",
    "noi_dung": "Ổ gà trước nhà số 7 ngõ Kín",
}
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


def replaced(frame: pl.DataFrame, key: str, column: str, by: dict[str, str]) -> pl.DataFrame:
    """`column` with the payload of `key`, where there is one."""
    return frame.with_columns(
        pl.col(key).replace_strict(by, default=pl.col(column), return_dtype=pl.String).alias(column)
    )


def hostile_frames() -> dict[str, pl.DataFrame]:
    """The tables of the sample with the payloads, and with a citizen in each."""
    names = ("units", "targets", "baselines", "topics")
    frames = {n: pl.read_csv(REFERENCE / f"{n}.csv", infer_schema=False) for n in names}
    for name in ("documents", "e_copies"):
        frames[name] = pl.read_csv(SAMPLE / f"{name}.csv", infer_schema=False)
    for name in ("pakn", "procedures"):
        frames[name] = pl.read_parquet(SAMPLE / f"{name}.parquet")
    for column in ("name", "short_name"):
        frames["units"] = replaced(frames["units"], "unit_id", column, UNITS)
    frames["targets"] = replaced(frames["targets"], "indicator", "basis", BASES)
    frames["baselines"] = replaced(frames["baselines"], "indicator", "source", BASES)
    # The first has a name in the table of topics; the others are printed as they are.
    frames["topics"] = frames["topics"].with_columns(pl.col("topic", "name").replace(TOPICS))
    frames["topics"] = replaced(frames["topics"], "topic", "name", {SCRIPT: SCRIPT}).filter(
        ~pl.col("topic").is_in([IMAGE, FORMULA])
    )
    frames["pakn"] = replaced(frames["pakn"], "topic", "topic", TOPICS)
    people = [pl.lit(value).alias(column) for column, value in CITIZEN.items()]
    return {name: frame.with_columns(people) for name, frame in frames.items()}


def write(frames: dict[str, pl.DataFrame], folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, frame in frames.items():
        if name in ("pakn", "procedures"):
            frame.write_parquet(folder / f"{name}.parquet")
        else:
            frame.write_csv(folder / f"{name}.csv")
    return folder


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
    """The data folder, the published folder of the month, and all that the commands said."""

    data: Path
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
    data, out, log = base / "data", base / "out", base / "log.txt"
    with (base / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not log.exists():
            write(hostile_frames(), data)
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
                done = run(*arguments)
                assert done.returncode == 0, done.stderr
                said += done.stdout + done.stderr
            log.write_text(said, encoding="utf-8")
    return Published(data, out / MONTH, log.read_text(encoding="utf-8"))


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
    frames = {name: frame.head(40) for name, frame in hostile_frames().items()}
    if table in ("pakn", "procedures"):
        frames[table] = frames[table].with_columns(
            pl.selectors.datetime().dt.to_string("%Y-%m-%dT%H:%M:%S")
        )
    data = write(frames, tmp_path / "data")
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


def test_payloads_run_nothing_and_leave_the_page_whole(
    hostile: Published, rendered: Path, watched
) -> None:
    page = watched.page
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.add_init_script("window.ran = 0; window.alert = () => { window.ran += 1; };")
    shape = """() => [...document.querySelectorAll(
        'h1,h2,h3,section,table,tr,td,th,figure,figcaption,script,img,svg,style,select,option,nav'
    )].filter((node) => !node.closest('svg') && !node.closest('.vega')).map((node) => node.tagName)
      .reduce((all, tag) => ({ ...all, [tag]: (all[tag] || 0) + 1 }), {})"""
    # A function: the page's own policy forbids a text to be run as code.
    drawn = "() => document.documentElement.dataset.charts === 'drawn'"
    shapes = []
    for folder in (rendered, hostile.folder):
        page.goto((folder / "index.html").as_uri())
        page.wait_for_function(drawn)
        shapes.append(page.evaluate(shape))
    for name in ("SCRIPT", "IMG", "FIGURE", "STYLE", "SELECT", "NAV"):
        assert shapes[0].get(name) == shapes[1].get(name), name
    assert page.locator("figure.chart[data-drawn=failed]").count() == 0
    body = page.inner_text("body")
    for payload in PAYLOADS:
        assert payload in " ".join(body.split()), payload
    page.select_option("#dx-unit", "256")
    for mark in page.locator("figure[data-units] .vega path").all()[:40:10]:
        mark.hover(force=True)
    for path in sorted((hostile.folder / "notebooks").glob("*.html")):
        page.goto(path.as_uri())
        page.wait_for_function(drawn)
        assert page.evaluate("window.ran") == 0
        assert page.locator("img[onerror], img[src=x]").count() == 0
    assert page.evaluate("window.ran") == 0
    assert dialogs == []
    assert watched.requests == []
    assert watched.errors == []


@pytest.mark.parametrize("width", [360, 1280])
def test_payloads_do_not_widen_the_page(hostile: Published, watched, width: int) -> None:
    watched.page.set_viewport_size({"width": width, "height": 800})
    watched.page.goto((hostile.folder / "index.html").as_uri())
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width


def test_payloads_are_printed_as_they_are_on_paper(hostile: Published) -> None:
    reader = pypdf.PdfReader(hostile.folder / "report.pdf")
    pdf = "".join("".join(page.extract_text().split()) for page in reader.pages)
    body = docx.Document(str(hostile.folder / "report.docx")).element.body
    word = "".join(node.text or "" for node in body.iter() if node.tag.endswith("}t"))
    for payload in PAYLOADS:
        assert "".join(payload.split()) in pdf, payload
        assert payload in word, payload
    assert not [
        node
        for node in body.iter()
        if node.tag.endswith(("}instrText", "}fldSimple")) and "cmd" in str(node.text)
    ]
    assert "/JavaScript" not in (hostile.folder / "report.pdf").read_bytes().decode("latin-1")


# --- no formula ------------------------------------------------------------------------------


def test_no_text_of_an_exported_table_is_a_formula(hostile: Published, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((hostile.folder / "facts.csv").read_text("utf-8"))))
    assert any(row["name"] == f"'{FORMULA}" for row in rows)
    cells = [cell for row in rows for cell in row.values()]
    report = build_report(MONTH, hostile.data, ROOT)
    sheet = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    for topic in PAYLOADS:
        view = look(report, Choice(report.month, topic=topic))
        assert view.rows.height > 100
        exported = export(view, tmp_path, "csv").read_text("utf-8-sig")
        cells += [cell for row in csv.reader(io.StringIO(exported)) for cell in row]
        with zipfile.ZipFile(export(view, tmp_path, "xlsx")) as book:
            tree = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        assert list(tree.iter(f"{sheet}f")) == []
        texts_ = [c for c in tree.iter(f"{sheet}c") if "".join(c.itertext()).startswith("=")]
        assert all(cell.get("t") == "inlineStr" for cell in texts_)
        assert bool(texts_) is (topic == FORMULA)
    assert [cell for cell in cells if cell.startswith(FORMULA_STARTS) and not number(cell)] == []


def number(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(\.\d+)?", text) is not None
