"""Phrases about dossiers: what is overdue, and who meets a target ahead of its day."""

from __future__ import annotations

from dataclasses import dataclass

from dxreport import vi
from dxreport.facts import Fact
from dxreport.markup import EMPTY, Markdown, figure, join
from dxreport.narrative.units import Units
from dxreport.periods import PeriodId


@dataclass(frozen=True)
class Dossiers(Units):
    """What is said of dossiers."""

    def overdue_by_level(self) -> Markdown:
        """ "cấp huyện có **1.148** hồ sơ trễ hạn, bằng **11,92%** …"; empty where none is overdue.

        Levels without an overdue dossier are left out; the one with most comes first, those whose
        count is not published last.
        """
        phrases = []
        for fact in sorted(self._overdue(), key=lambda fact: (fact.suppressed, -fact.numerator)):
            rate = self.facts.get("procedures_overdue_rate", "end", fact.scope)
            name = self.level_name(fact.scope.partition(":")[2])
            if fact.suppressed:
                phrases.append(f"số hồ sơ trễ hạn của {name} {figure(fact)}")
                continue
            share = f"bằng {figure(rate, strong=True)} tổng số hồ sơ đã tiếp nhận"
            told = "" if rate.suppressed else f", {share}"
            phrases.append(f"{name} có {figure(fact, strong=True)} hồ sơ trễ hạn{told}")
        return join(phrases, "; ")

    def most_overdue(self) -> tuple[str, ...]:
        """The levels with most overdue dossiers; none where nothing is overdue.

        None either where a level's count is not published: it may be the greater one.
        """
        found = self._overdue()
        most = max((fact.numerator for fact in found), default=0)
        if any(fact.suppressed for fact in found):
            return ()
        return tuple(fact.scope.partition(":")[2] for fact in found if fact.numerator == most)

    def _overdue(self) -> list[Fact]:
        """The overdue dossiers of each level that has any, or whose count is not published."""
        levels = self.levels("procedures_overdue", "end")
        facts = [self.facts.get("procedures_overdue", "end", f"level:{at}") for at in levels]
        return [fact for fact in facts if fact.numerator or fact.suppressed]

    def ahead_of_due(self, indicator: str, level: str) -> Markdown:
        """ "trước hạn ngày 31/12/2024" where the target's due date is still ahead, else nothing."""
        target = self.catalogue.target(indicator, level, self.month)
        if target is None or target.due is None or target.due <= self.month.last:
            return EMPTY
        return Markdown(f"trước hạn ngày {vi.legal_day(target.due)}")

    def everyone_meets(self, indicator: str, period: PeriodId, level: str) -> bool:
        fact = self._target_met(indicator, period, level)
        return fact is not None and fact.exists and fact.numerator == fact.denominator
