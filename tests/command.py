"""Running the command as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run(
    *arguments: str | Path, cwd: Path = ROOT, timeout: float = 150, **env: str
) -> subprocess.CompletedProcess[str]:
    """`dxreport ARGUMENTS` in a process of its own; captured text, no exception."""
    return subprocess.run(
        [sys.executable, "-m", "dxreport", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )
