"""What is to be published, and whether it is already; knows none of the libraries that make it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from dxreport.cache import Cache
from dxreport.config import Project
from dxreport.inputs import fingerprint
from dxreport.periods import Month
from dxreport.site.manifest import is_of

PAGE = "index.html"
"""The archive's page, and a month's."""


@dataclass(frozen=True)
class Order:
    """A month to be published, and how. `store` is where rendered months are kept, if anywhere.

    revised_on, reason: what is told of a revision, where published facts turn out to have moved.
    """

    project: Project
    month: Month
    data: Path
    out: Path
    formats: tuple[str, ...]
    engine: str = "auto"
    letter: Mapping[str, str] = field(default_factory=dict)
    notebooks: bool = False
    store: Cache | None = None
    revised_on: date | None = None
    reason: str = ""

    def key(self) -> str | None:
        """The fingerprint of all that the month is made of."""
        return fingerprint(
            self.project,
            self.month,
            self.data,
            formats=self.formats,
            engine=self.engine,
            letter=self.letter,
            extras=("facts", "data", *(["notebooks"] if self.notebooks else [])),
        )

    def is_done(self) -> bool:
        """Whether the month lies there already, made of what there is now, and untouched."""
        if self.store is None or not self.data.is_dir() or not (self.out / PAGE).is_file():
            return False
        key = self.key()
        return key is not None and is_of(self.out / str(self.month), key)
