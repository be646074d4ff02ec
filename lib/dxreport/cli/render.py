"""`dxreport render`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dxreport.cli.options import (
    FORMATS,
    DataOption,
    OutOption,
    parse_date,
    parse_formats,
    project_of,
    require_months,
    tables_of,
)
from dxreport.cli.terminal import file_line, note, progress, write
from dxreport.errors import UsageError
from dxreport.process import processors

if TYPE_CHECKING:
    from dxreport.config import Project
    from dxreport.reading import Tables
    from dxreport.site.orders import Order
    from dxreport.site.published import Published

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
    revised_on: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD", help="The date of the revision, if published facts moved."
        ),
    ] = None,
    reason: Annotated[
        str | None,
        typer.Option("--revision-reason", metavar="TEXT", help="Why they moved, for the note."),
    ] = None,
    notebooks: Annotated[
        bool, typer.Option("--notebooks", help="Run the analysis notebooks too, with the report.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(metavar="N", help="Months at once; if not given, as many as processors."),
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Make everything anew, and keep none of it.")
    ] = False,
) -> None:
    """Make the report of a month: a web page, a PDF and a DOCX, with its facts as CSV.

    [italic]Lập báo cáo tháng: trang web, PDF, DOCX và bảng số liệu.[/]

    Everything is made aside and moved to DIR/MONTH only when all of it is done; what was
    published before stays as it was if anything fails. The archive of months (DIR/index.html),
    DIR/latest and the links from month to month follow.

    Bad data stop the run before any month is published. Where a month's document fails, those in
    work beside it are finished, and no other is begun. What was made before from the same data,
    documents, settings and program is not made again.

    Where the month was published before and its data changed, the facts that moved are printed
    with old and new, and the page gets a note on them ("Số liệu điều chỉnh").

    [bold]Examples[/]

      dxreport render 2024-09

      dxreport render 2024-07..2024-09 --data /srv/dx --out /srv/www

      dxreport render 2024-09 --formats pdf,docx --number 123 --date 2024-10-04

      dxreport render 2024-09 --revised-on 2024-11-04 --revision-reason "Bổ sung hồ sơ"
    """
    from dxreport.cache import VARIABLE, user_cache
    from dxreport.periods import parse_months
    from dxreport.site.orders import Order

    wanted = parse_months(months)
    chosen = parse_formats(formats)
    letter = {} if number is None else {"number": number}
    if dated is not None:
        letter["date"] = parse_date(dated).isoformat()
    on = None if revised_on is None else parse_date(revised_on, "--revised-on")
    if letter and len(wanted) > 1:
        raise UsageError("--number and --date are of one letter: give one month with them")
    if jobs is not None and jobs < 1:
        raise UsageError(f"--jobs: {jobs} is not a number of processes: 1 or more")
    home = project_of(context)
    if no_cache:
        os.environ[VARIABLE] = "off"  # for the processes that make the documents, too
    store = user_cache()
    source, site = data or home.sample, out or home.root / "_site"
    orders = [
        Order(home, month, source, site, chosen, engine, letter, notebooks, store, on, reason or "")
        for month in wanted
    ]
    left = []
    for order in orders:
        began = time.perf_counter()
        if order.is_done():
            files = sorted(p for p in (site / str(order.month)).iterdir() if p.is_file())
            took = time.perf_counter() - began
            write(f"{_files(files)}nothing has changed · in all {took:.2f} s\n")
        else:
            left.append(order)
    if not left:
        return
    processes = min(jobs or processors(), len(left))
    if processes > 1:
        from dxreport.site.pool import pool_of, publish_side_by_side

        with pool_of(processes) as pool:
            _require(home, left)
            for published in publish_side_by_side(left, pool):
                _tell(published)
    else:
        _one_after_the_other(home, left)


def _require(home: Project, orders: Sequence[Order]) -> Tables:
    """Bad data, or a month that has none, must stop the run before it has published anything."""
    tables = tables_of(home, orders[0].data)
    require_months(tables, [order.month for order in orders])
    return tables


def _one_after_the_other(home: Project, orders: Sequence[Order]) -> None:
    from dxreport.aside import aside
    from dxreport.charts import making

    # One month keeps two processors busy: its charts are made beside it.
    is_beside = processors() > 1
    making.begin(beside=is_beside)
    tables = _require(home, orders)
    if is_beside:
        from dxreport.computed import computed
        from dxreport.report import report_of

        # They are made beside the imports that follow.
        aside().ask(making.get_ready)
        report_of(home, computed(tables, orders[0].month, home)).begin_charts()

    from dxreport.site.months import publish

    for order in orders:
        with progress(f"{order.month}") as on_step:
            published = publish(order, on_step)
        _tell(published)


def _tell(done: Published) -> None:
    """What was published, where, how long each step took, and which published facts moved."""
    from dxreport.cli.moves import moves_told

    steps = " · ".join(f"{name} {took:.2f} s" for name, took in done.steps)
    write(f"{_files(done.files)}{steps} · in all {done.seconds:.2f} s ({done.engine})\n")
    if done.revised:
        for warning in done.revised.warnings:
            note(warning)
        write(moves_told(done.folder.name, done.revised))
    if done.lost:
        note(f"{done.folder.name}: {_LOST}")


def _files(files: Iterable[Path]) -> str:
    return "".join(file_line(path) for path in files)
