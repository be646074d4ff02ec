"""The two engines make the same documents, wherever a real Quarto is on the PATH."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import parity
from command import ROOT
from dxreport.site.publishing import publish_month
from rendering_helpers import MONTH, project, rendered


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parity")
    return rendered(project(folder / "p"), folder / "out").folder


def test_a_document_is_read_whole(embedded: Path) -> None:
    for name, read in parity.READERS.items():
        content = read(embedded / name)
        assert any("Đoạn được chèn" in said for said in content.sentences), name
        if name != "report.pdf":
            assert content.headings[0].startswith("1. Về mục thứ nhất")
            assert max(len(table) for table in content.tables) == 91
            assert any("Chỉ thị số 10/CT-UBND" in note for note in content.notes)
    page = parity.read_html(embedded / "index.html")
    assert page.figures == ("a/month/all: 96,95%",)


def test_a_document_is_like_itself_and_unlike_another(tmp_path: Path, embedded: Path) -> None:
    same = parity.compare(embedded, embedded)
    assert same == {"index.html": [], "report.docx": [], "report.pdf": []}
    mine = project(tmp_path / "p")
    text = mine.document.read_text(encoding="utf-8")
    mine.document.write_text(
        text.replace("96,95%", "96,96%").replace("n * 7", "n * 7 + (n == 50)"), encoding="utf-8"
    )
    other = rendered(mine, tmp_path / "out").folder
    found = parity.compare(embedded, other)
    for name, lines in found.items():
        assert any("96,96%" in line for line in lines), name
        assert any("351" in line for line in lines), name


needs_quarto = pytest.mark.skipif(
    shutil.which("quarto") is None, reason="there is no Quarto on the PATH"
)


@needs_quarto
def test_quarto_makes_the_same_documents(tmp_path: Path, embedded: Path) -> None:
    mine = project(tmp_path / "p")
    other = publish_month(mine, MONTH, mine.root / "data", tmp_path / "out", engine="quarto")
    assert other.engine.startswith("quarto ")
    found = parity.compare(embedded, other.folder)
    assert found == {"index.html": [], "report.docx": [], "report.pdf": []}


@needs_quarto
def test_the_extension_alone_makes_a_letter_by_quarto(tmp_path: Path) -> None:
    extension = ROOT / "_extensions" / "cong-van"
    shutil.copytree(extension, tmp_path / "_extensions" / "cong-van")
    readme = (extension / "README.md").read_text(encoding="utf-8")
    [example] = re.findall(r"^```markdown\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    (tmp_path / "cong-van.qmd").write_text(example, encoding="utf-8")
    subprocess.run(["quarto", "render", "cong-van.qmd"], cwd=tmp_path, check=True)
    made = {
        suffix: read(tmp_path / f"cong-van.{suffix}")
        for suffix, read in {
            "html": parity.read_html, "pdf": parity.read_pdf, "docx": parity.read_docx,
        }.items()
    }  # fmt: skip
    for suffix, content in made.items():
        assert any("trân trọng thông báo" in said for said in content.sentences), suffix
        if suffix != "pdf":
            assert content.headings == ("1. Nội dung", "Phụ lục 1")
            assert content.tables[-1][-1] == ("1", "UBND huyện A", "Quý I")
