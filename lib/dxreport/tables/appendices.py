"""The appendices of the letter, from facts: which units, in which groups, with which figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from dxreport import vi
from dxreport.catalogue import Catalogue, Unit
from dxreport.errors import DxError
from dxreport.facts import Fact, Facts
from dxreport.narrative import month_name, year_to_date_name
from dxreport.periods import Month
from dxreport.tables.model import (
    ABSENT,
    WITHHELD,
    Cell,
    Column,
    Row,
    Table,
    denominator_cell,
    numerator_cell,
    value_cell,
    verdict_cell,
)

NUMBERS = ("1.1", "1.2", "1.3", "2", "3.1", "3.2", "4")
"""The appendices in the order of the letter, each by what it is about: 1.3 is that of communes.

What a report calls them depends on which it has (`appendix_names`).
"""

_SIGNED = "documents_signed_rate"
_COPIES = "e_copy_rate"
_COMMUNE_COPIES = "e_copy_commune_mean"
_FILING = "online_filing_rate"
_OVERDUE = "procedures_overdue"
_OVERDUE_RATE = "procedures_overdue_rate"
_DIGITISED = "digitisation_rate"
_PAID = "online_payment_rate"

_VERDICT = "Đạt/chưa đạt"

Figures = Callable[[str], tuple[Cell, ...]]
"""From a scope to its figures: a cell for each column after the name."""


@dataclass(frozen=True)
class _Group:
    """Units under one name; `scope` is the group's own scope, where it has figures."""

    name: str
    units: tuple[Unit, ...]
    figures: tuple[Cell, ...] | None = None


def appendix(number: str, facts: Facts, catalogue: Catalogue, month: Month) -> Table | None:
    """Appendix `number` (one of `NUMBERS`) of the report for `month`.

    None where no unit of its level takes part in that month; `DxError` for another number.
    """
    maker = _Maker(facts, catalogue, month)
    if number in ("1.1", "1.2", "1.3"):
        return maker.documents(number)
    if number == "2":
        return maker.pakn()
    if number in ("3.1", "3.2"):
        return maker.copies(number)
    if number == "4":
        return maker.procedures()
    raise DxError(f"there is no appendix {number!r}; there are {', '.join(NUMBERS)}")


def appendices(facts: Facts, catalogue: Catalogue, month: Month) -> dict[str, Table]:
    """All appendices that `month` has, by number, in the order of the letter."""
    made = ((number, appendix(number, facts, catalogue, month)) for number in NUMBERS)
    return {number: table for number, table in made if table is not None}


def appendix_names(numbers: Iterable[str]) -> dict[str, str]:
    """What the appendices that a report has (of `NUMBERS`) are called there: "Phụ lục 1.1".

    They are numbered without a gap, a part only where there are several of it; one alone has no
    number, as Nghị định 30/2020/NĐ-CP asks for.
    """
    parts: dict[str, list[str]] = {}
    for number in numbers:
        parts.setdefault(number.partition(".")[0], []).append(number)
    if sum(map(len, parts.values())) == 1:
        return {number: "Phụ lục" for part in parts.values() for number in part}
    return {
        number: f"Phụ lục {first}.{second}" if len(part) > 1 else f"Phụ lục {first}"
        for first, part in enumerate(parts.values(), start=1)
        for second, number in enumerate(part, start=1)
    }


def month_label(month: Month) -> str:
    """ "Tháng 9/2024"; the months 1 and 2 with a 0 before, as letters write them."""
    return vi.upper_first(month_name(month))


def ytd_label(month: Month, since: Month | None = None) -> str:
    """ "9 tháng đầu năm 2024"; from another month than January, "Các tháng 7-9/2025"."""
    if month.month == 1:
        return f"Từ đầu năm {month.year}"
    return vi.upper_first(year_to_date_name(month, since))


def roman(number: int) -> str:
    """A number from 1 in Roman numerals."""
    figures = ""
    for value, sign in _ROMAN:
        figures += sign * (number // value)
        number %= value
    return figures


class _Maker:
    def __init__(self, facts: Facts, catalogue: Catalogue, month: Month) -> None:
        self.facts = facts
        self.catalogue = catalogue
        self.month = month
        self.units = catalogue.units_in(month)
        self.has_ratings = "pakn_satisfaction_mean" in catalogue.indicators
        self.in_month = month_label(month)
        self.since = catalogue.year_start(month)
        self.in_year = ytd_label(month, self.since)

    # -- the appendices ---------------------------------------------------------------------

    def documents(self, number: str) -> Table | None:
        level = {"1.1": "province", "1.2": "district", "1.3": "commune"}[number]
        units = self._reporting(_SIGNED, ("month", "ytd"), level)
        if not units:
            return None
        groups = self._by_district(units) if level == "commune" else (_Group("", units),)
        now, year = (self.in_month,), (self.in_year,)
        columns = (
            *_names(13, 64),
            Column("month_outgoing", "Văn bản đi", "right", 19, now),
            Column("month_signed", "Ký số từ hồ sơ công việc", "right", 22, now),
            Column("month_rate", "Tỷ lệ", "right", 20, now),
            Column("previous_rate", "Tháng trước", "right", 20, now),
            Column("change", "Tăng/giảm", "right", 25, now),
            Column("ytd_outgoing", "Văn bản đi", "right", 19, year),
            Column("ytd_signed", "Ký số từ hồ sơ công việc", "right", 22, year),
            Column("ytd_rate", "Tỷ lệ", "right", 20, year),
            Column("verdict", _VERDICT, "center", 20, year),
        )
        rows = self._rows(groups, self._documents_cells)
        total = self._total(f"level:{level}", self._documents_cells, level)
        notes = [*self._target_note(_SIGNED, level)]
        if any(row.cells[5].text == ABSENT for row in rows):
            notes.append(f"({ABSENT}) {self._why_absent()}.")
        whose = {
            "province": "các cơ quan, đơn vị cấp tỉnh",
            "district": f"UBND các {self._places('district')}",
            "commune": f"UBND các {self._places('commune')}",
        }[level]
        title = f"Kết quả ký số văn bản đi từ hồ sơ công việc của {whose}"
        return self._table(number, title, columns, (*rows, total), notes)

    def pakn(self) -> Table | None:
        groups = self._pakn_groups()
        if not groups:
            return None
        columns = [*_names(11, 49)]
        for period, spanner in (("month", self.in_month), ("ytd", self.in_year)):
            columns += [
                Column(f"{period}_received", "Tiếp nhận", "right", 14.5, (spanner,)),
                Column(f"{period}_resolved", "Đã xử lý", "right", 14.5, (spanner,)),
                Column(f"{period}_rate", "Tỷ lệ", "right", 16.5, (spanner,)),
                Column(f"{period}_backlog", "Tồn đọng", "right", 14.5, (spanner,)),
                *(
                    [
                        Column(
                            f"{period}_satisfaction",
                            "Mức độ hài lòng (điểm)",
                            "right",
                            18,
                            (spanner,),
                        )
                    ]
                    if self.has_ratings
                    else []
                ),
                Column(
                    f"{period}_days",
                    "Thời gian xử lý trung bình (ngày/PAKN)",
                    "right",
                    20.5,
                    (spanner,),
                ),
            ]
        rows = self._rows(groups, self._pakn_cells)
        total = self._total("all", self._pakn_cells)
        title = "Kết quả tiếp nhận, xử lý phản ánh kiến nghị"
        return self._table("2", title, tuple(columns), (*rows, total))

    def copies(self, number: str) -> Table | None:
        level = {"3.1": "district", "3.2": "commune"}[number]
        units = self._reporting(_COPIES, ("month", "ytd"), level)
        if not units:
            return None
        groups: tuple[_Group, ...] = (_Group("", units),)
        if level == "commune":
            groups = self._by_district(units, self._commune_copies_cells)
        columns = [*_names(13, 68)]
        for period, spanner in (("month", self.in_month), ("ytd", self.in_year)):
            columns += [
                Column(f"{period}_certified", "Tổng số chứng thực", "right", 24, (spanner,)),
                Column(f"{period}_electronic", "Bản sao điện tử", "right", 22, (spanner,)),
                Column(f"{period}_rate", "Tỷ lệ", "right", 20, (spanner,)),
                Column(f"{period}_verdict", _VERDICT, "center", 22, (spanner,)),
            ]
        rows = self._rows(groups, self._copies_cells)
        total = self._total(f"level:{level}", self._copies_cells, level)
        whose = {
            "district": f"UBND các {self._places('district')}",
            "commune": f"UBND các {self._places('commune')}",
        }[level]
        title = f"Kết quả chứng thực bản sao điện tử từ bản chính của {whose}"
        notes = self._target_note(_COPIES, level)
        return self._table(number, title, tuple(columns), (*rows, total), notes)

    def procedures(self) -> Table | None:
        levels = ["province", "district"]
        if not any(unit.level == "district" for unit in self.units):
            levels[1] = "commune"
        groups = []
        for level in ("province", "district", "commune"):
            own = f"level:{level}"
            units = self._reporting(_FILING, ("end",), level)
            if units:
                figures = self._procedures_cells(own)
                # A level outside the appendix stands with its sum only, so that all add up.
                shown = units if level in levels else ()
                groups.append(_Group(self.catalogue.level_names[level], shown, figures))
        if not any(group.units for group in groups):
            return None
        filing = ("Nộp hồ sơ trực tuyến",)
        overdue = ("Hồ sơ trễ hạn",)
        digitised = ("Số hóa hồ sơ",)
        paid = ("Thanh toán trực tuyến",)
        columns = (
            *_names(12, 62),
            Column("received", "Tiếp nhận", "right", 18, filing),
            Column("filed_online", "Nộp trực tuyến", "right", 18, filing),
            Column("filing_rate", "Tỷ lệ", "right", 19, filing),
            Column("filing_verdict", _VERDICT, "center", 19, filing),
            Column("overdue", "Số hồ sơ", "right", 17, overdue),
            Column("overdue_rate", "Tỷ lệ", "right", 18, overdue),
            Column("digitisation_rate", "Tỷ lệ", "right", 19, digitised),
            Column("digitisation_verdict", _VERDICT, "center", 19, digitised),
            Column("payment_rate", "Tỷ lệ", "right", 19, paid),
            Column("payment_verdict", _VERDICT, "center", 19, paid),
        )
        others: dict[str, list[Fact]] = {}
        for fact in self.facts.where(indicator=_FILING, period="end", prefix="unit:"):
            if "@" in fact.scope and fact.unit_id:
                others.setdefault(fact.unit_id, []).append(fact)
        rows = self._rows(groups, self._procedures_cells, others)
        total = self._total("all", self._procedures_cells)
        day = vi.legal_day(self.month.last)
        title = (
            "Kết quả giải quyết thủ tục hành chính, số hóa hồ sơ và thanh toán trực tuyến "
            f"của các cơ quan {self.catalogue.level_sentences[levels[0]]} và UBND "
            f"{self.catalogue.level_sentences[levels[1]]}"
        )
        notes = []
        for what, indicator in (
            ("nộp hồ sơ trực tuyến", _FILING),
            ("số hóa hồ sơ", _DIGITISED),
            ("thanh toán trực tuyến", _PAID),
        ):
            notes += self._targets_note(what, indicator, levels)
        return self._table("4", title, columns, (*rows, total), notes, f"tính đến {day}")

    # -- the figures of one scope -----------------------------------------------------------

    def _documents_cells(self, scope: str) -> tuple[Cell, ...]:
        now = self.facts.find(_SIGNED, "month", scope)
        before = self.facts.find(_SIGNED, "previous", scope)
        change = self.facts.find(f"{_SIGNED}_change", "month", scope)
        year = self.facts.find(_SIGNED, "ytd", scope)
        return (
            *self._counts(now, scope),
            value_cell(now),
            value_cell(before)
            if before is not None and (before.exists or before.suppressed)
            else Cell(ABSENT),
            _change_cell(change),
            *self._counts(year, scope),
            value_cell(year),
            verdict_cell(year),
        )

    def _pakn_cells(self, scope: str) -> tuple[Cell, ...]:
        cells: list[Cell] = []
        for period in ("month", "ytd"):
            cells += [
                numerator_cell(self.facts.find("pakn_received", period, scope)),
                numerator_cell(self.facts.find("pakn_resolved", period, scope)),
                value_cell(self.facts.find("pakn_resolution_rate", period, scope)),
                numerator_cell(self.facts.find("pakn_backlog", period, scope)),
                *(
                    [value_cell(self.facts.find("pakn_satisfaction_mean", period, scope))]
                    if self.has_ratings
                    else []
                ),
                value_cell(self.facts.find("pakn_processing_days_mean", period, scope)),
            ]
        return tuple(cells)

    def _copies_cells(self, scope: str) -> tuple[Cell, ...]:
        return self._copies_of(_COPIES, scope)

    def _commune_copies_cells(self, scope: str) -> tuple[Cell, ...]:
        return self._copies_of(_COMMUNE_COPIES, scope)

    def _copies_of(self, indicator: str, scope: str) -> tuple[Cell, ...]:
        cells: list[Cell] = []
        for period in ("month", "ytd"):
            fact = self.facts.find(indicator, period, scope)
            cells += [*self._counts(fact, scope), value_cell(fact), verdict_cell(fact)]
        return tuple(cells)

    def _procedures_cells(self, scope: str) -> tuple[Cell, ...]:
        filing = self.facts.find(_FILING, "end", scope)
        digitised = self.facts.find(_DIGITISED, "end", scope)
        paid = self.facts.find(_PAID, "end", scope)
        return (
            *self._counts(filing, scope),
            value_cell(filing),
            verdict_cell(filing),
            numerator_cell(self.facts.find(_OVERDUE, "end", scope)),
            value_cell(self.facts.find(_OVERDUE_RATE, "end", scope)),
            value_cell(digitised),
            verdict_cell(digitised),
            value_cell(paid),
            verdict_cell(paid),
        )

    def _counts(self, fact: Fact | None, scope: str) -> tuple[Cell, Cell]:
        """The denominator and the numerator; of a mean of units there are no such counts."""
        if fact is not None and not scope.startswith("unit:"):
            indicator = self.catalogue.indicators.get(fact.indicator)
            if indicator is not None and indicator.aggregate != "pooled":
                return Cell(), Cell()
        return denominator_cell(fact), numerator_cell(fact)

    # -- units and groups -------------------------------------------------------------------

    def _reporting(
        self, indicator: str, periods: Iterable[str], level: str | None = None
    ) -> tuple[Unit, ...]:
        """The units of the month that have a fact of the indicator, in the order of print."""
        return tuple(
            unit
            for unit in self.units
            if (level is None or unit.level == level)
            and any(self.facts.find(indicator, p, f"unit:{unit.unit_id}") for p in periods)
        )

    def _by_district(
        self, units: Sequence[Unit], figures: Figures | None = None
    ) -> tuple[_Group, ...]:
        """Communes under their districts; one nameless group where there are no districts."""
        by_id = self.catalogue.by_id
        members: dict[str | None, list[Unit]] = {}
        for unit in units:
            parent = unit.parent_id if unit.parent_id in by_id else None
            members.setdefault(parent, []).append(unit)
        groups = [
            _Group(
                unit.name,
                tuple(members[unit.unit_id]),
                figures(f"communes_of:{unit.unit_id}") if figures else None,
            )
            for unit in self.catalogue.units
            if unit.unit_id in members
        ]
        if None in members:
            others = f"Các {self._places('commune')} khác" if groups else ""
            groups.append(_Group(others, tuple(members[None])))
        return tuple(groups)

    def _pakn_groups(self) -> list[_Group]:
        kinds = self.catalogue.kind_names
        by_group: dict[str, list[Unit]] = {}
        for unit in self._reporting("pakn_received", ("month", "ytd")):
            by_group.setdefault(unit.kind if unit.kind in kinds else unit.level, []).append(unit)
        groups = [
            _Group(name, tuple(by_group[level]))
            for level, name in self.catalogue.level_names.items()
            if level in by_group
        ]
        return groups + [
            _Group(name, tuple(by_group[kind]), self._pakn_cells(f"kind:{kind}"))
            for kind, name in kinds.items()
            if kind in by_group
        ]

    # -- rows -------------------------------------------------------------------------------

    def _rows(
        self,
        groups: Sequence[_Group],
        figures: Figures,
        others: Mapping[str, Sequence[Fact]] = MappingProxyType({}),
    ) -> tuple[Row, ...]:
        """The rows of the groups; `others` are a unit's facts on the systems of others."""
        rows: list[Row] = []
        for at, group in enumerate(groups, start=1):
            if group.name:
                first = figures(f"unit:{group.units[0].unit_id}") if group.units else None
                blank = tuple(Cell() for _ in group.figures or first or ())
                cells = group.figures or blank
                rows.append(Row("group", (Cell(roman(at)), Cell(group.name), *cells)))
            for place, unit in enumerate(group.units, start=1):
                scope = f"unit:{unit.unit_id}"
                rows.append(
                    Row("unit", (Cell(vi.integer(place)), Cell(unit.name), *figures(scope)))
                )
                for fact in others.get(unit.unit_id, ()):
                    name = Cell(f"– {fact.name}")
                    rows.append(Row("unit", (Cell(), name, *figures(fact.scope))))
        return tuple(rows)

    def _total(self, scope: str, figures: Figures, level: str | None = None) -> Row:
        name = self.catalogue.all_name
        if level is not None:
            name = f"Tổng cộng {self.catalogue.level_sentences[level]}"
        return Row("total", (Cell(), Cell(name), *figures(scope)))

    # -- words ------------------------------------------------------------------------------

    def _table(
        self,
        number: str,
        title: str,
        columns: tuple[Column, ...],
        rows: tuple[Row, ...],
        notes: Iterable[str] = (),
        when: str | None = None,
    ) -> Table:
        notes = [*notes]
        if any(cell.text == WITHHELD for row in rows for cell in row.cells):
            notes.append(
                f"{WITHHELD} Không công bố: số liệu dựa trên quá ít trường hợp, hoặc từ đó có thể "
                "tính ra số liệu như vậy."
            )
        return Table(
            id=f"phu-luc-{number.replace('.', '-')}-bang",
            caption=f"{title} {when or self._when()}",
            columns=columns,
            rows=rows,
            notes=tuple(notes),
            head=1,
            width="landscape",
            caption_shown=False,
        )

    def _when(self) -> str:
        month, year = self.month, self.month.year
        if month.month == 1:
            return f"tháng {_month_figures(month)}/{year}"
        if self.since > month.january:
            if self.since == month:
                return month_name(month)
            return f"{month_name(month)} và {year_to_date_name(month, self.since)}"
        if month.month == 12:
            return f"tháng 12 và năm {year}"
        return f"tháng {_month_figures(month)} và {month.month} tháng đầu năm {year}"

    def _why_absent(self) -> str:
        is_new_world = self.catalogue.reorganised(self.month.previous, self.month) is not None
        return vi.NOT_COMPARED if is_new_world else vi.NO_PREVIOUS

    def _places(self, level: str) -> str:
        return self.catalogue.places(level, self.month)

    def _target_note(self, indicator: str, level: str) -> list[str]:
        target = self.catalogue.target(indicator, level, self.month)
        if target is None:
            return []
        return [f"Chỉ tiêu: từ {vi.exact(target.minimum)}% trở lên ({target.basis})."]

    def _targets_note(self, what: str, indicator: str, levels: Sequence[str]) -> list[str]:
        parts: list[str] = []
        bases: list[str] = []
        for level in levels:
            target = self.catalogue.target(indicator, level, self.month)
            if target is not None:
                name = self.catalogue.level_sentences[level]
                parts.append(f"{name} từ {vi.exact(target.minimum)}% trở lên")
                if target.basis not in bases:
                    bases.append(target.basis)
        if not parts:
            return []
        return [f"Chỉ tiêu {what}: {vi.joined(parts, ', ')} ({'; '.join(bases)})."]


def _names(number_width: float, name_width: float) -> tuple[Column, Column]:
    return (
        Column("stt", "STT", "center", number_width),
        Column("unit", "Đơn vị", "left", name_width),
    )


def _change_cell(fact: Fact | None) -> Cell:
    """The change in words; a dash, which a note explains, where there is nothing to compare."""
    if fact is None:
        return Cell(ABSENT)
    if fact.printed in (vi.NO_PREVIOUS, vi.NOT_COMPARED):
        return Cell(ABSENT, fact.key)
    return value_cell(fact)


def _month_figures(month: Month) -> str:
    return f"{month.month:02d}" if month.month < 3 else str(month.month)


_ROMAN = (
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
)
