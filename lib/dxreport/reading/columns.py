"""A file's columns with the contract's types, beside what was stored where that differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from dxreport import vi
from dxreport.contracts import PERCENTAGES, SCHEMAS
from dxreport.errors import Problem
from dxreport.reading.files import Part, readable_parquet
from dxreport.reading.values import EXPECTED, Conversion, conversion, is_text, kind_of

_STORED: Final = "stored:"


def composed(text: pl.Expr) -> pl.Expr:
    """NFC, without what would turn or overrun the text around it wherever it is printed."""
    plain = text.str.normalize("NFC")
    return plain.str.replace_all(vi.TURNING, "").str.replace_all(vi.HEAPED, "${1}")


@dataclass(frozen=True)
class Dirt:
    """Text columns in which some values are empty, or not as `composed` would have them."""

    empty: frozenset[str] = frozenset()
    decomposed: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.empty or self.decomposed)

    def cleaned(self) -> list[pl.Expr]:
        """The columns with empty text as null, and composed; no others."""
        expressions = []
        for name in sorted(self.empty | self.decomposed):
            text = pl.col(name)
            if name in self.decomposed:
                text = composed(text)
            text = pl.when(text != "").then(text)
            expressions.append(text.alias(name))
        return expressions


@dataclass(frozen=True)
class Typed:
    """A part with the contract's types; converted columns stand beside what was stored.

    stored: columns whose stored form stands beside them. fallible: those that some stored value
    may not fit. unreadable: those that are not there, or of a type that never fits.
    """

    part: Part
    wide: pl.LazyFrame
    stored: frozenset[str]
    fallible: frozenset[str]
    unreadable: frozenset[str]
    problems: tuple[Problem, ...]

    def rows(self, columns: Sequence[str]) -> pl.LazyFrame:
        return self.wide.select(columns)

    def stored_name(self, name: str) -> str:
        """The column of `wide` that has what was stored."""
        return _STORED + name if name in self.stored else name

    def was_read(self, name: str) -> pl.Expr:
        """Whether a stored value of a fallible column is there after the conversion, too."""
        return pl.col(_STORED + name).is_null() | pl.col(name).is_not_null()

    @property
    def texts(self) -> list[str]:
        """The columns that are stored as text, whatever the contract wants."""
        return [name for name, dtype in self.part.schema.items() if is_text(dtype)]


def type_part(table: str, part: Part, dirt: Dirt) -> Typed:
    """The part with the contract's types, its text cleaned of `dirt`."""
    problems: list[Problem] = []
    conversions: dict[str, Conversion] = {}
    schema = SCHEMAS[table].columns()
    for name, column in schema.items():
        if name not in part.schema:
            expected = "expected a column of this name, found none"
            problems.append(Problem(part.name, expected, row=part.header_row, column=name))
            continue
        dtype = part.schema[name]
        kind = kind_of(column, (table, name) in PERCENTAGES)
        if (how := conversion(name, dtype, kind)) is None:
            expected = f"expected {EXPECTED[kind][0]}; the column's type is another"
            problems.append(Problem(part.name, expected, column=name, value=str(dtype)))
        else:
            conversions[name] = how
    fallible = frozenset(name for name, how in conversions.items() if how.may_fail)
    changed = {name: how.value for name, how in conversions.items() if not _is_plain(name, how)}
    wide = _as_text(part).with_columns(dirt.cleaned())
    wide = wide.with_columns(pl.col(name).alias(_STORED + name) for name in changed)
    wide = wide.with_columns(value.alias(name) for name, value in changed.items())
    if part.in_memory:
        # Parsed once here, and not again by each tally.
        with readable_parquet(part.path):
            wide = wide.collect().lazy()
    return Typed(
        part=part,
        wide=wide,
        stored=frozenset(changed),
        fallible=fallible,
        unreadable=frozenset(schema) - frozenset(conversions),
        problems=tuple(problems),
    )


def _is_plain(name: str, how: Conversion) -> bool:
    return how.value.meta.eq(pl.col(name))


def _as_text(part: Part) -> pl.LazyFrame:
    """The part with polars' other guises of text as plain text."""
    return part.raw.with_columns(
        pl.col(name).cast(pl.String)
        for name, dtype in part.schema.items()
        if is_text(dtype) and dtype != pl.String
    )
