"""How long a PAKN waits: Kaplan-Meier, beside the curve that only sees what is resolved."""

from __future__ import annotations

from typing import Any

import altair as alt

from dxreport.analysis import HORIZON, SMALLEST, Analysis, of_scope
from dxreport.charts import parts, words
from dxreport.charts.show import Figure
from dxreport.facts import Facts

_DAILY = 30
_STEP = 3
"""A unit's curve has a point a day up to `_DAILY`, then one every `_STEP` days."""


def waiting_curve(analysis: Analysis, _: Facts) -> Figure:
    """The share of PAKN resolved within so many days, of all and of each unit."""
    rows = _rows(analysis)
    whole = [row for row in rows if row["unit_id"] == parts.ALL]
    return Figure(
        id="waiting",
        spec=parts.specification(_draw(rows, analysis) if whole else parts.nothing(words.NO_DATA)),
        caption=_caption(analysis),
        alt=_alt(analysis, whole),
        note=_note(analysis),
        units=True,
    )


def _rows(analysis: Analysis) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for row in analysis.waiting.iter_rows(named=True):
        unit_id, day = row["scope"].removeprefix("unit:"), row["day"]
        common = {"unit_id": unit_id, "day": day, "resolved": round(row["resolved"], 4)}
        if unit_id == parts.ALL:
            rows.append({**common, **_province(row)})
        elif day <= _DAILY or day % _STEP == 0:
            rows.append(common)
    return rows


def _province(row: dict[str, Any]) -> dict[str, Any]:
    low, high, closed = row["low"], row["high"], row["closed"]
    return {
        "low": round(low, 4),
        "high": round(high, 4),
        "closed": None if closed is None else round(closed, 4),
        "day_text": f"{row['day']} ngày",
        "all_text": words.share(row["resolved"]),
        "limits_text": f"{words.share(low)} – {words.share(high)}",
        "closed_text": "–" if closed is None else words.share(closed),
    }


def _who(analysis: Analysis) -> list[dict[str, Any]]:
    """Who each curve is about; kept apart from the curves, which are long."""
    cases = dict(analysis.medians.select("scope", "n").iter_rows())
    units = [
        {
            "unit_id": row["unit_id"],
            "name": row["name"],
            "short_name": row["short_name"],
            "n": cases[row["scope"]],
        }
        for row in analysis.units.iter_rows(named=True)
    ]
    whole = {
        "unit_id": parts.ALL,
        "name": analysis.catalogue.all_name,
        "short_name": analysis.catalogue.all_name,
        "n": cases[parts.ALL],
    }
    return [{**row, "sample": words.sample(row["n"])} for row in (whole, *units)]


def _draw(rows: list[dict[str, Any]], analysis: Analysis) -> parts.AnyChart:
    last = max(row["day"] for row in rows)
    x = alt.X(
        "day:Q",
        title="Số ngày kể từ khi tiếp nhận",
        scale=alt.Scale(domain=[0, last], nice=False),
        axis=alt.Axis(values=[*range(0, last + 1, 15)] if last >= 30 else alt.Undefined),
    )
    y = alt.Y(
        "resolved:Q",
        title=None,
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1]),
    )
    base = alt.Chart().encode(x=x)
    whole = base.transform_filter(alt.datum.unit_id == parts.ALL)
    units = base.transform_filter(alt.datum.unit_id != parts.ALL)
    who = [alt.Tooltip("name:N", title="Đơn vị"), alt.Tooltip("sample:N", title="Số PAKN")]
    band = whole.mark_area(style="dx-band").encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q"))
    others = units.mark_line(style="dx-line-quiet", strokeWidth=1, opacity=0.6).encode(
        y=y, detail=alt.Detail("unit_id:N"), tooltip=who
    )
    chosen = (
        units.transform_filter(parts.CHOSEN_OR_ALL)
        .mark_line(style="dx-line-alarm", strokeWidth=2.5)
        .encode(y=y, detail=alt.Detail("unit_id:N"), tooltip=who)
    )
    closed = whole.mark_line(style="dx-line-second", strokeDash=[5, 3]).encode(y=alt.Y("closed:Q"))
    everyone = whole.mark_line(style="dx-line", strokeWidth=2.5).encode(y=y)
    reader = whole.mark_rule(strokeWidth=7, opacity=0).encode(
        tooltip=[
            alt.Tooltip("day_text:N", title="Trong vòng"),
            alt.Tooltip("all_text:N", title="Đã xử lý (Kaplan–Meier)"),
            alt.Tooltip("limits_text:N", title="Khoảng tin cậy 95%"),
            alt.Tooltip("closed_text:N", title="Chỉ tính PAKN đã xử lý"),
            alt.Tooltip("sample:N", title="Số PAKN"),
        ]
    )
    chart = parts.answering(
        band,
        others,
        reader,
        closed,
        everyone,
        chosen,
        *_half(analysis),
        *_labels(base, whole, y, last),
        *_slowest(units, rows, y),
        data=parts.values(rows),
    ).transform_lookup(
        lookup="unit_id",
        from_=alt.LookupData(
            data=parts.values(_who(analysis)),
            key="unit_id",
            fields=["name", "short_name", "sample"],
        ),
    )
    return parts.fluid(chart, 235)


def _labels(base: alt.Chart, whole: alt.Chart, y: alt.Y, last: int) -> list[alt.Chart]:
    """The two curves by name, and the chosen unit's, where they have room."""
    named = whole.transform_filter(alt.datum.day == round(last * 0.42))
    at_end = base.transform_filter(parts.CHOSEN_OR_ALL).transform_filter(
        (alt.datum.unit_id != parts.ALL) & (alt.datum.day == last - last % _STEP)
    )
    closed = {"align": "right", "dx": -8, "dy": -12}
    everyone = {"align": "left", "dx": 2, "dy": 18}
    return [
        *parts.over_lines(
            named.encode(y=alt.Y("closed:Q")),
            "dx-text-second",
            parts.fixed_text("Chỉ PAKN đã xử lý"),
            **closed,
        ),
        *parts.over_lines(
            named.encode(y=y),
            "dx-text-main",
            parts.fixed_text("Tính cả PAKN chưa xử lý"),
            **everyone,
        ),
        *parts.over_lines(
            at_end.encode(y=y), "dx-text-alarm", "short_name:N", align="right", dx=-4, dy=12
        ),
    ]


def _slowest(units: alt.Chart, rows: list[dict[str, Any]], y: alt.Y) -> list[alt.Chart]:
    """The name of the lowest curve at its end, while no unit is chosen."""
    last = max(row["day"] for row in rows)
    ends = [
        row for row in rows if row["unit_id"] != parts.ALL and row["day"] == last - last % _STEP
    ]
    lowest = min((row["resolved"] for row in ends), default=1.0)
    names = [row["unit_id"] for row in ends if row["resolved"] == lowest]
    if len(ends) < 2 or len(names) != 1:
        return []
    label = units.transform_filter(
        (alt.datum.unit_id == names[0]) & (alt.datum.day == ends[0]["day"])
    ).transform_filter(f"!isValid({parts.UNIT_PARAM}.unit_id)")
    return parts.over_lines(
        label.encode(y=y), "dx-text-muted", "short_name:N", align="right", dx=-4, dy=12, fontSize=10
    )


def _half(analysis: Analysis) -> list[alt.Chart]:
    """Where half of all PAKN are resolved, if that has been seen on the chart."""
    days = of_scope(analysis.medians, parts.ALL)["days"]
    if days is None or days > HORIZON:
        return []
    row = {"day": days, "half": 0.5, "text": f"một nửa trong {words.days(days)}"}
    base = alt.Chart(parts.values([row])).encode(x=alt.X("day:Q"), y=alt.Y("half:Q"))
    text = parts.over_lines(base, "dx-text", "text:N", align="left", dx=9, dy=1, fontSize=10)
    return [*text, base.mark_point(style="dx-dot", size=70)]


def _caption(analysis: Analysis) -> str:
    cases = _cases(analysis)
    if not cases:
        return words.sentence(f"{words.year(analysis)} chưa tiếp nhận PAKN nào")
    median = of_scope(analysis.medians, parts.ALL)
    closed = of_scope(analysis.processing, parts.ALL)["days_median"]
    if cases < SMALLEST:
        return words.sentence(f"Mới tiếp nhận {cases} PAKN, chưa đủ để nói về thời gian chờ")
    if median["days"] is None:
        return words.sentence(
            "Tính cả PAKN chưa xử lý thì đến nay chưa xử lý xong được một nửa số PAKN"
        )
    waited = f"phải {words.days(median['days'])} mới xử lý xong một nửa số PAKN"
    if closed is None or words.days(closed) == words.days(median["days"]):
        return words.sentence(waited)
    return words.sentence(
        f"Tính cả PAKN chưa xử lý, {waited}; chỉ tính PAKN đã xử lý thì con số là "
        f"{words.days(closed)}"
    )


def _note(analysis: Analysis) -> str:
    return (
        "Số trung bình của riêng PAKN đã xử lý đẹp hơn thực tế: PAKN còn tồn chưa có thời gian "
        "xử lý nên bị bỏ ra ngoài, mà đó thường là những PAKN chờ lâu nhất. Đường liền "
        "(Kaplan–Meier) tính cả chúng, mỗi PAKN đến ngày cuối còn theo dõi được; dải màu: khoảng "
        f"tin cậy 95%; đường mờ: từng đơn vị có từ {SMALLEST} PAKN. {words.as_of(analysis.month)}"
    )


def _alt(analysis: Analysis, whole: list[dict[str, Any]]) -> str:
    if not whole:
        return words.NO_DATA + "."
    said = [
        f"trong {row['day_text']} {row['all_text']} (chỉ tính PAKN đã xử lý: {row['closed_text']})"
        for row in whole
        if row["day"] in (7, 15, 30, 60)
    ]
    medians = analysis.units.join(analysis.medians, on="scope").sort("order")
    units = [
        f"{row['name']} {'chưa tới' if row['days'] is None else words.days(row['days'])} "
        f"({words.sample(row['n'])})"
        for row in medians.iter_rows(named=True)
        if row["n"] >= SMALLEST
    ]
    return words.sentence(
        f"Đường Kaplan–Meier về tỷ lệ PAKN được xử lý theo số ngày chờ, {words.whole(analysis)} "
        f"({words.sample(_cases(analysis))}): {'; '.join(said)}. Thời gian để xong một nửa số "
        f"PAKN của từng đơn vị: {'; '.join(units)}"
    )


def _cases(analysis: Analysis) -> int:
    return int(of_scope(analysis.medians, parts.ALL)["n"])
