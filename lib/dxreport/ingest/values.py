"""One cell of an export as a value of the contract, or why it is none.

Every function takes a cell as it is stored (text, a number, a time) and gives a value; `Wrong`
says what was expected. Nothing is guessed: what can be read in two ways is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal
from zoneinfo import ZoneInfo

from dxreport.ingest.header import months_in, name_of
from dxreport.ingest.sheets import Cell
from dxreport.ingest.text import clean
from dxreport.vi import half_up

SERIAL: Final = "serial"
"""The `formats` entry for a number of days since 1900, as a spreadsheet keeps a date."""

YES: Final = frozenset(
    map(name_of, ("có", "x", "✓", "✔", "1", "true", "yes", "y", "t", "đúng", "đã", "rồi"))
)
NO: Final = frozenset(
    map(name_of, ("không", "0", "false", "no", "n", "f", "sai", "chưa", "✗", "✘"))
)

_TIME = (
    r"(\d{1,2})[:hH](\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:\s*(AM|PM|SA|CH|am|pm|a\.m\.|p\.m\.))?"
)
_OFFSET = r"(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)"
_DATES: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("ymd", re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")),
    ("xxy", re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")),
)
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?")
_DAY: Final = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_MARKS: Final = re.compile(r"\b(?:AM|PM|SA|CH|UTC|GMT)\b", re.IGNORECASE)
_AFTER: Final = re.compile(rf"(?:[T ,]+{_TIME})?(?:\s*{_OFFSET})?")
_BEFORE: Final = re.compile(rf"{_TIME}[, ]+(?=\d)")
_FIRST_SERIAL, _LAST_SERIAL = 1, 2_958_465  # 31/12/9999
_EPOCH: Final = datetime(1899, 12, 30)
_EXACT: Final = 1e15
_SHORT_EMPTY, _LONGEST_EMPTY = 8, 16
_INTEGERS: Final = {
    "vi": re.compile(r"-?(?:\d{1,3}(?:\.\d{3})+|\d{1,3}(?: \d{3})+|\d+)(?:,0+)?"),
    "en": re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d+)(?:\.0+)?"),
}
_PERCENT: Final = re.compile(r"(\d{1,3})(?:[.,](\d+))? ?%?")


class Wrong(Exception):
    """A cell that cannot be read; the message says what was expected. `rule` names the kind."""

    def __init__(self, expected: str, rule: str = "type") -> None:
        super().__init__(expected)
        self.rule = rule


@dataclass(frozen=True)
class Times:
    """How times are written: the order of day and month, patterns of their own, the zone."""

    order: Literal["dmy", "mdy"]
    formats: tuple[str, ...]
    zone: ZoneInfo
    convert: bool
    end_of_day: bool = False


def text(cell: Cell) -> str:
    """A cell as text, as a person sees it; a time in ISO form."""
    if isinstance(cell, str):
        return clean(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        if isinstance(cell, float) and abs(cell) >= _EXACT:
            raise Wrong("expected text: a spreadsheet keeps only 15 digits of a number")
        return str(int(cell)) if float(cell).is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return "" if cell is None else str(cell)


def is_empty(cell: Cell, empty: frozenset[str]) -> bool:
    """Whether a cell holds nothing, or one of the texts that stand for nothing."""
    if cell is None:
        return True
    if not isinstance(cell, str):
        return False
    # Few cells are as short as the texts that stand for nothing.
    short = len(cell) <= _LONGEST_EMPTY or any(len(text) > _SHORT_EMPTY for text in empty)
    return not cell.strip() or (short and name_of(cell) in empty)


def listed(cell: Cell, values: Mapping[str, object]) -> object:
    """The value that the cell's spelling stands for; `KeyError` where none is listed."""
    return values[name_of(text(cell))]


# Numbers and truth -------------------------------------------------------------------------


def integer(cell: Cell, numbers: Literal["vi", "en"]) -> int:
    """1298, 1298.0, "1.298" (vi) or "1,298" (en) as 1298."""
    if isinstance(cell, bool):
        raise Wrong("expected a whole number")
    if isinstance(cell, int | float):
        if isinstance(cell, float) and not (cell.is_integer() and abs(cell) < _EXACT):
            raise Wrong("expected a whole number")
        return _within(int(cell))
    written = text(cell)
    if not _INTEGERS[numbers].fullmatch(written):
        sample = "1.298" if numbers == "vi" else "1,298"
        raise Wrong(f"expected a whole number, such as 1298 or {sample}")
    thousands, decimal = (".", ",") if numbers == "vi" else (",", ".")
    return _within(int(written.replace(thousands, "").replace(" ", "").split(decimal)[0]))


def _within(value: int) -> int:
    if abs(value) >= 1 << 63:
        raise Wrong("expected a whole number of at most 18 digits")
    return value


def boolean(cell: Cell) -> bool:
    """có/không, 1/0, true/false and the like."""
    if isinstance(cell, bool):
        return cell
    word = name_of(text(cell))
    if word in YES:
        return True
    if word in NO:
        return False
    raise Wrong("expected có or không, 1 or 0, true or false; other words are listed in `values`")


def is_positive(cell: Cell, numbers: Literal["vi", "en"]) -> bool:
    """Whether a number, an amount of money for example, is above 0."""
    if isinstance(cell, bool):
        raise Wrong("expected a number")
    if isinstance(cell, int | float):
        return cell > 0
    written = re.sub(r"\s*(đồng|đ|vnđ|vnd|₫|\$|€)$", "", text(cell).casefold())
    thousands, point = (".", ",") if numbers == "vi" else (",", ".")
    plain = written.replace(" ", "").replace(thousands, "").replace(point, ".")
    if not re.fullmatch(r"-?\d+(\.\d+)?", plain):
        raise Wrong("expected a number")
    return Decimal(plain) > 0


def numerator(cell: Cell, whole: int | None) -> int:
    """The one whole number that is this percentage of `whole`, as printed.

    "96,95%" of 1.298 is 1258, since no other whole number prints so. A number of at most 1 is a
    share, as a cell with a percent format holds it.
    """
    if whole is None:
        raise Wrong("expected the number that this is a percentage of; it is empty")
    if isinstance(cell, int | float) and not isinstance(cell, bool) and 0 <= cell <= 1:
        exact = cell * whole
        if abs(exact - round(exact)) > 1e-6 * max(1, whole):
            raise Wrong("expected a share that a whole number has")
        return round(exact)
    found = _PERCENT.fullmatch(text(cell))
    if found is None:
        raise Wrong("expected a percentage, such as 96,95%")
    decimals = len(found[2] or "")
    printed = int(found[1] + (found[2] or ""))
    near = printed * whole // (100 * 10**decimals)
    span = whole // (100 * 10**decimals) + 2
    fits = [
        n
        for n in range(max(0, near - span), min(whole, near + span) + 1)
        if (half_up(Fraction(100 * n, whole), decimals) if whole else 0) == printed
    ]
    if len(fits) != 1:
        how = "several whole numbers have" if fits else "no whole number has"
        raise Wrong(f"expected a percentage that one whole number has; {how} it")
    return fits[0]


# Times -------------------------------------------------------------------------------------


def instant(cell: Cell, times: Times) -> datetime:
    """A local date and time without a zone, to the microsecond."""
    if isinstance(cell, datetime):
        return _local(_rounded(cell), times)
    if isinstance(cell, date):
        return _day(cell, times)
    if isinstance(cell, bool | time | timedelta):
        raise _no_time(times)
    if isinstance(cell, int | float) and SERIAL in times.formats:
        return _serial(float(cell))
    written = text(cell)
    for form in times.formats:
        if form != SERIAL:
            try:
                parsed = datetime.strptime(written, form)
            except ValueError:
                continue
            return _local(parsed, times)
    return _parsed(written, times)


def day_month_text(cell: Cell, times: Times) -> str:
    """A month, YYYY-MM, from any of the ways to write one, or from a date in it."""
    if isinstance(cell, datetime | date):
        at = instant(cell, times)
        return f"{at.year:04d}-{at.month:02d}"
    written = text(cell)
    if found := re.fullmatch(r"((?:19|20)\d\d)[-/. ]?(0?[1-9]|1[0-2])", written):
        return f"{found[1]}-{int(found[2]):02d}"
    try:
        at = instant(cell, times)
    except Wrong:
        # A day that does not exist, or whose month is in the day's place, is in no month.
        if len(_DAY.findall(written)) == 1 and not re.search(
            r"[^\W\d_]{2}", _MARKS.sub("", written)
        ):
            raise
        months = months_in([written])
        if len(months) == 1:
            return months[0]
        raise Wrong("expected a month, such as 2024-09, 09/2024 or tháng 9 năm 2024") from None
    return f"{at.year:04d}-{at.month:02d}"


def working_days_after(at: datetime, days: int) -> datetime:
    """The same time so many days later, Saturdays and Sundays not counted."""
    while days:
        at += timedelta(days=1)
        days -= at.weekday() < 5
    return at


def _parsed(written: str, times: Times) -> datetime:
    clock = None
    rest = written
    if before := _BEFORE.match(written):
        clock, rest = before.groups(), written[before.end() :]
    for kind, pattern in _DATES:
        found = pattern.match(rest)
        after = found and _AFTER.fullmatch(rest, found.end())
        if not found or not after:
            continue
        one, two, three = (int(part) for part in found.groups())
        if kind == "ymd":
            year, month, day = one, two, three
        elif times.order == "dmy":
            year, month, day = three, two, one
        else:
            year, month, day = three, one, two
        *given, offset = after.groups()
        return _made(year, month, day, clock or tuple(given), offset, times)
    if clock is None and (compact := _COMPACT.fullmatch(written)):
        year, month, day = (int(part) for part in compact.groups()[:3])
        hour, minute, second = compact.groups()[3:]
        given = [hour, minute, second, None, None]
        return _made(year, month, day, tuple(given), None, times)
    raise _no_time(times)


def _made(
    year: int,
    month: int,
    day: int,
    clock: Sequence[str | None],
    offset: str | None,
    times: Times,
) -> datetime:
    hour, minute, second, fraction, half = clock
    try:
        if hour is None or minute is None:
            return _day(date(year, month, day), times)
        hours = int(hour)
        if half:
            if not 1 <= hours <= 12:
                raise ValueError
            afternoon = half[0] in "PpC"
            hours = hours % 12 + (12 if afternoon else 0)
        micro = int((fraction or "0")[:6].ljust(6, "0"))
        at = datetime(year, month, day, hours, int(minute), int(second or 0), micro)
    except ValueError:
        raise Wrong(f"expected a day and time that exist; {_order(times)}") from None
    if offset:
        at = at.replace(tzinfo=_zone(offset))
    return _local(at, times)


def _zone(offset: str) -> timezone:
    if offset[0] not in "+-":
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if minutes >= 24 * 60:
        raise Wrong("expected an offset of less than a day")
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def _local(at: datetime, times: Times) -> datetime:
    if at.tzinfo is None:
        return at
    if times.convert:
        try:
            at = at.astimezone(times.zone)
        except (OverflowError, ValueError):
            raise Wrong("expected a day and time that exist") from None
    return at.replace(tzinfo=None)


def _day(day: date, times: Times) -> datetime:
    return datetime.combine(day, time(23, 59, 59) if times.end_of_day else time())


def _serial(days: float) -> datetime:
    if not _FIRST_SERIAL <= days <= _LAST_SERIAL:
        raise Wrong("expected a number of days since 1900")
    return _rounded(_EPOCH + timedelta(days=days))


def _rounded(at: datetime) -> datetime:
    """Without what a spreadsheet's fraction of a day leaves over: .999 of a second and the like."""
    near = round(at.microsecond / 1e6) * 1_000_000
    return (
        at + timedelta(microseconds=near - at.microsecond)
        if (0 < abs(near - at.microsecond) < 2_000)
        else at
    )


def _no_time(times: Times) -> Wrong:
    sample = "30/09/2024 16:45" if times.order == "dmy" else "09/30/2024 4:45 PM"
    return Wrong(f"expected a date or a date and time, such as {sample} or 2024-09-30T16:45:00")


def _order(times: Times) -> str:
    return (
        "the day is first (dates: dmy)"
        if times.order == "dmy"
        else ("the month is first (dates: mdy)")
    )
