"""What an analyst's notebook shows, and the panel to explore with (`make explore`).

`figures` is a table of facts, `show` a chart with its finding; both are what the cells of a
notebook call, and neither computes. `look` answers a choice of unit, topic and period, and
`explore` puts pickers (ipywidgets) in front of it. PAKN appear row by row in the live panel and
in the analyst's own exports only, never in a file or a page that is published, and with the
columns of the data contract only.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from IPython import get_ipython
from IPython.display import display as _display

from dxreport import spreadsheets, vi
from dxreport.analysis import Analysis, analyse, without_frames
from dxreport.charts import parts
from dxreport.charts.annex import FIGURES, Draw, withheld
from dxreport.charts.needs import FRAMED
from dxreport.charts.show import Figure
from dxreport.contracts import SCHEMAS
from dxreport.errors import DxError
from dxreport.facts import Fact, Facts
from dxreport.markup import Markdown, md_escape
from dxreport.narrative import month_name, year_to_date_name
from dxreport.periods import Month, PeriodId, report_periods
from dxreport.suppression.shown import shown_facts
from dxreport.tables.model import (
    ABSENT,
    Cell,
    Column,
    Row,
    Table,
    denominator_cell,
    numerator_cell,
    value_cell,
    verdict_cell,
)
from dxreport.tallies import pakn_as_of

if TYPE_CHECKING:
    from dxreport.report import Report

ALL = "all"
PAKN_COLUMNS = tuple(SCHEMAS["pakn"].column_names())
"""The columns of a PAKN that are ever shown or exported."""

EXPORTS = Path("build") / "xuat"
"""Where the panel's exports are written, below the project; never under version control."""

_LIVE_ONLY = (
    "*Bảng điều khiển để chọn đơn vị, lĩnh vực và kỳ số liệu chỉ hoạt động khi mở sổ tay này "
    "bằng JupyterLab hoặc VS Code (lệnh `make explore`).*"
)
_SUMMARY = (
    ("pakn_received", "Tiếp nhận"),
    ("pakn_resolved", "Đã xử lý"),
    ("pakn_resolution_rate", "Tỷ lệ xử lý"),
    ("pakn_backlog", "Tồn đọng"),
    ("pakn_satisfaction_mean", "Mức độ hài lòng (điểm)"),
    ("pakn_processing_days_mean", "Thời gian xử lý trung bình (ngày/PAKN)"),
)
_CHARTS = ("processing", "waiting", "satisfaction", "backlog")
_show: Callable[..., object] = _display
_CHANGE = "_change"
_SHOWN_ROWS = 50
_CHART_WIDTH = 760


# -- what cells show


def figures(
    report: Report,
    *indicators: str,
    period: PeriodId,
    of: Sequence[str] = (ALL,),
    most_first: bool = False,
) -> Table:
    """A table of facts: one row a scope that begins with one of `of`, in the order of printing.

    indicators: of the catalogue, or the change of one, as in "e_copy_rate_change".
    of: "all", "level:", "unit:", "kind:", "topic:", "communes_of:" or a whole scope.
    One indicator shows numerator, denominator and verdict too; of several only the figures.
    most_first: by the first indicator's figure, the highest first.
    `DxError` for an indicator that the catalogue does not have.
    """
    labels = {name: _label(report, name) for name in indicators}
    first = indicators[0]
    facts = [
        fact
        for prefix in of
        for fact in report.facts.where(indicator=first, period=period, prefix=prefix)
    ]
    if most_first:
        facts.sort(key=lambda fact: -fact.exact if fact.exists else 1)
    when = report.say.period(period) if period != "end" else f"Đến hết ngày {report.say.as_of}"
    single = len(indicators) == 1
    columns = [Column("name", "Nhóm, đơn vị", "left", 4)]
    if single:
        columns += [
            Column("numerator", "Tử số"),
            Column("denominator", "Mẫu số"),
            Column("value", "Kết quả"),
            Column("met", "Chỉ tiêu", "center"),
        ]
    else:
        columns += [Column(name, label, "right", 2) for name, label in labels.items()]

    def cells(fact: Fact) -> tuple[Cell, ...]:
        name = Cell(fact.name)
        if single:
            pair = numerator_cell(fact), denominator_cell(fact)
            return name, *pair, value_cell(fact), verdict_cell(fact)
        found = (report.facts.find(i, period, fact.scope) for i in indicators)
        return name, *(value_cell(f) if f else Cell(ABSENT) for f in found)

    rows = [Row("unit", cells(fact)) for fact in facts]
    spec = report.catalogue.indicators.get(first)
    return Table(
        id=_slug("figures", *indicators, period, *of),
        caption=f"{labels[first] if single else 'Số liệu'}. {when}",
        columns=tuple(columns),
        rows=tuple(rows) or (_nothing(len(columns)),),
        notes=(f"{spec.name}: {spec.formula}.",) if single and spec else (),
    )


def _label(report: Report, indicator: str) -> str:
    specs = report.catalogue.indicators
    if indicator in specs:
        return specs[indicator].name
    if indicator.removesuffix(_CHANGE) in specs:
        return "Tăng, giảm so với tháng trước"
    raise DxError(f"there is no indicator {indicator!r}; there are {', '.join(specs)}")


def show(report: Report, name: str) -> None:
    """A chart of the annex in a notebook: its finding, the chart, and how to read it.

    name: one of `dxreport.charts.annex.FIGURES`; `DxError` for any other.
    """
    if name not in FIGURES:
        raise DxError(f"there is no chart {name!r}; there are {', '.join(FIGURES)}")
    figure = report.figure(name)
    _show(Markdown(f"**{md_escape(figure.caption)}**"))
    _show(figure)
    if figure.note:
        _show(md_escape(figure.note))


def explore(report: Report) -> Explorer:
    """The panel, as the last value of a cell; without a live kernel it only says so."""
    return Explorer(report)


# -- a choice, and the answer to it


@dataclass(frozen=True)
class Choice:
    """What an analyst wants to see; None is every unit, or every topic.

    Figures and rows are of `period` (month or ytd) as of the end of `month`; charts are of the
    year to date, as in the report.
    """

    month: Month
    period: PeriodId = "ytd"
    unit_id: str | None = None
    topic: str | None = None


@dataclass(frozen=True)
class View:
    """The answer: figures of the unit, charts in which it stands out, and its PAKN.

    `rows` has the columns of `PAKN_COLUMNS`, as the world stood at the end of the month.
    """

    choice: Choice
    title: str
    table: Table
    charts: tuple[Figure, ...]
    rows: pl.DataFrame


def look(report: Report, choice: Choice) -> View:
    """What `choice` shows. `DxError` for a unit or a topic that the report does not know."""
    unit = None if choice.unit_id is None else report.catalogue.by_id.get(choice.unit_id)
    if choice.unit_id is not None and unit is None:
        raise DxError(f"there is no unit {choice.unit_id!r}")
    facts, analysis = _computed(report, choice)
    name = report.catalogue.all_name if unit is None else unit.name
    about = [name, _period_name(report, choice.month, choice.period)]
    if choice.topic is not None:
        about.insert(1, _topic_name(report, choice.topic))
    scope = ALL if unit is None else f"unit:{unit.unit_id}"
    if report.rule is not None and choice.topic is not None:
        # What a report tells of topics: of all units together. A topic of one unit is no fact.
        scope = f"topic:{choice.topic}" if unit is None else ""
    return View(
        choice=choice,
        title=" · ".join(about),
        table=_summary(facts, choice.period, scope, name),
        charts=tuple(
            _highlighted(draw(analysis, facts), choice.unit_id) for draw in _charts(report)
        ),
        rows=pakn_rows(report, choice),
    )


def pakn_rows(report: Report, choice: Choice) -> pl.DataFrame:
    """The PAKN of a choice, oldest first, with the columns of `PAKN_COLUMNS`."""
    period = report_periods(choice.month, report.catalogue.year_start(choice.month))[choice.period]
    known = [unit.unit_id for unit in report.catalogue.units_in(choice.month)]
    frame = _of_topic(report.tables.pakn, choice.topic).filter(
        pl.col("received_at") >= period.start,
        pl.col("unit_id").is_in(known if choice.unit_id is None else [choice.unit_id]),
    )
    return (
        pakn_as_of(frame, choice.month)
        .select(PAKN_COLUMNS)
        .sort("received_at", "pakn_id")
        .collect(engine="streaming")
    )


def export(view: View, folder: Path, kind: str) -> Path:
    """Write the rows in view into `folder` as `csv` or `xlsx`; the file's path."""
    writers = {"csv": spreadsheets.to_csv, "xlsx": spreadsheets.to_xlsx}
    if kind not in writers:
        raise DxError(f"there is no export {kind!r}; there are {', '.join(writers)}")
    choice = view.choice
    about = (str(choice.month), choice.period, choice.unit_id or "", choice.topic or "")
    path = folder / f"{_slug('pakn', *about)}.{kind}"
    content = writers[kind](view.rows)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def topics(report: Report) -> list[tuple[str, str]]:
    """The topics of the PAKN there are, as (name, topic), in the order of the names."""
    found = report.tables.pakn.select(pl.col("topic").unique()).collect(engine="streaming")
    named = [(_topic_name(report, topic), topic) for topic in found["topic"] if topic is not None]
    return sorted(named, key=lambda pair: (vi.collation_key(pair[0]), pair[1]))


def _topic_name(report: Report, topic: str) -> str:
    return vi.upper_first(report.catalogue.topics.get(topic, topic))


def _computed(report: Report, choice: Choice) -> tuple[Facts, Analysis]:
    """Facts and frames over the PAKN of one topic; the other tables are not needed.

    Where small numbers are left out, the facts are those that the month's report shows, and no
    topic's own: what is hidden there could be had back from these. The frames are empty.
    """
    whole, catalogue, month, topic = report.tables, report.catalogue, choice.month, choice.topic
    if report.rule is not None:
        facts = (
            report.facts
            if month == report.month
            else shown_facts(whole, catalogue, month, report.rule)
        )
        return facts, without_frames(catalogue, month)
    tables = replace(
        whole,
        pakn=_of_topic(whole.pakn, topic),
        documents=whole.documents.head(0),
        e_copies=whole.e_copies.head(0),
        procedures=whole.procedures.head(0),
    )
    return shown_facts(tables, catalogue, month, None), analyse(tables, catalogue, month)


def _charts(report: Report) -> list[Draw]:
    """The charts of the panel; one of groups that are no facts says that it is left out."""
    return [
        partial(_left_out, name) if report.rule is not None and name in FRAMED else FIGURES[name]
        for name in _CHARTS
    ]


def _left_out(name: str, *_: object) -> Figure:
    return withheld(name)


def _of_topic(pakn: pl.LazyFrame, topic: str | None) -> pl.LazyFrame:
    return pakn if topic is None else pakn.filter(pl.col("topic") == topic)


def _period_name(report: Report, month: Month, period: PeriodId) -> str:
    since = report.catalogue.year_start(month)
    return vi.upper_first(
        month_name(month) if period == "month" else year_to_date_name(month, since)
    )


def _summary(facts: Facts, period: PeriodId, scope: str, name: str) -> Table:
    found = [facts.find(indicator, period, scope) for indicator, _ in _SUMMARY]
    cells = [value_cell(fact) if fact else Cell(ABSENT) for fact in found]
    columns = [Column("name", "Đơn vị", "left", 4)]
    columns += [Column(indicator, label, "right", 2) for indicator, label in _SUMMARY]
    row = Row("unit", (Cell(name), *cells))
    return Table("explore-summary", "Số liệu PAKN", tuple(columns), (row,), caption_shown=False)


def _highlighted(figure: Figure, unit_id: str | None) -> Figure:
    """The chart with that unit chosen, as a click on it would."""
    if unit_id is None or not figure.units:
        return figure
    value = [{"unit_id": unit_id}]
    params = [
        {**param, "value": value} if param.get("name") == parts.UNIT_PARAM else param
        for param in figure.spec.get("params", ())
    ]
    return replace(figure, spec={**figure.spec, "params": params}) if params else figure


def _nothing(columns: int) -> Row:
    return Row("unit", (Cell("Không có số liệu"), *(Cell(ABSENT) for _ in range(columns - 1))))


def _slug(*texts: str) -> str:
    words = (re.sub(r"[^0-9a-z]+", "-", _letters(text)).strip("-") for text in texts)
    return "-".join(word for word in words if word)[:100]


def _letters(text: str) -> str:
    """The text in small letters without marks."""
    parted = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(letter for letter in parted if not unicodedata.combining(letter))


# -- the panel


class Explorer:
    """Pickers of unit, topic, month and period, and the view that answers them."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.folder = report.project.root / EXPORTS

    @cached_property
    def panel(self) -> Panel:
        return Panel(self.report, self.folder)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        if getattr(get_ipython(), "kernel", None) is None:
            return {"text/markdown": _LIVE_ONLY, "text/plain": _LIVE_ONLY.strip("*")}
        shown: dict[str, Any] = self.panel.box._repr_mimebundle_()
        return shown


class Panel:
    """The widgets. `view` is what they show now."""

    def __init__(self, report: Report, folder: Path) -> None:
        # Of the extra `explore`: a report does without.
        import ipywidgets as widgets  # type: ignore[import-untyped]

        self._report = report
        self._folder = folder
        self._widgets = widgets
        month = report.month
        everyone, every_topic = "Tất cả các đơn vị", "Tất cả các lĩnh vực"
        units = [(unit.name, unit.unit_id) for unit in report.catalogue.units_in(month)]
        reporting = {fact.scope for fact in report.facts.where(indicator="pakn_received")}
        units = [(name, unit) for name, unit in units if f"unit:{unit}" in reporting]
        months = report.catalogue.year_start(month).until(month)
        self.unit = self._picker("Đơn vị", [(everyone, None), *units])
        self.topic = self._picker("Lĩnh vực", [(every_topic, None), *topics(report)])
        self.month = self._picker("Đến hết", [(vi.upper_first(month_name(m)), m) for m in months])
        self.month.value = month
        self.period = self._picker(
            "Kỳ", [(vi.upper_first(report.say.since()), "ytd"), ("Trong tháng", "month")]
        )
        self.csv = widgets.Button(description="Xuất CSV", icon="download")
        self.xlsx = widgets.Button(description="Xuất XLSX", icon="download")
        self.csv.on_click(lambda _: self._export("csv"))
        self.xlsx.on_click(lambda _: self._export("xlsx"))
        self.message = widgets.HTML()
        self._head, self._rows = widgets.HTML(), widgets.HTML()
        self._charts = widgets.VBox()
        pickers = (self.unit, self.topic, self.month, self.period)
        for picker in pickers:
            picker.observe(self._refresh, names="value")
        self.box = widgets.VBox(
            [
                widgets.HBox(pickers, layout=widgets.Layout(flex_flow="row wrap")),
                self._head,
                self._charts,
                widgets.HBox([self.csv, self.xlsx, self.message]),
                self._rows,
            ]
        )
        self._refresh()

    @property
    def charts(self) -> list[Any]:
        """The pictures that are in view."""
        return [part for part in self._charts.children if hasattr(part, "format")]

    def _picker(self, label: str, options: list[tuple[str, Any]]) -> Any:
        # A list of pairs keeps two units of the same name apart.
        return self._widgets.Dropdown(description=label, options=_distinct(options))

    def _refresh(self, _: object = None) -> None:
        choice = Choice(self.month.value, self.period.value, self.unit.value, self.topic.value)
        try:
            self.view = look(self._report, choice)
        except DxError as error:
            self.message.value = html.escape(str(error))
            return
        self.message.value = ""
        self._head.value = f"<h3>{html.escape(self.view.title)}</h3>{self.view.table.html()}"
        self._charts.children = [part for f in self.view.charts for part in self._drawn(f)]
        self._rows.value = _rows_html(self.view.rows)

    def _drawn(self, figure: Figure) -> Iterable[Any]:
        # A picture has its own letters, and runs nothing, in JupyterLab and VS Code alike.
        yield self._widgets.HTML(
            f"<p><strong>{html.escape(figure.caption)}</strong></p>"
            f"<p>{html.escape(figure.note)}</p>"
        )
        layout = self._widgets.Layout(width=f"{_CHART_WIDTH}px", max_width="100%")
        yield self._widgets.Image(value=figure.png(), format="png", layout=layout)

    def _export(self, kind: str) -> None:
        try:
            path = export(self.view, self._folder, kind)
        except (DxError, OSError, ValueError) as error:
            self.message.value = html.escape(f"Không ghi được tệp: {error}")
            return
        root = self._report.project.root
        shown = path.relative_to(root) if path.is_relative_to(root) else path
        self.message.value = f"Đã ghi <code>{html.escape(shown.as_posix())}</code>"


def _distinct(options: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Labels told apart, where a list would take the first of two for both."""
    seen: dict[str, int] = {}
    out = []
    for label, value in options:
        seen[label] = seen.get(label, 0) + 1
        out.append((label if seen[label] == 1 else f"{label} ({seen[label]})", value))
    return out


def _rows_html(rows: pl.DataFrame) -> str:
    """The first rows as a table (polars escapes what is in them), and how many there are."""
    said = f"{vi.integer(rows.height)} PAKN"
    if rows.height > _SHOWN_ROWS:
        said += f", {_SHOWN_ROWS} PAKN đầu tiên dưới đây; tệp xuất ra có đủ"
    with pl.Config(tbl_rows=_SHOWN_ROWS, tbl_hide_dataframe_shape=True, fmt_str_lengths=200):
        return f"<p>{said}.</p>{rows.head(_SHOWN_ROWS)._repr_html_()}"
