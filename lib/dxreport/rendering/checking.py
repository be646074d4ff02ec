"""Whether a document that was made is whole: what no engine may get wrong unnoticed."""

from __future__ import annotations

import zipfile
from io import BytesIO
from xml.etree import ElementTree

from dxreport.errors import DxError

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def check(name: str, content: bytes) -> None:
    """`DxError` where a document is plainly not what its name says."""
    if name == "html":
        whole = content.rstrip().endswith(b"</html>")
    elif name == "pdf":
        whole = content.startswith(b"%PDF-") and b"%%EOF" in content[-1024:]
    else:
        whole = _is_docx(content)
    if not whole:
        raise DxError(f"the {name} that was made is not whole; nothing was published")


def _is_docx(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = set(archive.namelist())
            if archive.testzip() is not None or "word/document.xml" not in names:
                return False
            document = archive.read("word/document.xml")
            relations = archive.read("word/_rels/document.xml.rels")
    except (zipfile.BadZipFile, KeyError):
        return False
    return _headers_resolve(document, relations)


def _headers_resolve(document: bytes, relations: bytes) -> bool:
    """Whether every page header that a section names is a part of the document."""
    named = {
        element.get(f"{{{_OFFICE}/relationships}}id")
        for element in ElementTree.fromstring(document).iter(f"{{{_WORD}}}headerReference")
    }
    known = {
        element.get("Id")
        for element in ElementTree.fromstring(relations)
        if str(element.get("Type")).endswith("/header")
    }
    return named <= known
