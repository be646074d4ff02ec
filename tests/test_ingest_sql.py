"""An export that is a query on PostgreSQL: the same rows as its CSV, and nothing of its address."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import postgres
from command import ROOT, run
from dxreport.errors import DxError
from dxreport.ingest.mapping import MappingFile, parse_mapping
from dxreport.ingest.run import ingest
from dxreport.ingest.sql import read_query
from ingest_data import CITIZENS, NOW, REFERENCE, mapping, rows_of
from ingest_data import ingest as ingest_file

CI = os.environ.get("CI") == "true"
VARIABLE = "DXREPORT_TEST_DATABASE"
MAPPING = f"""
table: pakn
format: sql
address: {VARIABLE}
query: select * from phan_anh where ngay_tiep_nhan >= '2024-09-01'
columns:
  pakn_id: ma_pakn
  unit_id: [don_vi, co_quan]
  kind: {{from: loai, values: {{field: [Hiện trường], procedure: [TTHC], enterprise: [DN]}}}}
  topic: linh_vuc
  received_at: ngay_tiep_nhan
  due_at: han_xu_ly
  resolved_at: ngay_xu_ly
  rating: {{from: so_sao, only_where: resolved_at}}
"""
KINDS = {"field": "Hiện trường", "procedure": "TTHC", "enterprise": "DN"}


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    programs = postgres.binaries()
    if programs is None:
        reason = "no PostgreSQL server on this machine (Debian: apt install postgresql)"
        if CI:
            pytest.fail(reason)
        pytest.skip(reason)
    with postgres.running(programs) as running:
        yield running


@pytest.fixture(scope="module")
def rows(server: postgres.Server) -> pl.DataFrame:
    """The sample's September, in the database under a platform's names, with citizens."""
    sample = pl.read_parquet(ROOT / "data" / "sample" / "pakn.parquet")
    month = sample.filter(pl.col("received_at") >= datetime(2024, 9, 1))
    table = month.select(
        pl.col("pakn_id").alias("ma_pakn"),
        pl.col("unit_id").alias("don_vi"),
        pl.col("kind").replace_strict(KINDS).alias("loai"),
        pl.col("topic").alias("linh_vuc"),
        pl.col("received_at").alias("ngay_tiep_nhan"),
        pl.col("due_at").alias("han_xu_ly"),
        pl.col("resolved_at").alias("ngay_xu_ly"),
        pl.col("rating").alias("so_sao"),
        pl.lit(CITIZENS[0]).alias("ho_ten"),
        pl.lit(CITIZENS[1]).alias("dien_thoai"),
    )
    server.load("phan_anh", table)
    return table


def written(text: str = MAPPING, name: str = "pakn-sql.yml") -> MappingFile:
    return MappingFile(name, "0" * 64, parse_mapping(text, name))


def test_the_same_rows_as_the_csv(
    server: postgres.Server, rows: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, server.address)
    export = read_query(written())
    done = ingest(export, written(), tmp_path / "sql", REFERENCE, lambda: NOW)
    assert done.built.frame.height == rows.height > 300

    rows.write_csv(tmp_path / "pakn.csv")
    spec = written().spec.model_copy(update={"format": "csv", "query": None, "address": None})
    ingest_file(tmp_path / "pakn.csv", tmp_path / "csv", replace(written(), spec=spec))
    assert_frame_equal(rows_of(tmp_path / "sql", "pakn"), rows_of(tmp_path / "csv", "pakn"))
    name = "pakn/2024-09.parquet"
    assert (tmp_path / "sql" / name).read_bytes() == (tmp_path / "csv" / name).read_bytes()
    # To ask again changes nothing, whatever the order of the rows.
    again = ingest(read_query(written()), written(), tmp_path / "sql", REFERENCE, lambda: NOW)
    assert not again.changed


def test_the_command_shows_neither_address_nor_citizen(
    server: postgres.Server, rows: pl.DataFrame, tmp_path: Path
) -> None:
    assert rows.height
    (tmp_path / "m.yml").write_text(MAPPING, encoding="utf-8")
    wrong_password = server.address.replace(postgres.PASSWORD, "sai-mat-khau")
    wrong_port = server.address.replace(f":{server.port}/", ":1/")
    wrong = (tmp_path / "w.yml", MAPPING.replace("phan_anh", "phan_anh_khac"))
    wrong[0].write_text(wrong[1], encoding="utf-8")
    no_column = (tmp_path / "c.yml", MAPPING.replace("ma_pakn", "ma_so"))
    no_column[0].write_text(no_column[1], encoding="utf-8")
    cases = [
        (server.address, "m.yml", 0, "pakn 2024-09: 382 rows, new"),
        (wrong_password, "m.yml", 1, "the server refuses the user or the password"),
        (wrong_port, "m.yml", 1, "the server cannot be reached"),
        (server.address, "w.yml", 1, "the query is wrong, or names a table"),
        (server.address, "c.yml", 1, "column ma_so: expected a column of this name in the result"),
        ("", "m.yml", 1, f"m.yml: expected the database's address in ${VARIABLE}"),
        ("mongodb://u:mat-khau@h/x", "m.yml", 1, "nothing is installed that reads"),
        (f"{postgres.PASSWORD}", "m.yml", 1, "nothing is installed that reads"),
    ]
    for address, name, status, said in cases:
        data = tmp_path / f"data {said[:10]}"
        done = run(
            "ingest", "pakn", "--mapping", tmp_path / name, "--data", data, **{VARIABLE: address}
        )
        out = done.stdout + done.stderr
        assert done.returncode == status, out
        assert said in out, out
        assert len(out.splitlines()) < 6, out
        for secret in (postgres.PASSWORD, "sai-mat-khau", "mat-khau", postgres.USER, *CITIZENS):
            assert secret not in out, out
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.suffix != ".yml":
            assert postgres.PASSWORD.encode() not in path.read_bytes()
            assert CITIZENS[0].encode() not in path.read_bytes()


def test_types_of_the_database(
    server: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Times with a zone, numerics, small integers and dates."""
    monkeypatch.setenv(VARIABLE, server.address)
    query = (
        "select 'a1' as ma_pakn, '259' as don_vi, 'TTHC' as loai, 'x' as linh_vuc, "
        "timestamptz '2024-09-30 20:00:00+00' as ngay_tiep_nhan, date '2024-10-09' as han_xu_ly, "
        "timestamp '2024-10-02 08:00:00' as ngay_xu_ly, 5::smallint as so_sao, 7.0::numeric as n"
    )
    text = MAPPING.replace(MAPPING.splitlines()[4], f'query: "{query}"')
    done = ingest(read_query(written(text)), written(text), tmp_path, REFERENCE, lambda: NOW)
    row = done.built.frame.row(0, named=True)
    assert row["received_at"] == datetime(2024, 10, 1, 3)
    assert row["due_at"] == datetime(2024, 10, 9)
    assert row["rating"] == 5


def test_no_address_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(DxError, match=r"pakn-sql\.yml: expected the database's address in \$DX"):
        read_query(written())
    assert mapping("pakn").spec.address is None
