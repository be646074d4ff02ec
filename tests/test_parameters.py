"""A parameter that a document does not have is refused, where Quarto itself runs it too."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from command import ROOT
from dxreport import parameters
from dxreport.errors import DxError
from dxreport.rendering.qmd import Cell, read_document

KNOWN = 'month = "2024-09"\ndata_dir: str = "data"'
GIVEN = "# Injected Parameters\nmonth = '2024-05'"


def ran(monkeypatch: pytest.MonkeyPatch, *cells: str) -> None:
    shell = SimpleNamespace(user_ns={"In": ["", *cells, "refuse_unknown()"]})
    monkeypatch.setattr(parameters, "get_ipython", lambda: shell)


def test_a_misspelt_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ran(monkeypatch, KNOWN, f"{GIVEN}\nmoth = '2024-05'")
    with pytest.raises(DxError, match=r"no parameter 'moth' \(known: month, data_dir\)"):
        parameters.refuse_unknown()


@pytest.mark.parametrize(
    "cells",
    [
        (KNOWN, GIVEN),
        (KNOWN,),
        (),
        # A kernel that is kept has the cells of the run before, too.
        (KNOWN, "# Injected Parameters\nmoth = 1", KNOWN),
        (KNOWN, "moth = 1"),
    ],
)
def test_other_cells_pass(monkeypatch: pytest.MonkeyPatch, cells: tuple[str, ...]) -> None:
    ran(monkeypatch, *cells)
    parameters.refuse_unknown()


def test_outside_of_a_notebook_there_is_nothing_to_check() -> None:
    parameters.refuse_unknown()


def test_the_report_asks_for_the_check_right_after_its_parameters() -> None:
    cells = [part for part in read_document(ROOT / "report.qmd").parts if isinstance(part, Cell)]
    assert "parameters" in cells[0].tags
    assert "refuse_unknown()" in cells[1].source
