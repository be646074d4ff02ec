"""What differs between the facts that are published and those that are about to be.

Both are the text of a `facts.csv`: what was published is all that is known of it. A figure that
is not published (any more) is never told, whatever was published of it before.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from dxreport.errors import DxError
from dxreport.exports import unguarded

_KEY = ("indicator", "period", "scope")
_NEEDED = ("month", *_KEY, "name", "numerator", "denominator", "value", "unit", "printed", "met")
_MET: Mapping[str, bool | None] = {"true": True, "false": False, "": None}


@dataclass(frozen=True)
class Side:
    """A fact as it is published at one time; the counts are None where they are not."""

    printed: str
    numerator: int | None
    denominator: int | None
    met: bool | None


@dataclass(frozen=True)
class Move:
    """A published fact that moved; `new` is None where the report has it no longer."""

    indicator: str
    period: str
    scope: str
    name: str
    unit: str
    old: Side
    new: Side | None

    @property
    def key(self) -> str:
        return f"{self.indicator}/{self.period}/{self.scope}"


@dataclass(frozen=True)
class Compared:
    """The facts that moved, in their order; how many are new, and how many are hidden now."""

    moves: tuple[Move, ...]
    added: int
    hidden: int


def moved(old: str, new: str) -> Compared:
    """Compare two texts of `facts.csv`; `DxError` saying why where the old one is none.

    What moved is a figure: its counts, its print or its verdict. A rank alone is no figure.
    """
    before, after = _rows(old), _rows(new)
    if {row["month"] for row in before.values()} != {row["month"] for row in after.values()}:
        raise DxError("it is of another month")
    moves: list[Move] = []
    hidden = 0
    for key, row in before.items():
        fresh = after.get(key)
        if fresh is not None and is_hidden(fresh):
            hidden += not is_hidden(row)
        elif fresh is None:
            if not is_hidden(row):
                moves.append(_move(row, row, None))
        elif _side(row) != _side(fresh):
            moves.append(_move(fresh, row, fresh))
    order = {key: at for at, key in enumerate(after)}
    moves.sort(key=lambda move: order.get((move.indicator, move.period, move.scope), len(order)))
    return Compared(tuple(moves), sum(1 for key in after if key not in before), hidden)


def hidden_keys(facts: str) -> frozenset[str]:
    """The keys of the facts that a `facts.csv` has without their figures."""
    return frozenset("/".join(key) for key, row in _rows(facts).items() if is_hidden(row))


def is_hidden(row: Mapping[str, str]) -> bool:
    """Whether the row's figure is not published; a rate without cases is."""
    if row["numerator"] == "" or row["denominator"] == "":
        return True
    return row["value"] == "" and row["denominator"] != "0"


def _rows(text: str) -> dict[tuple[str, ...], dict[str, str]]:
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        if missing := [name for name in _NEEDED if name not in (reader.fieldnames or ())]:
            raise DxError(f"it has no column {missing[0]}")
        for row in reader:
            if any(not isinstance(row[name], str) for name in _NEEDED):
                raise DxError(f"row {reader.line_num} is cut short")
            rows[tuple(row[name] for name in _KEY)] = {name: row[name] for name in _NEEDED}
            _side(row)
    except (csv.Error, ValueError, KeyError):
        raise DxError(f"row {reader.line_num} cannot be read") from None
    if not rows:
        raise DxError("it has no row")
    return rows


def _side(row: Mapping[str, str]) -> Side:
    return Side(
        unguarded(row["printed"]),
        int(row["numerator"]) if row["numerator"] else None,
        int(row["denominator"]) if row["denominator"] else None,
        _MET[row["met"]],
    )


def _move(named: Mapping[str, str], old: Mapping[str, str], new: Mapping[str, str] | None) -> Move:
    return Move(
        indicator=named["indicator"],
        period=named["period"],
        scope=named["scope"],
        name=unguarded(named["name"]),
        unit=named["unit"],
        old=_side(old),
        new=None if new is None else _side(new),
    )
