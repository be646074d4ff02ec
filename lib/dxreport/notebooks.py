"""Run the notebooks of a month: executed files, and pages like the report's.

The notebooks in `notebooks/` are stored without outputs. Each is run by papermill, with the
engine that runs the report, and becomes an executed `.ipynb` and one HTML page, made by the
report's own pipeline.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from dxreport.config import EXTENSION, Project
from dxreport.errors import DxError, shown
from dxreport.markup import safe_json
from dxreport.narrative import month_name
from dxreport.periods import Month
from dxreport.rendering import embedded, page, vega
from dxreport.rendering.execute import execute
from dxreport.rendering.names import FACTS, FILES
from dxreport.rendering.qmd import Cell, Document, Options, Text, Where
from dxreport.rendering.workspace import data_folder
from dxreport.tables.blocks import raw_block

_LINK_PLACE = "<!-- so-tay -->"
_PARAMETERS = "parameters"
_MARKDOWN, _HTML, _PLAIN = "text/markdown", "text/html", "text/plain"
_VEGA = "application/vnd.vegalite."
_STYLE = re.compile(r"<style>.*?</style>\s*", re.DOTALL)
_format: Any = nbformat  # its functions have no types


@dataclass(frozen=True)
class Executed:
    """A notebook that has run: its name, its title, the executed notebook."""

    name: str
    title: str
    notebook: NotebookNode


def make_notebooks(project: Project, month: Month, data_dir: Path) -> dict[str, str]:
    """Run all notebooks of `project` for `month`: each as a notebook and as a page, by file name.

    `DxError` in one line, naming the notebook and the cell, where one fails.
    """
    paths = sorted(project.notebooks.glob("*.ipynb"))
    if not paths:
        raise DxError(f"{shown(project.notebooks, project.root)}: there is no notebook here")
    vega.start()
    executed = [run_notebook(path, project, month, data_dir) for path in paths]
    files: dict[str, str] = {}
    for done in executed:
        files[f"{done.name}.ipynb"] = _format.writes(done.notebook).rstrip("\n") + "\n"
        files[f"{done.name}.html"] = to_page(done, executed, project, month)
    return files


def with_notebooks(page_text: str, address: str) -> str:
    """The report's page with a link to its notebooks, once they are there to be opened."""
    item = f'<li><a href="{address}" type="text/html">Sổ tay phân tích</a></li>'
    if item in page_text:
        return page_text
    return page_text.replace(_LINK_PLACE, f"{item}\n{_LINK_PLACE}", 1)


def run_notebook(path: Path, project: Project, month: Month, data_dir: Path) -> Executed:
    """One notebook, run in the project's folder; nothing of the machine or the time is in it."""
    document = read_notebook(path)
    given, named = data_folder(project.root, data_dir)
    notebook = execute(
        document,
        {"month": str(month), "data_dir": given},
        folder=project.root,
        shown={"data_dir": named},
        every_form=True,
    )
    return Executed(path.stem, _title(document) or path.stem, notebook)


def read_notebook(path: Path) -> Document:
    """The cells of a notebook as a document; `DxError` where the file is no notebook."""
    try:
        notebook = _format.read(path, as_version=4)
        nbformat.validate(notebook)
    except (ValueError, nbformat.ValidationError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DxError(f"{path.name}: not a notebook: {reason}") from None
    parts = [_part(cell, at, path.name) for at, cell in enumerate(notebook.cells, 1)]
    return Document(path.name, {}, "", tuple(part for part in parts if part is not None))


def _part(cell: NotebookNode, at: int, name: str) -> Text | Cell | None:
    where = Where(f"{name}, cell {at}", 1)
    if cell.cell_type == "markdown":
        return Text(cell.source, (), where)
    if cell.cell_type == "code":
        tags = tuple(cell.metadata.get("tags", ()))
        return Cell(cell.source, Options(), None, tags, where)
    return None


def _title(document: Document) -> str:
    """What the first line of prose says, where it is a heading."""
    first = document.parts[0] if document.parts else None
    line = first.source.partition("\n")[0] if isinstance(first, Text) else ""
    return line[2:].strip() if line.startswith("# ") else ""


# -- a page


def to_page(done: Executed, every: Sequence[Executed], project: Project, month: Month) -> str:
    """The executed notebook as a page in the report's style, with links to the others."""
    blocks = [raw_block("html", _navigation(done, every)), *_blocks(done.notebook, done.name)]
    heading = f"{done.title} – {month_name(month)}"
    metadata = {"pagetitle": heading, "title": heading, "lang": "vi"}
    source = embedded.read("\n\n".join(blocks) + "\n", metadata, month.end)
    written = embedded.write_html(source, project.root)
    # The template's links to the report's files; these lie a folder above.
    for name in (*FILES.values(), FACTS):
        written = written.replace(f'href="{name}"', f'href="../{name}"')
    extension = project.root / EXTENSION
    return page.finish(written, own_scripts=page.own_scripts(extension))


def _navigation(done: Executed, every: Sequence[Executed]) -> str:
    links = ['<a href="../index.html">Báo cáo tháng</a>']
    for other in every:
        here = ' aria-current="page"' if other is done else ""
        links.append(f'<a href="{other.name}.html"{here}>{html.escape(other.title)}</a>')
    links.append(f'<a href="{done.name}.ipynb" download>Tải sổ tay (.ipynb)</a>')
    return f'<nav class="notebooks" aria-label="Sổ tay phân tích"><p>{" · ".join(links)}</p></nav>'


def _blocks(notebook: NotebookNode, name: str) -> Iterator[str]:
    charts = 0
    for at, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            # The page's head has the title already.
            titled = at == 0 and cell.source.startswith("# ")
            yield cell.source.partition("\n")[2] if titled else cell.source
        elif cell.cell_type == "code":
            tags = cell.metadata.get("tags", ())
            # The month that was asked for, not the one that is stored.
            if _PARAMETERS not in tags:
                yield _code(cell.source)
            for output in cell.outputs:
                data = output.get("data", {})
                charts += any(kind.startswith(_VEGA) for kind in data)
                yield _output(output, data, f"fig-{name}-{charts}")


def _code(source: str) -> str:
    told = "\n".join(line for line in source.splitlines() if not line.startswith("#|"))
    begin = raw_block("html", '<details class="code"><summary>Mã lệnh</summary>')
    return f"{begin}\n{_verbatim(told)}\n\n{raw_block('html', '</details>')}"


def _output(output: NotebookNode, data: Mapping[str, Any], figure: str) -> str:
    """What a cell showed, in the form that a page has for it."""
    for kind, value in data.items():
        if kind.startswith(_VEGA):
            return raw_block("html", _chart(value, str(data.get(_PLAIN, "")), figure))
    if _MARKDOWN in data:
        return str(data[_MARKDOWN])
    if _HTML in data:
        return raw_block("html", _table(str(data[_HTML])))
    return _verbatim(str(data.get(_PLAIN, output.get("text", ""))))


def _table(fragment: str) -> str:
    """A table in the page's own dress; a frame comes with another."""
    if "table-scroll" in fragment:
        return fragment
    bare = _STYLE.sub("", fragment).replace('<table border="1"', "<table")
    return f'<div class="table-scroll" tabindex="0">{bare}</div>'


def _chart(spec: Mapping[str, Any], text: str, name: str) -> str:
    """A chart as the report's page has it; the page holds the configuration."""
    bare = {key: value for key, value in spec.items() if key != "config"}
    words = html.escape(" ".join(text.split()), quote=True)
    return (
        f'<figure class="chart" id="{html.escape(name, quote=True)}">\n'
        f'<div class="vega" role="img" aria-label="{words}"></div>\n'
        f'<script type="application/json">{safe_json(bare)}</script>\n'
        f"<noscript><p>{words}</p></noscript>\n</figure>"
    )


def _verbatim(text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}\n{text.rstrip()}\n{fence}"
