"""The archive: what it shows, where its links lead, and that it follows the months."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

import lxml.html
import pytest

from dxreport.errors import DxError, UsageError
from dxreport.periods import Month
from dxreport.site.archive import Figure, read_archive
from dxreport.site.copying import publish_to
from dxreport.site.manifest import verify
from dxreport.site.placing import locked, renew, withdraw_month
from dxreport.site.sparkline import sparkline
from rendering_helpers import project
from site_helpers import LOOK, fill, leftovers, months, put, signed, tree

JULY, AUGUST, SEPTEMBER = months("2024-07", "2024-08", "2024-09")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    out = tmp_path / "site"
    for month in (AUGUST, SEPTEMBER, JULY):
        put(out, month, f"trang-{month}")
    return out


def links(page: Path, selector: str = "//a/@href") -> list[str]:
    return list(lxml.html.fromstring(page.read_text(encoding="utf-8")).xpath(selector))


def assert_whole(out: Path) -> None:
    """Every manifest is true, every link leads to a file, nothing was left aside."""
    for folder in (path for path in out.iterdir() if path.is_dir()):
        verify(folder)
    pages = [path for path in out.rglob("*.html") if not path.name.startswith(".")]
    for page in pages:
        for link in links(page):
            if not link.startswith("#"):
                # A file share opens no folder: every link names its file.
                assert (page.parent / link).resolve().is_file(), f"{page}: {link}"
    assert leftovers(out) == []


def test_months_stand_newest_first_with_their_figures_and_verdicts(site: Path) -> None:
    assert_whole(site)
    page = lxml.html.fromstring((site / "index.html").read_text(encoding="utf-8"))
    names = [text.strip() for text in page.xpath("//main//ol//a/text()")]
    assert names == ["Tháng 9/2024", "Tháng 8/2024", "Tháng 7/2024"]
    heads = ["".join(node.itertext()).split() for node in page.xpath("//main//h2|//article/div/h3")]
    assert heads[0] == ["Mới", "nhất", "Tháng", "9/2024"]
    assert [head[1] for head in heads if len(head) == 2] == ["8/2024", "7/2024"]
    figures = page.xpath("//*[@class='figure']/text()")
    assert figures == ["96,95%"] * 3
    verdicts = [text.strip() for text in page.xpath("//*[contains(@class, 'verdict')]/text()")]
    assert verdicts == ["Đạt (tối thiểu 90%)", "Đạt", "Đạt"]
    assert len(page.xpath("//svg")) == 1


def test_each_month_links_to_the_one_before_and_the_one_after(site: Path) -> None:
    put(site, Month(2025, 2))  # months may be missing between two

    def ways(name: str) -> dict[str, str]:
        nodes = lxml.html.fromstring((site / name / "index.html").read_bytes()).xpath("//nav//a")
        return {node.get("rel") or "archive": node.get("href") for node in nodes}

    archive = {"archive": "../index.html"}
    assert ways("2024-07") == archive | {"next": "../2024-08/index.html"}
    assert ways("2024-08") == archive | {
        "prev": "../2024-07/index.html",
        "next": "../2024-09/index.html",
    }
    assert ways("2025-02") == archive | {"prev": "../2024-09/index.html"}
    assert ways("latest") == ways("2025-02")
    assert_whole(site)


def test_latest_is_the_newest_month_at_an_address_of_its_own(site: Path) -> None:
    newest, latest = tree(site / "2024-09"), tree(site / "latest")
    assert newest.keys() == latest.keys()
    differ = {name for name in newest if newest[name] != latest[name]}
    assert differ == {"index.html", "manifest.json"}
    assert not (site / "latest").is_symlink()
    assert links(site / "latest" / "index.html", "//a[@rel='bookmark']/@href") == [
        "../2024-09/index.html"
    ]
    put(site, JULY, "anew")
    assert b"trang-2024-09" in (site / "latest" / "index.html").read_bytes()
    put(site, Month(2024, 10), "newer")
    assert b"newer" in (site / "latest" / "index.html").read_bytes()


def test_the_order_of_publishing_does_not_matter(tmp_path: Path) -> None:
    made = []
    for order in itertools.permutations((JULY, AUGUST, SEPTEMBER)):
        out = tmp_path / "-".join(map(str, order))
        for month in order:
            put(out, month, str(month))
        made.append(tree(out))
    assert all(other == made[0] for other in made)


def test_a_new_neighbour_changes_nothing_but_the_links(site: Path) -> None:
    before = signed(site / "2024-09")
    put(site, Month(2024, 10))
    after = signed(site / "2024-09")
    assert before["neighbours"] == {"previous": "2024-08", "next": None}
    assert after["neighbours"] == {"previous": "2024-08", "next": "2024-10"}
    assert before["page_without_months_sha256"] == after["page_without_months_sha256"]
    changed = {"neighbours", "files"}
    assert {k for k in before if before[k] != after[k]} == changed
    verify(site / "2024-09")


def test_a_month_that_goes_leaves_no_link_to_it(site: Path) -> None:
    with locked(site):
        withdraw_month(site, AUGUST, LOOK)
    assert_whole(site)
    assert not (site / "2024-08").exists()
    assert "../2024-09/index.html" in links(site / "2024-07" / "index.html")
    with locked(site):
        withdraw_month(site, SEPTEMBER, LOOK)
    assert b"trang-2024-07" in (site / "latest" / "index.html").read_bytes()
    with locked(site):
        withdraw_month(site, JULY, LOOK)
        with pytest.raises(DxError, match="2024-07: is not published"):
            withdraw_month(site, JULY, LOOK)
    assert sorted(tree(site)) == ["index.html"]
    assert "Chưa có báo cáo nào" in (site / "index.html").read_text(encoding="utf-8")


def test_a_site_whose_folders_were_moved_by_hand_is_brought_up_to_date(site: Path) -> None:
    (site / "2024-09").rename(site / "2024-11")
    (site / "unrelated").mkdir()
    with locked(site):
        renew(site, LOOK)
    assert "../2024-11/index.html" in links(site / "2024-08" / "index.html")
    assert "2024-09" not in (site / "index.html").read_text(encoding="utf-8")
    (site / "unrelated").rmdir()
    assert_whole(site)


def test_figures_are_those_that_were_published_and_texts_are_escaped(site: Path) -> None:
    put(site, SEPTEMBER, printed="<b>12,3%</b>", name="'=1+1", met="false", target="95.5")
    text = (site / "index.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;12,3%&lt;/b&gt;" in text
    assert "<dt>=1+1</dt>" in text
    assert "Chưa đạt (tối thiểu 95,5%)" in text
    assert "Báo cáo &lt;thử&gt;" in text
    assert "Sở &amp; ban" in text


def test_a_figure_without_a_value_or_a_target(site: Path) -> None:
    put(
        site, SEPTEMBER, printed="không phát sinh", value="", target="", met="", denominator="0",
    )  # fmt: skip
    page = lxml.html.fromstring((site / "index.html").read_text(encoding="utf-8"))
    card = page.xpath("//section[@aria-labelledby='moi-nhat']")[0]
    assert card.xpath(".//*[@class='figure']/text()") == ["không phát sinh"]
    assert card.xpath(".//*[contains(@class, 'verdict')]") == []


def test_months_of_earlier_versions_and_without_a_page_are_listed(site: Path) -> None:
    old = site / "2023-12"
    old.mkdir()
    (old / "index.html").write_text("<html>as it was</html>", encoding="utf-8")
    paper = site / "2024-12"
    paper.mkdir()
    (paper / "report.pdf").write_bytes(b"%PDF-")
    with locked(site):
        renew(site, LOOK)
    assert (old / "index.html").read_text(encoding="utf-8") == "<html>as it was</html>"
    listed = links(site / "index.html", "//main//ol//a/@href")
    assert listed[0] == "2024-12/report.pdf"
    assert listed[-1] == "2023-12/index.html"
    assert b"trang-2024-09" in (site / "latest" / "index.html").read_bytes()
    assert "../2023-12/index.html" in links(site / "2024-07" / "index.html")


def test_a_published_file_is_never_written_into(site: Path) -> None:
    """Files are shared between a month and `latest` by hard links."""
    page, pdf = site / "2024-09" / "index.html", site / "2024-09" / "report.pdf"
    kept = [path.open("rb") for path in (page, pdf)]
    before = [path.read_bytes() for path in (page, pdf)]
    put(site, SEPTEMBER, "anew")
    put(site, Month(2024, 10), "next")
    assert [file.read() for file in kept] == before
    for file in kept:
        file.close()


# --- elsewhere -------------------------------------------------------------------------------


def test_published_elsewhere_the_site_is_the_same(site: Path, tmp_path: Path) -> None:
    mine = project(tmp_path / "p")
    assert publish_to(mine, site, tmp_path / "there") == (JULY, AUGUST, SEPTEMBER)
    assert_whole(tmp_path / "there")
    ours, theirs = tree(site), tree(tmp_path / "there")
    ours.pop("index.html")
    theirs.pop("index.html")  # it has this project's look
    assert ours == theirs


def test_one_month_joins_the_others_there(site: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    put(there, Month(2024, 6))
    put(there, Month(2024, 10))
    publish_to(project(tmp_path / "p"), site, there, [AUGUST])
    assert_whole(there)
    assert sorted(p.name for p in there.iterdir() if p.is_dir()) == [
        "2024-06", "2024-08", "2024-10", "latest",
    ]  # fmt: skip
    assert signed(there / "2024-08")["neighbours"] == {"previous": "2024-06", "next": "2024-10"}


def test_across_file_systems(site: Path, tmp_path: Path) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("/dev/shm is no other file system here")
    there = memory / f"dxreport-{os.getpid()}"
    try:
        publish_to(project(tmp_path / "p"), site, there)
        assert_whole(there)
    finally:
        import shutil

        shutil.rmtree(there, ignore_errors=True)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda f: (f / "report.pdf").write_bytes(b"%PDF-cut"), "report.pdf: is not the file"),
        (lambda f: (f / "facts.csv").unlink(), "facts.csv: is missing"),
        (lambda f: (f / "more.txt").write_bytes(b""), "more.txt: is not in the folder's"),
        (lambda f: (f / "manifest.json").unlink(), "has no manifest.json of this version"),
    ],
)
def test_what_is_not_as_it_was_signed_is_not_published(
    site: Path, tmp_path: Path, harm, said: str
) -> None:
    there = tmp_path / "there"
    put(there, AUGUST, "before")
    before = tree(there)
    harm(site / "2024-08")
    with pytest.raises(DxError, match=re.escape(said)):
        publish_to(project(tmp_path / "p"), site, there)
    assert tree(there) == before
    assert leftovers(there) == []


def test_wrong_places(site: Path, tmp_path: Path) -> None:
    mine = project(tmp_path / "p")
    with pytest.raises(UsageError, match="is where the site lies already"):
        publish_to(mine, site, site)
    with pytest.raises(DxError, match=r"2024-10: is not published in .*; it has 2024-07, 2024-08"):
        publish_to(mine, site, tmp_path / "there", months("2024-10"))
    (tmp_path / "nothing").mkdir()
    with pytest.raises(DxError, match="has no published month"):
        publish_to(mine, tmp_path / "nothing", tmp_path / "there")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DxError, match="cannot be written to"):
        publish_to(mine, site, tmp_path / "file" / "there")
    assert not (tmp_path / "there").exists()


# --- small drawings --------------------------------------------------------------------------


def figure(value: float | None, printed: str = "") -> Figure:
    return Figure("k", "n", printed or str(value), 1, 2, value, None, None)


def test_a_sparkline_is_true_to_time_and_tells_its_ends() -> None:
    series = [
        (Month(2024, 1), figure(10, "10%")),
        (Month(2024, 2), figure(20, "20%")),
        (Month(2024, 4), figure(None)),
        (Month(2024, 5), figure(0, "0%")),
    ]
    drawn = sparkline(series)
    assert drawn is not None
    assert drawn.lines == ("4,16 32,4", "116,28 116,28")
    assert drawn.end == ("116", "28")
    assert drawn.words == (
        "Diễn biến từ 10% (tháng 01/2024) đến 0% (tháng 5/2024); "
        "thấp nhất 0% (tháng 5/2024), cao nhất 20% (tháng 02/2024)"
    )
    assert sparkline(series[:1]) is None
    level = sparkline([(Month(2024, 1), figure(5)), (Month(2024, 2), figure(5))])
    assert level is not None
    assert level.lines == ("4,16 116,16",)


def test_an_archive_of_nothing(tmp_path: Path) -> None:
    assert read_archive(tmp_path / "none").entries == ()
    folder = tmp_path / "2024-09"
    folder.mkdir()
    assert read_archive(tmp_path).entries == ()
    fill(folder, SEPTEMBER)
    assert [entry.month for entry in read_archive(tmp_path).entries] == [SEPTEMBER]
