"""Where a project lies and what its office is called: everything that is not computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dxreport.errors import DxError, UsageError

DOCUMENT = "report.qmd"
CONFIGURATION = "_quarto.yml"
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


def read_yaml(path: Path) -> Any:
    """The content of a YAML file; `DxError` naming the file and line where it cannot be read."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DxError(f"{path.name}: no such file in {path.parent.name}/") from None
    except UnicodeDecodeError as error:
        raise DxError(f"{path.name}: not UTF-8 text (byte {error.start})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", row {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise DxError(f"{path.name}{where}: {problem}") from None


def office(project: Project) -> Mapping[str, Any]:
    """The letter's metadata: the `cong-van` part of `_quarto.yml`."""
    metadata = read_yaml(project.configuration)
    letter = metadata.get(OFFICE_KEY) if isinstance(metadata, dict) else None
    if not isinstance(letter, dict):
        raise DxError(f"{CONFIGURATION}: has no `cong-van` part with the letter's head")
    return letter
