"""The data contract: what each table holds, and the rules that its rows keep.

One dataframely schema a table, in the order and the words of the contract. A rule is a row
expression that is true where the row is right; null counts as right, since a missing value
is the business of `nullability`. Every rule has a message in English and in Vietnamese in
`MESSAGES`, which says what was expected, and names the column to look at.

The schemas are the only place where a rule is written. `checks` hands a table's rules out as
expressions, so that `reading` can evaluate them lazily over tables too large to materialise;
`SCHEMAS[name].validate(frame)` is the same contract on a frame in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import dataframely as dy
import polars as pl

LEVELS: Final = ("province", "district", "commune")
KINDS: Final = ("department", "people_committee", "service_centre", "enterprise")
PAKN_KINDS: Final = ("field", "procedure", "enterprise")
TARGET_LEVELS: Final = (*LEVELS, "communes_of", "all")

FACT_TABLES: Final = ("documents", "e_copies", "pakn", "procedures")
"""What every data folder holds; the other tables may come from the reference folder."""

TIME_OF: Final[Mapping[str, str]] = {
    "documents": "month",
    "e_copies": "month",
    "pakn": "received_at",
    "procedures": "received_at",
}
"""The column that says when a row of a fact table belongs."""

IDENTIFIERS: Final[Mapping[str, str]] = {"pakn": "pakn_id", "procedures": "dossier_id"}
"""The tables of records, of which there may be millions, and the column in which each record
has a text of its own. Their other texts (units, kinds, topics, systems) have few values."""

# Times outside these are slips of a keyboard or of an export, not events.
_EARLIEST = datetime(1900, 1, 1)
_LATEST = datetime(2199, 12, 31, 23, 59, 59, 999_999)
_MONTH = r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$"
_UNPRINTABLE = r"[\p{Cc}\x{FFFE}\x{FFFF}]"


def _printable(text: pl.Expr) -> pl.Expr:
    # Control characters have no place in a document, and some formats cannot hold them.
    return ~text.str.contains(_UNPRINTABLE)


def _text(*, key: bool = False, nullable: bool = False) -> dy.String:
    return dy.String(primary_key=key, nullable=nullable, check={"printable": _printable})


def _code() -> dy.String:
    # One of a known set, by another rule: what characters it has need not be looked at.
    return dy.String()


def _month() -> dy.String:
    return dy.String(primary_key=True, regex=_MONTH)


def _count() -> dy.Int64:
    return dy.Int64(min=0)


def _time(*, nullable: bool = False, max: datetime = _LATEST) -> dy.Datetime:
    return dy.Datetime(time_unit="us", nullable=nullable, min=_EARLIEST, max=max)


def _due(*, nullable: bool = False) -> dy.Datetime:
    # Some systems write "no due time" as the last day that there is.
    return _time(nullable=nullable, max=datetime.max)


def _date(*, key: bool = False, nullable: bool = False) -> dy.Date:
    return dy.Date(primary_key=key, nullable=nullable, min=date.min, max=date.max)


def _is_percent(text: pl.Expr) -> pl.Expr:
    # By its digits and not as a float: what is compared with a target is exact.
    return text.str.contains(r"^([0-9]{1,2}(\.[0-9]+)?|100(\.0+)?)$")


class Units(dy.Schema):
    """The catalogue of units, each in the order in which it is printed."""

    unit_id = _text(key=True)
    name = _text()
    short_name = _text()
    level = _code()
    kind = _code()
    parent_id = _text(nullable=True)
    order = dy.Int64()
    valid_from = _date(nullable=True)
    valid_to = _date(nullable=True)

    @dy.rule()
    def unit_id_without_at(cls) -> pl.Expr:
        # A figure's scope has the unit, an @ and the system that it is of.
        return ~pl.col("unit_id").str.contains("@", literal=True)

    @dy.rule()
    def unit_level(cls) -> pl.Expr:
        return pl.col("level").is_in(LEVELS)

    @dy.rule()
    def unit_kind(cls) -> pl.Expr:
        return pl.col("kind").is_in(KINDS)

    @dy.rule()
    def parent_known(cls) -> pl.Expr:
        return pl.col("parent_id").is_in(pl.col("unit_id").drop_nulls().implode())

    @dy.rule()
    def parent_is_a_district(cls) -> pl.Expr:
        others = pl.col("unit_id").filter(pl.col("level") != "district").drop_nulls()
        return ~pl.col("parent_id").is_in(others.implode())

    @dy.rule()
    def parent_of_a_commune(cls) -> pl.Expr:
        return pl.col("parent_id").is_null() | (pl.col("level") == "commune")

    @dy.rule()
    def valid_from_before_valid_to(cls) -> pl.Expr:
        return pl.col("valid_from") <= pl.col("valid_to")


class Documents(dy.Schema):
    """Outgoing documents of a unit in a month, secret ones left out."""

    unit_id = _text(key=True)
    month = _month()
    outgoing = _count()
    signed_from_work_file = _count()

    @dy.rule()
    def signed_within_outgoing(cls) -> pl.Expr:
        return pl.col("signed_from_work_file") <= pl.col("outgoing")


class ECopies(dy.Schema):
    """Certifications of copies by a unit in a month."""

    unit_id = _text(key=True)
    month = _month()
    certified = _count()
    electronic = _count()

    @dy.rule()
    def electronic_within_certified(cls) -> pl.Expr:
        return pl.col("electronic") <= pl.col("certified")


class Pakn(dy.Schema):
    """Feedback and petitions, one row a PAKN."""

    pakn_id = _text(key=True)
    unit_id = _code()
    kind = _code()
    topic = _text()
    received_at = _time()
    due_at = _due(nullable=True)
    resolved_at = _time(nullable=True)
    rating = dy.Int64(nullable=True)

    @dy.rule()
    def pakn_kind(cls) -> pl.Expr:
        return pl.col("kind").is_in(PAKN_KINDS)

    @dy.rule()
    def resolved_after_received(cls) -> pl.Expr:
        return pl.col("resolved_at") >= pl.col("received_at")

    @dy.rule()
    def rating_in_range(cls) -> pl.Expr:
        return pl.col("rating").is_between(1, 5)

    @dy.rule()
    def rating_of_resolved(cls) -> pl.Expr:
        return pl.col("rating").is_null() | pl.col("resolved_at").is_not_null()


class Procedures(dy.Schema):
    """Dossiers of administrative procedures, one row a dossier."""

    dossier_id = _text(key=True)
    source_system = _text(key=True)
    unit_id = _code()
    received_at = _time()
    due_at = _due()
    returned_at = _time(nullable=True)
    filed_online = dy.Bool()
    fee_due = dy.Bool()
    paid_online = dy.Bool(nullable=True)
    digitised = dy.Bool()

    @dy.rule()
    def returned_after_received(cls) -> pl.Expr:
        return pl.col("returned_at") >= pl.col("received_at")

    @dy.rule()
    def paid_only_where_fee_due(cls) -> pl.Expr:
        return pl.col("fee_due") | ~pl.col("paid_online")

    @dy.rule()
    def paid_known_where_fee_due(cls) -> pl.Expr:
        return ~pl.col("fee_due") | pl.col("paid_online").is_not_null()


class Targets(dy.Schema):
    """What an indicator must reach at a level, from a date on. `minimum` is exact text."""

    indicator = _text(key=True)
    level = _text(key=True)
    minimum = dy.String()
    valid_from = _date(key=True)
    due = _date(nullable=True)
    basis = _text()

    @dy.rule()
    def target_level(cls) -> pl.Expr:
        return pl.col("level").is_in(TARGET_LEVELS)

    @dy.rule()
    def minimum_is_a_percentage(cls) -> pl.Expr:
        return _is_percent(pl.col("minimum"))


class Baselines(dy.Schema):
    """What an indicator stood at before. `value` is exact text."""

    indicator = _text(key=True)
    scope = _text(key=True)
    value = dy.String()
    as_of = _date()
    source = _text()

    @dy.rule()
    def value_is_a_percentage(cls) -> pl.Expr:
        return _is_percent(pl.col("value"))


class Topics(dy.Schema):
    """The names of PAKN topics, as printed."""

    topic = _text(key=True)
    name = _text()


SCHEMAS: Final[Mapping[str, type[dy.Schema]]] = {
    "units": Units,
    "documents": Documents,
    "e_copies": ECopies,
    "pakn": Pakn,
    "procedures": Procedures,
    "targets": Targets,
    "baselines": Baselines,
    "topics": Topics,
}

PERCENTAGES: Final = frozenset({("targets", "minimum"), ("baselines", "value")})
"""Columns of exact decimal numbers, kept as text."""


@dataclass(frozen=True)
class Message:
    """What a rule expects, in both languages; `column` is the one to look at and to show.

    The texts may name columns of the same row in braces.
    """

    column: str
    en: str
    vi: str


def _among(column: str, values: tuple[str, ...]) -> Message:
    names = ", ".join(values)
    return Message(column, f"one of {names}", f"phải là một trong: {names}")


def _no_earlier(column: str, than: str) -> Message:
    return Message(
        column,
        f"a time not before {than} ({{{than}}})",
        f"thời điểm không được trước {than} ({{{than}}})",
    )


def _at_most(column: str, whole: str) -> Message:
    return Message(
        column,
        f"at most {whole} ({{{whole}}})",
        f"không được lớn hơn {whole} ({{{whole}}})",
    )


_PERCENT = ("a percentage from 0 to 100", "tỷ lệ phần trăm từ 0 đến 100")

MESSAGES: Final[Mapping[str, Message]] = {
    "unit_id_without_at": Message("unit_id", "a code without @", "mã không có ký tự @"),
    "unit_level": _among("level", LEVELS),
    "unit_kind": _among("kind", KINDS),
    "parent_known": Message(
        "parent_id", "the unit_id of a unit in this table", "phải là unit_id có trong bảng này"
    ),
    "parent_is_a_district": Message(
        "parent_id", "a unit of level district", "phải là đơn vị cấp huyện (district)"
    ),
    "parent_of_a_commune": Message(
        "parent_id",
        "empty, as only a commune has a parent",
        "để trống, vì chỉ cấp xã (commune) có đơn vị cấp trên",
    ),
    "valid_from_before_valid_to": Message(
        "valid_to",
        "a date not before valid_from ({valid_from})",
        "ngày không được trước valid_from ({valid_from})",
    ),
    "signed_within_outgoing": _at_most("signed_from_work_file", "outgoing"),
    "electronic_within_certified": _at_most("electronic", "certified"),
    "pakn_kind": _among("kind", PAKN_KINDS),
    "resolved_after_received": _no_earlier("resolved_at", "received_at"),
    "rating_in_range": Message(
        "rating", "a whole number from 1 to 5, or empty", "số nguyên từ 1 đến 5, hoặc để trống"
    ),
    "rating_of_resolved": Message(
        "rating",
        "empty, as resolved_at is empty",
        "để trống, vì chưa xử lý (resolved_at trống)",
    ),
    "returned_after_received": _no_earlier("returned_at", "received_at"),
    "paid_only_where_fee_due": Message(
        "paid_online",
        "false or empty, as fee_due is false",
        "false hoặc để trống, vì không phát sinh phí (fee_due là false)",
    ),
    "paid_known_where_fee_due": Message(
        "paid_online",
        "true or false, as fee_due is true",
        "true hoặc false, vì có phát sinh phí (fee_due là true)",
    ),
    "target_level": _among("level", TARGET_LEVELS),
    "minimum_is_a_percentage": Message("minimum", *_PERCENT),
    "value_is_a_percentage": Message("value", *_PERCENT),
    "primary_key": Message("", "a key that occurs once", "khóa chỉ được xuất hiện một lần"),
    "nullability": Message("", "a value", "bắt buộc phải có giá trị"),
    "check__printable": Message(
        "", "text without control characters", "văn bản không có ký tự điều khiển"
    ),
    "regex": Message("", "a month, YYYY-MM", "tháng dạng YYYY-MM"),
    "min": Message("", "0 or more", "lớn hơn hoặc bằng 0"),
    "unit_known": Message(
        "unit_id", "the unit_id of a unit in the catalogue", "phải là unit_id có trong danh mục"
    ),
    "unit_in_force": Message(
        "unit_id",
        "a unit that is valid at {time} (it is valid {from} to {to})",
        "đơn vị phải còn hiệu lực tại {time} (hiệu lực từ {from} đến {to})",
    ),
}
"""Rule name -> message. Rules of one column have no column here: they are of that column."""

_OF_TIMES = Message(
    "", "a time between 1900 and 2199", "thời điểm trong khoảng từ năm 1900 đến năm 2199"
)
_OF_DATES = Message("", "a date between the years 1 and 9999", "ngày từ năm 1 đến năm 9999")


@dataclass(frozen=True)
class Check:
    """A rule ready to run: `right` is true or null where a row keeps it.

    `rule` is its name in the schema, `column|rule` for one of a single column.
    """

    rule: str
    column: str
    right: pl.Expr
    message: Message

    @property
    def wrong(self) -> pl.Expr:
        """True where a row breaks the rule, else false."""
        return ~self.right.fill_null(True)


def checks(table: str) -> Iterator[Check]:
    """The rules of a table, column by column, then those of the whole row.

    The key's uniqueness is not among them: it is not a matter of one row, and on large tables
    it wants its own way (`key`). Nor are the rules about units (`unit_checks`).
    """
    schema = SCHEMAS[table]
    for name, column in schema.columns().items():
        for rule, right in column.validation_rules(pl.col(name)).items():
            yield Check(f"{name}|{rule}", name, right, _message(rule, column))
    for rule, member in vars(schema).items():
        # What `dy.rule()` leaves in the class is a factory around the rule's own function.
        build = getattr(member, "validation_fn", None)
        if build is not None:
            yield Check(rule, MESSAGES[rule].column, build(schema), MESSAGES[rule])


def _message(rule: str, column: dy.Column) -> Message:
    if rule in ("min", "max"):
        if isinstance(column, dy.Datetime):
            return _OF_TIMES
        if isinstance(column, dy.Date):
            return _OF_DATES
    return MESSAGES[rule]


def key(table: str) -> tuple[str, ...]:
    """The columns that together occur once in a table."""
    return tuple(SCHEMAS[table].primary_key())


UNIT_KNOWN: Final = "unit_known"
UNIT_FROM: Final = "unit_valid_from"
UNIT_TO: Final = "unit_valid_to"


def with_unit(table: pl.LazyFrame, units: pl.DataFrame) -> pl.LazyFrame:
    """The table with what `unit_checks` looks at: whether a row's unit is known, and its dates."""
    known = units.lazy().select(
        "unit_id",
        pl.lit(True).alias(UNIT_KNOWN),
        pl.col("valid_from").alias(UNIT_FROM),
        pl.col("valid_to").alias(UNIT_TO),
    )
    return table.join(known, on="unit_id", how="left", maintain_order="left")


def unit_checks(table: str) -> Iterator[Check]:
    """The rules of a fact table about its units, on `with_unit(table, units)`.

    A month is within a unit's validity where they share a day.
    """
    time = pl.col(TIME_OF[table])
    if TIME_OF[table] == "month":
        first = (time + "-01").str.to_date("%Y-%m-%d", strict=False)
        last = first.dt.month_end()
    else:
        first = last = time.dt.date()
    known = pl.col("unit_id").is_null() | pl.col(UNIT_KNOWN).fill_null(False)
    in_force = (pl.col(UNIT_FROM) <= last).fill_null(True) & (pl.col(UNIT_TO) >= first).fill_null(
        True
    )
    yield Check("unit_known", "unit_id", known, MESSAGES["unit_known"])
    yield Check("unit_in_force", "unit_id", in_force, MESSAGES["unit_in_force"])
