"""Which published facts moved, as `dxreport render` says it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dxreport.cli.terminal import visible

if TYPE_CHECKING:
    from dxreport.revisions import Move, Revised, Side

_SHOWN = 20


def moves_told(month: str, revised: Revised) -> str:
    """Old and new of the first facts that moved, and the count of all; nothing where none did."""
    compared = revised.compared
    lines = [_line(move) for move in compared.moves[:_SHOWN]]
    if (rest := len(compared.moves) - len(lines)) > 0:
        lines.append(f"... and {rest} more: revisions.json has them all")
    if compared.moves:
        number = revised.history.revisions[-1].number
        lines.insert(0, f"{month}: {_counted(len(compared.moves))} moved (revision {number})")
    lines += [f"{month}: {what}" for what in _others(compared.added, compared.hidden)]
    return "".join(f"{line}\n" for line in lines)


def _others(added: int, hidden: int) -> Iterator[str]:
    # Every fact is new where another version of the catalogue counts more than the last one did.
    if added:
        yield f"{_counted(added, 'fact')} that {'was' if added == 1 else 'were'} not published"
    if hidden:
        yield f"{_counted(hidden)} {'is' if hidden == 1 else 'are'} suppressed now"


def _counted(number: int, noun: str = "published fact") -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _line(move: Move) -> str:
    gone = "no longer in the report"
    old, new = _side(move.old, move.new), gone if move.new is None else _side(move.new, move.old)
    return visible(f"  {move.key}  {move.name}: {old} -> {new}")


def _side(side: Side, other: Side | None) -> str:
    """The print; with the counts where they alone tell it from the other, and the verdict."""
    text = side.printed
    if other is None:
        return text
    if side.printed == other.printed and side.numerator is not None:
        text += f" ({side.numerator}/{side.denominator})"
    if side.met != other.met and side.met is not None:
        text += " (met)" if side.met else " (missed)"
    return text
