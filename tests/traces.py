"""All the text that stands in a published file, wherever in it, to look for what must not."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path

import docx
import lxml.html
import polars as pl
import pypdf


def plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).replace("\u00ad", "").split()).lower()


def words(reader: pypdf.PdfReader) -> Iterator[str]:
    """Every text string of a PDF's objects."""
    for number in range(1, int(reader.trailer["/Size"])):
        todo = [reader.get_object(pypdf.generic.IndirectObject(number, 0, reader))]
        while todo:
            part = todo.pop()
            if isinstance(part, pypdf.generic.TextStringObject):
                yield str(part)
            elif isinstance(part, dict):
                todo += part.values()
            elif isinstance(part, list):
                todo += part


def texts(path: Path) -> Iterator[str]:
    """All that a reader, or a program, finds in a published file."""
    if path.suffix == ".pdf":
        reader = pypdf.PdfReader(path)
        yield "\n".join(page.extract_text() for page in reader.pages)
        yield str(reader.metadata)
        # Alternative texts, the outline, whatever stands in the file outside its pages.
        yield "\n".join(words(reader))
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (
                archive.read(name).decode("utf-8", "replace") for name in archive.namelist()
            )
        if path.suffix == ".docx":
            yield "".join(node.text or "" for node in docx.Document(str(path)).element.body.iter())
    elif path.suffix == ".parquet":
        yield pl.read_parquet(path).write_csv()
        yield path.read_bytes().decode("utf-8", "replace")
    else:
        text = path.read_text(encoding="utf-8")
        yield text
        yield re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), text)
        if path.suffix == ".html":
            yield str(lxml.html.fromstring(text).text_content())
