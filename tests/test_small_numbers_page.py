"""A month published with small numbers left out: the page and the open data tell none of them."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from command import ROOT, run
from small_numbers_attack import INDICATORS

# January is settled in seconds; later months need all before them.
MONTH = "2024-01"
WITHHELD = ("không công bố", "(*)")
COUNTED = ("_received", "_resolved", "_backlog", "_overdue", "_certified", "_outgoing")
"""How the columns of the appendices are called that are counts."""

SETTING = "dxreport:\n  suppression:\n    minimum: 5\n"

_LINKED = re.compile(r'<(\w+)([^>]*\bdata-fact="([^"]+)"[^>]*)>(.*?)</\1>', re.DOTALL)
_JSON = re.compile(r'<script type="application/json"([^>]*)>(.*?)</script>', re.DOTALL)
_PAIR = re.compile(r"([\d.]+)/([\d.]+)")

Row = dict[str, str]


@dataclass(frozen=True)
class Month:
    """A published month: its folder, its page, and the rows of its `facts.csv` by line."""

    folder: Path
    page: str
    rows: dict[str, Row]

    @property
    def hidden(self) -> dict[str, Row]:
        return {n: row for n, row in self.rows.items() if is_hidden(row)}

    @property
    def explained(self) -> dict[str, list[Any]]:
        """What the page tells of each fact, by its line in `facts.csv`."""
        told = next(text for marks, text in _JSON.findall(self.page) if 'id="dx-facts"' in marks)
        facts: dict[str, list[Any]] = json.loads(told)["facts"]
        return facts


def is_hidden(row: Row) -> bool:
    return not row["numerator"] or not row["denominator"]


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Month:
    home = tmp_path_factory.mktemp("project")
    for name in ("_extensions", "data/reference", "data/sample"):
        shutil.copytree(ROOT / name, home / name)
    shutil.copy(ROOT / "report.qmd", home)
    text = (ROOT / "_quarto.yml").read_text(encoding="utf-8")
    assert text.count("dxreport:\n") == 1
    text = text.replace("dxreport:\n", SETTING)
    (home / "_quarto.yml").write_text(text, encoding="utf-8")
    # What the command settles, the document's own process finds in the store.
    store = {"DXREPORT_CACHE": str(home / "store")}
    asked = ("render", MONTH, "--out", home / "site", "--formats", "html", "--engine", "embedded")
    done = run("--project", home, *asked, **store)
    assert done.returncode == 0, done.stderr
    folder = home / "site" / MONTH
    with (folder / "facts.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {str(n): row for n, row in enumerate(csv.DictReader(file), start=2)}
    return Month(folder, (folder / "index.html").read_text(encoding="utf-8"), rows)


def test_a_hidden_fact_is_explained_without_its_counts(month: Month) -> None:
    explained = month.explained
    told = [explained[n] for n in month.hidden if n in explained]
    assert len(told) > 50
    for _, _, printed, pair, *_ in told:
        assert (printed, pair) == ("không công bố", "không công bố")


def test_no_hidden_number_is_linked(month: Month) -> None:
    hidden = month.hidden
    seen = 0
    for _, marks, n, inner in _LINKED.findall(month.page):
        if n not in hidden:
            continue
        seen += 1
        text = re.sub(r"<[^>]+>", "", inner).strip()
        if text not in WITHHELD:
            # Of a rate's pair the one may be published where the other is not.
            part = next(p for p in ("denominator", "numerator") if f'data-part="{p}"' in marks)
            assert text.replace(".", "") == hidden[n][part], (n, text)
    assert seen > 50


def test_charts_show_published_counts_only(month: Month) -> None:
    published = {
        (row["numerator"], row["denominator"])
        for row in month.rows.values()
        if not is_hidden(row) and row["indicator"] in INDICATORS
    }
    # The topics' bars are of two counts.
    counts = {
        (row["indicator"], row["scope"], row["period"]): row["numerator"]
        for row in month.rows.values()
        if row["unit"] == "count"
    }
    published |= {
        (counts["pakn_resolved", scope, period], received)
        for (indicator, scope, period), received in counts.items()
        if indicator == "pakn_received" and received and counts["pakn_resolved", scope, period]
    }
    pairs = 0
    for marks, text in _JSON.findall(month.page):
        if marks.strip():
            continue
        for row in rows_of(json.loads(text)):
            told = str(row["pair_text"])
            found = _PAIR.search(told)
            assert found or told in ("", *WITHHELD), row
            if found:
                pair = found[1].replace(".", ""), found[2].replace(".", "")
                assert pair in published, row
                pairs += 1
    assert pairs > 100


def rows_of(spec: Any) -> Iterator[dict[str, Any]]:
    """The data of a chart that stand for a figure."""
    if isinstance(spec, dict):
        if "pair_text" in spec and "n" in spec:
            yield spec
        for value in spec.values():
            yield from rows_of(value)
    elif isinstance(spec, list):
        for value in spec:
            yield from rows_of(value)


def test_open_data_have_published_counts_only(month: Month) -> None:
    data = month.folder / "data"
    with (data / "facts.csv").open(encoding="utf-8-sig", newline="") as file:
        again = list(csv.DictReader(file))
    shared = ("indicator", "period", "scope", "numerator", "denominator")
    rows = [[row[name] for name in shared] for row in month.rows.values()]
    assert [[row[name] for name in shared] for row in again] == rows
    listed = json.loads((data / "facts.json").read_text(encoding="utf-8"))
    stored = pl.read_parquet(data / "facts.parquet").to_dicts()
    for other in (listed, stored):
        told = [["" if row[n] is None else str(row[n]) for n in shared] for row in other]
        assert told == rows
    counts: dict[str, set[str]] = {}
    for row in month.rows.values():
        counts.setdefault(row["scope"], set()).update((row["numerator"], row["denominator"]))
    seen = 0
    for path in sorted(data.glob("appendix-*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                for name, text in row.items():
                    if re.fullmatch(r"\d+", text) and row["scope"] and name.endswith(COUNTED):
                        assert text in counts[row["scope"]], (path.name, name, row)
                        seen += 1
    assert seen > 500


def test_no_published_file_counts_the_records(month: Month) -> None:
    manifest = json.loads((month.folder / "manifest.json").read_text(encoding="utf-8"))
    told = [entry for entry in manifest["inputs"] if entry["origin"] == "data"]
    assert len(told) > 1
    assert not any("rows" in entry for entry in told)
    assert [entry["table"] for entry in told if "sha256" in entry] == ["all"]


def test_the_page_says_what_it_leaves_out(month: Month) -> None:
    text = re.sub(r"<[^>]+>", "", month.page)
    assert "Số liệu nhỏ. Số liệu dựa trên ít hơn 5 trường hợp không được công bố" in text
    assert "nên không công bố theo quy tắc về số liệu nhỏ" in text
    assert "(*) Không công bố:" in text
    assert "không có hồ sơ trễ hạn" not in text
