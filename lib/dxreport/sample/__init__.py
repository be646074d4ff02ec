"""The synthetic data set: plausible records that add up to a published report.

    make_sample(Path("data/sample"), Path("data/reference"))

At scale 1 every count, sum and rate of the published report comes out exactly, because the
calibration tables (`reference/calibration/`) fix the integers and chance only decides what they
leave open: which day, which hour, which of the dossiers. Larger samples repeat those records,
each copy moved within its month, so that the rhythm stays and memory does not grow.

Rooms, in order: `shares` (integers that add up), `clock` (time), `calibration` (the tables),
`counts` (documents, copies), `pakn`, `procedures`, `scaling`, `making`.
"""

from dxreport.sample.making import TABLES, make_sample

__all__ = ["TABLES", "make_sample"]
