"""The dossiers of the sample, one row each, in the order of receipt."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from dxreport.sample.calibration import Calibration, curve, rhythm
from dxreport.sample.clock import DAY, NEVER, month_starts
from dxreport.sample.shares import Ints, lowest, pick, quota


def procedures(calibration: Calibration, rng: np.random.Generator) -> pl.DataFrame:
    """source_system, unit_id, received_at, due_at, returned_at, filed_online, fee_due,
    paid_online, digitised.

    Times are seconds (`NEVER` where there is none). As of the calendar's as-of date each system
    and unit adds up to its procedures.csv row.
    """
    levels = dict(calibration.units.select("unit_id", "level").iter_rows())
    frames = [
        _unit(calibration, rng, row, levels[row["unit_id"]])
        for row in calibration.procedures.iter_rows(named=True)
    ]
    return pl.concat(frames).sort("received_at", "source_system", "unit_id", maintain_order=True)


def _unit(
    calibration: Calibration, rng: np.random.Generator, row: dict[str, Any], level: str
) -> pl.DataFrame:
    style, calendar = calibration.procedures_style, calibration.calendar
    n = row["received"]
    per_month = quota(n, calibration.month_weights("procedures"))
    received = np.concatenate(
        [
            calendar.arrivals(rng, month, int(count), rhythm(style))
            for month, count in zip(calibration.months, per_month, strict=True)
        ]
    )
    starts = month_starts(calibration.months)
    month = np.searchsorted(starts, received, side="right") - 1

    start = calendar.working_index(received // DAY)
    days, weights = zip(*style["terms"][level], strict=True)
    term: Ints = np.array(days, dtype=np.int64)[pick(rng, weights, n)]
    due = calendar.closing(start + term)

    # Only what fell due before the as-of date can be overdue by then.
    overdue = lowest(rng.random(n) + (due >= calendar.as_of_end), row["overdue"])
    taken = np.ceil(curve(style, "taken").value(rng.random(n)) * term).astype(np.int64)
    late = np.floor(curve(style, "late").value(rng.random(n))).astype(np.int64)
    index = start + np.where(overdue, term + late, np.clip(taken, 1, term))
    returned = calendar.working_day(index) * DAY + calendar.time_at_work(rng.random(n))
    returned[returned >= calendar.horizon_end] = NEVER

    paper_era = np.array(calibration.month_weights("offline"))
    offline = lowest(rng.random(n) / paper_era[month], n - row["online"])
    fee = rng.random(n)
    return pl.DataFrame(
        {
            "source_system": np.full(n, row["source_system"]),
            "unit_id": np.full(n, row["unit_id"]),
            "received_at": received,
            "due_at": due,
            "returned_at": returned,
            "filed_online": ~offline,
            "fee_due": lowest(fee, row["fee_due"]),
            "paid_online": lowest(fee, row["paid"]),
            "digitised": lowest(rng.random(n), row["digitised"]),
        },
        schema_overrides={"source_system": pl.String, "unit_id": pl.String},
    )
