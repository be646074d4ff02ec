"""Every figure that the report prints is tied to its fact, and each fact has one address."""

from __future__ import annotations

import csv
import html
import json
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from command import ROOT
from dxreport import vi
from dxreport.errors import DxError
from dxreport.explain import FIRST_ROW, Explanation, explain, packed
from dxreport.facts import Fact
from dxreport.markup import safe_json
from dxreport.rendering.linking import link
from dxreport.report import Report, build_report

MONTH = "2024-09"

# Numbers of the report that are no figures: each kind with what it looks like.
NO_FIGURES = {
    "a date": r"\d{1,2}/\d{1,2}/\d{4}|tháng \d{1,2}/\d{4}",
    "a period": r"\d{1,2} tháng đầu năm \d{4}|năm \d{4}",
    "a law": r"(?:Nghị quyết|Chỉ thị|Quyết định|Nghị định)(?: số)? \d+(?:/\d{4})?[-/][A-ZĐ-]+",
    "an appendix": r"Phụ lục \d(?:\.\d)?",
    "a target": r"(?:tối thiểu|còn thấp hơn|từ) \d+(?:,\d+)?%",
    "a scale": r"thang điểm 5",
    "a section": r"^\d\. ",
}


@dataclass(frozen=True)
class Page:
    """The published page and what stands in it."""

    tree: Any
    table: dict[str, Any]
    rows: list[dict[str, str]]

    @property
    def figures(self) -> list[Any]:
        return list(self.tree.xpath("//main//*[@data-fact]"))

    def row(self, element: Any) -> dict[str, str]:
        """The row of `facts.csv` that a figure names, as a person counts rows."""
        return self.rows[int(element.get("data-fact")) - FIRST_ROW]


@pytest.fixture(scope="module")
def page(rendered: Path) -> Page:
    tree = lxml.html.fromstring((rendered / "index.html").read_text(encoding="utf-8"))
    [table] = tree.xpath("//script[@id='dx-facts']")
    with (rendered / "facts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return Page(tree, json.loads(table.text), rows)


@pytest.fixture(scope="module")
def report() -> Report:
    return build_report(MONTH, ROOT / "data" / "sample", ROOT)


def words(element: Any) -> str:
    return " ".join(element.text_content().split())


# -- which figure is which fact ---------------------------------------------------------------


def sides(row: dict[str, str]) -> set[str]:
    """What of a fact a page may print: its print, its numbers, what is left, its verdict."""
    numerator, denominator = int(row["numerator"]), int(row["denominator"])
    return {
        row["printed"],
        row["printed"].removesuffix(" ngày/PAKN"),
        vi.integer(numerator),
        vi.integer(denominator),
        f"{vi.integer(numerator)}/{vi.integer(denominator)}",
        vi.count(denominator - numerator),
        vi.decimal(Fraction(100 * numerator, denominator), 0) + "%" if denominator else "",
        {"true": "Đạt", "false": "Chưa đạt", "": "–"}[row["met"]],
        "–",
    }


def test_every_figure_prints_a_side_of_the_fact_that_it_names(page: Page) -> None:
    figures = page.figures
    in_tables = [figure for figure in figures if figure.tag in ("td", "th")]
    in_prose = [figure for figure in figures if figure.tag == "a"]
    assert len(in_tables) > 3_000
    assert len(in_prose) > 115
    assert len(in_tables) + len(in_prose) == len(figures)
    wrong = [
        (words(figure), page.row(figure))
        for figure in figures
        if words(figure) not in sides(page.row(figure))
    ]
    assert wrong == []


def test_no_number_of_the_letter_is_without_a_fact(page: Page) -> None:
    """Prose and cards: what is left without the figures is dates, laws, targets, ordinals."""
    tree = lxml.html.fromstring(lxml.html.tostring(page.tree, encoding="unicode"))
    [main] = tree.xpath("//main")
    for gone in main.xpath(
        ".//script | .//noscript | .//table | .//figure[@class='chart'] | .//*[@data-fact]"
        " | .//*[@class='footnote-ref'] | .//*[@id='footnotes'] | .//*[@class='kem-theo']"
        " | .//*[@class='cv-head'] | .//*[@class='cv-sign'] | .//*[@id='dx-unit-picker']"
        " | .//*[@id='nguồn-số-liệu-và-cách-tính'] | .//*[@id='nguon-so-lieu-va-cach-tinh']"
    ):
        gone.drop_tree()
    left = []
    for block in main.xpath(".//p | .//li | .//h2 | .//h3 | .//dt | .//dd"):
        text = words(block)
        for pattern in NO_FIGURES.values():
            text = re.sub(pattern, "", text)
        if re.search(r"\d", text):
            left.append(text)
    assert left == []


def test_every_number_of_an_appendix_is_tied_to_a_fact(page: Page) -> None:
    """The cells after the name of the row; before it stands the ordinal."""
    ordinal = "contains(concat(' ', @class, ' '), ' stt ')"
    cells = page.tree.xpath(f"//table[starts-with(@id, 'phu-luc')]/tbody/tr/td[not({ordinal})]")
    numbers = [cell for cell in cells if re.search(r"\d", words(cell))]
    assert len(numbers) > 2_400
    assert [words(cell) for cell in numbers if cell.get("data-fact") is None] == []


def test_each_fact_has_one_address_and_every_figure_leads_to_its_own(page: Page) -> None:
    homes: dict[str, Any] = {}
    for figure in page.tree.xpath("//*[starts-with(@id, 'fact-')]"):
        assert homes.setdefault(figure.get("data-fact"), figure) is figure
    assert set(homes) == {figure.get("data-fact") for figure in page.figures}
    assert len(homes) > 1_300
    for link_ in page.tree.xpath("//a[@data-fact]"):
        assert link_.get("href") == f"#{homes[link_.get('data-fact')].get('id')}"


def test_addresses_are_those_of_the_facts(page: Page, report: Report) -> None:
    rows = {str(at): fact for at, fact in enumerate(report.facts, FIRST_ROW)}
    homes = page.tree.xpath("//*[starts-with(@id, 'fact-')]")
    assert all(home.get("id") == rows[home.get("data-fact")].anchor for home in homes)
    assert homes[0].get("id") != homes[1].get("id")


def test_a_fact_of_an_appendix_has_its_address_there(page: Page) -> None:
    in_table = {cell.get("data-fact") for cell in page.tree.xpath("//td[@data-fact]")}
    homes = page.tree.xpath("//*[starts-with(@id, 'fact-')]")
    assert {home.get("data-fact") for home in homes if home.tag == "td"} == in_table


# -- what it says of itself -------------------------------------------------------------------


def test_the_page_explains_its_figures_and_what_they_were_made_from(page: Page) -> None:
    facts, texts, kinds = (page.table[name] for name in ("facts", "texts", "kinds"))
    assert {figure.get("data-fact") for figure in page.figures} <= set(facts)
    for row, (kind, who, printed, pair, _, *related) in facts.items():
        fact = page.rows[int(row) - FIRST_ROW]
        assert texts[who] == fact["name"]
        assert printed == fact["printed"]
        assert vi.integer(int(fact["numerator"])) in pair
        assert all(str(other) in facts for _, other in related)
        name, counts, formula, period, as_of, _ = (texts[at] for at in kinds[kind])
        assert all((name, counts, formula, period, as_of))


def explained(report: Report, key: str) -> Explanation:
    cited = explain(report.facts, report.catalogue, lambda _: ["Quyết định khác"])
    return next(one for one in cited if one.key == key)


def test_a_rate_tells_its_counts_its_time_its_target_and_its_law(report: Report) -> None:
    one = explained(report, "documents_signed_rate/month/level:province")
    assert one.name == "Tỷ lệ văn bản đi có ký số từ hồ sơ công việc"
    assert (one.who, one.printed) == ("Cấp tỉnh", "96,95%")
    assert (one.counts, one.pair) == ("Tử số / mẫu số", "6.538 / 6.744")
    assert one.period == "từ 01/9/2024 đến 30/9/2024"
    assert (one.as_of, one.target) == ("30/9/2024", "tối thiểu 90% – đạt")
    assert one.basis == "Nghị quyết số 52-NQ/TU ngày 18/3/2022"


def test_a_figure_of_the_month_before_is_as_of_its_own_end(report: Report) -> None:
    one = explained(report, "documents_signed_rate/previous/level:province")
    assert (one.period, one.as_of) == ("từ 01/8/2024 đến 31/8/2024", "31/8/2024")


def test_a_change_names_the_two_figures_that_it_compares(report: Report) -> None:
    one = explained(report, "documents_signed_rate_change/month/level:province")
    assert one.related == (
        ("Kỳ này", "documents_signed_rate/month/level:province"),
        ("Tháng trước", "documents_signed_rate/previous/level:province"),
    )
    since = explained(report, "online_filing_rate_change_since_baseline/end/all")
    assert "mốc 28% ngày 31/5/2023" in since.formula


def test_means_counts_and_other_systems(report: Report) -> None:
    mean = explained(report, "pakn_processing_days_mean/ytd/all")
    assert re.fullmatch(r"[\d.]+ giây / 2\.639", mean.pair)
    count = explained(report, "pakn_received/month/all")
    assert (count.counts, count.pair, count.basis) == ("Số đếm được", "382", "Quyết định khác")
    other = next(f for f in report.facts if "@" in f.scope and f.indicator == "online_filing_rate")
    assert explained(report, other.key).who == other.name


# -- addresses and links ----------------------------------------------------------------------


def fact(scope: str, indicator: str = "pakn_received") -> Fact:
    return Fact(MONTH, 2, indicator, "ytd", scope, "Tên", 3, 1, 3.0, "count", "3")


def test_addresses_are_safe_and_differ_where_the_keys_do() -> None:
    scopes = (
        "all", "level:province", "unit:1", "unit:1@Bộ Tài chính", "unit:1@Bộ Tài chánh", "topic:á",
        "topic:â", "topic:-", "topic:a b", "topic:a-b", "topic:a--b", 'topic:"><script>', "topic:",
    )  # fmt: skip
    anchors = [fact(scope).anchor for scope in scopes]
    assert len(set(anchors)) == len(scopes)
    assert all(re.fullmatch(r"fact-[0-9A-Za-z_-]+", anchor) for anchor in anchors)
    assert anchors[1] == "fact-pakn_received-ytd-level-province"


TABLE = (
    '<script type="application/json" id="dx-facts">{"texts":[""],"kinds":[],"facts":'
    '{"a":["fact-a",2,0,0,"1","1",0],"b":["fact-b",3,0,0,"2","2",0,[0,"c"]],'
    '"c":["fact-c",4,0,0,"3","3",0],"d":["fact-d",5,0,0,"4","4",0]}}</script>'
)


def span(key: str, part: str = "", text: str = "1") -> str:
    side = f' data-part="{part}"' if part else ""
    return f'<span class="figure" data-fact="{key}"{side}>{text}</span>'


def test_the_address_is_the_cell_then_the_prose_then_the_card() -> None:
    card = f'<section class="chi-tieu-cards">{span("a")}{span("b")}</section>'
    done = link(
        f"{card}<p>{span('b')}{span('a')}</p><td>{span('a', 'numerator')}</td>"
        f"<td>{span('a')}</td>{TABLE}"
    )
    assert done.startswith(
        '<section class="chi-tieu-cards"><a class="figure" href="#fact-a" data-fact="2">1</a>'
        '<a class="figure" href="#fact-b" data-fact="3">1</a></section>'
        '<p><a class="figure" id="fact-b" href="#fact-b" data-fact="3">1</a>'
        '<a class="figure" href="#fact-a" data-fact="2">1</a></p>'
        '<td data-fact="2">1</td><td id="fact-a" data-fact="2">1</td>'
    )
    kept = json.loads(done.split('data-linked="">')[1].removesuffix("</script>"))
    assert kept["facts"] == {
        "2": [0, 0, "1", "1", 0],
        "3": [0, 0, "2", "2", 0, [0, 4]],
        "4": [0, 0, "3", "3", 0],
    }
    assert link(done) == done


def test_a_page_without_explanations_stays_as_it_is() -> None:
    assert link(span("a")) == span("a")


def test_a_figure_that_nothing_explains_is_an_error() -> None:
    with pytest.raises(DxError, match="shows the figure 'e', and nothing explains it"):
        link(span("e") + TABLE)


def test_a_key_that_is_an_attack_is_looked_up_as_text() -> None:
    one = fact('topic:">\u202e<b onload=alert(1)>')
    told = Explanation(one.key, one.anchor, 2, "", "", "3", "", "3", "", "", "", "", "")
    table = f'<script type="application/json" id="dx-facts">{safe_json(packed([told]))}</script>'
    done = link(span(html.escape(vi.plain(one.key)), text="3") + table)
    assert done.startswith(
        f'<a class="figure" id="{one.anchor}" href="#{one.anchor}" data-fact="2">3<'
    )
    assert "<b onload" not in done
