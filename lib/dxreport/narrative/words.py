"""Names of months and periods, and the words that several phrases share."""

from __future__ import annotations

from dxreport.periods import Month

MOST_NAMES = 10
"""A list of units that meet or miss a target is counted, not named, where it is longer."""

BY_RULE = "theo quy tắc về số liệu nhỏ"
"""Why a figure is not published: it is small, or would tell one that is."""

MET, MISSED = "đạt chỉ tiêu", "chưa đạt chỉ tiêu"
NO_TARGET = "chưa có chỉ tiêu nào đang áp dụng"


def month_name(month: Month) -> str:
    """ "tháng 9/2024"; January and February with a 0 before."""
    number = f"{month.month:02d}" if month.month < 3 else str(month.month)
    return f"tháng {number}/{month.year}"


def year_to_date_name(month: Month, since: Month | None = None) -> str:
    """ "9 tháng đầu năm 2024", "năm 2024" in December, "tháng đầu năm 2024" in January.

    Where it begins with `since` and not with January: "các tháng 7-9/2025", "tháng 7/2025".
    """
    if since is not None and since > month.january:
        if since == month:
            return month_name(month)
        return f"các tháng {since.month}-{month.month}/{month.year}"
    if month.month == 12:
        return f"năm {month.year}"
    months = "tháng" if month.month == 1 else f"{month.month} tháng"
    return f"{months} đầu năm {month.year}"
