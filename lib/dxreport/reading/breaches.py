"""The first rows that break a rule, as problems for a person to read."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from dxreport.contracts import SCHEMAS, TIME_OF, UNIT_FROM, UNIT_TO, Check
from dxreport.errors import SHOWN, Problem
from dxreport.reading.columns import Typed
from dxreport.reading.values import as_shown, is_text

_POSITION: Final = "position"
_NEAREST: Final = 3


def first_problems(
    table: str,
    typed: Typed,
    wide: pl.LazyFrame,
    broken: Sequence[Check],
    units: pl.DataFrame | None,
) -> list[Problem]:
    """The first rows of a part that break any of the rules `broken`, one problem a breach.

    `wide` is the part's, with what the rules about units look at where one of these is broken.
    """
    names = [name for name in SCHEMAS[table].column_names() if name in typed.part.schema]
    marks = [f"rule {place}" for place in range(len(broken))]
    rows = (
        wide.with_row_index(_POSITION)
        .with_columns(check.wrong.alias(mark) for mark, check in zip(marks, broken, strict=True))
        .filter(pl.any_horizontal(marks))
        .head(SHOWN)
        .select(
            _POSITION,
            *marks,
            *(_shown_value(typed, name).alias(name) for name in names),
            *_context(table, wide),
        )
        .collect(engine="streaming")
    )
    nearest = _nearest_units(units)
    problems = []
    for row in rows.iter_rows(named=True):
        for mark, check in zip(marks, broken, strict=True):
            if row[mark]:
                expected = f"expected {_filled(check.message.en, row)}"
                expected_vi = _filled(check.message.vi, row)
                if check.rule == "unit_known":
                    expected += f"; nearest: {nearest(row['unit_id'])}"
                    expected_vi += f"; gần giống: {nearest(row['unit_id'])}"
                problems.append(
                    Problem(
                        typed.part.name,
                        expected,
                        row=typed.part.row(row[_POSITION]),
                        column=check.column,
                        value=row[check.column] or "",
                        expected_vi=expected_vi,
                    )
                )
    return problems


def _context(table: str, wide: pl.LazyFrame) -> Iterator[pl.Expr]:
    """What messages about units speak of besides the row's own values."""
    schema = wide.collect_schema()
    if UNIT_FROM in schema:
        time = TIME_OF[table]
        yield pl.col(UNIT_FROM)
        yield pl.col(UNIT_TO)
        yield as_shown(time, schema[time]).alias("time")


def _shown_value(typed: Typed, name: str) -> pl.Expr:
    stored = typed.stored_name(name)
    return as_shown(stored, pl.String() if name not in typed.part.schema else _dtype(typed, name))


def _dtype(typed: Typed, name: str) -> pl.DataType:
    dtype = typed.part.schema[name]
    return pl.String() if is_text(dtype) else dtype


def _filled(text: str, row: dict[str, Any]) -> str:
    values = {name: value or "" for name, value in row.items()}
    values["from"] = _end(row.get(UNIT_FROM))
    values["to"] = _end(row.get(UNIT_TO))
    return text.format_map(values)


def _end(day: date | datetime | None) -> str:
    return "…" if day is None else day.isoformat()


def _nearest_units(units: pl.DataFrame | None) -> Callable[[str | None], str]:
    """A function that names the units whose id or name looks most like a text."""
    catalogue = [] if units is None else units.select("unit_id", "name").rows()
    seen: dict[str, str] = {}

    def likeness(text: str, unit: tuple[str, str]) -> float:
        return max(
            difflib.SequenceMatcher(None, text.casefold(), part.casefold()).ratio() for part in unit
        )

    def nearest(text: str | None) -> str:
        wanted = (text or "")[:100]
        if wanted not in seen:
            ranked = sorted(catalogue, key=lambda unit: -likeness(wanted, unit))
            seen[wanted] = ", ".join(f"{id_} ({name})" for id_, name in ranked[:_NEAREST])
        return seen[wanted]

    return nearest
