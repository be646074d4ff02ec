"""Render a month: its documents, and what lies beside them, into one folder.

The folder is the caller's: it is moved into place elsewhere, when everything in it is done.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from dxreport.charts.pictures import drawn_aside
from dxreport.config import Project, read_yaml
from dxreport.errors import DxError, UsageError
from dxreport.periods import Month
from dxreport.rendering import quarto, vega
from dxreport.rendering.checking import check
from dxreport.rendering.documents import Job, OnStep, by_pandoc, by_quarto, timed
from dxreport.rendering.execute import execute, parameters_of
from dxreport.rendering.names import FILES, PICTURED
from dxreport.rendering.qmd import Document, read_document
from dxreport.rendering.workspace import data_folder, execute_of, lay_out, metadata_of

EngineName = Literal["auto", "quarto", "embedded"]
FormatName = Literal["html", "pdf", "docx"]


@dataclass(frozen=True)
class Link:
    """A link at the head of the page to a file beside it; `type` is its media type."""

    href: str
    text: str
    type: str


_WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_LINKS = {
    "pdf": Link(FILES["pdf"], "Bản PDF", "application/pdf"),
    "docx": Link(FILES["docx"], "Bản Word", _WORD_TYPE),
}


@dataclass(frozen=True)
class Extra:
    """What else lies in a month's folder: the step's name, who writes it there, its links.

    `inputs` lie beside the document while it runs, by name; `parameters` are set in it, where it
    has parameters of these names. `of_documents` says that it is made of the finished documents;
    every other one may be written while they are made.
    """

    step: str
    write: Callable[[Path], None]
    links: tuple[Link, ...] = ()
    inputs: Mapping[str, bytes] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    of_documents: bool = False


@dataclass(frozen=True)
class Rendered:
    """What was made: the engine's name, and what each step took in seconds."""

    engine: str
    steps: tuple[tuple[str, float], ...]


def render_month(
    project: Project,
    month: Month,
    data_dir: Path,
    folder: Path,
    formats: Sequence[str] = get_args(FormatName),
    engine: str = "auto",
    letter: Mapping[str, str] | None = None,
    extras: Sequence[Extra] = (),
    on_step: OnStep | None = None,
) -> Rendered:
    """Write the report of `month`, made from `data_dir`, into the empty `folder`.

    formats: of html, pdf, docx. engine: auto takes Quarto where it is on the PATH.
    letter: fields of the letter's head that this run gives (`number`, `date`).
    extras: what is written beside the documents. on_step: called as each step ends.
    """
    chosen = check_formats(formats)
    steps: list[tuple[str, float]] = []

    def step(name: str, seconds: float) -> None:
        steps.append((name, seconds))
        if on_step:
            on_step(name, seconds)

    used = _engine(check_engine(engine))
    if "html" in chosen:
        vega.start()
    work = folder / ".work"
    lay_out(project.root, work)
    configured = read_yaml(project.configuration) or {}
    with timed("read", step):
        document = read_document(work / "report.qmd", metadata=configured, root=work)
    with drawn_aside(
        wanted=not PICTURED.isdisjoint(chosen), in_points="docx" in chosen
    ) as pictures:
        with timed("execute", step):
            given, shown = data_folder(project.root, data_dir)
            notebook = execute(
                document,
                {"month": str(month), "data_dir": given, **_given(document, extras, work)},
                folder=work,
                shown={"data_dir": shown},
            )
        metadata = metadata_of(configured, document, letter or {})
        metadata["downloads"] = _downloads(chosen, extras)
        cells = execute_of(configured, document)
        job = Job(work, document, notebook, metadata, cells, month, pictures)

        def write_extras(*, of_documents: bool = False) -> None:
            for extra in extras:
                if extra.of_documents == of_documents:
                    with timed(extra.step, step):
                        extra.write(folder)

        if used:
            made = by_quarto(job, used, chosen, step)
            write_extras()
        else:
            made = by_pandoc(job, chosen, step, write_extras)
    with timed("check", step):
        for name, content in made.items():
            check(name, content)
            (folder / FILES[name]).write_bytes(content)
    shutil.rmtree(work)
    write_extras(of_documents=True)
    return Rendered("embedded" if used is None else f"quarto {used.version}", tuple(steps))


def _given(document: Document, extras: Sequence[Extra], work: Path) -> dict[str, str]:
    """Lays out what the extras bring to the document, and says what they set in it."""
    known = parameters_of(document)
    parameters: dict[str, str] = {}
    for extra in extras:
        for name, content in extra.inputs.items():
            (work / name).write_bytes(content)
        parameters |= {key: value for key, value in extra.parameters.items() if key in known}
    return parameters


def check_formats(given: Sequence[str]) -> tuple[str, ...]:
    """The formats in the house order; `UsageError` for one that there is not, or for none."""
    known = get_args(FormatName)
    for name in given:
        if name not in known:
            raise UsageError(f"there is no format {name!r}: choose of {', '.join(known)}")
    if not given:
        raise UsageError(f"no format was asked for: choose of {', '.join(known)}")
    return tuple(name for name in known if name in given)


def check_engine(name: str) -> str:
    """The engine's name; `UsageError` where there is no such engine."""
    if name not in get_args(EngineName):
        raise UsageError(
            f"there is no engine {name!r}: choose of {', '.join(get_args(EngineName))}"
        )
    return name


def _engine(name: str) -> quarto.Quarto | None:
    """Quarto, or nothing for the embedded engine."""
    if name == "embedded":
        return None
    if name == "quarto":
        return quarto.need()
    # One that cannot be used, too old perhaps, is as good as none: nobody asked for it.
    with contextlib.suppress(DxError):
        return quarto.find()
    return None


def _downloads(formats: Sequence[str], extras: Sequence[Extra]) -> list[dict[str, str]]:
    """The links at the head of the page to the files that lie beside it."""
    links = [link for name, link in _LINKS.items() if name in formats]
    links += [link for extra in extras for link in extra.links]
    return [{"href": link.href, "text": link.text, "type": link.type} for link in links]
