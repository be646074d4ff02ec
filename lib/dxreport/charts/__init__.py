"""The charts of the analysis annex: `annex` names them all, `making` makes them."""
