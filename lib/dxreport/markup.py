"""Pandoc markdown as a value of its own.

What is `Markdown` is spliced into the document as it stands; every other text is hostile until
`md_escape` has made it `Markdown`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from dxreport import vi
from dxreport.facts import Fact

# Punctuation that pandoc gives a meaning to; a hyphen or a full stop only where another follows.
_SPECIAL = re.compile(r"""[\\`*_{}\[\]<>#~^$@|!"'&+=]|-(?=-)|\.(?=\.)""")


_NOTHING = "` `{=latex}"


class Markdown(str):
    """A text that is pandoc markdown already: it is spliced into the document unescaped."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        # Quarto leaves the code of an inline expression that gives nothing; this shows nothing.
        return str(self) or _NOTHING


EMPTY = Markdown()


def md_escape(text: str) -> Markdown:
    """`text` on one line, NFC, such that pandoc prints exactly its characters."""
    if isinstance(text, Markdown):
        return text
    flat = " ".join(vi.plain(text).split())
    return Markdown(_SPECIAL.sub(lambda found: "\\" + found[0], flat))


def figure(fact: Fact, *, strong: bool = False, text: str = "", part: str = "") -> Markdown:
    """A fact as a reader sees it, in a span that says which fact it is.

    text: what is printed where it is another side of the fact than its own print, such as both
    of its numbers or how many are left of the whole; `part` names that side.
    """
    key = re.sub(r'[\\"]', lambda found: "\\" + found[0], " ".join(fact.key.split()))
    words = md_escape(text or fact.printed)
    side = f' data-part="{part}"' if part else ""
    return Markdown(f'[{f"**{words}**" if strong else words}]{{.figure data-fact="{key}"{side}}}')


def join(parts: Iterable[str], between: str = " ") -> Markdown:
    """The parts that are not empty, in one text."""
    return Markdown(between.join(part for part in parts if part))


def listed(parts: Sequence[str], last: str = " và ") -> Markdown:
    """ "a, b và c"."""
    return Markdown(vi.joined(parts, last))


def link(text: str, anchor: str) -> Markdown:
    """A link to a place of the same document."""
    return Markdown(f"[{md_escape(text)}](#{anchor})")


def div(content: str, *classes: str, anchor: str = "", **attributes: str) -> Markdown:
    """A fenced div, longer than any fence inside, set off by blank lines."""
    longest = max((len(run) for run in re.findall(r"^:{3,}", content, re.MULTILINE)), default=2)
    fence = ":" * max(3, longest + 1)
    marks = [f"#{anchor}"] if anchor else []
    marks += [f".{name}" for name in classes]
    marks += [f'{name}="{value}"' for name, value in attributes.items()]
    return Markdown(f"\n\n{fence} {{{' '.join(marks)}}}\n{content.strip()}\n{fence}\n\n")


def safe_json(value: Any) -> str:
    """JSON in which nothing can end the script element that holds it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def typst_string(text: str) -> str:
    """The text as a typst string, in which nothing is markup or code."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
