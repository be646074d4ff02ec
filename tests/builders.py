"""Small random data folders that keep the data contract, for tests of any room.

`small_folder(path, seed)` writes one and says what is in it. A seed always gives the same
folder; different seeds differ in shape as well as in figures: units of every level and kind,
with and without districts, units that come and go, months with gaps and across a year, ties,
rates that stand exactly at a target, nobody rated, nothing resolved, instants on the very edge
of a month. `small_frames` gives the tables only, `write_folder` writes any tables.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Literal

import polars as pl

Format = Literal["csv", "parquet", "parts"]
Row = dict[str, Any]
Frames = dict[str, pl.DataFrame]

SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    "units": {
        "unit_id": pl.String(),
        "name": pl.String(),
        "short_name": pl.String(),
        "level": pl.String(),
        "kind": pl.String(),
        "parent_id": pl.String(),
        "order": pl.Int64(),
        "valid_from": pl.Date(),
        "valid_to": pl.Date(),
    },
    "documents": {
        "unit_id": pl.String(),
        "month": pl.String(),
        "outgoing": pl.Int64(),
        "signed_from_work_file": pl.Int64(),
    },
    "e_copies": {
        "unit_id": pl.String(),
        "month": pl.String(),
        "certified": pl.Int64(),
        "electronic": pl.Int64(),
    },
    "pakn": {
        "pakn_id": pl.String(),
        "unit_id": pl.String(),
        "kind": pl.String(),
        "topic": pl.String(),
        "received_at": pl.Datetime("us"),
        "due_at": pl.Datetime("us"),
        "resolved_at": pl.Datetime("us"),
        "rating": pl.Int64(),
    },
    "procedures": {
        "dossier_id": pl.String(),
        "source_system": pl.String(),
        "unit_id": pl.String(),
        "received_at": pl.Datetime("us"),
        "due_at": pl.Datetime("us"),
        "returned_at": pl.Datetime("us"),
        "filed_online": pl.Boolean(),
        "fee_due": pl.Boolean(),
        "paid_online": pl.Boolean(),
        "digitised": pl.Boolean(),
    },
    "targets": {
        "indicator": pl.String(),
        "level": pl.String(),
        "minimum": pl.String(),
        "valid_from": pl.Date(),
        "due": pl.Date(),
        "basis": pl.String(),
    },
    "baselines": {
        "indicator": pl.String(),
        "scope": pl.String(),
        "value": pl.String(),
        "as_of": pl.Date(),
        "source": pl.String(),
    },
    "topics": {"topic": pl.String(), "name": pl.String()},
}

DISTRICTS = ("Thị xã Quế Võ", "Huyện Ăn Thề", "Huyện Đông Ánh", "Thành phố Ứng Hoà")
COMMUNES = ("Phường Vũ Ninh", "Xã Ấp Bắc", "Xã Điền Xá", "Xã Yên Ổn", "Phường Ánh", "Xã Zơ")
DEPARTMENTS = ("Sở Nội vụ", "Sở Tư pháp", "Thanh tra tỉnh", "Ban Dân tộc & Tôn giáo", "Sở <Y tế>")
TOPICS = {"land": "Đất đai", "traffic": "Giao thông, vận tải", "it's": "Lĩnh vực | khác"}
LEVELS = ("province", "district", "commune")
RATED = (
    "documents_signed_rate",
    "e_copy_rate",
    "online_filing_rate",
    "digitisation_rate",
    "online_payment_rate",
)


@dataclass(frozen=True)
class Folder:
    """A written data folder: its path, the months that it has rows for, and its tables."""

    path: Path
    months: tuple[str, ...]
    frames: Frames


def small_folder(path: Path, seed: int, fmt: Format = "csv") -> Folder:
    """Write the folder of `seed` at `path` (made where absent) as CSV, Parquet or parts."""
    frames = small_frames(seed)
    write_folder(path, frames, fmt)
    text = f"title: Dữ liệu thử {seed}\nsynthetic: true\nnote: made by tests/builders.py\n"
    (path / "dataset.yml").write_text(text, encoding="utf-8")
    months = sorted({*frames["documents"]["month"], *frames["e_copies"]["month"]})
    return Folder(path, tuple(months), frames)


def small_frames(seed: int) -> Frames:
    """All tables of `seed`, typed as the contract wants them, rows in no particular order."""
    random = Random(f"small folder {seed}")
    months = _months(random)
    units = _units(random, months)
    rows: dict[str, list[Row]] = {
        "units": units,
        "documents": _counts(random, units, months, "outgoing", "signed_from_work_file"),
        "e_copies": _counts(random, units, months, "certified", "electronic"),
        "pakn": _pakn(random, units, months),
        "procedures": _procedures(random, units, months),
        "targets": _targets(random, months),
        "baselines": _baselines(random, units, months),
        "topics": [{"topic": topic, "name": name} for topic, name in TOPICS.items()],
    }
    for name in ("documents", "e_copies", "pakn", "procedures"):
        random.shuffle(rows[name])
    return {name: frame(name, rows[name]) for name in SCHEMAS}


def frame(name: str, rows: list[Row]) -> pl.DataFrame:
    """Rows as the table `name`, with its columns and types."""
    return pl.DataFrame(rows, schema=SCHEMAS[name], orient="row")


def write_folder(path: Path, frames: Mapping[str, pl.DataFrame], fmt: Format = "csv") -> None:
    """Write each table as `NAME.csv`, `NAME.parquet`, or parts (`NAME/*.parquet`, facts only)."""
    path.mkdir(parents=True, exist_ok=True)
    for name, table in frames.items():
        if fmt == "csv":
            write_csv(path / f"{name}.csv", table)
        elif fmt == "parts" and name in ("documents", "e_copies", "pakn", "procedures"):
            (path / name).mkdir(exist_ok=True)
            half = table.height // 2
            table[:half].write_parquet(path / name / "part-1.parquet")
            table[half:].write_parquet(path / name / "part-2.parquet")
        else:
            table.write_parquet(path / f"{name}.parquet")


def write_csv(path: Path, table: pl.DataFrame) -> None:
    """Write a table as the contract's CSV (ISO times, `true`/`false`, empty = null)."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows([_text(value) for value in row] for row in table.iter_rows())


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def _months(random: Random) -> list[str]:
    """1 to 14 months in a row, at times across a year, at times with one missing."""
    first = date(2024, random.randint(1, 12), 1)
    count = random.choice((1, 2, 3, 6, 14))
    ordinals = [first.year * 12 + first.month - 1 + step for step in range(count)]
    if count > 3 and random.random() < 0.5:
        ordinals.pop(random.randint(1, count - 2))
    return [f"{ordinal // 12}-{ordinal % 12 + 1:02}" for ordinal in ordinals]


def _start(month: str) -> datetime:
    return datetime.fromisoformat(f"{month}-01")


def _after(month: str) -> datetime:
    return (_start(month) + timedelta(days=31)).replace(day=1)


def _units(random: Random, months: list[str]) -> list[Row]:
    units: list[Row] = []

    def add(unit_id: str, name: str, level: str, kind: str, parent: str | None = None) -> None:
        short = name.split(" ", 1)[1] if kind == "people_committee" else unit_id
        units.append(
            {
                "unit_id": unit_id,
                "name": name,
                "short_name": short,
                "level": level,
                "kind": kind,
                "parent_id": parent,
                "order": 0,
                "valid_from": None,
                "valid_to": None,
            }
        )

    for number, name in enumerate(random.sample(DEPARTMENTS, random.randint(1, 5))):
        add(f"S{number}", name, "province", "department")
    districts = DISTRICTS[: random.choice((0, 1, 3, 4))]
    for number, name in enumerate(districts):
        add(f"{256 + number}", name, "district", "people_committee")
        for below in range(random.randint(0, 4)):
            commune = f"{random.choice(COMMUNES)} {below + 1}"
            parent = f"{256 + number}"
            add(f"{9000 + 10 * number + below:05}", commune, "commune", "people_committee", parent)
        add(f"HCC-{256 + number}", f"Trung tâm HCC {name}", "district", "service_centre")
    for number in range(0 if districts else random.randint(1, 4)):
        add(f"{7000 + number:05}", f"Xã {number} mới", "commune", "people_committee")
    add("HCC-TINH", "Trung tâm Phục vụ hành chính công tỉnh", "province", "service_centre")
    for code, name in (("DN-DIEN", "Công ty Điện lực"), ("DN-NUOC", "Công ty Nước sạch")):
        if random.random() < 0.7:
            add(code, name, "province", "enterprise")
    # The printed order is neither that of the ids nor that of the rows; some numbers tie.
    for order, unit in enumerate(random.sample(units, len(units))):
        unit["order"] = order // 2 if random.random() < 0.1 else order
    _comings_and_goings(random, units, months)
    return units


def _comings_and_goings(random: Random, units: list[Row], months: list[str]) -> None:
    """Some units begin or end at, or within, one of the months; the others are always valid."""
    for unit in units:
        if random.random() < 0.15:
            unit["valid_from"] = _start(random.choice(months)).date() + timedelta(
                days=random.choice((0, 0, 14))
            )
        if random.random() < 0.15:
            last = (_after(random.choice(months)) - timedelta(days=1)).date()
            if unit["valid_from"] is None or last >= unit["valid_from"]:
                unit["valid_to"] = last


def _valid(unit: Row, first: date, last: date) -> bool:
    begins, ends = unit["valid_from"], unit["valid_to"]
    return (begins is None or begins <= last) and (ends is None or ends >= first)


def _counts(
    random: Random, units: list[Row], months: list[str], whole: str, part: str
) -> list[Row]:
    """Monthly pairs; shares that are random, full, none, or exactly a target's."""
    some = random.choice((1.0, 0.8))
    rows: list[Row] = []
    for unit in units:
        shape = random.choice(("random", "random", "full", "none", "exact", "idle"))
        for month in months:
            first, last = _start(month).date(), (_after(month) - timedelta(days=1)).date()
            if not _valid(unit, first, last) or (rows and random.random() > some):
                continue
            total = 0 if shape == "idle" else random.choice((0, 1, 7, 20, 100, 1298))
            if shape == "exact":
                total = 10 * random.randint(1, 9)
            shares = {"full": total, "none": 0, "idle": 0, "exact": total // 10 * 8}
            value = shares.get(shape, random.randint(0, total))
            row = {"unit_id": unit["unit_id"], "month": month, whole: total, part: value}
            rows.append(row)
    return rows or [_pair(random, units, months[-1], whole, part)]


def _pair(random: Random, units: list[Row], month: str, whole: str, part: str) -> Row:
    """One row of a unit that is made valid for ever, so that no table is empty."""
    unit = random.choice(units)
    unit["valid_from"] = unit["valid_to"] = None
    return {"unit_id": unit["unit_id"], "month": month, whole: 10, part: 9}


def _instant(random: Random, month: str) -> datetime:
    """A time in the month, now and then its first or last instant."""
    start, after = _start(month), _after(month)
    edges = (start, after - timedelta(seconds=1), after - timedelta(microseconds=1))
    if random.random() < 0.08:
        return random.choice(edges)
    seconds = random.randrange(int((after - start).total_seconds()))
    return start + timedelta(seconds=seconds)


def _length(random: Random) -> timedelta:
    """A long-tailed time from received to done; zero and whole days among them."""
    kind = random.random()
    if kind < 0.1:
        return timedelta(0)
    if kind < 0.2:
        return timedelta(days=random.randint(1, 40))
    if kind < 0.25:
        return timedelta(microseconds=random.randrange(3_000_000))
    return timedelta(seconds=int(random.expovariate(1 / (9 * 86_400))))


def _events(random: Random, units: list[Row], months: list[str]) -> list[tuple[Row, datetime]]:
    """(unit, received) pairs within each unit's validity; some units and months have none."""
    events = []
    for unit in units:
        for month in months:
            for _ in range(random.choice((0, 0, 1, 2, 5))):
                at = _instant(random, month)
                if _valid(unit, at.date(), at.date()):
                    events.append((unit, at))
    if not events:
        unit = random.choice(units)
        unit["valid_from"] = unit["valid_to"] = None
        events.append((unit, _instant(random, months[-1])))
    return events


def _due(random: Random, received: datetime, done: datetime | None) -> datetime:
    """Mostly some days on; at times the very instant of the end, or before the beginning."""
    chance = random.random()
    if chance < 0.1 and done is not None:
        return done
    if chance < 0.15:
        return received - timedelta(days=1)
    return received + timedelta(days=random.randint(1, 20))


def _pakn(random: Random, units: list[Row], months: list[str]) -> list[Row]:
    resolved_share = random.choice((0.0, 0.85, 0.85, 0.85, 1.0))
    rated_share = random.choice((0.0, 0.33, 0.33, 1.0))
    stars = random.choice(((5,), (1, 2, 3, 4, 5), (4, 5)))
    kinds = {"enterprise": "enterprise", "service_centre": "procedure"}
    rows: list[Row] = []
    for unit, received in _events(random, units, months):
        done = received + _length(random) if random.random() < resolved_share else None
        rated = done is not None and random.random() < rated_share
        rows.append(
            {
                "pakn_id": f"PA-{len(rows):05}",
                "unit_id": unit["unit_id"],
                "kind": kinds.get(unit["kind"], random.choice(("field", "procedure"))),
                "topic": random.choice((*TOPICS, "unnamed topic")),
                "received_at": received,
                "due_at": _due(random, received, done) if random.random() < 0.8 else None,
                "resolved_at": done,
                "rating": random.choice(stars) if rated else None,
            }
        )
    return rows


def _procedures(random: Random, units: list[Row], months: list[str]) -> list[Row]:
    fees = random.choice((0.0, 0.5, 0.5, 1.0))
    paid_where_free = random.choice((None, False))
    shares = [random.choice((0.0, 0.6, 0.9, 1.0)) for _ in range(3)]
    rows: list[Row] = []
    for unit, received in _events(random, units, months):
        done = received + _length(random) if random.random() < 0.85 else None
        fee = random.random() < fees
        # Two systems may use the same number: the key is both.
        system = "province" if random.random() < 0.85 else "Bộ Tài chính"
        number = len(rows) if system == "province" else len(rows) - 1
        rows.append(
            {
                "dossier_id": f"H05-{number:05}",
                "source_system": system,
                "unit_id": unit["unit_id"],
                "received_at": received,
                "due_at": _due(random, received, done),
                "returned_at": done,
                "filed_online": random.random() < shares[0],
                "fee_due": fee,
                "paid_online": random.random() < shares[1] if fee else paid_where_free,
                "digitised": random.random() < shares[2],
            }
        )
    return rows


def _targets(random: Random, months: list[str]) -> list[Row]:
    """Targets of some indicators; some are replaced within the months, some have passed."""
    rows: list[Row] = []
    for indicator in RATED:
        for level in LEVELS:
            if random.random() < 0.25:
                continue
            begins = [date(2022, 3, 18)]
            if random.random() < 0.3:
                begins.append(_start(random.choice(months)).date() + timedelta(days=15))
            for begin in begins:
                rows.append(
                    {
                        "indicator": indicator,
                        "level": level,
                        "minimum": random.choice(("80", "90", "100", "60", "0", "33.3", "12.5")),
                        "valid_from": begin,
                        "due": random.choice((date(2024, 12, 31), date(2023, 6, 30))),
                        "basis": f"Nghị quyết số {begin.month}-NQ/TU ngày {begin:%d/%m/%Y}",
                    }
                )
    if not rows:
        return _targets(random, months)
    return rows


def _baselines(random: Random, units: list[Row], months: list[str]) -> list[Row]:
    scopes = [f"level:{level}" for level in LEVELS] + ["all", f"unit:{units[0]['unit_id']}"]
    rows = [
        {
            "indicator": indicator,
            "scope": scope,
            "value": random.choice(("0", "38.57", "100", "49.9")),
            "as_of": _start(months[0]).date() - timedelta(days=1),
            "source": "Báo cáo số 1/BC-UBND",
        }
        for indicator in RATED[1:]
        for scope in scopes
        if random.random() < 0.6
    ]
    if not rows:
        return _baselines(random, units, months)
    return rows
