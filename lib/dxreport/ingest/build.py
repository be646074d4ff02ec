"""Records of an export as rows of a contract table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from dxreport.contracts import SCHEMAS, TIME_OF, key
from dxreport.errors import SHOWN, ContractError, Problem
from dxreport.ingest.cells import Cells
from dxreport.ingest.convert import Conversion, Known
from dxreport.ingest.counting import added_up, kinds_of, with_key
from dxreport.ingest.header import name_of
from dxreport.ingest.issues import KEY, Issue, Issues
from dxreport.ingest.mapping import MappingFile
from dxreport.ingest.parsing import Raw
from dxreport.ingest.parts import Condition
from dxreport.ingest.rules import hold, month_of, once
from dxreport.ingest.values import Wrong
from dxreport.manifest import Refused
from dxreport.reading.values import kind_of


@dataclass(frozen=True)
class Built:
    """The rows of a table (contract columns, sorted by time and key) and what became of the rest.

    `read` counts the records of the export and `kept` those that are rows, or are counted in
    rows; the rest were left out by a filter, lie in months that were not asked for, were there
    twice, or were refused. `problems` says why, the first of `wrong` lines.
    """

    frame: pl.DataFrame
    read: int
    kept: int
    filtered: int = 0
    other_months: int = 0
    duplicates: int = 0
    refused: int = 0
    refusals: tuple[Refused, ...] = ()
    problems: tuple[Problem, ...] = ()
    wrong: int = 0
    notes: tuple[str, ...] = ()


def build(
    raw: Raw,
    mapping: MappingFile,
    known: Known,
    months: frozenset[str] | None = None,
    file_name: str = "",
) -> Built:
    """The table that the export holds.

    `months` (YYYY-MM) are the only ones that are taken, all where None. Raises `ContractError`
    with what is wrong with the records, where the mapping does not say that they are refused.
    """
    table, spec = mapping.table, mapping.spec
    kinds = {n: kind_of(c, percent=False) for n, c in SCHEMAS[table].columns().items()}
    kinds = kinds_of(spec, kinds)
    cells = Cells(raw, frozenset(map(name_of, spec.empty)))
    issues = Issues(raw, spec, known.names, kinds)
    wanted = [at for at in range(len(raw.rows)) if _is_wanted(at, spec.rows.where, cells, issues)]
    conversion = Conversion(cells, wanted, mapping, known, issues, months, file_name)
    frame = _frame(table, wanted, conversion.converted())
    filtered = len(raw.rows) - frame.height
    frame, other = _in_months(frame, table, months)
    issues.keep(set(frame["at"]))
    names, column = list(key(table)), ""
    if spec.record is not None:
        frame, names = with_key(frame, spec.record, cells, issues)
        column = KEY
    again = 0
    if spec.record is None or spec.record.key:
        frame, again = once(frame, names, issues, column)
    hold(frame, table, known.units, issues)
    problems = issues.problems()
    issues.stop_if_too_bad(problems, frame.height)
    bad = issues.bad()
    frame = frame.filter(~pl.col("at").is_in(list(bad))) if bad else frame
    if frame.is_empty():
        raise ContractError([Problem(raw.file, "expected at least one record, found none")])
    kept = frame.height
    if spec.record is not None:
        frame = added_up(frame, table)
    return Built(
        frame=frame.select(SCHEMAS[table].column_names()).sort(TIME_OF[table], *key(table)),
        read=len(raw.rows),
        kept=kept,
        filtered=filtered,
        other_months=other,
        duplicates=again,
        refused=len(bad),
        refusals=issues.refusals(),
        problems=tuple(problems[:SHOWN]),
        wrong=len(problems),
        notes=tuple(conversion.notes),
    )


def _is_wanted(at: int, conditions: Sequence[Condition], cells: Cells, issues: Issues) -> bool:
    """Whether a record is meant; one of which that cannot be said is, and has an issue."""
    try:
        return all(cells.holds(condition, at) for condition in conditions)
    except Wrong as wrong:
        issues.add(Issue(at, "rows.where", wrong.rule, str(wrong)))
        return True


def _frame(table: str, kept: list[int], values: dict[str, list[object]]) -> pl.DataFrame:
    types = SCHEMAS[table].create_empty().schema
    series = [
        pl.Series(name, values[name], dtype=dtype, strict=False) for name, dtype in types.items()
    ]
    return pl.DataFrame([pl.Series("at", kept, dtype=pl.Int64), *series])


def _in_months(
    frame: pl.DataFrame, table: str, months: frozenset[str] | None
) -> tuple[pl.DataFrame, int]:
    """The rows of the months that were asked for; a row whose month is unknown stays."""
    if months is None:
        return frame, 0
    month = month_of(table)
    kept = frame.filter(month.is_in(sorted(months)) | month.is_null())
    return kept, frame.height - kept.height
