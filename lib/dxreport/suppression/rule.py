"""The setting: under how many cases a figure is not published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dxreport.config import CONFIGURATION, read_yaml
from dxreport.errors import DxError

if TYPE_CHECKING:
    from dxreport.config import Project

LEAST: Final = 3
"""The least minimum: of counts under 2 only the 1 is small, so hiding it would tell it."""

_PARTS: Final = ("dxreport", "suppression")
_KEY: Final = "minimum"


@dataclass(frozen=True)
class Rule:
    """Figures on 1 to `minimum` - 1 cases are not published."""

    minimum: int

    def is_small(self, count: int) -> bool:
        """Nobody is not few: a count of 0 is published."""
        return 0 < count < self.minimum


def suppression_rule(project: Project) -> Rule | None:
    """The rule that `_quarto.yml` sets under `dxreport: suppression: minimum:`, or None.

    `DxError` for what is no whole number from `LEAST` on.
    """
    where: Any = read_yaml(project.configuration)
    for part in _PARTS:
        where = where.get(part) if isinstance(where, dict) else None
        if where is None:
            return None
    name = ": ".join(_PARTS)
    if not isinstance(where, dict) or set(where) - {_KEY}:
        raise DxError(f"{CONFIGURATION}: {name}: expected `{_KEY}: 5` and nothing else")
    minimum = where.get(_KEY)
    if minimum is None:
        return None
    if isinstance(minimum, bool) or not isinstance(minimum, int) or minimum < LEAST:
        raise DxError(
            f"{CONFIGURATION}: {name}: {_KEY}: {minimum!r} is not a whole number from {LEAST} on"
        )
    return Rule(minimum)
