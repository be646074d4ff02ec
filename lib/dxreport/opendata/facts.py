"""The facts table as open data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from dxreport.facts import COLUMNS, Fact, Facts
from dxreport.opendata.appendices import printed_number
from dxreport.opendata.model import Field, Resource, plain_headings
from dxreport.sheets import Number, Sheet, SheetCell, SheetRow, Shown, Tone
from dxreport.tables.model import MET, MISSED
from dxreport.vi import plain

FACTS = "facts"

PERIODS: Mapping[str, str] = {
    "month": "tháng báo cáo",
    "ytd": "từ đầu năm đến hết tháng báo cáo",
    "previous": "tháng trước",
    "end": "tính đến hết tháng báo cáo",
}
UNITS: Mapping[str, str] = {
    "%": "%",
    "pp": "điểm phần trăm",
    "count": "số lượng",
    "points": "điểm (1-5)",
    "days": "ngày",
    "units": "đơn vị",
    "topics": "nội dung",
}

_FIELDS = (
    Field("month", "Tháng báo cáo", "yearmonth", needed=True),
    Field("section", "Mục", "integer", "mục của báo cáo", needed=True),
    Field("indicator", "Mã chỉ tiêu", description="mã trong bảng indicators", needed=True),
    Field(
        "period",
        "Kỳ",
        description="; ".join(f"{key}: {words}" for key, words in PERIODS.items()),
        choices=tuple(PERIODS),
        needed=True,
    ),
    Field(
        "scope",
        "Mã phạm vi",
        description="all: toàn tỉnh; level: một cấp; unit: một đơn vị; communes_of: các xã của một "
        "huyện; kind: một loại đơn vị; topic: một lĩnh vực phản ánh; unit:…@… là số liệu trên hệ "
        "thống khác",
        needed=True,
    ),
    Field("name", "Phạm vi", description="tên của phạm vi", needed=True),
    Field(
        "numerator",
        "Tử số",
        "integer",
        "để trống khi số liệu không công bố; với thời gian xử lý là tổng số giây",
    ),
    Field(
        "denominator",
        "Mẫu số",
        "integer",
        "0: không phát sinh; 1: số đếm; để trống khi số liệu không công bố",
    ),
    Field("value", "Giá trị", "number", "chưa làm tròn; để trống khi không có số liệu"),
    Field(
        "unit",
        "Đơn vị tính",
        description="; ".join(f"{k}: {v}" for k, v in UNITS.items()),
        choices=tuple(UNITS),
        needed=True,
    ),
    Field("printed", "Số in trong báo cáo", description="làm tròn nửa lên từ tử số và mẫu số"),
    Field("target", "Mức tối thiểu", "number", "chỉ tiêu được giao, %"),
    Field("met", "Đạt chỉ tiêu", "boolean", "so sánh trên số chưa làm tròn"),
    Field("rank_high", "Thứ hạng từ cao", "integer", "1 là cao nhất; bằng nhau thì cùng hạng"),
    Field("rank_low", "Thứ hạng từ thấp", "integer", "1 là thấp nhất; bằng nhau thì cùng hạng"),
    Field("peers", "Số đơn vị xếp hạng", "integer", "số đơn vị cùng loại có số liệu"),
)
_NAMED = "Chỉ tiêu"
_WIDTHS = (9, 6, 44, 34, 18, 22, 40, 12, 12, 14, 14, 22, 10, 11, 10, 10, 10)


def facts_resource(facts: Facts, names: Mapping[str, str]) -> Resource:
    """All facts; `names` are the indicators' names by id."""
    assert tuple(field.name for field in _FIELDS) == tuple(COLUMNS)
    titles = [field.title for field in _FIELDS]
    titles.insert(2, _NAMED)
    return Resource(
        name=FACTS,
        title="Toàn bộ số liệu của báo cáo",
        description="Mỗi dòng là một số liệu: tử số trên mẫu số, là hai số nguyên.",
        fields=_FIELDS,
        rows=tuple(tuple(fact.told(name) for name in COLUMNS) for fact in facts),
        sheet=Sheet(
            name="Số liệu",
            title="",
            headings=plain_headings(titles),
            widths=_WIDTHS,
            rows=tuple(_row(fact, names) for fact in facts),
            filtered=True,
        ),
        key=("month", "indicator", "period", "scope"),
        refers=("indicator", "indicators", "indicator"),
    )


def _row(fact: Fact, names: Mapping[str, str]) -> SheetRow:
    verdict = {True: MET, False: MISSED, None: ""}[fact.met]
    tones: Mapping[bool | None, Tone] = {True: "met", False: "missed", None: "none"}
    printed = printed_number(fact)
    value: Shown = ""
    if fact.value is not None:
        counted = fact.unit in ("count", "topics", "units")
        value = Number(fact.value, 0 if counted or printed is None else printed.places)
    return SheetRow(
        (
            _text(fact.month),
            _number(fact.section),
            _text(names.get(fact.indicator, fact.indicator)),
            _text(fact.indicator),
            _text(PERIODS[fact.period]),
            _text(fact.scope),
            _text(fact.name),
            _number(fact.told("numerator")),
            _number(fact.told("denominator")),
            SheetCell(value, align="right"),
            _text(UNITS.get(fact.unit, fact.unit)),
            SheetCell(plain(fact.printed), align="right"),
            SheetCell("" if fact.target is None else _short(fact.target), align="right"),
            SheetCell(verdict, tones[fact.met], "center"),
            _number(fact.rank_high),
            _number(fact.rank_low),
            _number(fact.peers),
        )
    )


@lru_cache(maxsize=1024)
def _text(text: str) -> SheetCell:
    return SheetCell(plain(text))


@lru_cache(maxsize=1024)
def _number(value: int | None) -> SheetCell:
    return SheetCell("" if value is None else Number(value), align="right")


def _short(value: float) -> Number:
    """A target, with the decimals that it has."""
    text = f"{value:f}".rstrip("0").rstrip(".")
    return Number(value, len(text.partition(".")[2]))
