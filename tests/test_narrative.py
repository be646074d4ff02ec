"""Phrases on the edges: ties, everybody, nobody, one alone, exactly at the target, no figure."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import pytest

from dxreport.catalogue import Catalogue
from dxreport.narrative import MOST_NAMES, Narrative, month_name, year_to_date_name
from dxreport.periods import Month
from tables_data import MONTH, Counted, facts_of, full_catalogue, unit, with_units

PLACES = (
    unit("SNV", "Sở Nội vụ", "province", "department"),
    unit("STC", "Sở Tài chính", "province", "department"),
    unit("STP", "Sở Tư pháp", "province", "department"),
    unit("D1", "Thành phố Bắc Ninh", "district"),
    unit("D2", "Huyện Gia Bình", "district"),
    unit("D3", "Thị xã Quế Võ", "district"),
    unit("C1", "Phường Vạn An", "commune", parent="D1"),
    unit("C2", "Xã Thái Bảo", "commune", parent="D2"),
    unit("HCC1", "Trung tâm Hành chính công tỉnh", "province", "service_centre"),
    unit("HCC2", "Trung tâm Hành chính công Huyện Gia Bình", "district", "service_centre"),
)
CATALOGUE = with_units(full_catalogue(), PLACES)
TWO_TIER = with_units(full_catalogue(), [u for u in PLACES if u.level != "district"])

RATE = "documents_signed_rate"


def say(
    counts: dict[str, list[Counted]], catalogue: Catalogue = CATALOGUE, month: Month = MONTH
) -> Narrative:
    return Narrative(facts_of(counts, catalogue, month), catalogue)


def documents(**rates: tuple[int, int]) -> Narrative:
    """This month's documents: (outgoing, signed) of each unit."""
    return say({"documents": [(u, "month", "", counted) for u, counted in rates.items()]})


def pakn(**received: tuple[int, int]) -> Narrative:
    """This month's PAKN: (received, resolved) of each unit."""
    rows: list[Counted] = [
        (u, "month", "", (n, done, n - done, 0, 0, 86_400 * done, done, n))
        for u, (n, done) in received.items()
    ]
    return say({"pakn": rows})


def copies(**rates: tuple[int, int]) -> Narrative:
    return say({"e_copies": [(u, "month", "", counted) for u, counted in rates.items()]})


def read(markdown: str) -> str:
    """A phrase as a reader sees it."""
    bare = re.sub(r'\[([^\[\]]*)\]\{\.figure data-fact="[^"]*"[^}]*\}', r"\1", markdown)
    return re.sub(r"\\(.)", r"\1", bare.replace("**", ""))


# -- time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("month", "name", "ytd"),
    [
        (Month(2024, 1), "Trong tháng 01/2024", "Từ đầu năm 2024"),
        (Month(2024, 2), "Trong tháng 02/2024", "Trong 2 tháng đầu năm 2024"),
        (Month(2024, 9), "Trong tháng 9/2024", "Trong 9 tháng đầu năm 2024"),
        (Month(2024, 12), "Trong tháng 12/2024", "Cả năm 2024"),
    ],
)
def test_periods(month: Month, name: str, ytd: str) -> None:
    phrases = say({}, month=month)
    assert phrases.period("month") == name
    assert phrases.period("ytd") == ytd


def test_names_of_periods() -> None:
    assert month_name(Month(2024, 10)) == "tháng 10/2024"
    assert year_to_date_name(Month(2024, 1)) == "tháng đầu năm 2024"
    assert year_to_date_name(Month(2024, 12)) == "năm 2024"


def test_dates_are_written_as_letters_write_them() -> None:
    phrases = say({}, month=Month(2024, 2))
    assert phrases.dates("month") == "từ ngày 01/02/2024 đến ngày 29/02/2024"
    assert phrases.dates("ytd") == "từ ngày 01/01/2024 đến ngày 29/02/2024"
    assert phrases.as_of == "29/02/2024"


# -- verdicts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signed", "verdict"),
    [
        ((1000, 900), "đạt chỉ tiêu"),
        ((1000, 901), "đạt chỉ tiêu"),
        ((1000, 899), "chưa đạt chỉ tiêu"),
        ((100_000, 89_999), "chưa đạt chỉ tiêu, khi chưa làm tròn còn thấp hơn 90%"),
    ],
)
def test_a_verdict_is_exact_and_says_where_rounding_hides_it(
    signed: tuple[int, int], verdict: str
) -> None:
    phrases = documents(SNV=signed)
    assert phrases.verdict(phrases.facts.get(RATE, "month", "unit:SNV")) == verdict
    assert phrases.verdict(phrases.facts.get(RATE, "month", "level:province")) == verdict


def test_no_target_no_verdict() -> None:
    phrases = Narrative(documents(SNV=(10, 1)).facts, replace(CATALOGUE, targets=()))
    bare = replace(phrases.facts.get(RATE, "month", "unit:SNV"), target=None, met=None)
    assert phrases.verdict(bare) == ""
    assert phrases.minimum(RATE, "province") == ""


@pytest.mark.parametrize(
    ("province", "district", "commune", "verdict"),
    [
        (95, 85, 80, "các cấp đều đạt chỉ tiêu được giao"),
        (89, 79, 10, "các cấp đều chưa đạt chỉ tiêu được giao"),
        (95, 79, 85, "cấp tỉnh và cấp xã đạt chỉ tiêu được giao, cấp huyện chưa đạt chỉ tiêu"),
    ],
)
def test_levels_against_their_targets(
    province: int, district: int, commune: int, verdict: str
) -> None:
    phrases = documents(SNV=(100, province), D1=(100, district), C1=(100, commune))
    assert phrases.levels_verdict(RATE, "month") == verdict


def test_levels_without_a_target_are_not_judged() -> None:
    targets = tuple(t for t in CATALOGUE.targets if t.level == "district")
    catalogue = replace(CATALOGUE, targets=targets)
    both: list[Counted] = [("SNV", "month", "", (9, 9)), ("D1", "month", "", (9, 9))]
    assert (
        say({"documents": both}, catalogue).levels_verdict(RATE, "month")
        == "cấp huyện đạt chỉ tiêu được giao"
    )
    none = say({"documents": both}, replace(CATALOGUE, targets=()))
    assert "không có căn cứ" in none.levels_verdict(RATE, "month")


# -- changes ------------------------------------------------------------------------------------


def changed(*rows: Counted) -> str:
    return read(say({"documents": list(rows)}).by_level(RATE, "month", change=True))


def test_changes_are_against_the_calendar_month_before() -> None:
    assert changed(
        ("SNV", "month", "", (100, 95)),
        ("SNV", "previous", "", (100, 97)),
        ("D1", "month", "", (100, 90)),
        ("D1", "previous", "", (10, 9)),
    ) == (
        "cấp tỉnh đạt 95,00% (giảm 2,00% so với tháng 8/2024) "
        "và cấp huyện đạt 90,00% (không thay đổi)"
    )


def test_no_previous_month_is_said_once() -> None:
    text = changed(("SNV", "month", "", (100, 95)), ("D1", "month", "", (100, 90)))
    assert text == ("cấp tỉnh đạt 95,00% và cấp huyện đạt 90,00% (không có số liệu tháng trước)")


def test_one_level_without_a_previous_month() -> None:
    text = changed(
        ("SNV", "month", "", (100, 95)),
        ("D1", "month", "", (100, 90)),
        ("D1", "previous", "", (100, 80)),
    )
    assert text == (
        "cấp tỉnh đạt 95,00% (không có số liệu tháng trước) "
        "và cấp huyện đạt 90,00% (tăng 10,00% so với tháng 8/2024)"
    )


def test_a_level_without_cases() -> None:
    text = changed(("SNV", "month", "", (0, 0)), ("D1", "month", "", (100, 90)))
    assert text.startswith("cấp tỉnh không phát sinh và cấp huyện đạt 90,00%")


def test_no_level_at_all() -> None:
    assert say({}).by_level(RATE, "month") == "chưa có số liệu"


# -- extremes -----------------------------------------------------------------------------------


def received(phrases: Narrative) -> str:
    said = phrases.extremes(
        "pakn_received",
        "month",
        "số PAKN tiếp nhận",
        high="nhiều nhất",
        low="ít nhất",
        unit=" PAKN",
    )
    return read(said)


def test_highest_and_lowest() -> None:
    assert received(pakn(D1=(217, 1), D2=(3, 1), D3=(50, 1))) == (
        "thành phố Bắc Ninh nhiều nhất (217 PAKN); huyện Gia Bình ít nhất (3 PAKN)"
    )


def test_all_who_tie_are_named_in_the_catalogues_order() -> None:
    assert received(pakn(D3=(9, 0), D1=(9, 0), D2=(3, 1))) == (
        "thành phố Bắc Ninh và thị xã Quế Võ cùng nhiều nhất (9 PAKN); "
        "huyện Gia Bình ít nhất (3 PAKN)"
    )


def test_where_all_are_equal_none_is_named() -> None:
    text = received(pakn(D1=(4, 0), D2=(4, 1), D3=(4, 2)))
    assert text == "các địa phương có số PAKN tiếp nhận như nhau (4 PAKN)"


def resolution(phrases: Narrative) -> str:
    return read(
        phrases.extremes("pakn_resolution_rate", "month", "tỷ lệ xử lý", high="cao", low="thấp")
    )


def test_one_peer_alone_is_not_the_highest() -> None:
    text = resolution(pakn(D1=(4, 1)))
    assert text == "chỉ thành phố Bắc Ninh có số liệu về tỷ lệ xử lý (25,0%)"


def test_no_peer_has_a_figure() -> None:
    text = resolution(pakn(HCC1=(4, 1)))
    assert text == "không địa phương nào có số liệu về tỷ lệ xử lý"


def test_service_centres_are_never_the_highest() -> None:
    assert "Trung tâm" not in resolution(pakn(HCC1=(1, 1), HCC2=(1, 1), D1=(4, 1), D2=(4, 2)))


def test_the_lowest_may_come_first() -> None:
    phrases = pakn(D1=(4, 1), D2=(4, 2), D3=(1, 1))
    said = phrases.extremes(
        "pakn_resolution_rate", "month", "tỷ lệ", high="cao", low="thấp", low_first=True
    )
    assert read(said) == "thành phố Bắc Ninh thấp (25,0%); thị xã Quế Võ cao (100%)"


def test_without_districts_the_communes_are_compared() -> None:
    rows: list[Counted] = [
        ("C1", "month", "", (9, 0, 9, 0, 0, 0, 0, 9)),
        ("C2", "month", "", (2, 0, 2, 0, 0, 0, 0, 2)),
    ]
    text = received(say({"pakn": rows}, TWO_TIER))
    assert text == "phường Vạn An nhiều nhất (9 PAKN); xã Thái Bảo ít nhất (2 PAKN)"


def test_leading_leaves_out_who_has_nothing_and_keeps_ties() -> None:
    rows: list[Counted] = [
        ("D1", "end", "province", (100, 100, 21, 0, 0, 0)),
        ("D2", "end", "province", (100, 100, 0, 0, 0, 0)),
        ("D3", "end", "province", (200, 200, 42, 0, 0, 0)),
    ]
    phrases = say({"procedures": rows})
    assert read(phrases.leading("procedures_overdue_rate", "end", "district", 1)) == (
        "thành phố Bắc Ninh (21%) và thị xã Quế Võ (21%)"
    )


# -- lists against a target ---------------------------------------------------------------------


def whole(**rates: tuple[int, int]) -> str:
    return read(documents(**rates).whole(RATE, "month", "province"))


@pytest.mark.parametrize(
    ("rates", "text"),
    [
        (
            {"SNV": (9, 9), "STC": (5, 5), "STP": (10, 9)},
            "02 cơ quan, đơn vị đạt tỷ lệ 100%, gồm: Sở Nội vụ và Sở Tài chính; "
            "cơ quan, đơn vị còn lại là Sở Tư pháp (90,00%) đạt chỉ tiêu (tối thiểu 90%)",
        ),
        (
            {"SNV": (9, 9), "STC": (10, 9), "STP": (100, 95)},
            "01 cơ quan, đơn vị đạt tỷ lệ 100% là Sở Nội vụ; "
            "các cơ quan, đơn vị còn lại đều đạt chỉ tiêu (tối thiểu 90%)",
        ),
        (
            {"SNV": (9, 9), "STC": (10, 1), "STP": (100, 95)},
            "01 cơ quan, đơn vị đạt tỷ lệ 100% là Sở Nội vụ; "
            "01 cơ quan, đơn vị chưa đạt chỉ tiêu (tối thiểu 90%) là Sở Tài chính (10,00%), "
            "các cơ quan, đơn vị còn lại đều đạt chỉ tiêu",
        ),
        (
            {"SNV": (10, 8), "STC": (10, 1), "STP": (100, 5)},
            "chưa có cơ quan, đơn vị nào đạt tỷ lệ 100%; "
            "tất cả cơ quan, đơn vị đều chưa đạt chỉ tiêu (tối thiểu 90%)",
        ),
        ({"SNV": (9, 9), "STC": (5, 5), "STP": (1, 1)}, "tất cả 03 cơ quan, đơn vị đều đạt 100%"),
        ({"SNV": (9, 9), "STC": (0, 0)}, "Sở Nội vụ đạt 100%"),
        ({"SNV": (0, 0)}, "không cơ quan, đơn vị nào có số liệu"),
    ],
)
def test_who_is_at_a_hundred_percent(rates: dict[str, tuple[int, int]], text: str) -> None:
    assert whole(**rates) == text


@pytest.mark.parametrize(
    ("rates", "text"),
    [
        (
            {"D1": (100, 90), "D2": (100, 80), "D3": (100, 85)},
            "thành phố Bắc Ninh có tỷ lệ cao nhất (90,00%); "
            "các địa phương còn lại đều đạt chỉ tiêu (tối thiểu 80%)",
        ),
        (
            {"D1": (100, 90), "D2": (100, 90), "D3": (100, 79)},
            "thành phố Bắc Ninh và huyện Gia Bình cùng có tỷ lệ cao nhất (90,00%); "
            "01 địa phương chưa đạt chỉ tiêu (tối thiểu 80%) là thị xã Quế Võ (79,00%)",
        ),
        (
            {"D1": (10, 8), "D2": (10, 8), "D3": (10, 8)},
            "các địa phương có tỷ lệ như nhau (80,00%), đều đạt chỉ tiêu (tối thiểu 80%)",
        ),
        (
            {"D1": (10, 7), "D2": (10, 6), "D3": (10, 5)},
            "thành phố Bắc Ninh có tỷ lệ cao nhất (70,00%); "
            "tất cả địa phương đều chưa đạt chỉ tiêu (tối thiểu 80%)",
        ),
        (
            {"D1": (10, 8), "D2": (10, 7), "D3": (10, 6)},
            "thành phố Bắc Ninh có tỷ lệ cao nhất (80,00%); "
            "các địa phương còn lại đều chưa đạt chỉ tiêu (tối thiểu 80%)",
        ),
    ],
)
def test_the_best_and_the_others(rates: dict[str, tuple[int, int]], text: str) -> None:
    assert read(documents(**rates).best(RATE, "month", "district", "tỷ lệ")) == text


@pytest.mark.parametrize(
    ("rates", "text"),
    [
        (
            {"D1": (10, 7), "D2": (10, 9), "D3": (10, 0)},
            "02 địa phương đạt chỉ tiêu (tối thiểu 70%): huyện Gia Bình (90,0%) "
            "và thành phố Bắc Ninh (70,0%); "
            "địa phương còn lại là thị xã Quế Võ (0%) chưa đạt chỉ tiêu",
        ),
        (
            {"D1": (10, 10), "D2": (10, 5), "D3": (10, 0)},
            "01 địa phương đạt chỉ tiêu (tối thiểu 70%): thành phố Bắc Ninh (100%); "
            "các địa phương còn lại chưa đạt chỉ tiêu, thấp nhất là thị xã Quế Võ (0%)",
        ),
        (
            {"D1": (10, 6), "D2": (10, 5), "D3": (10, 5)},
            "chưa có địa phương nào đạt chỉ tiêu (tối thiểu 70%); "
            "thấp nhất là huyện Gia Bình và thị xã Quế Võ (cùng 50,0%)",
        ),
        (
            {"D1": (10, 5), "D2": (10, 5), "D3": (10, 5)},
            "chưa có địa phương nào đạt chỉ tiêu (tối thiểu 70%); cùng ở mức 50,0%",
        ),
        (
            {"D1": (10, 7), "D2": (10, 8), "D3": (10, 7)},
            "cả 03 địa phương đều đạt chỉ tiêu (tối thiểu 70%): huyện Gia Bình (80,0%), "
            "thành phố Bắc Ninh (70,0%) và thị xã Quế Võ (70,0%)",
        ),
        ({"D1": (10, 7)}, "thành phố Bắc Ninh (70,0%) đạt chỉ tiêu (tối thiểu 70%)"),
        ({"D1": (0, 0)}, "không địa phương nào có số liệu để đánh giá"),
    ],
)
def test_who_meets_a_target(rates: dict[str, tuple[int, int]], text: str) -> None:
    assert read(copies(**rates).met_list("e_copy_rate", "month", "district")) == text


def test_a_districts_communes_are_held_to_the_communes_target() -> None:
    text = copies(C1=(10, 6), C2=(10, 5)).met_list("e_copy_commune_mean", "month", "district")
    assert read(text) == (
        "01 địa phương đạt chỉ tiêu (tối thiểu 60%): thành phố Bắc Ninh (60,0%); "
        "địa phương còn lại là huyện Gia Bình (50,0%) chưa đạt chỉ tiêu"
    )


def test_a_long_list_is_counted_and_not_named() -> None:
    many = [unit(f"D{n}", f"Huyện Số {n}", "district") for n in range(MOST_NAMES + 2)]
    rows: list[Counted] = [(u.unit_id, "month", "", (10, 10)) for u in many[1:]]
    rows.append((many[0].unit_id, "month", "", (10, 0)))
    text = say({"e_copies": rows}, with_units(CATALOGUE, many)).met_list(
        "e_copy_rate", "month", "district"
    )
    assert read(text) == (
        "11 địa phương đạt chỉ tiêu (tối thiểu 70%); "
        "địa phương còn lại là huyện Số 0 (0%) chưa đạt chỉ tiêu"
    )


def test_units_without_cases_are_named_apart() -> None:
    none = copies(D1=(10, 7), D2=(0, 0), D3=(0, 0)).without_cases(
        "e_copy_rate", "month", "district"
    )
    assert none == "huyện Gia Bình và thị xã Quế Võ"


def filing(**counts: tuple[int, int]) -> list[Counted]:
    return [(u, "end", "province", (n, m, 0, 0, 0, 0)) for u, (n, m) in counts.items()]


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        (filing(SNV=(10, 9), STC=(10, 8)), "1/2 sở, ban, ngành đạt chỉ tiêu (tối thiểu 90%)"),
        (
            filing(SNV=(10, 9), STC=(10, 9)),
            "100% đơn vị (2/2 sở, ban, ngành) đạt chỉ tiêu (tối thiểu 90%)",
        ),
        (
            filing(SNV=(10, 0), STC=(10, 8)),
            "chưa có cơ quan, đơn vị nào đạt chỉ tiêu (0/2 sở, ban, ngành, tối thiểu 90%)",
        ),
        (filing(SNV=(0, 0)), "không cơ quan, đơn vị nào có số liệu để đánh giá"),
    ],
)
def test_how_many_meet_a_target(counts: list[Counted], text: str) -> None:
    phrases = say({"procedures": counts})
    assert read(phrases.meeting("online_filing_rate", "end", "province")) == text


def test_a_unit_that_misses_is_told_on_every_system() -> None:
    rows = [
        *filing(STC=(40, 0), STP=(100, 44)),
        ("STC", "end", "Bộ Tài chính", (37, 34) + (0,) * 4),
    ]
    phrases = say({"procedures": rows})
    assert read(phrases.missing("online_filing_rate", "end", "province")) == (
        "Sở Tài chính (0% trên hệ thống của tỉnh; trên hệ thống của Bộ Tài chính đạt 91,89%, "
        "34/37 hồ sơ) và Sở Tư pháp (44,00%)"
    )


def test_nobody_misses() -> None:
    phrases = say({"procedures": filing(STC=(40, 36))})
    assert phrases.missing("online_filing_rate", "end", "province") == ""
    assert phrases.everyone_meets("online_filing_rate", "end", "province")


@pytest.mark.parametrize(
    ("month", "text"),
    [(Month(2024, 11), "trước hạn ngày 31/12/2024"), (Month(2024, 12), ""), (Month(2025, 1), "")],
)
def test_before_the_due_date(month: Month, text: str) -> None:
    assert say({}, month=month).ahead_of_due("online_filing_rate", "district") == text


# -- PAKN and dossiers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counted", "text"),
    [
        ((382, 193), "tiếp nhận 382 PAKN, đã xử lý 193 PAKN, tỷ lệ xử lý đạt 50,5%"),
        ((382, 382), "tiếp nhận 382 PAKN, đã xử lý toàn bộ 382 PAKN (tỷ lệ xử lý 100%)"),
        ((382, 0), "tiếp nhận 382 PAKN, chưa xử lý xong PAKN nào (tỷ lệ xử lý 0%)"),
        ((0, 0), "không tiếp nhận PAKN nào"),
    ],
)
def test_received_and_resolved(counted: tuple[int, int], text: str) -> None:
    assert read(pakn(D1=counted).handled("month")) == text


def test_centres_that_resolved_all_are_named_beside_those_that_did_not() -> None:
    assert read(pakn(HCC1=(6, 0), HCC2=(1, 1)).done_by_kind("service_centre", "month")) == (
        "Trung tâm Hành chính công Huyện Gia Bình đạt tỷ lệ 100%"
    )
    assert pakn(HCC1=(6, 6), HCC2=(1, 1)).done_by_kind("service_centre", "month") == ""
    assert pakn(HCC1=(6, 0)).done_by_kind("service_centre", "month") == ""


def test_backlog_without_and_with_peers() -> None:
    assert pakn(D1=(4, 4), HCC1=(9, 0)).backlog("month") == ""
    assert read(pakn(D1=(4, 1), D2=(3, 2), D3=(2, 2)).backlog("month")) == (
        "thành phố Bắc Ninh có số PAKN tồn đọng nhiều nhất (3 PAKN)"
    )


def test_topics_that_tie_with_the_last_are_named_too() -> None:
    counts = {
        "xay-dung": 9,
        "rac-thai": 8,
        "via-he": 7,
        "chieu-sang": 6,
        "giao-thong": 6,
        "khac": 1,
    }
    rows: list[Counted] = [
        ("D1", "ytd", topic, (n, 0, n, 0, 0, 0, 0, n)) for topic, n in counts.items()
    ]
    assert read(say({"pakn": rows}).topics()) == (
        "công trình xây dựng; rác thải, chất thải; vỉa hè, lề đường; chiếu sáng; "
        "giao thông, đường sá"
    )
    assert say({}).topics() == ""


def overdue(**counts: int) -> Narrative:
    rows: list[Counted] = [(u, "end", "province", (100, 0, n, 0, 0, 0)) for u, n in counts.items()]
    return say({"procedures": rows})


def test_overdue_dossiers_by_level() -> None:
    phrases = overdue(SNV=1, D1=7, D2=5)
    assert phrases.most_overdue() == ("district",)
    assert read(phrases.overdue_by_level()) == (
        "cấp huyện có 12 hồ sơ trễ hạn, bằng 6,00% tổng số hồ sơ đã tiếp nhận; "
        "cấp tỉnh có 1 hồ sơ trễ hạn, bằng 1,00% tổng số hồ sơ đã tiếp nhận"
    )
    both = overdue(SNV=3, D1=3)
    assert both.most_overdue() == ("province", "district")
    assert both.level_names(both.most_overdue()) == "cấp tỉnh và cấp huyện"
    assert overdue(SNV=0, D1=0).most_overdue() == ()


def test_changes_since_the_baseline_are_told_where_one_is_known() -> None:
    rows: list[Counted] = [
        ("SNV", "end", "province", (100, 90, 0, 99, 10, 10)),
        ("D1", "end", "province", (100, 95, 0, 100, 10, 9)),
    ]
    phrases = say({"procedures": rows})
    assert read(phrases.by_level("digitisation_rate", "end", verdict=True)) == (
        "cấp tỉnh đạt 99% (tăng 69%; chưa đạt chỉ tiêu) "
        "và cấp huyện đạt 100% (tăng 94%; đạt chỉ tiêu)"
    )
    assert phrases.since_baseline("online_filing_rate", "level:province") == ""


# -- what holds of every phrase -----------------------------------------------------------------


def test_names_begin_small_inside_a_sentence_only_where_they_are_places() -> None:
    names = ("Huyện Gia Bình", "Huyện ủy", "Sở Xã hội", "Thị trấn Thứa", "Đặc khu A", "Xã")
    units = [unit(f"U{i}", name, "district") for i, name in enumerate(names)]
    rows: list[Counted] = [(u.unit_id, "month", "", (1, 1)) for u in units]
    phrases = say({"documents": rows}, with_units(CATALOGUE, units))
    assert [phrases.name(fact) for fact in phrases.units(RATE, "month", "district")] == [
        "huyện Gia Bình", "huyện ủy", "Sở Xã hội", "thị trấn Thứa", "đặc khu A", "Xã",
    ]  # fmt: skip


def test_a_name_from_data_cannot_be_markup() -> None:
    hostile = unit("D9", "Huyện *A* <b>[x](y)</b>", "district")
    rows: list[Counted] = [("D9", "month", "", (10, 7)), ("D1", "month", "", (10, 6))]
    catalogue = with_units(CATALOGUE, (*PLACES, hostile))
    text = say({"e_copies": rows}, catalogue).met_list("e_copy_rate", "month", "district")
    assert r"huyện \*A\* \<b\>\[x\](y)\</b\>" in text


def test_every_number_of_a_phrase_about_figures_is_the_span_of_a_fact() -> None:
    phrases = copies(D1=(10, 7), D2=(10, 9), D3=(10, 0))
    text = phrases.met_list("e_copy_rate", "month", "district")
    spans = re.findall(r'\[([^\[\]]*)\]\{\.figure data-fact="([^"]*)"\}', text)
    by_key = {fact.key: fact for fact in phrases.facts}
    assert len(spans) == 4
    assert all(by_key[key].printed == printed for printed, key in spans)
    rest = re.sub(r"\[[^\[\]]*\]\{[^}]*\}", "", text)
    assert re.findall(r"\d+", rest) == [str(Fraction(70))]
