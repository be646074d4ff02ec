"""The facts as they may be published: small figures, and what would tell them, are left out.

A report's facts depend on what the earlier reports of its year published, so those are settled
again, in order, each from what was known at its end; the same data give the same facts.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dxreport import vi
from dxreport.errors import DxError
from dxreport.facts import Fact, Facts, facts_from_tallies, top_topics
from dxreport.periods import Month
from dxreport.suppression.counts import SUM_OVER, Count
from dxreport.suppression.remembering import settled
from dxreport.suppression.tables import counts_of, published
from dxreport.tallies import Tally, tally_all

if TYPE_CHECKING:
    from dxreport.catalogue import Catalogue
    from dxreport.reading import Tables
    from dxreport.suppression.rule import Rule

_CHANGE, _SINCE = "_change", "_change_since_baseline"


@dataclass(frozen=True)
class Withheld:
    """What the reports of a year up to a month leave out.

    `counts` are by table: two tables may count something of the same name.
    `sums` are the scopes whose sums over cases (stars, seconds) a month's report leaves out.
    """

    counts: Mapping[str, frozenset[Count]]
    sums: Mapping[Month, frozenset[str]]


def publishable(facts: Facts, tables: Tables, catalogue: Catalogue, rule: Rule) -> Facts:
    """The facts of a month without what `rule` keeps back; `DxError` where it can't be kept."""
    withheld = withheld_until(tables, catalogue, facts.month, rule)
    if facts.month.month == 1 and any(f.period == "previous" and f.denominator for f in facts):
        before = withheld_until(tables, catalogue, facts.month.previous, rule)
        counts = {table: own | before.counts[table] for table, own in withheld.counts.items()}
        withheld = Withheld(counts, {**withheld.sums, **before.sums})
    return _Publisher(facts, catalogue, withheld).run()


def withheld_until(tables: Tables, catalogue: Catalogue, month: Month, rule: Rule) -> Withheld:
    """What the reports from January to `month` leave out."""
    for spec in catalogue.indicators.values():
        if spec.aggregate != "pooled":
            raise DxError(
                f"suppression: {spec.id} is a mean of rates, whose cases cannot be kept apart; "
                "set `aggregate: pooled` in indicators.yml, or take suppression out"
            )
    tallies: dict[Month, Mapping[str, Tally]] = {}
    facts: dict[Month, list[Fact]] = {}
    hidden: dict[str, frozenset[Count]] = defaultdict(frozenset)
    sums: dict[Month, frozenset[str]] = {}
    kept: set[str] = set()
    for each in month.january.until(month):
        tallies[each] = tally_all(tables, each)
        facts[each] = [
            fact
            for fact in facts_from_tallies(tallies[each], catalogue, each)
            if fact.period != "previous" and fact.indicator in catalogue.indicators
        ]
        for told in published(catalogue, tallies, facts):
            hidden[told.table] |= settled(told, each, rule, hidden[told.table])
        kept |= _with_sums_kept(hidden["pakn"], facts[each], catalogue, each, kept)
        sums[each] = frozenset(kept)
    return Withheld(dict(hidden), sums)


def _with_sums_kept(
    hidden: Collection[Count],
    facts: Iterable[Fact],
    catalogue: Catalogue,
    month: Month,
    before: Collection[str],
) -> set[str]:
    """The units and kinds whose stars and seconds stay unpublished from this month on.

    A sum over cases says much of how many they are, so that a unit of which any count is hidden
    publishes none until the year ends. One such unit alone would be what the sum of all leaves
    over: then the unit with the fewest cases joins it.
    """
    kept = {*before}
    kept |= {c.scope for c in hidden if c.month == month and c.scope.startswith("unit:")}
    cases: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for fact in facts:
        indicator = catalogue.indicators[fact.indicator]
        if indicator.numerator in SUM_OVER and fact.scope.startswith("unit:") and fact.denominator:
            cases[fact.indicator, fact.period][fact.scope] = fact.denominator
    grown = True
    while grown:
        grown = False
        for own in cases.values():
            alone = [scope for scope in own if scope in kept]
            others = [scope for scope in own if scope not in kept]
            if len(alone) == 1 and others:
                kept.add(min(others, key=lambda scope: own[scope]))
                grown = True
    units = [catalogue.by_id[scope.removeprefix("unit:")] for scope in kept if scope[:5] == "unit:"]
    return kept | {f"kind:{unit.kind}" for unit in units}


class _Publisher:
    def __init__(self, facts: Facts, catalogue: Catalogue, withheld: Withheld) -> None:
        self.facts = facts
        self.catalogue = catalogue
        self.withheld = withheld

    def run(self) -> Facts:
        plain = {
            fact.key: self._plain(fact)
            for fact in self.facts
            if fact.indicator in self.catalogue.indicators
        }
        plain |= {fact.key: fact for fact in self._ranked(plain.values())}
        rows = [plain.get(fact.key) or self._derived(fact, plain) for fact in self.facts]
        return Facts(self.facts.month, tuple(rows))

    def _plain(self, fact: Fact) -> Fact:
        indicator = self.catalogue.indicators[fact.indicator]
        numerator, denominator = counts_of(fact, indicator, self.facts.month)
        counts, hidden = self.withheld.counts[indicator.table], set()
        if denominator is not None and denominator in counts:
            hidden.add("denominator")
        if numerator.measure in SUM_OVER:
            kept = self.withheld.sums.get(numerator.month, frozenset())
            if hidden or (fact.denominator and fact.scope in kept):
                hidden.add("numerator")
        elif numerator in counts:
            hidden.add("numerator")
        return withhold(fact, hidden) if hidden else fact

    def _ranked(self, facts: Iterable[Fact]) -> Iterable[Fact]:
        """Ranks anew, among the peers that are shown: a rank says nothing of who is not."""
        groups: dict[tuple[str, ...], list[Fact]] = defaultdict(list)
        for fact in facts:
            if fact.rank_high is not None:
                unit = self.catalogue.by_id.get(fact.unit_id or "")
                peers = (unit.level, unit.kind) if unit else ()
                kind = fact.scope.partition(":")[0]
                groups[(fact.indicator, fact.period, kind, *peers)].append(fact)
        for peers_ in groups.values():
            values = [fact.exact for fact in peers_]
            ordered = sorted(values)
            for fact, value in zip(peers_, values, strict=True):
                yield replace(
                    fact,
                    rank_high=1 + len(values) - bisect_right(ordered, value),
                    rank_low=1 + bisect_left(ordered, value),
                    peers=len(values),
                )

    def _derived(self, fact: Fact, plain: Mapping[str, Fact]) -> Fact:
        both = ("numerator", "denominator")
        if fact.indicator == "pakn_top_topics":
            topics = [
                own
                for own in plain.values()
                if (own.indicator, own.period) == ("pakn_received", "ytd")
                and own.scope.startswith("topic:")
            ]
            spec = self.catalogue.indicators["pakn_received"]
            return top_topics(self.catalogue, self.facts.month, spec, topics)
        for suffix, periods in ((_SINCE, (fact.period,)), (_CHANGE, (fact.period, "previous"))):
            if fact.indicator.endswith(suffix):
                base = fact.indicator.removesuffix(suffix)
                of = [plain.get(f"{base}/{period}/{fact.scope}") for period in periods]
                return withhold(fact, both) if any(f and f.suppressed for f in of) else fact
        for spec in self.catalogue.indicators.values():
            counted = (spec.full, spec.target_met.id if spec.target_met else None)
            if fact.indicator in counted:
                members = [
                    own
                    for own in plain.values()
                    if own.indicator == spec.id
                    and own.period == fact.period
                    and own.unit_id is not None
                    and "@" not in own.scope
                    and (
                        own.scope.startswith("communes_of:")
                        or self.catalogue.by_id[own.unit_id].level
                        == fact.scope.removeprefix("level:")
                    )
                ]
                return withhold(fact, both) if any(f.suppressed for f in members) else fact
        raise DxError(f"suppression: what {fact.indicator} is derived from is not known")


def withhold(fact: Fact, parts: Collection[str]) -> Fact:
    """The fact without its figure, and without those `parts` of its pair."""
    return replace(
        fact,
        numerator=0 if "numerator" in parts else fact.numerator,
        denominator=0 if "denominator" in parts else fact.denominator,
        value=None,
        printed=vi.WITHHELD,
        met=None,
        rank_high=None,
        rank_low=None,
        peers=None,
        withheld=frozenset(parts),
    )
