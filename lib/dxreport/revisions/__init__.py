"""Which published facts moved when a month was rendered again, and the history of it.

`moves` compares the facts' CSV that is published with the new one; `history` is what a month's
folder keeps of all its revisions; `telling` is the note in the report.
"""

from dxreport.revisions.history import HISTORY, History, Revision, read_history
from dxreport.revisions.moves import Compared, Move, Side, moved
from dxreport.revisions.revising import Revised, revise

__all__ = [
    "HISTORY",
    "Compared",
    "History",
    "Move",
    "Revised",
    "Revision",
    "Side",
    "moved",
    "read_history",
    "revise",
]
