"""`dxreport mapping new` and `dxreport mapping check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from dxreport.cli.options import EXITS, project_of
from dxreport.cli.terminal import write

app = typer.Typer(
    no_args_is_help=True,
    epilog=EXITS,
    help="Mappings: how an export becomes a table.\n\n"
    "[italic]Ánh xạ: tệp xuất trở thành bảng số liệu như thế nào.[/]",
)

TableOption = Annotated[
    Literal["documents", "e_copies", "pakn", "procedures"] | None,
    typer.Option("--table", metavar="TABLE", help="Which table; guessed if not given."),
]


@app.command(epilog=EXITS)
def new(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="EXPORT", help="An xlsx, xls, csv or parquet.")],
    table: TableOption = None,
) -> None:
    """Look at the headings of an export and print a first mapping, its guesses marked.

    [italic]Xem tiêu đề các cột của tệp và in ra ánh xạ đầu tiên, chỗ phỏng đoán có đánh dấu.[/]

    [bold]Examples[/]

      dxreport mapping new export.xlsx --table pakn > my-pakn.yml
    """
    from dxreport.ingest.guess import first_mapping

    home = project_of(context)
    write(first_mapping(file, table, home.root / "data" / "mappings", home.reference))


@app.command(epilog=EXITS)
def check(
    mapping: Annotated[Path, typer.Argument(metavar="M.yml", help="The mapping.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="[EXPORT]", help="A file to find its table in.")
    ] = None,
) -> None:
    """Say whether a mapping is whole, and where it finds its columns in an export.

    [italic]Kiểm tra ánh xạ, và các cột mà nó tìm thấy trong tệp.[/]

    [bold]Examples[/]

      dxreport mapping check my-pakn.yml

      dxreport mapping check my-pakn.yml export.xlsx
    """
    from dxreport.ingest.mapping import load_mapping
    from dxreport.ingest.parsing import read_export

    loaded = load_mapping(mapping)
    lines = [f"{mapping.name}: a mapping of {loaded.table}, {len(loaded.spec.columns)} columns"]
    if file is not None:
        raw = read_export(file, loaded)
        lines.append(f"{raw.file}: {len(raw.rows):,} records")
        for name, column in loaded.spec.columns.items():
            found = [raw.headings[s] for s in column.sources if s in raw.headings]
            lines.append(f"  {name:<22} {', '.join(found) or '(from no column)'}")
        skipped = ", ".join(f"{count} {why}" for why, count in raw.skipped.items())
        if skipped:
            lines.append(f"  rows that are no records: {skipped}")
    write("\n".join(lines) + "\n")
