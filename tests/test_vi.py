"""Vietnamese numbers, dates, lists and order."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxreport import vi

ratios = st.builds(Fraction, st.integers(-(10**9), 10**9), st.integers(1, 10**6))
places = st.integers(0, 4)


@pytest.mark.parametrize(
    ("numerator", "denominator", "decimals", "printed"),
    [
        (300, 16, 1, "18,8"),  # 18,75: half-even would agree; truncation would not
        (225, 100, 1, "2,3"),  # half-even prints 2,2
        (225, 100, 0, "2"),
        (5, 2, 0, "3"),  # half-even prints 2
        (100, 7, 1, "14,3"),  # the dispatch truncates to 14,2
        (8996, 100, 1, "90,0"),
        (263900, 3067, 1, "86,0"),
        (9695, 100, 2, "96,95"),
        (1005, 1000, 2, "1,01"),  # a float would be 1.00499…
        (2675, 1000, 2, "2,68"),  # a float would be 2.67499…
        (0, 1, 1, "0,0"),
        (9999, 10000, 2, "1,00"),
        (-5, 2, 0, "-3"),
        (-28, 100, 2, "-0,28"),
        (-4, 100, 1, "0,0"),  # never a minus before nothing
        (12345678, 10, 1, "1.234.567,8"),
    ],
)
def test_decimal_is_half_up(numerator: int, denominator: int, decimals: int, printed: str) -> None:
    assert vi.decimal(Fraction(numerator, denominator), decimals) == printed


@given(ratios, places)
def test_half_up_agrees_with_decimal_arithmetic(value: Fraction, decimals: int) -> None:
    with localcontext() as context:
        context.prec = 60
        # Exact up to a residue far below half of any last place that can occur here.
        quotient = Decimal(value.numerator) / Decimal(value.denominator)
        step = Decimal(1).scaleb(-decimals)
        expected = quotient.quantize(step, rounding=ROUND_HALF_UP)
    assert vi.half_up(value, decimals) == int(expected.scaleb(decimals))


@given(st.integers(0, 10**9), places)
def test_an_exact_half_always_goes_up(count: int, decimals: int) -> None:
    half = Fraction(2 * count + 1, 2 * 10**decimals)
    assert vi.half_up(half, decimals) == count + 1
    assert vi.half_up(-half, decimals) == -(count + 1)


@given(ratios, places)
def test_rounding_moves_by_half_a_place_at_most(value: Fraction, decimals: int) -> None:
    distance = abs(Fraction(vi.half_up(value, decimals), 10**decimals) - value)
    assert distance <= Fraction(1, 2 * 10**decimals)


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (1000, "1.000"),
        (1298, "1.298"),
        (3067, "3.067"),
        (1234567, "1.234.567"),
        (-1298, "-1.298"),
    ],
)
def test_integer(value: int, printed: str) -> None:
    assert vi.integer(value) == printed


@given(st.integers(-(10**12), 10**12))
def test_integer_reads_back(value: int) -> None:
    printed = vi.integer(value)
    assert int(printed.replace(".", "")) == value
    assert all(len(group) == 3 for group in printed.lstrip("-").split(".")[1:])


@pytest.mark.parametrize(
    ("value", "decimals", "trim", "printed"),
    [
        (9695, 2, False, "96,95"),
        (60, 1, False, "6,0"),
        (60, 1, True, "6"),
        (325, 1, True, "32,5"),
        (1000, 2, True, "10"),
        (1050, 2, True, "10,5"),
        (100, 0, True, "100"),  # whole zeros are no fraction
        (5, 2, False, "0,05"),
        (-5, 2, False, "-0,05"),
        (0, 2, True, "0"),
        (123456, 1, False, "12.345,6"),
    ],
)
def test_scaled(value: int, decimals: int, trim: bool, printed: str) -> None:
    assert vi.scaled(value, decimals, trim=trim) == printed


@given(st.integers(-(10**9), 10**9), places, st.booleans())
def test_scaled_reads_back(value: int, decimals: int, trim: bool) -> None:
    printed = vi.scaled(value, decimals, trim=trim)
    assert Decimal(printed.replace(".", "").replace(",", ".")) == Decimal(value).scaleb(-decimals)
    if trim and "," in printed:
        assert not printed.endswith("0")


@pytest.mark.parametrize(
    ("text", "printed"),
    [("85", "85"), ("42.5", "42,5"), ("38.57", "38,57"), ("0", "0"), ("-0.25", "-0,25")],
)
def test_exact_prints_all_of_a_terminating_decimal(text: str, printed: str) -> None:
    assert vi.exact(Fraction(text)) == printed


def test_exact_of_a_fraction_that_never_ends() -> None:
    assert vi.exact(Fraction(1, 3)) == "0,333333333333"


def test_dates() -> None:
    assert vi.day(date(2024, 9, 5)) == "05/09/2024"
    assert vi.day(date(2024, 12, 31)) == "31/12/2024"
    assert vi.legal_day(date(2022, 3, 18)) == "18/3/2022"
    assert vi.legal_day(date(2023, 6, 1)) == "01/6/2023"
    assert vi.legal_day(date(2024, 1, 1)) == "01/01/2024"
    assert vi.legal_day(date(2024, 2, 10)) == "10/02/2024"
    assert vi.legal_day(date(2024, 12, 31)) == "31/12/2024"


@pytest.mark.parametrize(
    ("value", "printed"), [(0, "0"), (1, "01"), (7, "07"), (9, "09"), (10, "10"), (1148, "1.148")]
)
def test_count(value: int, printed: str) -> None:
    assert vi.count(value) == printed


@pytest.mark.parametrize(
    ("items", "printed"),
    [
        ([], ""),
        (["Từ Sơn"], "Từ Sơn"),
        (["Từ Sơn", "Quế Võ"], "Từ Sơn và Quế Võ"),
        (["Từ Sơn", "Quế Võ", "Gia Bình"], "Từ Sơn, Quế Võ và Gia Bình"),
    ],
)
def test_joined(items: list[str], printed: str) -> None:
    assert vi.joined(items) == printed


def test_joined_with_another_last_word() -> None:
    topics = ["công trình xây dựng", "rác thải, chất thải", "chiếu sáng"]
    assert vi.joined(topics, "; ") == "công trình xây dựng, rác thải, chất thải; chiếu sáng"


def test_the_alphabet_is_in_order() -> None:
    letters = list("aăâbcdđeêghiklmnoôơpqrstuưvxy")
    assert vi.in_order(reversed(letters)) == letters


def test_tones_order_only_what_letters_leave_equal() -> None:
    assert vi.in_order(["mạ", "má", "mã", "mả", "mà", "ma"]) == ["ma", "mà", "mả", "mã", "má", "mạ"]
    assert vi.in_order(["mạ", "mb", "ma"]) == ["ma", "mạ", "mb"]
    assert vi.in_order(["Ế", "É", "Ề"]) == ["É", "Ề", "Ế"]


def test_names_are_never_in_order_of_code_points() -> None:
    names = ["Xã Zơ", "Xã Điện", "Xã Ánh", "Xã Dân", "Xã Ăn", "Xã Bình", "Xã An", "Xã Ứng"]
    expected = ["Xã An", "Xã Ánh", "Xã Ăn", "Xã Bình", "Xã Dân", "Xã Điện", "Xã Ứng", "Xã Zơ"]
    assert vi.in_order(names) == expected
    assert sorted(names) != expected


def test_a_shorter_name_comes_first_and_case_does_not_matter() -> None:
    assert vi.in_order(["Gia Bình", "Gia"]) == ["Gia", "Gia Bình"]
    assert vi.in_order(["đông", "Đan", "ĐẠI"]) == ["ĐẠI", "Đan", "đông"]


@given(st.lists(st.text(alphabet="aáàảãạăắâấbcdđeêếioôơờuưựy ", max_size=6), max_size=8))
def test_order_is_total_and_the_same_for_composed_and_decomposed(texts: list[str]) -> None:
    ordered = vi.in_order(texts)
    assert sorted(texts) == sorted(ordered)
    assert vi.in_order(reversed(texts)) == ordered
    decomposed = [unicodedata.normalize("NFD", text) for text in texts]
    assert [vi.nfc(text) for text in vi.in_order(decomposed)] == [vi.nfc(text) for text in ordered]


@given(st.text(max_size=12))
def test_any_text_has_a_place(text: str) -> None:
    assert vi.in_order([text, "a"]) == vi.in_order(["a", text])


def test_nfc() -> None:
    assert vi.nfc(unicodedata.normalize("NFD", "Thuận Thành")) == "Thuận Thành"


def test_first_letters() -> None:
    assert vi.lower_first("Điện lực") == "điện lực"
    assert vi.upper_first("ấp Bắc") == "Ấp Bắc"
    assert vi.lower_first("") == vi.upper_first("") == ""


def test_numbers_are_read_as_vietnamese_writes_them() -> None:
    text = "1298, 1.298 và 96,95% (34/37) ngày 01/9, 1/7 = 14.2857"
    found = [(as_written, number) for as_written, number, _ in vi.numbers(text)]
    assert found == [
        ("1298", 1298),
        ("1.298", 1298),
        ("96,95", Fraction("96.95")),
        ("34", 34),
        ("37", 37),
        ("01", 1),
        ("9", 9),
        ("1", 1),
        ("7", 7),
    ]


def test_a_text_that_is_usual_is_plain_already(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = "".join(c for c in map(chr, range(0x110000)) if vi._USUAL.fullmatch(c))
    assert vi.plain("Đường số 5 – “Tỷ lệ” ≥ 96,95% …") == "Đường số 5 – “Tỷ lệ” ≥ 96,95% …"
    monkeypatch.setattr(vi, "_USUAL", re.compile("(?!)"))
    assert vi.plain(usual) == usual
