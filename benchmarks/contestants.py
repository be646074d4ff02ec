"""The figures of a table by each contestant: `python -m benchmarks.contestants WHO TABLE FILES`.

Each prints the same: for every period, unit and topic (or system) the integers that the report's
figures are made of, as of the end of September 2024, one line each, in order.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

JANUARY, AUGUST, SEPTEMBER, END = (datetime(2024, month, 1) for month in (1, 8, 9, 10))
PERIODS = {
    "pakn": (
        ("month", SEPTEMBER, END, END),
        ("previous", AUGUST, SEPTEMBER, SEPTEMBER),
        ("ytd", JANUARY, END, END),
    ),
    "procedures": (("end", JANUARY, END, END),),
}
PART = {"pakn": "topic", "procedures": "source_system"}
USED = {
    "pakn": ["unit_id", "topic", "received_at", "due_at", "resolved_at", "rating"],
    "procedures": [
        *("source_system", "unit_id", "received_at", "due_at", "returned_at"),
        *("filed_online", "fee_due", "paid_online", "digitised"),
    ],
}
Rows = Iterable[tuple[Any, ...]]


def ours(table: str, path: Path) -> Rows:
    """This package's counting, of a file that is taken as it is."""
    import polars as pl

    from dxreport.cubes import PAKN
    from dxreport.periods import Month
    from dxreport.scanning import scan
    from dxreport.tallies import tally_pakn, tally_procedures

    if path.suffix == ".csv":
        # Of the first rows alone nobody can tell what a column is that begins with nothing.
        types: dict[str, pl.DataType] = {"unit_id": pl.String(), PART[table]: pl.String()}
        types |= {name: pl.Datetime("us") for name in USED[table] if name.endswith("_at")}
        types |= {"rating": pl.Int64()} if table == "pakn" else {"paid_online": pl.Boolean()}
        files = [pl.scan_csv(path, schema_overrides=types)]
    else:
        files = [scan(file) for file in sorted(path.glob("*.parquet"))] or [scan(path)]

    class Trusted:
        def parts(self, _table: str) -> tuple[pl.LazyFrame, ...]:
            return tuple(files)

    count = tally_pakn if table == PAKN.table else tally_procedures
    tally = count(Trusted(), Month(2024, 9))  # type: ignore[arg-type]
    for cell in tally.cells:
        yield cell.period, cell.unit_id, cell.part, *(cell.measures[m] for m in tally.measures)


def duckdb(table: str, path: Path) -> Rows:
    import duckdb

    if path.suffix == ".csv":
        source = f"read_csv('{path}', types = {{'unit_id': 'VARCHAR'}})"
    else:
        source = f"read_parquet('{path / '*.parquet' if path.is_dir() else path}')"
    measures = {
        "pakn": """count(*), count_if(done), count_if(NOT done), count(rating) FILTER (done),
            sum(rating) FILTER (done),
            sum((epoch_us(resolved_at) - epoch_us(received_at)) // 1000000) FILTER (done),
            count_if(done AND resolved_at <= due_at), count_if(done OR due_at < $end)""",
        "procedures": """count(*), count_if(filed_online),
            count_if(CASE WHEN done THEN returned_at > due_at ELSE due_at < $end END),
            count_if(digitised), count_if(fee_due), count_if(fee_due AND paid_online)""",
    }[table]
    closed = {"pakn": "resolved_at", "procedures": "returned_at"}[table]
    connection = duckdb.connect(":memory:")
    for period, first, last, end in PERIODS[table]:
        query = f"""
            SELECT '{period}', unit_id, {PART[table]}, {measures}
            FROM (SELECT *, coalesce({closed} < $end, false) AS done FROM {source}
                  WHERE received_at >= $first AND received_at < $last)
            GROUP BY ALL"""
        given = {"first": first, "last": last, "end": end}
        yield from connection.execute(query, given).fetchall()


def pandas(table: str, path: Path) -> Rows:
    import pandas as pd

    times = [name for name in USED[table] if name.endswith("_at")]
    if path.suffix == ".csv":
        frame = pd.read_csv(path, usecols=USED[table], dtype={"unit_id": str}, parse_dates=times)
    else:
        frame = pd.read_parquet(path, columns=USED[table])
    closed = {"pakn": "resolved_at", "procedures": "returned_at"}[table]
    for period, first, last, end in PERIODS[table]:
        rows = frame[(frame["received_at"] >= first) & (frame["received_at"] < last)]
        done, due = rows[closed] < end, rows["due_at"]
        if table == "pakn":
            spent = (rows[closed] - rows["received_at"]) // pd.Timedelta(seconds=1)
            columns = {
                "received": done | True,
                "resolved": done,
                "backlog": ~done,
                "rated": done & rows["rating"].notna(),
                "stars": rows["rating"].where(done).fillna(0).astype("int64"),
                "seconds": spent.where(done).fillna(0).astype("int64"),
                "on_time": done & (rows[closed] <= due),
                "on_time_base": done | (due < end),
            }
        else:
            late = (rows[closed] > due).where(done, due < end)
            paid = rows["paid_online"].astype("boolean").fillna(False).astype(bool)
            columns = {
                "received": done | True,
                "filed_online": rows["filed_online"],
                "overdue": late,
                "digitised": rows["digitised"],
                "fee_due": rows["fee_due"],
                "paid_online": rows["fee_due"] & paid,
            }
        keys = ["unit_id", PART[table]]
        counted = pd.DataFrame(columns).assign(**{key: rows[key] for key in keys})
        sums = counted.groupby(keys, observed=True).sum().astype("int64").reset_index()
        for row in sums.itertuples(index=False):
            yield period, *row


CONTESTANTS: dict[str, Callable[[str, Path], Rows]] = {
    "ours": ours,
    "duckdb": duckdb,
    "pandas": pandas,
}


def main() -> None:
    who, table, path = sys.argv[1:]
    rows = CONTESTANTS[who](table, Path(path))
    for row in sorted(
        [part if isinstance(part, str) else int(part or 0) for part in r] for r in rows
    ):
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
