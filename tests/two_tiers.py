"""A synthetic data folder from May to September 2025, across the day when districts ceased to be.

`two_tiers(path)` writes it from the calibration in `fixtures/two-tiers.yml` and the reference
catalogue: every month has the units that are valid then. The same bytes on every call.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import yaml

from builders import Frames, Row, frame, write_folder

ROOT = Path(__file__).parents[1]
CALIBRATION = Path(__file__).parent / "fixtures" / "two-tiers.yml"
_DAY = timedelta(days=1)
_TABLES = ("documents", "e_copies", "pakn", "procedures")


def two_tiers(path: Path) -> Frames:
    """Write the folder at `path` and give its tables of records."""
    calibration = yaml.safe_load(CALIBRATION.read_text(encoding="utf-8"))
    rows: dict[str, list[Row]] = {name: [] for name in _TABLES}
    for month in calibration["months"]:
        for unit in units_on(date.fromisoformat(f"{month}-01")):
            random = Random(f"two tiers {month} {unit['unit_id']}")
            for name, row in _rows(random, calibration, unit, month):
                rows[name].append(row)
    frames = {name: frame(name, rows[name]) for name in _TABLES}
    write_folder(path, frames)
    (path / "dataset.yml").write_text(
        yaml.safe_dump(
            {"title": calibration["title"], "synthetic": True, "note": "Dữ liệu mô phỏng."},
            allow_unicode=True,
        ),
        encoding="utf-8",
    )
    return frames


def units_on(day: date) -> list[dict[str, Any]]:
    """The units of the reference catalogue that are valid on a day."""
    units = pl.read_csv(ROOT / "data" / "reference" / "units.csv", infer_schema=False).with_columns(
        pl.col("valid_from", "valid_to").str.to_date()
    )
    return units.filter(
        (pl.col("valid_from") <= day).fill_null(True), (pl.col("valid_to") >= day).fill_null(True)
    ).to_dicts()


def _rows(
    random: Random, calibration: dict[str, Any], unit: dict[str, Any], month: str
) -> Iterator[tuple[str, Row]]:
    ranges = calibration["kinds"][unit["kind"]]
    own = {"unit_id": unit["unit_id"], "month": month}

    def drawn(name: str) -> int:
        return random.randint(*ranges.get(name, (0, 0)))

    if outgoing := drawn("outgoing"):
        signed = max(0, outgoing - drawn("unsigned"))
        yield "documents", {**own, "outgoing": outgoing, "signed_from_work_file": signed}
    if certified := drawn("certified"):
        share = random.randint(*calibration["electronic_share"])
        yield (
            "e_copies",
            {**own, "certified": certified, "electronic": certified * share // 100},
        )
    for number in range(drawn("pakn")):
        yield "pakn", _pakn(random, calibration["pakn"], unit, month, number)
    if unit["level"] in calibration["dossier_levels"]:
        for number in range(drawn("dossiers")):
            yield "procedures", _dossier(random, calibration["dossiers"], unit, month, number)


def _time(random: Random, month: str) -> datetime:
    first = datetime.fromisoformat(f"{month}-01")
    return first + timedelta(seconds=random.randrange(30 * 86_400))


def _chance(random: Random, percent: int) -> bool:
    return random.randrange(100) < percent


def _pakn(
    random: Random, style: dict[str, Any], unit: dict[str, Any], month: str, number: int
) -> Row:
    received = _time(random, month)
    resolved = None
    if _chance(random, style["resolved_share"]):
        resolved = received + timedelta(seconds=random.randrange(3600, style["days"][1] * 86_400))
    rated = resolved is not None and _chance(random, style["rated_share"])
    kinds = {"service_centre": "procedure", "enterprise": "enterprise"}
    return {
        "pakn_id": f"PA-{month}-{unit['unit_id']}-{number}",
        "unit_id": unit["unit_id"],
        "kind": kinds.get(unit["kind"], "field"),
        "topic": random.choice(style["topics"]),
        "received_at": received,
        "due_at": received + style["due_days"] * _DAY,
        "resolved_at": resolved,
        "rating": random.randint(2, 5) if rated else None,
    }


def _dossier(
    random: Random, style: dict[str, Any], unit: dict[str, Any], month: str, number: int
) -> Row:
    received = _time(random, month)
    due = received + style["due_days"] * _DAY
    late = _chance(random, style["overdue"])
    fee = _chance(random, style["fee"])
    return {
        "dossier_id": f"HS-{month}-{unit['unit_id']}-{number}",
        "source_system": "province",
        "unit_id": unit["unit_id"],
        "received_at": received,
        "due_at": due,
        "returned_at": due + _DAY if late else due - random.randint(1, 9) * _DAY,
        "filed_online": _chance(random, style["online"]),
        "fee_due": fee,
        "paid_online": fee and _chance(random, style["paid"]),
        "digitised": _chance(random, style["digitised"]),
    }
