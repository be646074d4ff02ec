"""What does not break the contract, and is worth a look before a report goes out.

A warning names months, units and counts; never a row's own texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from dxreport.contracts import TIME_OF
from dxreport.cubes import RECORDS, SHAPES, cube, month_start
from dxreport.periods import Month
from dxreport.reading.tables import Tables

WarningKind = Literal["missing_month", "unit_without_rows", "future", "due_before_received"]

_MONTHLY: Final = ("documents", "e_copies")
_DUE: Final = ("pakn", "procedures")
_ITEMS: Final[Mapping[str, tuple[str, str]]] = {
    "pakn": ("PAKN", "PAKN"),
    "procedures": ("dossiers", "hồ sơ"),
}


@dataclass(frozen=True)
class Warning_:
    """A warning in both languages (`Warning` is Python's); `unit_id` where it is about a unit."""

    kind: WarningKind
    table: str
    en: str
    vi: str
    unit_id: str | None = None


def check(tables: Tables, month: Month | None) -> list[Warning_]:
    """The warnings of the data contract, for a report of `month` or for the data as a whole."""
    counts = rows_by_unit_and_month(tables)
    return [
        *_missing_months(counts),
        *units_without_rows(tables, counts, month),
        *_future(counts, month),
        *_due_before_received(tables),
    ]


def rows_by_unit_and_month(tables: Tables) -> dict[str, pl.DataFrame]:
    """For each fact table: `unit_id`, `month` (YYYY-MM), `rows`."""
    found = {}
    for name, table in tables.facts().items():
        if shape := SHAPES.get(name):
            counted = cube(tables, shape).lazy()
            month = month_start(pl.col("received")).dt.strftime("%Y-%m")
            rows = pl.col(RECORDS).sum()
        else:
            counted, month, rows = table, pl.col(TIME_OF[name]), pl.len().cast(pl.Int64)
        found[name] = counted.group_by("unit_id", month.alias("month")).agg(rows=rows)
    return dict(zip(found, pl.collect_all(list(found.values()), engine="streaming"), strict=True))


def _missing_months(counts: Mapping[str, pl.DataFrame]) -> Iterator[Warning_]:
    for name, frame in counts.items():
        present = sorted(Month.parse(text) for text in frame["month"].unique())
        if not present:
            continue
        for month in present[0].until(present[-1]):
            if month not in present:
                yield Warning_(
                    "missing_month",
                    name,
                    f"{name}: no rows for {month}, though there are for months before and after",
                    f"{name}: không có số liệu tháng {_month_vi(month)}, "
                    "trong khi các tháng trước và sau đều có",
                )


def units_without_rows(
    tables: Tables, counts: Mapping[str, pl.DataFrame], month: Month | None
) -> Iterator[Warning_]:
    """Units of the catalogue that no table speaks of, and those that a table stopped speaking of.

    A table does not owe every unit a row (an enterprise certifies no copies), so within one
    of the monthly tables only units that have rows in other months are missed; and nobody owes
    a PAKN or a dossier.
    """
    units = tables.units.sort("order", "unit_id")
    when_en, when_vi = "", ""
    if month is None and (present := _present(counts)):
        # Of another world than the one the data are of, nothing is missed.
        units = units.filter(
            (pl.col("valid_from") <= present[-1].last).fill_null(True)
            & (pl.col("valid_to") >= present[0].first).fill_null(True)
        )
    if month is not None:
        first, last = pl.lit(month.first), pl.lit(month.last)
        units = units.filter(
            (pl.col("valid_from") <= last).fill_null(True)
            & (pl.col("valid_to") >= first).fill_null(True)
        )
        when_en, when_vi = f" in {month}", f" trong tháng {_month_vi(month)}"
    names = dict(units.select("unit_id", "name").iter_rows())
    here = {name: _units_in(frame, month) for name, frame in counts.items()}
    silent = [unit for unit in names if not any(unit in known for known in here.values())]
    for unit in silent:
        yield Warning_(
            "unit_without_rows",
            "units",
            f"{unit} ({names[unit]}): no row in any table{when_en}",
            f"{names[unit]} ({unit}): không có số liệu trong bảng nào{when_vi}",
            unit,
        )
    if month is None:
        return
    for table in _MONTHLY:
        frame = counts[table]
        ever = _units_in(frame, None)
        for unit in names:
            if unit in ever and unit not in here[table] and unit not in silent:
                yield Warning_(
                    "unit_without_rows",
                    table,
                    f"{table}: {unit} ({names[unit]}) has no row{when_en}",
                    f"{table}: {names[unit]} ({unit}) không có số liệu{when_vi}",
                    unit,
                )


def _present(counts: Mapping[str, pl.DataFrame]) -> list[Month]:
    """The months of which any table has a row, in order."""
    texts = {text for frame in counts.values() for text in frame["month"].unique() if text}
    return sorted(map(Month.parse, texts))


def _units_in(frame: pl.DataFrame, month: Month | None) -> set[str]:
    if month is not None:
        frame = frame.filter(pl.col("month") == str(month))
    return set(frame["unit_id"])


def _future(counts: Mapping[str, pl.DataFrame], month: Month | None) -> Iterator[Warning_]:
    if month is None:
        return
    later = int(counts["pakn"].filter(pl.col("month") > str(month))["rows"].sum())
    if later:
        yield Warning_(
            "future",
            "pakn",
            f"pakn: {later:,} PAKN received after {month} take no part in its report",
            f"pakn: {_number_vi(later)} PAKN tiếp nhận sau tháng {_month_vi(month)} "
            "không được tính vào báo cáo của tháng",
        )


def _due_before_received(tables: Tables) -> Iterator[Warning_]:
    facts = tables.facts()
    early = [facts[name].select((pl.col("due_at") < pl.col("received_at")).sum()) for name in _DUE]
    for name, frame in zip(_DUE, pl.collect_all(early, engine="streaming"), strict=True):
        if count := frame.item():
            en, vi = _ITEMS[name]
            yield Warning_(
                "due_before_received",
                name,
                f"{name}: {count:,} {en} are due before they were received",
                f"{name}: {_number_vi(count)} {vi} có hạn xử lý trước thời điểm tiếp nhận",
            )


def _month_vi(month: Month) -> str:
    return f"{month.month}/{month.year}"


def _number_vi(count: int) -> str:
    return f"{count:,}".replace(",", ".")
