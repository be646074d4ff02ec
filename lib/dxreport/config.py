"""Where a project lies and what its office is called: everything that is not computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from dxreport.errors import DxError, UsageError
from dxreport.periods import Month

DOCUMENT = "report.qmd"
CONFIGURATION = "_quarto.yml"
INDICATORS_FILE = "indicators.yml"
EXTENSION = Path("_extensions") / "cong-van"
OFFICE_KEY = "cong-van"


@dataclass(frozen=True)
class Project:
    """A folder that holds `report.qmd`, `_quarto.yml` and `data/reference`."""

    root: Path

    @property
    def document(self) -> Path:
        return self.root / DOCUMENT

    @property
    def configuration(self) -> Path:
        return self.root / CONFIGURATION

    @property
    def reference(self) -> Path:
        return self.root / "data" / "reference"

    @property
    def sample(self) -> Path:
        return self.root / "data" / "sample"

    @property
    def notebooks(self) -> Path:
        return self.root / "notebooks"


def find_project(start: Path | None = None) -> Project:
    """The nearest folder at or above `start` (the current one by default) that is a project."""
    begin = (start or Path.cwd()).resolve()
    for folder in (begin, *begin.parents):
        if (folder / DOCUMENT).is_file() and (folder / CONFIGURATION).is_file():
            return Project(folder)
    raise UsageError(
        f"{begin} is not inside a dxreport project: no folder at or above it has both "
        f"{DOCUMENT} and {CONFIGURATION}; change into one or give --project DIR"
    )


def load_yaml(text: str) -> Any:
    """As `yaml.safe_load`, by libyaml where it is there, which takes a tenth of the time."""
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return yaml.safe_load(text)  # whose words are the same everywhere


def read_yaml(path: Path) -> Any:
    """The content of a YAML file; `DxError` naming the file and line where it cannot be read."""
    try:
        return load_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DxError(f"{path.name}: no such file in {path.parent.name}/") from None
    except UnicodeDecodeError as error:
        raise DxError(f"{path.name}: not UTF-8 text (byte {error.start})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", row {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise DxError(f"{path.name}{where}: {problem}") from None


def office(project: Project, month: Month | None = None) -> Mapping[str, Any]:
    """The letter's metadata: the `cong-van` part of `_quarto.yml`.

    With `month`, the entries of `changes` that are in force from that month or before replace
    the fields that they name, in the order of the file.
    """
    metadata = read_yaml(project.configuration)
    letter = metadata.get(OFFICE_KEY) if isinstance(metadata, dict) else None
    if not isinstance(letter, dict):
        raise DxError(f"{CONFIGURATION}: has no `cong-van` part with the letter's head")
    changed = dict(letter)
    changes = letter.get("changes") or []
    if not isinstance(changes, list):
        raise DxError(f"{CONFIGURATION}: `cong-van.changes`: expected a list of entries")
    for number, entry in enumerate(changes, start=1):
        start = entry.get("from") if isinstance(entry, dict) else None
        if type(start) is not date:
            raise DxError(
                f"{CONFIGURATION}: `cong-van.changes`, entry {number}: expected fields and "
                f"`from`, a date as 2025-07-01, found {start!r}"
            )
        if month is not None and Month.of(start) <= month:
            changed |= {key: value for key, value in entry.items() if key != "from"}
    return changed
