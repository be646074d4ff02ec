"""Reading a .qmd: what is found, and that what is not supported names its row."""

from __future__ import annotations

from pathlib import Path

import pytest

from dxreport.errors import DxError
from dxreport.rendering.qmd import Cell, Document, Text, read_document
from rendering_helpers import SMALL


def read(folder: Path, text: str, **more: object) -> Document:
    path = folder / "doc.qmd"
    path.write_text(text, encoding="utf-8")
    return read_document(path, **more)  # type: ignore[arg-type]


def cells(document: Document) -> list[Cell]:
    return [part for part in document.parts if isinstance(part, Cell)]


def expressions(document: Document) -> list[str]:
    return [
        inline.expression
        for part in document.parts
        if isinstance(part, Text)
        for inline in part.inlines
    ]


def test_the_small_document_is_read_whole() -> None:
    document = read_document(SMALL / "report.qmd")
    assert document.metadata == {"title": "Báo cáo thử nghiệm"}
    assert [cell.tags for cell in cells(document)].count(("parameters",)) == 1
    assert len(cells(document)) == 5
    assert expressions(document) == [
        "month[5:]", "month", "month[:4]", "rate", "hostile", "1 + 1", '"một"', "40 + 2",
        '"Chỉ thị số 10/CT-UBND"', "month",
    ]  # fmt: skip


def test_every_inline_lies_where_its_offsets_say() -> None:
    found = 0
    for part in read_document(SMALL / "report.qmd").parts:
        if isinstance(part, Text):
            for inline in part.inlines:
                span = part.source[inline.start : inline.end]
                assert span == f"`{{python}} {inline.expression}`"
                found += 1
    assert found == 10


def test_parts_know_their_file_and_row() -> None:
    document = read_document(SMALL / "report.qmd")
    for part in document.parts:
        lines = (SMALL / part.where.file).read_text(encoding="utf-8").splitlines()
        assert lines[part.where.row - 1] == part.source.splitlines()[0]
    assert {part.where.file for part in document.parts} == {"report.qmd", "part.qmd"}


def test_a_tab_before_inline_code_does_not_move_it(tmp_path: Path) -> None:
    document = read(tmp_path, "Một\thai `{python} x` ba\tbốn `{python} y`\n")
    [part] = document.parts
    assert isinstance(part, Text)
    assert [part.source[i.start : i.end] for i in part.inlines] == ["`{python} x`", "`{python} y`"]


def test_verbatim_text_is_left_alone(tmp_path: Path) -> None:
    text = (
        "```\n`{python} a` {{< video x >}} @fig-a\n```\n\n"
        "`` `{python} b` `` và `@fig-b {{< kbd x >}}`\n\n"
        "```{=html}\n<b>`{python} c` {{< meta x >}}</b>\n```\n\n"
        "<!-- {{< x >}} `{python} d` -->\n"
    )
    document = read(tmp_path, text)
    assert expressions(document) == []
    assert "".join(part.source for part in document.parts) == text


def test_cells_are_found_inside_divs(tmp_path: Path) -> None:
    text = ":::: {.a}\n::: {.b}\n\n```{python}\n#| output: asis\nx = 1\n```\n\n:::\n::::\n"
    document = read(tmp_path, text)
    [cell] = cells(document)
    assert (cell.source, cell.where.row) == ("#| output: asis\nx = 1", 5)
    assert cell.options.asis
    assert [type(part) for part in document.parts] == [Text, Cell, Text]


def test_options_of_the_project_the_header_and_the_cell(tmp_path: Path) -> None:
    text = (
        "---\nexecute:\n  include: false\n---\n\n```{python}\na\n```\n\n"
        "```{python}\n#| include: true\n#| echo: true\n#| output: false\nb\n```\n"
    )
    project = {"execute": {"echo": False, "output": "asis"}}
    first, second = cells(read(tmp_path, text, metadata=project))
    assert (first.options.echo, first.options.include, first.options.asis) == (False, False, True)
    assert (second.options.echo, second.options.include) == (True, True)
    assert (second.options.output, second.options.asis) == (False, False)


OUTSIDE = {
    "shortcode": ("x\n\n{{< video a.mp4 >}}\n", 3, "shortcode `video`"),
    "shortcode in a paragraph": ("x\ny {{< meta title >}} z\n", 2, "shortcode `meta`"),
    "pagebreak in a line": ("x\n\na {{< pagebreak >}}\n", 3, "line of its own"),
    "include in a line": ("a {{< include b.qmd >}}\n", 1, "line of its own"),
    "missing include": ("a\n\n{{< include b.qmd >}}\n", 3, "no file b.qmd"),
    "include outside": ("{{< include ../b.qmd >}}\n", 1, "outside the project"),
    "R cell": ("a\n\n```{r}\n1\n```\n", 3, "engine 'r'"),
    "OJS cell": ("```{ojs}\n1\n```\n", 1, "engine 'ojs'"),
    "R inline": ("a\nb `{r} 1 + 1`\n", 2, "engine 'r'"),
    "cell attributes": ("```{python .x}\n1\n```\n", 1, "options follow"),
    "knitr options": ("```{python, echo=FALSE}\n1\n```\n", 1, "options follow"),
    "four backticks": ("a\n\n````{python}\n1\n````\n", 3, "three backticks"),
    "tildes": ("~~~{python}\n1\n~~~\n", 1, "three backticks"),
    "cell in a list": ("- a\n\n  ```{python}\n  1\n  ```\n", 3, "inside a list"),
    "cell in a quote": ("> ```{python}\n> 1\n> ```\n", 1, "inside a list, a quote"),
    "cell option": ("```{python}\n#| cache: true\n1\n```\n", 1, "cell option `cache`"),
    "figure option": ("```{python}\n#| fig-cap: x\n1\n```\n", 1, "brings its own caption"),
    "figure label": ("```{python}\n#| label: fig-a\n1\n```\n", 1, "label `fig-a`"),
    "options not YAML": ("```{python}\n#| echo: [\n1\n```\n", 1, "not YAML"),
    "options not pairs": ("```{python}\n#| echo\n1\n```\n", 1, "`name: value` pairs"),
    "option value": ("```{python}\n#| echo: fenced\n1\n```\n", 1, "true or false"),
    "tags": ("```{python}\n#| tags: parameters\n1\n```\n", 1, "`tags` is a list"),
    "callout": ("a\n\n::: {.callout-note}\nx\n:::\n", 3, "callout-note"),
    "tabset": ("::: panel-tabset\nx\n:::\n", 1, "panel-tabset"),
    "nested callout": ("::: {.a}\n\n::: {.callout-tip}\nx\n:::\n\n:::\n", 3, "callout-tip"),
    "layout": ("::: {layout-ncol=2}\nx\n:::\n", 1, "layout"),
    "figure div": ("::: {#fig-a}\nx\n:::\n", 1, "id `fig-a`"),
    "cross-reference": ("a\n\nXem @tbl-one.\n", 3, "@tbl-o"),
    "latex": ('::: {.content-visible when-format="pdf"}\nx\n:::\n', 1, "write typst"),
    "format": ('::: {.content-visible when-format="pptx"}\nx\n:::\n', 1, "format 'pptx'"),
    "profile": ('::: {.content-visible when-profile="a"}\nx\n:::\n', 1, "one condition"),
    "condition and meta": (
        '::: {.content-visible when-format="html" when-meta="a"}\nx\n:::\n', 1, "`when-meta`",
    ),
    "no condition": ("::: {.content-hidden}\nx\n:::\n", 1, "one condition"),
    "attribute": ('[a]{title="`{python} x`"}\n', 1, "attribute 'title'"),
    "second header": ("---\na: 1\n---\n\ntext\n\n---\nb: 2\n---\n", 7, "header at the top"),
    "open header": ("---\na: 1\n\ntext\n", 1, "closing"),
    "header not YAML": ("---\na: 1\nb: [\n---\n\ntext\n", 3, "not YAML"),
    "inline in header": ("---\na: 1\nb: `{python} x`\n---\n", 3, "YAML header is not run"),
    "engine": ("---\na: 1\nengine: knitr\n---\n", 3, "only engine"),
    "kernel": ("---\njupyter: ir\n---\n", 2, "only kernel"),
    "bibliography": ("---\nbibliography: a.bib\n---\n", 2, "footnotes"),
    "filters": ("---\nfilters: [a.lua]\n---\n", 2, "format extension"),
    "execute option": ("---\nexecute: {daemon: true}\n---\n", 1, "`daemon`"),
    "freeze": ("---\nexecute: {freeze: auto}\n---\n", 1, "hides changed data"),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_is_outside_the_subset_names_its_row(tmp_path: Path, name: str) -> None:
    text, row, said = OUTSIDE[name]
    with pytest.raises(DxError) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(f"doc.qmd, row {row}: "), message
    assert said in message
    assert "\n" not in message


def test_a_row_in_an_included_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "inner.qmd").write_text("một\n\nhai {{< kbd a >}}\n", encoding="utf-8")
    with pytest.raises(DxError, match=r"^inner\.qmd, row 3: the shortcode `kbd`"):
        read(tmp_path, "x\n\n{{< include inner.qmd >}}\n")


def test_an_include_of_itself_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DxError, match="one includes itself"):
        read(tmp_path, "{{< include doc.qmd >}}\n")


def test_an_include_in_verbatim_text_is_text(tmp_path: Path) -> None:
    document = read(tmp_path, "```\n{{< include nothing.qmd >}}\n```\n")
    assert len(document.parts) == 1


@pytest.mark.parametrize(
    ("content", "said"), [(None, "no such file"), (b"\xff\xfe\x00", "not UTF-8")]
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "doc.qmd"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DxError, match=rf"^doc\.qmd: .*{said}"):
        read_document(path)
