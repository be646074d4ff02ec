"""The command `dxreport`: arguments in, words and an exit status out.

Nothing is computed here. What a command needs is imported when it runs, so that `--help` does
not wait for polars. Results go to stdout, everything else to stderr; an error is one line for
each thing that is wrong, and never a traceback.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dxreport import __version__
from dxreport.errors import DxError, UsageError

if TYPE_CHECKING:
    from dxreport.config import Project
    from dxreport.facts import Fact, Facts
    from dxreport.periods import Month
    from dxreport.reading import Tables
    from dxreport.rendering.publish import OnStep, Rendered

DEBUG = "DXREPORT_DEBUG"
INTERRUPTED = 130
FORMATS = ("html", "pdf", "docx")

_VERDICT = {True: "met", False: "missed", None: ""}
_UNBOUNDED = 400  # columns: wide enough that no table folds in a file

app = typer.Typer(
    name="dxreport",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

_EXITS = """[bold]Exit status[/]  0 done · 1 bad data or a failed run · 2 wrong usage

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


def _version(wanted: bool) -> None:
    if wanted:
        print(f"dxreport {__version__}")
        raise typer.Exit


@app.callback(epilog=_EXITS)
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


@app.command(epilog=_EXITS)
def render(
    context: typer.Context,
    months: Annotated[
        str,
        typer.Argument(metavar="MONTH", help="As 2024-09, or 2024-07..2024-09 for several."),
    ],
    data: DataOption = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where to publish; _site in the project if not given."),
    ] = None,
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
) -> None:
    """Make the report of a month: a web page, a PDF and a DOCX, with its facts as CSV.

    [italic]Lập báo cáo tháng: trang web, PDF, DOCX và bảng số liệu.[/]

    Everything is made aside and moved to DIR/MONTH only when all of it is done; what was
    published before stays as it was if anything fails.

    [bold]Examples[/]

      dxreport render 2024-09

      dxreport render 2024-07..2024-09 --data /srv/dx --out /srv/www

      dxreport render 2024-09 --formats pdf,docx --number 123 --date 2024-10-04
    """
    from dxreport.periods import parse_months

    wanted = parse_months(months)
    chosen = _formats(formats)
    letter = {} if number is None else {"number": number}
    if dated is not None:
        letter["date"] = _date(dated).isoformat()
    if letter and len(wanted) > 1:
        raise UsageError("--number and --date are of one letter: give one month with them")
    home = _project(context)
    # Bad data, or a month that has none, must stop the run before it has published anything.
    tables = _tables(home, data)
    found = [_facts(tables, home, month) for month in wanted]

    from dxreport.exports import facts_csv
    from dxreport.rendering.publish import render_month

    for facts in found:
        began = time.perf_counter()
        with _progress(f"{facts.month}") as on_step:
            done = render_month(
                home,
                facts.month,
                tables.folder,
                out or home.root / "_site",
                formats=chosen,
                engine=engine,
                letter=letter,
                on_step=on_step,
                write_facts=partial(_save, facts_csv(facts)),
            )
        _write(_told(done, time.perf_counter() - began))


@app.command(epilog=_EXITS)
def notebooks(
    context: typer.Context,
    month: MonthArgument,
    data: DataOption = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where to publish; _site in the project if not given."),
    ] = None,
) -> None:
    """Run the analysis notebooks of a month: executed files, and pages like the report's.

    [italic]Chạy các sổ tay phân tích của tháng và xuất bản cùng báo cáo.[/]

    They go to DIR/MONTH/notebooks, all or none; a cell that fails stops the command. Run it
    after render, which publishes the month's folder anew.

    [bold]Examples[/]

      dxreport notebooks 2024-09

      dxreport notebooks 2024-09 --data /srv/dx --out /srv/www
    """
    from dxreport.notebooks import publish_notebooks
    from dxreport.periods import Month

    wanted = Month.parse(month)
    home = _project(context)
    files = publish_notebooks(home, wanted, data or home.sample, out or home.root / "_site")
    _write("".join(map(_file_line, files)))


@app.command(epilog=_EXITS)
def facts(
    context: typer.Context,
    month: MonthArgument,
    data: DataOption = None,
    format_: Annotated[
        Literal["csv", "json", "table"],
        typer.Option("--format", help="csv and json for programs, table for reading."),
    ] = "csv",
) -> None:
    """Print every figure of a month's report, as numerator and denominator and as printed.

    [italic]In toàn bộ số liệu của báo cáo tháng, kèm tử số, mẫu số và cách in.[/]

    [bold]Examples[/]

      dxreport facts 2024-09 > facts.csv

      dxreport facts 2024-09 --format table | less -R
    """
    from dxreport.exports import facts_csv, facts_json
    from dxreport.periods import Month

    wanted = Month.parse(month)
    home = _project(context)
    found = _facts(_tables(home, data), home, wanted)
    written = {"csv": facts_csv, "json": facts_json, "table": _readable}
    _write(written[format_](found))


@app.command(epilog=_EXITS)
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
    tables = _tables(_project(context), data)
    if wanted is not None:
        from dxreport.report import require_month

        require_month(tables, wanted)
    lines = [f"{s.table:<12}{s.rows:>12,}  {s.path.name}  ({s.origin})" for s in tables.sources]
    found = reading.check(tables, wanted)
    lines += [f"warning: {warning.en}" for warning in found]
    counted = {0: "no warnings", 1: "1 warning"}.get(len(found), f"{len(found)} warnings")
    _write("\n".join([*lines, f"The data keep the contract; {counted}."]) + "\n")


@app.command(epilog=_EXITS)
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
) -> None:
    """Make synthetic data that reproduce the published figures of September 2024.

    [italic]Tạo số liệu mô phỏng, khớp với số liệu đã công bố của tháng 9/2024.[/]

    [bold]Examples[/]

      dxreport sample --out /tmp/dx

      dxreport sample --out /tmp/big --scale 100

      dxreport sample --out /tmp/pakn --scale pakn=6500
    """
    times = _scale(scale)
    home = _project(context)

    from dxreport.sample import make_sample

    given = {} if seed is None else {"seed": seed}
    with _bars() as progress:
        make_sample(out, home.reference, scale=times, progress=progress, **given)
    files = sorted(path for path in out.iterdir() if path.is_file())
    _write("".join(_file_line(path) for path in files))


def _project(context: typer.Context) -> Project:
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


def _tables(home: Project, data: Path | None) -> Tables:
    from dxreport.reading import read_tables

    return read_tables(data or home.sample, home.reference)


def _facts(tables: Tables, home: Project, month: Month) -> Facts:
    from dxreport.catalogue import load_catalogue
    from dxreport.facts import compute_facts
    from dxreport.report import require_month

    require_month(tables, month)
    catalogue = load_catalogue(
        tables.units, tables.targets, tables.baselines, tables.topics, home.reference
    )
    return compute_facts(tables, catalogue, month)


def _formats(text: str) -> tuple[str, ...]:
    """The formats of a comma-separated list, each once, in the house order."""
    wanted = {name.strip().lower() for name in text.split(",")} - {""}
    if unknown := sorted(wanted - set(FORMATS)):
        raise UsageError(f"--formats: {unknown[0]!r} is none of {', '.join(FORMATS)}")
    if not wanted:
        raise UsageError(f"--formats: name at least one of {', '.join(FORMATS)}")
    return tuple(name for name in FORMATS if name in wanted)


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


def _date(text: str) -> date:
    with contextlib.suppress(ValueError):
        day = date.fromisoformat(text)
        if day.isoformat() == text:  # not one of ISO 8601's other spellings
            return day
    raise UsageError(f"--date: {text!r} is not a date: write it as YYYY-MM-DD, like 2024-10-04")


def _is_watched() -> bool:
    return sys.stdout.isatty() and sys.stderr.isatty()


@contextlib.contextmanager
def _progress(what: str) -> Iterator[OnStep | None]:
    """Shows on stderr which steps are done, where a person is watching; else nothing."""
    if not _is_watched():
        yield None
        return
    from rich.console import Console

    done: list[str] = []
    with Console(stderr=True).status(f"{what} ...") as status:

        def on_step(name: str, seconds: float) -> None:
            done.append(f"{name} {seconds:.1f} s")
            status.update(f"{what} ... [dim]{' · '.join(done)}[/]")

        yield on_step


@contextlib.contextmanager
def _bars() -> Iterator[Callable[[str, int, int], None] | None]:
    """A bar for each table on stderr, from (table, done, total), where a person is watching."""
    if not _is_watched():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True) as bars:
        known: dict[str, TaskID] = {}

        def show(table: str, done: int, total: int) -> None:
            if table not in known:
                known[table] = bars.add_task(table, total=total)
            bars.update(known[table], completed=done)

        yield show


def _told(done: Rendered, seconds: float) -> str:
    """What was published, where, and how long each step took."""
    files = "".join(_file_line(path) for path in done.files)
    steps = " · ".join(f"{name} {took:.2f} s" for name, took in done.steps)
    return f"{files}{steps} · in all {seconds:.2f} s ({done.engine})\n"


def _file_line(path: Path) -> str:
    return f"{_relative(path)}  {path.stat().st_size / 1000:,.0f} kB\n"


def _relative(path: Path) -> Path:
    """`path` as seen from here, where it lies below."""
    here = Path.cwd()
    full = path.resolve()
    return full.relative_to(here) if full.is_relative_to(here) else full


def _readable(facts: Facts) -> str:
    """The facts for reading: a table for each section and period, figures to the right."""
    from rich.console import Console
    from rich.table import Table

    text = io.StringIO()
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else _UNBOUNDED
    console = Console(
        file=text, force_terminal=terminal, width=width, highlight=False, markup=False, emoji=False
    )
    groups: dict[tuple[int, str], list[Fact]] = {}
    for fact in facts:
        groups.setdefault((fact.section, fact.period), []).append(fact)
    for (section, period), rows in groups.items():
        table = Table(title=f"{facts.month} · section {section} · {period}", title_justify="left")
        for heading in ("indicator", "scope", "name"):
            table.add_column(heading, overflow="fold")
        for heading in ("numerator", "denominator", "printed", "target", "rank"):
            table.add_column(heading, justify="right", no_wrap=True)
        for fact in rows:
            table.add_row(*_cells(fact))
        console.print(table)
        console.print()
    return text.getvalue()


def _cells(fact: Fact) -> tuple[str, ...]:
    target = "" if fact.target is None else f"{fact.target:g} {_VERDICT[fact.met]}"
    rank = "" if fact.rank_high is None else f"{fact.rank_high}/{fact.peers}"
    return (
        _visible(fact.indicator),
        _visible(fact.scope),
        _visible(fact.name),
        f"{fact.numerator:,}",
        f"{fact.denominator:,}",
        fact.printed,
        target,
        rank,
    )


def _visible(text: str) -> str:
    """`text` without the control characters that would drive a terminal."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def _save(text: str, path: Path) -> None:
    path.write_bytes(text.encode())


def _write(text: str) -> None:
    """`text` to stdout as UTF-8 with its own line ends, also where the platform has others."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader (head, less) has seen enough; what is left goes nowhere, also at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from None


def _fail(reason: str, status: int, error: BaseException | None = None) -> int:
    """Say why on stderr, one prefixed line for each line of `reason`."""
    if error is not None and os.environ.get(DEBUG):
        traceback.print_exception(error)
    with contextlib.suppress(OSError):
        sys.stderr.write("".join(f"dxreport: {_visible(line)}\n" for line in reason.splitlines()))
    return status


def _usage(message: str) -> str:
    """What typer found wrong with the arguments; nothing where it has just printed the help."""
    said = message.replace("Value error, ", "").rstrip(".")
    return f"{said} (see dxreport --help)" if said else ""


def _os_reason(error: OSError) -> str:
    what = error.strerror or type(error).__name__
    return f"{error.filename}: {what}" if error.filename else what


def _internal(error: Exception) -> str:
    """Where an unforeseen error arose. Not its message, which may quote a row of the data."""
    place = next(
        (
            f"{Path(frame.filename).name}, line {frame.lineno}"
            for frame in reversed(traceback.extract_tb(error.__traceback__))
            if Path(frame.filename).is_relative_to(Path(__file__).parent)
        ),
        "an unknown place",
    )
    return (
        f"internal error ({type(error).__name__} in {place}); this is a defect of dxreport, "
        f"please report it; {DEBUG}=1 shows more"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status: 0, 1 for bad data or a failed run, 2 for wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
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
        return _fail(str(error), error.exit_status)
    except typer.TyperException as error:
        return _fail(_usage(error.format_message()), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted", INTERRUPTED)
    except OSError as error:
        return _fail(_os_reason(error), DxError.exit_status, error)
    except Exception as error:
        return _fail(_internal(error), DxError.exit_status, error)
