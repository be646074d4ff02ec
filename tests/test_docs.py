"""What the documentation must not leave out."""

from __future__ import annotations

import re

from command import ROOT
from dxreport.catalogue import HeadlineSpec, Indicator, Settings, TargetMet
from dxreport.config import read_yaml


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_key_of_the_indicators_is_described() -> None:
    page = text("data/README.md")
    part = page[page.index("### `indicators.yml`") : page.index("### `targets.csv`")]
    keys = set(read_yaml(ROOT / "data" / "reference" / "indicators.yml"))
    for model in (Indicator, TargetMet, HeadlineSpec, Settings):
        keys |= set(model.__dataclass_fields__) - {"id"}
    assert sorted(key for key in keys if f"`{key}`" not in part) == []


def test_the_two_readmes_are_in_step() -> None:
    english, vietnamese = text("README.md"), text("README.vi.md")
    for pattern in (r"^## ", r"\]\(docs/([\w-]+)\.md", r"^    (dxreport \w+|make \w+|quarto \w+)"):
        found = [sorted(re.findall(pattern, page, re.MULTILINE)) for page in (english, vietnamese)]
        assert found[0] == found[1]
    linked = set(re.findall(r"docs/([\w-]+)\.md", english))
    assert linked == {path.stem for path in (ROOT / "docs").glob("*.md")}
