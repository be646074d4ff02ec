"""Another city's real records: the example's figures against DuckDB, and its report."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb
import lxml.html
import pytest

from command import ROOT, run

CITY = ROOT / "examples" / "baltimore"
EXPORT = CITY / "exports" / "311-2018.csv"
MONTH = "2018-09"

# Written from what the city says of its columns; shares nothing with the mapping.
QUERY = """
WITH requests AS (
  SELECT Agency AS agency, SRType AS type,
         strptime(CreatedDate, '%m/%d/%Y %I:%M:%S %p') AS created,
         strptime(DueDate, '%m/%d/%Y %I:%M:%S %p') AS due,
         strptime(CloseDate, '%m/%d/%Y %I:%M:%S %p') AS closed
  FROM read_csv($export, all_varchar = true)
),
seen AS (
  SELECT *, coalesce(closed < TIMESTAMP '2018-10-01', false) AS done FROM requests
  WHERE created >= $since::TIMESTAMP AND created < TIMESTAMP '2018-10-01'
)
SELECT {by} AS part, count(*) AS received, count(*) FILTER (done) AS resolved,
       count(*) FILTER (NOT done) AS backlog,
       coalesce(sum(epoch(closed)::BIGINT - epoch(created)::BIGINT) FILTER (done), 0)::BIGINT
         AS seconds,
       count(*) FILTER (done AND closed <= due) AS on_time,
       count(*) FILTER (done OR due < TIMESTAMP '2018-10-01') AS on_time_base
FROM seen GROUP BY ALL
"""
SINCE = {"month": "2018-09-01", "ytd": "2018-01-01"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder that `dxreport ingest` makes of the city's export."""
    folder = tmp_path_factory.mktemp("baltimore") / "data"
    done = run("--project", CITY, "ingest", "pakn", EXPORT, "--data", folder)
    assert done.returncode == 0, done.stderr
    assert "1,901 records, 1,901 kept" in done.stdout
    return folder


@pytest.fixture(scope="module")
def facts(data: Path) -> dict[tuple[str, str, str], tuple[int, int]]:
    done = run("--project", CITY, "facts", MONTH, "--data", data)
    assert done.returncode == 0, done.stderr
    return {
        (row["indicator"], row["period"], row["scope"]): (
            int(row["numerator"]),
            int(row["denominator"]),
        )
        for row in csv.DictReader(io.StringIO(done.stdout))
    }


def counted(by: str, period: str) -> list[dict[str, object]]:
    with duckdb.connect() as connection:
        found = connection.execute(
            QUERY.format(by=by), {"export": str(EXPORT), "since": SINCE[period]}
        )
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.mark.parametrize("period", ["month", "ytd"])
def test_the_facts_are_those_of_an_independent_query(
    facts: dict[tuple[str, str, str], tuple[int, int]], period: str
) -> None:
    units = (CITY / "data" / "reference" / "units.csv").read_text(encoding="utf-8")
    ids = {row["name"]: row["unit_id"] for row in csv.DictReader(io.StringIO(units))}
    checked = 0
    for by in ("'all'", "agency", "type"):
        for row in counted(by, period):
            part = str(row["part"])
            scope = {"'all'": "all", "agency": f"unit:{ids.get(part)}", "type": f"topic:{part}"}[by]
            pairs = {
                "pakn_received": (row["received"], 1),
                "pakn_resolved": (row["resolved"], 1),
                "pakn_resolution_rate": (row["resolved"], row["received"]),
            }
            if by != "type":
                pairs |= {
                    "pakn_backlog": (row["backlog"], 1),
                    "pakn_processing_days_mean": (row["seconds"], row["resolved"]),
                    "pakn_on_time_rate": (row["on_time"], row["on_time_base"]),
                }
            for indicator, pair in pairs.items():
                assert facts[indicator, period, scope] == pair, (indicator, scope)
                checked += 1
    assert checked > 150


def test_its_oddities_are_left_in_and_told(data: Path) -> None:
    rows = list(csv.DictReader(EXPORT.open(encoding="utf-8", newline="")))
    assert {len(row["SRRecordID"]) for row in rows} == {11, 18}
    assert sum(not row["DueDate"] for row in rows) == 56
    assert sum(not row["CloseDate"] for row in rows) > 50
    assert not any(row["Address"] or row["GeoLocation"] for row in rows)
    done = run("--project", CITY, "check", MONTH, "--data", data)
    assert done.returncode == 0, done.stderr
    assert "Completeness: PAKN: due time 1,669/1,719 (97.1%)" in done.stdout
    assert "Rows that take no part: PAKN: 182 received after the month" in done.stdout
    assert "rated" not in done.stdout


def test_a_request_closed_before_it_was_created_is_left_out_and_told(tmp_path: Path) -> None:
    lines = EXPORT.read_text(encoding="utf-8").splitlines()
    at = next(n for n, line in enumerate(lines) if ",Closed," in line)
    row = next(csv.reader([lines[at]]))
    row[8] = "01/01/2018 12:00:00 AM"
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(row)
    lines[at] = text.getvalue()
    wrong = tmp_path / "311-2018.csv"
    wrong.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = run("--project", CITY, "ingest", "pakn", wrong, "--data", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    assert "1,901 records, 1,900 kept" in done.stdout
    checked = run("--project", CITY, "check", MONTH, "--data", tmp_path / "data", "--lang", "vi")
    assert "Dòng bị loại khi nạp: PAKN: 1 sai quy ước dữ liệu" in checked.stdout


def test_a_row_that_came_later_is_late(tmp_path: Path) -> None:
    lines = EXPORT.read_text(encoding="utf-8").splitlines()
    first, data = tmp_path / "311-a.csv", tmp_path / "data"
    first.write_text("\n".join(lines[:-3]) + "\n", encoding="utf-8")
    for export in (first, EXPORT, EXPORT):
        done = run("--project", CITY, "ingest", "pakn", export, "--data", data)
        assert done.returncode == 0, done.stderr
    checked = run("--project", CITY, "check", "--data", data, "--lang", "vi")
    assert "Bản ghi đến muộn (chưa có trong lần nạp đầu tiên của tháng): PAKN: 3" in checked.stdout


def test_the_report_has_only_what_the_city_has(data: Path, tmp_path: Path) -> None:
    done = run(
        *("--project", CITY, "render", MONTH, "--data", data, "--out", tmp_path),
        *("--engine", "embedded", "--formats", "html"),
    )
    assert done.returncode == 0, done.stderr
    tree = lxml.html.fromstring((tmp_path / MONTH / "index.html").read_text(encoding="utf-8"))
    for node in tree.xpath("//script|//style"):
        node.drop_tree()
    text = " ".join(tree.text_content().split())
    headings = [" ".join(h.text_content().split()) for h in tree.xpath("//h2|//h3")]
    numbered = [h for h in headings if h[:1].isdigit()]
    assert len(numbered) == 1
    assert numbered[0].startswith("1. Về tiếp nhận, xử lý phản ánh, kiến nghị (PAKN) qua tổng đài")
    assert [h for h in headings if h.startswith("Phụ lục")] == ["Phụ lục"]
    assert "(Chi tiết tại Phụ lục và Phân tích dữ liệu kèm theo)" in text
    for word in ("Bắc Ninh", "tỉnh", "huyện", "thủ tục hành chính", "hài lòng", "chứng thực"):
        assert word not in text, word
    assert "Toàn thành phố tiếp nhận 173 PAKN, đã xử lý 126 PAKN" in text
    assert "Trung tâm 311 trân trọng báo cáo./." in text
    figures = [f"Hình {number}." for number in range(1, 9)]
    assert all(figure in text for figure in figures)
    assert "Hình 9." not in text
