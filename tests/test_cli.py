"""The command: exit status, one-line reasons, and what it prints."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from builders import Folder, small_folder, write_folder
from command import ROOT, run
from dxreport import __version__, cli, reading
from dxreport.cli.terminal import DEBUG
from dxreport.facts import COLUMNS
from dxreport.periods import Month

SEED = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return small_folder(tmp_path_factory.mktemp("cli") / "data", SEED)


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str

    def reason(self) -> str:
        """The one line of an error, once it is known to be one."""
        assert self.out == ""
        assert "Traceback" not in self.err
        (line,) = self.err.splitlines()
        assert line.startswith("dxreport: ")
        return line.removeprefix("dxreport: ")


Call = Callable[..., Said]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """`main` in this process."""

    def said(*arguments: object) -> Said:
        status = cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Said(status, captured.out, captured.err)

    return said


# --- arguments -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [(), ("render",), ("notebooks",), ("facts",), ("check",), ("sample",)]
)
def test_help_teaches(call: Call, command: tuple[str, ...]) -> None:
    said = call(*command, "--help")
    assert said.status == 0
    assert "Examples" in said.out
    assert "0 done" in said.out
    assert "1 bad data or a failed run" in said.out
    assert "2 wrong usage" in said.out
    assert said.err == ""


def test_version(call: Call) -> None:
    assert call("--version") == Said(0, f"dxreport {__version__}\n", "")


def test_help_imports_nothing_heavy() -> None:
    heavy = {"polars", "altair", "great_tables", "papermill", "IPython", "numpy", "typst", "yaml"}
    code = (
        "import sys; from dxreport.cli import main; main(['render', '--help']); "
        f"sys.exit(' '.join({heavy} & sys.modules.keys()) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("facts", "2024-13"), "'2024-13' is not a month"),
        (("facts", "abc"), "'abc' is not a month"),
        (("render", "2024-9"), "'2024-9' is not a month"),
        (("render", "2024-09..2024-07"), "runs backwards"),
        (("check", "2024-00"), "'2024-00' is not a month"),
        (("facts",), "Missing argument 'MONTH'"),
        (("facts", "2024-09", "--format", "xml"), "'xml' is not one of 'csv', 'json', 'table'"),
        (("render", "2024-09", "--engine", "latex"), "'latex' is not one of"),
        (("render", "2024-09", "--formats", "html,odt"), "--formats: 'odt' is none of"),
        (("render", "2024-09", "--formats", ","), "--formats: name at least one"),
        (("render", "2024-09", "--date", "4/10/2024"), "--date: '4/10/2024' is not a date"),
        (("render", "2024-09", "--date", "20241004"), "--date: '20241004' is not a date"),
        (("render", "2024-07..2024-09", "--number", "5"), "give one month with them"),
        (("rendr", "2024-09"), "No such command 'rendr'. Did you mean 'render'?"),
        (("facts", "2024-09", "--dat", "x"), "No such option: --dat"),
        (("facts", "2024-09", "--data", "/no/such/folder"), "there is no such data folder"),
        (("--project", "/", "facts", "2024-09"), "not inside a dxreport project"),
        (("sample",), "Missing option '--out'"),
        (("sample", "--out", "x", "--scale", "much"), "--scale: 'much' is neither a number nor"),
        (("sample", "--out", "x", "--scale", "pkan=2"), "there is no table 'pkan' to scale"),
        (("sample", "--out", "x", "--scale", "0"), "the scale must be above 0"),
    ],
)
def test_wrong_usage_is_2_with_one_line(
    call: Call, arguments: tuple[str, ...], reason: str
) -> None:
    said = call(*arguments)
    assert said.status == 2
    assert reason in said.reason()


def test_no_command_shows_the_help(call: Call) -> None:
    said = call()
    assert said.status == 2
    assert "Commands" in said.out + said.err


# --- facts -----------------------------------------------------------------------------------


def test_facts_csv(call: Call, folder: Folder) -> None:
    said = call("facts", folder.months[-1], "--data", folder.path)
    assert (said.status, said.err) == (0, "")
    assert "\r" not in said.out
    assert said.out.endswith("\n")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert rows
    assert list(rows[0]) == list(COLUMNS)
    assert {row["month"] for row in rows} == {folder.months[-1]}
    assert {row["met"] for row in rows} <= {"true", "false", ""}


def test_facts_json_and_csv_say_the_same(call: Call, folder: Folder) -> None:
    arguments = ("facts", folder.months[-1], "--data", folder.path, "--format")
    from_json = json.loads(call(*arguments, "json").out)
    from_csv = pl.read_csv(io.StringIO(call(*arguments, "csv").out), schema=dict(COLUMNS))
    assert from_json == from_csv.to_dicts()


def test_facts_table_has_every_figure(call: Call, folder: Folder) -> None:
    arguments = ("facts", folder.months[-1], "--data", folder.path, "--format")
    table = call(*arguments, "table").out
    rows = json.loads(call(*arguments, "json").out)
    assert rows
    for row in rows:
        assert row["printed"] in table
        assert row["scope"] in table


def test_facts_are_the_same_bytes_in_another_process_and_folder(
    call: Call, folder: Folder, tmp_path: Path
) -> None:
    month = folder.months[-1]
    here = call("facts", month, "--data", folder.path).out
    elsewhere = run("facts", month, "--data", folder.path, cwd=tmp_path, PYTHONHASHSEED="7")
    assert (elsewhere.returncode, elsewhere.stdout) == (0, here)


def _named(folder: Folder, path: Path, name: str) -> Path:
    """The folder written at `path`, with `name` as the name of every district."""
    units = folder.frames["units"]
    names = pl.when(pl.col("level") == "district").then(pl.lit(name)).otherwise("name")
    write_folder(path, {**folder.frames, "units": units.with_columns(name=names)})
    return path


def test_a_name_is_no_formula(call: Call, folder: Folder, tmp_path: Path) -> None:
    name = "=cmd|'/c calc'!A1 [bold]"
    data = _named(folder, tmp_path, name)
    arguments = ("facts", folder.months[-1], "--data", data, "--format")
    names = [row["name"] for row in csv.DictReader(io.StringIO(call(*arguments, "csv").out))]
    assert f"'{name}" in names
    assert not any(name.startswith(("=", "+", "-", "@")) for name in names)
    assert name in call(*arguments, "table").out  # nor markup


def test_a_name_does_not_drive_the_terminal(call: Call, folder: Folder, tmp_path: Path) -> None:
    said = call("facts", folder.months[-1], "--data", _named(folder, tmp_path, "Xã \x1b[31m\x9b1m"))
    assert said.status == 1
    assert "units.csv" in said.err
    assert "\x1b" not in said.err
    assert "\x9b" not in said.err


def test_facts_into_a_closed_pipe_end_quietly(folder: Folder) -> None:
    command = [sys.executable, "-m", "dxreport", "facts", folder.months[-1]]
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write) as closed:
        done = subprocess.run(
            [*command, "--data", str(folder.path)],
            cwd=ROOT,
            stdout=closed,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_month_without_data_names_the_months_there_are(call: Call, folder: Folder) -> None:
    first, last = Month.parse(folder.months[0]), Month.parse(folder.months[-1])
    for month in (first.previous, last.next):
        for command in (("facts",), ("check",), ("render", "--formats", "html")):
            said = call(*command, month, "--data", folder.path)
            assert said.status == 1
            reason = said.reason()
            assert str(month) in reason
            assert str(first) in reason


# --- render ----------------------------------------------------------------------------------


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_another_place_and_time_zone_gives_the_same_bytes(rendered: Path, tmp_path: Path) -> None:
    home = tmp_path / "Báo cáo [thử]"
    home.mkdir()
    for name in ("report.qmd", "_quarto.yml"):
        shutil.copy(ROOT / name, home)
    for name in ("data", "_extensions"):
        shutil.copytree(ROOT / name, home / name)
    differently = {"PYTHONHASHSEED": "7", "TZ": "America/Lima", "LC_ALL": "C", "COLUMNS": "40"}
    done = run("render", "2024-09", "--engine", "embedded", cwd=home, **differently)
    assert (done.returncode, done.stderr) == (0, "")
    made, before = files_of(home / "_site" / "2024-09"), files_of(rendered)
    made.pop("run.json")
    signed = json.loads(made.pop("manifest.json"))
    beside = sorted(name for name in made if not name.startswith("data/"))
    assert beside == ["facts.csv", "index.html", "report.docx", "report.pdf"]
    assert made.keys() == before.keys() - {"manifest.json", "run.json"}
    assert [name for name in made if made[name] != before.get(name)] == []
    # Not under git there is no commit; all else of the manifest is the same too.
    assert signed == json.loads(before["manifest.json"]) | {"commit": None}


def test_render_tells_where_what_lies_and_how_long_it_took(tmp_path: Path) -> None:
    arguments = ("--formats", "docx", "--engine", "embedded", "--out", tmp_path)
    done = run("render", "2024-01..2024-02", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    for month in ("2024-01", "2024-02"):
        folder = tmp_path / month
        names = {"data", "facts.csv", "manifest.json", "report.docx", "run.json"}
        assert {path.name for path in folder.iterdir()} == names
        assert f"{folder / 'report.docx'}  " in done.stdout
    told = [line for line in done.stdout.splitlines() if "in all" in line]
    assert len(told) == 2
    assert all("execute " in line and " · docx " in line for line in told)


# --- sample ----------------------------------------------------------------------------------


def test_sample_makes_the_committed_data_again(call: Call, tmp_path: Path) -> None:
    said = call("sample", "--out", tmp_path)
    assert (said.status, said.err) == (0, "")
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_bytes() for path in (ROOT / "data" / "sample").iterdir()}
    assert made == committed
    assert all(name in said.out for name in made)


def test_sample_takes_a_seed_and_a_scale_for_each_table(call: Call, tmp_path: Path) -> None:
    assert call("sample", "--out", tmp_path, "--seed", 7, "--scale", "pakn=2").status == 0
    sample = ROOT / "data" / "sample"
    for name, times in (("pakn", 2), ("procedures", 1)):
        made, committed = (
            pl.read_parquet(folder / f"{name}.parquet") for folder in (tmp_path, sample)
        )
        assert made.height == times * committed.height
        assert not made.equals(committed)


# --- data that break the contract ------------------------------------------------------------


def _broken(table: str, column: str, value: object) -> Callable[[Folder], pl.DataFrame]:
    """The table with `value` in the first row of `column`."""

    def change(folder: Folder) -> pl.DataFrame:
        frame = folder.frames[table].with_columns(pl.col(column).cast(pl.String))
        rest = frame[column][1:]
        return frame.with_columns(pl.concat([pl.Series(column, [value], pl.String), rest]))

    return change


BREACHES: dict[str, tuple[str, Callable[[Folder], pl.DataFrame] | None, tuple[str, ...]]] = {
    "missing table": ("pakn", None, ("pakn",)),
    "missing column": ("pakn", lambda f: f.frames["pakn"].drop("rating"), ("pakn.csv", "rating")),
    "wrong type": ("pakn", _broken("pakn", "received_at", "hôm qua"), ("row 2", "received_at")),
    "unknown unit": ("documents", _broken("documents", "unit_id", "000"), ("row 2", "unit_id")),
    "rating of 9": ("pakn", _broken("pakn", "rating", "9"), ("pakn.csv", "row 2", "rating", "9")),
    "resolved before received": (
        "pakn",
        _broken("pakn", "resolved_at", "1999-01-01T00:00:00"),
        ("pakn.csv", "row 2", "resolved_at"),
    ),
    "numerator over denominator": (
        "documents",
        _broken("documents", "signed_from_work_file", "999999"),
        ("documents.csv", "row 2", "signed_from_work_file"),
    ),
    "duplicate key": (
        "documents",
        lambda f: pl.concat([f.frames["documents"], f.frames["documents"][:1]]),
        ("documents.csv", "unit_id"),
    ),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_1_and_touches_nothing(
    call: Call, folder: Folder, tmp_path: Path, breach: str
) -> None:
    table, change, names = BREACHES[breach]
    data, site = tmp_path / "data", tmp_path / "_site"
    frames = dict(folder.frames)
    if change is None:
        del frames[table]
    else:
        frames[table] = change(folder)
    write_folder(data, frames)
    published = site / folder.months[-1] / "index.html"
    published.parent.mkdir(parents=True)
    published.write_text("as it was", encoding="utf-8")

    for command in (("check",), ("facts", folder.months[-1])):
        said = call(*command, "--data", data)
        assert said.status == 1
        for name in names:
            assert name in said.err
    said = call("render", folder.months[-1], "--data", data, "--out", site)
    assert said.status == 1
    assert "Traceback" not in said.err
    assert all(line.startswith("dxreport: ") for line in said.err.splitlines())
    assert [path for path in site.rglob("*") if path.is_file()] == [published]
    assert published.read_text(encoding="utf-8") == "as it was"


def test_check_of_good_data(call: Call, folder: Folder) -> None:
    said = call("check", folder.months[-1], "--data", folder.path)
    assert (said.status, said.err) == (0, "")
    assert "The data keep the contract" in said.out.splitlines()[-1]
    for name, frame in folder.frames.items():
        assert any(
            line.split()[:2] == [name, f"{frame.height:,}"] for line in said.out.splitlines()
        )


# --- what nobody foresaw ---------------------------------------------------------------------


def _raises(error: BaseException) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


def test_an_internal_error_is_one_line_without_the_data(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "Nguyễn Văn A, 0912 345 678"
    monkeypatch.setattr(reading, "read_tables", _raises(RuntimeError(secret)))
    monkeypatch.delenv(DEBUG, raising=False)
    said = call("check")
    assert said.status == 1
    assert said.reason().startswith("internal error (RuntimeError in options.py, line ")
    assert secret not in said.err

    monkeypatch.setenv(DEBUG, "1")
    assert f"RuntimeError: {secret}" in call("check").err


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (OSError(28, "No space left on device", "out/x"), 1, "out/x: No space left on device"),
        (PermissionError(13, "Permission denied"), 1, "Permission denied"),
    ],
)
def test_the_machine_or_the_user_says_no(
    call: Call, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, reason: str
) -> None:
    monkeypatch.setattr(reading, "read_tables", _raises(error))
    said = call("check")
    assert (said.status, said.reason()) == (status, reason)


# --- where it is called from -----------------------------------------------------------------


def test_the_project_is_found_from_anywhere(folder: Folder, tmp_path: Path) -> None:
    month = folder.months[-1]
    inside = run("facts", month, "--data", folder.path, cwd=ROOT / "lib")
    outside = run("facts", month, "--data", folder.path, cwd=tmp_path)
    named = run("--project", ROOT, "facts", month, "--data", folder.path, cwd=tmp_path)
    assert inside.returncode == 0
    assert inside.stdout == outside.stdout == named.stdout


def test_data_and_project_can_come_from_the_environment(folder: Folder, tmp_path: Path) -> None:
    done = run("check", cwd=tmp_path, DXREPORT_DATA=str(folder.path), DXREPORT_PROJECT=str(ROOT))
    assert done.returncode == 0
    assert "pakn.csv" in done.stdout
