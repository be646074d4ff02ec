"""Charts drawn and compiled, and their pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import vl_convert

from command import ROOT
from dxreport.aside import Aside, aside
from dxreport.charts import theme
from dxreport.charts.pictures import drawn_aside
from dxreport.charts.raster import picture
from dxreport.charts.show import Figure
from dxreport.drawing import FONT_DIRECTORY, svg, vega
from dxreport.errors import DxError
from dxreport.markup import safe_json
from dxreport.rendering.charts import _begun, begin, compile_charts
from dxreport.report import build_report

SPEC = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
    "data": {"values": [{"đơn_vị": "Phòng Đồng Kỵ", "n": 3}, {"đơn_vị": "Xã Ninh Xá", "n": 5}]},
    "mark": "bar",
    "encoding": {
        "x": {"field": "n", "type": "quantitative"},
        "y": {"field": "đơn_vị", "type": "nominal"},
    },
}


def test_the_process_beside_draws_and_compiles_as_the_library_does() -> None:
    config = theme.config("light")
    vl_convert.register_font_directory(str(FONT_DIRECTORY))
    drawing = aside().ask(svg, SPEC, config).result()
    assert drawing == vl_convert.vegalite_to_svg(SPEC, config=config)
    assert "Đồng Kỵ" in drawing
    compiled = aside().ask(vega, SPEC, config).result()
    assert compiled == vl_convert.vegalite_to_vega(SPEC, config=config)


def test_what_cannot_be_compiled_is_said() -> None:
    wrong = aside().ask(vega, {**SPEC, "mark": "no-such-mark", "encoding": 7}, {})
    with pytest.raises(
        DxError, match=r"^a chart's specification cannot be compiled: TypeError: .+"
    ):
        wrong.result()


@pytest.mark.parametrize(
    "url", ["https://example.org/n.csv", "file:///etc/hostname", "/etc/hostname"]
)
def test_a_chart_reads_nothing_but_its_own_rows(url: str) -> None:
    fetching = aside().ask(svg, {**SPEC, "data": {"url": url, "format": {"type": "csv"}}}, {})
    with pytest.raises(
        DxError, match=r"^a chart's specification cannot be compiled: .*(denied|not allowed)"
    ):
        fetching.result()


def test_a_page_is_compiled_though_an_earlier_process_was_lost() -> None:
    page = f'<script type="application/json">{safe_json(SPEC)}</script>'
    right = compile_charts(page)
    lost = aside()
    assert isinstance(lost, Aside)
    lost.kill()
    begin(page)
    for compiling in list(_begun.values()):
        compiling.exception()
    assert _begun
    begin(page)
    assert compile_charts(page) == right != page
    assert "vega/v6.json" in right


def test_charts_are_made_here_where_the_process_that_made_them_was_lost() -> None:
    sample = build_report("2024-03", ROOT / "data" / "sample", ROOT)
    computed = replace(sample.computed)
    lost = aside()
    assert isinstance(lost, Aside)
    computed.begin_figures(("received", "topics"))
    lost.kill()
    assert computed.figure("received").caption == sample.figure("received").caption
    assert computed.figure("topics").spec == sample.figure("topics").spec


def test_a_picture_is_twice_as_wide_as_the_drawing_and_the_same_every_time() -> None:
    start = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20">'
    drawing = f'{start}<text y="9">Ặ\\"</text></svg>'
    wider = picture(drawing.replace("60", "90"))
    assert picture(drawing) == picture(drawing) != wider
    assert [int.from_bytes(made[16:20]) for made in (picture(drawing), wider)] == [120, 180]


def test_what_nobody_waits_for_is_not_drawn(tmp_path: Path) -> None:
    with drawn_aside() as asked:
        drawings = [aside().ask(svg, SPEC, {}) for _ in range(40)]
        for number, drawing in enumerate(drawings):
            asked.add(tmp_path / str(number), drawing)
    assert any(drawing.cancelled() for drawing in drawings)
    assert not list(tmp_path.iterdir())
    assert aside().ask(vega, SPEC, {}).result()["marks"]


def test_a_chart_whose_drawing_nobody_waited_for_is_drawn_when_it_is_asked_for_again(
    tmp_path: Path,
) -> None:
    figure = Figure("chart", SPEC, "Tên", "Mô tả")
    with drawn_aside() as asked:
        ahead = [aside().ask(svg, SPEC, {}) for _ in range(5)]
        figure.to_markdown(tmp_path, later=asked)
    assert figure.svg().startswith("<svg")
    assert figure.svg() == figure.svg()
    assert all(drawing.result() for drawing in ahead)
