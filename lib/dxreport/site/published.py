"""What a command tells of a month that was published."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dxreport.revisions import Revised


@dataclass(frozen=True)
class Published:
    """A month in its place: its folder, the files in it, and what each step took in seconds.

    `lost` says that the month had notebooks before, and has none now; `revised` is what changed of
    the facts that were published, where that was asked.
    """

    folder: Path
    files: tuple[Path, ...]
    steps: tuple[tuple[str, float], ...]
    engine: str
    lost: bool
    seconds: float
    revised: Revised | None = None
