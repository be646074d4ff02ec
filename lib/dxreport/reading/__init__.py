"""Reading a data folder: `read_tables` gives tables that keep the contract, or says why not.

`values` (stored types to contract types), `files` (which files, raw columns) and `corrections`
(what is to be read otherwise than it stands) come first, then `judging` (rules, keys, where they
break), `tables` (the folder as a whole) and `warnings` (what may well be right, and is worth a
look).
"""

from dxreport.reading.corrections import Correction
from dxreport.reading.tables import (
    Dataset,
    Reference,
    Source,
    Tables,
    read_reference,
    read_tables,
    tables_counted,
)
from dxreport.reading.warnings import (
    Warning_,
    check,
    rows_by_unit_and_month,
    units_without_rows,
)

__all__ = [
    "Correction",
    "Dataset",
    "Reference",
    "Source",
    "Tables",
    "Warning_",
    "check",
    "read_reference",
    "read_tables",
    "rows_by_unit_and_month",
    "tables_counted",
    "units_without_rows",
]
