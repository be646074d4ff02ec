"""The revisions of a month as open data: one row a figure that moved."""

from __future__ import annotations

from collections.abc import Mapping

from dxreport.opendata.facts import PERIODS, UNITS
from dxreport.opendata.model import Field, Listing, Resource, Row, Value
from dxreport.revisions import History, Side
from dxreport.sheets import Number, SheetCell
from dxreport.tables.model import MET, MISSED
from dxreport.vi import plain

REVISIONS = "revisions"

_FIELDS = (
    Field("revision", "Lần điều chỉnh", "integer", needed=True),
    Field("on", "Ngày điều chỉnh", "date", "để trống khi không khai báo"),
    Field("reason", "Lý do", description="để trống khi không khai báo"),
    Field("indicator", "Mã chỉ tiêu", needed=True),
    Field("period", "Kỳ", choices=tuple(PERIODS), needed=True),
    Field("scope", "Mã phạm vi", needed=True),
    Field("name", "Phạm vi", needed=True),
    Field("unit", "Đơn vị tính", choices=tuple(UNITS), needed=True),
    Field("old_printed", "Đã công bố"),
    Field("old_numerator", "Tử số đã công bố", "integer"),
    Field("old_denominator", "Mẫu số đã công bố", "integer"),
    Field("old_met", "Đạt chỉ tiêu, đã công bố", "boolean"),
    Field("new_printed", "Điều chỉnh thành", description="để trống khi không còn trong báo cáo"),
    Field("new_numerator", "Tử số mới", "integer"),
    Field("new_denominator", "Mẫu số mới", "integer"),
    Field("new_met", "Đạt chỉ tiêu, mới", "boolean"),
)


def revisions_resource(history: History) -> Resource | None:
    """All that moved, oldest revision first; None where nothing ever did."""
    rows: list[Row] = [
        (
            revision.number,
            None if revision.on is None else revision.on.isoformat(),
            plain(revision.reason) or None,
            move.indicator,
            move.period,
            move.scope,
            move.name,
            move.unit,
            *_side(move.old),
            *_side(move.new),
        )
        for revision in history.revisions
        for move in revision.moves
    ]
    return _LISTING.resource(rows) if rows else None


def _side(side: Side | None) -> tuple[Value, Value, Value, Value]:
    if side is None:
        return None, None, None, None
    return side.printed, side.numerator, side.denominator, side.met


def _cell(field: Field, value: Value) -> SheetCell:
    if isinstance(value, bool):
        return SheetCell(MET if value else MISSED, "met" if value else "missed", "center")
    if isinstance(value, int):
        return SheetCell(Number(value), align="right")
    words: Mapping[str, str] = {"period": PERIODS, "unit": UNITS}.get(field.name, {})
    text = words.get(str(value), "" if value is None else str(value))
    return SheetCell(plain(text), align="right" if field.name.endswith("printed") else "left")


_LISTING = Listing(
    name=REVISIONS,
    title="Số liệu điều chỉnh",
    description="Các số liệu đã thay đổi so với bản công bố trước, qua từng lần điều chỉnh.",
    fields=_FIELDS,
    key=("revision", "indicator", "period", "scope"),
    sheet="Điều chỉnh",
    widths=(10, 13, 30, 34, 18, 22, 40, 14, 18, 12, 12, 12, 18, 12, 12, 12),
    cell=_cell,
    filtered=True,
)
