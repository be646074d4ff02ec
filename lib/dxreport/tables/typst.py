"""Tables as typst source.

All text goes in as string literals, in which only `\\` and `"` mean anything: no text can
become markup or code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dxreport.markup import typst_string
from dxreport.tables.model import Cell, HeaderCell, Row, Table, spans
from dxreport.vi import plain

_HEAD_FILL = "#e8edf3"
_GROUP_FILL = "#f3f5f8"
_TWO_BRACES = "{\\u{7b}"
_FILLS = {"met": "#e3f3e6", "missed": "#fde8e4"}


def to_typst(table: Table) -> str:
    """The table as one block of typst; it breaks between rows and repeats its header."""
    size = text_size(table)
    lines = [
        "#{",
        f"set text(size: {size}pt, hyphenate: false)",
        "set par(justify: false, first-line-indent: 0pt, leading: 0.45em, spacing: 0.6em)",
        "set table.cell(breakable: false)",
        f"let dat(t) = table.cell(fill: rgb({_string(_FILLS['met'])}), t)",
        f"let chua(t) = table.cell(fill: rgb({_string(_FILLS['missed'])}), strong(t))",
    ]
    if table.caption_shown:
        caption = f"align(center, strong({_string(table.caption)}))"
        lines.append(f"block(above: 1em, below: 0.6em, sticky: true, {caption})")
    lines.append("block(above: 0.6em, below: 0.6em, table(")
    lines.append(f"columns: ({_columns(table)}),")
    lines.append('inset: (x: 3pt, y: 2.8pt), stroke: 0.5pt + rgb("#5b6673"),')
    lines.append(f"align: ({', '.join(f'{c.align} + horizon' for c in table.columns)},),")
    lines.append("table.header(")
    lines += [_header_cell(cell) for row in table.header for cell in row]
    lines.append("),")
    body = _body_rows(table)
    lines += [_row(row, _cells(table, row)) for row in table.rows[:body]]
    lines += _foot(table, table.rows[body:], size)
    lines += ["))", "}"]
    return "\n".join(lines)


def text_size(table: Table) -> float:
    """The size of the table's text in points: smaller where many columns share the width."""
    columns = len(table.columns)
    room = 14 if table.width == "landscape" else 8
    if columns > room - 1:
        return 9
    return 10 if columns > room - 4 else 11


def _columns(table: Table) -> str:
    return ", ".join(f"{column.width:g}fr" for column in table.columns) + ","


def _header_cell(cell: HeaderCell) -> str:
    reach = f", colspan: {cell.columns}" if cell.columns > 1 else ""
    reach += f", rowspan: {cell.rows}" if cell.rows > 1 else ""
    return (
        f"table.cell(x: {cell.column}, y: {cell.row}{reach}, align: center + horizon, "
        f"fill: rgb({_string(_HEAD_FILL)}), strong({_string(cell.text)})),"
    )


def _cells(table: Table, row: Row) -> str:
    return ", ".join(_cell(row, cell, reach) for _, cell, reach in spans(table, row))


def _row(row: Row, cells: str) -> str:
    if row.kind == "group":
        # A header of the second level is never left alone at the foot of a page.
        return f"table.header(level: 2, repeat: false, {cells}),"
    return f"{cells},"


def _body_rows(table: Table) -> int:
    """How many rows break freely: all before the total and the unit that stays with it."""
    end = len(table.rows)
    while end and table.rows[end - 1].kind == "total":
        end -= 1
    if end == len(table.rows) and not table.notes:
        return end
    end = max(0, end - 1)
    while end and table.rows[end - 1].kind == "group":
        end -= 1
    return end


def _foot(table: Table, rows: Sequence[Row], size: float) -> Iterator[str]:
    """The last unit, totals and notes as one footer, so that no page has a total alone."""
    parts = [_cells(table, row) for row in rows]
    if table.notes:
        body = " + parbreak() + ".join(f"emph({_string(note)})" for note in table.notes)
        parts.append(
            f"table.cell(colspan: {len(table.columns)}, align: left, stroke: none, "
            f"inset: (x: 0pt, y: 5pt), text(size: {max(9, size - 1):g}pt, {body}))"
        )
    if parts:
        yield f"table.footer(repeat: false, {', '.join(parts)}),"


def _cell(row: Row, cell: Cell, reach: int) -> str:
    text = _string(cell.text)
    if row.kind == "unit":
        if cell.tone == "none":
            return text
        return f"{'dat' if cell.tone == 'met' else 'chua'}({text})"
    fill = _FILLS.get(cell.tone, _GROUP_FILL)
    wide = f"colspan: {reach}, " if reach > 1 else ""
    return f"table.cell({wide}fill: rgb({_string(fill)}), strong({text}))"


def _string(text: str) -> str:
    # Quarto would run a shortcode even here.
    return typst_string(plain(text)).replace("{{", _TWO_BRACES)
