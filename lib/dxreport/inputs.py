"""Everything that a month's report depends on, as one fingerprint.

Two runs of one fingerprint give the same bytes. It covers the contents of files, never their
times: the data's tables, the project's documents, settings, templates and reference data, this
package's own code, the versions of Python and of every installed package, the engine, and what
the run was asked for. Nothing here imports what a report is made with.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from dxreport.config import CONFIGURATION, DOCUMENT, Project, read_yaml
from dxreport.errors import DxError
from dxreport.periods import Month

_FORMAT: Final = "1"
_CHUNK: Final = 1 << 20
_PACKAGE: Final = Path(__file__).parent

_TABLES: Final = (
    *("units", "documents", "e_copies", "pakn", "procedures", "targets", "baselines", "topics"),
)
_BESIDE: Final = ("corrections.yml", "dataset.yml", "manifest.json")
"""What is read of a data folder besides its tables."""

_ASIDE: Final = frozenset(
    {
        *("_site", "benchmarks", "build", "charts", "dist", "docs", "examples", "lib"),
        *("node_modules", "notebooks", "tests", "__pycache__", "Makefile", "LICENSE"),
        *("pyproject.toml", "requirements.lock", "environment.yml"),
    }
)
"""Of a project's folder: what no report is made of, unless its document or settings name it."""

_HEAD: Final = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_VARIABLES: Final = ("QUARTO_", "TYPST_")
_WORDS: Final = (".md", ".ipynb", ".lock", ".log")


def fingerprint(
    project: Project,
    month: Month,
    data_dir: Path,
    *,
    formats: Sequence[str],
    engine: str,
    letter: Mapping[str, str],
    extras: Sequence[str] = (),
    files: Sequence[Path] = (),
) -> str | None:
    """The fingerprint of a month's report; None where it cannot be told, as then nothing is kept.

    extras: the names of what else is made beside the documents. files: what else is read.
    """
    if _asks_the_machine(project):
        return None
    told = {
        "format": _FORMAT,
        "month": str(month),
        "formats": list(formats),
        "engine": _engine(engine),
        "letter": dict(letter),
        "extras": list(extras),
        "data": _shown(project.root.resolve(), data_dir.resolve()),
        "environment": {k: v for k, v in sorted(os.environ.items()) if k.startswith(_VARIABLES)},
    }
    try:
        told |= machinery()
        told["files"] = {
            "project": dict(_contents(project.root, _of_project(project, "notebooks" in extras))),
            "tables": dict(_contents(data_dir, _of_data(data_dir))),
            "others": [_digest(path) if path.is_file() else "" for path in files],
        }
    except OSError:
        return None
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def machinery() -> dict[str, Any]:
    """What everything is made with: this package's code, and the versions of all the rest.

    Raises OSError where the code cannot be read.
    """
    return {
        "program": dict(_contents(_PACKAGE, _program())),
        "python": [sys.version, platform.platform(), sys.byteorder],
        "packages": _packages(),
    }


def _asks_the_machine(project: Project) -> bool:
    """Whether the office wants a face of its own: then the machine's fonts matter."""
    try:
        settings = read_yaml(project.configuration)
        head = _HEAD.match(project.document.read_text(encoding="utf-8"))
        own = yaml.safe_load(head[1]) if head else {}
    except (DxError, OSError, UnicodeDecodeError, yaml.YAMLError):
        return True  # which the run itself says better
    offices = [part.get("cong-van") for part in (settings, own) if isinstance(part, dict)]
    return any(isinstance(office, dict) and bool(office.get("fonts")) for office in offices)


def _shown(root: Path, data_dir: Path) -> str:
    """What a page may say of where the data lie; see `rendering.workspace.data_folder`."""
    inside = data_dir.is_relative_to(root)
    return data_dir.relative_to(root).as_posix() if inside else data_dir.name


def _engine(name: str) -> list[Any]:
    """The engine that will be used; Quarto by the file that it is."""
    binary = None if name == "embedded" else shutil.which("quarto")
    if binary is None:
        return [name == "quarto"]
    path = Path(binary).resolve()
    about = path.stat()
    return [str(path), about.st_size, about.st_mtime_ns]


@cache
def _packages() -> list[str]:
    """Every installed package with its version, as their folders are called."""
    names = set()
    for folder in sys.path:
        if folder and os.path.isdir(folder):  # noqa: PTH112 - hundreds of times faster than Path
            names |= {name for name in os.listdir(folder) if name.endswith(".dist-info")}  # noqa: PTH208
    return sorted(names)


def _program() -> Iterator[Path]:
    for path in _below(_PACKAGE):
        if path.suffix != ".pyc":
            yield path


def _of_project(project: Project, with_notebooks: bool) -> Iterator[Path]:
    """The files of the project that a report may be made of."""
    root = project.root
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in root.glob("*.qmd")]
    settings = (root / CONFIGURATION).read_text(encoding="utf-8", errors="replace")
    texts += [line for line in settings.splitlines() if not line.lstrip().startswith("#")]
    named = "\n".join(texts)
    for entry in sorted(root.iterdir()):
        name = entry.name
        wanted = name not in _ASIDE and not name.endswith(_WORDS)
        wanted = wanted or (name == "notebooks" and with_notebooks)
        if name.startswith((".", "_site")) or not (wanted or f"{name}/" in named):
            continue
        if name == "data":
            # Its other folders hold tables: those that are read are told as such.
            yield from _below(project.reference)
            yield from sorted(p for p in entry.iterdir() if p.is_file() and p.suffix != ".md")
        elif entry.is_dir():
            # A folder of published months, or of data tables, is no part of the project.
            if not any((entry / mark).exists() for mark in (".dxreport.lock", "dataset.yml")):
                yield from _below(entry)
        else:
            yield entry
    if DOCUMENT not in {path.name for path in root.iterdir()}:
        raise FileNotFoundError(DOCUMENT)


def _of_data(folder: Path) -> Iterator[Path]:
    """The files of a data folder that are read."""
    for table in _TABLES:
        for suffix in ("parquet", "csv"):
            if (path := folder / f"{table}.{suffix}").exists():
                yield path
        yield from sorted((folder / table).glob("*.parquet"))
    for name in _BESIDE:
        if (path := folder / name).exists():
            yield path


def _below(folder: Path) -> Iterator[Path]:
    """All files below a folder, through links too, in one order."""
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            yield Path(place, name)


def _contents(base: Path, paths: Iterator[Path]) -> Iterator[tuple[str, str]]:
    for path in paths:
        name = path.relative_to(base) if path.is_relative_to(base) else path
        yield str(name), _digest(path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
