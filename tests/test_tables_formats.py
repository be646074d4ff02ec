"""What each writer makes of a table: form, alignment, repeated heads, and hostile text."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pypandoc
import pypdf
import pytest
import typst
from docx import Document
from lxml import etree, html
from syrupy.assertion import SnapshotAssertion

from dxreport.markup import Markdown
from dxreport.tables import Cell, Column, Row, Table, appendices, appendix
from dxreport.tables.blocks import raw_block
from dxreport.tables.html import to_html
from dxreport.tables.model import spans
from dxreport.tables.openxml import STYLES, column_widths, to_openxml
from dxreport.tables.typst import to_typst
from tables_data import MONTH, small, whole_province

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<b>&amp;&lt;&#60;</b>",
    '#import "x": *',
    '#panic("x")',
    "a] #[b",
    '"); #panic(); ("',
    "back\\slash\\",
    "$x^2$ *bold* _em_ `code` @ref <label>",
    "```\n```{=html}\n<script>alert(1)</script>\n```",
    "``````````",
    "{{< include /etc/passwd >}}",
    "`{python} 1/0`",
    "::: {.content-hidden}",
    "]]></w:t></w:p><w:p>",
    "&nbsp;&#x41;&bogus;",
    "\x00\x08\x1b[31m\ufffe",
    "left\u202eright",
    "=HYPERLINK(1)",
    "{cell} %s {{",
    "--- // /* */",
)


def of(number: str) -> Table:
    facts, catalogue = small()
    table = appendix(number, facts, catalogue, MONTH)
    assert table is not None
    return table


def hostile_table(text: str) -> Table:
    """A table with the text wherever a text can stand."""
    columns = (
        Column("stt", "STT", "center", 1),
        Column(text, text, "left", 4),
        Column("n", text, "right", 2, (text,)),
        Column("m", "M", "right", 2, (text, "inner")),
        Column("v", "V", "center", 2, ("other",)),
    )
    cells = (
        Cell("1"),
        Cell(text),
        Cell(text, text),
        Cell(text, f"k/{text}", "missed"),
        Cell(text, text, "met", "met"),
    )
    rows = (
        Row("group", (Cell("I"), Cell(text), Cell(), Cell(), Cell())),
        Row("unit", cells),
        Row("total", cells),
    )
    return Table("bang-thu", text, columns, rows, (text, "note"), head=1)


def visible(text: str) -> str:
    """The text as it must come out, its blanks aside."""
    kept = re.sub(r"[\x00-\x08\x0e-\x1f\u202e\ufffe]", "", text)
    return "".join(kept.split())


def parsed_html(table: Table) -> html.HtmlElement:
    return html.fragment_fromstring(to_html(table), create_parent="div")


def parsed_openxml(table: Table) -> etree._Element:
    return etree.fromstring(f'<w:body xmlns:w="{W[1:-1]}">{to_openxml(table)}</w:body>')


# -- as they are -------------------------------------------------------------------------------


def test_html(snapshot: SnapshotAssertion) -> None:
    assert to_html(of("1.2")) == snapshot


def test_typst(snapshot: SnapshotAssertion) -> None:
    assert to_typst(of("3.2")) == snapshot


def test_openxml(snapshot: SnapshotAssertion) -> None:
    assert to_openxml(of("1.2")) == snapshot


def test_the_same_every_time() -> None:
    assert of("2").to_markdown() == of("2").to_markdown()


# -- HTML --------------------------------------------------------------------------------------


def test_html_is_well_formed_and_has_one_cell_a_column() -> None:
    facts, catalogue = whole_province()
    ids: list[str] = []
    for table in appendices(facts, catalogue, MONTH).values():
        source = to_html(table)
        root = ElementTree.fromstring(f"<div>{source}</div>")
        assert "style" not in source
        ids += [node.attrib["id"] for node in root.iter() if "id" in node.attrib]
        body = root.find(".//tbody")
        assert body is not None
        assert len(body) == len(table.rows)
        for row in body:
            assert sum(int(cell.get("colspan", 1)) for cell in row) == len(table.columns)
            assert [cell.tag for cell in row].count("th") == 1
    assert len(ids) == len(set(ids))


def test_html_heads_are_scoped_and_the_region_is_named() -> None:
    root = parsed_html(of("1.3"))
    assert {th.get("scope") for th in root.iterfind(".//thead//th")} == {"col", "colgroup"}
    assert {th.get("scope") for th in root.iterfind(".//tbody//th")} == {"row", "rowgroup"}
    (region,) = root.iterfind('.//div[@role="region"]')
    assert region.get("tabindex") == "0"
    (caption,) = root.iterfind(".//caption")
    assert caption.get("id") == region.get("aria-labelledby")
    assert caption.text_content().startswith("Kết quả ký số văn bản đi")


def test_html_figures_name_their_facts_and_their_columns() -> None:
    root = parsed_html(of("1.1"))
    (row,) = (tr for tr in root.iterfind(".//tbody/tr") if "Sở Nội vụ" in tr.text_content())
    figures = {
        (td.get("data-label"), span.get("data-part")): (span.get("data-fact"), span.text)
        for td in row.iterfind("td")
        for span in td.iterfind("span")
    }
    key = "documents_signed_rate/ytd/unit:SNV"
    assert figures["Văn bản đi", "denominator"] == (key, "9.000")
    assert figures["Đạt/chưa đạt", "met"] == (key, "Đạt")
    groups = [td.get("data-group") for td in row.iterfind("td") if td.get("data-group")]
    assert groups == ["Tháng 9/2024", "9 tháng đầu năm 2024"]
    assert [td.get("class") for td in row.iterfind("td")][-2:] == ["r", "c met"]


def test_html_of_a_long_table_is_a_table_on_every_screen() -> None:
    """Its cells do not name their columns and roles: only cards need that, by the hundreds."""
    short = of("1.3")
    long = replace(short, rows=short.rows * 40)
    assert long.is_long
    assert not short.is_long
    for table in (short, long):
        root = parsed_html(table)
        for attribute in ("data-label", "data-group"):
            assert bool(root.findall(f".//td[@{attribute}]")) != table.is_long
        (element,) = root.iterfind(".//table")
        assert any(node.get("role") for node in element.iter()) != table.is_long


def test_an_empty_table_has_a_head() -> None:
    table = Table("trong", "Không có gì", (Column("a", "A"), Column("b", "B")), ())
    assert [th.text for th in parsed_html(table).iterfind(".//th")] == ["A", "B"]
    assert len(list(parsed_openxml(table).iter(f"{W}tr"))) == 1
    assert typst.compile(to_typst(table).encode(), format="pdf")


# -- typst -------------------------------------------------------------------------------------


def pdf_of(tmp_path: Path, *tables: Table) -> pypdf.PdfReader:
    page = '#set page(paper: "a4", flipped: true, margin: 20mm)\n#set document(title: "x")\n'
    page += '#set text(lang: "vi", font: "Libertinus Serif")\n'
    source = tmp_path / "bang.typ"
    source.write_text(page + "\n#pagebreak()\n".join(map(to_typst, tables)), encoding="utf-8")
    made = tmp_path / "bang.pdf"
    typst.compile(source, output=made, pdf_standards=["ua-1"])
    return pypdf.PdfReader(made)


def test_typst_repeats_heads_and_leaves_no_total_alone(tmp_path: Path) -> None:
    facts, catalogue = whole_province()
    table = appendix("1.3", facts, catalogue, MONTH)
    assert table is not None
    pages = [page.extract_text() for page in pdf_of(tmp_path, table).pages]
    assert len(pages) > 3
    assert all("Đơn vị" in page and "9 tháng đầu năm 2024" in page for page in pages)
    text = "\n".join(pages)
    for row in table.rows:
        assert row.cells[1].text in text
    last = pages[-1].splitlines()
    assert table.rows[-2].cells[1].text in pages[-1]
    assert any("Tổng cộng cấp xã" in line for line in last)


@pytest.mark.parametrize("rows", range(24, 30))
def test_typst_never_ends_a_page_with_a_group(tmp_path: Path, rows: int) -> None:
    columns = (Column("stt", "STT"), Column("unit", "Đơn vị", "left"))
    units = [Row("unit", (Cell(str(at)), Cell(f"U{at}"))) for at in range(rows)]
    tail = (
        Row("group", (Cell("I"), Cell("GROUP"))),
        Row("unit", (Cell("1"), Cell("LAST"))),
        Row("total", (Cell(), Cell("TOTAL"))),
    )
    table = Table("t", "", columns, (*units, *tail), ("NOTE",), 1, "landscape", False)
    for page in pdf_of(tmp_path, table).pages:
        lines = page.extract_text().splitlines()
        assert "GROUP" not in lines[-1]
        assert ("TOTAL" in lines[-2]) == ("NOTE" in lines[-1])
        assert ("TOTAL" in lines[-2]) == any("LAST" in line for line in lines)


def test_typst_aligns_figures_right() -> None:
    source = to_typst(of("1.1"))
    (aligned,) = re.findall(r"^align: \((.*),\),$", source, re.MULTILINE)
    wanted = ["center", "left", *["right"] * 8, "center"]
    assert aligned.split(", ") == [f"{one} + horizon" for one in wanted]


# -- WordprocessingML --------------------------------------------------------------------------


def test_openxml_has_one_cell_a_column_and_exact_widths() -> None:
    facts, catalogue = whole_province()
    for table in appendices(facts, catalogue, MONTH).values():
        widths = column_widths(table)
        assert sum(widths) == 14570  # 257 mm
        root = parsed_openxml(table)
        assert [int(col.get(f"{W}w", "")) for col in root.iter(f"{W}gridCol")] == widths
        for row in root.iter(f"{W}tr"):
            reach = at = 0
            for cell in row.iter(f"{W}tc"):
                span = cell.find(f"{W}tcPr/{W}gridSpan")
                reach = 1 if span is None else int(span.get(f"{W}val", ""))
                (size,) = cell.iterfind(f"{W}tcPr/{W}tcW")
                assert int(size.get(f"{W}w", "")) == sum(widths[at : at + reach])
                at += reach
                assert cell[-1].tag == f"{W}p"
            assert at == len(widths)


def test_openxml_repeats_its_head_and_shades_verdicts() -> None:
    root = parsed_openxml(of("1.1"))
    rows = list(root.iter(f"{W}tr"))
    heads = [row.find(f"{W}trPr/{W}tblHeader") is not None for row in rows]
    assert heads == [True, True, *[False] * (len(rows) - 2)]
    assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in rows)
    fills = {}
    for cell in rows[2:][1].iter(f"{W}tc"):
        shade = cell.find(f"{W}tcPr/{W}shd")
        fills["".join(cell.itertext())] = None if shade is None else shade.get(f"{W}fill")
    assert fills["Chưa đạt"] == "FDE8E4"
    assert fills["80,00%"] is None
    figures = [jc.get(f"{W}val") for jc in rows[2].iter(f"{W}jc")]
    assert figures == ["center", "left", *["right"] * 8, "center"]


def test_docx_opens_and_has_every_cell(tmp_path: Path) -> None:
    table = of("2")
    path = tmp_path / "bang.docx"
    pypandoc.convert_text(table.to_markdown(), "docx", format="markdown", outputfile=str(path))
    (read,) = Document(str(path)).tables
    assert [[cell.text for cell in row.cells] for row in read.rows[2:]] == [
        [cell.text for _, cell, reach in spans(table, row) for _ in range(reach)]
        for row in table.rows
    ]


# -- all at once -------------------------------------------------------------------------------


def test_each_writer_takes_its_own_block() -> None:
    markdown = of("3.1").to_markdown()
    assert isinstance(markdown, Markdown)
    document = json.loads(pypandoc.convert_text(markdown, "json", format="markdown"))
    assert [block["c"][0] for block in document["blocks"]] == ["html", "typst", "openxml"]
    assert pypandoc.convert_text(markdown, "typst", format="markdown").count("#{") == 1


def test_the_fence_is_longer_than_what_it_holds() -> None:
    block = raw_block("html", "a ````` b\n```\n")
    assert block.startswith("``````{=html}\n")
    assert block.endswith("\n``````\n")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(text: str, tmp_path: Path) -> None:
    table = hostile_table(text)
    wanted = visible(text)

    root = parsed_html(table)
    assert not {node.tag for node in root.iter()} - {
        *("div", "table", "caption", "thead", "tbody", "tr", "th", "td", "span", "p")
    }
    attributes = {name for node in root.iter() for name in node.attrib}
    assert not [name for name in attributes if name.startswith("on")]
    assert visible(root.findtext(".//tbody/tr[2]/td[2]/span") or "") == wanted
    assert visible(root.findtext(".//caption") or "") == wanted
    assert visible(root.findtext(".//thead/tr[1]/th[3]") or "") == wanted

    lines = [line.extract_text() for line in pdf_of(tmp_path, table).pages]
    assert visible("".join(lines)).count("note") >= 1
    assert visible(typst_text(table)).count(wanted) >= 8

    cells = ["".join(cell.itertext()) for cell in parsed_openxml(table).iter(f"{W}tc")]
    assert sum(visible(cell) == wanted for cell in cells) >= 8

    document = json.loads(pypandoc.convert_text(table.to_markdown(), "json", format="markdown"))
    assert [block["t"] for block in document["blocks"]] == ["RawBlock"] * 3
    assert not re.search(r"\{\{<.*>\}\}", table.to_markdown())  # a shortcode of Quarto


def typst_text(table: Table) -> str:
    """All text of the table as typst itself understands it."""
    source = to_typst(table).replace("\\u{7b}", "{")
    literals = re.findall(r'"((?:[^"\\]|\\.)*)"', source)
    return "".join(re.sub(r"\\(.)", r"\1", literal) for literal in literals)


def test_all_appendices_are_fast() -> None:
    facts, catalogue = whole_province()
    appendix("1.2", facts, catalogue, MONTH)
    of("1.2").to_markdown()  # imports great_tables
    before = time.perf_counter()
    made = appendices(facts, catalogue, MONTH)
    for table in made.values():
        table.to_markdown()
    assert time.perf_counter() - before < 3  # 0.25 s on a quiet machine
    assert len(made) == 7


def test_styles_are_named_in_one_place() -> None:
    source = to_openxml(hostile_table("x"))
    used = set(re.findall(r'<w:(?:pStyle|tblStyle) w:val="([^"]+)"', source))
    assert used == set(STYLES)
