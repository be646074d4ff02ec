"""Which facts a reader sees first: those that `indicators.yml` names, and those with a target."""

from __future__ import annotations

from dataclasses import dataclass

from dxreport.catalogue import LEVELS, Catalogue, Indicator
from dxreport.facts import Fact, Facts
from dxreport.narrative import Narrative
from dxreport.periods import PeriodId


@dataclass(frozen=True)
class Headline:
    """A few figures of one indicator under a title; `when` names their period."""

    title: str
    when: str
    facts: tuple[Fact, ...]


def headlines(facts: Facts, catalogue: Catalogue) -> tuple[Headline, ...]:
    """The headlines of the month that have a figure, in the catalogue's order."""
    say = Narrative(facts, catalogue)
    found = []
    for spec in catalogue.headlines:
        scopes = [
            scope
            for which in spec.scopes
            for scope in ([f"level:{level}" for level in LEVELS] if which == "level" else [which])
        ]
        own = [facts.find(spec.indicator, spec.period, scope) for scope in scopes]
        chosen = tuple(fact for fact in own if fact is not None)
        if chosen:
            is_month = spec.period == "month"
            when = say.period(spec.period) if is_month else f"Đến hết ngày {say.as_of}"
            found.append(Headline(spec.title, when, chosen))
    return tuple(found)


def held_period(indicator: Indicator) -> PeriodId:
    """The period whose figures are held to the indicator's targets first."""
    return "month" if "month" in indicator.periods else "end"


def held_to_target(indicator: Indicator, facts: Facts) -> list[Fact]:
    """The levels' figures of an indicator that a target is in force for."""
    period = held_period(indicator)
    found = (facts.find(indicator.id, period, f"level:{level}") for level in LEVELS)
    return [fact for fact in found if fact and fact.exists and fact.target is not None]
