"""Whether a unit's rate differs from the province's by more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import altair as alt

from dxreport import vi
from dxreport.analysis import Analysis
from dxreport.charts import labels, parts, words
from dxreport.charts.show import Figure
from dxreport.facts import Fact, Facts
from dxreport.narrative import month_name
from dxreport.stats import binomial_limit

_RATE = "pakn_resolution_rate"
_POINTS = 48
_OVER_LINE = 7
"""Pixels from the line of the whole to what is written over it."""
_TICKS = [scale * first for scale in (1, 10, 100, 1000, 10000) for first in (1, 3, 5)]
_TAILS = {
    "low998": Fraction(1, 1000),
    "low95": Fraction(1, 40),
    "high95": Fraction(39, 40),
    "high998": Fraction(999, 1000),
}
"""The limits of the funnel, by the chance of a count below."""


@dataclass(frozen=True)
class _Place:
    """Where a unit lies in the funnel: -2 below 99.8%, -1 below 95%, 0 inside, 1, 2 above."""

    fact: Fact
    short_name: str
    out: int


def funnel(analysis: Analysis, facts: Facts) -> Figure:
    """Resolution rate of the month against n, with the 95% and 99.8% limits of chance."""
    centre = facts.get(_RATE, "month")
    places = _places(analysis, facts, centre)
    chart = _draw(places, centre) if places else parts.nothing(words.NO_DATA)
    return Figure(
        id="funnel",
        spec=parts.specification(chart),
        caption=_caption(analysis, places, centre),
        alt=_alt(places, centre),
        note=(
            f"Đường ngang: tỷ lệ chung {vi.lower_first(centre.name)}; nếu mọi đơn vị xử lý như "
            "nhau, ngẫu nhiên chỉ đưa 5% số đơn vị ra ngoài vùng đậm (95%) và 0,2% ra ngoài vùng "
            "nhạt (99,8%). Càng ít PAKN, tỷ lệ càng dao động. "
            f"{labels.some(len(places), 'nằm ngoài hai vùng này')}"
            f"PAKN tiếp nhận trong {month_name(analysis.month)}. "
            f"{words.as_of(analysis.month)}"
        ),
        units=True,
    )


def _places(analysis: Analysis, facts: Facts, centre: Fact) -> list[_Place]:
    if not centre.exists:
        return []
    chance = Fraction(centre.numerator, centre.denominator)
    places = []
    for row in analysis.units.sort("order").iter_rows(named=True):
        fact = facts.get(_RATE, "month", row["scope"])
        if fact.exists:
            places.append(_Place(fact, row["short_name"], _outside(fact, chance)))
    return places


def _outside(fact: Fact, chance: Fraction) -> int:
    share = fact.numerator / fact.denominator
    limits = _limits(fact.denominator, chance)
    if share < limits["low998"]:
        return -2
    if share < limits["low95"]:
        return -1
    if share > limits["high998"]:
        return 2
    return 1 if share > limits["high95"] else 0


def _limits(trials: int, chance: Fraction) -> dict[str, float]:
    return {name: binomial_limit(trials, chance, tail) or 0.0 for name, tail in _TAILS.items()}


def _sizes(most: int) -> list[int]:
    """Sample sizes to draw the limits at: closer together where they bend."""
    return sorted({1, *(max(1, round(most * (at / _POINTS) ** 2)) for at in range(_POINTS + 1))})


def _draw(places: Sequence[_Place], centre: Fact) -> parts.AnyChart:
    chance = Fraction(centre.numerator, centre.denominator)
    most = max(place.fact.denominator for place in places)
    reach = most + max(1, most // 12)
    curve = [
        {"n": n, **{name: round(100 * value, 3) for name, value in _limits(n, chance).items()}}
        for n in _sizes(reach)
    ]
    label = f"{centre.name} {centre.printed}"
    ending = labels.Ending(label, (1.0, 1 - (centre.value or 0.0) / 100), _OVER_LINE)
    rows = _rows(places, reach, ending)
    # Small samples are close together: a square root gives them room.
    x = alt.X(
        "n:Q",
        title="Số PAKN tiếp nhận trong tháng (n)",
        scale=alt.Scale(type="sqrt", domain=[0, reach], nice=False),
        axis=alt.Axis(values=[n for n in _TICKS if n <= reach], grid=False),
    )
    scale = alt.Scale(domain=[0, 100])
    y = alt.Y("rate:Q", title="Tỷ lệ xử lý (%)", scale=scale)
    limits = alt.Chart(parts.values(curve)).encode(x=x)
    outer = limits.mark_area(style="dx-band-weak").encode(
        y=alt.Y("low998:Q", scale=scale), y2=alt.Y2("high998:Q")
    )
    inner = limits.mark_area(style="dx-band").encode(y=alt.Y("low95:Q"), y2=alt.Y2("high95:Q"))
    whole = alt.Chart(parts.values([{"rate": centre.value}])).mark_rule(
        style="dx-line-second", strokeDash=[4, 3]
    )
    points = (
        alt.Chart(parts.values(rows))
        .mark_point(style="dx-dot", size=85)
        .encode(
            x=x,
            y=y,
            opacity=parts.chosen(),
            tooltip=[
                alt.Tooltip("name:N", title="Đơn vị"),
                alt.Tooltip("pair_text:N", title="Đã xử lý/tiếp nhận"),
                alt.Tooltip("rate_text:N", title="Tỷ lệ xử lý"),
                alt.Tooltip("out_text:N", title=f"So với {vi.lower_first(centre.name)}"),
            ],
        )
    )
    at_edge = alt.Chart(parts.values([{"rate": centre.value, "text": centre.printed}]))
    said = at_edge.mark_text(
        style="dx-text-second", align="right", dy=-_OVER_LINE, dx=-2, fontSize=10
    ).encode(x=parts.right_edge(), y=y, text=parts.fixed_text(label))
    chart = parts.answering(
        outer,
        inner,
        whole.encode(y=y),
        said,
        points,
        *labels.placed_labels(rows, x, y),
    )
    return parts.fluid(chart, 250)


def _rows(places: Sequence[_Place], reach: int, ending: labels.Ending) -> list[dict[str, Any]]:
    rows = [
        {
            "unit_id": place.fact.unit_id,
            "name": place.fact.name,
            "short_name": place.short_name,
            "n": place.fact.denominator,
            "rate": place.fact.value,
            "pair_text": words.ratio(place.fact.numerator, place.fact.denominator),
            "rate_text": place.fact.printed,
            "out_text": _VERDICTS[place.out],
            "first": abs(place.out),
            # Where the label falls, in parts of the plot.
            "at": ((place.fact.denominator / reach) ** 0.5, 1 - (place.fact.value or 0.0) / 100),
        }
        for place in places
    ]
    return labels.placed(parts.labelled(rows), [ending])


_VERDICTS = {
    -2: "thấp hơn hẳn (ngoài 99,8%)",
    -1: "thấp hơn (ngoài 95%)",
    0: "trong khoảng ngẫu nhiên",
    1: "cao hơn (ngoài 95%)",
    2: "cao hơn hẳn (ngoài 99,8%)",
}


def _caption(analysis: Analysis, places: Sequence[_Place], centre: Fact) -> str:
    if not places:
        return words.sentence(f"{month_name(analysis.month)} chưa tiếp nhận PAKN nào")
    if len(places) == 1:
        only = places[0].fact
        return words.sentence(f"chỉ {vi.name_in_sentence(only.name)} có số liệu ({only.printed})")
    below = [_said(place) for place in places if place.out < 0]
    above = [_said(place) for place in places if place.out > 0]
    if not below and not above:
        return words.sentence(
            f"chênh lệch giữa {vi.count(len(places))} đơn vị chưa vượt mức ngẫu nhiên quanh tỷ lệ "
            f"chung {centre.printed}"
        )
    said = []
    if below:
        said.append(f"thấp hơn mức chung {centre.printed} ngoài ngẫu nhiên: {_list(below)}")
    if above:
        start = "cao hơn" if below else f"cao hơn mức chung {centre.printed} ngoài ngẫu nhiên"
        said.append(f"{start}: {_list(above)}")
    few = min(places, key=lambda place: place.fact.denominator)
    if few.out == 0:
        said.append(
            f"tỷ lệ của {vi.name_in_sentence(few.fact.name)} ({few.fact.printed}) mới dựa trên "
            f"{vi.count(few.fact.denominator)} PAKN, chưa đủ để kết luận"
        )
    return words.sentence("; ".join(said))


def _said(place: _Place) -> str:
    return f"{vi.name_in_sentence(place.fact.name)} ({place.fact.printed})"


def _list(said: list[str]) -> str:
    return words.named(said)


def _alt(places: Sequence[_Place], centre: Fact) -> str:
    if not places:
        return words.NO_DATA + "."
    said = "; ".join(
        f"{place.fact.name} {place.fact.printed} "
        f"({words.ratio(place.fact.numerator, place.fact.denominator)}), {_VERDICTS[place.out]}"
        for place in places
    )
    return words.sentence(
        f"Biểu đồ phễu: tỷ lệ xử lý trong tháng theo số PAKN, "
        f"{vi.lower_first(centre.name)} {centre.printed}. {said}"
    )
