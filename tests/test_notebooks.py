"""The notebooks are thin, run for any month, and are published whole or not at all."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from pathlib import Path

import nbformat
import polars as pl
import pytest

from builders import Folder, small_folder, small_frames, write_folder
from command import ROOT
from dxreport import cli, notebooks
from dxreport.config import Project
from dxreport.errors import DxError
from dxreport.periods import Month
from dxreport.site.publishing import publish_notebooks

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = ["01-tong-quan", "02-pakn", "03-van-ban-ban-sao", "04-thu-tuc-hanh-chinh"]
HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return small_folder(tmp_path_factory.mktemp("notebooks") / "data", 3)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project beside ours, with notebooks of its own and everything else of ours."""
    root = tmp_path / "project"
    (root / "notebooks").mkdir(parents=True)
    for name in ("report.qmd", "_quarto.yml", "data", "_extensions"):
        (root / name).symlink_to(ROOT / name)
    return Project(root)


def write(project: Project, name: str, *sources: str) -> None:
    """A notebook that builds no report: parameters, then a code cell for each source."""
    code = nbformat.v4.new_code_cell
    first = code('month = "2024-09"\ndata_dir = "x"', id="a")
    first.metadata["tags"] = ["parameters"]
    cells = [code(source, id=f"b{at}") for at, source in enumerate(sources)]
    nbformat.write(
        nbformat.v4.new_notebook(cells=[first, *cells]), project.notebooks / f"{name}.ipynb"
    )


# --- as they are stored ----------------------------------------------------------------------


def test_the_notebooks_are_these() -> None:
    assert [path.stem for path in NOTEBOOKS] == NAMES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_without_outputs_and_with_ids_of_its_own(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]+", cell_id) for cell_id in ids), ids
    for cell in notebook["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert set(cell["metadata"]) <= {"tags"}
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_has_one_parameters_cell_and_asks_questions(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    tagged = [cell for cell in notebook.cells if cell.metadata.get("tags") == ["parameters"]]
    (cell,) = tagged
    named = [
        node.targets[0].id
        for node in ast.parse(cell.source).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    ]
    assert named == ["month", "data_dir"]
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert prose[0].startswith("# ")
    assert sum("?" in text for text in prose) >= 3


# --- thin ------------------------------------------------------------------------------------

# What a cell may be made of: it imports, names the report, and shows parts of it.
STATEMENTS = (ast.Import, ast.ImportFrom, ast.Assign, ast.Expr)
EXPRESSIONS = (
    ast.Call,
    ast.Attribute,
    ast.Name,
    ast.Constant,
    ast.List,
    ast.keyword,
    ast.Load,
    ast.Store,
    ast.alias,
)
METHODS = {"get", "frame", "sources"}


def faults(source: str) -> list[str]:
    """What is in a cell that belongs into the package."""
    found = []
    for node in ast.walk(ast.parse(source)):
        line = ast.unparse(node) if not isinstance(node, ast.Module) else ""
        if not isinstance(node, (ast.Module, *STATEMENTS, *EXPRESSIONS)):
            found.append(f"{type(node).__name__}: {line}")
        elif isinstance(node, ast.Import | ast.ImportFrom) and not line.startswith(
            "from dxreport."
        ):
            found.append(f"import: {line}")
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr not in METHODS
        ):
            found.append(f"call: {line}")
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_thin(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert len(cells) > 3
    assert [fault for source in cells for fault in faults(source)] == []
    assert sum(source.count("build_report(month, data_dir)") for source in cells) == 1
    assigned = [node for source in cells for node in ast.parse(source).body]
    kept = [ast.unparse(node.targets[0]) for node in assigned if isinstance(node, ast.Assign)]
    assert kept == ["month", "data_dir", "r"]


@pytest.mark.parametrize(
    "source",
    [
        "r.analysis.processing.group_by('scope').len()",
        "r.facts.frame().filter(x)",
        "r.facts.frame().with_columns(a)",
        "f'{r.month}'",
        "'{}'.format(r.month)",
        "'%s' % r.month",
        "1 + 1",
        "r.facts.rows[0]",
        "[f for f in r.facts]",
        "for f in r.facts: f",
        "def a(): pass",
        "import polars",
        "from polars import col",
        "lambda: 1",
        "if True: 1",
    ],
)
def test_what_a_thin_notebook_does_not_do(source: str) -> None:
    assert faults(source)


# --- run and published -----------------------------------------------------------------------


def test_all_run_and_are_published(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    month, out = folder.months[-1], tmp_path / "site"
    status = cli.main(["notebooks", month, "--data", str(folder.path), "--out", str(out)])
    said = capsys.readouterr()
    assert (status, said.err) == (0, "")
    published = out / month / "notebooks"
    names = {path.name for path in published.iterdir()}
    assert names == {f"{name}.{kind}" for name in NAMES for kind in ("ipynb", "html")}
    assert [path.name for path in (out / month).iterdir()] == ["notebooks"]
    cases = set(folder.frames["pakn"]["pakn_id"])
    assert cases
    for path in published.iterdir():
        text = path.read_text(encoding="utf-8")
        for private in (str(ROOT), str(tmp_path), str(folder.path.parent)):
            assert private not in text, (path.name, private)
        assert not [case for case in cases if f">{case}<" in text or f";{case}&" in text]
        if path.suffix == ".ipynb":
            executed = nbformat.reads(text, as_version=4)
            nbformat.validate(executed)
            assert not STAMP.search(text)
            assert f"month = '{month}'" in text
            assert any(cell.get("outputs") for cell in executed.cells)
        else:
            assert "Content-Security-Policy" in text
            assert text.count("<h1") == 1
            assert all(f'href="{name}.html"' in text for name in NAMES)
            assert 'href="report.pdf"' not in text
    deep = (published / "02-pakn.html").read_text(encoding="utf-8")
    assert deep.count('<div class="vega"') == deep.count('<figure class="chart"') > 5
    assert "make explore" in deep


def test_the_same_bytes_every_time(folder: Folder) -> None:
    month = Month.parse(folder.months[-1])
    made = set()
    for _ in range(2):
        done = notebooks.run_notebook(NOTEBOOKS[0], Project(ROOT), month, folder.path)
        page = notebooks.to_page(done, [done], Project(ROOT), month)
        made.add(hashlib.sha256((page + nbformat.writes(done.notebook)).encode()).hexdigest())
    assert len(made) == 1


def test_names_from_data_run_nothing_and_columns_outside_the_contract_go_nowhere(
    tmp_path: Path,
) -> None:
    frames = small_frames(3)
    name = pl.lit(HOSTILE).alias("name")
    frames["units"] = frames["units"].with_columns(name, name.alias("short_name"))
    frames["topics"] = frames["topics"].with_columns(name)
    frames["pakn"] = frames["pakn"].with_columns(citizen=pl.lit("Nguyễn Văn Kín 0912345678"))
    write_folder(tmp_path / "data", frames)
    month = Month.parse(sorted(frames["documents"]["month"])[-1])
    checked = 0
    for path in NOTEBOOKS[:2]:
        done = notebooks.run_notebook(path, Project(ROOT), month, tmp_path / "data")
        page = notebooks.to_page(done, [done], Project(ROOT), month)
        for text in (page, nbformat.writes(done.notebook)):
            assert "Văn Kín" not in text
            assert "0912345678" not in text
        assert HOSTILE not in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        checked += page.count("alert(1)")
    assert checked > 10


def test_a_notebook_that_fails_says_where_and_leaves_what_was_published(
    project: Project, folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, "01-runs", "1")
    write(project, "02-fails", "2", "3\nnothing_of_that_name\n")
    month, out = folder.months[-1], tmp_path / "site"
    before = out / month / "notebooks"
    before.mkdir(parents=True)
    (before / "01-runs.html").write_text("as it was")
    status = cli.main(
        [
            *("--project", str(project.root), "notebooks", month),
            *("--data", str(folder.path), "--out", str(out)),
        ]
    )
    said = capsys.readouterr()
    assert status == 1
    (line,) = said.err.splitlines()
    assert line == (
        "dxreport: 02-fails.ipynb, cell 3, row 2: "
        "NameError: name 'nothing_of_that_name' is not defined"
    )
    assert [path.name for path in before.iterdir()] == ["01-runs.html"]
    assert (before / "01-runs.html").read_text() == "as it was"
    assert [path.name for path in (out / month).iterdir()] == ["notebooks"]


def test_published_again_the_old_files_are_gone(
    project: Project, folder: Folder, tmp_path: Path
) -> None:
    month = Month.parse(folder.months[-1])
    write(project, "01-first", "1")
    publish_notebooks(project, month, folder.path, tmp_path / "site")
    (project.notebooks / "01-first.ipynb").unlink()
    write(project, "01-second", "'<b>'", "print('a``````b')")
    files = publish_notebooks(project, month, folder.path, tmp_path / "site")
    assert [path.name for path in files] == ["01-second.html", "01-second.ipynb"]
    assert sorted(files[0].parent.iterdir()) == list(files)
    page = files[0].read_text(encoding="utf-8")
    assert "&lt;b&gt;" in page
    assert "a``````b" in page


def test_the_report_links_to_them_once_they_are_there(
    project: Project, folder: Folder, tmp_path: Path
) -> None:
    write(project, "01-mot", "1 + 1")
    month = Month.parse(folder.months[-1])
    report = tmp_path / "out" / str(month) / "index.html"
    report.parent.mkdir(parents=True)
    report.write_text("<ul>\n<!-- so-tay -->\n</ul>", encoding="utf-8")
    for _ in range(2):
        publish_notebooks(project, month, folder.path, tmp_path / "out")
    links = re.findall('href="([^"]+)"', report.read_text(encoding="utf-8"))
    assert links == ["notebooks/01-mot.html"]
    assert (report.parent / links[0]).is_file()
    assert sorted(path.name for path in report.parent.iterdir()) == ["index.html", "notebooks"]


def test_the_template_has_a_place_for_the_link(rendered: Path) -> None:
    assert "<!-- so-tay -->" in (rendered / "index.html").read_text(encoding="utf-8")


def test_a_month_without_data_is_an_error(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = cli.main(
        ["notebooks", "1999-01", "--data", str(folder.path), "--out", str(tmp_path / "site")]
    )
    (line,) = capsys.readouterr().err.splitlines()
    assert status == 1
    assert "1999-01: no data" in line
    assert not (tmp_path / "site").exists()


def test_a_file_that_is_no_notebook(project: Project) -> None:
    path = project.notebooks / "01-x.ipynb"
    path.write_text("{}")
    with pytest.raises(DxError, match=r"01-x\.ipynb: not a notebook"):
        notebooks.read_notebook(path)


def test_no_notebook_at_all(project: Project, folder: Folder, tmp_path: Path) -> None:
    month = Month.parse(folder.months[-1])
    with pytest.raises(DxError, match="no notebook here"):
        publish_notebooks(project, month, folder.path, tmp_path)
