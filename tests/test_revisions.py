"""What moved since a month was published, and what is told of it."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import ROOT, run
from dxreport.errors import DxError
from dxreport.explain import Kinds
from dxreport.exports import facts_csv
from dxreport.facts import Facts
from dxreport.opendata import open_data
from dxreport.periods import Month
from dxreport.report import Report, build_report
from dxreport.revisions import History, Move, Revision, Side, moved, read_history, revise
from dxreport.revisions.telling import MOST, notice, section
from dxreport.site.archive import read_entry

HEAD = "month,section,indicator,period,scope,name,numerator,denominator,value,unit,printed,met\n"
PLAIN = "2024-09,2,pakn_received,ytd,all,Toàn tỉnh,3067,1,3067.0,count,3.067,\n"
RATE = '2024-09,3,e_copy_rate,month,level:district,Cấp huyện,280,414,67.6,%,"67,6%",false\n'
HIDDEN = "2024-09,3,e_copy_rate,month,level:district,Cấp huyện,,,,%,không công bố,\n"
OLD = HEAD + PLAIN + RATE
MOVE = Move(
    "pakn_received",
    "ytd",
    "all",
    "Toàn tỉnh",
    "count",
    Side("3.067", 3067, 1, None),
    Side("3.068", 3068, 1, None),
)


@pytest.fixture(scope="module")
def report() -> Report:
    return build_report("2024-09", ROOT / "data" / "sample", ROOT)


# -- what moved


def test_nothing_moves_between_the_same_facts(report: Report) -> None:
    text = facts_csv(report.facts)
    compared = moved(text, text)
    assert (compared.moves, compared.added, compared.hidden) == ((), 0, 0)


def test_a_figure_that_moved_is_told_with_both_sides() -> None:
    new = OLD.replace("3067,1,3067.0,count,3.067", "3068,1,3068.0,count,3.068")
    assert moved(OLD, new).moves == (MOVE,)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('280,414,67.6,%,"67,6%",false', '281,415,67.7,%,"67,6%",false'),  # the same print
        ('280,414,67.6,%,"67,6%",false', '280,414,67.6,%,"67,6%",true'),  # another verdict
        ('280,414,67.6,%,"67,6%",false', '280,414,67.6,%,"67,63%",false'),  # another print
        ('280,414,67.6,%,"67,6%",false', "0,0,,%,không phát sinh,"),
    ],
)
def test_counts_verdicts_and_prints_are_figures(old: str, new: str) -> None:
    (move,) = moved(OLD, OLD.replace(old, new)).moves
    assert move.key == "e_copy_rate/month/level:district"


def test_a_fact_that_is_gone_or_new_is_counted_rightly() -> None:
    (gone,) = moved(OLD, HEAD + PLAIN).moves
    assert (gone.indicator, gone.new) == ("e_copy_rate", None)
    compared = moved(HEAD + PLAIN, OLD)
    assert (compared.moves, compared.added) == ((), 1)


def test_a_rank_alone_is_no_figure(report: Report) -> None:
    text = facts_csv(report.facts)
    other = Facts(report.facts.month, tuple(replace(f, rank_high=9) for f in report.facts))
    assert facts_csv(other) != text
    assert moved(text, facts_csv(other)).moves == ()


def test_what_is_hidden_now_is_never_told() -> None:
    """Neither its earlier figure nor the one of an earlier revision."""
    new = HEAD + PLAIN + HIDDEN
    compared = moved(OLD, new)
    assert (compared.moves, compared.hidden) == ((), 1)
    shown_again = moved(new, OLD).moves
    assert [(m.old.printed, m.old.numerator) for m in shown_again] == [("không công bố", None)]
    earlier = moved(OLD, OLD.replace("280,414", "290,414")).moves
    history = History("2024-09").revised(earlier, None, "")
    kept = history.without(frozenset({"e_copy_rate/month/level:district"}))
    assert "290" not in kept.to_json()
    assert not kept


def test_order_and_formula_guards_do_not_matter() -> None:
    lines = [HEAD.strip(), PLAIN.strip(), RATE.strip().replace("Cấp huyện", "'=cmd")]
    new = "\n".join([lines[0], lines[2], lines[1]]) + "\n"
    (move,) = moved("\n".join(lines), new.replace("280,414", "281,414")).moves
    assert move.name == "=cmd"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it has no column month"),
        ("a,b\n1,2\n", "it has no column month"),
        (OLD.replace(",met\n", "\n"), "it has no column met"),
        (HEAD, "it has no row"),
        (HEAD + PLAIN[:40], "row 2 is cut short"),
        (HEAD + PLAIN.replace("3067,1,", "x,1,"), "row 2 cannot be read"),
        (HEAD + PLAIN.replace(",\n", ",maybe\n"), "row 2 cannot be read"),
        (OLD.replace("2024-09", "2024-08"), "it is of another month"),
    ],
)
def test_a_damaged_or_older_file_says_why(text: str, why: str) -> None:
    with pytest.raises(DxError) as error:
        moved(text, OLD)
    assert str(error.value) == why


# -- the history


SIDES = st.builds(
    Side,
    st.text(max_size=8),
    st.none() | st.integers(0, 2**62),
    st.none() | st.integers(0, 2**62),
    st.sampled_from([True, False, None]),
)
MOVES = st.builds(Move, *[st.text(max_size=8)] * 5, old=SIDES, new=st.none() | SIDES)
HISTORIES = st.builds(
    History,
    st.just("2024-09"),
    st.lists(
        st.builds(
            Revision,
            st.integers(1, 9),
            st.none() | st.dates(),
            st.text(max_size=9),
            st.lists(MOVES, min_size=1, max_size=3).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
)


@given(HISTORIES)
def test_a_history_is_read_as_it_was_written(history: History) -> None:
    assert read_history(history.to_json(), "2024-09") == history


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it cannot be read"),
        ("[]", "it cannot be read"),
        ("{}", "it cannot be read"),
        ("[" * 100_000, "it cannot be read"),
        ('{"format": 2}', "its format is 2, not 1"),
        (History("2024-08").to_json(), "it is of another month"),
        (
            History("2024-09").revised([MOVE], None, "").to_json().replace("3067", '"x"'),
            "it cannot be read",
        ),
    ],
)
def test_a_damaged_history_says_why(text: str, why: str) -> None:
    with pytest.raises(DxError) as error:
        read_history(text, "2024-09")
    assert str(error.value) == why


def published(folder: Path, facts: str, history: str | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "facts.csv").write_text(facts, encoding="utf-8")
    if history is not None:
        (folder / "revisions.json").write_text(history, encoding="utf-8")
    return folder


def test_revisions_add_up_and_an_identical_one_adds_nothing(tmp_path: Path) -> None:
    second = OLD.replace("3067,1,3067.0,count,3.067", "3068,1,3068.0,count,3.068")
    third = second.replace("280,414", "281,414")
    first = revise(tmp_path / "none", "facts.csv", OLD, "2024-09", None, "")
    assert (first.history, first.warnings) == (History("2024-09"), ())
    home = published(tmp_path / "m", OLD)
    once = revise(home, "facts.csv", second, "2024-09", date(2024, 11, 4), "bổ sung hồ sơ")
    published(home, second, once.history.to_json())
    again = revise(home, "facts.csv", second, "2024-09", date(2025, 1, 1), "không dùng")
    assert again.history.to_json() == once.history.to_json()
    twice = revise(home, "facts.csv", third, "2024-09", None, "")
    told = [(r.number, r.on, r.reason, len(r.moves)) for r in twice.history.revisions]
    assert told == [(1, date(2024, 11, 4), "bổ sung hồ sơ", 1), (2, None, "", 1)]


def test_what_is_damaged_is_warned_of_and_stops_nothing(tmp_path: Path) -> None:
    home = published(tmp_path / "m", "rác", "rác")
    found = revise(home, "facts.csv", OLD, "2024-09", None, "")
    assert found.history == History("2024-09")
    assert found.warnings == (
        "2024-09/revisions.json: it cannot be read; the history of revisions begins anew",
        "2024-09/facts.csv: it has no column month; what moved since it was published is not known",
    )
    (home / "facts.csv").write_bytes(b"\xff\xfe\x00")
    (home / "revisions.json").unlink()
    (home / "revisions.json").mkdir()
    found = revise(home, "facts.csv", OLD, "2024-09", None, "")
    assert [warning.partition(";")[0] for warning in found.warnings] == [
        "2024-09/revisions.json: it cannot be read (Is a directory)",
        "2024-09/facts.csv: it is not UTF-8 text",
    ]


# -- the note


def history_of(*moves: Move, reason: str = "", on: date | None = None) -> History:
    return History("2024-09").revised(moves, on, reason)


def test_a_month_that_was_never_revised_tells_nothing(report: Report) -> None:
    assert report.revision_notice() == ""
    assert report.revisions() == ""


def test_the_note_has_old_and_new_with_date_and_reason(report: Report) -> None:
    history = history_of(MOVE, reason="Bổ sung 1 PAKN", on=date(2024, 11, 4))
    text = section(history, Kinds(report.catalogue))
    assert "### Số liệu điều chỉnh {#so-lieu-dieu-chinh}" in text
    assert "**Lần 1, ngày 04/11/2024:** điều chỉnh 01 số liệu. Lý do: Bổ sung 1 PAKN." in text
    html = text[text.index("```{=html}") : text.index("```{=typst}")]
    for words in ("Số PAKN tiếp nhận", "Toàn tỉnh", "Từ đầu năm", "3.067", "3.068"):
        assert f">{words}</" in html, words
    assert '"3.067"' in text[text.index("```{=typst}") :]
    assert "<w:t>3.068</w:t>" in text.replace(' xml:space="preserve"', "")
    top = notice(history)
    assert "01 số liệu khác bản công bố trước đó (lần 1, ngày 04/11/2024)" in top
    assert 'href="#so-lieu-dieu-chinh"' in top


def test_what_prints_the_same_shows_its_counts_or_verdict(report: Report) -> None:
    side = Side("67,6%", 280, 414, False)
    base = replace(MOVE, indicator="e_copy_rate", scope="level:district", unit="%", old=side)
    counts = section(
        history_of(replace(base, new=replace(side, numerator=281))), Kinds(report.catalogue)
    )
    assert "67,6% (280/414)" in counts
    assert "67,6% (281/414)" in counts
    verdict = section(
        history_of(replace(base, new=replace(side, met=True))), Kinds(report.catalogue)
    )
    assert "67,6% (Chưa đạt)" in verdict
    assert "67,6% (Đạt)" in verdict
    gone = section(history_of(replace(base, new=None)), Kinds(report.catalogue))
    assert "không còn trong báo cáo" in gone


def test_many_figures_are_told_from_the_widest_down(report: Report) -> None:
    moves = [replace(MOVE, scope=f"unit:{n}", name=f"Đơn vị {n}") for n in range(100)] + [MOVE]
    text = section(history_of(*moves), Kinds(report.catalogue))
    html = text[text.index("```{=html}") : text.index("```{=typst}")]
    assert html.count("<tr") == MOST + 1
    assert "Toàn tỉnh" in html
    assert f"Còn {len(moves) - MOST} số liệu khác" in text


def test_the_newest_revision_comes_first_and_hostile_text_is_text(report: Report) -> None:
    evil = "<script>x</script>`{=html}` $x$ @y"
    history = history_of(replace(MOVE, name=evil), reason=evil).revised([MOVE], None, "")
    text = section(history, Kinds(report.catalogue))
    assert text.index("**Lần 2:**") < text.index("**Lần 1:**")
    markup = "".join(re.findall(r"```\{=html\}\n(.*?)\n```", text, re.DOTALL))
    assert "<script" not in markup
    assert "&lt;script" in markup
    assert "\\<script\\>" in text


def test_the_open_data_have_the_revisions(report: Report) -> None:
    history = history_of(MOVE, replace(MOVE, scope="topic:x", new=None), on=date(2024, 11, 4))
    files = open_data(replace(report, history=history)).files
    rows = pl.read_csv(files["revisions.csv"]).to_dicts()
    assert [(row["revision"], row["old_printed"], row["new_printed"]) for row in rows] == [
        (1, 3.067, 3.068),
        (1, 3.067, None),
    ]
    package = json.loads(files["datapackage.json"])
    assert "revisions" in {each["name"] for each in package["resources"]}


# -- as it is published


def files_of(folder: Path) -> dict[str, bytes]:
    """All that a month's folder holds, but for what its clock says."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != "run.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.timeout(400)  # two renderings, and the wait for a first
def test_a_month_rendered_again_tells_what_moved(rendered: Path, tmp_path: Path) -> None:
    """One unit's September changes; then the same data once more, which change nothing."""
    out, data = tmp_path / "site", tmp_path / "data"
    shutil.copytree(rendered, out / "2024-09")
    shutil.copytree(ROOT / "data" / "sample", data)
    documents = data / "documents.csv"
    text = documents.read_text(encoding="utf-8")
    old = "STP,2024-09,331,331"
    assert text.count(old) == 1
    documents.write_text(text.replace(old, "STP,2024-09,331,328"), encoding="utf-8")
    again = ("render", "2024-09", "--out", out, "--data", data, "--formats", "html")
    first = run(*again, "--revised-on", "2024-11-04", "--revision-reason", "Sở rà soát lại")
    assert first.returncode == 0, first.stderr
    assert "2024-09: 7 published facts moved (revision 1)" in first.stdout
    line = "  documents_signed_rate/month/level:province  Cấp tỉnh: 96,95% -> 96,90%"
    assert line in first.stdout
    published = files_of(out / "2024-09")
    page = published["index.html"].decode()
    assert "07 số liệu khác bản công bố trước đó (lần 1, ngày 04/11/2024)" in page
    assert 'id="so-lieu-dieu-chinh"' in page
    assert "Lý do: Sở rà soát lại." in page
    assert "96,95%" in page[page.index('id="so-lieu-dieu-chinh"') :]
    assert "data/revisions.csv" in published
    index = (out / "index.html").read_text(encoding="utf-8")
    assert 'href="2024-09/index.html#so-lieu-dieu-chinh"' in index
    second = run(*again, "--revised-on", "2025-01-06")
    assert second.returncode == 0, second.stderr
    assert "moved" not in second.stdout
    assert files_of(out / "2024-09") == published


def test_a_damaged_month_is_shown_in_the_archive_without_figures(
    rendered: Path, tmp_path: Path
) -> None:
    home = tmp_path / "2024-09"
    shutil.copytree(rendered, home)
    whole = read_entry(home, Month(2024, 9))
    assert whole.groups
    for damage in (b"", b"garbage", (home / "facts.csv").read_bytes()[:4000], b"\xff\xfe,\n1"):
        (home / "facts.csv").write_bytes(damage)
        entry = read_entry(home, Month(2024, 9))
        assert entry.has_page
        assert len(entry.groups) <= len(whole.groups)


def test_a_date_that_is_none_is_refused() -> None:
    done = run("render", "2024-09", "--revised-on", "4/11/2024")
    assert done.returncode == 2
    assert "--revised-on: '4/11/2024' is not a date" in done.stderr
