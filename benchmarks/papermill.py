"""What one would do without this package's engine: papermill with a kernel, then nbconvert.

`python -m benchmarks.papermill MONTH FOLDER`. The cells are the same; the numbers in the prose
are not, as plain notebooks have none there, and it makes one format of three.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks.measuring import ROOT


def main() -> None:
    month, folder = sys.argv[1], Path(sys.argv[2])
    import nbformat
    from nbconvert import HTMLExporter

    import papermill
    from dxreport.config import read_yaml
    from dxreport.rendering.execute import to_notebook
    from dxreport.rendering.qmd import read_document

    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    settings = read_yaml(ROOT / "_quarto.yml")
    notebook = to_notebook(read_document(ROOT / "report.qmd", metadata=settings, root=ROOT))
    for name in ("report.qmd", "_quarto.yml", "data"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    executed = papermill.execute_notebook(
        notebook,
        None,
        parameters={"month": month, "data_dir": str(ROOT / "data" / "sample")},
        kernel_name="python3",
        progress_bar=False,
    )
    page, _ = HTMLExporter().from_notebook_node(nbformat.from_dict(executed))
    (folder / "report.html").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
