"""The three documents of a small report: what is in each, and that they are always the same."""

from __future__ import annotations

import shutil
from html.parser import HTMLParser
from pathlib import Path

import pdfplumber
import pytest

from dxreport.errors import DxError
from dxreport.rendering import embedded
from dxreport.rendering.month import Extra
from dxreport.site.publishing import publish_month
from letter_measures import Docx, W, text_of
from rendering_helpers import MONTH, project, rendered

HOSTILE = "<b>`{x}` *sao* _gạch_ [a](b) $1$ \\ # @fig-1 {{< include >}} ~~x~~ ^2^ đ"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("documents")
    return rendered(project(base / "project"), base / "out").folder


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.skip = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self.skip += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self.skip -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self.skip:
            self.parts.append(data)


def texts(folder: Path) -> dict[str, str]:
    reader = _Text()
    reader.feed((folder / "index.html").read_text(encoding="utf-8"))
    with pdfplumber.open(folder / "report.pdf") as pdf:
        pages = [page.extract_text() for page in pdf.pages]
    docx = Docx(folder / "report.docx")
    made = {
        "html": "".join(reader.parts),
        "pdf": "\n".join(pages),
        "docx": "\n".join(text_of(p) for p in docx.body.iter(f"{W}p")),
    }
    return {name: " ".join(text.split()) for name, text in made.items()}


def test_every_format_has_the_values(folder: Path) -> None:
    for name, text in texts(folder).items():
        for said in (
            "Báo cáo thử nghiệm tháng 09" if name == "html" else "1. Về mục thứ nhất",
            "96,95%",
            HOSTILE,
            "Trích dẫn có 2 giá trị",
            "dòng một;",
            "a 42" if name == "pdf" else "42",
            "`{python} không chạy`",
            "Đoạn được chèn, giá trị 2024-09",
            "Đoạn do ô mã trong tệp được chèn in ra.",
            "Đơn vị 90",
        ):
            assert said in text, (name, said)


def test_conditional_content_is_in_its_own_format_alone(folder: Path) -> None:
    said = {
        "html": ("Chỉ có trên trang mạng.", "html"),
        "pdf": ("Chỉ có trong bản PDF.", "typst riêng"),
        "docx": ("Chỉ có trong bản Word.", "docx riêng"),
    }
    for name, text in texts(folder).items():
        for of, (sentence, _) in said.items():
            assert (sentence in text) == (of == name), (name, sentence)
        for of in ("pdf", "docx"):
            assert (said[of][1] in text) == (of == name)


def test_a_page_break_breaks_the_page(folder: Path) -> None:
    with pdfplumber.open(folder / "report.pdf") as pdf:
        assert "2. Về mục thứ hai" in pdf.pages[1].extract_text()
        assert "2. Về mục thứ hai" not in pdf.pages[0].extract_text()
    breaks = [b.get(f"{W}type") for b in Docx(folder / "report.docx").body.iter(f"{W}br")]
    assert breaks == ["page"]


def test_the_page_has_addresses_that_last(folder: Path) -> None:
    page = (folder / "index.html").read_text(encoding="utf-8")
    for anchor in ("muc-1", "muc-2", "phu-luc-1", "phan-tich"):
        assert f'id="{anchor}"' in page
        assert f'href="#{anchor}"' in page


def test_two_runs_in_two_folders_make_the_same_bytes(tmp_path: Path, folder: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    again = rendered(project(elsewhere / "other name"), elsewhere / "out").folder
    names = sorted(path.name for path in folder.iterdir())
    names.remove("run.json")
    assert names == ["index.html", "manifest.json", "report.docx", "report.pdf"]
    for name in names:
        assert (folder / name).read_bytes() == (again / name).read_bytes(), name


def test_no_machine_path_is_in_a_document(tmp_path: Path, folder: Path) -> None:
    docx = Docx(folder / "report.docx")
    parts = [(folder / "index.html").read_bytes(), (folder / "report.pdf").read_bytes()]
    for part in (*parts, *docx.parts.values()):
        assert str(tmp_path.parent.parent).encode() not in part
        assert b"/tmp/" not in part


def test_a_picture_that_is_missing_is_an_error(tmp_path: Path) -> None:
    text = "---\ntitle: T\n---\n\n```{python}\n#| tags: [parameters]\nmonth = data_dir = ''\n```\n"
    mine = project(tmp_path / "p", document=f"{text}\n![chữ](missing.png)\n")
    for name in ("docx", "pdf", "html"):
        with pytest.raises(DxError, match=r"missing\.png"):
            rendered(mine, tmp_path / "out", formats=(name,))
    assert not (tmp_path / "out" / str(MONTH)).exists()


def test_pictures_have_their_alternative_text(tmp_path: Path) -> None:
    picture = Path(__file__).parent / "fixtures" / "rendering" / "dot.png"
    text = (
        "---\ntitle: T\n---\n\n```{python}\n#| tags: [parameters]\nmonth = data_dir = ''\n```\n\n"
        '::: {.content-visible unless-format="html"}\n![Một chấm xanh](dot.png)\n:::\n'
    )
    mine = project(tmp_path / "p", document=text)
    shutil.copyfile(picture, mine.root / "dot.png")
    folder = rendered(mine, tmp_path / "out", formats=("pdf", "docx")).folder
    document = Docx(folder / "report.docx").parts["word/document.xml"].decode()
    assert 'descr="Một chấm xanh"' in document
    # PDF/UA-1, which typst checks, asks for it: without it there would be no PDF.
    assert (folder / "report.pdf").stat().st_size > 0


def test_typst_source_that_is_wrong_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DxError) as caught:
        embedded.compile_pdf("#nothing()", tmp_path, MONTH.end, fonts=[])
    assert "unknown variable: nothing" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_only_the_formats_that_were_asked_for(tmp_path: Path) -> None:
    mine = project(tmp_path / "p")
    seen: list[str] = []
    done = publish_month(
        mine, MONTH, mine.root / "data", tmp_path / "out", ("docx",), "embedded",
        on_step=lambda name, seconds: seen.append(name) if seconds >= 0 else None,
        extras=[Extra("facts", lambda at: (at / "facts.csv").write_bytes(b"a\n") and None)],
    )  # fmt: skip
    names = ["facts.csv", "manifest.json", "report.docx", "run.json"]
    assert [path.name for path in done.files] == names
    assert seen == ["read", "execute", "facts", "document", "docx", "check", "publish"]
    assert [name for name, _ in done.steps] == seen
    assert done.engine == "embedded"
