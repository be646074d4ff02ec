"""The archive and the way from month to month, in a browser: from a share, phone, dark, print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from browsing import Watched
from command import ROOT
from site_helpers import months, put_copies, served


@pytest.fixture(scope="module")
def site(rendered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three months with the real page of September: rendered once, placed three times."""
    out = tmp_path_factory.mktemp("site")
    put_copies(rendered, out, ROOT, months("2024-07", "2024-08", "2024-09"))
    return out


def lightness(watched: Watched, selector: str) -> float:
    colour = watched.page.evaluate(
        f"getComputedStyle(document.querySelector('{selector}')).backgroundColor"
    )
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_archive_fits_and_asks_for_nothing(
    watched: Watched, site: Path, width: int, scheme: str
) -> None:
    page = watched.page
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto((site / "index.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sides = page.evaluate(
        """() => [...document.querySelectorAll("main *, header *")]
          .filter((one) => one.checkVisibility() && !one.closest(".visually-hidden"))
          .map((one) => one.getBoundingClientRect().right)"""
    )
    assert len(sides) > 100
    assert max(sides) <= width
    assert (lightness(watched, "body") < 60) == (scheme == "dark")
    assert page.locator("h1").count() == 1
    assert page.locator(".duong svg").count() > 10
    assert watched.errors == []
    assert watched.requests == []


def test_what_is_tapped_is_large_enough(watched: Watched, site: Path) -> None:
    watched.page.set_viewport_size({"width": 360, "height": 800})
    watched.page.goto((site / "2024-08" / "index.html").as_uri())
    links = watched.page.locator(".cac-thang a").all()
    watched_boxes = [link.bounding_box() for link in links]
    watched.page.goto((site / "index.html").as_uri())
    for selector in (".nut", ".chon-thang a", ".ban-khac a", ".thang-dau h3 a"):
        watched_boxes += [link.bounding_box() for link in watched.page.locator(selector).all()]
    assert len(watched_boxes) > 12
    for box in watched_boxes:
        assert box is not None
        assert box["height"] >= 36


def test_paper_is_light_and_has_the_figures_alone(watched: Watched, site: Path) -> None:
    page = watched.page
    page.emulate_media(color_scheme="dark", media="print")
    page.goto((site / "index.html").as_uri())
    assert lightness(watched, "body") > 240
    assert not page.locator(".chon-thang").is_visible()
    assert page.locator(".thang .figure").first.is_visible()
    page.goto((site / "latest" / "index.html").as_uri())
    assert not page.locator(".cac-thang").is_visible()
    assert not page.locator(".dia-chi").is_visible()


@pytest.mark.parametrize("how", ["share", "server"])
def test_from_month_to_month(watched: Watched, site: Path, how: str) -> None:
    """Without scripts of its own, from a shared folder as from a server."""
    with served(site) as address:
        base = address if how == "server" else f"{site.as_uri()}/"
        page = watched.page
        if how == "server":
            page.context.set_offline(False)
        page.goto(f"{base}index.html")

        def follow(name: str) -> str:
            page.get_by_role("link", name=name, exact=True).first.click()
            page.wait_for_load_state()
            return page.url.removeprefix(base)

        assert follow("Mở báo cáo tháng 9/2024") == "2024-09/index.html"
        assert follow("Tháng trước: Tháng 8/2024") == "2024-08/index.html"
        assert follow("Tháng trước: Tháng 7/2024") == "2024-07/index.html"
        assert page.locator(".cac-thang [rel=prev]").count() == 0
        assert follow("Tháng sau: Tháng 8/2024") == "2024-08/index.html"
        assert follow("Các tháng") == "index.html"
        assert follow("latest/index.html") == "latest/index.html"
        assert page.locator(".cac-thang [rel=next]").count() == 0
        assert follow("địa chỉ cố định của tháng 9/2024") == "2024-09/index.html"
        assert watched.errors == []


def test_the_way_is_found_by_keyboard(watched: Watched, site: Path) -> None:
    page = watched.page
    page.goto((site / "2024-08" / "index.html").as_uri())
    found = []
    for _ in range(4):
        page.keyboard.press("Tab")
        found.append(page.evaluate("document.activeElement.className"))
    assert found == ["bo-qua", "truoc", "kho", "sau"]
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
