"""`dxreport notebooks`."""

from __future__ import annotations

import typer

from dxreport.cli.options import DataOption, MonthArgument, OutOption, project_of
from dxreport.cli.terminal import file_line, write


def notebooks(
    context: typer.Context,
    month: MonthArgument,
    data: DataOption = None,
    out: OutOption = None,
) -> None:
    """Run the analysis notebooks of a month: executed files, and pages like the report's.

    [italic]Chạy các sổ tay phân tích của tháng và xuất bản cùng báo cáo.[/]

    They go to DIR/MONTH/notebooks, all or none; a cell that fails stops the command. Run it
    after render, which publishes the month's folder anew, or let render do both: --notebooks.

    [bold]Examples[/]

      dxreport notebooks 2024-09

      dxreport notebooks 2024-09 --data /srv/dx --out /srv/www
    """
    from dxreport.periods import Month
    from dxreport.site.publishing import publish_notebooks

    wanted = Month.parse(month)
    home = project_of(context)
    files = publish_notebooks(home, wanted, data or home.sample, out or home.root / "_site")
    write("".join(map(file_line, files)))
