"""Polars' panics, without their noise.

A damaged Parquet file can make polars panic. The panic reaches Python as an exception, but
before that the Rust runtime writes a backtrace straight to file descriptor 2, past everything
that Python could catch.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Final

import polars as pl

_STDERR: Final = 2
_alone = RLock()
_depth = 0


@contextmanager
def quiet_panics() -> Iterator[None]:
    """Hold back what is written to the standard error inside; drop it where polars panicked.

    In any other case it is written after all. One thread at a time: the descriptor belongs to
    the whole process.
    """
    global _depth
    with _alone:
        _depth += 1
        try:
            if _depth > 1:
                yield
            else:
                with _held_back():
                    yield
        finally:
            _depth -= 1


@contextmanager
def _held_back() -> Iterator[None]:
    try:
        kept = os.dup(_STDERR)
    except OSError:  # There is no standard error to keep quiet.
        yield
        return
    with tempfile.TemporaryFile() as text:
        os.dup2(text.fileno(), _STDERR)
        panicked = False
        try:
            yield
        except pl.exceptions.PanicException:
            panicked = True
            raise
        finally:
            os.dup2(kept, _STDERR)
            os.close(kept)
            if not panicked:
                text.seek(0)
                if said := text.read():
                    os.write(_STDERR, said)
