"""The definitions beside the data: what each indicator is called, counts, and rests on."""

from __future__ import annotations

from dataclasses import dataclass

from dxreport.catalogue import LEVELS, Catalogue, Indicator
from dxreport.explain import Cite, Kinds
from dxreport.facts import Facts
from dxreport.opendata.facts import UNITS
from dxreport.opendata.model import Field, Listing, Resource, Row, Value
from dxreport.sheets import Number, SheetCell
from dxreport.vi import plain

INDICATORS = "indicators"

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
    kinds = Kinds(catalogue)
    made = []
    for key in order:
        kind = kinds.of(key)
        section, unit = found[key].section, found[key].unit
        made.append(Definition(key, section, kind.name, kind.formula, unit, kind.base))
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
    return _LISTING.resource(rows)


def _decimals(one: Definition) -> str:
    """ "1", or "all: 2; default: 1" where they depend on the scope."""
    if one.spec is None or one.unit in ("count", "units", "topics"):
        return "0"
    by_scope = one.spec.decimals
    if len(set(by_scope.values())) == 1:
        return str(next(iter(by_scope.values())))
    return "; ".join(f"{scope}: {places}" for scope, places in by_scope.items())


def _cell(field: Field, value: Value) -> SheetCell:
    if isinstance(value, float):
        return SheetCell(Number(value, 0 if value.is_integer() else 1), align="right")
    if isinstance(value, int):
        return SheetCell(Number(value), align="right")
    text = UNITS.get(str(value), "") if field.name == "unit" else value
    return SheetCell(str(text or ""))


_LISTING = Listing(
    name=INDICATORS,
    title="Danh mục chỉ tiêu và cách tính",
    description="Tên, cách tính, căn cứ, đơn vị tính và mức tối thiểu của từng chỉ tiêu.",
    fields=_FIELDS,
    key=("indicator",),
    sheet="Chỉ tiêu",
    widths=(34, 6, 52, 60, 40, 14, 24, 11, 11, 11),
    cell=_cell,
)
