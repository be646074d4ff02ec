"""A folder that takes its place whole or not at all.

What is published is made in a folder of this run's own beside the target, and exchanged with it
in one step where the system can. A run that fails or is killed leaves what was there before.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from dxreport.errors import DxError


@contextlib.contextmanager
def staged(out: Path, name: str) -> Iterator[Path]:
    """A folder of this run's own beside the target, gone afterwards whatever happens."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        _sweep(out, name)
        folder = out / f".{name}.{os.getpid()}.new"
        folder.mkdir()
    except OSError as error:
        raise DxError(f"{out}: cannot be written to ({error.strerror})") from None
    try:
        yield folder
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DxError(f"{out}: the disk is full; what was there is untouched") from None
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(out: Path, name: str) -> None:
    """Remove what runs that were killed left behind."""
    for left in out.glob(f".{name}.*.*"):
        pid = left.name.split(".")[-2]
        if pid.isdigit() and int(pid) != os.getpid() and not _is_running(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def into_place(staging: Path, target: Path) -> Path:
    """Let the finished folder take the target's place."""
    if not target.exists():
        with contextlib.suppress(OSError):
            staging.rename(target)
            return target
    if not _exchange(staging, target):
        old = staging.with_suffix(".old")
        target.rename(old)
        staging.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    return target


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    at_cwd, exchange = -100, 2
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    done: int = rename(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), exchange)
    return done == 0
