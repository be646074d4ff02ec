"""`dxreport ingest`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dxreport.cli.options import project_of
from dxreport.cli.terminal import write
from dxreport.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dxreport.ingest.change import FactChange, RowChange
    from dxreport.ingest.run import Outcome
    from dxreport.periods import Month

_MOVES = 12


def ingest(
    context: typer.Context,
    table: Annotated[
        Literal["documents", "e_copies", "pakn", "procedures"],
        typer.Argument(metavar="TABLE", help="documents, e_copies, pakn or procedures."),
    ],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="The export; none where the mapping is of SQL."),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            metavar="M.yml", help="What the export means; found by the file's name if not given."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            envvar="DXREPORT_DATA",
            help="The data folder; made where it is not there.",
        ),
    ] = None,
    month: Annotated[
        str | None,
        typer.Option(metavar="MONTH", help="Take only these months: 2024-09, or 2024-07..2024-09."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Let a month lose more than half of its rows."),
    ] = False,
) -> None:
    """Bring an export of a platform into a data folder: its months, whole or not at all.

    [italic]Đưa tệp xuất từ hệ thống vào thư mục số liệu; tệp sửa lại thay cả tháng.[/]

    Each month that the file covers is replaced by it, and what that changes is said. The same
    file twice changes nothing. Columns that the mapping does not name are never read.

    [bold]Examples[/]

      dxreport ingest pakn pakn-2024-09.xlsx --data /srv/dx --dry-run

      dxreport ingest pakn export.xlsx --mapping my.yml --data /srv/dx --month 2024-09
    """
    from dxreport.ingest import run
    from dxreport.ingest.export import read_file
    from dxreport.ingest.mapping import load_mapping
    from dxreport.suppression.rule import suppression_rule

    if data is None:
        raise UsageError("--data: name the data folder that the export goes into")
    home = project_of(context)
    if mapping is None:
        if file is None:
            raise UsageError("name the export, or a mapping of SQL with --mapping")
        mapping = run.choose_mapping(home.root / "data" / "mappings", table, file)
    loaded = load_mapping(mapping)
    if loaded.table != table:
        raise UsageError(f"{mapping.name} is a mapping of {loaded.table}, not of {table}")
    if loaded.spec.format == "sql":
        if file is not None:
            raise UsageError(f"{mapping.name} is a mapping of SQL: it reads no file")
        from dxreport.ingest.sql import read_query

        export = read_query(loaded)
    else:
        if file is None:
            raise UsageError(f"{mapping.name} reads a file: name it after the table")
        export = read_file(file, loaded)
    done = run.ingest(
        export,
        loaded,
        data,
        home.reference,
        lambda: datetime.now().astimezone(),
        months=_months(month),
        dry_run=dry_run,
        replace=replace,
        rule=suppression_rule(home),
    )
    write("\n".join(_lines(done, dry_run)) + "\n")


def _months(text: str | None) -> frozenset[str] | None:
    if text is None:
        return None
    from dxreport.periods import parse_months

    return frozenset(map(str, parse_months(text)))


def _lines(done: Outcome, dry_run: bool) -> Iterator[str]:
    from dxreport.ingest.issues import WHY, heading

    built, raw = done.built, done.raw
    yield f"{raw.file}: {built.read:,} records, {built.kept:,} kept"
    left_out = {
        "left out by the mapping's filter": built.filtered,
        "of other months": built.other_months,
        "there twice": built.duplicates,
        "refused": built.refused,
    }
    for why, count in left_out.items():
        if count:
            yield f"  {count:,} {why}"
    for refusal in built.refusals:
        column = heading(raw, done.mapping.spec, refusal.column)
        yield f"    {refusal.rows:,} for {column}: {WHY.get(refusal.rule, refusal.rule)}"
    for problem in built.problems[:_MOVES]:
        yield f"    {problem.line()}"
    if (rest := built.wrong - len(built.problems[:_MOVES])) > 0:
        yield f"    ... and {rest:,} more"
    if raw.skipped:
        rows = ", ".join(f"{count} {why}" for why, count in raw.skipped.items())
        yield f"  rows that are no records: {rows}"
    for note in built.notes:
        yield f"  note: {note}"
    for change in done.rows:
        yield _row_line(done.mapping.table, change)
    if first := [change.month for change in done.facts if change.is_new]:
        yield f"{_reports(first)}: new, there was none before"
    for facts in done.facts:
        if not facts.is_new:
            yield from _fact_lines(facts)
    if done.unready:
        yield f"No report yet: {done.unready}"
    if done.moved:
        yield f"{done.mapping.table} now lies in one file a month."
    if not done.changed:
        yield "Nothing changes: the folder has these very rows."
    elif dry_run:
        yield "Nothing was changed (--dry-run)."


def _row_line(table: str, change: RowChange) -> str:
    part = f" ({change.place.part})" if change.place.part else ""
    what = f"{table} {change.place.month}{part}: {change.rows:,} rows"
    if not change.before:
        return f"{what}, new"
    if not change.is_any:
        return f"{what}, as before"
    columns = ", ".join(f"{name} {count}" for name, count in change.columns.items())
    altered = f"{change.altered:,} altered" + (f" ({columns})" if columns else "")
    return f"{what}: {change.added:,} added, {change.removed:,} removed, {altered}"


def _reports(months: Sequence[Month]) -> str:
    """The reports of some months, those in a row by the first and the last."""
    from dxreport.periods import runs

    return f"{'report' if len(months) == 1 else 'reports'} of {', '.join(runs(months, '..'))}"


def _fact_lines(change: FactChange) -> Iterator[str]:
    if not change.moves:
        yield f"report of {change.month}: no figure moves"
        return
    yield f"report of {change.month}: {len(change.moves):,} of {change.facts:,} figures move"
    for move in change.moves[:_MOVES]:
        was, now = move.before or "(none)", move.after or "(none)"
        yield f"  {move.indicator} {move.period} {move.scope}: {was} -> {now}"
    if (rest := len(change.moves) - _MOVES) > 0:
        yield f"  ... and {rest:,} more"
