"""What a published month is made from and of: `manifest.json`, and `run.json` of the run itself.

The manifest is the same bytes for the same inputs, program and commit. What a clock says stands
in `run.json`, which the manifest therefore does not sign.
"""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dxreport import __version__
from dxreport.config import Project
from dxreport.errors import DxError
from dxreport.periods import Month
from dxreport.suppression.rule import suppression_rule

if TYPE_CHECKING:
    from dxreport.headlines import Headline
    from dxreport.reading import Tables
    from dxreport.suppression.rule import Rule

MANIFEST = "manifest.json"
RUN = "run.json"
UNSIGNED = (MANIFEST, RUN)
"""The two files of a month's folder that its manifest does not list."""

_FORMAT = 1
_CHUNK = 1 << 20
# What decides the bytes of a page: who reads, draws, sets and runs.
_LIBRARIES = (
    *("polars", "altair", "vl-convert-python", "great-tables", "papermill", "ipython", "nbformat"),
    *("pypandoc-binary", "typst", "jinja2", "xlsxwriter"),
)

Manifest = Mapping[str, Any]


def describe(
    project: Project,
    month: Month,
    *,
    engine: str,
    parameters: Mapping[str, Any],
    tables: Tables | None = None,
    headlines: Sequence[Headline] = (),
) -> dict[str, Any]:
    """All of a month's manifest but its files; no path of the machine is in it."""
    return {
        "format": _FORMAT,
        "month": str(month),
        "synthetic": tables is not None and tables.dataset.synthetic,
        "parameters": dict(parameters),
        "versions": {
            "dxreport": __version__,
            "python": platform.python_version(),
            "engine": engine,
            "libraries": {name: found for name in _LIBRARIES if (found := _version(name))},
        },
        "commit": _commit(project.root),
        "inputs": [*_tables(tables, suppression_rule(project)), *_settings(project)],
        "headlines": [
            {
                "title": headline.title,
                "when": headline.when,
                "facts": [
                    {"indicator": fact.indicator, "period": fact.period, "scope": fact.scope}
                    for fact in headline.facts
                ],
            }
            for headline in headlines
        ],
    }


def write_manifest(folder: Path, described: Manifest) -> None:
    """Sign every file of `folder` in its manifest: path, size in bytes and SHA-256."""
    whole = {key: value for key, value in described.items() if key not in ("unsigned", "files")}
    whole |= {"unsigned": list(UNSIGNED), "files": list(_files(folder))}
    write_new(folder / MANIFEST, _json(whole))


def write_run(
    folder: Path, steps: Sequence[tuple[str, float]], began: datetime, inputs: str | None = None
) -> None:
    """How the run went: when it began, how long it and each of its steps took, in seconds.

    `inputs` is the fingerprint of all that the month was made of, where it is known.
    """
    told: dict[str, Any] = {
        "began": began.astimezone(UTC).isoformat(timespec="seconds"),
        "duration": round((datetime.now(UTC) - began).total_seconds(), 3),
        "steps": {name: round(seconds, 3) for name, seconds in steps},
    }
    if inputs:
        told["inputs"] = inputs
    write_new(folder / RUN, _json(told))


def is_of(folder: Path, inputs: str) -> bool:
    """Whether a published folder was made of these inputs, and still is as it was published."""
    try:
        told = json.loads((folder / RUN).read_text(encoding="utf-8"))
        verify(folder)
    except (OSError, ValueError, DxError):
        return False
    return isinstance(told, dict) and told.get("inputs") == inputs


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a published folder; nothing where there is none that can be read."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("format") == _FORMAT else None


def verify(folder: Path) -> None:
    """`DxError` naming the first file of `folder` that is not what the manifest says of it."""
    manifest = read_manifest(folder)
    if manifest is None:
        raise DxError(f"{folder.name}: has no {MANIFEST} of this version; render the month again")
    listed = {file["path"]: file for file in manifest["files"]}
    present = {path.relative_to(folder).as_posix(): path for path in _paths(folder)}
    for name in sorted(listed.keys() | present.keys()):
        if name not in present:
            raise DxError(f"{folder.name}/{name}: is missing; its {MANIFEST} lists it")
        if name not in listed:
            raise DxError(f"{folder.name}/{name}: is not in the folder's {MANIFEST}")
        if digest(present[name]) != listed[name]["sha256"]:
            raise DxError(f"{folder.name}/{name}: is not the file that {MANIFEST} describes")


def write_new(path: Path, content: bytes) -> None:
    """Write a file anew: what was there may be linked to from a folder that is being read."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def digest(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def _files(folder: Path) -> Iterator[dict[str, Any]]:
    for path in _paths(folder):
        name = path.relative_to(folder).as_posix()
        yield {"path": name, "bytes": path.stat().st_size, "sha256": digest(path)}


def _paths(folder: Path) -> list[Path]:
    """The files that a manifest signs, in the order of their names."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path for path in found if path.parent != folder or path.name not in UNSIGNED)


def _tables(tables: Tables | None, rule: Rule | None) -> Iterator[dict[str, Any]]:
    """Each table's file; where small numbers are left out, one fingerprint of all that is read.

    How many records a file has is a sum over its figures, and who knows all but a few of a small
    table's figures could try which ones have its fingerprint.
    """
    for source in tables.sources if tables else ():
        told = {"table": source.table, "file": source.path.name, "origin": source.origin}
        counted = rule is None or source.origin == "reference"
        yield told | ({"rows": source.rows, "sha256": source.sha256} if counted else {})
    if tables and rule:
        yield {"table": "all", "origin": "data", "sha256": tables.fingerprint}


def _settings(project: Project) -> Iterator[dict[str, Any]]:
    """The document, the office's settings and the catalogue: they decide the page as data do."""
    chosen = [project.document, project.configuration, *sorted(project.reference.glob("*.yml"))]
    for path in chosen:
        if path.is_file():
            name = path.relative_to(project.root).as_posix()
            yield {"file": name, "origin": "project", "sha256": digest(path)}


@cache
def _commit(root: Path) -> dict[str, Any] | None:
    """The project's commit, and whether its files differ from it; nothing outside of git."""
    if not _git(root, "ls-files", "report.qmd"):
        return None
    changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".")
    return {"id": _git(root, "rev-parse", "HEAD"), "modified": bool(changed)}


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            encoding="utf-8",
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
