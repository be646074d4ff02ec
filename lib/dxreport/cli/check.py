"""`dxreport check`."""

from __future__ import annotations

from typing import Annotated

import typer

from dxreport.cli.options import DataOption, project_of, tables_of
from dxreport.cli.terminal import write


def check(
    context: typer.Context,
    month: Annotated[
        str | None,
        typer.Argument(
            metavar="[MONTH]", help="Also see what the report of that month would miss."
        ),
    ] = None,
    data: DataOption = None,
) -> None:
    """Say whether the data keep the contract, and what is odd about them.

    [italic]Kiểm tra số liệu có đúng quy ước không, và những điểm cần lưu ý.[/]

    A breach (a wrong type, a duplicate key, an unknown unit) names its file, row and column and
    ends with 1. A warning (a unit without a row, a month missing) does not.

    [bold]Examples[/]

      dxreport check

      dxreport check 2024-09 --data /srv/dx
    """
    from dxreport import reading
    from dxreport.periods import Month

    wanted = None if month is None else Month.parse(month)
    tables = tables_of(project_of(context), data)
    if wanted is not None:
        from dxreport.report import require_month

        require_month(tables, wanted)
    lines = [f"{s.table:<12}{s.rows:>12,}  {s.path.name}  ({s.origin})" for s in tables.sources]
    found = reading.check(tables, wanted)
    lines += [f"warning: {warning.en}" for warning in found]
    counted = {0: "no warnings", 1: "1 warning"}.get(len(found), f"{len(found)} warnings")
    write("\n".join([*lines, f"The data keep the contract; {counted}."]) + "\n")
