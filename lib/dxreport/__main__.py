"""`python -m dxreport`."""

from __future__ import annotations

from dxreport.cli import run

run()
