"""Raw blocks laid aside while pandoc works on what is around them.

All but a fortieth of an executed document are raw blocks, tables and charts above all, each for
one format. pandoc would read every one of them, and hand it to three writers, to change nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

_FENCE = re.compile(r"(?P<fence>`{3,}|~{3,})(?P<info>[^`]*)")
_RAW = re.compile(r"\s*\{=[a-z0-9]+\}\s*")
_TOKEN = re.compile(r"<!--dx:raw [0-9a-f]{16} [0-9]+-->")


@dataclass(frozen=True)
class Stashed:
    """Markdown with a token in the place of each raw block's content; contents by token."""

    markdown: str
    contents: Mapping[str, str]

    def restored(self, text: str) -> str:
        """What a token of the text stands for, in its place."""
        return _TOKEN.sub(lambda token: self.contents.get(token[0], token[0]), text)


def stash(markdown: str) -> Stashed:
    """Lay aside the contents of all raw blocks that are not indented."""
    # No text of a document can name itself.
    digest = hashlib.sha256(markdown.encode()).hexdigest()[:16]
    contents: dict[str, str] = {}
    lines: list[str] = []
    inside: list[str] = []
    opened: re.Match[str] | None = None
    raw = False
    for line in markdown.split("\n"):
        if opened is None:
            lines.append(line)
            opened = _FENCE.fullmatch(line)
            raw = opened is not None and _RAW.fullmatch(opened["info"]) is not None
        elif _closes(line, opened["fence"]):
            if raw:
                token = f"<!--dx:raw {digest} {len(contents)}-->"
                contents[token] = "\n".join(inside)
                lines.append(token)
                inside.clear()
            lines.append(line)
            opened = None
        else:
            (inside if raw else lines).append(line)
    # A fence that nothing closes is none.
    return Stashed("\n".join([*lines, *inside]), contents)


def _closes(line: str, fence: str) -> bool:
    bare = line.rstrip()
    return len(bare) >= len(fence) and not bare.strip(fence[0])
