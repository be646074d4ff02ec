"""What is kept of files that keep the contract: every input is in its key, and nothing else is."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from dxreport import inputs, keeping
from dxreport.catalogue import load_catalogue
from dxreport.errors import ContractError
from dxreport.exports import facts_csv
from dxreport.facts import compute_facts
from dxreport.periods import Month
from dxreport.reading import findings, judging, read_tables, tables
from dxreport.reading.files import Part
from dxreport.sample import make_sample

ROOT = Path(__file__).resolve().parents[1]
MONTHS = [f"2024-0{month}" for month in range(1, 10)]
ALL = {f"{table}/{month}" for table in ("pakn", "procedures") for month in MONTHS}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    make_sample(
        folder, ROOT / "data" / "reference", scale={"pakn": 0.3, "procedures": 0.05}, by_month=True
    )
    return folder


class World:
    """A data folder, reference tables, a program of its own, and what is looked at of them."""

    def __init__(self, folder: Path) -> None:
        self.data, self.reference = folder / "data", folder / "reference"
        self.program, self.store = folder / "program", folder / "store"
        self.looked: set[str] = set()

    def read(self) -> bytes:
        """The facts of a month; `looked` then names the files that were judged and counted."""
        self.looked.clear()
        tables._last.clear()
        read = read_tables(self.data, self.reference)
        catalogue = load_catalogue(
            read.units, read.targets, read.baselines, read.topics, self.reference
        )
        month = Month(2024, 9)
        return facts_csv(compute_facts(read, catalogue, month)).encode()

    def read_anew(self, monkeypatch: pytest.MonkeyPatch) -> bytes:
        with monkeypatch.context() as patch:
            patch.setenv("DXREPORT_CACHE", "off")
            said = self.read()
        assert self.looked >= {f"{p.parent.name}/{p.stem}" for p in self.data.glob("p*/*.parquet")}
        return said

    def file(self, name: str) -> Path:
        return self.data / f"{name}.parquet"


@pytest.fixture
def world(sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World(tmp_path)
    shutil.copytree(sample, world.data)
    shutil.copytree(ROOT / "data" / "reference", world.reference)
    world.program.mkdir()
    (world.program / "cubes.py").write_text("a program")
    look = judging._look

    def looking(table: str, typed: judging.Typed) -> judging._Look:
        if table in ("pakn", "procedures"):
            world.looked.add(f"{table}/{typed.part.path.stem}")
        return look(table, typed)

    monkeypatch.setattr(judging, "_look", looking)
    monkeypatch.setattr(inputs, "_PACKAGE", world.program)
    monkeypatch.setattr(findings, "LEAST", 0)
    monkeypatch.setenv("DXREPORT_CACHE", str(world.store))
    inputs._packages.cache_clear()
    yield world
    inputs._packages.cache_clear()
    tables._last.clear()


def test_what_was_found_is_not_looked_for_again(world: World, monkeypatch) -> None:
    anew = world.read_anew(monkeypatch)
    assert not world.store.exists()
    assert world.read() == anew
    assert world.looked == ALL
    assert world.read() == anew
    assert world.looked == set()


def drop_a_row(path: Path) -> None:
    pl.read_parquet(path)[1:].write_parquet(path)


@pytest.mark.parametrize("name", ["pakn/2024-03", "pakn/2024-09", "procedures/2024-05"])
def test_a_file_that_changed_is_counted_anew_and_no_other(
    name: str, world: World, monkeypatch
) -> None:
    before = world.read()
    drop_a_row(world.file(name))
    after = world.read()
    assert world.looked == {name}
    assert after != before
    assert after == world.read_anew(monkeypatch)


def test_a_new_months_file_is_counted_alone(world: World, tmp_path: Path, monkeypatch) -> None:
    new = [world.file("pakn/2024-09"), world.file("procedures/2024-09")]
    for path in new:
        shutil.move(path, tmp_path / path.parent.name)
    world.read()
    for path in new:
        shutil.move(tmp_path / path.parent.name, path)
    after = world.read()
    assert world.looked == {"pakn/2024-09", "procedures/2024-09"}
    assert after == world.read_anew(monkeypatch)


def renew_unit(world: World, _patch: pytest.MonkeyPatch) -> None:
    path = world.reference / "units.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("Thị xã Quế Võ", "Thị xã Quế"), encoding="utf-8")


def renew_program(world: World, _patch: pytest.MonkeyPatch) -> None:
    (world.program / "cubes.py").write_text("another program")


def renew_python(_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version", "3.99")


def renew_polars(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = world.data.parent / "packages"
    (packages / "polars-99.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(packages))
    inputs._packages.cache_clear()


@pytest.mark.parametrize("renew", [renew_unit, renew_program, renew_python, renew_polars])
def test_what_a_file_is_held_against_and_counted_with_is_an_input(
    renew: Callable[[World, pytest.MonkeyPatch], None], world: World, monkeypatch
) -> None:
    world.read()
    renew(world, monkeypatch)
    after = world.read()
    assert world.looked == ALL
    assert after == world.read_anew(monkeypatch)


def test_a_catalogue_that_a_file_no_longer_keeps_is_an_error(world: World) -> None:
    world.read()
    path = world.reference / "units.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("256,"))
    lines[at] = ",".join([*lines[at].split(",")[:-2], "2024-02-01", ""])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(ContractError, match="expected a unit that is valid at 2024-01"):
            world.read()


def corrected_entry(world: World) -> str:
    row = pl.read_parquet(world.file("pakn/2024-09")).filter(pl.col("resolved_at").is_null())
    return (
        f"- table: pakn\n  row: {{pakn_id: {row['pakn_id'][0]}}}\n  column: resolved_at\n"
        "  from: ''\n  to: '2024-09-30T23:00:00'\n  reason: late_update\n  who: x\n"
        "  when: '2024-10-01'\n"
    )


def test_a_correction_is_an_input_of_its_table(world: World, monkeypatch) -> None:
    before = world.read()
    path = world.data / "corrections.yml"
    path.write_text(corrected_entry(world))
    after = world.read()
    assert world.looked == {f"pakn/{month}" for month in MONTHS}
    assert after != before
    assert after == world.read_anew(monkeypatch)
    assert world.read() == after
    path.write_text(corrected_entry(world).replace("T23:00", "T22:00"))
    world.read()
    assert world.looked == {f"pakn/{month}" for month in MONTHS}
    path.unlink()
    assert world.read() == before
    assert world.looked == set()


def test_nothing_else_makes_a_miss(world: World, tmp_path: Path, monkeypatch) -> None:
    world.read()
    for path in world.data.rglob("*"):
        os.utime(path, (1, 1))
    for name in ("targets.csv", "topics.csv", "indicators.yml"):
        path = world.reference / name
        path.write_bytes(path.read_bytes() + b"\n")
    (world.data / "dataset.yml").write_text("title: another\n")
    documents = world.data / "documents.csv"
    documents.write_bytes(documents.read_bytes().rstrip() + b"\n\n")
    (world.program / "__pycache__").mkdir()
    (world.program / "__pycache__" / "cubes.pyc").write_bytes(b"x")
    shutil.move(world.file("pakn/2024-03"), world.file("pakn/march"))
    shutil.move(world.data, tmp_path / "elsewhere")
    world.data = tmp_path / "elsewhere"
    monkeypatch.setenv("LANG", "vi_VN.UTF-8")
    monkeypatch.chdir(tmp_path)
    said = world.read()
    assert world.looked == set()
    assert said == world.read_anew(monkeypatch)


def test_a_file_with_problems_is_never_kept(world: World, monkeypatch) -> None:
    path = world.file("pakn/2024-04")
    right = pl.read_parquet(path)
    right.with_columns(rating=pl.lit(6, dtype=pl.Int64)).write_parquet(path)
    for _ in range(2):
        with pytest.raises(ContractError, match="a whole number from 1 to 5, or empty"):
            world.read()
        assert "pakn/2024-04" in world.looked
    right.write_parquet(path)
    said = world.read()
    assert {f"pakn/{month}" for month in MONTHS} == world.looked
    assert said == world.read_anew(monkeypatch)


def test_a_key_is_there_once_among_files_that_were_clean_alone(world: World) -> None:
    world.read()
    row = pl.read_parquet(world.file("pakn/2024-02"))[:1]
    row.write_parquet(world.file("pakn/2024-10"))
    for _ in range(2):
        with pytest.raises(ContractError) as raised:
            world.read()
        assert world.looked == {"pakn/2024-10"}
        (line,) = str(raised.value).splitlines()
        assert "pakn/2024-10.parquet, row 1, column pakn_id" in line
        assert "expected a key that occurs once; it is in " in line
        assert "pakn/2024-02.parquet, row 1 too" in line


def test_the_same_file_twice_is_an_error_each_time(world: World) -> None:
    world.read()
    shutil.copyfile(world.file("pakn/2024-02"), world.file("pakn/2024-10"))
    for _ in range(2):
        with pytest.raises(ContractError, match="expected a key that occurs once"):
            world.read()


def test_text_that_was_cleaned_is_cleaned_again(world: World, monkeypatch) -> None:
    path = world.file("pakn/2024-06")
    frame = pl.read_parquet(path).with_columns(topic=pl.lit("đô thị").str.normalize("NFD"))
    frame.write_parquet(path)
    first = world.read()
    assert world.read() == first == world.read_anew(monkeypatch)
    tables._last.clear()
    topics = read_tables(world.data, world.reference).pakn.select(pl.col("topic").unique())
    assert "đô thị" in topics.collect()["topic"]


def test_a_file_that_changed_while_it_was_read_is_not_kept(world: World, monkeypatch) -> None:
    path = world.file("pakn/2024-07")
    judge = judging._judge_part

    def judge_and_touch(table: str, part: Part, units: pl.DataFrame | None) -> judging._Verdict:
        verdict = judge(table, part, units)
        if part.path == path:
            os.utime(path, (2, 2))
        return verdict

    with monkeypatch.context() as patch:
        patch.setattr(judging, "_judge_part", judge_and_touch)
        world.read()
    os.utime(path, (3, 3))
    world.read()
    assert world.looked == {"pakn/2024-07"}


def test_a_damaged_entry_is_a_miss(world: World) -> None:
    said = world.read()
    for entry in world.store.iterdir():
        entry.write_bytes(entry.read_bytes()[:-1] + b"?")
    assert world.read() == said
    assert world.looked == ALL


def test_small_files_are_neither_kept_nor_looked_for(world: World, monkeypatch) -> None:
    monkeypatch.setattr(findings, "LEAST", keeping.LEAST)
    world.read()
    assert not world.store.exists()


def test_a_table_of_csv_is_kept_too(world: World, monkeypatch) -> None:
    whole = pl.concat(pl.read_parquet(path) for path in sorted(world.data.glob("pakn/*.parquet")))
    shutil.rmtree(world.data / "pakn")
    whole.write_csv(world.data / "pakn.csv", datetime_format="%Y-%m-%dT%H:%M:%S")
    said = world.read()
    assert "pakn/pakn" in world.looked
    assert world.read() == said
    assert world.looked == set()
    late = whole.with_columns(received_at=pl.lit(datetime(2024, 1, 1)))
    late.write_csv(world.data / "pakn.csv", datetime_format="%Y-%m-%dT%H:%M:%S")
    assert world.read() == world.read_anew(monkeypatch) != said
