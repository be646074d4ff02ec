"""Phrases about PAKN: what was handled, the backlog, the topics."""

from __future__ import annotations

from dataclasses import dataclass

from dxreport import vi
from dxreport.markup import EMPTY, Markdown, figure, join, listed
from dxreport.narrative.units import Units
from dxreport.narrative.words import BY_RULE, MOST_NAMES
from dxreport.periods import PeriodId


@dataclass(frozen=True)
class Cases(Units):
    """What is said of PAKN."""

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
