"""The README's links lead somewhere and its commands exist."""

import re
from pathlib import Path

import pytest

from dlenhance.commandLine import makeParser

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!https?:)([^)]+)\)", TEXT))))
def test_each_link_leads_to_a_file_or_an_anchor(target):
    if target.startswith("#"):
        assert f'<a name="{target[1:]}"></a>' in TEXT
    else:
        assert (ROOT / target).exists()


def test_each_command_of_the_readme_exists():
    commands = set(re.findall(r"^dlenhance ([a-z]+)", TEXT, re.MULTILINE))
    assert {"info", "enhance", "measure", "demo", "doctor"} <= commands
    offered = makeParser().format_help()
    for command in commands:
        assert re.search(rf"^    {command}\b", offered, re.MULTILINE)


def test_each_make_target_of_the_readme_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"`make ([a-z]+)`", TEXT)) | set(re.findall(r"^make ([a-z]+)", TEXT, re.MULTILINE))
    assert {"demo", "test"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_research_use_label_stands_near_the_top():
    assert "Research use only. Not for diagnostic use." in TEXT[:2000]
