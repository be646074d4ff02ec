"""Render a month and put it into place, whole or not at all.

Everything is made in a folder beside the target. Only when every format is there and has been
checked does that folder take the target's place, in one step where the system can exchange two
folders; a run that fails or is killed leaves what was there before.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, get_args
from xml.etree import ElementTree

from nbformat import NotebookNode

from dxreport.config import Project, read_yaml
from dxreport.errors import DxError, UsageError
from dxreport.periods import Month
from dxreport.rendering import embedded, page, quarto, vega
from dxreport.rendering.execute import escape, execute
from dxreport.rendering.qmd import Document, read_document

EngineName = Literal["auto", "quarto", "embedded"]
FormatName = Literal["html", "pdf", "docx"]
OnStep = Callable[[str, float], None]

FILES: Mapping[str, str] = {"html": "index.html", "pdf": "report.pdf", "docx": "report.docx"}
"""What each format's file is called in a month's folder."""

FACTS = "facts.csv"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE_KEY = "cong-van"
_CONFIGURED = ("project", "format", "execute")
_LEFT_OUT = frozenset({".git", ".venv", "_site", "build", "charts", "__pycache__"})


@dataclass(frozen=True)
class Rendered:
    """A month in its place: its folder, the files in it, and what each step took in seconds."""

    folder: Path
    files: tuple[Path, ...]
    steps: tuple[tuple[str, float], ...]
    engine: str


def render_month(
    project: Project,
    month: Month,
    data_dir: Path,
    out: Path,
    formats: tuple[str, ...] = ("html", "pdf", "docx"),
    engine: str = "auto",
    letter: Mapping[str, str] | None = None,
    on_step: OnStep | None = None,
    write_facts: Callable[[Path], None] | None = None,
) -> Rendered:
    """Render `month` from `data_dir` into `out/YYYY-MM`.

    formats: of html, pdf, docx. engine: auto takes Quarto where it is on the PATH.
    letter: fields of the letter's head that this run gives (`number`, `date`).
    on_step: called with a step's name and its seconds, as each ends.
    write_facts: writes the facts' CSV to the path that it is given.
    """
    chosen = _formats(formats)
    out = out.resolve()
    steps: list[tuple[str, float]] = []

    def step(name: str, seconds: float) -> None:
        steps.append((name, seconds))
        if on_step:
            on_step(name, seconds)

    used = _engine(engine)
    if "html" in chosen:
        vega.start()
    with staged(out, str(month)) as staging:
        work = staging / ".work"
        _lay_out(project.root, work, out)
        configured = read_yaml(project.configuration) or {}
        with _timed("read", step):
            document = read_document(work / "report.qmd", metadata=configured, root=work)
        with _timed("execute", step):
            given, shown = data_folder(project.root, data_dir)
            notebook = execute(
                document,
                {"month": str(month), "data_dir": given},
                folder=work,
                shown={"data_dir": shown},
            )
        metadata = _metadata(configured, document, letter or {})
        metadata["downloads"] = _downloads(chosen, with_facts=write_facts is not None)
        job = _Job(work, document, notebook, metadata, _execute(configured, document), month)
        made = _quarto(job, used, chosen, step) if used else _embedded(job, chosen, step)
        with _timed("check", step):
            for name, content in made.items():
                check(name, content)
                (staging / FILES[name]).write_bytes(content)
        shutil.rmtree(work)
        if write_facts:
            with _timed("facts", step):
                write_facts(staging / FACTS)
        with _timed("publish", step):
            folder = into_place(staging, out / str(month))
    names = sorted(path for path in folder.iterdir() if path.is_file())
    label = "embedded" if used is None else f"quarto {used.version}"
    return Rendered(folder, tuple(names), tuple(steps), label)


@dataclass(frozen=True)
class _Job:
    """What every writer needs to know."""

    work: Path
    document: Document
    notebook: NotebookNode
    metadata: Mapping[str, Any]
    execute: Mapping[str, Any]
    month: Month

    @property
    def system_fonts(self) -> bool:
        """Only where the office asks for a face of its own does the machine's stock matter."""
        return bool((self.metadata.get(_OFFICE_KEY) or {}).get("fonts"))


def _formats(given: tuple[str, ...]) -> tuple[str, ...]:
    known = get_args(FormatName)
    for name in given:
        if name not in known:
            raise UsageError(f"there is no format {name!r}: choose of {', '.join(known)}")
    if not given:
        raise UsageError(f"no format was asked for: choose of {', '.join(known)}")
    return tuple(name for name in known if name in given)


def _engine(name: str) -> quarto.Quarto | None:
    if name == "embedded":
        return None
    if name == "quarto":
        return quarto.need()
    if name == "auto":
        # One that cannot be used, too old perhaps, is as good as none: nobody asked for it.
        with contextlib.suppress(DxError):
            return quarto.find()
        return None
    raise UsageError(f"there is no engine {name!r}: choose of {', '.join(get_args(EngineName))}")


@contextlib.contextmanager
def _timed(name: str, step: OnStep) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    step(name, time.perf_counter() - begin)


def _lay_out(root: Path, work: Path, out: Path) -> None:
    """A copy of the project for this run alone; what is only read is linked."""
    work.mkdir(parents=True)
    for entry in sorted(root.iterdir()):
        if entry.name in _LEFT_OUT or entry.resolve() == out.resolve():
            continue
        if entry.name.startswith("."):
            continue
        target = work / entry.name
        if entry.suffix in (".qmd", ".yml", ".yaml") and entry.is_file():
            shutil.copyfile(entry, target)
        else:
            _link(entry, target)


def _link(source: Path, target: Path) -> None:
    try:
        target.symlink_to(source.resolve(), target_is_directory=source.is_dir())
    except OSError:
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)


def data_folder(root: Path, data_dir: Path) -> tuple[str, str]:
    """What the document is given for the data's folder, and what its notebook shows for it."""
    path = data_dir.resolve()
    if path.is_relative_to(root.resolve()):
        inside = path.relative_to(root.resolve()).as_posix()
        return inside, inside
    return path.as_posix(), path.name


def _metadata(
    configured: Mapping[str, Any], document: Document, letter: Mapping[str, str]
) -> dict[str, Any]:
    metadata = {key: value for key, value in configured.items() if key not in _CONFIGURED}
    own = {key: value for key, value in document.metadata.items() if key not in _CONFIGURED}
    metadata = _merged(metadata, own)
    office = _merged(metadata.get(_OFFICE_KEY) or {}, letter)
    return metadata | ({_OFFICE_KEY: _literal(office)} if office else {})


def _execute(configured: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """What `execute:` says of cells that say nothing themselves."""
    return _merged(configured.get("execute") or {}, document.metadata.get("execute") or {})


def _literal(value: Any) -> Any:
    """The office's texts as markdown that shows exactly them: a name is no markup."""
    if isinstance(value, Mapping):
        return {key: _literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_literal(item) for item in value]
    return value if isinstance(value, bool | None) else escape(str(value))


_WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_LINKS = {
    "pdf": {"text": "Bản PDF", "type": "application/pdf"},
    "docx": {"text": "Bản Word", "type": _WORD_TYPE},
}


def _downloads(formats: tuple[str, ...], *, with_facts: bool) -> list[dict[str, str]]:
    """The links at the head of the page to the files that lie beside it."""
    links = [{"href": FILES[name], **link} for name, link in _LINKS.items() if name in formats]
    if with_facts:
        links.append({"href": FACTS, "text": "Số liệu CSV", "type": "text/csv"})
    return links


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in over.items():
        mine = out.get(key)
        if isinstance(mine, Mapping) and isinstance(value, Mapping):
            value = _merged(mine, value)
        out[key] = value
    return out


# -- the two engines


def _embedded(job: _Job, formats: tuple[str, ...], step: OnStep) -> dict[str, bytes]:
    with _timed("document", step):
        markdown = embedded.to_markdown(job.notebook, job.document)
        source = embedded.read(markdown, job.metadata, job.month.end)
    extension = job.work / embedded.EXTENSION
    from dxreport.charts.theme import FONT_DIRECTORY

    def html() -> bytes:
        written = embedded.write_html(source, job.work)
        return page.finish(written, own_scripts=page.own_scripts(extension)).encode()

    def pdf() -> bytes:
        code = embedded.write_typst(source, job.work)
        fonts = [extension / "fonts", FONT_DIRECTORY]
        return embedded.compile_pdf(
            code, job.work, job.month.end, fonts=fonts, system_fonts=job.system_fonts
        )

    def docx() -> bytes:
        return embedded.write_docx(source, job.work)

    makers = {"html": html, "pdf": pdf, "docx": docx}
    return _in_parallel({name: makers[name] for name in formats}, step)


def _quarto(
    job: _Job, used: quarto.Quarto, formats: tuple[str, ...], step: OnStep
) -> dict[str, bytes]:
    from dxreport.charts.show import FONTS

    extension = job.work / embedded.EXTENSION
    epoch = int(job.month.end.replace(tzinfo=UTC).timestamp())
    # For a file that its `render:` does not name, Quarto reads no `_quarto.yml`.
    metadata = {**job.metadata, "execute": job.execute, "font-paths": FONTS}
    made = {}
    for name in formats:
        with _timed(name, step):
            content = quarto.render(
                used, job.notebook, name, job.work, metadata, epoch, system_fonts=job.system_fonts
            )
            if name == "html":
                text = content.decode()
                content = page.finish(text, own_scripts=page.own_scripts(extension)).encode()
            made[name] = content
    return made


def _in_parallel(makers: Mapping[str, Callable[[], bytes]], step: OnStep) -> dict[str, bytes]:
    def timed(maker: Callable[[], bytes]) -> tuple[bytes, float]:
        begin = time.perf_counter()
        return maker(), time.perf_counter() - begin

    with ThreadPoolExecutor(len(makers)) as pool:
        futures = {name: pool.submit(timed, maker) for name, maker in makers.items()}
        made = {}
        for name, future in futures.items():
            made[name], seconds = future.result()
            step(name, seconds)
    return made


def check(name: str, content: bytes) -> None:
    """`DxError` where a document is plainly not what its name says."""
    if name == "html":
        whole = content.rstrip().endswith(b"</html>")
    elif name == "pdf":
        whole = content.startswith(b"%PDF-") and b"%%EOF" in content[-1024:]
    else:
        whole = _is_docx(content)
    if not whole:
        raise DxError(f"the {name} that was made is not whole; nothing was published")


def _is_docx(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = set(archive.namelist())
            if archive.testzip() is not None or "word/document.xml" not in names:
                return False
            document = archive.read("word/document.xml")
            relations = archive.read("word/_rels/document.xml.rels")
    except (zipfile.BadZipFile, KeyError):
        return False
    return _headers_resolve(document, relations)


def _headers_resolve(document: bytes, relations: bytes) -> bool:
    """Whether every page header that a section names is a part of the document."""
    named = {
        element.get(f"{{{_OFFICE}/relationships}}id")
        for element in ElementTree.fromstring(document).iter(f"{{{_WORD}}}headerReference")
    }
    known = {
        element.get("Id")
        for element in ElementTree.fromstring(relations)
        if str(element.get("Type")).endswith("/header")
    }
    return named <= known


# -- into place


@contextlib.contextmanager
def staged(out: Path, name: str) -> Iterator[Path]:
    """A folder of this run's own beside the target, gone afterwards whatever happens."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        _sweep(out, name)
        folder = out / f".{name}.{os.getpid()}.new"
        folder.mkdir()
    except OSError as error:
        raise DxError(f"{out}: cannot be written to ({error.strerror})") from None
    try:
        yield folder
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DxError(f"{out}: the disk is full; what was there is untouched") from None
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(out: Path, name: str) -> None:
    """Remove what runs that were killed left behind."""
    for left in out.glob(f".{name}.*.*"):
        pid = left.name.split(".")[-2]
        if pid.isdigit() and int(pid) != os.getpid() and not _is_running(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def into_place(staging: Path, target: Path) -> Path:
    """Let the finished folder take the target's place."""
    if not target.exists():
        with contextlib.suppress(OSError):
            staging.rename(target)
            return target
    if not _exchange(staging, target):
        old = staging.with_suffix(".old")
        target.rename(old)
        staging.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    return target


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    at_cwd, exchange = -100, 2
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    done: int = rename(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), exchange)
    return done == 0
