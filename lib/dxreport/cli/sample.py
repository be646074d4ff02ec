"""`dxreport sample`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dxreport.cli.options import project_of
from dxreport.cli.terminal import bars, file_line, write
from dxreport.errors import UsageError


def sample(
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to write the tables.")],
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Another seed gives other records.")
    ] = None,
    scale: Annotated[
        str,
        typer.Option(
            metavar="X", help="X times as many records, or a table's own: pakn=100,procedures=2."
        ),
    ] = "1",
    exports: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write the last month there, as Excel exports to ingest, and not into the tables.",
        ),
    ] = None,
    by_month: Annotated[
        bool,
        typer.Option("--by-month", help="PAKN and dossiers as a file a month, for large scales."),
    ] = False,
) -> None:
    """Make synthetic data that reproduce the published figures of September 2024.

    [italic]Tạo số liệu mô phỏng, khớp với số liệu đã công bố của tháng 9/2024.[/]

    [bold]Examples[/]

      dxreport sample --out /tmp/dx

      dxreport sample --out /tmp/big --scale 100

      dxreport sample --out /tmp/pakn --scale pakn=6500

      dxreport sample --out /tmp/dx --exports /tmp/exports

      dxreport sample --out /tmp/country --scale pakn=6522,procedures=714 --by-month
    """
    if by_month and exports is not None:
        raise UsageError("--exports and --by-month: exports hold back from tables of one file each")
    times = _scale(scale)
    home = project_of(context)

    from dxreport.sample import make_sample

    given = {} if seed is None else {"seed": seed}
    with bars() as progress:
        make_sample(out, home.reference, scale=times, progress=progress, by_month=by_month, **given)
    folders = [out]
    if exports is not None:
        from dxreport.sample.exports import hold_back

        hold_back(out, home.reference, exports)
        folders.append(exports)
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    write("".join(file_line(path) for path in files))


def _scale(text: str) -> float | dict[str, float]:
    """`"2.5"` for all tables, or `"pakn=100,procedures=2"` for some."""
    try:
        if "=" not in text:
            return float(text)
        parts = (part.partition("=") for part in text.split(","))
        return {table.strip(): float(times) for table, _, times in parts}
    except ValueError:
        raise UsageError(
            f"--scale: {text!r} is neither a number nor numbers by table, like pakn=100"
        ) from None
