"""Texts for translation: extractable (plain literals), with named placeholders, and translated when shown."""

import ast
import re
import string
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("DLEnhance", "DLEnhanceLesionMetrics")
FILES = sorted(path for module in MODULES for path in (ROOT / module).rglob("*.py"))
PARSED = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
# The label of version.py is one for core, command line and panels; translators find it by its literal elsewhere
NOT_LITERAL = {("panel.py", "LABEL")}


def isTranslation(node, names=("_", "translate")):
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") in names


def problemsOf(tree, fileName="some.py"):
    """(line, what is wrong) of each call that a translator's tool or a translation would trip over."""
    for call in filter(isTranslation, ast.walk(tree)):
        for text in call.args:
            if isinstance(text, ast.Name) and (fileName, text.id) in NOT_LITERAL:
                continue
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield from ((call.lineno, problem) for problem in problemsOfText(text.value))
            else:
                yield call.lineno, "not a plain literal"
        if not call.args or call.keywords:
            yield call.lineno, "not one literal argument"


def problemsOfText(text):
    """Placeholders keep their meaning in any word order only by name."""
    if not text.strip():
        yield "empty text"
    try:
        fields = [name for _text, name, _format, _conversion in string.Formatter().parse(text) if name is not None]
    except ValueError:
        yield "unbalanced braces"
        return
    if not all(re.fullmatch(r"[a-zA-Z]\w*", name) for name in fields):
        yield "placeholder without a name"
    if re.search(r"%[sdf]|%\(", text):
        yield "percent placeholder"


def frozenCalls(tree):
    """Lines of calls that run while the file is imported, before the language of the user is known."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for eager in [*child.decorator_list, *child.args.defaults, *filter(None, child.args.kw_defaults)]:
                yield from frozenCalls(ast.Expression(eager))
        elif not isinstance(child, ast.Lambda):
            if isTranslation(child):
                yield child.lineno
            yield from frozenCalls(child)


def usesPlaceholders(tree):
    """(text, names given) of each _("...").format(...)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "format" and isTranslation(node.func.value):
            text = node.func.value.args[0]
            if isinstance(text, ast.Constant):
                fields = {name for _t, name, _f, _c in string.Formatter().parse(text.value) if name is not None}
                yield node.lineno, fields, {keyword.arg for keyword in node.keywords}


everyFile = pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")


@everyFile
def test_texts_are_literals_with_named_placeholders(path):
    assert list(problemsOf(PARSED[path], path.name)) == []


@everyFile
def test_nothing_is_translated_while_a_file_is_imported(path):
    assert list(frozenCalls(PARSED[path])) == []


@everyFile
def test_each_placeholder_gets_its_value(path):
    assert [line for line, wanted, given in usesPlaceholders(PARSED[path]) if wanted != given] == []


def test_panels_are_translated_at_all():
    counts = {
        module: sum(isTranslation(n) for p in FILES if module in p.relative_to(ROOT).parts for n in walked(p))
        for module in MODULES
    }
    assert min(counts.values()) > 40


def walked(path):
    return ast.walk(PARSED[path])


@pytest.mark.parametrize(
    "source",
    ['_(f"Volume {name}")', '_("Volume " + name)', '_("{} of {}")', '_("{0}")', '_("%s")', "_(text)", '_("")', "_()"],
)
def test_the_check_finds_what_it_looks_for(source):
    assert list(problemsOf(ast.parse(source)))


@pytest.mark.parametrize("source", ['A = _("x")', 'class A:\n    x = _("x")', 'def f(x=_("x")): pass'])
def test_the_check_finds_frozen_texts(source):
    assert list(frozenCalls(ast.parse(source)))
    assert not list(frozenCalls(ast.parse('def f():\n    return _("x")\ng = lambda: _("x")')))
