"""The facts that may be shown: the one place from which reports, files and tools have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dxreport.facts import Facts, compute_facts
from dxreport.periods import Month

if TYPE_CHECKING:
    from dxreport.catalogue import Catalogue
    from dxreport.reading import Tables
    from dxreport.suppression.rule import Rule


def shown_facts(tables: Tables, catalogue: Catalogue, month: Month, rule: Rule | None) -> Facts:
    """All facts of `month`, without what `rule` keeps back; `DxError` where it can't be kept."""
    facts = compute_facts(tables, catalogue, month)
    if rule is None:
        return facts
    from dxreport.suppression.publish import publishable  # it brings a solver

    return publishable(facts, tables, catalogue, rule)
