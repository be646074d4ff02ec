"""Months side by side, and months that were made before."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from command import ROOT, run
from dxreport.cache import Cache
from dxreport.config import Project
from dxreport.errors import DxError
from dxreport.periods import Month
from dxreport.site.months import publish
from dxreport.site.orders import Order
from dxreport.site.pool import pool_of, publish_side_by_side
from dxreport.site.publishing import Keep, publish_month
from rendering_helpers import SMALL, project

AUGUST, SEPTEMBER = Month(2024, 8), Month(2024, 9)


@pytest.fixture
def home(tmp_path: Path) -> Project:
    mine = project(tmp_path / "home")
    (mine.root / "data" / "reference").symlink_to(ROOT / "data" / "reference")
    return mine


@pytest.fixture
def order(home: Project, tmp_path: Path) -> Order:
    """September of the small project, as a page, with data of its own and an empty store."""
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data" / "sample", data)
    store = Cache(tmp_path / "store")
    return Order(home, SEPTEMBER, data, tmp_path / "site", ("html",), "embedded", store=store)


def published(site: Path) -> dict[str, bytes]:
    """Every file of a site, but what a clock says."""
    return {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in site.rglob("*")
        if path.is_file() and path.name not in ("run.json", ".dxreport.lock")
    }


def received(site: Path) -> int:
    rows = csv.DictReader((site / "2024-09" / "facts.csv").read_text("utf-8").splitlines())
    wanted = ("pakn_received", "month", "all")
    return next(
        int(row["numerator"])
        for row in rows
        if (row["indicator"], row["period"], row["scope"]) == wanted
    )


def test_months_side_by_side_have_the_same_bytes(order: Order, tmp_path: Path) -> None:
    months = [replace(order, month=month, store=None) for month in (AUGUST, SEPTEMBER)]
    for one in months:
        publish(one)
    other = [replace(one, out=tmp_path / "other") for one in months]
    with pool_of(2) as pool:
        done = list(publish_side_by_side(other, pool))
    assert [item.folder.name for item in done] == ["2024-08", "2024-09"]
    assert published(tmp_path / "other") == published(order.out)
    assert len(published(order.out)) >= 8


def test_a_month_that_fails_is_named_and_the_others_are_whole(order: Order) -> None:
    document = (SMALL / "report.qmd").read_text(encoding="utf-8")
    failing = '\n```{python}\nassert month != "2024-09", "not this month"\n```\n'
    (order.project.root / "report.qmd").write_text(document + failing, encoding="utf-8")
    months = [replace(order, month=month, store=None) for month in (AUGUST, SEPTEMBER)]
    said = r"^2024-09: report\.qmd, row \d+: AssertionError: not this"
    with pytest.raises(DxError, match=said), pool_of(2) as pool:
        list(publish_side_by_side(months, pool))
    assert (order.out / "2024-08" / "index.html").is_file()
    assert not (order.out / "2024-09").exists()


def test_what_was_made_is_not_made_again(order: Order) -> None:
    assert not order.is_done()
    first = publish(order)
    assert first.steps[0][0] == "read"
    assert order.is_done()
    before = published(order.out)
    shutil.rmtree(order.out)
    assert not order.is_done()
    again = publish(order)
    assert again.steps[0][0] == "kept"
    assert published(order.out) == before
    assert order.is_done()
    (order.out / "2024-09" / "index.html").write_text("changed by hand")
    assert not order.is_done()
    publish(order)
    assert published(order.out) == before


def test_changed_data_are_counted_anew(order: Order) -> None:
    publish(order)
    counted = received(order.out)
    pakn = pl.read_parquet(order.data / "pakn.parquet")
    in_september = pl.col("received_at").dt.month() == 9
    gone = pakn.filter(in_september).head(3)["pakn_id"]
    pakn.filter(~pl.col("pakn_id").is_in(gone.implode())).write_parquet(order.data / "pakn.parquet")
    assert not order.is_done()
    assert publish(order).steps[0][0] == "read"
    assert received(order.out) == counted - 3


def test_a_damaged_entry_is_made_anew(order: Order) -> None:
    publish(order)
    before = published(order.out)
    assert order.store is not None
    (entry,) = order.store.folder.iterdir()
    entry.write_bytes(entry.read_bytes()[:-1])
    shutil.rmtree(order.out)
    assert publish(order).steps[0][0] == "read"
    assert published(order.out) == before


def test_what_changes_while_it_is_read_is_not_kept(order: Order, tmp_path: Path) -> None:
    store = Cache(tmp_path / "other")
    keys: Iterator[str] = iter(["before", "after"])
    publish_month(
        order.project,
        SEPTEMBER,
        order.data,
        order.out,
        formats=("html",),
        engine="embedded",
        keep=Keep(store, lambda: next(keys)),
    )
    assert not list((tmp_path / "other").glob("*"))
    assert not order.is_done()


def test_months_side_by_side_without_data_stop_in_one_line(tmp_path: Path) -> None:
    """The pool's processes have begun by then, and leave nothing behind that Python tells of."""
    said = run("render", "2024-09..2024-10", "--jobs", "2", "--out", tmp_path, "--no-cache")
    assert said.returncode == 1
    assert said.stderr == "dxreport: 2024-10: no data; the folder has 2024-01 to 2024-09\n"
    assert said.stdout == ""
    assert list(tmp_path.iterdir()) == []
