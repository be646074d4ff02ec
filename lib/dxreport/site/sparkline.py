"""A figure's course over the months as a small drawing: where it ran, and its target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dxreport.narrative import month_name
from dxreport.periods import Month
from dxreport.site.archive import Figure

WIDTH, HEIGHT = 120, 32
_MARGIN = 4


@dataclass(frozen=True)
class Sparkline:
    """Coordinates for an SVG of WIDTH x HEIGHT, and the same in words.

    `lines` are the runs of months without a gap; `target` is the height of the target's line.
    """

    lines: tuple[str, ...]
    end: tuple[str, str]
    target: str | None
    words: str


def sparkline(series: Sequence[tuple[Month, Figure]]) -> Sparkline | None:
    """The drawing of a series in time; nothing for less than two months with a value."""
    points = [(month, figure) for month, figure in series if figure.value is not None]
    if len(points) < 2:
        return None
    values = [figure.value or 0.0 for _, figure in points]
    target = points[-1][1].target
    reach = [*values, *([float(target)] if target is not None else [])]
    low, high = min(reach), max(reach)
    first, last = _index(points[0][0]), _index(points[-1][0])

    def x(month: Month) -> str:
        share = (_index(month) - first) / (last - first)
        return _number(_MARGIN + share * (WIDTH - 2 * _MARGIN))

    def y(value: float) -> str:
        share = (value - low) / (high - low) if high > low else 0.5
        return _number(HEIGHT - _MARGIN - share * (HEIGHT - 2 * _MARGIN))

    runs: list[list[str]] = []
    before: int | None = None
    for (month, _), value in zip(points, values, strict=True):
        if before is None or _index(month) != before + 1:
            runs.append([])
        runs[-1].append(f"{x(month)},{y(value)}")
        before = _index(month)
    # A month between two gaps has no line: a point of no length, with round ends.
    lines = tuple(" ".join(run if len(run) > 1 else run * 2) for run in runs)
    return Sparkline(
        lines=lines,
        end=(x(points[-1][0]), y(values[-1])),
        target=None if target is None else y(float(target)),
        words=_words(points, values),
    )


def _words(points: Sequence[tuple[Month, Figure]], values: Sequence[float]) -> str:
    def told(at: int) -> str:
        return f"{points[at][1].printed} ({month_name(points[at][0])})"

    lowest, highest = values.index(min(values)), values.index(max(values))
    return (
        f"Diễn biến từ {told(0)} đến {told(-1)}; thấp nhất {told(lowest)}, cao nhất {told(highest)}"
    )


def _index(month: Month) -> int:
    return 12 * month.year + month.month


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
