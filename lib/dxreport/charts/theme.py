"""How every chart looks: one configuration for a light page, one for a dark one.

Charts name roles (a style, a range), never colours, so that a page can be switched from
light to dark by the configuration alone. Colours are told apart by colour-blind readers and,
by their lightness, on a black-and-white print.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final, Literal

from dxreport.drawing import FONT

Mode = Literal["light", "dark"]
MODES: Final[tuple[Mode, ...]] = ("light", "dark")

PRINT_WIDTH: Final = 605
"""Pixels of a static chart: 16 cm at 96 to the inch."""


@dataclass(frozen=True)
class Palette:
    """The colours of one mode, by what they say."""

    ink: str
    muted: str
    grid: str
    paper: str
    main: str
    soft: str
    second: str
    alarm: str
    quiet: str
    on_strong: str
    on_side: str
    opinion: tuple[str, str, str, str, str]
    age: tuple[str, str, str, str, str]
    share: tuple[str, ...]


LIGHT: Final = Palette(
    ink="#1d2a36",
    muted="#566370",
    grid="#e2e7ec",
    paper="#ffffff",
    main="#1f5f99",
    soft="#a9c8e4",
    second="#b3611a",
    alarm="#a8321e",
    quiet="#98a4b0",
    on_strong="#ffffff",
    on_side="#1d2a36",
    opinion=("#a6480f", "#e3a35c", "#d3d8dd", "#86b3db", "#1f5f99"),
    age=("#dbe6ef", "#f3dcb0", "#e3a35c", "#c0651f", "#7d2a10"),
    share=("#7d2a10", "#b8571b", "#dd9a52", "#f0d3a2", "#f1ebe0", "#e7eff6"),
)

DARK: Final = Palette(
    ink="#e6ebf0",
    muted="#a3b0bc",
    grid="#33404c",
    paper="#161d24",
    main="#7fb5e6",
    soft="#35587a",
    second="#e9a860",
    alarm="#f08a72",
    quiet="#75828f",
    on_strong="#10202f",
    on_side="#10202f",
    opinion=("#d9753a", "#f0bd85", "#5b6772", "#5f94c4", "#9fcbf2"),
    age=("#3d4c5a", "#6b5a3c", "#a8763a", "#e09548", "#ffc58a"),
    share=("#ffc58a", "#e09548", "#b07a3c", "#6f5b40", "#3d4247", "#24384b"),
)

NUMBER_LOCALE: Final[dict[str, Any]] = {
    "decimal": ",",
    "thousands": ".",
    "grouping": [3],
    "currency": ["", "\u00a0₫"],
    "percent": "%",
}

TIME_LOCALE: Final[dict[str, Any]] = {
    "dateTime": "%H:%M %d/%m/%Y",
    "date": "%d/%m/%Y",
    "time": "%H:%M:%S",
    "periods": ["SA", "CH"],
    "days": ["Chủ nhật", "Thứ hai", "Thứ ba", "Thứ tư", "Thứ năm", "Thứ sáu", "Thứ bảy"],
    "shortDays": ["CN", "T2", "T3", "T4", "T5", "T6", "T7"],
    "months": [f"tháng {month}" for month in range(1, 13)],
    "shortMonths": [f"T{month}" for month in range(1, 13)],
}


def palette(mode: Mode) -> Palette:
    return LIGHT if mode == "light" else DARK


def config(mode: Mode = "light") -> dict[str, Any]:
    """The Vega-Lite configuration of one mode, as plain values."""
    return _config(palette(mode))


def named() -> dict[str, Any]:
    """The configuration of both modes, with the names of `colours` in the colours' places."""
    return _config(_NAMES)


def colours(mode: Mode) -> dict[str, str]:
    """The colours of one mode by the names that `named` has for them."""
    return dict(zip(_flat(_NAMES), _flat(palette(mode)), strict=True))


def _named(name: str, value: str | tuple[str, ...]) -> Any:
    """`dx:ink`, or `dx:age-0` and so on: nothing that a colour, a role or a text is called."""
    if isinstance(value, str):
        return f"dx:{name}"
    return tuple(f"dx:{name}-{at}" for at in range(len(value)))


def _flat(colour: Palette) -> list[str]:
    values = [getattr(colour, field.name) for field in fields(colour)]
    return [one for value in values for one in ([value] if isinstance(value, str) else value)]


_NAMES: Final = Palette(
    **{field.name: _named(field.name, getattr(LIGHT, field.name)) for field in fields(Palette)}
)


def _config(colour: Palette) -> dict[str, Any]:
    return {
        "background": "transparent",
        "font": FONT,
        "padding": 2,
        # The page says what a chart shows; its marks one by one would be noise.
        "aria": False,
        "locale": {"number": NUMBER_LOCALE, "time": TIME_LOCALE},
        "view": {"stroke": None},
        "text": {"fill": colour.ink, "color": colour.ink, "fontSize": 11},
        "axis": {
            "domain": False,
            "ticks": False,
            "grid": False,
            "gridColor": colour.grid,
            "domainColor": colour.quiet,
            "tickColor": colour.quiet,
            "labelColor": colour.ink,
            "labelFontSize": 11,
            "labelPadding": 6,
            "labelLimit": 150,
            "titleColor": colour.muted,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
            "titlePadding": 8,
        },
        "axisXQuantitative": {"grid": True, "tickCount": 5, "labelFlush": False},
        "axisYQuantitative": {"grid": True, "tickCount": 5},
        "legend": {
            "labelColor": colour.ink,
            "labelFontSize": 11,
            "titleColor": colour.muted,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
            "orient": "top",
            "direction": "horizontal",
            "symbolStrokeWidth": 2,
            "columnPadding": 14,
            "offset": 6,
        },
        "bar": {"fill": colour.main, "color": colour.main},
        "line": {"stroke": colour.main, "color": colour.main, "strokeWidth": 2},
        "point": {"color": colour.main, "filled": True, "size": 60, "opacity": 1},
        "rule": {"stroke": colour.muted, "color": colour.muted},
        "rect": {"stroke": None},
        "range": {
            "category": [colour.main, colour.second, colour.quiet, colour.soft],
            "diverging": list(colour.opinion),
            "ordinal": list(colour.age),
            "heatmap": list(colour.share),
            "ramp": list(colour.share),
        },
        "style": _styles(colour),
    }


def _styles(colour: Palette) -> dict[str, dict[str, Any]]:
    """The roles that charts give to marks. `fill` and `stroke` win over `color`."""

    def fill(value: str, **more: Any) -> dict[str, Any]:
        return {"fill": value, "color": value, **more}

    def stroke(value: str, **more: Any) -> dict[str, Any]:
        return {"stroke": value, "color": value, **more}

    return {
        "dx-soft": fill(colour.soft),
        "dx-main": fill(colour.main),
        "dx-second": fill(colour.second),
        "dx-alarm": fill(colour.alarm),
        "dx-quiet": fill(colour.quiet),
        "dx-band": fill(colour.soft, opacity=0.45),
        "dx-band-weak": fill(colour.soft, opacity=0.3),
        "dx-hollow": fill(colour.paper, stroke=colour.main, strokeWidth=1.8),
        "dx-hollow-second": fill(colour.paper, stroke=colour.second, strokeWidth=1.8),
        "dx-line": stroke(colour.main),
        "dx-line-second": stroke(colour.second),
        "dx-line-alarm": stroke(colour.alarm),
        "dx-line-soft": stroke(colour.soft),
        "dx-line-quiet": stroke(colour.quiet),
        "dx-line-grid": stroke(colour.grid),
        "dx-line-ink": stroke(colour.ink),
        "dx-gap": {"stroke": colour.paper, "strokeWidth": 1},
        # Around letters that cross lines.
        "dx-halo": {"stroke": colour.paper, "strokeWidth": 3.5, "strokeJoin": "round"},
        "dx-text": fill(colour.ink),
        "dx-text-muted": fill(colour.muted),
        "dx-text-main": fill(colour.main, fontWeight=600),
        "dx-text-second": fill(colour.second, fontWeight=600),
        "dx-text-alarm": fill(colour.alarm, fontWeight=600),
        "dx-diamond": fill(colour.second, stroke=colour.paper, strokeWidth=1.2),
        "dx-dot": fill(colour.main, stroke=colour.paper, strokeWidth=1.2),
        # Letters on the ends, the sides and the middle of the opinion range.
        "dx-text-on-ends": fill(colour.on_strong),
        "dx-text-on-sides": fill(colour.on_side),
        "dx-text-on-middle": fill(colour.ink),
        "dx-text-on-strong": fill(colour.on_strong),
        "dx-text-on-weak": fill(colour.ink),
    }
