"""The letter: measured against the decree in PDF and DOCX, whole, and for any office."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import docx as python_docx
import pdfplumber
import pypdf
import pytest

from letter_measures import Docx, W, measure_docx, measure_pdf, text_of
from rendering_helpers import project, rendered

OTHER = {
    "superior": "UBND thành phố Đà Nẵng",
    "issuer": "Sở Nông nghiệp và Phát triển nông thôn",
    "issuer-name": "Sở Nông nghiệp và Phát triển nông thôn",
    "symbol": "SNNPTNT-VP",
    "place": "Đà Nẵng",
    "number": 7,
    "date": "2025-02-03",
    "recipients": ["Bộ Nông nghiệp và Phát triển nông thôn"],
    "signer": {"title": "Giám đốc", "name": 'Lê "Ớt" <Đỏ> & Cộng'},
    "noi-nhan": ["Như trên", "Lưu: VT, VP"],
}


@pytest.fixture(scope="module")
def letter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project's month, without number and date."""
    folder = tmp_path_factory.mktemp("letter")
    return rendered(project(folder / "project"), folder / "out").folder


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same document as another office's letter, by configuration alone."""
    folder = tmp_path_factory.mktemp("other")
    return rendered(project(folder / "project", letter=OTHER), folder / "out").folder


def pdf_text(folder: Path) -> str:
    with pdfplumber.open(folder / "report.pdf") as pdf:
        return "\n".join(page.extract_text() for page in pdf.pages)


def docx_text(folder: Path) -> str:
    paragraphs = Docx(folder / "report.docx").body.iter(f"{W}p")
    return "\n".join(text_of(paragraph) for paragraph in paragraphs).replace("\xa0", " ")


# -- the measures


def test_every_element_of_the_pdf_keeps_the_decree(letter: Path) -> None:
    measured = measure_pdf(letter / "report.pdf")
    assert len(measured) >= 30
    assert [one for one in measured if not one.kept] == []


def test_every_element_of_the_docx_keeps_the_decree(letter: Path) -> None:
    measured = measure_docx(letter / "report.docx")
    assert len(measured) >= 25
    assert [one for one in measured if not one.kept] == []


def test_a_measure_notices_what_is_wrong(tmp_path: Path) -> None:
    mine = project(tmp_path / "project")
    template = mine.root / "_extensions" / "cong-van" / "typst-template.typ"
    text = template.read_text(encoding="utf-8")
    text = text.replace("left: 30mm", "left: 25mm", 1).replace("42%", "70%", 1)
    template.write_text(text, encoding="utf-8")
    folder = rendered(mine, tmp_path / "out", formats=("pdf",)).folder
    broken = {one.element for one in measure_pdf(folder / "report.pdf") if not one.kept}
    assert {"left margin", "rule under the issuing body"} <= broken


# -- the words


def test_blanks_stand_where_number_and_date_are_not_given(letter: Path) -> None:
    for text in (pdf_text(letter), docx_text(letter)):
        assert re.search(r"Số: +/STTTT-CNTT", text)
        assert re.search(r"Bắc Ninh, ngày +tháng +năm 2024", text)
        assert re.search(r"\(Kèm theo Công văn số +/STTTT-CNTT ngày +tháng +năm 2024", text)
    with zipfile.ZipFile(letter / "report.docx") as archive:
        document = archive.read("word/document.xml").decode()
    assert "Số:\xa0\xa0\xa0\xa0\xa0\xa0/STTTT-CNTT" in document


def test_number_and_date_of_a_run_fill_the_head(tmp_path: Path) -> None:
    given = {"number": "123", "date": "2024-10-04"}
    folder = rendered(project(tmp_path / "p"), tmp_path / "out", letter=given).folder
    for text in (pdf_text(folder), docx_text(folder)):
        assert "Số: 123/STTTT-CNTT" in text
        assert "Bắc Ninh, ngày 04 tháng 10 năm 2024" in text
        enclosed = "(Kèm theo Công văn số 123/STTTT-CNTT ngày 04 tháng 10 năm 2024 của Sở Thông tin"
        assert enclosed in " ".join(text.split())


def test_another_office_is_configuration_alone(other: Path) -> None:
    for text in (pdf_text(other), docx_text(other)):
        for said in (
            "UBND THÀNH PHỐ ĐÀ NẴNG",
            "Số: 07/SNNPTNT-VP",
            "Đà Nẵng, ngày 03 tháng 02 năm 2025",
            "Kính gửi: Bộ Nông nghiệp và Phát triển nông thôn",
            "GIÁM ĐỐC",
            'Lê "Ớt" <Đỏ> & Cộng',
            "- Lưu: VT, VP.",
        ):
            assert said in text
        assert "Bắc Ninh" not in text
        assert "KT." not in text
    page = (other / "index.html").read_text(encoding="utf-8")
    assert "Lê &quot;Ớt&quot; &lt;Đỏ&gt; &amp; Cộng" in page


def test_a_long_name_of_an_office_makes_two_lines(other: Path) -> None:
    with pdfplumber.open(other / "report.pdf") as pdf:
        first = pdf.pages[0]
        [nation] = first.search("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")
        issuer = [word for word in first.extract_words() if word["text"] in ("NÔNG", "THÔN")]
    assert nation["x1"] * 25.4 / 72 == pytest.approx(195, abs=0.1)
    assert {round(word["top"]) for word in issuer}
    assert max(word["x1"] for word in issuer) < nation["x0"]


def test_a_letter_without_any_metadata_is_a_plain_document(tmp_path: Path) -> None:
    folder = rendered(project(tmp_path / "p", letter={}), tmp_path / "out").folder
    assert "CỘNG HÒA" not in pdf_text(folder)
    assert "Về mục thứ nhất" in docx_text(folder)


# -- the PDF


def test_the_pdf_is_tagged_and_says_what_it_is(letter: Path) -> None:
    reader = pypdf.PdfReader(letter / "report.pdf")
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "vi"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert reader.metadata.title == "Báo cáo thử nghiệm tháng 09"
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()


def test_the_bookmarks_are_the_headings(letter: Path) -> None:
    def flat(items: Any) -> list[str]:
        out: list[str] = []
        for item in items:
            out += flat(item) if isinstance(item, list) else [item.title]
        return out

    assert flat(pypdf.PdfReader(letter / "report.pdf").outline) == [
        "1. Về mục thứ nhất", "2. Về mục thứ hai", "Phụ lục 1", "Phân tích dữ liệu",
    ]  # fmt: skip


def test_a_mention_of_an_appendix_links_to_its_page(letter: Path) -> None:
    reader = pypdf.PdfReader(letter / "report.pdf")
    pages = {page.indirect_reference.idnum: at for at, page in enumerate(reader.pages)}
    targets = []
    for annotation in reader.pages[0].get("/Annots", []):
        link: Any = annotation.get_object()
        place = link.get("/Dest") or link["/A"]["/D"]
        if isinstance(place, str):
            place = reader.named_destinations[place].dest_array
        targets.append(pages[place[0].idnum])
    begin = next(
        at for at, page in enumerate(reader.pages) if page.extract_text().startswith("Phụ lục 1")
    )
    assert begin in targets
    assert len(reader.pages) - 1 in targets


def test_all_fonts_are_embedded_and_the_text_is_whole(letter: Path) -> None:
    with pdfplumber.open(letter / "report.pdf") as pdf:
        faces = {char["fontname"] for page in pdf.pages for char in page.chars}
        text = "\n".join(page.extract_text() for page in pdf.pages)
    assert faces
    assert all(re.fullmatch(r"[A-Z]{6}\+Tinos(-(Bold|Italic|BoldItalic))?", f) for f in faces)
    assert text == unicodedata.normalize("NFC", text)
    for said in ("ƯỚNG ắẳẵặ ềểễệ ỗộ ữự ỷỹỵ Đđ", "Căn cứ Chỉ thị số 10/CT-UBND ngày 01/6/2023"):
        assert said in text


def test_a_long_table_repeats_its_header(letter: Path) -> None:
    with pdfplumber.open(letter / "report.pdf") as pdf:
        wide = [page.extract_text() for page in pdf.pages if page.width > page.height]
    assert len(wide) > 2
    assert all("STT Đơn vị Số liệu" in text for text in wide)
    found = re.findall(r"Đơn vị (\d+) ", "\n".join(wide))
    assert [int(number) for number in found] == list(range(1, 91))


# -- the DOCX


def test_the_docx_opens_with_real_parts(letter: Path) -> None:
    document = python_docx.Document(str(letter / "report.docx"))
    assert document.core_properties.title == "Báo cáo thử nghiệm tháng 09"
    wide = [s.page_width > s.page_height for s in document.sections]
    assert wide == [False, True, False]
    names = {p.style.name for p in document.paragraphs if p.style}
    assert {"Nội dung", "Kính gửi", "Tiêu đề phụ lục", "Tên phụ lục", "Kèm theo"} <= names
    aliases = {
        style.element.find(f"{W}aliases").get(f"{W}val")
        for style in document.styles
        if style.element.find(f"{W}aliases") is not None
    }
    assert {"Tiêu đề 1", "Tiêu đề 2"} <= aliases


def test_the_docx_has_real_footnotes_and_header_rows(letter: Path) -> None:
    docx = Docx(letter / "report.docx")
    notes = docx.parts["word/footnotes.xml"].decode()
    assert "Chỉ thị số 10/CT-UBND" in notes
    assert len(list(docx.body.iter(f"{W}footnoteReference"))) == 1
    long = max(docx.body.iter(f"{W}tbl"), key=lambda table: len(table.findall(f"{W}tr")))
    rows = long.findall(f"{W}tr")
    assert len(rows) == 91
    assert rows[0].find(f"{W}trPr/{W}tblHeader") is not None


def test_links_of_the_docx_find_their_bookmarks(letter: Path) -> None:
    docx = Docx(letter / "report.docx")
    anchors = {link.get(f"{W}anchor") for link in docx.body.iter(f"{W}hyperlink")} - {None}
    named = [mark.get(f"{W}name") for mark in docx.body.iter(f"{W}bookmarkStart")]
    assert {"phu-luc-1", "phan-tich"} <= anchors
    assert anchors <= set(named)
    assert len(named) == len(set(named))


def test_every_style_that_is_used_exists(letter: Path) -> None:
    docx = Docx(letter / "report.docx")
    used = {
        element.get(f"{W}val")
        for tag in ("pStyle", "rStyle", "tblStyle")
        for element in docx.body.iter(f"{W}{tag}")
    }
    assert len(used) > 15
    assert used <= set(docx.styles)


def test_the_reference_document_is_what_its_script_makes(tmp_path: Path) -> None:
    import importlib.util

    from command import ROOT

    folder = ROOT / "_extensions" / "cong-van"
    spec = importlib.util.spec_from_file_location("made", folder / "tools" / "make_reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = tmp_path / "reference.docx"
    made.write_bytes(module.build())

    def parts(path: Path) -> dict[str, bytes]:
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    assert parts(made) == parts(folder / "reference.docx")


def test_the_example_of_the_extension_renders(tmp_path: Path) -> None:
    from datetime import datetime

    from command import ROOT
    from dxreport.rendering import embedded, page
    from dxreport.rendering.execute import execute
    from dxreport.rendering.qmd import read_document

    readme = (ROOT / "_extensions" / "cong-van" / "README.md").read_text(encoding="utf-8")
    [example] = re.findall(r"^```markdown\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    mine = project(tmp_path / "p", document=example)
    document = read_document(mine.document)
    notebook = execute(document, {}, folder=mine.root)
    source = embedded.read(
        embedded.to_markdown(notebook, document), document.metadata, datetime(2025, 1, 31)
    )
    extension = mine.root / "_extensions" / "cong-van"
    html = embedded.write_html(source, mine.root)
    assert "Kế hoạch kiểm tra năm 2025" in page.finish(
        html, own_scripts=page.own_scripts(extension)
    )
    # Without our finishing touch the page is styled, and runs no script.
    assert "style-src 'unsafe-inline'; script-src 'none'" in html
    (tmp_path / "report.docx").write_bytes(embedded.write_docx(source, mine.root))
    code = embedded.write_typst(source, mine.root)
    pdf = embedded.compile_pdf(code, mine.root, source.moment, fonts=[extension / "fonts"])
    (tmp_path / "report.pdf").write_bytes(pdf)
    for text in (pdf_text(tmp_path), docx_text(tmp_path)):
        for said in ("Kính gửi: UBND các huyện, thành phố", "SỞ NỘI VỤ", "/SNV-VP", "Phụ lục 1"):
            assert said in text
