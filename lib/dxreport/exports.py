"""The facts table as text for other programs: CSV and JSON."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from dxreport.facts import Facts

# A spreadsheet takes a cell that begins with one of these for a formula.
_FORMULA = r"^[=+\-@\t\r]"


def facts_csv(facts: Facts) -> str:
    """RFC 4180 with a header, `\\n` line ends, empty for null and `true`/`false`.

    `name` and `printed` may begin with text from the data (a unit, a topic); where that would be
    taken for a formula it gets an apostrophe before it.
    """
    texts = pl.col("name", "printed")
    guarded = pl.when(texts.str.contains(_FORMULA)).then("'" + texts).otherwise(texts)
    return facts.frame().with_columns(guarded.name.keep()).write_csv()


def facts_json(facts: Facts) -> str:
    """An array with one object a fact, one a line, ending in a newline."""
    rows = (json.dumps(row, ensure_ascii=False) for row in facts.frame().iter_rows(named=True))
    return "[\n" + ",\n".join(rows) + "\n]\n"


def guarded(text: str) -> str:
    """`text` as a cell of a CSV that no spreadsheet takes for a formula."""
    return f"'{text}" if re.match(_FORMULA, text) else text
