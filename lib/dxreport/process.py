"""How a process that is dxreport's own is set up: the command's, and those of its pool."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from threading import RLock
from types import ModuleType
from typing import Any

_NEW_OBJECTS = 2_000_000
"""Python looks for cycles after every 700: a sixth of a report's time, and nothing to be freed.

More than a month's report has at any time: what it no longer needs goes without being looked for.
"""


_ABSENT = (
    "rfc3987_syntax",
    "isoduration",
    "rfc3986_validator",
    "uri_template",
    "webcolors",
)
"""What jsonschema knows formats of texts by, which no schema here asks for.

The grammars of addresses beyond ASCII alone would take a third of all imports' time.
"""

_LATER = ("requests", "faicons")
"""What libraries import and use for nothing that happens here: papermill for notebooks of the web,
great_tables for icons. A tenth of a second, so it is loaded where it is asked for something.
"""


_loading = RLock()


class _Later(ModuleType):
    """A module that is imported once it is asked for what it has."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        with _loading:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
            module = import_module(self.__name__)
        self.__dict__.update(module.__dict__)
        return getattr(module, name)


def prepare() -> None:
    """To be called once, before the libraries are imported."""
    for name in _ABSENT:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    for name in _LATER:
        if name not in sys.modules and (spec := find_spec(name)):
            sys.modules[name] = later = _Later(name)
            later.__spec__ = spec
    # numpy begins a thread a processor for linear algebra, which turn round while they wait.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(_NEW_OBJECTS, 50, 100)


def processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
