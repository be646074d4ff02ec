"""axe-core finds nothing on any page: WCAG 2.2 AA and good practice, in four settings."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from command import ROOT, run
from conftest import CI, MONTH

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async (tags) => {
  const found = await axe.run(document, {
    runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'],
  });
  return [found.passes.length, found.violations.map((one) => [one.id, one.help,
    one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200) + ' | ' + node.failureSummary)])];
}"""
SETTINGS = [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")]
NOTEBOOKS = ("01-tong-quan", "02-pakn", "03-van-ban-ban-sao", "04-thu-tuc-hanh-chinh")


@pytest.fixture(scope="session")
def axe() -> str:
    """The text of axe-core: of DXREPORT_AXE, or as `.ci/run` installs it from npm."""
    installed = ROOT / "build" / "npm" / "node_modules" / "axe-core" / "axe.min.js"
    path = Path(os.environ.get("DXREPORT_AXE") or installed)
    if not path.is_file():
        reason = (
            "no axe-core: mkdir -p build/npm && cp tests/npm/* build/npm/ && "
            "npm ci --prefix build/npm (or name axe.min.js in DXREPORT_AXE)"
        )
        if CI:
            pytest.fail(reason)
        pytest.skip(reason)
    return path.read_text(encoding="utf-8")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def served(rendered: Path) -> Iterator[str]:
    """The address of the published site, over http."""
    with serving(rendered.parent) as address:
        yield address


@pytest.fixture(scope="session")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the folder of published notebooks, over http."""
    out = tmp_path_factory.mktemp("notebooks")
    done = run("notebooks", MONTH, "--out", out, timeout=600)
    assert done.returncode == 0, done.stderr
    with serving(out) as address:
        yield f"{address}/{MONTH}/notebooks"


@pytest.fixture(params=SETTINGS, ids=str)
def page(request: pytest.FixtureRequest, browser) -> Iterator[Any]:
    width, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, locale="vi-VN"
    )
    yield context.new_page()
    context.close()


def findings(page: Any, axe: str, address: str) -> list[Any]:
    """What axe-core finds, once the charts are drawn."""
    page.goto(address)
    end = time.monotonic() + 60
    drawn = "document.documentElement.dataset.charts === 'drawn'"
    while page.locator("figure.chart").count() and not page.evaluate(drawn):
        assert time.monotonic() < end, "the charts are never drawn"
        time.sleep(0.05)
    return checked(page, axe)


def checked(page: Any, axe: str) -> list[Any]:
    page.evaluate(f"{axe}; 0")
    passes, violations = page.evaluate(RUN, TAGS)
    assert passes > 2, "axe-core checked next to nothing"
    found: list[Any] = violations
    return found


@pytest.mark.timeout(600)
def test_nothing_is_found_on_the_report(page: Any, axe: str, served: str) -> None:
    assert findings(page, axe, f"{served}/2024-09/index.html") == []


def test_nothing_is_found_on_the_archive(page: Any, axe: str, served: str) -> None:
    assert findings(page, axe, f"{served}/index.html") == []


@pytest.mark.timeout(600)
def test_nothing_is_found_on_the_notebooks(
    page: Any, axe: str, notebooks: str, request: pytest.FixtureRequest
) -> None:
    """Each in a setting of its own; DXREPORT_AXE_ALL=1 looks at each in all four."""
    at = SETTINGS.index(request.node.callspec.params["page"])
    chosen = NOTEBOOKS if os.environ.get("DXREPORT_AXE_ALL") else NOTEBOOKS[at : at + 1]
    for name in chosen:
        assert findings(page, axe, f"{notebooks}/{name}.html") == [], name


def test_axe_would_find_something(browser, axe: str) -> None:
    context = browser.new_context()
    try:
        page = context.new_page()
        page.set_content('<html><body><img src="data:,"><p style="color:#ccc">x</p></body></html>')
        assert {"html-has-lang", "image-alt"} <= {one[0] for one in checked(page, axe)}
    finally:
        context.close()


def test_nothing_is_found_while_a_figure_explains_itself(browser, axe: str, served: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    try:
        page = context.new_page()
        page.goto(f"{served}/2024-09/index.html#fact-e_copy_rate-ytd-unit-260")
        page.wait_for_selector("#dx-fact:not([hidden])")
        page.evaluate(f"{axe}; 0")
        found = page.evaluate(
            """async (tags) => (await axe.run('#dx-fact, #phu-luc-3-1-bang', {
              runOnly: { type: 'tag', values: tags } })).violations.map((one) => one.id)""",
            TAGS,
        )
        assert found == []
    finally:
        context.close()
