"""`dxreport reconcile`: figures published earlier against the facts."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from dataclasses import replace
from decimal import ROUND_DOWN, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from command import ROOT, run
from dxreport.errors import ContractError, UsageError
from dxreport.reconcile import Outcome, Published, read_published, reconcile
from dxreport.reconcile.rounding import half_up, ways
from dxreport.report import Report, build_report

PUBLISHED = Path(__file__).with_name("published-2024-09.csv")
HEAD = "section,period,indicator,scope,op,value,unit,printed\n"
# What the dispatch's figures are known to depart in, and how.
ROUNDED = {
    ("month", "kind:service_centre"): "truncated: 14,2 of 14,2857…; half up gives 14,3",
    ("ytd", "all"): "fewer decimals: 86 of 86,0449…; the report prints 86,0%",
}


@pytest.fixture(scope="module")
def report() -> Report:
    return build_report("2024-09", ROOT / "data" / "sample", ROOT)


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str, str, str], Published]:
    return {(r.period, r.indicator, r.scope, r.op): r for r in read_published(PUBLISHED)}


def outcome(report: Report, row: Published) -> Outcome:
    return reconcile([row], report.facts, report.catalogue)[0]


def told(report: Report, row: Published) -> tuple[str, str]:
    found = outcome(report, row)
    return found.verdict, found.why


def a_row(**given: object) -> Published:
    """The province's PAKN of September, published as it is."""
    plain = Published(2, 2, "month", "pakn_received", "all", "eq", Fraction(382), 0, "count", "382")
    return replace(plain, **given)


# -- the dispatch


def test_the_dispatch_agrees_but_for_what_it_rounds_otherwise() -> None:
    done = run("reconcile", "2024-09", PUBLISHED, "--format", "csv")
    assert done.returncode == 0
    assert done.stderr == "90 figures: 88 agree, 2 differ by rounding, 0 differ, 0 not found.\n"
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert Counter(row["verdict"] for row in rows) == {"agrees": 88, "rounding": 2}
    rounded = {(r["period"], r["scope"]): r["why"] for r in rows if r["verdict"] == "rounding"}
    assert rounded == ROUNDED
    assert {row["why"] for row in rows if row["verdict"] == "agrees"} == {""}
    # The row of the file, comments counted.
    lines = PUBLISHED.read_text(encoding="utf-8").splitlines()
    assert all(lines[int(r["row"]) - 1].startswith(f"{r['section']},{r['period']},") for r in rows)


def test_what_the_dispatch_writes_or_leaves_unsaid_is_noted() -> None:
    done = run("reconcile", "2024-09", PUBLISHED, "--format", "json", "--strict")
    assert done.returncode == 1  # two figures are rounded otherwise
    rows = json.loads(done.stdout)
    notes = {(r["indicator"], r["period"], r["scope"]): r["notes"] for r in rows if r["notes"]}
    assert notes == {
        ("documents_signed_rate", "month", "level:province"): "all 19 units",
        ("documents_signed_rate", "month", "level:district"): "all 8 units",
        (
            "pakn_received",
            "ytd",
            "unit:256",
        ): "written 1298, the report writes 1.298",
        (
            "online_filing_rate",
            "end",
            "level:province",
        ): "below its target of 90%, which is not said",
        (
            "digitisation_rate",
            "end",
            "level:province",
        ): "below its target of 100%, which is not said",
    }


def test_the_table_is_for_reading() -> None:
    done = run("reconcile", "2024-09", PUBLISHED)
    assert done.returncode == 0
    assert done.stderr == ""
    line = next(line for line in done.stdout.splitlines() if "14,2" in line)
    assert "14,3% (1/7)" in line
    assert "truncated: 14,2 of 14,2857…" in line
    assert done.stdout.endswith("2 differ by rounding, 0 differ, 0 not found.\n")


# -- one row


def test_each_row_of_the_dispatch_would_show_a_difference(report: Report) -> None:
    """Moved by a unit of its last place, no row agrees any more."""
    for row in read_published(PUBLISHED):
        if row.op == "gt":
            moved = replace(row, value=Fraction(99_999, 1000))
        else:
            printed = row.printed if row.op == "list" else ""
            moved = replace(row, value=row.value + Fraction(1, 10**row.places), printed=printed)
        verdict = outcome(report, moved).verdict
        if (row.period, row.scope) == ("month", "kind:service_centre") and row.places == 1:
            assert verdict == "agrees"  # 14,3 is right, 14,2 was not
            continue
        assert verdict in ("differs", "rounding"), moved
        if row.places == 0 and row.unit == "count":
            assert verdict == "differs"


@pytest.mark.parametrize(
    ("given", "verdict", "why"),
    [
        ({}, "agrees", ""),
        ({"value": Fraction(383)}, "differs", "383 of 382, 1 off"),
        ({"unit": "%"}, "differs", "published in %, computed in count"),
        (
            {"indicator": "pakn_recieved"},
            "not found",
            "the facts have no indicator pakn_recieved; nearest: pakn_received, pakn_resolved",
        ),
        (
            {"period": "end"},
            "not found",
            "no such fact for the period; it has month, ytd",
        ),
        (
            {"scope": "unit:Huyện Gia Bìn"},
            "not found",
            "the catalogue has no unit of this name; nearest: "
            "Huyện Gia Bình (263), Thị trấn Gia Bình (09454), Huyện Tiên Du (260)",
        ),
        ({"scope": "unit:Huyện Không Có Nào"}, "not found", None),
        ({"scope": "level:district"}, "not found", None),
        (
            {"scope": "unit:Huyện Gia Bình", "op": "max", "value": Fraction(3)},
            "differs",
            "not the highest of 8, which is Thành phố Bắc Ninh (217)",
        ),
        (
            {
                "indicator": "pakn_resolution_rate",
                "scope": "kind:service_centre",
                "value": Fraction("14.3"),
                "places": 1,
                "unit": "%",
                "printed": "14,3% (2/14)",
            },
            "differs",
            "published of 2/14, computed of 1/7",
        ),
        (
            {
                "indicator": "e_copy_rate",
                "scope": "level:district",
                "value": Fraction("67.6"),
                "places": 1,
                "unit": "%",
                "printed": "67,6% (meets target)",
            },
            "differs",
            "published as meets target; the facts say it does not",
        ),
        (
            {
                "indicator": "pakn_received",
                "scope": "kind:enterprise",
                "op": "max",
                "value": Fraction(3),
                "printed": "03",
            },
            "differs",
            "it is not ranked, so it is not the highest among peers",
        ),
    ],
)
def test_a_row_is_told_what_it_is(
    report: Report, given: dict[str, object], verdict: str, why: str | None
) -> None:
    found = outcome(report, a_row(**given))
    assert found.verdict == verdict, found
    if why is not None:
        assert found.why == why


def test_units_are_found_by_name_or_id_however_they_are_typed(report: Report) -> None:
    for scope in ("unit:Huyện Gia Bình", "unit:huyện  gia bình", "unit:263"):
        row = a_row(scope=scope, value=Fraction(3), printed="3")
        assert told(report, row) == ("agrees", ""), scope


def test_lists_say_who_is_too_many_and_who_is_missing(
    report: Report, rows: dict[tuple[str, str, str, str], Published]
) -> None:
    row = rows["month", "documents_signed_rate", "level:province", "list"]
    other = replace(row, printed=row.printed.replace("Sở Nội vụ", "Sở Y tế"))
    why = "published but not so: Sở Y tế; not published: Sở Nội vụ"
    assert told(report, other) == ("differs", why)
    fewer = replace(row, printed=row.printed.replace("7 units", "6 units"))
    assert told(report, fewer) == ("differs", "6 are said, 7 are named")
    topics = rows["ytd", "pakn_top_topics", "all", "list"]
    dropped = replace(topics, printed=topics.printed.replace("; chiếu sáng", ""))
    assert told(report, dropped) == ("differs", "not published: chiếu sáng")


def test_a_bound_names_who_does_not_keep_it(
    report: Report, rows: dict[tuple[str, str, str, str], Published]
) -> None:
    row = replace(
        rows["month", "documents_signed_rate", "level:district", "gt"], value=Fraction(97)
    )
    verdict, why = told(report, row)
    low = [
        fact
        for fact in report.facts.where(indicator=row.indicator, period="month", prefix="unit:")
        if report.catalogue.by_id[fact.unit_id or ""].level == "district" and fact.exact <= 97
    ]
    assert low
    assert verdict == "differs"
    assert all(f"{fact.name} ({fact.printed})" in why for fact in low)


def test_a_change_between_unrounded_figures_is_a_matter_of_rounding(report: Report) -> None:
    """Some unit's change as printed is a last place off what its unrounded figures give."""
    seen = 0
    for change in report.facts.where(indicator="documents_signed_rate_change", prefix="unit:"):
        now = report.facts.find("documents_signed_rate", "month", change.scope)
        before = report.facts.find("documents_signed_rate", "previous", change.scope)
        if not (now and before and now.exists and before.exists):
            continue
        unrounded = half_up(now.exact - before.exact, 2)
        if unrounded != change.exact:
            seen += 1
            row = a_row(
                section=1,
                indicator=change.indicator,
                scope=change.scope,
                value=unrounded,
                places=2,
                unit="pp",
                printed="",
            )
            verdict, why = told(report, row)
            assert verdict == "rounding"
            assert why.startswith("from unrounded figures: ")
    assert seen > 5


# -- rounding

MODES = {
    "truncated": ROUND_DOWN,
    "half even": ROUND_HALF_EVEN,
    "half down": ROUND_HALF_DOWN,
    "rounded up": ROUND_UP,
}


@given(
    st.fractions(min_value=-1000, max_value=1000, max_denominator=400),
    st.integers(min_value=0, max_value=3),
    st.sampled_from(sorted(MODES)),
)
@example(Fraction(9, 4), 1, "half even")
@example(Fraction(-9, 4), 1, "half down")
@example(Fraction(1, 3), 0, "rounded up")
def test_ways_of_rounding_are_those_of_decimal(exact: Fraction, places: int, way: str) -> None:
    fine = Decimal(exact.numerator * 10**30) / Decimal(exact.denominator) / Decimal(10) ** 30
    at = Decimal(1).scaleb(-places)
    value = Fraction(fine.quantize(at, MODES[way]))
    assert way in ways(exact, value, places)
    found = {name for name, mode in MODES.items() if Fraction(fine.quantize(at, mode)) == value}
    assert set(ways(exact, value, places)) == found
    assert half_up(exact, places) == Fraction(fine.quantize(at, ROUND_HALF_UP))


# -- what is wrong with the file


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x,month,pakn_received,all,eq,1,count,1", "column section: 'x': expected the number of"),
        ("2,year,pakn_received,all,eq,1,count,1", "column period: 'year': expected one of month"),
        ("2,month,,all,eq,1,count,1", "column indicator: '': expected the id of an indicator"),
        ("2,month,pakn_received,unit,eq,1,count,1", "column scope: 'unit': expected all, or one"),
        ("2,month,pakn_received,all,max,1,count,1", "column scope: 'all': expected one among"),
        ("2,month,pakn_received,all,is,1,count,1", "column op: 'is': expected one of eq, max"),
        ('2,month,pakn_received,all,eq,"14,2",%,1', "column value: '14,2': expected a number"),
        ("2,month,pakn_received,all,eq,nan,%,1", "column value: 'nan': expected a number with"),
        ("2,month,pakn_received,all,eq,1,percent,1", "column unit: 'percent': expected one of %"),
        ("2,month,pakn_received,all,list,1,count,;", "column printed: ';': expected the names"),
        ("2,month,pakn_received,all,eq,1,count", "expected 8 values, found 7"),
        ('2,month,pakn_received,all,eq,1,count,"1', "expected CSV: unexpected end of data"),
    ],
)
def test_errors_name_the_row_and_the_column(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "published.csv"
    good = "2,month,pakn_received,all,eq,382,count,382\n"
    path.write_text(f"# a comment\n{HEAD}{good}# another\n{line}\n", encoding="utf-8")
    with pytest.raises(ContractError) as error:
        read_published(path)
    assert f"published.csv, row 5, {message}" in str(error.value).replace("row 5: ", "row 5, ")


def test_every_wrong_row_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "published.csv"
    path.write_text(HEAD + "2,month,x,all,eq,?,count,\n" * 30, encoding="utf-8")
    with pytest.raises(ContractError) as error:
        read_published(path)
    assert str(error.value).endswith("... and 10 more")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "row 1, column section: a column that is missing"),
        (HEAD.encode(), "expected at least one row below the header"),
        (HEAD.replace("value", "values").encode(), "row 1, column value: a column that is missing"),
        ((HEAD.strip() + ",value\n").encode(), "column value: a column that is there twice"),
        (HEAD.encode() + b"2,\xff\n", "row 2: expected UTF-8 text"),
    ],
)
def test_a_file_that_is_no_table_of_figures(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "published.csv"
    path.write_bytes(content)
    with pytest.raises(ContractError) as error:
        read_published(path)
    assert message in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.csv: no such file"):
        read_published(tmp_path / "none.csv")
    done = run("reconcile", "2024-09", tmp_path / "none.csv")
    assert (done.returncode, done.stdout) == (2, "")


def test_a_differing_figure_ends_with_1_and_hostile_text_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "published.csv"
    evil = '"=HYPERLINK(""x"")\x1b[31m"'
    path.write_text(f"{HEAD}2,month,pakn_received,all,eq,381,count,{evil}\n", encoding="utf-8")
    done = run("reconcile", "2024-09", path, "--format", "csv")
    assert done.returncode == 1
    assert next(csv.DictReader(io.StringIO(done.stdout)))["published"].startswith("'=HYPERLINK")
    table = run("reconcile", "2024-09", path)
    assert table.returncode == 1
    assert "\x1b" not in table.stdout
