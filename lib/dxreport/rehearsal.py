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
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Final

from dxreport.aside import Aside, EndedError, begun

LARGEST: Final = 64 * 1024 * 1024
"""How many bytes are rehearsed, over all files."""

_SECONDS: Final = 120
_BYTES_A_SECOND: Final = 10_000_000


@dataclass
class Rehearsal:
    """The reading of some files in another process."""

    _read: dict[Path, Future[None]]
    _process: Aside | None
    _until: float
    _fatal: Path | None = field(default=None, init=False)

    def is_fatal(self, path: Path) -> bool:
        """Whether reading the file ends a process. Waits for the process on the first call."""
        while self._read and self._fatal is None:
            first = next(iter(self._read))
            try:
                self._read.pop(first).result(timeout=max(0.0, self._until - time.monotonic()))
            except (EndedError, TimeoutError):
                self._fatal = first
        return path == self._fatal

    def end(self) -> None:
        """Nobody waits for it any more."""
        for left in self._read.values():
            left.cancel()
        if self._fatal is not None and self._process is not None:
            self._process.kill()


def get_ready(folder: Path) -> None:
    """Begin the process that will read a folder's files, before this one imports what it needs.

    What both import takes longer than to read.
    """
    if begun() is None and not _waiting and any(folder.glob("*.parquet")):
        _waiting.append(Aside())
        _waiting[0].ask(import_what_reads)


def import_what_reads() -> None:
    """What reads Parquet, which takes longer to import than to use."""
    import_module("polars")


_waiting: Final[list[Aside]] = []


@contextmanager
def rehearsing(files: Iterable[tuple[Path, Sequence[str]]]) -> Iterator[Rehearsal]:
    """Start to read the given columns of Parquet files; those too large are left out.

    The process of `aside` reads them where it has been begun, and else one of their own.
    """
    wanted = list(_small(files))
    shared = begun()
    process = None
    if wanted and sys.executable:
        process = shared or (_waiting.pop() if _waiting else _begun())
    read = {}
    if process is not None:
        read = {path: process.ask(read_through, path.absolute(), names) for path, names in wanted}
    size = sum(path.stat().st_size for path, _ in wanted if path.exists())
    until = time.monotonic() + _SECONDS + size / _BYTES_A_SECOND
    rehearsal = Rehearsal(read, process, until)
    try:
        yield rehearsal
    finally:
        rehearsal.end()
        if process is not None and process is not shared:
            process.end()


def _begun() -> Aside | None:
    """None where there can be no process, and no rehearsal."""
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
