"""Which row has the headings, and which rows below it are records.

Exports have titles above the headings (merged over the sheet), numbers of columns below them,
blank rows, rows of totals, and signatures at the end. The row of headings is the one with the
names that a mapping wants.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Final

from dxreport.ingest.sheets import Cell, Sheet, Unreadable
from dxreport.ingest.text import clean, fold

PATH: Final = ">"
"""Between the names of a heading and of the merged heading above it: "Hồ sơ > Trực tuyến"."""

_NUMBERED: Final = re.compile(r"\(?(?:[A-ZĐ]|\d{1,2})\)?(?:\s*=.*)?")
_DATELINE: Final = re.compile(r"\bngayF (?:\d+ )?thangS (?:\d+ )?năm(?: \d+)?$")
_MONTHS: Final = (
    re.compile(r"(?<!\d )\b(?:thangS|t) ?(\d{1,2}) (?:năm )?((?:19|20)\d\d)\b"),
    re.compile(r"\b\d{1,2} (\d{1,2}) ((?:19|20)\d\d)\b"),
    re.compile(r"(?<!\d )\b(\d{1,2}) ((?:19|20)\d\d)\b"),
    re.compile(r"\b(?P<year>(?:19|20)\d\d) ?(?P<month>\d\d)\b"),
)


@dataclass(frozen=True)
class Wanted:
    """What to look for: columns by their spellings, which of them must be there, and in which
    every record has a value."""

    columns: Sequence[Sequence[str]]
    needed: frozenset[int]
    filled: frozenset[int]
    within: int
    totals: Sequence[str]
    end: Sequence[str]


@dataclass
class Found:
    """A table: for each wanted column its values (None where there is none), and the rows' numbers.

    `headings` are the names of the columns as the file writes them. `skipped` counts the rows
    that are no records, by why; `months` are those that the rows above the headings speak of.
    """

    sheet: str
    header_row: int
    headings: list[str | None]
    rows: list[int] = field(default_factory=list)
    columns: list[list[Cell]] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    months: list[str] = field(default_factory=list)


def name_of(text: str) -> str:
    """What two spellings of a heading have in common."""
    return fold(text) or clean(text)


def read(sheets: Iterator[Sheet], wanted: Wanted) -> Found:
    """The table of the first sheet that has one. Raises `Unreadable` where none has."""
    nearest: tuple[int, Unreadable] | None = None
    for sheet in sheets:
        head = list(islice(sheet.rows, wanted.within))
        try:
            at, columns, headings = _header(sheet, head, wanted)
        except _Near as near:
            if nearest is None or near.found > nearest[0]:
                nearest = near.found, near.reason
            continue
        found = Found(sheet.name, sheet.first + at, headings, months=_months(head[:at]))
        rows = enumerate(chain(head[at + 1 :], sheet.rows), sheet.first + at + 1)
        _collect(found, rows, columns, wanted, len(head[at]) if sheet.ragged else None, head[at])
        return found
    raise nearest[1] if nearest else Unreadable("expected a sheet with a table, found none")


class _Near(Exception):
    def __init__(self, found: int, reason: Unreadable) -> None:
        self.found, self.reason = found, reason


def _header(
    sheet: Sheet, head: Sequence[Sequence[Cell]], wanted: Wanted
) -> tuple[int, list[int | None], list[str | None]]:
    """The place of the row of headings, the wanted columns' places in it, and their names."""
    filled = _filled(head, sheet.merged)
    best: tuple[int, int] | None = None
    for at, row in enumerate(filled):
        places = _places(row, filled[at - 1] if at else [])
        hits = sum(any(name_of(s) in places for s in wanted.columns[n]) for n in wanted.needed)
        if best is None or _is_better(hits, at, best, sheet):
            best = hits, at
    if best is None:
        raise _Near(0, Unreadable("expected a row of headings; there are no rows"))
    hits, at = best
    number = sheet.first + at
    on = f" on sheet {sheet.name}" if sheet.name else ""
    places = _places(filled[at], filled[at - 1] if at else [])
    columns: list[int | None] = []
    missing = []
    for n, spellings in enumerate(wanted.columns):
        place = None
        for spelling in spellings:
            there = places.get(name_of(spelling), ())
            if len(there) > 1:
                reason = f"expected one column named {spelling!r}{on}, found {len(there)}"
                raise _Near(hits, Unreadable(reason, number))
            if there:
                place = there[0]
                break
        if place is None and n in wanted.needed:
            missing.append(" or ".join(repr(spelling) for spelling in spellings))
        columns.append(place)
    if missing:
        if hits:
            reason = f"expected a column named {', and one '.join(missing)}{on}, found none"
            raise _Near(hits, Unreadable(reason, number))
        names = ", ".join(wanted.columns[n][0] for n in sorted(wanted.needed))
        raise _Near(
            0,
            Unreadable(
                f"expected a row of headings with {names}{on}, "
                f"found none in the first {wanted.within} rows"
            ),
        )
    headings = [None if c is None else clean(str(filled[at][c])) for c in columns]
    return at, columns, headings


def _is_better(hits: int, at: int, best: tuple[int, int], sheet: Sheet) -> bool:
    """Whether a row has more of the headings than the best above it, or is the same headings'
    lower part. Headings that come again further down are those of a next page."""
    most, there = best
    return hits > most or (
        hits == most > 0
        and any(top <= there < at <= bottom for (top, _), (bottom, _) in sheet.merged)
    )


def _filled(
    head: Sequence[Sequence[Cell]], merged: Sequence[tuple[tuple[int, int], tuple[int, int]]]
) -> list[list[Cell]]:
    """The first rows with each merged cell's value in all the cells that it covers."""
    filled = [list(row) for row in head]
    for (top, left), (bottom, right) in merged:
        if top >= len(filled) or left < 0 or left >= len(filled[top]):
            continue
        value = filled[top][left]
        for row in filled[top : bottom + 1]:
            for column in range(left, min(right + 1, len(row))):
                row[column] = value
    return filled


def _places(row: Sequence[Cell], above: Sequence[Cell]) -> Mapping[str, tuple[int, ...]]:
    """Where each name stands: a heading alone, and behind the one above it."""
    places: dict[str, tuple[int, ...]] = {}
    for column, cell in enumerate(row):
        if not isinstance(cell, str):
            continue
        names = [name_of(cell)]
        over = above[column] if column < len(above) else None
        if isinstance(over, str) and over != cell:
            names.append(name_of(f"{over} {PATH} {cell}"))
        for name in names:
            if name:
                places[name] = (*places.get(name, ()), column)
    return places


# Rows --------------------------------------------------------------------------------------


def _collect(
    found: Found,
    rows: Iterator[tuple[int, list[Cell]]],
    columns: Sequence[int | None],
    wanted: Wanted,
    width: int | None,
    header: Sequence[Cell],
) -> None:
    totals = {fold(text) for text in wanted.totals}
    ends = tuple(fold(text) + " " for text in wanted.end)
    names = [name_of(cell) if isinstance(cell, str) else "" for cell in header]
    headings = set(names) - {""}
    there = [column for column in columns if column is not None]
    always = [column for n in wanted.filled if (column := columns[n]) is not None]
    found.columns = [[] for _ in columns]
    keep = [(values, column) for values, column in zip(found.columns, columns, strict=True)]
    skipped: Counter[str] = Counter()
    ended: int | None = None

    def is_filled(row: list[Cell], column: int) -> bool:
        return column < len(row) and not _is_blank(row[column])

    for number, row in rows:
        first = next((cell for cell in row if not _is_blank(cell)), None)
        if first is None or not any(is_filled(row, column) for column in there):
            skipped["blank" if ended is None else "below"] += 1
            continue
        whole = all(is_filled(row, column) for column in always)
        if ended is not None:
            if whole:
                raise Unreadable(
                    f"expected nothing below the end of the table (row {ended}), found a record; "
                    "`rows.end` says which words end it",
                    number,
                )
            skipped["below"] += 1
            continue
        words = fold(first) if isinstance(first, str) else ""
        if words in totals:
            skipped["totals"] += 1
        elif not whole and words and (f"{words} ".startswith(ends) or _DATELINE.search(words)):
            ended = number
            skipped["below"] += 1
        elif words in headings and _is_header(row, names):
            skipped["headings"] += 1
        elif number == found.header_row + 1 and _is_numbering(row):
            skipped["numbering"] += 1
        else:
            if width is not None and _misses(row, width):
                raise Unreadable(f"expected {width} values, found {len(row)}", number)
            found.rows.append(number)
            for values, column in keep:
                values.append(row[column] if column is not None and column < len(row) else None)
    found.skipped = dict(sorted(skipped.items()))


def _is_blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _misses(row: Sequence[Cell], width: int) -> bool:
    return len(row) < width or any(not _is_blank(cell) for cell in row[width:])


def _is_header(row: Sequence[Cell], names: Sequence[str]) -> bool:
    """Whether a row repeats the headings, as at the head of a printed page."""
    here = [name_of(cell) if isinstance(cell, str) else "" for cell in row]
    return here[: len(names)] == list(names[: len(here)]) and any(here)


def _is_numbering(row: Sequence[Cell]) -> bool:
    """Whether a row only numbers the columns: (1) (2) (3), A B 1 2 3=1+2."""
    texts = []
    for cell in row:
        if isinstance(cell, float) and cell.is_integer():
            texts.append(str(int(cell)))
        elif not _is_blank(cell):
            texts.append(clean(str(cell)))
    numbers = [int(m[0]) for text in texts if (m := re.match(r"\d+", text.lstrip("(")))]
    return (
        len(texts) > 2
        and all(_NUMBERED.fullmatch(text) for text in texts)
        and numbers == list(range(1, len(numbers) + 1))
        and len(numbers) > 1
    )


def _months(rows: Sequence[Sequence[Cell]]) -> list[str]:
    texts = [cell for row in rows for cell in row if isinstance(cell, str)]
    return months_in(texts)


def months_in(texts: Sequence[str]) -> list[str]:
    """The months that texts speak of, by the plainest way in which any of them does."""
    for pattern in _MONTHS:
        months = set()
        for text in texts:
            for match in pattern.finditer(fold(text)):
                named = match.groupdict()
                year, month = named.get("year") or match[2], named.get("month") or match[1]
                if 1 <= int(month) <= 12:
                    months.add(f"{int(year):04d}-{int(month):02d}")
        if months:
            return sorted(months)
    return []


# A first look ------------------------------------------------------------------------------

_MOST_VALUES: Final = 30
_TEXT_DATE: Final = re.compile(r"\s*(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}")


@dataclass
class Seen:
    """What a first look at a file finds: its headings, and where those of a vocabulary are.

    `places` has, for each entry of the vocabulary, the heading that is one of its spellings.
    `order` tells for some of them whether day or month is first, as far as the texts show it;
    `values` the few values that a column of a list has, only for the entries that asked for them.
    """

    sheet: str
    header_row: int
    headings: list[str]
    places: dict[int, str]
    order: dict[int, str]
    values: dict[int, list[str]]
    months: list[str]


def look(
    sheets: Iterator[Sheet],
    vocabulary: Sequence[Sequence[str]],
    lists: frozenset[int],
    within: int,
) -> Seen:
    """The headings of the sheet that has the most of a vocabulary. Raises `Unreadable`."""
    # Without spaces: CreatedDate is Created date to whoever guesses.
    words = [{name_of(text).replace(" ", "") for text in spellings} for spellings in vocabulary]
    best: tuple[int, Sheet, list[list[Cell]], int] | None = None
    for sheet in sheets:
        head = list(islice(sheet.rows, within))
        filled = _filled(head, sheet.merged)
        for at, row in enumerate(filled):
            above = filled[at - 1] if at else []
            here = {name.replace(" ", "") for name in _places(row, above)}
            hits = sum(bool(here & one) for one in words)
            if hits and (
                best is None
                or (best[1] is not sheet and hits > best[0])
                or (best[1] is sheet and _is_better(hits, at, (best[0], best[3]), sheet))
            ):
                best = hits, sheet, head, at
    if best is None or best[0] < 2:
        raise Unreadable(
            "expected a row of headings that are known; "
            "data/reference/headings.yml and data/mappings have those that are"
        )
    _, sheet, head, at = best
    filled = _filled(head, sheet.merged)
    above = filled[at - 1] if at else []
    names = _places(filled[at], above)
    headings = [clean(cell) if isinstance(cell, str) else "" for cell in filled[at]]
    columns = {
        number: places[0]
        for number, one in enumerate(words)
        if (places := next((p for name, p in names.items() if name.replace(" ", "") in one), ()))
    }
    rows = list(chain(head[at + 1 :], islice(sheet.rows, 5000)))
    seen = Seen(sheet.name, sheet.first + at, headings, {}, {}, {}, _months(head[:at]))
    for number, column in columns.items():
        seen.places[number] = headings[column]
        texts = [row[column] for row in rows if column < len(row)]
        seen.order[number] = _order_of(texts)
        if number in lists:
            seen.values[number] = _few([t for t in texts if isinstance(t, str | int | float)])
    return seen


def _order_of(cells: Sequence[Cell]) -> str:
    pairs = [m for cell in cells if isinstance(cell, str) and (m := _TEXT_DATE.match(cell))]
    day_first = any(int(pair[1]) > 12 for pair in pairs)
    month_first = any(int(pair[2]) > 12 for pair in pairs)
    return "dmy" if day_first and not month_first else "mdy" if month_first > day_first else ""


def _few(cells: Sequence[str | int | float]) -> list[str]:
    """The values of a column that is a list of few, each seen often; none of any other column."""
    cells = [cell for cell in cells if clean(str(cell))]
    seen = Counter(clean(str(cell)) for cell in cells)
    counts = {text: count for text, count in seen.items() if count > 2}
    plain = all(len(text) <= 40 and not re.search(r"\d{5}|@", text) for text in counts)
    often = sum(counts.values()) >= 0.5 * len(cells)
    return sorted(counts) if len(counts) <= _MOST_VALUES and plain and often else []
