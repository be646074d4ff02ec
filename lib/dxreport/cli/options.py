"""The arguments that commands share, and what they stand for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dxreport.errors import UsageError

if TYPE_CHECKING:
    from dxreport.computed import Computed
    from dxreport.config import Project
    from dxreport.periods import Month
    from dxreport.reading import Tables

FORMATS = ("html", "pdf", "docx")

EXITS = """[bold]Exit status[/]  0 done · 1 bad data or a failed run · 2 wrong usage

With DXREPORT_DEBUG=1 an internal error shows its traceback."""

MonthArgument = Annotated[str, typer.Argument(metavar="MONTH", help="As YYYY-MM, like 2024-09.")]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        envvar="DXREPORT_DATA",
        help="The folder of the data tables; the project's data/sample where not given.",
    ),
]


OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="DIR", help="Where to publish; _site in the project if not given."
    ),
]


def project_of(context: typer.Context) -> Project:
    """The project that was named, or that the current folder or this very package lies in."""
    from dxreport.config import find_project

    if context.obj is not None:
        return find_project(context.obj)
    try:
        return find_project()
    except UsageError:
        with contextlib.suppress(UsageError):
            return find_project(Path(__file__).parent)
        raise


def tables_of(home: Project, data: Path | None) -> Tables:
    from dxreport.rehearsal import get_ready

    folder = data or home.sample
    get_ready(folder)
    from dxreport.reading import read_tables

    return read_tables(folder, home.reference)


def computed_of(tables: Tables, home: Project, month: Month) -> Computed:
    from dxreport.computed import computed
    from dxreport.report import require_month

    require_month(tables, month)
    return computed(tables, month, home)


def require_months(tables: Tables, months: Iterable[Month]) -> None:
    """`DxError` for the first month that no table of records has."""
    from dxreport.report import require_month

    for month in months:
        require_month(tables, month)


def parse_formats(text: str) -> tuple[str, ...]:
    """The formats of a comma-separated list, each once, in the house order."""
    wanted = {name.strip().lower() for name in text.split(",")} - {""}
    if unknown := sorted(wanted - set(FORMATS)):
        raise UsageError(f"--formats: {unknown[0]!r} is none of {', '.join(FORMATS)}")
    if not wanted:
        raise UsageError(f"--formats: name at least one of {', '.join(FORMATS)}")
    return tuple(name for name in FORMATS if name in wanted)


def parse_date(text: str, option: str = "--date") -> date:
    with contextlib.suppress(ValueError):
        day = date.fromisoformat(text)
        if day.isoformat() == text:  # not one of ISO 8601's other spellings
            return day
    raise UsageError(f"{option}: {text!r} is not a date: write it as YYYY-MM-DD, like 2024-10-04")
