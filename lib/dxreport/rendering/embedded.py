"""The embedded engine: an executed notebook to HTML, PDF and DOCX, by pandoc and typst wheels.

pandoc reads the document once; each format is then written from that one tree, with the filter
and the templates of the extension `_extensions/cong-van`, which Quarto uses too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import typst
from nbformat import NotebookNode

from dxreport.config import EXTENSION
from dxreport.errors import DxError
from dxreport.rendering import pandoc
from dxreport.rendering.qmd import Cell, Document, Text
from dxreport.rendering.stash import Stashed, stash

Format = Literal["html", "typst", "docx"]
Tree = dict[str, Any]

READER = "markdown-yaml_metadata_block"
_UNSHOWN = ("could not be displayed with", "missing codepoints")
# All but the letters, marks and signs of Latin scripts, which the fonts have.
_UNUSUAL = re.compile(
    "[^\t\n -~\u00a0-\u024f\u0300-\u036f\u1e00-\u1eff\u2010-\u2026\u2030-\u203a\u20ab\u2190-\u22ff]"
)
# A mark that is no part of a letter has no glyph of its own in a picture.
_MARKS = re.compile("[\u0300-\u036f]")
_RAW = {
    "html": ("html", "html4", "html5"),
    "typst": ("typst",),
    "docx": ("openxml",),
}


@dataclass(frozen=True)
class Source:
    """A document ready to be written: pandoc's tree, and the moment that its files are of.

    In the tree a raw block is a token of what is stashed.
    """

    tree: Tree
    moment: datetime
    raw: Stashed

    @property
    def epoch(self) -> int:
        return int(self.moment.replace(tzinfo=UTC).timestamp())


def to_markdown(notebook: NotebookNode, document: Document) -> str:
    """The executed notebook as one markdown text: its prose, and what its cells showed."""
    blocks: list[str] = []
    parts = iter(document.parts)
    for cell in notebook.cells:
        if cell.cell_type == "raw" or "injected-parameters" in cell.metadata.get("tags", []):
            continue
        part = next(parts)
        if isinstance(part, Text):
            blocks.append(cell.source)
        else:
            blocks += _shown(part, cell)
    return "\n\n".join(blocks) + "\n"


def _shown(part: Cell, cell: NotebookNode) -> list[str]:
    options = part.options
    if not options.include:
        return []
    blocks = []
    if options.echo:
        code = "\n".join(line for line in part.source.splitlines() if not line.startswith("#|"))
        blocks.append(_verbatim(code, "python"))
    for output in cell.outputs if options.output else ():
        if output.output_type == "stream":
            if output["name"] == "stderr" and not options.warning:
                continue
            text = output["text"]
            blocks.append(text if options.asis and output["name"] == "stdout" else _verbatim(text))
        elif "text/markdown" in output["data"]:
            blocks.append(output["data"]["text/markdown"])
        else:
            blocks.append(_verbatim(output["data"]["text/plain"]))
    return blocks


def _verbatim(text: str, language: str = "") -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def read(markdown: str, metadata: Mapping[str, Any], moment: datetime) -> Source:
    """Read the document once. `metadata` is what templates and filter see."""
    header = json.dumps(metadata, ensure_ascii=False, default=str)
    raw = stash(markdown)
    tree = pandoc.read(f"---\n{header}\n---\n\n{raw.markdown}", "markdown")
    return Source(tree, moment, raw)


def write_html(source: Source, root: Path) -> str:
    """The page, as the template makes it; `page.finish` completes it."""
    arguments = _arguments(root, "html", "template.html")
    arguments += ["--toc", "--toc-depth=3", "--section-divs", "--mathml"]
    written = pandoc.run(arguments, _for(source, "html"), folder=root, epoch=source.epoch)
    return source.raw.restored(written.decode())


def write_typst(source: Source, root: Path) -> str:
    """The typst source of the letter."""
    arguments = _arguments(root, "typst", "template.typ")
    written = pandoc.run(arguments, _for(source, "typst"), folder=root, epoch=source.epoch)
    return source.raw.restored(written.decode())


def write_docx(source: Source, root: Path) -> bytes:
    """The letter as a Word document."""
    reference = root / EXTENSION / "reference.docx"
    arguments = _arguments(root, "docx", "template.openxml")
    arguments += [f"--reference-doc={reference}", "--output=-"]
    return pandoc.run(arguments, _for(source, "docx"), folder=root, epoch=source.epoch)


def compile_pdf(
    code: str, root: Path, moment: datetime, *, fonts: Sequence[Path], system_fonts: bool = False
) -> bytes:
    """The PDF of typst source: tagged, by PDF/UA-1, its times fixed to `moment`.

    Paths in the source are those of `root`, where it is written to for the compiler to read.
    """
    main = root / "report.typ"

    def compiled(source: str) -> bytes:
        main.write_text(source, encoding="utf-8")
        made: bytes = typst.compile(
            main,
            root=root,
            font_paths=typst.Fonts(
                include_system_fonts=system_fonts, font_paths=[str(folder) for folder in fonts]
            ),
            format="pdf",
            pdf_standards="ua-1",
            timestamp=int(moment.replace(tzinfo=UTC).timestamp()),
        )
        return made

    try:
        try:
            return compiled(code)
        except typst.TypstError as error:
            # A sign that no font has, in some unit's name, must not cost the whole letter.
            if not any(reason in str(error) for reason in _UNSHOWN):
                raise
            for picture in root.glob("charts/*.svg"):
                drawn = _MARKS.sub("", picture.read_text(encoding="utf-8"))
                picture.write_text(_UNUSUAL.sub("?", drawn), encoding="utf-8")
            return compiled(_UNUSUAL.sub("?", code))
    except typst.TypstError as error:
        raise DxError(f"typst failed: {' '.join(str(error).split())}") from None


def _arguments(root: Path, writer: str, template: str) -> list[str]:
    extension = root / EXTENSION
    return [
        "--from=json",
        f"--to={writer}",
        f"--lua-filter={extension / 'cong-van.lua'}",
        f"--template={extension / template}",
        "--standalone",
        "--wrap=none",
        "--fail-if-warnings",
    ]


# -- one tree for each format


def _for(source: Source, name: Format) -> bytes:
    tree = source.tree | {"blocks": _blocks(source.tree["blocks"], name)}
    if name == "docx":  # a writer of files, in which no token is found again
        tree["blocks"] = _unstashed(tree["blocks"], source.raw)
    return json.dumps(tree, ensure_ascii=False).encode()


def _unstashed(nodes: Any, raw: Stashed) -> Any:
    if isinstance(nodes, list):
        return [_unstashed(node, raw) for node in nodes]
    if isinstance(nodes, dict):
        if nodes.get("t") == "RawBlock":
            kind, content = nodes["c"]
            return {"t": "RawBlock", "c": [kind, raw.contents.get(content, content)]}
        return {key: _unstashed(value, raw) for key, value in nodes.items()}
    return nodes


def _blocks(nodes: list[Any], name: Format) -> list[Any]:
    """The nodes that `name` shows: conditions decided, raw blocks of other formats left out."""
    out: list[Any] = []
    for node in nodes:
        kind, content = node["t"], node.get("c")
        if kind in ("RawBlock", "RawInline"):
            if content[0] in _RAW[name]:
                out.append(node)
        elif kind in ("Div", "Span") and _condition(content[0]):
            if _holds(content[0], name):
                out += _blocks(content[1], name)
        elif kind == "Para" and _is_pagebreak(content):
            out.append(_PAGEBREAK[name])
        else:
            out.append(_inside(node, name))
    return out


def _inside(node: Any, name: Format) -> Any:
    if isinstance(node, dict):
        return {key: _inside(value, name) if key == "c" else value for key, value in node.items()}
    if isinstance(node, list):
        if node and all(isinstance(item, dict) and "t" in item for item in node):
            return _blocks(node, name)
        return [_inside(item, name) for item in node]
    return node


def _condition(attributes: list[Any]) -> bool:
    return bool({"content-visible", "content-hidden"} & set(attributes[1]))


def _holds(attributes: list[Any], name: Format) -> bool:
    pairs: dict[str, str] = dict(attributes[2])
    if "when-format" in pairs:
        matches = pairs["when-format"] == name
    else:
        matches = pairs.get("unless-format") != name
    return matches == ("content-visible" in attributes[1])


def _is_pagebreak(inlines: list[Any]) -> bool:
    text = "".join(i["c"] if i["t"] == "Str" else " " for i in inlines if i["t"] in _TEXTUAL)
    return text == "{{< pagebreak >}}" and len(inlines) == text.count(" ") + 3


_TEXTUAL = ("Str", "Space")
_PAGEBREAK: dict[str, Tree] = {
    "html": {"t": "RawBlock", "c": ["html", '<div class="page-break"></div>']},
    "typst": {"t": "RawBlock", "c": ["typst", "#pagebreak(weak: true)"]},
    "docx": {"t": "RawBlock", "c": ["openxml", '<w:p><w:r><w:br w:type="page"/></w:r></w:p>']},
}
