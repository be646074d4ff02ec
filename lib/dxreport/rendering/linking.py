"""Tie the figures of a page to what the page tells about them.

The document names each figure's fact (`data-fact`, by key) and holds one table of explanations
(`explain.packed`). Here each figure becomes a link to its fact's one address, `#fact-…`; the
table keeps only the facts that stand on the page, and `data-fact` becomes the fact's row in
`facts.csv`. A fact's address is its cell in an appendix, else its first place in the prose.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dxreport import vi
from dxreport.errors import DxError
from dxreport.explain import EXPLANATIONS
from dxreport.markup import safe_json

_ATTRIBUTES = r"""(?:[^>"']|"[^"]*"|'[^']*')*"""
_TABLE = re.compile(
    rf'<script type="application/json" id="{EXPLANATIONS}"( data-linked="")?>(.*?)</script>',
    re.DOTALL,
)
_FIGURE = re.compile(
    rf"(?:<(?P<cell>t[dh])(?P<own>{_ATTRIBUTES})>)?"
    r'<span class="figure" data-fact="(?P<key>[^"]*)"(?: data-part="(?P<part>[^"]*)")?>'
    r"(?P<text>.*?)</span>",
    re.DOTALL,
)
_CARD = '<section class="chi-tieu-cards"'

Packed = list[Any]
"""A fact as `explain.packed` has it; these are the places of its parts."""
_ANCHOR, _ROW, _RELATED = 0, 1, 7


@dataclass(frozen=True)
class _Figure:
    """A figure of the page: its fact, where it stands, and how well that serves as an address."""

    key: str
    match: re.Match[str]
    rank: int


def link(page: str) -> str:
    """The page with its figures linked; one without explanations stays as it is.

    `DxError` where a figure names a fact that the explanations do not have.
    """
    found = _TABLE.search(page)
    if found is None or found[1]:
        return page
    table = json.loads(found[2])
    facts: dict[str, Packed] = table["facts"]
    cards = _cards(page)
    figures = [_figure(match, cards) for match in _FIGURE.finditer(page)]
    if missing := [figure.key for figure in figures if figure.key not in facts]:
        raise DxError(f"the page shows the figure {missing[0]!r}, and nothing explains it")
    homes: dict[str, _Figure] = {}
    for figure in figures:
        if figure.key not in homes or figure.rank < homes[figure.key].rank:
            homes[figure.key] = figure
    parts: list[tuple[int, int, str]] = [
        (*figure.match.span(), _linked(figure, facts[figure.key], homes[figure.key] is figure))
        for figure in figures
    ]
    table["facts"] = _kept(facts, homes)
    kept = f'<script type="application/json" id="{EXPLANATIONS}" data-linked="">{safe_json(table)}'
    parts.append((*found.span(), f"{kept}</script>"))
    return _spliced(page, sorted(parts))


def _figure(match: re.Match[str], cards: range) -> _Figure:
    key = vi.plain(html.unescape(match["key"]))
    # The cards come before the letter, and show the same figures without their sentences.
    prose = 5 if match.start() in cards else 3
    first = 1 if match["cell"] else prose
    return _Figure(key, match, first + bool(match["part"]))


def _cards(page: str) -> range:
    """Where the cards stand; a page has them once."""
    begin = page.find(_CARD)
    return range(begin, page.find("</section>", begin)) if begin >= 0 else range(0)


def _linked(figure: _Figure, fact: Packed, is_home: bool) -> str:
    match = figure.match
    address = f' id="{fact[_ANCHOR]}"' if is_home else ""
    row = f' data-fact="{fact[_ROW]}"'
    if match["cell"]:
        # Hundreds of links in a table would be hundreds of stops: the script makes one of them.
        return f"<{match['cell']}{match['own']}{address}{row}>{match['text']}"
    goal = f' href="#{fact[_ANCHOR]}"'
    return f'<a class="figure"{address}{goal}{row}>{match["text"]}</a>'


def _kept(facts: Mapping[str, Packed], shown: Iterable[str]) -> dict[str, list[Any]]:
    """The facts that are shown and those they were made from, by row, without their addresses."""
    keys = dict.fromkeys(shown)
    for key in list(keys):
        keys |= dict.fromkeys(other for _, other in facts[key][_RELATED:])
    rows = {}
    for key in keys:
        fact = facts[key]
        related = [[what, facts[other][_ROW]] for what, other in fact[_RELATED:]]
        rows[str(fact[_ROW])] = [*fact[_ROW + 1 : _RELATED], *related]
    return rows


def _spliced(text: str, parts: Iterable[tuple[int, int, str]]) -> str:
    """The text with each [begin, end) replaced; the parts are in order and do not overlap."""
    out, at = [], 0
    for begin, end, new in parts:
        out += [text[at:begin], new]
        at = end
    return "".join((*out, text[at:]))
