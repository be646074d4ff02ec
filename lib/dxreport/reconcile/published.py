"""A file of figures that were published earlier, one a row, as typed values.

CSV in UTF-8 with the columns of `COLUMNS`; lines that begin with `#` are comments, further
columns are ignored. Units stand there by name, as a document prints them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, cast, get_args

from dxreport import vi
from dxreport.errors import SHOWN, ContractError, Problem, UsageError, shown

Op = Literal["eq", "max", "min", "list", "gt"]

COLUMNS = ("section", "period", "indicator", "scope", "op", "value", "unit", "printed")
_PERIODS = ("month", "ytd", "previous", "end")
_UNITS = ("%", "pp", "count", "points", "days", "units", "topics")
_NAMED_SCOPES = ("level", "unit", "communes_of", "kind", "topic")
_NUMBER = re.compile(r"[-+]?\d{1,18}(?:\.(\d{1,12}))?", re.ASCII)
_LARGEST_FILE = 64_000_000


@dataclass(frozen=True)
class Published:
    """One published figure. `value` is exact, `places` is how many decimals it was given with.

    `row` counts as a person does in the file. What `op` states: eq, the figure of the scope;
    max and min, that the scope also holds the highest or lowest among its peers; list, that
    exactly the named units (or topics) stand at the value; gt, that all units of the level
    stand above it.
    """

    row: int
    section: int
    period: str
    indicator: str
    scope: str
    op: Op
    value: Fraction
    places: int
    unit: str
    printed: str


def read_published(path: Path) -> tuple[Published, ...]:
    """The rows of the file in their order; at least one.

    `UsageError` where there is no such file; `ContractError` with the row, column, value and
    what was expected for everything that is wrong in it.
    """
    name = shown(path, Path.cwd())
    lines = _lines(path, name)
    kept = [(row, line) for row, line in enumerate(lines, 1) if not line.startswith("#")]
    reader = csv.reader((line for _, line in kept), strict=True)

    def place() -> int:
        """The row in the file where the reader is, comments counted."""
        return kept[max(reader.line_num, 1) - 1][0] if kept else 1

    problems: list[Problem] = []
    rows: list[Published] = []
    try:
        head = next(reader, None)
        at = _columns(head, name, place())
        for cells in reader:
            row = place()
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(head or ()):
                expected = f"expected {len(head or ())} values, found {len(cells)}"
                problems.append(Problem(name, expected, row=row))
                continue
            values = {column: vi.nfc(cells[n]).strip() for column, n in at.items()}
            found = [Problem(name, what, row, col, values[col]) for col, what in _wrong(values)]
            problems += found
            if not found:
                rows.append(_published(values, row))
    except csv.Error as error:
        row = place()
        raise ContractError([Problem(name, f"expected CSV: {error}", row=row)]) from None
    if problems:
        raise ContractError(problems[:SHOWN], len(problems))
    if not rows:
        raise ContractError([Problem(name, "expected at least one row below the header")])
    return tuple(rows)


def _lines(path: Path, name: str) -> list[str]:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ContractError([Problem(name, "expected a table of figures; it is far too large")])
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{name}: no such file") from None
    except IsADirectoryError:
        raise UsageError(f"{name}: expected a CSV file; it is a folder") from None
    except OSError as error:
        raise ContractError([Problem(name, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        row = error.object[: error.start].count(b"\n") + 1
        raise ContractError([Problem(name, "expected UTF-8 text", row=row)]) from None
    return text.splitlines(keepends=True)


def _columns(head: Sequence[str] | None, name: str, row: int) -> dict[str, int]:
    known = [cell.strip() for cell in head or ()]
    problems = [
        Problem(
            name,
            f"a column that is {'missing' if known.count(column) == 0 else 'there twice'}"
            f"; expected {', '.join(COLUMNS)}",
            row or 1,
            column,
        )
        for column in COLUMNS
        if known.count(column) != 1
    ]
    if problems:
        raise ContractError(problems)
    return {column: known.index(column) for column in COLUMNS}


def _wrong(values: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The columns whose value is none, each with what was expected."""
    if not values["section"].isascii() or not values["section"].isdigit():
        yield "section", "expected the number of a section, like 1"
    for column, choices in (("period", _PERIODS), ("op", get_args(Op)), ("unit", _UNITS)):
        if values[column] not in choices:
            yield column, f"expected one of {', '.join(choices)}"
    if not values["indicator"]:
        yield "indicator", "expected the id of an indicator, like pakn_received"
    kind, _, rest = values["scope"].partition(":")
    if values["scope"] != "all" and (kind not in _NAMED_SCOPES or not rest.strip()):
        named = ", ".join(f"{scope}:…" for scope in _NAMED_SCOPES)
        yield "scope", f"expected all, or one of {named}"
    elif values["op"] == "gt" and kind != "level":
        yield "scope", "expected level:… for the operator gt"
    elif values["op"] in ("max", "min") and values["scope"] == "all":
        yield "scope", f"expected one among peers, like unit:…, for the operator {values['op']}"
    if values["op"] == "list" and not values["printed"].strip(" ;"):
        yield "printed", "expected the names, separated by a semicolon, for the operator list"
    if not _NUMBER.fullmatch(values["value"]):
        yield "value", "expected a number with a decimal point, like 96.95"


def _published(values: dict[str, str], row: int) -> Published:
    decimals = _NUMBER.fullmatch(values["value"])
    return Published(
        row=row,
        section=int(values["section"]),
        period=values["period"],
        indicator=values["indicator"],
        scope=values["scope"],
        op=cast("Op", values["op"]),
        value=Fraction(values["value"]),
        places=len(decimals[1] or "") if decimals else 0,
        unit=values["unit"],
        printed=values["printed"],
    )
