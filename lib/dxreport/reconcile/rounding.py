"""How a printed number came from an exact one: half up as the house does, or some other way."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

from dxreport import vi


def _half_down(scaled: Fraction) -> int:
    nearest = math.ceil(abs(scaled) - Fraction(1, 2))
    return nearest if scaled >= 0 else -nearest


def _away(scaled: Fraction) -> int:
    return math.ceil(scaled) if scaled >= 0 else math.floor(scaled)


# A number of a last place's units, to an integer of them.
_WAYS: Mapping[str, Callable[[Fraction], int]] = {
    "truncated": math.trunc,
    "half even": round,
    "half down": _half_down,
    "rounded up": _away,
}


def ways(exact: Fraction, value: Fraction, places: int) -> tuple[str, ...]:
    """The ways of rounding `exact` to `places` decimals, half up aside, that give `value`."""
    return tuple(
        name
        for name, rounded in _WAYS.items()
        if Fraction(rounded(exact * 10**places), 10**places) == value
    )


def half_up(exact: Fraction, places: int) -> Fraction:
    """`exact` half up to `places` decimals."""
    return Fraction(vi.half_up(exact, places), 10**places)
