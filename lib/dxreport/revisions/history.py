"""What a month's folder keeps of its revisions: `revisions.json`.

It is carried over from one rendering to the next, and grows only when a published fact moved; so
the same data give the same bytes. No clock is read: a revision has the date that it was given.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from dxreport.errors import DxError
from dxreport.revisions.moves import Move, Side

HISTORY = "revisions.json"

_FORMAT = 1


@dataclass(frozen=True)
class Revision:
    """One revision: its number from 1, its date and reason where they were given, what moved."""

    number: int
    on: date | None
    reason: str
    moves: tuple[Move, ...]


@dataclass(frozen=True)
class History:
    """All revisions of a month, oldest first."""

    month: str
    revisions: tuple[Revision, ...] = ()

    def __bool__(self) -> bool:
        return any(revision.moves for revision in self.revisions)

    def revised(self, moves: Iterable[Move], on: date | None, reason: str) -> History:
        """The history with one more revision; itself where nothing moved."""
        found = tuple(moves)
        if not found:
            return self
        number = max((revision.number for revision in self.revisions), default=0) + 1
        return replace(self, revisions=(*self.revisions, Revision(number, on, reason, found)))

    def without(self, hidden: frozenset[str]) -> History:
        """The history without the facts that are no longer published."""
        return replace(
            self,
            revisions=tuple(
                replace(each, moves=tuple(move for move in each.moves if move.key not in hidden))
                for each in self.revisions
            ),
        )

    def to_json(self) -> str:
        revisions = [
            {
                "number": each.number,
                "on": None if each.on is None else each.on.isoformat(),
                "reason": each.reason,
                "facts": [asdict(move) for move in each.moves],
            }
            for each in self.revisions
        ]
        whole = {"format": _FORMAT, "month": self.month, "revisions": revisions}
        return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


NEVER = History("")
"""The history of a month that was never revised."""


def load_history(path: Path, month: str) -> History:
    """The history in a file; `DxError` naming the file where it is none of `month`."""
    try:
        return read_history(path.read_text(encoding="utf-8"), month)
    except (OSError, UnicodeDecodeError):
        raise DxError(f"{path.name}: it cannot be read") from None
    except DxError as error:
        raise DxError(f"{path.name}: {error}") from None


def read_history(text: str, month: str) -> History:
    """The history that `to_json` wrote; `DxError` saying why where the text is none of `month`."""
    try:
        whole = json.loads(text)
        if whole["format"] != _FORMAT:
            raise DxError(f"its format is {whole['format']!r}, not {_FORMAT}")
        if whole["month"] != month:
            raise DxError("it is of another month")
        return History(month, tuple(_revision(each) for each in whole["revisions"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DxError("it cannot be read") from None


def _revision(raw: Any) -> Revision:
    on = raw["on"]
    return Revision(
        number=_checked(raw["number"], int),
        on=None if on is None else date.fromisoformat(on),
        reason=_checked(raw["reason"], str),
        moves=tuple(_move(fact) for fact in raw["facts"]),
    )


def _move(raw: Any) -> Move:
    texts = {
        name: _checked(raw[name], str) for name in ("indicator", "period", "scope", "name", "unit")
    }
    new = raw["new"]
    return Move(**texts, old=_side(raw["old"]), new=None if new is None else _side(new))


def _side(raw: Any) -> Side:
    return Side(
        printed=_checked(raw["printed"], str),
        numerator=_checked(raw["numerator"], int, type(None)),
        denominator=_checked(raw["denominator"], int, type(None)),
        met=_checked(raw["met"], bool, type(None)),
    )


def _checked(value: Any, *kinds: type) -> Any:
    if type(value) not in kinds:
        raise TypeError
    return value
