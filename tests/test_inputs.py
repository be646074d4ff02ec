"""The fingerprint of a month: every input changed in turn gives another, and nothing else does."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from dxreport import inputs
from dxreport.config import Project
from dxreport.inputs import fingerprint
from dxreport.periods import Month

ROOT = Path(__file__).resolve().parents[1]
MONTH = Month(2024, 9)


@dataclass(frozen=True)
class World:
    """A project with data and a program of its own, and what a run of it is asked for."""

    home: Path
    data: Path
    program: Path
    asked: dict[str, Any]

    def key(self, **more: Any) -> str | None:
        asked = {"month": MONTH, **self.asked, **more}
        return fingerprint(Project(self.home), asked.pop("month"), self.data, **asked)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    home, data, program = tmp_path / "home", tmp_path / "data", tmp_path / "dxreport"
    home.mkdir()
    for name in ("report.qmd", "_quarto.yml", "README.md", "Makefile"):
        shutil.copyfile(ROOT / name, home / name)
    (home / "part.qmd").write_text("a part")
    for name in ("_extensions", "data/reference", "notebooks", "docs"):
        shutil.copytree(ROOT / name, home / name)
    shutil.copytree(ROOT / "data" / "sample", data)
    (data / "manifest.json").write_text("{}")
    (data / "corrections.yml").write_text("[]")
    (data / "units.csv").write_bytes((ROOT / "data" / "reference" / "units.csv").read_bytes())
    shutil.copytree(ROOT / "lib" / "dxreport", program)
    monkeypatch.setattr(inputs, "_PACKAGE", program)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    inputs._packages.cache_clear()
    yield World(home, data, program, {"formats": ("html", "pdf"), "engine": "auto", "letter": {}})
    inputs._packages.cache_clear()


def changed(path: Path) -> Iterator[None]:
    """The file with one byte more; afterwards as it was."""
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    yield
    path.write_bytes(before)


def files_of(folder: Path, *more: Path) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return [*found, *more]


def test_every_file_changed_in_turn_is_a_miss(world: World) -> None:
    key = world.key()
    assert key == world.key()
    assert key is not None
    read = [
        *files_of(world.data),
        *files_of(world.home / "_extensions"),
        *files_of(world.home / "data" / "reference"),
        *files_of(world.program),
        *(world.home / name for name in ("report.qmd", "part.qmd", "_quarto.yml")),
    ]
    assert len(read) > 150
    keys = {key}
    for path in read:
        for _ in changed(path):
            other = world.key()
            assert other not in keys, path
            keys.add(other)
    assert world.key() == key


@pytest.mark.parametrize(
    "asked",
    [
        {"month": Month(2024, 8)},
        {"formats": ("html",)},
        {"formats": ("html", "pdf", "docx")},
        {"engine": "quarto"},
        {"letter": {"number": "12"}},
        {"letter": {"date": "2024-10-04"}},
        {"extras": ("facts",)},
        {"extras": ("facts", "notebooks")},
    ],
    ids=str,
)
def test_everything_asked_for_is_told_apart(world: World, asked: dict[str, Any]) -> None:
    assert world.key(**asked) not in (None, world.key())


def test_a_file_that_comes_or_goes_is_a_miss(world: World) -> None:
    keys = [world.key()]
    (world.data / "topics.csv").write_text("topic,name\n")
    keys.append(world.key())
    (world.home / "_extensions" / "cong-van" / "new.css").write_text("")
    keys.append(world.key())
    (world.home / "picture.png").write_bytes(b"")
    keys.append(world.key())
    (world.program / "charts" / "new.js").write_text("")
    keys.append(world.key())
    (world.data / "units.csv").unlink()
    keys.append(world.key())
    assert len(set(keys)) == len(keys)


def test_a_table_as_a_file_a_month_is_read(world: World) -> None:
    (world.data / "pakn").mkdir()
    shutil.move(world.data / "pakn.parquet", world.data / "pakn" / "2024-01.parquet")
    key = world.key()
    for _ in changed(world.data / "pakn" / "2024-01.parquet"):
        assert world.key() != key
    shutil.copyfile(
        world.data / "pakn" / "2024-01.parquet", world.data / "pakn" / "2024-02.parquet"
    )
    assert world.key() != key


def test_versions_and_engine_are_told(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [world.key()]
    place = tmp_path / "packages"
    (place / "polars-2.1.0.dist-info").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(place)])
    inputs._packages.cache_clear()
    # The same version is there twice and counts once; another does not.
    (place / "polars-99.dist-info").mkdir()
    inputs._packages.cache_clear()
    keys.append(world.key())
    monkeypatch.setattr(sys, "version", "3.99")
    keys.append(world.key())
    monkeypatch.setenv("QUARTO_PANDOC", "/elsewhere")
    keys.append(world.key())
    quarto = tmp_path / "bin" / "quarto"
    quarto.parent.mkdir()
    quarto.write_text("#!/bin/sh\n")
    quarto.chmod(0o755)
    keys.append(world.key())
    quarto.write_text("#!/bin/sh\necho 1.9\n")
    keys.append(world.key())
    assert len(set(keys)) == len(keys)
    assert world.key(engine="embedded") == replace(world).key(engine="embedded")


def test_nothing_else_is_a_miss(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = world.key()
    for path in files_of(world.data, world.home / "report.qmd"):
        os.utime(path, (1, 1))
    for name in ("README.md", "Makefile", "docs/architecture.md", "notebooks/02-pakn.ipynb"):
        (world.home / name).write_text("changed")
    for name in (".git/HEAD", ".venv/x", "_site/2024-09/index.html", "tests/test_x.py"):
        (world.home / name).parent.mkdir(parents=True, exist_ok=True)
        (world.home / name).write_text("new")
    (world.home / "public").mkdir()
    (world.home / "public" / ".dxreport.lock").write_text("")
    (world.home / "public" / "index.html").write_text("published")
    (world.data / "notes.txt").write_text("not read")
    (world.program / "__pycache__").mkdir(exist_ok=True)
    (world.program / "__pycache__" / "facts.cpython-311.pyc").write_bytes(b"x")
    monkeypatch.setenv("LANG", "vi_VN.UTF-8")
    assert world.key() == key
    moved = tmp_path / "elsewhere" / "data"
    shutil.copytree(world.data, moved)
    assert replace(world, data=moved).key() == key


def test_notebooks_are_inputs_where_they_are_run(world: World) -> None:
    key = world.key(extras=("facts", "notebooks"))
    for _ in changed(world.home / "notebooks" / "02-pakn.ipynb"):
        assert world.key(extras=("facts", "notebooks")) != key


def test_nothing_is_kept_of_what_depends_on_the_machines_fonts(world: World) -> None:
    document = world.home / "report.qmd"
    written = document.read_text(encoding="utf-8")
    document.write_text(written.replace("---\n", "---\ncong-van: {fonts: [Arial]}\n", 1), "utf-8")
    assert world.key() is None
    document.write_text(written, "utf-8")
    assert world.key() is not None
    settings = world.home / "_quarto.yml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("cong-van:\n", "cong-van:\n  fonts: [Arial]\n", 1))
    assert world.key() is None
