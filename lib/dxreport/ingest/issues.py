"""What is wrong with the records of an export, said without showing anything about a person.

Everything that is wrong is found before anything is said, so that one run shows it all. What is
said names the file as the analyst sees it: sheet, row, the heading of the column.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from dxreport.errors import SHOWN, ContractError, Problem
from dxreport.ingest.mapping import Mapped
from dxreport.ingest.names import UnitNames
from dxreport.ingest.parsing import Raw
from dxreport.ingest.sheets import Cell
from dxreport.ingest.values import Wrong
from dxreport.manifest import Refused
from dxreport.reading.values import Kind

KEY: Final = "record.key"
"""Stands for a column where what tells records apart is wrong."""
WHY: Final[Mapping[str, str]] = {
    "type": "cannot be read",
    "unlisted": "a text that `values` does not list",
    "nullability": "no value",
    "primary_key": "a key that occurs twice",
    "unit_known": "a unit that is not known",
    "unit_in_force": "a unit that is not valid on that day",
    "check__printable": "control characters",
    "regex": "no month",
    "min": "too small a number, or a time before 1900",
    "max": "a time after 2199",
    "pakn_kind": "none of the kinds",
    "resolved_after_received": "before it was received",
    "returned_after_received": "before it was received",
    "rating_in_range": "not 1 to 5",
    "rating_of_resolved": "a rating of what is not resolved",
    "paid_only_where_fee_due": "paid where no fee is due",
    "paid_known_where_fee_due": "not said whether the fee is paid",
    "signed_within_outgoing": "more than all documents",
    "electronic_within_certified": "more than all certifications",
}
"""Rule -> why a record that breaks it is refused."""
_LIKE: Final = 0.7
_OFTEN: Final = 3
"""From how many rows on a value that is not known is one of a list, and not about a person."""


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong with one record; `at` is its place among those of the export.

    `cell` is what the record holds, which tells what is wrong in many from what is in one; it is
    never shown.
    """

    at: int
    column: str
    rule: str
    expected: str
    value: str | None = None
    cell: Cell = field(default=None, repr=False)


@dataclass
class Issues:
    """The issues of an export that were found so far; `kinds` has those of the table's columns."""

    raw: Raw
    spec: Mapped
    names: UnitNames
    kinds: Mapping[str, Kind]
    found: list[Issue] = field(default_factory=list)
    _seen: dict[str, Counter[Any]] = field(default_factory=dict)

    def add(self, issue: Issue) -> None:
        self.found.append(issue)

    def wrong(self, name: str, at: int, wrong: Wrong, cell: Cell) -> None:
        """A cell of a column could not be read."""
        shown = self._showable(name, cell, wrong)
        expected = str(wrong)
        if shown is None and isinstance(cell, str):
            expected += f" (the text of {len(cell)} characters is not shown)"
        self.add(Issue(at, name, wrong.rule, expected, shown, cell))

    def keep(self, inside: set[int]) -> None:
        """Forget the issues of records that are not asked for."""
        self.found = [issue for issue in self.found if issue.at in inside]

    def bad(self) -> set[int]:
        """The records that have an issue."""
        return {issue.at for issue in self.found}

    def row(self, at: int) -> int:
        """A record's row in the file, as a person counts."""
        return self.raw.rows[at]

    def heading(self, name: str) -> str:
        """A column as the file names it."""
        return heading(self.raw, self.spec, name)

    def problems(self) -> list[Problem]:
        """What is wrong, each thing once with its first row and how many more have it.

        What the most records have comes first, then what the first record has.
        """
        self.found.sort(key=lambda issue: issue.at)
        alike: dict[tuple[Any, ...], list[Issue]] = {}
        for issue in self.found:
            same = (issue.column, issue.rule, issue.expected, issue.value, issue.cell)
            alike.setdefault(same, []).append(issue)
        return [
            Problem(
                self.raw.file,
                first.expected,
                row=self.row(first.at),
                column=self.heading(first.column),
                value=first.value,
                more=len(others),
            )
            for first, *others in sorted(alike.values(), key=len, reverse=True)
        ]

    def refusals(self) -> tuple[Refused, ...]:
        """How many records broke which rule of which column."""
        counts = {(issue.column, issue.rule, issue.at) for issue in self.found}
        by_rule = Counter((column, rule) for column, rule, _ in counts)
        return tuple(
            Refused(column, rule, rows) for (column, rule), rows in sorted(by_rule.items())
        )

    def stop_if_too_bad(self, problems: list[Problem], rows: int) -> None:
        """Raises `ContractError` where more of `rows` records are bad than the mapping allows."""
        bad = len(self.bad())
        if not bad:
            return
        policy = self.spec.on_error
        if policy == "stop":
            raise ContractError(problems[:SHOWN], len(problems))
        percent = policy.at_most_percent
        few = policy.at_most is None or bad <= policy.at_most
        if percent is not None and bad * 100 > percent * rows:
            few = False
        if not few:
            limit = f"{policy.at_most} rows" if percent is None else f"{percent:g}%"
            expected = f"expected at most {limit} to be refused, found {bad} of {rows}"
            over = Problem(self.raw.file, expected)
            raise ContractError([over, *problems[: SHOWN - 1]], len(problems) + 1)

    def _showable(self, name: str, cell: Cell, wrong: Wrong) -> str | None:
        """A cell's value where it cannot be about a person: columns of an export get mixed up."""
        if not isinstance(cell, str):
            short = isinstance(cell, bool | int | float) and abs(cell) < 1e8
            return str(cell) if short or isinstance(cell, date) else None
        words = re.sub(r"\b(AM|PM|SA|CH|T|Z|UTC|GMT|am|pm)\b", "", cell)
        listed = [text for texts in self.spec.columns[name].values.values() for text in texts]
        if not listed and (self.kinds[name] in ("integer", "datetime") or name == "month"):
            harmless = not re.search(r"[^\W\d_]{2}", words) and not re.search(r"\d{9}", words)
            return cell if harmless and len(cell) <= 40 else None
        if re.search(r"\d{6}|@", cell) or len(cell) > 60:
            return None
        if wrong.rule == "unit_known":
            return cell if self.names.is_like_a_unit(cell) else None
        near = difflib.get_close_matches(cell.casefold(), [t.casefold() for t in listed], 1, _LIKE)
        return cell if near or self._times_seen(name)[cell] >= _OFTEN else None

    def _times_seen(self, name: str) -> Counter[Any]:
        if name not in self._seen:
            source = self.spec.columns[name].sources[:1]
            cells = self.raw.columns.get(source[0]) if source else None
            self._seen[name] = Counter(cells or ())
        return self._seen[name]


def heading(raw: Raw, spec: Mapped, name: str) -> str:
    """A column as the file names it; as the contract does where it is from no one column."""
    if name == KEY and spec.record is not None:
        return " + ".join(map(raw.heading, spec.record.key))
    column = spec.columns.get(name)
    if column is None or not column.sources:
        return name
    return raw.headings.get(column.sources[0], name)
