"""Group 5: the page's bytes and requests, and the time to its last chart in Chromium."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from benchmarks.measuring import Measured, dxreport, run, tell

# An element for the drawing is there before the drawing: the page says itself when one is done,
# and it is seen once a frame was painted after that.
_WATCH = """addEventListener("dx:drawn", () => requestAnimationFrame(() => setTimeout(() => {
  window.drawnAt = performance.now();
})))"""
_DRAWN = "() => document.documentElement.dataset.charts === 'drawn' && window.drawnAt"
_STILL = 250
"""Milliseconds in which the last frame is painted."""
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def benchmark(work: Path, times: int) -> list[Measured]:
    on_path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    found = os.environ.get("DXREPORT_CHROMIUM") or on_path
    if not found:
        print(f"{'':38}there is no Chromium on the PATH to open the page with")
        return []
    from playwright.sync_api import sync_playwright

    out = work / "page"
    run(dxreport("render", "2024-09", "--formats", "html", "--out", out, "--engine", "embedded"))
    page_file = out / "2024-09" / "index.html"
    seconds, requests = [], 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        for _ in range(times + 1):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            page.add_init_script(_WATCH)
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto(page_file.as_uri(), wait_until="commit")
            page.wait_for_function(_DRAWN)
            page.wait_for_timeout(_STILL)
            seconds.append(page.evaluate("window.drawnAt") / 1000)
            requests = sum(not url.startswith(("data:", "blob:")) for url in asked)
            context.close()
        browser.close()
    size = page_file.stat().st_size
    row = Measured(
        *("page", "the last chart of the page is drawn", seconds[1:], 0.0),
        note=f" ({size / 1e6:.2f} MB, {requests} request)",
    )
    tell(row)
    return [row]
