"""A mapping: how one kind of export becomes one table of the contract.

It is a YAML file, `docs/ingest.md` describes every key. It is checked on its own, before any
export is looked at; what is wrong with it names the file, the line and the key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from dxreport.contracts import FACT_TABLES, SCHEMAS, key
from dxreport.errors import DxError
from dxreport.ingest.complaints import lines_of, twice, unknown
from dxreport.ingest.parts import Condition, Conditions, Part, Record, Spellings, Texts, regex
from dxreport.ingest.text import fold

Format = Literal["xlsx", "xls", "csv", "parquet", "sql"]
Scalar = bool | int | float | str
Cell = Literal["error", "keep", "empty"]

COUNTED: Final = ("documents", "e_copies")
"""The tables of figures by unit and month, into which single records can be counted."""

SUFFIXES: Final[Mapping[str, Format]] = {
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xls",
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
EMPTY: Final = ("-", "–", "—", "n/a", "null", "none", "nan", "nil")
"""Texts that mean that a cell is empty, where a mapping does not say other ones."""
TOTALS: Final = ("Tổng cộng", "Tổng số", "Tổng", "Cộng", "Total", "Grand total")
"""What the first filled cell of a row of totals says."""
END: Final = (
    "Người lập",
    "Nơi nhận",
    "Ghi chú",
    "Thủ trưởng",
    "Kế toán trưởng",
    "Xuất lúc",
    "Ngày xuất",
    "Nguồn:",
    "Source:",
)
"""How the first filled cell of the first row below a table begins."""


class After(Part):
    """A time that is so many days after the one in another column of the table."""

    column: str
    days: int = Field(ge=0, le=3650)
    working: bool = False


class Unlisted(Part):
    """What a value becomes that `values` does not list."""

    value: Scalar


class Column(Part):
    """Where a column of the contract comes from, and what its values mean."""

    from_: Texts = Field((), alias="from")
    join: tuple[Spellings, ...] = ()
    with_: str = Field(" ", alias="with")
    fallback: tuple[Spellings, ...] = ()
    value: Scalar | None = None
    find: Literal["title", "file_name", "option"] | None = None
    optional: bool = False
    default: Scalar | None = None
    empty: Texts | None = None
    extract: str | None = None
    values: dict[Scalar, Texts] = Field(default_factory=dict)
    unlisted: Cell | Unlisted | None = None
    lookup: Literal["units", "topics", "none"] | None = None
    parent: Texts = ()
    dates: Literal["dmy", "mdy"] | None = None
    formats: Texts = ()
    day: Literal["start", "end"] = "start"
    numbers: Literal["vi", "en"] | None = None
    is_: Literal["filled", "empty", "positive"] | None = Field(None, alias="is")
    percent_of: str | None = None
    only_where: str | Condition | None = None
    after: After | None = None
    count: Conditions | None = None
    sum: Conditions | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"from": given} if isinstance(given, str | list) else given

    @model_validator(mode="after")
    def _one_source(self) -> Column:
        sources = {
            "from": bool(self.from_),
            "join": bool(self.join),
            "value": self.value is not None,
            "find": self.find is not None,
        }
        given = [name for name, there in sources.items() if there]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)}: expected one of them")
        made = self.default is not None or self.after is not None or self.count is not None
        if not given and not made and not self.optional:
            raise ValueError("expected one of from, join, value, find, default, after")
        self._counted_alone()
        if self.unlisted is not None and not self.values:
            raise ValueError("unlisted: expected values beside it")
        if self.extract is not None and re.compile(self.extract).groups != 1:
            raise ValueError("extract: expected a regular expression with one group in ()")
        return self

    def _counted_alone(self) -> None:
        if self.counted is None:
            return
        what = "count" if self.count is not None else "sum"
        if self.count is not None and self.sum is not None:
            raise ValueError("count and sum: expected one of them")
        for name in ("only_where", "percent_of", "after", "find"):
            if getattr(self, name) is not None:
                raise ValueError(f"{name}: not beside {what}")
        if self.sum is not None and not (self.from_ or self.join):
            raise ValueError("sum: expected from beside it, the column that is added up")

    @property
    def counted(self) -> tuple[Condition, ...] | None:
        """What a record must fulfil to count here; None where a row has the figure already."""
        return self.sum if self.count is None else self.count

    @property
    def sources(self) -> tuple[tuple[str, ...], ...]:
        """The columns of the export that are read, each by its spellings; the main one first."""
        main = (self.from_,) if self.from_ else self.join
        asked = (self.only_where.column,) if isinstance(self.only_where, Condition) else ()
        parent = (self.parent,) if self.parent else ()
        counted = (condition.column for condition in self.counted or ())
        return (*main, *self.fallback, *parent, *asked, *counted)


class Header(Part):
    """Where the row of headings is looked for."""

    within: Annotated[int, Field(ge=1, le=1000)] = 50


class Rows(Part):
    """Which rows are records."""

    totals: Texts = TOTALS
    end: Texts = END
    where: tuple[Condition, ...] = ()


class Refuse(Part):
    """How many bad rows are left out, and reported, before the file is refused as a whole."""

    at_most: int | None = Field(None, ge=0)
    at_most_percent: float | None = Field(None, ge=0, le=100)


class _Mapping(Part):
    table: Literal["documents", "e_copies", "pakn", "procedures"]
    format: Format
    columns: dict[str, Column]
    title: str = ""
    files: Texts = ()
    part: str | None = Field(None, pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")
    sheet: Texts = ()
    header: Header = Header()
    rows: Rows = Rows()
    encoding: Texts = ()
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    empty: Texts = EMPTY
    dates: Literal["dmy", "mdy"] = "dmy"
    numbers: Literal["vi", "en"] = "vi"
    zone: str | None = None
    offsets: Literal["convert", "ignore"] = "convert"
    duplicates: Literal["error", "drop_identical", "first", "last"] = "error"
    on_error: Literal["stop"] | Refuse = "stop"
    record: Record | None = None
    query: str | None = None
    address: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")

    @model_validator(mode="after")
    def _of_the_contract(self) -> _Mapping:
        names = SCHEMAS[self.table].column_names()
        for name, column in self.columns.items():
            if name not in names:
                raise ValueError(f"columns.{name}: {unknown(name, names)}")
            _references(name, column, names)
        if missing := [name for name in names if name not in self.columns and _needed(self, name)]:
            raise ValueError(f"columns.{missing[0]}: is missing; {self.table} needs it")
        for name in key(self.table):
            if self.columns[name].only_where is not None:
                raise ValueError(f"columns.{name}.only_where: a key is never left empty")
        return self

    @model_validator(mode="after")
    def _of_records(self) -> _Mapping:
        counted = [name for name, column in self.columns.items() if column.counted is not None]
        if not counted:
            if self.record is not None:
                raise ValueError("record: only beside columns with count or sum")
            return self
        keys = key(self.table)
        for name in counted:
            what = "sum" if self.columns[name].count is None else "count"
            if self.table not in COUNTED:
                raise ValueError(f"columns.{name}.{what}: only for {' and '.join(COUNTED)}")
            if name in keys:
                raise ValueError(f"columns.{name}.{what}: a figure is counted, and no key")
        for name in self.columns:
            if name not in keys and name not in counted:
                raise ValueError(
                    f"columns.{name}: expected count or sum, as {counted[0]} has: a row is a record"
                )
        if self.record is None:
            raise ValueError(
                "record: is missing; columns with count need {key: HEADING}, what tells one record "
                "from another, or {key: none}"
            )
        return self

    @model_validator(mode="after")
    def _of_the_format(self) -> _Mapping:
        if self.format == "sql":
            if not self.query or not self.address:
                missing = "address" if self.query else "query"
                raise ValueError(f"{missing}: is missing; format sql needs it")
        elif self.query or self.address:
            raise ValueError(f"{'query' if self.query else 'address'}: only for format sql")
        for encoding in self.encoding:
            try:
                "".encode(encoding)
            except LookupError:
                raise ValueError(f"encoding: {encoding!r} is no encoding") from None
        if self.zone is not None:
            try:
                ZoneInfo(self.zone)
            except (KeyError, ValueError, OSError):
                raise ValueError(f"zone: {self.zone!r} is no time zone") from None
        for at, condition in enumerate(self.rows.where):
            regex(condition.matches, f"rows.where.{at}.matches: ")
        return self


@dataclass(frozen=True)
class MappingFile:
    """A mapping, and the file that it is from."""

    name: str
    sha256: str
    spec: _Mapping

    @property
    def table(self) -> str:
        return self.spec.table

    def wanted(self) -> tuple[tuple[str, ...], ...]:
        """Every column of the export that is read, by its spellings, each once."""
        seen: dict[tuple[str, ...], None] = {}
        for column in self.spec.columns.values():
            seen |= dict.fromkeys(column.sources)
        for condition in self.spec.rows.where:
            seen[condition.column] = None
        seen |= dict.fromkeys(self._key())
        return tuple(seen)

    def _key(self) -> tuple[tuple[str, ...], ...]:
        return () if self.spec.record is None else self.spec.record.key

    def needed(self) -> frozenset[tuple[str, ...]]:
        """Those without which the export is not the one that is meant."""
        needed = {c.column for c in self.spec.rows.where} | set(self._key())
        for column in self.spec.columns.values():
            if not column.optional:
                main = (column.from_,) if column.from_ else column.join
                asked = column.only_where
                needed |= {*main, *((asked.column,) if isinstance(asked, Condition) else ())}
            needed |= {condition.column for condition in column.counted or ()}
        return frozenset(needed)

    def filled(self) -> frozenset[tuple[str, ...]]:
        """Those in which every record has a value."""
        schema = SCHEMAS[self.table].columns()
        return frozenset(
            column.from_
            for name, column in self.spec.columns.items()
            if column.from_
            and not schema[name].nullable
            and column.default is None
            and not column.counted
        )


Mapped = _Mapping
"""The checked content of a mapping."""


def load_mapping(path: Path) -> MappingFile:
    """The mapping in a file; `DxError` with a line for everything that is wrong with it."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise DxError(f"{path.name}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DxError(f"{path.name}: expected UTF-8 text") from None
    spec = parse_mapping(text, path.name)
    return MappingFile(path.name, hashlib.sha256(data).hexdigest(), spec)


def parse_mapping(text: str, name: str) -> Mapped:
    """The mapping in a text; `name` is the file that errors name."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", row {mark.line + 1}" if mark else ""
        raise DxError(f"{name}{where}: {getattr(error, 'problem', None) or 'no YAML'}") from None
    except (RecursionError, ValueError):
        raise DxError(f"{name}: expected the keys table, format and columns") from None
    if not isinstance(raw, dict):
        raise DxError(f"{name}: expected the keys table, format and columns")
    again = list(twice(node, name))
    if again:
        raise DxError("\n".join(again))
    try:
        return _Mapping.model_validate(raw)
    except ValidationError as error:
        raise DxError("\n".join(lines_of(error, node, name, _PARTS))) from None
    except re.error as error:
        raise DxError(f"{name}: {error.pattern!r} is no regular expression: {error.msg}") from None


def _needed(mapping: _Mapping, name: str) -> bool:
    column = SCHEMAS[mapping.table].columns()[name]
    return not column.nullable


def _references(name: str, column: Column, names: Sequence[str]) -> None:
    """That what a column says of other columns of the table names ones that there are."""
    others = {
        "percent_of": column.percent_of,
        "only_where": column.only_where if isinstance(column.only_where, str) else None,
        "after.column": None if column.after is None else column.after.column,
    }
    for what, other in others.items():
        if other is None:
            continue
        if other not in names:
            raise ValueError(f"columns.{name}.{what}: {unknown(other, names)}")
        if other == name:
            raise ValueError(f"columns.{name}.{what}: expected another column")
    spellings = [(fold(text), value) for value, texts in column.values.items() for text in texts]
    listed = dict(spellings)
    for folded, value in spellings:
        if listed[folded] != value:
            raise ValueError(
                f"columns.{name}.values: one spelling stands for {value} and for {listed[folded]}"
            )


_PARTS: Final[Mapping[str, type[BaseModel]]] = {
    "": _Mapping,
    "columns": Column,
    "header": Header,
    "rows": Rows,
    "after": After,
    "where": Condition,
    "only_where": Condition,
    "count": Condition,
    "sum": Condition,
    "record": Record,
    "on_error": Refuse,
    "unlisted": Unlisted,
}


assert set(get_args(_Mapping.model_fields["table"].annotation)) == set(FACT_TABLES)
