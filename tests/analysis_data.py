"""Made-up records for the tests of the analysis and the charts: a province in small."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from dxreport.catalogue import Catalogue, load_catalogue
from dxreport.periods import Month

REFERENCE = Path(__file__).parents[1] / "data" / "reference"
MONTH = Month(2024, 9)
TOPICS = ("xay-dung", "rac-thai", "via-he", "chieu-sang", "giao-thong")

PAKN: dict[str, Any] = {
    "pakn_id": pl.String,
    "unit_id": pl.String,
    "kind": pl.String,
    "topic": pl.String,
    "received_at": pl.Datetime("us"),
    "due_at": pl.Datetime("us"),
    "resolved_at": pl.Datetime("us"),
    "rating": pl.Int64,
}
_COUNTS = {"unit_id": pl.String, "month": pl.String}
_DOCUMENTS = {**_COUNTS, "outgoing": pl.Int64, "signed_from_work_file": pl.Int64}
E_COPIES = {**_COUNTS, "certified": pl.Int64, "electronic": pl.Int64}
_PROCEDURES: dict[str, Any] = {
    "dossier_id": pl.String,
    "source_system": pl.String,
    "unit_id": pl.String,
    "received_at": pl.Datetime("us"),
    "due_at": pl.Datetime("us"),
    "returned_at": pl.Datetime("us"),
    "filed_online": pl.Boolean,
    "fee_due": pl.Boolean,
    "paid_online": pl.Boolean,
    "digitised": pl.Boolean,
}


@dataclass(frozen=True, eq=False)
class Records:
    """The tables that the analysis and the facts read."""

    pakn: pl.LazyFrame
    documents: pl.LazyFrame
    e_copies: pl.LazyFrame
    procedures: pl.LazyFrame

    def parts(self, table: str) -> tuple[pl.LazyFrame, ...]:
        frame: pl.LazyFrame = getattr(self, table)
        return (frame,)


def catalogue(
    names: dict[str, str] | None = None, topics: dict[str, str] | None = None
) -> Catalogue:
    """The reference catalogue, with some units and topics renamed."""
    read = {
        name: pl.read_csv(REFERENCE / f"{name}.csv", infer_schema=False)
        for name in ("units", "targets", "baselines", "topics")
    }
    units = read["units"].with_columns(
        pl.col("order").cast(pl.Int64), pl.col("valid_from", "valid_to").str.to_date()
    )
    for unit_id, name in (names or {}).items():
        chosen = pl.col("unit_id") == unit_id
        units = units.with_columns(
            pl.when(chosen).then(pl.lit(name)).otherwise(pl.col(column)).alias(column)
            for column in ("name", "short_name")
        )
    targets = read["targets"].with_columns(pl.col("valid_from", "due").str.to_date())
    baselines = read["baselines"].with_columns(pl.col("as_of").str.to_date())
    named = read["topics"].with_columns(
        name=pl.col("topic").replace_strict(topics or {}, default=pl.col("name"))
    )
    return load_catalogue(units, targets, baselines, named, REFERENCE)


def pakn(rows: Iterable[Sequence[Any]] = ()) -> pl.LazyFrame:
    """PAKN from (unit_id, received_at, resolved_at or None, rating or None) rows."""
    full = [
        (f"P{at}", unit, "field", TOPICS[at % len(TOPICS)], received, None, resolved, rating)
        for at, (unit, received, resolved, rating) in enumerate(rows)
    ]
    return pl.LazyFrame(full, schema=PAKN, orient="row")


def records(pakn_rows: pl.LazyFrame | None = None) -> Records:
    """Tables with the given PAKN and nothing else."""
    return Records(
        pakn=pakn() if pakn_rows is None else pakn_rows,
        documents=pl.LazyFrame(schema=_DOCUMENTS),
        e_copies=pl.LazyFrame(schema=E_COPIES),
        procedures=pl.LazyFrame(schema=_PROCEDURES),
    )


def province(seed: int = 1, cases: int = 3000) -> Records:
    """A plausible year up to September: long tails, few ratings, units of every size."""
    chance = random.Random(seed)
    known = catalogue()
    return Records(
        pakn=_pakn(chance, cases),
        documents=_documents(chance, known),
        e_copies=_e_copies(chance, known),
        procedures=_procedures(chance, known),
    )


_SPEED = {"256": 9, "258": 14, "259": 5, "260": 11, "261": 8, "262": 6, "263": 24, "264": 20}
_SHARE = {"256": 42, "258": 9, "259": 13, "260": 11, "261": 14, "262": 6, "263": 1, "264": 3}


def _pakn(chance: random.Random, cases: int) -> pl.LazyFrame:
    others = {"HCC-TINH": 9, "HCC-256": 8, "DN-DIEN": 12}
    weights = {**{unit: 10 * share for unit, share in _SHARE.items()}, **others}
    rows = []
    for at in range(cases):
        unit = chance.choices(list(weights), list(weights.values()))[0]
        day = chance.triangular(0, 274, 250)
        received = datetime(2024, 1, 1, 7) + timedelta(days=day, seconds=chance.randrange(40000))
        mean = _SPEED.get(unit, 15)
        waited = chance.expovariate(1 / mean) * chance.choice((0.4, 0.8, 1.0, 2.2))
        resolved = received + timedelta(seconds=round(waited * 86400))
        stars = min(5, max(1, round(chance.gauss(4.4 - waited / 12, 1.2))))
        rated = chance.random() < 0.34
        topic = chance.choices(TOPICS, (9, 7, 5, 4, 2))[0]
        due = received + timedelta(days=15)
        done = None if chance.random() < 0.06 else resolved
        rating = stars if rated and done else None
        rows.append((f"P{at}", unit, "field", topic, received, due, done, rating))
    return pl.LazyFrame(rows, schema=PAKN, orient="row")


def _months() -> list[str]:
    return [str(m) for m in Month(2023, 12).until(MONTH)]


def _documents(chance: random.Random, known: Catalogue) -> pl.LazyFrame:
    rows = []
    for unit in known.units:
        if unit.kind in ("department", "people_committee"):
            share = 1 - chance.choice((0, 0, 0.01, 0.02, 0.04, 0.12, 0.25))
            for month in _months():
                outgoing = chance.randrange(20, 400)
                rows.append((unit.unit_id, month, outgoing, round(outgoing * share)))
    return pl.LazyFrame(rows, schema=_DOCUMENTS, orient="row")


def _e_copies(chance: random.Random, known: Catalogue) -> pl.LazyFrame:
    rows = []
    for unit in known.units:
        if unit.kind == "people_committee":
            share = chance.random()
            for month in _months():
                certified = chance.randrange(0, 300)
                rows.append((unit.unit_id, month, certified, round(certified * share)))
    return pl.LazyFrame(rows, schema=E_COPIES, orient="row")


def _procedures(chance: random.Random, known: Catalogue) -> pl.LazyFrame:
    rows = []
    units = [u for u in known.units if u.level in ("province", "district")]
    for unit in units:
        if unit.kind not in ("department", "people_committee"):
            continue
        online, late = 1 - chance.choice((0, 0.02, 0.1, 0.4)), chance.uniform(0.02, 0.22)
        for at in range(chance.randrange(40, 200)):
            received = datetime(2024, 1, 1) + timedelta(days=chance.uniform(0, 270))
            due = received + timedelta(days=10)
            slow = 14 if chance.random() < late else 6
            fee = chance.random() < 0.5
            rows.append(
                (
                    f"H{unit.unit_id}-{at}",
                    "province",
                    unit.unit_id,
                    received,
                    due,
                    received + timedelta(days=slow),
                    chance.random() < online,
                    fee,
                    fee and chance.random() < 0.97,
                    chance.random() < 0.99,
                )
            )
    return pl.LazyFrame(rows, schema=_PROCEDURES, orient="row")
