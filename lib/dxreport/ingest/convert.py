"""Cells of an export as values of a contract table, column by column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from dxreport.contracts import TIME_OF
from dxreport.errors import ContractError, Problem
from dxreport.ingest import values as read
from dxreport.ingest.cells import Cells, extracted, written
from dxreport.ingest.counting import as_figures
from dxreport.ingest.header import months_in, name_of
from dxreport.ingest.issues import Issues
from dxreport.ingest.mapping import Column, MappingFile, Unlisted
from dxreport.ingest.names import UnitNames
from dxreport.ingest.parts import Condition
from dxreport.ingest.sheets import Cell
from dxreport.ingest.values import Times, Wrong
from dxreport.periods import Month
from dxreport.reading.values import LOCAL_ZONE


@dataclass
class Known:
    """What a table is held against."""

    units: pl.DataFrame
    names: UnitNames
    topics: dict[str, str] = field(default_factory=dict)
    """Folded id and name of each topic -> its id."""


class Conversion:
    """The records `kept` of an export on their way to values; what is wrong goes to `issues`.

    `months` are those that were asked for, and `file_name` is the export's: a column may be made
    of either. `notes` is what the analyst should know of columns that are right.
    """

    def __init__(
        self,
        cells: Cells,
        kept: list[int],
        mapping: MappingFile,
        known: Known,
        issues: Issues,
        months: frozenset[str] | None,
        file_name: str,
    ) -> None:
        self.cells, self.kept, self.known, self.issues = cells, kept, known, issues
        self.mapping, self.spec, self.table = mapping, mapping.spec, mapping.table
        self.months, self.file_name = months, file_name
        self.kinds = issues.kinds
        self.notes: list[str] = []
        self.done: dict[str, list[Any]] = {name: [None] * len(kept) for name in self.kinds}

    def converted(self) -> dict[str, list[Any]]:
        """The values of each column of the table, one a record."""
        columns = self.spec.columns
        # A unit's name is that of one unit on a day, so the time comes first.
        order = sorted(columns, key=lambda name: (name == "unit_id", name))
        late = [name for name in order if columns[name].percent_of]
        for name in [name for name in order if name not in late] + late:
            self._convert_column(name, columns[name])
        for name in order:
            self._complete(name, columns[name])
        # Twice: a column may be empty where one is that is empty where a third is.
        for name in [*order, *order]:
            self._blank(name, columns[name])
        as_figures(self.done, self.spec)
        return self.done

    def _convert_column(self, name: str, column: Column) -> None:
        convert = self._converter(name, column)
        out = self.done[name]
        asked = column.only_where if isinstance(column.only_where, Condition) else None
        constant = self._constant(name, column)
        empty = self.cells.empty if column.empty is None else frozenset(map(name_of, column.empty))
        # Most columns are one column of the export, whose cells mean the same in every row.
        plain = self.cells.raw.columns.get(column.from_) if _is_plain(name, column) else None
        memo: dict[Any, Any] = {}
        mixed: set[type] = set()
        for place, at in enumerate(self.kept):
            try:
                if asked is not None and not self.cells.holds(asked, at):
                    continue
                if not all(self.cells.holds(one, at) for one in column.counted or ()):
                    out[place] = 0
                    continue
            except Wrong as wrong:
                self.issues.wrong(name, at, wrong, None)
                continue
            if constant is not None:
                out[place] = constant
                continue
            if plain is not None:
                cell = plain[at]
                known = memo.get((type(cell), cell), memo)
                if known is None:
                    continue
                if known is not memo:
                    if isinstance(known, Wrong):
                        self.issues.wrong(name, at, known, cell)
                    else:
                        out[place] = known
                    continue
            try:
                cell = self.cells.source(column, at, empty)
            except Wrong as wrong:
                self.issues.wrong(name, at, wrong, None)
                continue
            if cell is None:
                if column.is_ is not None:
                    out[place] = column.is_ == "empty"
                elif plain is not None:
                    memo[type(plain[at]), plain[at]] = None
                continue
            mixed.add(type(cell))
            try:
                found = convert(extracted(column, cell), place)
            except Wrong as wrong:
                found = wrong
                self.issues.wrong(name, at, wrong, cell)
            else:
                out[place] = found
            memo[type(cell), cell] = found
        if self.kinds[name] == "datetime" and str in mixed and mixed & {datetime, date}:
            self.notes.append(
                f"column {self.issues.heading(name)} has real dates and texts mixed: a spreadsheet "
                "that reads the month first may have turned some of them round"
            )

    def _constant(self, name: str, column: Column) -> Any:
        if column.count is not None and not (column.from_ or column.join) and column.value is None:
            return True
        if column.find is not None:
            found, where = {
                "title": (list(self.cells.raw.months), "the title"),
                "file_name": (months_in([self.file_name]), "the file's name"),
                "option": (sorted(self.months or ()), "--month"),
            }[column.find]
            if len(found) != 1:
                said = f"; it speaks of {', '.join(found)}" if found else ""
                expected = f"expected one month in {where}{said}"
                raise ContractError([Problem(self.cells.raw.file, expected, column=name)])
            return self._typed_constant(name, found[0])
        return None if column.value is None else self._typed_constant(name, column.value)

    def _typed_constant(self, name: str, value: Any) -> Any:
        """A constant of the mapping as the contract wants it."""
        try:
            return self._plain(name, self.spec.columns[name], value)
        except Wrong as wrong:
            where = f"columns.{name}"
            problem = Problem(self.mapping.name, f"key {where}: {wrong}", value=str(value))
            raise ContractError([problem]) from None

    def _converter(self, name: str, column: Column) -> Callable[[Cell, int], Any]:
        words = {name_of(text): value for value, texts in column.values.items() for text in texts}
        typed = {word: self._typed_constant(name, value) for word, value in words.items()}

        def convert(cell: Cell, place: int) -> Any:
            if typed:
                word = name_of(read.text(cell))
                if word in typed:
                    return typed[word]
                match column.unlisted:
                    case "empty":
                        return None
                    case Unlisted(value=value):
                        return self._typed_constant(name, value)
                    case "error":
                        raise Wrong("expected a text that is listed in `values`", "unlisted")
                    case None if self._is_open(name, column):
                        pass
                    case "keep":
                        pass
                    case _:
                        raise Wrong("expected a text that is listed in `values`", "unlisted")
            if name == "unit_id" and column.lookup in (None, "units"):
                return self._unit(column, cell, place)
            if column.percent_of:
                return read.numerator(cell, self.done[column.percent_of][place])
            return self._plain(name, column, cell)

        return convert

    def _is_open(self, name: str, column: Column) -> bool:
        """Whether a value that `values` does not list may be right as it is."""
        return name == "unit_id" and column.lookup in (None, "units")

    def _plain(self, name: str, column: Column, cell: Any) -> Any:
        numbers = column.numbers or self.spec.numbers
        kind = self.kinds[name]
        if column.is_ is not None:
            if column.is_ == "positive":
                return read.is_positive(cell, numbers)
            return column.is_ == "filled"
        if kind == "integer":
            return read.integer(cell, numbers)
        if kind == "boolean":
            return read.boolean(cell)
        if kind == "datetime":
            return read.instant(cell, self._times(name))
        written = read.text(cell)
        if name == "month":
            return read.day_month_text(cell, self._times(name))
        if name == "topic" and column.lookup in (None, "topics"):
            return self.known.topics.get(name_of(written), written)
        return written

    def _times(self, name: str) -> Times:
        if name not in self._all_times:
            column = self.spec.columns[name]
            self._all_times[name] = Times(
                order=column.dates or self.spec.dates,
                formats=column.formats,
                zone=ZoneInfo(self.spec.zone or LOCAL_ZONE),
                convert=self.spec.offsets == "convert",
                end_of_day=column.day == "end",
            )
        return self._all_times[name]

    @cached_property
    def _all_times(self) -> dict[str, Times]:
        return {}

    def _unit(self, column: Column, cell: Cell, place: int) -> str:
        when = self.done[TIME_OF[self.table]][place]
        day = _day_of(when)
        parent = self.cells.cell(column.parent, self.kept[place]) if column.parent else None
        over = None if read.is_empty(parent, self.cells.empty) else written(parent)
        return self.known.names.resolve(read.text(cell), over, day)

    def _complete(self, name: str, column: Column) -> None:
        """What a column gets from others, or where its cell is empty."""
        out = self.done[name]
        default = None if column.default is None else self._typed_constant(name, column.default)
        bad = {issue.at for issue in self.issues.found if issue.column == name}
        for place, at in enumerate(self.kept):
            if out[place] is None and at not in bad:
                if column.after is not None:
                    out[place] = _later(self.done[column.after.column][place], column)
                if out[place] is None:
                    out[place] = default

    def _blank(self, name: str, column: Column) -> None:
        """Empty where the column is that `only_where` names."""
        out = self.done[name]
        if isinstance(column.only_where, str):
            other = self.done[column.only_where]
            for place in range(len(out)):
                if other[place] is None or other[place] is False:
                    out[place] = None


def _is_plain(name: str, column: Column) -> bool:
    """Whether a value follows from one cell alone."""
    alone = not (column.join or column.fallback or column.percent_of)
    return bool(column.from_) and alone and name != "unit_id"


def _day_of(when: Any) -> date | None:
    if isinstance(when, datetime):
        return when.date()
    if isinstance(when, str):
        try:
            year, month = (int(part) for part in when.split("-"))
            return Month(year, month).first
        except ValueError:
            return None
    return None


def _later(at: Any, column: Column) -> datetime | None:
    if not isinstance(at, datetime) or column.after is None:
        return None
    try:
        if column.after.working:
            return read.working_days_after(at, column.after.days)
        return at + timedelta(days=column.after.days)
    except OverflowError:
        return None


def topics_of(topics: pl.DataFrame) -> dict[str, str]:
    """Every name that a topic of the catalogue goes by, folded, and its id."""
    names: dict[str, str] = {}
    for topic, name in topics.select("topic", "name").iter_rows():
        names[name_of(name)] = topic
        names[name_of(topic)] = topic
    return names
