"""`python -m dxreport`."""

from __future__ import annotations

import sys

from dxreport.cli import main

sys.exit(main())
