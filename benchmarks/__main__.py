"""Times the commands as a user runs them: each in a process of its own, on the sample.

Prints a table and writes `benchmarks/results/commands.json`: seconds from start to end (median
and range after a warm-up), peak memory, and for `render` the median of each step.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "commands.json"
MEASURED = ("polars", "altair", "great-tables", "papermill", "pypandoc-binary", "typst")
_STEP = re.compile(r"([a-z]+) (\d+\.\d+) s")


@dataclass(frozen=True)
class Run:
    """One run of a command: seconds, peak memory in MB, and the steps that it told."""

    seconds: float
    megabytes: float
    steps: dict[str, float]


def run(arguments: Sequence[str]) -> Run:
    """`dxreport ARGUMENTS`; ends the benchmark where the command fails."""
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", "dxreport", *arguments], stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"dxreport {' '.join(arguments)} failed with {process.returncode}")
        out.seek(0)
        told = out.read().decode().splitlines()
    # Kilobytes on Linux, bytes on macOS.
    peak = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    steps = dict(_STEP.findall(told[-1])) if arguments[0] == "render" else {}
    return Run(seconds, peak, {name: float(took) for name, took in steps.items()})


def measure(arguments: Sequence[str], times: int) -> dict[str, object]:
    """Medians and ranges of `times` runs after one that warms the caches."""
    run(arguments)
    runs = [run(arguments) for _ in range(times)]
    seconds = [one.seconds for one in runs]
    steps = {name: statistics.median(one.steps[name] for one in runs) for name in runs[0].steps}
    return {
        "command": " ".join(["dxreport", *arguments]),
        "seconds": {
            "median": statistics.median(seconds),
            "least": min(seconds),
            "most": max(seconds),
        },
        "peak_mb": max(one.megabytes for one in runs),
        "steps": steps,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="runs of each command (5)")
    parser.add_argument("--month", default="2024-09")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = ["--out", folder, "--engine", "embedded"]
        commands = [
            ["--help"],
            ["check", given.month],
            ["facts", given.month],
            *(["render", given.month, *out, "--formats", name] for name in ("html", "pdf", "docx")),
            ["render", given.month, *out],
        ]
        results = []
        print(f"{'median':>8} {'least':>7} {'most':>7} {'peak':>8}")
        for arguments in commands:
            found = measure(arguments, given.times)
            found["command"] = str(found["command"]).replace(folder, "DIR")
            results.append(found)
            _print(found)
    machine = {
        "cpus": os.cpu_count(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in MEASURED},
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": machine, "times": given.times, "results": results}, indent=2)
    RESULTS.write_text(text + "\n", encoding="utf-8")
    print(f"{RESULTS.relative_to(ROOT)} has the figures, the machine and the versions.")


def _print(found: dict[str, object]) -> None:
    seconds, steps = found["seconds"], found["steps"]
    assert isinstance(seconds, dict)
    assert isinstance(steps, dict)
    times = " ".join(
        f"{seconds[key]:6.2f}s".rjust(width)
        for key, width in (("median", 8), ("least", 7), ("most", 7))
    )
    print(f"{times} {found['peak_mb']:5.0f} MB  {found['command']}")
    if steps:
        print(" " * 35 + " · ".join(f"{name} {took:.2f}" for name, took in steps.items()))


if __name__ == "__main__":
    main()
