"""Records of an export as rows of a contract table, each with its row in the export.

Everything that is wrong is found before anything is said, so that one run shows it all. What is
said names the file as the analyst sees it: sheet, row, the heading of the column.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from dxreport.contracts import (
    SCHEMAS,
    TIME_OF,
    UNIT_FROM,
    UNIT_TO,
    Check,
    checks,
    key,
    unit_checks,
    with_unit,
)
from dxreport.errors import SHOWN, ContractError, Problem
from dxreport.ingest import values as read
from dxreport.ingest.header import months_in, name_of
from dxreport.ingest.mapping import Column, Condition, MappingFile, Unlisted
from dxreport.ingest.names import UnitNames
from dxreport.ingest.parsing import Raw
from dxreport.ingest.sheets import BROKEN, Cell
from dxreport.ingest.values import Times, Wrong
from dxreport.manifest import Refused
from dxreport.periods import Month
from dxreport.reading.values import LOCAL_ZONE, Kind, kind_of

_LIKE: Final = 0.7
_ERRORS: Final = frozenset(
    {BROKEN, "#N/A", "#REF!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"}
)
_OFTEN: Final = 3
"""From how many rows on a value that is not known is one of a list, and not about a person."""


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong with one record; `at` is its place among those of the export."""

    at: int
    column: str
    rule: str
    expected: str
    value: str | None = None


@dataclass(frozen=True)
class Built:
    """The rows of a table (contract columns, sorted by time and key) and what became of the rest.

    `read` counts the records of the export; the rest of them were left out by a filter, lie in
    months that were not asked for, were there twice, or were refused.
    """

    frame: pl.DataFrame
    read: int
    filtered: int = 0
    other_months: int = 0
    duplicates: int = 0
    refused: int = 0
    refusals: tuple[Refused, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class Known:
    """What a table is held against."""

    units: pl.DataFrame
    names: UnitNames
    topics: dict[str, str] = field(default_factory=dict)
    """Folded id and name of each topic -> its id."""


def build(
    raw: Raw,
    mapping: MappingFile,
    known: Known,
    months: frozenset[str] | None = None,
    file_name: str = "",
) -> Built:
    """The table that the export holds.

    `months` (YYYY-MM) are the only ones that are taken, all where None. Raises `ContractError`
    with what is wrong with the records, where the mapping does not say that they are refused.
    """
    return _Build(raw, mapping, known, months, file_name).built()


class _Build:
    """One export on its way; the steps are in the order of `built`."""

    def __init__(
        self,
        raw: Raw,
        mapping: MappingFile,
        known: Known,
        months: frozenset[str] | None,
        file_name: str,
    ) -> None:
        self.raw, self.mapping, self.spec, self.known = raw, mapping, mapping.spec, known
        self.table = mapping.table
        self.months, self.file_name = months, file_name
        self.issues: list[Issue] = []
        self.notes: list[str] = []
        self.empty = frozenset(map(name_of, self.spec.empty))
        self.kept = [at for at in range(len(raw.rows)) if self._is_wanted(at)]
        self.schema = SCHEMAS[self.table].columns()
        self.kinds: dict[str, Kind] = {n: kind_of(c, percent=False) for n, c in self.schema.items()}
        self.done: dict[str, list[Any]] = {}

    def built(self) -> Built:
        self._convert()
        frame = self._frame()
        filtered = len(self.raw.rows) - frame.height
        frame, other = self._in_months(frame)
        inside = set(frame["at"])
        self.issues = [issue for issue in self.issues if issue.at in inside]
        frame, again = self._once(frame)
        self._check(frame)
        bad = {issue.at for issue in self.issues}
        problems = self._problems()
        self._stop_if_too_bad(problems, bad, frame.height)
        frame = frame.filter(~pl.col("at").is_in(list(bad))) if bad else frame
        if frame.is_empty():
            raise ContractError(
                [Problem(self.raw.file, "expected at least one record, found none")]
            )
        names = SCHEMAS[self.table].column_names()
        return Built(
            frame=frame.select(names).sort(TIME_OF[self.table], *key(self.table)),
            read=len(self.raw.rows),
            filtered=filtered,
            other_months=other,
            duplicates=again,
            refused=len(bad),
            refusals=_counted(self.issues),
            problems=tuple(problems[:SHOWN]),
            notes=tuple(self.notes),
        )

    # Which records, and their cells --------------------------------------------------------

    def _cell(self, spellings: tuple[str, ...], at: int) -> Cell:
        column = self.raw.columns.get(spellings)
        return None if column is None else column[at]

    def _is_wanted(self, at: int) -> bool:
        return all(self._holds(condition, at) for condition in self.spec.rows.where)

    def _holds(self, condition: Condition, at: int) -> bool:
        cell = self._cell(condition.column, at)
        empty = read.is_empty(cell, self.empty)
        if condition.empty is not None:
            return empty == condition.empty
        written = "" if empty else _written(cell)
        if condition.matches is not None:
            return re.search(condition.matches, written) is not None
        word = name_of(written)
        if condition.in_ is not None:
            return word in map(name_of, condition.in_)
        return word not in map(name_of, condition.not_in or ())

    # Cells to values -----------------------------------------------------------------------

    def _convert(self) -> None:
        columns = self.spec.columns
        self.done = {name: [None] * len(self.kept) for name in self.schema}
        # A unit's name is that of one unit on a day, so the time comes first.
        order = sorted(columns, key=lambda name: (name == "unit_id", name))
        late = [name for name in order if columns[name].percent_of]
        for name in [name for name in order if name not in late] + late:
            self._convert_column(name, columns[name])
        for name in order:
            self._complete(name, columns[name])
        # Twice: a column may be empty where one is that is empty where a third is.
        for name in [*order, *order]:
            self._blank(name, columns[name])

    def _convert_column(self, name: str, column: Column) -> None:
        convert = self._converter(name, column)
        out = self.done[name]
        asked = column.only_where if isinstance(column.only_where, Condition) else None
        constant = self._constant(name, column)
        empty = self.empty if column.empty is None else frozenset(map(name_of, column.empty))
        # Most columns are one column of the export, whose cells mean the same in every row.
        plain = self.raw.columns.get(column.from_) if _is_plain(name, column) else None
        memo: dict[Any, Any] = {}
        mixed: set[type] = set()
        for place, at in enumerate(self.kept):
            if asked is not None and not self._holds(asked, at):
                continue
            if constant is not None:
                out[place] = constant
                continue
            if plain is not None:
                cell = plain[at]
                known = memo.get((type(cell), cell), memo)
                if known is None:
                    continue
                if known is not memo:
                    if isinstance(known, Wrong):
                        self._wrong(name, at, known, cell)
                    else:
                        out[place] = known
                    continue
            try:
                cell = self._source(column, at, empty)
            except Wrong as wrong:
                self._wrong(name, at, wrong, None)
                continue
            if cell is None:
                if column.is_ is not None:
                    out[place] = column.is_ == "empty"
                elif plain is not None:
                    memo[type(plain[at]), plain[at]] = None
                continue
            mixed.add(type(cell))
            try:
                found = convert(self._extracted(column, cell), place)
            except Wrong as wrong:
                found = wrong
                self._wrong(name, at, wrong, cell)
            else:
                out[place] = found
            memo[type(cell), cell] = found
        if self.kinds[name] == "datetime" and str in mixed and mixed & {datetime, date}:
            self.notes.append(
                f"column {self._heading(name)} has real dates and texts mixed: a spreadsheet that "
                "reads the month first may have turned some of them round"
            )

    def _constant(self, name: str, column: Column) -> Any:
        if column.find is not None:
            found, where = {
                "title": (list(self.raw.months), "the title"),
                "file_name": (months_in([self.file_name]), "the file's name"),
                "option": (sorted(self.months or ()), "--month"),
            }[column.find]
            if len(found) != 1:
                said = f"; it speaks of {', '.join(found)}" if found else ""
                expected = f"expected one month in {where}{said}"
                raise ContractError([Problem(self.raw.file, expected, column=name)])
            return self._typed_constant(name, found[0])
        return None if column.value is None else self._typed_constant(name, column.value)

    def _typed_constant(self, name: str, value: Any) -> Any:
        """A constant of the mapping as the contract wants it."""
        try:
            return self._plain(name, self.spec.columns[name], value)
        except Wrong as wrong:
            where = f"columns.{name}"
            problem = Problem(self.mapping.name, f"key {where}: {wrong}", value=str(value))
            raise ContractError([problem]) from None

    def _source(self, column: Column, at: int, empty: frozenset[str]) -> Cell:
        """The cell that a value is from: the first that is not empty; None where all are."""
        if column.join:
            cells = [self._cell(spellings, at) for spellings in column.join]
            texts = [_joinable(cell) for cell in cells if not read.is_empty(cell, empty)]
            # A date without its time, or a number without its year, is another value.
            if len(texts) == len(cells):
                return column.with_.join(texts)
        elif column.from_:
            cell = self._cell(column.from_, at)
            if not read.is_empty(cell, empty):
                return cell
        for spellings in column.fallback:
            cell = self._cell(spellings, at)
            if not read.is_empty(cell, empty):
                return cell
        return None

    def _extracted(self, column: Column, cell: Cell) -> Cell:
        if isinstance(cell, str) and cell.strip() in _ERRORS:
            raise Wrong("expected a value; the cell's formula has none, or an error", "formula")
        if column.extract is None:
            return cell
        found = re.search(column.extract, read.text(cell))
        if found is None:
            raise Wrong("expected text in which `extract` finds something", "extract")
        return found[1]

    def _converter(self, name: str, column: Column) -> Callable[[Cell, int], Any]:
        words = {name_of(text): value for value, texts in column.values.items() for text in texts}
        typed = {word: self._typed_constant(name, value) for word, value in words.items()}

        def convert(cell: Cell, place: int) -> Any:
            if typed:
                word = name_of(read.text(cell))
                if word in typed:
                    return typed[word]
                match column.unlisted:
                    case "empty":
                        return None
                    case Unlisted(value=value):
                        return self._typed_constant(name, value)
                    case "error":
                        raise Wrong("expected a text that is listed in `values`", "unlisted")
                    case None if self._is_open(name, column):
                        pass
                    case "keep":
                        pass
                    case _:
                        raise Wrong("expected a text that is listed in `values`", "unlisted")
            if name == "unit_id" and column.lookup in (None, "units"):
                return self._unit(column, cell, place)
            if column.percent_of:
                return read.numerator(cell, self.done[column.percent_of][place])
            return self._plain(name, column, cell)

        return convert

    def _is_open(self, name: str, column: Column) -> bool:
        """Whether a value that `values` does not list may be right as it is."""
        return name == "unit_id" and column.lookup in (None, "units")

    def _plain(self, name: str, column: Column, cell: Any) -> Any:
        numbers = column.numbers or self.spec.numbers
        kind = self.kinds[name]
        if column.is_ is not None:
            if column.is_ == "positive":
                return read.is_positive(cell, numbers)
            return column.is_ == "filled"
        if kind == "integer":
            return read.integer(cell, numbers)
        if kind == "boolean":
            return read.boolean(cell)
        if kind == "datetime":
            return read.instant(cell, self._times(name))
        written = read.text(cell)
        if name == "month":
            return read.day_month_text(cell, self._times(name))
        if name == "topic" and column.lookup in (None, "topics"):
            return self.known.topics.get(name_of(written), written)
        return written

    def _times(self, name: str) -> Times:
        if name not in self._all_times:
            column = self.spec.columns[name]
            self._all_times[name] = Times(
                order=column.dates or self.spec.dates,
                formats=column.formats,
                zone=ZoneInfo(self.spec.zone or LOCAL_ZONE),
                convert=self.spec.offsets == "convert",
                end_of_day=column.day == "end",
            )
        return self._all_times[name]

    @cached_property
    def _all_times(self) -> dict[str, Times]:
        return {}

    def _unit(self, column: Column, cell: Cell, place: int) -> str:
        when = self.done[TIME_OF[self.table]][place]
        day = _day_of(when)
        parent = self._cell(column.parent, self.kept[place]) if column.parent else None
        over = None if read.is_empty(parent, self.empty) else _written(parent)
        return self.known.names.resolve(read.text(cell), over, day)

    def _complete(self, name: str, column: Column) -> None:
        """What a column gets from others, or where its cell is empty."""
        out = self.done[name]
        default = None if column.default is None else self._typed_constant(name, column.default)
        bad = {issue.at for issue in self.issues if issue.column == name}
        for place, at in enumerate(self.kept):
            if out[place] is None and at not in bad:
                if column.after is not None:
                    out[place] = _later(self.done[column.after.column][place], column)
                if out[place] is None:
                    out[place] = default

    def _blank(self, name: str, column: Column) -> None:
        """Empty where the column is that `only_where` names."""
        out = self.done[name]
        if isinstance(column.only_where, str):
            other = self.done[column.only_where]
            for place in range(len(out)):
                if other[place] is None or other[place] is False:
                    out[place] = None

    # The frame, and the contract -----------------------------------------------------------

    def _frame(self) -> pl.DataFrame:
        types = SCHEMAS[self.table].create_empty().schema
        series = [
            pl.Series(name, self.done[name], dtype=dtype, strict=False)
            for name, dtype in types.items()
        ]
        return pl.DataFrame([pl.Series("at", self.kept, dtype=pl.Int64), *series])

    def _in_months(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        """The rows of the months that were asked for; a row whose month is unknown stays."""
        if self.months is None:
            return frame, 0
        month = month_of(self.table)
        kept = frame.filter(month.is_in(sorted(self.months)) | month.is_null())
        return kept, frame.height - kept.height

    def _once(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        """The rows with those of a key that was there already dealt with as the mapping says."""
        names = list(key(self.table))
        how = self.spec.duplicates
        complete = pl.all_horizontal(pl.col(name).is_not_null() for name in names)
        again = complete & ~pl.struct(names).is_first_distinct()
        if not frame.select(again.any()).item():
            return frame, 0
        if how == "last":
            kept = frame.filter(~complete | pl.struct(names).is_last_distinct())
        elif how == "first":
            kept = frame.filter(~again)
        else:
            content = [name for name in frame.columns if name != "at"]
            same = again & ~pl.struct(content).is_first_distinct()
            kept = frame.filter(~same) if how == "drop_identical" else frame
            self._say_duplicates(kept, names)
        return kept, frame.height - kept.height

    def _say_duplicates(self, frame: pl.DataFrame, names: list[str]) -> None:
        first: dict[tuple[Any, ...], int] = {}
        column = names[0] if len(names) == 1 else " + ".join(names)
        for at, *values in frame.select("at", *names).iter_rows():
            if None in values:
                continue
            there = first.setdefault(tuple(values), at)
            if there != at:
                expected = f"expected a key that occurs once; it is in row {self._row(there)} too"
                self.issues.append(Issue(at, column, "primary_key", expected))

    def _check(self, frame: pl.DataFrame) -> None:
        """The rules of the contract, on the rows and values that were read."""
        wide = with_unit(frame.lazy(), self.known.units).collect()
        bad = {(issue.at, issue.column) for issue in self.issues}
        mute = {at for at, _ in bad}
        for check in (*checks(self.table), *unit_checks(self.table)):
            broken = wide.filter(~check.right.fill_null(True))
            for row in broken.iter_rows(named=True):
                # Where a cell could not be read, only that is said of the row.
                if row["at"] not in mute and (row["at"], check.column) not in bad:
                    self.issues.append(self._breach(check, row))

    def _breach(self, check: Check, row: dict[str, Any]) -> Issue:
        rule = check.rule.partition("|")[2] or check.rule
        shown = {name: _shown(value) for name, value in row.items()}
        shown["time"] = _shown(row[TIME_OF[self.table]])
        shown["from"], shown["to"] = _end(row.get(UNIT_FROM)), _end(row.get(UNIT_TO))
        expected = f"expected {check.message.en.format_map(shown)}"
        if rule == "unit_known" and row["unit_id"] is not None:
            expected += f"; nearest: {self.known.names.nearest(row['unit_id'])}"
        value = row.get(check.column)
        plain = isinstance(value, int | datetime) or check.column == "month" or rule in _OF_UNITS
        return Issue(row["at"], check.column, rule, expected, _shown(value) if plain else None)

    # What is wrong -------------------------------------------------------------------------

    def _row(self, at: int) -> int:
        return self.raw.rows[at]

    def _heading(self, name: str) -> str:
        """A column as the file names it; as the contract does where it is from no one column."""
        column = self.spec.columns.get(name)
        if column is None or not column.sources:
            return name
        return self.raw.headings.get(column.sources[0], name)

    def _wrong(self, name: str, at: int, wrong: Wrong, cell: Cell) -> None:
        shown = self._showable(name, cell, wrong)
        expected = str(wrong)
        if shown is None and isinstance(cell, str):
            expected += f" (the text of {len(cell)} characters is not shown)"
        self.issues.append(Issue(at, name, wrong.rule, expected, shown))

    def _showable(self, name: str, cell: Cell, wrong: Wrong) -> str | None:
        """A cell's value where it cannot be about a person: columns of an export get mixed up."""
        if not isinstance(cell, str):
            short = isinstance(cell, bool | int | float) and abs(cell) < 1e8
            return str(cell) if short or isinstance(cell, date) else None
        words = re.sub(r"\b(AM|PM|SA|CH|T|Z|UTC|GMT|am|pm)\b", "", cell)
        listed = [text for texts in self.spec.columns[name].values.values() for text in texts]
        if not listed and (self.kinds[name] in ("integer", "datetime") or name == "month"):
            harmless = not re.search(r"[^\W\d_]{2}", words) and not re.search(r"\d{9}", words)
            return cell if harmless and len(cell) <= 40 else None
        if re.search(r"\d{6}|@", cell) or len(cell) > 60:
            return None
        if wrong.rule == "unit_known":
            return cell if self.known.names.is_like_a_unit(cell) else None
        near = difflib.get_close_matches(cell.casefold(), [t.casefold() for t in listed], 1, _LIKE)
        return cell if near or self._times_seen(name)[cell] >= _OFTEN else None

    def _times_seen(self, name: str) -> Counter[Any]:
        if name not in self._seen:
            source = self.spec.columns[name].sources[:1]
            cells = self.raw.columns.get(source[0]) if source else None
            self._seen[name] = Counter(cells or ())
        return self._seen[name]

    @cached_property
    def _seen(self) -> dict[str, Counter[Any]]:
        return {}

    def _problems(self) -> list[Problem]:
        self.issues.sort(key=lambda issue: issue.at)
        return [
            Problem(
                self.raw.file,
                issue.expected,
                row=self._row(issue.at),
                column=self._heading(issue.column),
                value=issue.value,
            )
            for issue in self.issues
        ]

    def _stop_if_too_bad(self, problems: list[Problem], bad: set[int], rows: int) -> None:
        if not bad:
            return
        policy = self.spec.on_error
        if policy == "stop":
            raise ContractError(problems[:SHOWN], len(problems))
        percent = policy.at_most_percent
        few = policy.at_most is None or len(bad) <= policy.at_most
        if percent is not None and len(bad) * 100 > percent * rows:
            few = False
        if not few:
            limit = f"{policy.at_most} rows" if percent is None else f"{percent:g}%"
            whole = Problem(
                self.raw.file,
                f"expected at most {limit} to be refused, found {len(bad)} of {rows}",
            )
            raise ContractError([whole, *problems[: SHOWN - 1]], len(problems) + 1)


def _written(cell: Cell) -> str:
    """A cell as text, also where that text would be no value."""
    try:
        return read.text(cell)
    except Wrong:
        return str(cell)


def _joinable(cell: Cell) -> str:
    """A cell as one of several that are put together: a day without a time has none."""
    if isinstance(cell, datetime) and cell == datetime(cell.year, cell.month, cell.day):
        cell = cell.date()
    return read.text(cell)


def _is_plain(name: str, column: Column) -> bool:
    """Whether a value follows from one cell alone."""
    alone = not (column.join or column.fallback or column.percent_of)
    return bool(column.from_) and alone and name != "unit_id"


_OF_UNITS: Final = frozenset({"unit_in_force"})


def month_of(table: str) -> pl.Expr:
    """The month, YYYY-MM, to which a row of a table belongs."""
    time = pl.col(TIME_OF[table])
    return time if TIME_OF[table] == "month" else time.dt.strftime("%Y-%m")


def _counted(issues: Sequence[Issue]) -> tuple[Refused, ...]:
    counts = Counter({(i.column, i.rule, i.at): 1 for i in issues})
    by_rule = Counter((column, rule) for column, rule, _ in counts)
    return tuple(Refused(column, rule, rows) for (column, rule), rows in sorted(by_rule.items()))


def _day_of(when: Any) -> date | None:
    if isinstance(when, datetime):
        return when.date()
    if isinstance(when, str):
        try:
            year, month = (int(part) for part in when.split("-"))
            return Month(year, month).first
        except ValueError:
            return None
    return None


def _later(at: Any, column: Column) -> datetime | None:
    if not isinstance(at, datetime) or column.after is None:
        return None
    try:
        if column.after.working:
            return read.working_days_after(at, column.after.days)
        return at + timedelta(days=column.after.days)
    except OverflowError:
        return None


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def _end(day: date | None) -> str:
    return "…" if day is None else day.isoformat()


def topics_of(topics: pl.DataFrame) -> dict[str, str]:
    """Every name that a topic of the catalogue goes by, folded, and its id."""
    names: dict[str, str] = {}
    for topic, name in topics.select("topic", "name").iter_rows():
        names[name_of(name)] = topic
        names[name_of(topic)] = topic
    return names
