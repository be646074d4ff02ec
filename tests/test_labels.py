"""The names of points: none lies on another, on a phone and on a wide screen."""

from __future__ import annotations

from itertools import combinations
from random import Random
from typing import Any

import pytest

from dxreport.charts.labels import Ending, placed

PLOTS = {"phone": (275.0, 240.0), "paper": (430.0, 230.0), "desk": (820.0, 250.0)}
LETTER, LINE = 5.2, 11.0

# Resolution rates of May 2024 by PAKN received: four units in a crowd below the line of them all.
MAY = {
    "TP. Bắc Ninh": (167, 67.7),
    "H. Yên Phong": (36, 72.2),
    "TX. Quế Võ": (52, 92.3),
    "H. Tiên Du": (27, 66.7),
    "TP. Từ Sơn": (45, 64.4),
    "TX. Thuận Thành": (32, 65.6),
    "H. Gia Bình": (3, 66.7),
    "H. Lương Tài": (10, 40.0),
}
REACH = 180


def rows(places: dict[str, tuple[int, float]]) -> list[dict[str, Any]]:
    return [
        {"unit": unit, "at": ((n / REACH) ** 0.5, 1 - rate / 100)}
        for unit, (n, rate) in places.items()
    ]


def box(
    row: dict[str, Any], at: tuple[float, float], plot: tuple[float, float]
) -> tuple[float, ...]:
    x, y = at[0] * plot[0] + row["dx"], at[1] * plot[1] + row["dy"]
    width = len(row["unit"]) * LETTER
    left = {"left": x, "right": x - width, "center": x - width / 2}[row["align"]]
    return left, y - LINE / 2, left + width, y + LINE / 2


def share(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(one[n] < other[n + 2] and other[n] < one[n + 2] for n in (0, 1))


@pytest.mark.parametrize("screen", PLOTS)
def test_names_in_a_crowd_do_not_lie_on_each_other(screen: str) -> None:
    plot, given = PLOTS[screen], rows(MAY)
    line = 1 - 0.704
    found = placed(given, [Ending("Toàn tỉnh 70,4%", (1.0, line), 7)])
    boxes = [box(row, one["at"], plot) for row, one in zip(found, given, strict=True)]
    points = [(x * plot[0], y * plot[1]) for x, y in (one["at"] for one in given)]
    text = plot[0] - 15 * LETTER, line * plot[1] - 12, plot[0], line * plot[1] - 2
    for (a, one), (b, other) in combinations(enumerate(boxes), 2):
        assert not share(one, other), (found[a], found[b])
    for row, one in zip(found, boxes, strict=True):
        assert not share(one, text), row
        assert not any(share(one, (x - 3, y - 3, x + 3, y + 3)) for x, y in points), row
        assert one[0] >= 0
        assert one[2] <= plot[0]


def crowd() -> list[dict[str, Any]]:
    random = Random(1)
    places = {f"Xã {n}": (random.randint(1, 170), random.uniform(30, 100)) for n in range(126)}
    return [{**row, "first": n % 7 == 0} for n, row in enumerate(rows(places))]


@pytest.mark.parametrize("screen", PLOTS)
def test_of_too_many_points_those_are_named_that_there_is_room_for(screen: str) -> None:
    plot, given = PLOTS[screen], crowd()
    found = placed(given, [Ending("Toàn tỉnh 70,4%", (1.0, 0.3), 7)])
    named = [n for n, row in enumerate(found) if plot[0] >= row["least"]]
    assert 5 < len(named) < 126
    boxes = [box(found[n], given[n]["at"], plot) for n in named]
    assert not any(share(one, other) for one, other in combinations(boxes, 2))
    wider = sum(row["least"] <= 820 for row in found)
    assert wider >= len(named)
    # What comes first is named before the others.
    first = sum(given[n]["first"] for n in named) / sum(row["first"] for row in given)
    assert first > len(named) / len(given)


def test_places_are_the_same_every_time() -> None:
    assert placed(crowd()) == placed(crowd())
    assert placed([]) == []
