"""`dxreport reconcile`."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from dxreport.cli.options import (
    DataOption,
    MonthArgument,
    computed_of,
    project_of,
    tables_of,
)
from dxreport.cli.terminal import visible, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dxreport.reconcile import Outcome, Verdict

_UNBOUNDED = 400  # columns: wide enough that no table folds in a file
_STYLES = {"agrees": "green", "rounding": "yellow", "differs": "red", "not found": "magenta"}
_FIELDS = (
    "row", "verdict", "why", "section", "period", "indicator", "scope", "op", "value", "unit",
    "published", "computed", "numerator", "denominator", "exact", "notes",
)  # fmt: skip


def reconcile(
    context: typer.Context,
    month: MonthArgument,
    published: Annotated[
        Path, typer.Argument(metavar="PUBLISHED.csv", help="The figures published earlier.")
    ],
    data: DataOption = None,
    format_: Annotated[
        Literal["table", "csv", "json"],
        typer.Option("--format", help="table for reading, csv and json for programs."),
    ] = "table",
    strict: Annotated[
        bool, typer.Option("--strict", help="A figure that was rounded otherwise counts too.")
    ] = False,
) -> None:
    """Compare a month's facts with figures that were published earlier.

    [italic]Đối chiếu số liệu tính được với số liệu đã công bố trước đây.[/]

    Each row of the file agrees, differs by rounding (and how: truncated, half even, fewer
    decimals), differs, or is not found. Ends with 0 where all figures agree or differ by rounding
    only, else with 1; with --strict rounding ends with 1 too. docs/reconcile.md has the format.

    [bold]Examples[/]

      dxreport reconcile 2024-09 published-2024-09.csv

      dxreport reconcile 2024-09 published-2024-09.csv --format csv > compared.csv
    """
    from dxreport.periods import Month
    from dxreport.reconcile import read_published, tally
    from dxreport.reconcile import reconcile as compared

    wanted = Month.parse(month)
    rows = read_published(published)
    home = project_of(context)
    tables = tables_of(home, data)
    made = computed_of(tables, home, wanted)
    outcomes = compared(rows, made.facts, made.catalogue)
    counted = tally(outcomes)
    written = {"table": _readable, "csv": _csv, "json": _json}
    write(written[format_](outcomes))
    summary = _summary(counted, len(outcomes))
    if format_ == "table":
        write(summary)
    else:
        sys.stderr.write(summary)
    if counted["differs"] or counted["not found"] or (strict and counted["rounding"]):
        raise typer.Exit(1)


def _summary(counted: dict[Verdict, int], total: int) -> str:
    return (
        f"{total} figures: {counted['agrees']} agree, {counted['rounding']} differ by rounding, "
        f"{counted['differs']} differ, {counted['not found']} not found.\n"
    )


def _readable(outcomes: Sequence[Outcome]) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    text = io.StringIO()
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else _UNBOUNDED
    console = Console(
        file=text, force_terminal=terminal, width=width, highlight=False, markup=False, emoji=False
    )
    table = Table(show_edge=False)
    table.add_column("row", justify="right", no_wrap=True)
    for heading in ("indicator", "period", "scope", "op"):
        table.add_column(heading, overflow="fold")
    table.add_column("published", justify="right", overflow="fold")
    table.add_column("computed", justify="right", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("why", overflow="fold")
    for outcome in outcomes:
        row = outcome.row
        why = "; ".join(part for part in (outcome.why, *outcome.notes) if part)
        table.add_row(
            str(row.row),
            visible(row.indicator),
            row.period,
            visible(row.scope),
            row.op,
            visible(_short(row.printed or str(float(row.value)))),
            visible(_short(_computed(outcome))),
            Text(outcome.verdict, style=_STYLES[outcome.verdict]),
            visible(why),
        )
    console.print(table)
    return text.getvalue()


def _computed(outcome: Outcome) -> str:
    fact = outcome.fact
    if fact is None or fact.unit != "%" or fact.value is None:
        return outcome.computed
    return f"{fact.printed} ({fact.numerator}/{fact.denominator})"


def _short(text: str, most: int = 34) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _record(outcome: Outcome) -> dict[str, Any]:
    """An outcome as a row for programs, with the columns of `_FIELDS`."""
    row, fact = outcome.row, outcome.fact
    return {
        "row": row.row,
        "verdict": outcome.verdict,
        "why": outcome.why,
        "section": row.section,
        "period": row.period,
        "indicator": row.indicator,
        "scope": outcome.scope or row.scope,
        "op": row.op,
        "value": float(row.value),
        "unit": row.unit,
        "published": row.printed,
        "computed": outcome.computed,
        "numerator": None if fact is None else fact.numerator,
        "denominator": None if fact is None else fact.denominator,
        "exact": None if fact is None else fact.value,
        "notes": "; ".join(outcome.notes),
    }


def _csv(outcomes: Sequence[Outcome]) -> str:
    from dxreport.exports import guarded

    text = io.StringIO()
    table = csv.DictWriter(text, _FIELDS, lineterminator="\n")
    table.writeheader()
    for outcome in outcomes:
        record = _record(outcome)
        table.writerow(
            {
                key: guarded(value) if isinstance(value, str) else value
                for key, value in record.items()
            }
        )
    return text.getvalue()


def _json(outcomes: Sequence[Outcome]) -> str:
    rows = (json.dumps(_record(outcome), ensure_ascii=False) for outcome in outcomes)
    return "[\n" + ",\n".join(rows) + "\n]\n"
