"""A table for every writer at once: one raw block a format, of which each takes its own."""

from __future__ import annotations

import re

from dxreport.markup import Markdown
from dxreport.tables.html import to_html
from dxreport.tables.model import Table
from dxreport.tables.openxml import to_openxml
from dxreport.tables.typst import to_typst


def raw_block(format_name: str, content: str) -> str:
    """A raw block of pandoc markdown; the fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall(r"`+", content)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{{={format_name}}}\n{content}\n{fence}\n"


def to_markdown(table: Table) -> Markdown:
    """The table as pandoc markdown: HTML, typst and WordprocessingML, each in a raw block."""
    blocks = (
        raw_block("html", to_html(table)),
        raw_block("typst", to_typst(table)),
        raw_block("openxml", to_openxml(table)),
    )
    return Markdown("\n" + "\n".join(blocks) + "\n")
