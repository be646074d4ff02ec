"""The extension's filter gets a document as Quarto has it, too: wrapped cells, bare tables."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from command import ROOT
from dxreport.rendering import embedded
from letter_measures import Docx, W, text_of

PARTS = """Mở đầu.

{open}

**Trong tháng:**

| Cột | Giá trị |
|:----|--------:|
| a   | 1       |

: Bảng *một*

{close}

{open}

::::: {{.phu-luc #phu-luc-1 orientation="landscape"}}
## Phụ lục 1

::: {{.ten-phu-luc}}
TÊN PHỤ LỤC
:::

Nội dung.
:::::

{close}

:::::: {{.phan-tich #phan-tich}}
## Phân tích

{open}

### Một

Nội dung.

{close}
::::::
"""
PLAIN = PARTS.format(open="", close="")
WRAPPED = PARTS.format(
    open=":::::::: {.cell execution_count=1}\n::::::: {.cell-output .cell-output-display}",
    close=":::::::\n::::::::",
)


def source(markdown: str) -> embedded.Source:
    return embedded.read(markdown, {"lang": "vi", "title": "T"}, datetime(2024, 9, 30))


def docx(markdown: str, folder: Path) -> Docx:
    path = folder / "made.docx"
    path.write_bytes(embedded.write_docx(source(markdown), ROOT))
    return Docx(path)


def test_what_a_cell_shows_is_as_if_it_stood_in_the_text(tmp_path: Path) -> None:
    assert '<section id="phu-luc-1"' in embedded.write_html(source(PLAIN), ROOT)
    for write in (embedded.write_html, embedded.write_typst):
        assert write(source(WRAPPED), ROOT) == write(source(PLAIN), ROOT)
    styled = [
        [(p.find(f"{W}pPr/{W}pStyle"), text_of(p)) for p in docx(text, tmp_path).body.iter(f"{W}p")]
        for text in (WRAPPED, PLAIN)
    ]
    one, other = (
        [(None if s is None else s.get(f"{W}val"), said) for s, said in each] for each in styled
    )
    assert one == other
    assert ("TieuDePhuLuc", "Phụ lục 1") in one


def test_a_table_keeps_size_and_caption_where_quarto_takes_its_figure_away() -> None:
    made = embedded.write_typst(source(PLAIN), ROOT)
    assert "#figure(\n  align(center)[#table(" not in made
    assert "#table-figure(caption: [\nBảng #emph[một]\n])[\n#table(" in made


@pytest.mark.parametrize("last", ["landscape", "portrait"])
def test_a_letter_ends_with_its_last_part(tmp_path: Path, last: str) -> None:
    text = PLAIN.replace("landscape", "portrait").replace(
        "#phan-tich", f'#phan-tich orientation="{last}"'
    )
    made = docx(text, tmp_path)
    sections = made.sections()
    assert len(sections) == 3
    size = sections[-1].find(f"{W}pgSz")
    assert (size.get(f"{W}orient") == "landscape") == (last == "landscape")
    final = list(made.body)
    assert final[-1] is sections[-1]
    assert text_of(final[-2]).strip() or final[-2].tag != f"{W}p"


LEADS = """
Các tệp **số liệu** như sau:

| Tệp | Số dòng |
|:----|--------:|
| a   | 1       |

::: {.bang-so}
| Nội dung | Kết quả |
|:---------|--------:|
| b        | 2       |
:::

| Cột | Giá trị |
|:----|--------:|
| c   | 3       |

Sau bảng.
"""


def test_a_line_that_leads_to_a_table_stays_with_it_and_tables_stay_apart(tmp_path: Path) -> None:
    made = docx(LEADS, tmp_path)
    lead = next(p for p in made.body.iter(f"{W}p") if text_of(p).startswith("Các tệp"))
    name = lead.find(f"{W}pPr/{W}pStyle").get(f"{W}val")
    assert made.styles[name].find(f"{W}pPr/{W}keepNext") is not None
    kinds = [child.tag.removeprefix(W) for child in made.body if child.tag != f"{W}sectPr"]
    assert kinds == ["p", "tbl", "p", "tbl", "p", "tbl", "p"]
    assert made.styles["Compact"].find(f"{W}pPr/{W}keepLines") is not None
    typst = embedded.write_typst(source(LEADS), ROOT)
    assert "#keep[\nCác tệp #strong[số liệu] như sau:\n]" in typst.replace("\n\n", "\n")
