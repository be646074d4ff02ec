"""The archive of months as a value: read from what is published, never computed again."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl

from dxreport.errors import UsageError
from dxreport.exports import unguarded
from dxreport.periods import Month
from dxreport.rendering.names import DATA, FACTS, FILES
from dxreport.revisions import HISTORY
from dxreport.site.manifest import Manifest, read_manifest

PAGE = FILES["html"]
LATEST = "latest"
NOTEBOOKS = "notebooks"
_KEY = ("indicator", "period", "scope")
_COLUMNS = {
    **dict.fromkeys((*_KEY, "name", "printed", "unit"), pl.String()),
    "numerator": pl.Int64(),
    "denominator": pl.Int64(),
    "value": pl.Float64(),
    "target": pl.String(),
    "met": pl.Boolean(),
}


@dataclass(frozen=True)
class Figure:
    """A published fact as the archive shows it; `target` is exact, `value` only for drawing."""

    key: str
    name: str
    printed: str
    numerator: int | None
    denominator: int | None
    value: float | None
    target: Fraction | None
    met: bool | None


@dataclass(frozen=True)
class Group:
    """Headline figures under one title; `when` names their period."""

    title: str
    when: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Entry:
    """A published month: its folder's files and its headline figures.

    `neighbours` are the months before and after that its page links to now.
    """

    month: Month
    files: frozenset[str]
    notebooks: str | None
    data: str | None
    groups: tuple[Group, ...]
    synthetic: bool
    neighbours: Neighbours | None

    @property
    def has_document(self) -> bool:
        return bool(self.files & set(FILES.values()))

    @property
    def has_page(self) -> bool:
        return PAGE in self.files

    @property
    def is_revised(self) -> bool:
        """Whether its page tells of figures that were revised."""
        return self.has_page and HISTORY in self.files


@dataclass(frozen=True)
class Neighbours:
    """The months whose pages come before and after; nothing at an end of the archive."""

    previous: Month | None = None
    next: Month | None = None


@dataclass(frozen=True)
class Archive:
    """The published months, oldest first."""

    entries: tuple[Entry, ...]

    @property
    def latest(self) -> Entry | None:
        """The newest month that has a page."""
        return next((entry for entry in reversed(self.entries) if entry.has_page), None)

    def find(self, month: Month) -> Entry | None:
        return next((entry for entry in self.entries if entry.month == month), None)

    def neighbours(self, month: Month) -> Neighbours:
        pages = [entry.month for entry in self.entries if entry.has_page]
        before = [other for other in pages if other < month]
        after = [other for other in pages if other > month]
        return Neighbours(max(before, default=None), min(after, default=None))

    def series(self, key: str, until: Month) -> tuple[tuple[Month, Figure], ...]:
        """A headline figure in every month up to `until` that has it."""
        return tuple(
            (entry.month, figure)
            for entry in self.entries
            if entry.month <= until
            for group in entry.groups
            for figure in group.figures
            if figure.key == key
        )

    def with_entry(self, entry: Entry) -> Archive:
        """The archive once `entry` is published; a month without a document is none."""
        others = self.without(entry.month).entries
        new = (entry,) if entry.has_document else ()
        return Archive(tuple(sorted((*others, *new), key=lambda each: each.month)))

    def without(self, month: Month) -> Archive:
        return replace(self, entries=tuple(e for e in self.entries if e.month != month))


def read_archive(out: Path) -> Archive:
    """The months that are published in `out`: its folders named YYYY-MM that hold a document."""
    entries = []
    for folder in sorted(out.iterdir()) if out.is_dir() else ():
        with contextlib.suppress(UsageError):
            month = Month.parse(folder.name)
            entries.append(read_entry(folder, month))
    return Archive(tuple(entry for entry in entries if entry.has_document))


def read_entry(folder: Path, month: Month) -> Entry:
    """One month as it is published in `folder`; one without a manifest has no figures."""
    manifest = read_manifest(folder) or {}
    files = frozenset(path.name for path in folder.iterdir() if path.is_file())
    notebooks = sorted(path.name for path in (folder / NOTEBOOKS).glob("*.html"))
    return Entry(
        month=month,
        files=files,
        notebooks=f"{NOTEBOOKS}/{notebooks[0]}" if notebooks else None,
        data=f"{DATA}/{PAGE}" if (folder / DATA / PAGE).is_file() else None,
        groups=_groups(manifest, folder / FACTS),
        synthetic=bool(manifest.get("synthetic")),
        neighbours=_neighbours(manifest),
    )


def _neighbours(manifest: Manifest) -> Neighbours | None:
    named = manifest.get("neighbours")
    if not isinstance(named, dict):
        return None
    months = (named.get(side) for side in ("previous", "next"))
    return Neighbours(*(Month.parse(text) if text else None for text in months))


def _groups(manifest: Manifest, facts: Path) -> tuple[Group, ...]:
    headlines = manifest.get("headlines") or []
    if not headlines or not facts.is_file():
        return ()
    wanted = ["/".join(key[part] for part in _KEY) for one in headlines for key in one["facts"]]
    try:
        rows = (
            # The bytes, since polars would take a folder's name for a pattern.
            pl.read_csv(facts.read_bytes(), columns=list(_COLUMNS), schema_overrides=_COLUMNS)
            .filter(pl.concat_str(_KEY, separator="/").is_in(wanted))
            .to_dicts()
        )
        figures = {figure.key: figure for figure in map(_figure, rows)}
    except (OSError, pl.exceptions.PolarsError, TypeError, ValueError):
        # A damaged month is shown without figures, and must not keep another from its place.
        return ()
    found = []
    for headline in headlines:
        keys = ["/".join(key[part] for part in _KEY) for key in headline["facts"]]
        own = tuple(figures[key] for key in keys if key in figures)
        found.append(Group(headline["title"], headline["when"], own))
    return tuple(group for group in found if group.figures)


def _figure(row: Mapping[str, Any]) -> Figure:
    return Figure(
        key="/".join(row[part] for part in _KEY),
        name=unguarded(row["name"] or ""),
        printed=unguarded(row["printed"] or ""),
        numerator=row["numerator"],
        denominator=row["denominator"],
        value=row["value"],
        target=Fraction(row["target"]) if row["target"] else None,
        met=row["met"],
    )
