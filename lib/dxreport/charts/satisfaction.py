"""How content people are with the answers: stars from 1 to 5."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import altair as alt

from dxreport import stats, vi
from dxreport.analysis import SMALLEST, STARS, WAITS, Analysis
from dxreport.charts import labels, parts, words
from dxreport.charts.show import Figure
from dxreport.facts import Fact, Facts
from dxreport.narrative import month_name
from dxreport.periods import Month

_MEAN = "pakn_satisfaction_mean"
_LABELLED = 0.1
"""A segment narrower than this share has no room for its figure."""

_MARGIN = 1.12
"""Room right of the farthest point."""

_AREA = (45, 500)
"""Square pixels of the smallest and the largest point."""

_PLACES = ("ends", "sides", "middle", "sides", "ends")


def satisfaction_by_unit(analysis: Analysis, facts: Facts) -> Figure:
    """The stars of each unit as bars that diverge from the middle, with the mean and n."""
    province = facts.get(_MEAN, "ytd")
    units = _units(analysis, facts, province)
    chart = _draw(units, analysis) if province.exists else parts.nothing(words.NO_DATA)
    return Figure(
        id="satisfaction",
        spec=parts.specification(chart),
        caption=_caption(analysis, facts, province),
        alt=_alt(units, province),
        note=(
            f"Mỗi thanh gồm tỷ lệ (%) PAKN được chấm 1–5 điểm, mức 3 điểm nằm giữa; bên phải là "
            f"điểm trung bình và số PAKN được đánh giá (n) trong số PAKN tiếp nhận "
            f"{words.year(analysis)}. {parts.drawn(analysis.units.height, _MOST_RATED)}"
            f"{words.as_of(analysis.month)}"
        ),
        units=True,
    )


_MOST_RATED = "có nhiều PAKN được đánh giá nhất"


def _units(analysis: Analysis, facts: Facts, province: Fact) -> list[dict[str, Any]]:
    """The province, then one row a unit from the highest mean to the lowest."""
    rows = []
    for row in analysis.units.sort("order").iter_rows(named=True):
        mean = facts.get(_MEAN, "ytd", row["scope"])
        rows.append(_unit(row["unit_id"], row["name"], row["short_name"], row["scope"], mean))
    rows = parts.largest(rows)
    rows.sort(key=lambda row: (row["mean"] is None, -(row["mean"] or 0.0)))
    whole = _unit(parts.ALL, province.name, province.name, parts.ALL, province)
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
    segments = _segments(units, analysis)
    y = parts.unit_axis([row["unit"] for row in units])
    opacity = parts.chosen(whole=True)
    x = alt.X("start:Q", title=None, axis=None, scale=alt.Scale(nice=False, zero=True))
    bars = (
        alt.Chart()
        .mark_bar(style="dx-gap", height=17)
        .encode(
            y=y,
            x=x,
            x2=alt.X2("end:Q"),
            opacity=opacity,
            color=alt.Color(
                "stars:O",
                scale=alt.Scale(domain=list(STARS), range="diverging"),
                legend=parts.square_legend(narrow=5, wide=5, title="Số điểm được chấm"),
            ),
            tooltip=[
                alt.Tooltip("name:N", title="Đơn vị"),
                alt.Tooltip("stars:O", title="Điểm"),
                alt.Tooltip("share_text:N", title="Tỷ lệ"),
                alt.Tooltip("mean_text:N", title="Điểm trung bình"),
            ],
        )
    )
    figures = [
        alt.Chart()
        .mark_text(style=f"dx-text-on-{place}", fontSize=9)
        .encode(y=y, x=alt.X("middle:Q"), text=alt.Text("label:N"), opacity=opacity)
        .transform_filter(alt.datum.place == place)
        for place in ("ends", "sides", "middle")
    ]
    middle = (
        alt.Chart(parts.values([{"middle": 0}]))
        .mark_rule(style="dx-line-quiet", strokeDash=[2, 2])
        .encode(x=alt.X("middle:Q", axis=None))
    )
    beside = [
        column.properties(data=parts.values(units)).encode(opacity=opacity)
        for column in parts.two_beside("mean_text", "sample", y)
    ]
    chart = parts.answering(middle, bars, *figures, *beside, data=parts.values(segments))
    return parts.fluid(chart, parts.ROW * len(units))


def _caption(analysis: Analysis, facts: Facts, province: Fact) -> str:
    if not province.exists:
        return words.sentence(f"{words.year(analysis)} chưa có PAKN nào được người dân đánh giá")
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


# --- By month ------------------------------------------------------------------------------


def satisfaction_by_month(analysis: Analysis, _: Facts) -> Figure:
    """The mean of the stars by month in which a PAKN was received, the province and the units."""
    rows = _months(analysis)
    whole = [row for row in rows if row["unit_id"] == parts.ALL]
    drawn = [row for row in whole if row["mean"] is not None]
    return Figure(
        id="satisfaction-months",
        spec=parts.specification(_draw_months(rows) if drawn else parts.nothing(words.NO_DATA)),
        caption=_caption_months(analysis, drawn),
        alt=words.sentence(
            "Biểu đồ điểm hài lòng trung bình theo tháng tiếp nhận: "
            + "; ".join(
                f"{vi.lower_first(row['month_name'])} {row['mean_text']} ({row['sample']})"
                for row in drawn
            )
        )
        if drawn
        else words.NO_DATA + ".",
        note=(
            f"Đường đậm: {words.whole(analysis)}; đường mờ: từng đơn vị; dòng dưới tên tháng: "
            f"số PAKN được đánh giá (dưới {SMALLEST} thì không vẽ). Với tháng gần đây, mới chỉ "
            "những PAKN xử lý nhanh được đánh giá, nên điểm thường cao hơn. "
            f"{words.as_of(analysis.month)}"
        ),
        units=True,
    )


def _months(analysis: Analysis) -> list[dict[str, Any]]:
    names = {row["scope"]: row for row in analysis.units.iter_rows(named=True)}
    rated = {
        row["month"]: row["n"]
        for row in analysis.rating_months.iter_rows(named=True)
        if row["scope"] == parts.ALL
    }
    rows = []
    for row in analysis.rating_months.iter_rows(named=True):
        unit = names.get(row["scope"])
        month, known = Month.parse(row["month"]), row["stars"] is not None
        mean = Fraction(row["stars"], row["n"]) if known else None
        rows.append(
            {
                "unit_id": parts.ALL if unit is None else unit["unit_id"],
                "name": analysis.catalogue.all_name if unit is None else unit["name"],
                "short_name": analysis.catalogue.all_name if unit is None else unit["short_name"],
                "month": f"T{month.month}\n{vi.integer(rated[row['month']])}",
                "order": month.month,
                "month_name": vi.upper_first(month_name(month)),
                "n": row["n"],
                "sample": words.sample(row["n"]),
                "mean": None if mean is None else round(float(mean), 6),
                "mean_text": "–" if mean is None else vi.decimal(mean, 2),
                "label": "–" if mean is None else vi.decimal(mean, 1),
            }
        )
    return rows


def _draw_months(rows: list[dict[str, Any]]) -> parts.AnyChart:
    y = alt.Y(
        "mean:Q",
        title=None,
        scale=alt.Scale(domain=[1, 5]),
        axis=alt.Axis(values=list(STARS), format="d"),
    )
    base = alt.Chart().encode(
        x=parts.month_axis(),
        tooltip=[
            alt.Tooltip("name:N", title="Đơn vị"),
            alt.Tooltip("month_name:N", title="Tiếp nhận trong"),
            alt.Tooltip("mean_text:N", title="Điểm trung bình"),
            alt.Tooltip("sample:N", title="Số đánh giá"),
        ],
    )
    units = base.transform_filter(alt.datum.unit_id != parts.ALL)
    chosen = units.transform_filter(parts.CHOSEN_OR_ALL)
    whole = base.transform_filter(alt.datum.unit_id == parts.ALL)
    at_end = chosen.transform_window(
        place="rank()", sort=[alt.SortField("order", order="descending")]
    ).transform_filter("datum.place === 1")
    layers = [
        units.mark_line(style="dx-line-quiet", strokeWidth=1, opacity=0.6).encode(
            y=y, detail=alt.Detail("unit_id:N")
        ),
        chosen.mark_line(style="dx-line-alarm", strokeWidth=2.5).encode(y=y),
        chosen.mark_point(style="dx-alarm", size=45).encode(y=y),
        *parts.over_lines(
            at_end.encode(y=y), "dx-text-alarm", "short_name:N", align="right", dy=-12
        ),
        whole.mark_line(style="dx-line", strokeWidth=2.5).encode(y=y),
        whole.mark_point(style="dx-dot", size=60).encode(y=y),
        *parts.over_lines(whole.encode(y=y), "dx-text-main", "label:N", dy=-12),
    ]
    data = parts.values([row for row in rows if row["mean"] is not None])
    chart = parts.answering(*layers, data=data)
    return parts.fluid(chart, 200)


def _caption_months(analysis: Analysis, drawn: list[dict[str, Any]]) -> str:
    if not drawn:
        return words.sentence(f"{words.year(analysis)} chưa tháng nào có từ {SMALLEST} đánh giá")
    means = [row["mean"] for row in drawn]
    best = [row for row in drawn if row["mean"] == max(means)]
    worst = [row for row in drawn if row["mean"] == min(means)]
    if len(drawn) == 1 or len(best) == len(drawn):
        return words.sentence(
            f"PAKN tiếp nhận {_which(best)} được chấm trung bình {best[0]['mean_text']} điểm"
        )
    return words.sentence(
        f"PAKN tiếp nhận {_which(best)} được chấm cao nhất ({best[0]['mean_text']} điểm), "
        f"{_which(worst)} thấp nhất ({worst[0]['mean_text']} điểm)"
    )


def _which(rows: list[dict[str, Any]]) -> str:
    return vi.joined([vi.lower_first(row["month_name"]) for row in rows])


# --- Against the waiting time --------------------------------------------------------------


def satisfaction_against_time(analysis: Analysis, facts: Facts) -> Figure:
    """One point a unit: the mean processing time and the mean of the stars, sized by n."""
    points = _points(analysis, facts)
    return Figure(
        id="satisfaction-time",
        spec=parts.specification(_draw_points(points) if points else parts.nothing(words.NO_DATA)),
        caption=_caption_points(points, _hides(analysis, facts)),
        alt=words.sentence(
            "Biểu đồ điểm: thời gian xử lý trung bình và mức hài lòng trung bình của từng đơn vị: "
            + "; ".join(
                f"{row['name']} {row['days_text']}, {row['mean_text']} điểm ({row['sample']})"
                for row in points
            )
        )
        if points
        else words.NO_DATA + ".",
        note=(
            "Mỗi điểm là một đơn vị, to nhỏ theo số PAKN được đánh giá (n). Hai đại lượng đi cùng "
            f"nhau chưa nói lên nguyên nhân. PAKN tiếp nhận trong "
            f"{words.year(analysis)}. {parts.drawn(analysis.units.height, _MOST_RATED)}"
            f"{labels.some(len(points), _MOST_RATED)}{words.as_of(analysis.month)}"
        ),
        units=True,
    )


def _hides(analysis: Analysis, facts: Facts) -> bool:
    """Whether a unit's mean is not published."""
    means = (facts.get(_MEAN, "ytd", scope) for scope in analysis.units["scope"])
    return any(fact.suppressed for fact in means)


def _points(analysis: Analysis, facts: Facts) -> list[dict[str, Any]]:
    rows = []
    for row in analysis.units.sort("order").iter_rows(named=True):
        mean = facts.get(_MEAN, "ytd", row["scope"])
        days = facts.get("pakn_processing_days_mean", "ytd", row["scope"])
        if mean.exists and days.exists:
            unit = _unit(row["unit_id"], row["name"], row["short_name"], row["scope"], mean)
            rows.append({**unit, "days": days.value, "days_text": days.printed})
    rows = parts.labelled(parts.largest(rows))
    longest = max((row["days"] for row in rows), default=0.0) * _MARGIN or 1.0
    most = max((row["n"] for row in rows), default=1)
    low, high = _reach(rows)
    for row in rows:
        row["first"] = row["n"]
        row["at"] = (row["days"] / longest, (high - row["mean"]) / (high - low))
        row["radius"] = round((_AREA[0] + row["n"] / most * (_AREA[1] - _AREA[0])) ** 0.5 / 1.77, 1)
    return labels.placed(rows)


def _reach(points: list[dict[str, Any]]) -> tuple[int, int]:
    """Whole stars around all means."""
    means = [row["mean"] for row in points]
    low = max(1, math.floor(min(means) - 0.1)) if means else 1
    high = min(5, math.ceil(max(means) + 0.1)) if means else 5
    return (low, high) if low < high else (max(1, low - 1), max(1, low - 1) + 1)


def _draw_points(points: list[dict[str, Any]]) -> parts.AnyChart:
    longest = max(row["days"] for row in points) * _MARGIN or 1.0
    x = alt.X(
        "days:Q",
        title="Thời gian xử lý trung bình (ngày)",
        scale=alt.Scale(domain=[0, longest], nice=False),
    )
    y = alt.Y(
        "mean:Q",
        title="Điểm hài lòng trung bình",
        scale=alt.Scale(domain=list(_reach(points)), nice=False),
        axis=alt.Axis(tickCount=5),
    )
    dots = (
        alt.Chart(parts.values(points))
        .mark_point(style="dx-dot", fillOpacity=0.85)
        .encode(
            x=x,
            y=y,
            size=alt.Size(
                "n:Q", legend=None, scale=alt.Scale(rangeMin=45, rangeMax=500, zero=True)
            ),
            opacity=parts.chosen(),
            tooltip=[
                alt.Tooltip("name:N", title="Đơn vị"),
                alt.Tooltip("days_text:N", title="Xử lý trung bình"),
                alt.Tooltip("mean_text:N", title="Điểm trung bình"),
                alt.Tooltip("sample:N", title="Số đánh giá"),
            ],
        )
    )
    chart = parts.answering(dots, *labels.placed_labels(points, x, y))
    return parts.fluid(chart, 235)


def _caption_points(points: list[dict[str, Any]], hides: bool) -> str:
    if len(points) < 2 and hides:
        return words.sentence("chưa đủ hai đơn vị có cả hai số liệu được công bố để so sánh")
    if len(points) < 2:
        return words.sentence("chưa đủ hai đơn vị vừa có PAKN đã xử lý vừa có đánh giá để so sánh")
    agree, against = stats.concordance([(-row["days"], row["mean"]) for row in points])
    pairs = agree + against
    if not pairs:
        return words.sentence("các đơn vị ngang nhau, không so sánh được nhanh với hài lòng")
    better = agree > against
    many = max(agree, against)
    if 3 * many <= 2 * pairs:
        return words.sentence(
            f"chưa thấy xử lý nhanh hơn đi cùng điểm cao hơn: đúng vậy ở {vi.integer(agree)} trong "
            f"{vi.integer(pairs)} cặp đơn vị"
        )
    return words.sentence(
        f"trong {vi.integer(pairs)} cặp đơn vị, {vi.integer(many)} cặp có đơn vị xử lý nhanh hơn "
        f"{'được chấm điểm cao hơn' if better else 'lại bị chấm điểm thấp hơn'}"
    )


# --- By how long one waited ----------------------------------------------------------------


def satisfaction_by_wait(analysis: Analysis, _: Facts) -> Figure:
    """The mean of the stars by how long the answer took, over all rated PAKN of the province."""
    rows = _waits(analysis)
    drawn = [row for row in rows if row["mean"] is not None]
    return Figure(
        id="satisfaction-wait",
        spec=parts.specification(_draw_waits(drawn) if drawn else parts.nothing(words.NO_DATA)),
        caption=_caption_waits(drawn),
        alt=words.sentence(
            "Biểu đồ điểm hài lòng trung bình theo thời gian chờ: "
            + "; ".join(f"{row['name']} {row['mean_text']} điểm ({row['sample']})" for row in drawn)
        )
        if drawn
        else words.NO_DATA + ".",
        note=(
            "n: số PAKN được đánh giá trong từng khoảng thời gian chờ; khoảng có dưới "
            f"{SMALLEST} đánh giá không được vẽ. Tính trên PAKN tiếp nhận trong "
            f"{words.year(analysis)}. {words.as_of(analysis.month)}"
        ),
    )


def _waits(analysis: Analysis) -> list[dict[str, Any]]:
    rows = []
    for row in analysis.rating_waits.iter_rows(named=True):
        mean = None if row["stars"] is None else Fraction(row["stars"], row["n"])
        rows.append(
            {
                "name": _wait_name(WAITS[row["band"]]),
                "start": STARS[0],
                "n": row["n"],
                "sample": words.sample(row["n"]),
                "mean": None if mean is None else round(float(mean), 6),
                "mean_text": "–" if mean is None else vi.decimal(mean, 2),
            }
        )
    return rows


def _wait_name(band: tuple[int, int | None]) -> str:
    first, last = band
    if last is None:
        return f"trên {first - 1} ngày"
    return "trong ngày đầu" if last == 0 else f"{first}–{last} ngày"


def _draw_waits(rows: list[dict[str, Any]]) -> parts.AnyChart:
    y = parts.unit_axis([row["name"] for row in rows], "name")
    x = alt.X(
        "mean:Q",
        title="Điểm hài lòng trung bình",
        scale=alt.Scale(domain=[1, 5]),
        axis=alt.Axis(values=list(STARS), format="d"),
    )
    base = alt.Chart().encode(
        y=y,
        tooltip=[
            alt.Tooltip("name:N", title="Thời gian chờ"),
            alt.Tooltip("mean_text:N", title="Điểm trung bình"),
            alt.Tooltip("sample:N", title="Số đánh giá"),
        ],
    )
    means, sizes = parts.two_beside("mean_text", "sample", y)
    chart = alt.layer(
        base.mark_rule(style="dx-line-soft", strokeWidth=3).encode(
            x=alt.X("start:Q", scale=alt.Scale(domain=[1, 5])), x2=alt.X2("mean:Q")
        ),
        base.mark_point(style="dx-dot", size=110).encode(x=x),
        means,
        sizes,
        data=parts.values(rows),
    )
    return parts.fluid(chart, parts.ROW * len(rows))


def _caption_waits(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return words.sentence(f"chưa khoảng thời gian chờ nào có từ {SMALLEST} đánh giá")
    first, last = rows[0], rows[-1]
    if len(rows) == 1:
        return words.sentence(f"PAKN chờ {first['name']} được chấm {first['mean_text']} điểm")
    return words.sentence(
        f"PAKN xử lý xong {_waited(first)} được chấm trung bình {first['mean_text']} điểm; "
        f"{_waited(last)} {'chỉ còn ' if last['mean'] < first['mean'] else ''}"
        f"{last['mean_text']} điểm"
    )


def _waited(row: dict[str, Any]) -> str:
    name: str = row["name"]
    return name if name.startswith("trong") else f"chờ {name}"
