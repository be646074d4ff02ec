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
    """RFC 4180 with a header, `\\n` line ends, empty for null and `true`/`false`."""
    return frame_csv(facts.frame())


def frame_csv(frame: pl.DataFrame) -> str:
    """A frame likewise. A text that would be taken for a formula gets an apostrophe before it:
    a name or a print may begin with text from the data (a unit, a topic).
    """
    texts = [pl.col(name) for name, kind in frame.schema.items() if kind == pl.String]
    safe = [
        pl.when(text.str.contains(_FORMULA)).then("'" + text).otherwise(text).name.keep()
        for text in texts
    ]
    return frame.with_columns(safe).write_csv()


def facts_json(facts: Facts) -> str:
    """An array with one object a fact, one a line, ending in a newline."""
    return frame_json(facts.frame())


def frame_json(frame: pl.DataFrame) -> str:
    """An array with one object a row, likewise."""
    rows = [json.dumps(row, ensure_ascii=False) for row in frame.iter_rows(named=True)]
    return "[\n" + ",\n".join(rows) + ("\n" if rows else "") + "]\n"


def guarded(text: str) -> str:
    """`text` as a cell of a CSV that no spreadsheet takes for a formula."""
    return f"'{text}" if re.match(_FORMULA, text) else text


def unguarded(text: str) -> str:
    """A text of the facts' CSV as it was before the apostrophe that keeps it from a spreadsheet."""
    return text[1:] if re.match(f"'{_FORMULA[1:]}", text) else text
