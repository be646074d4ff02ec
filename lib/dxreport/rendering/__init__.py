"""From `report.qmd` to HTML, PDF and DOCX: one execution, every format, two engines."""
