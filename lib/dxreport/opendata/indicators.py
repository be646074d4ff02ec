"""The definitions beside the data: what each indicator is called, counts, and rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dxreport import vi
from dxreport.catalogue import LEVELS, Catalogue, Indicator
from dxreport.facts import Facts
from dxreport.opendata.facts import UNITS
from dxreport.opendata.model import (
    Field,
    Number,
    Resource,
    Row,
    Sheet,
    SheetCell,
    SheetRow,
    plain_headings,
)
from dxreport.tables.model import plain

INDICATORS = "indicators"

Cite = Callable[[str], Iterable[str]]
"""From an indicator to the names of the documents that set its target."""

_CHANGE, _SINCE = "_change", "_change_since_baseline"
_FIELDS = (
    Field("indicator", "Mã chỉ tiêu", needed=True),
    Field("section", "Mục", "integer", needed=True),
    Field("name", "Chỉ tiêu", needed=True),
    Field("formula", "Cách tính", needed=True),
    Field("basis", "Căn cứ", description="văn bản giao chỉ tiêu"),
    Field("unit", "Đơn vị tính", choices=tuple(UNITS), needed=True),
    Field("decimals", "Số chữ số thập phân khi in", description="theo phạm vi, nếu khác nhau"),
    Field("target_province", "Mức tối thiểu cấp tỉnh", "number", unit="%"),
    Field("target_district", "Mức tối thiểu cấp huyện", "number", unit="%"),
    Field("target_commune", "Mức tối thiểu cấp xã", "number", unit="%"),
)
_WIDTHS = (34, 6, 52, 60, 40, 14, 24, 11, 11, 11)


@dataclass(frozen=True)
class Definition:
    """One indicator of the facts, a derived one too; `spec` is what it derives from."""

    id: str
    section: int
    name: str
    formula: str
    unit: str
    spec: Indicator | None


def definitions(facts: Facts, catalogue: Catalogue) -> tuple[Definition, ...]:
    """The indicators of the facts, each once, in the facts' order."""
    found = {fact.indicator: fact for fact in reversed(facts.rows)}
    order = dict.fromkeys(fact.indicator for fact in facts)
    made = []
    for key in order:
        name, formula, spec = _named(key, catalogue)
        made.append(Definition(key, found[key].section, name, formula, found[key].unit, spec))
    return tuple(made)


def indicators_resource(facts: Facts, catalogue: Catalogue, cite: Cite) -> Resource:
    """The definitions as a resource; `cite` names the legal basis."""
    rows: list[Row] = []
    for one in definitions(facts, catalogue):
        targets: list[float | None] = [None] * len(LEVELS)
        if one.spec is not None and one.id == one.spec.id:
            own = (
                catalogue.target(one.id, level, facts.month) if level in one.spec.levels else None
                for level in LEVELS
            )
            targets = [None if target is None else float(target.minimum) for target in own]
        basis = "; ".join(cite(one.spec.id)) if one.spec is not None else ""
        texts = (plain(one.name), plain(one.formula), plain(basis) or None)
        rows.append((one.id, one.section, *texts, one.unit, _decimals(one), *targets))
    return Resource(
        name=INDICATORS,
        title="Danh mục chỉ tiêu và cách tính",
        description="Tên, cách tính, căn cứ, đơn vị tính và mức tối thiểu của từng chỉ tiêu.",
        fields=_FIELDS,
        rows=tuple(rows),
        sheet=Sheet(
            name="Chỉ tiêu",
            title="",
            headings=plain_headings([field.title for field in _FIELDS]),
            widths=_WIDTHS,
            rows=tuple(_row(row) for row in rows),
        ),
        key=("indicator",),
    )


def _named(key: str, catalogue: Catalogue) -> tuple[str, str, Indicator | None]:
    """Name, formula, and the indicator that it speaks of."""
    specs = catalogue.indicators
    if spec := specs.get(key):
        return spec.name, spec.formula, spec
    met = {spec.target_met.id: spec for spec in specs.values() if spec.target_met is not None}
    if spec := met.get(key):
        name = f"Số đơn vị đạt chỉ tiêu: {vi.lower_first(spec.name)}"
        return name, "số đơn vị đạt mức tối thiểu / số đơn vị có số liệu", spec
    if spec := specs.get(key.removesuffix(_SINCE)):
        name = f"{spec.name}: tăng, giảm so với mốc ban đầu"
        return name, "tỷ lệ của kỳ này, đã làm tròn, trừ tỷ lệ ở mốc ban đầu", spec
    if spec := specs.get(key.removesuffix(_CHANGE)):
        name = f"{spec.name}: tăng, giảm so với tháng trước"
        return name, "tỷ lệ của kỳ này trừ tỷ lệ của tháng trước, cả hai đã làm tròn", spec
    most = catalogue.settings.top_topics
    how = f"{vi.count(most)} nội dung có nhiều PAKN tiếp nhận nhất trong kỳ"
    return "Nội dung được phản ánh nhiều nhất", how, specs.get("pakn_received")


def _decimals(one: Definition) -> str:
    """ "1", or "all: 2; default: 1" where they depend on the scope."""
    if one.spec is None or one.unit in ("count", "units", "topics"):
        return "0"
    by_scope = one.spec.decimals
    if len(set(by_scope.values())) == 1:
        return str(next(iter(by_scope.values())))
    return "; ".join(f"{scope}: {places}" for scope, places in by_scope.items())


def _row(row: Row) -> SheetRow:
    cells = []
    for field, value in zip(_FIELDS, row, strict=True):
        if isinstance(value, float):
            number = Number(value, 0 if value.is_integer() else 1)
            cells.append(SheetCell(number, align="right"))
        elif isinstance(value, int):
            cells.append(SheetCell(Number(value), align="right"))
        else:
            text = UNITS.get(str(value), "") if field.name == "unit" else value
            cells.append(SheetCell(str(text or "")))
    return SheetRow(tuple(cells))
