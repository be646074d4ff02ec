"""How a process that is dxreport's own is set up: the command's, and those of its pool."""

from __future__ import annotations

import gc
import os
import sys

_NEW_OBJECTS = 100_000
"""Python looks for cycles after every 700: a sixth of a report's time, and nothing to be freed."""


_FORMATS = ("rfc3987_syntax", "isoduration", "rfc3986_validator", "uri_template", "webcolors")
"""What jsonschema knows formats of texts by, which no schema here asks for.

The grammars of addresses beyond ASCII alone would take a third of all imports' time.
"""


def prepare() -> None:
    """To be called once, before the libraries are imported."""
    for name in _FORMATS:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    gc.set_threshold(_NEW_OBJECTS, 50, 100)


def processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
