"""What is counted, as integer unknowns: the world that an attacker would have to solve for.

Each table of records becomes a `World`: unknowns (the finest counts that the published figures
are sums of), the truth of each, what must hold between them whatever the truth is, and every
figure's count as a sum of unknowns. What holds follows from the definitions alone: a part is
not more than its whole, a group is the sum of its units, a year is the sum of its months, and
what was resolved or overdue once stays so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from dxreport.errors import DxError
from dxreport.periods import Month

Span = Literal["month", "ytd"]

PART_OF: Final[Mapping[str, Mapping[str, str]]] = {
    "documents": {"signed_from_work_file": "outgoing"},
    "e_copies": {"electronic": "certified"},
    "procedures": {
        "filed_online": "received",
        "overdue": "received",
        "digitised": "received",
        "fee_due": "received",
        "paid_online": "fee_due",
    },
    "pakn": {
        "resolved": "received",
        "backlog": "received",
        "on_time_base": "received",
        "on_time": "on_time_base",
        "rated": "resolved",
    },
}
"""For each table: the whole that a measure counts a part of."""

SUM_OVER: Final[Mapping[str, str]] = {"stars": "rated", "seconds": "resolved"}
"""Sums over cases, which count none; what hides them is told in `pattern`."""

_LATER: Final = frozenset({"overdue"})
"""Measures that a dossier can join in a later month than the one it was received in."""

Form = Mapping[int, int]
"""A sum of unknowns: factor by place."""


class Count(NamedTuple):
    """A count that a report publishes: `measure` of `scope` over `span`, as of `month`."""

    measure: str
    scope: str
    span: Span
    month: Month


class Row(NamedTuple):
    """`low` <= the form <= `high`; None where there is no limit."""

    form: Form
    low: int | None
    high: int | None


@dataclass
class World:
    """The unknowns of one table over the months of a year."""

    truth: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def unknown(self, truth: int) -> int:
        """A new unknown that is not negative; its place."""
        if truth < 0:
            raise DxError("internal: an unknown of the suppression is negative")
        self.truth.append(truth)
        return len(self.truth) - 1

    def holds(self, form: Form, low: int | None = 0, high: int | None = None) -> None:
        """Something that everybody knows, whatever the truth is."""
        value = self.value(form)
        if (low is not None and value < low) or (high is not None and value > high):
            raise DxError("internal: the suppression takes something for certain that is not so")
        self.rows.append(Row(form, low, high))

    def value(self, form: Form) -> int:
        return sum(factor * self.truth[at] for at, factor in form.items())


def plus(*forms: Form, times: Sequence[int] | None = None) -> dict[int, int]:
    """The sum of forms, each times a factor."""
    total: dict[int, int] = {}
    for form, factor in zip(forms, times or [1] * len(forms), strict=True):
        for at, own in form.items():
            total[at] = total.get(at, 0) + factor * own
    return {at: factor for at, factor in total.items() if factor}


def minus(form: Form, *others: Form) -> dict[int, int]:
    return plus(form, *others, times=[1, *([-1] * len(others))])


Truth = Callable[[str, Span, int], int]
"""From measure, span and place of the month to the count."""


def additive(
    world: World, table: str, measures: Sequence[str], truth: Truth, months: int
) -> dict[tuple[str, Span, int], Form]:
    """One unit of a table in which a year is the sum of its months."""
    forms: dict[tuple[str, Span, int], Form] = {}
    for measure in measures:
        year: Form = {}
        for m in range(months):
            before = truth(measure, "ytd", m - 1) if m else 0
            own = {world.unknown(truth(measure, "ytd", m) - before): 1}
            year = plus(year, own)
            forms[measure, "month", m], forms[measure, "ytd", m] = own, year
    for part, whole in PART_OF[table].items():
        spans: tuple[Span, ...] = ("ytd",) if part in _LATER else ("month",)
        for span in spans:
            for m in range(months):
                world.holds(minus(forms[whole, span, m], forms[part, span, m]))
    return forms


def pakn_of_unit(world: World, truth: Truth, months: int) -> dict[tuple[str, Span, int], Form]:
    """One unit's PAKN: how each month's and the year's stand at the end of each month.

    A PAKN waits or is past due, or was resolved in time or late; it never goes back.
    """
    forms: dict[tuple[str, Span, int], Form] = {}
    before: dict[str, Form] = {}
    for m in range(months):
        now: dict[Span, dict[str, Form]] = {"month": {}, "ytd": {}}
        for span, stand in now.items():
            counts = {measure: truth(measure, span, m) for measure in PART_OF["pakn"]}
            counts["received"] = truth("received", span, m)
            parts = {
                "on_time": counts["on_time"],
                "late": counts["resolved"] - counts["on_time"],
                "past_due": counts["on_time_base"] - counts["resolved"],
                "waiting": counts["received"] - counts["on_time_base"],
                "rated": counts["rated"],
            }
            for part, own in parts.items():
                stand[part] = {world.unknown(own): 1}
            resolved = plus(stand["on_time"], stand["late"])
            forms |= {
                ("on_time", span, m): stand["on_time"],
                ("resolved", span, m): resolved,
                ("on_time_base", span, m): plus(resolved, stand["past_due"]),
                ("backlog", span, m): plus(stand["past_due"], stand["waiting"]),
                ("received", span, m): plus(resolved, stand["past_due"], stand["waiting"]),
                ("rated", span, m): stand["rated"],
            }
            stand["resolved"] = resolved
        _moves(world, now["month"], now["ytd"], before)
        before = now["ytd"]
    return forms


def _moves(
    world: World,
    month: Mapping[str, Form],
    year: Mapping[str, Form],
    before: Mapping[str, Form],
) -> None:
    """From one end of a month to the next: what was there, what came, what became of it."""
    had = {part: before.get(part, {}) for part in year}
    older = {part: minus(year[part], had[part], month[part]) for part in year}
    # As many as there were: nobody vanishes.
    everyone = plus(*(older[part] for part in ("on_time", "late", "past_due", "waiting")))
    world.holds(everyone, 0, 0)
    world.holds(older["on_time"])
    world.holds(minus(year["waiting"], month["waiting"]))
    # Of the older ones that were resolved late, some had been past due before.
    fell = world.value(older["past_due"])
    from_past_due = {world.unknown(max(0, -fell)): 1}
    world.holds(minus(had["past_due"], from_past_due))
    world.holds(minus(older["late"], from_past_due))
    world.holds(plus(older["past_due"], from_past_due))
    for group in (month, older):
        world.holds(group["rated"])
        world.holds(minus(group["resolved"], group["rated"]))


def pakn_of_topic(world: World, truth: Truth, months: int) -> dict[tuple[str, Span, int], Form]:
    """One topic's PAKN: received, resolved and not."""
    forms: dict[tuple[str, Span, int], Form] = {}
    received: Form = {}
    before: Form = {}
    for m in range(months):
        done = {world.unknown(truth("resolved", "month", m)): 1}
        backlog = {world.unknown(truth("backlog", "month", m)): 1}
        received = plus(received, done, backlog)
        year = {world.unknown(truth("resolved", "ytd", m)): 1}
        world.holds(minus(year, before, done))
        world.holds(minus(received, year, backlog))
        before = year
        forms |= {
            ("received", "month", m): plus(done, backlog),
            ("resolved", "month", m): done,
            ("backlog", "month", m): backlog,
            ("received", "ytd", m): received,
            ("resolved", "ytd", m): year,
            ("backlog", "ytd", m): minus(received, year),
        }
    return forms
