"""Where a document is made: a copy of the project for one run, and what the document is told."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dxreport import vi
from dxreport.config import OFFICE_KEY
from dxreport.rendering.execute import escape
from dxreport.rendering.qmd import Document

_CONFIGURED = ("project", "format", "execute")
_LEFT_OUT = frozenset({".git", ".venv", "_site", "build", "charts", "__pycache__"})


def lay_out(root: Path, work: Path) -> None:
    """A copy of the project for this run alone; what is only read is linked."""
    work.mkdir(parents=True)
    place = work.resolve()
    for entry in sorted(root.iterdir()):
        if _is_left_out(entry.name):
            continue
        if place.is_relative_to(entry.resolve()):
            continue
        target = work / entry.name
        if entry.suffix in (".qmd", ".yml", ".yaml") and entry.is_file():
            shutil.copyfile(entry, target)
        else:
            _link(entry, target)


def _is_left_out(name: str) -> bool:
    return name in _LEFT_OUT or name.startswith(".")


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
        inside = path.relative_to(root.resolve())
        # The copy of the project, where the document runs, has not every folder of it.
        copied = bool(inside.parts) and not _is_left_out(inside.parts[0])
        return inside.as_posix() if copied else path.as_posix(), inside.as_posix()
    return path.as_posix(), path.name


def metadata_of(
    configured: Mapping[str, Any], document: Document, letter: Mapping[str, str]
) -> dict[str, Any]:
    """What the writers are told: the project's settings, the document's, the letter's head."""
    metadata = {key: value for key, value in configured.items() if key not in _CONFIGURED}
    own = {key: value for key, value in document.metadata.items() if key not in _CONFIGURED}
    metadata = _merged(metadata, own)
    office = _merged(metadata.get(OFFICE_KEY) or {}, letter)
    return metadata | ({OFFICE_KEY: _literal(office)} if office else {})


def execute_of(configured: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """What `execute:` says of cells that say nothing themselves."""
    return _merged(configured.get("execute") or {}, document.metadata.get("execute") or {})


def _literal(value: Any) -> Any:
    """The office's texts as markdown that shows exactly them: a name is no markup."""
    if isinstance(value, Mapping):
        return {vi.plain(str(key)): _literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_literal(item) for item in value]
    return value if isinstance(value, bool | None) else escape(vi.plain(str(value)))


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in over.items():
        mine = out.get(key)
        if isinstance(mine, Mapping) and isinstance(value, Mapping):
            value = _merged(mine, value)
        out[key] = value
    return out
