"""`dxreport serve`."""

from __future__ import annotations

import contextlib
from typing import Annotated

import typer

from dxreport.cli.options import OutOption, project_of
from dxreport.cli.terminal import write


def serve(
    context: typer.Context,
    out: OutOption = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="8000, or a free one where it is taken, if not given; 0 for a free one.",
        ),
    ] = None,
) -> None:
    """Show the published site on this machine, and print its link. Ctrl+C ends it.

    [italic]Mở trang đã xuất bản trên máy này và in địa chỉ của nó.[/]

    Nobody else can reach it: it listens on 127.0.0.1 only. What is rendered in the meantime is
    shown at once.

    [bold]Examples[/]

      dxreport serve

      dxreport serve --out /srv/www --port 8080
    """
    from dxreport.site.server import open_server

    folder = out or project_of(context).root / "_site"
    with open_server(folder, port) as server:
        write(f"{server.address}\n")
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
