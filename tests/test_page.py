"""The page in a browser: it fits, it is found one's way in, it draws, it is quiet."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from browsing import Watched

# The sides of everything that is laid out, but for what scrolls in a box of its own.
SIDES = """() => [...document.querySelectorAll("main *, header *, nav *")]
  .filter((one) => !one.closest(".table-scroll, svg") && one.checkVisibility())
  .map((one) => one.getBoundingClientRect().right)"""


def until(tab: Watched, expression: str, seconds: float = 20) -> None:
    """Waits by asking from outside: the page's policy lets nothing be evaluated inside."""
    end = time.monotonic() + seconds
    while not tab.page.evaluate(expression):
        assert time.monotonic() < end, f"never true: {expression}"
        time.sleep(0.05)


def open_page(tab: Watched, folder: Path, width: int = 1280, scheme: Any = "light") -> None:
    tab.page.set_viewport_size({"width": width, "height": 800})
    tab.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    tab.page.goto((folder / "index.html").as_uri())
    until(tab, "document.documentElement.dataset.charts === 'drawn'")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_page_fits_its_width_draws_all_charts_and_says_nothing(
    watched: Watched, rendered: Path, width: int, scheme: str
) -> None:
    open_page(watched, rendered, width, scheme)
    page = watched.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sides = page.evaluate(SIDES)
    assert len(sides) > 200
    assert max(sides) <= width + 1
    figures = page.locator("figure.chart")
    assert figures.count() >= 2
    for figure in figures.all():
        assert figure.get_attribute("data-drawn") == scheme, figure.get_attribute("id")
        box = figure.locator(".vega svg").first.bounding_box()
        assert box is not None
        assert box["width"] > 250
        assert box["height"] > 80
    assert watched.errors == []
    assert watched.requests == []


def test_no_table_is_wider_than_the_page_of_a_desk(watched: Watched, rendered: Path) -> None:
    open_page(watched, rendered)
    wide = watched.page.evaluate("""() => [...document.querySelectorAll(".table-scroll")]
      .map((box) => [box.firstElementChild.id, box.scrollWidth - box.clientWidth])""")
    assert len(wide) == 7
    assert {over for _, over in wide} == {0}, wide


def test_charts_stand_inside_their_boxes_on_a_phone(watched: Watched, rendered: Path) -> None:
    open_page(watched, rendered, 360)
    widths = watched.page.evaluate(
        """() => [...document.querySelectorAll(".vega > svg, .vega .marks")]
          .map((svg) => [svg.getBoundingClientRect().width, svg.closest(".vega").clientWidth])"""
    )
    assert widths
    assert all(drawn <= box + 1 for drawn, box in widths)


def test_page_names_its_language_and_has_one_title(watched: Watched, rendered: Path) -> None:
    open_page(watched, rendered)
    page = watched.page
    assert page.locator("html").get_attribute("lang") == "vi"
    assert page.locator("h1").count() == 1
    assert page.locator("h1").inner_text().strip() == page.title()
    levels = [
        int(tag[1])
        for tag in page.evaluate(
            "[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map((one) => one.tagName)"
        )
    ]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_skip_link_comes_first_shows_itself_and_leads_to_the_text(
    watched: Watched, rendered: Path
) -> None:
    open_page(watched, rendered)
    page = watched.page
    link = page.locator(".bo-qua")
    hidden = link.bounding_box()
    assert hidden is not None
    assert hidden["y"] + hidden["height"] <= 0
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "bo-qua"
    shown = link.bounding_box()
    assert shown is not None
    assert shown["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "noi-dung"


def test_contents_stay_in_view_and_mark_where_the_reader_is(
    watched: Watched, rendered: Path
) -> None:
    open_page(watched, rendered)
    page = watched.page
    link = page.locator("#TOC a[href='#phu-luc-2']")
    link.focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    until(watched, "document.querySelector('#TOC [aria-current]')?.hash === '#phu-luc-2'")
    assert page.locator("#TOC [aria-current]").count() == 1
    top = page.evaluate("document.getElementById('phu-luc-2').getBoundingClientRect().top")
    assert 0 <= top < 200
    box = link.bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 800


def test_contents_lead_to_every_part(watched: Watched, rendered: Path) -> None:
    open_page(watched, rendered)
    missing = watched.page.evaluate(
        """() => [...document.querySelectorAll("#TOC a")]
          .filter((link) => !document.getElementById(decodeURIComponent(link.hash.slice(1))))
          .map((link) => link.hash)"""
    )
    assert missing == []
    assert watched.page.locator("#TOC a").count() >= 14


def test_on_a_phone_the_contents_are_a_bar_that_opens_and_closes_by_keyboard(
    watched: Watched, rendered: Path
) -> None:
    open_page(watched, rendered, 360)
    page = watched.page
    contents = page.locator(".muc-luc-danh-sach")
    assert not contents.is_visible()
    page.locator("#TOC summary").focus()
    page.keyboard.press("Enter")
    assert contents.is_visible()
    page.keyboard.press("Escape")
    assert not contents.is_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    page.locator("#TOC a[href='#phu-luc-1-3']").focus()
    page.keyboard.press("Enter")
    assert not contents.is_visible()
    until(watched, "document.querySelector('.muc-luc-dang-xem').textContent === 'Phụ lục 1.3'")
    bar = page.locator("#TOC").bounding_box()
    assert bar is not None
    assert abs(bar["y"]) <= 1
    heading = page.locator("#phu-luc-1-3 h2").bounding_box()
    assert heading is not None
    assert heading["y"] >= bar["height"]


@pytest.mark.parametrize("width", [390, 1280])
def test_a_link_leads_to_an_appendix_that_was_not_laid_out_before(
    watched: Watched, rendered: Path, width: int
) -> None:
    page = watched.page
    page.set_viewport_size({"width": width, "height": 800})
    open_page(watched, rendered)
    for anchor in ("phu-luc-4", "phu-luc-1-1", "phu-luc-3-2", "phan-tich-du-lieu"):
        page.evaluate("anchor => { location.hash = anchor }", anchor)
        until(
            watched,
            f"""(() => {{
              const top = document.querySelector("#{anchor} h2").getBoundingClientRect().top;
              return top >= 0 && top < 200;
            }})()""",
        )


def test_dark_is_dark_and_paper_is_light(watched: Watched, rendered: Path) -> None:
    open_page(watched, rendered)
    page = watched.page

    def lightness(name: str) -> float:
        colour = page.evaluate(f"getComputedStyle(document.body).{name}")
        parts = [int(part) for part in re.findall(r"\d+", colour)[:3]]
        return sum(parts) / 3

    assert lightness("backgroundColor") > 240
    assert lightness("color") < 80
    page.emulate_media(color_scheme="dark")
    until(watched, "document.querySelector('figure.chart').dataset.drawn === 'dark'")
    assert lightness("backgroundColor") < 60
    assert lightness("color") > 200
    page.emulate_media(color_scheme="dark", media="print")
    assert lightness("backgroundColor") > 240
    assert not page.locator("#TOC").is_visible()
    assert not page.locator(".tai-ve").is_visible()


def test_verdicts_do_not_speak_by_colour_alone(watched: Watched, rendered: Path) -> None:
    open_page(watched, rendered)
    page = watched.page
    for tone, words in (("met", "Đạt"), ("missed", "Chưa đạt")):
        chips = page.locator(f".chi-tieu-cards .verdict.{tone}")
        assert chips.count() > 0
        assert all(text.strip().startswith(words) for text in chips.all_inner_texts())
    marks = page.evaluate(
        """() => ["met", "missed"].map((tone) => getComputedStyle(
          document.querySelector(`.verdict.${tone}`), "::before").maskImage)"""
    )
    assert len(set(marks)) == 2
    assert all("svg" in mark for mark in marks)


def test_one_choice_of_a_unit_is_every_charts(watched: Watched, rendered: Path) -> None:
    open_page(watched, rendered)
    page = watched.page
    page.locator("#dx-unit").select_option("256")
    chosen = """() => window.dxviews.map((view) => {
      try { return view.signal("unit").unit_id?.[0] ?? null; } catch { return "none"; }
    }).filter((one) => one !== "none")"""
    until(watched, f"({chosen})().every((one) => one === '256')")
    assert len(page.evaluate(chosen)) >= 2
    assert watched.errors == []


def test_page_links_to_its_other_forms_beside_it(watched: Watched, rendered: Path) -> None:
    open_page(watched, rendered)
    links = watched.page.locator(".tai-ve a")
    found = [link.get_attribute("href") or "" for link in links.all()]
    assert found == ["report.pdf", "report.docx", "facts.csv", "data/index.html"]
    assert all((rendered / name).is_file() for name in found)
