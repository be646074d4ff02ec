"""A reader meets whole pages, whatever happens to the run that publishes.

DXREPORT_KILLS=100 kills that many runs of each kind instead of a few, the real command's too.
The moments are drawn with DXREPORT_SEED, which a failure prints.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from command import ROOT
from dxreport.errors import DxError
from dxreport.periods import Month
from dxreport.site.manifest import verify
from site_helpers import Reader, leftovers, months, put, served, sha, tree

KILLS = int(os.environ.get("DXREPORT_KILLS", "0"))
SEED = int(os.environ.get("DXREPORT_SEED", "20240930"))
WATCHED = (
    *("index.html", "latest/index.html", "2024-08/index.html"),
    *("2024-09/index.html", "2024-09/report.pdf", "2024-09/facts.csv"),
)
MONTH = "2024-09"
NUMBERS = ("111", "222")
DRIVER = """
import itertools, sys
from pathlib import Path
from dxreport.periods import Month
from site_helpers import put
print("ready", flush=True)
for word in itertools.cycle(sys.argv[3:]):
    put(Path(sys.argv[1]), Month.parse(sys.argv[2]), word, printed=word)
    print("put", flush=True)
"""


def start(*arguments: str, **more: object) -> subprocess.Popen[str]:
    paths = os.pathsep.join((str(ROOT / "lib"), str(ROOT / "tests")))
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        **more,
    )


def placing(out: Path, month: str, *words: str) -> subprocess.Popen[str]:
    """A run that publishes the month again and again, until it is ended; it has done so once."""
    process = start("-c", DRIVER, str(out), month, *words)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["ready\n", "put\n"]
    return process


def killed(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def versions(folder: Path, *words: str) -> dict[str, set[str]]:
    """What each address may answer: the bytes of a site published without any disturbance."""
    known: dict[str, set[str]] = {name: set() for name in WATCHED}
    for word in words:
        out = folder / f"whole-{word}"
        put(out, Month(2024, 8), "august", printed="august")
        put(out, Month(2024, 9), word, printed=word)
        for name in WATCHED:
            known[name].add(sha((out / name).read_bytes()))
    return known


def assert_heals(out: Path, word: str, pristine: Path) -> None:
    """The next run finds everything in order: what a site is that was never disturbed."""
    put(out, Month(2024, 9), word, printed=word)
    assert leftovers(out) == []
    assert tree(out) == tree(pristine)
    for folder in (path for path in out.iterdir() if path.is_dir()):
        verify(folder)


def test_kills_leave_whole_pages(tmp_path: Path) -> None:
    known = versions(tmp_path, "old", "new")
    out = tmp_path / "site"
    shutil.copytree(tmp_path / "whole-old", out)
    chance = random.Random(SEED)
    with served(out) as address, Reader(address, known) as reader:
        for _ in range(KILLS or 5):
            process = placing(out, "2024-09", "new", "old")
            time.sleep(chance.uniform(0, 0.3))
            killed(process)
            assert not reader.wrong, f"seed {SEED}: {reader.wrong[:5]}"
    assert reader.count > 20
    print(f"{KILLS or 5} kills, {reader.count} fetches, {reader.fetched}")
    # Both versions were met, or nothing was tried.
    assert all(reader.fetched["2024-09/index.html"].values())
    assert_heals(out, "new", tmp_path / "whole-new")


def test_two_runs_at_once_do_not_mix(tmp_path: Path) -> None:
    known = versions(tmp_path, "one", "two")
    out = tmp_path / "site"
    shutil.copytree(tmp_path / "whole-one", out)
    runs = [
        placing(out, "2024-09", "one", "two"),
        placing(out, "2024-09", "two", "one"),
        placing(out, "2024-08", "august"),
    ]
    with served(out) as address, Reader(address, known) as reader:
        time.sleep(2)
        for process in runs:
            killed(process)
    assert reader.wrong == []
    assert_heals(out, "two", tmp_path / "whole-two")


def test_two_runs_of_different_months_both_arrive(tmp_path: Path) -> None:
    out = tmp_path / "site"
    wanted = [str(month) for month in months("2024-06", "2024-07", "2024-08", "2024-09")]
    once = DRIVER.replace("itertools.cycle(sys.argv[3:])", "sys.argv[3:]")
    runs = [start("-c", once, str(out), month, "a", "b") for month in wanted]
    said = [process.communicate(timeout=100) for process in runs]
    assert [process.returncode for process in runs] == [0] * len(runs), said
    pristine = tmp_path / "pristine"
    for month in wanted:
        put(pristine, Month.parse(month), "b", printed="b")
    assert tree(out) == tree(pristine)


# --- a full disk -----------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own; it takes the right to mount."""
    folder.mkdir()
    size = f"size={megabytes}m"
    mounting = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)]
    if not hasattr(os, "geteuid") or os.geteuid() or not shutil.which("mount"):
        pytest.skip("a small file system can be mounted by root only")
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_leaves_whole_pages(tmp_path: Path) -> None:
    known = versions(tmp_path, "old", "new")
    with small_disk(tmp_path / "disk", 8) as disk:
        out = disk / "site"
        shutil.copytree(tmp_path / "whole-old", out)
        before = tree(out)
        free = shutil.disk_usage(disk).free
        # What has to be written: the month, latest's page and the archive; files are shared.
        need = sum(len(before[name]) for name in before if name.startswith("2024-09/"))
        need += 2 * len(before["latest/index.html"])
        with served(out) as address, Reader(address, known) as reader:
            said: list[str] = []
            for left in range(4096, need, need // (KILLS or 8)):
                ballast = disk / "ballast"
                ballast.write_bytes(bytes(free - left))
                try:
                    put(out, Month(2024, 9), "new", printed="new")
                except DxError as error:
                    said.append(str(error))
                    assert tree(out) == before
                assert leftovers(out) == []
                ballast.unlink()
                put(out, Month(2024, 9), "old", printed="old")
        assert reader.wrong == []
        assert set(said) == {f"{out}: the disk is full; what was there is untouched"}
        assert len(said) >= 3
        print(f"{len(said)} full disks, {reader.count} fetches")
        assert_heals(out, "new", tmp_path / "whole-new")


# --- the command itself ----------------------------------------------------------------------


@pytest.mark.skipif(not KILLS, reason="takes minutes: set DXREPORT_KILLS=100")
@pytest.mark.timeout(0)
def test_kills_while_the_command_renders_and_publishes(tmp_path: Path) -> None:
    """`dxreport render`, then `dxreport publish --to` a second place; both are being read.

    The report is a short one, so that the kills meet the publishing more often than the charts.
    """
    home = short_project(tmp_path / "project")

    def command(*arguments: str | Path) -> list[str]:
        return ["-m", "dxreport", "--project", str(home), *map(str, arguments)]

    def render(out: Path, number: str) -> list[str]:
        return command("render", MONTH, "--engine", "embedded", "--number", number, "--out", out)

    def finish(arguments: list[str]) -> None:
        process = start(*arguments)
        _, said = process.communicate(timeout=600)
        assert process.returncode == 0, said

    known: dict[str, set[str]] = {}
    for number in NUMBERS:
        out = tmp_path / f"whole-{number}"
        put(out, Month(2024, 8), "august", printed="august")
        began = time.monotonic()
        finish(render(out, number))
        took = time.monotonic() - began
        finish(command("publish", "--out", out))
        for name in (*WATCHED, "2024-09/report.docx"):
            known.setdefault(name, set()).add(sha((out / name).read_bytes()))
    here, there = tmp_path / "here", tmp_path / "there"
    for out in (here, there):
        shutil.copytree(tmp_path / "whole-111", out)
    chance = random.Random(SEED)
    late = 0
    with (
        served(here) as one,
        served(there) as two,
        Reader(one, known) as reader,
        Reader(two, known) as other,
    ):
        for at in range(KILLS):
            process = start(*render(here, NUMBERS[at // 4 % 2]))
            if at % 4 == 0:  # at any moment
                time.sleep(chance.uniform(0, took))
            elif at % 4 == 3:  # not this run, but the publishing of what it made
                process.communicate(timeout=600)
                process = start(*command("publish", "--out", here, "--to", there))
                until(process, there, ".copy*")
                time.sleep(chance.uniform(0, 0.3))
            else:  # as soon as the month is signed, while things change places
                until(process, here, ".2024-09*/manifest.json")
                time.sleep(chance.uniform(0, 0.2))
            late += process.poll() is not None
            killed(process)
            assert not reader.wrong + other.wrong, f"seed {SEED}: {reader.wrong + other.wrong}"
    print(f"{KILLS} kills, {late} too late; {reader.count} and {other.count} fetches")
    print(reader.fetched, other.fetched)
    assert all(reader.fetched["2024-09/index.html"].values())
    for out in (here, there):
        finish(command("publish", "--out", tmp_path / "whole-222", "--to", out))
        assert leftovers(out) == []
        assert tree(out) == tree(tmp_path / "whole-222")
        for folder in (path for path in out.iterdir() if path.is_dir()):
            verify(folder)


def until(process: subprocess.Popen[str], out: Path, pattern: str) -> None:
    """Wait for a file that the run makes, or for its end."""
    while process.poll() is None and not list(out.glob(pattern)):
        time.sleep(0.002)


def short_project(root: Path) -> Path:
    """This project with a report of its headline figures alone."""
    root.mkdir()
    for name in ("_quarto.yml", "data", "_extensions"):
        (root / name).symlink_to(ROOT / name)
    text = (ROOT / "report.qmd").read_text(encoding="utf-8")
    document = text[: text.index("## 1.")] + "## 1. Về kết quả chung {#chung}\n"
    (root / "report.qmd").write_text(document, encoding="utf-8")
    return root


@pytest.mark.skipif(not KILLS, reason="takes minutes: set DXREPORT_KILLS=100")
@pytest.mark.timeout(0)
def test_full_disks_while_the_command_renders(tmp_path: Path) -> None:
    home = short_project(tmp_path / "project")
    given = ["-m", "dxreport", "--project", str(home), "render", MONTH, "--engine", "embedded"]
    with small_disk(tmp_path / "disk", 60) as disk:
        out = disk / "site"
        assert start(*given, "--out", str(out)).wait(600) == 0
        before = tree(out)
        known = {name: {sha(before[name])} for name in before if "manifest" not in name}
        free = shutil.disk_usage(disk).free
        need = sum(len(content) for content in before.values())
        refused = 0
        with served(out) as address, Reader(address, known) as reader:
            for left in range(4096, need, need // 20):
                (disk / "ballast").write_bytes(bytes(free - left))
                process = start(*given, "--out", str(out), "--number", "222")
                _, said = process.communicate(timeout=600)
                if process.returncode == 0:  # there was room for all of it
                    break
                refused += 1
                print(left, said.strip())
                assert process.returncode == 1
                assert "Traceback" not in said
                assert tree(out) == before
                assert leftovers(out) == []
                assert reader.wrong == []
        print(f"{refused} full disks, {reader.count} fetches")
        assert refused > 3
