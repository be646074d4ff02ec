"""`dxreport publish`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dxreport.cli.options import OutOption, project_of
from dxreport.cli.terminal import relative, write
from dxreport.errors import DxError, UsageError


def publish(
    context: typer.Context,
    months: Annotated[
        str | None,
        typer.Argument(
            metavar="[MONTH]", help="As 2024-09, or 2024-07..2024-09; all if not given."
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="The folder that a web server or share shows."),
    ] = None,
    out: OutOption = None,
    withdraw: Annotated[
        bool,
        typer.Option("--withdraw", help="Take the months away there instead of putting them."),
    ] = False,
) -> None:
    """Put the site, or some of its months, where others read it.

    [italic]Đưa trang báo cáo, hoặc một số tháng, tới nơi người khác đọc.[/]

    Every file is copied aside and compared with its manifest; then each month takes its place as
    a whole, and the archive page last. DIR keeps its other months. Without --to it is the site
    itself whose archive, latest and links are brought up to date.

    [bold]Examples[/]

      dxreport publish --to /srv/www/bao-cao

      dxreport publish 2024-09 --to /mnt/chia-se/bao-cao

      dxreport publish 2024-09 --to /srv/www/bao-cao --withdraw
    """
    from dxreport.periods import parse_months
    from dxreport.site.archive import read_archive
    from dxreport.site.copying import publish_to
    from dxreport.site.look import look_of
    from dxreport.site.placing import locked, renew, withdraw_month

    wanted = parse_months(months) if months else ()
    home = project_of(context)
    source = out or home.root / "_site"
    target = (to or source).resolve()
    if withdraw:
        if not wanted:
            raise UsageError("--withdraw: name the month that is to go")
        with locked(target):
            for month in wanted:
                withdraw_month(target, month, look_of(home))
        write("".join(f"{relative(target / str(month))}  withdrawn\n" for month in wanted))
        return
    if to is None:
        if wanted:
            raise UsageError("--to: say where the months are to be published")
        if not read_archive(target).entries:
            raise DxError(f"{target}: has no published month; run dxreport render first")
        with locked(target):
            renew(target, look_of(home))
    done = publish_to(home, source, target, wanted) if to else ()
    write("".join(f"{relative(target / str(month))}\n" for month in done))
    write(f"{relative(target / 'index.html')}\n")
