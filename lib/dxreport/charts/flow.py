"""What comes in and what gets done, month by month."""

from __future__ import annotations

from typing import Any

import altair as alt

from dxreport import vi
from dxreport.analysis import SMALLEST, Analysis
from dxreport.charts import parts, words
from dxreport.charts.show import Figure
from dxreport.facts import Fact, Facts
from dxreport.narrative import month_name
from dxreport.periods import Month

_RATE = "pakn_resolution_rate"
_MIDDLE = 30
"""Percent below which a cell of the heatmap is strong and takes contrasting letters."""


def received_by_month(analysis: Analysis, facts: Facts) -> Figure:
    """PAKN received and resolved by month of the year, with the resolution rate.

    Shows the province, or the unit that is chosen on the page.
    """
    rows = [
        {**_of_month(row), **_whose(row["scope"], analysis)}
        for row in analysis.received.iter_rows(named=True)
    ]
    whole = [row for row in rows if row["unit_id"] == parts.ALL]
    year = facts.get(_RATE, "ytd")
    return Figure(
        id="received",
        spec=parts.specification(
            _draw_received(rows) if year.exists else parts.nothing(words.NO_DATA)
        ),
        caption=_caption_received(analysis, facts, whole),
        alt=_alt_received(whole, year),
        note=(
            "Cột nhạt: PAKN tiếp nhận trong tháng; cột đậm: số đã xử lý xong trong đó; dòng dưới "
            "tên tháng: tỷ lệ xử lý. Tháng gần đây có tỷ lệ thấp hơn một phần vì PAKN mới tiếp "
            f"nhận chưa đến hạn. {words.as_of(analysis.month)}"
        ),
        units=True,
    )


def _whose(scope: str, analysis: Analysis) -> dict[str, str]:
    unit = analysis.catalogue.by_id.get(scope.removeprefix("unit:"))
    if unit is None:
        return {"unit_id": parts.ALL, "name": analysis.catalogue.all_name}
    return {"unit_id": unit.unit_id, "name": unit.name}


def _of_month(row: dict[str, Any]) -> dict[str, Any]:
    month = Month.parse(row["month"])
    rate = words.percent(row["resolved"], row["n"], 0) if row["n"] else "–"
    return {
        "month": f"T{month.month}\n{rate}",
        "order": month.month,
        "month_name": vi.upper_first(month_name(month)),
        "n": row["n"],
        "resolved": row["resolved"],
        "n_text": vi.integer(row["n"]),
        "rate_text": words.percent(row["resolved"], row["n"]),
        "pair_text": words.ratio(row["resolved"], row["n"]),
    }


def _draw_received(rows: list[dict[str, Any]]) -> parts.AnyChart:
    x = parts.month_axis()
    tooltip = [
        alt.Tooltip("name:N", title="Đơn vị"),
        alt.Tooltip("month_name:N", title="Tiếp nhận trong"),
        alt.Tooltip("pair_text:N", title="Đã xử lý/tiếp nhận"),
        alt.Tooltip("rate_text:N", title="Tỷ lệ xử lý"),
    ]
    y = alt.Y("n:Q", axis=None, stack=None)
    base = alt.Chart().encode(x=x, tooltip=tooltip)
    received = base.mark_bar(style="dx-soft").encode(y=y)
    resolved = base.mark_bar(style="dx-main").encode(y=alt.Y("resolved:Q", axis=None, stack=None))
    figures = base.mark_text(style="dx-text", dy=-7).encode(y=y, text=alt.Text("n_text:N"))
    whose = (
        alt.Chart()
        .mark_text(style="dx-text-main", align="left", fontSize=12)
        .encode(
            x=parts.fixed_x(0),
            y=parts.fixed_y(-18),
            text=alt.Text("name:N"),
        )
        .transform_filter("datum.order === 1")
    )
    chart = parts.answering(
        received, resolved, figures, whose, data=parts.values(rows)
    ).transform_filter(parts.CHOSEN_OR_ALL)
    return parts.fluid(chart, 190)


def _caption_received(analysis: Analysis, facts: Facts, rows: list[dict[str, Any]]) -> str:
    received = facts.get("pakn_received", "ytd")
    rate = facts.get(_RATE, "ytd")
    if not rate.exists:
        return words.sentence(f"{words.year(analysis)} chưa tiếp nhận PAKN nào")
    whole = (
        f"{words.year(analysis)} tiếp nhận {received.printed} PAKN, đã xử lý "
        f"{facts.get('pakn_resolved', 'ytd').printed} ({rate.printed})"
    )
    most = max(row["n"] for row in rows)
    busiest = [row["month_name"] for row in rows if row["n"] == most]
    if len(rows) == 1 or len(busiest) > 1:
        return words.sentence(whole)
    return words.sentence(
        f"{whole}; nhiều nhất là {vi.lower_first(busiest[0])} ({vi.integer(most)} PAKN)"
    )


def _alt_received(rows: list[dict[str, Any]], year: Fact) -> str:
    if not year.exists:
        return words.NO_DATA + "."
    said = "; ".join(
        f"{vi.lower_first(row['month_name'])} {row['pair_text']} ({row['rate_text']})"
        for row in rows
    )
    return words.sentence(f"Biểu đồ số PAKN đã xử lý trên số tiếp nhận theo tháng: {said}")


# --- Unit by month -------------------------------------------------------------------------


def rate_by_unit_and_month(analysis: Analysis, facts: Facts) -> Figure:
    """The resolution rate of each unit in each month of the year, as a heatmap."""
    units = _heat_units(analysis)
    label = {row["scope"]: row["unit"] for row in units}
    rows = [
        _cell(row, label[row["scope"]], analysis)
        for row in analysis.received.iter_rows(named=True)
        if row["scope"] in label
    ]
    exists = any(row["n"] for row in rows)
    return Figure(
        id="heatmap",
        spec=parts.specification(
            _draw_heatmap(rows, [row["unit"] for row in units])
            if exists
            else parts.nothing(words.NO_DATA)
        ),
        caption=_caption_heatmap(analysis, facts, rows),
        alt=_alt_heatmap(analysis, facts),
        note=(
            "Mỗi ô: tỷ lệ (%) đã xử lý trong số PAKN đơn vị tiếp nhận trong tháng đó; dấu * là "
            f"dưới {SMALLEST} PAKN, đọc thận trọng; ô trống là không phát sinh. "
            f"{parts.drawn(analysis.units.height, 'có nhiều PAKN nhất')}"
            f"{words.as_of(analysis.month)}"
        ),
        units=True,
    )


def _heat_units(analysis: Analysis) -> list[dict[str, Any]]:
    """The units in the order of printing."""
    totals = dict(analysis.processing.select("scope", "received").iter_rows())
    rows = [
        {**row, "n": totals.get(row["scope"], 0)}
        for row in analysis.units.sort("order").iter_rows(named=True)
    ]
    return parts.labelled(parts.largest(rows))


def _cell(row: dict[str, Any], label: str, analysis: Analysis) -> dict[str, Any]:
    cell = {**_of_month(row), **_whose(row["scope"], analysis), "unit": label}
    cell["month"] = f"T{cell['order']}"
    rate = 100 * row["resolved"] / row["n"] if row["n"] else None
    few = "*" if 0 < row["n"] < SMALLEST else ""
    figure = words.percent(row["resolved"], row["n"], 0).removesuffix("%") if row["n"] else ""
    return {**cell, "rate": rate, "label": figure + few}


def _draw_heatmap(rows: list[dict[str, Any]], units: list[str]) -> parts.AnyChart:
    opacity = parts.chosen()
    x = alt.X(
        "month:O",
        sort=alt.EncodingSortField("order", op="min"),
        axis=alt.Axis(title=None, labelAngle=0, orient="top", labelOverlap=False),
        scale=alt.Scale(type="band", paddingInner=0.05, paddingOuter=0),
    )
    y = alt.Y(
        "unit:N",
        sort=units,
        scale=alt.Scale(type="band", domain=units, paddingInner=0.08, paddingOuter=0),
        axis=alt.Axis(title=None, labelLimit=130),
    )
    cells = (
        alt.Chart()
        .mark_rect()
        .encode(
            x=x,
            y=y,
            opacity=opacity,
            color=alt.Color(
                "rate:Q",
                scale=alt.Scale(domain=[0, 100], range="heatmap", interpolate="rgb"),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("name:N", title="Đơn vị"),
                alt.Tooltip("month_name:N", title="Tiếp nhận trong"),
                alt.Tooltip("pair_text:N", title="Đã xử lý/tiếp nhận"),
                alt.Tooltip("rate_text:N", title="Tỷ lệ xử lý"),
            ],
        )
        .transform_filter("isValid(datum.rate)")
    )
    letters = [
        alt.Chart()
        .mark_text(style=f"dx-text-on-{place}", fontSize=10)
        .encode(x=x, y=y, text=alt.Text("label:N"), opacity=opacity)
        .transform_filter(f"isValid(datum.rate) && datum.rate {test} {_MIDDLE}")
        for place, test in (("strong", "<"), ("weak", ">="))
    ]
    chart = parts.answering(cells, *letters, data=parts.values(rows))
    return parts.fluid(chart, parts.ROW * len(units))


def _caption_heatmap(analysis: Analysis, facts: Facts, rows: list[dict[str, Any]]) -> str:
    with_cases = [row for row in rows if row["n"]]
    if not with_cases:
        return words.sentence(f"{words.year(analysis)} chưa tiếp nhận PAKN nào")
    ranked = [facts.get(_RATE, "ytd", scope) for scope in analysis.units["scope"]]
    said = words.extremes(ranked, "tỷ lệ xử lý thấp nhất", "cao nhất")
    return words.sentence(f"tính {words.since(analysis)}, {said}") if said else words.NO_DATA + "."


def _alt_heatmap(analysis: Analysis, facts: Facts) -> str:
    said = "; ".join(
        f"{fact.name} {fact.printed} ({words.ratio(fact.numerator, fact.denominator)})"
        for scope in analysis.units["scope"]
        if (fact := facts.get(_RATE, "ytd", scope)).exists
    )
    if not said:
        return words.NO_DATA + "."
    return words.sentence(
        f"Bảng màu tỷ lệ xử lý PAKN theo đơn vị và tháng; tính chung {words.since(analysis)}: "
        f"{said}"
    )
