"""Each published figure against the facts: what agrees, what was rounded otherwise, what differs.

The facts' exact pairs decide, never what they print: a published 14,2 of 1/7 is a truncation of
14,2857, whatever the report prints for it.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from dxreport import vi
from dxreport.catalogue import Catalogue
from dxreport.facts import Fact, Facts
from dxreport.reconcile.published import Published
from dxreport.reconcile.rounding import half_up, ways

Verdict = Literal["agrees", "rounding", "differs", "not found"]
VERDICTS: tuple[Verdict, ...] = ("agrees", "rounding", "differs", "not found")

_NEAREST = 3
_CHANGE, _SINCE = "_change", "_change_since_baseline"
_MOST_NAMED = 5
_OF = re.compile(r"(?<![\d/.,])(\d{1,9})/(\d{1,9})(?![\d/.,]\d|[\d/])")


@dataclass(frozen=True)
class Outcome:
    """What became of a published row; `why` is empty where the figure agrees in every way.

    `scope` is the row's in the facts' terms, empty where there is none; `fact` is the figure that
    it was held against (none for a list or a bound, which speak of many).
    """

    row: Published
    verdict: Verdict
    why: str = ""
    scope: str = ""
    fact: Fact | None = None
    notes: tuple[str, ...] = ()

    @property
    def computed(self) -> str:
        """The facts' figure as the report prints it."""
        return "" if self.fact is None else self.fact.printed


def reconcile(rows: Iterable[Published], facts: Facts, catalogue: Catalogue) -> tuple[Outcome, ...]:
    """The outcome of each row, in the rows' order."""
    comparing = _Comparing(facts, catalogue)
    return tuple(comparing.outcome(row) for row in rows)


def tally(outcomes: Iterable[Outcome]) -> dict[Verdict, int]:
    """How many there are of each verdict."""
    counted = Counter(outcome.verdict for outcome in outcomes)
    return {verdict: counted[verdict] for verdict in VERDICTS}


class _Comparing:
    def __init__(self, facts: Facts, catalogue: Catalogue) -> None:
        self.facts = facts
        self.catalogue = catalogue
        self.indicators = {fact.indicator for fact in facts}
        # A name may be of one unit this year and of another the next.
        self.units = {unit.unit_id: unit.name for unit in catalogue.units_in(facts.month)}

    def outcome(self, row: Published) -> Outcome:
        if row.indicator not in self.indicators:
            near = difflib.get_close_matches(row.indicator, sorted(self.indicators), _NEAREST)
            hint = f"; nearest: {', '.join(near)}" if near else ""
            return Outcome(row, "not found", f"the facts have no indicator {row.indicator}{hint}")
        scope, missing = self._scope(row.scope)
        if missing:
            return Outcome(row, "not found", missing)
        if row.op == "gt":
            return self._above(row, scope)
        if row.op == "list" and scope.startswith("level:"):
            return self._at(row, scope)
        fact = self.facts.find(row.indicator, row.period, scope)
        if fact is None:
            there = {f.period for f in self.facts.where(indicator=row.indicator, prefix=scope)}
            hint = f"; it has {', '.join(sorted(there))}" if there else ""
            return Outcome(row, "not found", f"no such fact for the period{hint}", scope)
        if _figure(fact) is None:
            verdict: Verdict = (
                "differs" if not fact.denominator and not fact.suppressed else "not found"
            )
            return Outcome(row, verdict, f"the report has no figure: {fact.printed}", scope, fact)
        outcome = self._equal(row, scope, fact)
        if row.op in ("max", "min"):
            return self._ranked(outcome, fact)
        return self._topics_of(outcome, fact) if row.op == "list" else outcome

    # -- one figure -------------------------------------------------------------------------

    def _equal(self, row: Published, scope: str, fact: Fact) -> Outcome:
        notes = tuple(self._notes(row, fact))
        if row.unit != fact.unit:
            why = f"published in {row.unit}, computed in {fact.unit}"
            return Outcome(row, "differs", why, scope, fact, notes)
        verdict, why = self._figures(row, fact)
        for words, met in (("(meets target)", True), ("(below target)", False)):
            if words in row.printed and fact.met is not met and verdict != "differs":
                verdict = "differs"
                why = f"published as {words[1:-1]}; the facts say {_told(fact.met)}"
        counted = next(iter(_counts(row.printed)), None)
        if counted and verdict != "differs" and counted != (fact.numerator, fact.denominator):
            own = f"{vi.integer(fact.numerator)}/{vi.integer(fact.denominator)}"
            verdict, why = "differs", f"published of {counted[0]}/{counted[1]}, computed of {own}"
        return Outcome(row, verdict, why, scope, fact, notes)

    def _figures(self, row: Published, fact: Fact) -> tuple[Verdict, str]:
        exact = _figure(fact) or Fraction(0)
        _, places = _as_written(row)
        if exact == row.value:
            return "agrees", ""
        told = f"{vi.decimal(row.value, places)} of {_expanded(exact)}"
        if half_up(exact, places) == row.value:
            own = _first(fact.printed)
            if own is not None and places < own[1]:
                return "rounding", f"fewer decimals: {told}; the report prints {fact.printed}"
            return "agrees", ""
        if found := ways(exact, row.value, places):
            why = f"{' or '.join(found)}: {told}; half up gives {vi.decimal(exact, places)}"
            return "rounding", why
        unrounded = self._unrounded(fact)
        if unrounded is not None and half_up(unrounded, places) == row.value:
            why = f"from unrounded figures: {told} between the two figures as printed"
            return "rounding", why
        off = abs(row.value - exact)
        return "differs", f"{told}, {_expanded(off)} off"

    def _unrounded(self, fact: Fact) -> Fraction | None:
        """A change as it were between unrounded figures; None for what is no change."""
        for suffix in (_SINCE, _CHANGE):
            if not fact.indicator.endswith(suffix):
                continue
            indicator = fact.indicator.removesuffix(suffix)
            now = self.facts.find(indicator, fact.period, fact.scope)
            exact = None if now is None else _figure(now)
            if now is None or exact is None:
                return None
            if suffix == _CHANGE:
                before = self.facts.find(indicator, "previous", fact.scope)
                earlier = None if before is None else _figure(before)
                return None if earlier is None else exact - earlier
            own = _first(now.printed)
            change = _figure(fact)
            return None if own is None or change is None else change + exact - own[0]
        return None

    def _notes(self, row: Published, fact: Fact) -> Iterable[str]:
        if row.section != fact.section:
            yield f"published in section {row.section}, the report has it in {fact.section}"
        text, _ = _as_written(row)
        own = next(
            (own for own, number, _ in vi.numbers(fact.printed) if number == abs(row.value)), ""
        )
        if text and own and text.rstrip("0,") != own.rstrip("0,"):
            yield f"written {text}, the report writes {own}"
        is_group = not fact.scope.startswith(("unit:", "communes_of:"))
        if fact.met is False and is_group and "(below target)" not in row.printed:
            yield f"below its target of {vi.exact(Fraction(str(fact.target)))}%, which is not said"

    # -- many figures -----------------------------------------------------------------------

    def _ranked(self, outcome: Outcome, fact: Fact) -> Outcome:
        """The outcome, and whether the scope is the first among its peers."""
        highest = outcome.row.op == "max"
        rank = fact.rank_high if highest else fact.rank_low
        word = "highest" if highest else "lowest"
        leaders = [
            f
            for f in self.facts.where(
                indicator=fact.indicator, period=fact.period, prefix=_kind(fact.scope)
            )
            if (f.rank_high if highest else f.rank_low) == 1 and self._peers(f) == self._peers(fact)
        ]
        if rank is None:
            return _worse(outcome, f"it is not ranked, so it is not the {word} among peers")
        if rank != 1:
            named = _names(f"{f.name} ({f.printed})" for f in leaders)
            return _worse(outcome, f"not the {word} of {fact.peers}, which is {named}")
        others = [f.name for f in leaders if f.scope != fact.scope]
        if not others:
            return outcome
        note = f"{_names(others)} {'has' if len(others) == 1 else 'have'} the same figure"
        return replace(outcome, notes=(*outcome.notes, note))

    def _peers(self, fact: Fact) -> tuple[str, ...]:
        unit = self.catalogue.by_id.get(fact.unit_id or "")
        kind = _kind(fact.scope)
        return (kind,) if unit is None or kind != "unit:" else (kind, unit.level, unit.kind)

    def _topics_of(self, outcome: Outcome, fact: Fact) -> Outcome:
        """The outcome, and whether the names are those that the fact prints."""
        return _same_names(outcome, _listed(outcome.row.printed), _listed(fact.printed))

    def _at(self, row: Published, scope: str) -> Outcome:
        """Whether exactly the named units of a level stand at the value."""
        members = self._of_level(row, scope)
        if not members:
            return Outcome(row, "not found", "no unit of the level has a figure", scope)
        at = [fact.name for fact in members if _figure(fact) == row.value]
        heading, colon, rest = row.printed.partition(": ")
        outcome = _same_names(
            Outcome(row, "agrees", scope=scope), _listed(rest if colon else heading), at
        )
        counted = next((number for _, number, places in vi.numbers(heading) if not places), None)
        if colon and outcome.verdict == "agrees" and counted not in (None, len(at), row.value):
            return _worse(outcome, f"{counted} are said, {len(at)} are named")
        return outcome

    def _above(self, row: Published, scope: str) -> Outcome:
        members = self._of_level(row, scope)
        if not members:
            return Outcome(row, "not found", "no unit of the level has a figure", scope)
        below = [f for f in members if (exact := _figure(f)) is not None and exact <= row.value]
        if below:
            named = _names(f"{fact.name} ({fact.printed})" for fact in below)
            return Outcome(row, "differs", f"not above: {named}", scope)
        return Outcome(row, "agrees", scope=scope, notes=(f"all {len(members)} units",))

    def _of_level(self, row: Published, scope: str) -> list[Fact]:
        """The units of the level that have a figure, on the province's own system."""
        level = scope.removeprefix("level:")
        return [
            fact
            for fact in self.facts.where(indicator=row.indicator, period=row.period, prefix="unit:")
            if "@" not in fact.scope
            and self.catalogue.by_id[fact.unit_id or ""].level == level
            and _figure(fact) is not None
        ]

    # -- scopes -----------------------------------------------------------------------------

    def _scope(self, published: str) -> tuple[str, str]:
        """The scope of the facts, or why there is none. Units stand by name, or by their id."""
        kind, colon, rest = published.partition(":")
        if kind in ("unit", "communes_of"):
            name, at, system = rest.partition("@")
            found, why = self._unit(name)
            return (f"{kind}{colon}{found}{at}{system}", "") if found else ("", why)
        if kind == "topic":
            topics = self.catalogue.topics.items()
            found = next((key for key, name in topics if _folded(name) == _folded(rest)), rest)
            return f"topic:{found}", ""
        return published, ""

    def _unit(self, name: str) -> tuple[str, str]:
        """The id of the unit of that name, or why it is not known."""
        if name.strip() in self.units:
            return name.strip(), ""
        found = [key for key, own in self.units.items() if _folded(own) == _folded(name)]
        if len(found) == 1:
            return found[0], ""
        if found:
            return "", f"{len(found)} units are called so; write the id: {', '.join(found)}"
        known = {_folded(own): f"{own} ({key})" for key, own in self.units.items()}
        near = difflib.get_close_matches(_folded(name), known, _NEAREST)
        hint = f"; nearest: {', '.join(known[text] for text in near)}" if near else ""
        return "", f"the catalogue has no unit of this name{hint}"


def _folded(name: str) -> str:
    return " ".join(vi.nfc(name).split()).casefold()


def _kind(scope: str) -> str:
    kind, colon, _ = scope.partition(":")
    return kind + colon


def _figure(fact: Fact) -> Fraction | None:
    """The exact figure; None where there is none, or where it is not published."""
    if fact.value is None:
        return None
    # The count of units that meet a target stands over the number of all.
    return Fraction(fact.numerator) if fact.unit == "units" else fact.exact


def _as_written(row: Published) -> tuple[str, int]:
    """The published figure as its document wrote it, and its decimals there.

    Where the document's words do not have the value, the value's own decimals count.
    """
    for text, number, places in vi.numbers(row.printed):
        if number == abs(row.value):
            return text, places
    return "", row.places


def _first(printed: str) -> tuple[Fraction, int] | None:
    return next(((number, places) for _, number, places in vi.numbers(printed)), None)


def _expanded(value: Fraction) -> str:
    """The number with as many decimals as tell it apart; an ellipsis where there are more."""
    for places in range(5):
        if (value * 10**places).denominator == 1:
            return vi.decimal(value, places)
    cut = Fraction(int(value * 10**4), 10**4)
    return f"{vi.decimal(cut, 4)}…"


def _told(met: bool | None) -> str:
    return {True: "it meets it", False: "it does not", None: "there is no verdict"}[met]


def _counts(printed: str) -> Iterable[tuple[int, int]]:
    """What the text says that a figure is of: "34/37 hồ sơ" is (34, 37)."""
    return [(int(found[1]), int(found[2])) for found in _OF.finditer(printed)]


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(";") if name.strip()]


def _same_names(outcome: Outcome, published: Sequence[str], own: Sequence[str]) -> Outcome:
    known, named = {_folded(name) for name in own}, {_folded(name) for name in published}
    if known == named:
        return outcome
    more = [name for name in published if _folded(name) not in known]
    fewer = [name for name in own if _folded(name) not in named]
    parts = [f"published but not so: {_names(more)}"] if more else []
    parts += [f"not published: {_names(fewer)}"] if fewer else []
    return _worse(outcome, "; ".join(parts))


def _names(names: Iterable[str]) -> str:
    every = list(names)
    rest = len(every) - _MOST_NAMED
    return ", ".join(every[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _worse(outcome: Outcome, why: str) -> Outcome:
    reasons = "; ".join(reason for reason in (outcome.why, why) if reason)
    return replace(outcome, verdict="differs", why=reasons)
