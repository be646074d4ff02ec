"""Running a document once: values in their places, and errors a person can act on."""

from __future__ import annotations

import builtins
import sys
import warnings
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxreport.errors import DxError, UsageError
from dxreport.rendering import embedded, pandoc
from dxreport.rendering.execute import escape, execute
from dxreport.rendering.qmd import read_document


def run(folder: Path, text: str, parameters: dict[str, str] | None = None, **more: Any) -> Any:
    path = folder / "doc.qmd"
    path.write_text(text, encoding="utf-8")
    document = read_document(path, metadata={"execute": {"echo": False}})
    return document, execute(document, parameters or {}, folder=folder, **more)


def shown(folder: Path, text: str, parameters: dict[str, str] | None = None) -> str:
    document, notebook = run(folder, text, parameters)
    return embedded.to_markdown(notebook, document)


PARAMETERS = '```{python}\n#| tags: [parameters]\nmonth = "2024-01"\ndata_dir = "x"\n```\n\n'


def test_parameters_are_given_after_their_cell(tmp_path: Path) -> None:
    text = PARAMETERS + "Tháng `{python} month`, số liệu `{python} data_dir`.\n"
    assert shown(tmp_path, text, {"month": "2024-09"}) == "Tháng 2024\\-09, số liệu x.\n"
    assert shown(tmp_path, text) == "Tháng 2024\\-01, số liệu x.\n"


def test_an_unknown_parameter_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DxError, match=r"^doc\.qmd, row 2: there is no parameter 'moth'.*month"):
        run(tmp_path, PARAMETERS, {"moth": "2024-09"})


def test_parameters_need_a_cell(tmp_path: Path) -> None:
    with pytest.raises(DxError, match=r"^doc\.qmd: no cell is tagged `parameters`"):
        run(tmp_path, "text\n", {"month": "2024-09"})
    with pytest.raises(DxError, match=r"^doc\.qmd, row \d+: a second cell"):
        run(tmp_path, PARAMETERS + PARAMETERS, {"month": "2024-09"})


def test_inline_values_and_cells_run_in_the_order_of_the_document(tmp_path: Path) -> None:
    text = "```{python}\nn = 1\n```\n\n`{python} n`\n\n```{python}\nn += 1\n```\n\n`{python} n`\n"
    assert shown(tmp_path, text).split() == ["1", "2"]


def test_only_a_value_that_knows_its_markdown_is_markdown(tmp_path: Path) -> None:
    text = (
        "```{python}\nclass M(str):\n    def _repr_markdown_(self):\n        return str(self)\n"
        '```\n\n`{python} M("**a**")` `{python} "**a**"` `{python} M`\n'
    )
    out = shown(tmp_path, text)
    assert out.startswith("**a** \\*\\*a\\*\\* \\<class")


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=40))
def test_an_escaped_text_shows_exactly_itself(text: str) -> None:
    tree = pandoc.read(f"x {escape(text)} x\n", "markdown")
    [paragraph] = tree["blocks"]
    assert paragraph["t"] == "Para"
    said = []
    for inline in paragraph["c"]:
        assert inline["t"] in ("Str", "Space", "SoftBreak"), inline
        said.append(inline["c"] if inline["t"] == "Str" else " ")
    assert "".join(said).split() == f"x {text} x".split()


def test_what_cells_show(tmp_path: Path) -> None:
    text = (
        '```{python}\n#| output: asis\nprint("**a**")\n```\n\n'
        '```{python}\nprint("**b**")\n```\n\n'
        "```{python}\n1 + 1\n```\n\n"
        '```{python}\nfrom IPython.display import Markdown, display\ndisplay(Markdown("*c*"))\n'
        'Markdown("*d*")\n```\n\n'
        '```{python}\n#| include: false\nprint("e")\n```\n\n'
        '```{python}\n#| output: false\nprint("f")\n```\n\n'
        '```{python}\n#| eval: false\n#| echo: true\nprint("g")\n```\n\n'
        '```{python}\nprint("h");\n```\n'
    )
    assert shown(tmp_path, text) == (
        "**a**\n\n\n```\n**b**\n```\n\n```\n2\n```\n\n*c*\n\n*d*\n\n"
        '```python\nprint("g")\n```\n\n```\nh\n```\n'
    )


def test_a_value_that_not_every_format_has_is_an_error(tmp_path: Path) -> None:
    text = 'x\n\n```{python}\nfrom IPython.display import HTML\nHTML("<b>x</b>")\n```\n'
    with pytest.raises(DxError, match=r"shows itself as text/html.*output: asis"):
        run(tmp_path, text)


FAILING = {
    "in a cell": ("a\n\n```{python}\nx = 1\n1 / 0\n```\n", 5, "ZeroDivisionError"),
    "in a function": (
        "```{python}\ndef f():\n    return [][1]\n```\n\n```{python}\n#| echo: false\n\nf()\n```\n",
        3, "IndexError",
    ),
    "syntax": ("```{python}\nx = 1\ny = = 2\n```\n", 3, "SyntaxError"),
    "a name in an inline": ("a\nb `{python} nothing`\n", 2, "NameError"),
    "syntax in an inline": ("a `{python} 1 +` b\n", 1, "SyntaxError"),
    "several lines": (
        '```{python}\nraise ValueError("một\\nhai")\n```\n', 2, "ValueError: một hai",
    ),
    "an inline that prints": ("a `{python} print(1)` b\n", 1, "prints"),
    "exit": ("```{python}\nimport sys\nsys.exit(3)\n```\n", 3, "SystemExit"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILING)
def test_a_failing_line_is_named_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    text, row, said = FAILING[name]
    with pytest.raises(DxError) as caught:
        run(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(f"doc.qmd, row {row}: "), message
    assert said in message
    assert "\n" not in message
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_an_error_of_ours_passes_through(tmp_path: Path) -> None:
    text = "```{python}\nfrom dxreport.errors import UsageError\nraise UsageError('a\\nb')\n```\n"
    with pytest.raises(UsageError) as caught:
        run(tmp_path, text)
    assert str(caught.value) == "a\nb"
    text = "x `{python} __import__('dxreport').errors.DxError` y\n"
    inline = (
        "```{python}\nfrom dxreport.errors import DxError\n\ndef f():\n    raise DxError('c')\n"
        "```\n\n`{python} f()`\n"
    )
    with pytest.raises(DxError, match=r"^c$"):
        run(tmp_path, inline)


def test_the_process_is_as_it_was(tmp_path: Path) -> None:
    from IPython.core.interactiveshell import InteractiveShell

    def state() -> tuple[Any, ...]:
        return (
            sys.displayhook, sys.excepthook, sys.stdout, sys.stderr, list(sys.path), sys.argv[:],
            sys.modules["__main__"], dict(vars(builtins)), warnings.filters[:], Path.cwd(),
            InteractiveShell.initialized(),
        )  # fmt: skip

    text = "```{python}\nimport sys\nsys.path.insert(0, 'q')\nx = 1\nx\n```\n\n`{python} x`\n"
    before = state()
    run(tmp_path, text)
    assert state() == before
    with pytest.raises(DxError):
        run(tmp_path, "```{python}\n1 / 0\n```\n")
    assert state() == before


def test_one_run_knows_nothing_of_another(tmp_path: Path) -> None:
    run(tmp_path, "```{python}\nleft_over = 1\n```\n")
    with pytest.raises(DxError, match="NameError"):
        run(tmp_path, "`{python} left_over`\n")


def test_a_document_runs_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("xin", encoding="utf-8")
    assert shown(tmp_path, "`{python} open('a.txt').read()`\n") == "xin\n"


def test_the_notebook_is_the_same_everywhere(tmp_path: Path) -> None:
    text = PARAMETERS + "Tháng `{python} month`\n\n```{python}\nprint(month)\n```\n"
    made = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        given = {"month": "2024-09", "data_dir": str(folder)}
        _, notebook = run(folder, text, given, shown={"data_dir": "data"})
        nbformat.validate(notebook)
        made.append(nbformat.writes(notebook))
    assert made[0] == made[1]
    assert str(tmp_path) not in made[0]
    assert "papermill" not in made[0]
    assert "data_dir = 'data'" in made[0].replace('\\"', '"')


def test_a_notebook_keeps_what_quarto_needs(tmp_path: Path) -> None:
    _, notebook = run(tmp_path, "---\ntitle: Thử\n---\n\n" + PARAMETERS, {"month": "2024-09"})
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds == ["raw", "code", "code"]
    assert notebook.cells[0].source == "---\ntitle: Thử\n---"
    assert notebook.cells[1].metadata.tags == ["parameters"]
    assert notebook.cells[2].source.startswith("#| include: false\n")
