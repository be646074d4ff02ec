"""The contract's rules on the records of an export, each named by its place there (`at`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from dxreport.contracts import (
    TIME_OF,
    UNIT_FROM,
    UNIT_TO,
    Check,
    checks,
    unit_checks,
    with_unit,
)
from dxreport.ingest.issues import Issue, Issues

_OF_UNITS: Final = frozenset({"unit_in_force"})


def month_of(table: str) -> pl.Expr:
    """The month, YYYY-MM, to which a row of a table belongs."""
    time = pl.col(TIME_OF[table])
    return time if TIME_OF[table] == "month" else time.dt.strftime("%Y-%m")


def once(
    frame: pl.DataFrame, names: Sequence[str], issues: Issues, column: str = ""
) -> tuple[pl.DataFrame, int]:
    """The rows, of each key (`names`) one where the mapping says so, and how many fell away.

    Where it does not, a key that occurs again is an issue (of `column`, if given).
    """
    how = issues.spec.duplicates
    complete = pl.all_horizontal(pl.col(name).is_not_null() for name in names)
    again = complete & ~pl.struct(names).is_first_distinct()
    if not frame.select(again.any()).item():
        return frame, 0
    if how == "last":
        kept = frame.filter(~complete | pl.struct(names).is_last_distinct())
    elif how == "first":
        kept = frame.filter(~again)
    else:
        content = [name for name in frame.columns if name != "at"]
        same = again & ~pl.struct(content).is_first_distinct()
        kept = frame.filter(~same) if how == "drop_identical" else frame
        _say_duplicates(kept, names, column or " + ".join(names), issues)
    return kept, frame.height - kept.height


def _say_duplicates(frame: pl.DataFrame, names: Sequence[str], column: str, issues: Issues) -> None:
    first: dict[tuple[Any, ...], int] = {}
    for at, *values in frame.select("at", *names).iter_rows():
        if None in values:
            continue
        there = first.setdefault(tuple(values), at)
        if there != at:
            expected = f"expected a key that occurs once; it is in row {issues.row(there)} too"
            issues.add(Issue(at, column, "primary_key", expected))


def hold(frame: pl.DataFrame, table: str, units: pl.DataFrame, issues: Issues) -> None:
    """Find the rows that break the rules of a table; of a row with an issue no more is said."""
    wide = with_unit(frame.lazy(), units).collect()
    mute = issues.bad()
    for check in (*checks(table), *unit_checks(table)):
        broken = wide.filter(~check.right.fill_null(True))
        for row in broken.iter_rows(named=True):
            # Where a cell could not be read, only that is said of the row.
            if row["at"] not in mute:
                issues.add(_breach(check, row, table, issues))


def _breach(check: Check, row: dict[str, Any], table: str, issues: Issues) -> Issue:
    rule = check.rule.partition("|")[2] or check.rule
    shown = {name: _shown(value) for name, value in row.items()}
    shown["time"] = _shown(row[TIME_OF[table]])
    shown["from"], shown["to"] = _end(row.get(UNIT_FROM)), _end(row.get(UNIT_TO))
    expected = f"expected {check.message.en.format_map(shown)}"
    if rule == "unit_known" and row["unit_id"] is not None:
        expected += f"; nearest: {issues.names.nearest(row['unit_id'])}"
    value = row.get(check.column)
    plain = isinstance(value, int | datetime) or check.column == "month" or rule in _OF_UNITS
    return Issue(row["at"], check.column, rule, expected, _shown(value) if plain else None)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def _end(day: date | None) -> str:
    return "…" if day is None else day.isoformat()
