"""docs/publishing.md and the workflow for GitHub Pages name commands and files that there are."""

from __future__ import annotations

import re
import shlex

import pytest
import typer.main
import yaml

from command import ROOT
from dxreport.cli.app import app

GUIDE = (ROOT / "docs" / "publishing.md").read_text(encoding="utf-8")
WORKFLOW = (ROOT / "docs" / "github-pages.yml").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"dxreport [a-z].*?(?=\s*#|`|$)", f"{GUIDE}\n{WORKFLOW}", re.M)))


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 10


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_is_understood(command: str) -> None:
    group = typer.main.get_command(app)
    words = shlex.split(command)[1:]
    if words == ["publish", "--to"]:  # named in prose
        words.append("DIR")
    if words == ["render"]:
        words.append("2024-09")
    chosen = group.commands[words[0]]  # type: ignore[attr-defined]
    if words[1:] != ["--notebooks"]:
        chosen.make_context(words[0], words[1:], resilient_parsing=False)
    else:
        assert any("--notebooks" in option.opts for option in chosen.params)


def test_the_workflow_publishes_the_site() -> None:
    steps = yaml.safe_load(WORKFLOW)["jobs"]["publish"]["steps"]
    uploaded = [step["with"]["path"] for step in steps if "upload-pages" in step.get("uses", "")]
    assert uploaded == ["_site"]
    runs = [step["run"] for step in steps if "run" in step]
    assert runs[0] == "make environment"
    assert "environment:" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_links_of_the_guide_lead_to_files() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", GUIDE):
        assert (ROOT / "docs" / target).is_file(), target
