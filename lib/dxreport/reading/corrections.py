"""Corrections as data: `corrections.yml` in a data folder, applied to what the files hold.

A source that is wrong is not edited: an entry says which value of which row is to be read as
what, why, and who said so when. It is applied before the contract is checked, so that a wrong
value may be mended that the contract would refuse. An entry that does not find its row, or finds
another value there than its `from`, stops the run: the source has changed, or the entry is wrong.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl
import yaml

from dxreport.contracts import PERCENTAGES, SCHEMAS, key
from dxreport.errors import SHOWN, ContractError, Problem
from dxreport.reading.files import Part, display_name, readable_parquet
from dxreport.reading.values import EXPECTED, as_shown, conversion, kind_of

CORRECTIONS_FILE: Final = "corrections.yml"
_FIELDS: Final = ("table", "row", "column", "from", "to", "reason", "who", "when")
_NOTHING: Final = ""

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "typing_error": ("typed wrongly", "nhập sai"),
    "wrong_time": ("wrong date or time", "sai thời gian"),
    "wrong_unit": ("wrong unit", "sai đơn vị"),
    "duplicate": ("recorded twice", "ghi trùng"),
    "source_error": ("fault of the source system", "lỗi của hệ thống nguồn"),
    "late_update": ("updated late in the source", "cập nhật muộn ở hệ thống nguồn"),
    "other": ("another reason", "lý do khác"),
}
"""Why a value is corrected, in English and in Vietnamese.

An entry gives one of these, by its code or in either language. Any other words are kept in the
file and told as "other": what a person has typed may name a citizen.
"""


@dataclass(frozen=True)
class Correction:
    """One entry: the value `before` of a row, known by its key, is to be read as `after`.

    Values are as a CSV of the contract writes them; "" is an empty value. `reason` is a key of
    `REASONS`; who decided it, and in which words, stays in the file.
    """

    number: int
    table: str
    row: Mapping[str, str]
    column: str
    before: str
    after: str
    reason: str
    when: date


@dataclass(frozen=True)
class Corrections:
    """What a data folder's file says; nothing where it has none."""

    path: Path
    entries: tuple[Correction, ...] = ()
    sha256: str = ""

    def fingerprint(self, table: str, sha256: str) -> str:
        """That of a table's file, as it is read: the corrections are a part of it."""
        if not self.of(table):
            return sha256
        return hashlib.sha256(f"{sha256} {self.sha256}".encode()).hexdigest()

    def of(self, table: str) -> tuple[Correction, ...]:
        return tuple(entry for entry in self.entries if entry.table == table)


def read_corrections(folder: Path) -> Corrections:
    """The corrections of a data folder; `ContractError` that names the entry where one is wrong."""
    path = folder / CORRECTIONS_FILE
    if not path.exists():
        return Corrections(path)
    name = display_name(path)
    try:
        data = path.read_bytes()
        # As text throughout: a date or a number is compared as it is written.
        raw = yaml.load(data.decode("utf-8"), Loader=yaml.BaseLoader)
    except OSError as error:
        raise ContractError([Problem(name, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise ContractError([Problem(name, "expected UTF-8 text")]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        row = mark.line + 1 if mark else None
        raise ContractError([Problem(name, "expected YAML", row=row)]) from None
    if raw in (None, ""):
        raw = []
    if not isinstance(raw, list):
        raise ContractError([Problem(name, "expected a list of entries")])
    found: list[Correction] = []
    problems: list[Problem] = []
    for number, entry in enumerate(raw, start=1):
        try:
            found.append(_entry(number, entry))
        except _Wrong as wrong:
            problems.append(_problem(path, number, str(wrong), wrong.field, wrong.value))
    problems += _twice(path, found)
    if problems:
        raise ContractError(problems[:SHOWN], len(problems))
    return Corrections(path, tuple(found), hashlib.sha256(data).hexdigest())


def corrected(table: str, parts: Sequence[Part], corrections: Corrections) -> tuple[Part, ...]:
    """The parts of a table as they are to be read.

    `ContractError` for an entry whose row is not there, is there twice, or holds another value
    than the entry's `from`.
    """
    entries = corrections.of(table)
    if not entries:
        return tuple(parts)
    parts = [
        replace(part, fingerprint=corrections.fingerprint(table, part.sha256)) for part in parts
    ]
    known = [_found(table, part, entries) for part in parts]
    problems = []
    mended = list(parts)
    for at, entry in enumerate(entries):
        values = [(place, value) for place, rows in enumerate(known) for value in rows[at]]
        right = [place for place, value in values if value == entry.before]
        if len(right) == 1:
            continue
        problems.append(_not_there(corrections.path, parts, entry, [v for _, v in values], right))
    if problems:
        raise ContractError(problems[:SHOWN], len(problems))
    for place, part in enumerate(parts):
        own = [entry for at, entry in enumerate(entries) if entry.before in known[place][at]]
        mended[place] = _mended(table, part, own, corrections.path)
    return tuple(mended)


# Entries -----------------------------------------------------------------------------------


class _Wrong(Exception):
    def __init__(self, said: str, field: str | None = None, value: str | None = None) -> None:
        super().__init__(said)
        self.field, self.value = field, value


def _entry(number: int, raw: Any) -> Correction:
    if not isinstance(raw, dict):
        raise _Wrong(f"expected the fields {', '.join(_FIELDS)}")
    for name in raw:
        if name not in _FIELDS:
            raise _Wrong(f"expected the fields {', '.join(_FIELDS)} and no other", str(name))
    for name in _FIELDS:
        if name not in raw:
            raise _Wrong("expected this field, found none", name)
        if name != "row" and not isinstance(raw[name], str):
            raise _Wrong("expected one value", name)
    table, column = raw["table"], raw["column"]
    if table not in SCHEMAS:
        raise _Wrong(f"expected one of {', '.join(SCHEMAS)}", "table", table)
    columns = SCHEMAS[table].column_names()
    if column not in columns:
        raise _Wrong(f"expected a column of {table}: {', '.join(columns)}", "column", column)
    row = raw["row"]
    keys = key(table)
    if not isinstance(row, dict) or set(row) != set(keys):
        raise _Wrong(f"expected the key of {table}: {', '.join(keys)}", "row")
    for name in ("reason", "who"):
        if not raw[name].strip():
            raise _Wrong("expected text", name)
    try:
        when = date.fromisoformat(raw["when"])
    except ValueError:
        raise _Wrong("expected a date, YYYY-MM-DD", "when", raw["when"]) from None
    if raw["from"] == raw["to"]:
        raise _Wrong("expected another value than `from`", "to", raw["to"])
    return Correction(
        number=number,
        table=table,
        row={name: _text(row[name]) for name in keys},
        column=column,
        before=_time_as_shown(table, column, _text(raw["from"])),
        after=_text(raw["to"]),
        reason=_reason(raw["reason"]),
        when=when,
    )


def _reason(text: str) -> str:
    said = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    return next((code for code, words in REASONS.items() if said in (code, *words)), "other")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong("expected one value for each column", "row")
    return unicodedata.normalize("NFC", value)


def _time_as_shown(table: str, column: str, text: str) -> str:
    """A time as a CSV may write it, with a T; anything else as it stands."""
    kind = kind_of(SCHEMAS[table].columns()[column], (table, column) in PERCENTAGES)
    if kind == "datetime" and len(text) > 10 and text[10] == " ":
        return f"{text[:10]}T{text[11:]}"
    return text


def _twice(path: Path, entries: Sequence[Correction]) -> Iterator[Problem]:
    seen: dict[tuple[object, ...], int] = {}
    for entry in entries:
        place = (entry.table, *sorted(entry.row.items()), entry.column, entry.before)
        if place in seen:
            said = f"expected each value to be corrected once; entry {seen[place]} does so too"
            yield _problem(path, entry.number, said, entry.column)
        seen.setdefault(place, entry.number)


def _problem(
    path: Path, number: int, said: str, column: str | None = None, value: str | None = None
) -> Problem:
    return Problem(f"{display_name(path)}, entry {number}", said, column=column, value=value)


# Values ------------------------------------------------------------------------------------


def _found(table: str, part: Part, entries: Sequence[Correction]) -> list[list[str]]:
    """For each entry, the values that the rows of its key hold in its column."""
    needed = {*key(table), *(entry.column for entry in entries)}
    if not needed <= set(part.schema):
        return [[] for _ in entries]  # the contract will say which column is missing
    any_row = pl.any_horizontal(_is_row(part, entry) for entry in entries)
    with readable_parquet(part.path):
        rows = (
            part.raw.filter(any_row)
            .select(
                *(_is_row(part, entry).alias(f"is {at}") for at, entry in enumerate(entries)),
                *(_shown(part, entry.column).alias(f"of {at}") for at, entry in enumerate(entries)),
            )
            .collect(engine="streaming")
        )
    return [
        rows.filter(pl.col(f"is {at}"))[f"of {at}"].fill_null(_NOTHING).to_list()
        for at in range(len(entries))
    ]


def _is_row(part: Part, entry: Correction) -> pl.Expr:
    return pl.all_horizontal(
        (_shown(part, name) == value).fill_null(value == _NOTHING)
        for name, value in entry.row.items()
    )


def _shown(part: Part, name: str) -> pl.Expr:
    """A column as text: dates and times as ISO, in the shortest form of the contract's CSV."""
    dtype = part.schema[name]
    shown = as_shown(name, dtype).str.normalize("NFC")
    if isinstance(dtype, pl.Datetime):
        return shown.str.replace(r"\.0+$", "")
    if dtype == pl.String:
        return shown.str.replace(r"^([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:)", "${1}T${2}")
    return shown


def _mended(table: str, part: Part, entries: Sequence[Correction], path: Path) -> Part:
    raw = part.raw
    for entry in entries:
        here = _is_row(part, entry) & (
            (_shown(part, entry.column) == entry.before).fill_null(entry.before == _NOTHING)
        )
        value = _stored(table, part, entry, path)
        raw = raw.with_columns(
            pl.when(here).then(value).otherwise(pl.col(entry.column)).alias(entry.column)
        )
    return replace(part, raw=raw)


def _stored(table: str, part: Part, entry: Correction, path: Path) -> pl.Expr:
    """The new value in the type that the file has; text stays text, for the contract to judge."""
    dtype = part.schema[entry.column]
    if dtype in (pl.String, pl.Categorical, pl.Enum) or entry.after == _NOTHING:
        return pl.lit(entry.after or None, dtype=pl.String).cast(dtype, strict=False)
    kind = kind_of(SCHEMAS[table].columns()[entry.column], (table, entry.column) in PERCENTAGES)
    how = conversion(entry.column, pl.String(), kind)
    assert how is not None  # from text there is always a way
    frame = pl.DataFrame({entry.column: [entry.after]}).select(how.value.alias("value"))
    value = frame.select(pl.col("value").cast(dtype, strict=False))["value"]
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        local = frame["value"].dt.replace_time_zone("Asia/Ho_Chi_Minh")
        value = local.dt.convert_time_zone(dtype.time_zone).cast(dtype)
    if value.null_count():
        expected = f"expected {EXPECTED[kind][0]}"
        raise ContractError(
            [_problem(path, entry.number, expected, f"{entry.column} (to)", entry.after)]
        )
    return pl.lit(value.first(), dtype=dtype)


def _not_there(
    path: Path,
    parts: Sequence[Part],
    entry: Correction,
    values: Sequence[str],
    right: Sequence[int],
) -> Problem:
    where = parts[0].name if parts else f"the table {entry.table}"
    row = ", ".join(f"{name} {value!r}" for name, value in entry.row.items())
    if not values:
        return _problem(path, entry.number, f"expected a row with {row} in {where}, found none")
    if len(right) > 1:
        said = f"expected one row with {row} in {where}, found {len(right)}"
        return _problem(path, entry.number, said, entry.column, entry.before)
    said = f"expected {entry.before!r} (the entry's from) in the row with {row} of {where}"
    return _problem(path, entry.number, said, entry.column, values[0])
