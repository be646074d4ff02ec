"""What rendering a month again does to what is published of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dxreport.errors import DxError
from dxreport.revisions.history import HISTORY, History, read_history
from dxreport.revisions.moves import Compared, hidden_keys, moved

_LARGEST = 256_000_000


@dataclass(frozen=True)
class Revised:
    """The history to publish, what moved this time, and what stood in the way of knowing it."""

    history: History
    compared: Compared
    warnings: tuple[str, ...]


def revise(
    published: Path, facts_name: str, facts: str, month: str, on: date | None, reason: str
) -> Revised:
    """Compare the new `facts` (text of a CSV) with those in the folder `published`.

    A folder without facts is a month that was never published. What is damaged is warned of: it
    cannot be compared or carried over, and must not keep the month from being published.
    """
    warnings: list[str] = []
    history = History(month)
    nothing = Compared((), 0, 0)
    try:
        if (text := _text(published / HISTORY)) is not None:
            history = read_history(text, month)
    except DxError as error:
        warnings.append(f"{month}/{HISTORY}: {error}; the history of revisions begins anew")
    compared = nothing
    try:
        if (text := _text(published / facts_name)) is not None:
            compared = moved(text, facts)
    except DxError as error:
        warnings.append(
            f"{month}/{facts_name}: {error}; what moved since it was published is not known"
        )
    history = history.without(hidden_keys(facts))
    return Revised(history.revised(compared.moves, on, reason), compared, tuple(warnings))


def _text(path: Path) -> str | None:
    """The file's text; None where there is no such file."""
    try:
        if path.stat().st_size > _LARGEST:
            raise DxError("it is far too large")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        return None
    except OSError as error:
        raise DxError(f"it cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise DxError("it is not UTF-8 text") from None
