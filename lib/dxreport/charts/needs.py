"""What each chart of the annex needs, and what a rule for small numbers keeps back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_PAKN: Final = frozenset({"pakn"})
_RATINGS: Final = frozenset({"pakn", "ratings"})

NEEDS: Final[Mapping[str, frozenset[str]]] = {
    "headline": frozenset({"targets"}),
    "received": _PAKN,
    "heatmap": _PAKN,
    "funnel": _PAKN,
    "processing": _PAKN,
    "waiting": _PAKN,
    "backlog": _PAKN,
    "satisfaction": _RATINGS,
    "satisfaction-months": _RATINGS,
    "satisfaction-time": _RATINGS,
    "satisfaction-wait": _RATINGS,
    "topics": _PAKN,
    "documents": frozenset({"documents"}),
    "communes-documents": frozenset({"documents"}),
    "e-copies": frozenset({"e_copies"}),
    "communes-e-copies": frozenset({"e_copies"}),
    "overdue": frozenset({"procedures"}),
}
"""What each chart is drawn from (`Report.parts`), in the order of the annex."""

FRAMED: Final = frozenset(
    {
        "received",
        "processing",
        "waiting",
        "satisfaction",
        "satisfaction-months",
        "satisfaction-wait",
        "backlog",
        "heatmap",
    }
)
"""The charts of groups that are no facts: by age, by wait, by stars, by unit and month."""
