"""Complete a rendered page: figures, charts, Content-Security-Policy, the check that it is whole.

Both engines' pages go through `finish`. It links the figures (`linking`), compiles the charts
(`charts`), puts the scripts of both in where the page has them, allows by hash exactly the scripts
that are ours, and refuses a page with any other.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

from dxreport.errors import DxError
from dxreport.explain import EXPLANATIONS
from dxreport.rendering import charts, linking, vega

_ASSETS = Path(__file__).parent / "assets"
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="[^"]*"\s*/?>')
_CHARTS = re.compile(r"<!-- dx:charts -->(?:.*?<!-- /dx:charts -->)?", re.DOTALL)
_HAS_CHART = '<div class="vega"'
_LOADS = {
    "audio": ("src",),
    "embed": ("src",),
    "form": ("action",),
    "frame": ("src",),
    "iframe": ("src", "srcdoc"),
    "image": ("href", "xlink:href"),
    "img": ("src", "srcset"),
    "input": ("src", "formaction"),
    "link": ("href",),
    "object": ("data", "classid"),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
_CSS_LOAD = re.compile(r"@import|url\((?!\s*['\"]?(?:data:|#))", re.IGNORECASE)
_DATA_SCRIPTS = ("application/json", "application/ld+json")


def finish(page: str, *, own_scripts: tuple[str, ...] = (), policy: bool = True) -> str:
    """The page with its figures linked, its scripts and its policy.

    `own_scripts` are the texts of the template's scripts. Without `policy` the page gets none,
    for a server that puts scripts of its own into what it shows. `DxError` where the page has a
    script that is neither theirs nor ours, or where it would load something from elsewhere.
    """
    page = charts.compile_charts(linking.link(page))
    ours = _scripts(page)
    allowed = [*own_scripts, *ours]
    scripts = "".join(f"<script>{text}</script>\n" for text in ours)
    put = f"<!-- dx:charts -->\n{_themes(page)}{scripts}<!-- /dx:charts -->" if ours else ""
    if put and not _CHARTS.search(page):
        raise DxError("the page's template has no place for charts (<!-- dx:charts -->)")
    page = _CHARTS.sub(lambda _: put, page)
    found = _Reader.read(page)
    # A template's engine may trim the ends of what it puts in.
    known = {text.strip() for text in allowed}
    if unknown := [text for text in found.scripts if text.strip() not in known]:
        start = " ".join(unknown[0].split())[:40]
        raise DxError(f"the page has a script that is not its own: {start!r}")
    if found.loads:
        raise DxError(f"the page would load {found.loads[0]}: it must open without a network")
    meta = _policy(found.scripts) if policy else ""
    page, count = _POLICY.subn(lambda _: meta, page, count=1)
    if not count:
        raise DxError("the page's template has no Content-Security-Policy to complete")
    return page


def _scripts(page: str) -> list[str]:
    """Our scripts that the page needs; what tells of figures goes before the large one."""
    scripts = []
    # With its bracket, which no text of the page can have.
    if f'<script type="application/json" id="{EXPLANATIONS}"' in page:
        scripts.append((_ASSETS / "figures.js").read_text(encoding="utf-8"))
    if _HAS_CHART in page:
        from dxreport.charts.picker import PAGE_SCRIPT

        scripts += [vega.bundle(), PAGE_SCRIPT.read_text(encoding="utf-8")]
        scripts.append((_ASSETS / "charts.js").read_text(encoding="utf-8"))
    return scripts


def _themes(page: str) -> str:
    return charts.theme_script() if _HAS_CHART in page else ""


def _policy(scripts: list[str]) -> str:
    hashes = " ".join(f"'sha256-{_digest(text)}'" for text in dict.fromkeys(scripts))
    content = (
        "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; "
        f"script-src {hashes or chr(39) + 'none' + chr(39)}; base-uri 'none'; form-action 'none'"
    )
    return f'<meta http-equiv="Content-Security-Policy" content="{content}">'


def own_scripts(extension: Path) -> tuple[str, ...]:
    """The scripts of the extension's page template, as they stand between their tags."""
    path = extension / "page.js"
    return (path.read_text(encoding="utf-8"),) if path.is_file() else ()


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class _Reader(HTMLParser):
    """Collects a page's scripts and what it would load."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.scripts: list[str] = []
        self.loads: list[str] = []
        self._in: str | None = None
        self._text: list[str] = []

    @classmethod
    def read(cls, page: str) -> _Reader:
        reader = cls()
        reader.feed(page)
        reader.close()
        return reader

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name in _LOADS.get(tag, ()):
            value = given.get(name, "").strip()
            if value and not value.startswith(("data:", "#")):
                self.loads.append(f"{value!r} (<{tag} {name}>)")
        for name, value in given.items():
            if name.startswith("on"):
                self.scripts.append(value)
            elif name == "style" and _CSS_LOAD.search(value):
                self.loads.append(f"what a style of <{tag}> names")
            elif name in ("href", "xlink:href", "src", "action") and _is_script(value):
                self.scripts.append(value)
        if tag == "script" and given.get("type", "") not in _DATA_SCRIPTS:
            self._in, self._text = "script", []
        elif tag == "style":
            self._in, self._text = "style", []

    def handle_data(self, data: str) -> None:
        if self._in:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._in:
            text = "".join(self._text)
            if tag == "script":
                self.scripts.append(text)
            elif _CSS_LOAD.search(text):
                self.loads.append("what its style sheet names")
            self._in = None


def _is_script(value: str) -> bool:
    return "".join(value.split()).lower().startswith(("javascript:", "vbscript:", "data:text"))
