"""How long the units take: the processing time of what is resolved."""

from __future__ import annotations

from typing import Any

import altair as alt

from dxreport import vi
from dxreport.analysis import SMALLEST, Analysis, of_scope
from dxreport.charts import parts, words
from dxreport.charts.show import Figure
from dxreport.facts import Fact, Facts

_MEAN = "pakn_processing_days_mean"


def processing_by_unit(analysis: Analysis, facts: Facts) -> Figure:
    """Processing time by unit: middle half, median, mean and 90th percentile, with n."""
    rows = _rows(analysis, facts)
    province = facts.get(_MEAN, "ytd")
    drawn = [row for row in rows if row["n"]]
    chart = _draw(rows, province) if drawn else parts.nothing(words.NO_DATA)
    return Figure(
        id="processing",
        spec=parts.specification(chart),
        caption=_caption(analysis, facts, province),
        alt=_alt(rows, province),
        note=_note(analysis),
        units=True,
    )


def _rows(analysis: Analysis, facts: Facts) -> list[dict[str, Any]]:
    """One row a unit, the fastest mean first, units without cases last."""
    frame = analysis.units.join(analysis.processing, on="scope", how="left").sort("order")
    rows = []
    for row in frame.iter_rows(named=True):
        mean = facts.get(_MEAN, "ytd", row["scope"])
        rows.append(
            {
                "unit_id": row["unit_id"],
                "name": row["name"],
                "short_name": row["short_name"],
                "n": row["n"],
                "sample": words.sample(row["n"]),
                "mean": mean.value,
                "mean_text": mean.printed,
                "low": row["days_q25"],
                "median": row["days_median"],
                "high": row["days_q75"],
                "p90": row["days_p90"],
                "half_text": _half(row["days_q25"], row["days_q75"]),
                "median_text": words.days(row["days_median"]),
                "p90_text": words.days(row["days_p90"]),
            }
        )
    rows = parts.largest(rows)
    rows.sort(key=lambda row: (row["mean"] is None, row["mean"] or 0.0))
    return parts.labelled(rows)


def _half(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return vi.NO_CASES
    return f"{words.days(low).removesuffix(' ngày')} – {words.days(high)}"


def _draw(rows: list[dict[str, Any]], province: Fact) -> parts.AnyChart:
    y = parts.unit_axis([row["unit"] for row in rows])
    x = alt.X("low:Q", title="Số ngày xử lý", scale=alt.Scale(domainMin=0, nice=True))
    opacity = parts.chosen()
    tooltip = [
        alt.Tooltip("name:N", title="Đơn vị"),
        alt.Tooltip("sample:N", title="Số PAKN đã xử lý"),
        alt.Tooltip("mean_text:N", title="Trung bình"),
        alt.Tooltip("median_text:N", title="Trung vị"),
        alt.Tooltip("half_text:N", title="Nửa giữa"),
        alt.Tooltip("p90_text:N", title="Mức 90%"),
    ]
    base = alt.Chart().encode(y=y, opacity=opacity, tooltip=tooltip)
    tail = base.mark_rule(style="dx-line-quiet", strokeWidth=1.5).encode(x=x, x2=alt.X2("p90:Q"))
    end = base.mark_tick(style="dx-line-quiet", thickness=1.5, size=8).encode(x=alt.X("p90:Q"))
    half = base.mark_bar(style="dx-soft", height=13, cornerRadius=2).encode(
        x=x, x2=alt.X2("high:Q")
    )
    median = base.mark_tick(style="dx-line", thickness=3, size=17).encode(x=alt.X("median:Q"))
    mean = base.mark_point(style="dx-diamond", shape="diamond", size=80).encode(x=alt.X("mean:Q"))
    layers: list[alt.Chart] = [tail, end, half, median, mean]
    layers.append(parts.beside("sample", y))
    farthest = max(row["p90"] or row["mean"] or 0.0 for row in rows)
    leftwards = (province.value or 0.0) > farthest / 2
    whole = {"mean": province.value, "text": f"{province.name} {province.printed}"}
    rule = alt.Chart(parts.values([whole]))
    at_mean = rule.mark_rule(style="dx-line-second", strokeDash=[4, 3]).encode(x=alt.X("mean:Q"))
    layers.insert(1, at_mean)
    layers.append(
        rule.mark_text(
            style="dx-text-second",
            align="right" if leftwards else "left",
            dx=-4 if leftwards else 4,
            dy=-6,
            fontSize=10,
        ).encode(x=alt.X("mean:Q"), y=parts.fixed_y(0), text=alt.Text("text:N"))
    )
    layers.append(
        parts.key(
            ("Trung vị", parts.TICK_SHAPE),
            ("Trung bình", parts.DIAMOND_SHAPE),
            ("Đến mức 90%", parts.TAIL_SHAPE),
            ("Nửa giữa", parts.BAR_SHAPE),
            offset=22,
        )
    )
    chart = parts.answering(*layers, data=parts.values(rows))
    return parts.fluid(chart, parts.ROW * len(rows))


def _caption(analysis: Analysis, facts: Facts, province: Fact) -> str:
    if not province.exists:
        return words.sentence(f"{_period(analysis)} chưa có PAKN nào được xử lý xong")
    ranked = [facts.get(_MEAN, "ytd", scope) for scope in analysis.units["scope"]]
    said = words.extremes(ranked, "xử lý nhanh nhất", "lâu nhất")
    first = f"{province.name} xử lý một PAKN trung bình mất {_days(province)}"
    return words.sentence(f"{first}; {said}" if said else first)


def _alt(rows: list[dict[str, Any]], province: Fact) -> str:
    if not province.exists:
        return words.NO_DATA + "."
    units = [
        f"{row['name']} trung bình {row['mean_text']}, trung vị {row['median_text']} "
        f"({row['sample']})"
        for row in rows
        if row["n"]
    ]
    return words.sentence(
        f"Biểu đồ thời gian xử lý PAKN theo đơn vị. {province.name} trung bình "
        f"{province.printed} "
        f"({words.sample(province.denominator)}). {'; '.join(units)}"
    )


def _note(analysis: Analysis) -> str:
    every = of_scope(analysis.processing, "all")
    spread = (
        ""
        if every["days_median"] is None
        else (
            f"Một nửa số PAKN đã xử lý xong trong {words.days(every['days_median'])}; "
            f"cứ 10 PAKN thì 1 PAKN mất hơn {words.days(every['days_p90'])}. "
        )
    )
    return (
        f"{spread}Thanh màu: nửa giữa số PAKN (từ 25% đến 75%); vạch đậm: trung vị; hình thoi: "
        f"trung bình; vạch mảnh kéo đến mức 90%. n: số PAKN tiếp nhận trong "
        f"{_period(analysis)} đã xử lý xong; dưới {SMALLEST} PAKN chỉ ghi trung bình. "
        f"{parts.drawn(analysis.units.height, 'có nhiều PAKN đã xử lý nhất')}"
        f"{words.as_of(analysis.month)}"
    )


def _period(analysis: Analysis) -> str:
    return words.year(analysis)


def _days(fact: Fact) -> str:
    return fact.printed.removesuffix("/PAKN")
