"""What is still open, and for how long."""

from __future__ import annotations

from typing import Any

import altair as alt

from dxreport import vi
from dxreport.analysis import AGES, Analysis
from dxreport.charts import parts, words
from dxreport.charts.show import Figure
from dxreport.facts import Facts

_BACKLOG = "pakn_backlog"
_OLD = (3, 4)
"""The bands that a caption calls old."""


def backlog_by_age(analysis: Analysis, facts: Facts) -> Figure:
    """Unresolved PAKN by unit and by how many days they have waited."""
    units = _units(analysis, facts)
    counts = {
        (row["scope"], row["band"]): row["n"] for row in analysis.backlog.iter_rows(named=True)
    }
    total = facts.get(_BACKLOG, "ytd")
    rows = [row for unit in units if unit["n"] for row in _segments(unit, counts)]
    return Figure(
        id="backlog",
        spec=parts.specification(
            _draw(rows, [unit for unit in units if unit["n"]])
            if rows
            else parts.nothing("Không còn PAKN nào chưa xử lý")
        ),
        caption=_caption(analysis, facts, counts),
        alt=_alt(units, counts, total.numerator),
        note=(
            f"PAKN tiếp nhận trong {words.year(analysis)}, chưa xử lý xong; màu: số "
            "ngày đã chờ, càng đậm càng lâu; bên phải: tổng của đơn vị. "
            f"{parts.drawn(analysis.units.height, 'có nhiều PAKN tồn đọng nhất')}"
            f"{words.as_of(analysis.month)}"
        ),
        units=True,
    )


def band_name(band: tuple[int, int | None]) -> str:
    """ "0–7 ngày", "trên 60 ngày"."""
    first, last = band
    return f"trên {first - 1} ngày" if last is None else f"{first}–{last} ngày"


def _short(band: tuple[int, int | None]) -> str:
    first, last = band
    return f">{first - 1}" if last is None else f"{first}–{last}"


def _units(analysis: Analysis, facts: Facts) -> list[dict[str, Any]]:
    rows = []
    for row in analysis.units.sort("order").iter_rows(named=True):
        fact = facts.get(_BACKLOG, "ytd", row["scope"])
        rows.append({**row, "n": fact.numerator, "total_text": fact.printed})
    rows = parts.largest(rows)
    return parts.labelled(sorted(rows, key=lambda row: -row["n"]))


def _segments(unit: dict[str, Any], counts: dict[tuple[str, int], int]) -> list[dict[str, Any]]:
    received = {
        "unit_id": unit["unit_id"],
        "unit": unit["unit"],
        "name": unit["name"],
    }
    return [
        {
            **received,
            "band": at,
            "age": band_name(band),
            "short": _short(band),
            "n": counts[unit["scope"], at],
            "share_text": f"{words.percent(counts[unit['scope'], at], unit['n'])} "
            f"({words.ratio(counts[unit['scope'], at], unit['n'])})",
        }
        for at, band in enumerate(AGES)
    ]


def _draw(rows: list[dict[str, Any]], units: list[dict[str, Any]]) -> parts.AnyChart:
    y = parts.unit_axis([row["unit"] for row in units])
    names = [_short(band) for band in AGES]
    bars = (
        alt.Chart()
        .mark_bar(style="dx-gap", height=17)
        .encode(
            y=y,
            x=alt.X("n:Q", stack="zero", axis=None),
            order=alt.Order("band:Q"),
            opacity=parts.chosen(),
            color=alt.Color(
                "short:O",
                scale=alt.Scale(domain=names, range="ordinal"),
                legend=parts.square_legend(narrow=3, wide=5, title="Số ngày đã chờ"),
            ),
            tooltip=[
                alt.Tooltip("name:N", title="Đơn vị"),
                alt.Tooltip("age:N", title="Đã chờ"),
                alt.Tooltip("share_text:N", title="Số PAKN chưa xử lý"),
            ],
        )
    )
    totals = (
        alt.Chart(parts.values(units))
        .mark_text(style="dx-text", align="left", dx=8, fontWeight=600)
        .encode(y=y, x=parts.right_edge(), text=alt.Text("total_text:N"), opacity=parts.chosen())
    )
    chart = parts.answering(bars, totals, data=parts.values(rows))
    return parts.fluid(chart, parts.ROW * len(units))


def _caption(analysis: Analysis, facts: Facts, counts: dict[tuple[str, int], int]) -> str:
    total = facts.get(_BACKLOG, "ytd").numerator
    if not facts.get("pakn_received", "ytd").numerator:
        return words.sentence(f"{words.year(analysis)} chưa tiếp nhận PAKN nào")
    if not total:
        return words.sentence("Không còn PAKN nào chưa xử lý")
    old = sum(counts[parts.ALL, band] for band in _OLD)
    first = f"Còn {vi.integer(total)} PAKN chưa xử lý"
    if old:
        first += f", trong đó {vi.integer(old)} ({words.percent(old, total)}) đã chờ trên 30 ngày"
    else:
        first += ", chưa PAKN nào chờ quá 30 ngày"
    ranked = [facts.get(_BACKLOG, "ytd", scope) for scope in analysis.units["scope"]]
    most = words.highest(ranked)
    if not most or not most[0].numerator or len(most) == len(ranked) > 1:
        return words.sentence(first)
    holders = words.named([fact.name for fact in most])
    share = f"{most[0].printed} PAKN"
    return words.sentence(f"{first}; nhiều nhất là {holders} ({share})")


def _alt(units: list[dict[str, Any]], counts: dict[tuple[str, int], int], total: int) -> str:
    if not total:
        return "Không còn PAKN nào chưa xử lý."
    ages = "; ".join(
        f"{band_name(band)} {vi.integer(counts[parts.ALL, at])}" for at, band in enumerate(AGES)
    )
    said = "; ".join(f"{row['name']} {vi.integer(row['n'])}" for row in units if row["n"])
    return words.sentence(
        f"Biểu đồ {vi.integer(total)} PAKN chưa xử lý theo thời gian đã chờ: {ages}. "
        f"Theo đơn vị: {said}"
    )
