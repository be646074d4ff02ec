"""A folder that takes its place whole or not at all.

What is published is made in a folder of this run's own beside the target, and exchanged with it
in one step where the system can. A run that fails or is killed leaves what was there before; what
it leaves of its own is swept by the next run.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from dxreport.errors import DxError

_OURS = re.compile(r"\.(?P<name>.+)\.(?P<host>[^.]*)\.(?P<pid>\d+)\.(?P<kind>new|old)")
_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def staged(out: Path, name: str) -> Iterator[Path]:
    """A folder of this run's own in `out`, gone afterwards whatever happens."""
    folder = out / _own(name, "new")
    try:
        out.mkdir(parents=True, exist_ok=True)
        sweep(out)
        shutil.rmtree(folder, ignore_errors=True)  # of a killed run that had this one's number
        folder.mkdir()
    except OSError as error:
        raise DxError(f"{out}: cannot be written to ({error.strerror})") from None
    try:
        yield folder
    except OSError as error:
        if error.errno in _FULL:
            raise DxError(f"{out}: the disk is full; what was there is untouched") from None
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def into_place(staging: Path, target: Path) -> Path:
    """Let the finished folder or file take the target's place; both lie in one file system.

    Where folders can be exchanged in one step, `staging` is the old folder afterwards.
    """
    if staging.is_file():
        return staging.replace(target)
    if not target.exists():
        with contextlib.suppress(OSError):
            return staging.rename(target)
    if not _exchange(staging, target):
        old = target.with_name(_own(target.name, "old"))
        target.rename(old)
        staging.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    return target


def sweep(out: Path) -> None:
    """Remove what runs of this machine that were killed left behind.

    Where one was killed between the two steps of an exchange, the old folder comes back.
    """
    for left in sorted(out.glob(".*")):
        found = _OURS.fullmatch(left.name)
        if not found or found["host"] != _host() or _is_running(int(found["pid"])):
            continue
        if found["kind"] == "old" and not (out / found["name"]).exists():
            left.rename(out / found["name"])
        else:
            shutil.rmtree(left, ignore_errors=True)


def make_durable(path: Path, *, deep: bool = True) -> None:
    """Have a folder with all that is in it on the disk itself, so that no power cut halves it.

    deep: false for the folder's own list of names alone.
    """
    for parent, _, names in os.walk(path) if deep else ():
        for name in names:
            _sync(Path(parent, name))
        _sync(Path(parent))
    _sync(path)


def _sync(path: Path) -> None:
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:  # a folder, on Windows
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno in _FULL:  # a network's disk may say so only now
            raise
    finally:
        os.close(handle)


def _own(name: str, kind: str) -> str:
    return f".{name}.{_host()}.{os.getpid()}.{kind}"


def _host() -> str:
    """This machine's name without dots: a share may have runs of several machines."""
    return re.sub(r"[^0-9A-Za-z-]", "-", socket.gethostname())


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


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
