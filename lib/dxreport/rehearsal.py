"""Reading Parquet files in another process first, as a damaged one can end a process.

Of all damage to a Parquet file, polars turns nearly every kind into an exception. But a wrong
length among a column's null markers makes it ask for 2 EiB of memory, and then the Rust runtime
aborts; about one in 1,500 single wrong bytes in a small file does. Nothing can catch that, so a
child process reads the files while this one reads the others, and if it dies, the file that it
died of is not opened here.

Large files are not rehearsed: the damage is as rare as a wrong byte in one of few places, and
to read them twice costs seconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

LARGEST: Final = 64 * 1024 * 1024
"""How many bytes are rehearsed, over all files."""

_SECONDS: Final = 120
_BYTES_A_SECOND: Final = 10_000_000

# Prints the number of each file before it reads it, so that the last one is the one it died of.
# What can be caught is caught: the reader proper says it better.
_CHILD: Final = """
import json, sys
import polars as pl
for number, (path, columns) in enumerate(json.load(sys.stdin)):
    print(number, flush=True)
    try:
        scan = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        present = [name for name in columns if name in scan.collect_schema()]
        scan.select(pl.col(present).is_not_null().sum()).collect(engine="streaming")
    except BaseException:
        pass
"""


@dataclass
class Rehearsal:
    """The reading of some files in a child process; `fatal` says which one it did not survive."""

    paths: Sequence[Path]
    child: subprocess.Popen[str] | None
    _fatal: Path | None = field(default=None, init=False)

    def is_fatal(self, path: Path) -> bool:
        """Whether reading the file ends a process. Waits for the child on the first call."""
        self._wait()
        return path == self._fatal

    def _wait(self) -> None:
        if self.child is None:
            return
        size = sum(path.stat().st_size for path in self.paths if path.exists())
        try:
            read, _ = self.child.communicate(timeout=_SECONDS + size / _BYTES_A_SECOND)
        except subprocess.TimeoutExpired:
            self.child.kill()
            read, _ = self.child.communicate()
        if self.child.returncode and read.split():
            self._fatal = self.paths[int(read.split()[-1])]
        self.child = None


def get_ready(folder: Path) -> None:
    """Begin the child that will read a folder's files, before this process imports what it needs.

    What both import takes longer than to read.
    """
    if not _waiting and any(folder.glob("*.parquet")):
        _waiting.extend(filter(None, [_begun()]))


_waiting: Final[list[subprocess.Popen[str]]] = []


def _begun() -> subprocess.Popen[str] | None:
    """A child that waits for what to read; None where there can be none, and no rehearsal."""
    if not sys.executable:
        return None
    with suppress(OSError):
        return subprocess.Popen(
            [sys.executable, "-c", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    return None


@contextmanager
def rehearsing(files: Iterable[tuple[Path, Sequence[str]]]) -> Iterator[Rehearsal]:
    """Start to read the given columns of Parquet files; those too large are left out."""
    wanted = list(_small(files))
    child = None
    if wanted:
        child = _waiting.pop() if _waiting else _begun()
    if child is not None:
        _send(child, json.dumps([(str(path.absolute()), list(names)) for path, names in wanted]))
    rehearsal = Rehearsal([path for path, _ in wanted], child)
    try:
        yield rehearsal
    finally:
        if rehearsal.child is not None:
            rehearsal.child.kill()
            rehearsal.child.communicate()


def _send(child: subprocess.Popen[str], text: str) -> None:
    # So that the child starts at once, and not only when it is waited for.
    assert child.stdin is not None
    with suppress(BrokenPipeError):
        child.stdin.write(text)
        child.stdin.close()
    child.stdin = None


def _small(
    files: Iterable[tuple[Path, Sequence[str]]],
) -> Iterator[tuple[Path, Sequence[str]]]:
    left = LARGEST
    for path, columns in files:
        with suppress(OSError):
            left -= path.stat().st_size
            if left >= 0:
                yield path, columns
