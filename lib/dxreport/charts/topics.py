"""What people write about."""

from __future__ import annotations

from typing import Any

import altair as alt

from dxreport import vi
from dxreport.analysis import Analysis
from dxreport.charts import parts, words
from dxreport.charts.show import Figure
from dxreport.facts import Fact, Facts
from dxreport.narrative import month_name

_MOST = 10
_FIGURES = 76
"""Pixels of the figures after a bar."""

_PAIR = 40
"""Pixels of one topic: a bar for each period."""


def topics(analysis: Analysis, facts: Facts) -> Figure:
    """The most frequent topics: the month against the year to date, with resolution rates."""
    ranked = sorted(
        (
            f
            for f in facts.where(indicator="pakn_received", period="ytd", prefix="topic:")
            if f.numerator
        ),
        key=lambda fact: -fact.numerator,
    )
    drawn = ranked[:_MOST]
    periods = {"month": month_name(analysis.month)}
    if analysis.month.month > 1:
        periods = {"ytd": words.year(analysis), **periods}
    rows = [
        row
        for fact, label in zip(drawn, _labels(drawn), strict=True)
        for row in _bars(fact, label, facts, periods)
    ]
    rest = len(ranked) - len(drawn)
    others = f" Không vẽ {vi.count(rest)} chủ đề ít PAKN hơn." if rest else ""
    everyone = facts.where(indicator="pakn_received", period="ytd", prefix="topic:")
    left_out = any(fact.suppressed for fact in everyone)
    hidden = " Chỉ xét các chủ đề có số liệu được công bố." if left_out else ""
    return Figure(
        id="topics",
        spec=parts.specification(
            _draw(rows, list(periods.values())) if rows else parts.nothing(words.NO_DATA)
        ),
        caption=_caption(analysis, facts, ranked),
        alt=_alt(rows),
        note=(
            "Mỗi thanh: số PAKN tiếp nhận; phần đậm: đã xử lý xong; sau thanh: số PAKN tiếp nhận "
            f"và tỷ lệ xử lý.{others}{hidden} {words.as_of(analysis.month)}"
        ),
    )


def _labels(facts: list[Fact]) -> list[str]:
    rows = parts.labelled([{"short_name": vi.upper_first(fact.name)} for fact in facts])
    return [row["unit"] for row in rows]


def _bars(topic: Fact, label: str, facts: Facts, periods: dict[str, str]) -> list[dict[str, Any]]:
    rows = []
    for period, name in periods.items():
        received = facts.find("pakn_received", period, topic.scope)
        resolved = facts.find("pakn_resolved", period, topic.scope)
        rate = facts.find("pakn_resolution_rate", period, topic.scope)
        if any(fact is not None and fact.suppressed for fact in (received, resolved, rate)):
            continue
        n = received.numerator if received else 0
        rows.append(
            {
                "topic": label,
                "period": vi.upper_first(name),
                "n": n,
                "resolved": resolved.numerator if resolved else 0,
                "label": f"{vi.integer(n)} · {rate.printed}" if rate and n else "0",
                "pair_text": words.ratio(resolved.numerator if resolved else 0, n),
                "rate_text": rate.printed if rate else vi.NO_CASES,
            }
        )
    return rows


def _draw(rows: list[dict[str, Any]], periods: list[str]) -> parts.AnyChart:
    names = list(dict.fromkeys(row["topic"] for row in rows))
    shown = [vi.upper_first(period) for period in periods]
    y = alt.Y(
        "topic:N",
        sort=names,
        scale=alt.Scale(type="band", domain=names, paddingInner=0.3, paddingOuter=0.15),
        axis=alt.Axis(title=None, labelLimit=120),
    )
    offset = alt.YOffset(
        "period:N", sort=shown, scale=alt.Scale(type="band", domain=shown, paddingInner=0.12)
    )
    # The longest bar leaves its figures room, on a phone too.
    most = max(row["n"] for row in rows)
    reach = alt.ExprRef(f"{most} * width / max(width - {_FIGURES}, 1)")
    x = alt.X(
        "n:Q", axis=None, stack=None, scale=alt.Scale(domainMin=0, domainMax=reach, nice=False)
    )
    colour = alt.Color(
        "period:N",
        scale=alt.Scale(domain=shown, range="category"),
        legend=parts.square_legend(narrow=1, wide=2) if len(shown) > 1 else None,
    )
    base = alt.Chart().encode(
        y=y,
        yOffset=offset,
        tooltip=[
            alt.Tooltip("topic:N", title="Chủ đề"),
            alt.Tooltip("period:N", title="Kỳ"),
            alt.Tooltip("pair_text:N", title="Đã xử lý/tiếp nhận"),
            alt.Tooltip("rate_text:N", title="Tỷ lệ xử lý"),
        ],
    )
    received = base.mark_bar(opacity=0.4).encode(x=x, color=colour)
    resolved = base.mark_bar().encode(x=alt.X("resolved:Q", axis=None, stack=None), color=colour)
    labels = base.mark_text(style="dx-text", align="left", dx=5, fontSize=10).encode(
        x=x, text=alt.Text("label:N")
    )
    chart = alt.layer(received, resolved, labels, data=parts.values(rows))
    return parts.fluid(chart, (_PAIR if len(shown) > 1 else parts.ROW) * len(names))


def _caption(analysis: Analysis, facts: Facts, ranked: list[Fact]) -> str:
    if not ranked:
        return words.sentence(f"{words.year(analysis)} chưa có PAKN nào được ghi theo chủ đề")
    total = facts.get("pakn_received", "ytd")
    top = [fact for fact in ranked if fact.numerator == ranked[0].numerator]
    many = words.named([fact.name for fact in top], "chủ đề")
    each = "mỗi chủ đề " if len(top) > 1 else ""
    said = (
        f"Người dân phản ánh nhiều nhất về {many} ({each}{vi.integer(top[0].numerator)} PAKN"
        + ("" if total.suppressed else f", {words.percent(top[0].numerator, total.numerator)}")
        + ")"
    )
    rates = [
        rate
        for fact in ranked[:_MOST]
        if (rate := facts.find("pakn_resolution_rate", "ytd", fact.scope)) and rate.exists
    ]
    lowest = min(rates, key=lambda fact: fact.exact, default=None)
    worst = [fact for fact in rates if lowest and fact.exact == lowest.exact]
    if lowest is None or len(worst) == len(rates):
        return words.sentence(said)
    names = words.named([fact.name for fact in worst], "chủ đề")
    return words.sentence(f"{said}; tỷ lệ xử lý thấp nhất: {names} ({lowest.printed})")


def _alt(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return words.NO_DATA + "."
    said = "; ".join(
        f"{row['topic']}, {vi.lower_first(row['period'])}: {row['pair_text']} ({row['rate_text']})"
        for row in rows
    )
    return words.sentence(f"Biểu đồ số PAKN đã xử lý trên số tiếp nhận theo chủ đề: {said}")
