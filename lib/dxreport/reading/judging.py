"""Whether a table keeps its contract, and where it does not.

One pass over a file counts, for every rule, the rows that break it: aggregates, which polars
streams, so that 20 million rows need no more memory than a few batches. Rules that look only at
texts of few values (a unit, a kind, a topic) are held against each combination of values once,
and not against each row. The same pass leaves the cube of a table of records, as to read a file
again costs as much as to count it. Only where there is something to say a second pass looks for
the first rows that say it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from dxreport.contracts import (
    IDENTIFIERS,
    PERCENTAGES,
    SCHEMAS,
    TIME_OF,
    Check,
    Message,
    checks,
    key,
    unit_checks,
    with_unit,
)
from dxreport.cubes import RECORDS, SHAPES, condensed, condensing, month_start, spans
from dxreport.errors import SHOWN, Problem
from dxreport.keeping import Keeper
from dxreport.reading.breaches import first_problems
from dxreport.reading.columns import Dirt, Typed, composed, type_part
from dxreport.reading.files import Part, readable_parquet
from dxreport.reading.findings import Finding, Findings
from dxreport.reading.keys import HASH, duplicates, key_hash
from dxreport.reading.values import EXPECTED, kind_of

MUST_HAVE_ROWS: Final = frozenset({"units", "documents", "e_copies", "pakn", "procedures"})
"""An empty export looks like a month in which nothing happened; it never is one."""

AT_ONCE: Final = 1_000_000
"""Rows of a file that are looked at together."""

_ROWS, _FIRST, _LAST = "rows", "first time", "last time"


@dataclass(frozen=True)
class Judged:
    """A table that was read: typed rows, how many by part, and the first of what is wrong.

    `parts` are the rows part by part, and `cubes` those of a table of records, where nothing is
    wrong."""

    rows: pl.LazyFrame
    parts: tuple[pl.LazyFrame, ...]
    cubes: tuple[pl.DataFrame, ...]
    heights: tuple[int, ...]
    problems: tuple[Problem, ...]
    total: int


@dataclass(frozen=True)
class _Verdict:
    """A part that was judged, or was known to be clean.

    `hashes` are those of its keys, where these could be read and were; `cube` is there for a
    table of records that keeps its rules. `dirt` is what text is to be cleaned.
    """

    typed: Typed
    height: int
    problems: Sequence[Problem]
    total: int
    hashes: pl.Series | None
    cube: pl.DataFrame | None
    dirt: Dirt
    was_known: bool = False


def judge(
    table: str, parts: Sequence[Part], units: pl.DataFrame | None, keeper: Keeper | None = None
) -> Judged:
    """Read the parts of a table and hold them against the contract.

    `units` is the valid catalogue, where the rows are to be held against it too. What is found
    out about files that keep the contract is left with the `keeper`, and asked of it first.
    """
    findings = None if keeper is None else Findings(keeper, table, units)
    verdicts = []
    for part in parts:
        with readable_parquet(part.path):
            known = None if findings is None else findings.recall(part)
            verdicts.append(
                _judge_part(table, part, units) if known is None else _recalled(table, part, known)
            )
    problems = [problem for verdict in verdicts for problem in verdict.typed.problems]
    total = len(problems)
    for verdict in verdicts:
        problems += verdict.problems
        total += verdict.total
    typed, heights = [v.typed for v in verdicts], [v.height for v in verdicts]
    if findings is None or not findings.are_distinct(parts):
        found, count = _duplicates(table, verdicts)
        problems += found
        total += count
    if typed and not any(heights) and not problems and table in MUST_HAVE_ROWS:
        problems.append(Problem(parts[0].name, "expected at least one row, found none"))
        total += 1
    rows: pl.LazyFrame = SCHEMAS[table].create_empty().lazy()
    by_part: tuple[pl.LazyFrame, ...] = ()
    cubes: tuple[pl.DataFrame, ...] = ()
    if typed and not problems:
        columns = SCHEMAS[table].column_names()
        by_part = tuple(part.rows(columns) for part in typed)
        rows = pl.concat(by_part)
        cubes = tuple(verdict.cube for verdict in verdicts if verdict.cube is not None)
    if findings is not None and not total:
        for part, verdict in zip(parts, verdicts, strict=True):
            if not verdict.was_known:
                findings.keep(part, Finding(verdict.height, verdict.dirt, verdict.cube))
        findings.keep_distinct(parts)
    problems.sort(key=lambda problem: problem.row or 0)
    return Judged(rows, by_part, cubes, tuple(heights), tuple(problems[:SHOWN]), total)


def _recalled(table: str, part: Part, known: Finding) -> _Verdict:
    typed = type_part(table, part, known.dirt)
    return _Verdict(typed, known.height, [], 0, None, known.cube, known.dirt, was_known=True)


def _duplicates(table: str, verdicts: Sequence[_Verdict]) -> tuple[list[Problem], int]:
    """Keys that occur again, and how many; none where not every part's keys can be read."""
    hashes = []
    for verdict in verdicts:
        found = verdict.hashes
        if found is None and verdict.was_known:
            with readable_parquet(verdict.typed.part.path):
                found = verdict.typed.wide.select(key_hash(table)).collect(engine="streaming")[HASH]
        if found is None:
            return [], 0
        hashes.append(found)
    return duplicates(table, [v.typed for v in verdicts], [v.height for v in verdicts], hashes)


def _judge_part(table: str, part: Part, units: pl.DataFrame | None) -> _Verdict:
    # To clean the text of a large file costs more than to judge it, and there is nearly never
    # anything to clean: so it is judged as it is, and once more where there was.
    typed = type_part(table, part, Dirt())
    seen = _look(table, typed)
    dirt = _dirt(typed, seen)
    if dirt:
        typed = type_part(table, part, dirt)
        seen = _look(table, typed)
    wide, broken, total = typed.wide, list(seen.broken), seen.total
    on_units = list(_unit_checks(table, typed, units))
    if units is not None and on_units and _has_strange_units(table, typed, seen, units):
        wide = with_unit(wide, units)
        counted = wide.select(check.wrong.sum().alias(check.rule) for check in on_units)
        counts = counted.collect(engine="streaming").row(0)
        broken += [check for check, count in zip(on_units, counts, strict=True) if count]
        total += sum(counts)
    found = first_problems(table, typed, wide, broken, units) if broken else []
    records = None if broken or typed.problems else seen.counted
    cube = None if records is None else condensed(records, SHAPES[table])
    return _Verdict(typed, seen.height, found, total, seen.hashes, cube, dirt)


# One look at a file ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Look:
    """What one pass over a part gives.

    broken: the rules that some row breaks. total: how many breaches there are.
    counted: the rows by the texts of few values and by months, as `condensing` counts them, where
    the table is one of records. values: each combination of these texts with its rows.
    empty, beyond: of the other texts, those with an empty value, and with more than ASCII.
    """

    height: int
    broken: Sequence[Check]
    total: int
    hashes: pl.Series | None
    counted: pl.DataFrame | None
    values: pl.DataFrame | None
    empty: frozenset[str]
    beyond: frozenset[str]


def _look(table: str, typed: Typed) -> _Look:
    few = _of_few_values(table, typed)
    to_check = (*_type_checks(table, typed), *_applicable(checks(table), typed))
    wrong = {f"rule {place}": check.wrong for place, check in enumerate(to_check)}
    of_values = {n: rule for n, rule in wrong.items() if set(rule.meta.root_names()) <= set(few)}
    texts = [name for name in typed.texts if name not in few]
    shape = SHAPES.get(table)
    is_counted = shape is not None and not typed.unreadable and {"unit_id", shape.part} <= set(few)

    def frames(rows: pl.LazyFrame) -> dict[str, pl.LazyFrame]:
        told = {
            "flags": rows.select(
                pl.len().alias(_ROWS),
                *(rule.sum().alias(name) for name, rule in wrong.items() if name not in of_values),
                *(
                    (pl.col(typed.stored_name(name)) == "").any().alias(f"empty {name}")
                    for name in texts
                ),
                *(_beyond_ascii(typed.stored_name(name)).alias(f"beyond {name}") for name in texts),
            )
        }
        if shape is not None and is_counted:
            told["grouped"] = condensing(rows, shape, few)
        elif few:
            told["grouped"] = rows.group_by(few).agg(pl.len().cast(pl.Int64).alias(RECORDS))
        if not typed.unreadable & set(key(table)):
            told["hashes"] = rows.select(key_hash(table))
        return told

    found: dict[str, list[pl.DataFrame]] = {}
    for rows in _stretches(typed):
        wanted = frames(rows)
        for name, frame in zip(
            wanted, pl.collect_all(list(wanted.values()), engine="streaming"), strict=True
        ):
            found.setdefault(name, []).append(frame)
    flags = pl.concat(found["flags"]).sum().row(0, named=True)
    hashes = pl.concat(found["hashes"], rechunk=False)[HASH] if "hashes" in found else None
    grouped = pl.concat(found["grouped"]) if "grouped" in found else None
    values = spans(grouped, few) if is_counted and grouped is not None else grouped
    if values is not None:
        weighed = ((rule * pl.col(RECORDS)).sum().alias(name) for name, rule in of_values.items())
        flags |= values.select(weighed).row(0, named=True) if of_values else {}
    return _Look(
        height=flags[_ROWS],
        broken=[check for check, name in zip(to_check, wrong, strict=True) if flags[name]],
        total=sum(flags[name] for name in wrong),
        hashes=hashes,
        counted=grouped if is_counted else None,
        values=values,
        empty=frozenset(name for name in texts if flags[f"empty {name}"]),
        beyond=frozenset(name for name in texts if flags[f"beyond {name}"]),
    )


def _stretches(typed: Typed) -> list[pl.LazyFrame]:
    """The rows of a part, a bounded number at a time.

    Where one pass serves several ends, polars keeps what the slowest has not yet taken: of a
    file of 20 million records that was 2 GB.
    """
    if typed.part.in_memory:
        return [typed.wide]
    height = typed.part.raw.select(pl.len()).collect().item()
    begins = range(0, max(height, 1), AT_ONCE)
    if len(begins) == 1:
        return [typed.wide]
    return [typed.wide.slice(begin, AT_ONCE) for begin in begins]


def _of_few_values(table: str, typed: Typed) -> list[str]:
    """The texts of a table of records that have few values, over many rows."""
    if table not in IDENTIFIERS:
        return []
    return [
        name
        for name, column in SCHEMAS[table].columns().items()
        if name in typed.texts
        and name not in typed.unreadable
        and name != IDENTIFIERS[table]
        and kind_of(column, percent=False) == "text"
    ]


def _beyond_ascii(name: str) -> pl.Expr:
    return (pl.col(name).str.len_bytes() != pl.col(name).str.len_chars()).any()


def _dirt(typed: Typed, seen: _Look) -> Dirt:
    """What text is to be cleaned, by a look at the part as it is stored."""
    empty, decomposed = set(seen.empty), set()
    for name in seen.beyond:
        text = pl.col(typed.stored_name(name))
        values = typed.wide.filter(text.str.len_bytes() != text.str.len_chars())
        clean = values.select((composed(text) == text).all())
        if not clean.collect(engine="streaming").item():
            decomposed.add(name)
    if seen.values is not None:
        for name in set(typed.texts) & set(seen.values.columns):
            values_of = seen.values[name]
            if (values_of == "").any():
                empty.add(name)
            clean_of = seen.values.select((composed(pl.col(name)) == pl.col(name)).all())
            if not clean_of.item():
                decomposed.add(name)
    return Dirt(frozenset(empty), frozenset(decomposed))


# Rules -------------------------------------------------------------------------------------


def _unit_checks(table: str, typed: Typed, units: pl.DataFrame | None) -> Iterator[Check]:
    if table in TIME_OF and units is not None:
        yield from _applicable(unit_checks(table), typed, needs={"unit_id", TIME_OF[table]})


def _has_strange_units(table: str, typed: Typed, seen: _Look, units: pl.DataFrame) -> bool:
    """Whether any row breaks a rule about units, from each unit's first and last time alone.

    A unit is valid without a break, so what holds for both holds between them; and to group
    20 million rows costs a third of what it costs to join them.
    """
    time = TIME_OF[table]
    if seen.counted is not None and not seen.broken:
        # By whole months, which is nearly always enough: units come and go with the month.
        months = spans(seen.counted, ["unit_id"])
        first, last = (month_start(pl.col(end)) for end in ("first", "last"))
        ends = months.select("unit_id", first.alias(_FIRST), last.dt.month_end().alias(_LAST))
        if not _any_strange(table, ends, units):
            return False
    extremes = typed.wide.group_by("unit_id").agg(
        pl.col(time).min().alias(_FIRST), pl.col(time).max().alias(_LAST)
    )
    return _any_strange(table, extremes.collect(engine="streaming"), units)


def _any_strange(table: str, extremes: pl.DataFrame, units: pl.DataFrame) -> bool:
    time = TIME_OF[table]
    ends = pl.concat(extremes.select("unit_id", pl.col(end).alias(time)) for end in (_FIRST, _LAST))
    strange = [check.wrong.any().alias(check.rule) for check in unit_checks(table)]
    return any(with_unit(ends.lazy(), units).select(strange).collect().row(0))


def _type_checks(table: str, typed: Typed) -> Iterator[Check]:
    """That a stored value is there after the conversion, too."""
    for name, column in SCHEMAS[table].columns().items():
        if name in typed.fallible:
            kind = kind_of(column, (table, name) in PERCENTAGES)
            yield Check("type", name, typed.was_read(name), Message(name, *EXPECTED[kind]))


def _applicable(
    rules: Iterator[Check], typed: Typed, needs: frozenset[str] | set[str] = frozenset()
) -> list[Check]:
    """The rules whose columns could be read; a row where one could not breaks only its type."""
    kept = []
    for check in rules:
        columns = set(check.right.meta.root_names()) | needs
        if columns & typed.unreadable:
            continue
        right = check.right
        for name in sorted(columns & typed.fallible):
            right = right | ~typed.was_read(name)
        kept.append(Check(check.rule, check.column, right, check.message))
    return kept
