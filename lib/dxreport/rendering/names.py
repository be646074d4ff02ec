"""What the files of a month's folder are called, for all who read it."""

from __future__ import annotations

from collections.abc import Mapping

FILES: Mapping[str, str] = {"html": "index.html", "pdf": "report.pdf", "docx": "report.docx"}
"""Each format's file."""

PICTURED = frozenset({"pdf", "docx"})
"""The formats that show the charts as pictures."""

FACTS = "facts.csv"

DATA = "data"
"""The folder of a month's open data."""
