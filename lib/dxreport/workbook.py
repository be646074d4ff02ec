"""Sheets as an XLSX workbook for people: numbers are numbers, and nothing is a formula.

The same sheets give the same bytes: the creation date is given, and no clock is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from inspect import unwrap
from io import BytesIO
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from dxreport.sheets import Heading, Number, Sheet, SheetCell

_VIETNAMESE = "[$-42A]"
"""The language of a number format: 1.298,5 also where the program speaks another one."""

_LONGEST = 32_000  # characters; a cell holds 32,767
_A4 = 9
_Look = dict[str, Any]
_FONT: _Look = {"font_name": "Times New Roman", "font_size": 12, "font_scheme": False}
_BORDER: _Look = {"border": 1, "border_color": "#9aa5b1"}
_HEADING: _Look = {"bold": True, "align": "center", "bg_color": "#e3ebf3", "text_wrap": True}
_LOOKS: dict[str, _Look] = {
    "plain": {},
    "group": {"bold": True, "bg_color": "#f2f5f8"},
    "total": {"bold": True},
}
_TONES: dict[str, _Look] = {
    "none": {},
    "met": {"font_color": "#1b5e20"},
    "missed": {"font_color": "#b3261e"},
}
_LINE = 17.0  # points that a line takes


def to_xlsx(sheets: Sequence[Sheet], *, title: str, author: str, created: datetime) -> bytes:
    """The workbook of the sheets, in their order; `created` is what its properties say."""
    file = BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_format_properties": {**_FONT},  # which the library adds to
    }
    with xlsxwriter.Workbook(file, options) as book:
        book.set_properties({"title": title, "author": author, "created": created})
        writer = _Writer(book)
        for sheet in sheets:
            writer.sheet(sheet)
    return file.getvalue()


def number_format(places: int) -> str:
    """Thousands and `places` decimals, as a Vietnamese reader writes them."""
    return f"{_VIETNAMESE}#,##0{'.' + '0' * places if places else ''}"


def _format(book: Any, look: str, tone: str, align: str, places: int) -> Any:
    """`places` of a number; -1 is text, which stays text when the cell is edited."""
    properties: dict[str, Any] = {
        "valign": "vcenter",
        "align": align,
        "text_wrap": places < 0 and align == "left",
        "shrink": places < 0 and align != "left",
        "num_format": number_format(places) if places >= 0 else "@",
        "quote_prefix": places < 0,
    }
    return book.add_format(properties | _BORDER | _LOOKS[look] | _TONES[tone])


# What they are wrapped in finds out for every cell whether it is named by numbers or as "A1".
_write_number = unwrap(Worksheet.write_number)
_write_string = unwrap(Worksheet.write_string)


class _Writer:
    def __init__(self, book: Any) -> None:
        self.book = book
        # Of the book alone: one of this writer's method would be a cycle, and keep all of it.
        self.format = lru_cache(maxsize=None)(partial(_format, book))

    def sheet(self, sheet: Sheet) -> None:
        page = self.book.add_worksheet(sheet.name)
        page.set_default_row(_LINE)
        for at, width in enumerate(sheet.widths):
            page.set_column(at, at, width)
        first = 0
        if sheet.title:
            name = self.book.add_format({"bold": True, "font_size": 14, "num_format": "@"})
            page.write_string(0, 0, sheet.title[:_LONGEST], name)
            first = 2
        below = first + self._headings(page, sheet.headings, sheet.widths, first)
        page.freeze_panes(below, sheet.kept)
        page.repeat_rows(first, below - 1)
        row = below
        for line in sheet.rows:
            if (lines := _tallest(line.cells, sheet.widths)) > 1:
                page.set_row(row, _LINE * lines)
            for at, cell in enumerate(line.cells):
                self._cell(page, row, at, cell, line.look)
            row += 1
        if sheet.filtered and sheet.rows:
            page.autofilter(first, 0, row - 1, len(sheet.widths) - 1)
        note = self.book.add_format({"italic": True, "num_format": "@"})
        for at, text in enumerate(sheet.notes, row + 1):
            page.write_string(at, 0, text[:_LONGEST], note)
        page.set_landscape()
        page.set_paper(_A4)
        page.fit_to_pages(1, 0)
        page.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
        page.set_footer("&C&P/&N")

    def _headings(
        self, page: Any, headings: Iterable[Heading], widths: Sequence[float], first: int
    ) -> int:
        """Writes the header and says how many rows it has."""
        look = self.book.add_format(_HEADING | _BORDER | {"valign": "vcenter", "num_format": "@"})
        depth, lines = 1, [1]
        for heading in headings:
            top, left = first + heading.row, heading.column
            bottom, right = top + heading.rows - 1, left + heading.columns - 1
            depth = max(depth, heading.row + heading.rows)
            if (top, left) == (bottom, right):
                page.write_string(top, left, heading.text, look)
            else:
                page.merge_range(top, left, bottom, right, "", look)
                page.write_string(top, left, heading.text, look)
            room = sum(widths[left : right + 1])
            if heading.row + heading.rows == depth:
                lines.append(-(-_lines(heading.text, room) // heading.rows))
        page.set_row(first + depth - 1, _LINE * max(lines))
        return depth

    def _cell(self, page: Any, row: int, at: int, cell: SheetCell, look: str) -> None:
        shown = cell.shown
        if isinstance(shown, Number):
            style = self.format(look, cell.tone, cell.align, shown.places)
            _write_number(page, row, at, shown.value, style)
            return
        style = self.format(look, cell.tone, cell.align, -1)
        if shown:
            _write_string(page, row, at, shown[:_LONGEST], style)
        else:
            page.write_blank(row, at, None, style)


def _tallest(cells: Sequence[SheetCell], widths: Sequence[float]) -> int:
    """How many lines the longest text of a row takes; programs do not all find out themselves."""
    wrapped = (
        _lines(cell.shown, width)
        for cell, width in zip(cells, widths, strict=True)
        if cell.align == "left" and isinstance(cell.shown, str) and len(cell.shown) > width
    )
    return max(wrapped, default=1)


@lru_cache(maxsize=4096)
def _lines(text: str, room: float) -> int:
    """How many lines a text takes in a column of `room` characters, broken between words."""
    lines, used = 1, 0.0
    for word in text.split():
        if used and used + 1 + len(word) > room:
            lines, used = lines + 1, 0.0
        used += len(word) + bool(used)
    return lines
