"""An ingest that is killed at any moment leaves the folder as it was before, or as it is after.

`DXREPORT_KILLS=50` kills as many (the suite a few), `DXREPORT_KILL_SEED` at other moments.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from random import Random
from time import monotonic, sleep

import pytest

from command import ROOT
from dxreport.ingest.run import choose_mapping
from ingest_data import FILES, MAPPINGS, content, grid, ingest, mapping, write_xlsx

SEED = int(os.environ.get("DXREPORT_KILL_SEED", "2024"))
COUNT = int(os.environ.get("DXREPORT_KILLS", "5"))


def timeless(folder: Path) -> dict[str, bytes | str]:
    """A folder's files, the manifest without the moment of the ingest."""
    files: dict[str, bytes | str] = dict(content(folder))
    manifest = json.loads(files.pop("manifest.json"))
    for entry in manifest["files"].values():
        entry["ingested_at"] = ""
    return {**files, "manifest.json": json.dumps(manifest, sort_keys=True)}


def start(file: Path, data: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "dxreport", "ingest", "pakn", str(file), "--data", str(data)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.mark.timeout(3600)
def test_killed_at_random_moments(tmp_path: Path) -> None:
    for table in FILES:
        file = write_xlsx(tmp_path / f"{table}.xlsx", grid(table).all())
        ingest(file, tmp_path / "before", mapping(table))
    page = grid("pakn")
    page.rows[0][7] = "Giao thông, đường sá"
    page.rows.append([25, "PA-0025", *page.rows[0][2:]])
    file = write_xlsx(tmp_path / "pakn-corrected.xlsx", page.all())
    assert choose_mapping(MAPPINGS, "pakn", file).name == FILES["pakn"]

    before = timeless(tmp_path / "before")
    shutil.copytree(tmp_path / "before", tmp_path / "after")
    begun = monotonic()
    assert start(file, tmp_path / "after").wait() == 0
    whole = monotonic() - begun
    after = timeless(tmp_path / "after")
    assert after != before

    random = Random(SEED)
    seen = {"before": 0, "after": 0}
    for number in range(COUNT):
        data = tmp_path / f"data-{number}"
        shutil.copytree(tmp_path / "before", data)
        child = start(file, data)
        # Most of the time goes into starting up; the end is where something happens.
        delay = whole * random.uniform(0.3, 1.1)
        sleep(delay)
        with_group = os.getpgid(child.pid) if child.poll() is None else None
        if with_group is not None:
            os.killpg(with_group, signal.SIGKILL)
        child.wait()
        found = timeless(data)
        what = f"seed {SEED}, kill {number} after {delay:.3f} of {whole:.3f} s"
        assert found in (before, after), what
        seen["before" if found == before else "after"] += 1
        # What it left beside the folder is swept by the next run, which goes through.
        if number % 5 == 0:
            assert start(file, data).wait() == 0, what
            assert timeless(data) == after, what
            assert not list(tmp_path.glob(f".data-{number}.*")), what
        shutil.rmtree(data)
    print(f"seed {SEED}: {COUNT} kills, {seen}")
    assert sum(seen.values()) == COUNT


@pytest.mark.parametrize("step", ["write", "write_manifest", "judge_folder", "facts_changed"])
def test_killed_at_each_step(step: str, tmp_path: Path) -> None:
    """Right after each step before the exchange: the folder is as before."""
    for table in FILES:
        file = write_xlsx(tmp_path / f"{table}.xlsx", grid(table).all())
        ingest(file, tmp_path / "data", mapping(table))
    before = content(tmp_path / "data")
    page = grid("pakn")
    page.rows[0][7] = "Giao thông, đường sá"
    file = write_xlsx(tmp_path / "pakn-corrected.xlsx", page.all())
    code = (
        "import os, signal\n"
        "from dxreport.ingest import run\n"
        f"right = run.{step}\n"
        "def dies(*given, **more):\n"
        "    right(*given, **more)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"run.{step} = dies\n"
        "from dxreport.cli import main\n"
        f"main(['ingest', 'pakn', {str(file)!r}, '--data', {str(tmp_path / 'data')!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert content(tmp_path / "data") == before
    assert list(tmp_path.glob(".data.*")), "the step was not reached"
