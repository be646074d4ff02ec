"""The cells of an export's records: which records are meant, and which cell a value is from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dxreport.ingest import values as read
from dxreport.ingest.header import name_of
from dxreport.ingest.mapping import Column
from dxreport.ingest.parsing import Raw
from dxreport.ingest.parts import Condition
from dxreport.ingest.sheets import BROKEN, Cell
from dxreport.ingest.values import Wrong

_ERRORS: Final = frozenset(
    {BROKEN, "#N/A", "#REF!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"}
)


@dataclass(frozen=True)
class Cells:
    """The cells of an export; `empty` are the folded texts that stand for nothing.

    Records are named by their place among those of the export, `at`.
    """

    raw: Raw
    empty: frozenset[str]

    def cell(self, spellings: tuple[str, ...], at: int) -> Cell:
        """A record's cell in a column; None where the export lacks the column."""
        column = self.raw.columns.get(spellings)
        return None if column is None else column[at]

    def holds(self, condition: Condition, at: int) -> bool:
        """Whether a record fulfils a condition. Raises `Wrong` where its cell is in error: that
        is neither a yes nor a no."""
        cell = self.cell(condition.column, at)
        try:
            whole(cell)
        except Wrong as wrong:
            heading = self.raw.heading(condition.column)
            raise Wrong(f"{wrong} (in column {heading})", wrong.rule) from None
        empty = read.is_empty(cell, self.empty)
        if condition.empty is not None:
            return empty == condition.empty
        text = "" if empty else written(cell)
        if condition.matches is not None:
            return re.search(condition.matches, text) is not None
        word = name_of(text)
        if condition.in_ is not None:
            return word in map(name_of, condition.in_)
        return word not in map(name_of, condition.not_in or ())

    def source(self, column: Column, at: int, empty: frozenset[str]) -> Cell:
        """The cell that a value is from: the first that is not empty; None where all are."""
        if column.join:
            cells = [self.cell(spellings, at) for spellings in column.join]
            texts = [_joinable(cell) for cell in cells if not read.is_empty(cell, empty)]
            # A date without its time, or a number without its year, is another value.
            if len(texts) == len(cells):
                return column.with_.join(texts)
        elif column.from_:
            cell = self.cell(column.from_, at)
            if not read.is_empty(cell, empty):
                return cell
        for spellings in column.fallback:
            cell = self.cell(spellings, at)
            if not read.is_empty(cell, empty):
                return cell
        return None


def whole(cell: Cell) -> Cell:
    """A cell that is no formula's error. Raises `Wrong`."""
    if isinstance(cell, str) and cell.strip() in _ERRORS:
        raise Wrong("expected a value; the cell's formula has none, or an error", "formula")
    return cell


def extracted(column: Column, cell: Cell) -> Cell:
    """The part of a cell that a mapping asks for. Raises `Wrong`."""
    whole(cell)
    if column.extract is None:
        return cell
    found = re.search(column.extract, read.text(cell))
    if found is None:
        raise Wrong("expected text in which `extract` finds something", "extract")
    return found[1]


def written(cell: Cell) -> str:
    """A cell as text, also where that text would be no value."""
    try:
        return read.text(cell)
    except Wrong:
        return str(cell)


def _joinable(cell: Cell) -> str:
    """A cell as one of several that are put together: a day without a time has none."""
    if isinstance(cell, datetime) and cell == datetime(cell.year, cell.month, cell.day):
        cell = cell.date()
    return read.text(cell)
