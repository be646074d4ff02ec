"""The quality of the records in words, in Vietnamese for the report and in English too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from dxreport import vi
from dxreport.errors import Language
from dxreport.periods import Month
from dxreport.quality import CaseQuality, Quality, Share, TableQuality
from dxreport.reading.corrections import REASONS

TABLE_NAMES: Final = {
    "documents": ("outgoing documents", "Văn bản đi"),
    "e_copies": ("certified copies", "Chứng thực bản sao"),
    "pakn": ("PAKN", "PAKN"),
    "procedures": ("dossiers", "Hồ sơ thủ tục hành chính"),
    "units": ("units", "Danh mục đơn vị"),
    "targets": ("targets", "Chỉ tiêu"),
    "baselines": ("baselines", "Số liệu gốc"),
    "topics": ("topics", "Lĩnh vực"),
}
"""What a table holds, in English and in Vietnamese."""

_LEFT_OUT: Final = {
    "filtered": ("not asked for by the mapping", "không thuộc phạm vi lấy số liệu"),
    "other_months": ("of other months", "thuộc tháng khác"),
    "duplicates": ("recorded twice", "ghi trùng"),
    "refused": ("breaking a rule", "sai quy ước dữ liệu"),
    "skipped_totals": ("rows of totals", "dòng tổng cộng"),
    "skipped_blank": ("blank rows", "dòng trống"),
}
_OTHER: Final = ("no record", "không phải bản ghi")
_MOST_NAMES: Final = 10


@dataclass(frozen=True)
class Statement:
    """One line: what was looked at, and what was found. `is_odd` where it is worth a look."""

    about: str
    found: str
    is_odd: bool = False


def statements(quality: Quality, language: Language = "vi") -> tuple[Statement, ...]:
    """What was looked at and found, from the way in to the fingerprint."""
    return tuple(_Words(quality, language).all())


def intake_rows(quality: Quality) -> list[tuple[str, ...]]:
    """For the report's table: name, months, rows read, left out, kept, those of the month."""
    rows: list[tuple[str, ...]] = []
    for table in quality.tables:
        intake = table.intake
        read = table.rows if intake is None else intake.read
        out = 0 if intake is None else intake.read - intake.kept
        rows.append(
            (
                TABLE_NAMES[table.table][1],
                _span(table),
                vi.integer(read),
                vi.integer(out),
                vi.integer(table.rows),
                vi.integer(table.in_month),
            )
        )
    return rows


def _span(table: TableQuality) -> str:
    if table.first is None or table.last is None:
        return "–"
    first, last = (f"{m.month:02d}/{m.year}" for m in (table.first, table.last))
    return first if first == last else f"{first} – {last}"


class _Words:
    def __init__(self, quality: Quality, language: Language) -> None:
        self.quality = quality
        self.at = 1 if language == "vi" else 0

    def all(self) -> Iterator[Statement]:
        yield self._left_out()
        yield self._missing()
        if self.quality.month is not None:
            yield self._silent()
        yield self._alike()
        yield self._late()
        for case in self.quality.cases:
            yield self._outliers(case)
        yield self._complete()
        yield self._early()
        if self.quality.month is not None:
            yield self._not_counted()
        yield self._corrections()

    # -- parts ------------------------------------------------------------------------------

    def said(self, en: str, vietnamese: str) -> str:
        return (en, vietnamese)[self.at]

    def none(self) -> str:
        return self.said("none", "không có")

    def n(self, number: int) -> str:
        return vi.integer(number) if self.at else f"{number:,}"

    def name(self, table: str) -> str:
        name = TABLE_NAMES[table][self.at]
        return name if table == "pakn" else vi.lower_first(name)

    def month(self, month: Month) -> str:
        return f"{month.month}/{month.year}" if self.at else str(month)

    def share(self, share: Share) -> str:
        if not share.whole:
            return self.said("no case", vi.NO_CASES)
        percent = vi.decimal(Fraction(100 * share.part, share.whole), 1, trim=True)
        shown = percent if self.at else percent.replace(".", "").replace(",", ".")
        return f"{self.n(share.part)}/{self.n(share.whole)} ({shown}%)"

    def by_table(self, counts: Sequence[tuple[str, str]]) -> str:
        return "; ".join(f"{self.name(table)}: {found}" for table, found in counts)

    # -- lines ------------------------------------------------------------------------------

    def _left_out(self) -> Statement:
        about = self.said("Rows left out of the exports", "Dòng bị loại khi nạp")
        known = [(t.table, t.intake) for t in self.quality.tables if t.intake is not None]
        if not known:
            return Statement(
                about,
                self.said(
                    "none: the files are read as they stand (no manifest)",
                    "không có: tệp số liệu được đọc nguyên trạng, không qua bước nạp",
                ),
            )
        told = []
        for table, intake in known:
            reasons = ", ".join(
                f"{self.n(count)} {_LEFT_OUT.get(why, _OTHER)[self.at]}"
                for why, count in intake.left_out.items()
            )
            if reasons:
                told.append((table, reasons))
        is_odd = any(i.left_out.get(why) for _, i in known for why in ("refused", "duplicates"))
        return Statement(about, self.by_table(told) or self.none(), is_odd)

    def _missing(self) -> Statement:
        told = [
            (t.table, ", ".join(self.month(month) for month in t.missing))
            for t in self.quality.tables
            if t.missing
        ]
        about = self.said("Months missing between others", "Tháng thiếu số liệu")
        return Statement(about, self.by_table(told) or self.none(), bool(told))

    def _silent(self) -> Statement:
        about = self.said(
            "Units without a row in the month", "Đơn vị không có số liệu nào trong tháng"
        )
        names = self.quality.silent
        if not names:
            return Statement(about, self.none())
        few = ": " + ", ".join(names) if len(names) <= _MOST_NAMES else ""
        return Statement(about, f"{self.n(len(names))}{few}", is_odd=True)

    def _alike(self) -> Statement:
        told = [(t.table, self.n(t.alike)) for t in self.quality.tables if t.alike]
        about = self.said(
            "Records alike in all but their identifier",
            "Bản ghi nghi trùng (giống nhau mọi cột, chỉ khác mã)",
        )
        return Statement(about, self.by_table(told) or self.none(), bool(told))

    def _late(self) -> Statement:
        about = self.said(
            "Late arrivals (not in the first export of their month)",
            "Bản ghi đến muộn (chưa có trong lần nạp đầu tiên của tháng)",
        )
        known = [t for t in self.quality.tables if t.intake is not None]
        if not known:
            return Statement(
                about,
                self.said(
                    "not known without a manifest",
                    "không xác định được, vì bộ số liệu không có lịch sử nạp",
                ),
            )
        told = [(t.table, self.n(t.intake.late)) for t in known if t.intake and t.intake.late]
        return Statement(about, self.by_table(told) or self.none(), bool(told))

    def _outliers(self, case: CaseQuality) -> Statement:
        days = self.n(self.quality.outlier_days)
        about = self.said(
            f"{TABLE_NAMES[case.table][0]} that took or wait more than {days} days",
            f"{TABLE_NAMES[case.table][1]} xử lý (hoặc chờ xử lý) quá {days} ngày",
        )
        return Statement(vi.upper_first(about), self.share(case.outliers), bool(case.outliers.part))

    def _complete(self) -> Statement:
        told = [
            (
                case.table,
                self.said("due time ", "có hạn xử lý ")
                + self.share(case.with_due)
                + (
                    ""
                    if case.rated is None
                    else self.said(", rated of the resolved ", ", đã xử lý có đánh giá ")
                    + self.share(case.rated)
                ),
            )
            for case in self.quality.cases
        ]
        about = self.said("Completeness", "Mức độ đầy đủ")
        return Statement(about, self.by_table(told) or self.none())

    def _early(self) -> Statement:
        told = [
            (case.table, self.n(case.due_before_received))
            for case in self.quality.cases
            if case.due_before_received
        ]
        about = self.said("Due before they were received", "Hạn xử lý trước thời điểm tiếp nhận")
        return Statement(about, self.by_table(told) or self.none(), bool(told))

    def _not_counted(self) -> Statement:
        about = self.said("Rows that take no part", "Dòng không tính trong kỳ báo cáo")
        told = []
        for table in self.quality.tables:
            parts = []
            if table.later:
                later = self.said("received after the month", "phát sinh sau kỳ báo cáo")
                parts.append(f"{self.n(table.later)} {later}")
            if table.of_former_units:
                former = self.said("of units that are no more", "của đơn vị đã kết thúc hoạt động")
                parts.append(f"{self.n(table.of_former_units)} {former}")
            if parts:
                told.append((table.table, ", ".join(parts)))
        return Statement(about, self.by_table(told) or self.none(), bool(told))

    def _corrections(self) -> Statement:
        about = self.said("Values corrected (corrections.yml)", "Giá trị được đính chính")
        told = [
            (table, f"{self.n(count)} {REASONS[reason][self.at]}")
            for (table, reason), count in sorted(self.quality.corrections.items())
        ]
        return Statement(about, self.by_table(told) or self.none())
