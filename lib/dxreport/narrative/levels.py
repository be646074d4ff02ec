"""Phrases about the levels: their names, their figures, their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dxreport import vi
from dxreport.catalogue import LEVELS
from dxreport.markup import EMPTY, Markdown, figure, join, listed, md_escape
from dxreport.narrative.figures import Figures
from dxreport.narrative.words import MET, MISSED, month_name
from dxreport.periods import PeriodId


@dataclass(frozen=True)
class Levels(Figures):
    """What is said of the levels together."""

    def levels(self, indicator: str, period: PeriodId) -> tuple[str, ...]:
        """The levels that report this indicator, from province to commune."""
        return tuple(
            level for level in LEVELS if self.facts.find(indicator, period, f"level:{level}")
        )

    @property
    def everywhere(self) -> Markdown:
        """All units together inside a sentence: "toàn tỉnh"."""
        return md_escape(vi.lower_first(self.catalogue.all_name))

    @property
    def all_name(self) -> Markdown:
        """The same at the head of a sentence: "Toàn tỉnh"."""
        return md_escape(self.catalogue.all_name)

    def kind_name(self, kind: str) -> Markdown:
        """The units of a kind as a sentence names them."""
        return md_escape(self.catalogue.kind_sentences[kind])

    def places(self, level: str) -> Markdown:
        """What the units of a level are called: "xã, phường, thị trấn"."""
        return md_escape(self.catalogue.places(level, self.month))

    def level_name(self, level: str) -> Markdown:
        return md_escape(self.catalogue.level_sentences[level])

    def level_names(self, levels: Sequence[str]) -> Markdown:
        """ "cấp tỉnh và cấp huyện"."""
        return listed([self.level_name(level) for level in levels])

    def by_level(
        self, indicator: str, period: PeriodId, *, change: bool = False, verdict: bool = False
    ) -> Markdown:
        """ "cấp tỉnh đạt **96,95%** (giảm 0,28%), cấp huyện đạt …", with what is asked for.

        The change since the baseline is told wherever one is known. Where no level has a figure
        for the month before, that is said once, at the end.
        """
        levels = self.levels(indicator, period)
        changes = {
            level: self.facts.find(f"{indicator}_change", period, f"level:{level}")
            for level in levels
            if change
        }
        compared = any(f is not None and (f.exists or f.suppressed) for f in changes.values())
        phrases = []
        against = f" so với {month_name(self.month.previous)}"
        for level in levels:
            fact = self.facts.get(indicator, period, f"level:{level}")
            if not fact.exists:
                phrases.append(Markdown(f"{self.level_name(level)} {figure(fact)}"))
                continue
            moved = changes.get(level)
            told = EMPTY
            if moved is not None and compared:
                head = "mức tăng, giảm " if moved.suppressed else ""
                told = Markdown(f"{head}{figure(moved)}{against if moved.exists else ''}")
                against = "" if moved.exists else against
            notes = join(
                (
                    told,
                    self.since_baseline(indicator, fact.scope),
                    self.verdict(fact) if verdict else "",
                ),
                "; ",
            )
            said = f"{self.level_name(level)} đạt {figure(fact, strong=True)}"
            phrases.append(Markdown(f"{said} ({notes})" if notes else said))
        if not phrases:
            return Markdown("chưa có số liệu")
        some = any(self.has(indicator, period, f"level:{level}") for level in levels)
        why = {fact.printed for fact in changes.values() if fact is not None}
        said = vi.NOT_COMPARED if vi.NOT_COMPARED in why else vi.NO_PREVIOUS
        none = f" ({said})" if change and some and not compared else ""
        return Markdown(f"{listed(phrases)}{none}")

    def levels_verdict(self, indicator: str, period: PeriodId) -> Markdown:
        """Which levels meet their targets: "các cấp đều đạt chỉ tiêu được giao"."""
        facts = [
            fact
            for level in self.levels(indicator, period)
            if (fact := self.facts.get(indicator, period, f"level:{level}")).met is not None
        ]
        names = {fact.scope: self.level_name(fact.scope.partition(":")[2]) for fact in facts}
        met = [names[fact.scope] for fact in facts if fact.met]
        missed = [names[fact.scope] for fact in facts if not fact.met]
        if not facts:
            return Markdown("không có căn cứ để đánh giá mức độ đạt chỉ tiêu")
        if len(facts) == 1:
            return Markdown(f"{(met or missed)[0]} {MET if met else MISSED} được giao")
        # "Các cấp" only where every level is held to a target.
        every = len(facts) == len(self.levels(indicator, period))
        if not missed:
            return Markdown(f"{'các cấp' if every else listed(met)} đều {MET} được giao")
        if not met:
            return Markdown(f"{'các cấp' if every else listed(missed)} đều {MISSED} được giao")
        return Markdown(f"{listed(met)} {MET} được giao, {listed(missed)} {MISSED}")
