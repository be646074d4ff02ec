"""Into place, whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dxreport import staging
from dxreport.errors import DxError, UsageError
from dxreport.rendering import month as rendering
from dxreport.rendering.checking import check
from dxreport.staging import into_place, staged
from rendering_helpers import MONTH, project, rendered

HEADER = "---\ntitle: T\n---\n\n```{python}\n#| tags: [parameters]\nmonth = data_dir = ''\n```\n\n"


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_month_takes_the_place_of_the_old_one_as_a_whole(tmp_path: Path) -> None:
    old = tmp_path / str(MONTH)
    old.mkdir()
    (old / "left-over.txt").write_text("x", encoding="utf-8")
    done = rendered(project(tmp_path / "p"), tmp_path, formats=("docx",))
    names = sorted(path.name for path in done.folder.iterdir())
    assert names == ["manifest.json", "report.docx", "run.json"]
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [".dxreport.lock", str(MONTH), "index.html", "p"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (HEADER + "```{python}\n1 / 0\n```\n", "ZeroDivisionError"),
        (HEADER + "{{< video x >}}\n", "shortcode"),
        (HEADER + "```{=typst}\n#nothing()\n```\n", "typst failed"),
        (HEADER + "```{=html}\n<script>alert(1)</script>\n```\n", "not its own"),
        (HEADER + "```{=html}\n<img src='http://example.org/a.png'>\n```\n", "would load"),
    ],
)
def test_a_run_that_fails_leaves_what_was_there(tmp_path: Path, document: str, said: str) -> None:
    out = tmp_path / "out"
    rendered(project(tmp_path / "p"), out, formats=("docx",))
    before = tree(out)
    with pytest.raises(DxError, match=said):
        rendered(project(tmp_path / "q", document=document), out)
    assert tree(out) == before
    assert {path.name for path in out.iterdir()} == {".dxreport.lock", str(MONTH), "index.html"}


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    rendered(project(tmp_path / "p"), out, formats=("docx",))
    before = tree(out)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(rendering, "check", full)
    with pytest.raises(DxError, match="the disk is full"):
        rendered(project(tmp_path / "q"), out, formats=("docx",))
    assert tree(out) == before


def test_what_a_killed_run_left_is_swept(tmp_path: Path) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    host = staging._host()
    left = tmp_path / f".2024-09.{host}.{int(dead.stdout)}.new"
    (left / "x").mkdir(parents=True)
    running = tmp_path / f".2024-09.{host}.{os.getppid()}.new"
    running.mkdir()
    elsewhere = tmp_path / f".2024-09.another-machine.{int(dead.stdout)}.new"
    elsewhere.mkdir()
    same_number = tmp_path / f".2024-09.{host}.{os.getpid()}.new"
    (same_number / "x").mkdir(parents=True)
    with staged(tmp_path, "2024-09") as folder:
        assert not left.exists()
        assert running.exists()
        assert elsewhere.exists()
        assert list(folder.iterdir()) == []


def test_a_month_that_a_killed_run_moved_aside_comes_back(tmp_path: Path) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    for name in ("2024-08", "2024-09"):
        aside = tmp_path / f".{name}.{staging._host()}.{int(dead.stdout)}.old"
        aside.mkdir()
        (aside / "a").write_text("old", encoding="utf-8")
    (tmp_path / "2024-09").mkdir()
    (tmp_path / "2024-09" / "a").write_text("new", encoding="utf-8")
    staging.sweep(tmp_path)
    assert tree(tmp_path) == {"2024-08/a": b"old", "2024-09/a": b"new"}


def test_a_reader_meets_an_old_folder_or_a_new_one_never_none(tmp_path: Path) -> None:
    target = tmp_path / "month"
    target.mkdir()
    for name in "ab":
        (target / name).write_text("0", encoding="utf-8")
    stop, missing, mixed, reads = threading.Event(), [], [], [0]

    def read() -> None:
        while not stop.is_set():
            try:
                folder = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
            except FileNotFoundError:
                missing.append(1)
                continue
            try:
                said = set()
                for name in "ab":
                    handle = os.open(name, os.O_RDONLY, dir_fd=folder)
                    said.add(os.read(handle, 9))
                    os.close(handle)
                reads[0] += 1
                if len(said) > 1:
                    mixed.append(said)
            except FileNotFoundError:
                pass  # The old folder is being removed under a reader that held it.
            finally:
                os.close(folder)

    reader = threading.Thread(target=read)
    reader.start()
    for at in range(200):
        with staged(tmp_path, "month") as folder:
            for name in "ab":
                (folder / name).write_text(str(at), encoding="utf-8")
            into_place(folder, target)
    stop.set()
    reader.join()
    assert reads[0] > 0
    assert (missing, mixed) == ([], [])


def test_where_folders_cannot_be_exchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "_exchange", lambda *_: False)
    for text in ("one", "two"):
        with staged(tmp_path, "month") as folder:
            (folder / "a").write_text(text, encoding="utf-8")
            into_place(folder, tmp_path / "month")
    assert tree(tmp_path) == {"month/a": b"two"}


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with (
        pytest.raises(DxError, match="cannot be written to"),
        staged(tmp_path / "file" / "out", "month"),
    ):
        pass


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"formats": ("html", "odt")}, "no format 'odt'"),
        ({"formats": ()}, "no format was asked for"),
    ],
)
def test_wrong_formats(tmp_path: Path, more: dict[str, tuple[str, ...]], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        rendered(project(tmp_path / "p"), tmp_path / "out", **more)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["html", "pdf", "docx"])
def test_a_document_that_is_not_whole_is_refused(name: str) -> None:
    for content in (b"", b"%PDF-1.7 cut", b"<html><body>", b"PK\x03\x04 cut"):
        with pytest.raises(DxError, match=f"the {name} that was made is not whole"):
            check(name, content)


def test_a_data_folder_that_the_copy_of_the_project_lacks_is_given_whole(tmp_path: Path) -> None:
    from dxreport.rendering.workspace import data_folder

    assert data_folder(tmp_path, tmp_path / "data" / "x") == ("data/x", "data/x")
    for name in ("build", "_site", ".cache"):
        folder = tmp_path / name / "data"
        assert data_folder(tmp_path, folder) == (folder.as_posix(), f"{name}/data")
