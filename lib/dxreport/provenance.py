"""The end of the annex: which files a report was made from, how good they are, how it counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dxreport import vi
from dxreport.markup import Markdown, div, md_escape
from dxreport.quality import Quality
from dxreport.quality_words import intake_rows, statements

if TYPE_CHECKING:
    from dxreport.catalogue import Catalogue
    from dxreport.explain import Cite
    from dxreport.facts import Facts
    from dxreport.reading import Tables

SHORT_SHA = 12
"""How many digits of a fingerprint a reader is shown."""


def fingerprint(tables: Tables) -> Markdown:
    """What the report was made from: records, corrections and reference tables together."""
    return Markdown(tables.fingerprint[:SHORT_SHA])


def sources(tables: Tables) -> Markdown:
    """A table of the files that the figures come from: name, rows, fingerprint."""
    rows = [
        (
            f"{source.path.name} (dữ liệu tham chiếu)"
            if source.origin == "reference"
            else _below(source.path, tables.folder),
            vi.integer(source.rows),
            source.sha256[:SHORT_SHA],
        )
        for source in tables.sources
    ]
    return _table(("Tệp", "Số dòng", "SHA-256 (rút gọn)"), rows, "lrl", (5, 2, 3))


def quality(found: Quality) -> Markdown:
    """Two tables on the quality of the records: rows by table, and what was looked at."""
    rows = _table(
        ("Bảng số liệu", "Thời gian", "Đọc", "Loại", "Giữ", "Trong tháng"),
        intake_rows(found),
        "llrrrr",
        (4, 3, 2, 2, 2, 2),
    )
    looked_at = _table(
        ("Nội dung kiểm tra", "Kết quả"),
        [(said.about, said.found) for said in statements(found)],
        "ll",
        (4, 6),
    )
    # Figures and months stay whole also where a phone leaves little room.
    return Markdown(f"{div(rows, 'bang-so')}{looked_at}")


def definitions(facts: Facts, catalogue: Catalogue, cite: Cite) -> Markdown:
    """A table of the indicators that a report shows: name, formula, legal basis."""
    shown = {fact.indicator for fact in facts}
    rows = [
        (spec.name, spec.formula, "; ".join(cite(spec.id)) or "–")
        for spec in catalogue.indicators.values()
        if spec.id in shown
    ]
    return _table(("Chỉ tiêu", "Cách tính", "Căn cứ"), rows, "lll", (3, 5, 3))


def _below(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def _table(
    head: Sequence[str], rows: Iterable[Sequence[str]], align: str, widths: Sequence[int]
) -> Markdown:
    """A pipe table of plain texts; widths are in proportion."""
    dashes = []
    for side, width in zip(align, widths, strict=True):
        line = "-" * (width * 12)
        dashes.append(f"{line}:" if side == "r" else f":{line}")
    lines = [head, dashes, *([md_escape(cell) for cell in row] for row in rows)]
    return Markdown("\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n")
