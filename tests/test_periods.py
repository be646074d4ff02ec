"""Months, the periods of a report, and what breaks them."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxreport.errors import UsageError
from dxreport.periods import Month, Period, parse_months, report_periods

months = st.builds(Month, st.integers(2, 9997), st.integers(1, 12))


@pytest.mark.parametrize(
    ("text", "year", "month"), [("2024-09", 2024, 9), ("2024-01", 2024, 1), ("1999-12", 1999, 12)]
)
def test_parse(text: str, year: int, month: int) -> None:
    assert Month.parse(text) == Month(year, month)
    assert str(Month.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "2024-13",
        "2024-00",
        "abc",
        "",
        "2024",
        "2024-9",
        "2024-009",
        "09-2024",
        "2024/09",
        "2024-09-01",
        " 2024-09",
        "2024-09\n",
        "0000-01",
        "-2024-09",
        "٢٠٢٤-٠٩",
        "2024-09..2024-10",
    ],
)
def test_parse_says_in_one_line_what_it_wants(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Month.parse(text)
    assert "YYYY-MM" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(("year", "month"), [(2024, 0), (2024, 13), (0, 1), (9999, 1)])
def test_a_month_that_is_none_cannot_be_made(year: int, month: int) -> None:
    with pytest.raises(ValueError, match="no such month"):
        Month(year, month)


def test_edges_of_a_leap_february() -> None:
    month = Month(2024, 2)
    assert (month.first, month.last) == (date(2024, 2, 1), date(2024, 2, 29))
    assert (month.start, month.end) == (datetime(2024, 2, 1), datetime(2024, 3, 1))
    assert Month(2023, 2).last == date(2023, 2, 28)


def test_previous_and_next_cross_the_year() -> None:
    assert Month(2024, 1).previous == Month(2023, 12)
    assert Month(2023, 12).next == Month(2024, 1)
    assert Month(2024, 9).previous == Month(2024, 8)
    assert Month(2024, 9).january == Month(2024, 1)


@given(months)
def test_next_and_previous_undo_each_other(month: Month) -> None:
    assert month.next.previous == month == month.previous.next
    assert month.previous < month < month.next
    assert Month.parse(str(month)) == month


@given(months)
def test_a_month_is_its_days_and_no_instant_more(month: Month) -> None:
    assert month.last.day == calendar.monthrange(month.year, month.month)[1]
    assert Month.of(month.first) == Month.of(month.last) == month
    assert month.end == month.next.start
    assert Month.of((month.end - timedelta(microseconds=1)).date()) == month
    assert Month.of(month.end.date()) == month.next


def test_periods_of_september() -> None:
    periods = report_periods(Month(2024, 9))
    assert {key: (str(p.first), str(p.last)) for key, p in periods.items()} == {
        "month": ("2024-09", "2024-09"),
        "ytd": ("2024-01", "2024-09"),
        "previous": ("2024-08", "2024-08"),
        "end": ("2024-01", "2024-09"),
    }
    assert all(key == period.id for key, period in periods.items())
    assert periods["ytd"].start == datetime(2024, 1, 1)
    assert periods["ytd"].end == datetime(2024, 10, 1)


def test_periods_of_january_look_back_into_the_year_before() -> None:
    periods = report_periods(Month(2024, 1))
    assert periods["previous"] == Period("previous", Month(2023, 12), Month(2023, 12))
    assert periods["ytd"].start == periods["month"].start == datetime(2024, 1, 1)
    assert periods["previous"].end == periods["month"].start


@given(months)
def test_periods_end_with_the_month_or_right_before_it(month: Month) -> None:
    periods = report_periods(month)
    assert all(periods[key].end == month.end for key in ("month", "ytd", "end"))
    assert periods["previous"].end == month.start
    assert periods["ytd"].first.year == month.year


def test_until_is_inclusive_and_crosses_the_year() -> None:
    run = Month(2023, 11).until(Month(2024, 2))
    assert [str(month) for month in run] == ["2023-11", "2023-12", "2024-01", "2024-02"]
    assert Month(2024, 2).until(Month(2024, 2)) == (Month(2024, 2),)
    assert Month(2024, 2).until(Month(2024, 1)) == ()


def test_parse_months() -> None:
    assert parse_months("2024-09") == (Month(2024, 9),)
    assert parse_months("2024-07..2024-09") == (Month(2024, 7), Month(2024, 8), Month(2024, 9))
    assert parse_months("2024-09..2024-09") == (Month(2024, 9),)


@pytest.mark.parametrize("text", ["2024-09..2024-07", "2024-09..", "..2024-09", "a..b", "abc"])
def test_parse_months_refuses(text: str) -> None:
    with pytest.raises(UsageError):
        parse_months(text)
