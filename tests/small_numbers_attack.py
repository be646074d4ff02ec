"""An attacker on the published facts of a year: knows them, the units and the definitions.

Nothing here comes from `dxreport.suppression`. Every count that any report could print is an
unknown; what is printed is known; the rest follows from `indicators.yml`. A blank count is had
back where a linear program leaves it no two whole numbers.
"""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

DAY = 86_400

# indicator: (table, numerator, denominator), as in data/reference/indicators.yml
INDICATORS = {
    "documents_signed_rate": ("documents", "signed", "outgoing"),
    "pakn_received": ("pakn", "received", None),
    "pakn_resolved": ("pakn", "resolved", None),
    "pakn_resolution_rate": ("pakn", "resolved", "received"),
    "pakn_backlog": ("pakn", "backlog", None),
    "pakn_satisfaction_mean": ("pakn", "stars", "rated"),
    "pakn_processing_days_mean": ("pakn", "seconds", "resolved"),
    "pakn_on_time_rate": ("pakn", "on_time", "due"),
    "e_copy_rate": ("e_copies", "electronic", "certified"),
    "e_copy_commune_mean": ("e_copies", "electronic", "certified"),
    "online_filing_rate": ("procedures", "online", "received"),
    "procedures_overdue": ("procedures", "overdue", None),
    "procedures_overdue_rate": ("procedures", "overdue", "received"),
    "digitisation_rate": ("procedures", "digitised", "received"),
    "online_payment_rate": ("procedures", "paid", "fee"),
}
PARTS = {  # part <= whole, in a month's cohort and in the year's
    "documents": [("signed", "outgoing")],
    "e_copies": [("electronic", "certified")],
    "procedures": [
        ("online", "received"),
        ("digitised", "received"),
        ("fee", "received"),
        ("paid", "fee"),
        ("overdue", "received"),
    ],
    "pakn": [
        ("resolved", "received"),
        ("backlog", "received"),
        ("on_time", "resolved"),
        ("resolved", "due"),
        ("due", "received"),
        ("rated", "resolved"),
        ("rated", "stars"),
    ],
}

Name = tuple[str, str, str, int]
"""measure, scope, span (month or ytd), month."""


@dataclass
class Knowledge:
    """Linear (in)equalities over counts, by name: sum of factors times counts <= or == 0."""

    table: str
    known: dict[Name, int] = field(default_factory=dict)
    blank: set[Name] = field(default_factory=set)
    equal: list[dict[Name, float]] = field(default_factory=list)
    most: list[dict[Name, float]] = field(default_factory=list)

    def names(self) -> list[Name]:
        found = dict.fromkeys(self.known) | dict.fromkeys(sorted(self.blank))
        for row in (*self.equal, *self.most):
            found |= dict.fromkeys(row)
        return list(found)


def read(folder: Path) -> dict[str, Knowledge]:
    """What the published `facts.csv` of each month prints, by table."""
    found = {table: Knowledge(table) for table in PARTS}
    for path in sorted(folder.glob("*.csv")):
        month = int(path.stem[-2:])
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["indicator"] not in INDICATORS:
                    continue
                table, *measures = INDICATORS[row["indicator"]]
                at, span = month, "month" if row["period"] in ("month", "previous") else "ytd"
                if row["period"] == "previous":
                    at -= 1
                if at < 1:
                    continue
                own = found[table]
                for measure, text in zip(
                    measures, (row["numerator"], row["denominator"]), strict=True
                ):
                    if measure is None:
                        continue
                    name = (measure, row["scope"], span, at)
                    if text:
                        assert own.known.setdefault(name, int(text)) == int(text)
                    else:
                        own.blank.add(name)
    return found


def understand(own: Knowledge, units: Iterable[Mapping[str, str]], months: int) -> None:
    """Adds what the definitions say of the counts of a table."""
    by_id = {unit["unit_id"]: unit for unit in units}
    told = {*own.known, *own.blank}
    scopes = sorted({name[1] for name in told})
    measures = sorted({name[0] for name in told})
    bottom = [s for s in scopes if s.startswith("unit:") and "@" not in s]
    groups: dict[str, list[str]] = {}
    for scope in scopes:
        kind, _, rest = scope.partition(":")
        tests = {
            "all": lambda _: True,
            "level": lambda unit, rest=rest: unit["level"] == rest,
            "kind": lambda unit, rest=rest: unit["kind"] == rest,
            "communes_of": lambda unit, rest=rest: unit["parent_id"] == rest,
        }
        if kind in tests:
            groups[scope] = [s for s in bottom if tests[kind](by_id[s.removeprefix("unit:")])]
    groups["topics"] = [s for s in scopes if s.startswith("topic:")]
    for m in range(1, months + 1):
        for span in ("month", "ytd"):
            for measure in measures:
                for scope, members in groups.items():
                    if scope == "topics" and (
                        measure not in ("received", "resolved") or not members
                    ):
                        continue
                    whole = (measure, "all" if scope == "topics" else scope, span, m)
                    row = {whole: -1.0}
                    row |= {(measure, member, span, m): 1.0 for member in members}
                    own.equal.append(row)
        for scope in scopes:
            _of_scope(own, scope, m, measures)
    if own.table == "procedures":  # no month's figures are printed, only the year's
        own.equal = [row for row in own.equal if all(name[2] == "ytd" for name in row)]
        own.most = [row for row in own.most if all(name[2] == "ytd" for name in row)]


def _of_scope(own: Knowledge, scope: str, m: int, measures: list[str]) -> None:
    has = set(measures) if not scope.startswith("topic:") else {"received", "resolved"}

    def year(measure: str, at: int) -> dict[Name, float]:
        return {(measure, scope, "ytd", at): 1.0} if at else {}

    for span in ("month", "ytd"):
        for part, whole in PARTS[own.table]:
            if {part, whole} <= has:
                own.most.append({(part, scope, span, m): 1.0, (whole, scope, span, m): -1.0})
        if "backlog" in has:
            row = {("received", scope, span, m): -1.0, ("resolved", scope, span, m): 1.0}
            own.equal.append(row | {("backlog", scope, span, m): 1.0})
        if "stars" in has:
            row = {("stars", scope, span, m): 1.0, ("rated", scope, span, m): -5.0}
            own.most.append(row)
    grows = {
        "documents": (measures, []),
        "e_copies": (measures, []),
        "procedures": ([], measures),
        "pakn": (["received"], ["resolved", "on_time", "due", "rated", "stars", "seconds"]),
    }[own.table]
    for measure in sorted(has & set(grows[0])):
        row = {(measure, scope, "ytd", m): -1.0, (measure, scope, "month", m): 1.0}
        own.equal.append(row | year(measure, m - 1))
    for measure in sorted(has & set(grows[1])):
        row = {(measure, scope, "ytd", m): -1.0} | year(measure, m - 1)
        if own.table == "pakn":
            row[measure, scope, "month", m] = 1.0
        own.most.append(row)
    if own.table == "procedures":
        for part, whole in PARTS["procedures"][:4]:  # what is received in the month alone
            row = {(part, scope, "ytd", m): 1.0, (whole, scope, "ytd", m): -1.0}
            if m > 1:
                row |= {(part, scope, "ytd", m - 1): -1.0, (whole, scope, "ytd", m - 1): 1.0}
            own.most.append(row)
    if own.table == "pakn":
        # Waiting at the end of the year to date: at least this month's own.
        own.most.append(
            {
                ("received", scope, "month", m): 1.0,
                ("resolved", scope, "month", m): -1.0,
                ("received", scope, "ytd", m): -1.0,
                ("resolved", scope, "ytd", m): 1.0,
            }
        )
        if "rated" in has:
            row = {("rated", scope, "ytd", m): 1.0, ("rated", scope, "month", m): -1.0}
            row |= {("resolved", scope, "ytd", m): -1.0, ("resolved", scope, "month", m): 1.0}
            if m > 1:
                row |= {("rated", scope, "ytd", m - 1): -1.0}
                row |= {("resolved", scope, "ytd", m - 1): 1.0}
            own.most.append(row)


def recovered(own: Knowledge, *, rounds: int = 60) -> dict[Name, tuple[float, float]]:
    """The blank counts that have no two whole numbers left, each with its limits."""
    names = own.names()
    place = {name: n for n, name in enumerate(names)}
    bounds = [(0.0, None)] * len(names)
    for name, value in own.known.items():
        bounds[place[name]] = (value, value)
    equal, most = _matrix(own.equal, place), _matrix(own.most, place)

    def solve(cost: np.ndarray) -> np.ndarray:
        done = linprog(
            cost,
            A_ub=most,
            b_ub=np.zeros(most.shape[0]),
            A_eq=equal,
            b_eq=np.zeros(equal.shape[0]),
            bounds=bounds,
            method="highs",
        )
        if done.status == 3:  # nothing limits it
            return np.full(len(names), math.nan)
        assert done.status == 0, done.message
        return done.x

    low = dict.fromkeys(own.blank, math.inf)
    high = dict.fromkeys(own.blank, -math.inf)
    chance = random.Random(0)

    def note(values: np.ndarray) -> None:
        for name in own.blank:
            value = values[place[name]]
            if math.isnan(value):
                continue
            low[name], high[name] = min(low[name], value), max(high[name], value)

    def left() -> list[Name]:
        return [
            n
            for n in sorted(own.blank)
            if high[n] < low[n] or math.floor(high[n] + 1e-6) - math.ceil(low[n] - 1e-6) < 1
        ]

    # Ways through the middle first: each settles many at once.
    most_large = 1.0e4
    bounds = [
        (a, most_large if b is None and names[n][0] != "seconds" else b)
        for n, (a, b) in enumerate(bounds)
    ]
    bounds = [(a, 1.0e11 if b is None else b) for a, b in bounds]
    for _ in range(rounds):
        open_ = left()
        if not open_:
            break
        cost = np.zeros(len(names))
        for name in open_:
            cost[place[name]] = chance.uniform(-1, 1) / (DAY if name[0] == "seconds" else 1)
        note(solve(cost))
    for name in left():
        for sign in (1.0, -1.0):
            cost = np.zeros(len(names))
            cost[place[name]] = sign
            note(solve(cost))
    return {name: (low[name], high[name]) for name in left()}


def _matrix(rows: list[dict[Name, float]], place: Mapping[Name, int]) -> csr_array:
    starts = np.cumsum([0, *(len(row) for row in rows)])
    at = np.array([place[name] for row in rows for name in row], dtype=np.int32)
    factors = np.array([factor for row in rows for factor in row.values()])
    return csr_array((factors, at, starts), shape=(len(rows), len(place)))
