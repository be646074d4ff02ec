"""A chart with its words, and how it stands in each kind of document.

One Markdown carries all of them as raw blocks, so that each writer takes its own: the
specification for a page, a picture for print. A specification names no colour and no font;
a page holds the configuration once, and the specification compiled (`rendering/charts`).
"""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dxreport import vi
from dxreport.aside import aside
from dxreport.charts import raster, theme
from dxreport.charts.pictures import Pictures
from dxreport.drawing import FONT_DIRECTORY, svg
from dxreport.markup import Markdown, md_escape, safe_json, typst_string

STATIC = "charts"
"""The folder of the pictures, beside the document."""

FONTS = f"{STATIC}/fonts"
"""The folder of their font, for a renderer that is told by `font-paths` where fonts lie."""

_ID = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True)
class Figure:
    """A chart, the finding that it shows, and what a reader who cannot see it needs.

    `spec` is its Vega-Lite specification for a page, without configuration; `note` says how to
    read the chart and what it counts; `units` is true where the chart answers to the page's
    choice of a unit. All texts are plain text, from data too: they are escaped here, for each
    format.
    """

    id: str
    spec: Mapping[str, Any]
    caption: str
    alt: str
    note: str = ""
    units: bool = False

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"not an id for a figure: {self.id!r}")

    def svg(self) -> str:
        """A drawing 16 cm wide, for print; the same bytes every time."""
        return self._drawing.result()

    def png(self) -> bytes:
        """The same as a picture of points."""
        return raster.picture(self.svg())

    def write(self, folder: Path) -> None:
        """Writes ID.svg and ID.png into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.id}.svg").write_text(self.svg(), encoding="utf-8")
        (folder / f"{self.id}.png").write_bytes(self.png())

    def to_markdown(
        self, folder: Path | None, label: str = "", later: Pictures | None = None
    ) -> Markdown:
        """The figure for every format; its pictures are written below `folder`.

        folder: where the document's own files lie; the pictures go into its `charts`. None
        writes none, for a page only.
        label: what stands before the caption, such as "Hình 1."
        later: takes the drawings while the caller goes on; whoever gave it has them written
        before they are read.
        """
        blocks = [self._html(label)]
        if folder is not None:
            _lay_font(folder / FONTS)
            if later is None:
                self.write(folder / STATIC)
            else:
                self.draw_into(folder, later)
            blocks += [self._typst(label), self._docx(label)]
        return Markdown("\n\n" + "\n\n".join(blocks) + "\n\n")

    def draw_into(self, folder: Path, later: Pictures) -> None:
        """Have the pictures drawn that `to_markdown` needs below `folder`, unless they are."""
        if later.wanted:
            later.add(folder / STATIC / self.id, self._drawing)

    @property
    def _drawing(self) -> Future[str]:
        """The drawing, asked for once; and again where nobody had waited for it, or it failed."""
        asked = self._asked
        if not asked or asked[-1].cancelled() or (asked[-1].done() and asked[-1].exception()):
            asked[:] = [self._ask()]
        return asked[-1]

    @cached_property
    def _asked(self) -> list[Future[str]]:
        return []

    def _ask(self) -> Future[str]:
        static = {**self.spec, "width": theme.PRINT_WIDTH, "background": "white"}
        return aside().ask(svg, static, theme.config("light"))

    def _html(self, label: str) -> str:
        name = f"fig-{self.id}"
        marker = ' data-units="true"' if self.units else ""
        lines = [
            "```{=html}",
            f'<figure class="chart" id="{name}" aria-labelledby="{name}-caption"{marker}>',
            f'<figcaption id="{name}-caption">{_labelled(label)}{_html(self.caption)}</figcaption>',
            f'<div class="vega" role="img" aria-label="{_html(self.alt)}"></div>',
            f'<script type="application/json">{safe_json(self.spec)}</script>',
            f"<noscript><p>{_html(self.alt)}</p></noscript>",
            f'<p class="chart-note">{_html(self.note)}</p>' if self.note else "",
            "</figure>",
            "```",
        ]
        return "\n".join(line for line in lines if line)

    def _typst(self, label: str) -> str:
        words = _one_line(f"{label} {self.caption}")
        note = f", text(size: 0.85em, {_typst(self.note)})" if self.note else ""
        return "\n".join(
            [
                "```{=typst}",
                "#figure(",
                "  stack(spacing: 0.6em,",
                f'    image("{STATIC}/{self.id}.svg", width: 100%,',
                f"      alt: {_typst(self.alt)}){note}),",
                f"  caption: figure.caption(position: top, strong({_typst(words)})),",
                "  numbering: none, supplement: none,",
                f") <fig-{self.id}>",
                "```",
            ]
        )

    def _docx(self, label: str) -> str:
        words = _one_line(f"{label} {self.caption}")
        picture = f"![{md_escape(self.alt)}]({STATIC}/{self.id}.png){{width=16cm}}"
        lines = [
            '::::: {.content-visible when-format="docx"}',
            '::: {custom-style="Chú thích hình"}',
            md_escape(words),
            ":::",
            "",
            '::: {custom-style="Hình"}',
            # A picture with something beside it is no figure, whose caption would be its
            # alternative text.
            f"{picture}[]{{}}",
            ":::",
        ]
        if self.note:
            lines += ["", '::: {custom-style="Ghi chú hình"}', md_escape(self.note), ":::"]
        return "\n".join([*lines, ":::::"])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """In a notebook: the interactive chart where it can be shown, a drawing elsewhere."""
        spec = {**self.spec, "config": theme.config("light")}
        return {
            "application/vnd.vegalite.v6+json": json.loads(json.dumps(spec)),
            "image/svg+xml": self.svg(),
            "text/plain": f"{self.caption}\n{self.alt}",
        }


def _lay_font(folder: Path) -> None:
    if not folder.exists():
        shutil.copytree(FONT_DIRECTORY, folder)


def _one_line(text: str) -> str:
    return " ".join(vi.plain(text).split())


def _labelled(label: str) -> str:
    return f'<span class="chart-label">{_html(label)}</span> ' if label else ""


def _html(text: str) -> str:
    return html.escape(_one_line(text), quote=True)


def _typst(text: str) -> str:
    return typst_string(_one_line(text))
