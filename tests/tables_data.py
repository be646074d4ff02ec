"""Facts by hand for the tests of tables: what was counted, and a province to count it in."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from dxreport.catalogue import Catalogue, Unit, load_catalogue
from dxreport.facts import Facts, facts_from_tallies
from dxreport.periods import Month, PeriodId
from dxreport.tallies import Cell, Tally

REFERENCE = Path(__file__).parents[1] / "data" / "reference"
MONTH = Month(2024, 9)

MEASURES = {
    "documents": ("outgoing", "signed_from_work_file"),
    "e_copies": ("certified", "electronic"),
    "pakn": (
        "received",
        "resolved",
        "backlog",
        "rated",
        "stars",
        "seconds",
        "on_time",
        "on_time_base",
    ),
    "procedures": ("received", "filed_online", "overdue", "digitised", "fee_due", "paid_online"),
}

Counted = tuple[str, PeriodId, str, tuple[int, ...]]
"""(unit, period, part, what was counted in the order of `MEASURES`)."""


def full_catalogue() -> Catalogue:
    """The reference catalogue: 8 districts, 126 communes, and the rest."""
    read = {
        name: pl.read_csv(REFERENCE / f"{name}.csv", infer_schema=False)
        for name in ("units", "targets", "baselines", "topics")
    }
    return load_catalogue(
        read["units"].with_columns(
            pl.col("order").cast(pl.Int64), pl.col("valid_from", "valid_to").str.to_date()
        ),
        read["targets"].with_columns(pl.col("valid_from", "due").str.to_date()),
        read["baselines"].with_columns(pl.col("as_of").str.to_date()),
        read["topics"],
        REFERENCE,
    )


def with_units(catalogue: Catalogue, units: Iterable[Unit]) -> Catalogue:
    """The catalogue with other units; the same targets and indicators."""
    units = tuple(units)
    return replace(catalogue, units=units, by_id={unit.unit_id: unit for unit in units})


def unit(
    unit_id: str,
    name: str,
    level: str,
    kind: str = "people_committee",
    parent: str | None = None,
    order: int = 0,
) -> Unit:
    return Unit(unit_id, name, name, level, kind, parent, order, None, None)


SMALL = (
    unit("SNV", "Sở Nội vụ", "province", "department"),
    unit("STC", "Sở Tài chính", "province", "department"),
    unit("D1", "Thành phố Bắc Ninh", "district"),
    unit("D2", "Huyện Gia Bình", "district"),
    unit("C1", "Phường Vạn An", "commune", parent="D1"),
    unit("C2", "Phường Hòa Long", "commune", parent="D1"),
    unit("C3", "Xã Thái Bảo", "commune", parent="D2"),
    unit("HCC", "Trung tâm Hành chính công tỉnh", "province", "service_centre"),
    unit("DN", "Công ty Điện lực", "province", "enterprise"),
)

SMALL_COUNTS: Mapping[str, tuple[Counted, ...]] = {
    "documents": (
        ("SNV", "month", "", (1298, 1298)),
        ("SNV", "ytd", "", (9000, 8100)),
        ("SNV", "previous", "", (1000, 999)),
        ("STC", "month", "", (100, 80)),
        ("STC", "ytd", "", (1000, 899)),
        ("D1", "month", "", (0, 0)),
        ("D1", "ytd", "", (400, 400)),
        ("D1", "previous", "", (300, 100)),
        ("C1", "month", "", (10, 9)),
        ("C1", "ytd", "", (30, 24)),
        ("C3", "month", "", (7, 1)),
        ("C3", "ytd", "", (7, 1)),
    ),
    "e_copies": (
        ("D1", "month", "", (10, 7)),
        ("D1", "ytd", "", (100, 69)),
        ("D2", "month", "", (5, 0)),
        ("D2", "ytd", "", (5, 0)),
        ("C1", "month", "", (5, 3)),
        ("C1", "ytd", "", (50, 29)),
        ("C2", "ytd", "", (10, 10)),
        ("C3", "ytd", "", (4, 1)),
    ),
    "pakn": (
        ("D1", "month", "rac-thai", (217, 100, 117, 30, 100, 8_640_000, 90, 120)),
        ("D1", "ytd", "rac-thai", (1298, 1089, 209, 300, 1080, 94_089_600, 900, 1100)),
        ("D2", "ytd", "via-he", (3, 0, 3, 0, 0, 0, 0, 3)),
        ("HCC", "month", "via-he", (7, 1, 6, 1, 5, 43_200, 1, 1)),
        ("HCC", "ytd", "via-he", (7, 1, 6, 1, 5, 43_200, 1, 1)),
    ),
    "procedures": (
        ("SNV", "end", "province", (1000, 900, 3, 1000, 10, 10)),
        ("STC", "end", "province", (40, 0, 0, 39, 0, 0)),
        ("STC", "end", "Bộ Tài chính", (37, 34, 0, 37, 0, 0)),
        ("D1", "end", "province", (9631, 9631, 1148, 9600, 100, 95)),
        ("D2", "end", "province", (3, 2, 1, 3, 1, 0)),
    ),
}


def facts_of(
    counts: Mapping[str, Iterable[Counted]], catalogue: Catalogue, month: Month = MONTH
) -> Facts:
    """The facts that follow from the counts."""
    tallies = {
        table: Tally(
            table,
            measures,
            tuple(
                Cell(period, unit_id, part, dict(zip(measures, numbers, strict=True)))
                for unit_id, period, part, numbers in counts.get(table, ())
            ),
        )
        for table, measures in MEASURES.items()
    }
    return facts_from_tallies(tallies, catalogue, month)


def small(month: Month = MONTH) -> tuple[Facts, Catalogue]:
    """A province of nine units that meet every case: none, all, a tie with the target, no past."""
    catalogue = with_units(full_catalogue(), SMALL)
    return facts_of(SMALL_COUNTS, catalogue, month), catalogue


def whole_province(seed: int = 1, month: Month = MONTH) -> tuple[Facts, Catalogue]:
    """All units of the reference catalogue with made-up counts."""
    chance = random.Random(seed)
    catalogue = full_catalogue()
    counts: dict[str, list[Counted]] = {table: [] for table in MEASURES}
    for one in catalogue.units:
        body = one.kind in ("department", "people_committee")
        for period in ("month", "previous", "ytd"):
            size = chance.randint(5, 400) * (9 if period == "ytd" else 1)
            part = chance.randint(size // 2, size)
            if body:
                counts["documents"].append((one.unit_id, period, "", (size, part)))
            if body and one.level != "province":
                counts["e_copies"].append((one.unit_id, period, "", (size, part)))
            if one.level == "district" or not body:
                late = size - part
                numbers = (size, part, late, size // 3, size, part * 900_000, part, size)
                counts["pakn"].append((one.unit_id, period, "rac-thai", numbers))
        if body and one.level != "commune":
            size = chance.randint(50, 9000)
            part = chance.randint(size * 9 // 10, size)
            counts["procedures"].append(
                (one.unit_id, "end", "province", (size, part, size - part, part, size, part))
            )
    return facts_of(counts, catalogue, month), catalogue
