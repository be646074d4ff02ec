"""Months side by side, each in a process that knows of no other, with the same bytes.

This is imported before what makes a report is: the processes import it while the first one reads.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from dxreport.charts import making
from dxreport.errors import DxError, UsageError
from dxreport.process import prepare, processors

if TYPE_CHECKING:
    from dxreport.site.orders import Order
    from dxreport.site.published import Published


@contextmanager
def pool_of(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """`jobs` processes for months, which begin at once to get ready."""
    # Processes that begin anew: the engines' threads do not live through a fork.
    context = multiprocessing.get_context("spawn")
    # A month alone has its charts made beside it; here that would take a processor from another.
    busy = 2 * jobs > processors()
    with ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_begin, initargs=(busy,)
    ) as pool:
        for _ in range(jobs):
            pool.submit(_stand_by)
        yield pool


def publish_side_by_side(orders: Sequence[Order], pool: ProcessPoolExecutor) -> Iterator[Published]:
    """Publish months in the processes of `pool_of`; they come in their order as they are done.

    Where a month fails no other is begun, those in work are finished, and the error of the
    earliest that failed is raised once all before it came out.
    """
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


# -- in a process of the pool


@dataclass(frozen=True)
class _Failed:
    """A `DxError` on its way to another process."""

    text: str
    is_usage: bool


def _begin(busy: bool) -> None:
    """`busy` says that it has no processor to spare for one beside it."""
    # An interruption is the first process's to deal with; see also `cli.app.main`.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    making.begin(beside=not busy)


def _stand_by() -> None:
    """Import what makes a month."""
    import_module("dxreport.site.months")


def _work(order: Order) -> Published | _Failed:
    from dxreport.site.months import publish

    try:
        return publish(order)
    except DxError as error:
        return _Failed(str(error), isinstance(error, UsageError))


def _end_with_parent() -> None:
    """A pool's process waits for work for ever where the first one was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
