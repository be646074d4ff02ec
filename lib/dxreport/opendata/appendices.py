"""An appendix of the letter as open data: the printed table, its figures as numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cached_property

from dxreport import vi
from dxreport.facts import Fact, Facts
from dxreport.opendata.model import Field, Kind, Resource, Row, Value
from dxreport.sheets import Heading, Look, Number, Sheet, SheetCell, SheetRow
from dxreport.tables.model import Cell, Column, Table
from dxreport.tables.model import Row as TableRow
from dxreport.vi import plain

_MM = 0.52  # characters a millimetre, of the widths that the letter's page gives
_LEAST, _NAME, _LONGEST_NAME = 11.0, 34, 52
_UNITS = {"%": "%", "pp": "điểm phần trăm"}
_KINDS = ("unit", "other_system", "group", "total")
_ABOUT = (
    Field(
        "row",
        "Loại dòng",
        description="unit: một đơn vị; other_system: số liệu của đơn vị trên hệ thống khác, không "
        "cộng vào nhóm; group: một nhóm đơn vị; total: tổng cộng",
        choices=_KINDS,
        needed=True,
    ),
    Field("group", "Nhóm", description="tên nhóm đơn vị mà dòng thuộc về"),
    Field("scope", "Mã phạm vi", description="phạm vi của số liệu, như trong bảng facts"),
    Field("name", "Đơn vị", description="tên đơn vị, nhóm hoặc tổng cộng", needed=True),
)


def appendix_resource(number: str, called: str, table: Table, facts: Facts) -> Resource:
    """Appendix `number`, whose `table` shows `facts`, as one resource.

    The report calls it `called`; its files are named by its number, which is that of every month.
    """
    return _Maker(number, called, table, facts).resource()


class _Maker:
    def __init__(self, number: str, called: str, table: Table, facts: Facts) -> None:
        self.number = number
        self.called = called
        self.table = table
        self.facts = {fact.key: fact for fact in facts}
        # What stands before the figures (the running number, the name) is told in other words.
        self.shown = [(at, column) for at, column in enumerate(table.columns) if at > table.head]

    def resource(self) -> Resource:
        table = self.table
        fields = (*_ABOUT, *(self._field(at, column) for at, column in self.shown))
        title = f"{self.called}. {plain(table.caption)}"
        return Resource(
            name=f"appendix-{self.number.replace('.', '-')}",
            title=title,
            description=" ".join(plain(note) for note in table.notes),
            fields=fields,
            rows=tuple(self._rows()),
            sheet=self._sheet(title),
        )

    # -- for programs -----------------------------------------------------------------------

    def _field(self, at: int, column: Column) -> Field:
        part, facts = self._of(at)
        units = {fact.unit for fact in facts}
        measured = units.pop() if part == "value" and len(units) == 1 else ""
        counts = part in ("numerator", "denominator") or measured == "count"
        kind: Kind = "boolean" if part == "met" else "integer" if counts else "number"
        title = " – ".join(plain(text) for text in (*column.spanners, column.label))
        unit = "" if measured in ("count", "") else measured
        words = f" ({_UNITS[unit]})" if unit in _UNITS else ""
        return Field(column.key, f"{title}{words}", kind, unit=unit)

    def _of(self, at: int) -> tuple[str, list[Fact]]:
        """What a column shows of its facts, and the facts."""
        cells = [row.cells[at] for row in self.table.rows if row.cells[at].fact is not None]
        parts = {cell.part for cell in cells}
        return parts.pop() if len(parts) == 1 else "value", [self.facts[str(c.fact)] for c in cells]

    def _rows(self) -> Iterator[Row]:
        group = ""
        for row in self.table.rows:
            fact = self._first(row)
            name = plain(row.cells[self.table.head].text)
            if row.kind == "group":
                group = name
            elif row.kind == "total":
                group = ""
            if row.kind == "group" and fact is None:
                continue  # a heading, without figures of its own
            kind: str = row.kind
            if fact is not None and "@" in fact.scope:
                kind, name = "other_system", plain(fact.name)
            values = (self._value(row.cells[at]) for at, _ in self.shown)
            yield (kind, group or None, fact.scope if fact else None, name, *values)

    def _first(self, row: TableRow) -> Fact | None:
        keys = (cell.fact for cell in row.cells)
        return next((self.facts[key] for key in keys if key in self.facts), None)

    def _value(self, cell: Cell) -> Value:
        """The cell's figure; nothing where there is none, or where it is not published."""
        fact = self.facts.get(cell.fact or "")
        if fact is None:
            return None
        if cell.part == "met":
            return fact.met
        if cell.part == "numerator":
            return None if "numerator" in fact.withheld else fact.numerator
        if cell.part == "denominator":
            return None if "denominator" in fact.withheld else fact.denominator
        number = printed_number(fact)
        return None if number is None else number.value

    # -- for people -------------------------------------------------------------------------

    def _sheet(self, title: str) -> Sheet:
        table = self.table
        headings = tuple(
            Heading(
                self._label(cell.text, cell.column, cell.is_spanner),
                cell.row,
                cell.column,
                cell.rows,
                cell.columns,
            )
            for line in table.header
            for cell in line
        )
        names = (len(plain(row.cells[table.head].text)) for row in table.rows)
        widest = min(max((_NAME, *names)) * 1.1, _LONGEST_NAME)
        widths = tuple(
            6.0 if at < table.head else widest if at == table.head else max(_LEAST, mm * _MM)
            for at, mm in enumerate(column.width for column in table.columns)
        )
        return Sheet(
            name=self.called,
            title=title,
            headings=headings,
            widths=widths,
            rows=tuple(self._sheet_row(row) for row in table.rows),
            notes=tuple(plain(note) for note in table.notes),
            kept=table.head + 1,
        )

    def _label(self, text: str, column: int, is_spanner: bool) -> str:
        """A column's label, with the unit that its numbers no longer carry."""
        label = plain(text)
        if is_spanner or column <= self.table.head:
            return label
        part, facts = self._of(column)
        units = {fact.unit for fact in facts} if part == "value" else set()
        words = {"%": "%", "pp": "điểm %"}.get(next(iter(units), "")) if len(units) == 1 else None
        return f"{label} ({words})" if words else label

    def _sheet_row(self, row: TableRow) -> SheetRow:
        looks: dict[str, Look] = {"group": "group", "total": "total"}
        cells = tuple(
            SheetCell(self._shown(cell, at, row.kind), cell.tone, column.align)
            for at, (cell, column) in enumerate(zip(row.cells, self.table.columns, strict=True))
        )
        return SheetRow(cells, looks.get(row.kind, "plain"))

    @cached_property
    def _places(self) -> Mapping[tuple[int, str], int]:
        """How many decimals a column shows: those of its finest figure, by the kind of row."""
        places: dict[tuple[int, str], int] = {}
        for row in self.table.rows:
            for at, cell in enumerate(row.cells):
                number = printed_number(self.facts[cell.fact]) if cell.fact in self.facts else None
                if cell.part == "value" and number is not None:
                    places[at, row.kind] = max(places.get((at, row.kind), 0), number.places)
        return places

    def _shown(self, cell: Cell, at: int, kind: str) -> str | Number:
        """A number where the cell has one; its words where it has not (“không phát sinh”)."""
        if at < self.table.head and cell.text.isdigit():
            return Number(int(cell.text))
        fact = self.facts.get(cell.fact or "")
        if fact is None or cell.part == "met":
            return plain(cell.text)
        if cell.part == "value":
            number = printed_number(fact)
            if number is None:
                return plain(cell.text)
            return Number(number.value, self._places[at, kind])
        value = self._value(cell)
        return Number(value) if isinstance(value, int) else plain(cell.text)


def printed_number(fact: Fact) -> Number | None:
    """The figure as the report prints it, as a number; None where it prints none.

    A change in words ("giảm 0,28%") is a number with its sign.
    """
    if fact.value is None:
        return None
    if fact.unit == "units":
        return None if "numerator" in fact.withheld else Number(fact.numerator)
    found = next(vi.numbers(fact.printed), None)
    if fact.unit == "pp":
        places = found[2] if found else 0
        return Number(_float(fact.exact), places)
    if found is None:
        return None
    _, number, places = found
    signed = -number if fact.printed.startswith("-") else number
    if fact.unit in ("count", "topics"):
        return Number(int(signed))
    return Number(_float(signed), places)


def _float(value: Fraction) -> float:
    """A short decimal's own float."""
    return value.numerator / value.denominator
