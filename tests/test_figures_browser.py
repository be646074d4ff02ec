"""The figures in a browser: by keyboard, pointer, touch and address, to their counts and facts."""

from __future__ import annotations

import csv
import random
import time
from pathlib import Path
from typing import Any

import pytest

from browsing import Watched
from dxreport.explain import FIRST_ROW

SEED = 2024
# How many stops of the Tab key a reader has, all in all, to get past every table of the page.
MOST_STOPS = 260
FOCUSED = "document.activeElement.dataset.fact ?? null"
BOX = """() => {
  const box = document.getElementById('dx-fact');
  if (box.hidden) return null;
  const lines = [...box.querySelectorAll('dl > div')].map((line) =>
    [...line.children].map((node) => node.textContent));
  const links = [...box.querySelectorAll('a')].map((link) => link.getAttribute('href'));
  return { lines: Object.fromEntries(lines), links,
           printed: box.querySelector('.giai-thich-so').textContent,
           name: box.querySelector('.giai-thich-ten').textContent };
}"""


def open_at(tab: Watched, rendered: Path, address: str = "", width: int = 1280) -> Any:
    page = tab.page
    page.set_viewport_size({"width": width, "height": 800})
    page.goto((rendered / "index.html").as_uri() + address)
    return page


@pytest.fixture(scope="module")
def facts(rendered: Path) -> list[dict[str, str]]:
    with (rendered / "facts.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digits(text: str) -> list[int]:
    return [int(part.replace(".", "")) for part in text.replace(" giây", "").split(" / ")]


def test_ten_figures_are_followed_by_keyboard_to_their_counts_and_to_the_csv(
    rendered: Path, watched: Watched, facts: list[dict[str, str]]
) -> None:
    page = open_at(watched, rendered)
    total = page.locator("main [data-fact]").count()
    chosen = random.Random(SEED).sample(range(total), 10)
    for at in chosen:
        page.evaluate("location.hash = ''")
        # Where the reader is is not how: what follows is done by keys alone.
        figure = page.locator("main [data-fact]").nth(at)
        is_cell = figure.evaluate("(node) => node.matches('td')")
        row = figure.get_attribute("data-fact")
        if is_cell:
            by_arrows(page, figure)
        else:
            figure.focus()
        assert page.evaluate(FOCUSED) == row
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "dx-fact", row
        told = page.evaluate(BOX)
        fact = facts[int(row or 0) - FIRST_ROW]
        assert told["printed"] == fact["printed"]
        counts = digits(next(iter(told["lines"].values())))
        pair = [int(fact["numerator"]), int(fact["denominator"])]
        assert counts == pair[: len(counts)]
        for line in ("Cách tính", "Kỳ số liệu", "Chốt đến hết ngày"):
            assert told["lines"][line]
        assert f"facts.csv#row={row}" in told["links"]
        address = [link for link in told["links"] if link.startswith("#fact-")]
        assert address
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == address[0]
        page.keyboard.press("Tab")
        if len(address) > 1:
            page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == told["links"][-1]
        page.keyboard.press("Escape")
        assert page.evaluate(BOX) is None
        assert page.evaluate(FOCUSED) == row
    assert watched.errors == []


def by_arrows(page: Any, cell: Any) -> None:
    """From the first figure of the table to the cell: down, and to the right."""
    cell.evaluate("(node) => node.closest('table').querySelector('[tabindex=\"0\"]').focus()")
    page.keyboard.press("Control+Home")
    rows, columns = cell.evaluate(
        """(node) => {
          const first = node.closest('tbody').querySelector('[data-fact]');
          const rows = [...node.closest('tbody').rows].filter((row) =>
            row.cells[first.cellIndex]?.dataset.fact);
          const before = [...node.parentElement.cells].slice(first.cellIndex, node.cellIndex);
          return [rows.indexOf(node.parentElement) - rows.indexOf(first.parentElement),
                  before.filter((one) => one.dataset.fact).length];
        }"""
    )
    for _ in range(rows):
        page.keyboard.press("ArrowDown")
    for _ in range(columns):
        page.keyboard.press("ArrowRight")


def test_a_table_is_one_stop_and_the_page_has_few(rendered: Path, watched: Watched) -> None:
    page = open_at(watched, rendered)
    stops = page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, select, summary, [tabindex="0"]')]
          .filter((node) => node.checkVisibility() && node.tabIndex >= 0)
          .map((node) => node.closest('table.bang')?.id ?? '')"""
    )
    tables = [name for name in stops if name]
    assert len(tables) == len(set(tables)) == page.locator("table.bang").count()
    assert len(stops) < MOST_STOPS
    first = page.locator("#phu-luc-1-3-bang [tabindex='0']")
    first.focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('table')?.id") == "phu-luc-2-bang"


def test_focus_shows_it_escape_dismisses_it_and_nothing_is_covered(
    rendered: Path, watched: Watched
) -> None:
    page = open_at(watched, rendered)
    figures = page.locator("main p a[data-fact]")
    figures.nth(3).focus()
    page.keyboard.press("Tab")
    assert page.evaluate(BOX) is not None
    described = page.evaluate("document.activeElement.getAttribute('aria-describedby')")
    assert described == "dx-fact-text"
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    figure, box = (
        page.evaluate(f"(() => {{ const b = {node}.getBoundingClientRect(); "
                      "return [b.top, b.bottom, b.left, b.right]; })()")
        for node in ("document.activeElement", "document.getElementById('dx-fact')")
    )  # fmt: skip
    assert box[0] >= figure[1] or box[1] <= figure[0]
    assert min(box) >= 0
    assert box[3] <= 1280
    page.keyboard.press("Escape")
    assert page.evaluate(BOX) is None
    assert page.evaluate(FOCUSED) is not None


def test_pointing_shows_it_and_the_pointer_may_go_into_it(rendered: Path, watched: Watched) -> None:
    page = open_at(watched, rendered)
    figure = page.locator("#phu-luc-1-2-bang td[data-fact]").first
    figure.scroll_into_view_if_needed()
    figure.hover()
    page.wait_for_selector("#dx-fact:not([hidden])")
    page.hover("#dx-fact .giai-thich-so")
    page.wait_for_timeout(600)
    assert page.evaluate(BOX) is not None
    page.mouse.move(2, 2)
    page.wait_for_selector("#dx-fact", state="hidden")


@pytest.mark.parametrize("width", [360, 1280])
def test_a_tap_shows_it_whole_within_the_page(rendered: Path, watched: Watched, width: int) -> None:
    page = open_at(watched, rendered, width=width)
    for place in ("main p a[data-fact]", ".card a[data-fact]", "#phu-luc-2-bang td[data-fact]"):
        page.locator(place).last.click()
        box = page.locator("#dx-fact").bounding_box()
        assert box is not None, place
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["height"] >= 96
        for target in page.locator("#dx-fact :is(a, button)").all():
            size = target.bounding_box()
            assert size is not None
            assert min(size["width"], size["height"]) >= 24
        page.locator(".giai-thich-dong").click()
        assert page.evaluate(BOX) is None


def test_an_address_leads_to_the_figure_and_explains_it(rendered: Path, watched: Watched) -> None:
    anchor = "fact-e_copy_rate-ytd-unit-260"
    page = open_at(watched, rendered, f"#{anchor}")
    page.wait_for_selector("#dx-fact:not([hidden])")
    assert page.evaluate("document.activeElement.id") == anchor
    told = page.evaluate(BOX)
    assert told["lines"]["Chỉ tiêu"].startswith("tối thiểu 70% – ")
    assert told["links"] == [f"#{anchor}", told["links"][1]]
    top = page.evaluate("document.activeElement.getBoundingClientRect().top")
    assert 0 <= top <= 780
    # From a sentence to the row of the appendix, which becomes the page's address.
    page.keyboard.press("Escape")
    page.locator("main p a[data-fact]").first.click()
    page.locator("#dx-fact a").first.click()
    end = time.monotonic() + 5
    while page.evaluate("document.activeElement.tagName") != "TD":
        assert time.monotonic() < end
        time.sleep(0.05)
    assert page.evaluate("location.hash") == f"#{page.evaluate('document.activeElement.id')}"
    assert page.evaluate(BOX) is not None


def test_without_scripts_a_figure_of_the_letter_leads_to_its_row(rendered: Path, browser) -> None:
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 1280, "height": 800}
    )
    try:
        page = context.new_page()
        page.goto((rendered / "index.html").as_uri())
        page.locator("main p a[data-fact]").first.click()
        address = page.url.partition("#")[2]
        assert address.startswith("fact-")
        box = page.locator(f"#{address}").bounding_box()
        assert box is not None
        assert 0 <= box["y"] <= 800
    finally:
        context.close()


def test_on_paper_there_are_only_the_figures(rendered: Path, watched: Watched) -> None:
    page = open_at(watched, rendered, "#fact-e_copy_rate-ytd-unit-260")
    page.wait_for_selector("#dx-fact:not([hidden])")
    page.emulate_media(media="print")
    assert not page.locator("#dx-fact").is_visible()
    assert not page.locator(".cach-doc").is_visible()
    lines = page.evaluate(
        """() => [...new Set([...document.querySelectorAll('a.figure')].map((figure) =>
          getComputedStyle(figure).textDecorationLine))]"""
    )
    assert lines == ["none"]
