"""The letter as a reader reads it, in the months where sentences go wrong.

The sentences are those of `report.qmd`, run with facts made by hand.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pypandoc
import pytest
from syrupy.assertion import SnapshotAssertion

from builders import small_frames, write_folder
from command import ROOT
from dxreport import report
from dxreport.catalogue import Catalogue
from dxreport.computed import Computed
from dxreport.config import Project, office
from dxreport.errors import DxError
from dxreport.markup import Markdown, md_escape
from dxreport.periods import Month
from dxreport.reading import Dataset, Tables, read_tables
from dxreport.rendering.qmd import Document, Text, read_document
from dxreport.report import Report, build_report, read_laws, require_month
from tables_data import Counted, facts_of, full_catalogue, unit, with_units

SEPTEMBER = Month(2024, 9)
PLACES = (
    unit("SNV", "Sở Nội vụ", "province", "department"),
    unit("STC", "Sở Tài chính", "province", "department"),
    unit("D1", "Thành phố Bắc Ninh", "district"),
    unit("D2", "Huyện Gia Bình", "district"),
    unit("D3", "Thị xã Quế Võ", "district"),
    unit("C1", "Phường Vạn An", "commune", parent="D1"),
    unit("C2", "Xã Thái Bảo", "commune", parent="D2"),
    unit("C3", "Phường Phố Mới", "commune", parent="D3"),
    unit("HCC1", "Trung tâm Hành chính công tỉnh", "province", "service_centre"),
    unit("HCC2", "Trung tâm Hành chính công Huyện Gia Bình", "district", "service_centre"),
    unit("DN", "Doanh nghiệp điện lực", "province", "enterprise"),
)
CATALOGUE = with_units(full_catalogue(), PLACES)
TWO_TIER = with_units(
    full_catalogue(),
    [
        unit("SNV", "Sở Nội vụ", "province", "department"),
        unit("C1", "Phường Vạn An", "commune"),
        unit("C2", "Xã Thái Bảo", "commune"),
        unit("C3", "Phường Phố Mới", "commune"),
        unit("HCC1", "Trung tâm Phục vụ hành chính công tỉnh", "province", "service_centre"),
        unit("DN", "Doanh nghiệp điện lực", "province", "enterprise"),
    ],
)
UNITS = ("SNV", "STC", "D1", "D2", "D3", "C1", "C2", "C3")
DISTRICTS = ("D1", "D2", "D3")


def rows(period: str, units: Iterable[str], *numbers: tuple[int, ...]) -> list[Counted]:
    """What each unit counted, in turn; the last numbers go to all who are left."""
    padded = [*numbers, *[numbers[-1]] * 200]
    return [(u, cast(Any, period), "", n) for u, n in zip(units, padded, strict=False)]


def both(units: Iterable[str], *numbers: tuple[int, ...]) -> list[Counted]:
    units = tuple(units)
    return rows("month", units, *numbers) + rows("ytd", units, *numbers)


def dossiers(units: Iterable[str], *numbers: tuple[int, ...]) -> list[Counted]:
    return [(u, p, "province", n) for u, p, _, n in rows("end", units, *numbers)]


def handled(units: Iterable[str], *numbers: tuple[int, int, int]) -> list[Counted]:
    """(received, resolved, rated with 4 stars), each resolved in two days."""
    full = [
        (n, done, n - done, rated, 4 * rated, 172_800 * done, done, n) for n, done, rated in numbers
    ]
    return [(u, p, "rac-thai", n) for u, p, _, n in both(units, *full)]


@cache
def document() -> Document:
    return read_document(ROOT / "report.qmd")


def letter(
    counts: Mapping[str, list[Counted]], catalogue: Catalogue = CATALOGUE, month: Month = SEPTEMBER
) -> str:
    """The letter up to its signature, as plain text."""
    project = Project(ROOT)
    made = Report(
        project=project,
        computed=Computed(
            tables=cast(Tables, SimpleNamespace(dataset=Dataset("Số liệu thử", True))),
            catalogue=catalogue,
            facts=facts_of(counts, catalogue, month),
        ),
        office=office(project),
        laws=read_laws(project.reference),
    )
    names: dict[str, Any] = {}
    parts: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "build_report", lambda *_, **__: made)
        for part in document().parts:
            if isinstance(part, Text):
                parts.append(spliced(part, names))
                if ".chu-ky" in part.source:
                    break
            else:
                printed = io.StringIO()
                with contextlib.redirect_stdout(printed):
                    exec(part.source, names)
                parts.append(printed.getvalue())
    text = "\n\n".join(parts).partition("::: {.chu-ky}")[0]
    plain = pypandoc.convert_text(text, "plain", "markdown-smart", extra_args=["--wrap=none"])
    return str(plain)


def spliced(part: Text, names: dict[str, Any]) -> str:
    text, at = "", 0
    for inline in part.inlines:
        value = eval(inline.expression, names)
        assert isinstance(value, Markdown | int), inline.expression
        text += part.source[at : inline.start] + str(value)
        at = inline.end
    return text + part.source[at:]


EVERYONE = {
    "documents": both(UNITS, (10, 10)) + rows("previous", UNITS, (5, 5)),
    "e_copies": both(UNITS[2:], (10, 10)),
    "pakn": handled((*DISTRICTS, "HCC1", "HCC2", "DN"), (6, 6, 2)),
    "procedures": dossiers(UNITS[:5], (50, 50, 0, 50, 20, 20)),
}
NOBODY = {
    "documents": both(UNITS, (10, 5), (10, 4), (10, 3), (10, 2)),
    "e_copies": both(UNITS[2:], (10, 1), (10, 2), (10, 3)),
    "pakn": handled((*DISTRICTS, "HCC1", "DN"), (6, 0, 0), (5, 0, 0), (4, 0, 0)),
    "procedures": dossiers(UNITS[:5], (50, 10, 5, 10, 20, 1), (40, 8, 4, 8, 10, 0)),
}
AT_TARGET = {
    "documents": both(UNITS, (10, 9), (10, 9), (10, 8)),
    "e_copies": both(DISTRICTS, (10, 7)) + both(("C1", "C2", "C3"), (10, 6)),
    "pakn": handled(DISTRICTS, (4, 2, 1), (4, 2, 1), (1, 1, 1)),
    "procedures": dossiers(("SNV", "STC"), (10, 9, 0, 10, 20, 19))
    + dossiers(DISTRICTS, (100, 85, 3, 100, 20, 19)),
}
TIES = {
    "documents": both(UNITS, (10, 10), (10, 9), (20, 19), (20, 19), (20, 18), (9, 9)),
    "e_copies": both(DISTRICTS, (10, 9), (10, 0), (10, 0))
    + both(("C1", "C2", "C3"), (5, 5), (5, 1), (5, 1)),
    "pakn": handled((*DISTRICTS, "HCC1", "HCC2"), (9, 3, 1), (9, 9, 2), (2, 2, 1)),
    "procedures": dossiers(UNITS[:5], (50, 50, 2, 50, 20, 20), (50, 10, 2, 50, 20, 20)),
}
MIXED = {
    "documents": both(UNITS, (0, 0), (100, 95), (0, 0), (50, 39), (50, 49), (100, 99), (0, 0)),
    "e_copies": both(UNITS[2:], (0, 0), (5, 4), (5, 2), (8, 1), (0, 0), (9, 8)),
    "pakn": handled((*DISTRICTS, "HCC1"), (0, 0, 0), (5, 4, 3), (9, 1, 0), (7, 1, 0)),
    "procedures": [
        *dossiers(("SNV", "STC"), (100, 44, 1, 99, 0, 0), (40, 0, 0, 40, 9, 9)),
        *dossiers(DISTRICTS, (90, 89, 0, 89, 9, 8)),
        ("STC", "end", "Bộ Tài chính", (37, 34, 0, 37, 0, 0)),
    ],
}
TWO_TIER_COUNTS = {
    "documents": both(("SNV", "C1", "C2", "C3"), (10, 10), (10, 8), (10, 9), (10, 7)),
    "e_copies": both(("C1", "C2", "C3"), (10, 6), (10, 9), (10, 1)),
    "pakn": handled(("C1", "C2", "C3", "HCC1"), (9, 3, 1), (5, 5, 3), (2, 1, 0)),
    "procedures": dossiers(("SNV", "C1", "C2", "C3"), (50, 46, 0, 50, 9, 9), (20, 15, 4, 18, 5, 5)),
}

LETTERS: dict[str, tuple[Mapping[str, list[Counted]], Catalogue, Month]] = {
    "everyone meets, everything resolved, nothing changed": (EVERYONE, CATALOGUE, SEPTEMBER),
    "nobody meets, nothing resolved, nobody rated": (NOBODY, CATALOGUE, SEPTEMBER),
    "exactly at the targets": (AT_TARGET, CATALOGUE, SEPTEMBER),
    "ties": (TIES, CATALOGUE, SEPTEMBER),
    "some units have nothing": (MIXED, CATALOGUE, SEPTEMBER),
    "no PAKN, no dossier": ({"documents": both(UNITS, (10, 9))}, CATALOGUE, SEPTEMBER),
    "January": (NOBODY, CATALOGUE, Month(2024, 1)),
    "December": (EVERYONE, CATALOGUE, Month(2024, 12)),
    "two tiers": (TWO_TIER_COUNTS, TWO_TIER, Month(2025, 9)),
}


@pytest.fixture(scope="module")
def letters() -> dict[str, str]:
    return {name: letter(*given) for name, given in LETTERS.items()}


@pytest.mark.parametrize("name", LETTERS)
def test_letter(name: str, letters: dict[str, str], snapshot: SnapshotAssertion) -> None:
    assert letters[name] == snapshot


def test_every_letter_is_clean(letters: dict[str, str]) -> None:
    """No double stop, no empty bracket, no Python in the text, no markdown left over."""
    wrong = re.compile(r"\.\.|,,|;;|[(\[]\s*[)\]]| [,.;:]|\bNone\b|\bTrue\b|\*\*|\{|\}|: *\.")
    assert len(letters) == len(LETTERS)
    for name, text in letters.items():
        assert "trân trọng báo cáo./." in text
        assert "số liệu mô phỏng" in text
        found = wrong.search(text.replace("./.", ""))
        assert found is None, (name, text[found.start() - 60 : found.end() + 30] if found else "")


def test_two_tiers_know_no_district(letters: dict[str, str]) -> None:
    text = letters["two tiers"].lower()
    assert "phường vạn an" in text
    assert "cấp huyện" not in text
    assert "huyện, thị xã" not in text
    # Those of the communes close up to where those of the districts were.
    assert "Phụ lục 1.3" not in letters["two tiers"]
    assert "Phụ lục 1.2" in letters["two tiers"]
    assert "Phụ lục 3 " in letters["two tiers"]


def test_every_section_is_there_in_every_letter(letters: dict[str, str]) -> None:
    for text in letters.values():
        heads = re.findall(r"^(\d)\. Về ", text, re.MULTILINE)
        assert heads == ["1", "2", "3", "4", "5", "6"]
        assert len(re.findall(r"^\[\d\] Theo ", text, re.MULTILINE)) == 6


def test_no_sentence_is_the_dispatchs_own(letters: dict[str, str]) -> None:
    """The letter of the sample's September shares facts with the dispatch, not sentences."""
    own = " ".join(letters["ties"].split())
    for theirs in (
        "các cơ quan, đơn vị, địa phương trên địa bàn tỉnh đạt và vượt chỉ tiêu được giao",
        "các UBND cấp huyện còn lại đều đạt chỉ tiêu được giao là trên",
        "Các vấn đề nhận được sự quan tâm của nhân dân nhiều nhất là",
        "vẫn còn tình trạng hồ sơ quá hạn, chủ yếu thuộc cấp huyện",
    ):
        assert theirs not in own


# -- what the report is built from --------------------------------------------------------------


def test_footnotes_state_the_targets_in_force() -> None:
    """The minimum of each level and the due date come from the targets, not from prose."""
    text = letter(TIES)
    assert "đạt tối thiểu 90% ở cấp tỉnh, 80% ở cấp huyện và 80% ở cấp xã" in text
    assert "đạt tối thiểu 70% ở cấp huyện và 60% ở cấp xã, chậm nhất ngày 31/12/2024" in text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data")
    write_folder(path, small_frames(2))
    return path


def test_a_month_without_data_names_the_months_that_have_some(folder: Path) -> None:
    tables = read_tables(folder, Project(ROOT).reference)
    with pytest.raises(DxError) as raised:
        require_month(tables, Month(2023, 12))
    assert re.fullmatch(
        r"2023-12: no data; the folder has (\d{4}-\d\d)( to \d{4}-\d\d)?(, .*)?", str(raised.value)
    )
    assert raised.value.exit_status == 1
    require_month(tables, Month(2024, 12))


def test_a_report_shows_its_sources_and_definitions(folder: Path) -> None:
    made = build_report("2024-12", folder, ROOT)
    sources = str(made.sources())
    assert len(made.tables.sources) >= 7
    for source in made.tables.sources:
        assert md_escape(source.path.name) in sources
        assert source.sha256[:12] in sources
    definitions = made.definitions()
    shown = {fact.indicator for fact in made.facts} & set(made.catalogue.indicators)
    assert definitions.count("\n") == len(shown) + 3
    assert made.is_synthetic is made.tables.dataset.synthetic


def test_cards_give_each_verdict(folder: Path) -> None:
    made = build_report("2024-12", folder, ROOT)
    cards = str(made.cards())
    facts = re.findall(r'data-fact="([^"]+)">([^<]+)</span>( <span class="verdict (\w+)")?', cards)
    by_key = {fact.key: fact for fact in made.facts}
    assert facts
    for key, printed, _, tone in facts:
        fact = by_key[key]
        assert printed == fact.printed
        assert tone == {True: "met", False: "missed", None: ""}[fact.met]
