"""What is computed of a month: once, for the command and for the document that it runs."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dxreport.aside import EndedError, aside, is_beside
from dxreport.catalogue import Catalogue, load_catalogue
from dxreport.charts.needs import FRAMED
from dxreport.config import Project
from dxreport.facts import Facts
from dxreport.periods import Month
from dxreport.reading import Tables
from dxreport.suppression.rule import Rule, suppression_rule
from dxreport.suppression.shown import shown_facts

if TYPE_CHECKING:
    from dxreport.analysis import Analysis
    from dxreport.charts.show import Figure


@dataclass(frozen=True)
class Computed:
    """A month's facts that the rule for small numbers lets be published, and what is shown of them.

    `rule` says under how many cases a figure is not published; None where that is not set.
    """

    tables: Tables
    catalogue: Catalogue
    facts: Facts
    rule: Rule | None = None

    @cached_property
    def analysis(self) -> Analysis:
        """The aggregated frames of the annex.

        They show groups that are no facts, and nothing proves that those tell no small one:
        where small numbers are left out, the frames are empty.
        """
        from dxreport.analysis import analyse, without_frames

        if self.rule is not None:
            return without_frames(self.catalogue, self.facts.month)
        return analyse(self.tables, self.catalogue, self.facts.month)

    def figure(self, name: str) -> Figure:
        """One chart of the annex; the names are those of `dxreport.charts.annex.FIGURES`."""
        from dxreport.charts.making import figures

        if self.rule is not None and name in FRAMED:
            from dxreport.charts.annex import withheld

            return withheld(name)
        if name not in self._figures and self._begun:
            # Where that process was lost, they are made here, one by one.
            with contextlib.suppress(EndedError):
                self._figures.update(self._begun.pop().result())
        if name not in self._figures:
            self._figures.update(figures([name], self.analysis, self.facts))
        return self._figures[name]

    def begin_figures(self, names: Sequence[str]) -> None:
        """Have charts made beside whatever comes next, where they are not yet."""
        from dxreport.charts.making import figures

        if is_beside() and not self._begun and not self._figures:
            self._begun.append(aside().ask(figures, names, self.analysis, self.facts))

    @cached_property
    def _figures(self) -> dict[str, Figure]:
        return {}

    @cached_property
    def _begun(self) -> list[Future[dict[str, Figure]]]:
        return []


def catalogue_of(tables: Tables, reference: Path) -> Catalogue:
    """What is known before a record of the tables is read."""
    return load_catalogue(tables.units, tables.targets, tables.baselines, tables.topics, reference)


def computed(tables: Tables, month: Month, project: Project) -> Computed:
    """All of `month`. For the same tables and settings as the last time, the same again."""
    settings = [project.configuration, *sorted(project.reference.glob("*.y*ml"))]
    # A document runs in a copy of its project.
    asked = (month, tuple((path.name, path.read_bytes()) for path in settings))
    if not (_last and _last[0].made.tables is tables and _last[0].asked == asked):
        catalogue = catalogue_of(tables, project.reference)
        rule = suppression_rule(project)
        facts = shown_facts(tables, catalogue, month, rule)
        _last[:] = [_Known(asked, Computed(tables, catalogue, facts, rule))]
    return _last[0].made


@dataclass(frozen=True)
class _Known:
    asked: tuple[object, ...]
    made: Computed


_last: Final[list[_Known]] = []
