"""The command `dxreport`: arguments in, words and an exit status out.

Nothing is computed here. What a command needs is imported when it runs, so that `--help` does
not wait for polars. Results go to stdout, everything else to stderr; an error is one line for
each thing that is wrong, and never a traceback.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from dxreport import __version__
from dxreport.cli import (
    check,
    facts,
    ingest,
    mapping,
    notebooks,
    publish,
    reconcile,
    render,
    sample,
    serve,
)
from dxreport.cli.options import EXITS
from dxreport.cli.terminal import DEBUG, fail
from dxreport.errors import DxError, place_of
from dxreport.process import prepare

INTERRUPTED = 130

app = typer.Typer(
    name="dxreport",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"dxreport {__version__}")
        raise typer.Exit


@app.callback(epilog=EXITS)
def project(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--project",
            metavar="DIR",
            envvar="DXREPORT_PROJECT",
            help="The folder with report.qmd and _quarto.yml; looked for from here upwards.",
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
) -> None:
    """Monthly report on a province's digital-transformation targets, from records to page.

    [italic]Báo cáo tháng về các chỉ tiêu chuyển đổi số của tỉnh: từ số liệu gốc đến văn bản.[/]

    [bold]Examples[/]

      dxreport render 2024-09                  the sample's report, in _site/2024-09

      dxreport check --data /srv/dx            do your own tables keep the contract?

      dxreport render 2024-10 --data /srv/dx   the report from them

      dxreport facts 2024-09 --format table    every figure, and what it is made of
    """
    context.obj = folder


for _command in (
    render.render,
    notebooks.notebooks,
    publish.publish,
    serve.serve,
    facts.facts,
    check.check,
    reconcile.reconcile,
    ingest.ingest,
    sample.sample,
):
    app.command(epilog=EXITS)(_command)


app.add_typer(mapping.app, name="mapping")


def _usage(message: str) -> str:
    """What typer found wrong with the arguments; nothing where it has just printed the help."""
    said = message.replace("Value error, ", "").rstrip(".")
    return f"{said} (see dxreport --help)" if said else ""


def _os_reason(error: OSError) -> str:
    what = error.strerror or type(error).__name__
    return f"{error.filename}: {what}" if error.filename else what


def _internal(error: Exception) -> str:
    """Where an unforeseen error arose. Not its message, which may quote a row of the data."""
    kind = type(error).__name__
    return (
        f"internal error ({kind} in {place_of(error)}); this is a defect of dxreport, "
        f"please report it; {DEBUG}=1 shows more"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status: 0, 1 for bad data or a failed run, 2 for wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    prepare()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # what libraries tell their programmers
    try:
        given = sys.argv[1:] if arguments is None else list(arguments)
        status = app(given, prog_name="dxreport", standalone_mode=False)
        sys.stdout.flush()
        if status == INTERRUPTED:  # typer turns the exception into the status
            raise KeyboardInterrupt
        return status if isinstance(status, int) else 0
    except DxError as error:
        return fail(str(error), error.exit_status)
    except typer.TyperException as error:
        return fail(_usage(error.format_message()), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return fail("interrupted", INTERRUPTED)
    except OSError as error:
        return fail(_os_reason(error), DxError.exit_status, error)
    except Exception as error:
        return fail(_internal(error), DxError.exit_status, error)


def run() -> NoReturn:
    """The command as a process of its own, which ends with the status of `main`."""
    status = main()
    # The system frees what a process had at once; Python would take a second for a report's.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)
