"""The contract says what `spec` asks of it, and its two ways of running agree."""

from __future__ import annotations

import string
from datetime import date, datetime
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import SCHEMAS as BUILT
from builders import Row, frame, small_frames
from dxreport.contracts import MESSAGES, SCHEMAS, checks, key, unit_checks, with_unit

SEEDS = st.integers(0, 10_000)

UNIT: Row = {
    "unit_id": "256",
    "name": "Thành phố Bắc Ninh",
    "short_name": "Bắc Ninh",
    "level": "district",
    "kind": "people_committee",
    "parent_id": None,
    "order": 1,
    "valid_from": None,
    "valid_to": None,
}
PAKN: Row = {
    "pakn_id": "P1",
    "unit_id": "256",
    "kind": "field",
    "topic": "land",
    "received_at": datetime(2024, 9, 1, 8),
    "due_at": None,
    "resolved_at": datetime(2024, 9, 1, 8),
    "rating": 5,
}
DOSSIER: Row = {
    "dossier_id": "D1",
    "source_system": "province",
    "unit_id": "256",
    "received_at": datetime(2024, 9, 1, 8),
    "due_at": datetime(2024, 9, 9, 8),
    "returned_at": None,
    "filed_online": True,
    "fee_due": False,
    "paid_online": None,
    "digitised": False,
}
DOCUMENTS: Row = {
    "unit_id": "256",
    "month": "2024-09",
    "outgoing": 10,
    "signed_from_work_file": 10,
}
E_COPIES: Row = {"unit_id": "256", "month": "2024-09", "certified": 0, "electronic": 0}
TARGET: Row = {
    "indicator": "e_copy_rate",
    "level": "commune",
    "minimum": "60",
    "valid_from": date(2023, 6, 1),
    "due": date(2024, 12, 31),
    "basis": "Chỉ thị",
}
BASELINE: Row = {
    "indicator": "e_copy_rate",
    "scope": "all",
    "value": "0",
    "as_of": date(2023, 5, 31),
    "source": "Báo cáo",
}
TOPIC: Row = {"topic": "land", "name": "Đất đai"}
RIGHT: dict[str, Row] = {
    "units": UNIT,
    "documents": DOCUMENTS,
    "e_copies": E_COPIES,
    "pakn": PAKN,
    "procedures": DOSSIER,
    "targets": TARGET,
    "baselines": BASELINE,
    "topics": TOPIC,
}

BREACHES: list[tuple[str, Row, str]] = [
    ("units", {"unit_id": "257@x"}, "unit_id_without_at"),
    ("units", {"level": "tỉnh"}, "unit_level"),
    ("units", {"level": ""}, "unit_level"),
    ("units", {"kind": "Department"}, "unit_kind"),
    ("units", {"level": "commune", "parent_id": "257"}, "parent_known"),
    ("units", {"level": "commune", "parent_id": "256"}, "parent_is_a_district"),
    ("units", {"parent_id": "256"}, "parent_of_a_commune"),
    (
        "units",
        {"valid_from": date(2024, 2, 2), "valid_to": date(2024, 2, 1)},
        "valid_from_before_valid_to",
    ),
    ("units", {"name": None}, "name|nullability"),
    ("units", {"order": None}, "order|nullability"),
    ("units", {"name": "Xã\x07"}, "name|check__printable"),
    ("documents", {"signed_from_work_file": 11}, "signed_within_outgoing"),
    ("documents", {"signed_from_work_file": -1}, "signed_from_work_file|min"),
    ("documents", {"month": "2024-13"}, "month|regex"),
    ("documents", {"month": "2024-9"}, "month|regex"),
    ("documents", {"month": "2024-09-01"}, "month|regex"),
    ("documents", {"month": "0024-09"}, "month|regex"),
    ("e_copies", {"electronic": 1}, "electronic_within_certified"),
    ("e_copies", {"certified": None}, "certified|nullability"),
    ("pakn", {"kind": "business"}, "pakn_kind"),
    ("pakn", {"resolved_at": datetime(2024, 9, 1, 7, 59, 59)}, "resolved_after_received"),
    ("pakn", {"rating": 0}, "rating_in_range"),
    ("pakn", {"rating": 6}, "rating_in_range"),
    ("pakn", {"resolved_at": None}, "rating_of_resolved"),
    ("pakn", {"received_at": None}, "received_at|nullability"),
    ("pakn", {"received_at": datetime(1024, 9, 1)}, "received_at|min"),
    ("pakn", {"resolved_at": datetime(2204, 9, 1)}, "resolved_at|max"),
    ("procedures", {"returned_at": datetime(2024, 8, 31)}, "returned_after_received"),
    ("procedures", {"paid_online": True}, "paid_only_where_fee_due"),
    ("procedures", {"fee_due": True}, "paid_known_where_fee_due"),
    ("procedures", {"due_at": None}, "due_at|nullability"),
    ("procedures", {"digitised": None}, "digitised|nullability"),
    ("targets", {"level": "xã"}, "target_level"),
    ("targets", {"minimum": "100.1"}, "minimum_is_a_percentage"),
    ("targets", {"minimum": "-1"}, "minimum_is_a_percentage"),
    ("targets", {"minimum": None}, "minimum|nullability"),
    ("baselines", {"value": "1000"}, "value_is_a_percentage"),
    ("topics", {"name": None}, "name|nullability"),
]


def broken_rules(table: str, rows: pl.DataFrame) -> dict[str, int]:
    """Rule -> rows that break it, as dataframely itself counts them; keys left out."""
    counts = SCHEMAS[table].filter(rows).failure.counts()
    return {rule: count for rule, count in counts.items() if rule != "primary_key" and count}


def counted_lazily(table: str, rows: pl.DataFrame) -> dict[str, int]:
    """The same from `checks`, as the reader evaluates them."""
    rules = {check.rule: check.right for check in checks(table)}
    counts = (
        rows.lazy()
        .select((~right.fill_null(True)).sum().alias(rule) for rule, right in rules.items())
        .collect(engine="streaming")
        .row(0, named=True)
    )
    return {rule: count for rule, count in counts.items() if count}


@pytest.mark.parametrize("table", SCHEMAS)
def test_a_right_row_breaks_nothing(table: str) -> None:
    rows = frame(table, [RIGHT[table]])
    assert SCHEMAS[table].is_valid(rows)
    assert counted_lazily(table, rows) == {}


@pytest.mark.parametrize(("table", "change", "rule"), BREACHES)
def test_each_rule_finds_its_breach(table: str, change: Row, rule: str) -> None:
    rows = frame(table, [{**RIGHT[table], **change}])
    found = counted_lazily(table, rows)
    assert found.pop(rule) == 1
    # What else breaks is what the change made wrong, too; dataframely says the same.
    assert {rule: 1, **found} == broken_rules(table, rows)


def test_every_kind_of_rule_has_a_breach_above() -> None:
    tested = {rule.rsplit("|", 1)[-1] for _, _, rule in BREACHES}
    rules = {check.rule.rsplit("|", 1)[-1] for table in SCHEMAS for check in checks(table)}
    assert rules == tested


@pytest.mark.parametrize("table", SCHEMAS)
def test_columns_are_those_of_the_contract(table: str) -> None:
    assert dict(SCHEMAS[table].create_empty().schema) == BUILT[table]


def test_keys_are_those_of_the_contract() -> None:
    assert {table: key(table) for table in SCHEMAS} == {
        "units": ("unit_id",),
        "documents": ("unit_id", "month"),
        "e_copies": ("unit_id", "month"),
        "pakn": ("pakn_id",),
        "procedures": ("dossier_id", "source_system"),
        "targets": ("indicator", "level", "valid_from"),
        "baselines": ("indicator", "scope"),
        "topics": ("topic",),
    }


@pytest.mark.parametrize("rule", MESSAGES)
def test_messages_are_in_both_languages_and_name_columns(rule: str) -> None:
    message = MESSAGES[rule]
    tables = [
        table
        for table in SCHEMAS
        if any(check.rule.rsplit("|", 1)[-1] == rule for check in checks(table))
    ]
    about_units = {"time", "from", "to"} if rule == "unit_in_force" else set()
    assert tables or rule in ("primary_key", "unit_known", "unit_in_force")
    assert message.en.isascii()
    assert not message.vi.isascii()
    for table in tables:
        columns = set(SCHEMAS[table].column_names())
        assert message.column in columns | {""}
        for text in (message.en, message.vi):
            named = {name for _, name, _, _ in string.Formatter().parse(text) if name}
            assert named <= columns | about_units


@given(SEEDS)
def test_built_tables_keep_the_contract(seed: int) -> None:
    for table, rows in small_frames(seed).items():
        assert rows.height > 0
        SCHEMAS[table].validate(rows)


@given(SEEDS)
def test_lazy_checks_and_dataframely_count_the_same(seed: int) -> None:
    """Cells exchanged at random: whatever breaks is counted alike by both ways of running."""
    random = Random(seed)
    broken = 0
    for table, rows in small_frames(seed).items():
        for _ in range(4):
            rows = _with_a_wrong_cell(random, rows)
        found = counted_lazily(table, rows)
        assert found == broken_rules(table, rows)
        broken += sum(found.values())
    assert broken > 0


def _with_a_wrong_cell(random: Random, rows: pl.DataFrame) -> pl.DataFrame:
    strange: dict[Any, tuple[Any, ...]] = {
        pl.String(): (None, "", "x", "2024-00", "a\nb", "100.01", "99"),
        pl.Int64(): (None, -1, 0, 9, 10**9),
        pl.Boolean(): (None, True, False),
        pl.Date(): (None, date(1, 1, 1), date(9999, 12, 31)),
        pl.Datetime("us"): (None, datetime(2, 1, 1), datetime(2024, 9, 1), datetime(2300, 1, 1)),
    }
    name = random.choice(rows.columns)
    values = rows[name].to_list()
    values[random.randrange(len(values))] = random.choice(strange[rows.schema[name]])
    return rows.with_columns(pl.Series(name, values, dtype=rows.schema[name]))


@pytest.mark.parametrize(
    ("month", "known", "in_force"),
    [("2024-05", True, False), ("2024-06", True, True), ("2024-07", True, True)],
)
def test_a_month_is_in_force_where_it_shares_a_day(month: str, known: bool, in_force: bool) -> None:
    dates = {"valid_from": date(2024, 6, 30), "valid_to": date(2024, 7, 1)}
    assert _about_units("documents", {"month": month}, dates) == (known, in_force)


@pytest.mark.parametrize(
    ("received", "in_force"),
    [
        (datetime(2024, 6, 29, 23, 59, 59, 999_999), False),
        (datetime(2024, 6, 30), True),
        (datetime(2024, 7, 1, 23, 59, 59, 999_999), True),
        (datetime(2024, 7, 2), False),
    ],
)
def test_a_pakn_is_in_force_on_the_days_themselves(received: datetime, in_force: bool) -> None:
    dates = {"valid_from": date(2024, 6, 30), "valid_to": date(2024, 7, 1)}
    assert _about_units("pakn", {"received_at": received}, dates) == (True, in_force)


def test_no_dates_are_always_and_an_unknown_unit_is_only_unknown() -> None:
    assert _about_units("pakn", {}, {}) == (True, True)
    assert _about_units("pakn", {"unit_id": "257"}, {}) == (False, True)


def _about_units(table: str, row: Row, unit: Row) -> tuple[bool, bool]:
    units = frame("units", [{**UNIT, **unit}])
    joined = with_unit(frame(table, [{**RIGHT[table], **row}]).lazy(), units)
    known, in_force = (
        joined.select(check.right.fill_null(True).alias(check.rule) for check in unit_checks(table))
        .collect()
        .row(0)
    )
    return known, in_force
