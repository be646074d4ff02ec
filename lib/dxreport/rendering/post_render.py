"""Complete the pages that a `quarto render` by hand has made; `_quarto.yml` names this module."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil

from dxreport.config import EXTENSION
from dxreport.errors import DxError
from dxreport.rendering import page


def main(paths: list[str]) -> None:
    """Finish rendered pages in place: those named, or those that Quarto says it has made."""
    named = paths or os.environ.get("QUARTO_PROJECT_OUTPUT_FILES", "").splitlines()
    scripts = page.own_scripts(EXTENSION)
    policy = not in_preview()
    for path in map(Path, named):
        if path.suffix == ".html":
            made = path.read_text(encoding="utf-8")
            path.write_text(page.finish(made, own_scripts=scripts, policy=policy), encoding="utf-8")


def in_preview() -> bool:
    """Whether `quarto preview` asks: it reloads the page by scripts of its own, which change."""
    try:
        return any(is_preview(parent.cmdline()) for parent in psutil.Process().parents())
    except psutil.Error:
        return False


def is_preview(command: list[str]) -> bool:
    """Whether a command line is that of a `quarto preview`."""
    names = [Path(part).stem for part in command]
    return "quarto" in names and "preview" in names[names.index("quarto") + 1 :]


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except DxError as error:
        sys.exit(str(error))
