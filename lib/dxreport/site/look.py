"""What the site's pages share with the report's: their style, and whose site it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from dxreport.config import EXTENSION, OFFICE_KEY, Project, read_yaml

_STYLES = ("fonts.css", "bang.css", "page.css")
_HEAD = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)


@dataclass(frozen=True)
class Look:
    """The style sheets of the report's page as text, and the office's names."""

    style: str
    title: str
    superior: str
    issuer: str


def look_of(project: Project) -> Look:
    """Read from the extension, `_quarto.yml` and the head of `report.qmd`."""
    folder = project.root / EXTENSION
    sheets = [(folder / name).read_text(encoding="utf-8") for name in _STYLES]
    office = (read_yaml(project.configuration) or {}).get(OFFICE_KEY) or {}
    head = _HEAD.match(project.document.read_text(encoding="utf-8"))
    metadata: Mapping[str, Any] = yaml.safe_load(head[1]) if head else {}
    subject = (office.get("words") or {}).get("subject")
    return Look(
        style="\n".join(sheets),
        title=f"Báo cáo {subject}" if subject else str(metadata.get("title") or ""),
        superior=str(office.get("superior") or ""),
        issuer=str(office.get("issuer") or ""),
    )
