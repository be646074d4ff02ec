"""`dxreport facts`."""

from __future__ import annotations

import io
import shutil
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dxreport.cli.options import DataOption, MonthArgument, computed_of, project_of, tables_of
from dxreport.cli.terminal import visible, write

if TYPE_CHECKING:
    from dxreport.facts import Fact, Facts

_VERDICT = {True: "met", False: "missed", None: ""}
_UNBOUNDED = 400  # columns: wide enough that no table folds in a file


def facts(
    context: typer.Context,
    month: MonthArgument,
    data: DataOption = None,
    format_: Annotated[
        Literal["csv", "json", "table"],
        typer.Option("--format", help="csv and json for programs, table for reading."),
    ] = "csv",
) -> None:
    """Print every figure of a month's report, as numerator and denominator and as printed.

    [italic]In toàn bộ số liệu của báo cáo tháng, kèm tử số, mẫu số và cách in.[/]

    [bold]Examples[/]

      dxreport facts 2024-09 > facts.csv

      dxreport facts 2024-09 --format table | less -R
    """
    from dxreport.exports import facts_csv, facts_json
    from dxreport.periods import Month

    wanted = Month.parse(month)
    home = project_of(context)
    found = computed_of(tables_of(home, data), home, wanted).facts
    written = {"csv": facts_csv, "json": facts_json, "table": _readable}
    write(written[format_](found))


def _readable(facts: Facts) -> str:
    """The facts for reading: a table for each section and period, figures to the right."""
    from rich.console import Console
    from rich.table import Table

    text = io.StringIO()
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else _UNBOUNDED
    console = Console(
        file=text, force_terminal=terminal, width=width, highlight=False, markup=False, emoji=False
    )
    groups: dict[tuple[int, str], list[Fact]] = {}
    for fact in facts:
        groups.setdefault((fact.section, fact.period), []).append(fact)
    for (section, period), rows in groups.items():
        table = Table(title=f"{facts.month} · section {section} · {period}", title_justify="left")
        for heading in ("indicator", "scope", "name"):
            table.add_column(heading, overflow="fold")
        for heading in ("numerator", "denominator", "printed", "target", "rank"):
            table.add_column(heading, justify="right", no_wrap=True)
        for fact in rows:
            table.add_row(*_cells(fact))
        console.print(table)
        console.print()
    return text.getvalue()


def _cells(fact: Fact) -> tuple[str, ...]:
    target = "" if fact.target is None else f"{fact.target:g} {_VERDICT[fact.met]}"
    rank = "" if fact.rank_high is None else f"{fact.rank_high}/{fact.peers}"
    return (
        visible(fact.indicator),
        visible(fact.scope),
        visible(fact.name),
        "" if "numerator" in fact.withheld else f"{fact.numerator:,}",
        "" if "denominator" in fact.withheld else f"{fact.denominator:,}",
        fact.printed,
        target,
        rank,
    )
