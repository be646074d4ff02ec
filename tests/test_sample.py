"""The synthetic sample: it adds up to the published report, and holds nothing but the contract."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import duckdb
import polars as pl
import pytest
import yaml

from dxreport.errors import DxError, UsageError
from dxreport.sample import TABLES, make_sample

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "data" / "reference"
COMMITTED = ROOT / "data" / "sample"
FILES = ("documents.csv", "e_copies.csv", "pakn.parquet", "procedures.parquet", "dataset.yml")
CONTRACT = {
    "documents": ["unit_id", "month", "outgoing", "signed_from_work_file"],
    "e_copies": ["unit_id", "month", "certified", "electronic"],
    "pakn": [
        *("pakn_id", "unit_id", "kind", "topic", "received_at", "due_at", "resolved_at"),
        "rating",
    ],
    "procedures": [
        *("dossier_id", "source_system", "unit_id", "received_at", "due_at", "returned_at"),
        *("filed_online", "fee_due", "paid_online", "digitised"),
    ],
}
Pair = tuple[int, int]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample")
    make_sample(out, REFERENCE)
    return out


@pytest.fixture(scope="module")
def published(sample: Path) -> Iterator[Published]:
    with duckdb.connect() as db:
        yield Published(db, sample)


class Published:
    """The indicators of the published report, written anew in SQL on the sample's files."""

    PERIODS: ClassVar = {"month": ("2024-09-01", "2024-09"), "ytd": ("2024-01-01", "2024-01")}
    AS_OF = "TIMESTAMP '2024-10-01'"

    def __init__(self, db: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.db = db
        units = (REFERENCE / "units.csv").as_posix()
        db.execute(f"CREATE VIEW units AS FROM read_csv('{units}', all_varchar = true)")
        for name in ("documents", "e_copies"):
            types = "{'unit_id': 'VARCHAR', 'month': 'VARCHAR'}"
            db.execute(
                f"CREATE VIEW {name} AS SELECT * FROM read_csv('{folder}/{name}.csv',"
                f" types = {types}) JOIN units USING (unit_id)"
            )
        for name in ("pakn", "procedures"):
            db.execute(
                f"CREATE VIEW {name} AS SELECT t.*, u.level, u.parent_id, u.name,"
                " u.kind AS unit_kind"
                f" FROM '{folder}/{name}.parquet' t JOIN units u USING (unit_id)"
            )

    def pair(self, indicator: str, period: str, scope: str, month: str = "2024-09") -> Pair:
        """Numerator and denominator of one figure; the denominator of a count is 1."""
        table, numerator, denominator = self._terms(indicator)
        where = [self._scope(scope)]
        start, first = self.PERIODS["ytd" if period == "end" else period]
        if table in ("documents", "e_copies"):
            first = month if period == "month" else first
            where.append(f"month BETWEEN '{first}' AND '{month}'")
        else:
            where.append(f"received_at >= TIMESTAMP '{start}' AND received_at < {self.AS_OF}")
        if table == "procedures" and "@" not in scope:
            where.append("source_system = 'province'")
        found = self.db.execute(
            f"SELECT {numerator}, {denominator} FROM {table} WHERE {' AND '.join(where)}"
        ).fetchone()
        assert found is not None
        return int(found[0] or 0), int(found[1] or 0)

    def peers(self, indicator: str, period: str, scope: str) -> dict[str, Fraction]:
        """The figure of every district (or of its communes), by name."""
        kind = scope.partition(":")[0]
        found = {}
        for (name,) in self.db.execute(
            "SELECT name FROM units WHERE level = 'district' AND kind = 'people_committee'"
        ).fetchall():
            numerator, denominator = self.pair(indicator, period, f"{kind}:{name}")
            assert denominator > 0
            found[name] = Fraction(numerator, denominator)
        assert len(found) == 8
        return found

    def _terms(self, indicator: str) -> tuple[str, str, str]:
        resolved = f"coalesce(resolved_at < {self.AS_OF}, false)"
        # What is not back by the as-of date is late where it was due before it.
        back = f"least(coalesce(returned_at, {self.AS_OF}), {self.AS_OF})"
        late = f"count(*) FILTER ({back} > due_at)"
        return {
            "documents_signed_rate": ("documents", "sum(signed_from_work_file)", "sum(outgoing)"),
            "e_copy_rate": ("e_copies", "sum(electronic)", "sum(certified)"),
            "e_copy_commune_mean": ("e_copies", "sum(electronic)", "sum(certified)"),
            "pakn_received": ("pakn", "count(*)", "1"),
            "pakn_resolved": ("pakn", f"count(*) FILTER ({resolved})", "1"),
            "pakn_resolution_rate": ("pakn", f"count(*) FILTER ({resolved})", "count(*)"),
            "pakn_backlog": ("pakn", f"count(*) FILTER (NOT {resolved})", "1"),
            "pakn_satisfaction_mean": (
                "pakn",
                f"sum(rating) FILTER ({resolved})",
                f"count(rating) FILTER ({resolved})",
            ),
            "pakn_processing_days_mean": (
                "pakn",
                f"sum(date_diff('second', received_at, resolved_at)) FILTER ({resolved})",
                f"86400 * count(*) FILTER ({resolved})",
            ),
            "online_filing_rate": ("procedures", "count(*) FILTER (filed_online)", "count(*)"),
            "digitisation_rate": ("procedures", "count(*) FILTER (digitised)", "count(*)"),
            "online_payment_rate": (
                "procedures",
                "count(*) FILTER (paid_online AND fee_due)",
                "count(*) FILTER (fee_due)",
            ),
            "procedures_overdue": ("procedures", late, "1"),
            "procedures_overdue_rate": ("procedures", late, "count(*)"),
        }[indicator]

    def _scope(self, scope: str) -> str:
        kind, _, name = scope.partition(":")
        name, _, system = name.partition("@")
        match kind:
            case "all":
                return "true"
            case "level":
                return f"level = '{name}'"
            case "kind":
                return f"unit_kind = '{name}'"
            case "communes_of":
                return f"parent_id = (SELECT unit_id FROM units WHERE name = '{name}')"
            case "unit" if system:
                return f"name = '{name}' AND source_system = '{system}'"
        assert kind == "unit"
        return f"name = '{name}'"


def golden() -> list[dict[str, str]]:
    lines = (ROOT / "tests" / "published-2024-09.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def half_up(value: Fraction, places: int) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def row_id(row: dict[str, str]) -> str:
    return "-".join(row[key] for key in ("period", "indicator", "scope", "op"))


@pytest.mark.parametrize("row", golden(), ids=row_id)
def test_the_published_figures_come_out(row: dict[str, str], published: Published) -> None:
    indicator, period, scope, op = row["indicator"], row["period"], row["scope"], row["op"]
    value = Decimal(row["value"])
    places = max(0, -int(value.as_tuple().exponent))
    percent = 100 if row["unit"] in ("%", "pp") else 1
    if indicator == "pakn_top_topics":
        return _top_topics(published, row)
    if indicator.endswith("_target_met"):
        return _targets_met(published, row)
    if op == "list":
        return _all_signed(published, row)
    if op == "gt":
        rates = _unit_rates(published, scope.partition(":")[2])
        assert len(rates) >= 8
        assert all(rate * 100 > value for rate in rates.values())
        return None
    if indicator.endswith("_change"):
        now = published.pair("documents_signed_rate", "month", scope)
        before = published.pair("documents_signed_rate", "month", scope, month="2024-08")
        printed = [half_up(Fraction(*pair) * 100, places) for pair in (now, before)]
        assert printed[0] - printed[1] == value
        return None
    if indicator.endswith("_change_since_baseline"):
        name = indicator.removesuffix("_change_since_baseline")
        baselines = pl.read_csv(REFERENCE / "baselines.csv")
        known = baselines.filter(pl.col("indicator") == name, pl.col("scope") == scope)
        now = published.pair(name, period, scope)
        assert half_up(Fraction(*now) * 100, 0) - known["value"].item() == value
        return None
    numerator, denominator = published.pair(indicator, period, scope)
    figure = Fraction(numerator, denominator) * percent
    if "dispatch truncates" in row["printed"]:
        assert half_up(figure, 1) == Decimal("14.3")
    else:
        assert half_up(figure, places) == value
    if op in ("max", "min"):
        peers = published.peers(indicator, period, scope)
        own = peers.pop(scope.partition(":")[2])
        assert all(own > other if op == "max" else own < other for other in peers.values())
    return None


def _unit_rates(published: Published, level: str) -> dict[str, Fraction]:
    rows = published.db.execute(
        "SELECT name, sum(signed_from_work_file), sum(outgoing) FROM documents"
        " WHERE month = '2024-09' AND level = ? GROUP BY name",
        [level],
    ).fetchall()
    return {name: Fraction(int(signed), int(sent)) for name, signed, sent in rows}


def _all_signed(published: Published, row: dict[str, str]) -> None:
    named = set(row["printed"].partition(": ")[2].split("; "))
    rates = _unit_rates(published, "province")
    assert len(named) == 7
    assert {name for name, rate in rates.items() if rate == 1} == named


def _top_topics(published: Published, row: dict[str, str]) -> None:
    counts = published.db.execute(
        "SELECT topic, count(*) AS n FROM pakn GROUP BY topic ORDER BY n DESC"
    ).fetchall()
    names = dict(pl.read_csv(REFERENCE / "topics.csv").iter_rows())
    assert "; ".join(names[topic] for topic, _ in counts[:4]) == row["printed"]
    numbers = [n for _, n in counts[:5]]
    assert len(set(numbers)) == 5


def _targets_met(published: Published, row: dict[str, str]) -> None:
    level = row["scope"].partition(":")[2]
    if row["section"] == "3":
        communes = row["indicator"] == "e_copy_commune_target_met"
        indicator = "e_copy_commune_mean" if communes else "e_copy_rate"
        scope, minimum = ("communes_of", 60) if communes else ("unit", 70)
        rates = published.peers(indicator, row["period"], f"{scope}:")
    else:
        minimum = {"province": 90, "district": 85}[level]
        found = published.db.execute(
            "SELECT name, count(*) FILTER (filed_online), count(*) FROM procedures"
            " WHERE level = ? AND source_system = 'province' GROUP BY name",
            [level],
        ).fetchall()
        rates = {name: Fraction(online, received) for name, online, received in found}
        assert len(rates) == {"province": 17, "district": 8}[level]
    assert sum(rate * 100 >= minimum for rate in rates.values()) == int(row["value"])


def test_every_published_row_was_looked_at() -> None:
    assert len(golden()) == 90
    assert len({row_id(row) for row in golden()}) == 90


@pytest.mark.parametrize("level", ["district", "province"])
def test_verdicts_on_exact_targets(published: Published, level: str) -> None:
    digitised, received = published.pair("digitisation_rate", "end", f"level:{level}")
    assert (digitised == received) is (level == "district")
    paid, due = published.pair("online_payment_rate", "end", f"level:{level}")
    assert paid * 100 >= 95 * due > 0


@pytest.mark.parametrize("seed", [1, 7])
def test_another_seed_is_another_sample_of_the_same_report(seed: int, tmp_path: Path) -> None:
    make_sample(tmp_path, REFERENCE, seed=seed)
    assert (tmp_path / "pakn.parquet").read_bytes() != (COMMITTED / "pakn.parquet").read_bytes()
    with duckdb.connect() as db:
        again = Published(db, tmp_path)
        for row in golden():
            test_the_published_figures_come_out(row, again)


def test_two_runs_write_the_same_bytes(sample: Path, tmp_path: Path) -> None:
    make_sample(tmp_path, REFERENCE)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (sample / name).read_bytes(), name


@pytest.mark.parametrize("name", FILES)
def test_the_committed_sample_is_what_the_generator_makes(sample: Path, name: str) -> None:
    if name.endswith(".parquet"):  # the same rows; the bytes are the writer's affair
        assert pl.read_parquet(COMMITTED / name).equals(pl.read_parquet(sample / name))
    else:
        assert (COMMITTED / name).read_bytes() == (sample / name).read_bytes()


def test_the_committed_sample_is_small() -> None:
    assert 0 < sum(path.stat().st_size for path in COMMITTED.iterdir()) < 8_000_000


def read(folder: Path, table: str) -> pl.DataFrame:
    path = folder / f"{table}.parquet"
    if path.exists():
        return pl.read_parquet(path)
    return pl.read_csv(folder / f"{table}.csv", schema_overrides={"unit_id": pl.String})


@pytest.mark.parametrize("table", TABLES)
def test_only_columns_of_the_contract(sample: Path, table: str) -> None:
    assert read(sample, table).columns == CONTRACT[table]


def test_text_is_of_closed_lists_and_numbers_only(sample: Path) -> None:
    pakn, procedures = read(sample, "pakn"), read(sample, "procedures")
    assert pakn["pakn_id"].str.contains(r"^PA\d{10}$").all()
    assert procedures["dossier_id"].str.contains(r"^HS\d{10}$").all()
    assert set(pakn["kind"]) == {"field", "procedure", "enterprise"}
    assert set(pakn["topic"]) == set(pl.read_csv(REFERENCE / "topics.csv")["topic"])
    assert set(procedures["source_system"]) == {"province", "Bộ Tài chính"}


def test_the_sample_says_that_it_is_synthetic(sample: Path) -> None:
    said = yaml.safe_load((sample / "dataset.yml").read_text(encoding="utf-8"))
    assert said["synthetic"] is True
    assert said["note"].startswith("Dữ liệu mô phỏng")


@pytest.fixture(scope="module", params=[1.0, 0.25, 3.5], ids=lambda scale: f"scale {scale}")
def scaled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scaled")
    make_sample(out, REFERENCE, scale=request.param)
    return out


def test_the_contract_holds(scaled: Path) -> None:
    units = set(pl.read_csv(REFERENCE / "units.csv")["unit_id"])
    for table in TABLES:
        assert set(read(scaled, table)["unit_id"]) <= units
    for table, part, whole in (
        ("documents", "signed_from_work_file", "outgoing"),
        ("e_copies", "electronic", "certified"),
    ):
        frame = read(scaled, table)
        assert frame.select("unit_id", "month").is_unique().all()
        assert frame["month"].n_unique() == 9
        assert frame.select((pl.col(part) >= 0) & (pl.col(part) <= pl.col(whole))).to_series().all()
    pakn, procedures = read(scaled, "pakn"), read(scaled, "procedures")
    assert pakn["pakn_id"].is_unique().all()
    assert procedures.select("source_system", "dossier_id").is_unique().all()
    for frame, closed in ((pakn, "resolved_at"), (procedures, "returned_at")):
        assert frame["received_at"].min() >= datetime(2024, 1, 1)  # type: ignore[operator]
        assert frame["received_at"].max() < datetime(2024, 10, 1)  # type: ignore[operator]
        assert (frame[closed] > frame["received_at"]).drop_nulls().all()
        assert (frame["due_at"] > frame["received_at"]).drop_nulls().all()
    assert pakn.filter(pl.col("resolved_at").is_null())["rating"].null_count() == (
        pakn["resolved_at"].null_count()
    )
    assert set(pakn["rating"].drop_nulls()) <= {1, 2, 3, 4, 5}
    assert not procedures.filter("paid_online", ~pl.col("fee_due")).height


def test_scale_multiplies_rows_and_keeps_the_rhythm(sample: Path, tmp_path: Path) -> None:
    make_sample(tmp_path, REFERENCE, scale=4)
    for table in ("pakn", "procedures"):
        before, after = read(sample, table), read(tmp_path, table)
        assert after.height == 4 * before.height
        received = pl.col("received_at").dt
        for by in (pl.col("unit_id"), received.month(), received.weekday()):
            few, many = (frame.group_by(by=by).len().sort("by")["len"] for frame in (before, after))
            assert (many == 4 * few).all()
    assert read(tmp_path, "documents")["outgoing"].sum() == 4 * (
        read(sample, "documents")["outgoing"].sum()
    )


def test_scale_can_be_set_by_table(sample: Path, tmp_path: Path) -> None:
    make_sample(tmp_path, REFERENCE, scale={"pakn": 2})
    assert read(tmp_path, "pakn").height == 2 * read(sample, "pakn").height
    assert read(tmp_path, "procedures").equals(read(sample, "procedures"))


def test_progress_counts_every_record(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    make_sample(tmp_path, REFERENCE, scale=1.5, progress=lambda *now: told.append(now))
    for table in ("pakn", "procedures"):
        rows = [(done, total) for name, done, total in told if name == table]
        assert len(rows) == 9
        assert rows == sorted(rows)
        assert rows[-1] == (read(tmp_path, table).height,) * 2


def test_what_happens_after_the_report_is_there_to_be_left_out(sample: Path) -> None:
    pakn, procedures = read(sample, "pakn"), read(sample, "procedures")
    end = datetime(2024, 10, 1)
    later = pakn.filter(pl.col("resolved_at") >= end)
    assert later.height > 50
    assert later["rating"].count() > 5
    assert procedures.filter(pl.col("returned_at") >= end).height > 50
    assert pakn["resolved_at"].max() < datetime(2024, 11, 1)  # type: ignore[operator]


def test_plausible_where_the_report_leaves_freedom(sample: Path) -> None:
    pakn = read(sample, "pakn").with_columns(days=pl.col("resolved_at") - pl.col("received_at"))
    days = pakn["days"].dt.total_seconds() / 86_400
    assert days.max() > 200  # type: ignore[operator]
    assert days.median() < days.mean() / 2  # type: ignore[operator]
    resolved = pakn.filter(pl.col("resolved_at").is_not_null())
    assert 0.25 < resolved["rating"].count() / resolved.height < 0.4
    hours = resolved["resolved_at"].dt.hour()
    assert hours.is_between(7, 16).mean() > 0.99  # type: ignore[operator]
    for month in range(1, 9):  # every month's own report, as of its end
        end = datetime(2024, month + 1, 1)
        own = pakn.filter(pl.col("received_at").dt.month() == month)
        rate = own.select((pl.col("resolved_at") < end).fill_null(False).mean()).item()
        assert 0.4 < rate < 0.8
    documents = read(sample, "documents")
    assert documents.select(pl.col("signed_from_work_file") / pl.col("outgoing")).min().item() > 0.8


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf"), {"pakm": 2}])
def test_a_scale_without_sense_is_refused(scale: float, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        make_sample(tmp_path / "out", REFERENCE, scale=scale)
    assert not (tmp_path / "out").exists()


def test_a_file_a_month_holds_the_same_records(tmp_path: Path) -> None:
    scale = {"pakn": 2, "procedures": 0.2}
    make_sample(tmp_path / "one", REFERENCE, scale=scale)
    make_sample(tmp_path / "months", REFERENCE, scale=scale, by_month=True)
    for name in ("pakn", "procedures"):
        parts = sorted((tmp_path / "months" / name).iterdir())
        assert [path.name for path in parts] == [f"2024-0{month}.parquet" for month in range(1, 10)]
        for path in parts:
            months = pl.read_parquet(path)["received_at"].dt.strftime("%Y-%m")
            assert set(months) == {path.stem}
        assert pl.concat(map(pl.read_parquet, parts)).equals(read(tmp_path / "one", name))


@pytest.mark.parametrize("by_month", [False, True])
def test_a_table_is_not_written_in_a_second_form(by_month: bool, tmp_path: Path) -> None:
    small = {"pakn": 0.1, "procedures": 0.01}
    make_sample(tmp_path, REFERENCE, scale=small, by_month=not by_month)
    with pytest.raises(UsageError, match=r"holds pakn.* in one form only"):
        make_sample(tmp_path, REFERENCE, scale=small, by_month=by_month)


def test_a_missing_calibration_is_named(tmp_path: Path) -> None:
    with pytest.raises(DxError, match=r"months\.csv"):
        make_sample(tmp_path / "out", tmp_path)


# The reference tables


def reference(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def units_on(day: str) -> list[dict[str, str]]:
    """The units that are valid on a day, in the order of printing."""
    found = [
        unit
        for unit in reference("units.csv")
        if (unit["valid_from"] or day) <= day <= (unit["valid_to"] or day)
    ]
    return sorted(found, key=lambda unit: int(unit["order"]))


def test_the_catalogue_of_units_is_whole() -> None:
    units = units_on("2024-09-30")
    by_kind: dict[tuple[str, str], int] = {}
    for unit in units:
        key = (unit["level"], unit["kind"])
        by_kind[key] = by_kind.get(key, 0) + 1
    assert by_kind == {
        ("province", "department"): 19,
        ("district", "people_committee"): 8,
        ("commune", "people_committee"): 126,
        ("province", "service_centre"): 1,
        ("district", "service_centre"): 8,
        ("province", "enterprise"): 3,
    }
    ids = [unit["unit_id"] for unit in units]
    assert len(set(ids)) == len(ids)
    assert [int(unit["order"]) for unit in units] == list(range(1, len(units) + 1))
    parents = {unit["parent_id"] for unit in units if unit["level"] == "commune"}
    assert parents == {unit["unit_id"] for unit in units[19:27]}
    assert all(not unit["parent_id"] for unit in units if unit["level"] != "commune")


def test_the_catalogue_holds_the_world_of_two_tiers_too() -> None:
    ids = [unit["unit_id"] for unit in reference("units.csv")]
    assert len(set(ids)) == len(ids)
    for day, communes, districts in (
        ("2024-11-30", 126, 8),
        ("2024-12-01", 121, 8),
        ("2025-06-30", 121, 8),
        ("2025-07-01", 99, 0),
        ("2026-01-31", 99, 0),
    ):
        units = units_on(day)
        bodies = [unit["level"] for unit in units if unit["kind"] == "people_committee"]
        assert (bodies.count("commune"), bodies.count("district")) == (communes, districts), day
        orders = [unit["order"] for unit in units]
        assert len(set(orders)) == len(orders), f"{day}: two units in one place"
        # The official codes are used again: the same one means another commune later.
        known = {unit["unit_id"]: unit["name"] for unit in units}
        assert known.get("09169") == ("Phường Thị Cầu" if districts else None)
        assert known.get("09169-2025") == (None if districts else "Phường Vũ Ninh")
        assert all(unit["parent_id"] in known for unit in units if unit["parent_id"])
    assert not any("huyện" in unit["name"].lower() for unit in units_on("2025-07-01"))


def test_footnotes_demand_what_the_targets_say() -> None:
    legal = yaml.safe_load((REFERENCE / "legal.yml").read_text(encoding="utf-8"))
    targets = reference("targets.csv")
    compared = 0
    for note in legal["footnotes"]:
        document = legal["documents"][note["document"]]
        for target in targets:
            if target["indicator"] in note["indicators"]:
                assert f"{target['minimum']}%" in note["demand"]
                assert target["basis"] == document["name"]
                assert date.fromisoformat(target["valid_from"]) == document["date"]
                assert date.fromisoformat(target["due"]) == note["due"]
                compared += 1
    assert compared == len(targets) == 15
    assert [note["section"] for note in legal["footnotes"]] == [1, 2, 3, 4, 5, 6]
