"""Groups 2 to 4: the month's report, many months, and what changed between two runs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.measuring import ROOT, Measured, dxreport, measure
from benchmarks.sixty import FIRST, LAST, SAMPLE, sixty_months

MONTH = "2024-09"
_ON_ONE_PROCESSOR = (
    "import os, sys; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)
_COPIED = ("report.qmd", "_quarto.yml", "_extensions", "data", "notebooks")


def one_month(work: Path, times: int) -> list[Measured]:
    """Each format and all of them, beside plain papermill with nbconvert, and Quarto."""
    out = work / "one"
    arguments = ("--out", out, "--engine", "embedded", "--no-cache")
    rows = [measure("report", "dxreport --help", dxreport("--help"), times)[0]]
    whole = "all three documents and facts.csv, nothing kept"
    for formats in ("html", "pdf", "docx", "html,pdf,docx"):
        name = whole if "," in formats else f"{formats} alone, nothing kept"
        command = dxreport("render", MONTH, "--formats", formats, *arguments)
        rows.append(measure("report", name, command, times)[0])
    plain = [sys.executable, "-m", "benchmarks.papermill", MONTH, str(work / "papermill")]
    name = "papermill and nbconvert, the same cells, HTML alone"
    rows.append(measure("report", name, plain, times, against=whole)[0])
    if shutil.which("quarto"):
        project = _project(work / "quarto")
        # It executes the document once a format.
        quarto = ["quarto", "render", str(project / "report.qmd")]
        name = "quarto render, the same three formats"
        environment = {
            "QUARTO_PYTHON": sys.executable,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        row, _ = measure("report", name, quarto, times, environment=environment, against=whole)
        made = {path.suffix for path in (project / "_quarto").glob("report.*")}
        if made != {".html", ".pdf", ".docx"}:
            sys.exit(f"quarto render made {made}, and not the three formats")
        rows.append(row)
    else:
        print(f"{'':38}there is no Quarto on the PATH to compare with")
    return rows


def many_months(work: Path, times: int, *, sixty: bool) -> list[Measured]:
    """Nine months, and sixty: on one processor, one after the other on all, and side by side.

    The same bytes each way.
    """
    alone = [sys.executable, "-c", _ON_ONE_PROCESSOR]
    rows = _months("nine months", "2024-01..2024-09", SAMPLE, work / "nine", times, alone)
    if sixty:
        data = sixty_months(work / "sixty-data")
        rows += _months("sixty months", f"{FIRST}..{LAST}", data, work / "sixty", times)
    return rows


def _months(
    what: str, months: str, data: Path, out: Path, times: int, alone: list[str] | None = None
) -> list[Measured]:
    """`alone` begins the command of one more row, whose run has one processor."""
    rows: list[Measured] = []
    made = []
    ways = [("one processor", alone, 1)] if alone else []
    ways += [("1 at once", [], 1), ("2 at once", [], 2)]
    for number, (how, before, jobs) in enumerate(ways):
        site = out / str(number)
        command = before + dxreport(
            *("render", months, "--jobs", str(jobs), "--data", data, "--out", site),
            *("--engine", "embedded", "--no-cache"),
        )
        name = f"{what}, all formats, {how}"
        against = rows[0].name if rows else None
        rows.append(measure("months", name, command, times, against=against)[0])
        made.append({p.relative_to(site): p.read_bytes() for p in site.rglob("*") if _lasts(p)})
    if any(files != made[0] for files in made):
        sys.exit(f"{what} side by side are not the same bytes as one after the other")
    return rows


def changes(work: Path, times: int) -> list[Measured]:
    """What a second run costs after nothing, one month's data, or the prose has changed."""
    project, out = _project(work / "changes"), work / "changed"
    kept = {"DXREPORT_CACHE": str(work / "kept")}
    command = dxreport(
        *("--project", project, "render", MONTH, "--out", out, "--engine", "embedded"),
        *("--data", project / "data" / "sample"),
    )
    document, turn = project / "report.qmd", [0]
    written = document.read_text(encoding="utf-8")

    def prose() -> None:
        turn[0] += 1
        document.write_text(f"{written}\nLần {turn[0]}.\n", encoding="utf-8")

    def data() -> None:
        import polars as pl

        turn[0] += 1
        path = project / "data" / "sample" / "pakn.parquet"
        pl.read_parquet(path).head(3_060 - turn[0]).write_parquet(path)

    readied: dict[str, Callable[[], None] | None] = {
        "nothing changed": None,
        "only the prose changed": prose,
        "one month's data changed": data,
    }
    return [
        measure("changes", name, command, times, before=ready, environment=kept)[0]
        for name, ready in readied.items()
    ]


def _project(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in _COPIED:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, folder / name)
    return folder


def _lasts(path: Path) -> bool:
    return path.is_file() and path.name not in ("run.json", ".dxreport.lock")
