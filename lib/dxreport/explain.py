"""What a figure of the page says of itself: what it counts, of when, by which law, from where.

One compact table for a page, of every fact; the texts that facts share stand in it once. The
page's script (`rendering/assets/facts.js`) lays out what stands here and words nothing itself;
`rendering/linking.py` keeps of it what a page shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

from dxreport import vi
from dxreport.catalogue import Catalogue, Indicator
from dxreport.facts import Fact, Facts
from dxreport.periods import Month, report_periods

EXPLANATIONS = "dx-facts"
"""The id of the page's script element that holds them."""

FIRST_ROW = 2
"""Where the first fact stands in `facts.csv`, whose first row is the header."""

Cite = Callable[[str], Iterable[str]]
"""From an indicator to the names of the documents that set its target."""

_CHANGE, _SINCE = "_change", "_change_since_baseline"


@dataclass(frozen=True)
class Explanation:
    """One fact in words; `counts` names what its numerator and denominator are.

    `related` are the facts that it was made from, as (what it is, its key).
    """

    key: str
    anchor: str
    row: int
    name: str
    who: str
    printed: str
    counts: str
    pair: str
    formula: str
    period: str
    as_of: str
    target: str
    basis: str
    related: tuple[tuple[str, str], ...] = ()


def explain(facts: Facts, catalogue: Catalogue, cite: Cite) -> tuple[Explanation, ...]:
    """Every fact, in the order of `facts.csv`."""
    maker = _Maker(facts, catalogue, cite)
    return tuple(maker.one(fact, row) for row, fact in enumerate(facts, FIRST_ROW))


def packed(explanations: Iterable[Explanation]) -> dict[str, Any]:
    """The explanations for a page: shared texts by number, facts by key.

    A fact is [anchor, row, kind, name of scope, printed, pair, target, related ...]; a kind is
    what facts of one indicator and period share: [name, counts, formula, period, as of, basis].
    """
    texts: dict[str, int] = {}
    kinds: dict[tuple[int, ...], int] = {}

    def text(value: str) -> int:
        return texts.setdefault(vi.plain(value), len(texts))

    rows: dict[str, list[Any]] = {}
    for one in explanations:
        shared = (one.name, one.counts, one.formula, one.period, one.as_of, one.basis)
        kind = kinds.setdefault(tuple(text(value) for value in shared), len(kinds))
        own: list[Any] = [one.anchor, one.row, kind, text(one.who), vi.plain(one.printed), one.pair]
        own.append(text(one.target))
        own += [[text(what), vi.plain(key)] for what, key in one.related]
        rows.setdefault(vi.plain(one.key), own)
    return {"texts": list(texts), "kinds": [list(kind) for kind in kinds], "facts": rows}


@dataclass(frozen=True)
class Kind:
    """What facts of one indicator share: a name, what their pair is, a formula.

    `base` is the indicator of the catalogue that a derived one speaks of.
    """

    name: str
    counts: str
    formula: str
    base: Indicator | None


class Kinds:
    """The kinds of a catalogue's indicators, those that are derived from them too."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        specs = catalogue.indicators.values()
        self._met = {spec.target_met.id: spec for spec in specs if spec.target_met is not None}
        self._full = {spec.full: spec for spec in specs if spec.full is not None}

    def counted(self, indicator: str) -> Indicator | None:
        """The indicator whose units the given one counts; None where it counts no units."""
        return self._met.get(indicator) or self._full.get(indicator)

    def of(self, indicator: str, scope: str = "") -> Kind:
        """The kind of `indicator`, an id of the facts; of a change since a baseline, `scope`'s."""
        specs = self.catalogue.indicators
        if spec := specs.get(indicator):
            counts = "Số đếm được" if spec.denominator is None else "Tử số / mẫu số"
            return Kind(spec.name, counts, spec.formula, spec)
        if spec := self._met.get(indicator):
            name = f"Số đơn vị đạt chỉ tiêu: {vi.lower_first(spec.name)}"
            how = "số đơn vị đạt mức tối thiểu / số đơn vị có số liệu"
            return Kind(name, "Đạt / có số liệu", how, spec)
        if spec := self._full.get(indicator):
            name = f"Số đơn vị đạt 100%: {vi.lower_first(spec.name)}"
            how = "số đơn vị ở mức 100% / số đơn vị có số liệu"
            return Kind(name, "Đạt / có số liệu", how, spec)
        if spec := specs.get(indicator.removesuffix(_SINCE)):
            name = f"{spec.name}: tăng, giảm so với mốc ban đầu"
            return Kind(name, "Hiệu (tử số / mẫu số)", self._since(spec, scope), spec)
        if spec := specs.get(indicator.removesuffix(_CHANGE)):
            name = f"{spec.name}: tăng, giảm so với tháng trước"
            how = "tỷ lệ của kỳ này trừ tỷ lệ của tháng trước, cả hai đã làm tròn"
            return Kind(name, "Hiệu (tử số / mẫu số)", how, spec)
        most = self.catalogue.settings.top_topics
        how = f"{vi.count(most)} nội dung có nhiều PAKN tiếp nhận nhất trong kỳ"
        return Kind("Nội dung được phản ánh nhiều nhất", "Số nội dung", how, None)

    def _since(self, spec: Indicator, scope: str) -> str:
        baseline = self.catalogue.baseline(spec.id, scope)
        how = "tỷ lệ của kỳ này, đã làm tròn, trừ tỷ lệ ở mốc"
        if baseline is None:
            return how
        day = f" ngày {vi.legal_day(baseline.as_of)}" if baseline.as_of else ""
        return f"{how} {vi.exact(baseline.value)}%{day} ({baseline.source})"


class _Maker:
    def __init__(self, facts: Facts, catalogue: Catalogue, cite: Cite) -> None:
        self.facts = facts
        self.catalogue = catalogue
        periods = report_periods(facts.month, catalogue.year_start(facts.month))
        self.kinds = Kinds(catalogue)
        self._spans = {
            name: (
                f"từ {vi.legal_day(span.first.first)} đến {vi.legal_day(span.last.last)}",
                vi.legal_day(span.last.last),
            )
            for name, span in periods.items()
        }
        # Of none of this maker's own methods: such a cycle would keep a month's facts alive.
        self._kind = lru_cache(maxsize=None)(self.kinds.of)
        self._basis = lru_cache(maxsize=None)(partial(_basis, catalogue, cite, facts.month))

    def one(self, fact: Fact, row: int) -> Explanation:
        period, as_of = self._spans[fact.period]
        # Only what is since a baseline is told otherwise in another scope.
        scope = fact.scope if fact.indicator.endswith(_SINCE) else ""
        kind = self._kind(fact.indicator, scope)
        base = kind.base
        return Explanation(
            key=fact.key,
            anchor=fact.anchor,
            row=row,
            name=kind.name,
            who=fact.name,
            printed=fact.printed,
            counts=kind.counts,
            pair=_pair(fact),
            formula=kind.formula,
            period=period,
            as_of=as_of,
            target=_target(fact),
            basis="" if base is None else self._basis(base.id, self.catalogue.level_of(fact.scope)),
            related=tuple(self._related(fact)),
        )

    def _related(self, fact: Fact) -> Iterable[tuple[str, str]]:
        spec = fact.indicator
        if of := self.kinds.counted(spec):
            yield from self._found("Tỷ lệ chung", of.id, fact.period, fact.scope)
        elif spec.endswith(_SINCE):
            yield from self._found("Kỳ này", spec.removesuffix(_SINCE), fact.period, fact.scope)
        elif spec.endswith(_CHANGE):
            base = spec.removesuffix(_CHANGE)
            yield from self._found("Kỳ này", base, fact.period, fact.scope)
            yield from self._found("Tháng trước", base, "previous", fact.scope)

    def _found(
        self, what: str, indicator: str, period: str, scope: str
    ) -> Iterable[tuple[str, str]]:
        fact = self.facts.find(indicator, period, scope)
        if fact is not None:
            yield what, fact.key


def _basis(catalogue: Catalogue, cite: Cite, month: Month, indicator: str, level: str) -> str:
    """The document of a level's own target, or those that the indicator stands on."""
    target = catalogue.target(indicator, level, month)
    return target.basis if target else "; ".join(cite(indicator))


def _pair(fact: Fact) -> str:
    """The two integers as a reader checks them against `facts.csv`."""
    if fact.unit in ("count", "topics"):
        return vi.WITHHELD if fact.suppressed else vi.integer(fact.numerator)
    seconds = " giây" if fact.unit == "days" else ""
    if fact.suppressed:
        return vi.WITHHELD
    return f"{vi.integer(fact.numerator)}{seconds} / {vi.integer(fact.denominator)}"


def _target(fact: Fact) -> str:
    if fact.target is None:
        return ""
    least = f"tối thiểu {vi.exact(Fraction(str(fact.target)))}%"
    return least if fact.met is None else f"{least} – {'đạt' if fact.met else 'chưa đạt'}"
