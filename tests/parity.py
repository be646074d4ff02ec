"""Compare the documents of two engines: headings, sentences, tables, footnotes, figures in order.

    python tests/parity.py FOLDER OTHER

prints the first differences of each document and exits 1 where there is one. Each folder is a
published month (index.html, report.pdf, report.docx).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pdfplumber
from lxml import etree
from lxml import html as lxml_html

from letter_measures import Docx, W, text_of

SHOWN = 5


@dataclass(frozen=True)
class Content:
    """What a document says, in its order, without its looks."""

    headings: tuple[str, ...]
    sentences: tuple[str, ...]
    tables: tuple[tuple[tuple[str, ...], ...], ...]
    notes: tuple[str, ...]
    figures: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not any(getattr(self, item.name) for item in fields(self))


def plain(text: str) -> str:
    return " ".join(text.replace("\xa0", " ").split())


def read_html(path: Path) -> Content:
    """The content of a page: its `<main>`."""
    tree = lxml_html.fromstring(path.read_bytes())
    [main] = tree.xpath("//main")
    for gone in main.xpath(".//script | .//style | .//noscript"):
        gone.drop_tree()
    notes = [_without_marks(item) for item in main.xpath(".//section[@id='footnotes']//li")]
    for gone in main.xpath(".//section[@id='footnotes']"):
        gone.drop_tree()
    tables = tuple(
        tuple(
            tuple(plain(cell.text_content()) for cell in row.xpath("./th | ./td"))
            for row in table.xpath(".//tr")
        )
        for table in main.xpath(".//table")
    )
    figures = tuple(
        f"{span.get('data-fact')}: {plain(span.text_content())}"
        for span in main.xpath(".//span[contains(@class, 'figure')]")
    )
    headings = tuple(_without_marks(h) for h in main.xpath(".//h1|.//h2|.//h3|.//h4"))
    for gone in main.xpath(".//table"):
        gone.drop_tree()
    sentences = tuple(
        said for p in main.xpath(".//p | .//li[not(.//p)] | .//dt | .//dd | .//figcaption")
        if (said := _without_marks(p))
    )  # fmt: skip
    return Content(headings, sentences, tables, tuple(notes), figures)


def _without_marks(element: Any) -> str:
    marks = element.xpath(".//*[contains(@class, 'footnote-')]")
    hidden = {id(child) for mark in marks for child in mark.iter()}
    parts = [element.text or ""]
    for child in element.iterdescendants():
        if id(child) not in hidden:
            parts.append(child.text or "")
        if child.getparent() is None or id(child.getparent()) not in hidden:
            parts.append(child.tail or "")
    return plain("".join(parts))


def read_docx(path: Path) -> Content:
    """The content of a Word document's body and footnotes."""
    docx = Docx(path)
    headings, sentences, figures = [], [], []
    for paragraph in docx.body.iter(f"{W}p"):
        if any(parent.tag == f"{W}tbl" for parent in paragraph.iterancestors()):
            continue
        style = paragraph.find(f"{W}pPr/{W}pStyle")
        said = plain(text_of(paragraph))
        name = "" if style is None else str(style.get(f"{W}val"))
        if name.startswith(("Heading", "TieuDePhuLuc")):
            headings.append(said)
        elif said:
            sentences.append(said)
        figures += [str(d.get("descr")) for d in paragraph.iter("{*}docPr") if d.get("descr")]
    tables = tuple(
        tuple(
            tuple(plain(text_of(cell)) for cell in row.findall(f"{W}tc"))
            for row in table.findall(f"{W}tr")
        )
        for table in docx.body.iter(f"{W}tbl")
    )
    notes = []
    if "word/footnotes.xml" in docx.parts:
        for note in etree.fromstring(docx.parts["word/footnotes.xml"]):
            if said := plain(text_of(note)):
                notes.append(said)
    return Content(tuple(headings), tuple(sentences), tables, tuple(notes), tuple(figures))


def read_pdf(path: Path) -> Content:
    """The words of a PDF in its own order; a page's number is not one of them."""
    with pdfplumber.open(path) as pdf:
        pages = [page.extract_text(use_text_flow=True) for page in pdf.pages]
    words = " ".join(re.sub(r"^\d+\n", "", text) for text in pages)
    return Content((), tuple(re.split(r"(?<=[.;:]) ", plain(words))), (), (), ())


READERS = {"index.html": read_html, "report.docx": read_docx, "report.pdf": read_pdf}


def differences(one: Content, other: Content) -> Iterator[str]:
    """What is not the same, a line each; an empty document is itself a difference."""
    if one.is_empty or other.is_empty:
        yield "a document is empty"
    for item in fields(Content):
        mine, theirs = getattr(one, item.name), getattr(other, item.name)
        if len(mine) != len(theirs):
            yield f"{item.name}: {len(mine)} and {len(theirs)}"
        for at, (left, right) in enumerate(zip_longest(mine, theirs), 1):
            if left != right:
                yield f"{item.name} {at}: {left!r} and {right!r}"


def compare(folder: Path, other: Path) -> dict[str, list[str]]:
    """The differences of each document that both folders have."""
    names = [name for name in READERS if (folder / name).is_file() and (other / name).is_file()]
    return {
        name: list(differences(READERS[name](folder / name), READERS[name](other / name)))
        for name in names
    }


def main(arguments: list[str]) -> int:
    found = compare(*map(Path, arguments))
    for name, lines in found.items():
        print(f"{name}: {len(lines)} differences" if lines else f"{name}: the same")
        for line in lines[:SHOWN]:
            print(f"  {line}")
    return int(not found or any(found.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
