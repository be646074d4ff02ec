"""What a command says: results to stdout, everything else to stderr, and no control character."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from dxreport.rendering.documents import OnStep

DEBUG = "DXREPORT_DEBUG"


def _is_watched() -> bool:
    return sys.stdout.isatty() and sys.stderr.isatty()


@contextlib.contextmanager
def progress(what: str) -> Iterator[OnStep | None]:
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
def bars() -> Iterator[Callable[[str, int, int], None] | None]:
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


def file_line(path: Path) -> str:
    return f"{relative(path)}  {path.stat().st_size / 1000:,.0f} kB\n"


def relative(path: Path) -> Path:
    """`path` as seen from here, where it lies below."""
    here = Path.cwd()
    full = path.resolve()
    return full.relative_to(here) if full.is_relative_to(here) else full


def visible(text: str) -> str:
    """`text` without the control characters that would drive a terminal."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def write(text: str) -> None:
    """`text` to stdout as UTF-8 with its own line ends, also where the platform has others."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader (head, less) has seen enough; what is left goes nowhere, also at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from None


def note(text: str) -> None:
    """One line on stderr, about something that is no error."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"dxreport: {visible(text)}\n")


def fail(reason: str, status: int, error: BaseException | None = None) -> int:
    """Say why on stderr, one prefixed line for each line of `reason`."""
    if error is not None and os.environ.get(DEBUG):
        traceback.print_exception(error)
    with contextlib.suppress(OSError):
        sys.stderr.write("".join(f"dxreport: {visible(line)}\n" for line in reason.splitlines()))
    return status
