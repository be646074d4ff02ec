"""Pieces that charts are put together from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import altair as alt

Rows = Sequence[Mapping[str, Any]]
AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart

UNIT_PARAM: Final = "unit"
"""The name of the selection that all charts of PAKN units share (see page.js)."""

_VIEW = "units"

ALL: Final = "all"
"""The `unit_id` of the rows that speak of the whole province."""

CHOSEN_OR_ALL: Final = (
    f"isValid({UNIT_PARAM}.unit_id) "
    f"? indexof({UNIT_PARAM}.unit_id, datum.unit_id) >= 0 : datum.unit_id === '{ALL}'"
)
"""Keeps the rows of the chosen unit, or the province's where none is chosen."""

MOST_UNITS: Final = 28
"""Units that one chart can show on a page; of more, those with most cases are drawn."""

ROW: Final = 26
"""Pixels of one unit in a chart with a unit a row."""

_FADED = 0.22

_NARROW = 330
"""A plot less wide than this many pixels is on a phone."""


class _Shared:
    """Rows that Altair passes on as they are: it would copy them for every layer and mark."""

    _schema: ClassVar[dict[str, Any]] = {"type": "array"}

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def to_dict(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
        return self.rows


def values(rows: Rows) -> alt.InlineData:
    """Rows as the data of a chart, under a name that only their content decides."""
    plain = [dict(row) for row in rows]
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True)
    name = f"rows-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    data = alt.InlineData(values=[], name=name)
    data["values"] = _Shared(plain)
    return data


def specification(chart: AnyChart) -> dict[str, Any]:
    """The Vega-Lite specification for a page: no configuration, its rows at the top, each once."""
    # Checking it against the schema takes as long as drawing it; tests do.
    spec: dict[str, Any] = chart.to_dict(validate=False)
    spec.pop("config", None)
    return _gathered(spec)


def _gathered(spec: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def without(part: Any) -> Any:
        if isinstance(part, list):
            return [without(each) for each in part]
        if not isinstance(part, dict):
            return part
        if "values" in part and "name" in part:
            found[part["name"]] = part["values"]
            return {"name": part["name"]}
        return {key: without(each) for key, each in part.items()}

    plain: dict[str, Any] = without(spec)
    return {**plain, "datasets": found} if found else plain


def answering(first: alt.Chart, *layers: alt.Chart, **more: Any) -> AnyChart:
    """Layers in which one unit can be chosen by a click; a click beside it clears the choice."""
    selection = alt.selection_point(
        name=UNIT_PARAM, fields=["unit_id"], on="click", clear="dblclick", toggle=False
    )
    # The selection hangs on the first layer; without a name Altair makes one up. Given to the
    # whole, every layer would be copied twice more.
    named = first.properties(name=_VIEW).add_params(selection)
    return alt.layer(named, *layers, **more)


def chosen(faded: float = _FADED, *, whole: bool = False) -> Any:
    """Opacity: full for the chosen unit and where none is chosen.

    With `whole` the province's own row never fades.
    """
    test: Any = {"param": UNIT_PARAM}
    if whole:
        test = {"test": {"or": [test, f"datum.unit_id === '{ALL}'"]}}
    return _typed(alt.OpacityValue, faded, condition={**test, "value": 1})


def fixed_x(pixels: float) -> Any:
    return _typed(alt.XValue, pixels)


def fixed_y(pixels: float) -> Any:
    return _typed(alt.YValue, pixels)


def fixed_text(text: str) -> Any:
    return _typed(alt.TextValue, text)


def _typed(channel: Any, value: Any, **more: Any) -> Any:
    """A channel with a fixed value; given its class, Altair need not search for it."""
    return channel(value, **more)


def fluid(chart: AnyChart, height: float) -> AnyChart:
    """The chart, made as wide as its place on the page."""
    # `properties` would copy the whole of it, which nobody else has yet.
    chart["width"] = "container"
    chart["height"] = height
    chart["autosize"] = alt.AutoSizeParams(type="fit-x", contains="padding", resize=True)
    return chart


def unit_axis(order: Sequence[str], field: str = "unit") -> alt.Y:
    """A row for each unit, by name, in the given order."""
    return alt.Y(
        f"{field}:N",
        sort=list(order),
        scale=alt.Scale(type="band", domain=list(order), paddingInner=0.25, paddingOuter=0.2),
        axis=alt.Axis(title=None, labelLimit=130),
    )


def month_axis() -> alt.X:
    """A column for each month: its name, and what its label has on a second line."""
    return alt.X(
        "month:O",
        sort=alt.EncodingSortField("order", op="min"),
        axis=alt.Axis(
            title=None,
            labelExpr="split(datum.label, '\\n')",
            labelAngle=0,
            labelLineHeight=14,
            labelOverlap=False,
        ),
        scale=alt.Scale(type="band", paddingInner=0.25, paddingOuter=0.1),
    )


def right_edge() -> Any:
    """Just right of the plot, however wide it is."""
    return _typed(alt.XValue, alt.ExprRef("width"))


def beside(field: str, y: alt.Y) -> alt.Chart:
    """A column of small texts to the right of the rows (sample sizes)."""
    mark = alt.Chart().mark_text(style="dx-text-muted", align="left", dx=8, fontSize=10)
    text: alt.Chart = mark.encode(
        y=y, x=right_edge(), text=alt.Text(f"{field}:N"), opacity=chosen(0.35)
    )
    return text


def two_beside(figure: str, sample: str, y: alt.Y) -> tuple[alt.Chart, alt.Chart]:
    """Two columns to the right of the rows: a figure, and the size of its sample."""
    base = alt.Chart().encode(y=y, x=right_edge())
    return (
        base.mark_text(style="dx-text", align="left", dx=8, fontWeight=600).encode(
            text=alt.Text(f"{figure}:N")
        ),
        base.mark_text(style="dx-text-muted", align="left", dx=40, fontSize=10).encode(
            text=alt.Text(f"{sample}:N")
        ),
    )


def over_lines(base: alt.Chart, style: str, text: Any, **place: Any) -> list[alt.Chart]:
    """A text that stays legible over lines: a halo in the page's colour, and the letters."""
    shown = alt.Text(text) if isinstance(text, str) else text
    around = base.mark_text(style=[style, "dx-halo"], **place).encode(text=shown)
    return [around, base.mark_text(style=style, **place).encode(text=shown)]


def square_legend(narrow: int, wide: int, title: str | None = None) -> alt.Legend:
    """A legend of squares in so many columns, on a phone and on a wider page."""
    columns: Any = alt.ExprRef(f"width < {_NARROW} ? {narrow} : {wide}")
    return alt.Legend(
        title=title, symbolType="square", columns=columns, columnPadding=10, symbolOpacity=1
    )


def key(*entries: tuple[str, str], offset: int = 8) -> alt.Chart:
    """A legend of its own: (label, shape) pairs in the colours of the category range."""
    labels, shapes = [label for label, _ in entries], [shape for _, shape in entries]
    # Two columns on a phone, where a longer row would squeeze the chart.
    columns: Any = alt.ExprRef(f"width < {_NARROW} ? 2 : {len(entries)}")
    legend = alt.Legend(title=None, columns=columns, offset=offset, symbolSize=110, symbolOpacity=1)
    chart: alt.Chart = (
        alt.Chart(values([{"key": label} for label in labels]))
        .mark_point(filled=True, opacity=0, size=0, strokeWidth=0)
        .encode(
            shape=alt.Shape("key:N", scale=alt.Scale(domain=labels, range=shapes), legend=legend),
            color=alt.Color(
                "key:N", scale=alt.Scale(domain=labels, range="category"), legend=legend
            ),
        )
    )
    return chart


BAR_SHAPE: Final = "M-1,-0.55H1V0.55H-1Z"
TICK_SHAPE: Final = "M-0.16,-1H0.16V1H-0.16Z"
TAIL_SHAPE: Final = "M-1,-0.1H0.8V-0.6H1V0.6H0.8V0.1H-1Z"
DIAMOND_SHAPE: Final = "diamond"


def nothing(message: str) -> AnyChart:
    """What stands where there is nothing to draw."""
    chart: alt.Chart = (
        alt.Chart(values([{"text": message}]))
        .mark_text(style="dx-text-muted", fontSize=13)
        .encode(text=alt.Text("text:N"))
    )
    return fluid(chart, 60)


def largest(rows: list[dict[str, Any]], size: str = "n") -> list[dict[str, Any]]:
    """At most `MOST_UNITS` rows, those of the most cases, in the order they came in."""
    if len(rows) <= MOST_UNITS:
        return rows
    kept = sorted(range(len(rows)), key=lambda at: (-rows[at][size], at))[:MOST_UNITS]
    return [rows[at] for at in sorted(kept)]


def drawn(total: int, which: str) -> str:
    """What a note says where not all of `total` units are drawn; `which` are; else nothing."""
    return "" if total <= MOST_UNITS else f"Hình chỉ vẽ {MOST_UNITS}/{total} đơn vị {which}. "


def labelled(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Adds `unit`, the short name as an axis shows it: a second of the same name is numbered."""
    seen: dict[str, int] = {}
    with_label = []
    for row in rows:
        name = " ".join(row["short_name"].split())
        seen[name] = seen.get(name, 0) + 1
        label = name if seen[name] == 1 else f"{name} ({seen[name]})"
        with_label.append({**row, "unit": label})
    return with_label
