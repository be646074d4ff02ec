"""Phrases about one figure: whether it is there, its verdict, its change."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from dxreport import vi
from dxreport.catalogue import Target
from dxreport.facts import Fact
from dxreport.markup import EMPTY, Markdown, figure
from dxreport.narrative.times import Times
from dxreport.narrative.words import MET, MISSED
from dxreport.periods import PeriodId


@dataclass(frozen=True)
class Figures(Times):
    """What is said of one figure."""

    def has(self, indicator: str, period: PeriodId, scope: str = "all") -> bool:
        """Whether there is a figure, and for a count whether it is more than none.

        One that is not published is there: that it is not published is what is said of it.
        """
        fact = self.facts.find(indicator, period, scope)
        if fact is not None and fact.suppressed:
            return True
        return fact is not None and fact.exists and (fact.unit != "count" or fact.numerator > 0)

    def hides(self, indicator: str, period: PeriodId, scope: str = "all") -> bool:
        """Whether there is a figure that is not published, which no sentence can be built on."""
        fact = self.facts.find(indicator, period, scope)
        return fact is not None and fact.suppressed

    def counts(self, indicator: str) -> bool:
        """Whether the office counts this indicator at all."""
        return indicator in self.catalogue.indicators

    def figure(self, indicator: str, period: PeriodId, scope: str = "all") -> Markdown:
        """The figure in bold."""
        return figure(self.facts.get(indicator, period, scope), strong=True)

    def verdict(self, fact: Fact) -> Markdown:
        """ "đạt chỉ tiêu", "chưa đạt chỉ tiêu", or nothing where no target is in force.

        Where rounding hides the miss, the phrase says so.
        """
        if fact.met is None:
            return EMPTY
        if fact.met:
            return Markdown(MET)
        target = self._target_of(fact)
        if target and _reads_as(fact) >= target.minimum:
            below = vi.exact(target.minimum)
            return Markdown(f"{MISSED}, khi chưa làm tròn còn thấp hơn {below}%")
        return Markdown(MISSED)

    def minimum(self, indicator: str, level: str) -> Markdown:
        """The target in force: "tối thiểu 90%"; nothing where there is none."""
        target = self.catalogue.target(indicator, level, self.month)
        return EMPTY if target is None else Markdown(f"tối thiểu {vi.exact(target.minimum)}%")

    def since_baseline(self, indicator: str, scope: str = "all") -> Markdown:
        """ "tăng 67%", in percentage points; nothing where no baseline is known."""
        fact = self.facts.find(f"{indicator}_change_since_baseline", "end", scope)
        return figure(fact) if fact is not None and fact.exists else EMPTY

    def _target_met(self, indicator: str, period: PeriodId, level: str) -> Fact | None:
        spec = self.catalogue.indicators[indicator].target_met
        return None if spec is None else self.facts.find(spec.id, period, f"level:{level}")

    def _target_of(self, fact: Fact) -> Target | None:
        level = self.catalogue.level_of(fact.scope)
        return self.catalogue.target(fact.indicator, level, self.month)

    def _minimum_of(self, fact: Fact) -> Markdown:
        target = self._target_of(fact)
        return EMPTY if target is None else Markdown(f"tối thiểu {vi.exact(target.minimum)}%")


def _reads_as(fact: Fact) -> Fraction:
    """The number that a reader sees in a printed percentage."""
    return Fraction(fact.printed.removesuffix("%").replace(".", "").replace(",", "."))
