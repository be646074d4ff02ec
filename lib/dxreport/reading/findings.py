"""What was found out about data files that keep the contract, kept for the next run.

A file is judged and counted once. What it was found to be stands under a key of its contents, of
the corrections that bear on it, of the catalogue of units that it was held against and of this
program; a file with problems is never kept. Whether no key occurs twice is a matter of all files
of a table, and kept for the set of them: where one has come, the keys of the others are read
once more, and nothing else of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import polars as pl

from dxreport.keeping import LEAST, Keeper, fingerprint_of
from dxreport.reading.columns import Dirt
from dxreport.reading.files import Part, state_of


@dataclass(frozen=True)
class Finding:
    """A clean file: how many rows it has, what text is to be cleaned, and its cube."""

    height: int
    dirt: Dirt
    cube: pl.DataFrame | None


@dataclass(frozen=True)
class Findings:
    """The findings about one table's files, held against `units` (None: against no units)."""

    keeper: Keeper
    table: str
    units: pl.DataFrame | None

    def recall(self, part: Part) -> Finding | None:
        """What a file was found to be; None where that is not known, or not worth asking."""
        if part.size < LEAST:
            return None
        frames = self.keeper.get(self._key(part))
        if frames is None:
            return None
        about = json.loads(frames["about"].item())
        dirt = Dirt(frozenset(about["empty"]), frozenset(about["decomposed"]))
        return Finding(about["height"], dirt, frames.get("cube"))

    def keep(self, part: Part, finding: Finding) -> None:
        """Keep what was found, unless the file has changed meanwhile, or is small."""
        if part.size < LEAST or not _is_unchanged(part):
            return
        about = {
            "height": finding.height,
            "empty": sorted(finding.dirt.empty),
            "decomposed": sorted(finding.dirt.decomposed),
        }
        frames = {"about": pl.DataFrame({"about": [json.dumps(about)]})}
        if finding.cube is not None:
            frames["cube"] = finding.cube
        self.keeper.put(self._key(part), frames)

    def are_distinct(self, parts: Sequence[Part]) -> bool:
        """Whether these files are known to have no key twice, in one or among all of them."""
        if not any(part.size >= LEAST for part in parts):
            return False
        return self.keeper.get(self._key_of_all(parts)) is not None

    def keep_distinct(self, parts: Sequence[Part]) -> None:
        """Keep that these files have no key twice."""
        if any(part.size >= LEAST for part in parts) and all(map(_is_unchanged, parts)):
            self.keeper.put(self._key_of_all(parts), {"files": pl.DataFrame({"n": [len(parts)]})})

    def _key(self, part: Part) -> str:
        told = {
            "table": self.table,
            "form": part.path.suffix,
            "contents": part.fingerprint,
            "units": None if self.units is None else fingerprint_of(self.units),
        }
        return self.keeper.key("finding", told)

    def _key_of_all(self, parts: Sequence[Part]) -> str:
        files = sorted([part.path.suffix, part.fingerprint] for part in parts)
        return self.keeper.key("distinct", {"table": self.table, "files": files})


def _is_unchanged(part: Part) -> bool:
    with suppress(OSError):
        return state_of(part.path) == part.state
    return False
