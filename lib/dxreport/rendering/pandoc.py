"""The pandoc that comes with this installation, run as a subprocess."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pypandoc

from dxreport.errors import DxError

# pandoc reads file names in the locale's encoding; under LC_ALL=C it would stop at an accent.
_UTF_8 = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"

_ROOM = ("+RTS", "-A64m", "-RTS")
"""Memory that it fills before it collects garbage: a fifth of its time otherwise."""


@cache
def binary() -> str:
    """The path of pandoc; `DxError` where there is none."""
    try:
        return str(pypandoc.get_pandoc_path())
    except OSError:
        raise DxError("pandoc is missing: install the package pypandoc_binary") from None


def run(
    arguments: Sequence[str],
    text: bytes,
    *,
    folder: Path | None = None,
    epoch: int | None = None,
    extra: Mapping[str, str] | None = None,
) -> bytes:
    """Run pandoc on `text` and return what it writes to stdout.

    `epoch` fixes every time stamp in the output. Raises `DxError` with pandoc's own
    message, in one line.
    """
    environment = {**os.environ, "LC_ALL": _UTF_8, **(extra or {})}
    if epoch is not None:
        environment["SOURCE_DATE_EPOCH"] = str(epoch)
    # Through pipes each piece would wait for the interpreter, which another thread may have.
    with TemporaryFile() as given, TemporaryFile() as made, TemporaryFile() as said:
        given.write(text)
        given.seek(0)
        done = subprocess.run(
            [binary(), *_ROOM, *arguments],
            stdin=given,
            stdout=made,
            stderr=said,
            cwd=folder,
            env=environment,
            check=False,
        )
        for file in (made, said):
            file.seek(0)
        if done.returncode:
            message = " ".join(said.read().decode(errors="replace").split())
            raise DxError(f"pandoc failed: {message or f'exit status {done.returncode}'}")
        return made.read()


def read(text: str, source_format: str, *options: str) -> dict[str, Any]:
    """The text as pandoc's document tree."""
    out = run(["-f", source_format, "-t", "json", *options], text.encode())
    tree: dict[str, Any] = json.loads(out)
    return tree
