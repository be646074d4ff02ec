"""Integers that add up to a given total, and curves of chance.

Only sums, products and comparisons of floats are used here: the same seed then gives the same
integers on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_ROUNDS = 60


def quota(
    total: int,
    weights: npt.ArrayLike,
    caps: npt.ArrayLike | None = None,
) -> Ints:
    """`total` split in proportion to `weights` by largest remainder, none above its cap.

    Raises `ValueError` where the caps leave no room for the total.
    """
    weight = np.asarray(weights, dtype=np.float64)
    room = np.full(weight.shape, total) if caps is None else np.asarray(caps, dtype=np.int64)
    if room.sum() < total:
        raise ValueError(f"{total} do not fit under caps that sum to {room.sum()}")
    parts = np.zeros(weight.shape, dtype=np.int64)
    while (left := total - int(parts.sum())) > 0:
        open_ = parts < room
        pull = np.where(open_, weight, 0.0)
        if pull.sum() == 0:  # only units without weight have room: they share alike
            pull = open_.astype(np.float64)
        ideal = left * pull / pull.sum()
        whole = np.minimum(np.floor(ideal).astype(np.int64), room - parts)
        if whole.sum() == 0:
            order = np.argsort(-np.where(open_, ideal, -1.0), kind="stable")
            parts[order[: min(left, int(open_.sum()))]] += 1
        else:
            parts += whole
    return parts


def integer_table(weights: Floats, rows: Ints, columns: Ints) -> Ints:
    """A table of integers near `weights` in shape, with these row and column sums.

    `weights` is rows x columns; the sums of `rows` and `columns` must be equal.
    """
    if rows.sum() != columns.sum():
        raise ValueError(f"rows sum to {rows.sum()}, columns to {columns.sum()}")
    ideal = np.asarray(weights, dtype=np.float64).copy()
    for _ in range(_ROUNDS):  # iterative proportional fitting
        ideal *= (columns / np.maximum(ideal.sum(axis=0), 1e-12))[None, :]
        ideal *= (rows / np.maximum(ideal.sum(axis=1), 1e-12))[:, None]
    # The last step fits the rows, so no row overflows; a column may by the fit's remaining error.
    table = np.floor(ideal).astype(np.int64)
    for column in np.flatnonzero(table.sum(axis=0) > columns):
        excess = int(table[:, column].sum() - columns[column])
        table[:, column] -= quota(excess, table[:, column], table[:, column])
    short_rows, short_columns = rows - table.sum(axis=1), columns - table.sum(axis=0)
    for cell in np.argsort(-(ideal - table), axis=None, kind="stable"):
        row, column = divmod(int(cell), table.shape[1])
        if short_rows[row] > 0 and short_columns[column] > 0:
            table[row, column] += 1
            short_rows[row] -= 1
            short_columns[column] -= 1
    for row in np.flatnonzero(short_rows):  # what one unit a cell could not settle
        for column in np.flatnonzero(short_columns):
            step = min(short_rows[row], short_columns[column])
            table[row, column] += step
            short_rows[row] -= step
            short_columns[column] -= step
    return table


def pick(rng: np.random.Generator, weights: npt.ArrayLike, n: int) -> Ints:
    """`n` random indices, each with a chance in proportion to its weight."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    found: Ints = np.searchsorted(edges, rng.random(n) * edges[-1], side="right").astype(np.int64)
    return found


def lowest(keys: Floats, n: int) -> Flags:
    """Flags of the `n` lowest keys (of equal ones the first)."""
    flags = np.zeros(keys.shape, dtype=np.bool_)
    flags[np.argsort(keys, kind="stable")[:n]] = True
    return flags


@dataclass(frozen=True)
class Curve:
    """A distribution as points (share of cases, value), joined by straight lines."""

    shares: Floats
    values: Floats

    @classmethod
    def of(cls, points: Sequence[Sequence[float]]) -> Curve:
        shares, values = (
            np.array(column, dtype=np.float64) for column in zip(*points, strict=True)
        )
        if (np.diff(shares) <= 0).any() or (np.diff(values) <= 0).any():
            raise ValueError("a curve's points must rise")
        return cls(shares, values)

    def value(self, share: Floats) -> Floats:
        """The value below which `share` of the cases lie."""
        return np.interp(share, self.shares, self.values)

    def share(self, value: Floats) -> Floats:
        """The share of the cases below `value`."""
        return np.interp(value, self.values, self.shares, left=0.0)
