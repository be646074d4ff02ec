"""The charts: valid, bounded, about nobody, the same every time, and with words that are right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl
import pytest
import vl_convert
from scipy.stats import binom

import analysis_data as data
from dxreport.analysis import Analysis, analyse
from dxreport.catalogue import Catalogue
from dxreport.charts import parts, theme, words
from dxreport.charts.annex import FIGURES
from dxreport.charts.picker import PAGE_SCRIPT, unit_picker
from dxreport.charts.pictures import drawn_aside
from dxreport.charts.show import Figure
from dxreport.drawing import FONT_DIRECTORY
from dxreport.facts import Facts, compute_facts
from dxreport.markup import safe_json
from dxreport.periods import Month
from dxreport.rendering.charts import compile_charts, theme_script

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|'/c calc'!A1",
    '``` \n```{=html}\n<b>x</b>\n```\n#emph[y] "z" \\ $a$ *b* [c](d){e}',
)
UNIT_FIGURES = {
    "received",
    "processing",
    "waiting",
    "satisfaction",
    "satisfaction-months",
    "satisfaction-time",
    "backlog",
    "funnel",
    "heatmap",
}


Made = tuple[Analysis, Facts]


def make(records: data.Records, known: Catalogue | None = None, month: Month = data.MONTH) -> Made:
    tables: Any = records
    catalogue = known or data.catalogue()
    return analyse(tables, catalogue, month), compute_facts(tables, catalogue, month)


def figures(made: Made) -> dict[str, Figure]:
    return {name: draw(*made) for name, draw in FIGURES.items()}


@pytest.fixture(scope="module")
def drawn() -> dict[str, Figure]:
    return figures(make(data.province()))


@pytest.fixture(scope="module")
def drawings(drawn: dict[str, Figure]) -> dict[str, str]:
    """What print gets of each figure."""
    return {name: figure.svg() for name, figure in drawn.items()}


@pytest.fixture(scope="module")
def nothing() -> dict[str, Figure]:
    return figures(make(data.records()))


def rows_of(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for rows in spec["datasets"].values():
        yield from rows


def test_ids_are_the_names_of_the_figures(drawn: dict[str, Figure]) -> None:
    assert {name: figure.id for name, figure in drawn.items()} == {n: n for n in FIGURES}
    assert {name for name, figure in drawn.items() if figure.units} == UNIT_FIGURES


@pytest.mark.parametrize("name", FIGURES)
def test_specifications_are_valid_vega_lite(
    name: str, drawn: dict[str, Figure], nothing: dict[str, Figure]
) -> None:
    for figure in (drawn[name], nothing[name]):
        alt.Chart.from_dict(dict(figure.spec), validate=True)
        assert "config" not in figure.spec
        assert figure.spec["width"] == "container"


@pytest.mark.parametrize("name", FIGURES)
def test_drawing_warns_of_nothing(
    name: str, drawn: dict[str, Figure], caplog: pytest.LogCaptureFixture
) -> None:
    figure = drawn[name]
    spec = {**figure.spec, "width": 328}
    with caplog.at_level("WARNING", logger="vl_convert"):
        drawing = vl_convert.vegalite_to_svg(spec, config=theme.config("dark"))
    assert "<svg" in drawing
    assert not caplog.records
    assert "undefined" not in drawing
    assert "NaN" not in drawing


def test_colours_come_from_the_configuration_alone(drawn: dict[str, Figure]) -> None:
    """A specification that names a colour or a font would not follow a dark page."""
    for figure in drawn.values():
        text = json.dumps(figure.spec)
        assert not re.search(r'"#[0-9a-fA-F]{3,8}"|rgba?\(', text), figure.id
        assert '"font"' not in text
    used = set(re.findall(r"dx-[a-z-]+", json.dumps([f.spec for f in drawn.values()])))
    assert used <= set(theme.config("light")["style"]), "a role without a style"
    assert theme.config("light").keys() == theme.config("dark").keys()
    assert theme.config("light")["style"].keys() == theme.config("dark")["style"].keys()


NAMED = re.compile(r'"(dx:[a-z]\w*(?:-\d+)?)"')


def coloured(script: str, mode: theme.Mode) -> Any:
    """What a page makes of a script of data: each name that is a whole string is a colour."""
    colours = theme.colours(mode)
    assert set(re.findall(r"dx:[\w-]+", script)) == set(NAMED.findall(script)) <= set(colours)
    text = script.partition(">")[2].removesuffix("\n").removesuffix("</script>")
    return json.loads(NAMED.sub(lambda name: f'"{colours[name[1]]}"', text))


@pytest.mark.parametrize("mode", theme.MODES)
def test_a_compiled_chart_is_what_vega_lite_makes_of_each_mode(
    mode: theme.Mode, drawn: dict[str, Figure]
) -> None:
    shared = coloured(theme_script(), mode)["config"]
    for figure in drawn.values():
        script = f'<script type="application/json">{safe_json(figure.spec)}</script>'
        compiled = coloured(compile_charts(script), mode)
        direct = vl_convert.vegalite_to_vega(figure.spec, config=theme.config(mode))
        assert direct.pop("config") == shared, figure.id
        assert compiled == direct, figure.id


def test_a_name_of_a_colour_is_no_colour_and_each_has_its_own() -> None:
    light, dark = (theme.colours(mode) for mode in theme.MODES)
    assert light.keys() == dark.keys()
    assert len(light) > 20
    assert all(re.fullmatch(r"#[0-9a-f]{6}", value) for value in (*light.values(), *dark.values()))
    # Two roles that are alike in one mode may differ in the other.
    assert light["dx:ink"] == light["dx:on_side"]
    assert dark["dx:ink"] != dark["dx:on_side"]


def test_no_chart_is_given_a_row_about_one_citizen(drawn: dict[str, Figure]) -> None:
    """Rows are few, have the size of their sample, and no id, time or text of a record."""
    records = data.province()
    secret = {"pakn_id", "dossier_id", "received_at", "resolved_at", "due_at", "rating"}
    ids = set(records.pakn.collect()["pakn_id"]) | set(records.procedures.collect()["dossier_id"])
    for figure in drawn.values():
        rows = list(rows_of(figure.spec))
        assert 0 < len(rows) <= 800, figure.id
        for row in rows:
            assert not secret & set(row), figure.id
            assert not ids & {value for value in row.values() if isinstance(value, str)}
        figures_told = [row for row in rows if "unit_id" in row and "day" not in row]
        assert all("n" in row for row in figures_told), figure.id
        size = len(json.dumps(figure.spec))
        assert size < 60_000, (figure.id, size)


def test_a_unit_with_few_cases_gets_no_spread_and_no_curve() -> None:
    start = datetime(2024, 9, 3)
    many = [("256", start, start + timedelta(days=d), 4) for d in range(1, 20)]
    few = [("263", start, start + timedelta(days=17, hours=5), 1)] * 4
    found = figures(make(data.records(data.pakn([*many, *few]))))
    told = [row for row in rows_of(found["processing"].spec) if row.get("unit_id") == "263"]
    assert [row["median"] for row in told] == [None]
    assert told[0]["n"] == 4
    curve = {row["unit_id"] for row in rows_of(found["waiting"].spec) if "resolved" in row}
    assert curve == {"all", "256"}


def test_units_of_a_province_with_very_many_stay_on_a_page() -> None:
    known = data.catalogue()
    communes = tuple(unit for unit in known.units if unit.level != "district")
    two_tiers = replace(known, units=communes)
    ids = [unit.unit_id for unit in communes if unit.level == "commune"]
    start = datetime(2024, 9, 3)
    rows = [
        (unit, start, start + timedelta(days=1 + at % 9), 1 + at % 5)
        for at, unit in enumerate(ids)
        for _ in range(6 + at % 7)
    ]
    found = figures(make(data.records(data.pakn(rows)), two_tiers))
    for name in ("processing", "satisfaction", "backlog", "heatmap"):
        height = found[name].spec["height"]
        assert height <= parts.ROW * (parts.MOST_UNITS + 1), name
    assert len(json.dumps(found["waiting"].spec)) < 400_000


# --- Words ---------------------------------------------------------------------------------


def at(day: int, days: float, unit: str = "256", stars: int | None = None) -> tuple[Any, ...]:
    received = datetime(2024, 9, day)
    return unit, received, received + timedelta(days=days), stars


def waiting(day: int, unit: str = "256") -> tuple[Any, ...]:
    return unit, datetime(2024, 9, day), None, None


CAPTIONS: dict[str, tuple[Sequence[Sequence[Any]], dict[str, str]]] = {
    "nothing": (
        [],
        {
            "headline": "Không có chỉ tiêu nào đang có hiệu lực và có số liệu.",
            "received": "9 tháng đầu năm 2024 chưa tiếp nhận PAKN nào.",
            "processing": "9 tháng đầu năm 2024 chưa có PAKN nào được xử lý xong.",
            "waiting": "9 tháng đầu năm 2024 chưa tiếp nhận PAKN nào.",
            "satisfaction": "9 tháng đầu năm 2024 chưa có PAKN nào được người dân đánh giá.",
            "satisfaction-months": "9 tháng đầu năm 2024 chưa tháng nào có từ 5 đánh giá.",
            "satisfaction-time": "Chưa đủ hai đơn vị vừa có PAKN đã xử lý vừa có đánh giá để so "
            "sánh.",
            "satisfaction-wait": "Chưa khoảng thời gian chờ nào có từ 5 đánh giá.",
            "backlog": "9 tháng đầu năm 2024 chưa tiếp nhận PAKN nào.",
            "topics": "9 tháng đầu năm 2024 chưa có PAKN nào được ghi theo chủ đề.",
            "funnel": "Tháng 9/2024 chưa tiếp nhận PAKN nào.",
            "heatmap": "9 tháng đầu năm 2024 chưa tiếp nhận PAKN nào.",
            "documents": "Văn bản đi có ký số từ hồ sơ công việc: tháng 9/2024 không có số liệu để "
            "đánh giá.",
            "overdue": "Không có số liệu về hồ sơ trễ hạn.",
        },
    ),
    "one unit, one case": (
        [at(2, 3.5, stars=4)],
        {
            "processing": "Toàn tỉnh xử lý một PAKN trung bình mất 3,50 ngày; chỉ thành phố Bắc "
            "Ninh có số liệu (3,5 ngày/PAKN).",
            "waiting": "Mới tiếp nhận 1 PAKN, chưa đủ để nói về thời gian chờ.",
            "satisfaction": "Người dân chấm trung bình 4,00 trên 5 điểm; chỉ thành phố Bắc Ninh có "
            "số liệu (4,0).",
            "backlog": "Không còn PAKN nào chưa xử lý.",
            "funnel": "Chỉ thành phố Bắc Ninh có số liệu (100%).",
            "received": "9 tháng đầu năm 2024 tiếp nhận 1 PAKN, đã xử lý 1 (100%); nhiều nhất là "
            "tháng 9/2024 (1 PAKN).",
        },
    ),
    "all equal": (
        [at(2, 2, unit, 3) for unit in ("256", "258", "261")],
        {
            "processing": "Toàn tỉnh xử lý một PAKN trung bình mất 2,00 ngày; các đơn vị bằng nhau "
            "(2 ngày/PAKN).",
            "satisfaction": "Người dân chấm trung bình 3,00 trên 5 điểm; các đơn vị bằng nhau "
            "(3,0).",
            "satisfaction-time": "Các đơn vị ngang nhau, không so sánh được nhanh với hài lòng.",
            "heatmap": "Tính từ đầu năm, các đơn vị bằng nhau (100%).",
            "funnel": "Chênh lệch giữa 03 đơn vị chưa vượt mức ngẫu nhiên quanh tỷ lệ chung 100%.",
        },
    ),
    "ties": (
        [
            *[at(2, 2, unit, 5) for unit in ("256", "258")],
            *[at(3, 6, unit, 1) for unit in ("261", "262")],
        ],
        {
            "processing": "Toàn tỉnh xử lý một PAKN trung bình mất 4,00 ngày; xử lý nhanh nhất là "
            "thành phố Bắc Ninh và huyện Yên Phong (2 ngày/PAKN); lâu nhất là thành phố Từ Sơn và "
            "thị xã Thuận Thành (6 ngày/PAKN).",
            "satisfaction-time": "Trong 4 cặp đơn vị, 4 cặp có đơn vị xử lý nhanh hơn được chấm "
            "điểm cao hơn.",
        },
    ),
    "no relation": (
        [at(2, 2, "256", 3), at(3, 4, "258", 1), at(4, 6, "261", 5)],
        {
            "satisfaction-time": "Chưa thấy xử lý nhanh hơn đi cùng điểm cao hơn: đúng vậy ở 1 "
            "trong 3 cặp đơn vị.",
        },
    ),
    "faster and less liked": (
        [at(2, 2, "256", 1), at(3, 4, "258", 3), at(4, 6, "261", 5)],
        {
            "satisfaction-time": "Trong 3 cặp đơn vị, 3 cặp có đơn vị xử lý nhanh hơn lại bị chấm "
            "điểm thấp hơn.",
        },
    ),
    "none resolved": (
        [waiting(day, unit) for day in range(1, 9) for unit in ("256", "263")],
        {
            "processing": "9 tháng đầu năm 2024 chưa có PAKN nào được xử lý xong.",
            "waiting": "Tính cả PAKN chưa xử lý thì đến nay chưa xử lý xong được một nửa số PAKN.",
            "backlog": "Còn 16 PAKN chưa xử lý, chưa PAKN nào chờ quá 30 ngày; nhiều nhất là thành "
            "phố Bắc Ninh và huyện Gia Bình (8 PAKN).",
            "heatmap": "Tính từ đầu năm, các đơn vị bằng nhau (0%).",
            "funnel": "Chênh lệch giữa 02 đơn vị chưa vượt mức ngẫu nhiên quanh tỷ lệ chung 0%.",
        },
    ),
    "beyond chance": (
        [
            *[at(1 + n % 20, 1) for n in range(60)],
            *[waiting(1 + n % 20, "264") for n in range(30)],
            *[at(4, 2, "263"), at(5, 1, "263"), waiting(6, "263")],
        ],
        {
            "funnel": "Thấp hơn mức chung 66,7% ngoài ngẫu nhiên: huyện Lương Tài (0%); cao hơn: "
            "thành phố Bắc Ninh (100%); tỷ lệ của huyện Gia Bình (66,7%) mới dựa trên 03 PAKN, "
            "chưa đủ để kết luận.",
            "backlog": "Còn 31 PAKN chưa xử lý, chưa PAKN nào chờ quá 30 ngày; nhiều nhất là huyện "
            "Lương Tài (30 PAKN).",
        },
    ),
}


@pytest.mark.parametrize("name", CAPTIONS)
def test_captions_state_the_finding(name: str) -> None:
    rows, captions = CAPTIONS[name]
    found = figures(make(data.records(data.pakn(rows))))  # type: ignore[arg-type]
    assert {key: found[key].caption for key in captions} == captions


def e_copies(rows: dict[str, tuple[int, int]]) -> data.Records:
    """Certifications of September: unit -> (electronic, all)."""
    frame = pl.LazyFrame(
        [(unit, "2024-09", whole, part) for unit, (part, whole) in rows.items()],
        schema=data.E_COPIES,
        orient="row",
    )
    return replace(data.records(), e_copies=frame)


TARGETS: dict[str, tuple[dict[str, tuple[int, int]], dict[str, str]]] = {
    "exactly at the target, just below it, and none": (
        {"256": (7, 10), "258": (6_999, 10_000), "259": (0, 0)},
        {
            "e-copies": "Chứng thực bản sao điện tử từ bản chính – cấp huyện: 1/2 đơn vị đạt chỉ "
            "tiêu, trừ huyện Yên Phong (70,0%).",
            "headline": "0/1 chỉ tiêu theo cấp đạt mức được giao; chưa đạt: chứng thực bản sao "
            "điện tử từ bản chính cấp huyện (70,0%).",
        },
    ),
    "everyone": (
        {"256": (9, 10), "258": (8, 10), "09163": (6, 10), "09166": (1, 1)},
        {
            "e-copies": "Chứng thực bản sao điện tử từ bản chính – cấp huyện: cả 02 đơn vị đạt chỉ "
            "tiêu.",
            "communes-e-copies": "Chứng thực bản sao điện tử từ bản chính: cả 2 xã, phường, thị "
            "trấn đạt chỉ tiêu.",
            "headline": "Cả 02 chỉ tiêu theo cấp đều đạt mức được giao.",
        },
    ),
    "hardly anyone": (
        {unit: (unit == "260", 1) for unit in ("256", "258", "259", "260", "261", "262")},
        {
            "e-copies": "Chứng thực bản sao điện tử từ bản chính – cấp huyện: 1/6 đơn vị đạt chỉ "
            "tiêu, gồm huyện Tiên Du (100%).",
        },
    ),
}


@pytest.mark.parametrize("name", TARGETS)
def test_captions_tell_exact_verdicts(name: str) -> None:
    rows, captions = TARGETS[name]
    found = figures(make(e_copies(rows)))
    assert {key: found[key].caption for key in captions} == captions


def test_a_missed_target_looks_different_from_one_that_is_met() -> None:
    """By shape as well as colour: 69,99% prints as 70,0% and is still drawn as missed."""
    rows, _ = TARGETS["exactly at the target, just below it, and none"]
    told = rows_of(figures(make(e_copies(rows)))["e-copies"].spec)
    verdicts = {row["name"]: (row["printed"], row["met"]) for row in told if "met" in row}
    assert verdicts["Thành phố Bắc Ninh"] == ("70,0%", "yes")
    assert verdicts["Huyện Yên Phong"] == ("70,0%", "no")
    assert verdicts["Thị xã Quế Võ"] == ("không phát sinh", None)


def test_january_has_one_period(drawn: dict[str, Figure]) -> None:
    made = make(data.province(), month=Month(2024, 1))
    found = figures(made)
    periods = {row["period"] for row in rows_of(found["topics"].spec)}
    assert periods == {"Tháng 01/2024"}
    both = {row["period"] for row in rows_of(drawn["topics"].spec)}
    assert both == {"Tháng 9/2024", "9 tháng đầu năm 2024"}


def test_captions_take_their_figures_from_the_facts(drawn: dict[str, Figure]) -> None:
    analysis, facts = make(data.province())
    assert analysis.month == data.MONTH
    wanted = {
        "processing": [facts.get("pakn_processing_days_mean", "ytd").printed.split("/")[0]],
        "satisfaction": [facts.get("pakn_satisfaction_mean", "ytd").printed],
        "received": [facts.get("pakn_received", "ytd").printed],
        "backlog": [facts.get("pakn_backlog", "ytd").printed],
        "funnel": [facts.get("pakn_resolution_rate", "month").printed],
    }
    for name, printed in wanted.items():
        assert all(text in drawn[name].caption for text in printed), name


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_a_sentence_and_an_alternative(
    name: str, drawn: dict[str, Figure], nothing: dict[str, Figure]
) -> None:
    for figure in (drawn[name], nothing[name]):
        for text in (figure.caption, figure.alt, figure.note):
            assert text[0].isupper() or text[0].isdigit() or text.startswith("n: ")
            assert text.endswith(".")
            assert "None" not in text
            assert "  " not in text
    assert any(char.isdigit() for char in drawn[name].alt)


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ([], ""),
        (["Huyện A"], "huyện A"),
        (["Sở Tư pháp", "UBND X"], "Sở Tư pháp và UBND X"),
        (["Xã A", "Xã B", "Xã C", "Xã D"], "xã A, xã B, xã C và xã D"),
        (["Xã A", "Xã B", "Xã C", "Xã D", "Xã E"], "xã A, xã B, xã C và 02 đơn vị khác"),
    ],
)
def test_names_in_a_sentence(names: list[str], wanted: str) -> None:
    assert words.named(names) == wanted


def test_quantiles_print_half_up_on_the_exact_value() -> None:
    assert words.days(436_320 / 86_400) == "5,1 ngày"
    assert words.days(5.0) == "5 ngày"
    assert words.days(None) == "không phát sinh"


def test_the_funnel_judges_by_the_limits_of_chance() -> None:
    """Against scipy: the verdict on each unit, at its own sample size."""
    verdicts = {-2: "thấp hơn hẳn", -1: "thấp hơn", 0: "trong", 1: "cao hơn", 2: "cao hơn hẳn"}
    seen = set()
    for seed in range(6):
        made = make(data.province(seed, 2_500))
        centre = made[1].get("pakn_resolution_rate", "month")
        for row in rows_of(FIGURES["funnel"](*made).spec):
            if "out_text" not in row:
                continue
            fact = made[1].get("pakn_resolution_rate", "month", f"unit:{row['unit_id']}")
            share = fact.numerator / fact.denominator
            low998, low95, high95, high998 = (
                interpolated(fact.denominator, centre.numerator / centre.denominator, tail)
                for tail in (0.001, 0.025, 0.975, 0.999)
            )
            out = (share > high95) + (share > high998) - (share < low95) - (share < low998)
            assert row["out_text"].split(" (")[0].split(" khoảng")[0] == verdicts[out]
            seen.add(out)
    assert len(seen) >= 4


def interpolated(trials: int, chance: float, tail: float) -> float:
    count = binom.ppf(tail, trials, chance)
    reached, before = binom.cdf(count, trials, chance), binom.cdf(count - 1, trials, chance)
    share = (count - (reached - tail) / (reached - before)) / trials
    return float(min(max(share, 0.0), 1.0))


def test_on_paper_the_months_are_the_provinces(drawings: dict[str, str]) -> None:
    assert drawings["received"].count("Toàn tỉnh") == 1
    assert "Thành phố" not in drawings["received"]


# --- Documents -----------------------------------------------------------------------------


class Tags(HTMLParser):
    """The elements of a piece of HTML, and what stands in its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_script = tag == "script"

    def handle_endtag(self, _: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts.append(data)


def block(markdown: str, kind: str) -> str:
    found = re.findall(rf"^```\{{={kind}\}}\n(.*?)\n^```$", markdown, re.DOTALL | re.MULTILINE)
    assert len(found) == 1
    return str(found[0])


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    names = dict(zip(("256", "258", "261", "263"), HOSTILE, strict=True))
    topics = dict(zip(data.TOPICS, HOSTILE, strict=False))
    found = figures(make(data.province(), data.catalogue(names, topics)))
    folder = tmp_path_factory.mktemp("hostile")
    printed = {"processing", "satisfaction"}
    return {
        name: figure.to_markdown(folder if name in printed else None, "Hình 1.")
        for name, figure in found.items()
    }


@pytest.mark.parametrize("name", FIGURES)
def test_hostile_names_stay_text_in_html(name: str, hostile: dict[str, str]) -> None:
    parsed = Tags()
    parsed.feed(block(hostile[name], "html"))
    tags = [tag for tag, _ in parsed.tags]
    assert sorted(tags) == sorted(
        ["figure", "figcaption", "span", "div", "script", "noscript", "p", "p"]
    )
    attributes = dict(parsed.tags)
    assert attributes["figure"]["id"] == f"fig-{name}"
    assert attributes["div"]["role"] == "img"
    assert attributes["script"] == {"type": "application/json"}
    spec = json.loads("".join(parsed.scripts))
    assert "layer" in spec or "mark" in spec
    assert "<" not in "".join(parsed.scripts)


def test_hostile_names_are_told_as_they_are(hostile: dict[str, str]) -> None:
    spec = json.loads(re.search(r'json">(.*?)</script>', hostile["processing"])[1])  # type: ignore[index]
    names = {row.get("name") for rows in spec["datasets"].values() for row in rows}
    assert set(HOSTILE[:3]) <= names


def test_every_writer_takes_its_own_block(
    drawn: dict[str, Figure], hostile: dict[str, str], tmp_path: Path
) -> None:
    """Pandoc and typst read what is emitted, and hostile names come out as text."""
    import pypandoc
    import typst

    for text in (drawn["processing"].to_markdown(tmp_path, "Hình 1."), hostile["satisfaction"]):
        source = pypandoc.convert_text(text, "typst", format="markdown")
        assert "#figure(" in source
        (tmp_path / "charts").mkdir(exist_ok=True)
        drawn["satisfaction"].write(tmp_path / "charts")
        (tmp_path / "x.typ").write_text(block(text, "typst"), encoding="utf-8")
        fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(FONT_DIRECTORY)])
        typst.compile(str(tmp_path / "x.typ"), font_paths=fonts)
        tree = json.loads(pypandoc.convert_text(text, "json", format="markdown"))
        images = [part for part in walk(tree["blocks"]) if part.get("t") == "Image"]
        assert [image["c"][2][0].startswith("charts/") for image in images] == [True]
        kinds = {part["c"][0] for part in walk(tree["blocks"]) if part.get("t") == "RawBlock"}
        assert kinds == {"html", "typst"}
        assert not [part for part in walk(tree["blocks"]) if part.get("t") == "RawInline"]
        assert not [part for part in walk(tree["blocks"]) if part.get("t") == "Figure"]


def walk(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from walk(each)


def test_drawings_are_the_same_every_time(
    drawn: dict[str, Figure], drawings: dict[str, str]
) -> None:
    again = figures(make(data.province()))
    for name, figure in drawn.items():
        assert figure.to_markdown(None) == again[name].to_markdown(None), name
        assert drawings[name] == again[name].svg(), name
        # Vega numbers its clips through a process: what has one depends on what came before.
        assert "url(#" not in drawings[name], name
    assert drawn["funnel"].png() == again["funnel"].png()
    for text in (drawings["heatmap"], drawings["waiting"]):
        assert 'font-family="Be Vietnam Pro"' in text
        assert "sans-serif" not in text


def test_static_drawings_are_as_wide_as_the_print(drawings: dict[str, str]) -> None:
    for name, drawing in drawings.items():
        width = float(re.search(r'width="([\d.]+)"', drawing)[1])  # type: ignore[index]
        assert abs(width - theme.PRINT_WIDTH) <= 12, name


def test_pictures_can_be_written_meanwhile(drawn: dict[str, Figure], tmp_path: Path) -> None:
    with drawn_aside() as pictures:
        meanwhile = drawn["funnel"].to_markdown(tmp_path / "a", later=pictures)
        pictures.write_drawings()
        pictures.write_points()
    assert meanwhile == drawn["funnel"].to_markdown(tmp_path / "b")
    for kind in ("svg", "png"):
        a, b = ((tmp_path / f / "charts" / f"funnel.{kind}").read_bytes() for f in "ab")
        assert a == b


def test_numbers_are_vietnamese_on_the_axes() -> None:
    start = datetime(2024, 9, 1)
    rows = [("256", start, start + timedelta(seconds=s * 4_000), 3) for s in range(1, 60)]
    found = figures(make(data.records(data.pakn(rows))))
    assert re.search(r">\d,\d<", found["satisfaction-time"].svg())


def test_an_id_is_safe_to_print() -> None:
    with pytest.raises(ValueError, match="not an id"):
        Figure("a b", {}, "", "")


def test_notebooks_show_chart_and_words(drawn: dict[str, Figure]) -> None:
    bundle = drawn["backlog"]._repr_mimebundle_()
    assert bundle["application/vnd.vegalite.v6+json"]["config"] == theme.config("light")
    assert bundle["text/plain"].startswith(drawn["backlog"].caption)
    assert bundle["image/svg+xml"].startswith("<svg")


# --- The choice of a unit ------------------------------------------------------------------


def test_all_unit_charts_share_one_selection(drawn: dict[str, Figure]) -> None:
    for name, figure in drawn.items():
        params = [p for p in figure.spec.get("params", []) if p["name"] == parts.UNIT_PARAM]
        assert bool(params) == (name in UNIT_FIGURES), name
        for param in params:
            assert param["select"]["type"] == "point"
            assert param["select"]["fields"] == ["unit_id"]
            assert param["views"] == ["units"]


def test_picker_lists_the_units_as_text() -> None:
    analysis, _ = make(data.records(), data.catalogue({"256": HOSTILE[0], "258": HOSTILE[1]}))
    parsed = Tags()
    parsed.feed(block(unit_picker(analysis), "html"))
    values = [attrs.get("value") for tag, attrs in parsed.tags if tag == "option"]
    assert values == ["", *analysis.units["unit_id"]]
    assert not {"script", "img"} & {tag for tag, _ in parsed.tags}


def page_with(drawn: dict[str, Figure], picker: str) -> str:
    blocks = [block(figure.to_markdown(None), "html") for figure in drawn.values()]
    return f"""<!doctype html><html lang="vi"><meta charset="utf-8"><title>x</title>
<style>.vega {{ width: 100% }} select {{ max-width: 100% }} body {{ margin: 8px }}</style>
{picker}{"".join(blocks)}
<script type="application/json" id="light">{safe_json(theme.config("light"))}</script>
<script>{vl_convert.javascript_bundle()}</script>
<script>{PAGE_SCRIPT.read_text(encoding="utf-8")}</script>
<script>
const config = JSON.parse(document.getElementById("light").textContent);
window.heard = [];
document.addEventListener("dxunit", (event) => window.heard.push(event.detail.unit));
Promise.all(Array.from(document.querySelectorAll("figure.chart"), (figure) =>
  vegaEmbed(figure.querySelector(".vega"), JSON.parse(figure.querySelector("script").textContent),
    {{ actions: false, renderer: "svg", ast: true, config }}).then((made) => {{
      figure.view = made.view;
      window.dxviews.push(made.view);
    }}))).then(() => (document.body.dataset.ready = "yes"));
</script>"""


CHOSEN = """Object.fromEntries(
  Array.from(document.querySelectorAll("figure[data-units]"),
    (figure) => [figure.id.slice(4), (figure.view.signal("unit").unit_id || []).join()]))"""


def test_one_choice_of_a_unit_speaks_to_all_charts(
    watched: Any, drawn: dict[str, Figure], tmp_path: Path
) -> None:
    analysis, _ = make(data.province())
    path = tmp_path / "page.html"
    path.write_text(page_with(drawn, block(unit_picker(analysis), "html")), encoding="utf-8")
    tab = watched.page
    tab.set_viewport_size({"width": 360, "height": 740})
    tab.goto(path.as_uri())
    tab.wait_for_selector('body[data-ready="yes"]', timeout=60_000)
    assert tab.evaluate("document.documentElement.scrollWidth") == 360
    assert tab.locator("#dx-unit-picker").is_visible()

    def chosen_everywhere(unit: str) -> None:
        wanted = dict.fromkeys(UNIT_FIGURES, unit)
        tab.wait_for_function(f"JSON.stringify(window.heard.at(-1)) === '{json.dumps(unit)}'")
        assert tab.evaluate(CHOSEN) == wanted
        assert tab.locator("#dx-unit").input_value() == unit

    tab.locator("#dx-unit").focus()
    tab.keyboard.press("ArrowDown")
    chosen_everywhere("256")
    tab.locator("#dx-unit").select_option("263")
    chosen_everywhere("263")
    assert tab.locator("#fig-received").get_by_text("Huyện Gia Bình").count() == 1
    assert tab.locator("#fig-received").get_by_text("Toàn tỉnh").count() == 0
    # A bar and two ticks of each of the seven others.
    faded = tab.locator('#fig-processing .mark-rect path[opacity="0.22"]').count()
    assert faded == 21
    tab.locator("#fig-heatmap .mark-rect path").first.click(force=True)
    chosen_everywhere("256")
    # The province's own row is no unit: it clears the choice.
    tab.locator("#fig-satisfaction .mark-rect path").first.click(force=True)
    chosen_everywhere("")
    tab.locator("#dx-unit").select_option("264")
    chosen_everywhere("264")
    # Nor is the line through the middle of the stars.
    line = tab.locator("#fig-satisfaction .mark-rule line").bounding_box()
    tab.mouse.click(line["x"] + line["width"] / 2, line["y"] + 2)
    chosen_everywhere("")
    tab.locator("#dx-unit").select_option("259")
    chosen_everywhere("259")
    tab.locator("#dx-unit").select_option("")
    chosen_everywhere("")
    assert watched.errors == []
    assert watched.requests == []


def test_hostile_names_run_nothing_in_a_browser(watched: Any, tmp_path: Path) -> None:
    names = dict(zip(("256", "258", "261", "263"), HOSTILE, strict=True))
    known = data.catalogue(names, dict(zip(data.TOPICS, HOSTILE, strict=False)))
    made = make(data.province(cases=600), known)
    path = tmp_path / "page.html"
    picker = block(unit_picker(made[0]), "html")
    path.write_text(page_with(figures(made), picker), encoding="utf-8")
    tab = watched.page
    dialogs: list[str] = []
    tab.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    tab.goto(path.as_uri())
    tab.wait_for_selector('body[data-ready="yes"]', timeout=60_000)
    tab.locator("#fig-processing .mark-rect path").first.hover(force=True)
    tab.locator("#dx-unit").select_option("256")
    tab.wait_for_function("window.heard.length > 0")
    assert dialogs == []
    assert tab.locator("img").count() == 0
    assert watched.errors == []
    assert watched.requests == []
