"""One month from its data to its place; `pool` does several side by side, with the same bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dxreport.aside import aside, is_beside
from dxreport.charts import making
from dxreport.computed import computed
from dxreport.exports import facts_csv
from dxreport.headlines import headlines
from dxreport.reading import read_tables
from dxreport.rendering.documents import OnStep
from dxreport.rendering.month import Extra, Link
from dxreport.rendering.names import FACTS
from dxreport.report import report_of
from dxreport.revisions import revise
from dxreport.site.data import data_extra, revisions_extra
from dxreport.site.orders import Order
from dxreport.site.published import Published
from dxreport.site.publishing import Keep, notebooks_extra, publish_month


def publish(order: Order, on_step: OnStep | None = None) -> Published:
    """Render a month, or take it from the store, and put it into its place."""
    tables = read_tables(order.data, order.project.reference)
    if is_beside():
        # Not earlier: this process waits for what that one reads.
        aside().ask(making.get_ready)
    made = computed(tables, order.month, order.project)
    facts = made.facts
    text = facts_csv(facts)
    home = order.out / str(order.month)
    revised = revise(home, FACTS, text, str(order.month), order.revised_on, order.reason)
    history = revised.history
    report = report_of(order.project, made, history)
    report.begin_charts()
    extras = [_facts_extra(text), data_extra(report)]
    if history.revisions:
        extras.append(revisions_extra(history))
    if order.notebooks:
        extras.append(notebooks_extra(order.project, order.month, order.data))
    # What a month tells of its revisions is made of what was published of it before.
    told = history.to_json() if history.revisions else ""
    done = publish_month(
        order.project,
        order.month,
        order.data,
        order.out,
        formats=order.formats,
        engine=order.engine,
        letter=order.letter,
        extras=extras,
        tables=tables,
        headlines=headlines(facts, made.catalogue),
        on_step=on_step,
        keep=Keep(order.store, order.key, told) if order.store else None,
    )
    return replace(done, revised=revised)


def _facts_extra(text: str) -> Extra:
    """The facts' CSV beside the documents, linked at the head of the page."""

    def save(folder: Path) -> None:
        (folder / FACTS).write_bytes(text.encode())

    return Extra("facts", save, (Link(FACTS, "Số liệu CSV", "text/csv"),))
