"""Across 01/7/2025: districts cease to be, the year to date begins anew, 99 communes are ranked."""

from __future__ import annotations

import datetime
import re
import unicodedata
from pathlib import Path

import docx
import duckdb
import lxml.html
import pypdf
import pytest
import yaml

from command import ROOT, run
from dxreport import vi
from dxreport.catalogue import load_catalogue
from dxreport.config import Project, office
from dxreport.errors import DxError
from dxreport.facts import Facts, compute_facts
from dxreport.narrative import Narrative, year_to_date_name
from dxreport.periods import Month
from dxreport.reading import Tables, read_tables
from dxreport.report import build_report
from two_tiers import two_tiers

REFERENCE = ROOT / "data" / "reference"
SEPTEMBER, JULY, JUNE = Month(2025, 9), Month(2025, 7), Month(2025, 6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("two-tiers") / "data"
    two_tiers(path)
    return path


@pytest.fixture(scope="module")
def tables(folder: Path) -> Tables:
    return read_tables(folder, REFERENCE)


def queried(sql: str) -> tuple[int, ...]:
    """The one row of a query, by another engine than ours."""
    with duckdb.connect() as connection:
        row = connection.execute(sql).fetchone()
    assert row is not None
    return tuple(row)


def facts_in(tables: Tables, month: Month) -> tuple[Facts, Narrative]:
    catalogue = load_catalogue(
        tables.units, tables.targets, tables.baselines, tables.topics, REFERENCE
    )
    facts = compute_facts(tables, catalogue, month)
    return facts, Narrative(facts, catalogue)


def test_the_folder_is_the_same_on_every_call(folder: Path, tmp_path: Path) -> None:
    two_tiers(tmp_path / "again")
    for path in sorted(folder.iterdir()):
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_september_has_no_district_and_ranks_99_communes(tables: Tables) -> None:
    facts, say = facts_in(tables, SEPTEMBER)
    assert not [f.key for f in facts if "district" in f.scope or f.scope.startswith("communes_of")]
    assert not [f.key for f in facts if "huyện" in f.name.lower()]
    received = facts.where(indicator="pakn_received", period="ytd", prefix="unit:")
    ranked = [f for f in received if f.rank_high is not None]
    assert len(ranked) == 99
    assert {f.peers for f in ranked} == {99}
    assert say.peer_level == "commune"
    assert say.levels("documents_signed_rate", "month") == ("province", "commune")


def test_the_year_to_date_is_that_of_the_present_world(folder: Path, tables: Tables) -> None:
    facts, _ = facts_in(tables, SEPTEMBER)
    query = queried(
        f"""
        SELECT sum(outgoing), sum(signed_from_work_file) FROM read_csv('{folder}/documents.csv')
        WHERE month BETWEEN '2025-07' AND '2025-09' AND unit_id LIKE '%-2025'
        """
    )
    fact = facts.get("documents_signed_rate", "ytd", "level:commune")
    assert query == (fact.denominator, fact.numerator)
    # Departments have gone on, and yet their year begins with the same day as all others'.
    query = queried(
        f"""
        SELECT sum(outgoing) FROM read_csv('{folder}/documents.csv')
        WHERE month BETWEEN '2025-07' AND '2025-09' AND NOT regexp_matches(unit_id, '[0-9]')
        """
    )
    assert query == (facts.get("documents_signed_rate", "ytd", "level:province").denominator,)
    for table, indicator, period in (
        ("pakn", "pakn_received", "ytd"),
        ("procedures", "procedures_overdue_rate", "end"),
    ):
        query = queried(
            f"""
            SELECT count(*) FROM read_csv('{folder}/{table}.csv')
            WHERE received_at >= '2025-07-01' AND received_at < '2025-10-01'
            """
        )
        fact = facts.get(indicator, period)
        assert query == (fact.numerator if indicator == "pakn_received" else fact.denominator,)


def test_june_still_has_its_districts_and_its_whole_year(folder: Path, tables: Tables) -> None:
    facts, say = facts_in(tables, JUNE)
    query = queried(
        f"SELECT sum(outgoing) FROM read_csv('{folder}/documents.csv') "
        "WHERE month <= '2025-06' AND length(unit_id) = 3 AND regexp_matches(unit_id, '^2')"
    )
    assert query == (facts.get("documents_signed_rate", "ytd", "level:district").denominator,)
    assert say.why_since() == ""
    assert say.since() == "từ đầu năm"


def test_july_is_not_compared_with_june(tables: Tables) -> None:
    facts, say = facts_in(tables, JULY)
    assert not facts.where(period="previous")
    change = facts.get("documents_signed_rate_change", "month", "level:province")
    assert (change.printed, change.exists) == (vi.NOT_COMPARED, False)
    said = say.by_level("documents_signed_rate", "month", change=True)
    assert said.endswith(f"({vi.NOT_COMPARED})")
    august, _ = facts_in(tables, Month(2025, 8))
    assert august.get("documents_signed_rate_change", "month", "level:commune").exists


def test_the_report_says_why_the_year_begins_in_july(tables: Tables) -> None:
    _, say = facts_in(tables, SEPTEMBER)
    assert say.period("ytd") == "Từ ngày 01/7/2025 đến hết tháng 9/2025"
    assert say.since() == "từ ngày 01/7/2025"
    assert say.dates("ytd") == "từ ngày 01/7/2025 đến ngày 30/9/2025"
    why = say.why_since()
    assert "hợp nhất với tỉnh Bắc Giang" in why
    assert "không cộng gộp với các tháng trước đó" in why
    assert year_to_date_name(SEPTEMBER, JULY) == "các tháng 7-9/2025"
    assert year_to_date_name(JULY, JULY) == "tháng 7/2025"
    assert year_to_date_name(SEPTEMBER, Month(2025, 1)) == "9 tháng đầu năm 2025"


def test_a_sentence_holds_no_list_of_dozens(tables: Tables) -> None:
    _, say = facts_in(tables, SEPTEMBER)
    said = say.extremes(
        "pakn_resolution_rate", "month", "tỷ lệ xử lý", high="cao nhất", low="thấp nhất"
    )
    assert re.search(r"\d\d địa phương cùng thấp nhất", said)
    assert said.count(",") < 12


def test_next_january_the_year_begins_with_january_again() -> None:
    tables = read_tables(ROOT / "data" / "sample", REFERENCE)
    catalogue = load_catalogue(
        tables.units, tables.targets, tables.baselines, tables.topics, REFERENCE
    )
    assert catalogue.year_start(Month(2025, 12)) == JULY
    assert catalogue.year_start(Month(2026, 1)) == Month(2026, 1)
    assert catalogue.year_start(Month(2026, 8)) == Month(2026, 1)
    assert catalogue.year_start(JUNE) == Month(2025, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {first_day: 2025-07-02, name: x}", "entry 1: `first_day`: 2025-07-02"),
        ("- {first_day: '2025-07-01', name: x}", "entry 1: `first_day`"),
        ("- {first_day: 2025-07-01}", "entry 1: `name`: expected what happened"),
        ("- {first_day: 2025-07-01, name: x, note: y}", "entry 1: expected the keys"),
        ("first_day: 2025-07-01", "expected a list"),
    ],
)
def test_reorganisations_that_say_something_else(tmp_path: Path, text: str, said: str) -> None:
    for name in ("indicators.yml", "units.csv", "targets.csv", "baselines.csv", "topics.csv"):
        (tmp_path / name).write_bytes((REFERENCE / name).read_bytes())
    (tmp_path / "reorganisations.yml").write_text(text, encoding="utf-8")
    tables = read_tables(ROOT / "data" / "sample", tmp_path)
    with pytest.raises(DxError, match="reorganisations") as error:
        load_catalogue(tables.units, tables.targets, tables.baselines, tables.topics, tmp_path)
    assert said in str(error.value)


# The office ---------------------------------------------------------------------------------


def test_who_reports_changes_with_the_month() -> None:
    project = Project(ROOT)
    assert office(project, Month(2025, 2))["issuer"] == "Sở Thông tin và Truyền thông"
    assert office(project, JUNE)["issuer"] == "Sở Khoa học và Công nghệ"
    assert "UBND các huyện, thị xã, thành phố (đ/b)" in office(project, JUNE)["noi-nhan"]
    assert "UBND các xã, phường (đ/b)" in office(project, SEPTEMBER)["noi-nhan"]
    assert office(project, SEPTEMBER)["issuer"] == "Sở Khoa học và Công nghệ"


def test_a_change_of_the_office_without_a_date(tmp_path: Path) -> None:
    letter = {"cong-van": {"issuer": "Sở A", "changes": [{"issuer": "Sở B"}]}}
    (tmp_path / "_quarto.yml").write_text(yaml.safe_dump(letter), encoding="utf-8")
    with pytest.raises(DxError, match=r"_quarto.yml: `cong-van.changes`, entry 1: expected fields"):
        office(Project(tmp_path), JULY)
    letter["cong-van"]["changes"] = [{"from": datetime.date(2025, 7, 1), "issuer": "Sở B"}]
    (tmp_path / "_quarto.yml").write_text(yaml.safe_dump(letter), encoding="utf-8")
    assert office(Project(tmp_path), JULY)["issuer"] == "Sở B"
    assert office(Project(tmp_path), JUNE)["issuer"] == "Sở A"


# The documents ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    done = run("render", "2025-09", "--data", folder, "--out", out, "--engine", "embedded")
    assert done.returncode == 0, done.stderr
    return out / "2025-09"


def texts(published: Path) -> dict[str, str]:
    html = (published / "index.html").read_text(encoding="utf-8")
    pages = pypdf.PdfReader(published / "report.pdf").pages
    document = docx.Document(str(published / "report.docx"))
    parts = [document.element.body, *(s.header._element for s in document.sections)]
    # Footnotes are a part of their own.
    parts += [
        lxml.html.fromstring(part.blob)
        for part in document.part.package.iter_parts()
        if "footnotes" in str(part.partname)
    ]
    return {
        "html": html,  # with the charts' scripts
        "pdf": "\n".join(page.extract_text() for page in pages),
        "docx": "".join(
            node.text or "" for part in parts for node in part.iter() if node.tag.endswith("}t")
        )
        + "".join(part.text_content() for part in parts if hasattr(part, "text_content")),
        "facts": (published / "facts.csv").read_text(encoding="utf-8"),
    }


def test_no_word_of_a_district_anywhere(published: Path) -> None:
    for name, text in texts(published).items():
        plain = " ".join(unicodedata.normalize("NFC", text).lower().split())
        assert "99" in plain, f"{name} was not read"
        for word in ("huyện", "thị trấn", "thị xã", "01/01/2025"):
            at = plain.find(word)
            assert at < 0, f"{name}: {plain[max(0, at - 80) : at + 80]}"
        assert name == "facts" or "01/7/2025" in plain


def test_the_appendices_are_those_of_two_tiers(folder: Path, published: Path) -> None:
    report = build_report("2025-09", folder, ROOT)
    assert list(report.appendices) == ["1.1", "1.3", "2", "3.2", "4"]
    assert sum(row.kind == "unit" for row in report.appendices["1.3"].rows) == 99
    tree = lxml.html.fromstring((published / "index.html").read_text(encoding="utf-8"))
    headings = [" ".join(h.text_content().split()) for h in tree.xpath("//h2|//h3")]
    assert [h for h in headings if h.startswith("Phụ lục")] == [
        *("Phụ lục 1.1", "Phụ lục 1.2", "Phụ lục 2", "Phụ lục 3", "Phụ lục 4"),
    ]
