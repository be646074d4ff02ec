"""One way to measure everything: a process, its seconds from start to end, its peak memory."""

from __future__ import annotations

import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_MEASURED = (
    *("polars", "altair", "vl-convert-python", "papermill", "nbconvert", "pypandoc-binary"),
    *("typst", "duckdb", "pandas", "pyarrow"),
)
_STEP = re.compile(r"([a-z]+) (\d+\.\d+) s")


@dataclass(frozen=True)
class Run:
    """One run: seconds, peak memory in MB, and what it said."""

    seconds: float
    megabytes: float
    said: bytes

    @property
    def steps(self) -> dict[str, float]:
        """The steps that `dxreport render` told, where it did."""
        lines = self.said.decode().splitlines()
        told = next((line for line in reversed(lines) if " · in all " in line), "")
        return {name: float(took) for name, took in _STEP.findall(told.partition(" · in all ")[0])}


@dataclass(frozen=True)
class Measured:
    """A row of the table. `against` is the row that it is compared with."""

    group: str
    name: str
    seconds: Sequence[float]
    megabytes: float
    steps: Mapping[str, float] = field(default_factory=dict)
    against: str | None = None
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def dxreport(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "dxreport", *map(str, arguments)]


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end; the benchmark ends where it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=out, stderr=err, cwd=ROOT, env={**os.environ, **(environment or {})}
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            err.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{err.read().decode()}")
        out.seek(0)
        # Kilobytes on Linux, bytes on macOS.
        return Run(seconds, used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3), out.read())


def measure(
    group: str,
    name: str,
    command: Sequence[str],
    times: int,
    *,
    before: Callable[[], None] | None = None,
    environment: Mapping[str, str] | None = None,
    against: str | None = None,
) -> tuple[Measured, bytes]:
    """`times` runs after a warm-up, and what the last one said. `before` readies each run."""
    runs = []
    for turn in range(times + 1):
        if before is not None:
            before()
        done = run(command, environment)
        if turn:
            runs.append(done)
    names = runs[-1].steps
    steps = {step: statistics.median(one.steps.get(step, 0) for one in runs) for step in names}
    peak = max(one.megabytes for one in runs)
    row = Measured(group, name, [one.seconds for one in runs], peak, steps, against)
    tell(row)
    return row, runs[-1].said


HEAD = f"{'median':>9} {'least':>8} {'most':>8} {'peak':>9}"


def tell(row: Measured) -> None:
    times = f"{row.median:8.2f}s {min(row.seconds):7.2f}s {max(row.seconds):7.2f}s"
    print(f"{times} {row.megabytes:6.0f} MB  {row.name}{row.note}", flush=True)
    if row.steps:
        told = " · ".join(f"{name} {took:.2f}" for name, took in row.steps.items())
        print(f"{'':38}{told}", flush=True)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
        "system": platform.platform(terse=True),
        "processor": _processor(),
        "python": platform.python_version(),
        "versions": {name: found for name in _MEASURED if (found := _version(name))},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), "")
