"""Complete the pages that a `quarto render` by hand has made; `_quarto.yml` names this module."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from dxreport.errors import DxError
from dxreport.rendering import embedded, page


def main(paths: list[str]) -> None:
    """Finish rendered pages in place: those named, or those that Quarto says it has made."""
    named = paths or os.environ.get("QUARTO_PROJECT_OUTPUT_FILES", "").splitlines()
    scripts = page.own_scripts(embedded.EXTENSION)
    for path in map(Path, named):
        if path.suffix == ".html":
            made = path.read_text(encoding="utf-8")
            path.write_text(page.finish(made, own_scripts=scripts), encoding="utf-8")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except DxError as error:
        sys.exit(str(error))
