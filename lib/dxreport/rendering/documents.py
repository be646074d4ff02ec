"""An executed document as HTML, PDF and DOCX, by one engine or the other."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any, TypeVar

from nbformat import NotebookNode

from dxreport.charts.pictures import Pictures
from dxreport.config import EXTENSION, OFFICE_KEY
from dxreport.drawing import FONT_DIRECTORY
from dxreport.periods import Month
from dxreport.rendering import charts, embedded, page, quarto
from dxreport.rendering.embedded import Source
from dxreport.rendering.qmd import Document

OnStep = Callable[[str, float], None]
R = TypeVar("R")


@dataclass(frozen=True)
class Job:
    """What every writer needs to know."""

    work: Path
    document: Document
    notebook: NotebookNode
    metadata: Mapping[str, Any]
    execute: Mapping[str, Any]
    month: Month
    pictures: Pictures

    @property
    def system_fonts(self) -> bool:
        """Only where the office asks for a face of its own does the machine's stock matter."""
        return bool((self.metadata.get(OFFICE_KEY) or {}).get("fonts"))


@contextlib.contextmanager
def timed(name: str, step: OnStep) -> Iterator[None]:
    """Tell `step` how long the block took, where it did not fail."""
    begin = time.perf_counter()
    yield
    step(name, time.perf_counter() - begin)


def by_pandoc(
    job: Job, formats: tuple[str, ...], step: OnStep, meanwhile: Callable[[], None]
) -> dict[str, bytes]:
    """Each format's bytes, by the embedded engine: pandoc and typst, all at once.

    `meanwhile` is called while they work.
    """
    extension = job.work / EXTENSION
    markdown = embedded.to_markdown(job.notebook, job.document)
    if "html" in formats:
        charts.begin(markdown)

    def document() -> Source:
        return embedded.read(markdown, job.metadata, job.month.end)

    def html(source: Source) -> bytes:
        written = embedded.write_html(source, job.work)
        return page.finish(written, own_scripts=page.own_scripts(extension)).encode()

    def pdf(source: Source) -> bytes:
        code = embedded.write_typst(source, job.work)
        fonts = [extension / "fonts", FONT_DIRECTORY]
        job.pictures.write_drawings()
        return embedded.compile_pdf(
            code, job.work, job.month.end, fonts=fonts, system_fonts=job.system_fonts
        )

    def docx(source: Source) -> bytes:
        job.pictures.write_points()
        return embedded.write_docx(source, job.work)

    makers = {"html": html, "pdf": pdf, "docx": docx}
    return _in_parallel(document, {name: makers[name] for name in formats}, step, meanwhile)


def by_quarto(
    job: Job, used: quarto.Quarto, formats: tuple[str, ...], step: OnStep
) -> dict[str, bytes]:
    """Each format's bytes, by Quarto, one after the other."""
    from dxreport.charts.show import FONTS

    extension = job.work / EXTENSION
    epoch = int(job.month.end.replace(tzinfo=UTC).timestamp())
    # For a file that its `render:` does not name, Quarto reads no `_quarto.yml`.
    metadata = {**job.metadata, "execute": job.execute, "font-paths": FONTS}
    made = {}
    job.pictures.write_drawings()
    job.pictures.write_points()
    for name in formats:
        with timed(name, step):
            content = quarto.render(
                used, job.notebook, name, job.work, metadata, epoch, system_fonts=job.system_fonts
            )
            if name == "html":
                text = content.decode()
                content = page.finish(text, own_scripts=page.own_scripts(extension)).encode()
            made[name] = content
    return made


def _in_parallel(
    document: Callable[[], Source],
    makers: Mapping[str, Callable[[Source], bytes]],
    step: OnStep,
    meanwhile: Callable[[], None],
) -> dict[str, bytes]:
    def clocked(maker: Callable[[], R]) -> tuple[R, float]:
        begin = time.perf_counter()
        return maker(), time.perf_counter() - begin

    with ThreadPoolExecutor(1 + len(makers)) as pool:
        read = pool.submit(clocked, document)

        def made_of(maker: Callable[[Source], bytes]) -> tuple[bytes, float]:
            source = read.result()[0]
            return clocked(lambda: maker(source))

        futures = {name: pool.submit(made_of, maker) for name, maker in makers.items()}
        meanwhile()
        step("document", read.result()[1])
        made = {}
        for name, future in futures.items():
            made[name], seconds = future.result()
            step(name, seconds)
    return made
