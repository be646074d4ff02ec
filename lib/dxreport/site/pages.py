"""The site's own pages: the archive of months, and the way from month to month in each page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dxreport import vi
from dxreport.errors import DxError
from dxreport.narrative import month_name
from dxreport.periods import Month
from dxreport.rendering import page
from dxreport.revisions.telling import ANCHOR
from dxreport.site.archive import LATEST, PAGE, Archive, Entry, Figure, Neighbours
from dxreport.site.look import Look
from dxreport.site.sparkline import HEIGHT, WIDTH, sparkline

_TEMPLATES = Path(__file__).parent / "templates"
_PLACE = re.compile(r"<!-- dx:months -->(?:.*?<!-- /dx:months -->)?", re.DOTALL)
_FILES = (
    ("report.pdf", "PDF", "application/pdf"),
    (
        "report.docx",
        "Word",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("facts.csv", "Số liệu CSV", "text/csv"),
)


def archive_page(archive: Archive, look: Look) -> str:
    """`index.html`: the newest month in full, then every other, newest first."""
    entries = tuple(reversed(archive.entries))
    newest = archive.latest or (entries[0] if entries else None)
    written = template("index.html").render(
        look=look,
        style=styled(look, "index.css"),
        newest=newest,
        earlier=_by_year([entry for entry in entries if entry is not newest]),
        calendar=_by_year(entries),
        trend=_trend(archive, newest),
        has_lines=len(archive.entries) > 1,
        latest=f"{LATEST}/{PAGE}" if archive.latest else None,
    )
    return page.finish(written)


def with_months(text: str, here: Month, neighbours: Neighbours, *, is_latest: bool = False) -> str:
    """A month's page with its links to the month before, the month after and the archive.

    A page whose template has no place for them is given back as it is.
    """
    bar = template("months.html").render(here=here, beside=neighbours, is_latest=is_latest)
    return _PLACE.sub(lambda _: f"<!-- dx:months -->{bar}<!-- /dx:months -->", text, count=1)


def without_months(text: str) -> str:
    """The page as its renderer made it."""
    return _PLACE.sub("<!-- dx:months -->", text, count=1)


def _by_year(entries: list[Entry] | tuple[Entry, ...]) -> list[tuple[int, list[Entry]]]:
    grouped = groupby(entries, key=lambda entry: entry.month.year)
    return [(year, list(own)) for year, own in grouped]


def _trend(archive: Archive, newest: Entry | None) -> Callable[[Figure], Any]:
    def drawn(figure: Figure) -> Any:
        return sparkline(archive.series(figure.key, newest.month)) if newest else None

    return drawn


def _address(entry: Entry) -> str:
    """Where a month opens: its page, or the first document that it has."""
    names = (PAGE, *(name for name, _, _ in _FILES))
    return f"{entry.month}/{next(name for name in names if name in entry.files)}"


def _links(entry: Entry) -> list[dict[str, str]]:
    """What else of a month can be opened."""
    found = [
        {"href": f"{entry.month}/{name}", "text": text, "type": kind}
        for name, text, kind in _FILES
        if name in entry.files
    ]
    if entry.data:
        address = f"{entry.month}/{entry.data}"
        found.append({"href": address, "text": "Số liệu mở", "type": "text/html"})
    if entry.is_revised:
        address = f"{entry.month}/{PAGE}#{ANCHOR}"
        found.append({"href": address, "text": "Có số liệu điều chỉnh", "type": "text/html"})
    if entry.notebooks:
        address = f"{entry.month}/{entry.notebooks}"
        found.append({"href": address, "text": "Sổ tay phân tích", "type": "text/html"})
    return found


@dataclass(frozen=True)
class _Verdict:
    """How a figure stands: the tone, the words, the target; no words where there is nothing."""

    tone: str = ""
    words: str = ""
    minimum: str = ""


def _verdict(figure: Figure) -> _Verdict:
    """A figure's verdict; a rate without a target tells its counts."""
    if figure.met is not None:
        minimum = "" if figure.target is None else f"(tối thiểu {vi.exact(figure.target)}%)"
        return (
            _Verdict("met", "Đạt", minimum)
            if figure.met
            else _Verdict("missed", "Chưa đạt", minimum)
        )
    if figure.numerator is None or (figure.denominator or 0) <= 1:
        return _Verdict()
    return _Verdict(
        "plain", f"{vi.integer(figure.numerator)}/{vi.integer(figure.denominator or 0)}"
    )


def styled(look: Look, *sheets: str) -> Markup:
    """The style of a page of the site: the report's, then the sheets of the site's own."""
    own = [(_TEMPLATES / name).read_text(encoding="utf-8") for name in sheets]
    return Markup("\n".join((look.style, *own)))


@cache
def template(name: str) -> Any:
    """A template of the site's pages; every text goes into it escaped."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.filters |= {
        "name": lambda month: vi.upper_first(month_name(month)),
        "address": _address,
        "links": _links,
        "verdict": _verdict,
    }
    environment.globals |= {"width": WIDTH, "height": HEIGHT}
    try:
        return environment.get_template(name)
    except OSError as error:
        raise DxError(f"{name}: the site's template cannot be read ({error.strerror})") from None
