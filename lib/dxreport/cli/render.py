"""`dxreport render`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dxreport.cli.options import (
    FORMATS,
    DataOption,
    OutOption,
    catalogue_of,
    facts_of,
    parse_date,
    parse_formats,
    project_of,
    tables_of,
)
from dxreport.cli.terminal import file_line, note, progress, write
from dxreport.errors import UsageError

if TYPE_CHECKING:
    from dxreport.facts import Facts
    from dxreport.rendering import Extra
    from dxreport.site import Published

_LOST = "the notebooks were of the earlier report and went with it; dxreport notebooks runs them"


def render(
    context: typer.Context,
    months: Annotated[
        str,
        typer.Argument(metavar="MONTH", help="As 2024-09, or 2024-07..2024-09 for several."),
    ],
    data: DataOption = None,
    out: OutOption = None,
    formats: Annotated[
        str, typer.Option(metavar="LIST", help="Which of html,pdf,docx.")
    ] = ",".join(FORMATS),
    engine: Annotated[
        Literal["auto", "quarto", "embedded"],
        typer.Option(help="What renders; auto takes Quarto where it is on the PATH."),
    ] = "auto",
    number: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The letter's number; blank if not given.")
    ] = None,
    dated: Annotated[
        str | None,
        typer.Option("--date", metavar="YYYY-MM-DD", help="The letter's date; blank if not given."),
    ] = None,
    notebooks: Annotated[
        bool, typer.Option("--notebooks", help="Run the analysis notebooks too, with the report.")
    ] = False,
) -> None:
    """Make the report of a month: a web page, a PDF and a DOCX, with its facts as CSV.

    [italic]Lập báo cáo tháng: trang web, PDF, DOCX và bảng số liệu.[/]

    Everything is made aside and moved to DIR/MONTH only when all of it is done; what was
    published before stays as it was if anything fails. The archive of months (DIR/index.html),
    DIR/latest and the links from month to month follow.

    [bold]Examples[/]

      dxreport render 2024-09

      dxreport render 2024-07..2024-09 --data /srv/dx --out /srv/www

      dxreport render 2024-09 --formats pdf,docx --number 123 --date 2024-10-04
    """
    from dxreport.periods import parse_months

    wanted = parse_months(months)
    chosen = parse_formats(formats)
    letter = {} if number is None else {"number": number}
    if dated is not None:
        letter["date"] = parse_date(dated).isoformat()
    if letter and len(wanted) > 1:
        raise UsageError("--number and --date are of one letter: give one month with them")
    home = project_of(context)
    # Bad data, or a month that has none, must stop the run before it has published anything.
    tables = tables_of(home, data)
    found = [facts_of(tables, home, month) for month in wanted]

    from dxreport.headlines import headlines
    from dxreport.site.publishing import notebooks_extra, publish_month

    catalogue = catalogue_of(tables, home)
    for facts in found:
        began = time.perf_counter()
        extras = [_facts_extra(facts)]
        if notebooks:
            extras.append(notebooks_extra(home, facts.month, tables.folder))
        with progress(f"{facts.month}") as on_step:
            done = publish_month(
                home,
                facts.month,
                tables.folder,
                out or home.root / "_site",
                formats=chosen,
                engine=engine,
                letter=letter,
                extras=extras,
                tables=tables,
                headlines=headlines(facts, catalogue),
                on_step=on_step,
            )
        write(_told(done, time.perf_counter() - began))
        if done.lost:
            note(f"{facts.month}: {_LOST}")


def _facts_extra(facts: Facts) -> Extra:
    """The facts' CSV beside the documents, linked at the head of the page."""
    from dxreport.exports import facts_csv
    from dxreport.rendering import FACTS, Extra, Link

    def save(folder: Path) -> None:
        (folder / FACTS).write_bytes(facts_csv(facts).encode())

    return Extra("facts", save, (Link(FACTS, "Số liệu CSV", "text/csv"),))


def _told(done: Published, seconds: float) -> str:
    """What was published, where, and how long each step took."""
    files = "".join(file_line(path) for path in done.files)
    steps = " · ".join(f"{name} {took:.2f} s" for name, took in done.steps)
    return f"{files}{steps} · in all {seconds:.2f} s ({done.engine})\n"
