"""From what a file holds to the contract's types, without losing what could not be read.

A CSV holds only text; a Parquet file holds whatever its writer chose. `conversion` says how a
column of some stored type becomes the contract's type, as a lazy expression that is null where
a value cannot be read, so that "was there, and is null now" is a value of the wrong type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

import dataframely as dy
import polars as pl

Kind = Literal["text", "integer", "boolean", "date", "datetime", "percent"]

LOCAL_ZONE: Final = "Asia/Ho_Chi_Minh"

EXPECTED: Final[Mapping[Kind, tuple[str, str]]] = {
    "text": ("text", "văn bản"),
    "integer": ("a whole number", "số nguyên"),
    "boolean": ("true or false", "true hoặc false"),
    "date": ("a date, YYYY-MM-DD", "ngày dạng YYYY-MM-DD"),
    "datetime": (
        "a local date and time, YYYY-MM-DDTHH:MM:SS",
        "ngày giờ địa phương dạng YYYY-MM-DDTHH:MM:SS",
    ),
    "percent": ("a decimal number, such as 90 or 38.57", "số thập phân, ví dụ 90 hoặc 38.57"),
}
"""What a value of each kind looks like, in English and in Vietnamese."""

_INTEGER = r"^-?[0-9]+(\.0+)?$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-5][0-9](\.[0-9]{1,9})?)?$"
_DECIMAL = r"^-?[0-9]{1,15}(\.[0-9]{1,30})?([eE]-?[0-9]{1,2})?$"


@dataclass(frozen=True)
class Conversion:
    """`value` is the typed column; `may_fail` where some values may become null by it."""

    value: pl.Expr
    may_fail: bool


def kind_of(column: dy.Column, percent: bool) -> Kind:
    """What the contract calls a column's type."""
    if percent:
        return "percent"
    kinds: tuple[tuple[type[dy.Column], Kind], ...] = (
        (dy.String, "text"),
        (dy.Int64, "integer"),
        (dy.Bool, "boolean"),
        (dy.Datetime, "datetime"),
        (dy.Date, "date"),
    )
    return next(kind for type_, kind in kinds if isinstance(column, type_))


def is_text(dtype: pl.DataType) -> bool:
    """Whether a stored type is text in one of polars' guises."""
    return dtype in (pl.String, pl.Categorical, pl.Enum)


def conversion(name: str, dtype: pl.DataType, kind: Kind) -> Conversion | None:
    """How column `name` of a stored type becomes `kind`; None where no value ever could.

    Text is expected with empty strings made null, and as polars' String.
    """
    column = pl.col(name)
    if dtype == pl.Null:
        return Conversion(column.cast(_TYPES[kind]), may_fail=False)
    if is_text(dtype):
        return _from_text(column, kind)
    match kind:
        case "integer":
            return _to_integer(column, dtype)
        case "boolean" if dtype == pl.Boolean:
            return Conversion(column, may_fail=False)
        case "date" | "datetime":
            return _to_time(column, dtype, kind)
        case "percent" if dtype.is_numeric():
            # Polars writes a float as the shortest text that reads back the same.
            return _to_percent(column.cast(pl.String))
        case _:
            return None


_TYPES: Final[Mapping[Kind, pl.DataType]] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
    "percent": pl.String(),
}


def _from_text(text: pl.Expr, kind: Kind) -> Conversion:
    match kind:
        case "text":
            return Conversion(text, may_fail=False)
        case "integer":
            whole = text.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
            return Conversion(_where(text.str.contains(_INTEGER), whole), may_fail=True)
        case "boolean":
            value = pl.when(text == "true").then(True).when(text == "false").then(False)
            return Conversion(value.otherwise(None), may_fail=True)
        case "date":
            day = text.str.to_date("%Y-%m-%d", strict=False)
            return Conversion(_where(text.str.contains(_DATE), day), may_fail=True)
        case "datetime":
            return Conversion(_to_instant(text), may_fail=True)
        case "percent":
            return _to_percent(text)


def _to_instant(text: pl.Expr) -> pl.Expr:
    iso = text.str.replace(" ", "T", literal=True)
    forms = (("%Y-%m-%dT%H:%M:%S%.f", _TIME), ("%Y-%m-%dT%H:%M", _TIME), ("%Y-%m-%d", _DATE))
    return pl.coalesce(
        _where(
            text.str.contains(pattern),
            iso.str.to_datetime(form, strict=False, time_unit="us"),
        )
        for form, pattern in forms
    )


def _to_integer(column: pl.Expr, dtype: pl.DataType) -> Conversion | None:
    if dtype.is_integer():
        narrow = dtype in (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)
        return Conversion(column.cast(pl.Int64, strict=False), may_fail=not narrow)
    if dtype.is_numeric():
        whole = column.cast(pl.Int64, strict=False)
        return Conversion(_where(whole.cast(dtype, strict=False) == column, whole), may_fail=True)
    return None


def _to_time(column: pl.Expr, dtype: pl.DataType, kind: Kind) -> Conversion | None:
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is not None:
            column = column.dt.convert_time_zone(LOCAL_ZONE).dt.replace_time_zone(None)
        instant = column.cast(pl.Datetime("us"), strict=False)
        if kind == "datetime":
            return Conversion(instant, may_fail=False)
        at_midnight = instant.dt.truncate("1d") == instant
        return Conversion(_where(at_midnight, instant.dt.date()), may_fail=True)
    if dtype == pl.Date:
        return Conversion(column.cast(_TYPES[kind]), may_fail=False)
    return None


def _to_percent(text: pl.Expr) -> Conversion:
    plain = text.map_elements(_plain, return_dtype=pl.String)
    return Conversion(_where(text.str.contains(_DECIMAL), plain), may_fail=True)


def _plain(text: str) -> str | None:
    """`"090.50"` as `"90.5"`: digits and a point, exact, the same for the same number."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    digits = f"{number:f}"
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    digits = digits.lstrip("-").lstrip("0") or "0"
    digits = f"0{digits}" if digits.startswith(".") else digits
    return f"-{digits}" if number < 0 else digits


def _where(condition: pl.Expr, value: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(value).otherwise(None)


def as_shown(name: str, dtype: pl.DataType) -> pl.Expr:
    """A column as an error shows its values: ISO text."""
    column = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        zone = "" if dtype.time_zone is None else "%:z"
        return column.dt.to_string(f"%Y-%m-%dT%H:%M:%S%.f{zone}")
    return column.cast(pl.String, strict=False)
