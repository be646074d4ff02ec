"""The two tables of monthly counts: outgoing documents and certified copies."""

from __future__ import annotations

import numpy as np
import polars as pl

from dxreport.sample.calibration import Calibration
from dxreport.sample.shares import Floats, Ints, quota


def documents(calibration: Calibration, rng: np.random.Generator) -> pl.DataFrame:
    """unit_id, month, outgoing, signed_from_work_file: a row a unit and month.

    Every level adds up to its documents.csv row; pinned units have what they are pinned to.
    """
    style = calibration.documents_style
    pinned = {
        (unit, month): (outgoing, unsigned)
        for unit, month, outgoing, unsigned in calibration.documents_pinned.iter_rows()
    }
    parts: list[pl.DataFrame] = []
    for level, month, outgoing, signed in calibration.documents.iter_rows():
        units = calibration.units.filter(pl.col("level") == level)
        pins = [pinned.get((unit, month), (None, None)) for unit in units["unit_id"]]
        size = units["size"].to_numpy() * _noise(rng, units.height, style["unit_noise"])
        sent = _fill(outgoing, size, [pin[0] for pin in pins])
        gap = units["signing_gap"].to_numpy() * _noise(rng, units.height, style["gap_noise"])
        most = np.floor(sent * style["largest_gap"][level]).astype(np.int64)
        unsigned = _fill(outgoing - signed, sent * gap, [pin[1] for pin in pins], most)
        parts.append(
            units.select(
                "unit_id",
                "order",
                month=pl.lit(month),
                outgoing=pl.Series(sent),
                signed_from_work_file=pl.Series(sent - unsigned),
            )
        )
    return pl.concat(parts).sort("order", "month").drop("order")


def e_copies(calibration: Calibration, rng: np.random.Generator) -> pl.DataFrame:
    """unit_id, month, certified, electronic: a row a district or commune and month.

    A district, and the communes of a district together, add up to their e-copies.csv row, in
    the last month and in all months.
    """
    units = calibration.units
    rhythm = np.array(calibration.month_weights("e_copies")[:-1])
    noise = calibration.documents_style["copies_noise"]
    months = [str(month) for month in calibration.months]
    parts: list[pl.DataFrame] = []
    for row in calibration.e_copies.iter_rows(named=True):
        own = row["level"] == "district"
        group = units.filter(pl.col("unit_id" if own else "parent_id") == row["district_id"])
        size = group["size"].to_numpy().astype(np.float64)
        zeal = group["e_copy_zeal"].fill_null(1.0).to_numpy().astype(np.float64)
        before, before_e = row["certified"] - row["certified_last"], row["electronic"]
        before_e -= row["electronic_last"]
        by_month = quota(before, rhythm * _noise(rng, len(rhythm), noise))
        share = np.array(calibration.month_weights(f"e_copy_{row['trend']}")[:-1])
        swing = share * _noise(rng, len(share), noise)
        by_month_e = quota(before_e, by_month * swing, by_month)
        for month, total, electronic in zip(
            months,
            [*by_month.tolist(), row["certified_last"]],
            [*by_month_e.tolist(), row["electronic_last"]],
            strict=True,
        ):
            certified = quota(total, size * _noise(rng, len(size), noise))
            parts.append(
                group.select(
                    "unit_id",
                    "order",
                    month=pl.lit(month),
                    certified=pl.Series(certified),
                    electronic=pl.Series(quota(electronic, certified * zeal, certified)),
                )
            )
    return pl.concat(parts).sort("order", "month").drop("order")


def _noise(rng: np.random.Generator, n: int, width: float) -> Floats:
    """Factors around 1, at most `width` away."""
    return 1.0 + width * (2.0 * rng.random(n) - 1.0)


def _fill(total: int, weights: Floats, pins: list[int | None], caps: Ints | None = None) -> Ints:
    """`total` split by weight where nothing is pinned, as pinned elsewhere."""
    fixed = np.array([pin is not None for pin in pins])
    parts = np.array([pin or 0 for pin in pins], dtype=np.int64)
    free = ~fixed
    parts[free] = quota(
        total - int(parts.sum()), weights[free], None if caps is None else caps[free]
    )
    return parts
