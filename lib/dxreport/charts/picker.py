"""The page's list of units: the choice that all PAKN charts share, by keyboard too."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Final

from dxreport import vi
from dxreport.analysis import Analysis
from dxreport.markup import Markdown

PAGE_SCRIPT: Final = Path(__file__).with_name("page.js")
"""What a page with charts runs once, after its views are drawn or before."""


def unit_picker(analysis: Analysis) -> Markdown:
    """The list "Chọn đơn vị", for a page only; hidden until a chart answers to it."""
    options = [
        f'<option value="{html.escape(row["unit_id"])}">{html.escape(_line(row["name"]))}</option>'
        for row in analysis.units.sort("order").iter_rows(named=True)
    ]
    lines = [
        "```{=html}",
        '<div class="unit-picker" id="dx-unit-picker" hidden>',
        '<label for="dx-unit">Chọn đơn vị</label>',
        '<select id="dx-unit">',
        '<option value="">Tất cả các đơn vị</option>',
        *options,
        "</select>",
        '<span class="unit-picker-hint">hoặc bấm vào một đơn vị trong biểu đồ</span>',
        "</div>",
        "```",
    ]
    return Markdown("\n\n" + "\n".join(lines) + "\n\n")


def _line(text: str) -> str:
    return " ".join(vi.plain(text).split())
