"""Every chart of the analysis annex, from aggregated frames and facts.

`FIGURES` names them in the order of the annex; each is a function of the analysis and the
facts that gives a `Figure`: a specification, the finding that it shows, and its alternative text.

This imports Altair, which takes half a second: `making` has it done elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from dxreport import vi
from dxreport.analysis import Analysis
from dxreport.charts import parts
from dxreport.charts.backlog import backlog_by_age
from dxreport.charts.flow import rate_by_unit_and_month, received_by_month
from dxreport.charts.funnel import funnel
from dxreport.charts.processing import processing_by_unit
from dxreport.charts.satisfaction import (
    satisfaction_against_time,
    satisfaction_by_month,
    satisfaction_by_unit,
    satisfaction_by_wait,
)
from dxreport.charts.show import Figure
from dxreport.charts.targets import (
    communes_documents,
    communes_e_copies,
    documents_by_unit,
    e_copies_by_unit,
    headline,
    overdue_by_unit,
)
from dxreport.charts.topics import topics
from dxreport.charts.waiting import waiting_curve
from dxreport.facts import Facts

Draw = Callable[[Analysis, Facts], Figure]

FIGURES: Final[Mapping[str, Draw]] = {
    "headline": headline,
    "received": received_by_month,
    "processing": processing_by_unit,
    "waiting": waiting_curve,
    "satisfaction": satisfaction_by_unit,
    "satisfaction-months": satisfaction_by_month,
    "satisfaction-time": satisfaction_against_time,
    "satisfaction-wait": satisfaction_by_wait,
    "backlog": backlog_by_age,
    "topics": topics,
    "funnel": funnel,
    "heatmap": rate_by_unit_and_month,
    "documents": documents_by_unit,
    "e-copies": e_copies_by_unit,
    "communes-documents": communes_documents,
    "communes-e-copies": communes_e_copies,
    "overdue": overdue_by_unit,
}
"""Every chart by its id."""


def withheld(name: str) -> Figure:
    """What stands in a chart's place where small numbers are left out."""
    why = (
        "Hình này chia số liệu thành các nhóm nhỏ hơn các số liệu của báo cáo, nên không được "
        "công bố khi áp dụng quy tắc về số liệu nhỏ."
    )
    text = vi.upper_first(vi.WITHHELD)
    spec = parts.specification(parts.nothing(text))
    return Figure(id=name, spec=spec, caption=f"{text}.", alt=text, note=why)
