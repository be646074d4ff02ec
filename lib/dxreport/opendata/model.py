"""What is published as open data: resources, each one table in plain and in spreadsheet form.

A resource is data for programs (`fields`, `rows`); its `sheet` is the same figures laid out for
people. Nothing is computed here: every number is a fact, or a side of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from dxreport.sheets import Heading, Sheet, SheetCell, SheetRow

Kind = Literal["string", "integer", "number", "boolean", "yearmonth", "date"]
Value = str | int | float | bool | None
Row = tuple[Value, ...]

_POLARS: Mapping[Kind, pl.DataType] = {
    "string": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
    "yearmonth": pl.String(),
    "date": pl.String(),
}


@dataclass(frozen=True)
class Field:
    """One column: its name for programs, its Vietnamese title, and what it holds.

    `unit` is the unit of measure of all its values, where they share one; `choices` are the only
    values that it can take; `needed` says that it is never empty.
    """

    name: str
    title: str
    kind: Kind = "string"
    description: str = ""
    unit: str = ""
    choices: tuple[str, ...] = ()
    needed: bool = False


@dataclass(frozen=True)
class Resource:
    """One table to be published; `key` are the fields that tell its rows apart.

    `refers` is a field here, and the resource and field that its values are found in.
    """

    name: str
    title: str
    description: str
    fields: tuple[Field, ...]
    rows: tuple[Row, ...]
    sheet: Sheet
    key: tuple[str, ...] = ()
    refers: tuple[str, str, str] | None = None

    def frame(self) -> pl.DataFrame:
        """The rows as polars, typed as the fields say."""
        return pl.DataFrame(
            self.rows,
            schema={field.name: _POLARS[field.kind] for field in self.fields},
            orient="row",
        )


def plain_headings(titles: Sequence[str]) -> tuple[Heading, ...]:
    """A header of one row."""
    return tuple(Heading(title, 0, at) for at, title in enumerate(titles))


@dataclass(frozen=True)
class Listing:
    """A table whose sheet has the fields for columns and the rows as they are.

    `widths` are those of the sheet's columns; `cell` lays a value out for people; `filtered` lets
    the sheet be filtered.
    """

    name: str
    title: str
    description: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    sheet: str
    widths: tuple[float, ...]
    cell: Callable[[Field, Value], SheetCell]
    filtered: bool = False

    def resource(self, rows: Sequence[Row]) -> Resource:
        """The listing of some rows."""
        return Resource(
            name=self.name,
            title=self.title,
            description=self.description,
            fields=self.fields,
            rows=tuple(rows),
            sheet=Sheet(
                name=self.sheet,
                title="",
                headings=plain_headings([field.title for field in self.fields]),
                widths=self.widths,
                rows=tuple(SheetRow(tuple(map(self.cell, self.fields, row))) for row in rows),
                filtered=self.filtered,
            ),
            key=self.key,
        )
