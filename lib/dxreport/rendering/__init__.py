"""From `report.qmd` to HTML, PDF and DOCX: one execution, every format, two engines."""

from dxreport.rendering.publish import FACTS, FILES, Rendered, render_month

__all__ = ["FACTS", "FILES", "Rendered", "render_month"]
