"""What goes wrong, in words a person can act on.

Every error that a user may meet is a `DxError`; the command line prints its message and
exits with `exit_status`. Nothing else may reach the terminal.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Language = Literal["en", "vi"]

SHOWN = 20
"""How many problems an error lists before it only counts the rest."""

_LONGEST_VALUE = 60
_PLACE = "dxreport_place"


class DxError(Exception):
    """A run that failed for a reason the user can mend (exit status 1)."""

    exit_status = 1


class UsageError(DxError):
    """The command was called wrongly (exit status 2)."""

    exit_status = 2


def place_of(error: BaseException) -> str:
    """Where in this package an unforeseen error arose: "flow.py, line 93".

    Of one that another process sent, the place in that process.
    """
    if known := getattr(error, _PLACE, ""):
        return str(known)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).is_relative_to(Path(__file__).parent):
            return f"{Path(frame.filename).name}, line {frame.lineno}"
    return "an unknown place"


def with_place(error: Exception, place: str) -> Exception:
    """The error, which tells another process where it arose."""
    setattr(error, _PLACE, place)
    return error


@dataclass(frozen=True)
class Problem:
    """One breach of the data contract.

    `row` counts as a person does in that file (the header of a CSV is row 1);
    `value` is the offending value as text, never from a column outside the contract.
    `expected_vi` says in Vietnamese what was expected, where a rule has such words. `more` counts
    the other rows with the very same breach, of which `row` is the first.
    """

    file: str
    expected: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    expected_vi: str = ""
    more: int = 0

    def line(self, language: Language = "en") -> str:
        """The problem in one line: file, row, column, value, what was expected."""
        row, column = ("dòng", "cột") if language == "vi" else ("row", "column")
        where = [self.file]
        if self.row is not None:
            others = f" và {self.more} dòng khác" if language == "vi" else f" and {self.more} more"
            where.append(f"{row} {self.row}{others if self.more else ''}")
        if self.column is not None:
            where.append(f"{column} {self.column}")
        found = "" if self.value is None else f"{_one_line(self.value)!r}: "
        in_vietnamese = language == "vi" and self.expected_vi
        return f"{', '.join(where)}: {found}{self.expected_vi if in_vietnamese else self.expected}"


class ContractError(DxError):
    """The data break the contract; carries the first problems and the count of all."""

    def __init__(
        self,
        problems: Iterable[Problem],
        total: int | None = None,
        language: Language = "en",
    ) -> None:
        self.problems = tuple(problems)
        self.total = len(self.problems) if total is None else total
        super().__init__(self._message(language))

    def in_language(self, language: Language) -> ContractError:
        """The same error, said in another language as far as its rules have words in it."""
        return ContractError(self.problems, self.total, language)

    def _message(self, language: Language) -> str:
        lines = [problem.line(language) for problem in self.problems[:SHOWN]]
        rest = self.total - len(lines)
        if rest > 0:
            lines.append(f"... và {rest} lỗi nữa" if language == "vi" else f"... and {rest} more")
        return "\n".join(lines)


def shown(path: Path, base: Path | None = None) -> str:
    """`path` as an error names it: relative to `base` where it lies below it."""
    if base is not None and path.is_relative_to(base):
        return path.relative_to(base).as_posix()
    return path.as_posix()


def _one_line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST_VALUE else flat[: _LONGEST_VALUE - 1] + "…"
