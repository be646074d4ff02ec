"""How a process of the pool of months begins: before it imports what makes a report."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading

from dxreport import drawing, rehearsal
from dxreport.aside import aside, stay_here
from dxreport.process import prepare


def begin(busy: bool) -> None:
    """`busy` says that it has no processor to spare for one beside it."""
    # An interruption is the first process's to deal with; see also `cli.app.main`.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if busy:
        stay_here()
        return
    aside().ask(rehearsal.import_what_reads)
    aside().ask(drawing.get_ready)


def _end_with_parent() -> None:
    """A pool's process waits for work for ever where the first one was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
