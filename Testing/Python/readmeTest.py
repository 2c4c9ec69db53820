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
        assert (ROOT / target.partition("#")[0]).exists()


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


# What the reviewers of the Extensions Index look for (guide 1.7, 1.9, 1.10), in the order in which they read it.
SECTIONS = (
    "The two commands",
    "Modules",
    "Installation",
    "Tutorial",
    "Documentation",
    "How it works",
    "Validation status",
    "Where files go",
    "Privacy and safety",
    "How to cite",
    "License",
    "Contact and contributing",
    "Acknowledgement",
)


def section(title):
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_sections_stand_in_the_order_of_a_review():
    assert tuple(re.findall(r"^## (.+)$", TEXT, re.MULTILINE)) == SECTIONS


def test_purpose_and_a_real_screenshot_come_before_everything_else():
    first = TEXT.split("\n## ")[0]
    assert first.startswith("# DLEnhance\n\nDLEnhance ")
    assert "![" in first
    assert "does not diagnose" in " ".join(first.split())


@pytest.mark.parametrize("module", ["DLEnhance", "DLEnhanceLesionMetrics"])
def test_each_module_has_a_sentence_a_tutorial_a_picture_and_the_anchor_of_its_help(module):
    assert re.search(rf"^\* \[\*\*.+\*\*\]\(#{module}\): ", section("Modules"), re.MULTILINE)
    tutorial = section("Tutorial").split(f'<a name="{module}"></a>')[1].split("<a name=")[0]
    assert re.search(r"^1\. ", tutorial, re.MULTILINE)
    assert "![" in tutorial
    source = (ROOT / module / f"{module}.py").read_text(encoding="utf-8")
    assert f'SlicerDLEnhance#{module}">' in source


@pytest.mark.parametrize(
    ("title", "answer"),
    [
        ("Tutorial", "Sample Data"),
        ("How it works", "model card"),
        ("Validation status", "not for clinical use"),
        ("Where files go", "Uninstall PyTorch"),
        ("Where files go", "cache"),
        ("Privacy and safety", "Nothing leaves the machine"),
        ("Privacy and safety", "No other code is fetched"),
        ("Privacy and safety", "PyTorch comes only through Slicer's"),
        ("Privacy and safety", "import nothing but Slicer's own modules"),
        ("How to cite", "cite this repository"),
        ("License", "Apache-2.0, code and model weights alike"),
        ("Acknowledgement", "patents"),
    ],
)
def test_questions_of_reviewers_are_answered(title, answer):
    assert answer in " ".join(section(title).split())
