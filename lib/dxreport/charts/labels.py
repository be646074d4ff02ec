"""Where the names of points stand, such that none lies on another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from dxreport.charts import parts

_PLOTS = ((275.0, 240.0), (430.0, 230.0), (800.0, 230.0))
"""The plots, in pixels, that labels are placed for: of a phone, of paper, of a desk's screen."""

_CHARACTER, _LINE = 5.6, 13.0
"""Pixels of a letter and a line, roughly."""

_SIDES = (
    *(("left", 1, 0), ("right", -1, 0), ("center", 0, -1), ("center", 0, 1)),
    *(("left", 1, -1), ("left", 1, 1), ("right", -1, -1), ("right", -1, 1)),
)
"""Where a label can stand by its point: right of it, left of it, above, below, at its corners."""

_POINT = 5.0

_LONGEST = 120
"""Pixels of a label by a point; a longer one is cut."""

_ON_POINT, _OUTSIDE = 4.0, 10.0
"""How much worse it is to cover a point, or to leave the plot, than to cover another label."""

_NOWHERE = 100_000.0
"""The width of a plot that there is not."""

_ROUNDS = 10
"""How often, at most, each label is placed anew when all the others have a place."""

ALL_NAMED = 12
"""So many points and fewer are all named; of more those that a plot has room for."""

_TOUCHES = 6.0
"""Square pixels that a label may share with another before it has no room."""

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ending:
    """A text of the chart that ends `above` pixels over a place, in shares of the plot."""

    text: str
    at: tuple[float, float]
    above: float


def placed(rows: list[dict[str, Any]], endings: Sequence[Ending] = ()) -> list[dict[str, Any]]:
    """Adds `align`, `dx` and `dy`: where each point's label collides least with the others.

    `at` (taken out) is the point's place in the plot, as shares from the left and the top;
    `radius` its size in pixels, where it is not the usual one. Labels keep clear of `endings`.
    Where there are too many to name all, those with the greatest `first` (taken out) are named
    before others, and `least` is how wide a plot must be to have room for the name.
    """
    if not rows:
        return []
    if len(rows) > ALL_NAMED:
        return _with_room(rows, endings)
    alone = np.zeros((len(rows), len(_SIDES)))
    together = np.zeros((len(rows), len(_SIDES), len(rows), len(_SIDES)))
    for plot in _PLOTS:
        boxes = np.array([[_box(row, side, plot) for side in _SIDES] for row in rows])
        points = np.array([_around(row, plot) for row in rows])
        alone += _OUTSIDE * _outside(boxes, plot)
        alone += _ON_POINT * _shared(boxes, points).sum(axis=-1)
        if endings:
            texts = np.array([_before(ending, plot) for ending in endings])
            alone += _shared(boxes, texts).sum(axis=-1)
        together += _shared(boxes, boxes)
    across, down = (np.argsort([row["at"][axis] for row in rows], kind="stable") for axis in (0, 1))
    ways = (np.arange(len(rows)), across, across[::-1], down, down[::-1])
    found = [_search(alone, together, [int(at) for at in way]) for way in ways]
    _, best = min(found, key=lambda one: one[0])
    return [_told(row, _SIDES[side]) for row, side in zip(rows, best, strict=True)]


def _with_room(rows: list[dict[str, Any]], endings: Sequence[Ending]) -> list[dict[str, Any]]:
    """Each label on the side where the most plots have room for it; each plot is filled up."""
    boxes = [
        np.array([[_box(row, side, plot) for side in _SIDES] for row in rows]) for plot in _PLOTS
    ]
    taken = [
        [*(_around(row, plot) for row in rows), *(_before(ending, plot) for ending in endings)]
        for plot in _PLOTS
    ]
    found: dict[int, tuple[int, float]] = {}
    for at in sorted(range(len(rows)), key=lambda n: (-rows[n].get("first", 0), n)):
        fits = np.zeros((len(_PLOTS), len(_SIDES)), dtype=bool)
        for number, plot in enumerate(_PLOTS):
            own = boxes[number][at]
            shared = _shared(own, np.array(taken[number])).max(axis=-1)
            fits[number] = (shared <= _TOUCHES) & (_outside(own, plot) <= 1)
        # From the widest plot down: a name that a phone has no room for is there on a desk.
        room = fits[::-1].cumprod(axis=0).sum(axis=0)
        side = int(room.argmax())
        plots = range(len(_PLOTS) - int(room[side]), len(_PLOTS))
        for number in plots:
            taken[number].append(tuple(boxes[number][at][side]))
        least = _PLOTS[plots[0]][0] if plots else _NOWHERE
        found[at] = side, 0.0 if len(plots) == len(_PLOTS) else least
    return [
        {**_told(row, _SIDES[found[at][0]]), "least": found[at][1]} for at, row in enumerate(rows)
    ]


def _search(alone: _Floats, together: _Floats, way: Sequence[int]) -> tuple[float, list[int]]:
    """What the labels cover in all and the side of each, placed one after the other in a way."""
    best: dict[int, int] = {}

    def cost(at: int) -> _Floats:
        others = [n for n in best if n != at]
        covered: _Floats = together[at][:, others, [best[n] for n in others]].sum(axis=-1)
        total: _Floats = alone[at] + covered
        return total

    for _ in range(_ROUNDS):
        before = dict(best)
        for at in way:
            best[at] = int(cost(at).argmin())
        if best == before:
            break
    sides = [best[at] for at in range(len(alone))]
    covered = sum(float(cost(at)[sides[at]]) for at in way)
    return round(covered, 6), sides


def _told(row: dict[str, Any], side: tuple[str, int, int]) -> dict[str, Any]:
    dx, dy = _moved(side, row.get("radius", _POINT))
    rest = {key: row[key] for key in row if key not in ("at", "radius", "first")}
    return {**rest, "align": side[0], "dx": dx, "dy": dy}


def _moved(side: tuple[str, int, int], radius: float) -> tuple[float, float]:
    if side[1] and side[2]:
        return round(side[1] * (0.7 * radius + 3), 1), round(side[2] * (0.7 * radius + 6), 1)
    return side[1] * (radius + 4), side[2] * (radius + 8)


# Boxes are left, top, right, bottom, in pixels.


def _around(row: Mapping[str, Any], plot: tuple[float, float]) -> tuple[float, ...]:
    """The box of a point."""
    x, y = (share * length for share, length in zip(row["at"], plot, strict=True))
    radius = row.get("radius", _POINT)
    return (x - radius, y - radius, x + radius, y + radius)


def _before(ending: Ending, plot: tuple[float, float]) -> tuple[float, ...]:
    """The box of an ending."""
    x, y = (share * length for share, length in zip(ending.at, plot, strict=True))
    y -= ending.above
    return (x - len(ending.text) * _CHARACTER, y - _LINE / 2, x, y + _LINE / 2)


def _box(
    row: Mapping[str, Any], side: tuple[str, int, int], plot: tuple[float, float]
) -> tuple[float, ...]:
    """The box of a point's label on one of its sides."""
    x, y = (share * length for share, length in zip(row["at"], plot, strict=True))
    width = min(len(row["unit"]) * _CHARACTER, _LONGEST)
    dx, dy = _moved(side, row.get("radius", _POINT))
    left = x + dx - {"left": 0.0, "center": width / 2, "right": width}[side[0]]
    return (left, y + dy - _LINE / 2, left + width, y + dy + _LINE / 2)


def _outside(boxes: _Floats, plot: tuple[float, float]) -> _Floats:
    """By how many pixels each box sticks out of the plot."""
    before = np.maximum(0.0, -boxes[..., :2])
    behind = np.maximum(0.0, boxes[..., 2:] - np.array(plot))
    total: _Floats = (before + behind).sum(axis=-1)
    return total


def _shared(boxes: _Floats, others: _Floats) -> _Floats:
    """The area that each box shares with each of the others: shape of both, one after the other."""
    one = boxes.reshape(*boxes.shape[:-1], *(1,) * (others.ndim - 1), 4)
    low = np.maximum(one[..., :2], others[..., :2])
    high = np.minimum(one[..., 2:], others[..., 2:])
    area: _Floats = np.maximum(0.0, high - low).prod(axis=-1)
    return area


def placed_labels(rows: parts.Rows, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """The labels of `placed` rows, a layer for each alignment."""
    layers = []
    text: Any = "unit:N"
    if any("least" in row for row in rows):
        text = alt.TextValue(alt.ExprRef("width >= datum.least ? datum.unit : ''"))
    place: Any = {"dx": alt.ExprRef("datum.dx"), "dy": alt.ExprRef("datum.dy")}
    for align in ("left", "right", "center"):
        own = [row for row in rows if row["align"] == align]
        if own:
            label = alt.Chart(parts.values(own)).encode(x=x, y=y, opacity=parts.chosen(0.15))
            layers += parts.over_lines(
                label, "dx-text", text, align=align, fontSize=10, limit=_LONGEST, **place
            )
    return layers


def some(total: int, which: str) -> str:
    """What a note says where not all of `total` points are named; `which` are; else nothing."""
    if total <= ALL_NAMED:
        return ""
    return f"Nơi dày điểm, hình chỉ ghi tên một số đơn vị, trước hết là đơn vị {which}. "
