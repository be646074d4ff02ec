"""What a table is, before any format: columns, rows, cells that show facts.

A table never computes. A cell's text is a fact as it is printed, or a name; the writers of this
package (`html`, `typst`, `openxml`) each escape that text for their own format.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dxreport import vi

if TYPE_CHECKING:
    from dxreport.facts import Fact
    from dxreport.markup import Markdown

Align = Literal["left", "center", "right"]
Tone = Literal["met", "missed", "none"]
RowKind = Literal["unit", "group", "total"]
Part = Literal["value", "numerator", "denominator", "met"]
Width = Literal["portrait", "landscape"]

MET = "Đạt"
MISSED = "Chưa đạt"
ABSENT = "–"
"""Stands where a table has no figure to show; a note says why."""
WITHHELD = "(*)"
"""What stands for a figure that is not published."""

_DAYS = " ngày/PAKN"
_LONG = 40


@dataclass(frozen=True)
class Cell:
    """One cell; `fact` is the key of the fact that it shows, `part` which side of it."""

    text: str = ""
    fact: str | None = None
    tone: Tone = "none"
    part: Part = "value"


@dataclass(frozen=True)
class Column:
    """One column. `width` is a weight among the others; `spanners` run from the outermost in."""

    key: str
    label: str
    align: Align = "right"
    width: float = 1.0
    spanners: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One row, with a cell for each column; a group's row stands above its units."""

    kind: RowKind
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class HeaderCell:
    """One cell of the header: its place (row and column, from 0) and how far it reaches."""

    text: str
    row: int
    column: int
    rows: int
    columns: int
    is_spanner: bool


@dataclass(frozen=True)
class Table:
    """A table ready to be written in every format.

    `id` is safe as an HTML id and is unique in a document. `head` is the index of the column
    that names the row. The caption is always there for assistive technology;
    `caption_shown` is false where a heading above the table says the same.
    """

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    head: int = 0
    width: Width = "portrait"
    caption_shown: bool = True

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(
                    f"table {self.id}: a row of {len(row.cells)} cells, "
                    f"but {len(self.columns)} columns"
                )

    @property
    def header(self) -> tuple[tuple[HeaderCell, ...], ...]:
        """The rows of the header, spanners first; each column's label reaches the last row."""
        depth = max((len(column.spanners) for column in self.columns), default=0)
        spanners = [cell for level in range(depth) for cell in self._spanners(level, depth)]
        # A label begins below the last spanner over its column.
        begins = [0] * len(self.columns)
        for cell in spanners:
            for at in range(cell.column, cell.column + cell.columns):
                begins[at] = max(begins[at], cell.row + cell.rows)
        labels = [
            HeaderCell(column.label, begin, at, depth + 1 - begin, 1, False)
            for at, (column, begin) in enumerate(zip(self.columns, begins, strict=True))
        ]
        cells = sorted((*spanners, *labels), key=lambda cell: (cell.row, cell.column))
        return tuple(tuple(cell for cell in cells if cell.row == row) for row in range(depth + 1))

    @property
    def is_long(self) -> bool:
        """Whether it has more rows than a screen shows."""
        return len(self.rows) > _LONG

    def html(self) -> str:
        """The table as a fragment of HTML (great_tables), with no style of its own."""
        from dxreport.tables.html import to_html

        return to_html(self)

    def to_markdown(self) -> Markdown:
        """The table as pandoc markdown that carries every format, each as a raw block."""
        from dxreport.tables.blocks import to_markdown

        return to_markdown(self)

    def _repr_html_(self) -> str:
        return self.html()

    def _spanners(self, level: int, depth: int) -> Iterator[HeaderCell]:
        at = 0
        while at < len(self.columns):
            column = self.columns[at]
            path = column.spanners[: level + 1]
            end = at + 1
            if len(path) > level:
                while end < len(self.columns) and self.columns[end].spanners[: level + 1] == path:
                    end += 1
                # A spanner with none below it reaches down to the labels.
                deepest = max(len(c.spanners) for c in self.columns[at:end])
                rows = depth - level if deepest == level + 1 else 1
                yield HeaderCell(path[-1], level, at, rows, end - at, True)
            at = end


def spans(table: Table, row: Row) -> tuple[tuple[int, Cell, int], ...]:
    """The cells of a row as (column, cell, columns it reaches over).

    The name of a group that has no figures reaches to the end of its row.
    """
    after = row.cells[table.head + 1 :]
    if row.kind == "group" and not any(cell.text for cell in after):
        kept = row.cells[: table.head + 1]
        return tuple(
            (at, cell, 1 + len(after) if at == table.head else 1) for at, cell in enumerate(kept)
        )
    return tuple((at, cell, 1) for at, cell in enumerate(row.cells))


def value_cell(fact: Fact | None) -> Cell:
    """The figure as it is printed; the unit of a mean stands in the column's label."""
    if fact is None:
        return Cell()
    if fact.suppressed:
        return Cell(WITHHELD, fact.key)
    return Cell(fact.printed.removesuffix(_DAYS), fact.key)


def numerator_cell(fact: Fact | None) -> Cell:
    if fact is None:
        return Cell()
    told = "numerator" not in fact.withheld
    text = vi.integer(fact.numerator) if told else WITHHELD
    return Cell(text, fact.key, part="numerator")


def denominator_cell(fact: Fact | None) -> Cell:
    if fact is None:
        return Cell()
    told = "denominator" not in fact.withheld
    text = vi.integer(fact.denominator) if told else WITHHELD
    return Cell(text, fact.key, part="denominator")


def verdict_cell(fact: Fact | None) -> Cell:
    """ "Đạt" or "Chưa đạt"; a dash where there is no rate, or no target in force."""
    if fact is None:
        return Cell()
    if fact.met is None:
        return Cell(WITHHELD if fact.suppressed else ABSENT, fact.key, part="met")
    if fact.met:
        return Cell(MET, fact.key, "met", "met")
    return Cell(MISSED, fact.key, "missed", "met")
