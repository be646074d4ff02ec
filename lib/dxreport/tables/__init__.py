"""Tables: a model of rows that show facts, and a writer for each format of a document."""

from dxreport.tables.appendices import NUMBERS, appendices, appendix, appendix_names
from dxreport.tables.model import Cell, Column, Row, Table

__all__ = ["NUMBERS", "Cell", "Column", "Row", "Table", "appendices", "appendix", "appendix_names"]
