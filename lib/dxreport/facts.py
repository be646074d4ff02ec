"""The facts table: every figure of a report, once, as a pair of integers.

`compute_facts` groups the tallies, compares with targets exactly, ranks among peers, takes
changes between printed figures, and prints each figure as a reader sees it. Tables, charts and
sentences only present what stands here. The columns are those of `COLUMNS`.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from dxreport import vi
from dxreport.catalogue import Baseline, Catalogue, Indicator, Unit
from dxreport.errors import DxError
from dxreport.periods import Month, PeriodId
from dxreport.tallies import PROVINCE_SYSTEM, Cell, Measures, Tally, added, tally_all

if TYPE_CHECKING:
    from dxreport.reading import Tables

SECONDS_A_DAY = 86_400
_K = TypeVar("_K", bound=Hashable)
_LARGEST = 2**63 - 1

COLUMNS: Mapping[str, pl.DataType] = {
    "month": pl.String(),
    "section": pl.Int64(),
    "indicator": pl.String(),
    "period": pl.String(),
    "scope": pl.String(),
    "name": pl.String(),
    "numerator": pl.Int64(),
    "denominator": pl.Int64(),
    "value": pl.Float64(),
    "unit": pl.String(),
    "printed": pl.String(),
    "target": pl.Float64(),
    "met": pl.Boolean(),
    "rank_high": pl.Int64(),
    "rank_low": pl.Int64(),
    "peers": pl.Int64(),
}


@dataclass(frozen=True)
class Fact:
    """One figure. `numerator` over `denominator` is exact; `value` is the float for machines.

    Units: `%` is 100 x numerator/denominator; `days` is seconds over 86,400 over the
    denominator; all others are numerator/denominator (a count has the denominator 1).
    """

    month: str
    section: int
    indicator: str
    period: PeriodId
    scope: str
    name: str
    numerator: int
    denominator: int
    value: float | None
    unit: str
    printed: str
    target: float | None = None
    met: bool | None = None
    rank_high: int | None = None
    rank_low: int | None = None
    peers: int | None = None
    withheld: frozenset[str] = frozenset()
    """Which of `numerator` and `denominator` are not published: 0 here, null in `frame`."""

    @property
    def suppressed(self) -> bool:
        """Whether the figure is left out because of small numbers."""
        return bool(self.withheld)

    def told(self, column: str) -> Any:
        """What a table of facts has in one of `COLUMNS`; None for what is withheld."""
        return None if column in self.withheld else getattr(self, column)

    @property
    def key(self) -> str:
        return f"{self.indicator}/{self.period}/{self.scope}"

    @property
    def anchor(self) -> str:
        """The fact's address in a page: an HTML id, another for each key.

        It is the key with hyphens between its parts; a scope whose own name has other characters
        than an id takes gets a fingerprint, since two such names may look alike without them.
        """
        kind, _, name = self.scope.partition(":")
        plain = re.sub(r"[^0-9A-Za-z_-]+", "-", name).strip("-")
        parts = ["fact", self.indicator, self.period, kind, *([plain] if plain else [])]
        if plain != name:
            parts.append(hashlib.sha256(self.key.encode()).hexdigest()[:8])
        return "-".join(parts)

    @property
    def exists(self) -> bool:
        """Whether there is a figure to show (a rate without cases has none)."""
        return self.denominator != 0 and not self.withheld

    @property
    def exact(self) -> Fraction:
        """The unrounded figure in its unit; `DxError` where there is none."""
        if not self.exists:
            why = "it is not published" if self.withheld else "its denominator is 0"
            raise DxError(f"{self.key} has no value: {why}")
        return _exact(self.numerator, self.denominator, self.unit)

    @property
    def unit_id(self) -> str | None:
        """The unit of a `unit:` or `communes_of:` scope."""
        kind, _, rest = self.scope.partition(":")
        return rest.split("@")[0] if kind in ("unit", "communes_of") else None


@dataclass(frozen=True)
class Facts:
    """The facts of one month, in the catalogue's order."""

    month: Month
    rows: tuple[Fact, ...]
    _index: Mapping[str, Fact] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", {fact.key: fact for fact in self.rows})

    def __iter__(self) -> Iterator[Fact]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def find(self, indicator: str, period: str, scope: str = "all") -> Fact | None:
        return self._index.get(f"{indicator}/{period}/{scope}")

    def get(self, indicator: str, period: str, scope: str = "all") -> Fact:
        """The fact of that key; `DxError` where the month has none."""
        fact = self.find(indicator, period, scope)
        if fact is None:
            raise DxError(f"no fact {indicator}/{period}/{scope} in {self.month}")
        return fact

    def where(
        self, *, indicator: str | None = None, period: str | None = None, prefix: str = ""
    ) -> tuple[Fact, ...]:
        """The facts of an indicator and period whose scope begins with `prefix`, in order."""
        return tuple(
            fact
            for fact in self.rows
            if (indicator is None or fact.indicator == indicator)
            and (period is None or fact.period == period)
            and fact.scope.startswith(prefix)
        )

    def frame(self) -> pl.DataFrame:
        """The table as polars, with the columns of `COLUMNS`."""
        return pl.DataFrame(
            {name: [fact.told(name) for fact in self.rows] for name in COLUMNS},
            schema=dict(COLUMNS),
        )


@dataclass(frozen=True)
class _Scope:
    """A group of units that gets one figure; `level` names whose target it is held to."""

    id: str
    name: str
    kind: str
    level: str | None = None
    peers: str | None = None


def compute_facts(tables: Tables, catalogue: Catalogue, month: Month) -> Facts:
    """All facts of `month`, from validated tables."""
    tallies = tally_all(tables, month, catalogue.year_start(month))
    return facts_from_tallies(tallies, catalogue, month)


def facts_from_tallies(tallies: Mapping[str, Tally], catalogue: Catalogue, month: Month) -> Facts:
    """All facts of `month`, from what was counted."""
    maker = _Maker(catalogue, month)
    rows: list[Fact] = []
    for indicator in catalogue.indicators.values():
        tally = tallies.get(indicator.table)
        measures = {indicator.numerator, indicator.denominator} - {None}
        if tally is None or not measures <= set(tally.measures):
            missing = ", ".join(sorted(str(m) for m in measures))
            raise DxError(
                f"indicators.yml: indicator {indicator.id}: no table {indicator.table!r} "
                f"that counts {missing}"
            )
        rows += maker.indicator(indicator, tally)
    return Facts(month, tuple(rows))


class _Maker:
    def __init__(self, catalogue: Catalogue, month: Month) -> None:
        self.catalogue = catalogue
        self.month = month
        self.is_new_world = catalogue.reorganised(month.previous, month) is not None

    def indicator(self, indicator: Indicator, tally: Tally) -> list[Fact]:
        periods: list[PeriodId] = [*indicator.periods]
        if indicator.change and not self.is_new_world:
            periods.append("previous")
        rows: list[Fact] = []
        for period in periods:
            found = self._period(indicator, tally, period)
            rows += _ranked(found)
        by_key = {fact.key: fact for fact in rows}
        plain = tuple(rows)
        if indicator.change:
            rows += [self._change(indicator, f, by_key) for f in plain if f.period == "month"]
        rows += [fact for f in plain if (fact := self._since_baseline(indicator, f)) is not None]
        for period in indicator.periods:
            of_period = [f for f in plain if f.period == period]
            rows += self._targets_met(indicator, of_period, period)
            rows += self._full(indicator, of_period, period)
        if indicator.id == "pakn_received":
            topics = [f for f in plain if f.period == "ytd" and f.scope.startswith("topic:")]
            rows.append(top_topics(self.catalogue, self.month, indicator, topics))
        return rows

    # -- groups -----------------------------------------------------------------------------

    def _period(
        self, indicator: Indicator, tally: Tally, period: PeriodId
    ) -> list[tuple[Fact, str | None]]:
        world = self.month.previous if period == "previous" else self.month
        units = {u.unit_id: u for u in self.catalogue.units_in(world)}
        cells = [c for c in tally.cells if c.period == period and c.unit_id in units]
        own = [c for c in cells if tally.table != "procedures" or c.part == PROVINCE_SYSTEM]
        reporting = self._reporting(tally, units, indicator)
        facts = []
        for scope, chosen in self._scopes(indicator, units, cells, own, reporting):
            facts.append((self._fact(indicator, period, scope, chosen), scope.peers))
        return facts

    def _reporting(
        self, tally: Tally, units: Mapping[str, Unit], indicator: Indicator
    ) -> list[Unit]:
        """The units that get a figure: every unit of a group of which one unit has records.

        So a unit that reports nothing stands beside its peers with nothing. PAKN are always
        told for the compared level, the service centres and the enterprises.
        """
        groups = {
            (units[c.unit_id].level, units[c.unit_id].kind)
            for c in tally.cells
            if c.unit_id in units
        }
        if tally.table == "pakn":
            groups |= {
                (u.level, u.kind) for u in units.values() if u.kind in self.catalogue.kind_names
            }
            groups |= {(u.level, u.kind) for u in self.catalogue.peers(self.month)}
        return [
            u for u in units.values() if (u.level, u.kind) in groups and u.level in indicator.levels
        ]

    def _scopes(
        self,
        indicator: Indicator,
        units: Mapping[str, Unit],
        cells: list[Cell],
        own: list[Cell],
        reporting: list[Unit],
    ) -> Iterator[tuple[_Scope, list[Cell]]]:
        names = self.catalogue
        by_unit = _grouped(own, lambda c: c.unit_id)
        for kind in indicator.scopes:
            if kind == "all":
                yield _Scope("all", names.all_name, "all"), own
            elif kind == "level":
                for level in indicator.levels:
                    if any(u.level == level for u in reporting):
                        scope = _Scope(f"level:{level}", names.level_names[level], "level", level)
                        yield scope, [c for c in own if units[c.unit_id].level == level]
            elif kind == "unit":
                for u in reporting:
                    peers = f"{u.level}/{u.kind}" if u.is_ranked else None
                    scope = _Scope(f"unit:{u.unit_id}", u.name, "unit", u.level, peers)
                    yield scope, by_unit.get(u.unit_id, [])
            elif kind == "kind":
                for key, name in names.kind_names.items():
                    if any(u.kind == key for u in units.values()):
                        chosen = [c for c in own if units[c.unit_id].kind == key]
                        yield _Scope(f"kind:{key}", name, "kind"), chosen
            elif kind == "topic":
                by_topic = _grouped(own, lambda c: c.part)
                for topic in self._topics(by_topic):
                    name = names.topics.get(topic, topic)
                    yield _Scope(f"topic:{topic}", name, "topic", None, "topic"), by_topic[topic]
            elif kind == "communes_of":
                yield from self._communes_of(units, own)
            elif kind == "system":
                others = _grouped(
                    (c for c in cells if c.part != PROVINCE_SYSTEM), lambda c: (c.unit_id, c.part)
                )
                for u in units.values():
                    for (unit_id, system), chosen in sorted(others.items()):
                        if unit_id == u.unit_id:
                            scope_id = f"unit:{unit_id}@{system}"
                            yield _Scope(scope_id, f"{u.name} ({system})", "unit"), chosen

    def _communes_of(
        self, units: Mapping[str, Unit], own: list[Cell]
    ) -> Iterator[tuple[_Scope, list[Cell]]]:
        parent = {u.unit_id: u.parent_id for u in units.values() if u.level == "commune"}
        has_rows = any(c.unit_id in parent for c in own)
        for u in units.values():
            if has_rows and u.level == "district" and u.unit_id in parent.values():
                name = self.catalogue.communes_of_name.format(name=u.name)
                scope = _Scope(
                    f"communes_of:{u.unit_id}", name, "communes_of", "communes_of", "communes_of"
                )
                yield scope, [c for c in own if parent.get(c.unit_id) == u.unit_id]

    def _topics(self, by_topic: Mapping[str, list[Cell]]) -> list[str]:
        known = [t for t in self.catalogue.topics if t in by_topic]
        return known + vi.in_order(t for t in by_topic if t not in self.catalogue.topics and t)

    # -- figures ----------------------------------------------------------------------------

    def _fact(
        self, indicator: Indicator, period: PeriodId, scope: _Scope, cells: list[Cell]
    ) -> Fact:
        ratio: Fraction | None = None
        if indicator.denominator is None:
            total = added((c.measures for c in cells), [indicator.numerator])
            numerator, denominator = total[indicator.numerator], 1
        elif indicator.aggregate == "mean_of_units" and scope.kind not in ("unit", "topic"):
            numerator, denominator, ratio = _mean_of_units(indicator, cells)
        else:
            measures = (indicator.numerator, indicator.denominator)
            total = added((c.measures for c in cells), measures)
            numerator, denominator = (total[m] for m in measures)
        if ratio is None and denominator:
            ratio = Fraction(numerator, denominator)
        target = (
            self.catalogue.target(indicator.id, scope.level, self._world(period))
            if scope.level
            else None
        )
        met = None if target is None or ratio is None else 100 * ratio >= target.minimum
        return Fact(
            month=str(self.month),
            section=indicator.section,
            indicator=indicator.id,
            period=period,
            scope=scope.id,
            name=scope.name,
            numerator=numerator,
            denominator=denominator,
            value=_value(numerator, denominator, indicator.unit),
            unit=indicator.unit,
            printed=_printed(indicator, scope.kind, numerator, denominator),
            target=None if target is None else float(target.minimum),
            met=met,
        )

    def _world(self, period: PeriodId) -> Month:
        return self.month.previous if period == "previous" else self.month

    def _change(self, indicator: Indicator, now: Fact, by_key: Mapping[str, Fact]) -> Fact:
        """The difference of the two printed figures, so that a reader of both can check it."""
        before = by_key.get(f"{now.indicator}/previous/{now.scope}")
        places = indicator.decimals_for(_scope_kind(now.scope))
        if not now.exists:
            return self._derived(now, "_change", 0, 0, "pp", vi.NO_CASES)
        if before is None or not before.exists:
            why = vi.NOT_COMPARED if self.is_new_world else vi.NO_PREVIOUS
            return self._derived(now, "_change", 0, 0, "pp", why)
        moved = vi.half_up(now.exact, places) - vi.half_up(before.exact, places)
        printed = self._moved(Fraction(moved, 10**places), places)
        return self._derived(now, "_change", moved, 10**places, "pp", printed)

    def _since_baseline(self, indicator: Indicator, now: Fact) -> Fact | None:
        baseline = self.catalogue.baseline(indicator.id, now.scope)
        if baseline is None or now.period == "previous" or self._is_of_another_world(baseline):
            return None
        suffix = "_change_since_baseline"
        if not now.exists:
            return self._derived(now, suffix, 0, 0, "pp", vi.NO_CASES)
        places = indicator.decimals_for(_scope_kind(now.scope))
        moved = Fraction(vi.half_up(now.exact, places), 10**places) - baseline.value
        while (moved * 10**places).denominator != 1:
            places += 1
        scaled = int(moved * 10**places)
        printed = self._moved(moved, places)
        return self._derived(now, suffix, scaled, 10**places, "pp", printed)

    def _is_of_another_world(self, baseline: Baseline) -> bool:
        return baseline.as_of is not None and (
            self.catalogue.reorganised(Month.of(baseline.as_of), self.month) is not None
        )

    def _moved(self, moved: Fraction, places: int) -> str:
        words = self.catalogue.settings
        if moved == 0:
            return words.unchanged
        word = words.increase if moved > 0 else words.decrease
        figure = vi.decimal(abs(moved), places)
        space = "" if words.change_unit == "%" else " "
        return f"{word} {figure}{space}{words.change_unit}"

    def _targets_met(self, indicator: Indicator, facts: list[Fact], period: PeriodId) -> list[Fact]:
        spec = indicator.target_met
        if spec is None:
            return []
        rows = []
        if "communes_of" in indicator.scopes:
            groups = {spec.level or "district": [f for f in facts if f.unit_id]}
        else:
            groups = self._by_level(indicator, facts)
        for level, members in groups.items():
            held = [f for f in members if f.target is not None]
            if not held:
                continue
            met = sum(1 for f in held if f.met)
            total = sum(1 for f in held if f.exists)
            noun = spec.nouns.get(level, spec.noun)
            count = f"{met}/{total}" if spec.of_total else vi.count(met)
            printed = f"{count} {noun}".strip()
            rows.append(self._of_units(spec.id, indicator, period, level, met, total, printed))
        return rows

    def _full(self, indicator: Indicator, facts: list[Fact], period: PeriodId) -> list[Fact]:
        """How many units of each level stand at 100%, of those that have a figure."""
        if indicator.full is None:
            return []
        rows = []
        for level, members in self._by_level(indicator, facts).items():
            told = [f for f in members if f.exists]
            if not members:
                continue
            full, of = sum(1 for f in told if f.exact == 100), len(told)
            printed = vi.count(full)
            rows.append(self._of_units(indicator.full, indicator, period, level, full, of, printed))
        return rows

    def _of_units(
        self,
        id_: str,
        indicator: Indicator,
        period: PeriodId,
        level: str,
        part: int,
        whole: int,
        printed: str,
    ) -> Fact:
        """How many units of a level, of those that have a figure, are of one sort."""
        return Fact(
            month=str(self.month),
            section=indicator.section,
            indicator=id_,
            period=period,
            scope=f"level:{level}",
            name=self.catalogue.level_names[level],
            numerator=part,
            denominator=whole,
            value=float(part) if whole else None,
            unit="units",
            printed=printed if whole else vi.NO_CASES,
        )

    def _by_level(self, indicator: Indicator, facts: list[Fact]) -> dict[str, list[Fact]]:
        """The units' figures on the province's own system, by level."""
        units = [f for f in facts if f.scope.startswith("unit:") and "@" not in f.scope]
        return {
            level: [f for f in units if self.catalogue.by_id[f.unit_id or ""].level == level]
            for level in indicator.levels
        }

    def _derived(
        self, base: Fact, suffix: str, numerator: int, denominator: int, unit: str, printed: str
    ) -> Fact:
        return replace(
            base,
            indicator=base.indicator + suffix,
            numerator=numerator,
            denominator=denominator,
            value=_value(numerator, denominator, unit),
            unit=unit,
            printed=printed,
            target=None,
            met=None,
            rank_high=None,
            rank_low=None,
            peers=None,
        )


def top_topics(
    catalogue: Catalogue, month: Month, indicator: Indicator, topics: Iterable[Fact]
) -> Fact:
    """The topics with most PAKN this year; one that ties with the last is named too."""
    most = catalogue.settings.top_topics
    ranked = sorted((f for f in topics if f.rank_high), key=lambda f: f.rank_high or 0)
    named = [f for f in ranked if (f.rank_high or 0) <= most and f.numerator]
    return Fact(
        month=str(month),
        section=indicator.section,
        indicator="pakn_top_topics",
        period="ytd",
        scope="all",
        name=catalogue.all_name,
        numerator=len(named),
        denominator=1,
        value=float(len(named)),
        unit="topics",
        printed="; ".join(f.name for f in named) or vi.NO_CASES,
    )


def _scope_kind(scope: str) -> str:
    return scope.partition(":")[0]


def _grouped(cells: Iterable[Cell], key: Callable[[Cell], _K]) -> dict[_K, list[Cell]]:
    groups: dict[_K, list[Cell]] = defaultdict(list)
    for cell in cells:
        groups[key(cell)].append(cell)
    return dict(groups)


def _exact(numerator: int, denominator: int, unit: str) -> Fraction:
    if unit == "%":
        return Fraction(100 * numerator, denominator)
    return Fraction(numerator, denominator * (SECONDS_A_DAY if unit == "days" else 1))


def _value(numerator: int, denominator: int, unit: str) -> float | None:
    return float(_exact(numerator, denominator, unit)) if denominator else None


def _mean_of_units(indicator: Indicator, cells: list[Cell]) -> tuple[int, int, Fraction | None]:
    """The mean of the units' rates, exact; as a pair that fits 64 bits where it can."""
    by_unit = _grouped(cells, lambda c: c.unit_id)
    measures = (indicator.numerator, indicator.denominator or "")
    rates = []
    for own in by_unit.values():
        total: Measures = added((c.measures for c in own), measures)
        if total[measures[1]]:
            rates.append(Fraction(total[measures[0]], total[measures[1]]))
    if not rates:
        return 0, 0, None
    mean = sum(rates, Fraction(0)) / len(rates)
    if max(mean.numerator, mean.denominator) <= _LARGEST:
        return mean.numerator, mean.denominator, mean
    # Too fine for the table's integers: the verdict stays exact, the pair has 15 places.
    return vi.half_up(mean, 15), 10**15, mean


def _printed(indicator: Indicator, scope_kind: str, numerator: int, denominator: int) -> str:
    if not denominator:
        return vi.NO_CASES
    if indicator.unit == "count":
        return vi.count(numerator) if scope_kind in indicator.pad else vi.integer(numerator)
    exact = _exact(numerator, denominator, indicator.unit)
    places = indicator.decimals_for(scope_kind)
    if indicator.unit == "%":
        if indicator.whole and exact in (0, 100):
            return f"{exact}%"
        return f"{vi.decimal(exact, places)}%"
    figure = vi.decimal(exact, places, trim=scope_kind in indicator.trim)
    return f"{figure} ngày/PAKN" if indicator.unit == "days" else figure


def _ranked(found: list[tuple[Fact, str | None]]) -> list[Fact]:
    """Ranks among peers that have a figure, on exact values; ties share a rank."""
    groups: dict[str, list[Fraction]] = defaultdict(list)
    for fact, peers in found:
        if peers and fact.exists:
            groups[peers].append(fact.exact)
    for values in groups.values():
        values.sort()
    rows = []
    for fact, peers in found:
        if not peers or not fact.exists:
            rows.append(fact)
            continue
        values, own = groups[peers], fact.exact
        rows.append(
            replace(
                fact,
                rank_high=1 + len(values) - bisect_right(values, own),
                rank_low=1 + bisect_left(values, own),
                peers=len(values),
            )
        )
    return rows
