"""Words that captions and tooltips share. Plain text, never markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from dxreport import vi
from dxreport.analysis import Analysis
from dxreport.facts import Fact
from dxreport.narrative import year_to_date_name
from dxreport.periods import Month

NO_DATA = "Không có số liệu"

_FINEST = 1_728_000
"""Parts of a day of which every quantile of whole seconds (to a 20th) is a whole number."""

_MOST_NAMES = 3


def days(value: float | None, places: int = 1) -> str:
    """A quantile of days as a reader sees it, half up on the exact value: "5 ngày"."""
    if value is None:
        return vi.NO_CASES
    exact = Fraction(round(value * _FINEST), _FINEST)
    return f"{vi.decimal(exact, places, trim=True)} ngày"


def percent(part: int, whole: int, places: int = 1) -> str:
    """part/whole as a percentage, half up; an exact 0 or 100 without decimals."""
    if not whole:
        return vi.NO_CASES
    share = Fraction(100 * part, whole)
    return f"{vi.decimal(share, 0 if share in (0, 100) else places)}%"


def share(value: float, places: int = 0) -> str:
    """A share between 0 and 1, such as a survival curve gives, as a percentage."""
    return f"{vi.decimal(Fraction(value) * 100, places)}%"


def ratio(part: int, whole: int) -> str:
    """The pair of integers behind a figure: "193/382"."""
    return f"{vi.integer(part)}/{vi.integer(whole)}"


def sample(n: int) -> str:
    """The size of a sample beside its figure."""
    return f"n = {vi.integer(n)}"


def as_of(month: Month) -> str:
    return f"Số liệu tính đến hết ngày {vi.legal_day(month.last)}."


def year(analysis: Analysis) -> str:
    """The year to date inside a sentence: "9 tháng đầu năm 2024"."""
    return year_to_date_name(analysis.month, analysis.since)


def since(analysis: Analysis) -> str:
    """When the year to date begins: "từ đầu năm", "từ ngày 01/7/2025"."""
    if analysis.since == analysis.month.january:
        return "từ đầu năm"
    return f"từ ngày {vi.legal_day(analysis.since.first)}"


def whole(analysis: Analysis) -> str:
    """The whole office inside a sentence: "toàn tỉnh"."""
    return vi.lower_first(analysis.catalogue.all_name)


def named(names: Sequence[str], noun: str = "đơn vị") -> str:
    """Names in a sentence; of many, the first ones and how many more."""
    if len(names) <= _MOST_NAMES + 1:
        return vi.joined([vi.name_in_sentence(name) for name in names])
    rest = f"{vi.count(len(names) - _MOST_NAMES)} {noun} khác"
    return vi.joined([*(vi.name_in_sentence(name) for name in names[:_MOST_NAMES]), rest])


def sentence(text: str) -> str:
    """The text with a capital first letter and a full stop."""
    body = vi.upper_first(" ".join(text.split()))
    return body if body.endswith((".", "!", "?", "…")) else body + "."


def highest(facts: Iterable[Fact]) -> list[Fact]:
    return [fact for fact in facts if fact.rank_high == 1]


def lowest(facts: Iterable[Fact]) -> list[Fact]:
    return [fact for fact in facts if fact.rank_low == 1]


def extremes(facts: Sequence[Fact], low: str, high: str) -> str:
    """The two ends among ranked facts: "{low} là a (6 ngày); {high} là b (32,5 ngày)".

    Ties are all named. One unit has no other to compare with, and where all are equal none
    is named.
    """
    ranked = [fact for fact in facts if fact.rank_high is not None]
    if not ranked:
        return ""
    best, worst = lowest(ranked), highest(ranked)
    if len(ranked) == 1:
        return f"chỉ {vi.name_in_sentence(ranked[0].name)} có số liệu ({ranked[0].printed})"
    if len(best) == len(ranked):
        return f"các đơn vị bằng nhau ({ranked[0].printed})"
    return f"{low} là {_group(best)}; {high} là {_group(worst)}"


def _group(facts: Sequence[Fact]) -> str:
    return f"{named([fact.name for fact in facts])} ({facts[0].printed})"
