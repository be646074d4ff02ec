"""Group 1: figures from records, beside DuckDB's SQL and pandas, from Parquet and from CSV."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import sys
from pathlib import Path

from benchmarks.measuring import Measured, dxreport, measure, run

PAKN, DOSSIERS = 3_067, 28_041
"""Of the sample at scale 1."""

NOTHING_KEPT = {"DXREPORT_CACHE": "off"}

LARGEST_CSV = 1_000_000
"""A CSV is read whole: beyond this many records it is Parquet's turn."""


def benchmark(work: Path, sizes: list[int], times: int) -> list[Measured]:
    rows: list[Measured] = []
    for size in sizes:
        rows += _of_table(work, "pakn", size, times)
    most = max(sizes)
    rows += _of_table(work, "procedures", 5_000_000 if most > 1_000_000 else most, times)
    if most > 1_000_000:
        folder = _sample(work, most, most, by_month=True)
        name = f"dxreport facts, {most:,} PAKN and as many dossiers, a file a month"
        command = dxreport("facts", "2024-09", "--data", folder)
        row, said = measure("facts", name, command, times, environment=NOTHING_KEPT)
        rows.append(row)
        # The warm-up finds out what the runs after it find kept.
        kept = {"DXREPORT_CACHE": str(work / "kept")}
        name = "the same, its files judged and counted before"
        again, same = measure("facts", name, command, times, environment=kept, against=row.name)
        if same != said:
            sys.exit("dxreport facts: what was kept gives other figures")
        rows.append(again)
        name = f"dxreport render, {most:,} PAKN and as many dossiers, all formats"
        command = dxreport("render", "2024-09", "--data", folder, "--out", work / "large")
        command += ["--engine", "embedded", "--no-cache"]
        rows.append(measure("facts", name, command, 1)[0])
    return rows


def _of_table(work: Path, table: str, size: int, times: int) -> list[Measured]:
    is_pakn = table == "pakn"
    folder = _sample(work, size if is_pakn else PAKN, DOSSIERS if is_pakn else size)
    files = [folder / f"{table}.parquet"]
    if size <= LARGEST_CSV:
        files.append(_as_csv(files[0]))
    rows: list[Measured] = []
    for path in files:
        what = f"{size:,} {'PAKN' if is_pakn else 'dossiers'} from {path.suffix[1:]}"
        answers: dict[str, bytes] = {}
        first = f"our figures, {what}"
        for who in ("ours", "duckdb", "pandas"):
            if who == "pandas" and path.suffix == ".parquet" and not _has("pyarrow"):
                print(f"{'':38}pandas reads no Parquet without pyarrow: pip install pyarrow")
                continue
            command = [sys.executable, "-m", "benchmarks.contestants", who, table, str(path)]
            # The answer is compared before a time counts.
            answers[who] = run(command).said
            if answers[who] != answers["ours"]:
                sys.exit(f"{who} counts otherwise than we do: {what}")
            name = first if who == "ours" else f"{who}'s, {what}"
            rows.append(measure("facts", name, command, times, against=first)[0])
        if path.suffix == ".parquet":
            command = dxreport("facts", "2024-09", "--data", folder)
            name = f"dxreport facts with its contract, {what}"
            row, said = measure(
                "facts", name, command, times, environment=NOTHING_KEPT, against=first
            )
            if is_pakn:
                _compare(said, answers["ours"])
            rows.append(row)
    return rows


def _compare(facts: bytes, tallies: bytes) -> None:
    """That the facts' totals are those that were counted."""
    counted = [json.loads(line) for line in tallies.splitlines()]
    table = csv.DictReader(io.StringIO(facts.decode()))
    wanted = {(row["indicator"], row["period"], row["scope"]): row for row in table}
    for at, indicator in ((3, "pakn_received"), (4, "pakn_resolved"), (5, "pakn_backlog")):
        for period in ("month", "ytd"):
            total = sum(row[at] for row in counted if row[0] == period)
            if int(wanted[indicator, period, "all"]["numerator"]) != total:
                sys.exit(f"dxreport facts: {indicator} of {period} is not what was counted")


def _sample(work: Path, pakn: int, dossiers: int, *, by_month: bool = False) -> Path:
    folder = work / f"pakn-{pakn}-dossiers-{dossiers}{'-months' if by_month else ''}"
    if not folder.exists():
        scale = f"pakn={pakn / PAKN},procedures={dossiers / DOSSIERS}"
        more = ["--by-month"] if by_month else []
        run(dxreport("sample", "--out", folder, "--scale", scale, *more))
    return folder


def _as_csv(path: Path) -> Path:
    import polars as pl

    target = path.parent / "csv" / f"{path.stem}.csv"
    target.parent.mkdir(exist_ok=True)
    pl.scan_parquet(path).sink_csv(target, datetime_format="%Y-%m-%dT%H:%M:%S")
    return target


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
