"""The catalogue: units, indicators, targets and baselines, as typed values.

Reads `data/reference/indicators.yml` and the reference tables; knows nothing of records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import polars as pl

from dxreport import vi
from dxreport.config import INDICATORS_FILE, read_yaml
from dxreport.errors import DxError
from dxreport.periods import Month, PeriodId

CHANGES_FILE = "reorganisations.yml"
LEVELS = ("province", "district", "commune")
RANKED_KINDS = ("department", "people_committee")
"""Kinds whose units are ranked among themselves; centres and enterprises never are."""

_PLACES = ("huyện", "quận", "thị xã", "thành phố", "xã", "phường", "thị trấn", "đặc khu")
"""Kinds of places in the order in which lists of kinds name them."""

_SCOPES = {"all", "level", "unit", "kind", "topic", "communes_of", "system"}
_PERIODS = {"month", "ytd", "end"}
_UNITS = {"%", "count", "points", "days"}


@dataclass(frozen=True)
class Unit:
    """One unit of the catalogue; `order` is its place in print."""

    unit_id: str
    name: str
    short_name: str
    level: str
    kind: str
    parent_id: str | None
    order: int
    valid_from: date | None
    valid_to: date | None

    def is_valid_in(self, month: Month) -> bool:
        """Whether the unit exists on some day of `month`."""
        return (self.valid_from is None or self.valid_from <= month.last) and (
            self.valid_to is None or self.valid_to >= month.first
        )

    @property
    def is_ranked(self) -> bool:
        return self.kind in RANKED_KINDS


@dataclass(frozen=True)
class TargetMet:
    """How the count of units that meet a target is named and printed."""

    id: str
    noun: str
    nouns: Mapping[str, str]
    of_total: bool
    level: str | None


@dataclass(frozen=True)
class Indicator:
    """One line of the catalogue; see the head of `data/reference/indicators.yml`."""

    id: str
    section: int
    name: str
    formula: str
    table: str
    numerator: str
    denominator: str | None
    unit: str
    scopes: tuple[str, ...]
    levels: tuple[str, ...]
    periods: tuple[PeriodId, ...]
    decimals: Mapping[str, int]
    whole: bool
    trim: frozenset[str]
    pad: frozenset[str]
    aggregate: str
    change: bool
    target_met: TargetMet | None
    full: str | None
    target_of: str | None
    basis: str | None

    def decimals_for(self, scope_kind: str) -> int:
        return self.decimals.get(scope_kind, self.decimals.get("default", 0))


@dataclass(frozen=True)
class Target:
    indicator: str
    level: str
    minimum: Fraction
    valid_from: date | None
    due: date | None
    basis: str


@dataclass(frozen=True)
class Baseline:
    indicator: str
    scope: str
    value: Fraction
    as_of: date | None
    source: str


@dataclass(frozen=True)
class Reorganisation:
    """A day from which the units are others, such that figures before it are of another world.

    `name` is what happened, as a sentence says it; `basis` the legal document, or nothing.
    """

    first: Month
    name: str
    basis: str

    @property
    def day(self) -> date:
        return self.first.first


@dataclass(frozen=True)
class Settings:
    top_topics: int
    change_unit: str
    increase: str
    decrease: str
    unchanged: str
    outlier_days: int = 365


@dataclass(frozen=True)
class HeadlineSpec:
    """Which facts stand together at the head of the page; `scopes` are of all and level."""

    title: str
    indicator: str
    period: PeriodId
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """Everything that is known before a record is read."""

    units: tuple[Unit, ...]
    indicators: Mapping[str, Indicator]
    targets: tuple[Target, ...]
    baselines: tuple[Baseline, ...]
    topics: Mapping[str, str]
    level_names: Mapping[str, str]
    level_sentences: Mapping[str, str]
    level_units: Mapping[str, str]
    kind_names: Mapping[str, str]
    kind_sentences: Mapping[str, str]
    all_name: str
    communes_of_name: str
    settings: Settings
    headlines: tuple[HeadlineSpec, ...]
    by_id: Mapping[str, Unit] = field(repr=False)
    reorganisations: tuple[Reorganisation, ...] = ()
    # Asked for once for every target of every fact.
    _in_month: dict[Month, tuple[Unit, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def units_in(self, month: Month) -> tuple[Unit, ...]:
        """The units that exist in `month`, in the order of printing."""
        if month not in self._in_month:
            self._in_month[month] = tuple(u for u in self.units if u.is_valid_in(month))
        return self._in_month[month]

    @property
    def tables(self) -> frozenset[str]:
        """The tables of records that an indicator is counted from."""
        return frozenset(indicator.table for indicator in self.indicators.values())

    def reorganised(self, after: Month, until: Month) -> Reorganisation | None:
        """The last reorganisation that lies between two months; figures do not cross it."""
        between = (r for r in self.reorganisations if after < r.first <= until)
        return max(between, key=lambda r: r.first, default=None)

    def year_start(self, month: Month) -> Month:
        """The first month of the year to date: January, or that of a reorganisation since."""
        change = self.reorganised(month.january, month)
        return month.january if change is None else change.first

    def places(self, level: str, month: Month) -> str:
        """What the people's committees of a level are called: "xã, phường, thị trấn"."""
        names = [
            vi.nfc(u.name).lower()
            for u in self.units_in(month)
            if u.level == level and u.kind == "people_committee"
        ]
        kinds = [kind for kind in _PLACES if any(name.startswith(f"{kind} ") for name in names)]
        return ", ".join(kinds) or self.level_units[level]

    def peer_level(self, month: Month) -> str:
        """The level whose units are compared in PAKN.

        That of the districts; the communes', where there are no districts; where there are no
        people's committees at all, that of the departments, as in a city's own administration.
        """
        kind = self.peer_kind(month)
        levels = {u.level for u in self.units_in(month) if u.kind == kind}
        if kind == "department":
            return next(level for level in LEVELS if level in levels)
        return "district" if "district" in levels else "commune"

    def peer_kind(self, month: Month) -> str:
        """The kind of units that are compared in PAKN: people's committees, or departments."""
        kinds = {u.kind for u in self.units_in(month)}
        has_only_departments = "department" in kinds and "people_committee" not in kinds
        return "department" if has_only_departments else "people_committee"

    def peers(self, month: Month) -> tuple[Unit, ...]:
        """The units that are compared in PAKN, in the order of printing."""
        level, kind = self.peer_level(month), self.peer_kind(month)
        return tuple(u for u in self.units_in(month) if u.level == level and u.kind == kind)

    def target(self, indicator: str, level: str, month: Month) -> Target | None:
        """The target in force at the end of `month`, the newest where several are."""
        rows = self._targets(indicator, level)
        if not rows and (spec := self.indicators.get(indicator)) and spec.target_of:
            for stand_in in ("commune", "district"):
                rows = rows or self._targets(indicator, stand_in)
            rows = rows or self._targets(spec.target_of, "commune")
        in_force = [t for t in rows if t.valid_from is None or t.valid_from <= month.last]
        return max(in_force, key=lambda t: t.valid_from or date.min, default=None)

    def level_of(self, scope: str) -> str:
        """The level whose targets a fact's scope is held to; empty where there is none."""
        kind, _, rest = scope.partition(":")
        if kind == "unit":
            unit = self.by_id.get(rest.partition("@")[0])
            return "" if unit is None else unit.level
        return kind if kind == "communes_of" else rest

    def baseline(self, indicator: str, scope: str) -> Baseline | None:
        return next(
            (b for b in self.baselines if b.indicator == indicator and b.scope == scope), None
        )

    def _targets(self, indicator: str, level: str) -> list[Target]:
        return [t for t in self.targets if t.indicator == indicator and t.level == level]


def load_catalogue(
    units: pl.DataFrame,
    targets: pl.DataFrame,
    baselines: pl.DataFrame,
    topics: pl.DataFrame,
    reference: Path,
) -> Catalogue:
    """The catalogue from validated reference tables and the folder of `indicators.yml`.

    Raises `DxError` where `indicators.yml` is not what its head says.
    """
    raw = read_yaml(reference / INDICATORS_FILE)
    if not isinstance(raw, dict):
        raise DxError(f"{INDICATORS_FILE}: expected a mapping with `indicators`")
    unit_values = tuple(
        Unit(**row) for row in units.select(_fields(Unit)).sort("order", "unit_id").to_dicts()
    )
    levels = _mapping(raw, "levels")
    return Catalogue(
        units=unit_values,
        indicators={
            key: _indicator(key, spec) for key, spec in _mapping(raw, "indicators").items()
        },
        targets=tuple(
            Target(**{**row, "minimum": Fraction(str(row["minimum"]))})
            for row in targets.select(_fields(Target)).to_dicts()
        ),
        baselines=tuple(
            Baseline(**{**row, "value": Fraction(str(row["value"]))})
            for row in baselines.select(_fields(Baseline)).to_dicts()
        ),
        topics={row["topic"]: row["name"] for row in topics.to_dicts()},
        level_names={key: value["name"] for key, value in levels.items()},
        level_sentences={key: value["in_sentence"] for key, value in levels.items()},
        level_units={key: value["units"] for key, value in levels.items()},
        kind_names={key: value["name"] for key, value in _mapping(raw, "kinds").items()},
        kind_sentences={
            key: value.get("in_sentence", value["name"])
            for key, value in _mapping(raw, "kinds").items()
        },
        all_name=_mapping(raw, "all")["name"],
        communes_of_name=_mapping(raw, "communes_of")["name"],
        settings=Settings(**_mapping(raw, "settings")),
        headlines=_headlines(raw),
        by_id={unit.unit_id: unit for unit in unit_values},
        reorganisations=tuple(
            change
            for change in _reorganisations(reference / CHANGES_FILE)
            if _is_another_world(unit_values, change.day)
        ),
    )


def _is_another_world(units: Iterable[Unit], day: date) -> bool:
    """Whether the people's committees of these units are quite others from a day on.

    They are where a level begins or ends that day, or none of them goes on. So what is said of
    the province's units does not touch a data folder that has units of its own.
    """

    def on(when: date) -> set[tuple[str, str]]:
        return {
            (unit.unit_id, unit.level)
            for unit in units
            if unit.kind == "people_committee"
            and (unit.valid_from or when) <= when <= (unit.valid_to or when)
        }

    before, after = on(day - timedelta(days=1)), on(day)
    levels = [{level for _, level in world} for world in (before, after)]
    return bool(before and after) and (levels[0] != levels[1] or not before & after)


def _reorganisations(path: Path) -> tuple[Reorganisation, ...]:
    """What the optional file says, in the order of time."""
    if not path.exists():
        return ()
    raw = read_yaml(path) or []
    if not isinstance(raw, list):
        raise DxError(f"{path.name}: expected a list of entries with `first_day` and `name`")
    found = []
    for number, entry in enumerate(raw, start=1):
        where = f"{path.name}: entry {number}"
        if not isinstance(entry, dict) or set(entry) - {"first_day", "name", "basis"}:
            raise DxError(f"{where}: expected the keys first_day, name and basis")
        day, name = entry.get("first_day"), entry.get("name")
        if type(day) is not date or day.day != 1:
            raise DxError(f"{where}: `first_day`: {day}: expected the first day of a month")
        if not isinstance(name, str) or not name.strip():
            raise DxError(f"{where}: `name`: expected what happened, as text")
        found.append(
            Reorganisation(Month.of(day), vi.nfc(name), vi.nfc(str(entry.get("basis") or "")))
        )
    return tuple(sorted(found, key=lambda change: change.first))


def _fields(cls: type) -> list[str]:
    return list(cls.__dataclass_fields__)  # type: ignore[attr-defined]


def _mapping(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    if not isinstance(value, dict):
        raise DxError(f"{INDICATORS_FILE}: `{key}` is missing or is not a mapping")
    return value


def _headlines(raw: Mapping[str, Any]) -> tuple[HeadlineSpec, ...]:
    listed = raw.get("headlines", [])
    if not isinstance(listed, list):
        raise DxError(f"{INDICATORS_FILE}: `headlines` is not a list")
    return tuple(_headline(at, spec, raw["indicators"]) for at, spec in enumerate(listed, 1))


def _headline(at: int, spec: Any, indicators: Mapping[str, Any]) -> HeadlineSpec:
    def wrong(what: str) -> DxError:
        return DxError(f"{INDICATORS_FILE}: headline {at}: {what}")

    if not isinstance(spec, dict) or set(spec) != set(HeadlineSpec.__dataclass_fields__):
        raise wrong("expected title, indicator, period and scopes, and nothing else")
    _subset([spec["indicator"]], indicators, "indicator", wrong)
    _subset([spec["period"]], _PERIODS, "period", wrong)
    _subset(spec["scopes"], {"all", "level"}, "scopes", wrong)
    period = cast("PeriodId", spec["period"])
    return HeadlineSpec(str(spec["title"]), spec["indicator"], period, tuple(spec["scopes"]))


def _indicator(key: str, spec: Any) -> Indicator:
    def wrong(what: str) -> DxError:
        return DxError(f"{INDICATORS_FILE}: indicator {key}: {what}")

    if not isinstance(spec, dict):
        raise wrong("expected a mapping")
    known = set(Indicator.__dataclass_fields__) - {"id"}
    if unknown := sorted(set(spec) - known):
        raise wrong(f"unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")
    for needed in ("section", "name", "formula", "table", "numerator", "unit", "scopes", "periods"):
        if needed not in spec:
            raise wrong(f"`{needed}` is missing")
    _subset(spec["scopes"], _SCOPES, "scopes", wrong)
    _subset(spec["periods"], _PERIODS, "periods", wrong)
    _subset([spec["unit"]], _UNITS, "unit", wrong)
    aggregate = spec.get("aggregate", "pooled")
    _subset([aggregate], {"pooled", "mean_of_units"}, "aggregate", wrong)
    trim = spec.get("trim", [])
    met = spec.get("target_met")
    return Indicator(
        id=key,
        section=int(spec["section"]),
        name=spec["name"],
        formula=spec["formula"],
        table=spec["table"],
        numerator=spec["numerator"],
        denominator=spec.get("denominator"),
        unit=spec["unit"],
        scopes=tuple(spec["scopes"]),
        levels=tuple(spec.get("levels", LEVELS)),
        periods=cast("tuple[PeriodId, ...]", tuple(spec["periods"])),
        decimals=spec.get("decimals", {"default": 0}),
        whole=bool(spec.get("whole", False)),
        trim=frozenset(_SCOPES if trim is True else trim or []),
        pad=frozenset(spec.get("pad", [])),
        aggregate=aggregate,
        change=bool(spec.get("change", False)),
        target_met=None
        if met is None
        else TargetMet(
            id=met["id"],
            noun=met.get("noun", ""),
            nouns=met.get("nouns", {}),
            of_total=bool(met.get("of_total", False)),
            level=met.get("level"),
        ),
        full=spec.get("full"),
        target_of=spec.get("target_of"),
        basis=spec.get("basis"),
    )


def _subset(values: Sequence[str], allowed: Iterable[str], what: str, wrong: Any) -> None:
    choices = sorted(allowed)
    for value in values:
        if value not in choices:
            raise wrong(f"`{what}` has {value!r}; expected one of {', '.join(choices)}")
