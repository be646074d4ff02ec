"""Which unit of the catalogue a name in an export is. Exactly, or not at all.

A name is compared by what all its spellings have in common (`text.fold`), with the word for the
kind of place written out (TX. is thị xã) and UBND left away. What is neither a unit's id, nor its
name, nor in the table of other names is unknown; the nearest are named, none is taken.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Final

import polars as pl

from dxreport.errors import ContractError, Problem
from dxreport.ingest.text import clean, fold
from dxreport.ingest.values import Wrong
from dxreport.reading.files import display_name, find, open_part

ALIASES: Final = "aliases"
_NEAREST: Final = 3
_LIKE: Final = 0.6
_ALIKE: Final = 0.8
"""How much a text must resemble a known one to be shown: what resembles none may be a person's."""

_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "thành phố": ("tp", "thành phố"),
    "thị xã": ("tx", "thị xã"),
    "thị trấn": ("tt", "thị trấn"),
    "huyện": ("h", "huyện"),
    "phường": ("p", "phường"),
    "xã": ("x", "xã"),
}
_KIND: Final = {fold(short): fold(full) for full, all_ in _KINDS.items() for short in all_}
_COMMITTEE: Final = re.compile(
    "^(?:" + "|".join(map(fold, ("ủy ban nhân dân", "ubnd", "uỷ ban nhân dân"))) + ") "
)
_SEPARATOR: Final = re.compile(r"\s*[,;–(]\s*|\s+-\s+")


@dataclass(frozen=True)
class _Unit:
    unit_id: str
    name: str
    parent: str | None
    valid_from: date | None
    valid_to: date | None

    def is_valid_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


class UnitNames:
    """The catalogue by every name that a unit goes by."""

    def __init__(self, units: pl.DataFrame, aliases: Mapping[str, tuple[str, ...]]) -> None:
        self._units: dict[str, _Unit] = {}
        self._ids: dict[str, str] = {}
        self._names: dict[str, list[str]] = {}
        self._bare: dict[str, list[str]] = {}
        columns = ("unit_id", "name", "short_name", "parent_id", "valid_from", "valid_to")
        for id_, name, short, parent, begin, end in units.select(columns).iter_rows():
            self._units[id_] = _Unit(id_, name, parent, begin, end)
            self._ids[fold(id_)] = id_
            for written in dict.fromkeys((_key(name), _key(short))):
                self._names.setdefault(written, []).append(id_)
            kind, _, rest = _split(_key(name))
            if kind:
                self._bare.setdefault(rest, []).append(id_)
        for alias, ids in aliases.items():
            known = self._names.setdefault(alias, [])
            known += [id_ for id_ in ids if id_ not in known]
        self._seen: dict[tuple[str, str | None, date | None], str | Wrong] = {}

    def resolve(self, name: str, parent: str | None, day: date | None) -> str:
        """The id of the unit of that name on that day; `Wrong` with the nearest where none is.

        `parent` is the name of the district, for communes that share a name.
        """
        asked = (name, parent, day)
        if asked not in self._seen:
            try:
                self._seen[asked] = self._resolve(clean(name), parent, day)
            except Wrong as wrong:
                self._seen[asked] = wrong
        found = self._seen[asked]
        if isinstance(found, Wrong):
            raise found
        return found

    def _resolve(self, name: str, parent: str | None, day: date | None) -> str:
        if (id_ := self._ids.get(fold(name))) is not None:
            return id_
        candidates = self._candidates(name)
        if not candidates:
            # "Phường Võ Cường, TP. Bắc Ninh": the place, and what it lies in.
            first, *rest = _SEPARATOR.split(name.rstrip(") "), maxsplit=1)
            if rest and (candidates := self._candidates(first)):
                parent = rest[0]
        candidates = self._in_force(candidates, day)
        if parent and len(candidates) > 1:
            above = set(self._in_force(self._candidates(clean(parent)), day))
            within = [id_ for id_ in candidates if self._units[id_].parent in above]
            candidates = within or candidates
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            names = "; ".join(self._described(id_) for id_ in candidates)
            raise Wrong(f"expected the name of one unit, and this is that of {names}", "unit_known")
        expected = f"expected a unit of the catalogue or a name in {ALIASES}.csv"
        raise Wrong(f"{expected}; nearest: {self.nearest(name)}", "unit_known")

    def _candidates(self, name: str) -> list[str]:
        key = _key(name)
        found = self._names.get(key)
        if found is None and not _split(key)[0]:
            found = self._bare.get(key)
        return list(dict.fromkeys(found or ()))

    def _in_force(self, ids: Iterable[str], day: date | None) -> list[str]:
        """Those that exist on the day; all where none does, so that the contract says why not."""
        every = list(ids)
        valid = [id_ for id_ in every if day is None or self._units[id_].is_valid_on(day)]
        return valid or every[:1]

    def _described(self, id_: str) -> str:
        unit = self._units[id_]
        over = self._units.get(unit.parent or "")
        return f"{id_} ({unit.name}{', ' + over.name if over else ''})"

    def is_like_a_unit(self, name: str) -> bool:
        """Whether a text is surely meant for a unit, so that an error may show it.

        It resembles a unit's name closely, or begins as a place's does; a person's does neither.
        """
        key = _key(name)
        likeness = _LIKE if _split(key)[0] else _ALIKE
        return bool(difflib.get_close_matches(key, self._keys, n=1, cutoff=likeness))

    def nearest(self, name: str) -> str:
        """The units whose names look most like a text, for a person to choose from."""
        near = difflib.get_close_matches(_key(name), self._keys, n=_NEAREST * 2, cutoff=0.0)
        ids = dict.fromkeys(id_ for key in near for id_ in self._names[key])
        return ", ".join(self._described(id_) for id_ in list(ids)[:_NEAREST])

    @cached_property
    def _keys(self) -> list[str]:
        return list(self._names)


def _key(name: str) -> str:
    """A unit's name in one form: the committee left away, the kind of place written out."""
    words = fold(name)
    words = _COMMITTEE.sub("", words)
    for short in sorted(_KIND, key=len, reverse=True):
        if words.startswith(short + " "):
            return f"{_KIND[short]} {words[len(short) + 1 :]}"
    return words


def _split(key: str) -> tuple[str, str, str]:
    """The kind of place and the rest; no kind where the name does not begin with one."""
    for kind in _KIND.values():
        if key.startswith(kind + " "):
            return kind, " ", key[len(kind) + 1 :]
    return "", "", key


def read_aliases(folders: Iterable[Path], units: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    """Other names of units, from `aliases.csv` (alias, unit_id) of the first folder with one.

    Raises `ContractError` for a unit that there is not, or an alias without either.
    """
    known = set(units["unit_id"])
    aliases: dict[str, tuple[str, ...]] = {}
    problems = []
    for file, row, alias, unit_id in _alias_rows(folders):
        if not alias or not unit_id:
            column = "alias" if not alias else "unit_id"
            problems.append(Problem(file, "expected a value", row=row, column=column))
        elif unit_id not in known:
            expected = "expected the unit_id of a unit in the catalogue"
            problems.append(Problem(file, expected, row=row, column="unit_id", value=unit_id))
        else:
            aliases[_key(alias)] = (*aliases.get(_key(alias), ()), unit_id)
    if problems:
        raise ContractError(problems)
    return aliases


def _alias_rows(
    folders: Iterable[Path],
) -> Iterator[tuple[str, int, str | None, str | None]]:
    for folder in folders:
        for path in find(folder, ALIASES):
            part = open_part(path, ("alias", "unit_id"))
            for column in ("alias", "unit_id"):
                if column not in part.schema:
                    expected = "expected a column of this name, found none"
                    raise ContractError([Problem(display_name(path), expected, 1, column)])
            for at, (alias, unit_id) in enumerate(part.raw.collect().iter_rows()):
                yield part.name, part.row(at), alias, unit_id
            return
