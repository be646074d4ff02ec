"""Tables as WordprocessingML: real tables that people edit in Word.

The looks come from styles of the reference document (`STYLES`); what stands on a cell itself is
its width, its alignment and the shade of a verdict, none of which a style can know.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from xml.sax.saxutils import escape

from dxreport.tables.model import Align, Cell, Row, RowKind, Table, Tone, spans
from dxreport.tables.typst import text_size
from dxreport.vi import plain

TABLE_STYLE = "Bang"
CELL_STYLE = "BangChu"
HEAD_STYLE = "BangDau"
CAPTION_STYLE = "BangTen"
NOTE_STYLE = "BangGhiChu"
STYLES = (TABLE_STYLE, CELL_STYLE, HEAD_STYLE, CAPTION_STYLE, NOTE_STYLE)

_DXA_A_MM = 1440 / 25.4
_TEXT_MM = {"portrait": 160.0, "landscape": 257.0}
_HEAD_FILL = "E8EDF3"
_GROUP_FILL = "F3F5F8"
_FILLS: dict[Tone, str] = {"met": "E3F3E6", "missed": "FDE8E4"}
_QUOTES = {'"': "&quot;"}
_JC: dict[Align, str] = {"left": "left", "center": "center", "right": "right"}


def to_openxml(table: Table) -> str:
    """The table, its caption where shown and its notes, as elements of a document's body."""
    widths = column_widths(table)
    caption = escape(plain(table.caption), _QUOTES)
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    parts = []
    if table.caption_shown:
        parts.append(_paragraph(CAPTION_STYLE, table.caption, keep=True))
    parts.append(
        f'<w:tbl><w:tblPr><w:tblStyle w:val="{TABLE_STYLE}"/>'
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        '<w:tblLayout w:type="fixed"/>'
        '<w:tblLook w:val="0420" w:firstRow="1" w:lastRow="0" w:firstColumn="0" '
        'w:lastColumn="0" w:noHBand="0" w:noVBand="1"/>'
        f'<w:tblCaption w:val="{caption}"/><w:tblDescription w:val="{caption}"/></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>"
    )
    size = round(2 * text_size(table))
    parts += _head_rows(table, widths, size)
    after: RowKind = "total" if table.notes else "unit"
    below = [*(row.kind for row in table.rows[1:]), after]
    for row, next_kind in zip(table.rows, below, strict=False):
        # A group's name stays with the row below it; a total and the notes with the row above.
        keep = row.kind == "group" or next_kind == "total"
        parts.append(_row(table, row, widths, size, keep=keep))
    parts.append("</w:tbl>")
    last = len(table.notes) - 1
    parts += [_paragraph(NOTE_STYLE, note, keep=at < last) for at, note in enumerate(table.notes)]
    if not table.notes:
        # Two tables that touch would become one.
        parts.append(_paragraph(NOTE_STYLE, ""))
    return "\n".join(parts)


def column_widths(table: Table) -> list[int]:
    """Widths in twentieths of a point that add up to the width of the text exactly."""
    total = round(_TEXT_MM[table.width] * _DXA_A_MM)
    weight = sum(column.width for column in table.columns)
    edges = [0]
    so_far = 0.0
    for column in table.columns:
        so_far += column.width
        edges.append(round(total * so_far / weight))
    return [right - left for left, right in pairwise(edges)]


def _head_rows(table: Table, widths: list[int], size: int) -> Iterator[str]:
    depth = len(table.header)
    covering = {}
    for cell in (cell for row in table.header for cell in row):
        for row_at in range(cell.row, cell.row + cell.rows):
            covering[row_at, cell.column] = cell
    for row_at in range(depth):
        cells = []
        at = 0
        while at < len(table.columns):
            cell = covering[row_at, at]
            begins = cell.row == row_at
            merge = ""
            if cell.rows > 1:
                merge = '<w:vMerge w:val="restart"/>' if begins else "<w:vMerge/>"
            cells.append(
                _cell(
                    sum(widths[at : at + cell.columns]),
                    _paragraph(HEAD_STYLE, cell.text if begins else "", size=size, keep=True),
                    reach=cell.columns,
                    merge=merge,
                    fill=_HEAD_FILL,
                )
            )
            at += cell.columns
        yield f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{''.join(cells)}</w:tr>"


def _row(table: Table, row: Row, widths: list[int], size: int, *, keep: bool) -> str:
    cells = []
    for at, cell, reach in spans(table, row):
        cells.append(
            _cell(
                sum(widths[at : at + reach]),
                _paragraph(
                    CELL_STYLE,
                    cell.text,
                    align=table.columns[at].align,
                    size=size,
                    bold=row.kind != "unit" or cell.tone == "missed",
                    keep=keep,
                ),
                reach=reach,
                fill=_fill(row, cell),
            )
        )
    return f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{''.join(cells)}</w:tr>"


def _fill(row: Row, cell: Cell) -> str | None:
    return _FILLS.get(cell.tone, None if row.kind == "unit" else _GROUP_FILL)


def _cell(
    width: int, paragraph: str, *, reach: int = 1, merge: str = "", fill: str | None = None
) -> str:
    span = f'<w:gridSpan w:val="{reach}"/>' if reach > 1 else ""
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>' if fill else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{span}{merge}{shade}'
        f'<w:vAlign w:val="center"/></w:tcPr>{paragraph}</w:tc>'
    )


def _paragraph(
    style: str,
    text: str,
    *,
    align: Align | None = None,
    size: int | None = None,
    bold: bool = False,
    keep: bool = False,
) -> str:
    kept = "<w:keepNext/>" if keep else ""
    jc = f'<w:jc w:val="{_JC[align]}"/>' if align else ""
    weight = "<w:b/><w:bCs/>" if bold else ""
    sizes = f'<w:sz w:val="{size}"/><w:szCs w:val="{size}"/>' if size else ""
    look = f"<w:rPr>{weight}{sizes}</w:rPr>" if weight or sizes else ""
    mark = look if not text else ""
    run = f'<w:r>{look}<w:t xml:space="preserve">{escape(plain(text))}</w:t></w:r>' if text else ""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{kept}{jc}{mark}</w:pPr>{run}</w:p>'
