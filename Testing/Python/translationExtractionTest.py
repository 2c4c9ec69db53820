"""The texts that Slicer's translators get: by Qt's lupdate, after the replacement that Slicer makes in Python files.

Slicer (Utilities/Scripts/update_translations.py) turns ``_("text")`` into ``translate("context", "text")`` by regular
expressions, one for each kind of quote, before lupdate reads the files. A call that these miss is never translated.
"""

import ast
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

PySide6 = pytest.importorskip("PySide6", reason="its wheel brings lupdate")
ROOT = Path(__file__).resolve().parents[2]
MODULES = ("DLEnhance", "DLEnhanceLesionMetrics")
LUPDATE = Path(PySide6.__file__).parent / "lupdate"


def prepared(source, context):
    """As Slicer does: from ``_(`` and a quote to the next such quote before ``)``."""
    for quote in ('"', "'"):
        call = rf"([^_])_\((\s*?{quote}.+?{quote}\s*?)\)"
        source = re.sub(call, rf'\1translate("{context}", \2)', source, flags=re.DOTALL)
    return source


def textsOf(source):
    """Literals of all ``_()`` calls, and their number of places."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    marked = [call.args[0] for call in calls if getattr(call.func, "id", "") == "_" and call.args]
    return {text.value for text in marked if isinstance(text, ast.Constant)}


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    """{context: texts} of both modules, as they reach translators."""
    if not LUPDATE.exists():
        pytest.skip("this PySide6 has no lupdate")
    folder = tmp_path_factory.mktemp("translation")
    files = [path for module in MODULES for path in (ROOT / module).rglob("*") if path.suffix in (".py", ".ui")]
    names = []
    for path in files:
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8")
        target.write_text(prepared(text, contextOf(path)) if path.suffix == ".py" else text, encoding="utf-8")
        names.append(str(target))
    (folder / "files.txt").write_text("\n".join(names))
    command = [str(LUPDATE), f"@{folder / 'files.txt'}", "-ts", str(folder / "made.ts")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    contexts = ET.parse(folder / "made.ts").getroot().iter("context")
    return {context.findtext("name"): {text.text for text in context.iter("source")} for context in contexts}


def contextOf(path):
    """The context under which ``slicer.i18n.tr`` looks a text of this file up."""
    return f"{path.parent.name}.{path.stem}" if (path.parent / "__init__.py").exists() else path.stem


@pytest.mark.parametrize("module", MODULES)
def test_every_text_of_the_python_files_reaches_the_translators(extracted, module):
    missing = {}
    for path in sorted((ROOT / module).rglob("*.py")):
        lost = textsOf(path.read_text(encoding="utf-8")) - extracted.get(contextOf(path), set())
        missing |= {path.name: lost} if lost else {}
    assert missing == {}


@pytest.mark.parametrize("name", ["DLEnhance", "DLEnhanceLesionMetrics", "DLEnhanceReading"])
def test_texts_of_the_ui_files_reach_the_translators(extracted, name):
    (path,) = [path for module in MODULES for path in (ROOT / module).rglob(f"{name}.ui")]
    root = ET.parse(path).getroot()
    shown = [found for place in root.iter() if place.tag != "stringlist" for found in place.findall("string")]
    texts = {text.text for text in shown if text.text and text.get("notr") != "true"}
    assert texts
    assert texts - extracted[root.findtext("class")] == set()


def test_a_call_that_ends_in_another_quote_is_found_to_be_lost():
    source = 'a = _("one " \'two\')\nb = _("three")\n'
    assert prepared(source, "c").count("translate(") == 1
    assert textsOf(source) == {"one two", "three"}
