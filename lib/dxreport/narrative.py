"""Phrases whose words depend on the figures: extremes, lists, verdicts, changes, periods.

Sentences are written in `report.qmd`; what stands here is the part of a sentence that cannot be
written before the figures are known. Every phrase begins small and ends without a full stop, is
pandoc markdown, and shows a figure only as the span of a fact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from dxreport import vi
from dxreport.catalogue import LEVELS, Catalogue, Reorganisation, Target
from dxreport.facts import Fact, Facts
from dxreport.markup import EMPTY, Markdown, figure, join, listed, md_escape
from dxreport.periods import Month, PeriodId, report_periods

MOST_NAMES = 10
"""A list of units that meet or miss a target is counted, not named, where it is longer."""

_PLACES = ("thành phố", "thị xã", "huyện", "quận", "phường", "xã", "thị trấn", "đặc khu")
BY_RULE = "theo quy tắc về số liệu nhỏ"
"""Why a figure is not published: it is small, or would tell one that is."""

_MET, _MISSED = "đạt chỉ tiêu", "chưa đạt chỉ tiêu"
_NO_TARGET = "chưa có chỉ tiêu nào đang áp dụng"


def month_name(month: Month) -> str:
    """ "tháng 9/2024"; January and February with a 0 before."""
    number = f"{month.month:02d}" if month.month < 3 else str(month.month)
    return f"tháng {number}/{month.year}"


def year_to_date_name(month: Month, since: Month | None = None) -> str:
    """ "9 tháng đầu năm 2024", "năm 2024" in December, "tháng đầu năm 2024" in January.

    Where it begins with `since` and not with January: "các tháng 7-9/2025", "tháng 7/2025".
    """
    if since is not None and since > month.january:
        if since == month:
            return month_name(month)
        return f"các tháng {since.month}-{month.month}/{month.year}"
    if month.month == 12:
        return f"năm {month.year}"
    months = "tháng" if month.month == 1 else f"{month.month} tháng"
    return f"{months} đầu năm {month.year}"


@dataclass(frozen=True)
class Narrative:
    """Phrases over the facts of one month.

    A `level` is province, district or commune; `period` is month, ytd or end.
    """

    facts: Facts
    catalogue: Catalogue

    # -- time -------------------------------------------------------------------------------

    @property
    def month(self) -> Month:
        return self.facts.month

    def period(self, period: PeriodId) -> Markdown:
        """The period's name as a sentence begins with it: "Trong tháng 9/2024"."""
        if period == "month":
            return Markdown(f"Trong {month_name(self.month)}")
        if self.month.month == 1:
            return Markdown(f"Từ đầu năm {self.month.year}")
        if self.reorganisation is not None:
            return Markdown(f"Từ ngày {self._first_day} đến hết {month_name(self.month)}")
        where = "Cả" if self.month.month == 12 else "Trong"
        return Markdown(f"{where} {year_to_date_name(self.month)}")

    @property
    def reorganisation(self) -> Reorganisation | None:
        """What changed the units between January and this month, if anything did."""
        return self.catalogue.reorganised(self.month.january, self.month)

    @property
    def _first_day(self) -> str:
        return vi.legal_day(self.catalogue.year_start(self.month).first)

    def since(self) -> Markdown:
        """When the year to date begins: "từ đầu năm", "từ ngày 01/7/2025"."""
        if self.reorganisation is not None:
            return Markdown(f"từ ngày {self._first_day}")
        return Markdown("từ đầu năm")

    def year_dates(self) -> Markdown:
        """The year to date and its days, as the opening sentence names them."""
        if self.reorganisation is not None:
            return Markdown(f"lũy kế {self.dates('ytd')}")
        return Markdown(f"từ đầu năm {self.month.year} (số liệu {self.dates('ytd')})")

    def why_since(self) -> Markdown:
        """Why the year to date does not begin with January, a sentence; nothing where it does."""
        change = self.reorganisation
        if change is None:
            return EMPTY
        first = self._first_day
        basis = f" theo {md_escape(change.basis)}" if change.basis else ""
        alone = change.first == self.month
        compared = " và không so sánh với tháng trước" if alone else ""
        return Markdown(
            f"Từ ngày {first}, {md_escape(change.name)}{basis}. Số liệu trước ngày này thuộc các "
            "đơn vị cũ, khác về số lượng và địa bàn, nên số liệu lũy kế trong báo cáo được tính "
            f"từ ngày {first}, không cộng gộp với các tháng trước đó{compared}."
        )

    def year_told(self) -> Markdown:
        """The year to date and its days, to the end of the sentence, and why it begins there."""
        return join((f"{self.year_dates()}.", self.why_since()))

    def dates(self, period: PeriodId) -> Markdown:
        """ "từ ngày 01/9/2024 đến ngày 30/9/2024"."""
        span = report_periods(self.month, self.catalogue.year_start(self.month))[period]
        first, last = vi.legal_day(span.first.first), vi.legal_day(span.last.last)
        return Markdown(f"từ ngày {first} đến ngày {last}")

    @property
    def as_of(self) -> Markdown:
        """The last day of the report, "30/9/2024"."""
        return Markdown(vi.legal_day(self.month.last))

    # -- one figure -------------------------------------------------------------------------

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
            return Markdown(_MET)
        target = self._target_of(fact)
        if target and _reads_as(fact) >= target.minimum:
            below = vi.exact(target.minimum)
            return Markdown(f"{_MISSED}, khi chưa làm tròn còn thấp hơn {below}%")
        return Markdown(_MISSED)

    def minimum(self, indicator: str, level: str) -> Markdown:
        """The target in force: "tối thiểu 90%"; nothing where there is none."""
        target = self.catalogue.target(indicator, level, self.month)
        return EMPTY if target is None else Markdown(f"tối thiểu {vi.exact(target.minimum)}%")

    def since_baseline(self, indicator: str, scope: str = "all") -> Markdown:
        """ "tăng 67%", in percentage points; nothing where no baseline is known."""
        fact = self.facts.find(f"{indicator}_change_since_baseline", "end", scope)
        return figure(fact) if fact is not None and fact.exists else EMPTY

    # -- levels -----------------------------------------------------------------------------

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
            return Markdown(f"{(met or missed)[0]} {_MET if met else _MISSED} được giao")
        # "Các cấp" only where every level is held to a target.
        every = len(facts) == len(self.levels(indicator, period))
        if not missed:
            return Markdown(f"{'các cấp' if every else listed(met)} đều {_MET} được giao")
        if not met:
            return Markdown(f"{'các cấp' if every else listed(missed)} đều {_MISSED} được giao")
        return Markdown(f"{listed(met)} {_MET} được giao, {listed(missed)} {_MISSED}")

    # -- units ------------------------------------------------------------------------------

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
        first = vi.nfc(name).lower()
        is_place = any(first.startswith(f"{place} ") for place in _PLACES)
        return md_escape(vi.lower_first(name) if is_place else name)

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
                return Markdown(f"{left}{self.named(held)} {_MET} ({minimum})")
            which = f"các {noun} còn lại" if after else f"tất cả {noun}"
            return Markdown(f"{which} đều {_MET} ({minimum})")
        if len(missed) == len(held) and len(held) > 1:
            which = f"các {noun} còn lại" if after else f"tất cả {noun}"
            return Markdown(f"{which} đều {_MISSED} ({minimum})")
        who = f"{self._left(missed, level)} {noun} {_MISSED} ({minimum})"
        if len(missed) <= MOST_NAMES:
            who += f" là {self.named(missed)}"
        more = f", các {noun} còn lại đều {_MET}" if len(held) > len(missed) else ""
        return Markdown(who + more)

    def meeting(self, indicator: str, period: PeriodId, level: str) -> Markdown:
        """How many units meet the target: "15/17 sở, ban, ngành đạt chỉ tiêu (tối thiểu 90%)"."""
        fact = self._target_met(indicator, period, level)
        if fact is None:
            return Markdown(_NO_TARGET)
        if fact.suppressed:
            said = f"số {self.noun(level)} đạt chỉ tiêu {figure(fact)}"
            return Markdown(f"{said} {BY_RULE}")
        if not fact.exists:
            return Markdown(f"không {self.noun(level)} nào có số liệu để đánh giá")
        minimum = self.minimum(indicator, level)
        if not fact.numerator:
            said = f"chưa có {self.noun(level)} nào {_MET} ({figure(fact)}, {minimum})"
        elif fact.numerator == fact.denominator:
            share = figure(fact, text="100%", part="share")
            said = f"{share} đơn vị ({figure(fact)}) {_MET} ({minimum})"
        else:
            said = f"{figure(fact)} {_MET} ({minimum})"
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
            return Markdown(_NO_TARGET if any(fact.exists for fact in facts) else none)
        met = sorted((f for f in held if f.met), key=lambda f: -f.exact)
        missed = [fact for fact in held if not fact.met]
        count = self._target_met(indicator, period, level)
        shown = count is not None and not count.suppressed
        counted = figure(count) if count and shown else vi.count(len(met)) + f" {noun}"
        if len(held) == 1:
            verdict = _MET if met else _MISSED
            return Markdown(f"{self.named(held)} {verdict} ({minimum})")
        if not met:
            head = f"chưa có {noun} nào {_MET} ({minimum})"
            return join((head, self._lowest(missed, lowest, noun)), "; ")
        names = "" if len(met) > MOST_NAMES else f": {self.named(met)}"
        if not missed:
            return Markdown(f"cả {counted} đều {_MET} ({minimum}){names}")
        head = f"{counted} {_MET} ({minimum}){names}"
        if len(missed) == 1:
            return Markdown(f"{head}; {noun} còn lại là {self.named(missed)} {_MISSED}")
        rest = join((f"các {noun} còn lại {_MISSED}", self._lowest(missed, lowest, noun)), ", ")
        return Markdown(f"{head}; {rest}")

    def without_cases(self, indicator: str, period: PeriodId, level: str) -> Markdown:
        """The units that had nothing to count: "huyện Lương Tài và …"; may be empty."""
        units = self.units(indicator, period, level)
        none = [fact for fact in units if not fact.exists and not fact.suppressed]
        if len(none) > MOST_NAMES:
            return Markdown(f"{self._left(none, level)} {self.noun(level)}")
        return listed([self.name(fact) for fact in none])

    # -- PAKN -------------------------------------------------------------------------------

    def handled(self, period: PeriodId, scope: str = "all") -> Markdown:
        """ "tiếp nhận **382** PAKN, đã xử lý **193** PAKN, tỷ lệ xử lý đạt **50,5%**"."""
        received = self.facts.get("pakn_received", period, scope)
        resolved = self.facts.get("pakn_resolved", period, scope)
        rate = self.facts.get("pakn_resolution_rate", period, scope)
        if received.suppressed or resolved.suppressed or rate.suppressed:
            told = [
                f"{what} {figure(fact, strong=True)} PAKN"
                for what, fact in (("tiếp nhận", received), ("đã xử lý", resolved))
                if not fact.suppressed
            ]
            left = "các số liệu khác" if told else "có số liệu"
            return join((*told, f"{left} {vi.WITHHELD} {BY_RULE}"), ", ")
        if not received.numerator:
            return Markdown("không tiếp nhận PAKN nào")
        head = f"tiếp nhận {figure(received, strong=True)} PAKN"
        if not resolved.numerator:
            return Markdown(
                f"{head}, chưa xử lý xong PAKN nào (tỷ lệ xử lý {figure(rate, strong=True)})"
            )
        if resolved.numerator == received.numerator:
            every = f"đã xử lý toàn bộ {figure(resolved, strong=True)} PAKN"
            return Markdown(f"{head}, {every} (tỷ lệ xử lý {figure(rate, strong=True)})")
        done = f"đã xử lý {figure(resolved, strong=True)} PAKN"
        return Markdown(f"{head}, {done}, tỷ lệ xử lý đạt {figure(rate, strong=True)}")

    def has_kind(self, kind: str, period: PeriodId = "month") -> bool:
        """Whether units of a kind (service_centre, enterprise) take part this month."""
        return self.facts.find("pakn_received", period, f"kind:{kind}") is not None

    def done_by_kind(self, kind: str, period: PeriodId) -> Markdown:
        """The units of a kind that resolved all they received; empty where none or all did."""
        facts = [
            fact
            for fact in self.facts.where(
                indicator="pakn_resolution_rate", period=period, prefix="unit:"
            )
            if self.catalogue.by_id[fact.unit_id or ""].kind == kind and fact.exists
        ]
        whole = [fact for fact in facts if fact.exact == 100]
        if not whole or len(whole) == len(facts) or len(whole) > MOST_NAMES:
            return EMPTY
        together = "đều " if len(whole) > 1 else ""
        names = listed([self.name(fact) for fact in whole])
        return Markdown(f"{names} {together}đạt tỷ lệ {figure(whole[0], strong=True)}")

    def backlog(self, period: PeriodId) -> Markdown:
        """Where the backlog is greatest; empty where the compared units have none."""
        facts = self.units("pakn_backlog", period, self.peer_level)
        if not any(fact.numerator or fact.suppressed for fact in facts):
            return EMPTY
        return self.extremes(
            "pakn_backlog",
            period,
            "số PAKN tồn đọng",
            high="có số PAKN tồn đọng nhiều nhất",
            unit=" PAKN",
        )

    def topics(self) -> Markdown:
        """The topics of most PAKN this year; empty where there are none."""
        fact = self.facts.get("pakn_top_topics", "ytd")
        return figure(fact) if fact.numerator else EMPTY

    def among_topics(self) -> Markdown:
        """What `topics` are the most of, where one is not published; nothing where all are."""
        topics = self.facts.where(indicator="pakn_received", period="ytd", prefix="topic:")
        hidden = any(fact.suppressed for fact in topics)
        return Markdown(" trong số các nội dung có số liệu được công bố" if hidden else "")

    # -- procedures -------------------------------------------------------------------------

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

    # -- parts ------------------------------------------------------------------------------

    def among(self, indicator: str, period: PeriodId, level: str) -> Markdown:
        """ " có số liệu được công bố" where a unit's figure is not published, else nothing."""
        hidden = self._leaves_out(indicator, period, level)
        return Markdown(" có số liệu được công bố" if hidden else "")

    def _leaves_out(self, indicator: str, period: PeriodId, level: str) -> bool:
        """Whether a unit's figure is not published, so that a sentence is not about all."""
        return any(fact.suppressed for fact in self.units(indicator, period, level))

    def _target_met(self, indicator: str, period: PeriodId, level: str) -> Fact | None:
        spec = self.catalogue.indicators[indicator].target_met
        return None if spec is None else self.facts.find(spec.id, period, f"level:{level}")

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

    def _target_of(self, fact: Fact) -> Target | None:
        level = self.catalogue.level_of(fact.scope)
        return self.catalogue.target(fact.indicator, level, self.month)

    def _minimum_of(self, fact: Fact) -> Markdown:
        target = self._target_of(fact)
        return EMPTY if target is None else Markdown(f"tối thiểu {vi.exact(target.minimum)}%")

    def _all_verdict(self, facts: Sequence[Fact]) -> Markdown:
        held = [fact for fact in facts if fact.met is not None]
        if not held:
            return EMPTY
        together = "đều " if len(held) > 1 else ""
        return Markdown(
            f"{together}{_MET if held[0].met else _MISSED} ({self._minimum_of(held[0])})"
        )

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


def _reads_as(fact: Fact) -> Fraction:
    """The number that a reader sees in a printed percentage."""
    return Fraction(fact.printed.removesuffix("%").replace(".", "").replace(",", "."))
