"""Every figure that the dispatch of September 2024 prints, against the facts of the sample.

`published-2024-09.csv` holds them, one a row. What is compared is what `dxreport facts` prints;
nothing of dxreport is imported here.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from command import ROOT, run

PUBLISHED = Path(__file__).with_name("published-2024-09.csv")
DISTRICTS = 8

MENDED = {
    # The one figure that the dispatch truncates; 1/7 = 14,2857 is 14,3 half up.
    ("pakn_resolution_rate", "kind:service_centre"): ("14.3", "14,3%"),
}
SET_RIGHT = {
    # The same figure, written by the house's rules.
    "86 %": "86,0%",
    "1298": "1.298",
    "Cấp huyện, 100% các đơn vị đạt và vượt chỉ tiêu trước hạn (8/8)": "8/8",
}


@dataclass(frozen=True)
class Row:
    """A row of the published figures."""

    section: str
    period: str
    indicator: str
    scope: str
    op: str
    value: str
    unit: str
    printed: str

    @property
    def id(self) -> str:
        return "-".join((self.section, self.period, self.indicator, self.scope, self.op))


Key = tuple[str, str, str]
Fact = Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """The facts as rows of text, by indicator, period and scope; and the ids of names."""

    facts: Mapping[Key, Fact]
    unit_ids: Mapping[str, str]
    levels: Mapping[str, str]

    def scope(self, published: str) -> str:
        """The scope of the facts for one of the dispatch, which names units by name."""
        kind, colon, name = published.partition(":")
        if kind not in ("unit", "communes_of"):
            return published
        name, at, system = name.partition("@")
        return f"{kind}{colon}{self.unit_ids[name]}{at}{system}"

    def of_level(self, row: Row) -> Iterator[Fact]:
        """The facts with a figure of the units of a level, for the row's indicator and period."""
        level = row.scope.removeprefix("level:")
        for (indicator, period, scope), fact in self.facts.items():
            if (indicator, period) == (row.indicator, row.period) and scope.startswith("unit:"):
                unit_level = self.levels[scope.removeprefix("unit:").split("@")[0]]
                if unit_level == level and fact["denominator"] != "0":
                    yield fact


def published() -> list[Row]:
    lines = PUBLISHED.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line and not line.startswith("#")]
    return [Row(**row) for row in csv.DictReader(kept)]


ROWS = published()


@pytest.fixture(scope="module")
def table() -> Table:
    done = run("facts", "2024-09", "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    units = (ROOT / "data" / "reference" / "units.csv").read_text(encoding="utf-8")
    known = list(csv.DictReader(io.StringIO(units)))
    return Table(
        {
            (row["indicator"], row["period"], row["scope"]): row
            for row in csv.DictReader(io.StringIO(done.stdout))
        },
        {unit["name"]: unit["unit_id"] for unit in known},
        {unit["unit_id"]: unit["level"] for unit in known},
    )


# -- one row --------------------------------------------------------------------------------


def disagreements(row: Row, table: Table) -> list[str]:
    """In what the facts depart from a published row."""
    compare = {"eq": _equal, "max": _highest, "min": _lowest, "list": _listed, "gt": _above}
    return [f"{row.id}: {what}" for what in compare[row.op](row, table)]


def _equal(row: Row, table: Table) -> Iterator[str]:
    fact = table.facts.get((row.indicator, row.period, table.scope(row.scope)))
    if fact is None:
        yield "no such fact"
        return
    value, text = MENDED.get((row.indicator, row.scope), (row.value, row.printed))
    if fact["section"] != row.section:
        yield f"section {fact['section']}"
    if fact["unit"] != row.unit:
        yield f"unit {fact['unit']!r}"
    if not fact["value"] or rounded(exact(fact), value) != Decimal(value):
        yield f"value {fact['value']}, printed by the dispatch as {value}"
    elif abs(Decimal(fact["value"]) - exact(fact)) > Decimal("1e-9"):
        yield f"value {fact['value']} is not {exact(fact)}"
    text = SET_RIGHT.get(text, text)
    if not begins(text, fact["printed"]):
        yield f"prints {fact['printed']!r}, the dispatch {text!r}"
    for verdict, met in (("(meets target)", "true"), ("(below target)", "false")):
        if verdict in row.printed and fact["met"] != met:
            yield f"met is {fact['met']!r}"
    counted = re.search(r"(\d+)/(\d+)", text)
    if counted and counted.groups() != (fact["numerator"], fact["denominator"]):
        yield f"counts {fact['numerator']}/{fact['denominator']}"


def _highest(row: Row, table: Table) -> Iterator[str]:
    yield from _extreme(row, table, "rank_high")


def _lowest(row: Row, table: Table) -> Iterator[str]:
    yield from _extreme(row, table, "rank_low")


def _extreme(row: Row, table: Table, rank: str) -> Iterator[str]:
    yield from _equal(row, table)
    scope = table.scope(row.scope)
    kind = scope.partition(":")[0]
    first = [
        fact["scope"]
        for (indicator, period, place), fact in table.facts.items()
        if (indicator, period) == (row.indicator, row.period)
        and place.startswith(kind)
        and fact[rank] == "1"
        and fact["peers"] == str(DISTRICTS)
    ]
    # The dispatch names one: nobody ties with it, and all eight districts were compared.
    if first != [scope]:
        yield f"{rank} 1 is that of {first}"


def _listed(row: Row, table: Table) -> Iterator[str]:
    if row.indicator == "pakn_top_topics":
        yield from _equal(row, table)
        if (fact := table.facts[row.indicator, row.period, row.scope])["printed"] != row.printed:
            yield f"names {fact['printed']!r}"
        return
    heading, _, names = row.printed.partition(": ")
    whole = {fact["name"] for fact in table.of_level(row) if exact(fact) == Decimal(row.value)}
    if whole != set(names.split("; ")):
        yield f"the units at {row.value} are {sorted(whole)}"
    if not heading.startswith(f"{len(whole)} units"):
        yield f"{len(whole)} units"
    if any(f["printed"] != f"{row.value}%" for f in table.of_level(row) if f["name"] in whole):
        yield "printed otherwise"


def _above(row: Row, table: Table) -> Iterator[str]:
    values = {fact["name"]: exact(fact) for fact in table.of_level(row)}
    if len(values) < DISTRICTS:
        yield f"only {len(values)} units have a figure"
    yield from (f"{name} at {v}" for name, v in values.items() if v <= Decimal(row.value))


def exact(fact: Fact) -> Decimal:
    """The figure from its pair of integers, far finer than anything printed."""
    scale = {"%": Decimal(100), "days": Decimal(1) / 86_400}.get(fact["unit"], Decimal(1))
    if fact["unit"] == "units":
        return Decimal(fact["numerator"])
    return Decimal(fact["numerator"]) * scale / Decimal(fact["denominator"])


def rounded(value: Decimal, like: str) -> Decimal:
    """Half up, to as many places as `like` has."""
    return value.quantize(Decimal(1).scaleb(Decimal(like).as_tuple().exponent), ROUND_HALF_UP)


def begins(text: str, printed: str) -> bool:
    """Whether the dispatch's words begin with the fact's figure (and noun), and not within it."""
    words = printed if text.startswith(printed) else printed.split(" ")[0]
    return text.startswith(words) and not re.match(r"[\w%,./]", text[len(words) :])


# -- all rows -------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_the_facts_agree_with_the_dispatch(row: Row, table: Table) -> None:
    assert disagreements(row, table) == []


def test_every_published_row_is_compared() -> None:
    """None is lost on the way from the file, and none is of a kind that is not compared."""
    text = PUBLISHED.read_text(encoding="utf-8")
    figures = [line for line in text.splitlines() if re.match(r"[1-6],(month|ytd|end),", line)]
    assert len(ROWS) == len(figures) == 90
    assert Counter(row.op for row in ROWS) == {"eq": 65, "max": 11, "min": 10, "list": 2, "gt": 2}
    assert len({row.id for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_the_comparison_sees_a_difference(row: Row, table: Table) -> None:
    """Another figure, another text, another unit in the lead: each row would say so."""
    if row.op == "gt":
        assert disagreements(replace(row, value="99.999"), table)
        return
    if row.op == "list":
        assert disagreements(replace(row, printed=row.printed + "; Sở Y tế"), table)
        return
    mended = (row.indicator, row.scope) in MENDED
    step = Decimal(1).scaleb(Decimal(row.value).as_tuple().exponent)
    moved = replace(row, value=str(Decimal(row.value) + step))
    # A mended row is held to its mended figure, whatever the file says.
    assert bool(disagreements(moved, table)) is not mended
    assert disagreements(replace(row, section="7"), table)
    if not mended:
        assert disagreements(replace(row, printed="1" + row.printed), table)
    if row.op in ("max", "min"):
        other = replace(row, op="min" if row.op == "max" else "max")
        assert disagreements(other, table)


def test_the_mended_figure_is_one_seventh(table: Table) -> None:
    fact = table.facts["pakn_resolution_rate", "month", "kind:service_centre"]
    assert (fact["numerator"], fact["denominator"], fact["printed"]) == ("1", "7", "14,3%")


def test_what_the_dispatch_leaves_unsaid_is_said(table: Table) -> None:
    digitised = table.facts["digitisation_rate", "end", "level:province"]
    assert (digitised["target"], digitised["met"], digitised["printed"]) == (
        "100.0",
        "false",
        "99%",
    )
    finance = table.unit_ids["Sở Tài chính"]
    own = table.facts["online_filing_rate", "end", f"unit:{finance}"]
    ministry = table.facts["online_filing_rate", "end", f"unit:{finance}@Bộ Tài chính"]
    assert (own["printed"], own["met"]) == ("0%", "false")
    assert (ministry["numerator"], ministry["denominator"]) == ("34", "37")
    assert (ministry["target"], ministry["met"]) == ("", "")
