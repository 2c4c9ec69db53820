"""The documents: links and anchors lead somewhere, options and ids exist, and what the code offers is explained."""

import argparse
import ast
import importlib
import re
from pathlib import Path

import pytest

from dlenhance.commandLine import makeParser
from DLEnhanceLesionMetricsLib.measurement import CONTRASTS
from DLEnhanceLesionMetricsLib.measures import NOISE_METHODS
from DLEnhanceLib import guard
from DLEnhanceLib.strengths import PRESETS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "Docs").glob("*.md"))]
TEXTS = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
DOCUMENTS = {
    "user-guide.md",
    "first-run.md",
    "methods.md",
    "developer-guide.md",
    "faq.md",
    "reading-study.md",
    "dicom-conformance.md",
}


def withoutCode(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(text):
    """Anchors of a page: named ones, and those that GitHub makes of headings."""
    headings = re.findall(r"^#+ (.+)$", withoutCode(text), re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'<a name="([^"]+)"></a>', text))


def relativeLinks():
    for page in PAGES:
        targets = re.findall(r"\]\(([^)\s]+)\)", withoutCode(TEXTS[page.name]))
        yield from (pytest.param(page, t, id=f"{page.name}:{t}") for t in sorted(set(targets)) if "://" not in t)


def subCommands(parser):
    """Words of a command to its parser: ("study", "new") and so on."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield (name,), child
                yield from (((name, *words), found) for words, found in subCommands(child))


PARSERS = dict(subCommands(makeParser()))


def commandLines():
    """(page, whole command) of each `dlenhance ...` in code, lines that end in a backslash joined."""
    for name, text in TEXTS.items():
        blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        blocks += re.findall(r"`(dlenhance [^`]+)`", withoutCode(text))
        for block in blocks:
            for line in re.sub(r"\\\n", " ", block).splitlines():
                found = re.match(r"\s*dlenhance ([a-z].*)", line.split("#")[0])
                if found:
                    yield name, found.group(1).strip()


def parserOf(command):
    """The parser of the longest sub-command that the line starts with."""
    words = re.split(r"\s+", command)
    known = [tuple(words[:count]) for count in (2, 1) if tuple(words[:count]) in PARSERS]
    return PARSERS[known[0]] if known else None


def optionsOf(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


def importedNames():
    """(module, name) of each import from our libraries in the Python examples."""
    for text in TEXTS.values():
        for block in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            for node in ast.walk(ast.parse(block)):
                if isinstance(node, ast.ImportFrom) and "Lib." in node.module:
                    yield from ((node.module, alias.name) for alias in node.names)


@pytest.mark.parametrize(("page", "target"), list(relativeLinks()))
def test_each_relative_link_and_picture_exists(page, target):
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    assert file.exists()
    assert file.is_relative_to(ROOT)
    if anchor and file.suffix == ".md":
        assert anchor in anchors(file.read_text(encoding="utf-8"))


def test_the_readme_lists_every_document():
    linked = {Path(target).name for target in re.findall(r"\]\((Docs/[^)#]+\.md)\)", TEXTS["README.md"])}
    assert linked == DOCUMENTS
    assert {path.name for path in PAGES} - {"README.md", "dicom-conformance.template.md"} == DOCUMENTS


def test_each_command_in_the_documents_exists():
    found = list(commandLines())
    assert {command.split()[0] for _page, command in found} >= {"info", "enhance", "measure", "demo", "doctor", "study"}
    unknown = [(page, command) for page, command in found if parserOf(command) is None]
    assert unknown == []


def test_each_option_of_a_command_belongs_to_it():
    wrong = []
    for page, command in commandLines():
        known = set(parserOf(command)._option_string_actions)
        wrong += [(page, command, option) for option in optionsOf(command) - known]
    assert wrong == []


def test_each_option_named_in_the_text_belongs_to_some_command():
    known = {"--version"}.union(*(parser._option_string_actions for parser in PARSERS.values()))
    for name, text in TEXTS.items():
        named = set().union(*map(optionsOf, re.findall(r"`(--[^`]+)`", withoutCode(text))))
        assert named - known == set(), name


def test_the_user_guide_names_every_option_of_enhance_and_measure():
    for command in ("enhance", "measure"):
        missing = set(PARSERS[(command,)]._option_string_actions) - {"-h", "--help"} - optionsOf(TEXTS["user-guide.md"])
        assert missing == set(), command


def test_each_name_that_an_example_imports_exists():
    names = set(importedNames())
    assert len(names) > 5
    assert [(m, name) for m, name in names if not hasattr(importlib.import_module(m), name)] == []


@pytest.mark.parametrize("method", NOISE_METHODS)
def test_each_noise_method_is_explained_with_its_formula(method):
    rows = [line for line in TEXTS["methods.md"].splitlines() if line.startswith(f"| `{method}`")]
    assert len(rows) == 1
    formula = rows[0].split("|")[2].strip()
    assert formula.split(" ")[0] == NOISE_METHODS[method].formula.split(" ")[0]
    assert all(part in formula for part in re.findall(r"S[D_L R1-2]*_[LRA]", NOISE_METHODS[method].formula))


@pytest.mark.parametrize("metric", [*CONTRASTS, "reference_snr", "erd", "ers", "overshoot", "fwhm"])
def test_each_metric_is_explained(metric):
    assert re.search(rf"^\| `{metric}`", TEXTS["methods.md"], re.MULTILINE)


def test_each_finding_of_the_guard_is_explained():
    sources = (guard.__file__, Path(guard.__file__).with_name("guardScope.py"))
    ids = set().union(
        *(re.findall(r'(?:Finding|makeFinding)\("(\w+)"', Path(path).read_text(encoding="utf-8")) for path in sources)
    )
    assert len(ids) >= 8
    assert ids == set(re.findall(r"^\| `([a-z]+[A-Z]\w+)` \|", TEXTS["methods.md"], re.MULTILINE))


@pytest.mark.parametrize("name", PRESETS)
def test_the_presets_stand_in_methods_and_user_guide_as_the_code_has_them(name):
    strengths = PRESETS[name]
    values = (strengths.denoise, strengths.dering, strengths.sharpen)
    title = name.capitalize()
    cells = [re.escape(f"{value:.2f}") for value in values]
    assert re.search(rf"^\| {title}[^|]*\| {' [|] '.join(cells)} \|", TEXTS["methods.md"], re.MULTILINE)
    percents = [f"{value:.0%}".replace("%", " %") for value in values]
    assert f"| {title} | {' | '.join(percents)} |" in TEXTS["user-guide.md"]


@pytest.mark.parametrize("page", ["README.md", "user-guide.md", "faq.md"])
def test_the_research_use_label_stands_near_the_top(page):
    assert "Research use only. Not for diagnostic use." in TEXTS[page][:2000]


def test_every_file_named_in_the_developer_guide_exists():
    names = set(re.findall(r"`([\w/-]+\.(?:py|json|md|toml))`", TEXTS["developer-guide.md"]))
    known = {path.name for path in ROOT.rglob("*.*") if not {".venv", ".git"} & set(path.relative_to(ROOT).parts)}
    madeByUsers = {"study.json"}
    assert {Path(name).name for name in names} - known - madeByUsers == set()
