"""Phrases of time: the periods of a report, their days, and where the year begins."""

from __future__ import annotations

from dataclasses import dataclass

from dxreport import vi
from dxreport.catalogue import Catalogue, Reorganisation
from dxreport.facts import Facts
from dxreport.markup import EMPTY, Markdown, join, md_escape
from dxreport.narrative.words import month_name, year_to_date_name
from dxreport.periods import Month, PeriodId, report_periods


@dataclass(frozen=True)
class Times:
    """Phrases over the facts of one month, whose words depend on its periods."""

    facts: Facts
    catalogue: Catalogue

    @property
    def month(self) -> Month:
        return self.facts.month

    def period(self, period: PeriodId) -> Markdown:
        """The period's name as a sentence begins with it: "Trong tháng 9/2024"."""
        if period == "month":
            return Markdown(f"Trong {month_name(self.month)}")
        if self.month.month == 1:
            return Markdown(f"Từ đầu năm {self.month.year}")
        if self.reorganisation is not None:
            return Markdown(f"Từ ngày {self._first_day} đến hết {month_name(self.month)}")
        where = "Cả" if self.month.month == 12 else "Trong"
        return Markdown(f"{where} {year_to_date_name(self.month)}")

    @property
    def reorganisation(self) -> Reorganisation | None:
        """What changed the units between January and this month, if anything did."""
        return self.catalogue.reorganised(self.month.january, self.month)

    @property
    def _first_day(self) -> str:
        return vi.legal_day(self.catalogue.year_start(self.month).first)

    def since(self) -> Markdown:
        """When the year to date begins: "từ đầu năm", "từ ngày 01/7/2025"."""
        if self.reorganisation is not None:
            return Markdown(f"từ ngày {self._first_day}")
        return Markdown("từ đầu năm")

    def year_dates(self) -> Markdown:
        """The year to date and its days, as the opening sentence names them."""
        if self.reorganisation is not None:
            return Markdown(f"lũy kế {self.dates('ytd')}")
        return Markdown(f"từ đầu năm {self.month.year} (số liệu {self.dates('ytd')})")

    def why_since(self) -> Markdown:
        """Why the year to date does not begin with January, a sentence; nothing where it does."""
        change = self.reorganisation
        if change is None:
            return EMPTY
        first = self._first_day
        basis = f" theo {md_escape(change.basis)}" if change.basis else ""
        alone = change.first == self.month
        compared = " và không so sánh với tháng trước" if alone else ""
        return Markdown(
            f"Từ ngày {first}, {md_escape(change.name)}{basis}. Số liệu trước ngày này thuộc các "
            "đơn vị cũ, khác về số lượng và địa bàn, nên số liệu lũy kế trong báo cáo được tính "
            f"từ ngày {first}, không cộng gộp với các tháng trước đó{compared}."
        )

    def year_told(self) -> Markdown:
        """The year to date and its days, to the end of the sentence, and why it begins there."""
        return join((f"{self.year_dates()}.", self.why_since()))

    def dates(self, period: PeriodId) -> Markdown:
        """ "từ ngày 01/9/2024 đến ngày 30/9/2024"."""
        span = report_periods(self.month, self.catalogue.year_start(self.month))[period]
        first, last = vi.legal_day(span.first.first), vi.legal_day(span.last.last)
        return Markdown(f"từ ngày {first} đến ngày {last}")

    @property
    def as_of(self) -> Markdown:
        """The last day of the report, "30/9/2024"."""
        return Markdown(vi.legal_day(self.month.last))
