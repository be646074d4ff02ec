"""`make bench`: prints a table, and writes it as JSON with the machine and the versions.

Each thing runs in a process of its own, at least five times after a warm-up. What is compared is
measured in the same run, and its answer is compared before its time counts.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks import facts, pages, reports
from benchmarks.measuring import HEAD, ROOT, Measured, machine

RESULTS = ROOT / "benchmarks" / "results" / "bench.json"
SIZES = {"quick": [10_000, 1_000_000], "all": [10_000, 1_000_000, 20_000_000]}
GROUPS = ("facts", "report", "months", "changes", "page")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="runs of each after a warm-up (5)")
    parser.add_argument(
        "--sizes", choices=SIZES, default="quick", help="all has 20 million, 60 months (quick)"
    )
    parser.add_argument("--only", default=",".join(GROUPS), help=f"of {','.join(GROUPS)}")
    given = parser.parse_args()
    print(HEAD)
    measured: list[Measured] = []
    about = machine()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        wanted = {
            "facts": lambda: facts.benchmark(work, SIZES[given.sizes], given.times),
            "report": lambda: reports.one_month(work, given.times),
            "months": lambda: reports.many_months(work, given.times, sixty=given.sizes == "all"),
            "changes": lambda: reports.changes(work, given.times),
            "page": lambda: pages.benchmark(work, given.times),
        }
        for group in given.only.split(","):
            print(f"-- {group}")
            measured += wanted[group]()
    _ratios(measured)
    rows = [asdict(row) | {"median": row.median} for row in measured]
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    whole = {"machine": about, "times": given.times, "sizes": given.sizes, "results": rows}
    RESULTS.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    print(f"{RESULTS.relative_to(ROOT)} has the figures, the machine and the versions.")


def _ratios(measured: list[Measured]) -> None:
    """How many times as long as what they stand beside the others take."""
    by_name = {row.name: row for row in measured}
    for row in measured:
        base = by_name.get(row.against or "")
        if base is not None and base is not row:
            print(f"{row.median / base.median:8.2f} x  {row.name} : {base.name}")


if __name__ == "__main__":
    main()
