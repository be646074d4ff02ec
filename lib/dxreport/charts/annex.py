"""The charts of the annex by name, in the order of reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dxreport.analysis import Analysis
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

CHARTS: Mapping[str, Draw] = {
    "headline": headline,
    "received": received_by_month,
    "rates": rate_by_unit_and_month,
    "funnel": funnel,
    "processing": processing_by_unit,
    "waiting": waiting_curve,
    "backlog": backlog_by_age,
    "satisfaction": satisfaction_by_unit,
    "satisfaction-trend": satisfaction_by_month,
    "satisfaction-time": satisfaction_against_time,
    "satisfaction-wait": satisfaction_by_wait,
    "topics": topics,
    "documents": documents_by_unit,
    "documents-communes": communes_documents,
    "e-copies": e_copies_by_unit,
    "e-copies-communes": communes_e_copies,
    "overdue": overdue_by_unit,
}
"""What `Report.chart` draws, by the name that `report.qmd` and the notebooks use."""
