"""Finding Quarto, and calling it; the real one is compared in parity.py where it is installed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dxreport.errors import DxError, UsageError
from dxreport.rendering import quarto
from dxreport.site.publishing import publish_month
from rendering_helpers import MONTH, project

STAND_IN = """#!/bin/sh
if [ "$1" = --version ]; then echo "{version}"; exit 0; fi
echo "$@" > called.txt
{body}
"""
FAILING = r"printf 'x\n\033[91mERROR: no typst\033[39m\ny\n' >&2; exit 1"


def stand_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch, version: str, body: str = "exit 1"
) -> None:
    """A program called quarto, first on the PATH."""
    folder.mkdir(exist_ok=True)
    path = folder / "quarto"
    path.write_text(STAND_IN.format(version=version, body=body), encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")


def test_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert quarto.find() is None
    with pytest.raises(DxError, match="not on the PATH; get it from conda-forge") as caught:
        quarto.need()
    assert caught.value.exit_status == 1


@pytest.mark.parametrize("version", ["1.8.27", "1.6.0", "0.9"])
def test_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    stand_in(tmp_path, monkeypatch, version)
    with pytest.raises(DxError, match=rf"{version} is too old: 1\.9 or newer"):
        quarto.find()


def test_one_too_old_that_nobody_asked_for_is_as_good_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path / "bin", monkeypatch, "1.5.57")
    mine = project(tmp_path / "p")
    done = publish_month(mine, MONTH, mine.root / "data", tmp_path / "out", ("html",))
    assert done.engine == "embedded"


@pytest.mark.parametrize("version", ["1.9.0", "1.9.38", "1.10.1", "2.0.0", "99.9.9"])
def test_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    stand_in(tmp_path, monkeypatch, version)
    found = quarto.need()
    assert found.version == version


def test_one_that_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, "what?")
    with pytest.raises(DxError, match="does not say its version"):
        quarto.find()


def test_an_engine_that_does_not_exist(tmp_path: Path) -> None:
    mine = project(tmp_path / "p")
    with pytest.raises(UsageError, match="no engine 'latex'"):
        publish_month(mine, MONTH, mine.root / "data", tmp_path / "out", engine="latex")


def test_it_gets_the_executed_notebook_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    body = f'env > {kept}.env && cp -r . {kept} && printf "%s" "%PDF-1.7 %%EOF" > executed.pdf'
    stand_in(tmp_path / "bin", monkeypatch, "1.9.38", body)
    mine = project(tmp_path / "p")
    done = publish_month(
        mine, MONTH, mine.root / "data", tmp_path / "out", ("pdf",), "quarto",
        letter={"number": "5"},
    )  # fmt: skip
    assert done.engine == "quarto 1.9.38"
    called = (kept / "called.txt").read_text(encoding="utf-8").split()
    assert called[:4] == ["render", "executed.ipynb", "--to", "cong-van-typst"]
    assert "--no-execute" in called
    notebook = json.loads((kept / "executed.ipynb").read_text(encoding="utf-8"))
    sources = "".join("".join(cell["source"]) for cell in notebook["cells"])
    assert "`{python}" not in sources.replace("`{python} không chạy`", "")
    given = json.loads((kept / "metadata.json").read_text(encoding="utf-8"))
    assert given["cong-van"]["number"] == "5"
    # Quarto does not read the project's configuration for this file, so it is told.
    assert given["execute"] == {"echo": False, "warning": False}
    assert given["font-paths"] == "charts/fonts"
    environment = Path(f"{kept}.env").read_text(encoding="utf-8").splitlines()
    assert "TYPST_IGNORE_SYSTEM_FONTS=true" in environment
    assert "SOURCE_DATE_EPOCH=1727740800" in environment


def test_its_failure_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path / "bin", monkeypatch, "1.9.38", FAILING)
    mine = project(tmp_path / "p")
    with pytest.raises(DxError, match=r"^quarto 1\.9\.38 could not make pdf: ERROR: no typst$"):
        publish_month(mine, MONTH, mine.root / "data", tmp_path / "out", ("pdf",), "quarto")
    assert not (tmp_path / "out" / str(MONTH)).exists()
