"""Figures published earlier, held against the facts: `read_published`, then `reconcile`.

`published` reads the file, `rounding` says how a printed number came from an exact one, and
`comparing` gives each row its verdict.
"""

from dxreport.reconcile.comparing import Outcome, Verdict, reconcile, tally
from dxreport.reconcile.published import Published, read_published

__all__ = ["Outcome", "Published", "Verdict", "read_published", "reconcile", "tally"]
