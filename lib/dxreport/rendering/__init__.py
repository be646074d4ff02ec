"""From `report.qmd` to HTML, PDF and DOCX: one execution, every format, two engines."""

from dxreport.rendering.month import FACTS, FILES, Extra, Link, Rendered, render_month

__all__ = ["FACTS", "FILES", "Extra", "Link", "Rendered", "render_month"]
