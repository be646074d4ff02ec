"""The attacker: other worlds in which every published figure is the same.

All is said as deviations from the truth, so that numbers are small and the sums of what is
published are 0. A world counts only after its integers were checked without the solver: what
it proves does not rest on floating point.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import highspy
import numpy as np
import numpy.typing as npt

from dxreport.suppression.counts import Count, Form, Row, World

FARTHEST: Final = 60
"""Other worlds are looked for so many cases around the truth."""

_WHOLE: Final = 1e-6
_NO_LIMIT: Final = 2**62
_OPTIONS: Final[Mapping[str, bool | int | float | str]] = {
    "output_flag": False,
    "threads": 1,
    "random_seed": 0,
    "parallel": "off",
    "mip_rel_gap": 0.5,
}

Deviation = Mapping[int, int]
"""Another world: how far unknowns are from their truth; those that are not are left out."""


@dataclass(frozen=True)
class Claim:
    """What must not be had back: a form, and the least deviation from its truth that counts."""

    form: Form
    least: int = 1

    def deviates_in(self, world: Deviation) -> bool:
        return abs(_of(self.form, world)) >= self.least


class Attack:
    """What is known of a world: `fixed` forms exactly, `ranged` ones between limits.

    `prices` are of the fixed forms that may be hidden too, at so much a case of deviation.
    """

    def __init__(
        self,
        world: World,
        fixed: Mapping[Count, Form],
        ranged: Mapping[Count, Row],
        prices: Mapping[Count, float],
    ) -> None:
        self._world = world
        self._fixed = dict(fixed)
        self._ranged = dict(ranged)
        self._prices = dict(prices)
        certain = [form for count, form in fixed.items() if count not in prices]
        certain += [row.form for row in world.rows if row.low == row.high == 0]
        known = _known(certain)
        self._columns = [at for at in range(len(world.truth)) if at not in known]
        self._place = {at: n for n, at in enumerate(self._columns)}
        self._size = len(self._columns)
        # A column more for each direction in which a figure that may still be hidden can move.
        self._moves = {count: self._size + 2 * n for n, count in enumerate(prices)}
        self._width = self._size + 2 * len(self._moves)
        self._rows: dict[Count, int] = {}
        self._checks = _Checks()
        self._opened = False
        self._solver = self._model()

    # -- questions --------------------------------------------------------------------------

    def wander(self, claims: Sequence[Claim], seed: int) -> Deviation | None:
        """A world in which as many claims as possible deviate, each in a direction by chance."""
        return self._solve(self._leaning(claims, seed))

    def _leaning(self, claims: Sequence[Claim], seed: int) -> npt.NDArray[np.float64]:
        chance = random.Random(seed)
        cost = np.zeros(self._width)
        for claim in claims:
            sign = chance.choice((-1, 1)) * (0.5 + chance.random()) / claim.least
            for at, factor in self._entries(claim.form).items():
                cost[at] -= sign * factor
        return cost

    def cheapest(self, claim: Claim, *, whole: bool) -> list[Count]:
        """The figures to hide so that the claim may deviate; none where nothing helps.

        Without `whole` they come from a relaxation, which is quick: `witness` tells whether it
        has whole numbers too.
        """
        cost = np.zeros(self._width)
        for count, at in self._moves.items():
            cost[at] = cost[at + 1] = self._prices[count] if count in self._fixed else 0.0
        best: tuple[float, list[Count]] | None = None
        for low, high in _directions(claim):
            row = self._claim(claim, low, high)
            self._run(cost, opened=True)
            if whole:
                self._solver.changeColsIntegrality(*self._whole(1))
                self._solver.run()
            if self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
                values = self._solver.getSolution().col_value
                moved = [
                    count
                    for count, at in self._moves.items()
                    if count in self._fixed and values[at] + values[at + 1] > _WHOLE
                ]
                price = sum(self._prices[count] for count in moved)
                if best is None or price < best[0]:
                    best = price, moved
            self._free(row)
            if whole:
                self._solver.changeColsIntegrality(*self._whole(0))
        return [] if best is None else best[1]

    def witness(self, claim: Claim, others: Sequence[Claim], seed: int) -> Deviation | None:
        """A world in which the claim deviates, and others with it; None if there is none."""
        cost = self._leaning(others, seed)
        for low, high in _directions(claim):
            row = self._claim(claim, low, high)
            world = self._solve(cost)
            self._free(row)
            if world is not None:
                return world
        return None

    def hide(self, count: Count, row: Row) -> None:
        """From now on `count` is only known to lie in the limits of `row`."""
        self._ranged[count] = row
        if self._fixed.pop(count, None) is not None:
            at = self._moves[count]
            for column in (at, at + 1):
                self._solver.changeColBounds(column, 0.0, 0.0)
        if count in self._rows:
            n = self._rows[count]
            self._checks.change(n, *self._deviation(row))
            self._solver.changeRowBounds(n, *self._checks.limits(n))

    def limits(self, count: Count) -> Row:
        """Between which limits a hidden count is known to lie."""
        return self._ranged[count]

    # -- the model --------------------------------------------------------------------------

    def _model(self) -> highspy.Highs:
        rows: list[dict[int, float]] = []
        told: list[tuple[Count | None, Row]] = [(None, row) for row in self._world.rows]
        told += self._ranged.items()
        told += [(count, Row(form, None, None)) for count, form in self._fixed.items()]
        for count, row in told:
            entries = self._entries(row.form)
            if not entries:
                continue
            limits = (0, 0) if count in self._fixed else self._deviation(row)
            values: dict[int, float] = {at: float(factor) for at, factor in entries.items()}
            if count is not None:
                self._rows[count] = len(rows)
                if count in self._fixed and count in self._moves:
                    at = self._moves[count]
                    values |= {at: -1.0, at + 1: 1.0}
            rows.append(values)
            self._checks.add(entries, *limits)
        self._checks.close()
        truth = [self._world.truth[at] for at in self._columns]
        moves = [0.0] * (2 * len(self._moves))
        problem = highspy.HighsLp()
        problem.num_col_, problem.num_row_ = self._width, len(rows)
        problem.col_cost_ = np.zeros(self._width)
        problem.col_lower_ = np.array([*(-min(own, FARTHEST) for own in truth), *moves])
        problem.col_upper_ = np.array([*([float(FARTHEST)] * self._size), *moves])
        limits_ = [self._checks.limits(n) for n in range(len(rows))]
        problem.row_lower_ = np.array([low for low, _ in limits_])
        problem.row_upper_ = np.array([high for _, high in limits_])
        problem.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        problem.a_matrix_.start_ = np.cumsum([0, *(len(row) for row in rows)])
        problem.a_matrix_.index_ = np.array([at for row in rows for at in row], dtype=np.int32)
        problem.a_matrix_.value_ = np.array([value for row in rows for value in row.values()])
        with silenced():  # it greets, on the standard output, before it can be told not to
            solver = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in _OPTIONS.items():
            solver.setOptionValue(option, value)
        solver.passModel(problem)
        return solver

    def _entries(self, form: Form) -> dict[int, int]:
        """A form over the columns."""
        return {self._place[at]: factor for at, factor in form.items() if at in self._place}

    def _deviation(self, row: Row) -> tuple[int, int]:
        truth = self._world.value(row.form)
        return (
            -_NO_LIMIT if row.low is None else row.low - truth,
            _NO_LIMIT if row.high is None else row.high - truth,
        )

    def _claim(self, claim: Claim, low: int | None, high: int | None) -> int:
        entries = self._entries(claim.form)
        self._solver.addRow(
            -highspy.kHighsInf if low is None else low,
            highspy.kHighsInf if high is None else high,
            len(entries),
            np.array(list(entries), dtype=np.int32),
            np.array([float(factor) for factor in entries.values()]),
        )
        return int(self._solver.getNumRow()) - 1

    # -- the solver -------------------------------------------------------------------------

    def _free(self, row: int) -> None:
        self._solver.changeRowBounds(row, -highspy.kHighsInf, highspy.kHighsInf)

    def _run(self, cost: npt.NDArray[np.float64], *, opened: bool) -> None:
        limit = float(FARTHEST) if opened else 0.0
        solver = self._solver
        solver.changeColsCost(self._width, np.arange(self._width, dtype=np.int32), cost)
        if opened != self._opened:
            self._opened = opened
            for count, at in self._moves.items():
                if count in self._fixed:
                    solver.changeColBounds(at, 0.0, limit)
                    solver.changeColBounds(at + 1, 0.0, limit)
        solver.run()

    def _solve(self, cost: npt.NDArray[np.float64]) -> Deviation | None:
        self._run(cost, opened=False)
        world = self._found()
        solver = self._solver
        if world is None and solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            solver.changeColsIntegrality(*self._whole(1))
            solver.run()
            world = self._found()
            solver.changeColsIntegrality(*self._whole(0))
        return world

    def _whole(self, kind: int) -> tuple[int, npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
        """The unknowns as whole numbers (1) or relaxed (0)."""
        kinds = np.full(self._size, kind, dtype=np.uint8)
        return self._size, np.arange(self._size, dtype=np.int32), kinds

    def _found(self) -> Deviation | None:
        """The solution in integers, if it is one and everything known holds in it."""
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        values = np.array(self._solver.getSolution().col_value[: self._size])
        whole = np.rint(values).astype(np.int64)
        if np.any(np.abs(values - whole) > _WHOLE):
            return None
        truth = np.array([self._world.truth[at] for at in self._columns])
        if np.any(truth + whole < 0) or not self._checks.hold(whole):
            return None
        return {at: int(v) for at, v in zip(self._columns, whole, strict=True) if v}


class _Checks:
    """What is known, in integers: sums of columns between limits."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._places: list[int] = []
        self._factors: list[int] = []
        self._low: list[int] = []
        self._high: list[int] = []

    def add(self, entries: Mapping[int, int], low: int, high: int) -> None:
        self._starts.append(len(self._places))
        self._places += entries
        self._factors += entries.values()
        self._low.append(low)
        self._high.append(high)

    def close(self) -> None:
        self._at = np.array(self._places, dtype=np.int64)
        self._by = np.array(self._factors, dtype=np.int64)

    def change(self, n: int, low: int, high: int) -> None:
        self._low[n], self._high[n] = low, high

    def limits(self, n: int) -> tuple[float, float]:
        """The limits of a row, as the solver takes them."""
        low, high = self._low[n], self._high[n]
        return (
            -highspy.kHighsInf if low <= -_NO_LIMIT else float(low),
            highspy.kHighsInf if high >= _NO_LIMIT else float(high),
        )

    def hold(self, world: npt.NDArray[np.int64]) -> bool:
        if not self._starts:
            return True
        sums = np.add.reduceat(self._by * world[self._at], self._starts)
        return bool(np.all((sums >= self._low) & (sums <= self._high)))


@contextmanager
def silenced() -> Iterator[None]:
    """Keeps what a library writes to the standard output away from it."""
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _directions(claim: Claim) -> tuple[tuple[int | None, int | None], ...]:
    return (claim.least, None), (None, -claim.least)


def _known(certain: Iterable[Form]) -> set[int]:
    """The unknowns that can have no deviation where these forms have none, one after the other."""
    known: set[int] = set()
    left = [set(form) for form in certain]
    where: dict[int, list[int]] = {}
    for n, form in enumerate(left):
        for at in form:
            where.setdefault(at, []).append(n)
    alone = [n for n, form in enumerate(left) if len(form) == 1]
    while alone:
        for at in tuple(left[alone.pop()]):
            known.add(at)
            for n in where[at]:
                left[n].discard(at)
                if len(left[n]) == 1:
                    alone.append(n)
    return known


def _of(form: Form, world: Deviation) -> int:
    return sum(factor * world.get(at, 0) for at, factor in form.items())
