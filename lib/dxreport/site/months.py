"""One month or many, one after the other or side by side, with the same bytes either way."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from dxreport.aside import aside, is_beside
from dxreport.charts import making
from dxreport.computed import computed
from dxreport.errors import DxError, UsageError
from dxreport.exports import facts_csv
from dxreport.headlines import headlines
from dxreport.process import processors
from dxreport.reading import read_tables
from dxreport.rendering.documents import OnStep
from dxreport.rendering.month import Extra, Link
from dxreport.rendering.names import FACTS
from dxreport.report import report_of
from dxreport.revisions import revise
from dxreport.site.data import data_extra, revisions_extra
from dxreport.site.orders import Order
from dxreport.site.pool import begin
from dxreport.site.publishing import Keep, Published, notebooks_extra, publish_month


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


def publish_side_by_side(orders: Sequence[Order], jobs: int) -> Iterator[Published]:
    """Publish months in `jobs` processes; what is done comes in the order of the months.

    Where a month fails no other is begun, those in work are finished, and the error of the
    earliest that failed is raised once all before it came out.
    """
    # Processes that begin anew: the engines' threads do not live through a fork.
    context = multiprocessing.get_context("spawn")
    # A month alone has its charts made beside it; here that would take a processor from another.
    busy = 2 * jobs > processors()
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=begin, initargs=(busy,)) as pool:
        futures = [pool.submit(_work, order) for order in orders]
        try:
            for order, future in zip(orders, futures, strict=True):
                done = future.result()
                if isinstance(done, _Failed):
                    kind = UsageError if done.is_usage else DxError
                    raise kind("\n".join(f"{order.month}: {row}" for row in done.text.splitlines()))
                yield done
        finally:
            for future in futures:
                future.cancel()


@dataclass(frozen=True)
class _Failed:
    """A `DxError` on its way to another process."""

    text: str
    is_usage: bool


def _work(order: Order) -> Published | _Failed:
    try:
        return publish(order)
    except DxError as error:
        return _Failed(str(error), isinstance(error, UsageError))


def _facts_extra(text: str) -> Extra:
    """The facts' CSV beside the documents, linked at the head of the page."""

    def save(folder: Path) -> None:
        (folder / FACTS).write_bytes(text.encode())

    return Extra("facts", save, (Link(FACTS, "Số liệu CSV", "text/csv"),))
