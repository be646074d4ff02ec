"""Sheets of a spreadsheet: figures laid out for people, whatever file they are written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Number:
    """A number in a spreadsheet: its value, how many decimals are shown."""

    value: int | float
    places: int = 0


Shown = str | Number
Look = Literal["plain", "group", "total"]
Tone = Literal["none", "met", "missed"]


@dataclass(frozen=True)
class SheetCell:
    shown: Shown = ""
    tone: Tone = "none"
    align: Literal["left", "center", "right"] = "left"


@dataclass(frozen=True)
class SheetRow:
    cells: tuple[SheetCell, ...]
    look: Look = "plain"


@dataclass(frozen=True)
class Heading:
    """One cell of a sheet's header: its place among the header's rows, and how far it reaches."""

    text: str
    row: int
    column: int
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True)
class Sheet:
    """A sheet: a title, a header that stays in view, rows, notes below them.

    `widths` are in characters; `kept` columns at the left stay in view too.
    """

    name: str
    title: str
    headings: tuple[Heading, ...]
    widths: tuple[float, ...]
    rows: tuple[SheetRow, ...]
    notes: tuple[str, ...] = ()
    kept: int = 0
    filtered: bool = False
