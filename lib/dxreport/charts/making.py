"""Charts made of the analysis and the facts, in this process or in the one beside it."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from dxreport import drawing, rehearsal
from dxreport.aside import aside, stay_here
from dxreport.errors import DxError

if TYPE_CHECKING:
    from dxreport.analysis import Analysis
    from dxreport.charts.show import Figure
    from dxreport.facts import Facts


def begin(*, beside: bool) -> None:
    """Begin the process that makes the charts beside this one, or stay here.

    It gets ready for what it is asked first, to read and to draw; `get_ready` is for after that.
    """
    if not beside:
        stay_here()
        return
    aside().ask(rehearsal.import_what_reads)
    aside().ask(drawing.get_ready)


def get_ready() -> None:
    """What the first chart would wait for."""
    import_module("dxreport.charts.annex")


def figures(names: Iterable[str], analysis: Analysis, facts: Facts) -> dict[str, Figure]:
    """Charts by their names, of `dxreport.charts.annex.FIGURES`; `DxError` for another name."""
    from altair.utils.schemapi import debug_mode

    from dxreport.charts.annex import FIGURES

    made = {}
    # Altair would check each part of a chart as it is made; tests check the whole of each.
    with debug_mode(False):
        for name in names:
            if name not in FIGURES:
                raise DxError(f"there is no chart {name!r}; there are {', '.join(FIGURES)}")
            made[name] = FIGURES[name](analysis, facts)
    return made
