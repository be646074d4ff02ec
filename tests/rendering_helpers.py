"""What the rendering tests share: small projects of their own, rendered once."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from command import ROOT
from dxreport.config import Project
from dxreport.periods import Month
from dxreport.site.published import Published
from dxreport.site.publishing import publish_month

SMALL = ROOT / "tests" / "fixtures" / "rendering" / "small"
MONTH = Month(2024, 9)


def project(
    folder: Path, *, document: str | None = None, letter: Mapping[str, Any] | None = None
) -> Project:
    """A copy of the small project in `folder`, with another document or another office."""
    shutil.copytree(SMALL, folder, dirs_exist_ok=True)
    if not (folder / "_extensions").exists():
        shutil.copytree(ROOT / "_extensions", folder / "_extensions")
    (folder / "data").mkdir(exist_ok=True)
    if document is not None:
        (folder / "report.qmd").write_text(document, encoding="utf-8")
    if letter is not None:
        path = folder / "_quarto.yml"
        configured = yaml.safe_load(path.read_text(encoding="utf-8"))
        configured["cong-van"] = dict(letter)
        path.write_text(yaml.safe_dump(configured, allow_unicode=True), encoding="utf-8")
    return Project(folder)


def rendered(mine: Project, out: Path, **more: Any) -> Published:
    """The project's report of September 2024, by the embedded engine."""
    return publish_month(mine, MONTH, mine.root / "data", out, engine="embedded", **more)
