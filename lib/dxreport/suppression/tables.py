"""The published counts of a year's reports, table by table, as sums of unknowns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from dxreport.errors import DxError
from dxreport.periods import Month
from dxreport.suppression.counts import (
    PART_OF,
    SUM_OVER,
    Count,
    Form,
    Span,
    Truth,
    World,
    additive,
    minus,
    pakn_of_topic,
    pakn_of_unit,
    plus,
)
from dxreport.tallies import PROVINCE_SYSTEM, Tally

if TYPE_CHECKING:
    from dxreport.catalogue import Catalogue, Indicator
    from dxreport.facts import Fact

_SPANS: Mapping[str, Span] = {"month": "month", "ytd": "ytd", "end": "ytd"}
_CROSSED = ("received", "resolved", "backlog")

Forms = Mapping[tuple[str, Span, int], Form]
_K = TypeVar("_K", bound=Hashable)


@dataclass(frozen=True)
class Ratio:
    """A rate or mean that a report publishes."""

    numerator: Count
    denominator: Count


@dataclass(frozen=True)
class Published:
    """One table: its world, and what each month's report tells of it.

    `bases` are the measures that figures rest on: counts that are told as such, and
    denominators. `forms` has every count of every report; `ratios` the rates and means by month.
    """

    table: str
    bases: frozenset[str]
    world: World
    forms: Mapping[Count, Form]
    ratios: Mapping[Month, tuple[Ratio, ...]]

    def truth(self, count: Count) -> int:
        return self.world.value(self.forms[count])

    def counts(self, month: Month) -> list[Count]:
        return [count for count in self.forms if count.month == month]


def counts_of(fact: Fact, indicator: Indicator, month: Month) -> tuple[Count, Count | None]:
    """The counts that a fact is made of; the second is None for a fact that is a count.

    The figures of `previous` are those of the month before, in its own report.
    """
    if fact.period == "previous":
        month = month.previous
    span: Span = "month" if fact.period == "previous" else _SPANS[fact.period]
    numerator = Count(indicator.numerator, fact.scope, span, month)
    if indicator.denominator is None:
        return numerator, None
    return numerator, Count(indicator.denominator, fact.scope, span, month)


def published(
    catalogue: Catalogue,
    tallies: Mapping[Month, Mapping[str, Tally]],
    facts: Mapping[Month, Sequence[Fact]],
) -> tuple[Published, ...]:
    """The tables of the reports of consecutive months from January on.

    `facts` are the plain ones, without derived ones and without those of `previous`.
    """
    found = []
    for table in dict.fromkeys(spec.table for spec in catalogue.indicators.values()):
        if table not in PART_OF:
            raise DxError(f"suppression: what the table {table!r} counts is not known")
        own = {month: each[table] for month, each in tallies.items()}
        told = {
            month: [f for f in each if catalogue.indicators[f.indicator].table == table]
            for month, each in facts.items()
        }
        found.append(_Maker(catalogue, table, own).published(told))
    return tuple(found)


class _Maker:
    """The world of one table, unit by unit."""

    def __init__(self, catalogue: Catalogue, table: str, tallies: Mapping[Month, Tally]) -> None:
        self.catalogue = catalogue
        self.table = table
        self.months = list(tallies)
        self.place = {month: m for m, month in enumerate(self.months)}
        self.world = World()
        self.valid = [{u.unit_id for u in catalogue.units_in(month)} for month in self.months]
        self.units: dict[tuple[str, str], Forms] = {}
        self.topics: dict[tuple[str, tuple[bool, ...]], Forms] = {}
        self._units(list(tallies.values()))
        if table == "pakn":
            self._topics(list(tallies.values()))

    # -- unknowns ---------------------------------------------------------------------------

    def _units(self, tallies: Sequence[Tally]) -> None:
        by_system = self.table == "procedures"
        sums = _sums(tallies, lambda unit, part: (unit, part if by_system else ""))
        for unit, part in sorted(sums):
            truth = _truth(sums[unit, part])
            self.units[unit, part] = (
                pakn_of_unit(self.world, truth, len(self.months))
                if self.table == "pakn"
                else additive(self.world, self.table, tallies[0].measures, truth, len(self.months))
            )

    def _topics(self, tallies: Sequence[Tally]) -> None:
        """Topics, apart for units that are valid in the same months.

        The units' and the topics' figures are two ways to take the same PAKN apart.
        """
        sums = _sums(tallies, lambda unit, part: (part, self._validity(unit)))
        for topic, validity in sorted(sums):
            truth = _truth(sums[topic, validity])
            self.topics[topic, validity] = pakn_of_topic(self.world, truth, len(self.months))
        for validity in sorted({validity for _, validity in self.topics}):
            units = [f for (u, _), f in self.units.items() if self._validity(u) == validity]
            topics = [f for (_, v), f in self.topics.items() if v == validity]
            for m in range(len(self.months)):
                for measure in _CROSSED:
                    for span in ("month", "ytd"):
                        one = plus(*(forms[measure, span, m] for forms in units))
                        two = plus(*(forms[measure, span, m] for forms in topics))
                        self.world.holds(minus(one, two), 0, 0)

    def _validity(self, unit: str) -> tuple[bool, ...]:
        return tuple(unit in valid for valid in self.valid)

    # -- what is published ------------------------------------------------------------------

    def published(self, facts: Mapping[Month, Sequence[Fact]]) -> Published:
        forms: dict[Count, Form] = {}
        ratios: dict[Month, tuple[Ratio, ...]] = {}
        for month, told in facts.items():
            found: dict[Ratio, None] = {}
            for fact in told:
                indicator = self.catalogue.indicators[fact.indicator]
                numerator, denominator = counts_of(fact, indicator, month)
                if numerator.measure not in SUM_OVER:
                    self._add(forms, numerator, fact.numerator)
                if denominator is not None:
                    self._add(forms, denominator, fact.denominator)
                    found[Ratio(numerator, denominator)] = None
            ratios[month] = tuple(found)
        specs = [s for s in self.catalogue.indicators.values() if s.table == self.table]
        bases = frozenset(spec.denominator or spec.numerator for spec in specs)
        return Published(self.table, bases, self.world, forms, ratios)

    def _add(self, forms: dict[Count, Form], count: Count, printed: int | None) -> None:
        if count not in forms:
            m = self.place[count.month]
            parts = [f[count.measure, count.span, m] for f in self._members(count.scope, m)]
            forms[count] = plus(*parts)
        if self.world.value(forms[count]) != printed:
            raise DxError(f"internal: the suppression counts {count} otherwise than the report")

    def _members(self, scope: str, m: int) -> Iterator[Forms]:
        """The units, or topics, that a scope is the sum of in the report of month `m`."""
        kind, _, rest = scope.partition(":")
        if kind == "topic":
            for (topic, validity), forms in self.topics.items():
                if topic == rest and validity[m]:
                    yield forms
            return
        unit_id, _, system = rest.partition("@")
        own = system or (PROVINCE_SYSTEM if self.table == "procedures" else "")
        if kind == "unit":
            if unit_id in self.valid[m] and (unit_id, own) in self.units:
                yield self.units[unit_id, own]
            return
        for (key, part), forms in self.units.items():
            unit = self.catalogue.by_id[key]
            belongs = {
                "all": True,
                "level": unit.level == rest,
                "kind": unit.kind == rest,
                "communes_of": unit.level == "commune" and unit.parent_id == rest,
            }[kind]
            if belongs and part == own and key in self.valid[m]:
                yield forms


_Sums = dict[tuple[str, Span, int], int]


def _sums(tallies: Sequence[Tally], key: Callable[[str, str], _K]) -> dict[_K, _Sums]:
    """Each group's counts by measure, span and place of the report."""
    found: dict[_K, _Sums] = defaultdict(lambda: defaultdict(int))
    for m, tally in enumerate(tallies):
        for cell in tally.cells:
            if cell.period in _SPANS:
                own = found[key(cell.unit_id, cell.part)]
                for measure, count in cell.measures.items():
                    own[measure, _SPANS[cell.period], m] += count
    return dict(found)


def _truth(sums: _Sums) -> Truth:
    return lambda measure, span, m: sums.get((measure, span, m), 0)
