"""Phrases about units: extremes, lists, who meets a target and who does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dxreport import vi
from dxreport.facts import Fact
from dxreport.markup import EMPTY, Markdown, figure, join, listed, md_escape
from dxreport.narrative.levels import Levels
from dxreport.narrative.words import BY_RULE, MET, MISSED, MOST_NAMES, NO_TARGET
from dxreport.periods import PeriodId


@dataclass(frozen=True)
class Units(Levels):
    """What is said of the units of a level."""

    @property
    def peer_level(self) -> str:
        """The level whose units are compared in PAKN."""
        return self.catalogue.peer_level(self.month)

    def noun(self, level: str) -> str:
        """What the units of a level are called together: "địa phương"."""
        return self.catalogue.level_units[level]

    def noun_of(self, facts: Sequence[Fact], level: str) -> str:
        """The same for some of them: "đơn vị" where a centre or an enterprise is among them."""
        ids = [fact.unit_id or "" for fact in facts]
        return self.noun(level) if all(self.catalogue.by_id[i].is_ranked for i in ids) else "đơn vị"

    def name(self, fact: Fact) -> Markdown:
        """The unit's name inside a sentence: "huyện Tiên Du", "Sở Tư pháp"."""
        unit = self.catalogue.by_id.get(fact.unit_id or "")
        name = fact.name if unit is None else unit.name
        return md_escape(vi.name_in_sentence(name))

    def units(self, indicator: str, period: PeriodId, level: str) -> tuple[Fact, ...]:
        """The figures of a level's units on the province's own system, in the catalogue's order."""
        return tuple(
            fact
            for fact in self.facts.where(indicator=indicator, period=period, prefix="unit:")
            if "@" not in fact.scope and self.catalogue.by_id[fact.unit_id or ""].level == level
        )

    def communes_of(self, indicator: str, period: PeriodId) -> tuple[Fact, ...]:
        """The figures of each district's communes together."""
        return self.facts.where(indicator=indicator, period=period, prefix="communes_of:")

    def named(self, facts: Sequence[Fact], unit: str = "") -> Markdown:
        """ "huyện Gia Bình (74,8%) và thị xã Quế Võ (61,9%)"."""
        return listed([Markdown(f"{self.name(f)} ({figure(f)}{unit})") for f in facts])

    def extremes(
        self,
        indicator: str,
        period: PeriodId,
        what: str,
        *,
        high: str = "",
        low: str = "",
        unit: str = "",
        level: str | None = None,
        low_first: bool = False,
    ) -> Markdown:
        """Who holds the highest figure and who the lowest; all who tie are named.

        `what` names the figure ("tỷ lệ xử lý"); `high` and `low` are what is said of the holders
        ("cao nhất"), and what is empty is not told; `unit` follows a figure (" PAKN").
        """
        level = level or self.peer_level
        among = self.units(indicator, period, level)
        ranked = [f for f in among if f.rank_high is not None]
        noun = self.noun(level)
        if any(fact.suppressed for fact in among):
            # Whoever is not shown may be higher or lower: the sentence must not deny it.
            noun = f"{noun} có số liệu được công bố"
        if not ranked and noun != self.noun(level):
            return Markdown(f"{what} của các {self.noun(level)} {vi.WITHHELD}")
        if not ranked:
            return Markdown(f"không {noun} nào có số liệu về {what}")
        if len(ranked) == 1:
            only = ranked[0]
            shown = "" if noun == self.noun(level) else "được công bố "
            said = f"chỉ {self.name(only)} có số liệu {shown}về {what}"
            return Markdown(f"{said} ({figure(only)}{unit})")
        if all(fact.rank_high == 1 for fact in ranked):
            same = figure(ranked[0])
            return Markdown(f"các {noun} có {what} như nhau ({same}{unit})")
        ends = (
            (high, [fact for fact in ranked if fact.rank_high == 1]),
            (low, [fact for fact in ranked if fact.rank_low == 1]),
        )
        phrases = []
        for said, holders in reversed(ends) if low_first else ends:
            if said:
                together = "cùng " if len(holders) > 1 else ""
                names = self.who(holders, noun)
                phrases.append(f"{names} {together}{said} ({figure(holders[0])}{unit})")
        said = join(phrases, "; ")
        if any(fact.suppressed for fact in among):
            return Markdown(f"trong số các {noun}, {said}")
        return said

    def who(self, facts: Sequence[Fact], noun: str) -> Markdown:
        """The units by name, or their number where a sentence could not hold so many."""
        if len(facts) > MOST_NAMES:
            return Markdown(f"{vi.count(len(facts))} {noun}")
        return listed([self.name(fact) for fact in facts])

    def leading(self, indicator: str, period: PeriodId, level: str, most: int = 3) -> Markdown:
        """The units with the `most` highest figures above zero, highest first; ties all named."""
        ranked = [
            fact
            for fact in self.units(indicator, period, level)
            if fact.rank_high is not None and fact.rank_high <= most and fact.numerator > 0
        ]
        return self.named(sorted(ranked, key=lambda fact: fact.rank_high or 0))

    def whole(self, indicator: str, period: PeriodId, level: str) -> Markdown:
        """The units at 100%, and where the others stand against the target."""
        facts = [fact for fact in self.units(indicator, period, level) if fact.exists]
        noun = self.noun_of(facts, level)
        if self._leaves_out(indicator, period, level):
            noun = f"{noun} có số liệu được công bố"
        whole = [fact for fact in facts if fact.exact == 100]
        rest = [fact for fact in facts if fact.exact != 100]
        if not facts:
            return Markdown(f"không {noun} nào có số liệu")
        if not rest:
            if len(whole) == 1:
                return Markdown(f"{self.name(whole[0])} đạt {figure(whole[0])}")
            every = f"tất cả {self._full(whole, level)} {noun} đều đạt"
            return Markdown(f"{every} {figure(whole[0])}")
        if whole:
            names = (
                f", gồm: {listed([self.name(fact) for fact in whole])}"
                if 1 < len(whole) <= MOST_NAMES
                else f" là {self.name(whole[0])}"
                if len(whole) == 1
                else ""
            )
            head = f"{self._full(whole, level)} {noun} đạt tỷ lệ {figure(whole[0])}{names}"
        else:
            head = f"chưa có {noun} nào đạt tỷ lệ 100%"
        return join((head, self.others(rest, level, after=bool(whole))), "; ")

    def best(self, indicator: str, period: PeriodId, level: str, what: str) -> Markdown:
        """Who has the highest rate, and where the others stand against the target."""
        facts = [fact for fact in self.units(indicator, period, level) if fact.exists]
        first = [fact for fact in facts if fact.rank_high == 1]
        rest = [fact for fact in facts if fact.rank_high != 1]
        head = self.extremes(indicator, period, what, high=f"có {what} cao nhất", level=level)
        if len(first) == 1 and first[0].peers == 1 and rest:
            head = Markdown(f"{self.name(first[0])} đạt {figure(first[0])}")
        if facts and not rest:
            return join((head, self._all_verdict(facts)), ", ")
        if not first:
            return self.others(rest, level, after=False) or head
        if not any(fact.met for fact in facts):
            # The best one misses too: "còn lại" would say that it does not.
            return join((head, self.others(facts, level, after=False)), "; ")
        return join((head, self.others(rest, level, after=True)), "; ")

    def others(self, rest: Sequence[Fact], level: str, *, after: bool) -> Markdown:
        """The verdict on the units that a sentence has not named yet, those that miss by name.

        `after` says that some were named before, so that these are "còn lại".
        """
        held = [fact for fact in rest if fact.met is not None]
        if not held:
            return EMPTY
        noun = self.noun_of(held, level)
        if self._leaves_out(held[0].indicator, held[0].period, level):
            noun = f"{noun} có số liệu được công bố"
        missed = [fact for fact in held if not fact.met]
        minimum = self._minimum_of(held[0])
        if not missed:
            if len(held) == 1:
                left = f"{noun} còn lại là " if after else ""
                return Markdown(f"{left}{self.named(held)} {MET} ({minimum})")
            which = f"các {noun} còn lại" if after else f"tất cả {noun}"
            return Markdown(f"{which} đều {MET} ({minimum})")
        if len(missed) == len(held) and len(held) > 1:
            which = f"các {noun} còn lại" if after else f"tất cả {noun}"
            return Markdown(f"{which} đều {MISSED} ({minimum})")
        who = f"{self._left(missed, level)} {noun} {MISSED} ({minimum})"
        if len(missed) <= MOST_NAMES:
            who += f" là {self.named(missed)}"
        more = f", các {noun} còn lại đều {MET}" if len(held) > len(missed) else ""
        return Markdown(who + more)

    def meeting(self, indicator: str, period: PeriodId, level: str) -> Markdown:
        """How many units meet the target: "15/17 sở, ban, ngành đạt chỉ tiêu (tối thiểu 90%)"."""
        fact = self._target_met(indicator, period, level)
        if fact is None:
            return Markdown(NO_TARGET)
        if fact.suppressed:
            said = f"số {self.noun(level)} đạt chỉ tiêu {figure(fact)}"
            return Markdown(f"{said} {BY_RULE}")
        if not fact.exists:
            return Markdown(f"không {self.noun(level)} nào có số liệu để đánh giá")
        minimum = self.minimum(indicator, level)
        if not fact.numerator:
            said = f"chưa có {self.noun(level)} nào {MET} ({figure(fact)}, {minimum})"
        elif fact.numerator == fact.denominator:
            share = figure(fact, text="100%", part="share")
            said = f"{share} đơn vị ({figure(fact)}) {MET} ({minimum})"
        else:
            said = f"{figure(fact)} {MET} ({minimum})"
        return Markdown(said)

    def missing(self, indicator: str, period: PeriodId, level: str) -> Markdown:
        """The units that miss the target, each with its figures on every system; may be empty."""
        facts = self.units(indicator, period, level)
        missed = [fact for fact in facts if fact.met is False]
        if not missed or len(missed) > MOST_NAMES:
            return EMPTY
        names = []
        for fact in missed:
            systems = self.facts.where(indicator=indicator, period=period, prefix=f"{fact.scope}@")
            own = f"{figure(fact)}{' trên hệ thống của tỉnh' if systems else ''}"
            told = [own, *(self._on_system(other) for other in systems if other.exists)]
            names.append(Markdown(f"{self.name(fact)} ({join(told, '; ')})"))
        return listed(names)

    def met_list(
        self, indicator: str, period: PeriodId, level: str, *, lowest: int = 1
    ) -> Markdown:
        """Who meets the target, highest first, and the lowest of those who do not.

        For an indicator of each district's communes the level is that of the districts.
        """
        of_communes = "communes_of" in self.catalogue.indicators[indicator].scopes
        facts = (
            self.communes_of(indicator, period)
            if of_communes
            else self.units(indicator, period, level)
        )
        held = [fact for fact in facts if fact.met is not None]
        noun = self.noun(level)
        if any(fact.suppressed for fact in facts):
            noun = f"{noun} có số liệu được công bố"
        minimum = self._minimum_of(held[0]) if held else ""
        if not held:
            none = f"không {noun} nào có số liệu để đánh giá"
            return Markdown(NO_TARGET if any(fact.exists for fact in facts) else none)
        met = sorted((f for f in held if f.met), key=lambda f: -f.exact)
        missed = [fact for fact in held if not fact.met]
        count = self._target_met(indicator, period, level)
        shown = count is not None and not count.suppressed
        counted = figure(count) if count and shown else vi.count(len(met)) + f" {noun}"
        if len(held) == 1:
            verdict = MET if met else MISSED
            return Markdown(f"{self.named(held)} {verdict} ({minimum})")
        if not met:
            head = f"chưa có {noun} nào {MET} ({minimum})"
            return join((head, self._lowest(missed, lowest, noun)), "; ")
        names = "" if len(met) > MOST_NAMES else f": {self.named(met)}"
        if not missed:
            return Markdown(f"cả {counted} đều {MET} ({minimum}){names}")
        head = f"{counted} {MET} ({minimum}){names}"
        if len(missed) == 1:
            return Markdown(f"{head}; {noun} còn lại là {self.named(missed)} {MISSED}")
        rest = join((f"các {noun} còn lại {MISSED}", self._lowest(missed, lowest, noun)), ", ")
        return Markdown(f"{head}; {rest}")

    def without_cases(self, indicator: str, period: PeriodId, level: str) -> Markdown:
        """The units that had nothing to count: "huyện Lương Tài và …"; may be empty."""
        units = self.units(indicator, period, level)
        none = [fact for fact in units if not fact.exists and not fact.suppressed]
        if len(none) > MOST_NAMES:
            return Markdown(f"{self._left(none, level)} {self.noun(level)}")
        return listed([self.name(fact) for fact in none])

    def among(self, indicator: str, period: PeriodId, level: str) -> Markdown:
        """ " có số liệu được công bố" where a unit's figure is not published, else nothing."""
        hidden = self._leaves_out(indicator, period, level)
        return Markdown(" có số liệu được công bố" if hidden else "")

    def _leaves_out(self, indicator: str, period: PeriodId, level: str) -> bool:
        """Whether a unit's figure is not published, so that a sentence is not about all."""
        return any(fact.suppressed for fact in self.units(indicator, period, level))

    def _full(self, whole: Sequence[Fact], level: str) -> Markdown:
        """How many units stand at 100%, as the fact that counts them."""
        spec = self.catalogue.indicators[whole[0].indicator]
        scope = f"level:{level}"
        fact = self.facts.find(spec.full, whole[0].period, scope) if spec.full else None
        shown = fact is not None and not fact.suppressed
        return figure(fact) if fact and shown else Markdown(vi.count(len(whole)))

    def _left(self, some: Sequence[Fact], level: str) -> Markdown:
        """How many units do not meet a target or have no cases, with the count of those that do."""
        fact = self._target_met(some[0].indicator, some[0].period, level)
        number = vi.count(len(some))
        shown = fact is not None and not fact.suppressed
        return figure(fact, text=number, part="rest") if fact and shown else Markdown(number)

    def _all_verdict(self, facts: Sequence[Fact]) -> Markdown:
        held = [fact for fact in facts if fact.met is not None]
        if not held:
            return EMPTY
        together = "đều " if len(held) > 1 else ""
        return Markdown(f"{together}{MET if held[0].met else MISSED} ({self._minimum_of(held[0])})")

    def _lowest(self, missed: Sequence[Fact], most: int, noun: str) -> Markdown:
        """The lowest among two or more that miss a target, lowest last; ties all named."""
        values = [fact.exact for fact in missed]
        if len(set(values)) == 1:
            return Markdown(f"cùng ở mức {figure(missed[0])}")
        low = [f for f in missed if 1 + sum(value < f.exact for value in values) <= most]
        low = low if len(low) < len(missed) else [f for f in missed if f.exact == min(values)]
        if len(low) > 1 and len({fact.exact for fact in low}) == 1:
            names = self.who(low, noun)
            return Markdown(f"thấp nhất là {names} (cùng {figure(low[0])})")
        low = sorted(low, key=lambda f: -f.exact)
        return Markdown(f"thấp nhất là {self.named(low)}")

    def _on_system(self, fact: Fact) -> Markdown:
        system = md_escape(fact.scope.partition("@")[2])
        pair = f"{vi.integer(fact.numerator)}/{vi.integer(fact.denominator)}"
        both = figure(fact, text=pair, part="pair")
        return Markdown(f"trên hệ thống của {system} đạt {figure(fact)}, {both} hồ sơ")
