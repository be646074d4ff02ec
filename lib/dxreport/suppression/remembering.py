"""What was settled before, by the fingerprint of what it was settled from.

A month's page, its notebooks and the months after it all need what the earlier months hide. It
takes a solver some seconds a month, and is the same each time, so it is kept: in the process, and
in the user's store (`dxreport.cache`). What is found there is only used where it names counts of
the report; in doubt it is settled anew.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from dxreport.cache import user_cache
from dxreport.periods import Month
from dxreport.suppression.counts import Count
from dxreport.suppression.pattern import Hidden, settle
from dxreport.suppression.tables import Published

if TYPE_CHECKING:
    from dxreport.suppression.rule import Rule

_in_process: dict[str, Hidden] = {}


def settled(told: Published, month: Month, rule: Rule, before: Hidden) -> Hidden:
    """As `pattern.settle`, once for the same figures."""
    key = _key(told, month, rule, before)
    if key in _in_process:
        return _in_process[key]
    store = user_cache()
    content = store.get(key) if store else None
    hidden = None if content is None else _read(content, told, month)
    if hidden is None:
        hidden = settle(told, month, rule, before)
        if store:
            rows = [[c.measure, c.scope, c.span] for c in sorted(hidden)]
            store.put(key, json.dumps(rows).encode())
    _in_process[key] = hidden
    return hidden


def _key(told: Published, month: Month, rule: Rule, before: Hidden) -> str:
    """All that settling depends on. Another order of the same is another key, and only costs."""
    made = hashlib.sha256(_program().encode())
    for part in (
        (told.table, sorted(told.bases), str(month), rule.minimum),
        sorted((*count[:3], str(count.month)) for count in before),
        told.world.truth,
        told.world.rows,
        list(told.forms.items()),
        list(told.ratios.items()),
    ):
        made.update(repr(part).encode())
    return made.hexdigest()


@cache
def _program() -> str:
    """The code that settles, and the solver's version: another one may hide other figures."""
    names = ("attack", "counts", "pattern", "rule", "tables")
    files = [Path(__file__).with_name(f"{name}.py").read_bytes() for name in names]
    code = hashlib.sha256(b"".join(files)).hexdigest()
    return f"suppression {code} {version('highspy')}"


def _read(content: bytes, told: Published, month: Month) -> Hidden | None:
    """The counts of an entry; None where it is of something else."""
    try:
        rows = json.loads(content)
        found = frozenset(Count(measure, scope, span, month) for measure, scope, span in rows)
    except (ValueError, TypeError):
        return None
    return found if found <= told.forms.keys() else None
