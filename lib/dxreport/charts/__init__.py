"""The charts of the analysis annex, from aggregated frames and facts."""
