"""The Quarto engine: an executed notebook rendered by the real Quarto."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import nbformat
from nbformat import NotebookNode

from dxreport.errors import DxError

MINIMUM = (1, 9)
"""Quarto 1.9 is the first whose typst (0.14) makes the tagged PDFs that the letter asks for."""

FORMATS = {"html": "cong-van-html", "pdf": "cong-van-typst", "docx": "cong-van-docx"}
_SUFFIX = {"html": "html", "pdf": "pdf", "docx": "docx"}
_NOTEBOOK = "executed.ipynb"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_HOW = (
    "get it from conda-forge (`conda env create -f environment.yml`) or from quarto.org, "
    "or leave out --engine quarto: the embedded engine gives the same documents"
)


@dataclass(frozen=True)
class Quarto:
    """A Quarto that can be used."""

    binary: str
    version: str


def find() -> Quarto | None:
    """The Quarto on the PATH, or None; `DxError` where it is too old or does not run."""
    binary = shutil.which("quarto")
    if binary is None:
        return None
    try:
        done = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        raise DxError(f"Quarto is on the PATH but does not run; {_HOW}") from None
    found = re.match(r"(\d+)\.(\d+)", done.stdout.strip())
    if done.returncode or not found:
        raise DxError(f"Quarto is on the PATH but does not say its version; {_HOW}")
    if (int(found[1]), int(found[2])) < MINIMUM:
        needed = ".".join(map(str, MINIMUM))
        raise DxError(
            f"Quarto {done.stdout.strip()} is too old: {needed} or newer is needed; {_HOW}"
        )
    return Quarto(binary, done.stdout.strip())


def need() -> Quarto:
    """As `find`; `DxError` where there is none."""
    quarto = find()
    if quarto is None:
        raise DxError(f"Quarto is not on the PATH; {_HOW}")
    return quarto


def render(
    quarto: Quarto,
    notebook: NotebookNode,
    name: str,
    folder: Path,
    metadata: Mapping[str, Any],
    epoch: int,
    *,
    system_fonts: bool = False,
) -> bytes:
    """Render the executed notebook in `folder`, a copy of the project that is this run's own."""
    text = cast(Any, nbformat).writes(notebook)
    (folder / _NOTEBOOK).write_text(text, encoding="utf-8")
    given = folder / "metadata.json"
    given.write_text(json.dumps(metadata, ensure_ascii=False, default=str), encoding="utf-8")
    fonts = {} if system_fonts else {"TYPST_IGNORE_SYSTEM_FONTS": "true"}
    done = subprocess.run(
        [
            quarto.binary,
            "render",
            _NOTEBOOK,
            "--to",
            FORMATS[name],
            "--no-execute",
            "--metadata-file",
            given.name,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, **fonts, "SOURCE_DATE_EPOCH": str(epoch)},
        check=False,
    )
    made = sorted(folder.rglob(f"executed.{_SUFFIX[name]}"))
    if done.returncode or not made:
        said = _COLOUR.sub("", done.stderr)
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        reason = next((line for line in lines if "ERROR" in line), (lines or ["no output"])[-1])
        raise DxError(f"quarto {quarto.version} could not make {name}: {reason}")
    return made[0].read_bytes()
