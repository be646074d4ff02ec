"""How content people are with the answers: stars from 1 to 5."""

from __future__ import annotations

from typing import Any

import altair as alt

from dxreport.analysis import STARS, Analysis
from dxreport.charts import parts, words
from dxreport.charts.show import Figure
from dxreport.facts import Fact, Facts
from dxreport.narrative import year_to_date_name

_MEAN = "pakn_satisfaction_mean"
_LABELLED = 0.1
"""A segment narrower than this share has no room for its figure."""

_PLACES = ("ends", "sides", "middle", "sides", "ends")


def satisfaction_by_unit(analysis: Analysis, facts: Facts) -> Figure:
    """The stars of each unit as bars that diverge from the middle, with the mean and n."""
    province = facts.get(_MEAN, "ytd")
    units = _units(analysis, facts, province)
    chart = _draw(units, analysis) if province.exists else parts.nothing(words.NO_DATA)
    return Figure(
        id="satisfaction",
        chart=chart,
        caption=_caption(analysis, facts, province),
        alt=_alt(units, province),
        note=(
            f"Mỗi thanh gồm tỷ lệ (%) PAKN được chấm 1–5 điểm, mức 3 điểm nằm giữa; bên phải là "
            f"điểm trung bình và số PAKN được đánh giá (n) trong số PAKN tiếp nhận "
            f"{year_to_date_name(analysis.month)}. {words.as_of(analysis.month)}"
        ),
        units=True,
    )


def _units(analysis: Analysis, facts: Facts, province: Fact) -> list[dict[str, Any]]:
    """The province, then one row a unit from the highest mean to the lowest."""
    rows = []
    for row in analysis.units.sort("order").iter_rows(named=True):
        mean = facts.get(_MEAN, "ytd", row["scope"])
        rows.append(_unit(row["unit_id"], row["name"], row["short_name"], row["scope"], mean))
    rows = parts.largest(rows)
    rows.sort(key=lambda row: (row["mean"] is None, -(row["mean"] or 0.0)))
    whole = _unit(parts.ALL, "Toàn tỉnh", "Toàn tỉnh", parts.ALL, province)
    return parts.labelled([whole, *rows])


def _unit(unit_id: str, name: str, short_name: str, scope: str, mean: Fact) -> dict[str, Any]:
    return {
        "unit_id": unit_id,
        "name": name,
        "short_name": short_name,
        "scope": scope,
        "n": mean.denominator,
        "sample": words.sample(mean.denominator),
        "mean": mean.value,
        "mean_text": mean.printed if mean.exists else "–",
    }


def _segments(units: list[dict[str, Any]], analysis: Analysis) -> list[dict[str, Any]]:
    """One row a unit and star: from where to where its bar reaches, the middle at 0."""
    counts = {
        (row["scope"], row["stars"]): row["n"] for row in analysis.ratings.iter_rows(named=True)
    }
    rows = []
    for unit in units:
        own = [counts[unit["scope"], stars] for stars in STARS]
        total = sum(own)
        if not total:
            continue
        reached = -(own[0] + own[1] + own[2] / 2)
        for stars, count in zip(STARS, own, strict=True):
            rows.append(
                {
                    "unit_id": unit["unit_id"],
                    "unit": unit["unit"],
                    "name": unit["name"],
                    "stars": stars,
                    "n": count,
                    "start": reached / total,
                    "end": (reached + count) / total,
                    "middle": (reached + count / 2) / total,
                    "place": _PLACES[stars - 1] if count >= _LABELLED * total else "",
                    "label": words.percent(count, total, 0).removesuffix("%"),
                    "share_text": f"{words.percent(count, total)} ({words.ratio(count, total)})",
                    "mean_text": unit["mean_text"],
                }
            )
            reached += count
    return rows


def _draw(units: list[dict[str, Any]], analysis: Analysis) -> parts.AnyChart:
    unit = parts.unit_selection()
    segments = _segments(units, analysis)
    y = parts.unit_axis([row["unit"] for row in units])
    kept = alt.datum.unit_id == parts.ALL
    opacity = alt.when(unit | kept).then(alt.value(1)).otherwise(alt.value(0.22))
    x = alt.X("start:Q", title=None, axis=None, scale=alt.Scale(nice=False, zero=True))
    bars = (
        alt.Chart()
        .mark_bar(style="dx-gap", height=17)
        .encode(
            y=y,
            x=x,
            x2="end:Q",
            opacity=opacity,
            color=alt.Color(
                "stars:O",
                scale=alt.Scale(domain=list(STARS), range="diverging"),
                legend=alt.Legend(title="Điểm", titleOrient="left", symbolType="square"),
            ),
            tooltip=[
                alt.Tooltip("name:N", title="Đơn vị"),
                alt.Tooltip("stars:O", title="Điểm"),
                alt.Tooltip("share_text:N", title="Tỷ lệ"),
                alt.Tooltip("mean_text:N", title="Điểm trung bình"),
            ],
        )
        .properties(name="units")
    )
    figures = [
        alt.Chart()
        .mark_text(style=f"dx-text-on-{place}", fontSize=9)
        .encode(y=y, x="middle:Q", text="label:N", opacity=opacity)
        .transform_filter(alt.datum.place == place)
        for place in ("ends", "sides", "middle")
    ]
    middle = (
        alt.Chart()
        .mark_rule(style="dx-line-quiet", strokeDash=[2, 2])
        .encode(x=alt.XDatum(0, axis=None))
    )
    beside = alt.Chart(parts.values(units)).encode(y=y, opacity=opacity)
    edge = parts.right_edge()
    means = beside.mark_text(style="dx-text", align="left", dx=8, fontWeight=600).encode(
        x=edge, text="mean_text:N"
    )
    sizes = beside.mark_text(style="dx-text-muted", align="left", dx=40, fontSize=10).encode(
        x=edge, text="sample:N"
    )
    chart = alt.layer(middle, bars, *figures, means, sizes, data=parts.values(segments))
    return parts.fluid(chart.add_params(unit), parts.ROW * len(units))


def _caption(analysis: Analysis, facts: Facts, province: Fact) -> str:
    if not province.exists:
        return words.sentence(
            f"{year_to_date_name(analysis.month)} chưa có PAKN nào được người dân đánh giá"
        )
    ranked = [facts.get(_MEAN, "ytd", scope) for scope in analysis.units["scope"]]
    said = words.extremes(ranked, "thấp nhất", "cao nhất")
    first = f"Người dân chấm trung bình {province.printed} trên 5 điểm"
    return words.sentence(f"{first}; {said}" if said else first)


def _alt(units: list[dict[str, Any]], province: Fact) -> str:
    if not province.exists:
        return words.NO_DATA + "."
    said = [f"{row['name']} {row['mean_text']} điểm ({row['sample']})" for row in units if row["n"]]
    return words.sentence(
        f"Biểu đồ mức độ hài lòng theo đơn vị, điểm trung bình từ 1 đến 5. {'; '.join(said)}"
    )
