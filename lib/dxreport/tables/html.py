"""Tables as HTML: great_tables lays them out, and the page's own style dresses them.

great_tables escapes the cells that it is given. Its inline style sheet is left out: the cells
carry classes instead, and attributes for the figures (`data-fact`, `data-part`). A table that turns
into cards on a narrow screen names its columns in each cell (`data-label`, `data-group`), and its
roles, which it would else lose with its layout; a long one stays a table, and needs neither.
"""

from __future__ import annotations

from functools import lru_cache
from xml.etree import ElementTree as etree
from xml.etree.ElementTree import Element

import polars as pl

from dxreport.tables.model import Align, Cell, Column, Row, Table, spans
from dxreport.vi import plain

_ALIGN_CLASS: dict[Align, str] = {"left": "l", "center": "c", "right": "r"}


def to_html(table: Table) -> str:
    """The table as an HTML fragment: a region that scrolls, the table, its notes."""
    element = _laid_out(table)
    _strip(element)
    _dress_head(table, element)
    _dress_body(table, element)
    caption_id = f"{table.id}-ten"
    caption = Element("caption", id=caption_id)
    if not table.caption_shown:
        caption.set("class", "visually-hidden")
    caption.text = plain(table.caption)
    element.insert(0, caption)
    element.set("id", table.id)
    element.set("class", "bang long" if table.is_long else "bang")
    if table.is_long:
        _drop_roles(element)
    else:
        element.set("role", "table")
    # Quarto would else rebuild the table for every format, and lose its styles.
    element.set("data-quarto-disable-processing", "true")
    region = Element("div")
    region.set("class", "table-scroll")
    region.set("tabindex", "0")
    region.set("role", "region")
    region.set("aria-labelledby", caption_id)
    region.append(element)
    parts = [region]
    if table.notes:
        parts.append(_notes(table))
    return "\n".join(etree.tostring(part, encoding="unicode", method="html") for part in parts)


def _laid_out(table: Table) -> Element:
    """The `<table>` of great_tables, parsed."""
    import great_tables as gt  # slow to import, and only HTML needs it

    frame = pl.DataFrame(
        {
            _column_name(at): [plain(row.cells[at].text) for row in table.rows]
            for at in range(len(table.columns))
        },
        schema={_column_name(at): pl.String() for at in range(len(table.columns))},
    )
    made = gt.GT(frame, id=table.id)
    page = made.as_raw_html()
    # With plain names for columns it is well-formed; the style sheet before the table is left.
    return etree.fromstring(page[page.index("<table") : page.rindex("</table>") + 8])


def _column_name(at: int) -> str:
    return f"c{at}"


def _strip(element: Element) -> None:
    """Leaves the structure only: no classes, styles and ids of great_tables, no blanks between."""
    for node in element.iter():
        for name in set(node.attrib) - {"rowspan", "colspan", "scope"}:
            del node.attrib[name]
        for name in ("rowspan", "colspan"):
            if node.get(name) == "1":
                del node.attrib[name]
        node.tail = None
        if node.tag in ("table", "thead", "tbody", "tr"):
            node.text = "\n" if node.tag in ("tbody", "tr") else None
            node.tail = "\n" if node.tag in ("thead", "tbody", "tr") else None


def _drop_roles(element: Element) -> None:
    for node in element.iter():
        node.attrib.pop("role", None)


def _dress_head(table: Table, element: Element) -> None:
    """Writes the header anew: great_tables escapes its cells, but not its labels."""
    head = element.find("thead")
    assert head is not None
    head.clear()
    head.set("role", "rowgroup")
    for cells in table.header:
        row = etree.SubElement(head, "tr", role="row")
        for cell in cells:
            node = etree.SubElement(row, "th", role="columnheader")
            node.set("scope", "colgroup" if cell.is_spanner and cell.columns > 1 else "col")
            if cell.rows > 1:
                node.set("rowspan", str(cell.rows))
            if cell.columns > 1:
                node.set("colspan", str(cell.columns))
            node.text = plain(cell.text)
        row.tail = "\n"
    head.tail = "\n"


def _dress_body(table: Table, element: Element) -> None:
    body = element.find("tbody")
    assert body is not None
    body.set("role", "rowgroup")
    groups = _groups(table.columns)
    for row, node in zip(table.rows, body, strict=True):
        node.set("role", "row")
        if row.kind != "unit":
            node.set("class", row.kind)
        _dress_row(table, row, node, groups)


def _dress_row(table: Table, row: Row, parent: Element, groups: tuple[str | None, ...]) -> None:
    nodes = list(parent)
    for at, cell, reach in spans(table, row):
        node = nodes[at]
        column = table.columns[at]
        classes = [_ALIGN_CLASS[column.align]]
        if cell.tone != "none":
            classes.append(cell.tone)
        if not cell.text:
            classes.append("empty")
        if at == table.head:
            node.tag = "th"
            node.set("scope", "row" if row.kind == "unit" else "rowgroup" if reach > 1 else "row")
            node.set("role", "rowheader")
        else:
            node.set("role", "cell")
            if at < table.head:
                classes.append("stt")
            elif not table.is_long:
                node.set("data-label", plain(column.label))
                if (group := groups[at]) is not None:
                    node.set("data-group", group)
        node.set("class", " ".join(classes))
        if reach > 1:
            node.set("colspan", str(reach))
            for gone in nodes[at + 1 : at + reach]:
                parent.remove(gone)
        if cell.fact:
            _wrap(node, cell)


def _wrap(node: Element, cell: Cell) -> None:
    """Puts the cell's text into a span that names its fact."""
    span = etree.SubElement(node, "span")
    span.set("class", "figure")
    span.set("data-fact", plain(cell.fact or ""))
    if cell.part != "value":
        span.set("data-part", cell.part)
    span.text, node.text = node.text, None


@lru_cache(maxsize=32)
def _groups(columns: tuple[Column, ...]) -> tuple[str | None, ...]:
    """For each column, the name of the spanner that begins with it, if one does."""
    found: list[str | None] = []
    before: tuple[str, ...] = ()
    for column in columns:
        starts = bool(column.spanners) and column.spanners != before
        found.append(plain(" – ".join(column.spanners)) if starts else None)
        before = column.spanners
    return tuple(found)


def _notes(table: Table) -> Element:
    notes = Element("div")
    notes.set("class", "table-notes")
    for text in table.notes:
        etree.SubElement(notes, "p").text = plain(text)
    return notes
