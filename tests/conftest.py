"""What the tests share: the project, one rendered report, a browser."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from browsing import Watched
from command import ROOT, run

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MONTH = "2024-09"
CI = os.environ.get("CI") == "true"

# What a developer has set for the command must not decide a test.
for name in ("DXREPORT_PROJECT", "DXREPORT_DATA", "DXREPORT_DEBUG"):
    os.environ.pop(name, None)
# A test that renders is of what this code makes, not of what it made before.
os.environ["DXREPORT_CACHE"] = "off"

# The same examples on every run and machine; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published folder of the sample's September: rendered once, whoever asks first.

    With pytest-xdist the workers share it; the others wait for the first at a lock.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    out = shared / "rendered"
    with (shared / "rendered.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (out / MONTH).is_dir():
            done = run("render", MONTH, "--out", out, "--engine", "embedded")
            assert done.returncode == 0, done.stderr
    return out / MONTH


def _chromium() -> str | None:
    """The browser to drive: DXREPORT_CHROMIUM, or one on the PATH."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = (shutil.which(name) for name in names)
    return os.environ.get("DXREPORT_CHROMIUM") or next(filter(None, found), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; without one the test is skipped, and fails where CI=true."""
    executable = _chromium()
    if executable is None:
        reason = "no Chromium on the PATH (Debian: apt install chromium), nor in DXREPORT_CHROMIUM"
        if CI:
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=executable,
            args=[
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """An offline page, 1280 x 900, whose requests and console errors are kept."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="vi-VN")
    context.set_offline(True)
    tab = Watched(context.new_page())
    local = ("file:", "data:", "blob:", "about:")
    tab.page.on(
        "request",
        lambda request: None if request.url.startswith(local) else tab.requests.append(request.url),
    )
    tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
    tab.page.on(
        "console", lambda said: tab.errors.append(said.text) if said.type == "error" else None
    )
    yield tab
    context.close()
