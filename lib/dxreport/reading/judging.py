"""Whether a table keeps its contract, and where it does not.

First one pass counts, for every rule, the rows that break it: an aggregate, which polars
streams, so that 20 million rows need no more memory than a few batches. Only where there is
something to say a second pass looks for the first rows that say it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from dxreport.contracts import (
    PERCENTAGES,
    SCHEMAS,
    TIME_OF,
    UNIT_FROM,
    UNIT_TO,
    Check,
    Message,
    checks,
    key,
    unit_checks,
    with_unit,
)
from dxreport.errors import SHOWN, ContractError, Problem
from dxreport.reading.files import Part, readable_parquet
from dxreport.reading.values import EXPECTED, Conversion, as_shown, conversion, is_text, kind_of

MUST_HAVE_ROWS: Final = frozenset(
    {"units", "documents", "e_copies", "pakn", "procedures", "targets"}
)
"""An empty export looks like a month in which nothing happened; it never is one."""

_STORED = "stored:"
_HASH = "key hash"
_POSITION = "position"
_NEAREST = 3


@dataclass(frozen=True)
class Judged:
    """A table that was read: typed rows, how many by part, and the first of what is wrong."""

    rows: pl.LazyFrame
    heights: tuple[int, ...]
    problems: tuple[Problem, ...]
    total: int


@dataclass(frozen=True)
class _Typed:
    """A part with the contract's types; converted columns stand beside what was stored."""

    part: Part
    wide: pl.LazyFrame
    stored: frozenset[str]
    fallible: frozenset[str]
    unreadable: frozenset[str]
    problems: tuple[Problem, ...]

    def rows(self, columns: Sequence[str]) -> pl.LazyFrame:
        return self.wide.select(columns)


def judge(table: str, parts: Sequence[Part], units: pl.DataFrame | None) -> Judged:
    """Read the parts of a table and hold them against the contract.

    `units` is the valid catalogue, where the rows are to be held against it too.
    """
    columns = SCHEMAS[table].column_names()
    typed = [_typed(table, part) for part in parts]
    problems = [problem for part in typed for problem in part.problems]
    total = len(problems)
    heights = []
    for part in typed:
        with readable_parquet(part.part.path):
            height, found, count = _judge_part(table, part, units)
        heights.append(height)
        problems += found
        total += count
    if not any(part.unreadable & set(key(table)) for part in typed):
        found, count = _duplicates(table, typed, heights)
        problems += found
        total += count
    if typed and not any(heights) and not problems and table in MUST_HAVE_ROWS:
        problems.append(Problem(parts[0].name, "expected at least one row, found none"))
        total += 1
    rows: pl.LazyFrame = SCHEMAS[table].create_empty().lazy()
    if typed and not problems:
        rows = pl.concat([part.rows(columns) for part in typed])
    problems.sort(key=lambda problem: problem.row or 0)
    return Judged(rows, tuple(heights), tuple(problems[:SHOWN]), total)


# Types -------------------------------------------------------------------------------------


def _typed(table: str, part: Part) -> _Typed:
    problems: list[Problem] = []
    conversions: dict[str, Conversion] = {}
    schema = SCHEMAS[table].columns()
    with readable_parquet(part.path):
        raw = _clean_text(part)
    for name, column in schema.items():
        if name not in part.schema:
            expected = "expected a column of this name, found none"
            problems.append(Problem(part.name, expected, row=part.header_row, column=name))
            continue
        dtype = part.schema[name]
        kind = kind_of(column, (table, name) in PERCENTAGES)
        if (how := conversion(name, dtype, kind)) is None:
            expected = f"expected {EXPECTED[kind][0]}; the column's type is another"
            problems.append(Problem(part.name, expected, column=name, value=str(dtype)))
        else:
            conversions[name] = how
    fallible = frozenset(name for name, how in conversions.items() if how.may_fail)
    changed = {name: how.value for name, how in conversions.items() if not _is_plain(name, how)}
    wide = raw.with_columns(pl.col(name).alias(_STORED + name) for name in changed)
    wide = wide.with_columns(value.alias(name) for name, value in changed.items())
    if part.in_memory:
        # Parsed once here, and not again by each tally.
        wide = wide.collect().lazy()
    return _Typed(
        part=part,
        wide=wide,
        stored=frozenset(changed),
        fallible=fallible,
        unreadable=frozenset(schema) - frozenset(conversions),
        problems=tuple(problems),
    )


def _is_plain(name: str, how: Conversion) -> bool:
    return how.value.meta.eq(pl.col(name))


def _clean_text(part: Part) -> pl.LazyFrame:
    """The part with text in NFC and empty text as null.

    Both cost too much to do for every row of a large file on every pass, so a first pass
    looks whether there is anything to do; nearly always there is not.
    """
    texts = [name for name, dtype in part.schema.items() if is_text(dtype)]
    raw = part.raw.with_columns(
        pl.col(name).cast(pl.String) for name in texts if part.schema[name] != pl.String
    )
    if not texts:
        return raw
    found = raw.select(
        *((pl.col(name) == "").any().alias(f"empty {name}") for name in texts),
        *(_beyond_ascii(name).any().alias(f"beyond {name}") for name in texts),
    )
    flags = found.collect(engine="streaming").row(0, named=True)
    cleaned = {}
    for name in texts:
        if flags[f"beyond {name}"] and not _all_nfc(raw, name):
            cleaned[name] = pl.col(name).str.normalize("NFC")
        if flags[f"empty {name}"]:
            text = cleaned.get(name, pl.col(name))
            cleaned[name] = pl.when(text != "").then(text).otherwise(None)
    return raw.with_columns(expression.alias(name) for name, expression in cleaned.items())


def _beyond_ascii(name: str) -> pl.Expr:
    return pl.col(name).str.len_bytes() != pl.col(name).str.len_chars()


def _all_nfc(raw: pl.LazyFrame, name: str) -> bool:
    values = raw.filter(_beyond_ascii(name)).select(pl.col(name).unique())
    composed = values.select((pl.col(name).str.normalize("NFC") == pl.col(name)).all())
    return bool(composed.collect(engine="streaming").item())


# Rules -------------------------------------------------------------------------------------


def _judge_part(
    table: str, typed: _Typed, units: pl.DataFrame | None
) -> tuple[int, list[Problem], int]:
    """Rows, the first problems, and the number of them all."""
    wide = typed.wide
    to_check = list(_type_checks(table, typed))
    to_check += _applicable(checks(table), typed)
    if table in TIME_OF and units is not None:
        on_units = _applicable(unit_checks(table), typed, needs={"unit_id", TIME_OF[table]})
        if on_units and _has_strange_units(table, wide, units):
            wide = with_unit(wide, units)
            to_check += on_units
    counted = wide.select(
        pl.len().alias("rows"),
        *(_wrong(check).sum().alias(f"{place}") for place, check in enumerate(to_check)),
    ).collect(engine="streaming")
    height, *counts = counted.row(0)
    broken = [check for check, count in zip(to_check, counts, strict=True) if count]
    if not broken:
        return height, [], 0
    return height, _first_problems(table, typed, wide, broken, units), sum(counts)


def _has_strange_units(table: str, wide: pl.LazyFrame, units: pl.DataFrame) -> bool:
    """Whether any row breaks a rule about units, from each unit's first and last time alone.

    A unit is valid without a break, so what holds for both holds between them; and to group
    20 million rows costs a third of what it costs to join them.
    """
    time = pl.col(TIME_OF[table])
    by_unit = wide.group_by("unit_id").agg(time.min().alias("first"), time.max().alias("last"))
    extremes = by_unit.collect(engine="streaming")
    ends = pl.concat(
        extremes.select("unit_id", pl.col(end).alias(TIME_OF[table])) for end in ("first", "last")
    )
    strange = [_wrong(check).any().alias(check.rule) for check in unit_checks(table)]
    return any(with_unit(ends.lazy(), units).select(strange).collect().row(0))


def _wrong(check: Check) -> pl.Expr:
    return ~check.right.fill_null(True)


def _type_checks(table: str, typed: _Typed) -> Iterator[Check]:
    """That a stored value is there after the conversion, too."""
    for name, column in SCHEMAS[table].columns().items():
        if name in typed.fallible:
            kind = kind_of(column, (table, name) in PERCENTAGES)
            yield Check("type", name, _was_read(name), Message(name, *EXPECTED[kind]))


def _was_read(name: str) -> pl.Expr:
    return pl.col(_STORED + name).is_null() | pl.col(name).is_not_null()


def _applicable(
    rules: Iterator[Check], typed: _Typed, needs: frozenset[str] | set[str] = frozenset()
) -> list[Check]:
    """The rules whose columns could be read; a row where one could not breaks only its type."""
    kept = []
    for check in rules:
        columns = set(check.right.meta.root_names()) | needs
        if columns & typed.unreadable:
            continue
        right = check.right
        for name in sorted(columns & typed.fallible):
            right = right | ~_was_read(name)
        kept.append(Check(check.rule, check.column, right, check.message))
    return kept


def _first_problems(
    table: str,
    typed: _Typed,
    wide: pl.LazyFrame,
    broken: Sequence[Check],
    units: pl.DataFrame | None,
) -> list[Problem]:
    names = [name for name in SCHEMAS[table].column_names() if name in typed.part.schema]
    marks = [f"rule {place}" for place in range(len(broken))]
    rows = (
        wide.with_row_index(_POSITION)
        .with_columns(_wrong(check).alias(mark) for mark, check in zip(marks, broken, strict=True))
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
                if check.rule == "unit_known":
                    expected += f"; nearest: {nearest(row['unit_id'])}"
                problems.append(
                    Problem(
                        typed.part.name,
                        expected,
                        row=typed.part.row(row[_POSITION]),
                        column=check.column,
                        value=row[check.column] or "",
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


def _shown_value(typed: _Typed, name: str) -> pl.Expr:
    stored = _STORED + name if name in typed.stored else name
    return as_shown(stored, pl.String() if name not in typed.part.schema else _dtype(typed, name))


def _dtype(typed: _Typed, name: str) -> pl.DataType:
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


# Keys --------------------------------------------------------------------------------------


def _duplicates(
    table: str, typed: Sequence[_Typed], heights: Sequence[int]
) -> tuple[list[Problem], int]:
    """Keys that occur again, each with the row where it occurred first.

    Keys are compared by a 64-bit hash: 160 MB for 20 million rows, where the keys themselves
    would take gigabytes. What the hashes find is then looked at as it stands.
    """
    names = key(table)
    complete = pl.all_horizontal(pl.col(name).is_not_null() for name in names)
    hashes = []
    for part in typed:
        with readable_parquet(part.part.path):
            hashed = part.wide.select(
                pl.when(complete).then(pl.struct(names).hash()).alias(_HASH)
            ).collect(engine="streaming")
        hashes.append(hashed[_HASH])
    every = pl.concat(hashes) if hashes else pl.Series(_HASH, [], dtype=pl.UInt64)
    ordered = every.drop_nulls().sort()
    if not (ordered == ordered.shift(1)).any():
        return [], 0
    again = (~every.is_first_distinct() & every.is_not_null()).arg_true()
    first = _first_positions(every, again.head(SHOWN))
    places = _Places(typed, heights)
    problems = []
    for position in again.head(SHOWN):
        here, there = places.key(position, names), places.key(first[every[position]], names)
        if here.values != there.values:
            continue  # Two keys of one hash; about once in a hundred thousand such files.
        column = names[0] if len(names) == 1 else " + ".join(names)
        where = f"row {there.row}" if here.file == there.file else f"{there.file}, row {there.row}"
        problems.append(
            Problem(
                here.file,
                f"expected a key that occurs once; it is in {where} too",
                row=here.row,
                column=column,
                value=", ".join(here.values),
            )
        )
    return problems, len(again) if problems else 0


def _first_positions(every: pl.Series, again: pl.Series) -> dict[int, int]:
    wanted = every.gather(again).unique()
    positions = every.is_in(wanted.implode()).arg_true()
    first: dict[int, int] = {}
    for position in positions:
        first.setdefault(every[position], position)
    return first


@dataclass(frozen=True)
class _Key:
    file: str
    row: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class _Places:
    """Where a position in the whole table is: in which file, which row."""

    typed: Sequence[_Typed]
    heights: Sequence[int]

    def key(self, position: int, names: Sequence[str]) -> _Key:
        for part, height in zip(self.typed, self.heights, strict=True):
            if position < height:
                row = part.wide.slice(position, 1).select(pl.col(names).cast(pl.String))
                values = row.collect(engine="streaming").row(0)
                return _Key(part.part.name, part.part.row(position), values)
            position -= height
        raise ContractError([Problem(self.typed[-1].part.name, "the file changed while read")])
