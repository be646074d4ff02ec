"""Phrases whose words depend on the figures: extremes, lists, verdicts, changes, periods.

Sentences are written in `report.qmd`; what stands here is the part of a sentence that cannot be
written before the figures are known. Every phrase begins small and ends without a full stop, is
pandoc markdown, and shows a figure only as the span of a fact.
"""

from __future__ import annotations

from dataclasses import dataclass

from dxreport.narrative.pakn import Cases
from dxreport.narrative.procedures import Dossiers
from dxreport.narrative.words import BY_RULE, MOST_NAMES, month_name, year_to_date_name


@dataclass(frozen=True)
class Narrative(Cases, Dossiers):
    """Phrases over the facts of one month.

    A `level` is province, district or commune; `period` is month, ytd or end.
    """


__all__ = ["BY_RULE", "MOST_NAMES", "Narrative", "month_name", "year_to_date_name"]
