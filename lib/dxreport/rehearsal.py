"""Reading Parquet files in another process first, as a damaged one can end a process.

Of all damage to a Parquet file, polars turns nearly every kind into an exception. But a wrong
length among a column's null markers makes it ask for 2 EiB of memory, and then the Rust runtime
aborts; about one in 1,500 single wrong bytes in a small file does. Nothing can catch that, so
another process reads the files while this one reads the others, and if it dies, the file that it
died of is not opened here.

Large files are not rehearsed: the damage is as rare as a wrong byte in one of few places, and
to read them twice costs seconds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Final

from dxreport.aside import Aside, EndedError, begun

LARGEST: Final = 64 * 1024 * 1024
"""How many bytes are rehearsed, over all files."""

_SECONDS: Final = 120
_BYTES_A_SECOND: Final = 10_000_000


class Rehearsal:
    """The reading of some files in another process, one after the other.

    `shared` is the process where it is not the rehearsal's own.
    """

    def __init__(self, files: Sequence[tuple[Path, Sequence[str]]], shared: Aside | None) -> None:
        self._left = dict(files)
        self._shared = shared
        self._fatal: set[Path] = set()
        self._process: Aside | None = None
        if files:
            self._begin(shared or (_waiting.pop() if _waiting else _process()))

    def is_fatal(self, path: Path) -> bool:
        """Whether reading the file ends a process. Waits for what is read up to it."""
        while path in self._left:
            if not self._is_ready():
                self._left.clear()
                break
            first = next(iter(self._left))
            try:
                self._read[first].result(timeout=self._time_left())
            except (EndedError, TimeoutError):
                self._lose(first)
            else:
                del self._left[first]
        return path in self._fatal

    def end(self) -> None:
        """Nobody waits for it any more."""
        reading = [self._read[path] for path in self._left]
        for left in reading:
            left.cancel()
        if self._process is None or self._process is self._shared:
            return
        if all(left.cancelled() or left.done() for left in reading):
            self._process.end()
        else:
            self._process.kill()

    def _begin(self, process: Aside | None) -> None:
        self._process = process
        if process is None:  # there can be none, and no rehearsal
            self._left.clear()
            return
        size = sum(path.stat().st_size for path in self._left if path.exists())
        self._until = time.monotonic() + _SECONDS + size / _BYTES_A_SECOND
        self._ready = process.ask(import_what_reads)
        self._read = {
            path: process.ask(read_through, path.absolute(), columns)
            for path, columns in self._left.items()
        }

    def _is_ready(self) -> bool:
        """Whether the process came to read at all: else it says nothing about the files."""
        try:
            self._ready.result(timeout=self._time_left())
        except Exception:
            return False
        return True

    def _lose(self, path: Path) -> None:
        """The process is lost over a file; another reads what is left."""
        assert self._process is not None
        self._process.kill()
        self._fatal.add(path)
        del self._left[path]
        if self._left:
            self._begin(_process())

    def _time_left(self) -> float:
        return max(0.0, self._until - time.monotonic())


def get_ready(folder: Path) -> None:
    """Begin the process that will read a folder's files, before this one imports what it needs.

    What both import takes longer than to read.
    """
    if begun() is not None or _waiting or not any(folder.glob("*.parquet")):
        return
    if (process := _process()) is not None:
        process.ask(import_what_reads)
        _waiting.append(process)


def import_what_reads() -> None:
    """What reads Parquet, which takes longer to import than to use."""
    import_module("polars")


_waiting: Final[list[Aside]] = []


@contextmanager
def rehearsing(files: Iterable[tuple[Path, Sequence[str]]]) -> Iterator[Rehearsal]:
    """Start to read the given columns of Parquet files; those too large are left out.

    The process of `aside` reads them where it has been begun, and else one of their own.
    """
    rehearsal = Rehearsal(list(_small(files)), begun())
    try:
        yield rehearsal
    finally:
        rehearsal.end()


def _process() -> Aside | None:
    """A process that can read; None where there can be none."""
    if sys.executable:
        with suppress(OSError):
            return Aside()
    return None


def read_through(path: Path, columns: Sequence[str]) -> None:
    """Read columns of a file, for nothing but to see that one outlives it."""
    import polars as pl

    # What can be caught is caught, polars' panics too: the reader proper says it better.
    with suppress(BaseException):
        scan = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        present = [name for name in columns if name in scan.collect_schema()]
        scan.select(pl.col(present).is_not_null().sum()).collect(engine="streaming")


def _small(
    files: Iterable[tuple[Path, Sequence[str]]],
) -> Iterator[tuple[Path, Sequence[str]]]:
    left = LARGEST
    for path, columns in files:
        with suppress(OSError):
            left -= path.stat().st_size
            if left >= 0:
                yield path, columns
