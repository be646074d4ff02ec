"""A month's figures as open data: `open_data` gives the files of its folder.

`model` says what a table to be published is; `facts`, `appendices` and `indicators` make them from
the report; `workbook` writes them for people, `package` describes them for programs.
"""

from dxreport.opendata.files import WORKBOOK, OpenData, open_data

__all__ = ["WORKBOOK", "OpenData", "open_data"]
