"""An office without targets: figures stand without a verdict, and nothing is drawn of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from command import ROOT
from dxreport.report import Report, build_report

HEADER = "indicator,level,minimum,valid_from,due,basis\n"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("no-targets") / "data"
    shutil.copytree(ROOT / "data" / "sample", folder)
    (folder / "targets.csv").write_text(HEADER, encoding="utf-8")
    return build_report("2024-09", folder, ROOT)


def test_no_figure_has_a_verdict(report: Report) -> None:
    assert len(list(report.facts)) > 1_000
    assert not any(f.target is not None or f.met is not None for f in report.facts)


def test_there_is_no_figure_of_targets_but_a_word(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert report.charts("headline") == "Không có chỉ tiêu nào đang có hiệu lực và có số liệu."
    assert "Hình 1. 9 tháng đầu năm 2024 tiếp nhận 3.067 PAKN" in report.charts("received")
    assert "targets" not in report.parts_text
