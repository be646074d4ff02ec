"""Vietnamese numbers, dates, lists and order. Text in, text out: nothing here knows a metric."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction

NO_CASES = "không phát sinh"
"""What a rate without a denominator prints."""

WITHHELD = "không công bố"
"""What a figure prints that rests on too few cases to be published, or would tell one that does."""

NO_PREVIOUS = "không có số liệu tháng trước"
"""What a change prints where the month before has no figure."""

NOT_COMPARED = "không so sánh với tháng trước do các đơn vị đã thay đổi"
"""What a change prints where the month before had other units."""

# A number as it is written, not within a longer one: 1298, 1.298, 96,95.
_NUMBER = re.compile(r"(?<![\d.,])(?:\d{1,3}(?:\.\d{3})+|\d{1,18})(?:,\d{1,12})?(?!\d|[.,]\d)")
TURNING = "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
"""A pattern of the marks that turn the direction of the text that follows them."""

_MARK = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
HEAPED = f"({_MARK}){_MARK}+"
"""A pattern of more marks over a letter than any language writes; its group is what stays."""

_LETTERS = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}


def half_up(value: Fraction, decimals: int) -> int:
    """`value` rounded half away from zero, as an integer count of 10**-decimals."""
    scaled = abs(value) * 10**decimals
    rounded = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return int(-rounded if value < 0 else rounded)


def integer(value: int) -> str:
    """1298 as "1.298"."""
    return f"{value:,}".replace(",", ".")


def scaled(value: int, decimals: int, *, trim: bool = False) -> str:
    """An integer count of 10**-decimals in figures: (9695, 2) is "96,95".

    With `trim`, zeros at the end of the fraction go, and the comma with them.
    """
    whole, rest = divmod(abs(value), 10**decimals)
    fraction = str(rest).zfill(decimals) if decimals else ""
    if trim:
        fraction = fraction.rstrip("0")
    sign = "-" if value < 0 else ""
    return f"{sign}{integer(whole)}{',' + fraction if fraction else ''}"


def decimal(value: Fraction, decimals: int, *, trim: bool = False) -> str:
    """`value` half up to `decimals` places, with a comma and thousands separated by a point."""
    return scaled(half_up(value, decimals), decimals, trim=trim)


def exact(value: Fraction) -> str:
    """A terminating decimal in full: Fraction(85, 2) is "42,5"."""
    for places in range(13):
        if (value * 10**places).denominator == 1:
            return scaled(int(value * 10**places), places)
    return decimal(value, 12, trim=True)


def numbers(text: str) -> Iterator[tuple[str, Fraction, int]]:
    """The numbers in a text: as written, what they are (without a sign), how many decimals."""
    for found in _NUMBER.finditer(text):
        whole, _, decimals = found[0].partition(",")
        number = Fraction(int(whole.replace(".", "") + decimals), 10 ** len(decimals))
        yield found[0], number, len(decimals)


def day(value: date) -> str:
    """dd/mm/yyyy."""
    return f"{value.day:02d}/{value.month:02d}/{value.year:04d}"


def legal_day(value: date) -> str:
    """A date as letters write it: the day with two figures, the month with two for 1 and 2 only."""
    month = f"{value.month:02d}" if value.month < 3 else str(value.month)
    return f"{value.day:02d}/{month}/{value.year:04d}"


def count(value: int) -> str:
    """A count of things in a sentence: below ten with a 0 before, "07"."""
    return f"{value:02d}" if 0 < value < 10 else integer(value)


def joined(items: Sequence[str], last: str = " và ") -> str:
    """ "a, b và c"."""
    if len(items) < 2:
        return "".join(items)
    return ", ".join(items[:-1]) + last + items[-1]


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


_USUAL = re.compile(
    "[ -~\u00a0-\u00ac\u00ae-\u024f\u1e00-\u1eff\u2013\u2014\u2018-\u201d\u2026\u20ab\u2264\u2265]*"
)
"""What is plain already: nearly all texts, and most of the time that `plain` would take."""


def plain(text: str) -> str:
    """The text on one line, NFC, without what no format can carry.

    Control characters, lone surrogates, marks that turn the direction of what follows and more
    marks than a letter has go.
    """
    if _USUAL.fullmatch(text):
        return text
    kept = []
    for char in re.sub(TURNING, "", nfc(text)):
        category = unicodedata.category(char)
        if char.isspace() and char != "\u00a0":
            kept.append(" ")
        elif category not in ("Cc", "Cs", "Cn"):
            kept.append(char)
    return re.sub(HEAPED, r"\1", "".join(kept))


def collation_key(text: str) -> tuple[tuple[int, ...], tuple[int, ...], str]:
    """Sorts by the Vietnamese alphabet: letters first (a ă â b … d đ e ê), then tones."""
    letters: list[int] = []
    tones: list[int] = []
    for char in nfc(text).lower():
        decomposed = unicodedata.normalize("NFD", char)
        tone = next((_TONES[mark] for mark in decomposed if mark in _TONES), 0)
        base = nfc("".join(mark for mark in decomposed if mark not in _TONES))
        at = _LETTERS.find(base)
        letters.append(1000 + at if at >= 0 else min(ord(base[0]), 999) if base else 0)
        tones.append(tone)
    return tuple(letters), tuple(tones), text


def in_order(texts: Iterable[str]) -> list[str]:
    """Texts in Vietnamese order (Ăn and Ánh before Bình, Điện after Dân)."""
    return sorted(texts, key=collation_key)


def lower_first(text: str) -> str:
    """The text with a small first letter, for a name in the middle of a sentence."""
    return text[:1].lower() + text[1:]


def upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


_PLACES = ("thành phố", "thị xã", "huyện", "quận", "phường", "xã", "thị trấn", "đặc khu")


def name_in_sentence(name: str) -> str:
    """A name inside a sentence: "Huyện Tiên Du" with a small h, "Sở Tư pháp" as it is."""
    is_place = nfc(name).lower().startswith(tuple(f"{place} " for place in _PLACES))
    return lower_first(name) if is_place else name
